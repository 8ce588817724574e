"""The page on models: its example loads, and every key of a table is on it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from outcrop.core.settings import CardEntry, load_settings
from outcrop.models.catalog import Catalog

PAGE = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    example = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "outcrop.toml").write_text(example[1], encoding="utf-8")
    return load_settings()


def test_the_example_loads_as_the_page_says(settings):
    catalog = Catalog(settings)
    default = catalog.card("outcrop.default-v1")
    assert default.target == "anthropic:claude-sonnet-4-5"
    assert [card.base_url for card in catalog.fallbacks(default)] == ["http://127.0.0.1:8000/v1"]
    kinds = {card.id: card.kind for card in catalog.cards()}
    assert (kinds["amazon.titan-embed-text-v2:0"], kinds["cohere.rerank-v3-5:0"]) == ("embedding", "rerank")


@pytest.mark.parametrize("name", CardEntry.model_fields)
def test_every_key_of_a_table_is_described(name):
    assert re.search(rf"^\|[^|]*`{name}`", PAGE, re.MULTILINE)
