"""What the tests of the surfaces share: a small Outcrop in memory with a few passages."""

from __future__ import annotations

import pytest

from outcrop.core.chunks import Place
from outcrop.testing.small import Passage, SmallServices, small_services

PASSAGES = (
    Passage(
        name="travel.pdf",
        text="Employees may book business class on flights longer than six hours. Shorter flights are economy.",
        place=Place(first_page=4, last_page=4),
        metadata={"department": "travel", "year": 2026, "tags": ("flights", "hotels")},
        context="Travel > Flights",
    ),
    Passage(
        name="leave.docx",
        text="Every employee has twenty-eight days of paid leave a year. Leave is requested from the team lead.",
        metadata={"department": "people", "year": 2025},
    ),
    Passage(
        name="prices.xlsx",
        text="| Part | Price |\n| --- | --- |\n| Widget flights kit | 40 |",
        place=Place(sheet="Prices", first_row=2, last_row=3),
    ),
    Passage(
        name="hostile.html",
        text="<img src=x onerror=\"document.title='owned'\"> <script>document.title='owned'</script> hostile marker.",
    ),
)


@pytest.fixture
def services(tmp_path) -> SmallServices:
    return small_services(tmp_path, PASSAGES)
