"""SageMaker's endpoints, asked as JumpStart's models are.

Texts: `{"text_inputs": [...]}` gives `{"embedding": [[...], ...]}`. Chats: `{"inputs": "...", "parameters": {...}}`
gives `[{"generated_text": "..."}]`, with the parameters of Hugging Face's text generation
(https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html,
https://huggingface.co/docs/text-generation-inference/reference/api_reference).
"""

from __future__ import annotations

from urllib.parse import quote

from outcrop.adapters.aws import Signer
from outcrop.adapters.json_service import JsonService
from outcrop.core.cards import ModelCard


def endpoint(card: ModelCard) -> tuple[JsonService, str]:
    """The service of a card's endpoint, and the address at which it is invoked. Raises Invalid without a region."""
    signer = Signer("sagemaker", f"The model {card.target}")
    host = card.base_url or f"https://runtime.sagemaker.{signer.region}.amazonaws.com"
    name = quote(card.target.partition(":")[2], safe="")
    return JsonService(card.target, card.timeout, signer.headers), f"{host.rstrip('/')}/endpoints/{name}/invocations"
