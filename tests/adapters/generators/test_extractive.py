"""The extractive answerer quotes what answers, and refuses what only comes near."""

from __future__ import annotations

import pytest

from outcrop.adapters.embedders.local import LocalEmbedder
from outcrop.adapters.embedders.weights import find_weights
from outcrop.adapters.generators import weights
from outcrop.adapters.generators.extractive import ExtractiveGenerator, open_generator
from outcrop.core.answers import Prompt
from outcrop.core.errors import Invalid
from outcrop.core.settings import Settings
from outcrop.testing.adapters import GivenAdapters
from outcrop.testing.passages import passage

PASSAGES = (
    passage(
        "Full-time employees receive 27 days of paid leave a year. Leave is requested from the team lead.",
        context="Handbook > Leave",
        name="leave.md",
    ),
    passage(
        "| Model | Weight | Price |\n| --- | --- | --- |\n| X-100 | 3.2 kg | EUR 480 |\n| X-300 | 5.1 kg | EUR 910 |",
        context="Catalogue > Pumps",
        name="catalogue.md",
    ),
    passage(
        "The following costs are refunded:\n- Taxi rides after 22:00\n- Train tickets in second class\n\n"
        "Hotels are booked by the travel desk. They may cost up to 150 EUR a night.",
        context="Handbook > Travel",
        name="travel.md",
    ),
    passage("公司的年假为十天。年假由部门经理批准。", name="nianjia.md"),
)


@pytest.fixture
async def answerer(model_folder):
    embedder = LocalEmbedder(find_weights(), "fp32", model_folder, 2)
    yield ExtractiveGenerator(embedder, weights.THRESHOLD)
    await embedder.close()


async def deltas(answerer, question, passages=PASSAGES):
    return [delta async for delta in answerer.generate(Prompt(question=question, passages=passages))]


async def text(answerer, question, passages=PASSAGES):
    return "".join(delta.text for delta in await deltas(answerer, question, passages))


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("How many days of paid leave do full-time employees receive?", "27 days"),
        ("What is the weight of the X-300?", "Weight: 5.1 kg"),
        ("What does the X-100 cost?", "EUR 480"),
        ("How much may a hotel cost per night?", "150 EUR"),
        ("年假由谁批准？", "部门经理"),
    ],
)
async def test_the_sentence_that_answers_is_quoted(answerer, question, words):
    assert words in await text(answerer, question)


@pytest.mark.parametrize(
    "question",
    [
        "What does the X-200 cost?",
        "Who wrote the opera Tosca?",
        "What colour is the X-100?",
        "How many days of paternity leave are there?",
        "Why are hotels booked by the travel desk?",
        "公司的总经理是谁？",
    ],
)
async def test_what_only_comes_near_is_refused(answerer, question):
    assert await text(answerer, question) == ""


async def test_a_row_is_quoted_with_its_header(answerer):
    answer = await deltas(answerer, "What is the weight of the X-300?")
    quotes = [PASSAGES[quote.passage].chunk.text[quote.start : quote.end] for delta in answer for quote in delta.quotes]
    assert quotes[:2] == ["| X-300 | 5.1 kg | EUR 910 |", "| Model | Weight | Price |\n| --- | --- | --- |"]


async def test_an_introduction_brings_its_items(answerer):
    answer = await text(answerer, "Which costs are refunded?")
    assert "Taxi rides after 22:00" in answer
    assert "Train tickets in second class" in answer


async def test_a_pronoun_brings_the_sentence_it_leans_on(answerer):
    answer = await text(answerer, "How much may a hotel cost per night?")
    assert answer.index("Hotels are booked") < answer.index("They may cost")


async def test_the_same_sentence_twice_is_said_once(answerer):
    answer = await text(
        answerer, "How many days of paid leave do full-time employees receive?", (PASSAGES[0], PASSAGES[0])
    )
    assert answer.count("27 days") == 1


async def test_the_decision_is_explained(answerer):
    details = (await deltas(answerer, "What does the X-200 cost?"))[-1].details
    assert details["evidence"] < details["threshold"]
    assert "another code" in details["against"]
    assert "feature.cosine" in details


async def test_no_passages_are_a_refusal(answerer):
    assert await text(answerer, "Anything?", (passage(""),)) == ""


async def test_the_threshold_is_a_setting(model_folder):
    embedder = LocalEmbedder(find_weights(), "fp32", model_folder, 2)
    adapters = GivenAdapters({}, given_embedder=embedder)
    strict = open_generator("extractive:sentences", Settings(answer_threshold=1.0), adapters)
    lax = open_generator("extractive:sentences", Settings(answer_threshold=0.0), adapters)
    question = "How many days of paid leave do full-time employees receive?"
    assert await text(strict, question) == ""
    assert "27" in await text(lax, question)
    await embedder.close()


def test_there_is_one_extractive_answerer():
    with pytest.raises(Invalid, match="extractive:sentences"):
        open_generator("extractive:magic", Settings(), GivenAdapters({}))
