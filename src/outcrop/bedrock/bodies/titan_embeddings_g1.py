"""Amazon Titan Embeddings G1: one text in, one vector out.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html
"""

from __future__ import annotations

from outcrop.bedrock.bodies.contract import Body, Chunk, EmbeddingAsked
from outcrop.bedrock.bodies.members import Members, Words, checked
from outcrop.bedrock.bodies.vectors import floats
from outcrop.core.chunks import Vectors


class TitanEmbeddingG1(Members):
    """A request."""

    inputText: Words


def asked(body: Body) -> EmbeddingAsked:
    """What a body asks. Raises Invalid."""
    return EmbeddingAsked(texts=[checked(TitanEmbeddingG1, body).inputText], reply=_reply)


def _reply(vectors: Vectors, tokens: int) -> Chunk:
    return {"embedding": floats(vectors)[0], "inputTextTokenCount": tokens}
