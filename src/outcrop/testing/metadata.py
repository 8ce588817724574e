"""The contract of metadata stores: records come back as they were, lists are stable, changes are all or nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outcrop.core.errors import Conflict, Invalid, NotFound
from outcrop.core.filters import OPERATORS, AllOf, AnyOf, Compare, Filter, equals, matches, one_of
from outcrop.core.parsed import Coverage
from outcrop.core.protocols import MetadataStore, every
from outcrop.core.records import (
    Chunking,
    ClientToken,
    DataSource,
    Deposit,
    Document,
    IngestionJob,
    KnowledgeBase,
    Session,
    Statistics,
    Turn,
)

BEGAN = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def knowledge_base(id: str = "KB00000001", name: str = "handbook", seconds: int = 0) -> KnowledgeBase:
    """A knowledge base."""
    moment = BEGAN + timedelta(seconds=seconds)
    return KnowledgeBase(
        id=id, created_at=moment, updated_at=moment, name=name, embedding_model="test:x", dimensions=8, index=id.lower()
    )


def document(id: str, *, source: str = "DS00000001", uri: str | None = None, seconds: int = 0) -> Document:
    """A document with every kind of member."""
    moment = BEGAN + timedelta(seconds=seconds)
    return Document(
        id=id,
        created_at=moment,
        updated_at=moment,
        knowledge_base_id="KB00000001",
        data_source_id=source,
        uri=uri or f"file:///{id}.pdf",
        name=f"{id}.pdf",
        status="INDEXED",
        content_hash="c" * 64,
        settings_hash="s" * 24,
        title="Ein Titel \u2014 \u6587\u66f8 \ud800",  # a lone surrogate, as JSON metadata may hold
        warnings=("first", "second"),
        coverage=Coverage(characters=12, pages=2, text_pages=1, ocr_pages=1, ocr_confidence=0.5),
        metadata={"year": 2026, "ratio": 1.0, "public": True, "team": "plant", "tags": ("a", "b")},
    )


VALUES = st.one_of(st.sampled_from(["", "a", "ab", "b", "\u00e9", "z%", "_"]), st.integers(0, 2), st.booleans())
COMPARISONS = st.builds(
    lambda operator, key, value, many: Compare(operator, key, many if operator in ("in", "notIn") else value),
    st.sampled_from(OPERATORS),
    st.sampled_from(["uri", "status", "data_source_id"]),
    VALUES,
    st.lists(VALUES, max_size=3).map(tuple),
)
FILTERS = st.recursive(
    COMPARISONS,
    lambda parts: st.one_of(
        st.lists(parts, min_size=1, max_size=3).map(lambda chosen: AllOf(tuple(chosen))),
        st.lists(parts, min_size=1, max_size=3).map(lambda chosen: AnyOf(tuple(chosen))),
    ),
    max_leaves=4,
)


class MetadataContract:
    """Subclass it with an async fixture `store` that gives an empty store."""

    @pytest.fixture
    async def store(self) -> MetadataStore:
        """The empty store under test."""
        raise NotImplementedError

    @pytest.mark.parametrize(
        "record",
        [
            knowledge_base(),
            document("d1"),
            DataSource(
                id="DS00000001",
                created_at=BEGAN,
                updated_at=BEGAN,
                knowledge_base_id="KB00000001",
                name="docs",
                kind="folder",
                configuration={"path": "/srv/docs", "include": ["*.pdf"], "hidden": False},
                chunking=Chunking(strategy="fixed", max_tokens=100),
            ),
            IngestionJob(
                id="J000000001",
                created_at=BEGAN,
                updated_at=BEGAN,
                knowledge_base_id="KB00000001",
                data_source_id="DS00000001",
                statistics=Statistics(scanned=3),
                failure_reasons=("why",),
                finished_at=BEGAN,
            ),
            Deposit(
                id="D000000001",
                created_at=BEGAN,
                updated_at=BEGAN,
                knowledge_base_id="KB00000001",
                data_source_id="DS00000001",
                uri="report",
                name="report.pdf",
                status="METADATA_UPDATE_FAILED",
                reason="why",
                blob="0" * 64,
                metadata={"year": 2026, "tags": ("a", "b")},
                embedded=("year",),
            ),
            Session(
                id="S000000001",
                created_at=BEGAN,
                updated_at=BEGAN,
                knowledge_base_id="KB00000001",
                owner="local",
                turns=(Turn(question="q", answer="a"), Turn(question="r", answer="b", standalone="s")),
            ),
            ClientToken(
                id="T000000001",
                created_at=BEGAN,
                updated_at=BEGAN,
                fingerprint="0" * 64,
                status=202,
                headers={"content-type": "application/json"},
                body='{"a":"\u00fc"}',
            ),
        ],
        ids=lambda record: type(record).__name__,
    )
    async def test_a_record_comes_back_as_it_was_put(self, store: MetadataStore, record: KnowledgeBase) -> None:
        put = await store.put(record)
        assert put == replace(record, version=1)
        assert await store.get(type(record), record.id) == put

    async def test_metadata_values_keep_their_kind(self, store: MetadataStore) -> None:
        await store.put(document("d1"))
        kept = (await store.get(Document, "d1")).metadata
        assert [(name, type(value)) for name, value in kept.items()] == [
            ("year", int), ("ratio", float), ("public", bool), ("team", str), ("tags", tuple),
        ]  # fmt: skip

    async def test_what_was_never_put_is_not_found(self, store: MetadataStore) -> None:
        await store.put(knowledge_base("KB00000001"))
        with pytest.raises(NotFound, match="NOSUCH"):
            await store.get(KnowledgeBase, "NOSUCH")
        with pytest.raises(NotFound):
            await store.get(Document, "KB00000001")

    async def test_every_put_makes_the_next_version(self, store: MetadataStore) -> None:
        versions = [(await store.put(knowledge_base())).version for _ in range(3)]
        assert versions == [1, 2, 3]

    async def test_a_put_that_expects_another_version_is_a_conflict_and_changes_nothing(
        self, store: MetadataStore
    ) -> None:
        await store.put(knowledge_base())
        for expect in (0, 2):
            with pytest.raises(Conflict):
                await store.put(knowledge_base(name="other"), expect=expect)
        assert (await store.get(KnowledgeBase, "KB00000001")).name == "handbook"
        assert (await store.put(knowledge_base(name="other"), expect=1)).version == 2

    async def test_a_record_that_is_not_there_has_version_0(self, store: MetadataStore) -> None:
        with pytest.raises(Conflict):
            await store.put(knowledge_base(), expect=1)
        assert (await store.put(knowledge_base(), expect=0)).version == 1

    async def test_of_many_puts_that_expect_the_same_version_one_wins(self, store: MetadataStore) -> None:
        await store.put(knowledge_base())
        puts = [store.put(knowledge_base(name=f"name-{i}"), expect=1) for i in range(8)]
        results = await asyncio.gather(*puts, return_exceptions=True)
        assert sum(isinstance(result, KnowledgeBase) for result in results) == 1
        assert sum(isinstance(result, Conflict) for result in results) == 7

    async def test_a_name_that_is_unique_is_given_once(self, store: MetadataStore) -> None:
        await store.put(knowledge_base("KB00000001", "same"))
        with pytest.raises(Conflict):
            await store.put(knowledge_base("KB00000002", "same"))
        await store.put(knowledge_base("KB00000001", "same"))
        await store.delete(KnowledgeBase, "KB00000001")
        await store.put(knowledge_base("KB00000002", "same"))

    async def test_deleting_twice_is_as_deleting_once(self, store: MetadataStore) -> None:
        await store.put(knowledge_base())
        await store.delete(KnowledgeBase, "KB00000001")
        await store.delete(KnowledgeBase, "KB00000001")
        with pytest.raises(NotFound):
            await store.get(KnowledgeBase, "KB00000001")

    async def test_pages_come_in_order_of_creation_then_id_and_miss_nothing(self, store: MetadataStore) -> None:
        for number in (5, 3, 9, 1, 7):
            await store.put(document(f"d{number}", seconds=number // 4))
        seen, after = [], None
        while True:
            page = await store.page(Document, None, after, 2)
            seen += [record.id for record in page.records]
            assert len(page.records) <= 2
            if (after := page.after) is None:
                break
        assert seen == ["d1", "d3", "d5", "d7", "d9"]

    async def test_what_is_put_while_a_list_is_read_moves_nothing(self, store: MetadataStore) -> None:
        for number in range(4):
            await store.put(document(f"d{number}", seconds=number))
        first = await store.page(Document, None, None, 2)
        await store.delete(Document, "d0")
        await store.put(document("d1", seconds=1))
        second = await store.page(Document, None, first.after, 2)
        assert [record.id for record in second.records] == ["d2", "d3"]

    async def test_a_token_that_is_none_and_a_page_without_end_are_refused(self, store: MetadataStore) -> None:
        for token in ("", "x", "!!!", "bnVsbA", "WzEsMl0"):
            with pytest.raises(Invalid, match="token"):
                await store.page(Document, None, token, 10)
        for limit in (0, -1, 10_000):
            with pytest.raises(Invalid):
                await store.page(Document, None, None, limit)

    async def test_lists_are_filtered_by_indexed_attributes_only(self, store: MetadataStore) -> None:
        await store.put(document("d1", source="A"))
        await store.put(document("d2", source="B"))
        assert [d.id async for d in every(store, Document, equals("data_source_id", "B"))] == ["d2"]
        assert [d.id async for d in every(store, Document, one_of("data_source_id", ["A", "C"]))] == ["d1"]
        with pytest.raises(Invalid, match="title"):
            await store.page(Document, equals("title", "x"), None, 10)

    @settings(
        max_examples=150,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    )
    @given(where=FILTERS)
    async def test_filters_agree_with_the_reference(self, store: MetadataStore, where: Filter) -> None:
        kept = [
            document("d0", source="a", uri="ab"),
            document("d1", source="b", uri="\u00e9"),
            document("d2", source="A", uri="z%_"),
        ]
        for record in kept:
            await store.put(record)
        wanted = [
            record.id
            for record in kept
            if matches(where, {"uri": record.uri, "status": record.status, "data_source_id": record.data_source_id})
        ]
        assert [record.id async for record in every(store, Document, where)] == wanted

    async def test_a_transaction_is_all(self, store: MetadataStore) -> None:
        async with store.transaction() as inside:
            await inside.put(document("d1"))
            await inside.put(document("d2"))
            assert (await inside.get(Document, "d1")).version == 1
            assert len((await inside.page(Document, None, None, 10)).records) == 2
        assert len((await store.page(Document, None, None, 10)).records) == 2

    async def test_or_nothing(self, store: MetadataStore) -> None:
        await store.put(document("d0"))
        with pytest.raises(RuntimeError, match="midway"):  # noqa: PT012 # all of it is the behaviour
            async with store.transaction() as inside:
                await inside.put(document("d1"))
                await inside.delete(Document, "d0")
                raise RuntimeError("midway")
        assert [record.id for record in (await store.page(Document, None, None, 10)).records] == ["d0"]

    async def test_a_cancelled_transaction_leaves_nothing_and_blocks_nobody(self, store: MetadataStore) -> None:
        begun = asyncio.Event()

        async def write() -> None:
            async with store.transaction() as inside:
                await inside.put(document("d1"))
                begun.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(write())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await store.put(document("d2"))
        assert [record.id for record in (await store.page(Document, None, None, 10)).records] == ["d2"]

    async def test_an_inner_transaction_fails_alone(self, store: MetadataStore) -> None:
        async with store.transaction() as outer:
            await outer.put(document("d1"))
            with pytest.raises(RuntimeError):  # noqa: PT012 # all of it is the behaviour
                async with outer.transaction() as inner:
                    await inner.put(document("d2"))
                    raise RuntimeError
            async with outer.transaction() as inner:
                await inner.put(document("d3"))
        assert [record.id for record in (await store.page(Document, None, None, 10)).records] == ["d1", "d3"]

    async def test_others_do_not_see_what_is_not_committed(self, store: MetadataStore) -> None:
        async with store.transaction() as inside:
            await inside.put(document("d1"))
            with pytest.raises(NotFound):
                await store.get(Document, "d1")

    async def test_concurrent_tasks_lose_no_write(self, store: MetadataStore) -> None:
        async def write(number: int) -> None:
            async with store.transaction() as inside:
                await inside.put(document(f"d{number}"))
                await inside.put(document(f"e{number}"))

        await asyncio.gather(*(write(number) for number in range(20)))
        assert len((await store.page(Document, None, None, 100)).records) == 40
