"""The document builder and the wire."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcrop.adapters.parsers import wire
from outcrop.adapters.parsers.builder import DocumentBuilder, Origin
from outcrop.core.boxes import ROW, Boxes
from outcrop.core.errors import Unreadable

CELLS = st.lists(st.lists(st.text(max_size=12), min_size=1, max_size=5), min_size=1, max_size=6)


def built(builder, **facts):
    return builder.build(Origin("text/plain", "test/1", **facts))


def split_row(line):
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


@given(CELLS)
def test_any_table_comes_back_from_its_markdown(rows):
    builder = DocumentBuilder()
    builder.block("before")
    builder.table(rows)
    builder.block("after")
    document = built(builder)
    [table] = document.tables
    lines = document.text[table.start : table.end].split("\n")
    shown = [split_row(line) for index, line in enumerate(lines) if index != 1]
    width = max(map(len, rows))
    said = [[" ".join(cell.replace("\x00", "").replace("\ud800", "\ufffd").split()) for cell in row] for row in rows]
    assert [[" ".join(cell.split()) for cell in row] for row in shown] == [
        row + [""] * (width - len(row)) for row in said
    ]
    assert document.text[table.start : table.header_end].count("\n") == 1


@given(st.lists(st.tuples(st.sampled_from(["block", "line", "heading", "page"]), st.text(max_size=20)), max_size=12))
def test_every_span_is_true(steps):
    builder, headings, page = DocumentBuilder(), [], 0
    for kind, words in steps:
        if kind == "page":
            page += 1
            builder.begin_page(page)
        elif kind == "heading":
            start, end = builder.heading(words, 2)
            headings.extend([(start, end)] if end > start else [])
        else:
            getattr(builder, kind)(words)
    document = built(builder)
    assert [(heading.start, heading.end) for heading in document.headings] == headings
    assert all(document.text[start:end].strip() for start, end in headings)
    assert [one.number for one in document.pages] == list(range(1, page + 1))
    wire.decode(*_crossing(document))


def test_blocks_are_set_apart_and_lines_are_not():
    builder = DocumentBuilder()
    builder.block("one")
    builder.line("- a")
    builder.line("- b")
    builder.block("two")
    assert built(builder).text == "one\n\n- a\n- b\n\ntwo"


def test_a_page_without_text_is_empty():
    builder = DocumentBuilder()
    builder.begin_page(1)
    builder.block("words")
    builder.end_page("ocr", 0.9)
    builder.begin_page(2)
    builder.end_page("ocr", 0.1)
    assert [page.method for page in built(builder).pages] == ["ocr", "empty"]


def test_an_included_document_keeps_its_places():
    inner = DocumentBuilder()
    inner.heading("Head", 1)
    inner.begin_table(["a", "b"], 2, number=1, sheet="S")
    inner.table_row(["1", "2"], number=2, sheet="S")
    inner.end_table()
    outer = DocumentBuilder()
    outer.block("before")
    outer.include(built(inner))
    document = built(outer)
    [heading], [table] = document.headings, document.tables
    assert document.text[heading.start : heading.end] == "Head"
    assert document.text[table.start : table.end].startswith("| a | b |")
    assert [document.text[row.start : row.end] for row in document.rows] == ["| a | b |", "| 1 | 2 |"]


@pytest.mark.parametrize("title", ["Untitled", "Microsoft Word - x.doc", "PowerPoint Presentation", "  ", "Document1"])
def test_what_programs_fill_in_is_no_title(title):
    assert built(DocumentBuilder(), title=title).title is None


def _crossing(document):
    header, bodies = wire.encode(document)
    return header, memoryview(b"".join(bodies))


def _document():
    builder = DocumentBuilder()
    builder.heading("Head", 1)
    builder.table([["a", "b"], ["1", "2"]])
    return builder.build(Origin("text/plain", "test/1"), Boxes.of([(0, 4, 1, 0.0, 0.0, 1.0, 1.0)]))


def test_a_document_with_boxes_crosses_unchanged():
    assert wire.decode(*_crossing(_document())) == _document()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("headings", [[1, 0, 99]]),
        ("headings", [[1, 3, 2]]),
        ("headings", [[1, 0.5, 2]]),
        ("headings", [[1, 2]]),
        ("headings", None),
        ("tables", [[0, 4, 9]]),
        ("pages", [[1, 0, 1, "magic", None, None, None]]),
        ("pages", [[1, 3, 4, "text", None, None, None], [2, 0, 1, "text", None, None, None]]),
        ("sizes", [1, 2, 3]),
        ("sizes", [-1, 0, 0]),
        ("title", 7),
        ("metadata", {"author": 1}),
        ("metadata", []),
        ("warnings", [1]),
        ("media_type", None),
    ],
)
def test_a_header_that_lies_is_malformed(field, value):
    header, body = _crossing(_document())
    with pytest.raises(wire.Malformed):
        wire.decode({**header, field: value}, body)


def test_boxes_beyond_the_text_are_malformed():
    header, bodies = wire.encode(_document())
    boxes = np.frombuffer(bodies[2], dtype=ROW).copy()
    boxes["end"] = 1000
    with pytest.raises(wire.Malformed):
        wire.decode(header, memoryview(b"".join([*bodies[:2], boxes.tobytes()])))


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5)), st.binary(max_size=30))
def test_any_header_is_a_document_or_malformed(header, body):
    with pytest.raises(wire.Malformed):
        wire.decode(header, memoryview(body))


def test_an_error_crosses_with_its_reason():
    error = wire.decode_error(wire.encode_error(Unreadable("encrypted", "It is locked.")))
    assert (error.reason, error.message) == ("encrypted", "It is locked.")


def test_an_unknown_reason_is_malformed():
    with pytest.raises(wire.Malformed):
        wire.decode_error({"reason": "because", "message": "x"})
