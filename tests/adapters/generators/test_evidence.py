"""What speaks for a sentence, and what speaks against it, as features."""

from __future__ import annotations

import pytest

from outcrop.adapters.generators.asked import asked
from outcrop.adapters.generators.evidence import CANDIDATES, Weighing
from outcrop.adapters.generators.reading import read
from outcrop.testing.fakes import TokenHashEmbedder
from outcrop.testing.passages import passage

PRICES = passage(
    "| Model | Weight | Price |\n| --- | --- | --- |\n| X-100 | 3.2 kg | EUR 480 |\n| X-300 | 5 kg | EUR 910 |"
)


async def features(question, *hits):
    """The features of every sentence, by its words."""
    evidence = await Weighing(asked(question), read(hits)).weigh(TokenHashEmbedder())
    return {one.sentence.reading: one.features for one in evidence}


async def test_a_sentence_has_the_share_of_the_questions_words_that_it_has():
    found = await features("Who approves the leave?", passage("Leave is approved by Anna. The canteen opens at noon."))
    whole, none = found["Leave is approved by Anna."], found["The canteen opens at noon."]
    assert whole["own"] == pytest.approx(1.0)
    assert none["own"] == 0.0


async def test_another_word_for_the_same_counts_nearly_as_much():
    found = await features("What is the price?", passage("The cost is high. The hall is large."))
    assert 0.8 < found["The cost is high."]["own"] < 1.0


async def test_a_code_of_the_same_make_is_a_rival():
    found = await features("What does the X-200 weigh?", PRICES)
    assert all(one["rival"] for reading, one in found.items() if "X-" in reading)
    asked_for = await features("What does the X-300 weigh?", PRICES)
    assert [one["rival"] for reading, one in asked_for.items() if "X-300" in reading] == [0.0]


async def test_a_table_without_a_row_for_a_name_lists_it_not():
    table = passage("| City | Office |\n| --- | --- |\n| Rome | Via Appia 4 |\n| Oslo | Karl gate 2 |")
    found = await features("Where is the office in Madrid?", table)
    assert {one["unlisted"] for one in found.values()} == {1.0}


async def test_a_number_need_not_stand_in_a_table_which_may_give_ranges():
    table = passage("| Weight | Postage |\n| --- | --- |\n| 5 to 10 kg | 12 euros |\n| 10 to 20 kg | 18 euros |")
    found = await features("What is the postage for 7 kg?", table)
    assert {one["unlisted"] for one in found.values()} == {0.0}


async def test_a_number_that_the_document_lacks_is_absent():
    rule = passage("Contracts of 2025 end in March.")
    assert (await features("When do contracts of 2019 end?", rule))["Contracts of 2025 end in March."]["absent"] > 0.5
    assert (await features("When do contracts of 2025 end?", rule))["Contracts of 2025 end in March."]["absent"] == 0.0


async def test_a_sentence_without_the_kind_of_thing_lacks_it():
    found = await features("How many people work here?", passage("People work here. 40 people work here."))
    assert found["People work here."]["without"]
    assert not found["40 people work here."]["without"]


async def test_a_word_beside_another_than_in_the_question_is_told():
    found = await features("What does the blue light mean?", passage("The red light means danger."))
    assert found["The red light means danger."]["other"] == 1.0


async def test_only_so_many_sentences_are_compared():
    long = passage(" ".join(f"Sentence number {number} is about leave." for number in range(100)))
    assert len(await features("What about leave?", long)) == CANDIDATES


async def test_titles_are_no_evidence():
    found = await features("What are leave rules?", passage("Leave rules\n\nEveryone has ten days of leave."))
    assert "Leave rules" not in found
