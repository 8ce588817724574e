"""Language models of every provider, through pydantic-ai (https://ai.pydantic.dev/direct/)."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from outcrop.adapters.provider_errors import translated
from outcrop.core.answers import Delta, Inference, Prompt, Usage
from outcrop.core.errors import Invalid, MissingDependency, ModelFailed
from outcrop.core.protocols import Adapters
from outcrop.core.settings import Settings

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage
    from pydantic_ai.models import Model, StreamedResponse
    from pydantic_ai.settings import ModelSettings

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
EXTRAS = {"ollama": "openai"}  # the extra that a family needs, where it is not named like the family
OLLAMA_BASE_URL = "http://localhost:11434/v1"  # where Ollama listens unless told otherwise
TIMEOUT = 60.0  # seconds without a byte


def open_generator(name: str, settings: Settings, adapters: Adapters) -> LanguageModel:  # noqa: ARG001 # one signature
    """The generator for `provider:name`.

    Raises:
        Invalid: There is no such provider, or it lacks its key.
        MissingDependency: The provider's package is not installed.
    """
    family, _, model = name.partition(":")
    if family not in FAMILIES:
        known = ", ".join(sorted(["extractive", *FAMILIES]))
        raise Invalid(f"There is no provider called {family!r}. Choose one of: {known}.")
    return LanguageModel(name, _infer(family, model))


def _infer(family: str, name: str) -> Model:
    from pydantic_ai.exceptions import UserError
    from pydantic_ai.models import infer_model

    if family == "ollama":
        os.environ.setdefault("OLLAMA_BASE_URL", OLLAMA_BASE_URL)
    try:
        return infer_model(f"{FAMILIES[family]}:{name}")
    except ImportError as error:
        extra = EXTRAS.get(family, family)
        raise MissingDependency(
            f'Models of {family} need a package that is not installed: pip install "pydantic-ai-slim[{extra}]"'
        ) from error
    except UserError as error:
        raise Invalid(f"The model {family}:{name} cannot be used: {error}") from error
    except Exception as error:
        raise Invalid(f"The model {family}:{name} cannot be used: {type(error).__name__}.") from error


class LanguageModel:
    """One model of one provider."""

    instructable = True

    def __init__(self, name: str, model: Model, seconds: float = TIMEOUT) -> None:
        self.model = name
        self._model = model
        self._seconds = seconds

    async def generate(self, prompt: Prompt) -> AsyncIterator[Delta]:
        """The model's text as it comes; the usage with the last delta.

        Raises:
            Throttled: The provider refuses for now; the message says for how long, where the provider does.
            TimedOut: Nothing came in time.
            Unavailable: The provider does not answer, or answers with an error of its own.
            Denied: The provider refuses the key.
            ModelFailed: The reply is not one, or was cut.
        """
        from pydantic_ai.direct import model_request_stream

        with translated(self.model, self._seconds):
            settings = _settings(prompt.inference, self._seconds)
            async with model_request_stream(self._model, _messages(prompt), model_settings=settings) as stream:
                async for event in stream:
                    if text := _text(event):
                        yield Delta(text=text)
                usage, ended = stream.usage, _ended(stream)
            if not ended:
                raise ModelFailed(f"{self.model} broke off in the middle of its answer. Try again.")
            yield Delta(usage=Usage(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens))


def _ended(stream: StreamedResponse) -> bool:
    """Whether the provider said that the answer is over: a stream that is cut may look as if it were.

    For OpenAI's protocol pydantic-ai makes up a reason where none came, and leaves it out of the details.
    """
    details = stream.provider_details or {}
    return stream.finish_reason is not None and ("finish_reason" in details or not details.keys() <= {"timestamp"})


def _messages(prompt: Prompt) -> list[ModelMessage]:
    from pydantic_ai.messages import ModelRequest, ModelResponse, SystemPromptPart, TextPart, UserPromptPart

    messages: list[ModelMessage] = []
    if prompt.system:
        messages.append(ModelRequest(parts=[SystemPromptPart(prompt.system)]))
    for message in prompt.messages:
        if message.role == "user":
            messages.append(ModelRequest(parts=[UserPromptPart(message.text)]))
        else:
            messages.append(ModelResponse(parts=[TextPart(message.text)]))
    return messages


def _settings(inference: Inference, seconds: float) -> ModelSettings:
    from pydantic_ai.settings import ModelSettings

    settings = ModelSettings(timeout=seconds, max_retries=0)  # whoever asks knows best whether to wait
    if inference.temperature is not None:
        settings["temperature"] = inference.temperature
    if inference.top_p is not None:
        settings["top_p"] = inference.top_p
    if inference.max_tokens is not None:
        settings["max_tokens"] = inference.max_tokens
    if inference.stop:
        settings["stop_sequences"] = list(inference.stop)
    return settings


def _text(event: Any) -> str:
    """The text that an event of the stream adds: none for thoughts, tool calls and ends."""
    from pydantic_ai.messages import PartDeltaEvent, PartStartEvent, TextPart, TextPartDelta

    if isinstance(event, PartStartEvent) and isinstance(event.part, TextPart):
        return event.part.content
    if isinstance(event, PartDeltaEvent) and isinstance(event.delta, TextPartDelta):
        return event.delta.content_delta
    return ""
