"""The steps of a question, from its words to the passages that a generator is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import zip_longest

from outcrop.answer.follow_up import MAX_QUESTION, split, standalone
from outcrop.answer.narrowing import narrowed
from outcrop.answer.pack import pack
from outcrop.answer.reranking import reranked
from outcrop.answer.sessions import Sessions
from outcrop.core.answers import AskRequest, RetrieveRequest
from outcrop.core.chunks import Hit, Search, Vector, Vectors
from outcrop.core.clock import Clock
from outcrop.core.errors import Invalid, Unsupported
from outcrop.core.filters import Filter, all_of
from outcrop.core.protocols import Adapters, EmbedsHere, Models
from outcrop.core.records import KnowledgeBase, Session
from outcrop.core.settings import Settings
from outcrop.core.steps import Step, Trace

MAX_LIMIT = 100
_WIDER = 4  # times as many children as are asked for are fetched where their parents are too few


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """What the steps work with."""

    adapters: Adapters
    settings: Settings
    sessions: Sessions
    clock: Clock
    models: Models


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A question on its way: what has been found out so far. `ask` and `session` are None for a plain retrieval."""

    base: KnowledgeBase
    request: RetrieveRequest
    ask: AskRequest | None = None
    model: str = ""
    session: Session | None = None
    question: str = ""  # as it is understood without the conversation
    parts: tuple[str, ...] = ()  # as it is searched for
    where: Filter | None = None
    vectors: Vectors | None = None  # of the parts
    embedding: Callable[[str], Vector] | None = None  # where the store computes them while it searches
    hits: tuple[Hit, ...] = ()
    passages: tuple[Hit, ...] = ()


async def guard_question(state: State, deps: Deps, trace: Trace) -> State:
    """Refuse what is out of bounds."""
    request = state.request
    if not request.question.strip():
        raise Invalid("The question is empty.")
    if len(request.question) > MAX_QUESTION:
        raise Invalid(f"The question has {len(request.question)} characters; {MAX_QUESTION} is the most.")
    if not 1 <= request.limit <= MAX_LIMIT:
        raise Invalid(f"Between 1 and {MAX_LIMIT} results can be asked for, not {request.limit}.")
    store = deps.adapters.vector_store(state.base.vector_store)
    if request.mode not in store.traits.modes:
        known = ", ".join(sorted(store.traits.modes))
        raise Unsupported(f"The vector store {state.base.vector_store} cannot search by {request.mode}, only: {known}.")
    trace.note(characters=len(request.question))
    return replace(state, question=request.question, parts=(request.question,), where=request.where)


async def rewrite(state: State, deps: Deps, trace: Trace) -> State:
    """Open the session, and make a follow-up stand by itself."""
    ask = state.ask
    if ask is None:
        return state
    session = await _session(state, deps, ask)
    generator = deps.adapters.generator(state.model)
    question, how = await standalone(generator, state.question, session.turns, ask.orchestration, deps.clock())
    if session.turns or how != "as asked":
        trace.note(turns=len(session.turns), question=question, how=how)
    return replace(state, session=session, question=question, parts=(question,))


async def split_question(state: State, deps: Deps, trace: Trace) -> State:
    """Several questions in place of a long one, where that is wanted."""
    ask = state.ask
    if ask is None or not ask.orchestration.decompose:
        return state
    parts = await split(deps.adapters.generator(state.model), state.question, ask.orchestration, deps.clock())
    trace.note(parts=len(parts), questions="\n".join(parts))
    return replace(state, parts=parts)


async def narrow(state: State, deps: Deps, trace: Trace) -> State:
    """The filter that the question itself names, besides the one that was given."""
    wanted = state.request.implicit
    if wanted is None:
        return state
    found, how = await narrowed(deps.adapters.generator(wanted.model), state.question, wanted)
    trace.note(filter=how)
    return replace(state, where=all_of(state.where, found))


async def _session(state: State, deps: Deps, ask: AskRequest) -> Session:
    """The caller's session; a new one, with the history that the caller keeps, where none is named."""
    if ask.session_id is not None and ask.history is not None:
        raise Invalid("A question goes on with a session or with a history, not with both.")
    if ask.session_id is not None:
        return await deps.sessions.find(state.base, ask.caller, ask.session_id)
    return replace(deps.sessions.begin(state.base.id, ask.caller), turns=ask.history or ())


async def embed(state: State, deps: Deps, trace: Trace) -> State:
    """The vectors of the questions, where the search needs them."""
    if state.request.mode == "keyword":
        return state
    embedder = deps.adapters.embedder(state.base.embedding_model)
    store = deps.adapters.vector_store(state.base.vector_store)
    trace.note(model=state.base.embedding_model)
    if len(state.parts) == 1 and store.traits.embeds and isinstance(embedder, EmbedsHere):
        trace.note(within="search")  # one trip to another thread instead of two
        return replace(state, embedding=cache(embedder.embed_here))
    return replace(state, vectors=await embedder.embed(list(state.parts), "query"))


async def search(state: State, deps: Deps, trace: Trace) -> State:
    """The nearest chunks; of several questions in turn, each chunk once."""
    hits = await _search(state, deps, state.request.limit)
    trace.note(mode=state.request.mode, hits=len(hits))
    return replace(state, hits=tuple(hits))


async def _search(state: State, deps: Deps, limit: int) -> list[Hit]:
    store = deps.adapters.vector_store(state.base.vector_store)
    rankings = []
    for number, part in enumerate(state.parts):
        query = Search(
            text=part,
            vector=state.vectors[number] if state.vectors is not None else None,
            embed=partial(state.embedding, part) if state.embedding is not None else None,
            mode=state.request.mode,
            limit=limit,
            where=state.where,
        )
        rankings.append(await store.search(state.base.index, query))
    return in_turn(rankings)


def in_turn(rankings: Sequence[Sequence[Hit]]) -> list[Hit]:
    """The hits of several rankings, the best of each first, each chunk once."""
    if len(rankings) == 1:
        return list(rankings[0])
    found: dict[str, Hit] = {}
    for rank in zip_longest(*rankings):
        for hit in rank:
            if hit is not None:
                found.setdefault(hit.chunk.id, hit)
    return list(found.values())


async def merge(state: State, deps: Deps, trace: Trace) -> State:
    """Parents in place of their children, each once; where that leaves too few, more children are looked for."""
    if not any(hit.chunk.parent_id for hit in state.hits):
        return state
    merged = await _merged(state, deps, state.hits)
    if len(merged) < state.request.limit <= len(state.hits):
        more = await _search(state, deps, min(state.request.limit * _WIDER, MAX_LIMIT))
        merged = await _merged(state, deps, more)
    trace.note(parents=len(merged))
    return replace(state, hits=tuple(merged))


async def _merged(state: State, deps: Deps, hits: tuple[Hit, ...] | list[Hit]) -> list[Hit]:
    parents = list(dict.fromkeys(hit.chunk.parent_id for hit in hits if hit.chunk.parent_id))
    store = deps.adapters.vector_store(state.base.vector_store)
    points = {point.chunk.id: point for point in await store.get(state.base.index, parents)}
    merged: dict[str, Hit] = {}
    for hit in hits:
        point = points.get(hit.chunk.parent_id or "", hit.point)
        merged.setdefault(point.chunk.id, replace(hit, point=point))
    return list(merged.values())


async def rerank(state: State, deps: Deps, trace: Trace) -> State:
    """The best hits in their best order."""
    most = min(state.request.limit * len(state.parts), MAX_LIMIT)
    wanted, hits = state.request.rerank, state.hits[:most]
    if wanted is None:
        return replace(state, hits=hits)
    trace.note(reranker=wanted.model, candidates=len(hits))
    return replace(state, hits=tuple(await reranked(deps.models, deps.adapters, wanted, state.question, hits)))


async def pack_passages(state: State, deps: Deps, trace: Trace) -> State:
    """What fits the budget of the generator."""
    tokenizer = deps.adapters.embedder(state.base.embedding_model).tokenizer
    passages = pack(state.question, state.hits, deps.settings.context_tokens, tokenizer)
    trace.note(passages=len(passages), tokens=sum(hit.chunk.tokens for hit in passages))
    return replace(state, passages=tuple(passages))


RETRIEVE: tuple[Step[State, Deps], ...] = (
    Step("guard", guard_question),
    Step("rewrite", rewrite),
    Step("split", split_question),
    Step("narrow", narrow),
    Step("embed", embed),
    Step("search", search),
    Step("merge", merge),
    Step("rerank", rerank),
)
PREPARE: tuple[Step[State, Deps], ...] = (*RETRIEVE, Step("pack", pack_passages))
