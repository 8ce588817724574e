"""Retrieval and answers over a knowledge base: what every surface calls."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from time import perf_counter

from outcrop.answer.agentic import explored
from outcrop.answer.citations import Composed, cited
from outcrop.answer.exploring import Exploration, ExploredPart
from outcrop.answer.external import ExternalSource, knowledge_base_of
from outcrop.answer.prompts import answering
from outcrop.answer.sessions import Sessions
from outcrop.answer.steps import PREPARE, RETRIEVE, Deps, State
from outcrop.core.answers import (
    Answer,
    AnswerPart,
    AskRequest,
    FinalPart,
    Prompt,
    RetrieveRequest,
    StepSpan,
)
from outcrop.core.chunks import Hit
from outcrop.core.clock import Clock
from outcrop.core.protocols import Adapters, Generator, MetadataStore, Models
from outcrop.core.records import KnowledgeBase, Turn
from outcrop.core.settings import Settings
from outcrop.core.steps import Trace, run_steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieved:
    """The hits of a retrieval, best first, and how they were had; `question` is what was searched for."""

    hits: tuple[Hit, ...]
    trace: tuple[StepSpan, ...]
    question: str


class Answers:
    """Retrieves and answers."""

    def __init__(
        self,
        metadata: MetadataStore,
        adapters: Adapters,
        settings: Settings,
        clock: Clock,
        models: Models,
    ) -> None:
        sessions = Sessions(metadata, clock)
        self._deps = Deps(adapters=adapters, settings=settings, sessions=sessions, clock=clock, models=models)

    async def retrieve(self, base: KnowledgeBase, request: RetrieveRequest) -> Retrieved:
        """The passages that are nearest to a question.

        Raises:
            Invalid: The question or the limit is out of bounds.
            IndexMissing: Nothing was ever synced.
        """
        trace = Trace()
        state = await run_steps(RETRIEVE, State(base=base, request=request), self._deps, trace)
        return Retrieved(hits=state.hits, trace=tuple(trace.spans), question=state.question)

    async def ask(self, base: KnowledgeBase, request: AskRequest) -> AsyncGenerator[AnswerPart]:
        """The answer in parts as they come: text, the citations of text that was sent, and at the end the whole.

        Raises:
            Invalid: The question, the model's name or the template is not valid.
            NotFound: The session is not the caller's.
            ModelFailed: The model gave no usable answer; Throttled, TimedOut and Unavailable likewise.
        """
        trace = Trace()
        state = await run_steps(PREPARE, self._begin(base, request), self._deps, trace)
        generator = self._deps.adapters.generator(state.model)
        composed = Composed()
        async for part in self._compose(state, generator, composed, trace):
            yield part
        yield FinalPart(answer=await self._record(state, generator, composed, trace))

    async def ask_documents(self, sources: Sequence[ExternalSource], request: AskRequest) -> AsyncGenerator[AnswerPart]:
        """As `ask`, over documents that come with the question.

        Raises:
            Invalid: Besides, a document cannot be read, or they are too many or too long.
        """
        deps = self._deps
        opened = knowledge_base_of(sources, deps.adapters, deps.settings, deps.clock)
        async with opened as base, aclosing(self.ask(base, request)) as parts:
            async for part in parts:
                yield part

    def explore(self, asked: Exploration) -> AsyncGenerator[ExploredPart]:
        """Agentic retrieval: see `agentic.explored`."""
        return explored(asked, self._deps)

    def _begin(self, base: KnowledgeBase, request: AskRequest) -> State:
        retrieval = RetrieveRequest(
            question=request.question,
            limit=request.limit,
            mode=request.mode,
            where=request.where,
            rerank=request.rerank,
            implicit=request.implicit,
        )
        model = request.model or self._deps.settings.model
        return State(base=base, request=retrieval, ask=request, model=model)

    async def _compose(
        self, state: State, generator: Generator, composed: Composed, trace: Trace
    ) -> AsyncGenerator[AnswerPart]:
        """Generate and cite, as one: each sentence is checked as soon as it is over."""
        started = perf_counter()
        try:
            if state.passages:
                async for part in self._parts(state, generator, composed):
                    yield part
        finally:
            trace.note(model=generator.model, **composed.noted())
            trace.close("generate", started)

    def _parts(self, state: State, generator: Generator, composed: Composed) -> AsyncGenerator[AnswerPart]:
        embedder = self._deps.adapters.embedder(state.base.embedding_model)
        return cited(generator, self._prompt(state, generator), embedder, composed)

    def _prompt(self, state: State, generator: Generator) -> Prompt:
        ask = state.ask or AskRequest(question=state.question)
        if generator.instructable:
            turns = state.session.turns if state.session else ()
            return answering(state.question, state.passages, ask, self._deps.clock(), turns)
        return Prompt(question=state.question, passages=state.passages, inference=ask.inference)

    async def _record(self, state: State, generator: Generator, composed: Composed, trace: Trace) -> Answer:
        """The finished answer, remembered in its session."""
        started = perf_counter()
        text = composed.text.strip() if composed.available else self._deps.settings.refusal
        session = state.session
        if session is None:
            raise RuntimeError("A question that is asked has a session.")
        changed = state.question != state.request.question
        turn = Turn(question=state.request.question, answer=text, standalone=state.question if changed else None)
        if state.ask is None or state.ask.history is None:
            await self._deps.sessions.remember(session, turn)
        trace.close("record", started)
        return Answer(
            text=text,
            available=composed.available,
            citations=tuple(composed.citations) if composed.available else (),
            hits=state.hits,
            session_id=session.id,
            model=generator.model,
            question=state.question,
            usage=composed.usage,
            trace=tuple(trace.spans),
        )
