"""Cohere Rerank, which Amazon Rerank shares: texts in, the best of them in order out.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-rerank.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from outcrop.bedrock.bodies.contract import Body, Chunk, RerankAsked
from outcrop.bedrock.bodies.members import Members, Tokens, Words, checked


class Rerank(Members):
    """A request."""

    query: Words
    documents: Annotated[list[Words], Field(min_length=1, max_length=1000)]
    top_n: Tokens | None = None
    api_version: Annotated[int, Field(ge=2, le=2)] | None = None


def asked(body: Body) -> RerankAsked:
    """What a body asks. Raises Invalid."""
    given = checked(Rerank, body)
    top = min(given.top_n or len(given.documents), len(given.documents))
    return RerankAsked(question=given.query, texts=given.documents, top=top)


def reply(found: Sequence[tuple[int, float]]) -> Chunk:
    """The body of the order that was found."""
    return {"results": [{"index": index, "relevance_score": score} for index, score in found]}
