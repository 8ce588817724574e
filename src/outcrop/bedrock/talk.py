"""Which members of a conversation in Converse's form are supported, and which change nothing, for what reason."""

from __future__ import annotations

from collections.abc import Mapping

_DOCUMENT = ("format", "name", "source.bytes", "source.text", "source.content.text")
_MEDIA = ("image.format", "image.source.bytes", *(f"document.{path}" for path in _DOCUMENT))
_CONTENT = (
    "text",
    *_MEDIA,
    "toolUse.toolUseId",
    "toolUse.name",
    "toolUse.input",
    "toolResult.toolUseId",
    "toolResult.status",
    *(f"toolResult.content.{path}" for path in ("json", "text", *_MEDIA)),
    "reasoningContent.**",
)
TALK = (
    "messages.role",
    *(f"messages.content.{path}" for path in _CONTENT),
    "system.text",
    *(f"toolConfig.tools.toolSpec.{name}" for name in ("name", "description", "inputSchema.json", "strict")),
    "toolConfig.toolChoice.**",
)
_CACHE = "what is cached, and for how long, is the provider's own choice; the reply's usage says what was."
CACHED: Mapping[str, str] = {
    f"{path}.cachePoint.{name}": _CACHE
    for path in ("messages.content", "system", "toolConfig.tools")
    for name in ("type", "ttl")
}
