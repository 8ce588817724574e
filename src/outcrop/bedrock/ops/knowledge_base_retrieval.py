"""Retrieve, RetrieveAndGenerate and its stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from outcrop.answer.external import BASE_ID, ExternalSource
from outcrop.answer.sessions import Sessions
from outcrop.bedrock import views
from outcrop.bedrock.options import (
    GENERATION,
    LATENCY,
    LATENCY_REASON,
    ORCHESTRATION,
    SEARCH,
    below,
    inference,
    model_card,
    only_quotes,
    orchestration,
    quotes,
    search_options,
    template,
)
from outcrop.bedrock.paging import next_token, offset_of
from outcrop.bedrock.table import Call, op
from outcrop.core.answers import (
    Answer,
    AnswerPart,
    AskRequest,
    CitationPart,
    FinalPart,
    RetrieveRequest,
    TextPart,
)
from outcrop.core.clock import now
from outcrop.core.errors import Invalid, NotFound, Unsupported
from outcrop.core.parsed import Blob
from outcrop.core.records import KnowledgeBase
from outcrop.web.asgi import closing

AGENT_RUNTIME = "bedrock-agent-runtime"
MOST_RESULTS = 100
AVAILABLE = "x-outcrop-available"  # whether the documents hold an answer: a word that Bedrock's reply does not have

_BASE = "retrieveAndGenerateConfiguration.knowledgeBaseConfiguration"
_OWN = "retrieveAndGenerateConfiguration.externalSourcesConfiguration"
_ASK = (
    "input.text",
    "retrieveAndGenerateConfiguration.type",
    f"{_BASE}.knowledgeBaseId",
    f"{_BASE}.modelArn",
    *below(f"{_BASE}.retrievalConfiguration", SEARCH),
    *below(f"{_BASE}.generationConfiguration", GENERATION),
    *below(f"{_BASE}.orchestrationConfiguration", ORCHESTRATION),
    f"{_OWN}.modelArn",
    f"{_OWN}.sources.**",
    *below(f"{_OWN}.generationConfiguration", GENERATION),
)
_IGNORED = {
    "sessionConfiguration.kmsKeyArn": "sessions are kept in Outcrop's own database; encrypt its disk instead.",
    f"{_BASE}.generationConfiguration.{LATENCY}": LATENCY_REASON,
    f"{_BASE}.orchestrationConfiguration.{LATENCY}": LATENCY_REASON,
    f"{_OWN}.generationConfiguration.{LATENCY}": LATENCY_REASON,
}
# The model's own pattern, read as a whole, is too short for the media types of office documents, which Bedrock takes:
# in bedrock-agent the same pattern may stand within a text.
_MEDIA_TYPES = {"ContentType": ("[a-z]{1,20}/.{1,100}",)}


@op(
    AGENT_RUNTIME,
    "Retrieve",
    accepts=("retrievalQuery.text", "retrievalQuery.type", *below("retrievalConfiguration", SEARCH)),
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
    options = await search_options(call, retrievalConfiguration)
    bound = (knowledgeBaseId, question, retrievalConfiguration)
    start = offset_of(nextToken, *bound)
    end = min(start + options.limit, MOST_RESULTS)
    base = await knowledge_base(call, knowledgeBaseId)
    # A reranker is given numberOfResults and keeps the best of them: there is no page after that.
    limit = options.limit if options.rerank else min(end + 1, MOST_RESULTS)
    request = RetrieveRequest(
        question=question,
        limit=limit,
        mode=options.mode,
        where=options.where,
        rerank=options.rerank,
        implicit=options.implicit,
    )
    hits = (await call.services.answers.retrieve(base, request)).hits
    more = next_token(end, *bound) if len(hits) > end else None
    return {"retrievalResults": [views.retrieval_result(hit) for hit in hits[start:end]], "nextToken": more}


@op(AGENT_RUNTIME, "RetrieveAndGenerate", accepts=_ASK, ignores=_IGNORED, extends=_MEDIA_TYPES)
async def retrieve_and_generate(
    call: Call,
    *,
    input: Mapping[str, Any],
    retrieveAndGenerateConfiguration: Mapping[str, Any] | None = None,
    sessionId: str | None = None,
) -> dict[str, Any]:
    """An answer from a knowledge base, or from documents that come with the question, with its citations."""
    asked = await _asked(call, input, retrieveAndGenerateConfiguration, sessionId)
    answer = await _finished(asked.parts(call))
    call.headers[AVAILABLE] = str(answer.available).lower()
    return {
        "sessionId": answer.session_id,
        "output": {"text": answer.text},
        "citations": [views.citation(answer.text, citation) for citation in answer.citations],
    }


@op(AGENT_RUNTIME, "RetrieveAndGenerateStream", accepts=_ASK, ignores=_IGNORED, extends=_MEDIA_TYPES)
async def retrieve_and_generate_stream(
    call: Call,
    *,
    input: Mapping[str, Any],
    retrieveAndGenerateConfiguration: Mapping[str, Any] | None = None,
    sessionId: str | None = None,
) -> dict[str, Any]:
    """The same, text and citations as they come."""
    asked = await _asked(call, input, retrieveAndGenerateConfiguration, sessionId)
    if asked.request.session_id is None:  # the reply's header names it before the first word
        session = await _opened_session(call, BASE_ID if isinstance(asked, OfDocuments) else asked.base.id)
        asked = replace(asked, request=replace(asked.request, session_id=session))
    return {"sessionId": asked.request.session_id, "stream": _events(asked.parts(call))}


@dataclass(frozen=True, slots=True)
class OfKnowledgeBase:
    """A question for a knowledge base."""

    request: AskRequest
    base: KnowledgeBase

    def parts(self, call: Call) -> AsyncIterator[AnswerPart]:
        """The answer as it comes."""
        return call.services.answers.ask(self.base, self.request)


@dataclass(frozen=True, slots=True)
class OfDocuments:
    """A question for documents that come with it."""

    request: AskRequest
    sources: Sequence[ExternalSource]

    def parts(self, call: Call) -> AsyncIterator[AnswerPart]:
        """The answer as it comes."""
        return call.services.answers.ask_documents(self.sources, self.request)


async def _asked(
    call: Call, input: Mapping[str, Any], configuration: Mapping[str, Any] | None, session: str | None
) -> OfKnowledgeBase | OfDocuments:
    """What is asked of what, every member having an effect. Raises Invalid, Unsupported, NotFound."""
    question = _question(input["text"], "input.text")
    form = (configuration or {}).get("type", "KNOWLEDGE_BASE")
    name = "knowledgeBaseConfiguration" if form == "KNOWLEDGE_BASE" else "externalSourcesConfiguration"
    settings = (configuration or {}).get(name)
    if settings is None or len(configuration or {}) != _FORM_MEMBERS:
        raise Invalid(f"retrieveAndGenerateConfiguration must have {name}, and no other form, for the type {form}.")
    request = await _request(call, question, settings, session)
    if form == "KNOWLEDGE_BASE":
        return OfKnowledgeBase(request, await knowledge_base(call, settings["knowledgeBaseId"]))
    return OfDocuments(request, [_external(source) for source in settings["sources"]])


_FORM_MEMBERS = 2  # the type, and what belongs to it
_DOCUMENT_PASSAGES = 30  # of documents that come with a question: they are there to be read, as far as they fit


async def _request(call: Call, question: str, settings: Mapping[str, Any], session: str | None) -> AskRequest:
    """The question with its model, its search and how the answer is written."""
    card = await model_card(call, settings["modelArn"])
    generation = settings.get("generationConfiguration", {})
    orchestrated = settings.get("orchestrationConfiguration")
    if quotes(card):
        only_quotes(generation, orchestrated)
    options = await search_options(call, settings.get("retrievalConfiguration"))
    return AskRequest(
        question=question,
        caller=call.caller,
        session_id=session,
        model=card.id,
        limit=_DOCUMENT_PASSAGES if "sources" in settings else options.limit,
        mode=options.mode,
        where=options.where,
        rerank=options.rerank,
        implicit=options.implicit,
        prompt_template=template(generation),
        inference=inference(generation),
        orchestration=orchestration(orchestrated),
    )


def _external(source: Mapping[str, Any]) -> ExternalSource:
    """A document that comes with the question, or whose place in S3 does. Raises Invalid."""
    form = source["sourceType"]
    name = "s3Location" if form == "S3" else "byteContent"
    if name not in source or len(source) != _FORM_MEMBERS:
        raise Invalid(f"A source of the type {form} must have {name} and no other content.")
    if form == "S3":
        return ExternalSource(uri=source["s3Location"]["uri"])
    given = source["byteContent"]
    file = given["identifier"].rpartition("/")[2] or given["identifier"]
    blob = Blob(name=file, data=given["data"], media_type=given["contentType"])
    return ExternalSource(uri=given["identifier"], blob=blob)


def _question(text: str | None, name: str) -> str:
    if text is None or not text.strip():
        raise Invalid(f"{name} must hold a question.")
    return text


async def knowledge_base(call: Call, reference: str) -> KnowledgeBase:
    """The knowledge base for an id or an ARN that ends in one. Raises NotFound."""
    wanted = reference.rpartition("/")[2]
    base = await call.services.knowledge_bases.get(wanted)
    if base.id != wanted:  # the service also finds by name
        raise NotFound(f"There is no knowledge base {wanted}.")
    return base


async def _opened_session(call: Call, knowledge_base_id: str) -> str:
    """A new session of the caller."""
    session = Sessions(call.services.metadata, now).begin(knowledge_base_id, call.caller)
    return (await call.services.metadata.put(session, expect=0)).id


async def _finished(parts: AsyncIterator[AnswerPart]) -> Answer:
    """The whole answer, once all its parts have come."""
    async with closing(parts):
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
