"""Every setting has its place in the documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from outcrop.core.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_setting_is_documented_with_its_sentence(name: str):
    description = Settings.model_fields[name].description
    page = PAGE.read_text(encoding="utf-8")
    assert f"\n## {name}\n" in page
    assert description in " ".join(page.split())
