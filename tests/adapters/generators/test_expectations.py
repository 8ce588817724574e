"""What a question asks for, and whether a sentence has it."""

from __future__ import annotations

import pytest

from outcrop.adapters.generators.expectations import Expectation, expectation
from outcrop.adapters.generators.kinds import provided
from outcrop.core.terms import content_terms


def kind(question):
    found = expectation(question, content_terms(question))
    return found and found.kind


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many days of leave do I get?", "duration"),
        ("How many lockers are there?", "count"),
        ("How much does the collimator cost?", "money"),
        ("What is the price of a saw?", "money"),
        ("When does the canteen open?", "time"),
        ("Which day is it closed?", "time"),
        ("How often is it calibrated?", "frequency"),
        ("Who approves leave?", "person"),
        ("Where do we gather?", "place"),
        ("Why was it withdrawn?", "cause"),
        ("How heavy is it?", "weight"),
        ("How hot is the sauna?", "temperature"),
        ("What is the phone number of support?", "phone"),
        ("What is the e-mail address for claims?", "mail"),
        ("What colour is the tape?", "colour"),
        ("What share of deliveries came late?", "percent"),
        ("Wie lange ist Mittagsruhe?", "duration"),
        ("Wann ist Nachtruhe?", "time"),
        ("Wer reinigt den Ofen?", "person"),
        ("Wie viele Wohnungen hat das Haus?", "count"),
        ("¿Cuánto cuesta la cuota?", "money"),
        ("¿Dónde ensaya el coro?", "place"),
        ("Combien de temps cuit le pain ?", "duration"),
        ("Qui nettoie le four ?", "person"),
        ("试用期多长时间？", "duration"),
        ("谁批准年假？", "person"),
        ("集合地点在哪里？", "place"),
        ("いつ開きますか。", "time"),
        ("Is skiing covered?", None),
        ("Which header carries the token?", None),
        ("What happens when the limit is exceeded?", None),
    ],
)
def test_the_kind_that_is_asked_for(question, expected):
    assert kind(question) == expected


@pytest.mark.parametrize(
    ("expected", "sentence", "has"),
    [
        ("money", "The saw costs EUR 40.", True),
        ("money", "The licence ends on 30 November.", False),
        ("money", "Item: Saw; price_eur: 40", True),
        ("duration", "It lasts 36 months.", True),
        ("duration", "It has 36 pages.", False),
        ("duration", "Model: BI; Interval (months): 12", True),
        ("time", "It opens at 6:45.", True),
        ("time", "It costs 398.00.", False),
        ("weight", "It weighs 412 g.", True),
        ("weight", "It costs 412 EUR.", False),
        ("temperature", "Not above 60 °C.", True),
        ("percent", "Supplier: X; On-time %: 78.4", True),
        ("phone", "Call extension 4477.", True),
        ("phone", "Call your supervisor.", False),
        ("cause", "It fell because it was heavy.", True),
        ("cause", "It fell in June.", False),
        ("person", "Requests go to Anna Keller.", True),
        ("person", "The request is on the table.", False),
        ("place", "Meet at the river gate.", True),
        ("place", "The sky is blue.", False),
        ("colour", "The canister is red.", True),
        ("count", "九台", True),
    ],
)
def test_whether_a_sentence_has_a_thing_of_a_kind(expected, sentence, has):
    assert (provided(Expectation(expected), sentence, []) >= 0.5) is has


def test_what_the_question_names_itself_is_no_answer():
    sentence = "Version 1 was switched off."
    assert provided(Expectation("number"), sentence, []) == 1.0
    assert provided(Expectation("number"), sentence, [(8, 9)]) == 0.0
