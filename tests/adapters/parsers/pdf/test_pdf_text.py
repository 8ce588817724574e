"""PDF files with a text layer: reading order, structure, and what belongs to no page."""

import io
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NullObject
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

from outcrop.adapters.parsers import pdf_blocks
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.pdf import PdfParser
from outcrop.core.errors import Unreadable
from outcrop.core.parsed import Blob
from outcrop.testing.pdfs import unicode_pdf

LEFT_THEN_RIGHT = (
    "The reading room opens .* Maps are brought to the long oak table. *\n\n *Copies are made .* the keeper."
)
BODY = [f"Paragraph {word} tells of the lamp and the oil that it needs." for word in ("one", "two", "three", "four")]


def titles(document):
    return [(document.text[heading.start : heading.end], heading.level) for heading in document.headings]


def page_texts(document):
    return [document.text[page.start : page.end] for page in document.pages]


def test_columns_are_read_one_after_another(maker, read):
    document = read(maker.pdf(maker.two_columns()))
    assert re.search(LEFT_THEN_RIGHT, document.text, re.DOTALL)


def test_lines_of_a_paragraph_become_one(maker, read):
    document = read(maker.pdf(maker.two_columns()))
    assert "closes at six on every day except the first Monday of a month, when the shelves" in document.text


def test_headings_have_levels_by_their_size(maker, read):
    page = maker.all(
        maker.lines(["Keeping of lamps"], y=780, size=22, font="Helvetica-Bold"),
        maker.lines(["Oil"], y=730, size=15, font="Helvetica-Bold"),
        maker.lines(BODY, y=700),
        maker.lines(["Wicks"], y=600, size=15, font="Helvetica-Bold"),
        maker.lines(BODY, y=570),
    )
    assert titles(read(maker.pdf(page))) == [("Keeping of lamps", 1), ("Oil", 2), ("Wicks", 2)]


def test_headers_footers_and_page_numbers_leave_the_text(maker, read):
    pages = [
        maker.all(
            maker.lines(["Handbook of the lamp house"], y=810, size=9),
            maker.lines([f"On day {number} the keeper wrote of storms and of ships that passed."] * 3, y=700),
            maker.lines([f"Page {number} of 4"], y=30, size=9),
        )
        for number in range(1, 5)
    ]
    document = read(maker.pdf(*pages))
    assert "Handbook of the lamp house" not in document.text
    assert not re.search(r"Page \d", document.text)
    assert document.metadata["header"] == "Handbook of the lamp house"


def test_a_number_that_does_not_count_pages_stays(maker, read):
    pages = [maker.all(maker.lines([f"Case {case}"], y=810), maker.lines(BODY, y=700)) for case in (4711, 12, 390, 88)]
    document = read(maker.pdf(*pages))
    assert all(f"Case {case}" in document.text for case in (4711, 12, 390, 88))


def test_a_line_that_repeats_within_the_text_stays(maker, read):
    pages = [maker.lines(["Nothing to report.", *BODY], y=690) for _ in range(4)]
    assert read(maker.pdf(*pages)).text.count("Nothing to report.") == 4


def test_what_repeats_on_two_pages_only_stays_once(maker, read):
    pages = [maker.all(maker.lines(["Letter from Ostmark"], y=810), maker.lines(BODY, y=700)) for _ in range(2)]
    assert read(maker.pdf(*pages)).text.count("Letter from Ostmark") == 1


def test_a_word_broken_at_the_end_of_a_line_is_whole_again(maker, read):
    lines = [
        "The keeper writes down the tempera-",
        "ture of the well-",
        "known lamp and state-of-the-",
        "art oil, 12-",
        "34.",
    ]
    text = read(maker.pdf(maker.lines(lines))).text
    assert text == "The keeper writes down the temperature of the well-known lamp and state-of-the-art oil, 12-34."


def test_a_paragraph_goes_on_over_the_page(maker, read):
    first = maker.lines(
        ["The ship was seen at dawn by the keeper, who", "lit the second lamp and waited for the har-"], y=120
    )
    second = maker.lines(["bour master to answer with his own.", "He never did."], y=780)
    document = read(maker.pdf(first, second))
    assert "waited for the harbour master to answer" in document.text
    assert page_texts(document)[1].startswith("bour master")


def test_pages_cover_the_text_in_order(maker, read):
    document = read(maker.pdf(*(maker.lines([f"Only line of page {number}."]) for number in range(1, 6))))
    assert page_texts(document) == [f"Only line of page {number}." for number in range(1, 6)]
    assert [page.number for page in document.pages] == [1, 2, 3, 4, 5]


def platypus(*flowables):
    out = io.BytesIO()
    SimpleDocTemplate(out).build(list(flowables))
    return out.getvalue()


STYLE = getSampleStyleSheet()["BodyText"]
GRID = [("GRID", (0, 0), (-1, -1), 0.5, (0, 0, 0))]
CELLS = [["Lamp", "Oil (l)", "Lit"], ["North", "4.5", "dusk | fog"], ["South", "12.0", "always"], ["Pier", "0.5", ""]]


def test_a_table_is_markdown_with_its_spans(read):
    document = read(
        platypus(Paragraph("Before the table.", STYLE), Table(CELLS, style=GRID), Paragraph("After.", STYLE))
    )
    (table,) = document.tables
    assert document.text[table.start : table.end].splitlines() == [
        "| Lamp | Oil (l) | Lit |",
        "| --- | --- | --- |",
        "| North | 4.5 | dusk \\| fog |",
        "| South | 12.0 | always |",
        "| Pier | 0.5 | |",
    ]
    assert document.text[table.start : table.header_end] == "| Lamp | Oil (l) | Lit |\n| --- | --- | --- |"
    assert document.text.startswith("Before the table.")
    assert document.text.endswith("After.")


def test_a_table_between_rules_only_is_found(read):
    rules = [("LINEABOVE", (0, 0), (-1, -1), 0.5, (0, 0, 0)), ("LINEBELOW", (0, -1), (-1, -1), 0.5, (0, 0, 0))]
    cells = [["Cost of the trip", "Approved by"], ["Up to 1,500", "Line manager"], ["More", "Finance director"]]
    document = read(platypus(Table(cells, style=rules, colWidths=[250, 150])))
    assert "| More | Finance director |" in document.text


def test_a_cell_of_several_lines_stays_one_cell(read):
    cells = [
        ["Lamp", "Where"],
        ["North", Paragraph("on the rock beyond the pier, where the seals lie", STYLE)],
        ["South", "quay"],
    ]
    style = [*GRID, ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
    document = read(platypus(Table(cells, style=style, colWidths=[80, 120])))
    assert "| North | on the rock beyond the pier, where the seals lie |\n| South | quay |" in document.text


def test_justified_text_is_no_table(read):
    words = ["instrument", "calibration", "laboratory", "humidity", "temperature", "certificate", "promptly"]
    justified = getSampleStyleSheet()["BodyText"].clone("justified", alignment=4, rightIndent=260)
    text = " ".join(words[(index * 5) % len(words)] for index in range(90))
    document = read(platypus(Paragraph(text, justified)))
    assert document.tables == ()
    assert " ".join(document.text.split()) == text


def test_list_items_keep_their_numbers_and_bullets(maker, read):
    lines = ["• Fill the lamp.", "• Trim the wick.", "1. Wake the other keeper.", "2. Write the time down."]
    text = read(maker.pdf(maker.lines(lines))).text
    assert all(item in text for item in ("- Fill the lamp.", "- Trim the wick.", "1. Wake the", "2. Write the"))


def test_values_of_form_fields_are_read(maker, read):
    def paint(canvas):
        canvas.drawString(60, 780, "Name:")
        canvas.acroForm.textfield(name="name", x=120, y=774, value="Mirela Osterhout", width=200, height=20)
        canvas.drawString(60, 740, "Night watch:")
        canvas.acroForm.checkbox(name="night", x=140, y=738, size=12, checked=True)

    text = read(maker.pdf(paint)).text
    assert "Name: Mirela Osterhout" in text
    assert "Night watch: [x]" in text


@pytest.mark.parametrize("font", ["STSong-Light", "HeiseiMin-W3"])
def test_scripts_without_spaces_are_joined_without(maker, read, font):
    pdfmetrics.registerFont(UnicodeCIDFont(font))
    document = read(maker.pdf(maker.lines(["每件仪器在出厂前都要经过三次测量，", "测量结果写入证书。"], font=font)))
    assert document.text == "每件仪器在出厂前都要经过三次测量，测量结果写入证书。"


def test_text_from_right_to_left_is_in_reading_order(read):
    lines = ["מדריך האיכות של החברה", "כל מכשיר נמדד שלוש פעמים."]
    assert read(unicode_pdf(lines)).text == " ".join(lines)


def test_characters_beyond_the_first_plane_are_kept(read):
    assert read(unicode_pdf(["Let 𝑥 be in 𝔸 and 𝑦 too."])).text == "Let 𝑥 be in 𝔸 and 𝑦 too."


def test_the_title_is_that_of_the_file_when_it_says_something(maker, read):
    heading = maker.lines(["Keeping of lamps"], size=22, font="Helvetica-Bold")
    page = maker.all(heading, maker.lines(BODY, y=700))
    assert read(maker.pdf(page, title="Of lamps")).title == "Of lamps"
    assert read(maker.pdf(page, title="Microsoft Word - lamps.doc")).title == "Keeping of lamps"


def test_the_day_of_creation_is_an_iso_date(maker, read):
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", read(maker.pdf(maker.lines(BODY))).metadata["created"])


def refusal(read, data):
    with pytest.raises(Unreadable) as caught:
        read(data)
    return caught.value


def test_a_password_is_a_reason(maker, read):
    error = refusal(read, maker.locked(maker.pdf(maker.lines(BODY)), "lamp", "keeper"))
    assert error.reason == "encrypted"
    assert "password" in error.message


def test_an_owners_password_does_not_matter(maker, read):
    assert BODY[0] in read(maker.locked(maker.pdf(maker.lines(BODY)), "", "keeper")).text


def test_a_file_cut_off_is_corrupt(maker, read):
    data = maker.pdf(maker.lines(BODY))
    assert refusal(read, data[:200]).reason == "corrupt"


def test_what_stands_before_the_header_is_skipped(maker, read):
    junk = b"X-Mail: relay\r\n" * 20_000
    assert BODY[0] in read(junk + maker.pdf(maker.lines(BODY))).text


def test_a_file_without_pages_is_a_reason(read, maker):
    assert refusal(read, maker.written(PdfWriter())).reason in {"empty", "corrupt"}


def test_more_pages_than_are_read_are_told(maker, read, monkeypatch):
    monkeypatch.setattr("outcrop.adapters.parsers.pdf.MOST_PAGES", 2)
    document = read(maker.pdf(*(maker.lines([f"Line {n}."]) for n in range(4))))
    assert len(document.pages) == 2
    assert "4 pages; only the first 2" in document.warnings[0]


def test_an_empty_page_is_counted_as_empty(maker, read):
    document = read(maker.pdf(maker.lines(BODY), lambda canvas: None, maker.lines(BODY[:1])))
    coverage = document.coverage()
    assert (coverage.text_pages, coverage.empty_pages) == (2, 1)
    assert document.warnings == ()


def test_without_ocr_a_scan_has_no_text_and_says_what_to_do(maker, read):
    scan = maker.pdf(maker.scanned(maker.picture(maker.pdf(maker.lines(BODY)), dpi=50), dpi=50))
    error = refusal(read, scan)
    assert error.reason == "no_text"
    assert "OUTCROP_OCR=auto" in error.message


def test_without_ocr_installed_the_command_to_install_it_is_told(maker, monkeypatch):
    monkeypatch.setattr("outcrop.adapters.parsers.ocr.find_spec", lambda name: None)
    scan = maker.pdf(maker.scanned(maker.picture(maker.pdf(maker.lines(BODY)), dpi=50), dpi=50), maker.lines(BODY))
    document = PdfParser(ParseOptions(ocr=True)).parse(Blob(name="mixed.pdf", data=scan))
    assert document.warnings[0].startswith("Page 1 has no text layer")
    assert "pip install 'outcrop[ocr]'" in document.warnings[0]


def test_the_version_tells_whether_ocr_reads():
    assert PdfParser(ParseOptions(ocr=True)).version != PdfParser(ParseOptions(ocr=False)).version


def test_text_without_meaning_is_no_text(read):
    private = "".join(chr(0xE000 + index) for index in range(60))
    assert refusal(read, unicode_pdf([private])).reason == "no_text"


@given(st.lists(st.from_regex(r"[a-z]{2,12}", fullmatch=True), min_size=1, max_size=120))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_word_of_a_column_is_read_in_order(maker, read, words):
    lines = [" ".join(words[start : start + 8]) for start in range(0, len(words), 8)]
    assert read(maker.pdf(maker.lines(lines))).text.split() == words


def test_pages_that_pypdf_wrote_anew_read_the_same(maker, read):
    data = maker.pdf(maker.two_columns())
    writer = PdfWriter()
    for page in PdfReader(io.BytesIO(data)).pages:
        writer.add_page(page)
    assert read(maker.written(writer)).text == read(data).text


def test_without_liteparse_the_text_is_that_of_pdfium(maker, read, monkeypatch):
    data = maker.pdf(maker.two_columns(), maker.lines(BODY))
    words = read(data).text.split()
    monkeypatch.setattr("outcrop.adapters.parsers.pdf.page_outlines", lambda *_, **__: iter(()))
    document = read(data)
    assert document.text.split() == words
    assert [page.number for page in document.pages] == [1, 2]


def test_words_that_liteparse_loses_are_read_by_pdfium(maker, read, monkeypatch):
    data = maker.pdf(maker.two_columns())
    words = read(data).text.split()
    whole = pdf_blocks._words
    monkeypatch.setattr(pdf_blocks, "_words", lambda items: list(whole(items))[::3])
    assert sorted(read(data).text.split()) == sorted(words)


def test_a_damaged_page_is_told_and_the_others_are_read(maker, read):
    first, second = maker.lines(["The first page is whole."]), maker.lines(["The second is not."])
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(maker.pdf(first, second))))
    pages = writer.root_object["/Pages"]["/Kids"]
    pages[1] = NullObject()
    document = read(maker.written(writer))
    assert "The first page is whole." in document.text
    assert document.warnings[0].startswith("Page 2 is damaged")


@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_gives_text_or_a_reason(maker, read, data):
    damaged = bytearray(maker.pdf(maker.two_columns(), maker.lines(BODY)))
    for _ in range(data.draw(st.integers(1, 8))):
        start = data.draw(st.integers(0, len(damaged) - 1))
        damaged[start : start + 20] = data.draw(st.binary(max_size=40))
    try:
        text = read(bytes(damaged)).text
    except Unreadable as error:
        text = error.message
    assert text.strip()
