"""Rerank: texts in a better order for a question."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from outcrop.bedrock.options import model_card
from outcrop.bedrock.paging import next_token, offset_of
from outcrop.bedrock.table import Call, op
from outcrop.core.errors import Invalid

AGENT_RUNTIME = "bedrock-agent-runtime"
PAGE_CHARACTERS = 4_000_000  # of documents in one reply; a page has one result at least
MOST_NESTED = 32  # levels of a JSON document
_MODEL = "rerankingConfiguration.bedrockRerankingConfiguration"


@op(
    AGENT_RUNTIME,
    "Rerank",
    accepts=(
        "queries.**",
        "sources.**",
        "rerankingConfiguration.type",
        f"{_MODEL}.modelConfiguration.modelArn",
        f"{_MODEL}.numberOfResults",
    ),
)
async def rerank_documents(
    call: Call,
    *,
    queries: Sequence[Mapping[str, Any]],
    sources: Sequence[Mapping[str, Any]],
    rerankingConfiguration: Mapping[str, Any],
    nextToken: str | None = None,
) -> dict[str, Any]:
    """The documents that answer a query best, best first, each with its place in the request."""
    [query] = queries
    documents = [_document(source) for source in sources]
    texts = [_text(document) for document in documents]
    configuration = rerankingConfiguration["bedrockRerankingConfiguration"]
    top = min(configuration.get("numberOfResults", len(texts)), len(texts))
    start = offset_of(nextToken, queries, sources, rerankingConfiguration)
    card = await model_card(call, configuration["modelConfiguration"]["modelArn"], "rerank")
    ranked = await call.services.models.rerank(card.id, query["textQuery"]["text"], texts, top)
    end = _page(start, [len(texts[index]) for index, _ in ranked])
    more = next_token(end, queries, sources, rerankingConfiguration) if end < len(ranked) else None
    results = [
        {"index": index, "relevanceScore": score, "document": documents[index]} for index, score in ranked[start:end]
    ]
    return {"results": results, "nextToken": more}


def _document(source: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document of a source, of the type that it says. Raises Invalid."""
    document: Mapping[str, Any] = source["inlineDocumentSource"]
    wanted = "textDocument" if document["type"] == "TEXT" else "jsonDocument"
    if wanted not in document or len(document) != _MEMBERS:
        raise Invalid(f"An inlineDocumentSource of the type {document['type']} must have {wanted} and no other.")
    return document


_MEMBERS = 2  # the type, and the document


def _text(document: Mapping[str, Any]) -> str:
    """What the reranker reads of a document: of JSON its names and values, line by line. Raises Invalid."""
    if document["type"] == "JSON":
        lines = _lines(document["jsonDocument"])
        if not any(lines):
            raise Invalid("A jsonDocument must hold something to read.")
        return "\n".join(lines)
    text: str | None = document["textDocument"].get("text")
    if not text:
        raise Invalid("inlineDocumentSource.textDocument.text is required for the type TEXT.")
    return text


def _lines(value: Any, name: str = "", depth: int = 0) -> list[str]:
    """The values of a JSON value, each on a line behind its path. Raises Invalid where it is nested too deep."""
    if depth > MOST_NESTED:
        raise Invalid(f"A jsonDocument may be nested {MOST_NESTED} levels deep, not more.")
    if isinstance(value, Mapping):
        path = f"{name}." if name else ""
        return [line for key, one in value.items() for line in _lines(one, f"{path}{key}", depth + 1)]
    if isinstance(value, list):
        return [line for one in value for line in _lines(one, name, depth + 1)]
    said = value if isinstance(value, str) else json.dumps(value)
    return [f"{name}: {said}" if name else said]


def _page(start: int, sizes: Sequence[int]) -> int:
    """Where a page that begins at `start` ends."""
    room, end = PAGE_CHARACTERS, start
    while end < len(sizes) and (end == start or sizes[end] <= room):
        room -= sizes[end]
        end += 1
    return end
