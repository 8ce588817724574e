"""Comma-, semicolon-, tab- and bar-separated values: one Markdown table, each row with its number in the file."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from itertools import chain, islice

from outcrop.adapters.parsers.builder import DocumentBuilder, Origin
from outcrop.adapters.parsers.decode import decode
from outcrop.adapters.parsers.families import with_libraries
from outcrop.adapters.parsers.formats import CSV, TSV
from outcrop.adapters.parsers.options import MIB, ParseOptions
from outcrop.adapters.parsers.tabular import BODY_SAMPLE, Line, has_header
from outcrop.core.parsed import Blob, ParsedDocument

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_ROWS = 50
SAMPLE = 256 * 1024  # characters
LARGEST_CELL = 8 * MIB
DECLARED = re.compile(r'\A"?sep=(.)"?\n', re.IGNORECASE)  # what Excel writes and reads


class DelimitedParser:
    """CSV and its relatives."""

    media_types = frozenset({CSV, TSV})

    def __init__(self, options: ParseOptions) -> None:
        self._options = options
        self.version = with_libraries("delimited/1", "charset-normalizer")

    def parse(self, blob: Blob) -> ParsedDocument:
        """The rows, as they come, so that memory does not grow with their number."""
        decoded = decode(blob.read())
        text = decoded.text
        declared = DECLARED.match(text)
        skipped = 0
        if declared:
            text, skipped = text[declared.end() :], 1
        delimiter = declared[1] if declared else sniff(text, preferred="\t" if blob.media_type == TSV else ",")
        origin = Origin(blob.media_type or CSV, self.version, metadata={"encoding": decoded.encoding})
        origin.warnings.extend(decoded.warnings)
        builder = DocumentBuilder()
        _append(builder, rows(text, delimiter, skipped))
        return builder.build(origin)


def rows(text: str, delimiter: str, skipped: int = 0) -> Iterator[Line]:
    """The rows that are not empty; a number counts records as a spreadsheet shows them, not lines."""
    csv.field_size_limit(LARGEST_CELL)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=delimiter != "\t")
    for number, cells in enumerate(reader, skipped + 1):
        stripped = [cell.strip() for cell in cells]
        if any(stripped):
            yield Line(number, stripped)


def sniff(text: str, preferred: str = ",") -> str:
    """The delimiter that cuts the first rows most evenly into most columns."""
    end = text.rfind("\n", 0, SAMPLE) if len(text) > SAMPLE else len(text)
    sample = text[: end if end > 0 else SAMPLE]
    return max(DELIMITERS, key=lambda delimiter: (_evenness(sample, delimiter), delimiter == preferred))


def _evenness(sample: str, delimiter: str) -> float:
    """How well a delimiter fits: the share of rows with the commonest width, and a little for the width."""
    try:
        widths = Counter(len(line.cells) for line in islice(rows(sample, delimiter), SAMPLE_ROWS))
    except csv.Error:
        return 0.0
    several = Counter({width: count for width, count in widths.items() if width > 1})
    if not several:
        return 0.0
    width, count = max(several.items(), key=lambda item: (item[1], item[0]))
    return count / widths.total() + min(width, 50) / 1000


def _append(builder: DocumentBuilder, lines: Iterator[Line]) -> None:
    sample = list(islice(lines, SAMPLE_ROWS))
    width = Counter(len(line.cells) for line in sample).most_common(1)[0][0] if sample else 0
    while width > 1 and len(sample) > 1 and sample[0].filled == 1 and len(sample[0].cells) < width:
        title = sample.pop(0)
        builder.row(title.number, builder.block(title.cells[0]))
    if not sample:
        return
    named = has_header(sample[0].cells, [line.cells for line in sample[1 : BODY_SAMPLE + 1]])
    header = sample.pop(0) if named else Line(0, [""] * width)
    builder.begin_table(header.cells, max(width, len(header.cells)), number=header.number)
    for line in chain(sample, lines):
        builder.table_row(line.cells, number=line.number)
    builder.end_table()
