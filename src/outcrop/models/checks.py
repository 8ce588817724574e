"""Whether a model can be given a request: its sampling within the model's ranges, its media and tools known to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from outcrop.core.cards import Modality, ModelCard, ModelKind
from outcrop.core.chat import Block, ChatRequest, MediaBlock, Sampling, ToolResult
from outcrop.core.errors import Invalid, Unsupported


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """The least and most that a provider takes of each parameter; None where it has no such parameter."""

    temperature: tuple[float, float] | None = (0.0, 2.0)
    top_p: tuple[float, float] | None = (0.0, 1.0)
    top_k: tuple[float, float] | None = None
    stop: int = 4  # sequences
    seed: bool = False
    penalties: tuple[float, float] | None = None


# From the providers' API references; an OpenAI-compatible server of one's own takes top_k besides.
RANGES: Mapping[str, Ranges] = {
    "openai": Ranges(seed=True, penalties=(-2.0, 2.0)),
    "ollama": Ranges(seed=True, penalties=(-2.0, 2.0), top_k=(1, 1000), stop=64),
    "groq": Ranges(seed=True),
    "anthropic": Ranges(temperature=(0.0, 1.0), top_k=(0, 500), stop=8191),
    "bedrock": Ranges(temperature=(0.0, 1.0), top_k=(0, 500), stop=2500),
    "google": Ranges(top_k=(1, 1000), stop=5, seed=True, penalties=(-2.0, 2.0)),
    "mistral": Ranges(temperature=(0.0, 1.5), stop=64, seed=True, penalties=(-2.0, 2.0)),
    "cohere": Ranges(temperature=(0.0, 1.0), top_k=(0, 500), stop=5, seed=True, penalties=(0.0, 1.0)),
    "sagemaker": Ranges(top_k=(1, 1000), stop=64, seed=True),
    "extractive": Ranges(temperature=(0.0, 0.0), top_p=None, stop=64),
    "scripted": Ranges(top_k=(0, 500), stop=64, seed=True, penalties=(-2.0, 2.0)),
}
OWN_SERVER = Ranges(seed=True, penalties=(-2.0, 2.0), top_k=(-1, 1000), stop=64)


def check(card: ModelCard, request: ChatRequest) -> None:
    """Refuse what the model cannot be given.

    Raises:
        Invalid: A parameter is out of its range; the message names it and the range.
        Unsupported: The model has no such parameter, or cannot be given tools, images or documents.
    """
    check_kind(card, "chat")
    if request.tools and not card.tools:
        raise Unsupported(f"{card.id} cannot be given tools. Ask a language model: see docs/models.md.")
    for block in _blocks(request):
        _check_media(card, block)
    _check_sampling(card, request.sampling)


def check_kind(card: ModelCard, kind: ModelKind) -> None:
    """Refuse a model of another kind than is asked for. Raises Unsupported."""
    if card.kind != kind:
        raise Unsupported(f"{card.id} is a model for {card.kind}, not for {kind}.")


def _blocks(request: ChatRequest) -> Iterator[Block]:
    for message in request.messages:
        for block in message.content:
            yield block
            if isinstance(block, ToolResult):
                yield from (part for part in block.content if isinstance(part, MediaBlock))


def _check_media(card: ModelCard, block: Block) -> None:
    if not isinstance(block, MediaBlock):
        return
    modality: Modality = "IMAGE" if block.media_type.startswith("image/") else "DOCUMENT"
    if modality not in card.inputs:
        raise Unsupported(
            f"{card.id} cannot be given {modality.lower()}s. "
            f'If what stands behind it can, say so: inputs of its table [models."{card.id}"] in outcrop.toml.'
        )


def _check_sampling(card: ModelCard, sampling: Sampling) -> None:
    family = card.target.partition(":")[0]
    ranges = OWN_SERVER if family == "openai" and card.base_url else RANGES.get(family, Ranges())
    _within(card, "temperature", sampling.temperature, ranges.temperature)
    _within(card, "top_p", sampling.top_p, ranges.top_p)
    _within(card, "top_k", sampling.top_k, ranges.top_k)
    _within(card, "presence_penalty", sampling.presence_penalty, ranges.penalties)
    _within(card, "frequency_penalty", sampling.frequency_penalty, ranges.penalties)
    _within(card, "max_tokens", sampling.max_tokens, (1, card.max_output_tokens or 1_000_000))
    _within(card, "seed", sampling.seed, (-(2**63), 2**63 - 1) if ranges.seed else None)
    if len(sampling.stop) > ranges.stop:
        raise Invalid(f"stop: {card.id} takes {ranges.stop} stop sequences at most, not {len(sampling.stop)}.")
    if any(not one for one in sampling.stop):
        raise Invalid("stop: a stop sequence has a character at least.")


def _within(card: ModelCard, name: str, value: float | None, bounds: tuple[float, float] | None) -> None:
    if value is None:
        return
    if bounds is None:
        raise Unsupported(f"{card.id} has no {name}. Leave it out.")
    least, most = bounds
    if not least <= value <= most:
        raise Invalid(f"{name}: {card.id} takes {least:g} to {most:g}, not {value:g}.")
