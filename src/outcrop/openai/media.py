"""Images and files in requests: only what the request itself holds. Nothing is ever fetched from an address (SSRF)."""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re

from outcrop.core.chat import MediaBlock
from outcrop.openai.errors import ApiError

IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_DATA = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+)(?:;[\w=.+-]+)*;base64,", re.ASCII)
MAX_NAME = 255  # characters


def image(url: str, param: str) -> MediaBlock:
    """The image of a data URL. Raises ApiError for an address, or what is no image."""
    match = _DATA.match(url)
    if match is None:
        why = "Outcrop fetches nothing from addresses in a request. Send the image itself: data:image/png;base64,..."
        raise ApiError(why, code="unsupported_value", param=param)
    media_type = match["type"].lower()
    if media_type not in IMAGES:
        raise ApiError(f"{media_type} is no image type that is read: {', '.join(IMAGES)}.", param=param)
    return MediaBlock(media_type=media_type, data=_decoded(url[match.end() :], param))


def document(data: str, name: str | None, param: str) -> MediaBlock:
    """The file that base64 text or a data URL holds; its type is the URL's, or that of its name's extension."""
    match = _DATA.match(data)
    guessed = mimetypes.guess_type(name or "")[0]
    media_type = match["type"].lower() if match else guessed
    if media_type is None:
        raise ApiError(
            "Say what the file is: send a data URL (data:application/pdf;base64,...) or a filename.", param=param
        )
    return block(_decoded(data[match.end() :] if match else data, param), media_type, name or "file")


def block(content: bytes, media_type: str, name: str) -> MediaBlock:
    """A file as a model is given it; an image has no name there."""
    return MediaBlock(media_type=media_type, data=content, name=None if media_type in IMAGES else name[:MAX_NAME])


def _decoded(text: str, param: str) -> bytes:
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ApiError("This is not valid base64.", param=param) from None
    if not decoded:
        raise ApiError("This is empty.", param=param)
    return decoded
