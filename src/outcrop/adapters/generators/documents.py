"""Documents for models that do not read their format: as the text that Outcrop's own reader finds in them."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Collection
from dataclasses import replace

from outcrop.core.chat import Block, ChatMessage, ChatRequest, JsonBlock, MediaBlock, TextBlock, ToolResult
from outcrop.core.parsed import Blob
from outcrop.core.protocols import Reader

# Those that Python does not know everywhere.
_ENDINGS = {
    "text/markdown": ".md",
    "text/csv": ".csv",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
}


async def in_words(request: ChatRequest, native: Collection[str], reader: Callable[[], Reader]) -> ChatRequest:
    """The request with every document whose media type is not `native` as its text.

    Raises:
        Unreadable: A document has no text that can be read.
    """
    if not any(_unread(part, native) for one in request.messages for block in one.content for part in _parts(block)):
        return request
    messages = [replace(one, content=await _message(one, native, reader())) for one in request.messages]
    return replace(request, messages=tuple(messages))


async def text_of(document: MediaBlock, reader: Reader) -> str:
    """The text of a document. Raises Unreadable."""
    ending = _ENDINGS.get(document.media_type) or mimetypes.guess_extension(document.media_type) or ""
    name = document.name or "document"
    blob = Blob(
        name=name if name.lower().endswith(ending) else f"{name}{ending}",
        data=document.data,
        media_type=document.media_type,
    )
    return (await reader.read(blob)).text


def is_document(block: Block | JsonBlock) -> bool:
    """Whether a block is a document: media, and no image."""
    return isinstance(block, MediaBlock) and not block.media_type.startswith("image/")


def _parts(block: Block) -> tuple[Block | JsonBlock, ...]:
    return block.content if isinstance(block, ToolResult) else (block,)


def _unread(block: Block | JsonBlock, native: Collection[str]) -> bool:
    return isinstance(block, MediaBlock) and is_document(block) and block.media_type not in native


async def _message(message: ChatMessage, native: Collection[str], reader: Reader) -> tuple[Block, ...]:
    return tuple([await _block(block, native, reader) for block in message.content])


async def _block(block: Block, native: Collection[str], reader: Reader) -> Block:
    if isinstance(block, ToolResult):
        return replace(block, content=tuple([await _part(part, native, reader) for part in block.content]))
    return await _worded(block, reader) if isinstance(block, MediaBlock) and _unread(block, native) else block


async def _part(
    part: TextBlock | MediaBlock | JsonBlock, native: Collection[str], reader: Reader
) -> TextBlock | MediaBlock | JsonBlock:
    return await _worded(part, reader) if isinstance(part, MediaBlock) and _unread(part, native) else part


async def _worded(document: MediaBlock, reader: Reader) -> TextBlock:
    name = " ".join((document.name or "document").split())
    text = await text_of(document, reader)
    return TextBlock(text=f"[document {name}]\n{text.strip()}\n[end of document {name}]")
