"""Schedules are read as cron has them, and say when the next sync is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcrop.core.errors import Invalid
from outcrop.jobs.schedules import checked, due_after

MONDAY = datetime(2026, 11, 16, 9, 30, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "due"),
    [
        ("every 15m", datetime(2026, 11, 16, 9, 45, 20, tzinfo=UTC)),
        ("every 1h", datetime(2026, 11, 16, 10, 30, 20, tzinfo=UTC)),
        ("every 2d", datetime(2026, 11, 18, 9, 30, 20, tzinfo=UTC)),
        ("* * * * *", datetime(2026, 11, 16, 9, 31, tzinfo=UTC)),
        ("*/20 * * * *", datetime(2026, 11, 16, 9, 40, tzinfo=UTC)),
        ("30 9 * * *", datetime(2026, 11, 17, 9, 30, tzinfo=UTC)),
        ("0 3 * * mon-fri", datetime(2026, 11, 17, 3, 0, tzinfo=UTC)),
        ("0 3 * * sun", datetime(2026, 11, 22, 3, 0, tzinfo=UTC)),
        ("0 3 * * 7", datetime(2026, 11, 22, 3, 0, tzinfo=UTC)),
        ("0 0 1 jan *", datetime(2027, 1, 1, tzinfo=UTC)),
        ("0 0 29 2 *", datetime(2028, 2, 29, tzinfo=UTC)),
        ("0 0 20 * wed", datetime(2026, 11, 18, tzinfo=UTC)),  # either of two days will do
        ("5,50 9-10 * * *", datetime(2026, 11, 16, 9, 50, tzinfo=UTC)),
        ("10/20 * * * *", datetime(2026, 11, 16, 9, 50, tzinfo=UTC)),
    ],
)
def test_the_next_time_comes_after_the_last(schedule, due):
    assert due_after(schedule, MONDAY) == due


def test_never_is_never():
    assert due_after("never", MONDAY) is None


@pytest.mark.parametrize(
    ("schedule", "word"),
    [
        ("hourly", "no schedule"),
        ("every 0m", "no schedule"),
        ("every 5s", "no schedule"),
        ("60 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day of the month"),
        ("* * * foo *", "month"),
        ("5-1 * * * *", "minute"),
        ("*/0 * * * *", "minute"),
        ("0 0 30 2 *", "never due"),
        ("", "no schedule"),
    ],
)
def test_what_is_no_schedule_is_refused_by_what_is_wrong(schedule, word):
    with pytest.raises(Invalid, match=word):
        checked(schedule)


def test_spaces_and_capitals_do_not_matter():
    assert checked("  Every   1H ") == "every 1h"


FIELD = {"minute": (0, 59), "hour": (0, 23), "day": (1, 28), "month": (1, 12)}


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 # bounds are naive
    st.tuples(*(st.one_of(st.just("*"), st.integers(*span).map(str)) for span in FIELD.values())),
)
def test_what_is_due_fits_the_fields_and_nothing_before_it_does(moment, fields):
    due = due_after(f"{' '.join(fields)} *", moment)
    assert due is not None
    assert due > moment
    values = (due.minute, due.hour, due.day, due.month)
    assert all(field in ("*", str(value)) for field, value in zip(fields, values, strict=True))
    if due - timedelta(minutes=1) > moment:  # asked just before, it is the same minute
        assert due_after(f"{' '.join(fields)} *", due - timedelta(minutes=1)) == due
