"""What a language model wrote, as data."""

from __future__ import annotations

import json
from typing import Any


def first_object(text: str) -> dict[str, Any] | None:
    """The first JSON object of a text; None where there is none."""
    start = text.find("{")
    try:
        data, _ = json.JSONDecoder().raw_decode(text, start) if start >= 0 else (None, 0)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None
