"""Language models on SageMaker's endpoints: `inputs` and `parameters` to `generated_text`, in one piece."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

from outcrop.adapters.generators.documents import in_words
from outcrop.adapters.sagemaker import endpoint
from outcrop.core.answers import Usage
from outcrop.core.cards import ModelCard
from outcrop.core.chat import (
    BlockDelta,
    BlockEnded,
    BlockStarted,
    ChatEnded,
    ChatEvent,
    ChatMessage,
    ChatRequest,
    TextBlock,
)
from outcrop.core.errors import ModelFailed, Unsupported
from outcrop.core.protocols import Adapters, Reader
from outcrop.core.settings import Settings

_SPEAKERS = {"user": "User", "assistant": "Assistant"}


def open_chat_model(card: ModelCard, settings: Settings, adapters: Adapters) -> EndpointModel:  # noqa: ARG001 # one signature
    """The model of the endpoint `sagemaker:NAME`. Raises Invalid without a region."""
    return EndpointModel(card, adapters.reader)


class EndpointModel:
    """`core.protocols.ChatModel`: one endpoint, which reads and writes plain text."""

    def __init__(self, card: ModelCard, reader: Callable[[], Reader]) -> None:
        self.model = card.target
        self._reader = reader
        self._service, self._address = endpoint(card)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent]:
        """The reply, which comes at once. Raises as `core.protocols.ChatModel`."""
        if request.answer_schema is not None:
            raise Unsupported(f"{self.model} cannot be given a schema for its answer.")
        prompt = self._prompt(await in_words(request, (), self._reader))
        reply = await self._service.post(self._address, {"inputs": prompt, "parameters": _parameters(request)})
        text = self._generated(reply).removeprefix(prompt)  # some endpoints repeat what they were given
        yield BlockStarted(index=0, kind="text")
        if text:
            yield BlockDelta(index=0, text=text)
        yield BlockEnded(index=0)
        yield ChatEnded(stop_reason=_reason(reply), usage=_usage(reply), model=self.model)

    async def count(self, request: ChatRequest) -> int:
        """Endpoints do not count. Raises Unsupported."""
        del request
        raise Unsupported(f"{self.model} does not tell how many tokens a request takes.")

    async def close(self) -> None:
        """Close the connections."""
        await self._service.close()

    def _prompt(self, request: ChatRequest) -> str:
        """One message as it is; a conversation with the names of its speakers."""
        texts = [self._text(message) for message in request.messages]
        if len(texts) > 1:
            said = zip(request.messages, texts, strict=True)
            turns = [f"{_SPEAKERS[message.role]}: {text}" for message, text in said]
            texts = [*turns, "Assistant:"] if request.messages[-1].role == "user" else turns
        return "\n\n".join([*request.system, *texts])

    def _text(self, message: ChatMessage) -> str:
        if not all(isinstance(block, TextBlock) for block in message.content):
            raise Unsupported(f"{self.model} can be given text only.")
        return "\n".join(block.text for block in message.content if isinstance(block, TextBlock))

    def _generated(self, reply: Any) -> str:
        text = _first(reply).get("generated_text")
        if not isinstance(text, str):
            raise ModelFailed(f"{self.model} answers without a text under `generated_text`.")
        return text


def _first(reply: Any) -> Mapping[str, Any]:
    one = reply[0] if isinstance(reply, list) and reply else reply
    return one if isinstance(one, dict) else {}


def _parameters(request: ChatRequest) -> dict[str, Any]:
    sampling = request.sampling
    warm = sampling.temperature is not None and sampling.temperature > 0
    given = {
        "max_new_tokens": sampling.max_tokens,
        "temperature": sampling.temperature if warm else None,  # 0 is refused: not sampling is what it means
        "do_sample": None if sampling.temperature is None else warm,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "stop": list(sampling.stop) or None,
        "seed": sampling.seed,
        "return_full_text": False,
    }
    return {**{name: value for name, value in given.items() if value is not None}, **request.extra}


def _reason(reply: Any) -> Any:
    """Why the text ends, where the endpoint gives details."""
    details = _first(reply).get("details")
    reason = details.get("finish_reason") if isinstance(details, dict) else None
    return {"length": "max_tokens", "stop_sequence": "stop_sequence"}.get(str(reason), "end_turn")


def _usage(reply: Any) -> Usage:
    details = _first(reply).get("details")
    tokens = details.get("generated_tokens") if isinstance(details, dict) else None
    return Usage(output_tokens=tokens if isinstance(tokens, int) else 0)
