"""When a data source is due: `every 15m`, the five fields of cron, or `never`.

Cron is read as POSIX crontab has it (IEEE Std 1003.1, crontab), in UTC: lists, ranges and steps; where both the day of
the month and the day of the week are given, either will do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from outcrop.core.errors import Invalid

NEVER = "never"
HOURLY = "every 1h"
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_EVERY = re.compile(r"every ([1-9][0-9]{0,3})([mhd])")
_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31), ("month", 1, 12), ("day of the week", 0, 7))
_NAMES = {
    "month": ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    "day of the week": ("sun", "mon", "tue", "wed", "thu", "fri", "sat"),
}
_HORIZON = 366 * 8  # days: a 29 February comes again within eight years


@dataclass(frozen=True, slots=True)
class Cron:
    """The values that each field allows; a field that allows all is `starred`."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 0 is Sunday
    any_day: bool
    any_weekday: bool

    def on(self, day: datetime) -> bool:
        """Whether a day is one of them."""
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if day.month not in self.months:
            return False
        if self.any_day or self.any_weekday:
            return of_month and of_week
        return of_month or of_week

    def after(self, moment: datetime) -> datetime | None:
        """The first minute after a moment; None where there is none, as on 30 February."""
        start = moment.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        midnight = start.replace(hour=0, minute=0)
        for number in range(_HORIZON):
            day = midnight + timedelta(days=number)
            if self.on(day):
                times = (
                    day.replace(hour=hour, minute=minute)
                    for hour in sorted(self.hours)
                    for minute in sorted(self.minutes)
                )
                found = next((time for time in times if time >= start), None)
                if found is not None:
                    return found
        return None


def checked(schedule: str) -> str:
    """The schedule, with single spaces. Raises Invalid, saying what is wrong."""
    text = " ".join(schedule.lower().split())
    due_after(text, datetime(2000, 1, 1, tzinfo=UTC))
    return text


def due_after(schedule: str, last: datetime) -> datetime | None:
    """When the next sync is due, the last one having been begun at a moment; None for never. Raises Invalid."""
    if schedule == NEVER:
        return None
    if (every := _EVERY.fullmatch(schedule)) is not None:
        return last + timedelta(**{_UNITS[every[2]]: int(every[1])})
    if len(schedule.split()) != len(_FIELDS):
        hint = f"say: {NEVER}, every 15m, every 1h, every 1d, or cron's five fields in UTC, such as 30 3 * * mon-fri"
        raise Invalid(f"{schedule!r:.80} is no schedule; {hint}.")
    due = _cron(schedule).after(last)
    if due is None:
        raise Invalid(f"The schedule {schedule!r:.80} is never due: there is no such day.")
    return due


def _cron(schedule: str) -> Cron:
    parts = schedule.split()
    minutes, hours, days, months, weekdays = (_values(part, *field) for part, field in zip(parts, _FIELDS, strict=True))
    starred = [part.startswith("*") for part in parts]
    return Cron(minutes, hours, days, months, frozenset(one % 7 for one in weekdays), starred[2], starred[4])


def _values(text: str, name: str, low: int, high: int) -> frozenset[int]:
    """The values of a field: `*`, `5`, `1-5`, `*/15`, `mon,wed`."""
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        begin = low if span == "*" else _number(first, name)
        open_end = span == "*" or (bool(slash) and not dash)
        end = high if open_end else _number(last if dash else first, name)
        stride = _number(step, name) if slash else 1
        if not low <= begin <= end <= high or stride < 1:
            raise Invalid(f"The {name} {part!r:.40} of a schedule is not within {low} to {high}.")
        found.update(range(begin, end + 1, stride))
    return frozenset(found)


def _number(text: str, name: str) -> int:
    names = _NAMES.get(name, ())
    if text in names:
        return names.index(text) + (1 if name == "month" else 0)
    if not re.fullmatch(r"[0-9]{1,2}", text):
        raise Invalid(f"The {name} {text!r:.40} of a schedule is no number.")
    return int(text)
