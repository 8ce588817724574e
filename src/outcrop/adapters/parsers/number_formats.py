"""Numbers and times as a person sees them in a sheet.

Source of the format codes: ECMA-376, part 1, section 18.8.30 (numFmt); only what changes the meaning is followed:
per cent, currency, decimals and grouping.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

BUILT_IN = {1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%"}
QUOTED = re.compile(r'"([^"]*)"|\\(.)|\[\$([^\]-]*)(?:-[^\]]*)?\]|_.|\*.|\[[^\]]*\]')
CURRENCY = re.compile(r"[$€£¥₹₽₩₺₴₪]|\b(?:USD|EUR|GBP|CHF|JPY|CNY|SEK|NOK|DKK|PLN|CZK|kr|zł|Kč|Fr\.?)(?=\W|$)")
DIGITS = re.compile(r"[#0?][#0?,]*(?:\.([#0?]+))?")
TIMES = re.compile(r"[ymdhs]|E\+", re.IGNORECASE)
PRECISION = 15  # significant digits of a number in a spreadsheet


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How a number is shown."""

    decimals: int = 0
    least_decimals: int = 0
    grouped: bool = False
    per_cent: bool = False
    before: str = ""
    after: str = ""

    def show(self, value: float) -> str:
        """The number as text."""
        shown = value * 100 if self.per_cent else value
        text = f"{abs(shown):{',' if self.grouped else ''}.{self.decimals}f}"
        if self.decimals > self.least_decimals:
            cut = text.rstrip("0")
            text = cut.ljust(len(text) - self.decimals + self.least_decimals, "0").rstrip(".")
        sign = "-" if shown < 0 and any(digit in text for digit in "123456789") else ""
        return f"{sign}{self.before}{text}{'%' if self.per_cent else ''}{self.after}"


def number_format(code: str) -> NumberFormat | None:
    """The format that a code asks for; None for dates, text, scientific and whatever leaves a number as it is."""
    positive = code.split(";", maxsplit=1)[0]
    symbols: list[tuple[int, str]] = []

    def literal(found: re.Match[str]) -> str:
        text = found[1] or found[2] or found[3] or ""
        if CURRENCY.search(text) or (found[3] and text):
            symbols.append((found.start(), text.strip()))
        return ""

    bare = QUOTED.sub(literal, positive)
    symbols.extend((positive.find(found[0]), found[0]) for found in CURRENCY.finditer(bare))
    bare = CURRENCY.sub("", bare)
    digits = DIGITS.search(bare)
    if digits is None or TIMES.search(bare) or "/" in bare:
        return None
    where = next((i for i, character in enumerate(positive) if character in "#0?"), 0)
    before = "".join(text for position, text in symbols if position < where)
    after = "".join(f" {text}" for position, text in symbols if position >= where)
    places = digits[1] or ""
    return NumberFormat(
        decimals=len(places),
        least_decimals=places.count("0"),
        grouped="," in digits[0],
        per_cent="%" in bare,
        before=before + " " if before.isalpha() else before,
        after=after,
    )


def shown(value: object, form: NumberFormat | None = None) -> str:
    """A cell's value as text: no 12.0, no serial numbers of days, ISO dates."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return form.show(value) if form is not None else plain(value)
    return "" if value is None else _shown_time(value)


def plain(value: float) -> str:
    """A number with as many digits as it has."""
    if isinstance(value, int) or (value == int(value) if abs(value) < 10**PRECISION else False):
        return str(int(value))
    return f"{value:.{PRECISION}g}"


def _shown_time(value: object) -> str:
    if isinstance(value, datetime):
        if value.time() == time.min:
            return value.date().isoformat()
        return value.isoformat(sep=" ", timespec="seconds" if value.second else "minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat("seconds" if value.second else "minutes")
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(value)
