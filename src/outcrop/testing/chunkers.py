"""The contract of chunkers: nothing lost, offsets true, sizes kept, ids stable."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outcrop.core.boxes import Boxes
from outcrop.core.chunks import Chunk
from outcrop.core.parsed import Heading, Page, ParsedDocument, Row, Table
from outcrop.core.protocols import Chunker, Embedder

WORDS = st.lists(
    st.one_of(
        st.sampled_from(
            ["the limit is 45", "See Fig. 3.", "ends here. ", "Ist das so?", "これは文です。", "\n\n", "1. item\n"]
        ),
        st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12),
    ),
    max_size=60,
)
# Every subclass runs the same property, and a chunker has no state that one example could leave to the next.
PROPERTY = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)
TABLE = "| Item | Price |\n| --- | --- |\n" + "\n".join(f"| part {i} | {i} EUR |" for i in range(40))


def document(text: str, **parts: object) -> ParsedDocument:
    """A document of plain text."""
    return ParsedDocument(text=text, media_type="text/plain", parser="test", **parts)  # type: ignore[arg-type]


def handbook() -> ParsedDocument:
    """Two headings, sentences, a long table whose rows are known, two pages, and a box for every word."""
    first = "Travel\n\nBook early. A night costs at most 140 EUR. Ask your lead first.\n\n"
    second = "Prices\n\n"
    text = first + second + TABLE
    table = len(first) + len(second)
    rows, position = [], table + TABLE.index("| part 0")
    for number in range(40):
        end = position + len(f"| part {number} | {number} EUR |")
        rows.append(Row(sheet="Parts", number=number + 2, start=position, end=end))
        position = end + 1
    boxes = Boxes.of((i, i + 1, 1 if i < len(first) else 2, i, 10, i + 1, 20) for i in range(len(text)))
    return document(
        text,
        title="Handbook",
        headings=(
            Heading(level=1, start=0, end=len("Travel")),
            Heading(level=1, start=len(first), end=len(first) + len("Prices")),
        ),
        pages=(Page(number=1, start=0, end=len(first)), Page(number=2, start=len(first), end=len(text))),
        tables=(Table(start=table, end=len(text), header_end=rows[0].start),),
        rows=tuple(rows),
        boxes=boxes,
    )


class ChunkerContract:
    """Subclass it with two fixtures, `chunker` and `embedder`, and `limit`: the most tokens of a searched chunk."""

    limit: int | None = None

    @pytest.fixture
    def embedder(self) -> Embedder:
        """The embedder that the chunker counts with."""
        raise NotImplementedError

    @pytest.fixture
    def chunker(self, embedder: Embedder) -> Chunker:
        """The chunker under test."""
        raise NotImplementedError

    @PROPERTY
    @given(words=WORDS)
    async def test_no_word_is_lost_and_every_offset_is_true(self, chunker: Chunker, words: list[str]) -> None:
        text = " ".join(words)
        chunks = await chunker.chunk("doc", document(text))
        for chunk in chunks:
            assert text[chunk.start : chunk.end] == chunk.text
            assert chunk.text.strip()
        held = {i for chunk in chunks if chunk.searchable for i in range(chunk.start, chunk.end)}
        assert not [c for i, c in enumerate(text) if i not in held and not c.isspace()]

    async def test_a_blank_document_has_no_chunks(self, chunker: Chunker) -> None:
        assert list(await chunker.chunk("doc", document(" \n\n\t "))) == []

    async def test_searched_chunks_keep_to_the_limit_in_the_models_own_tokens(
        self, chunker: Chunker, embedder: Embedder
    ) -> None:
        chunks = await chunker.chunk("doc", document("The pump needs oil. " * 400 + "x" * 3000))
        counts = [len(embedder.tokenizer.spans(chunk.text)) for chunk in chunks if chunk.searchable]
        assert counts
        assert self.limit is None or max(counts) <= self.limit

    async def test_ids_are_unique_and_the_same_at_every_run(self, chunker: Chunker) -> None:
        repeated = document("The same sentence stands here. " * 300)
        first, second = await chunker.chunk("doc", repeated), await chunker.chunk("doc", repeated)
        assert [chunk.id for chunk in first] == [chunk.id for chunk in second]
        assert len({chunk.id for chunk in first}) == len(first)

    async def test_another_document_has_other_ids(self, chunker: Chunker) -> None:
        text = document("The pump needs oil.")
        one, other = await chunker.chunk("one", text), await chunker.chunk("other", text)
        assert not {chunk.id for chunk in one} & {chunk.id for chunk in other}

    async def test_chunks_come_in_order_and_parents_before_their_children(self, chunker: Chunker) -> None:
        chunks = await chunker.chunk("doc", document("The pump needs oil. " * 800))
        assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
        seen: set[str | None] = {None}
        for chunk in chunks:
            assert chunk.parent_id in seen
            seen.add(chunk.id)

    async def test_every_chunk_knows_its_page_rows_and_boxes(self, chunker: Chunker) -> None:
        parsed = handbook()
        for chunk in await chunker.chunk("doc", parsed):
            assert chunk.place.first_page == _page(parsed, chunk.start)
            assert chunk.place.last_page == _page(parsed, chunk.end - 1)
            assert chunk.boxes is not None
            assert len(chunk.boxes) == chunk.end - chunk.start
            rows = [row.number for row in parsed.rows if row.start < chunk.end and row.end > chunk.start]
            assert (chunk.place.first_row, chunk.place.last_row) == ((rows[0], rows[-1]) if rows else (None, None))
            begins = {row.start: row.number for row in parsed.rows}
            assert all(begins[chunk.start + position] == number for position, number in chunk.place.rows)
            assert chunk.place.row_at(len(chunk.text)) == chunk.place.last_row

    async def test_the_later_chunks_of_a_table_carry_its_header_as_context(self, chunker: Chunker) -> None:
        parsed = handbook()
        for chunk in await chunker.chunk("doc", parsed):
            if chunk.start >= parsed.tables[0].header_end:
                assert "| Item | Price |" in chunk.context

    async def test_context_is_the_path_of_headings_above(self, chunker: Chunker) -> None:
        later = [c for c in await chunker.chunk("doc", handbook()) if c.start > handbook().headings[1].end]
        assert all(chunk.context.split("\n")[0] == "Handbook > Prices" for chunk in later)


def _page(parsed: ParsedDocument, position: int) -> int:
    return next(page.number for page in parsed.pages if page.start <= position < page.end)


def texts(chunks: Sequence[Chunk]) -> list[str]:
    """The texts of chunks, in order."""
    return [chunk.text for chunk in chunks]
