"""Language models of every provider, through pydantic-ai (https://ai.pydantic.dev/direct/)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from outcrop.adapters.generators.provider_events import Blocks, ended
from outcrop.adapters.generators.provider_messages import messages_of, parameters_of, settings_of
from outcrop.adapters.provider_errors import translated
from outcrop.adapters.provider_login import opening, provider_of
from outcrop.core.cards import ModelCard
from outcrop.core.chat import ChatEvent, ChatRequest
from outcrop.core.errors import Invalid, Unsupported
from outcrop.core.protocols import Adapters
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
    return ProviderModel(card.target, _infer(card), card.timeout)


def _infer(card: ModelCard) -> Model:
    from pydantic_ai.models import infer_model

    family, _, name = card.target.partition(":")
    with opening(card.target):
        theirs = FAMILIES[family]
        return infer_model(f"{theirs}:{name}", provider_factory=lambda _: provider_of(card, theirs))


class ProviderModel:
    """`core.protocols.ChatModel`: one model of one provider."""

    def __init__(self, name: str, model: Model, seconds: float) -> None:
        self.model = name
        self._family = name.partition(":")[0]
        self._model = model
        self._seconds = seconds

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent]:
        """The reply as it comes.

        Raises:
            Throttled: The provider refuses for now; `retry_after` says for how long, where the provider does.
            TimedOut: Nothing came in time.
            Unavailable: The provider does not answer, or answers with an error of its own.
            Denied: The provider refuses the key.
            ModelFailed: The reply is not one, or was cut.
            Unsupported: The model cannot be given something that the request holds.
        """
        from pydantic_ai.direct import model_request_stream

        settings = settings_of(request, self._family, self._seconds)
        messages, parameters = messages_of(request, self._model.system), parameters_of(request, self._model)
        blocks = Blocks(self.model)
        with translated(self.model, self._seconds):
            opened = model_request_stream(
                self._model, messages, model_settings=settings, model_request_parameters=parameters
            )
            async with opened as stream:
                async for event in stream:
                    for translation in blocks.translate(event):
                        yield translation
                end = ended(self.model, stream, blocks.tools)
        for last in blocks.close():
            yield last
        yield end

    async def count(self, request: ChatRequest) -> int:
        """The input tokens that a request would take, as the provider counts them. Raises as `stream`."""
        settings = settings_of(request, self._family, self._seconds)
        messages, parameters = messages_of(request, self._model.system), parameters_of(request, self._model)
        with translated(self.model, self._seconds):
            try:
                return (await self._model.count_tokens(messages, settings, parameters)).input_tokens
            except NotImplementedError as error:
                raise Unsupported(f"{self.model} does not tell how many tokens a request takes.") from error
