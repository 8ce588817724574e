"""Which sentence leads, whether it is an answer, and what spoke against it."""

from __future__ import annotations

import pytest

from outcrop.adapters.generators import weights
from outcrop.adapters.generators.decision import VETOES, ranked, verdict
from outcrop.adapters.generators.evidence import Evidence
from outcrop.adapters.generators.reading import Sentence

NAMES = {*weights.SENTENCE, *weights.ANSWER, *VETOES, "row", "rank"} - {"score"}
GOOD = {"own": 1.0, "passage": 1.0, "soft": 1.0, "worst": 1.0, "cosine": 0.8, "rank": 1.0, "open": 0.0}


def evidence(start=0, **features):
    sentence = Sentence(passage=0, start=start, end=start + 10, reading=f"Sentence {start}.")
    return Evidence(sentence, {**dict.fromkeys(NAMES, 0.0), **GOOD, **features})


def test_the_sentence_with_more_of_the_question_leads():
    best = ranked([evidence(0, own=0.1, soft=0.1, cosine=0.2), evidence(20)])
    assert [one.evidence.sentence.start for one in best] == [20, 0]


def test_of_equals_the_first_in_the_document_leads():
    assert [one.evidence.sentence.start for one in ranked([evidence(20), evidence(0)])] == [0, 20]


def test_a_good_sentence_is_likely_an_answer_and_a_bad_one_is_not():
    good = verdict(ranked([evidence()])).probability
    bad = verdict(ranked([evidence(own=0.1, soft=0.2, passage=0.2, worst=0.0, cosine=0.1, lacking=1.0)])).probability
    assert bad < weights.THRESHOLD < good


@pytest.mark.parametrize("veto", VETOES)
def test_a_veto_ends_every_chance_and_says_why(veto):
    found = verdict(ranked([evidence(**{veto: 1.0})]))
    assert found.probability <= 0.01
    assert found.against == VETOES[veto]


def test_a_veto_leaves_the_lead_to_another():
    best = ranked([evidence(0, rival=1.0), evidence(20)])
    assert best[0].evidence.sentence.start == 20


def test_a_promise_is_the_score_without_the_veto():
    free, held = ranked([evidence()])[0], ranked([evidence(unlisted=1.0)])[0]
    assert held.score < free.score
    assert held.promise == pytest.approx(free.promise) == pytest.approx(free.score)


def test_what_is_least_like_an_answer_speaks_against():
    poor = evidence(worst=0.0, lacking=1.0)
    assert verdict(ranked([poor])).against in weights.ANSWER
