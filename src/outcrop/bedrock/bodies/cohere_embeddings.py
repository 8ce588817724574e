"""Cohere Embed, versions 3 and 4: texts in, vectors out, of one or of several types.

Sources: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v3.html and ..-v4.html
"""

from __future__ import annotations

import secrets
from typing import Annotated, Literal

from pydantic import Field

from outcrop.bedrock.bodies.contract import Body, Chunk, EmbeddingAsked
from outcrop.bedrock.bodies.members import Members, Tokens, Words, checked
from outcrop.bedrock.bodies.vectors import BY_TYPE, floats
from outcrop.core.chunks import Vectors
from outcrop.core.errors import Invalid

MOST_TEXTS = 96


class Part(Members):
    """A part of an input: words."""

    type: Literal["text"]
    text: Words


class Input(Members):
    """An input of version 4: its parts are embedded together."""

    content: Annotated[list[Part], Field(min_length=1)]


class CohereEmbedding(Members):
    """A request. Long texts are embedded whole where the model behind can, so that `truncate` has nothing to cut."""

    input_type: Literal["search_document", "search_query", "classification", "clustering"]
    texts: Annotated[list[Words], Field(min_length=1, max_length=MOST_TEXTS)] | None = None
    inputs: Annotated[list[Input], Field(min_length=1, max_length=MOST_TEXTS)] | None = None
    truncate: Literal["NONE", "START", "END", "LEFT", "RIGHT"] | None = None
    embedding_types: (
        Annotated[list[Literal["float", "int8", "uint8", "binary", "ubinary"]], Field(min_length=1)] | None
    ) = None
    output_dimension: Tokens | None = None


def asked(body: Body) -> EmbeddingAsked:
    """What a body asks. Raises Invalid."""
    given = checked(CohereEmbedding, body)
    if (given.texts is None) == (given.inputs is None):
        raise Invalid("Give texts, or inputs, and not both.")
    texts = given.texts or ["\n".join(part.text for part in one.content) for one in given.inputs or ()]

    def reply(vectors: Vectors, tokens: int) -> Chunk:
        del tokens  # told in the reply's headers
        head = {"id": secrets.token_hex(16), "texts": texts}
        if given.embedding_types is None:
            return {**head, "response_type": "embeddings_floats", "embeddings": floats(vectors)}
        by_type = {kind: BY_TYPE[kind](vectors) for kind in given.embedding_types}
        return {**head, "response_type": "embeddings_by_type", "embeddings": by_type}

    return EmbeddingAsked(
        texts=texts,
        reply=reply,
        purpose="query" if given.input_type == "search_query" else "document",
        dimensions=given.output_dimension,
        dimensions_member="output_dimension",
    )
