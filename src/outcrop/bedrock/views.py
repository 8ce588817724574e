"""Hits and citations as Bedrock shows them."""

from __future__ import annotations

import math
from typing import Any

from outcrop.core.addresses import custom_id
from outcrop.core.answers import Citation, Reference
from outcrop.core.chunks import PAGE, Hit

MAX_KEY = 100  # characters of a metadata key, as the service model says
QUOTE = "x-outcrop-quote"
CONTEXT = "x-outcrop-context"
SHEET = "x-outcrop-sheet"
ROW = "x-outcrop-row"
LINE, LAST_LINE = "x-outcrop-line", "x-outcrop-last-line"
SCORE = "x-outcrop-score"  # where the wire has no other place for it


def retrieval_result(hit: Hit) -> dict[str, Any]:
    """A KnowledgeBaseRetrievalResult."""
    return {
        "content": _content(hit),
        "location": location(hit.point.uri),
        "metadata": metadata(hit),
        "score": hit.score,
    }


def citation(text: str, found: Citation) -> dict[str, Any]:
    """A Citation of a part of the answer `text`. Bedrock's span ends at the last character, not after it."""
    part = {"text": text[found.start : found.end], "span": {"start": found.start, "end": max(found.end - 1, 0)}}
    return {
        "generatedResponsePart": {"textResponsePart": part},
        "retrievedReferences": [retrieved_reference(reference) for reference in found.references],
    }


def retrieved_reference(reference: Reference) -> dict[str, Any]:
    """A RetrievedReference: the whole passage, and in its metadata the exact quote and where it stands."""
    place = {PAGE: reference.page, SHEET: reference.sheet, ROW: reference.row, QUOTE: reference.quote}
    place[LINE] = reference.line
    return {
        "content": _content(reference.hit),
        "location": location(reference.hit.point.uri),
        "metadata": {**metadata(reference.hit), **{name: value for name, value in place.items() if value is not None}},
    }


def location(uri: str) -> dict[str, Any]:
    """A RetrievalResultLocation: S3 and web addresses as such, every other as a custom document's id."""
    if uri.startswith("s3://"):
        return {"type": "S3", "s3Location": {"uri": uri}}
    if uri.startswith(("http://", "https://")):
        return {"type": "WEB", "webLocation": {"url": uri}}
    return {"type": "CUSTOM", "customDocumentLocation": {"id": custom_id(uri)}}


def metadata(hit: Hit) -> dict[str, Any]:
    """A document's metadata and where the passage stands; keys that the wire cannot carry are left out."""
    place = hit.chunk.place
    lines = {LINE: place.first_line, LAST_LINE: hit.chunk.line_at(len(hit.chunk.text))}
    extra = {SHEET: place.sheet, ROW: place.first_row, CONTEXT: hit.chunk.context or None, **lines}
    fields = {**hit.point.fields(), **{name: value for name, value in extra.items() if value is not None}}
    return {name: _value(value) for name, value in fields.items() if 0 < len(name) <= MAX_KEY}


def _content(hit: Hit) -> dict[str, Any]:
    return {"type": "TEXT", "text": hit.chunk.text}


def _value(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return list(value) if isinstance(value, tuple | list) else value
