"""What a connector says of its syncs: when they are made, and how much they may delete.

Bedrock's own syncSchedule and deletionProtectionThreshold, and `schedule` among the connectorParameters for what these
cannot say (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent_DataSourceConfiguration.html).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outcrop.bedrock.sources import CONNECTOR_MEMBER, PATH, PROTECTION, STATUS
from outcrop.core.errors import Invalid, Unsupported
from outcrop.core.records import DataSource
from outcrop.jobs.schedules import HOURLY, checked

PARAMETERS, SCHEDULE, SYNC_SCHEDULE = "connectorParameters", "schedule", "syncSchedule"
THRESHOLD = "deletionProtectionThreshold"
NIGHT = "0 2"  # Bedrock chooses a time of its own
ACCEPTED = (f"{PATH}.{CONNECTOR_MEMBER}.{SYNC_SCHEDULE}.**", f"{PATH}.{CONNECTOR_MEMBER}.{PROTECTION}.{THRESHOLD}")


def without(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """A dataSourceConfiguration without what this module reads."""
    connector = configuration.get(CONNECTOR_MEMBER)
    if connector is None:
        return dict(configuration)
    left = {name: value for name, value in connector.items() if name != SYNC_SCHEDULE}
    if isinstance(left.get(PARAMETERS), Mapping):
        left[PARAMETERS] = {name: value for name, value in left[PARAMETERS].items() if name != SCHEDULE}
    if PROTECTION in left:
        left[PROTECTION] = {name: value for name, value in left[PROTECTION].items() if name != THRESHOLD}
    return {**configuration, CONNECTOR_MEMBER: left}


def asked(configuration: Mapping[str, Any], schedule: str, limit: int | None) -> tuple[str, int | None]:
    """The schedule and the deletion limit that are asked for; those that are given for what is left out.

    Raises:
        Invalid: The schedule is none, or two are given.
        Unsupported: The last day of each month.
    """
    connector = configuration.get(CONNECTOR_MEMBER, {})
    parameters = connector.get(PARAMETERS)
    ours = parameters.get(SCHEDULE) if isinstance(parameters, Mapping) else None
    if ours is not None and SYNC_SCHEDULE in connector:
        raise Invalid(f"{PATH}.{CONNECTOR_MEMBER} has a {SYNC_SCHEDULE} and a {SCHEDULE}; leave one out.")
    if ours is not None and not isinstance(ours, str):
        raise Invalid(f"{PATH}.{CONNECTOR_MEMBER}.{PARAMETERS}.{SCHEDULE} must be a text such as {HOURLY!r}.")
    if SYNC_SCHEDULE in connector:
        ours = _cron(connector[SYNC_SCHEDULE])
    if PROTECTION in connector:
        limit = connector[PROTECTION].get(THRESHOLD) if connector[PROTECTION][STATUS] == "ENABLED" else None
    return checked(ours) if ours is not None else schedule, limit


def shown(source: DataSource, configuration: dict[str, Any]) -> dict[str, Any]:
    """A dataSourceConfiguration with the schedule, where it is not the usual one, and the limit of a data source."""
    if CONNECTOR_MEMBER not in configuration:
        return configuration
    connector = dict(configuration[CONNECTOR_MEMBER])
    if source.schedule != HOURLY:
        connector[PARAMETERS] = {**connector[PARAMETERS], SCHEDULE: source.schedule}
    if source.deletion_limit is not None:
        connector[PROTECTION] = {STATUS: "ENABLED", **connector.get(PROTECTION, {}), THRESHOLD: source.deletion_limit}
    return {**configuration, CONNECTOR_MEMBER: connector}


def _cron(given: Mapping[str, Any]) -> str:
    if "weekly" in given:
        return f"{NIGHT} * * {given['weekly']['dayOfWeek'][:3].lower()}"
    if "monthly" in given:
        day = given["monthly"]["dayOfMonth"]
        if "dayNumber" not in day:
            raise Unsupported(f"{SYNC_SCHEDULE}.monthly.dayOfMonth.lastDayOfMonth is not supported; name a dayNumber.")
        return f"{NIGHT} {day['dayNumber']} * *"
    return f"{NIGHT} * * *"
