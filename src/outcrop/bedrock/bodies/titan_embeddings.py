"""Amazon Titan Text Embeddings V2: one text in, one vector out, as numbers or as bits.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from outcrop.bedrock.bodies.contract import Body, Chunk, EmbeddingAsked
from outcrop.bedrock.bodies.members import Members, Tokens, Words, checked
from outcrop.bedrock.bodies.vectors import floats, signs
from outcrop.core.chunks import Vectors

Kind = Literal["float", "binary"]


class TitanEmbedding(Members):
    """A request. Vectors have unit length, so that there is no `normalize` of false."""

    inputText: Words
    dimensions: Tokens | None = None
    normalize: Literal[True] = True
    embeddingTypes: Annotated[list[Kind], Field(min_length=1)] = ["float"]


def asked(body: Body) -> EmbeddingAsked:
    """What a body asks. Raises Invalid."""
    given = checked(TitanEmbedding, body)

    def reply(vectors: Vectors, tokens: int) -> Chunk:
        made = {"float": floats(vectors)[0], "binary": signs(vectors)[0]}
        by_type = {kind: made[kind] for kind in given.embeddingTypes}
        return {"embedding": made["float"], "embeddingsByType": by_type, "inputTextTokenCount": tokens}

    return EmbeddingAsked(texts=[given.inputText], reply=reply, dimensions=given.dimensions)
