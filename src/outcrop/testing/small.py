"""A small Outcrop in memory with scripted passages: what a surface is given, for testing the surface alone.

It retrieves by shared words and answers with the best passage's first sentence, word by word.
"""

from __future__ import annotations

import asyncio
import hmac
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from outcrop.access.callers import Caller
from outcrop.access.tags import TagStore
from outcrop.answer.exploring import Exploration, Explored, ExploredPart, Found, Traced
from outcrop.answer.external import ExternalSource
from outcrop.app.adapters import LoadedAdapters
from outcrop.core import filters
from outcrop.core.answers import (
    Answer,
    AnswerPart,
    AskRequest,
    Citation,
    CitationPart,
    FinalPart,
    Reference,
    RetrieveRequest,
    StepSpan,
    TextPart,
)
from outcrop.core.chunks import Chunk, Hit, Place, Point
from outcrop.core.clock import now
from outcrop.core.errors import Conflict, Denied, NotFound, OutcropError
from outcrop.core.ids import derived_id
from outcrop.core.parsed import Coverage
from outcrop.core.protocols import Page
from outcrop.core.records import Document, KnowledgeBase, Record, Session
from outcrop.core.settings import Settings
from outcrop.models.gateway import Gateway

MOMENT = datetime(2026, 1, 31, 12, tzinfo=UTC)
KEY_ID, SECRET = "OCRPTESTKEY000000001", "a-secret-of-forty-characters-for-testing"
TOKEN = "console-token-for-testing"  # not a secret: the token of a test's page
BASE = KnowledgeBase(
    id="HANDBOOK01",
    created_at=MOMENT,
    updated_at=MOMENT,
    name="handbook",
    embedding_model="local:all-MiniLM-L6-v2",
    dimensions=384,
    index="handbook01",
    description="The company's handbook.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A passage of a document, with where it stands."""

    name: str
    text: str
    place: Place = field(default_factory=Place)
    metadata: dict[str, Any] = field(default_factory=dict)
    context: str = ""


def point(passage: Passage, ordinal: int = 0) -> Point:
    """The point of a passage."""
    uri = f"file:///handbook/{passage.name}"
    chunk = Chunk(
        id=derived_id(passage.name, str(ordinal)),
        document_id=derived_id("document", passage.name),
        ordinal=ordinal,
        text=passage.text,
        start=100,
        end=100 + len(passage.text),
        tokens=len(passage.text.split()),
        context=passage.context,
        place=passage.place,
    )
    return Point(chunk=chunk, vector=None, uri=uri, data_source_id="SOURCE0001", metadata=passage.metadata)


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What a retrieval gives."""

    hits: tuple[Hit, ...]
    trace: tuple[StepSpan, ...]
    question: str


class SmallAnswers:
    """Answers from passages by shared words. `hold` lets a test stop the answer after its first word."""

    def __init__(self, points: Sequence[Point], records: SmallMetadata, refusal: str) -> None:
        self.points = points
        self.records = records
        self.refusal = refusal
        self.fails: OutcropError | Exception | None = None
        self.fails_after_words = 0
        self.hold: asyncio.Event | None = None
        self.cancelled = asyncio.Event()
        self.asked: list[RetrieveRequest | AskRequest] = []

    async def retrieve(self, base: KnowledgeBase, request: RetrieveRequest) -> Retrieved:
        """The passages that share most words with the question."""
        del base
        self.asked.append(request)
        if self.fails is not None:
            raise self.fails
        span = StepSpan(name="search", started_ms=0.0, took_ms=1.5, details={"hits": 1})
        return Retrieved(self._hits(request.question, request.limit, request.where), (span,), request.question)

    async def ask(self, base: KnowledgeBase, request: AskRequest) -> AsyncIterator[AnswerPart]:
        """The first sentence of the best passage, word by word, with its citation."""
        self.asked.append(request)
        session = await self.records.session(base, request)
        hits = self._hits(request.question, request.limit, request.where)
        try:
            async for part in self._parts(request, hits, session):
                yield part
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled.set()
            raise

    def ask_documents(self, sources: Sequence[ExternalSource], request: AskRequest) -> AsyncIterator[AnswerPart]:
        """As `ask`: the documents that come with the question are not read."""
        del sources
        return self.ask(BASE, request)

    async def explore(self, asked: Exploration) -> AsyncIterator[ExploredPart]:
        """What shares words with the question, found in one search, and no answer."""
        if self.fails is not None:
            raise self.fails
        hits = self._hits(asked.question, asked.retrievers[0].limit, asked.retrievers[0].where)
        found = tuple(Found(hit, 0) for hit in hits)
        yield Traced(activity="Retrieval", status="SUCCEEDED", message="It was searched.", at=MOMENT, found=found)
        yield Explored(found=found, question=asked.question)

    async def _parts(self, request: AskRequest, hits: tuple[Hit, ...], session: str) -> AsyncIterator[AnswerPart]:
        if not hits:
            yield FinalPart(answer=self._answer(request, self.refusal, (), hits, session))
            return
        text = hits[0].chunk.text
        quote = text[: text.find(". ") + 1] or text
        for count, word in enumerate(re.findall(r"\S+\s*", quote)):
            if self.fails is not None and count >= self.fails_after_words:
                raise self.fails
            yield TextPart(text=word)
            if self.hold is not None:
                await self.hold.wait()
        citation = Citation(start=0, end=len(quote), references=(_reference(hits[0], quote),))
        yield CitationPart(citation=citation)
        yield FinalPart(answer=self._answer(request, quote, (citation,), hits, session))

    def _answer(
        self, request: AskRequest, text: str, citations: tuple[Citation, ...], hits: tuple[Hit, ...], session: str
    ) -> Answer:
        return Answer(
            text=text,
            available=bool(citations),
            citations=citations,
            hits=hits,
            session_id=session,
            model=request.model or "extractive:sentences",
            question=request.question,
            trace=(StepSpan(name="generate", started_ms=1.0, took_ms=2.0),),
        )

    def _hits(self, question: str, limit: int, where: filters.Filter | None) -> tuple[Hit, ...]:
        words = _words(question)
        scored = [
            Hit(point=one, score=len(words & _words(one.chunk.text)) / max(len(words), 1))
            for one in self.points
            if filters.matches(where, one.fields())
        ]
        found = sorted((hit for hit in scored if hit.score > 0), key=lambda hit: (-hit.score, hit.chunk.id))
        return tuple(found[:limit])


class SmallMetadata:
    """Keeps records by id."""

    def __init__(self) -> None:
        self.records: dict[str, Any] = {}

    async def get(self, kind: type[Any], id: str) -> Any:
        """The record. Raises NotFound."""
        if not isinstance(found := self.records.get(id), kind):
            raise NotFound(f"There is no {kind.__name__} {id}.")
        return found

    async def put(self, record: Any, expect: int | None = None) -> Any:
        """Keep a record. Raises Conflict unless `expect` is the version that is there."""
        there = self.records[record.id].version if record.id in self.records else 0
        if expect not in (None, there):
            raise Conflict
        self.records[record.id] = kept = replace(record, version=there + 1)
        return kept

    async def delete(self, kind: type[Any], id: str) -> None:
        """Remove a record."""
        del kind
        self.records.pop(id, None)

    async def page(self, kind: type[Record], where: filters.Filter | None, after: str | None, limit: int) -> Page[Any]:
        """Records of a kind by id; the token is the last one's id."""
        every = sorted((record for record in self.records.values() if isinstance(record, kind)), key=lambda one: one.id)
        fields = {record.id: {name: getattr(record, name) for name in kind.indexed} for record in every}
        found = [one for one in every if one.id > (after or "") and filters.matches(where, fields[one.id])]
        return Page(tuple(found[:limit]), found[limit - 1].id if len(found) > limit else None)

    async def session(self, base: KnowledgeBase, request: AskRequest) -> str:
        """The session of a request, made where it names none. Raises Denied for another caller's."""
        if request.session_id is None:
            made = f"SESSION{len(self.records):03}"
            self.records[made] = Session(
                id=made, created_at=MOMENT, updated_at=MOMENT, knowledge_base_id=base.id, owner=request.caller
            )
            return made
        session: Session = await self.get(Session, request.session_id)
        if session.owner != request.caller:
            raise Denied("This session belongs to another caller.")
        return session.id


class SmallKnowledgeBases:
    """One knowledge base and its documents."""

    def __init__(self, points: Sequence[Point], base: KnowledgeBase = BASE) -> None:
        self.base = base
        self.points = points

    async def get(self, reference: str) -> KnowledgeBase:
        """The knowledge base by name or id. Raises NotFound."""
        if reference not in (self.base.id, self.base.name):
            raise NotFound(f"There is no knowledge base {reference}.")
        return self.base

    async def list(self) -> Sequence[KnowledgeBase]:
        """Every knowledge base."""
        return [self.base]


class SmallAdapters:
    """A vector store that opens, unless `fails` is set."""

    fails: OutcropError | None = None

    def vector_store(self, name: str) -> SmallAdapters:
        """The store itself."""
        del name
        return self

    async def count(self, index: str) -> int:
        """How many points an index has."""
        del index
        if self.fails is not None:
            raise self.fails
        return 1


class SmallKeys:
    """One access key."""

    def __init__(self) -> None:
        self.secrets = {KEY_ID: SECRET}

    async def secret(self, id: str) -> str | None:
        """The secret of a key."""
        return self.secrets.get(id)

    async def caller(self, id: str) -> Caller | None:
        """Who holds a key."""
        return Caller(id=id, name="tests") if id in self.secrets else None

    async def used(self, id: str) -> None:
        """Nothing is kept of it."""


class SmallTokens:
    """The token of the page."""

    def check(self, token: str) -> bool:
        """Whether this is the token."""
        return hmac.compare_digest(token.encode(), TOKEN.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallServices:
    """The services that surfaces use."""

    settings: Settings
    metadata: SmallMetadata
    adapters: SmallAdapters
    knowledge_bases: SmallKnowledgeBases
    answers: SmallAnswers
    models: Gateway
    keys: SmallKeys
    tags: TagStore
    console: SmallTokens


def small_services(data: Path, passages: Iterable[Passage], **settings: Any) -> SmallServices:
    """A small Outcrop over passages."""
    configuration = Settings(data=data, **settings)
    points = [point(passage, ordinal) for ordinal, passage in enumerate(passages)]
    metadata = SmallMetadata()
    locked = _document(BASE, "locked.pdf")
    reason = "The file is encrypted. Remove its password and sync again."
    failed = replace(locked, status="FAILED", reason=reason, reason_code="encrypted", chunks=0, coverage=None)
    names = {one.uri.rpartition("/")[2] for one in points}
    metadata.records = {one.id: one for one in (BASE, failed, *(_document(BASE, name) for name in names))}
    return SmallServices(
        settings=configuration,
        metadata=metadata,
        adapters=SmallAdapters(),
        knowledge_bases=SmallKnowledgeBases(points),
        answers=SmallAnswers(points, metadata, configuration.refusal),
        models=LoadedAdapters(configuration, metadata).models,
        keys=SmallKeys(),
        tags=TagStore(metadata, now),  # type: ignore[arg-type]  # what it uses of it
        console=SmallTokens(),
    )


def _reference(hit: Hit, quote: str) -> Reference:
    place = hit.chunk.place
    return Reference(
        hit=hit,
        quote=quote,
        start=hit.chunk.start,
        end=hit.chunk.start + len(quote),
        page=place.first_page,
        sheet=place.sheet,
        row=place.first_row,
    )


def _document(base: KnowledgeBase, name: str) -> Document:
    return Document(
        id=derived_id("document", name),
        created_at=MOMENT,
        updated_at=MOMENT,
        knowledge_base_id=base.id,
        data_source_id="SOURCE0001",
        uri=f"file:///handbook/{name}",
        name=name,
        status="INDEXED",
        content_hash="0" * 64,
        settings_hash="0" * 64,
        size=1000,
        media_type="text/plain",
        coverage=Coverage(characters=1000, pages=3, text_pages=2, ocr_pages=1),
        chunks=3,
    )


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.lower()) if len(word) > SHORT}


SHORT = 3  # words of this length say little
