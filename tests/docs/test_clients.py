"""No program of the page on clients is without a test that runs it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
TESTS = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests" / "clients").glob("*.py"))
SECTIONS = [section.partition("\n")[::2] for section in PAGE.split("\n## ")[1:]]
PROGRAMS = [
    (title, kind) for title, text in SECTIONS for kind in sorted(set(re.findall(r"^```(\w+)$", text, re.MULTILINE)))
]


@pytest.mark.parametrize(("title", "kind"), PROGRAMS)
def test_every_program_of_the_page_is_run(title, kind):
    assert f'documented("{title}", "{kind}")' in TESTS
