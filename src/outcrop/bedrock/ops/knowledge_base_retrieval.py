"""Retrieve, RetrieveAndGenerate and its stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

from outcrop.answer.sessions import Sessions
from outcrop.bedrock import views
from outcrop.bedrock.paging import next_token, offset_of
from outcrop.bedrock.table import Call, op
from outcrop.core.answers import (
    Answer,
    AnswerPart,
    AskRequest,
    CitationPart,
    FinalPart,
    Inference,
    RetrieveRequest,
    TextPart,
)
from outcrop.core.cards import ModelCard
from outcrop.core.chunks import SearchMode
from outcrop.core.clock import now
from outcrop.core.errors import Invalid, NotFound, Unsupported
from outcrop.core.filters import Filter, from_json
from outcrop.core.records import KnowledgeBase
from outcrop.models.catalog import EXTRACTIVE

AGENT_RUNTIME = "bedrock-agent-runtime"
MODES: Mapping[str, SearchMode] = {"HYBRID": "hybrid", "SEMANTIC": "semantic"}
DEFAULT_RESULTS = 5  # Bedrock's own, where numberOfResults is left out
MOST_RESULTS = 100
AVAILABLE = "x-outcrop-available"  # whether the documents hold an answer: a word that Bedrock's reply does not have

_SEARCH = ("vectorSearchConfiguration.filter.**", "vectorSearchConfiguration.numberOfResults",
           "vectorSearchConfiguration.overrideSearchType")  # fmt: skip
_BASE = "retrieveAndGenerateConfiguration.knowledgeBaseConfiguration."
_ASK = (
    "input.text",
    "retrieveAndGenerateConfiguration.type",
    f"{_BASE}knowledgeBaseId",
    f"{_BASE}modelArn",
    *(f"{_BASE}retrievalConfiguration.{path}" for path in _SEARCH),
    f"{_BASE}generationConfiguration.promptTemplate.textPromptTemplate",
    f"{_BASE}generationConfiguration.inferenceConfig.textInferenceConfig.**",
)
_IGNORED = {
    "sessionConfiguration.kmsKeyArn": "sessions are kept in Outcrop's own database; encrypt its disk instead.",
}


@op(
    AGENT_RUNTIME,
    "Retrieve",
    accepts=("retrievalQuery.text", "retrievalQuery.type", *(f"retrievalConfiguration.{path}" for path in _SEARCH)),
)
async def retrieve(
    call: Call,
    *,
    knowledgeBaseId: str,
    retrievalQuery: Mapping[str, Any],
    retrievalConfiguration: Mapping[str, Any] | None = None,
    nextToken: str | None = None,
) -> dict[str, Any]:
    """The passages of a knowledge base that are nearest to a question, page by page, a hundred at most."""
    question = _question(retrievalQuery.get("text"), "retrievalQuery.text")
    if retrievalQuery.get("type", "TEXT") != "TEXT":
        raise Unsupported("retrievalQuery.type must be TEXT: Outcrop does not search by image.")
    limit, mode, where = _search(retrievalConfiguration)
    bound = (knowledgeBaseId, question, retrievalConfiguration)
    start = offset_of(nextToken, *bound)
    end = min(start + limit, MOST_RESULTS)
    base = await _knowledge_base(call, knowledgeBaseId)
    request = RetrieveRequest(question=question, limit=min(end + 1, MOST_RESULTS), mode=mode, where=where)
    hits = (await call.services.answers.retrieve(base, request)).hits
    more = next_token(end, *bound) if len(hits) > end else None
    return {"retrievalResults": [views.retrieval_result(hit) for hit in hits[start:end]], "nextToken": more}


@op(AGENT_RUNTIME, "RetrieveAndGenerate", accepts=_ASK, ignores=_IGNORED)
async def retrieve_and_generate(
    call: Call,
    *,
    input: Mapping[str, Any],
    retrieveAndGenerateConfiguration: Mapping[str, Any] | None = None,
    sessionId: str | None = None,
) -> dict[str, Any]:
    """An answer from a knowledge base with its citations."""
    base, request = await _asked(call, input, retrieveAndGenerateConfiguration, sessionId)
    answer = await _finished(call.services.answers.ask(base, request))
    call.headers[AVAILABLE] = str(answer.available).lower()
    return {
        "sessionId": answer.session_id,
        "output": {"text": answer.text},
        "citations": [views.citation(answer.text, citation) for citation in answer.citations],
    }


@op(AGENT_RUNTIME, "RetrieveAndGenerateStream", accepts=_ASK, ignores=_IGNORED)
async def retrieve_and_generate_stream(
    call: Call,
    *,
    input: Mapping[str, Any],
    retrieveAndGenerateConfiguration: Mapping[str, Any] | None = None,
    sessionId: str | None = None,
) -> dict[str, Any]:
    """The same, text and citations as they come."""
    base, request = await _asked(call, input, retrieveAndGenerateConfiguration, sessionId)
    session = sessionId or await _opened_session(call, base)  # the reply's header names it before the first word
    parts = call.services.answers.ask(base, replace(request, session_id=session))
    return {"sessionId": session, "stream": _events(parts)}


async def _asked(
    call: Call, input: Mapping[str, Any], configuration: Mapping[str, Any] | None, session: str | None
) -> tuple[KnowledgeBase, AskRequest]:
    """What is asked of which knowledge base, every member having an effect. Raises Invalid, Unsupported, NotFound."""
    question = _question(input["text"], "input.text")
    form = (configuration or {}).get("type", "KNOWLEDGE_BASE")
    if form != "KNOWLEDGE_BASE":
        raise Unsupported("retrieveAndGenerateConfiguration.type must be KNOWLEDGE_BASE: Outcrop offers no other.")
    settings = (configuration or {}).get("knowledgeBaseConfiguration")
    if settings is None:
        raise Invalid("retrieveAndGenerateConfiguration.knowledgeBaseConfiguration is required.")
    card = await _model(call, settings["modelArn"])
    generation = settings.get("generationConfiguration", {})
    if card.target == EXTRACTIVE:
        _only_quotes(generation)
    limit, mode, where = _search(settings.get("retrievalConfiguration"))
    request = AskRequest(
        question=question,
        caller=call.caller,
        session_id=session,
        model=card.id,
        limit=limit,
        mode=mode,
        where=where,
        prompt_template=generation.get("promptTemplate", {}).get("textPromptTemplate"),
        inference=_inference(generation.get("inferenceConfig", {}).get("textInferenceConfig", {})),
    )
    return await _knowledge_base(call, settings["knowledgeBaseId"]), request


async def _model(call: Call, reference: str) -> ModelCard:
    """The model that is asked for. Raises Invalid: to this operation, one that is not there is a wrong parameter."""
    try:
        return await call.services.models.card(reference)
    except NotFound as error:
        raise Invalid(error.message) from error


def _only_quotes(generation: Mapping[str, Any]) -> None:
    """Refuse what the extractive answerer, which quotes, could only ignore."""
    if "promptTemplate" in generation:
        raise Unsupported("promptTemplate has no meaning for outcrop.extractive-v1, which quotes; leave it out.")
    inference = generation.get("inferenceConfig", {}).get("textInferenceConfig", {})
    if names := sorted(name for name, value in inference.items() if (name, value) != ("temperature", 0)):
        raise Unsupported(f"{', '.join(names)} has no meaning for outcrop.extractive-v1, which quotes; leave it out.")


def _inference(given: Mapping[str, Any]) -> Inference:
    usual = Inference()
    return Inference(
        temperature=given.get("temperature", usual.temperature),
        top_p=given.get("topP"),
        max_tokens=given.get("maxTokens", usual.max_tokens),
        stop=tuple(given.get("stopSequences", ())),
    )


def _question(text: str | None, name: str) -> str:
    if text is None or not text.strip():
        raise Invalid(f"{name} must hold a question.")
    return text


def _search(configuration: Mapping[str, Any] | None) -> tuple[int, SearchMode, Filter | None]:
    """How many results, by which search, under which filter."""
    given = (configuration or {}).get("vectorSearchConfiguration", {})
    where = from_json(given["filter"]) if "filter" in given else None
    return given.get("numberOfResults", DEFAULT_RESULTS), MODES[given.get("overrideSearchType", "HYBRID")], where


async def _knowledge_base(call: Call, reference: str) -> KnowledgeBase:
    """The knowledge base for an id or an ARN that ends in one. Raises NotFound."""
    wanted = reference.rpartition("/")[2]
    base = await call.services.knowledge_bases.get(wanted)
    if base.id != wanted:  # the service also finds by name
        raise NotFound(f"There is no knowledge base {wanted}.")
    return base


async def _opened_session(call: Call, base: KnowledgeBase) -> str:
    """A new session of the caller."""
    session = Sessions(call.services.metadata, now).begin(base, call.caller)
    return (await call.services.metadata.put(session, expect=0)).id


async def _finished(parts: AsyncIterator[AnswerPart]) -> Answer:
    """The whole answer, once all its parts have come."""
    async for part in parts:
        if isinstance(part, FinalPart):
            return part.answer
    raise RuntimeError("An answer always ends with its final part.")


async def _events(parts: AsyncIterator[AnswerPart]) -> AsyncIterator[dict[str, Any]]:
    """The stream's events. Text that was sent cannot be taken back: a refusal that replaces it follows it."""
    text = ""
    async for part in parts:
        if isinstance(part, TextPart):
            text += part.text
            yield {"output": {"text": part.text}}
        elif isinstance(part, CitationPart):
            cited = views.citation(text, part.citation)
            yield {"citation": {"citation": cited, **cited}}
        elif not part.answer.available and part.answer.text != text:
            yield {"output": {"text": f"\n\n{part.answer.text}" if text else part.answer.text}}
