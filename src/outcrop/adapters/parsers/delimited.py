"""Comma-, semicolon-, tab- and bar-separated values: one Markdown table, each row with its number in the file."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from io import StringIO
from itertools import chain, islice

from outcrop.adapters.parsers.builder import DocumentBuilder, Origin
from outcrop.adapters.parsers.decode import Decoded, clean
from outcrop.adapters.parsers.families import with_libraries
from outcrop.adapters.parsers.formats import CSV, TSV
from outcrop.adapters.parsers.options import MIB, ParseOptions
from outcrop.adapters.parsers.parts import Restart, joined
from outcrop.adapters.parsers.tabular import BODY_SAMPLE, Line, has_header
from outcrop.adapters.parsers.text_streams import TextStream
from outcrop.core.parsed import Blob, ParsedDocument

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_ROWS = 50
SAMPLE = 256 * 1024  # characters
LARGEST_CELL = MIB  # characters; a longer one is the rest of a file after a quote that is none
PART = 4 * MIB  # characters of the text that is held at a time
QUOTES = "A quote is never closed; the rows were read without regard to quotes. Close it, or leave it out."
DECLARED = re.compile(r'\A"?sep=(.)"?\n', re.IGNORECASE)  # what Excel writes and reads


class DelimitedParser:
    """CSV and its relatives."""

    media_types = frozenset({CSV, TSV})

    def __init__(self, options: ParseOptions) -> None:
        self._options = options
        self.version = with_libraries("delimited/2", "charset-normalizer")

    def parse(self, blob: Blob) -> ParsedDocument:
        """The rows as one table."""
        return joined(list(self.parts(blob)))

    def parts(self, blob: Blob) -> Iterator[ParsedDocument]:
        """The rows as they come, in parts that go on where the last one ended: memory does not grow with their number.

        Yields a Restart, after any part, where the file is to be read anew because its quotes are none.
        """
        stream = TextStream.of(blob)
        origin = Origin(blob.media_type or CSV, self.version, metadata={"encoding": stream.encoding})
        origin.warnings.extend(Decoded("", stream.encoding, stream.lossy).warnings)
        dialect = _dialect(stream, preferred="\t" if blob.media_type == TSV else ",")
        try:
            yield from _parts(_rows_of(stream, dialect), origin)
        except csv.Error:
            origin.warnings.append(QUOTES)
            yield Restart(text="", media_type=origin.media_type, parser=self.version)
            yield from _parts(_rows_of(stream, replace(dialect, quoted=False)), origin)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How rows are written: what parts their cells, whether quotes hold cells together, the lines to leave out."""

    delimiter: str = ","
    quoted: bool = True
    skipped: int = 0


def _dialect(stream: TextStream, preferred: str) -> Dialect:
    sample = clean("".join(_taken(stream.lines(), SAMPLE)))
    declared = DECLARED.match(sample)
    if declared:
        return Dialect(declared[1], skipped=1)
    return Dialect(sniff(sample, preferred))


def _taken(lines: Iterator[str], size: int) -> Iterator[str]:
    """Lines up to about so many characters."""
    for line in lines:
        yield line[:size]
        size -= len(line)
        if size <= 0:
            return


def rows(lines: Iterable[str], dialect: Dialect) -> Iterator[Line]:
    """The rows that are not empty; a number counts records as a spreadsheet shows them, not lines.

    Raises csv.Error where a quote that is never closed makes one cell of too much.
    """
    csv.field_size_limit(LARGEST_CELL)
    reader = csv.reader(
        (line.replace("\x00", "") for line in lines),
        delimiter=dialect.delimiter,
        skipinitialspace=dialect.delimiter != "\t",
        quoting=csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE,
    )
    for number, cells in enumerate(reader, dialect.skipped + 1):
        stripped = [cell.strip() for cell in cells]
        if any(stripped):
            yield Line(number, stripped)


def _rows_of(stream: TextStream, dialect: Dialect) -> Iterator[Line]:
    return rows(islice(stream.lines(), dialect.skipped, None), dialect)


def sniff(text: str, preferred: str = ",") -> str:
    """The delimiter that cuts the first rows most evenly into most columns."""
    end = text.rfind("\n", 0, SAMPLE) if len(text) > SAMPLE else len(text)
    sample = text[: end if end > 0 else SAMPLE]
    return max(DELIMITERS, key=lambda delimiter: (_evenness(sample, delimiter), delimiter == preferred))


def _evenness(sample: str, delimiter: str) -> float:
    """How well a delimiter fits: the share of rows with the commonest width, and a little for the width."""
    try:
        widths = Counter(
            len(line.cells) for line in islice(rows(StringIO(sample, newline=""), Dialect(delimiter)), SAMPLE_ROWS)
        )
    except csv.Error:
        return 0.0
    several = Counter({width: count for width, count in widths.items() if width > 1})
    if not several:
        return 0.0
    width, count = max(several.items(), key=lambda item: (item[1], item[0]))
    return count / widths.total() + min(width, 50) / 1000


def _parts(lines: Iterator[Line], origin: Origin) -> Iterator[ParsedDocument]:
    sample = list(islice(lines, SAMPLE_ROWS))
    builder = DocumentBuilder()
    width = Counter(len(line.cells) for line in sample).most_common(1)[0][0] if sample else 0
    while width > 1 and len(sample) > 1 and sample[0].filled == 1 and len(sample[0].cells) < width:
        title = sample.pop(0)
        builder.row(title.number, builder.block(title.cells[0]))
    if sample:
        named = has_header(sample[0].cells, [line.cells for line in sample[1 : BODY_SAMPLE + 1]])
        header = sample.pop(0) if named else Line(0, [""] * width)
        width = max(width, len(header.cells))
        builder.begin_table(header.cells, width, number=header.number)
        for line in chain(sample, lines):
            if builder.position > PART:
                builder.end_table()
                yield builder.build(origin)
                builder = DocumentBuilder()
                builder.go_on_with_table(width)
            builder.table_row(line.cells, number=line.number)
        builder.end_table()
    yield builder.build(origin)
