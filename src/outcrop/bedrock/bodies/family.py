"""Which body a model is asked with: by the id that it is asked for under, whatever stands behind it."""

from __future__ import annotations

from collections.abc import Sequence

from outcrop.bedrock.bodies import (
    claude_completions,
    claude_messages,
    cohere_embeddings,
    cohere_rerank,
    llama,
    mistral,
    nova,
    nova_embeddings,
    openai_chat,
    titan_embeddings,
    titan_embeddings_g1,
    titan_text,
)
from outcrop.bedrock.bodies.contract import Body, ChatBody, EmbeddingBody, RerankBody
from outcrop.bedrock.model_ids import without_region
from outcrop.core.cards import ModelCard
from outcrop.core.errors import Invalid

# The first row that fits chooses: what the id begins with, and a member that the body has ("" where any will do).
CHAT: Sequence[tuple[str, str, ChatBody]] = (
    ("anthropic.", "prompt", claude_completions),
    ("anthropic.", "", claude_messages),
    ("amazon.nova", "", nova),
    ("amazon.titan", "", titan_text),
    ("meta.", "", llama),
    ("mistral.", "prompt", mistral),
    ("", "anthropic_version", claude_messages),
    ("", "", openai_chat),
)
EMBEDDING: Sequence[tuple[str, EmbeddingBody]] = (
    ("amazon.titan-embed-text-v1", titan_embeddings_g1),
    ("amazon.titan-embed-g1", titan_embeddings_g1),
    ("amazon.nova", nova_embeddings),
    ("cohere.", cohere_embeddings),
    ("", titan_embeddings),
)
RERANK: RerankBody = cohere_rerank


def chat_body(card: ModelCard, body: Body) -> ChatBody:
    """The family of a model that talks. Raises Invalid for one that does not."""
    if card.kind != "chat":
        raise Invalid(f"{card.id} does not talk: it is a model for {card.kind}.")
    name = without_region(card.id)
    return next(found for start, member, found in CHAT if name.startswith(start) and (not member or member in body))


def embedding_body(card: ModelCard) -> EmbeddingBody:
    """The family of a model that embeds."""
    name = without_region(card.id)
    return next(found for start, found in EMBEDDING if name.startswith(start))
