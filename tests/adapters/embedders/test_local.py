"""The bundled model: its numbers, its windows, its turns, and what happens without its files."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from outcrop.adapters.embedders.local import LocalEmbedder, Window, batched, chosen_precision, open_embedder
from outcrop.adapters.embedders.weights import find_weights
from outcrop.core.errors import Invalid
from outcrop.core.settings import Settings

TEXTS = [
    "Employees may book business class on flights longer than six hours.",
    "Der Antrag ist spätestens zwei Wochen vor Reisebeginn zu stellen.",
    "def area(radius): return 3.14159 * radius ** 2",
    "Median survival was 14.2 months (95 % CI 11.8 to 17.0) against 9.7 months with placebo.",
    "the",
    "The pump must be switched off before the cover is removed. " * 9,
]


@pytest.fixture
async def embedder(model_folder):
    embedder = LocalEmbedder(find_weights(), "fp32", model_folder, 2)
    yield embedder
    await embedder.close()


@pytest.fixture
async def rounded(model_folder):
    embedder = LocalEmbedder(find_weights(), "int8", model_folder, 2)
    yield embedder
    await embedder.close()


def erf(x):
    """Abramowitz and Stegun 7.1.26: off by at most 1.5e-7."""
    t = 1 / (1 + 0.3275911 * np.abs(x))
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.sign(x) * (1 - series * np.exp(-x * x))


def bert(tensors, ids):
    """BERT and mean pooling, written down once more from the paper in double precision."""
    at = {name: np.asarray(value, dtype=np.float64) for name, value in tensors.items()}

    def linear(x, name):
        return x @ at[f"{name}.weight"].T + at[f"{name}.bias"]

    def norm(x, name):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return scaled * at[f"{name}.LayerNorm.weight"] + at[f"{name}.LayerNorm.bias"]

    def heads(x):
        return x.reshape(len(ids), 12, 32).swapaxes(0, 1)

    x = at["embeddings.word_embeddings.weight"][ids] + at["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + at["embeddings.token_type_embeddings.weight"][0], "embeddings")
    for number in range(6):
        layer = f"encoder.layer.{number}"
        q, k, v = (heads(linear(x, f"{layer}.attention.self.{role}")) for role in ("query", "key", "value"))
        scores = np.exp(q @ k.swapaxes(1, 2) / np.sqrt(32))
        mixed = (scores / scores.sum(-1, keepdims=True) @ v).swapaxes(0, 1).reshape(len(ids), 384)
        x = norm(linear(mixed, f"{layer}.attention.output.dense") + x, f"{layer}.attention.output")
        wide = linear(x, f"{layer}.intermediate.dense")
        active = wide * (1 + erf(wide / np.sqrt(2))) / 2
        x = norm(linear(active, f"{layer}.output.dense") + x, f"{layer}.output")
    return x.mean(0) / np.linalg.norm(x.mean(0))


async def test_fp32_agrees_with_the_model_written_down_once_more(embedder):
    vectors = await embedder.embed(TEXTS, "document")
    tensors = find_weights().tensors
    for ids, vector in zip(embedder._tokens.ids(TEXTS), vectors, strict=True):
        assert vector @ bert(tensors, np.concatenate(([101], ids, [102]))) > 0.999999


async def test_int8_stays_close_to_fp32(embedder, rounded):
    exact, near = await embedder.embed(TEXTS, "document"), await rounded.embed(TEXTS, "document")
    assert np.all((exact * near).sum(axis=1) > 0.997)
    assert np.mean((exact * near).sum(axis=1)) > 0.999


async def test_a_long_text_is_the_mean_of_its_windows_weighted_by_their_tokens(embedder):
    text = " ".join(f"item {n} costs {n * 7} crowns." for n in range(200))
    (ids,) = embedder._tokens.ids([text])
    assert len(ids) > 2 * embedder.max_tokens
    (whole,) = await embedder.embed([text], "document")
    windows = np.array_split(ids, -(-len(ids) // embedder.max_tokens))
    vectors = [embedder._loaded().encode(window[None])[0] * (len(window) + 2) for window in windows]
    mean = np.sum(vectors, axis=0)
    np.testing.assert_allclose(whole, mean / np.linalg.norm(mean), atol=1e-5)


async def test_a_text_of_just_the_limit_is_read_in_one_piece(embedder):
    text = "word " * embedder.max_tokens
    assert len(embedder.tokenizer.spans(text)) == embedder.max_tokens
    assert [len(window.ids) for window in embedder._cut((0, [text]))] == [embedder.max_tokens]
    assert len(embedder._cut((0, [text + "word"]))) == 2


async def test_a_query_does_not_wait_behind_documents(rounded):
    await rounded.embed(["load the model first"], "query")
    sync = asyncio.create_task(rounded.embed(["The river rose. " * 40] * 2000, "document"))
    for question in ("one?", "two?", "three?"):
        await rounded.embed([question], "query")
        assert not sync.done()
    sync.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sync


def test_batches_hold_texts_of_one_length_longest_first_and_each_text_once():
    lengths = [3, 200, 3, 510, 200, 0, 3, 200, 200]
    batches = list(batched([Window(n, np.zeros(length, np.int32)) for n, length in enumerate(lengths)]))
    assert [[len(window.ids) for window in batch] for batch in batches] == [
        [510],
        [200, 200],
        [200, 200],
        [3, 3, 3],
        [0],
    ]
    assert sorted(window.text for batch in batches for window in batch) == list(range(len(lengths)))


def test_only_the_bundled_model_is_local(tmp_path):
    with pytest.raises(Invalid, match="all-MiniLM-L6-v2"):
        open_embedder("local:something-else", Settings(data=tmp_path))


@pytest.mark.parametrize("asked", ["int8", "fp32"])
def test_the_precision_can_be_forced(asked):
    assert chosen_precision(asked) == asked
