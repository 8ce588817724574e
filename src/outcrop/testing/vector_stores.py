"""What every vector store does: subclass VectorStoreContract and give it a `store`.

The memory store is the reference that random collections, filters and searches are compared with.
"""

from __future__ import annotations

import asyncio
from itertools import count

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outcrop.adapters.vector_stores.memory import MemoryVectorStore
from outcrop.core.chunks import (
    CHUNK_ID,
    DATA_SOURCE_ID,
    DOCUMENT_ID,
    SOURCE_URI,
    Chunk,
    IndexSpec,
    Point,
    Search,
    SearchMode,
)
from outcrop.core.errors import Conflict, IndexMissing, Invalid
from outcrop.core.filters import AllOf, AnyOf, Compare, Filter, equals, matches, one_of
from outcrop.core.protocols import VectorStore
from outcrop.testing.points import (
    ATTACKS,
    COLLECTIONS,
    DIMENSIONS,
    FILTERS,
    SEARCHES,
    LikePoint,
    full_point,
    ids,
    parent,
    point,
    same_hits,
    unit,
)

MODES: tuple[SearchMode, ...] = ("hybrid", "semantic", "keyword")
_NAMES = count()
_SETTINGS = settings(
    max_examples=25,
    deadline=None,
    database=None,  # an example that fails for one store must not be replayed for another
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,  # each example makes an index of its own
        HealthCheck.differing_executors,  # every store runs the suite as its own class
        HealthCheck.too_slow,
    ],
)


async def scanned(store: VectorStore, index: str, where: Filter | None = None) -> dict[str, Point]:
    """Every point of an index, by chunk id."""
    return {one.chunk.id: one async for batch in store.scan(index, where) for one in batch}


class VectorStoreContract:
    """What every vector store does. A subclass overrides the fixture `store`."""

    @pytest.fixture
    def store(self) -> VectorStore:
        """The store to test, empty."""
        raise NotImplementedError

    @pytest.fixture
    async def index(self, store: VectorStore) -> str:
        """The name of an empty index."""
        await store.create(IndexSpec(name="i", dimensions=DIMENSIONS))
        return "i"

    async def test_an_index_that_is_not_there_is_missing(self, store: VectorStore) -> None:
        """All but create and drop raise IndexMissing."""
        search = Search(text="x", mode="keyword")
        for attempt in (
            store.upsert("none", []),
            store.delete("none", equals("a", 1)),
            store.search("none", search),
            store.get("none", ["a"]),
            store.count("none"),
            scanned(store, "none"),
        ):
            with pytest.raises(IndexMissing):
                await attempt
        await store.drop("none")

    async def test_create_twice_keeps_what_is_there(self, store: VectorStore, index: str) -> None:
        """The same specification again changes nothing; other dimensions are a conflict."""
        await store.upsert(index, [point("a")])
        await store.create(IndexSpec(name=index, dimensions=DIMENSIONS))
        assert await store.count(index) == 1
        with pytest.raises(Conflict):
            await store.create(IndexSpec(name=index, dimensions=DIMENSIONS + 1))

    async def test_a_dropped_index_is_gone_and_can_be_made_anew(self, store: VectorStore, index: str) -> None:
        """Drop removes all; the same name with other dimensions is free again."""
        await store.upsert(index, [point("a")])
        await store.drop(index)
        with pytest.raises(IndexMissing):
            await store.count(index)
        await store.create(IndexSpec(name=index, dimensions=DIMENSIONS + 1))
        assert await store.count(index) == 0

    @pytest.mark.parametrize("name", ["", "../up", "a/b", "a\\b", ".", "..", "a\x00b", "x" * 101, "ä b"])
    async def test_a_name_that_could_leave_the_folder_is_invalid(self, store: VectorStore, name: str) -> None:
        """Names of indexes are letters, digits, '-' and '_'."""
        with pytest.raises(Invalid):
            await store.create(IndexSpec(name=name, dimensions=DIMENSIONS))

    @pytest.mark.parametrize("dimensions", [0, -1, 8193])
    async def test_dimensions_are_bounded(self, store: VectorStore, dimensions: int) -> None:
        """An index has from 1 to 8192 dimensions."""
        with pytest.raises(Invalid):
            await store.create(IndexSpec(name="i", dimensions=dimensions))

    async def test_upsert_twice_keeps_one(self, store: VectorStore, index: str) -> None:
        """Points are kept by chunk id; the later one stays."""
        await store.upsert(index, [point("a", "old words")])
        await store.upsert(index, [point("a", "new words")])
        hits = await store.search(index, Search(text="words", mode="keyword"))
        assert [hit.chunk.text for hit in hits] == ["new words"]
        assert not await store.search(index, Search(text="old", mode="keyword"))

    async def test_sweep_removes_what_an_upsert_left_out(self, store: VectorStore, index: str) -> None:
        """Of the swept documents only the points of this upsert stay; others are not touched."""
        await store.upsert(index, [point("a", document="d1"), point("b", document="d1"), point("c", document="d2")])
        await store.upsert(index, [point("b", document="d1"), point("e", document="d1")], sweep=["d1"])
        assert set(await scanned(store, index)) == {"b", "e", "c"}
        await store.upsert(index, [], sweep=["d1", "d2", "unknown"])
        assert await store.count(index) == 0

    async def test_a_vector_of_another_length_is_invalid_and_nothing_changes(
        self, store: VectorStore, index: str
    ) -> None:
        """One bad vector refuses the whole upsert; so does one that is not finite, or an id twice."""
        short, bad = np.ones(3, dtype=np.float32), np.full(DIMENSIONS, np.nan, dtype=np.float32)
        for wrong in ([point("b", vector=short)], [point("b", vector=bad)], [point("b"), point("b")]):
            with pytest.raises(Invalid):
                await store.upsert(index, [point("a"), *wrong])
        assert await store.count(index) == 0

    @pytest.mark.parametrize("limit", [0, -1, 1001])
    async def test_the_limit_of_a_search_is_bounded(self, store: VectorStore, index: str, limit: int) -> None:
        """From 1 to 1000."""
        with pytest.raises(Invalid):
            await store.search(index, Search(text="a", mode="keyword", limit=limit))

    async def test_a_query_of_another_length_is_invalid(self, store: VectorStore, index: str) -> None:
        """The query's vector has the index's dimensions."""
        with pytest.raises(Invalid):
            await store.search(index, Search(vector=np.ones(3, dtype=np.float32), mode="semantic"))

    async def test_everything_of_a_point_comes_back(self, store: VectorStore, index: str) -> None:
        """Text, context, place, boxes, vector and metadata are what was put, in hits, get and scan."""
        kept = full_point()
        await store.upsert(index, [kept])
        (hit,) = await store.search(index, Search(text="zeile", vector=unit(1, 2)))
        (got,) = await store.get(index, ["c"])
        for found in (hit.point, got, (await scanned(store, index))["c"]):
            assert found == LikePoint(kept)

    async def test_get_keeps_the_order_asked_and_skips_what_is_not_there(self, store: VectorStore, index: str) -> None:
        """Parents are given too."""
        await store.upsert(index, [point("a"), parent("p", "all of it"), point("b")])
        assert [one.chunk.id for one in await store.get(index, ["b", "none", "p", "a"])] == ["b", "p", "a"]

    async def test_a_parent_is_kept_but_never_found(self, store: VectorStore, index: str) -> None:
        """Parents are no hits in any mode, and they count."""
        await store.upsert(index, [parent("p", "secret words"), point("a", "plain words", vector=unit(1))])
        for mode in MODES:
            assert ids(await store.search(index, Search(text="words secret", vector=unit(1), mode=mode))) == ["a"]
        assert await store.count(index) == 2

    async def test_semantic_hits_are_nearest_first_with_their_cosine(self, store: VectorStore, index: str) -> None:
        """The score is the cosine, negative ones as 0; words are not looked at."""
        await store.upsert(
            index,
            [
                point("far", "one", vector=unit(-1)),
                point("near", "two", vector=unit(1, 0.1)),
                point("side", "one", vector=unit(0, 1)),
            ],
        )
        hits = await store.search(index, Search(text="one", vector=unit(1), mode="semantic"))
        assert ids(hits) == ["near", "far", "side"]
        assert [hit.score for hit in hits] == pytest.approx([1 / np.sqrt(1.01), 0, 0], abs=1e-5)
        assert hits[1].similarity == pytest.approx(-1, abs=1e-5)
        assert {hit.keyword_score for hit in hits} == {None}

    async def test_keyword_hits_bear_the_words_of_the_query(self, store: VectorStore, index: str) -> None:
        """Rare words weigh more; a text without any of the words is no hit; similarity is given with a vector."""
        await store.upsert(
            index,
            [point("a", "common rare"), point("b", "common word"), point("c", "nothing else"), point("d", "common")],
        )
        hits = await store.search(index, Search(text="common rare", vector=unit(1), mode="keyword"))
        assert ids(hits)[0] == "a"
        assert set(ids(hits)) == {"a", "b", "d"}
        assert all(0 < hit.score < 1 and hit.similarity == pytest.approx(1) for hit in hits)

    async def test_equal_scores_come_in_order_of_chunk_id(self, store: VectorStore, index: str) -> None:
        """Also where only some of the equal ones fit."""
        await store.upsert(index, [point(name, "same words") for name in "dbeca"])
        for mode in MODES:
            query = Search(text="words", vector=unit(1), mode=mode, limit=3)
            assert ids(await store.search(index, query)) == ["a", "b", "c"]

    async def test_the_context_is_searched_too(self, store: VectorStore, index: str) -> None:
        """Headings are part of what keywords find."""
        chunk = Chunk(id="a", document_id="d", ordinal=0, text="Up to 90.", start=0, end=9, tokens=4, context="Hotels")
        await store.upsert(index, [Point(chunk=chunk, vector=unit(1), uri="u", data_source_id="s")])
        assert ids(await store.search(index, Search(text="hotel hotels", mode="keyword"))) == ["a"]

    @pytest.mark.parametrize(
        ("text", "query"),
        [
            ("Die Größe der Straße", "GRÖSSE"),
            ("naïve café", "cafe"),
            ("cafe", "café"),
            ("error E-4012 occurred", "E4012"),
            ("error E4012 occurred", "e-4012"),
            ("call parse_http_response now", "http"),
            ("call parseHTTPResponse now", "parseHttpResponse"),
            ("write to max.muster@example.org", "max.muster@example.org"),
            ("version 1.2.3 came", "1.2.3"),
            ("see src/app/main.py", "main.py"),
            ("東京都に住む", "東京"),
            ("東京都に住む", "都"),
            ("ยินดีต้อนรับสู่ประเทศไทย", "ประเทศไทย"),
            ("Мёд и чай", "мед"),
            ("हिन्दी भाषा", "हिन्दी"),
            ("مُحَمَّد", "محمد"),
            ("Αθήνα", "αθηνα"),
            ("İstanbul", "istanbul"),
            ("ＦＵＬＬ width ①", "full 1"),  # what is tested
            ("서울특별시에서", "서울"),
        ],
    )
    async def test_keywords_match_in_any_script(self, store: VectorStore, index: str, text: str, query: str) -> None:
        """Case, accents, width, joints of identifiers and missing spaces do not hide a word."""
        await store.upsert(index, [point("a", text), point("b", "zzz")])
        assert ids(await store.search(index, Search(text=query, mode="keyword"))) == ["a"]

    @pytest.mark.parametrize(
        "text",
        ["", " ", '"', "'", "AND OR NOT", "a:b^2~*?", "((((", "\\", "🙂🙂", "\x00", "\ud800", "the of and",
         "x " * 10_000, "y" * 20_000, "title:[a TO b]", "-- ; DROP TABLE points"],
    )  # fmt: skip
    async def test_any_query_text_is_safe(self, store: VectorStore, index: str, text: str) -> None:
        """Operators are only text; a query without words finds nothing by keyword and all by meaning."""
        await store.upsert(index, [point("a", "the quick fox")])
        await store.search(index, Search(text=text, mode="keyword"))
        assert ids(await store.search(index, Search(text=text, vector=unit(1)))) == ["a"]
        assert await store.count(index) == 1

    async def test_a_rare_filter_still_fills_the_limit(self, store: VectorStore, index: str) -> None:
        """Filters act during the search: the few that are allowed are found however many others are nearer."""
        others = [point(f"x{i}", "same words", vector=unit(1), metadata={"kind": "other"}) for i in range(400)]
        wanted = [
            point(f"w{i}", "same words and more", vector=unit(0.1, 1, i), metadata={"kind": "wanted"}) for i in range(5)
        ]
        await store.upsert(index, [*others, *wanted])
        for mode in MODES:
            query = Search(text="words", vector=unit(1), mode=mode, limit=5, where=equals("kind", "wanted"))
            assert set(ids(await store.search(index, query))) == {"w0", "w1", "w2", "w3", "w4"}

    @pytest.mark.parametrize("limit", [1, 2, 37, 100])
    async def test_as_many_hits_as_asked_for(self, store: VectorStore, index: str, limit: int) -> None:
        """From 1 to 100 of more, in every mode, each once; the best of a long list are those of a short one."""
        every = [point(f"{i:03}", f"words {i} " + "more " * (i % 7), vector=unit(1, i / 50)) for i in range(130)]
        await store.upsert(index, every)
        for mode in MODES:
            longer, shorter = [
                ids(await store.search(index, Search(text="words more", vector=unit(1), mode=mode, limit=n)))
                for n in (130, limit)
            ]
            assert len(set(shorter)) == limit
            assert shorter == longer[:limit]

    @pytest.mark.parametrize("attack", ATTACKS)
    async def test_an_attack_in_a_name_or_a_value_is_only_text(
        self, store: VectorStore, index: str, attack: str
    ) -> None:
        """In keys, values, documents and ids: it finds what bears it, and nothing else happens."""
        bad = point(f"id {attack}", f"text {attack}", document=f"d {attack}", metadata={attack: attack, "k": attack})
        await store.upsert(index, [bad, point("a", metadata={"k": "v"})])
        wheres: list[Filter] = [
            equals(attack, attack),
            one_of("k", [attack, "none"]),
            equals(DOCUMENT_ID, f"d {attack}"),
            equals(CHUNK_ID, f"id {attack}"),
            Compare("stringContains", "k", attack),
            Compare("startsWith", attack, attack),
            AllOf((equals("k", attack), AnyOf((equals("absent", attack), Compare("notEquals", "absent", attack))))),
        ]
        for where in wheres:
            assert set(await scanned(store, index, where)) == {bad.chunk.id}
            assert ids(await store.search(index, Search(vector=unit(1), mode="semantic", where=where))) == [
                bad.chunk.id
            ]
        assert [one.chunk.id for one in await store.get(index, [bad.chunk.id])] == [bad.chunk.id]
        await store.upsert(index, [], sweep=[f"d {attack}"])
        assert set(await scanned(store, index)) == {"a"}
        assert await store.delete(index, equals(attack, attack)) == 0

    async def test_a_scan_gives_every_point_once(self, store: VectorStore, index: str) -> None:
        """In batches, with and without a filter."""
        every = [point(f"{i:04}", document=f"d{i % 3}") for i in range(1234)]
        await store.upsert(index, every)
        batches = [len(batch) async for batch in store.scan(index)]
        assert sum(batches) == 1234
        assert len(batches) > 1
        assert len(await scanned(store, index, equals(DOCUMENT_ID, "d1"))) == 411

    async def test_writers_and_readers_at_once_see_whole_documents(self, store: VectorStore, index: str) -> None:
        """Each search sees the old version of a document or the new one; a store that cannot says so in its traits."""

        async def write(document: int) -> None:
            for version in range(4):
                names = [f"{document}-{version}-{part}" for part in range(1 + version % 3)]
                new = [point(name, f"words {version}", document=f"d{document}") for name in names]
                await store.upsert(index, new, sweep=[f"d{document}"])

        async def read() -> None:
            for _ in range(6):
                hits = await store.search(index, Search(text="words", vector=unit(1), limit=100))
                versions = {(hit.chunk.document_id, hit.chunk.id.split("-")[1]) for hit in hits}
                if store.traits.transactional:
                    assert len(versions) == len({document for document, _ in versions})

        await asyncio.gather(*(write(document) for document in range(4)), read(), read())
        found = await scanned(store, index)
        assert set(found) == {f"{document}-3-0" for document in range(4)}

    async def test_delete_by_filter_says_how_many(self, store: VectorStore, index: str) -> None:
        """Deleted points are found no more, by no verb; parents are deleted too."""
        await store.upsert(
            index, [point("a", document="d1"), parent("p", "x", document="d1"), point("b", document="d2")]
        )
        assert await store.delete(index, equals(DOCUMENT_ID, "d1")) == 2
        assert await store.delete(index, equals(DOCUMENT_ID, "d1")) == 0
        assert set(await scanned(store, index)) == {"b"}
        assert not await store.get(index, ["a", "p"])
        assert ids(await store.search(index, Search(text="text", vector=unit(1)))) == ["b"]

    async def test_reserved_fields_filter(self, store: VectorStore, index: str) -> None:
        """Chunk, document, data source and address are fields, and metadata cannot pass for them."""
        await store.upsert(index, [point("a", document="d1", metadata={DOCUMENT_ID: "d2"}), point("b", document="d2")])
        for where, wanted in (
            (equals(DOCUMENT_ID, "d2"), {"b"}),
            (one_of(CHUNK_ID, ["a", "zz"]), {"a"}),
            (equals(SOURCE_URI, "file:///d1"), {"a"}),
            (equals(DATA_SOURCE_ID, "source"), {"a", "b"}),
        ):
            assert set(await scanned(store, index, where)) == wanted

    @_SETTINGS
    @given(collection=COLLECTIONS, wheres=st.lists(FILTERS, min_size=1, max_size=6))
    async def test_filters_mean_what_the_reference_says(
        self, store: VectorStore, collection: list[Point], wheres: list[Filter]
    ) -> None:
        """A scan gives the points that `matches` accepts, for any metadata and any filter."""
        name = f"filters-{next(_NAMES)}"
        await store.create(IndexSpec(name=name, dimensions=DIMENSIONS))
        await store.upsert(name, collection)
        for where in wheres:
            wanted = {one.chunk.id for one in collection if matches(where, one.fields())}
            assert set(await scanned(store, name, where)) == wanted
        await store.drop(name)

    @_SETTINGS
    @given(batches=st.lists(st.tuples(COLLECTIONS, st.booleans()), max_size=4), searches=st.lists(SEARCHES, max_size=4))
    async def test_searches_find_what_the_reference_finds(
        self, store: VectorStore, batches: list[tuple[list[Point], bool]], searches: list[Search]
    ) -> None:
        """After any upserts and sweeps, every search gives the reference's hits with its numbers."""
        name, reference = f"searches-{next(_NAMES)}", MemoryVectorStore()
        for one in (store, reference):
            await one.create(IndexSpec(name=name, dimensions=DIMENSIONS))
        for batch, swept in batches:
            sweep = {each.chunk.document_id for each in batch} if swept else set()
            for one in (store, reference):
                await one.upsert(name, batch, sweep=sweep)
        for query in searches:
            same_hits(await store.search(name, query), await reference.search(name, query))
        await store.drop(name)
