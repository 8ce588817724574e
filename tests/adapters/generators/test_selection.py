"""Which sentences are said, and in which order."""

from __future__ import annotations

from outcrop.adapters.generators.decision import Ranked
from outcrop.adapters.generators.evidence import Evidence
from outcrop.adapters.generators.reading import read
from outcrop.adapters.generators.selection import MOST, select, spoken
from outcrop.testing.passages import passage

FREE = {"without": 0.0, "rival": 0.0, "unlisted": 0.0}


def said(hits, scores, **vetoes):
    """What is said where these sentences, by their beginning, have these scores."""
    sentences = read(hits)
    best = [
        Ranked(Evidence(sentence, {**FREE, **vetoes.get(start, {})}), score)
        for start, score in scores.items()
        for sentence in sentences
        if sentence.reading.startswith(start)
    ]
    return spoken(select(best, sentences))


def test_the_best_and_those_nearly_as_good_are_said_in_the_documents_order():
    hit = passage("Alpha rules apply today. Beta costs money. Gamma is far away.")
    assert said([hit], {"Beta": 5.0, "Alpha": 4.5, "Gamma": -9.0}) == ["Alpha rules apply today.", " Beta costs money."]


def test_one_of_another_passage_must_be_nearer():
    one, other = passage("Alpha rules apply."), passage("Beta costs money.", name="b.md")
    assert said([one, other], {"Alpha": 5.0, "Beta": 3.5}) == ["Alpha rules apply."]
    assert said([one, other], {"Alpha": 5.0, "Beta": 4.5}) == ["Alpha rules apply.", "\n\nBeta costs money."]


def test_what_stands_beside_the_answer_may_lack_the_kind_of_thing_itself():
    hit = passage("Alpha costs ten euros. Beta is included in this.")
    vetoed = {"Beta": {"without": 1.0}}
    assert len(said([hit], {"Alpha": 5.0, "Beta": 0.5}, **vetoed)) == 2
    assert len(said([hit], {"Alpha": 5.0, "Beta": 0.5})) == 1


def test_at_most_so_many_are_said():
    hit = passage(" ".join(f"{name} stands here alone." for name in ("Ada", "Bob", "Cy", "Dora", "Eve", "Fay")))
    assert len(said([hit], dict.fromkeys(("Ada", "Bob", "Cy", "Dora", "Eve", "Fay"), 5.0))) == MOST


def test_an_introduction_brings_its_items_line_by_line():
    hit = passage("These are refunded:\n- Taxi rides\n- Train tickets\n\nNothing else is.")
    assert said([hit], {"These": 5.0}) == ["These are refunded:", "\n- Taxi rides", "\n- Train tickets"]


def test_a_pronoun_brings_the_sentence_before():
    hit = passage("Hotels are booked by the desk. They may cost 150 euros.")
    assert said([hit], {"They": 5.0}) == ["Hotels are booked by the desk.", " They may cost 150 euros."]
