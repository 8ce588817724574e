"""The formats of images and documents that Bedrock names, and their media types.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ImageBlock.html and .._DocumentBlock.html
"""

from __future__ import annotations

from collections.abc import Mapping

from outcrop.core.chat import MediaBlock
from outcrop.core.errors import Invalid

IMAGES: Mapping[str, str] = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}
_OFFICE = "application/vnd.openxmlformats-officedocument"
DOCUMENTS: Mapping[str, str] = {
    "pdf": "application/pdf",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": f"{_OFFICE}.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    "html": "text/html",
    "txt": "text/plain",
    "md": "text/markdown",
}

_BEGINNINGS: Mapping[bytes, str] = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"RIFF": "image/webp",
}


def image(data: bytes, at: str) -> MediaBlock:
    """An image of which only the bytes are given. Raises Invalid where they are none that Bedrock knows."""
    for beginning, media_type in _BEGINNINGS.items():
        if data.startswith(beginning):
            return MediaBlock(media_type=media_type, data=data)
    raise Invalid(f"{at} must be a PNG, JPEG, GIF or WebP image.")
