"""Scans that are noisy or askew, and how much of them is read: made pages with known words."""

from collections import Counter

import numpy as np
import pytest
from PIL import Image

from outcrop.adapters.parsers import ocr
from outcrop.adapters.parsers.page_noise import cleaned

WORDS = (
    "The reading room opens at nine and closes",
    "at six on every day except the first Monday",
    "of a month, when the shelves are counted",
    "and nobody but the keeper may come in.",
    "Visitors sign the book beside the door and",
    "leave their coats with the porter below.",
)


@pytest.fixture(scope="module")
def engine():
    return ocr.Ocr()


@pytest.fixture
def page(maker):
    return maker.pdf(maker.lines(WORDS, x=20, y=170, size=9), size=(260, 200))


def specked(picture, share):
    """With so much of its pixels black or white by chance."""
    pixels, chance = np.asarray(picture).copy(), np.random.default_rng(7).random(picture.size[::-1])
    pixels[chance < share / 2], pixels[chance > 1 - share / 2] = 0, 255
    return Image.fromarray(pixels)


def grainy(picture, deviation):
    noise = np.random.default_rng(7).normal(0, deviation, picture.size[::-1])
    return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))


def read(engine, picture):
    """The share of the words that were read, as the harmonic mean of recall and precision."""
    found = Counter(word.text for word in engine.read(np.asarray(picture.convert("RGB"))).words)
    truth = Counter(" ".join(WORDS).split())
    return 2 * (truth & found).total() / (truth.total() + found.total())


@pytest.mark.parametrize(("spoil", "amount", "gain"), [(specked, 0.08, 0.02), (grainy, 110, 0.05)])
def test_more_of_a_noisy_scan_is_read_once_the_noise_is_gone(engine, maker, page, monkeypatch, spoil, amount, gain):
    picture = spoil(maker.picture(page), amount)
    better = read(engine, picture)
    monkeypatch.setattr(ocr, "cleaned", lambda _: iter(()))
    assert better >= read(engine, picture) + gain


@pytest.mark.parametrize("dpi", [75, 150])
def test_a_clean_scan_is_left_as_it_is(maker, page, dpi):
    assert list(cleaned(np.asarray(maker.picture(page, dpi=dpi).convert("RGB")))) == []


@pytest.mark.parametrize("skew", [-25, -8, 3, 14, 25])
def test_a_page_askew_is_read_line_by_line(maker, read_by_ocr, skew):
    page = maker.pdf(maker.lines(WORDS, x=110, y=250, size=9), size=(420, 400))
    text = " ".join(read_by_ocr(maker.pdf(maker.scanned(maker.picture(page, skew=skew)))).text.split())
    assert text == " ".join(WORDS)
