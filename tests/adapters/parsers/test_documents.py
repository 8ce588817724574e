"""Office files, slides, mail, books, notebooks, LaTeX, structured data and Markdown: what is special to each."""

from __future__ import annotations

import base64
import io
import json
from email.message import EmailMessage
from pathlib import Path

import docx
import pptx
import pytest
from docx.enum.text import WD_BREAK
from pptx.util import Inches

from outcrop.adapters.parsers import formats
from outcrop.adapters.parsers.families import FAMILIES, parser_for
from outcrop.adapters.parsers.office import cell_marks, table_rows
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.core.errors import Unreadable
from outcrop.core.parsed import Blob

FIXTURES = Path(__file__).parents[2] / "fixtures"


def parsed(data, media_type, name="a"):
    parser = parser_for(media_type, FAMILIES, ParseOptions())
    return parser.parse(Blob(name=name, data=data if isinstance(data, bytes) else data.encode(), media_type=media_type))


def saved(document):
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def headings(document):
    return [(heading.level, document.text[heading.start : heading.end]) for heading in document.headings]


def test_a_word_file_has_headings_lists_tables_and_pages():
    document = docx.Document()
    document.core_properties.title, document.core_properties.author = "Travel", "Ada"
    document.add_heading("Scope", 1)
    document.add_paragraph("All staff & <others>, 5 * 3, snake_case.")
    document.add_heading("Limits", 2)
    document.add_paragraph("first", style="List Bullet")
    document.add_paragraph("one", style="List Number")
    document.add_paragraph("two", style="List Number")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ["City", "Low | high", "Berlin", "150\nnet"], strict=True):
        cell.text = text
    document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
    document.add_heading("Second page", 1)
    document.sections[0].header.paragraphs[0].text = "In confidence"
    read = parsed(saved(document), formats.DOCX)
    assert read.text == (
        "In confidence\n\nScope\n\nAll staff & <others>, 5 * 3, snake_case.\n\nLimits\n\n- first\n1. one\n2. two\n\n"
        "| City | Low \\| high |\n| --- | --- |\n| Berlin | 150 net |\n\nSecond page"
    )
    assert headings(read) == [(1, "Scope"), (2, "Limits"), (1, "Second page")]
    assert [read.text[page.start : page.end].split("\n")[0] for page in read.pages] == ["Scope", "Second page"]
    assert (read.title, read.metadata["author"]) == ("Travel", "Ada")


def test_pages_that_the_file_does_not_know_are_not_made_up():
    document = docx.Document()
    document.add_paragraph("words " * 3000)
    document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
    document.add_paragraph("end")
    assert parsed(saved(document), formats.DOCX).pages == ()


def test_bold_lines_are_headings_where_there_are_no_others():
    document = docx.Document()
    document.add_paragraph().add_run("The rules").bold = True
    document.add_paragraph("Some text.")
    assert headings(parsed(saved(document), formats.DOCX)) == [(2, "The rules")]


def test_an_old_word_file_has_headings_and_its_table():
    read = parsed((FIXTURES / "scripts.doc").read_bytes(), formats.DOC)
    assert headings(read) == [(1, "Scripts")]
    assert (
        "| cell 0 | cell 1 |\n| --- | --- |\n| cell 2 | cell 3 |\n| cell 4 | cell 5 |\n\nAfter the table." in read.text
    )


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("a\tb\t\tc\td\t\tAfter.", [[["a", "b"], ["c", "d"]], "After."]),
        ("a\tb\t\tc\t\t\tAfter.", [[["a", "b"], ["c", ""]], "After."]),
        ("wide\t\tx\ty", [[["wide"], ["x", "y"]]]),
    ],
)
def test_cell_marks_of_old_word_files_are_tables(text, blocks):
    assert cell_marks(text) == blocks


def test_a_cell_over_several_rows_is_repeated():
    cells = [
        {"content": "a", "row": 0, "col": 0, "row_span": 2, "col_span": 1},
        {"content": "b", "row": 0, "col": 1, "row_span": 1, "col_span": 1},
        {"content": "c", "row": 1, "col": 1, "row_span": 1, "col_span": 1},
    ]
    assert table_rows({"cells": cells}) == [["a", "b"], ["a", "c"]]


def test_slides_are_pages_with_titles_tables_and_their_own_notes():
    deck = pptx.Presentation()
    for title in ("One", "Two", "Three"):
        deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = title
    deck.slides[1].notes_slide.notes_text_frame.text = "Say this aloud"
    table = deck.slides[2].shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for index, cell in enumerate(table.iter_cells()):
        cell.text = f"c{index}"
    deck.slides.add_slide(deck.slide_layouts[6])
    read = parsed(saved(deck), formats.PPTX)
    pages = [read.text[page.start : page.end].strip() for page in read.pages]
    assert pages == ["One", "Two\n\nSay this aloud", "Three\n\n| c0 | c1 |\n| --- | --- |\n| c2 | c3 |", ""]
    assert [page.method for page in read.pages] == ["text", "text", "text", "empty"]
    assert headings(read) == [(1, "One"), (1, "Two"), (1, "Three")]


def test_mail_shows_its_fields_its_best_text_and_its_attachments():
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Grüße", "Ada <a@example.com>", "b@example.com"
    message.set_content("plain form")
    message.add_alternative("<p>The <b>rich</b> form</p><table><tr><td>a<td>b<tr><td>1<td>2</table>", subtype="html")
    message.add_attachment(b"item,price\ntea,2\n", maintype="text", subtype="csv", filename="prices.csv")
    inner = EmailMessage()
    inner["Subject"] = "Inner"
    inner.set_content("the inner words")
    message.add_attachment(inner)
    message.add_attachment(b"\x00\x01", maintype="application", subtype="octet-stream", filename="broken.docx")
    read = parsed(message.as_bytes(), formats.EML)
    assert read.text.startswith("From: Ada <a@example.com>\nTo: b@example.com\nSubject: Grüße\n\nThe rich form")
    assert "plain form" not in read.text
    assert "the inner words" in read.text
    assert headings(read) == [(1, "prices.csv"), (1, "Inner")]
    assert [read.text[row.start : row.end] for row in read.rows] == ["| item | price |", "| tea | 2 |"]
    assert any("broken.docx" in warning for warning in read.warnings)
    assert read.title == "Grüße"


def test_mails_within_mails_end_somewhere():
    message = EmailMessage()
    message["Subject"] = "innermost"
    message.set_content("x")
    for depth in range(12):
        outer = EmailMessage()
        outer["Subject"] = f"level {depth}"
        outer.set_content(f"words {depth}")
        outer.add_attachment(message)
        message = outer
    read = parsed(message.as_bytes(), formats.EML)
    assert "words 11" in read.text
    assert read.warnings


def test_a_web_archive_is_read_as_its_page():
    html = base64.b64encode("<html><title>T</title><h1>Größe</h1></html>".encode()).decode()
    archive = (
        "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n--x\n"
        "Content-Type: text/html; charset=utf-8\n"
        f"Content-Transfer-Encoding: base64\n\n{html}\n--x--\n"
    )
    read = parsed(archive, formats.MHTML)
    assert (read.text, read.title) == ("Größe", "T")


def test_a_notebook_has_headings_code_and_what_it_printed():
    outputs = [
        {"output_type": "stream", "text": ["42\n"]},
        {"output_type": "display_data", "data": {"image/png": "iVBORw0="}},
        {"output_type": "error", "ename": "ValueError", "evalue": "bad", "traceback": []},
    ]
    cells = [
        {"cell_type": "markdown", "source": ["# Head\n", "\n", "Text.\n", "\n", "| a |b|\n", "|---|---|\n", "|1|2|"]},
        {"cell_type": "code", "source": "print(42)", "outputs": outputs},
    ]
    read = parsed(json.dumps({"nbformat": 4, "cells": cells, "metadata": {}}), formats.NOTEBOOK)
    assert read.text.endswith("print(42)\n\n42\n\nValueError: bad")
    assert headings(read) == [(1, "Head")]
    assert len(read.tables) == 1


def test_latex_keeps_formulas_and_loses_commands():
    read = parsed(
        r"""\documentclass{article}\title{On \emph{Rocks}}\author{A \and B}
        \begin{document}\maketitle\section{First}\label{a} % note
        Rocks are \textbf{hard}~\cite{x}: $E = mc^2$, 50\%.
        \begin{itemize}\item one \item two\end{itemize}
        \begin{equation} a_{1} = \frac{b}{c} \end{equation}
        \begin{tabular}{l|r}\hline Name & Value \\ \hline a \& b & 1 \\ \end{tabular}
        \subsection*{Second}Words.\end{document}""",
        formats.TEX,
    )
    assert (read.title, read.metadata["author"]) == ("On Rocks", "A, B")
    assert headings(read) == [(1, "First"), (2, "Second")]
    assert "Rocks are hard [x]: $E = mc^2$, 50%." in read.text
    assert "- one\n- two" in read.text
    assert r"\begin{equation} a_{1} = \frac{b}{c} \end{equation}" in read.text
    assert "| Name | Value |\n| --- | --- |\n| a & b | 1 |" in read.text


def test_json_keys_give_values_their_context():
    value = {
        "server": {"host": "x", "ports": [80, 443], "on": True, "none": None},
        "users": [{"n": "Ada"}, {"n": "Bob"}],
    }
    read = parsed(json.dumps(value), formats.JSON)
    assert read.text == (
        "server > host: x\nserver > ports: 80, 443\nserver > on: true\n\nusers\n\n| n |\n| --- |\n| Ada |\n| Bob |"
    )


def test_json_lines_of_one_shape_are_a_table():
    assert (
        parsed('{"a": 1, "b": 2.0}\n{"a": 3}\n', formats.JSONL).text == "| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | |"
    )


def test_json_that_is_not_well_formed_is_read_as_it_stands():
    read = parsed('{"a": 1,', formats.JSON)
    assert read.text == '{"a": 1,'
    assert read.warnings


def test_xml_names_its_elements():
    read = parsed(
        '<list xmlns="urn:x"><title>Parts</title><device name="GS"><size unit="kB">22</size></device>'
        "<row><a>1</a><b>2</b></row><p>Running <b>bold</b> text.</p></list>",
        formats.XML,
    )
    assert read.title == "Parts"
    assert "list > device GS > size: 22 (unit kB)" in read.text
    assert "Running bold text." in read.text


def test_records_of_xml_are_a_table():
    read = parsed('<items><item id="1"><n>a</n></item><item id="2"><n>b</n></item></items>', formats.XML)
    assert "| id | n |\n| --- | --- |\n| 1 | a |\n| 2 | b |" in read.text


def test_xml_with_entities_of_its_own_is_refused():
    with pytest.raises(Unreadable, match="entities"):
        parsed('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>', formats.XML)


def test_xml_that_is_not_well_formed_gives_its_text():
    read = parsed("<a>words<b></a>", formats.XML)
    assert read.text.strip() == "words"
    assert read.warnings


def test_markdown_is_unchanged_and_its_headings_and_tables_found():
    text = (
        "---\ntitle: The title\nauthor: Ada\n---\n\n# One #\n\n```\n# code\n```\n\nTwo\n---\n\n- item\n---\n\n"
        "| a | b |\n|---|:-:|\n| 1 | 2 |\n\n#hash\n\n###### Six\n"
    )
    read = parsed(text, formats.MARKDOWN)
    assert read.text == text
    assert headings(read) == [(1, "One"), (2, "Two"), (6, "Six")]
    [table] = read.tables
    assert read.text[table.start : table.end] == "| a | b |\n|---|:-:|\n| 1 | 2 |"
    assert read.text[table.start : table.header_end] == "| a | b |\n|---|:-:|"
    assert (read.title, read.metadata["author"]) == ("The title", "Ada")


def test_restructured_text_has_headings_by_their_underlines():
    text = "=====\nTitle\n=====\n\nPart\n----\n\nwords\n\nSub\n~~~\n"
    assert headings(parsed(text, "text/x-rst")) == [(1, "Title"), (2, "Part"), (3, "Sub")]
