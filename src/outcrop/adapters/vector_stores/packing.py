"""Points and chunks as plain values, and as bytes: what a store keeps that has no columns of its own for it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from outcrop.core.boxes import Boxes
from outcrop.core.chunks import Chunk, Place, Point, Vector
from outcrop.core.filters import Metadata

_FORMAT = 1


def packed(point: Point) -> bytes:
    """Everything of a point but its vector."""
    chunk = point.chunk
    record = [
        _FORMAT,
        [chunk.id, chunk.document_id, point.data_source_id, point.uri, thawed(point.metadata)],
        members_of(chunk),
        None if chunk.boxes is None else chunk.boxes.to_bytes().hex(),
    ]
    # Text from files may hold lone surrogates, which UTF-8 has no room for.
    body = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return zlib.compress(body, 1)


def unpacked(data: bytes, vector: Vector | None) -> Point:
    """The point that `packed` wrote, with its vector. Raises ValueError where it is of another format."""
    record = json.loads(zlib.decompress(data).decode("utf-8", "surrogatepass"))
    if record[0] != _FORMAT:
        raise ValueError(f"a point of the format {record[0]}")
    (chunk_id, document_id, source, uri, metadata), members, boxes = record[1:]
    shown = None if boxes is None else Boxes.from_bytes(bytes.fromhex(boxes))
    chunk = chunk_of(chunk_id, document_id, members, shown)
    return Point(chunk=chunk, vector=vector, uri=uri, data_source_id=source, metadata=frozen(metadata))


def members_of(chunk: Chunk) -> list[Any]:
    """What JSON keeps of a chunk: all but its ids and its boxes."""
    place = chunk.place
    return [
        chunk.text, chunk.context, chunk.ordinal, chunk.start, chunk.end, chunk.tokens, chunk.parent_id,
        chunk.searchable, place.first_page, place.last_page, place.sheet, place.first_row, place.last_row,
        place.rows, place.first_line, place.confidence,
    ]  # fmt: skip


def chunk_of(chunk_id: str, document_id: str, members: Sequence[Any], boxes: Boxes | None) -> Chunk:
    """The chunk with these members, which `members_of` gave."""
    text, context, ordinal, start, end, tokens, parent_id, searchable, *place = members
    return Chunk(
        id=chunk_id,
        document_id=document_id,
        ordinal=ordinal,
        text=text,
        start=start,
        end=end,
        tokens=tokens,
        context=context,
        parent_id=parent_id,
        searchable=searchable,
        place=_place(*place),
        boxes=boxes,
    )


def thawed(metadata: Metadata) -> dict[str, Any]:
    """Metadata as JSON keeps it."""
    return {key: list(value) if isinstance(value, tuple | list) else value for key, value in metadata.items()}


def frozen(metadata: Mapping[str, Any]) -> Metadata:
    """Metadata that JSON kept."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in metadata.items()}


def _place(*members: Any) -> Place:
    first_page, last_page, sheet, first_row, last_row, rows, first_line, confidence = members
    return Place(
        first_page=first_page,
        last_page=last_page,
        sheet=sheet,
        first_row=first_row,
        last_row=last_row,
        rows=tuple((begins, number) for begins, number in rows),
        first_line=first_line,
        confidence=confidence,
    )
