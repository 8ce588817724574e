"""Amazon Nova Multimodal Embeddings, for one text.

Source: https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html
"""

from __future__ import annotations

from typing import Literal

from outcrop.bedrock.bodies.contract import Body, Chunk, EmbeddingAsked
from outcrop.bedrock.bodies.members import Members, Tokens, Words, checked
from outcrop.bedrock.bodies.vectors import floats
from outcrop.core.chunks import Vectors

Purpose = Literal["GENERIC_INDEX", "GENERIC_RETRIEVAL", "TEXT_RETRIEVAL", "CLASSIFICATION", "CLUSTERING"]


class Text(Members):
    """The words; `truncationMode` as Cohere's `truncate`."""

    value: Words
    truncationMode: Literal["START", "END", "NONE"]


class Params(Members):
    """What is embedded, and what for."""

    embeddingPurpose: Purpose
    text: Text
    embeddingDimension: Tokens | None = None


class NovaEmbedding(Members):
    """A request."""

    taskType: Literal["SINGLE_EMBEDDING"]
    singleEmbeddingParams: Params
    schemaVersion: Literal["nova-multimodal-embed-v1"] | None = None


def asked(body: Body) -> EmbeddingAsked:
    """What a body asks. Raises Invalid."""
    given = checked(NovaEmbedding, body).singleEmbeddingParams
    return EmbeddingAsked(
        texts=[given.text.value],
        reply=_reply,
        purpose="query" if given.embeddingPurpose.endswith("RETRIEVAL") else "document",
        dimensions=given.embeddingDimension,
        dimensions_member="singleEmbeddingParams.embeddingDimension",
    )


def _reply(vectors: Vectors, tokens: int) -> Chunk:
    del tokens  # told in the reply's headers
    return {"embeddings": [{"embeddingType": "TEXT", "embedding": floats(vectors)[0]}]}
