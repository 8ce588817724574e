"""Embedding models on SageMaker's endpoints: `text_inputs` to `embedding`."""

from __future__ import annotations

from collections.abc import Sequence

from outcrop.adapters.embedders.remote import RemoteEmbedder, shape_of
from outcrop.adapters.sagemaker import endpoint
from outcrop.core.cards import ModelCard
from outcrop.core.errors import ModelFailed
from outcrop.core.protocols import Adapters, Purpose
from outcrop.core.settings import Settings


def open_embedder(card: ModelCard, settings: Settings, adapters: Adapters) -> RemoteEmbedder:  # noqa: ARG001 # one signature
    """The embedder of the endpoint `sagemaker:NAME`. Raises Invalid without a region or the length of its vectors."""
    service, address = endpoint(card)

    async def ask(pieces: list[str], purpose: Purpose) -> Sequence[Sequence[float]]:
        del purpose  # these models know no difference
        reply = await service.post(address, {"text_inputs": pieces})
        vectors = reply.get("embedding") if isinstance(reply, dict) else None
        if not isinstance(vectors, list) or not all(isinstance(row, list) for row in vectors):
            raise ModelFailed(f"{card.target} answers without a list of vectors under `embedding`.")
        return vectors

    return RemoteEmbedder(card, shape_of(card, settings), ask, service)
