"""Tokens, windows and lanes: nothing lost, nothing mixed, nothing left behind."""

from __future__ import annotations

import asyncio
from threading import Event

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from outcrop.adapters.embedders.estimate import EstimatedTokens
from outcrop.adapters.embedders.lanes import Lanes
from outcrop.adapters.embedders.tokens import ModelTokens, pieces, windows
from outcrop.adapters.embedders.weights import find_weights
from outcrop.adapters.embedders.windows import encodable, pooled, text_windows
from outcrop.core.errors import ModelFailed
from outcrop.testing.fakes import WordTokenizer

TEXT = st.text(st.one_of(st.characters(), st.sampled_from(" \n\tab.9ü漢")), max_size=200)


@pytest.fixture(scope="module")
def bundled():
    return ModelTokens.of_file(find_weights().vocabulary_file)


@given(text=TEXT)
def test_spans_and_ids_count_the_same_tokens(bundled, text):
    (ids,) = bundled.ids([text])
    assert len(bundled.spans(text)) == len(ids)


def test_a_text_of_many_pieces_has_the_tokens_of_the_whole(bundled):
    text = "The harbour silted up, and trade moved south; vingt-cinq élèves. " * 4000
    whole = Tokenizer.from_file(str(find_weights().vocabulary_file))
    whole.no_truncation()
    whole.no_padding()
    encoded = whole.encode(text, add_special_tokens=False)
    assert len(list(pieces(text))) > 1
    np.testing.assert_array_equal(bundled.spans(text), encoded.offsets)
    np.testing.assert_array_equal(bundled.ids([text])[0], encoded.ids)


@given(text=TEXT)
def test_pieces_put_together_are_the_text(text):
    text = encodable(text) * 3
    found = list(pieces(text, 50))
    assert "".join(piece for _, piece in found) == text
    assert [start for start, _ in found] == list(np.cumsum([0, *(len(piece) for _, piece in found[:-1])]))
    assert all(len(piece) <= 50 for _, piece in found)


@given(count=st.integers(0, 3000), limit=st.integers(1, 600))
def test_windows_keep_every_token_in_order_and_differ_by_at_most_one(count, limit):
    ids = np.arange(count, dtype=np.int32)
    cut = windows(ids, limit)
    np.testing.assert_array_equal(np.concatenate(cut), ids)
    sizes = [len(window) for window in cut]
    assert max(sizes) <= limit
    assert max(sizes) - min(sizes) <= 1
    assert len(cut) == max(1, -(-count // limit))


@given(texts=st.lists(TEXT, max_size=5), limit=st.integers(1, 20))
def test_text_windows_hold_every_token_of_every_text(texts, limit):
    tokenizer = WordTokenizer()
    found = list(text_windows(texts, tokenizer, limit))
    for number, text in enumerate(texts):
        mine = [window.piece for window in found if window.text == number]
        assert mine
        words = [encodable(text)[start:end] for start, end in tokenizer.spans(text)]
        assert [piece[a:b] for piece in mine for a, b in tokenizer.spans(piece)] == words


def test_the_mean_is_weighted_and_of_unit_length():
    vectors = np.array([[1, 0], [0, 1], [0, -1]], dtype=np.float32)
    found = pooled(2, [1, 1, 0], [3, 4, 9], vectors)
    np.testing.assert_allclose(found, [[0, -1], [0.6, 0.8]], atol=1e-6)


@pytest.mark.parametrize("bad", [0.0, np.nan, np.inf])
def test_a_vector_without_a_direction_is_refused(bad):
    with pytest.raises(ModelFailed):
        pooled(1, [0], [1], np.array([[bad, bad]], dtype=np.float32))


def test_an_estimate_counts_words_marks_and_scripts_on_the_high_side():
    counted = {text: len(EstimatedTokens().spans(text)) for text in ("limits", "a, b", "договор", "漢字", "", "  ")}
    assert counted == {"limits": 2, "a, b": 3, "договор": 4, "漢字": 2, "": 0, "  ": 0}


@given(text=TEXT)
def test_an_estimate_covers_every_character_but_white_space(text):
    covered = {place for start, end in EstimatedTokens().spans(text) for place in range(start, end)}
    assert covered == {place for place, character in enumerate(text) if not character.isspace()}


@pytest.fixture
def lanes():
    lanes = Lanes(2)
    yield lanes
    lanes.close()


async def test_results_come_in_the_order_of_the_items(lanes):
    assert await lanes.spread("document", lambda n: n * n, range(50)) == [n * n for n in range(50)]
    assert await lanes.spread("document", lambda n: n, []) == []


async def test_the_first_error_comes_through_as_it_is(lanes):
    def step(n):
        if n == 7:
            raise ModelFailed("seven")
        return n

    with pytest.raises(ModelFailed, match="seven"):
        await lanes.spread("document", step, range(50))


async def test_a_call_that_is_cancelled_leaves_no_work_behind(lanes):
    started, go, done = Event(), Event(), []

    def step(n):
        started.set()
        go.wait(10)
        done.append(n)

    call = asyncio.create_task(lanes.spread("document", step, range(1000)))
    await asyncio.to_thread(started.wait, 10)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    go.set()
    await lanes.spread("document", lambda n: n, range(10))  # runs behind whatever was left
    assert len(done) <= 4


async def test_queries_run_while_every_thread_for_documents_is_busy(lanes):
    go = Event()
    busy = asyncio.create_task(lanes.spread("document", lambda _: go.wait(10), range(20)))
    assert await lanes.run("query", lambda n: n + 1, 1) == 2
    assert not busy.done()
    go.set()
    await busy


async def test_calls_for_documents_take_turns(lanes):
    order = []
    first = lanes.spread("document", lambda n: order.append(("first", n)), range(200))
    second = lanes.spread("document", lambda n: order.append(("second", n)), range(10))
    await asyncio.gather(first, second)
    assert order.index(("second", 9)) < order.index(("first", 199))
