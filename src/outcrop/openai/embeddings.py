"""`POST /v1/embeddings` (https://platform.openai.com/docs/api-reference/embeddings/create)."""

from __future__ import annotations

import base64
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Discriminator, Field, Tag

from outcrop.core.chunks import Vector
from outcrop.openai.call import Call, Reply, json_reply
from outcrop.openai.errors import ApiError, refused
from outcrop.openai.models import card
from outcrop.openai.parse import Shape, json_object, parsed

MAX_INPUTS = 2048
MAX_CHARACTERS = 1_000_000  # of one text: the gateway cuts it to what the model reads


class Extension(Shape):
    """What Outcrop is told besides: whether the texts are documents, or questions that are searched with."""

    purpose: Literal["document", "query"] = "document"


Text = Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS)]


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    numbers = isinstance(value, list) and value and isinstance(value[0], int | list)
    return "tokens" if numbers else "texts"


class EmbeddingsIn(Shape):
    """The request."""

    input: Annotated[
        Annotated[Text, Tag("text")]
        | Annotated[list[Text], Field(min_length=1, max_length=MAX_INPUTS), Tag("texts")]
        | Annotated[list[Any], Tag("tokens")],
        Discriminator(_kind),
    ]
    model: str
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Field(ge=1)] | None = None
    user: str | None = None  # who the text is of: nothing depends on it
    x_outcrop: Extension = Extension()


async def create_embeddings(call: Call) -> Reply:
    """One vector a text, in order."""
    asked = parsed(EmbeddingsIn, json_object(call.body))
    texts = [asked.input] if isinstance(asked.input, str) else asked.input
    if not isinstance(texts[0], str):
        raise refused("input", TOKENS)
    found = await card(call.services, asked.model)
    _check_dimensions(asked, found.id, found.dimensions)
    vectors, tokens = await call.services.models.embed(asked.model, texts, asked.x_outcrop.purpose)
    _check_dimensions(asked, found.id, vectors.shape[1])
    data = [
        {"object": "embedding", "index": index, "embedding": _encoded(vector, asked.encoding_format)}
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return json_reply({"object": "list", "data": data, "model": found.id, "usage": usage})


def _check_dimensions(asked: EmbeddingsIn, model: str, dimensions: int | None) -> None:
    """Raises ApiError where other dimensions are asked for than the model has, as far as they are known."""
    if None not in (asked.dimensions, dimensions) and asked.dimensions != dimensions:
        message = f"{model} gives vectors of {dimensions} dimensions, not {asked.dimensions}."
        raise ApiError(message, code="unsupported_value", param="dimensions")


def _encoded(vector: Vector, encoding: str | None) -> list[float] | str:
    """A vector as numbers, or as its float32 in little-endian order in base64."""
    plain = np.ascontiguousarray(vector, dtype="<f4")
    return base64.b64encode(plain.tobytes()).decode() if encoding == "base64" else plain.tolist()


TOKENS = (
    "Outcrop embeds texts, not token numbers: which text they stand for depends on another model's tokenizer. "
    "Send strings (LangChain: check_embedding_ctx_length=False)."
)
