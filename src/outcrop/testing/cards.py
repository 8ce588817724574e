"""Cards of models, for testing what asks them."""

from __future__ import annotations

from typing import Any

from outcrop.core.cards import ModelCard


def card(target: str, **more: Any) -> ModelCard:
    """A card for `provider:name`, with the id `test.name`."""
    family, _, name = target.partition(":")
    return ModelCard(**{"id": f"test.{name}", "target": target, "name": name, "provider": family, **more})
