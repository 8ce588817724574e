"""`POST /v1/vector_stores/{id}/search`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from outcrop.core.answers import Reranking, RetrieveRequest
from outcrop.core.chunks import Hit
from outcrop.core.filters import Filter
from outcrop.core.records import KnowledgeBase
from outcrop.openai.call import Call, Reply, json_reply
from outcrop.openai.cited import name_of
from outcrop.openai.errors import refused
from outcrop.openai.parse import json_object, parsed
from outcrop.openai.store_shapes import Ranking, SearchIn, filter_of

FUSED = (None, "none", "auto")  # the order of the search itself


async def search_store(call: Call) -> Reply:
    """The passages that are nearest to one or several questions, best first."""
    asked = parsed(SearchIn, json_object(call.body))
    if asked.rewrite_query:
        why = "Outcrop searches for a query as it is given. Leave 'rewrite_query' out, or ask the model kb/<id>."
        raise refused("rewrite_query", why)
    base = await call.services.knowledge_bases.get(call.path["store"])
    queries = [asked.query] if isinstance(asked.query, str) else asked.query
    where = filter_of(asked.filters)
    hits = await search(call, base, queries, asked.max_num_results, (where, asked.ranking_options))
    return json_reply(
        {
            "object": "vector_store.search_results.page",
            "search_query": queries,
            "data": [await shown(call, hit) for hit in hits],
            "has_more": False,
            "next_page": None,
        }
    )


async def search(
    call: Call, base: KnowledgeBase, queries: Sequence[str], limit: int, how: tuple[Filter | None, Ranking]
) -> list[Hit]:
    """The best passages for any of the queries, each once with its best score."""
    where, ranking = how
    if ranking.ranker is not None and ranking.ranker.startswith("default-"):
        raise refused(
            "ranking_options.ranker",
            f"{ranking.ranker!r} is OpenAI's own. Use auto, none, or a model of /v1/models that reranks.",
        )
    rerank = None if ranking.ranker in FUSED else Reranking(model=str(ranking.ranker))
    best: dict[str, Hit] = {}
    for question in queries:
        request = RetrieveRequest(question=question, limit=limit, where=where, rerank=rerank)
        for hit in (await call.services.answers.retrieve(base, request)).hits:
            known = best.get(hit.chunk.id)
            best[hit.chunk.id] = hit if known is None or hit.score > known.score else known
    ordered = sorted(best.values(), key=lambda hit: (-hit.score, hit.chunk.id)) if len(queries) > 1 else best.values()
    least = ranking.score_threshold or 0.0
    return [hit for hit in ordered if hit.score >= least][:limit]


async def shown(call: Call, hit: Hit) -> dict[str, Any]:
    """A passage as OpenAI shows it; where exactly it stands is our extension."""
    chunk, place = hit.chunk, hit.chunk.place
    uploads = await call.services.attachments.uploads_of([chunk.document_id])
    return {
        "file_id": uploads.get(chunk.document_id, chunk.document_id),
        "filename": name_of(hit.point.uri),
        "score": hit.score,
        "attributes": dict(hit.point.metadata),
        "content": [{"type": "text", "text": chunk.text}],
        "x_outcrop": {
            "chunk_id": chunk.id,
            "document_id": chunk.document_id,
            "uri": hit.point.uri,
            "context": chunk.context,
            "page": place.first_page,
            "sheet": place.sheet,
            "row": place.first_row,
        },
    }
