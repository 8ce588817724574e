"""The proof that source, metadata and index agree, or every way in which they do not."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Literal

from outcrop.core.errors import IndexMissing, OutcropError, Unreadable
from outcrop.core.filters import equals
from outcrop.core.protocols import Adapters, Item, MetadataStore, Source, VectorStore, every
from outcrop.core.records import DataSource, Document, KnowledgeBase
from outcrop.core.settings import Settings
from outcrop.ingest.agreement import Held, SelfChecking, disagreement, held_points
from outcrop.ingest.fingerprints import content_hash, metadata_hash
from outcrop.ingest.locks import locked
from outcrop.ingest.means import place_of
from outcrop.ingest.steps import described, document_id

ProblemKind = Literal[
    "index",  # the vector store finds fault with itself
    "points",  # the index holds other points of a document than its record says
    "orphan",  # points of a document that has no record
    "changed",  # the source has another content or metadata than was indexed
    "missing",  # the source no longer has it
    "unsynced",  # the source has it, but it was never synced
    "duplicate",  # two records for one address
    "source",  # the source, or a part of it, cannot be listed
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One disagreement: what it concerns, a sentence, and what to do."""

    kind: ProblemKind
    subject: str
    sentence: str
    mend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was compared and every problem; `ok` where there is none.

    `retained` counts points of deleted data sources whose deletion policy was RETAIN: they are kept on purpose.
    """

    ok: bool
    documents: int
    chunks: int
    retained: int = 0
    problems: tuple[Problem, ...] = ()


class Verifier:
    """Compares; changes nothing."""

    def __init__(self, metadata: MetadataStore, adapters: Adapters, settings: Settings) -> None:
        self._metadata = metadata
        self._adapters = adapters
        self._settings = settings

    async def verify(self, base: KnowledgeBase) -> Verification:
        """Compare a knowledge base's sources, records and index, each completely.

        Raises:
            Conflict: One of its data sources is being synced.
        """
        sources = [one async for one in every(self._metadata, DataSource, equals("knowledge_base_id", base.id))]
        with ExitStack() as locks:
            for source in sources:
                locks.enter_context(locked(self._settings.data, source))
            base = await self._metadata.get(KnowledgeBase, base.id)  # its index may have been replaced meanwhile
            return await self._compare(base, {source.id: source for source in sources})

    async def _compare(self, base: KnowledgeBase, sources: Mapping[str, DataSource]) -> Verification:
        store, sync = self._adapters.vector_store(base.vector_store), f"Run: outcrop sync {base.name}"
        problems = [problem async for problem in _of_index(store, base)]
        held = await held_points(store, base.index)
        documents, chunks = 0, sum(len(points.ids) for points in held.values())
        uris: Counter[tuple[str, str]] = Counter()
        recorded: set[str] = set()
        async for document in every(self._metadata, Document, equals("knowledge_base_id", base.id)):
            documents += 1
            uris[document.data_source_id, document.uri] += 1
            recorded.add(document.id)
            sentence = disagreement(document, held.get(document.id))
            if sentence is not None:
                problems.append(
                    Problem(kind="points", subject=document.name, sentence=sentence, mend=f"{sync} --check")
                )
        problems += _orphans({name: points for name, points in held.items() if name not in recorded}, sources, sync)
        problems += _duplicates(uris, base)
        for source in sources.values():
            problems += [problem async for problem in self._of_source(source, sync)]
        retained = sum(len(one.ids) for one in held.values() if one.data_source_id not in sources)
        return Verification(
            ok=not problems, documents=documents, chunks=chunks, retained=retained, problems=tuple(problems)
        )

    async def _of_source(self, source: DataSource, sync: str) -> AsyncIterator[Problem]:
        """How the source differs now from what was indexed of it."""
        place, reader = place_of(source, self._metadata, self._adapters), self._adapters.reader(source.parser)
        seen: set[str] = set()
        try:
            async for item in place.list(None):
                seen.add(document_id(source, item))
                if item.unlisted and item.fault is not None:
                    yield Problem(
                        kind="source", subject=item.name, sentence=item.fault.message, mend="Make it readable."
                    )
                elif item.fault is None and reader.supports(item.name):
                    problem = await self._of_item(place, source, item, sync)
                    if problem is not None:
                        yield problem
        except OutcropError as error:
            yield Problem(kind="source", subject=source.name, sentence=error.message, mend="Bring the source back.")
            return
        async for document in every(self._metadata, Document, equals("data_source_id", source.id)):
            if document.id not in seen:
                sentence = "Its source no longer has it."
                yield Problem(kind="missing", subject=document.name, sentence=sentence, mend=sync)

    async def _of_item(self, place: Source, source: DataSource, item: Item, sync: str) -> Problem | None:
        """Whether a document of the source is as it was when it was synced."""
        try:
            document = await self._metadata.get(Document, document_id(source, item))
        except OutcropError:
            return Problem(kind="unsynced", subject=item.name, sentence="It was never synced.", mend=sync)
        try:
            item = await described(item, place)
            blob = await place.fetch(item)
            try:
                content = await asyncio.to_thread(content_hash, blob)
            finally:
                blob.release()
        except (OSError, Unreadable) as error:
            return Problem(kind="source", subject=item.name, sentence=str(error), mend="Make it readable.")
        if content != document.content_hash:
            sentence = "Its content has changed since it was synced."
        elif metadata_hash(item.metadata) != document.metadata_hash:
            sentence = "Its metadata has changed since it was synced."
        else:
            return None
        return Problem(kind="changed", subject=item.name, sentence=sentence, mend=sync)


async def _of_index(store: VectorStore, base: KnowledgeBase) -> AsyncIterator[Problem]:
    """That there is an index, and what the vector store says of it where it can check itself."""
    try:
        await store.count(base.index)
    except IndexMissing as error:
        mend = f"Run: outcrop sync {base.name}"
        yield Problem(kind="index", subject=base.index, sentence=error.message, mend=mend)
        return
    if isinstance(store, SelfChecking):
        for sentence in await store.check(base.index):
            mend = f"Run: outcrop sync {base.name} --check"
            yield Problem(kind="index", subject=base.index, sentence=sentence, mend=mend)


def _orphans(held: Mapping[str, Held], sources: Mapping[str, DataSource], sync: str) -> Iterator[Problem]:
    for points in held.values():
        if points.data_source_id in sources:
            sentence = f"The index holds {len(points.ids)} chunks of it, but it is not known."
            yield Problem(kind="orphan", subject=points.uri, sentence=sentence, mend=sync)


def _duplicates(uris: Counter[tuple[str, str]], base: KnowledgeBase) -> Iterator[Problem]:
    for (_, uri), count in uris.items():
        if count > 1:
            mend = f"Run: outcrop kb delete {base.name}, and sync again."
            yield Problem(kind="duplicate", subject=uri, sentence=f"It is recorded {count} times.", mend=mend)
