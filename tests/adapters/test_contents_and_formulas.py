"""Tables of contents stay out of the search, and formulas and tables stay whole: from files to chunks."""

from __future__ import annotations

import io
from asyncio import to_thread

import docx
import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from outcrop.adapters.chunkers import open_chunker
from outcrop.adapters.parsers.office import OfficeParser
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.pdf import PdfParser
from outcrop.adapters.parsers.tex import TexParser
from outcrop.adapters.parsers.text import TextParser
from outcrop.core.parsed import Blob
from outcrop.core.records import Chunking
from outcrop.testing.fakes import TokenHashEmbedder

ENTRIES = (
    ("1 Introduction", 1),
    ("1.1 Scope of the handbook", 2),
    ("2 Travel", 5),
    ("2.1 Booking a train", 6),
    ("2.2 Limits of a journey", 8),
    ("3 Expenses", 11),
)
PROSE = "This handbook is for everybody who works in the mill. It says what holds on a journey."
OPTIONS = ParseOptions(ocr=False)
STRATEGIES = ("default", "section", "semantic", "hierarchical")


def pdf(leader, title="Contents"):
    """A page of contents and a page of prose."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    canvas.setFont("Helvetica-Bold", 18)
    canvas.drawString(60, 760, title)
    canvas.setFont("Helvetica", 11)
    for index, (entry, number) in enumerate(ENTRIES):
        x, y = 60 + 20 * entry.count("."), 720 - 20 * index
        canvas.drawString(x, y, entry)
        canvas.drawRightString(520, y, str(number))
        if leader:
            begin = x + canvas.stringWidth(f"{entry} ", "Helvetica", 11)
            canvas.drawString(begin, y, leader * int((490 - begin) / canvas.stringWidth(leader, "Helvetica", 11)))
    canvas.showPage()
    canvas.setFont("Helvetica", 11)
    canvas.drawString(60, 760, PROSE)
    canvas.save()
    return PdfParser(OPTIONS).parse(Blob(name="a.pdf", data=out.getvalue()))


def word():
    """A Word file with a list of contents as Word writes it: a tab before the number."""
    document = docx.Document()
    document.add_heading("Contents", 1)
    for entry, number in ENTRIES:
        document.add_paragraph(f"{entry}\t{number}")
    document.add_heading("1 Introduction", 1)
    document.add_paragraph(PROSE)
    out = io.BytesIO()
    document.save(out)
    return OfficeParser(OPTIONS).parse(Blob(name="a.docx", data=out.getvalue()))


def text(content, name="a.md"):
    kind = {"md": "text/markdown", "txt": "text/plain", "mmd": "text/x-mathpix-markdown"}[name.rpartition(".")[2]]
    return TextParser(OPTIONS).parse(Blob(name=name, data=content.encode(), media_type=kind))


def latex(content):
    return TexParser(OPTIONS).parse(Blob(name="a.tex", data=content.encode(), media_type="application/x-tex"))


async def cut(document, strategy="default", **sizes):
    return await open_chunker(Chunking(strategy=strategy, **sizes), TokenHashEmbedder()).chunk("doc", document)


def searched(chunks):
    return " ".join(" ".join(chunk.text for chunk in chunks if chunk.searchable).split())


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("leader", [".", ". ", ""])
async def test_a_contents_page_of_a_pdf_file_is_kept_and_not_searched(leader, strategy):
    document = pdf(leader)
    lines = document.text.split("\n")
    assert [line for line in lines if line.startswith("2.1 Booking a train") and line.endswith("6")]
    found = searched(await cut(document, strategy))
    assert PROSE in found
    assert "Booking a train" not in found


async def test_leaders_to_page_numbers_tell_a_list_of_contents_without_a_title():
    assert "Booking a train" not in searched(await cut(pdf(".", title="The mill")))


async def test_numbers_at_the_end_of_lines_without_leaders_or_a_title_are_searched():
    assert "Booking a train" in searched(await cut(pdf("", title="Parts in stock")))


async def test_contents_of_a_word_file_are_not_searched():
    found = searched(await cut(await to_thread(word)))  # its parser has a loop of its own
    assert PROSE in found
    assert "Booking a train" not in found


@pytest.mark.parametrize(
    "contents",
    [
        "# Contents\n\n" + "\n".join(f"- {entry} ........ {number}" for entry, number in ENTRIES),
        "# Table of Contents\n\n" + "\n".join(f"- [{entry}](#section-{number})" for entry, number in ENTRIES),
        "\n".join(f"{index}. [{entry}](#part)" for index, (entry, _) in enumerate(ENTRIES, 1)),
        "Inhaltsverzeichnis\n\n| Teil | Seite |\n| --- | --- |\n"
        + "\n".join(f"| {entry} | {number} |" for entry, number in ENTRIES).replace("| Teil | Seite |\n", ""),
    ],
)
async def test_contents_in_markdown_are_not_searched(contents):
    contents = contents.replace("| Teil | Seite |\n| --- | --- |\n", "")
    found = searched(await cut(text(f"{contents}\n\n# Introduction\n\n{PROSE}\n")))
    assert PROSE in found
    assert "Booking a train" not in found


@pytest.mark.parametrize(
    "content",
    [
        "Soup ....... 9\nBread ....... 3\nCheese ....... 7\nWine ....... 5\nBooking a train ....... 2",
        "See [Booking a train](#booking) and [limits](#limits) before you leave.",
        "Booking a train 1\nTravel 2",
        "| Part | Number |\n| --- | --- |\n| Booking a train | 1 |\n| Rope | 2 |\n| Hook | 3 |\n| Belt | 4 |",
    ],
)
async def test_lists_that_only_look_like_contents_are_searched(content):
    assert "Booking a train" in searched(await cut(text(f"{content}\n\n{PROSE}\n")))


async def test_a_document_that_is_nothing_but_contents_is_searched():
    content = "\n".join(f"{entry} ........ {number}" for entry, number in ENTRIES)
    assert "Booking a train" in searched(await cut(text(content, "a.txt")))


EQUATION = (
    "\\begin{align}\na &= b + c. \\\\\nD &= e! \\\\\nF &= \\frac{g}{h}? \\\\\nI &= j. \\\\\nK &= l.\n\\end{align}"
)
SENTENCES = "The load of the crane is known before it is lifted. "


def balanced(chunk):
    """Whether every formula that begins in a chunk ends in it."""
    return chunk.count("\\begin{align}") == chunk.count("\\end{align}") and chunk.count("$") % 2 == 0


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("size", [20, 40, 60])
async def test_no_chunk_of_latex_ends_within_a_formula(strategy, size):
    content = f"\\section{{Loads}}\n{SENTENCES * 3}\n{EQUATION}\nWhere $x = 1. Y = 2.$ holds.\n\n{SENTENCES * 3}" * 4
    sizes = {"max_tokens": size, "child_max_tokens": size, "parent_max_tokens": 300}
    chunks = await cut(latex(content), strategy, **sizes)
    assert len(chunks) > 4
    assert [chunk.text for chunk in chunks if not balanced(chunk.text)] == []


async def test_a_formula_of_several_times_the_limit_is_cut_after_all():
    chunks = await cut(latex("\\begin{align}\n" + "a &= b + c \\\\\n" * 500 + "\\end{align}"), max_tokens=50)
    assert max(chunk.tokens for chunk in chunks) <= 200


async def test_a_dollar_that_is_money_is_no_formula():
    prices = "It costs $5. Then it costs $7. " + "Next year it costs $9. " * 20
    chunks = await cut(text(prices), max_tokens=20)
    assert all(chunk.tokens <= 20 for chunk in chunks)


async def test_sections_of_mathpix_markdown_are_headings_and_its_tables_are_tables():
    content = (
        "\\title{Loads}\n\\section*{One}\nBefore.\n\n\\begin{tabular}{|l|r|}\\hline\nPart & Limit \\\\ \\hline\n"
        "Rope & $5 \\%$ \\\\\n\\end{tabular}\n\nAfter 100 % of it.\n\n\\subsection{Two}\n$$\na = b\n$$\n"
    )
    document = text(content, "a.mmd")
    found = [(heading.level, document.text[heading.start : heading.end]) for heading in document.headings]
    assert found == [(1, "Loads"), (2, "One"), (3, "Two")]
    (table,) = document.tables
    assert document.text[table.start : table.end].startswith("| Part | Limit |\n| --- | --- |\n| Rope |")
    assert "After 100 % of it." in document.text
    assert "$$\na = b\n$$" in document.text


async def test_rows_of_a_long_latex_table_carry_its_header():
    rows = "\n".join(f"Rope {index} & {index} mm \\\\" for index in range(60))
    content = f"\\section{{Wear}}\n\\begin{{longtable}}{{lr}}\nPart & Limit \\\\ \\hline\n{rows}\n\\end{{longtable}}"
    chunks = await cut(latex(content), max_tokens=60)
    assert len(chunks) > 3
    assert all(chunk.context.startswith("Wear") and "| Part | Limit |" in chunk.context for chunk in chunks[1:])
    assert all(line.startswith("|") and line.endswith("|") for chunk in chunks[1:] for line in chunk.text.split("\n"))
