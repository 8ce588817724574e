"""What each way of chunking promises besides the contract."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcrop.adapters.chunkers import open_chunker
from outcrop.core.parsed import Heading, Page, Row
from outcrop.core.records import Chunking
from outcrop.testing.chunkers import document, handbook, texts
from outcrop.testing.fakes import TokenHashEmbedder


async def cut(text, **chunking):
    return await open_chunker(Chunking(**chunking), TokenHashEmbedder()).chunk("doc", document(text))


async def test_default_chunks_end_where_a_sentence_ends():
    chunks = await cut("The pump needs oil every week. " * 30, max_tokens=20)
    assert all(text.endswith("week.") for text in texts(chunks))


async def test_default_chunks_do_not_overlap():
    chunks = await cut("The pump needs oil every week. " * 30, max_tokens=20)
    assert all(before.end <= after.start for before, after in pairwise(chunks))


async def test_a_small_section_is_joined_with_the_next_by_default_and_alone_by_section():
    text = "One\n\nShort.\n\nTwo\n\nShort too."
    headings = (Heading(level=1, start=0, end=3), Heading(level=1, start=13, end=16))
    parsed = document(text, headings=headings)
    embedder = TokenHashEmbedder()
    joined = await open_chunker(Chunking(), embedder).chunk("doc", parsed)
    alone = await open_chunker(Chunking(strategy="section"), embedder).chunk("doc", parsed)
    assert texts(joined) == [text]
    assert texts(alone) == ["One\n\nShort.", "Two\n\nShort too."]


async def test_a_heading_goes_with_the_text_below_it():
    body = "The pump needs oil every week. " * 6
    text = f"{body.strip()}\n\nCare\n\n{body}"
    start = text.index("Care")
    parsed = document(text, headings=(Heading(level=2, start=start, end=start + 4),))
    chunks = await open_chunker(Chunking(max_tokens=45), TokenHashEmbedder()).chunk("doc", parsed)
    assert not any(text.endswith("Care") for text in texts(chunks))


async def test_markdown_headings_keep_their_marks_in_one_chunk_with_their_titles():
    text = "Intro.\n\n## Care\n\nThe pump needs oil."
    start = text.index("Care")
    parsed = document(text, headings=(Heading(level=2, start=start, end=start + 4),))
    chunks = await open_chunker(Chunking(strategy="section"), TokenHashEmbedder()).chunk("doc", parsed)
    assert texts(chunks) == ["Intro.", "## Care\n\nThe pump needs oil."]


async def test_a_chunk_that_begins_with_a_heading_is_not_put_under_the_one_before():
    text = "# Guide\n\n## Oil\n\nThe pump needs oil.\n\n## Water\n\nThe tank needs water."
    headings = tuple(Heading(level=level, start=text.index(name), end=text.index(name) + len(name))
                     for level, name in ((1, "Guide"), (2, "Oil"), (2, "Water")))  # fmt: skip
    chunker = open_chunker(Chunking(strategy="section"), TokenHashEmbedder())
    chunks = await chunker.chunk("doc", document(text, headings=headings))
    assert [chunk.context for chunk in chunks] == ["", "Guide", "Guide"]


@pytest.mark.parametrize("strategy", ["default", "section", "semantic", "hierarchical"])
async def test_no_chunk_reaches_over_a_slide_or_a_sheet(strategy):
    text = "One slide.\n\nTwo slides.\n\nMai\n\n| a |\n\nJune\n\n| b |"
    may, june = text.index("| a |"), text.index("| b |")
    parsed = document(
        text,
        pages=(Page(number=1, start=0, end=12), Page(number=2, start=12, end=len(text))),
        headings=(Heading(level=1, start=may - 5, end=may - 2), Heading(level=1, start=june - 6, end=june - 2)),
        rows=(
            Row(sheet="Mai", number=1, start=may, end=may + 5),
            Row(sheet="June", number=1, start=june, end=june + 5),
        ),
    )
    chunks = await open_chunker(Chunking(strategy=strategy), TokenHashEmbedder()).chunk("doc", parsed)
    held = [text for text, chunk in zip(texts(chunks), chunks, strict=True) if chunk.searchable]
    assert held[0] == "One slide."
    assert held[-1] == "June\n\n| b |"


async def test_rows_of_a_table_are_never_torn():
    chunks = await open_chunker(Chunking(max_tokens=40), TokenHashEmbedder()).chunk("doc", handbook())
    for chunk in chunks:
        for line in chunk.text.splitlines():
            assert not line.startswith("|") or line.endswith("|")


async def test_fixed_chunks_have_exactly_so_many_tokens_and_overlap():
    embedder = TokenHashEmbedder()
    chunks = await cut(" ".join(f"word{i}" for i in range(100)), strategy="fixed", max_tokens=20, overlap_percentage=25)
    assert [chunk.tokens for chunk in chunks[:-1]] == [20] * (len(chunks) - 1)
    shared = chunks[0].text[chunks[1].start - chunks[0].start :]
    assert len(embedder.tokenizer.spans(shared)) == 5


@settings(max_examples=50, deadline=None)
@given(count=st.integers(1, 200), size=st.integers(2, 30), overlap=st.integers(0, 90))
async def test_fixed_chunks_repeat_no_more_than_the_overlap(count: int, size: int, overlap: int):
    chunks = await cut(
        " ".join(f"w{i}" for i in range(count)), strategy="fixed", max_tokens=size, overlap_percentage=overlap
    )
    tokens = len(TokenHashEmbedder().tokenizer.spans(" ".join(f"w{i}" for i in range(count))))
    assert sum(chunk.tokens for chunk in chunks) <= tokens + (len(chunks) - 1) * (size * overlap // 100)


async def test_semantic_cuts_where_the_subject_changes():
    oil, tax = "The pump needs pump oil. ", "Income tax is paid as tax. "
    chunks = await cut(oil * 6 + tax * 6, strategy="semantic", breakpoint_percentile=90, buffer_size=0)
    assert [("pump" in text, "tax" in text) for text in texts(chunks)] == [(True, False), (False, True)]


async def test_children_lie_in_their_parent_and_overlap_by_no_more_than_is_set():
    chunks = await cut(
        "The pump needs oil every week. " * 60,
        strategy="hierarchical", parent_max_tokens=100, child_max_tokens=40, overlap_tokens=10,
    )  # fmt: skip
    parents = {chunk.id: chunk for chunk in chunks if not chunk.searchable}
    children = [chunk for chunk in chunks if chunk.searchable]
    assert len(parents) > 1
    for before, after in pairwise(children):
        parent = parents[after.parent_id]
        assert parent.start <= after.start
        assert after.end <= parent.end
        if before.parent_id == after.parent_id:
            shared = before.text[after.start - before.start :]
            assert len(TokenHashEmbedder().tokenizer.spans(shared)) <= 10


async def test_an_edit_in_one_section_leaves_the_ids_of_the_others():
    sections = [f"# Part {i}\n\nPart {i} of the pump needs oil every week, and its own tool." for i in range(5)]
    changed = [*sections[:2], sections[2] + " It was changed.", *sections[3:]]

    async def ids(parts):
        text = "\n\n".join(parts)
        starts = [text.index(f"# Part {i}") for i in range(5)]
        headings = tuple(Heading(level=1, start=start + 2, end=start + 8) for start in starts)
        chunker = open_chunker(Chunking(strategy="section"), TokenHashEmbedder())
        return [chunk.id for chunk in await chunker.chunk("doc", document(text, headings=headings))]

    before, after = await ids(sections), await ids(changed)
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, True, False, True, True]


async def test_long_text_is_tokenized_in_pieces_without_losing_any(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("outcrop.adapters.chunkers.layout.PIECE", 50)
    text = " ".join(f"word{i}" for i in range(200))
    chunks = await cut(text, strategy="fixed", max_tokens=10, overlap_percentage=0)
    assert sum(chunk.tokens for chunk in chunks) == len(TokenHashEmbedder().tokenizer.spans(text))
