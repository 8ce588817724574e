"""A conversation as pydantic-ai's messages, and what is asked for with it."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from outcrop.core.chat import (
    Block,
    ChatMessage,
    ChatRequest,
    JsonBlock,
    MediaBlock,
    ReasoningBlock,
    Sampling,
    TextBlock,
    ToolChoice,
    ToolResult,
    ToolUse,
)
from outcrop.core.errors import Invalid, Unsupported

if TYPE_CHECKING:
    from pydantic_ai.messages import (
        BinaryContent,
        ModelMessage,
        ModelRequestPart,
        ModelResponsePart,
        ToolReturnPart,
    )
    from pydantic_ai.models import Model, ModelRequestParameters
    from pydantic_ai.settings import ModelSettings

# Where a provider's request takes fields of its own; the others have no such place.
EXTRA: Mapping[str, str] = {
    "openai": "extra_body",
    "ollama": "extra_body",
    "anthropic": "extra_body",
    "groq": "extra_body",
    "bedrock": "bedrock_additional_model_requests_fields",
}


def messages_of(request: ChatRequest, family: str, provider: str) -> list[ModelMessage]:
    """The conversation; thoughts are given back to the provider of this name (in pydantic-ai) as its own.

    Raises:
        Invalid: A tool result answers no call of a tool in the conversation.
    """
    from pydantic_ai.messages import ModelRequest, ModelResponse, SystemPromptPart

    messages: list[ModelMessage] = []
    if request.system:
        messages.append(ModelRequest(parts=[SystemPromptPart(text) for text in request.system]))
    called: dict[str, str] = {}
    for message in request.messages:
        if message.role == "user":
            messages.append(ModelRequest(parts=list(_asked(message, called))))
        else:
            called.update({block.id: block.name for block in message.content if isinstance(block, ToolUse)})
            said = [block for block in message.content if not _only_others_read(block, family)]
            messages.append(ModelResponse(parts=[_said(block, provider) for block in said]))
    return messages


def _only_others_read(block: Block, family: str) -> bool:
    """Whether a block is a thought that only the provider which had it could read."""
    return isinstance(block, ReasoningBlock) and bool(block.redacted) and family not in {"anthropic", "bedrock"}


def parameters_of(request: ChatRequest, family: str, model: Model) -> ModelRequestParameters:
    """The tools and the shape of the answer: in the provider's own way where it has one, else by being told."""
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.output import OutputObjectDefinition
    from pydantic_ai.tools import ToolDefinition

    tools = [
        ToolDefinition(
            name=tool.name,
            parameters_json_schema=dict(tool.schema),
            description=tool.description,
            strict=tool.strict,
        )
        for tool in request.tools
    ]
    if request.answer_schema is None:
        return ModelRequestParameters(function_tools=tools)
    native = model.profile.get("supports_json_schema_output", False)
    return ModelRequestParameters(
        function_tools=tools,
        output_mode="native" if native else "prompted",
        output_object=OutputObjectDefinition(
            json_schema=dict(request.answer_schema),
            name="answer",
            # Anthropic knows strict schemas only.
            strict=request.answer_strict if family != "anthropic" else None,
        ),
    )


def settings_of(request: ChatRequest, family: str, seconds: float, unknown: Collection[str]) -> ModelSettings:
    """The sampling, the choice of tools and the provider's own fields; `unknown` are settings that it does not know.

    Raises:
        Unsupported: The provider takes no fields of its own, or has no such sampling.
    """
    # Whoever asks knows best whether to ask again. Where these are not known the provider's client was made with them.
    settings: Any = {"timeout": seconds, "max_retries": 0}
    settings = {name: value for name, value in settings.items() if name not in unknown}
    sampling = _sampling(request.sampling)
    extra = dict(request.extra)
    if family in {"openai", "ollama"} and "top_k" in sampling:
        extra.setdefault("top_k", sampling.pop("top_k"))  # not OpenAI's own, but of servers that speak its protocol
    if missing := sorted(sampling.keys() & set(unknown)):
        raise Unsupported(f"Models of {family} have no {', '.join(missing)}. Leave it out.")
    if extra and family not in EXTRA:
        raise Unsupported(f"Models of {family} take no further fields: {', '.join(sorted(extra))}.")
    if extra:
        settings[EXTRA[family]] = extra
    if request.tools:
        settings |= _choice(request.tool_choice, family, unknown)
    made: ModelSettings = settings | sampling
    return made


def without_sampling(model: Model) -> frozenset[str]:
    """The parameters that a model of this name does not take, though its provider's other models do.

    Models that always reason take none: clients that cannot but send a temperature could not use them.
    """
    profile: Mapping[str, Any] = dict(model.profile)
    if profile.get("anthropic_disallows_sampling_settings") or profile.get("bedrock_disallows_sampling_settings"):
        return frozenset({"temperature", "top_p", "top_k"})
    may_rest = profile.get("openai_supports_reasoning_effort_none") and not profile.get("thinking_enabled_by_default")
    if profile.get("openai_supports_reasoning") and not may_rest:
        return frozenset({"temperature", "top_p", "presence_penalty", "frequency_penalty"})
    return frozenset()


def _sampling(sampling: Sampling) -> dict[str, Any]:
    given = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "max_tokens": sampling.max_tokens,
        "seed": sampling.seed,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "stop_sequences": list(sampling.stop) or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _choice(choice: ToolChoice, family: str, unknown: Collection[str]) -> dict[str, Any]:
    known = "parallel_tool_calls" not in unknown
    if choice.parallel is False and not known:
        raise Unsupported(f"Models of {family} cannot be told to call one tool at a time.")
    parallel = {"parallel_tool_calls": choice.parallel} if choice.parallel is not None and known else {}
    if choice.kind == "tool":
        return {"tool_choice": [choice.name or ""], **parallel}
    return {"tool_choice": {"auto": "auto", "any": "required", "none": "none"}[choice.kind], **parallel}


def _asked(message: ChatMessage, called: Mapping[str, str]) -> Iterator[ModelRequestPart]:
    """Tool results each for itself; what else the user says, together, in its order."""
    from pydantic_ai.messages import UserPromptPart

    said: list[str | BinaryContent] = []
    for block in message.content:
        if isinstance(block, ToolResult):
            yield _result(block, called)
        elif isinstance(block, TextBlock):
            said.append(block.text)
        elif isinstance(block, MediaBlock):
            said.append(_media(block))
        else:
            raise Invalid(f"A message of the user cannot hold a {type(block).__name__}.")
    if said:
        only = said[0] if len(said) == 1 and isinstance(said[0], str) else said
        yield UserPromptPart(only)


def _said(block: Block, provider: str) -> ModelResponsePart:
    from pydantic_ai.messages import FilePart, TextPart, ThinkingPart, ToolCallPart

    if isinstance(block, TextBlock):
        return TextPart(block.text)
    if isinstance(block, ToolUse):
        return ToolCallPart(block.name, dict(block.arguments), block.id)
    if isinstance(block, ReasoningBlock) and block.redacted:
        kind = "redacted_content" if provider == "bedrock" else "redacted_thinking"
        return ThinkingPart("", id=kind, signature=block.redacted.decode("utf-8"), provider_name=provider)
    if isinstance(block, ReasoningBlock):
        if provider.startswith("google") and block.signature is not None:
            _check_base64(block.signature)
        signer = provider if block.signature is not None else None
        return ThinkingPart(block.text, signature=block.signature, provider_name=signer)
    if isinstance(block, MediaBlock):
        return FilePart(_media(block))
    raise Invalid("A message of the model cannot hold the result of a tool.")


def _check_base64(signature: str) -> None:
    try:
        b64decode(signature, validate=True)
    except ValueError as error:
        raise Invalid("The signature of a thought is not one of the model's.") from error


def _media(block: MediaBlock) -> BinaryContent:
    from pydantic_ai.messages import BinaryContent

    return BinaryContent(block.data, media_type=block.media_type, identifier=block.name)


def _result(block: ToolResult, called: Mapping[str, str]) -> ToolReturnPart:
    from pydantic_ai.messages import ToolReturnPart

    if block.id not in called:
        raise Invalid(f"The tool result {block.id!r} answers no call of a tool that comes before it.")
    content = [_content(one) for one in block.content]
    single = content[0] if len(content) == 1 else content
    if content and all(isinstance(one, TextBlock) for one in block.content):
        single = "\n".join(map(str, content))
    return ToolReturnPart(called[block.id], single, block.id, outcome="failed" if block.failed else "success")


def _content(block: TextBlock | MediaBlock | JsonBlock) -> Any:
    if isinstance(block, TextBlock):
        return block.text
    return block.value if isinstance(block, JsonBlock) else _media(block)
