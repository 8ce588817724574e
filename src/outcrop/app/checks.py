"""What `outcrop doctor` looks at: the machine, the data directory, the models and the optional parts."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

from outcrop.core.errors import OutcropError
from outcrop.core.protocols import Embedder
from outcrop.core.settings import Settings

LOW_DISK = 1 << 30  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding: all is well, something optional is missing, or Outcrop cannot work so."""

    name: str
    state: Literal["ok", "optional", "missing"]
    sentence: str


def check_all(settings: Settings) -> Sequence[Check]:
    """Every check, in the order in which a person would mend."""
    checks: tuple[Callable[[Settings], Check], ...] = (_python, _data, _disk, _embedding, _ocr, _model)
    return [check(settings) for check in checks]


def _python(settings: Settings) -> Check:
    del settings
    version, cores = platform.python_version(), os.cpu_count()
    return Check(name="Python", state="ok", sentence=f"{version} at {sys.executable}; {cores} processors")


def _data(settings: Settings) -> Check:
    try:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = settings.data / ".doctor"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        sentence = f"{settings.data} cannot be written: {error.strerror}. Choose another with --data."
        return Check(name="Data directory", state="missing", sentence=sentence)
    return Check(name="Data directory", state="ok", sentence=str(settings.data))


def _disk(settings: Settings) -> Check:
    existing = next((place for place in (settings.data, *settings.data.parents) if place.exists()), settings.data)
    free = shutil.disk_usage(existing).free
    sentence = f"{free / (1 << 30):.1f} GiB free"
    if free < LOW_DISK:
        return Check(name="Disk", state="optional", sentence=f"Only {sentence}: a sync may run out of space.")
    return Check(name="Disk", state="ok", sentence=sentence)


def _embedding(settings: Settings) -> Check:
    """Embed a text: a model that has not been made ready yet is made ready now."""
    from outcrop.app.adapters import LoadedAdapters

    try:
        embedder = LoadedAdapters(settings).embedder(settings.embedding_model)
        if settings.embedding_model.startswith("local:"):
            asyncio.run(_embed(embedder))
    except OutcropError as error:
        return Check(name="Embedding model", state="missing", sentence=error.message)
    sentence = f"{embedder.model}, {embedder.dimensions} dimensions"
    return Check(name="Embedding model", state="ok", sentence=sentence)


async def _embed(embedder: Embedder) -> None:
    await embedder.embed(["Is all well?"], "query")


def _ocr(settings: Settings) -> Check:
    if settings.ocr == "off":
        return Check(name="OCR", state="optional", sentence="Switched off by the setting ocr: scans are not read.")
    if find_spec("rapidocr") is None:
        sentence = "Not installed: scanned pages are not read. Install it with: pip install 'outcrop[ocr]'"
        return Check(name="OCR", state="optional", sentence=sentence)
    return Check(name="OCR", state="ok", sentence="rapidocr")


def _model(settings: Settings) -> Check:
    from outcrop.app.adapters import LoadedAdapters

    try:
        LoadedAdapters(settings).generator(settings.model)
    except OutcropError as error:
        return Check(name="Answers", state="missing", sentence=error.message)
    if settings.model.startswith("extractive:"):
        sentence = f"{settings.model}: verbatim sentences. For written answers: --model provider:name"
        return Check(name="Answers", state="ok", sentence=sentence)
    return Check(name="Answers", state="ok", sentence=settings.model)
