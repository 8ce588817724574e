"""Which passages a generator is given: the best that fit a token budget, a long one cut to its telling part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from outcrop.core.chunks import Chunk, Hit
from outcrop.core.protocols import Tokenizer
from outcrop.core.sentences import sentence_spans
from outcrop.core.terms import content_terms, terms

LEAST = 40  # tokens: a remainder smaller than this holds no passage


def pack(question: str, hits: Sequence[Hit], budget: int, tokenizer: Tokenizer) -> list[Hit]:
    """The best hits within `budget` tokens, in order; one that does not fit is cut around what was asked for."""
    packed: list[Hit] = []
    for hit in hits:
        if budget < LEAST:
            break
        room = budget - (len(tokenizer.spans(hit.chunk.context)) if hit.chunk.context else 0)
        if hit.chunk.tokens > room:
            hit = _cut(question, hit, room, tokenizer) if room >= LEAST else hit  # noqa: PLW2901 # the same passage
            if hit.chunk.tokens > room:
                continue
        packed.append(hit)
        budget = room - hit.chunk.tokens
    return packed


def _cut(question: str, hit: Hit, room: int, tokenizer: Tokenizer) -> Hit:
    """The hit with the part of its chunk, at most `room` tokens of whole sentences, that has most of the question."""
    chunk = hit.chunk
    spans = sentence_spans(chunk.text)
    sizes = [len(tokenizer.spans(chunk.text[start:end])) for start, end in spans]
    wanted = {term.key for term in content_terms(question)}
    values = [len(wanted & {term.key for term in terms(chunk.text[start:end])}) for start, end in spans]
    first, last = _densest(sizes, values, room)
    if first == last:
        return hit
    start, end = spans[first][0], spans[last - 1][1]
    return replace(hit, point=replace(hit.point, chunk=part(chunk, start, end, sum(sizes[first:last]))))


def _densest(sizes: Sequence[int], values: Sequence[int], room: int) -> tuple[int, int]:
    """The run [first, last) of at most `room` in size with the highest value; the earliest of equals."""
    best, first, size, value = (-1, 0, 0), 0, 0, 0
    for at, (more, worth) in enumerate(zip(sizes, values, strict=True)):
        size, value = size + more, value + worth
        while size > room:
            size, value, first = size - sizes[first], value - values[first], first + 1
        if first <= at and value > best[0]:
            best = (value, first, at + 1)
    return best[1], best[2]


def part(chunk: Chunk, start: int, end: int, tokens: int) -> Chunk:
    """A chunk of the characters [start, end) of a chunk, with its place in the document."""
    return replace(
        chunk,
        text=chunk.text[start:end],
        start=chunk.start + start,
        end=chunk.start + end,
        tokens=tokens,
        place=replace(chunk.place, rows=_rows(chunk, start, end)),
        boxes=chunk.boxes.within(start, end) if chunk.boxes is not None else None,
    )


def _rows(chunk: Chunk, start: int, end: int) -> tuple[tuple[int, int], ...]:
    """The rows of the characters [start, end), the first of which may have begun before."""
    first = chunk.place.row_at(start)
    later = tuple((begins - start, number) for begins, number in chunk.place.rows if start < begins < end)
    return ((0, first), *later) if first is not None and chunk.place.rows else later
