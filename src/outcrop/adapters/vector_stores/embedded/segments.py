"""Segments: the derived columns of a run of rows, made once and never changed; they can always be made anew.

A segment holds what search reads of its rows: the vectors as 8-bit numbers and 1-bit codes, the postings of each
term, and the page and metadata set of each row. Small ones live in the database, large ones in memory-mapped files.
"""

from __future__ import annotations

import json
import mmap
import os
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from hashlib import blake2b
from math import prod
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from outcrop.adapters.vector_stores.analysis import document_terms
from outcrop.adapters.vector_stores.scoring import K1, B
from outcrop.core.chunks import Point, Vectors
from outcrop.core.errors import IndexBroken

CODED = 1024  # segments with more vectors than this have codes; fewer are compared one by one
MAX_COUNT = 255  # the highest count of a term in a chunk that is told apart
_MAGIC = b"OUTCROP-SEGMENT-2\n"
_ALIGN = 64
_BLOCK = 8192  # rows that are decoded at a time while merging


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segment:
    """The columns of n rows, of which v have a vector of d dimensions, with t terms in p postings."""

    rows: NDArray[np.int64]  # (n,) ids of rows, ascending
    sets: NDArray[np.int32]  # (n,) metadata sets
    pages: NDArray[np.int32]  # (n,) first page, -1 where there is none
    lengths: NDArray[np.int32]  # (n,) number of terms, -1 for a row that is not searched
    vectored: NDArray[np.int32]  # (v,) positions of the rows that have a vector
    values: NDArray[np.int8]  # (v, d) vectors, each divided by its scale
    scales: NDArray[np.float32]  # (v,)
    mean: NDArray[np.float32]  # (d,) what codes are centred on
    codes: NDArray[np.uint8]  # (v, ceil(d / 64) * 8) one bit a dimension: above the mean; (0, …) in small segments
    terms: NDArray[np.uint64]  # (t,) hashes of terms, ascending
    starts: NDArray[np.int64]  # (t + 1,) where the postings of each term begin
    peaks: NDArray[np.float32]  # (t,) the highest gain (see `gains`) of each term, for rows of this average length
    average: NDArray[np.float32]  # (1,) average length
    places: NDArray[np.int32]  # (p,) positions of rows, ascending within a term
    counts: NDArray[np.uint8]  # (p,) how often the term is in the row, at most 255

    def __len__(self) -> int:
        return len(self.rows)


def norms(lengths: NDArray[np.int32], average: float) -> NDArray[np.float32]:
    """What the count of a term is weighed against in rows of these lengths: long rows need more."""
    relative = np.maximum(lengths, 0) / np.float32(average or 1)
    return (np.float32(K1 * (1 - B)) + np.float32(K1 * B) * relative).astype(np.float32)


def gains(counts: NDArray[np.uint8], norm: NDArray[np.float32]) -> NDArray[np.float32]:
    """The part of BM25 that depends on the row, from 0 to 1: count / (count + norm)."""
    many = counts.astype(np.float32)
    return many / (many + norm)


def term_hash(term: str) -> int:
    """The 64-bit name of a term in every segment."""
    known = _hashes.get(term)
    if known is None:
        if len(_hashes) >= _MAX_HASHES:
            _hashes.clear()
        digest = blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        known = _hashes.setdefault(term, int.from_bytes(digest, "little"))
    return known


_hashes: dict[str, int] = {}
_MAX_HASHES = 1 << 18


def build(points: Sequence[Point], dimensions: int) -> Segment:
    """The segment of these points, with rows from 0 on and sets of 0, which the caller sets once they are known."""
    pages = [-1 if p.chunk.place.first_page is None else p.chunk.place.first_page for p in points]
    vectored = [i for i, p in enumerate(points) if p.vector is not None and p.chunk.searchable]
    vectors = np.array([points[i].vector for i in vectored], dtype=np.float32).reshape(-1, dimensions)
    return Segment(
        rows=np.arange(len(points), dtype=np.int64),
        sets=np.zeros(len(points), dtype=np.int32),
        pages=np.array(pages, dtype=np.int32),
        vectored=np.array(vectored, dtype=np.int32),
        **_coded(*quantised(vectors)),
        **_worded(points),
    )


def _worded(points: Sequence[Point]) -> dict[str, Any]:
    """The columns of terms."""
    lengths = np.full(len(points), -1, dtype=np.int32)
    hashes: list[int] = []
    places: list[int] = []
    counts: list[int] = []
    for position, point in enumerate(points):
        if point.chunk.searchable:
            terms = Counter(document_terms(point.chunk.embedded_text()))
            lengths[position] = terms.total()
            hashes += [term_hash(term) for term in terms]
            places += [position] * len(terms)
            counts += [min(count, MAX_COUNT) for count in terms.values()]
    columns = _inverted(
        np.array(hashes, dtype=np.uint64),
        np.array(places, dtype=np.int32),
        np.array(counts, dtype=np.uint8),
        _lengths(lengths),
    )
    return columns | {"lengths": lengths}


def _lengths(lengths: NDArray[np.int32]) -> tuple[float, NDArray[np.float32]]:
    """The average length of rows that are searched, and the norm of each row by it."""
    searched = lengths[lengths >= 0]
    average = float(searched.mean()) if len(searched) else 0.0
    return average, norms(lengths, average)


def quantised(vectors: Vectors) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Vectors as 8-bit numbers, and the scale of each."""
    scales = np.abs(vectors).max(axis=1, initial=0) / np.float32(127)
    safe = np.where(scales > 0, scales, 1)
    return np.rint(vectors / safe[:, None]).astype(np.int8), scales.astype(np.float32)


def code(vectors: Vectors, mean: NDArray[np.float32]) -> NDArray[np.uint8]:
    """One bit a dimension, set where a vector is above the mean: shape (n, ceil(d / 64) * 8), padded with zeros."""
    bits = np.packbits(vectors > mean, axis=1)
    padded = np.zeros((len(vectors), -(-bits.shape[1] // 8) * 8), dtype=np.uint8)
    padded[:, : bits.shape[1]] = bits
    return padded


def _coded(values: NDArray[np.int8], scales: NDArray[np.float32]) -> dict[str, Any]:
    """The columns of vectors, with codes where there are many."""
    dimensions = values.shape[1]
    total = np.zeros(dimensions, dtype=np.float64)
    blocks = range(0, len(values) if len(values) > CODED else 0, _BLOCK)
    for i in blocks:
        total += scales[i : i + _BLOCK] @ values[i : i + _BLOCK].astype(np.float32)
    mean = (total / max(len(values), 1)).astype(np.float32)
    codes = np.empty((len(values) if blocks else 0, -(-dimensions // 64) * 8), dtype=np.uint8)
    for i in blocks:
        decoded = values[i : i + _BLOCK].astype(np.float32) * scales[i : i + _BLOCK, None]
        codes[i : i + _BLOCK] = code(decoded, mean)
    return {"values": values, "scales": scales, "mean": mean, "codes": codes}


def _inverted(
    hashes: NDArray[np.uint64],
    places: NDArray[np.int32],
    counts: NDArray[np.uint8],
    lengths: tuple[float, NDArray[np.float32]],
) -> dict[str, Any]:
    """Postings in order of term, then place: the places come in ascending order within each term already."""
    order = np.argsort(hashes, kind="stable")
    terms, first = np.unique(hashes[order], return_index=True)
    average, norm = lengths
    places, counts = places[order], counts[order]
    reached = gains(counts, norm[places])
    return {
        "terms": terms,
        "starts": np.append(first, len(hashes)).astype(np.int64),
        "peaks": np.maximum.reduceat(reached, first) if len(first) else np.empty(0, dtype=np.float32),
        "average": np.array([average], dtype=np.float32),
        "places": places,
        "counts": counts,
    }


def merge(segments: Sequence[Segment], kept: Sequence[NDArray[np.bool_]]) -> Segment:
    """One segment of the kept rows of several, which come in ascending order of row."""
    offsets = np.cumsum([0, *(int(keep.sum()) for keep in kept)])
    moved = [np.cumsum(keep, dtype=np.int32) - 1 + offset for keep, offset in zip(kept, offsets, strict=False)]
    pairs = list(zip(segments, kept, strict=True))
    vectors = [keep[segment.vectored] for segment, keep in pairs]
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(segment, name)[keep] for segment, keep in pairs])
        for name in ("rows", "sets", "pages", "lengths")
    }
    return Segment(
        **columns,
        vectored=np.concatenate(
            [move[s.vectored[v]] for s, move, v in zip(segments, moved, vectors, strict=True)], dtype=np.int32
        ),
        **_coded(
            np.concatenate([s.values[v] for s, v in zip(segments, vectors, strict=True)]),
            np.concatenate([s.scales[v] for s, v in zip(segments, vectors, strict=True)]),
        ),
        **_merged_postings(segments, kept, moved, _lengths(columns["lengths"])),
    )


_SLICES = 16  # parts of the terms that are merged one after another, which bounds the memory it takes
_SLICED_FROM = 1 << 20  # postings


def _merged_postings(
    segments: Sequence[Segment],
    kept: Sequence[NDArray[np.bool_]],
    moved: Sequence[NDArray[np.int32]],
    lengths: tuple[float, NDArray[np.float32]],
) -> dict[str, Any]:
    slices = _SLICES if sum(len(segment.places) for segment in segments) > _SLICED_FROM else 1
    edges = [np.uint64(i * (2**64 // slices)) for i in range(1, slices)]
    bounds = [[0, *(int(i) for i in np.searchsorted(s.terms, edges)), len(s.terms)] for s in segments]
    parts = []
    for i in range(slices):
        pieces = [
            _postings(segment, keep, move, slice(bound[i], bound[i + 1]))
            for segment, keep, move, bound in zip(segments, kept, moved, bounds, strict=True)
        ]
        hashes, places, counts = (np.concatenate(column) for column in zip(*pieces, strict=True))
        parts.append(_inverted(hashes, places, counts, lengths))
    merged = {name: np.concatenate([part[name] for part in parts]) for name in ("terms", "peaks", "places", "counts")}
    offsets = np.cumsum([0, *(len(part["places"]) for part in parts)])
    starts = [part["starts"][:-1] + offset for part, offset in zip(parts, offsets, strict=False)]
    return merged | {
        "average": parts[0]["average"],
        "starts": np.append(np.concatenate(starts), offsets[-1]).astype(np.int64),
    }


def _postings(
    segment: Segment, keep: NDArray[np.bool_], move: NDArray[np.int32], part: slice
) -> tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.uint8]]:
    """The postings of a range of terms, without those of dropped rows: hash, new place and count of each."""
    starts = segment.starts[part.start : part.stop + 1]
    between = slice(int(starts[0]), int(starts[-1]))
    hashes = np.repeat(segment.terms[part], np.diff(starts))
    places, counts = segment.places[between], segment.counts[between]
    if keep.all():
        return hashes, move[places], counts
    stay = keep[places]
    return hashes[stay], move[places[stay]], counts[stay]


def to_bytes(segment: Segment) -> bytes:
    """The segment as bytes: a header that names its columns and their check sum, then the columns."""
    columns = {column.name: np.ascontiguousarray(getattr(segment, column.name)) for column in fields(Segment)}
    described, position, check = {}, 0, 0
    chunks: list[bytes] = []
    for name, column in columns.items():
        data = column.tobytes()
        data += b"\0" * (-len(data) % _ALIGN)
        described[name] = [column.dtype.str, list(column.shape), position]
        position += len(data)
        check = zlib.crc32(data, check)
        chunks.append(data)
    header = json.dumps({"columns": described, "size": position, "check": check}).encode()
    header += b" " * (-(len(_MAGIC) + 8 + len(header)) % _ALIGN)
    return b"".join([_MAGIC, len(header).to_bytes(8, "little"), header, *chunks])


def from_buffer(data: bytes | mmap.mmap, name: str, *, checked: bool = False) -> Segment:
    """The segment in a buffer, which its columns look into.

    Raises:
        IndexBroken: It is not whole; with `checked`, a column was changed.
    """
    try:
        base, header = _header(data)
        columns: dict[str, Any] = {key: _column(data, base, *column) for key, column in header["columns"].items()}
        whole = not checked or zlib.crc32(memoryview(data)[base:]) == header["check"]
        return Segment(**columns) if whole else _damaged(name, "its check sum is wrong")
    except (ValueError, KeyError, TypeError) as error:
        return _damaged(name, str(error))


def _header(data: bytes | mmap.mmap) -> tuple[int, dict[str, Any]]:
    """Where the columns begin, and what the header says of them. Raises ValueError."""
    begin = len(_MAGIC) + 8
    if data[: len(_MAGIC)] != _MAGIC:
        raise ValueError("it does not begin as a segment does")
    base = begin + int.from_bytes(data[len(_MAGIC) : begin], "little")
    header: dict[str, Any] = json.loads(data[begin:base])
    if len(data) != base + header["size"]:
        raise ValueError(f"it has {len(data)} bytes where {base + header['size']} belong")
    return base, header


def _damaged(name: str, why: str) -> NoReturn:
    raise IndexBroken(f"{name} is damaged: {why}. Run `outcrop verify --repair` to make it anew.")


def _column(data: bytes | mmap.mmap, base: int, kind: str, shape: list[int], offset: int) -> NDArray[Any]:
    return np.frombuffer(data, dtype=kind, count=prod(shape), offset=base + offset).reshape(shape)


def write(segment: Segment, path: Path) -> None:
    """Write a segment to a new file, and have it on the disk before this returns."""
    with path.open("wb") as file:
        file.write(to_bytes(segment))
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read(path: Path, *, checked: bool = False) -> Segment:
    """Map a segment's file into memory. Raises IndexBroken where it is damaged, FileNotFoundError where it is gone."""
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            _damaged(str(path), "it is empty")
        return from_buffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), str(path), checked=checked)
