"""Switches off what libraries would send home, before any of them is imported."""

from __future__ import annotations

import os


def silence() -> None:
    """Set the opt-out variables of every library that has one (onnxruntime phones home from 1.29 on)."""
    for name, value in {
        "ORT_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_OFFLINE": "1",
        "DO_NOT_TRACK": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }.items():
        os.environ.setdefault(name, value)
