"""What fits a budget is packed, best first; a long passage is cut to its telling part."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from outcrop.answer.pack import pack, part
from outcrop.core.boxes import Boxes
from outcrop.core.chunks import Place
from outcrop.testing.fakes import WordTokenizer
from outcrop.testing.passages import passage

TOKENIZER = WordTokenizer()


def counted(hit):
    return len(TOKENIZER.spans(hit.chunk.text)) + len(TOKENIZER.spans(hit.chunk.context))


def sized(text, **more):
    hit = passage(text, **more)
    object.__setattr__(hit.chunk, "tokens", len(TOKENIZER.spans(text)))
    return hit


def test_hits_are_taken_best_first_until_the_budget_is_spent():
    hits = [sized("word " * 50), sized("thing " * 60), sized("last " * 50)]
    assert pack("q", hits, 110, TOKENIZER) == hits[:2]


def test_a_long_passage_is_cut_around_what_was_asked():
    text = "Nothing is here. " * 100 + "The sauna opens at nine. " + "Nothing is there. " * 100
    (hit,) = pack("When does the sauna open?", [sized(text)], 60, TOKENIZER)
    assert "The sauna opens at nine." in hit.chunk.text
    assert text[hit.chunk.start - 100 : hit.chunk.end - 100] == hit.chunk.text


@given(st.lists(st.integers(1, 120), max_size=6), st.integers(1, 300))
def test_the_budget_is_never_exceeded(lengths, budget):
    hits = [sized("Some words are here. " * length, context="A > B") for length in lengths]
    assert sum(counted(hit) for hit in pack("words", hits, budget, TOKENIZER)) <= budget


def test_a_part_keeps_its_place():
    boxes = Boxes.of([(0, 4, 1, 0, 0, 1, 1), (5, 9, 2, 0, 0, 1, 1)])
    chunk = passage("AAAA BBBB", place=Place(sheet="S", rows=((0, 7), (5, 8))), boxes=boxes).chunk
    cut = part(chunk, 5, 9, 1)
    assert (cut.start, cut.end, cut.place.row_at(0)) == (105, 109, 8)
    assert cut.boxes is not None
    assert [region.page for region in cut.boxes.regions(0, 4)] == [2]
