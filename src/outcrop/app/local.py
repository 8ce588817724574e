"""Outcrop as a library: the same services, called from plain Python without a server."""

from __future__ import annotations

import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from outcrop.app.wiring import open_services
from outcrop.core import filters
from outcrop.core.addresses import custom_uri
from outcrop.core.answers import Answer, AnswerPart, AskRequest, FinalPart, RetrieveRequest
from outcrop.core.chunks import Hit, Point, SearchMode
from outcrop.core.errors import Invalid, NotFound
from outcrop.core.filters import Filter, Metadata
from outcrop.core.records import CUSTOM, Chunking, DataSource, Document, IngestionJob, KnowledgeBase
from outcrop.core.settings import load_settings
from outcrop.ingest.direct import DirectDocument
from outcrop.ingest.sync import Options
from outcrop.services import Services

if TYPE_CHECKING:
    from outcrop.ingest.progress import Progress
    from outcrop.ingest.verify import Verification

T = TypeVar("T")
Where = Filter | dict[str, Any] | None


def _leave(threads: AbstractContextManager[BlockingPortal]) -> None:
    """End the event loop of an Outcrop that nobody closed, which would otherwise keep the interpreter from exiting."""
    with suppress(BaseException):
        threads.__exit__(SystemExit, SystemExit(), None)


class Outcrop:
    """One data directory, opened: a context manager, also usable where an event loop is already running.

    `data` and the other keyword arguments are settings (see docs/settings.md); what is left out comes from
    `OUTCROP_*` variables and `outcrop.toml`.
    """

    def __init__(self, data: str | Path | None = None, **settings: Any) -> None:
        given = {**settings, **({"data": Path(data)} if data is not None else {})}
        self.settings = load_settings(**given)
        self._threads = start_blocking_portal()
        self._portal = self._threads.__enter__()
        self._left = weakref.finalize(self, _leave, self._threads)
        try:
            self._opened = self._portal.wrap_async_context_manager(open_services(self.settings))
            self.services: Services = self._opened.__enter__()
        except BaseException:
            self._end()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the data directory."""
        try:
            self._opened.__exit__(None, None, None)
        finally:
            self._end()

    def _end(self) -> None:
        self._left.detach()
        self._threads.__exit__(None, None, None)

    def call(self, function: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        """The result of an async function of `services`, awaited in Outcrop's own event loop."""
        running = self.start(function, *arguments)
        try:
            return running.result()
        except KeyboardInterrupt:
            running.cancel()
            raise

    def start(self, function: Callable[..., Awaitable[T]], *arguments: Any) -> Future[T]:
        """Begin an async function in Outcrop's own event loop; its future."""
        return self._portal.start_task_soon(function, *arguments)

    def knowledge_bases(self) -> Sequence[KnowledgeBase]:
        """Every knowledge base, oldest first."""
        return self.call(self.services.knowledge_bases.list)

    def knowledge_base(self, reference: str) -> KnowledgeBase:
        """The knowledge base with this name or id. Raises NotFound."""
        return self.call(self.services.knowledge_bases.get, reference)

    def create(
        self,
        name: str,
        *,
        description: str | None = None,
        embedding_model: str | None = None,
        vector_store: str | None = None,
    ) -> KnowledgeBase:
        """Make an empty knowledge base. Raises Conflict where the name is taken."""

        async def create() -> KnowledgeBase:
            return await self.services.knowledge_bases.create(
                name, description=description, embedding_model=embedding_model, vector_store=vector_store
            )

        return self.call(create)

    def delete(self, reference: str) -> None:
        """Delete a knowledge base with its sources, documents, sessions and index."""
        self.call(self.services.knowledge_bases.delete, reference)

    def sources(self, reference: str) -> Sequence[DataSource]:
        """The data sources of a knowledge base."""
        return self.call(self.services.knowledge_bases.sources, self.knowledge_base(reference))

    def add_folder(self, reference: str, folder: str | Path, chunking: Chunking | None = None) -> DataSource:
        """The data source of a knowledge base for a folder, made if it is not there.

        Raises Invalid where there is no such folder, Conflict where it is there with another chunking.
        """
        path = Path(folder).expanduser().resolve()
        if not path.is_dir():
            raise Invalid(f"There is no folder {path}.")
        for source in self.sources(reference):
            if source.kind == "folder" and source.configuration.get("path") == str(path):
                return source

        return self.add_source(reference, "folder", {"path": str(path)}, name=path.name or "root", chunking=chunking)

    def add_source(
        self,
        reference: str,
        kind: str,
        configuration: Mapping[str, Any],
        *,
        name: str,
        chunking: Chunking | None = None,
    ) -> DataSource:
        """Add a data source to a knowledge base: a "folder" or a bucket, "s3". Nothing is read before its first sync.

        Raises Invalid where the configuration is wrong.
        """
        base = self.knowledge_base(reference)

        async def add() -> DataSource:
            return await self.services.knowledge_bases.add_source(
                base, name=name, kind=kind, configuration=configuration, chunking=chunking or Chunking()
            )

        return self.call(add)

    def delete_source(self, reference: str, source: str) -> None:
        """Delete a data source, found by id or name, with what is indexed of it. Raises NotFound and Conflict."""
        base = self.knowledge_base(reference)
        found = [one for one in self.sources(reference) if source in (one.id, one.name)]
        if len(found) != 1:
            how_many = f"{len(found)} data sources" if found else "no data source"
            raise NotFound(f"{base.name} has {how_many} {source!r}. See the ids: outcrop sources list {base.name}")
        self.call(self.services.knowledge_bases.delete_source, base, found[0])

    def sync(
        self,
        reference: str,
        folder: str | Path | None = None,
        progress: Callable[[Progress], None] | None = None,
        *,
        allow_empty: bool = False,
        check: bool = False,
    ) -> list[IngestionJob]:
        """Bring a knowledge base up to date with a folder, or with all its data sources; one finished job each.

        `allow_empty` lets a source without documents empty the index; `check` compares the index with the records
        document by document first, and mends what disagrees.
        """
        base = self.knowledge_base(reference)
        sources = [self.add_folder(reference, folder)] if folder is not None else self.sources(reference)
        if not sources:
            raise Invalid(f"{base.name} has no data source yet. Name a folder: outcrop sync {base.name} DIR")
        options = Options(allow_empty=allow_empty, check=check)
        return [self.call(self.services.syncs.run, base, source, progress, options) for source in sources]

    def add(
        self, reference: str, file: str | Path, *, id: str | None = None, metadata: Metadata | None = None
    ) -> Document:
        """Put one file into a knowledge base, by itself; its id is the file's name unless one is given.

        What became of it: FAILED with its reason, where it cannot be read. Putting it again under its id replaces it.
        """
        path = Path(file).expanduser()
        if not path.is_file():
            raise Invalid(f"There is no file {path}.")
        document = DirectDocument(
            uri=custom_uri(id or path.name), data=path.read_bytes(), name=path.name, metadata=metadata or {}
        )

        async def put() -> Document:
            base = await self.services.knowledge_bases.get(reference)
            source = await self._handed(base) or await self.services.knowledge_bases.add_source(
                base, name="direct", kind=CUSTOM, configuration={}
            )
            return await self.services.direct.put(base, source, document)

        return self.call(put)

    def remove(self, reference: str, id: str) -> None:
        """Delete a document that was put in by itself. Raises NotFound."""

        async def delete() -> None:
            base = await self.services.knowledge_bases.get(reference)
            source = await self._handed(base)
            states = await self.services.direct.delete(base, source, [custom_uri(id)]) if source is not None else ()
            if source is None or states[0].status == "NOT_FOUND":
                raise NotFound(f"{base.name} has no document {id!r} that was added by itself.")
            await self.services.direct.settled(source)

        self.call(delete)

    async def _handed(self, base: KnowledgeBase) -> DataSource | None:
        """The first data source of a knowledge base that is handed its documents one by one."""
        sources = await self.services.knowledge_bases.sources(base)
        return next((source for source in sources if source.kind == CUSTOM), None)

    def documents(self, reference: str, status: str | None = None) -> list[Document]:
        """The documents of a knowledge base and what became of each."""

        async def listed() -> list[Document]:
            base = await self.services.knowledge_bases.get(reference)
            return [document async for document in self.services.knowledge_bases.documents(base, status)]

        return self.call(listed)

    def chunks(self, reference: str, document: str) -> Sequence[Point]:
        """The chunks of a document, found by id, name or address, in order."""

        async def found() -> Sequence[Point]:
            base = await self.services.knowledge_bases.get(reference)
            return await self.services.knowledge_bases.chunks(
                base, await self.services.knowledge_bases.document(base, document)
            )

        return self.call(found)

    def retrieve(
        self, reference: str, question: str, *, limit: int = 5, mode: SearchMode = "hybrid", where: Where = None
    ) -> Sequence[Hit]:
        """The passages that are nearest to a question, best first; `where` is a filter or its JSON form."""
        request = RetrieveRequest(question=question, limit=limit, mode=mode, where=_filter(where))

        async def retrieve() -> Sequence[Hit]:
            base = await self.services.knowledge_bases.get(reference)
            return (await self.services.answers.retrieve(base, request)).hits

        return self.call(retrieve)

    def ask(self, reference: str, question: str, *, session: str | None = None, where: Where = None) -> Answer:
        """The answer to a question, with its citations."""
        for part in self.stream(reference, question, session=session, where=where):
            if isinstance(part, FinalPart):
                return part.answer
        raise RuntimeError("An answer always ends with its final part.")

    def stream(
        self, reference: str, question: str, *, session: str | None = None, where: Where = None
    ) -> Iterator[AnswerPart]:
        """The parts of an answer as they come: text, citations, and at the end the whole."""
        request = AskRequest(question=question, session_id=session, where=_filter(where))
        parts = self.services.answers.ask(self.knowledge_base(reference), request)
        while (part := self.call(_next, parts)) is not None:
            yield part

    def verify(self, reference: str) -> Verification:
        """Whether source, metadata and index agree, and every way in which they do not."""
        return self.call(self.services.verifier.verify, self.knowledge_base(reference))


async def _next(parts: AsyncIterator[AnswerPart]) -> AnswerPart | None:
    return await anext(parts, None)


def _filter(where: Where) -> Filter | None:
    return filters.from_json(where) if isinstance(where, dict) else where
