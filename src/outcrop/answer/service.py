"""Retrieval and answers over a knowledge base: what every surface calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from time import perf_counter

from outcrop.answer.citations import Checked, Composed, quoted
from outcrop.answer.markers import MarkedStream
from outcrop.answer.prompts import SENTINEL, answering
from outcrop.answer.sessions import Sessions
from outcrop.answer.steps import PREPARE, RETRIEVE, Deps, State
from outcrop.answer.support import SupportFinder
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
from outcrop.core.ids import NewId
from outcrop.core.protocols import Adapters, Generator, MetadataStore
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
        new_id: NewId,  # noqa: ARG002 # every service is made alike; sessions need ids that cannot be guessed
    ) -> None:
        self._deps = Deps(adapters=adapters, settings=settings, sessions=Sessions(metadata, clock))

    async def retrieve(self, base: KnowledgeBase, request: RetrieveRequest) -> Retrieved:
        """The passages that are nearest to a question.

        Raises:
            Invalid: The question or the limit is out of bounds.
            IndexMissing: Nothing was ever synced.
        """
        trace = Trace()
        state = await run_steps(RETRIEVE, State(base=base, request=request), self._deps, trace)
        return Retrieved(hits=state.hits, trace=tuple(trace.spans), question=state.question)

    async def ask(self, base: KnowledgeBase, request: AskRequest) -> AsyncIterator[AnswerPart]:
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

    def _begin(self, base: KnowledgeBase, request: AskRequest) -> State:
        retrieval = RetrieveRequest(
            question=request.question,
            limit=request.limit,
            mode=request.mode,
            where=request.where,
            rerank=request.rerank,
        )
        model = request.model or self._deps.settings.model
        return State(base=base, request=retrieval, ask=request, model=model)

    async def _compose(
        self, state: State, generator: Generator, composed: Composed, trace: Trace
    ) -> AsyncIterator[AnswerPart]:
        """Generate and cite, as one: each sentence is checked as soon as it is over."""
        started = perf_counter()
        try:
            if state.passages:
                async for part in self._parts(state, generator, composed):
                    yield part
        finally:
            trace.note(model=generator.model, **composed.noted())
            trace.close("generate", started)

    def _parts(self, state: State, generator: Generator, composed: Composed) -> AsyncIterator[AnswerPart]:
        deltas = generator.generate(self._prompt(state, generator))
        if not generator.instructable:
            return quoted(deltas, state.passages, composed)
        embedder = self._deps.adapters.embedder(state.base.embedding_model)
        finder = SupportFinder(state.question, state.passages, embedder)
        return Checked(MarkedStream(SENTINEL), finder, state.passages, composed).parts(deltas)

    def _prompt(self, state: State, generator: Generator) -> Prompt:
        ask = state.ask or AskRequest(question=state.question)
        if generator.instructable:
            template, told = ask.prompt_template, ask.instructions
            return answering(state.question, state.passages, ask.inference, template, told)
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
