"""Words, lines, columns and blocks on a page, by geometry alone."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from outcrop.adapters.parsers.page_layout import arranged, reading_order
from outcrop.adapters.parsers.page_words import Word, lines_of, pieces, segments, text_of

TEXT = ["the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog", "and", "runs", "home"]


def line(text, x, y, height=10.0):
    """Words of a line, six points a character."""
    words, left = [], x
    for word in text.split():
        words.append(Word(word, left, y, left + 6 * len(word), y + height))
        left += 6 * (len(word) + 1)
    return words


def column(lines, x, y=100.0, pitch=14.0):
    return [word for index, text in enumerate(lines) for word in line(text, x, y + index * pitch)]


def prose(words, tag):
    return [f"{tag}{index} {' '.join(TEXT[index % 5 : index % 5 + words])}" for index in range(8)]


def texts(lines):
    return [text_of(words) for words in lines]


def test_words_of_one_height_are_a_line_from_left_to_right():
    words = line("one two three", 50, 100)
    assert texts(lines_of(words[::-1])) == ["one two three"]


def test_a_raised_word_stays_on_its_line():
    words = [*line("see note", 50, 100), Word("1", 99, 97, 103, 103)]
    assert texts(lines_of(words)) == ["see note 1"]


def test_a_line_from_right_to_left_keeps_the_order_of_its_words():
    words = [Word("מדריך", 100, 10, 140, 20), Word("האיכות", 50, 10, 95, 20)]
    assert texts(lines_of(words)) == ["מדריך האיכות"]


def test_a_wide_space_cuts_a_line():
    words = [*line("left part", 50, 100), *line("right part", 300, 100)]
    assert texts(segments(lines_of(words)[0], 1.6)) == ["left part", "right part"]


def test_two_columns_are_read_one_after_another():
    left, right = prose(6, "a"), prose(6, "b")
    assert texts(reading_order([*column(left, 50), *column(right, 320)])) == [*left, *right]


def test_columns_need_no_common_baselines():
    left, right = prose(6, "a"), prose(6, "b")
    assert texts(reading_order([*column(left, 50), *column(right, 320, y=106.0)])) == [*left, *right]


def test_three_columns_are_read_one_after_another():
    columns = [prose(4, tag) for tag in "abc"]
    words = [word for index, lines in enumerate(columns) for word in column(lines, 50 + 210 * index)]
    assert texts(reading_order(words)) == [text for lines in columns for text in lines]


def test_a_title_over_both_columns_parts_what_is_above_from_below():
    upper, lower = (prose(6, "a"), prose(6, "b")), (prose(6, "c"), prose(6, "d"))
    title = "a title that runs over both of the columns of this page and no other"
    words = [
        *column(upper[0], 50),
        *column(upper[1], 320),
        *line(title, 50, 230),
        *column(lower[0], 50, 260),
        *column(lower[1], 320, 260),
    ]
    assert texts(reading_order(words)) == [*upper[0], *upper[1], title, *lower[0], *lower[1]]


def test_labels_and_their_values_stay_on_one_line():
    rows = ["Name", "Street", "Town", "Country", "Phone", "Fax"]
    words = [*column(rows, 50), *column([f"value {row}" for row in rows], 300)]
    assert texts(reading_order(words)) == [f"{row} value {row}" for row in rows]


def test_a_numbered_title_before_text_is_a_heading():
    words = [
        *line("2. Reason", 50, 100),
        *column(["Periodic checks are made after twelve months", "of service."], 50, 114),
    ]
    blocks = arranged(words)
    assert [(block.kind, block.level) for block in blocks] == [("heading", 2), ("paragraph", 0)]


def test_numbered_lines_under_each_other_are_a_list():
    blocks = arranged(column(["1. Fill the lamp", "2. Trim the wick", "3. Write the time"], 50))
    assert [block.kind for block in blocks] == ["item", "item", "item"]


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 700), st.integers(4, 30)), max_size=60))
def test_every_word_is_in_one_block(places):
    words = [Word(f"w{index}", x, y, x + 20, y + height) for index, (x, y, height) in enumerate(places)]
    found = [word for block in arranged(words) for word in block.words()]
    assert sorted(found) == sorted(words)


@given(st.text(alphabet="温度变化，。！abc", min_size=1, max_size=40))
def test_pieces_of_a_word_hold_all_of_it(text):
    cut = pieces(Word(text, 0, 0, 100, 10))
    assert "".join(piece.text for piece in cut) == text
    assert all(first.right == second.left for first, second in pairwise(cut))
    assert abs(cut[-1].right - 100) < 1e-6
