"""A citation is checked: words or meaning must be there, numbers and names must agree."""

from __future__ import annotations

import pytest

from outcrop.answer.support import SupportFinder
from outcrop.testing.fakes import TokenHashEmbedder
from outcrop.testing.passages import passage

LEAVE = "Staff may work remotely. Full-time employees receive 27 days of paid leave. Requests go to Anna Keller."
HOTELS = "Hotels in Vancouver cost at most 185 EUR a night. Meals are paid up to 40 EUR."


def finder(question="How many days of leave are there?", texts=(LEAVE, HOTELS)):
    return SupportFinder(question, [passage(text) for text in texts], TokenHashEmbedder())


async def found(statement, cited, **more):
    texts = more.get("texts", (LEAVE, HOTELS))
    supports = await finder(**more).find(statement, cited)
    return [(one.passage, texts[one.passage][one.start : one.end]) for one in supports]


async def test_the_sentence_that_supports_is_found():
    assert await found("Full-time employees get 27 days of paid leave.", [0]) == [
        (0, "Full-time employees receive 27 days of paid leave.")
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "Full-time employees receive 28 days of paid leave.",
        "Requests for paid leave go to Bernd Keller.",
        "Dragons receive gold.",
    ],
)
async def test_another_number_name_or_matter_is_no_support(statement):
    assert await found(statement, [0]) == []


async def test_a_wrong_citation_is_moved_to_the_passage_that_supports():
    assert await found("Hotels in Vancouver cost at most 185 EUR.", [0]) == [
        (1, "Hotels in Vancouver cost at most 185 EUR a night.")
    ]


async def test_every_cited_passage_that_supports_is_kept():
    texts = (LEAVE, "Note: employees receive 27 days of paid leave, full-time.")
    assert [
        number for number, _ in await found("Full-time employees receive 27 days of leave.", [1, 0], texts=texts)
    ] == [1, 0]


async def test_two_passages_may_support_only_together():
    texts = ("The pump P-7 runs in hall nine.", "The pump P-7 was built by Falkner.")
    assert len(await found("Falkner built the pump P-7 that runs in hall nine.", [0, 1], texts=texts)) == 2


async def test_number_words_and_figures_agree():
    assert await found("Six unused days may be carried.", [0], texts=("Up to 6 unused days may be carried over.",))


async def test_a_number_of_the_question_may_be_repeated():
    assert await found("In 2026 employees receive 27 days of paid leave.", [0], question="How much leave in 2026?")


async def test_a_citation_of_no_passage_is_ignored():
    assert await found("Employees receive 27 days of paid leave.", [17, -3])


async def test_words_without_matter_have_no_support():
    assert await found("Yes, it is.", [0]) == []
