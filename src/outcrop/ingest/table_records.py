"""Tables whose rows are documents of their own: one column is the text, others are metadata of each row.

A metadata file asks for it by documentStructureConfiguration, as Bedrock has it for CSV files
(https://docs.aws.amazon.com/bedrock/latest/userguide/kb-metadata.html).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from outcrop.core.chunks import Chunk, Place
from outcrop.core.errors import Unreadable
from outcrop.core.filters import Metadata, Value
from outcrop.core.ids import derived_id
from outcrop.core.parsed import ParsedDocument, RecordStructure, Row
from outcrop.core.protocols import Tokenizer
from outcrop.core.sidecars import checked_metadata

TABLES = frozenset({"text/csv", "text/tab-separated-values"})
BAR = re.compile(r"(?<!\\)\|")
NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d+)?")
NAMED = 20  # columns that a complaint lists


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell's words at the characters [start, end) of the document."""

    text: str
    start: int
    end: int


def record_chunks(
    document_id: str, document: ParsedDocument, structure: RecordStructure, tokenizer: Tokenizer
) -> tuple[Sequence[Chunk], Mapping[str, Metadata]]:
    """A chunk for each row that has text, and the metadata of each by its id.

    Raises:
        Unreadable: The document is no table, or lacks a column that is named.
    """
    if document.media_type not in TABLES:
        raise Unreadable("unsupported", "Its metadata file describes the structure of a CSV file, which it is not.")
    header, rows = _table(document)
    content, columns = _columns(header, structure)
    kinds = {at: _kind([cells[at].text for _, cells in rows if at < len(cells)]) for at in columns}
    chunks: list[Chunk] = []
    metadata: dict[str, Metadata] = {}
    made: Counter[str] = Counter()
    for row, cells in rows:
        if content >= len(cells) or not cells[content].text:
            continue
        values = {header[at]: kinds[at](cells[at].text) for at in columns if at < len(cells) and cells[at].text}
        key = derived_id(document_id, cells[content].text, json.dumps(values, sort_keys=True))
        made[key] += 1
        chunk = _chunk((document_id, derived_id(key, str(made[key]))), len(chunks), row, cells[content], tokenizer)
        chunks.append(chunk)
        metadata[chunk.id] = values
    return chunks, metadata


def _chunk(ids: tuple[str, str], ordinal: int, row: Row, cell: _Cell, tokenizer: Tokenizer) -> Chunk:
    place = Place(sheet=row.sheet, first_row=row.number, last_row=row.number)
    return Chunk(
        id=ids[1],
        document_id=ids[0],
        ordinal=ordinal,
        text=cell.text,
        start=cell.start,
        end=cell.end,
        tokens=len(tokenizer.spans(cell.text)),
        place=place,
    )


def _table(document: ParsedDocument) -> tuple[list[str], list[tuple[Row, list[_Cell]]]]:
    """The names of the columns, and the rows below them."""
    if not document.tables:
        raise Unreadable("no_text", "It has no rows.")
    table = document.tables[0]
    rows = [(row, list(_cells(document.text, row))) for row in document.rows if row.start >= table.header_end]
    line = document.text[table.start : table.header_end].partition("\n")[0]
    header = [_shown(part) for part in BAR.split(line)[1:-1]]
    if not any(header) and rows:  # the reader took the names for values
        header, rows = [cell.text for cell in rows[0][1]], rows[1:]
    return header, rows


def _cells(text: str, row: Row) -> Iterator[_Cell]:
    bars = [row.start + found.start() for found in BAR.finditer(text[row.start : row.end])]
    for before, after in pairwise(bars):
        inner = text[before + 1 : after]
        start = before + 1 + len(inner) - len(inner.lstrip())
        yield _Cell(_shown(inner), start, start + len(inner.strip()))


def _shown(cell: str) -> str:
    return cell.strip().replace("\\|", "|")


def _columns(header: Sequence[str], structure: RecordStructure) -> tuple[int, list[int]]:
    """The column of the text, and those of the metadata."""
    named = [structure.content, *(structure.include or ()), *structure.exclude]
    if missing := next((name for name in named if name not in header), None):
        there = ", ".join(header[:NAMED])
        raise Unreadable("corrupt", f"Its metadata file names the column {missing!r}, which it has not: {there}.")
    wanted = [name for name in header if name and (structure.include is None or name in structure.include)]
    kept = [header.index(name) for name in dict.fromkeys(wanted) if name not in (structure.content, *structure.exclude)]
    try:
        checked_metadata({header[at]: "" for at in kept})
    except ValueError as error:
        raise Unreadable("corrupt", f"Its columns cannot be metadata: {error}.") from error
    return header.index(structure.content), kept


def _kind(values: Sequence[str]) -> Callable[[str], Value]:
    """How the values of a column are read: as numbers or truth where all that are there are such."""
    present = [value for value in values if value]
    if present and all(NUMBER.fullmatch(value) for value in present):
        return _number
    return _truth if present and all(value.lower() in ("true", "false") for value in present) else str


def _number(value: str) -> Value:
    return float(value) if "." in value else int(value)


def _truth(value: str) -> Value:
    return value.lower() == "true"
