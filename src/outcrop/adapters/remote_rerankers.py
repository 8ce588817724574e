"""Rerankers behind the form that Cohere gave the name: Cohere's own, Jina's, and those that vLLM serves.

`{"model", "query", "documents", "top_n"}` gives `{"results": [{"index", "relevance_score"}]}`
(https://docs.cohere.com/reference/rerank, https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from outcrop.adapters.json_service import JsonService
from outcrop.adapters.provider_login import key_of
from outcrop.core.cards import ModelCard
from outcrop.core.errors import Invalid, ModelFailed
from outcrop.core.protocols import Adapters
from outcrop.core.settings import Settings

ADDRESSES = {"cohere": "https://api.cohere.com/v2", "jina": "https://api.jina.ai/v1"}
KEYS = {"cohere": "CO_API_KEY", "jina": "JINA_API_KEY"}
_VERSIONED = re.compile(r"/v\d+$")


def open_text_reranker(card: ModelCard, settings: Settings, adapters: Adapters) -> RemoteReranker:  # noqa: ARG001 # one signature
    """The reranker of a card. Raises Invalid where it lacks its address or its key."""
    family = card.target.partition(":")[0]
    address = card.base_url or ADDRESSES.get(family)
    if address is None:
        raise Invalid(f'[models."{card.id}"] base_url: where is the reranker {card.target} reached?')
    usual = KEYS.get(family)
    key = key_of(card, usual) if card.key_variable or usual else None
    return RemoteReranker(card, address.rstrip("/"), {"authorization": f"Bearer {key}"} if key else {})


class RemoteReranker:
    """`core.protocols.TextReranker` over HTTP."""

    def __init__(self, card: ModelCard, address: str, headers: Mapping[str, str]) -> None:
        self._model = card.target.partition(":")[2]
        self._name = card.target
        self._address = f"{address}/rerank" if _VERSIONED.search(address) else f"{address}/v2/rerank"
        self._headers = headers
        self._service = JsonService(card.target, card.timeout, self._sign)

    async def rerank(self, question: str, texts: Sequence[str], top: int) -> Sequence[tuple[int, float]]:
        """The best `top` texts. Raises ModelFailed where the reply is not one, and as `JsonService.post`."""
        if not texts:
            return []
        asked = {"model": self._model, "query": question, "documents": list(texts), "top_n": min(top, len(texts))}
        reply = await self._service.post(self._address, asked)
        try:
            scores = {int(one["index"]): float(one["relevance_score"]) for one in reply["results"]}
        except (TypeError, KeyError, ValueError) as error:
            raise ModelFailed(f"{self._name} answers without an order of the texts.") from error
        if not all(0 <= index < len(texts) for index in scores):
            raise ModelFailed(f"{self._name} answers with texts that it was not given.")
        ordered = sorted(scores.items(), key=lambda one: (-one[1], one[0]))[:top]
        return [(index, min(max(score, 0.0), 1.0)) for index, score in ordered]

    async def close(self) -> None:
        """Close the connections."""
        await self._service.close()

    async def _sign(self, url: str, body: bytes) -> Mapping[str, str]:
        del url, body
        return self._headers
