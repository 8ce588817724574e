"""Puts the hits of a search in a better order, by a model that reads the question and each passage together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from outcrop.core.answers import FieldChoice, Reranking
from outcrop.core.chunks import Hit
from outcrop.core.protocols import Adapters


async def reranked(adapters: Adapters, wanted: Reranking, question: str, hits: Sequence[Hit]) -> list[Hit]:
    """The hits in their new order, with new scores; as many as are wanted. Raises Invalid for an unknown reranker."""
    top = min(wanted.results or len(hits), len(hits))
    if not hits:
        return []
    seen = {hit.chunk.id: hit for hit in hits}
    found = await adapters.reranker(wanted.model).rerank(question, [_shown(hit, wanted.fields) for hit in hits], top)
    return [replace(hit, point=seen[hit.chunk.id].point) for hit in found]


def _shown(hit: Hit, fields: FieldChoice) -> Hit:
    """The hit with its chosen metadata above its text."""
    said = metadata_text(hit, fields)
    if not said:
        return hit
    context = f"{said}\n{hit.chunk.context}" if hit.chunk.context else said
    return replace(hit, point=replace(hit.point, chunk=replace(hit.chunk, context=context)))


def metadata_text(hit: Hit, fields: FieldChoice) -> str:
    """The chosen metadata as lines of name and value."""
    chosen = fields.of(hit.point.metadata)
    return "\n".join(f"{name}: {_said(value)}" for name, value in chosen.items())


def _said(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
