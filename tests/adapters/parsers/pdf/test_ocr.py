"""Pages that are pictures, read by the real engine."""

import numpy as np
import pytest
from reportlab.pdfbase import pdfmetrics

from outcrop.adapters.parsers import progress

NOTE = ["The crane in hall seven was examined", "on the second of June. No defect was", "found that stops the work."]
SENTENCE = "The crane in hall seven was examined on the second of June. No defect was found that stops the work."
SIZE = (300, 160)


def note(maker):
    return maker.pdf(maker.lines(NOTE, x=20, y=120, size=13), size=SIZE)


def drawn_words(size=13, x=20.0, y=120.0):
    """Where the words of the note were drawn: text, and box from the top left."""
    for row, line in enumerate(NOTE):
        left = x
        for word in line.split():
            width = pdfmetrics.stringWidth(word, "Helvetica", size)
            baseline = SIZE[1] - (y - row * size * 1.3)
            yield word, (left, baseline - 0.72 * size, left + width, baseline)
            left += width + pdfmetrics.stringWidth(" ", "Helvetica", size)


def share_inside(box, region):
    """How much of a box lies in a region."""
    width = min(box[2], region[2]) - max(box[0], region[0])
    height = min(box[3], region[3]) - max(box[1], region[1])
    return max(width, 0) * max(height, 0) / ((box[2] - box[0]) * (box[3] - box[1]))


def turned(box, turn):
    """A box of the note after its page is turned clockwise."""
    left, top, right, bottom = box
    width, height = SIZE
    return {
        0: box,
        90: (height - bottom, left, height - top, right),
        180: (width - right, height - bottom, width - left, height - top),
        270: (top, width - right, bottom, width - left),
    }[turn]


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_scan_is_read_however_it_lies_and_its_words_are_where_they_stand(maker, read_by_ocr, turn):
    picture = maker.picture(note(maker)).rotate(-turn, expand=True)
    document = read_by_ocr(maker.pdf(maker.scanned(picture)))
    assert document.text == SENTENCE
    rows = document.boxes.rows
    boxes = [tuple(float(row[side]) for side in ("left", "top", "right", "bottom")) for row in rows]
    for (word, drawn), row, box in zip(drawn_words(), rows, boxes, strict=True):
        assert document.text[row["start"] : row["end"]] == word
        assert share_inside(turned(drawn, turn), box) > 0.8, word


def test_a_scan_is_told_as_such_with_its_confidence(maker, read_by_ocr):
    document = read_by_ocr(maker.pdf(maker.scanned(maker.picture(note(maker)))))
    (page,) = document.pages
    assert page.method == "ocr"
    assert page.confidence > 0.9
    assert document.coverage().ocr_pages == 1
    assert (page.width, page.height) == pytest.approx(SIZE, abs=1)


def test_a_skewed_scan_of_columns_is_straightened_for_reading(maker, read_by_ocr):
    picture = maker.picture(maker.pdf(maker.two_columns()), skew=1.5)
    text = " ".join(read_by_ocr(maker.pdf(maker.scanned(picture))).text.split())
    assert "Rules of the reading room" in text
    assert text.index("long oak table") < text.index("Copies are made")
    assert "Visitors sign the book beside the door and leave their coats" in text


def test_pages_are_read_each_in_its_own_way(maker, read_by_ocr):
    typed = maker.lines(["This page was typed."])
    document = read_by_ocr(maker.pdf(typed, maker.scanned(maker.picture(note(maker))), typed))
    assert [page.method for page in document.pages] == ["text", "ocr", "text"]
    assert document.text == f"This page was typed.\n\n{SENTENCE}\n\nThis page was typed."


def test_the_text_that_a_scanner_put_under_its_picture_is_kept(maker, read_by_ocr):
    def hidden(canvas):
        text = canvas.beginText(20, 120)
        text.setTextRenderMode(3)
        text.setFont("Helvetica", 13)
        text.textLines("\n".join([*NOTE, "Read by the scanner, of which nobody knows whether it was right. " * 3]))
        canvas.drawText(text)

    scan = maker.scanned(maker.picture(note(maker)))
    document = read_by_ocr(maker.pdf(maker.all(scan, hidden), size=(900, 160)))
    assert document.pages[0].method == "text"
    assert "Read by the scanner" in document.text


def test_a_stamp_on_a_picture_does_not_hide_its_text(maker, read_by_ocr):
    scan = maker.all(maker.scanned(maker.picture(note(maker))), maker.lines(["COPY"], x=20, y=20))
    document = read_by_ocr(maker.pdf(scan))
    assert document.pages[0].method == "ocr"
    assert SENTENCE in document.text


def test_a_table_on_a_scan_keeps_its_rows(maker, read_by_ocr):
    rows = [("Part", "Limit"), ("Rope", "7.5 %"), ("Wires", "10"), ("Hook", "5.0 %"), ("Brake", "2.5 mm")]
    columns = [maker.lines([row[side] for row in rows], x=x, y=140, size=13) for side, x in ((0, 20), (1, 200))]
    picture = maker.picture(maker.pdf(maker.all(*columns), size=SIZE))
    assert "| Rope | 7.5 % |\n| Wires | 10 |" in read_by_ocr(maker.pdf(maker.scanned(picture))).text


def test_a_page_without_any_text_is_empty_and_no_fault(maker, read_by_ocr):
    def shape(canvas):
        canvas.rect(100, 100, 200, 200, fill=1)

    document = read_by_ocr(maker.pdf(maker.lines(NOTE), shape))
    assert [page.method for page in document.pages] == ["text", "empty"]
    assert document.warnings == ()


def test_each_page_of_a_scan_is_told_to_whoever_waits(maker, read_by_ocr, monkeypatch):
    told = []
    monkeypatch.setattr(progress, "_listeners", [lambda: told.append(1)])
    picture = maker.scanned(maker.picture(note(maker)))
    read_by_ocr(maker.pdf(picture, picture))
    assert len(told) >= 2


def test_boxes_of_a_scan_never_leave_the_page(maker, read_by_ocr):
    document = read_by_ocr(maker.pdf(maker.scanned(maker.picture(note(maker), skew=3))))
    rows, (page,) = document.boxes.rows, document.pages
    assert (rows["left"] >= 0).all()
    assert (rows["right"] <= np.float32(page.width)).all()
    assert (rows["bottom"] <= np.float32(page.height)).all()
