"""What Outcrop is told besides, where a knowledge base is the model: the request member `x_outcrop`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from outcrop.openai.parse import Shape

MAX_RESULTS = 100


class Extension(Shape):
    """How a knowledge base is asked."""

    filter: dict[str, Any] | None = None  # the JSON form of Bedrock's RetrievalFilter
    results: Annotated[int, Field(ge=1, le=MAX_RESULTS)] | None = None  # passages that are considered
    search: Literal["hybrid", "semantic", "keyword"] | None = None
    rerank: str | None = None  # a model that reranks, an id of /v1/models
    model: str | None = None  # what writes the answer, an id of /v1/models; the server's own when left out
