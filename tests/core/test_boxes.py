"""Where text stands on a page."""

from __future__ import annotations

from outcrop.core.boxes import Boxes, Region, joined

# "The pump\nneeds oil" on page 1, then "Next" on page 2.
BOXES = Boxes.of(
    [
        (0, 3, 1, 10, 10, 30, 20),
        (4, 8, 1, 35, 11, 60, 20),
        (9, 14, 1, 10, 25, 40, 35),
        (15, 18, 1, 45, 25, 60, 35),
        (19, 23, 2, 10, 10, 30, 20),
    ]
)


def test_a_span_on_one_line_is_one_region():
    assert BOXES.regions(0, 8) == (Region(page=1, left=10, top=10, right=60, bottom=20),)


def test_a_span_over_lines_and_pages_has_a_region_for_each():
    assert [region.page for region in BOXES.regions(4, 23)] == [1, 1, 2]


def test_a_span_that_begins_in_a_word_covers_the_word():
    assert BOXES.regions(2, 3) == (Region(page=1, left=10, top=10, right=30, bottom=20),)


def test_a_span_between_words_has_no_region():
    assert BOXES.regions(3, 4) == ()


def test_boxes_within_count_from_the_start_of_the_span():
    assert [(int(row["start"]), int(row["end"])) for row in BOXES.within(4, 14).rows] == [(0, 4), (5, 10)]


def test_boxes_survive_their_bytes():
    assert Boxes.from_bytes(BOXES.to_bytes()) == BOXES


def test_joined_boxes_are_moved_on_by_their_texts():
    both = joined([(BOXES, 0), (BOXES, 100)])
    assert len(both) == 10
    assert both.within(100, 200) == BOXES


def test_nothing_joined_is_an_empty_table():
    assert len(joined([])) == 0
