"""The pages on Bedrock's API say what the code does."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from outcrop.bedrock import ops, spec  # noqa: F401 # ops fills the table
from outcrop.bedrock.table import TABLE, refused
from outcrop.core.settings import Settings
from outcrop.models.catalog import Catalog

DOCS = Path(__file__).parents[2] / "docs"
BEDROCK = (DOCS / "bedrock.md").read_text(encoding="utf-8")
OPERATIONS = runpy.run_path(str(DOCS / "operations.py"))["page"]()


@pytest.mark.parametrize("service", spec.SERVICES)
def test_every_operation_is_listed_as_offered_or_not(service):
    _, _, rest = OPERATIONS.partition(f"\n## {service}\n")
    listed = rest.partition("\n## ")[0]
    for name, operation in spec.service(service).operations.items():
        entry = TABLE.get((service, name))
        offered = "no" if entry is None else "no, and says why" if entry.explains else "**yes**"
        assert f"| {name} | `{operation.method} {operation.path}` | {offered} |" in listed


def test_every_member_that_is_not_supported_is_listed():
    offered = {key: entry for key, entry in TABLE.items() if not entry.explains}
    for (service, name), entry in offered.items():
        section = OPERATIONS.partition(f"### {name} ({service})\n")[2].partition("\n##")[0]
        assert all(f"- `{path}`\n" in section for path in refused(entry))
        assert all(f"- `{path}`: {reason}" in section for path, reason in entry.ignores.items())
        assert all(f"- {shape}: `{more[0]}`" in section for shape, more in entry.extends.items())


def test_every_model_id_is_described():
    for card in Catalog(Settings(model="openai:gpt-5-mini")).cards():
        assert f"`{card.id}`" in BEDROCK
