"""Passages are read as people read them."""

from __future__ import annotations

from outcrop.adapters.generators.reading import read
from outcrop.testing.passages import passage


def sentences(text, context=""):
    return read([passage(text, context=context)])


def test_a_row_is_read_with_the_names_of_its_columns():
    header, row, other = sentences("| Item | Price |\n| --- | --- |\n| Saw | 40 |\n| Rake | 25 |")
    assert header.title
    assert (row.reading, other.reading) == ("Item: Saw; Price: 40", "Item: Rake; Price: 25")
    assert row.header == (header.start, header.end)


def test_a_row_in_the_middle_of_a_table_is_read_with_the_header_of_its_context():
    (row,) = sentences("| Saw | 40 |", context="Prices > Tools\n| Item | Price |")
    assert row.reading == "Item: Saw; Price: 40"
    assert row.heading == "Prices > Tools"
    assert row.header is None


def test_what_follows_a_heading_stands_under_it():
    title, sentence = sentences("## Hotels\n\nThe limit is 150 EUR.", context="Travel")
    assert title.title
    assert sentence.heading == "Travel Hotels"


def test_numbered_and_bare_headings_of_plain_documents_are_headings():
    found = sentences("5. Hotels\n\nThe limit is 150 EUR a night in any city.\n\nMeals\n\nLunch is paid up to 20 EUR.")
    assert [one.title for one in found] == [True, False, True, False]
    assert [one.heading for one in found][1::2] == ["5. Hotels", "Meals"]


def test_a_numbered_list_is_no_row_of_headings():
    found = sentences("1. Switch the pump off\n2. Open the valve\n3. Wait")
    assert [one.item for one in found] == [True, True, True]
    assert not any(one.title for one in found)


def test_items_lean_on_the_sentence_that_introduces_them():
    _, first, second = sentences("The following are paid:\n- Taxi\n- Train")
    assert (first.lead, second.lead) == ("The following are paid:", "The following are paid:")
    assert second.whole == "The following are paid: Train"


def test_a_pronoun_leans_on_the_sentence_before():
    _, second = sentences("The sauna is closed. It opens again in May.")
    assert second.leans
    assert second.whole == "The sauna is closed. It opens again in May."


def test_a_question_in_a_document_is_no_answer_but_leads_to_one():
    question, answer = sentences("How long is the warranty? Two years.")
    assert question.title
    assert answer.lead == question.reading


def test_a_torn_ruling_line_says_nothing():
    rule, row = sentences("| --- | --- |\n| Saw | 40 |")
    assert rule.title
    assert row.reading == "Saw; 40"


def test_readings_stand_where_they_say():
    text = "Intro line here.\n\n- First\n  goes on\n- Second"
    hit = passage(text)
    assert [hit.chunk.text[one.start : one.end] for one in read([hit])] == [
        "Intro line here.",
        "- First\n  goes on",
        "- Second",
    ]
