"""Puts the hits of a search in a better order, by a model that reads the question and each passage together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from outcrop.core.answers import FieldChoice, Reranking
from outcrop.core.chunks import Hit
from outcrop.core.protocols import Adapters, Models

OWN = "evidence"  # the family of the reranker that reads hits, with the score that the search gave them


async def reranked(
    models: Models, adapters: Adapters, wanted: Reranking, question: str, hits: Sequence[Hit]
) -> list[Hit]:
    """The hits in their new order, with new scores; as many as are wanted.

    Raises:
        NotFound: There is no such model; Invalid: it is no reranker; otherwise as `Models.rerank`.
    """
    if not hits:
        return []
    top = min(wanted.results or len(hits), len(hits))
    card = await models.card(wanted.model)
    if card.target.partition(":")[0] == OWN:
        seen = {hit.chunk.id: hit for hit in hits}
        shown = [_shown(hit, wanted.fields) for hit in hits]
        found = await adapters.reranker(OWN).rerank(question, shown, top)
        return [replace(hit, point=seen[hit.chunk.id].point) for hit in found]
    texts = [_text(hit, wanted.fields) for hit in hits]
    return [replace(hits[index], score=score) for index, score in await models.rerank(card.id, question, texts, top)]


def _text(hit: Hit, fields: FieldChoice) -> str:
    """What a reranker of texts reads of a hit."""
    said = metadata_text(hit, fields)
    text = hit.chunk.embedded_text()
    return f"{said}\n{text}" if said else text


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
