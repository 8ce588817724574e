"""A point as bytes: what a store keeps that has no columns of its own for it, and what backups are made of."""

from __future__ import annotations

import json
import zlib
from typing import Any

from outcrop.core.boxes import Boxes
from outcrop.core.chunks import Chunk, Place, Point, Vector

_FORMAT = 1


def packed(point: Point) -> bytes:
    """Everything of a point but its vector."""
    chunk, place = point.chunk, point.chunk.place
    metadata = {key: list(value) if isinstance(value, tuple | list) else value for key, value in point.metadata.items()}
    record = [
        _FORMAT,
        [chunk.id, chunk.document_id, point.data_source_id, point.uri, metadata],
        [chunk.text, chunk.context, chunk.ordinal, chunk.start, chunk.end, chunk.tokens],
        [chunk.parent_id, chunk.searchable],
        [place.first_page, place.last_page, place.sheet, place.first_row, place.last_row, place.rows],
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
    (chunk_id, document_id, source, uri, metadata), (text, context, ordinal, start, end, tokens) = record[1:3]
    (parent_id, searchable), place, boxes = record[3:]
    chunk = Chunk(
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
        boxes=None if boxes is None else Boxes.from_bytes(bytes.fromhex(boxes)),
    )
    frozen = {key: tuple(value) if isinstance(value, list) else value for key, value in metadata.items()}
    return Point(chunk=chunk, vector=vector, uri=uri, data_source_id=source, metadata=frozen)


def _place(*members: Any) -> Place:
    first_page, last_page, sheet, first_row, last_row, rows = members
    return Place(
        first_page=first_page,
        last_page=last_page,
        sheet=sheet,
        first_row=first_row,
        last_row=last_row,
        rows=tuple((begins, number) for begins, number in rows),
    )
