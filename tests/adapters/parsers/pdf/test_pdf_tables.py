"""Tables of PDF files that go on over pages."""

import io

import pytest
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Table

from outcrop.adapters.chunkers import open_chunker
from outcrop.core.records import Chunking
from outcrop.testing.fakes import TokenHashEmbedder

HEADER = ["Part", "Limit", "Unit"]
ROWS = [[f"Rope {index}", str(index * 3), "mm"] for index in range(60)]
GRID = [("GRID", (0, 0), (-1, -1), 0.5, colors.black)]


def built(*parts):
    out = io.BytesIO()
    SimpleDocTemplate(out, pagesize=A4).build(list(parts))
    return out.getvalue()


def paragraph(text, style="BodyText"):
    return Paragraph(text, getSampleStyleSheet()[style])


@pytest.mark.parametrize("repeated", [0, 1])
async def test_a_table_that_a_page_breaks_is_one_and_every_chunk_has_its_header(read, repeated):
    table = Table([HEADER, *ROWS], repeatRows=repeated)
    table.setStyle(GRID)
    document = read(built(paragraph("Wear of ropes", "Heading1"), table, paragraph("After the table.")))
    assert len(document.pages) == 2
    (found,) = document.tables
    lines = document.text[found.start : found.end].split("\n")
    assert lines[:2] == ["| Part | Limit | Unit |", "| --- | --- | --- |"]
    assert lines[2:] == [f"| {' | '.join(row)} |" for row in ROWS]
    assert document.text[document.pages[1].start :].startswith("| Rope")
    chunks = await open_chunker(Chunking(max_tokens=60), TokenHashEmbedder()).chunk("doc", document)
    inside = [chunk for chunk in chunks if chunk.text.startswith("| Rope")]
    assert len(inside) > 3
    assert all("| Part | Limit | Unit |" in chunk.context and "Wear of ropes" in chunk.context for chunk in inside)


async def test_another_table_at_the_top_of_the_next_page_stays_another(read):
    first, second = Table([HEADER, *ROWS[:5]]), Table([["Port", "Depth", "Unit"], *ROWS[5:10]])
    first.setStyle(GRID)
    second.setStyle(GRID)
    document = read(built(first, PageBreak(), second))
    assert len(document.tables) == 2
