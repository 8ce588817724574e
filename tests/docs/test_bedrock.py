"""The page on Bedrock's API says what the table of operations says."""

from __future__ import annotations

import runpy
from pathlib import Path

from outcrop.core.settings import Settings
from outcrop.models.catalog import Catalog

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "bedrock.md").read_text(encoding="utf-8")


def test_the_tables_are_the_codes_own():
    script = runpy.run_path(str(DOCS / "operations.py"))
    assert script["written"](PAGE) == PAGE, "Run: python docs/operations.py"
    assert "| `bedrock-agent-runtime` | Retrieve |" in PAGE


def test_every_model_id_is_described():
    for card in Catalog(Settings(model="openai:gpt-5-mini")).cards():
        assert f"`{card.id}`" in PAGE
