"""The steps of a question, from its words to the passages that a generator is given."""

from __future__ import annotations

from dataclasses import dataclass, replace

from outcrop.answer.follow_up import MAX_QUESTION, standalone
from outcrop.answer.pack import pack
from outcrop.answer.sessions import Sessions
from outcrop.core.answers import AskRequest, RetrieveRequest
from outcrop.core.chunks import Hit, Search, Vector
from outcrop.core.errors import Invalid, Unsupported
from outcrop.core.protocols import Adapters
from outcrop.core.records import KnowledgeBase, Session
from outcrop.core.settings import Settings
from outcrop.core.steps import Step, Trace

MAX_LIMIT = 100
_RERANKED = 4  # times as many hits as are asked for are fetched to be reranked


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """What the steps work with."""

    adapters: Adapters
    settings: Settings
    sessions: Sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A question on its way: what has been found out so far. `ask` and `session` are None for a plain retrieval."""

    base: KnowledgeBase
    request: RetrieveRequest
    ask: AskRequest | None = None
    model: str = ""
    session: Session | None = None
    question: str = ""  # as it is searched for
    vector: Vector | None = None
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
    return replace(state, question=request.question)


async def rewrite(state: State, deps: Deps, trace: Trace) -> State:
    """Open the session, and make a follow-up stand by itself."""
    ask = state.ask
    if ask is None:
        return state
    session = await _session(state, deps, ask)
    if not session.turns:
        return replace(state, session=session)
    question, how = await standalone(deps.adapters.generator(state.model), state.question, session.turns)
    trace.note(turns=len(session.turns), question=question, how=how)
    return replace(state, session=session, question=question)


async def _session(state: State, deps: Deps, ask: AskRequest) -> Session:
    """The caller's session; a new one, with the history that the caller keeps, where none is named."""
    if ask.session_id is not None and ask.history is not None:
        raise Invalid("A question goes on with a session or with a history, not with both.")
    if ask.session_id is not None:
        return await deps.sessions.find(state.base, ask.caller, ask.session_id)
    return replace(deps.sessions.begin(state.base, ask.caller), turns=ask.history or ())


async def embed(state: State, deps: Deps, trace: Trace) -> State:
    """The question's vector, where the search needs one."""
    if state.request.mode == "keyword":
        return state
    embedder = deps.adapters.embedder(state.base.embedding_model)
    vectors = await embedder.embed([state.question], "query")
    trace.note(model=state.base.embedding_model)
    return replace(state, vector=vectors[0])


async def search(state: State, deps: Deps, trace: Trace) -> State:
    """The nearest chunks."""
    limit = state.request.limit * (_RERANKED if state.request.rerank else 1)
    hits = await _search(state, deps, min(limit, MAX_LIMIT))
    trace.note(mode=state.request.mode, hits=len(hits))
    return replace(state, hits=tuple(hits))


async def _search(state: State, deps: Deps, limit: int) -> list[Hit]:
    request = state.request
    query = Search(
        text=state.question,
        vector=state.vector,
        mode=request.mode,
        limit=limit,
        where=request.where,
    )
    return list(await deps.adapters.vector_store(state.base.vector_store).search(state.base.index, query))


async def merge(state: State, deps: Deps, trace: Trace) -> State:
    """Parents in place of their children, each once; where that leaves too few, more children are looked for."""
    if not any(hit.chunk.parent_id for hit in state.hits):
        return state
    merged = await _merged(state, deps, state.hits)
    if len(merged) < state.request.limit <= len(state.hits):
        more = await _search(state, deps, min(state.request.limit * _RERANKED, MAX_LIMIT))
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
    limit = state.request.limit
    if state.request.rerank is None:
        return replace(state, hits=state.hits[:limit])
    hits = await deps.adapters.reranker(state.request.rerank).rerank(state.question, state.hits, limit)
    trace.note(reranker=state.request.rerank)
    return replace(state, hits=tuple(hits))


async def pack_passages(state: State, deps: Deps, trace: Trace) -> State:
    """What fits the budget of the generator."""
    tokenizer = deps.adapters.embedder(state.base.embedding_model).tokenizer
    passages = pack(state.question, state.hits, deps.settings.context_tokens, tokenizer)
    trace.note(passages=len(passages), tokens=sum(hit.chunk.tokens for hit in passages))
    return replace(state, passages=tuple(passages))


RETRIEVE: tuple[Step[State, Deps], ...] = (
    Step("guard", guard_question),
    Step("rewrite", rewrite),
    Step("embed", embed),
    Step("search", search),
    Step("merge", merge),
    Step("rerank", rerank),
)
PREPARE: tuple[Step[State, Deps], ...] = (*RETRIEVE, Step("pack", pack_passages))
