"""Agentic retrieval: plan, search, read on, and again until enough was found; then answer. Each step is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from time import monotonic

from outcrop.answer.citations import Composed, cited
from outcrop.answer.exploring import (
    MAX_ROUNDS,
    Action,
    Activity,
    Exploration,
    Explored,
    ExploredPart,
    Found,
    Part,
    Plan,
    ReadAction,
    SearchAction,
    Status,
    Traced,
)
from outcrop.answer.follow_up import standalone
from outcrop.answer.pack import pack
from outcrop.answer.planning import Situation, planned
from outcrop.answer.prompts import answering
from outcrop.answer.reranking import reranked
from outcrop.answer.steps import RETRIEVE, Deps, State
from outcrop.answer.surroundings import surroundings
from outcrop.core.answers import AskRequest, Orchestration, Prompt, RetrieveRequest, TextPart
from outcrop.core.chunks import DOCUMENT_ID, Hit
from outcrop.core.errors import Invalid, OutcropError
from outcrop.core.filters import Compare, all_of
from outcrop.core.protocols import Generator
from outcrop.core.steps import Trace, run_steps

MAX_FOUND = 50  # hits in the end
MAX_RETRIEVERS = 25
MAX_SECONDS = 90.0  # for planning and searching; the answer comes after
_OUT_OF_TIME = f"Planning and searching took more than {MAX_SECONDS:.0f} seconds."
_ACTIVITIES: Mapping[type[Action], Activity] = {SearchAction: "Retrieval", ReadAction: "FullDocumentExpansion"}
_SEPARATOR = "\n\n"  # between the answers to the parts of a question


@dataclass(slots=True)
class Collected:
    """What a run has found so far: hits by key with the best score of each, and for each search what it gave."""

    hits: dict[str, Found] = field(default_factory=dict)
    searched: dict[str, list[Found]] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()

    def add(self, found: Sequence[Found]) -> None:
        """Keep these; of a hit that was found before, the better score."""
        for one in found:
            before = self.hits.get(one.key)
            if before is None or one.hit.score > before.hit.score:
                self.hits[one.key] = one

    def best(self) -> list[Found]:
        """Everything, best first."""
        return sorted(self.hits.values(), key=lambda one: (-one.hit.score, one.key))


async def explored(asked: Exploration, deps: Deps) -> AsyncGenerator[ExploredPart]:
    """Each step as it begins and ends, the answer's text as it comes, and at the end everything that was found.

    Raises:
        Invalid: A bound is exceeded, or there is no such model.
        ModelFailed: The model that answers failed; Throttled, TimedOut, Unavailable and Denied likewise.
    """
    _check(asked)
    run = _Run(asked, deps, deps.adapters.generator(asked.model))
    async with aclosing(run.events()) as events:
        async for event in events:
            yield event


def _check(asked: Exploration) -> None:
    if not 0 <= asked.rounds <= MAX_ROUNDS:
        raise Invalid(f"Between 0 and {MAX_ROUNDS} iterations can be asked for, not {asked.rounds}.")
    if not 1 <= len(asked.retrievers) <= MAX_RETRIEVERS:
        raise Invalid(f"Between 1 and {MAX_RETRIEVERS} retrievers can be asked, not {len(asked.retrievers)}.")


class _Run:
    """One exploration."""

    def __init__(self, asked: Exploration, deps: Deps, generator: Generator) -> None:
        self._asked = asked
        self._deps = deps
        self._generator = generator
        self._question = asked.question
        self._collected = Collected()
        self._ends = monotonic() + MAX_SECONDS

    async def events(self) -> AsyncGenerator[ExploredPart]:
        """Everything in turn."""
        async for traced in self._understood():
            yield traced
        every = tuple(range(len(self._asked.retrievers)))
        first = SearchAction(query=self._question, retrievers=every)
        async for traced in self._act(first, "SpeculativeRetrieval"):
            yield traced
        async for traced in self._explored():
            yield traced
        found = await self._ordered()
        if not self._asked.generate:
            yield Explored(found=found, question=self._question)
            return
        async for part in self._answered(found):
            yield part

    async def _understood(self) -> AsyncIterator[Traced]:
        """The question made to stand by itself, where it follows up on others."""
        turns = self._asked.turns
        if not turns:
            return
        moment = self._deps.clock()
        self._question, how = await standalone(self._generator, self._question, turns, Orchestration(), moment)
        yield self._traced("Planning", "SUCCEEDED", f"In the conversation the question is ({how}): {self._question}")

    async def _explored(self) -> AsyncIterator[Traced]:
        """Rounds of planning and doing, until nothing is planned or the time is over."""
        for number in range(self._asked.rounds):
            if monotonic() > self._ends:
                yield self._traced("Planning", "FAILED", "There is no time to plan further.", failures=(_OUT_OF_TIME,))
                return
            yield self._traced("Planning", "IN_PROGRESS", f"Round {number + 1} is planned.")
            plan = await self._planned(number)
            if isinstance(plan, str):
                yield self._traced("Planning", "FAILED", "No further plan could be made.", failures=(plan,))
                return
            yield self._traced("Planning", "SUCCEEDED", plan.why, actions=plan.actions)
            self._collected.parts = self._collected.parts or plan.parts
            for action in plan.actions:
                async for traced in self._act(action, _ACTIVITIES[type(action)]):
                    yield traced
            if not plan.actions:
                return

    async def _planned(self, number: int) -> Plan | str:
        """What to do next, or why that is not known."""
        situation = Situation(
            question=self._question,
            retrievers=self._asked.retrievers,
            found=self._collected.best(),
            searched=list(self._collected.searched),
            round=number,
        )
        try:
            async with asyncio.timeout(max(self._ends - monotonic(), 0.1)):
                return await planned(self._generator, situation)
        except TimeoutError:
            return _OUT_OF_TIME
        except OutcropError as error:
            return error.message

    async def _act(self, action: Action, activity: Activity) -> AsyncIterator[Traced]:
        """Search or read, and keep what was found; what fails is told, and the rest goes on."""
        begins, ends = _told(action)
        yield self._traced(activity, "IN_PROGRESS", begins, actions=(action,))
        found: list[Found] = []
        failures: list[str] = []
        asked = action.retrievers if isinstance(action, SearchAction) else (action.found.retriever,)
        for number in asked:
            try:
                found += await self._done(action, number)
            except OutcropError as error:
                failures.append(f"{self._asked.retrievers[number].base.id}: {error.message}")
        self._collected.add(found)
        if isinstance(action, SearchAction):
            found.sort(key=lambda one: (-one.hit.score, one.key))
            self._collected.searched[action.query] = found
        status: Status = "FAILED" if len(failures) == len(asked) else "SUCCEEDED"
        message = ends.format(found=len(found))
        yield replace(
            self._traced(activity, status, message, actions=(action,), failures=tuple(failures)),
            found=tuple(found),
            searched=asked,
        )

    async def _done(self, action: Action, number: int) -> list[Found]:
        """What an action finds with one retriever."""
        retriever = self._asked.retrievers[number]
        if isinstance(action, ReadAction):
            around = await surroundings(self._deps.adapters, retriever.base, action.found.hit, retriever.where)
            return [Found(hit, number) for hit in around]
        where = retriever.where
        if action.beyond:
            known = tuple(dict.fromkeys(one.hit.chunk.document_id for one in self._collected.hits.values()))
            where = all_of(where, Compare("notIn", DOCUMENT_ID, known))
        request = RetrieveRequest(question=action.query, limit=retriever.limit, where=where)
        state = await run_steps(RETRIEVE, State(base=retriever.base, request=request), self._deps, Trace())
        return [Found(hit, number) for hit in state.hits]

    async def _ordered(self) -> tuple[Found, ...]:
        """Everything that was found, best first, in the reranker's order where one is wanted."""
        found = self._collected.best()[:MAX_FOUND]
        wanted = self._asked.rerank
        if wanted is None:
            return tuple(found)
        at = {one.key: one for one in found}
        hits = await reranked(
            self._deps.models, self._deps.adapters, wanted, self._question, [one.hit for one in found]
        )
        return tuple(replace(at[hit.chunk.id], hit=hit) for hit in hits)

    async def _answered(self, found: tuple[Found, ...]) -> AsyncGenerator[TextPart | Explored]:
        """The answer's text as it comes, and the end."""
        composed = Composed()
        async for text in self._composed([one.hit for one in found], composed):
            yield text
        places = {one.key: place for place, one in enumerate(found)}
        citations = tuple(composed.citations) if composed.available else ()
        yield Explored(
            found=found,
            question=self._question,
            text=composed.text.strip() if composed.available else self._deps.settings.refusal,
            available=composed.available,
            citations=citations,
            references=tuple(
                tuple(dict.fromkeys(places[reference.hit.chunk.id] for reference in one.references))
                for one in citations
            ),
            usage=composed.usage,
        )

    async def _composed(self, hits: Sequence[Hit], into: Composed) -> AsyncGenerator[TextPart]:
        """One answer; where nothing can write, the answers to the parts of the question, one after the other."""
        unanswered: list[str] = []
        for part in self._parts():
            before = into.supported
            async for said in self._said(part.searched, self._passages(part, hits), into):
                yield said
            if into.supported == before:
                unanswered.append(part.asked)
        for asked in unanswered if into.available else ():
            said = TextPart(text=f"{_SEPARATOR}{asked}: {self._deps.settings.refusal}")
            into.text += said.text
            yield said

    def _parts(self) -> Sequence[Part]:
        whole = (Part(asked=self._question, searched=self._question),)
        return whole if self._generator.instructable else self._collected.parts or whole

    async def _said(self, question: str, hits: Sequence[Hit], into: Composed) -> AsyncIterator[TextPart]:
        """The answer to one question, as text; its citations are kept."""
        base = self._asked.retrievers[0].base
        embedder = self._deps.adapters.embedder(base.embedding_model)
        passages = pack(question, hits, self._deps.settings.context_tokens, embedder.tokenizer)
        if not passages:
            return
        prompt = Prompt(question=question, passages=tuple(passages))
        if self._generator.instructable:
            ask = AskRequest(question=question)
            prompt = answering(question, passages, ask, self._deps.clock(), self._asked.turns)
        async for part in cited(self._generator, prompt, embedder, into, _SEPARATOR if into.text else ""):
            if isinstance(part, TextPart):
                yield part

    def _passages(self, part: Part, hits: Sequence[Hit]) -> list[Hit]:
        """All hits, those that were found for this part of the question first."""
        own = [one.hit for one in self._collected.searched.get(part.searched, ())]
        first = {hit.chunk.id for hit in own} if part.searched != self._question else set()
        return sorted(hits, key=lambda hit: hit.chunk.id not in first)

    def _traced(
        self,
        activity: Activity,
        status: Status,
        message: str,
        actions: Sequence[Action] = (),
        failures: tuple[str, ...] = (),
    ) -> Traced:
        return Traced(
            activity=activity,
            status=status,
            message=message,
            at=self._deps.clock(),
            actions=actions,
            failures=failures,
        )


def _told(action: Action) -> tuple[str, str]:
    """What is said of an action when it begins, and when it has found so many passages."""
    if isinstance(action, ReadAction):
        return "The surroundings of a passage are read.", "{found} passages stand around it."
    beyond = ", in documents that were not found before" if action.beyond else ""
    return f"A search is made{beyond}.", "{found} passages were found."
