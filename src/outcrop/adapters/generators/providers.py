"""Language models of every provider, through pydantic-ai (https://ai.pydantic.dev/direct/)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from outcrop.adapters.generators.documents import in_words
from outcrop.adapters.generators.provider_events import Blocks, ended
from outcrop.adapters.generators.provider_messages import messages_of, parameters_of, settings_of, without_sampling
from outcrop.adapters.provider_errors import translated
from outcrop.adapters.provider_login import opening, provider_of
from outcrop.core.cards import ModelCard
from outcrop.core.chat import ChatEvent, ChatRequest
from outcrop.core.errors import Invalid, Unsupported
from outcrop.core.protocols import Adapters, Reader
from outcrop.core.settings import Settings

if TYPE_CHECKING:
    from pydantic_ai.models import Model

# Our families and pydantic-ai's. Chat completions, not responses: what OpenAI-compatible servers speak.
FAMILIES = {
    "openai": "openai-chat",
    "anthropic": "anthropic",
    "ollama": "ollama",
    "bedrock": "bedrock",
    "google": "google",
    "mistral": "mistral",
    "groq": "groq",
    "cohere": "cohere",
}
# The media types of documents that each family's models read themselves; others are given as text.
_OFFICE = "application/vnd.openxmlformats-officedocument."
NATIVE = {
    "openai": frozenset({"application/pdf"}),
    "anthropic": frozenset({"application/pdf", "text/plain"}),
    "google": frozenset({"application/pdf", "text/plain", "text/markdown", "text/html", "text/csv"}),
    "mistral": frozenset({"application/pdf"}),
    "bedrock": frozenset(
        {
            "application/pdf",
            "text/plain",
            "text/markdown",
            "text/html",
            "text/csv",
            "application/msword",
            "application/vnd.ms-excel",
            f"{_OFFICE}wordprocessingml.document",
            f"{_OFFICE}spreadsheetml.sheet",
        }
    ),
}


def open_chat_model(card: ModelCard, settings: Settings, adapters: Adapters) -> ProviderModel:  # noqa: ARG001 # one signature
    """The model that a card's `provider:name` stands for.

    Raises:
        Invalid: There is no such provider, or it lacks its key.
        MissingDependency: The provider's package is not installed.
    """
    family, _, _ = card.target.partition(":")
    if family not in FAMILIES:
        known = ", ".join(sorted(["extractive", "sagemaker", *FAMILIES]))
        raise Invalid(f"There is no provider called {family!r}. Choose one of: {known}.")
    return ProviderModel(card, _infer(card), adapters.reader)


def _infer(card: ModelCard) -> Model:
    from pydantic_ai.models import infer_model

    family, _, name = card.target.partition(":")
    with opening(card.target):
        theirs = FAMILIES[family]
        return infer_model(f"{theirs}:{name}", provider_factory=lambda _: provider_of(card, theirs))


class ProviderModel:
    """`core.protocols.ChatModel`: one model of one provider; `reader` gives what reads documents for it."""

    def __init__(self, card: ModelCard, model: Model, reader: Callable[[], Reader]) -> None:
        self.model = card.target
        self._family = card.target.partition(":")[0]
        self._native = _native(card)
        self._model = model
        self._seconds = card.timeout
        self._reader = reader
        self._open = AsyncExitStack()
        self._entered = False

    async def close(self) -> None:
        """Close the connections."""
        await self._open.aclose()

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent]:
        """The reply as it comes; its end names under `dropped` the sampling that no such model takes.

        Raises:
            Throttled: The provider refuses for now; `retry_after` says for how long, where the provider does.
            TimedOut: Nothing came in time.
            Unavailable: The provider does not answer, or answers with an error of its own.
            Denied: The provider refuses the key.
            ModelFailed: The reply is not one, or was cut.
            Unsupported: The model cannot be given something that the request holds.
            Unreadable: A document that the model cannot read itself has no text that can be read.
        """
        from pydantic_ai.direct import model_request_stream

        asked = await self._asked(request)
        dropped = [
            name
            for name in sorted(without_sampling(self._model))
            if asked["model_settings"].pop(name, None) is not None
        ]
        blocks = Blocks(self.model)
        with translated(self.model, self._seconds):
            async with AsyncExitStack() as stack:
                with self._refusing():
                    stream = await stack.enter_async_context(model_request_stream(self._model, **asked))
                async for event in stream:
                    for translation in blocks.translate(event):
                        yield translation
                end = ended(self.model, stream, blocks.tools)
        for last in blocks.close():
            yield last
        yield replace(end, details={"dropped": ", ".join(dropped)}) if dropped else end

    async def count(self, request: ChatRequest) -> int:
        """The input tokens that a request would take, as the provider counts them. Raises as `stream`."""
        asked = await self._asked(request)
        with translated(self.model, self._seconds), self._refusing():
            return (await self._model.count_tokens(**asked)).input_tokens

    async def _asked(self, request: ChatRequest) -> dict[str, Any]:
        """The request in pydantic-ai's words."""
        if not self._entered:
            self._entered = True
            await self._open.enter_async_context(self._model)
        request = await in_words(request, self._native, self._reader)
        return {
            "messages": messages_of(request, self._family, self._model.system),
            "model_settings": settings_of(request, self._family, self._seconds, self._model.unsupported_settings),
            "model_request_parameters": parameters_of(request, self._family, self._model),
        }

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """What a model cannot be given, pydantic-ai refuses before it asks, in one of several ways."""
        from pydantic_ai.exceptions import AgentRunError

        try:
            yield
        except AgentRunError:
            raise
        except NotImplementedError as error:
            raise Unsupported(f"{self.model} does not tell how many tokens a request takes.") from error
        except RuntimeError as error:
            raise Unsupported(f"{self.model} cannot be given this: {error}") from error


def _native(card: ModelCard) -> frozenset[str]:
    """The media types of documents that the model reads itself."""
    family = card.target.partition(":")[0]
    # Servers of one's own that speak OpenAI's protocol read no files.
    return frozenset() if family == "openai" and card.base_url else NATIVE.get(family, frozenset())
