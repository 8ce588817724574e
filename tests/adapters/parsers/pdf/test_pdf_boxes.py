"""Where words stand on PDF pages: as displayed, however the page is turned or cropped."""

import re

import numpy as np
import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CROP = (30, 300, 560, 790)
MARKUP = re.compile(r"[\s|\\-]*")


def overlap(first, second):
    """Intersection over union of two boxes."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(width, 0) * max(height, 0)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return shared / (areas - shared)


def places(document):
    """Each boxed piece of text with its page and box."""
    for row in document.boxes.rows:
        box = tuple(float(row[side]) for side in ("left", "top", "right", "bottom"))
        yield document.text[row["start"] : row["end"]], int(row["page"]), box


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, CROP])
def test_boxes_are_where_pdfium_finds_the_words(maker, read, found_on_page, turn, crop):
    data = maker.changed(maker.pdf(maker.two_columns()), turn=turn, crop=crop)
    checked = 0
    for word, page, box in places(read(data)):
        found = found_on_page(data, page, word)
        if len(found) == 1:
            assert overlap(box, found[0]) > 0.9, word
            checked += 1
    assert checked > 40


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_the_text_is_the_same_however_the_page_is_turned(maker, read, turn):
    data = maker.pdf(maker.two_columns())
    assert read(maker.changed(data, turn=turn)).text == read(data).text


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_ink_lies_in_the_regions_of_a_sentence_and_only_its_own(maker, read, turn):
    data = maker.changed(maker.pdf(maker.two_columns()), turn=turn)
    document = read(data)
    start = document.text.index("Visitors sign the book")
    end = document.text.index("below.") + len("below.")
    pdf = pypdfium2.PdfDocument(data)
    ink = pdf[0].render(scale=4, grayscale=True).to_numpy() < 128
    inside = np.zeros_like(ink)
    for region in document.boxes.regions(start, end):
        inside[int(region.top * 4) : int(region.bottom * 4) + 1, int(region.left * 4) : int(region.right * 4) + 1] = (
            True
        )
    pdf.close()
    rest = maker.lines(["Visitors sign the book beside the door and", "leave their coats with the porter below."])
    alone = pypdfium2.PdfDocument(maker.pdf(rest))
    expected = (alone[0].render(scale=4, grayscale=True).to_numpy() < 128).sum()
    alone.close()
    assert abs((ink & inside).sum() - expected) < 0.03 * expected


def test_what_is_cropped_away_is_not_read(maker, read):
    page = maker.all(maker.lines(["Seen by everybody."], y=600), maker.lines(["Cut off and hidden."], y=100))
    assert read(maker.changed(maker.pdf(page), crop=CROP)).text == "Seen by everybody."


def test_text_drawn_upwards_is_read_upright(maker, read, found_on_page):
    def paint(canvas):
        canvas.rotate(90)
        maker.lines(["The plan of the upper floor is", "drawn along the page."], x=100, y=-100)(canvas)

    data = maker.pdf(paint)
    document = read(data)
    assert document.text == "The plan of the upper floor is drawn along the page."
    for word, page, box in places(document):
        assert max(overlap(box, found) for found in found_on_page(data, page, word)) > 0.9


def test_every_word_has_a_box(maker, read):
    document = read(maker.pdf(maker.two_columns(), maker.lines(["Lamp   Oil", "• wick", "North 4.5"])))
    uncovered, position = [], 0
    for row in document.boxes.rows:
        uncovered.append(document.text[position : row["start"]])
        position = row["end"]
    assert MARKUP.fullmatch("".join(uncovered) + document.text[position:])


def test_boxes_stand_on_their_pages_in_order(maker, read):
    document = read(maker.pdf(maker.two_columns(), maker.two_columns()))
    rows = document.boxes.rows
    assert (np.diff(rows["start"]) > 0).all()
    assert (rows["end"][:-1] <= rows["start"][1:]).all()
    for page in document.pages:
        own = rows[rows["page"] == page.number]
        assert own["start"].min() >= page.start
        assert own["end"].max() <= page.end
        assert own["right"].max() <= page.width
        assert own["bottom"].max() <= page.height


def test_a_phrase_without_spaces_has_its_own_region(maker, read):
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    line = "每件仪器在出厂前都要经过三次测量，测量结果写入证书。"
    document = read(maker.pdf(maker.lines([line], font="STSong-Light", size=10)))
    start = document.text.index("测量结果")
    (region,) = document.boxes.regions(start, len(document.text))
    assert region.left == pytest.approx(60 + 10 * line.index("测量结果"), abs=2)
    assert region.right == pytest.approx(60 + 10 * len(line), abs=2)


@given(st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_span_has_regions_on_the_page(maker, read, data):
    document = read(maker.pdf(maker.two_columns()))
    start = data.draw(st.integers(0, len(document.text) - 2))
    end = data.draw(st.integers(start + 1, len(document.text)))
    regions = document.boxes.regions(start, end)
    assert bool(regions) == bool(document.text[start:end].strip())
    assert all(region.left < region.right and region.top < region.bottom for region in regions)
