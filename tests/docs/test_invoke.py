"""The page on asking models names every family, every header and every error."""

from __future__ import annotations

from pathlib import Path

import pytest

from outcrop.bedrock import errors, spec
from outcrop.bedrock.bodies.family import CHAT, EMBEDDING
from outcrop.bedrock.failures import BROKE_OFF, FAILED
from outcrop.core.errors import Denied, Invalid, NotFound, Throttled, TimedOut, Unavailable

CONVERSE = spec.operation("bedrock-runtime", "Converse")
PAGE = (Path(__file__).parents[2] / "docs" / "invoke.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("beginning", sorted({row[0] for row in (*CHAT, *EMBEDDING)} - {""}))
def test_every_family_of_bodies_is_described(beginning):
    assert f"`{beginning.removesuffix('-g1')}" in PAGE


@pytest.mark.parametrize("error", [Denied, Invalid, NotFound, Throttled, TimedOut, Unavailable])
def test_every_error_is_described_with_its_status(error):
    name = errors.named(error(), CONVERSE).name
    assert f"| `{name}` | {errors.status(name, CONVERSE)} |" in PAGE


def test_failures_of_models_are_described():
    assert f"| `{FAILED}` | {errors.status(FAILED, CONVERSE)} |" in PAGE
    assert BROKE_OFF[0].lower() + BROKE_OFF[1:] in PAGE
