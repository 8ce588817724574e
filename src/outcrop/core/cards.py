"""The models that a server offers: under which id, what stands behind it, what it can do and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Modality = Literal["TEXT", "IMAGE", "DOCUMENT", "EMBEDDING"]
ModelKind = Literal["chat", "embedding", "rerank"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """One model id, in Bedrock's characters, and what is asked when it is asked for.

    `target` is provider:name ("openai:gpt-5-mini", "extractive:sentences", "local:all-MiniLM-L6-v2"); prices are US
    dollars for a million tokens; `fallbacks` are ids that are asked in turn where this one fails before its first word.
    """

    id: str
    target: str
    name: str
    provider: str  # as shown: "OpenAI"
    kind: ModelKind = "chat"
    inputs: tuple[Modality, ...] = ("TEXT",)
    outputs: tuple[Modality, ...] = ("TEXT",)
    tools: bool = True
    streaming: bool = True
    context_window: int | None = None  # tokens
    max_output_tokens: int | None = None
    dimensions: int | None = None  # of an embedding model
    input_price: float | None = None
    output_price: float | None = None
    fallbacks: tuple[str, ...] = ()
    timeout: float = 60.0  # seconds without a byte
    retries: int = 2  # of one target, before its first word, after Throttled, TimedOut and Unavailable
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int | None = None
    base_url: str | None = None
    key_variable: str | None = None  # the environment variable that holds the provider's key
