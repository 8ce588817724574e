"""Jupyter notebooks: Markdown cells with their headings, code, and the text that the code printed.

Source: nbformat 4 (and the worksheets of nbformat 3).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from outcrop.adapters.parsers.builder import DocumentBuilder, Origin
from outcrop.adapters.parsers.decode import decode
from outcrop.adapters.parsers.families import with_libraries
from outcrop.adapters.parsers.formats import NOTEBOOK
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.text import markdown_headings, markdown_tables
from outcrop.core.errors import Unreadable
from outcrop.core.parsed import Blob, ParsedDocument

MOST_OUTPUT = 10_000  # characters of one cell's output that are kept


class NotebookParser:
    """Jupyter notebooks."""

    media_types = frozenset({NOTEBOOK})

    def __init__(self, options: ParseOptions) -> None:
        self._options = options
        self.version = with_libraries("notebook/1", "charset-normalizer")

    def parse(self, blob: Blob) -> ParsedDocument:
        """The cells in order."""
        origin = Origin(NOTEBOOK, self.version)
        builder = DocumentBuilder()
        for cell in _cells(decode(blob.read()).text, origin):
            _append_cell(builder, cell)
        origin.title = origin.title or builder.first_title()
        return builder.build(origin)


def _cells(text: str, origin: Origin) -> list[Mapping[str, Any]]:
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable("corrupt", f"The notebook is not valid JSON ({error}). Save it anew.") from error
    if not isinstance(notebook, dict):
        raise Unreadable("corrupt", "The notebook has no cells. Save it anew.")
    about = notebook.get("metadata")
    if isinstance(about, dict):
        origin.title = about["title"] if isinstance(about.get("title"), str) else None
        kernel = about.get("kernelspec")
        if isinstance(kernel, dict) and isinstance(kernel.get("language"), str):
            origin.metadata["programming_language"] = kernel["language"]
    cells = notebook.get("cells")
    if cells is None:
        cells = [cell for sheet in notebook.get("worksheets") or () for cell in sheet.get("cells") or ()]
    return [cell for cell in cells if isinstance(cell, dict)] if isinstance(cells, list) else []


def _append_cell(builder: DocumentBuilder, cell: Mapping[str, Any]) -> None:
    source = _joined(cell.get("source", cell.get("input")))
    kind = cell.get("cell_type")
    if kind == "heading":
        level = cell.get("level")
        builder.heading(source, level if isinstance(level, int) else 1)
    elif kind == "markdown":
        append_markdown(builder, source)
    else:
        builder.block(source)
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else ():
        if isinstance(output, dict):
            builder.block(_output(output)[:MOST_OUTPUT])


def append_markdown(builder: DocumentBuilder, text: str) -> None:
    """Append Markdown as it is, with its headings and tables."""
    start, end = builder.block(text)
    if end == start:
        return
    shown = text.strip("\n")
    for level, first, last in sorted(markdown_headings(shown), key=lambda found: found[1]):
        builder.mark_heading(level, (start + first, start + last))
    for first, header_end, last in markdown_tables(shown):
        builder.mark_table((start + first, start + last), start + header_end)


def _output(output: Mapping[str, Any]) -> str:
    """The text of an output; pictures and programs have none."""
    if output.get("output_type") == "error":
        return f"{output.get('ename', '')}: {output.get('evalue', '')}"
    data = output.get("data")
    return _joined(output.get("text") or (data.get("text/plain") if isinstance(data, dict) else None))


def _joined(lines: Any) -> str:
    return "".join(map(str, lines)) if isinstance(lines, list) else str(lines or "")
