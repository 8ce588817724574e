"""Schedules and deletion limits in Bedrock's words and ours, given back as they were said."""

from __future__ import annotations

import pytest

from outcrop.bedrock import schedules
from outcrop.bedrock.sources import CONNECTOR_MEMBER
from outcrop.core.clock import now
from outcrop.core.errors import Invalid, Unsupported
from outcrop.core.records import DataSource

FOLDER = {"type": "FOLDER", "path": "/srv/documents"}


def connector(parameters=None, **more):
    return {
        "type": "MANAGED_KNOWLEDGE_BASE_CONNECTOR",
        CONNECTOR_MEMBER: {"connectorParameters": parameters or FOLDER, **more},
    }


@pytest.mark.parametrize(
    ("given", "schedule"),
    [
        (connector(), "every 1h"),
        (connector({**FOLDER, "schedule": "Every 15m"}), "every 15m"),
        (connector(syncSchedule={"daily": {}}), "0 2 * * *"),
        (connector(syncSchedule={"weekly": {"dayOfWeek": "FRIDAY"}}), "0 2 * * fri"),
        (connector(syncSchedule={"monthly": {"dayOfMonth": {"dayNumber": 9}}}), "0 2 9 * *"),
        ({"type": "S3", "s3Configuration": {"bucketArn": "arn:aws:s3:::b"}}, "every 1h"),
    ],
)
def test_a_schedule_is_read_in_either_language(given, schedule):
    assert schedules.asked(given, "every 1h", None) == (schedule, None)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (connector({**FOLDER, "schedule": "now and then"}), Invalid),
        (connector({**FOLDER, "schedule": 5}), Invalid),
        (connector({**FOLDER, "schedule": "never"}, syncSchedule={"daily": {}}), Invalid),
        (connector(syncSchedule={"monthly": {"dayOfMonth": {"lastDayOfMonth": {}}}}), Unsupported),
    ],
)
def test_what_cannot_be_a_schedule_is_refused(given, error):
    with pytest.raises(error, match="chedule"):
        schedules.asked(given, "every 1h", None)


@pytest.mark.parametrize(("status", "limit"), [("ENABLED", 15), ("DISABLED", None)])
def test_the_threshold_of_bedrock_is_the_deletion_limit(status, limit):
    protection = {"deletionProtectionStatus": status, "deletionProtectionThreshold": 15}
    assert schedules.asked(connector(deletionProtectionConfiguration=protection), "never", 50) == ("never", limit)


def test_what_is_read_here_is_nobody_elses_and_is_given_back():
    protection = {"deletionProtectionStatus": "ENABLED", "deletionProtectionThreshold": 15}
    given = connector({**FOLDER, "schedule": "never"}, deletionProtectionConfiguration=protection)
    left = schedules.without(given)
    assert left == connector(deletionProtectionConfiguration={"deletionProtectionStatus": "ENABLED"})
    source = DataSource(
        id="S", created_at=now(), updated_at=now(), knowledge_base_id="K", name="docs", kind="folder",
        configuration={}, schedule="never", deletion_limit=15,
    )  # fmt: skip
    assert schedules.shown(source, left) == given
