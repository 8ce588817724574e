"""Points and searches to test vector stores with: plain builders, random ones, and comparison with the reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from outcrop.core.boxes import Boxes
from outcrop.core.chunks import (
    CHUNK_ID,
    DATA_SOURCE_ID,
    DOCUMENT_ID,
    PAGE,
    SOURCE_URI,
    Chunk,
    Hit,
    Place,
    Point,
    Search,
    Vector,
)
from outcrop.core.filters import AllOf, AnyOf, Compare, Filter, Metadata

DIMENSIONS = 8


def unit(*numbers: float) -> Vector:
    """A unit vector that begins with these numbers."""
    vector = np.zeros(DIMENSIONS, dtype=np.float32)
    vector[: len(numbers)] = numbers
    return vector / np.float32(np.linalg.norm(vector) or 1)


def point(
    name: str,
    text: str = "text",
    *,
    document: str = "doc",
    vector: Vector | None = None,
    metadata: Metadata | None = None,
) -> Point:
    """A point with defaults for what a test does not care about."""
    chunk = Chunk(id=name, document_id=document, ordinal=0, text=text, start=0, end=len(text), tokens=len(text.split()))
    return Point(
        chunk=chunk,
        vector=unit(1) if vector is None else vector,
        uri=f"file:///{document}",
        data_source_id="source",
        metadata=metadata or {},
    )


def parent(name: str, text: str, document: str = "doc") -> Point:
    """A parent chunk: kept, never searched."""
    chunk = Chunk(
        id=name, document_id=document, ordinal=0, text=text, start=0, end=len(text), tokens=1, searchable=False
    )
    return Point(chunk=chunk, vector=None, uri=f"file:///{document}", data_source_id="source")


def full_point() -> Point:
    """A point with every field set, and with text and numbers that are hard to store."""
    chunk = Chunk(
        id="c",
        document_id="d",
        ordinal=3,
        text="Zeile\n東京 \ud800 \x00 end",
        start=10,
        end=28,
        tokens=7,
        context="A > B",
        parent_id="p",
        place=Place(first_page=2, last_page=3, sheet="Übersicht", first_row=1, last_row=9, rows=((0, 1), (12, 9))),
        boxes=Boxes.of([(0, 5, 2, 1.0, 2.0, 3.0, 4.0), (6, 8, 3, 1.5, 2.5, 3.5, 4.5)]),
    )
    metadata: Metadata = {"s": "ü'\"", "i": 2**70, "f": 1.5, "yes": True, "no": False, "tags": ("a", "b"), "": ""}
    return Point(chunk=chunk, vector=unit(1, 2), uri="file:///ä%20\udcff", data_source_id="s", metadata=metadata)


def ids(hits: Sequence[Hit]) -> list[str]:
    """The chunk ids of hits, in order."""
    return [hit.chunk.id for hit in hits]


ATTACKS = (
    "'; DROP TABLE points; --", "' OR '1'='1", '" OR ""="', "$1", "%s %(x)s {} {0}", "\\'; \\", "*", "@x:{y}", "} | {",
    '{"$ne": null}', "../../etc", "a\r\nFLUSHALL\r\n", "🙂 ’", "\x01", "🏴\u200d☠️", "\x00",
)  # fmt: skip
_WORDS = (
    "alpha", "beta", "gamma", "Größe", "grosse", "naïve", "E-4012", "snake_case", "parseHTTPResponse", "v1.2.3",
    "東京都", "京都", "สวัสดี", "Москва", "हिन्दी", "🙂", "a@example.org", "the", "of",
)  # fmt: skip
_KEYS = ("lang", "it's", 'say "x"', "a.b", "$[0]", "ключ", "x; DROP TABLE points --", PAGE, SOURCE_URI)
_TEXTS = st.sampled_from(
    ("de", "DE", "", "it's", '"', "'; DROP TABLE points; --", "%", "_", "ß", "ss", "1", "true", "日本", "\x00", "a\nb")
)
_NUMBERS = st.one_of(st.integers(-3, 3), st.sampled_from((0.0, 1.0, 2.5, -0.0, 1e300, 2**63, 10**30)))
_VALUES = st.one_of(_TEXTS, _NUMBERS, st.booleans(), st.lists(_TEXTS, max_size=3).map(tuple))
_METADATA = st.dictionaries(st.sampled_from(_KEYS[:-2]), _VALUES, max_size=4)
_SENTENCES = st.lists(st.sampled_from(_WORDS), max_size=12).map(" ".join)


@st.composite
def vectors(draw: st.DrawFn) -> Vector:
    """A unit vector of small numbers, so that equal ones are common."""
    return unit(*draw(st.lists(st.integers(-2, 2), min_size=DIMENSIONS, max_size=DIMENSIONS)))


@st.composite
def points(draw: st.DrawFn) -> Point:
    """A point among few ids and documents, so that changes hit what is there."""
    number, text = draw(st.integers(0, 30)), draw(_SENTENCES)
    page = draw(st.sampled_from((None, 1, 2, 3)))
    searchable = draw(st.sampled_from((True, True, True, False)))
    chunk = Chunk(
        id=f"chunk-{number}",
        document_id=f"document-{number % 4}",
        ordinal=number,
        text=text,
        start=0,
        end=len(text),
        tokens=len(text.split()),
        context=draw(st.sampled_from(("", "Title > Part"))),
        searchable=searchable,
        place=Place(first_page=page, last_page=page),
    )
    return Point(
        chunk=chunk,
        vector=draw(vectors()) if searchable else None,
        uri=f'file:///{number % 4}/it\'s "é".pdf',
        data_source_id=f"source-{number % 2}",
        metadata=draw(_METADATA),
    )


COLLECTIONS = st.lists(points(), max_size=25, unique_by=lambda one: one.chunk.id)


def _comparisons() -> st.SearchStrategy[Filter]:
    keys = st.sampled_from((*_KEYS, CHUNK_ID, DOCUMENT_ID, DATA_SOURCE_ID))
    values = st.one_of(
        _VALUES,
        st.sampled_from(("chunk-1", "chunk-", "document-1", "source-0", "file:///1")),
    )
    members = st.lists(values, max_size=4).map(tuple)
    scalar = st.sampled_from(
        ("equals", "notEquals", "greaterThan", "greaterThanOrEquals", "lessThan", "lessThanOrEquals", "listContains")
    )
    return st.one_of(
        st.builds(Compare, scalar, keys, values),
        st.builds(Compare, st.sampled_from(("in", "notIn")), keys, members),
        st.builds(Compare, st.sampled_from(("startsWith", "stringContains")), keys, _TEXTS),
    )


FILTERS = st.recursive(
    _comparisons(),
    lambda parts: st.one_of(
        st.lists(parts, min_size=1, max_size=3).map(lambda some: AllOf(tuple(some))),
        st.lists(parts, min_size=1, max_size=3).map(lambda some: AnyOf(tuple(some))),
    ),
    max_leaves=5,
)
SEARCHES = st.builds(
    Search,
    text=_SENTENCES,
    vector=vectors(),
    mode=st.sampled_from(("hybrid", "semantic", "keyword")),
    limit=st.integers(1, 30),
    where=st.none() | FILTERS,
    semantic_weight=st.sampled_from((0.0, 0.3, 0.5, 1.0)),
)


def same_hits(found: Sequence[Hit], wanted: Sequence[Hit]) -> None:
    """Check hits against the reference: the same chunks with the same numbers, in the same order.

    Where rounding decides, two stores may order nearly equal scores differently; such neighbours may change places.
    """
    assert [hit.score for hit in found] == pytest.approx([hit.score for hit in wanted], abs=1e-4)
    clear = {hit.chunk.id: hit for hit in wanted if not wanted or hit.score > wanted[-1].score + 1e-3}
    assert set(clear) <= set(ids(found))
    for hit in found:
        same = clear.get(hit.chunk.id)
        if same is not None:
            assert hit.point == LikePoint(same.point)
            assert hit.score == pytest.approx(same.score, abs=1e-4)
            assert _close(hit.similarity, same.similarity)
            assert _close(hit.keyword_score, same.keyword_score)


def _close(found: float | None, wanted: float | None) -> bool:
    return found == wanted if found is None or wanted is None else abs(found - wanted) < 1e-3


class LikePoint:
    """Equal to a point with the same values, to within rounding."""

    __hash__ = None  # type: ignore[assignment]  # compares with tolerance

    def __init__(self, wanted: Point) -> None:
        self.wanted = wanted

    def __eq__(self, other: object) -> bool:
        wanted = self.wanted
        if not isinstance(other, Point) or (other.vector is None) != (wanted.vector is None):
            return False
        same_vector = wanted.vector is None or np.allclose(wanted.vector, other.vector, atol=1e-6)  # type: ignore[arg-type]  # both are there
        return (
            same_vector
            and other.chunk == wanted.chunk
            and other.uri == wanted.uri
            and other.data_source_id == wanted.data_source_id
            and _plain(other.metadata) == _plain(wanted.metadata)
        )


def _plain(metadata: Any) -> dict[str, Any]:
    return {
        key: (type(value).__name__, value) if isinstance(value, bool | int | float | str) else ("list", list(value))
        for key, value in metadata.items()
    }
