"""AgenticRetrieveStream: plan, search, read on and answer, each step told as it begins and ends."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from outcrop.answer.exploring import (
    Action,
    Exploration,
    Explored,
    ExploredPart,
    Found,
    ReadAction,
    Retriever,
    SearchAction,
    Traced,
)
from outcrop.bedrock import views
from outcrop.bedrock.ops.knowledge_base_retrieval import knowledge_base
from outcrop.bedrock.options import model_card
from outcrop.bedrock.table import Call, op
from outcrop.core.answers import Reranking, TextPart
from outcrop.core.errors import Invalid
from outcrop.core.filters import from_json
from outcrop.core.records import Turn
from outcrop.models.catalog import DEFAULT_ID, RERANK_ID
from outcrop.web.asgi import closing

DEFAULT_ROUNDS = 3
DEFAULT_RESULTS = 10  # of each search in each knowledge base
MOST_RESULTS = 100
MOST_MESSAGES = 100
_CONFIGURATION = "agenticRetrieveConfiguration"
_FOUNDATION = f"{_CONFIGURATION}.foundationModelConfiguration"
_RERANKING = f"{_CONFIGURATION}.rerankingConfiguration"
_KNOWLEDGE_BASE = "retrievers.configuration.knowledgeBase"


@op(
    "bedrock-agent-runtime",
    "AgenticRetrieveStream",
    accepts=(
        "messages.**",
        "retrievers.description",
        f"{_KNOWLEDGE_BASE}.knowledgeBaseId",
        f"{_KNOWLEDGE_BASE}.retrievalOverrides.**",
        f"{_CONFIGURATION}.foundationModelType",
        f"{_CONFIGURATION}.maxAgentIteration",
        f"{_CONFIGURATION}.rerankingModelType",
        f"{_FOUNDATION}.type",
        f"{_FOUNDATION}.bedrockFoundationModelConfiguration.**",
        f"{_RERANKING}.type",
        f"{_RERANKING}.bedrockRerankingConfiguration.**",
    ),
)
async def agentic_retrieve_stream(
    call: Call,
    *,
    messages: Sequence[Mapping[str, Any]],
    retrievers: Sequence[Mapping[str, Any]],
    agenticRetrieveConfiguration: Mapping[str, Any],
    generateResponse: bool = True,
) -> dict[str, Any]:
    """Each step, the answer as it is written, and in the last event all that was found."""
    question, turns = _conversation(messages)
    asked = Exploration(
        question=question,
        turns=turns,
        retrievers=tuple([await _retriever(call, one) for one in retrievers]),
        model=await _model(call, agenticRetrieveConfiguration),
        rounds=agenticRetrieveConfiguration.get("maxAgentIteration", DEFAULT_ROUNDS),
        rerank=await _reranking(call, agenticRetrieveConfiguration),
        generate=generateResponse,
    )
    ids = [one.base.id for one in asked.retrievers]
    return {"stream": _events(call.services.answers.explore(asked), ids)}


def _conversation(messages: Sequence[Mapping[str, Any]]) -> tuple[str, tuple[Turn, ...]]:
    """The last message, which must be a question, and the turns before it. Raises Invalid."""
    if len(messages) > MOST_MESSAGES:
        raise Invalid(f"messages must have at most {MOST_MESSAGES} members, not {len(messages)}.")
    texts = [one["content"].get("text", "") for one in messages]
    if not all(text.strip() for text in texts):
        raise Invalid("messages: each content must have a text.")
    if messages[-1]["role"] != "user":
        raise Invalid("messages: the last must be the user's.")
    turns: list[Turn] = []
    for message, text in zip(messages[:-1], texts[:-1], strict=True):
        if message["role"] == "user":
            turns.append(Turn(question=text, answer=""))
        elif turns:
            before = turns.pop()
            turns.append(Turn(question=before.question, answer=f"{before.answer}\n{text}".strip()))
        else:
            raise Invalid("messages: the first must be the user's.")
    return texts[-1], tuple(turns)


async def _retriever(call: Call, given: Mapping[str, Any]) -> Retriever:
    """A retriever's knowledge base and search. Raises NotFound, Invalid."""
    configuration = given["configuration"]["knowledgeBase"]
    overrides = configuration.get("retrievalOverrides", {})
    limit = overrides.get("maxNumberOfResults", DEFAULT_RESULTS)
    if limit > MOST_RESULTS:
        raise Invalid(f"retrievalOverrides.maxNumberOfResults must be at most {MOST_RESULTS}, not {limit}.")
    return Retriever(
        base=await knowledge_base(call, configuration["knowledgeBaseId"]),
        where=from_json(overrides["filter"]) if "filter" in overrides else None,
        limit=limit,
        description=given.get("description", "")[:1000],
    )


async def _model(call: Call, given: Mapping[str, Any]) -> str:
    """The model that plans and answers: the one that is named, or the server's. Raises Invalid."""
    named = given.get("foundationModelConfiguration")
    _goes_together(given, "foundationModelType", "foundationModelConfiguration")
    if named is None:
        return DEFAULT_ID
    if named["type"] != "BEDROCK_FOUNDATION_MODEL" or "bedrockFoundationModelConfiguration" not in named:
        raise Invalid(f"{_FOUNDATION} must have the type BEDROCK_FOUNDATION_MODEL and its configuration.")
    arn = named["bedrockFoundationModelConfiguration"]["modelConfiguration"]["modelArn"]
    return (await model_card(call, arn)).id


async def _reranking(call: Call, given: Mapping[str, Any]) -> Reranking | None:
    """The reranker: the one that is named, the server's for MANAGED, or none. Raises Invalid."""
    named = given.get("rerankingConfiguration")
    _goes_together(given, "rerankingModelType", "rerankingConfiguration")
    if named is not None:
        if "bedrockRerankingConfiguration" not in named:
            raise Invalid(f"{_RERANKING}.bedrockRerankingConfiguration is required.")
        arn = named["bedrockRerankingConfiguration"]["modelConfiguration"]["modelArn"]
        return Reranking(model=(await model_card(call, arn, "rerank")).id)
    if given.get("rerankingModelType") == "MANAGED":
        return Reranking(model=RERANK_ID)
    return None


def _goes_together(given: Mapping[str, Any], kind: str, configuration: str) -> None:
    """Raises Invalid where a model is CUSTOM and not named, or named and not CUSTOM."""
    if given.get(kind, "CUSTOM" if configuration in given else None) == "CUSTOM":
        if configuration not in given:
            raise Invalid(f"{_CONFIGURATION}.{configuration} is required where {kind} is CUSTOM.")
    elif configuration in given:
        raise Invalid(f"{_CONFIGURATION}.{configuration} goes with the {kind} CUSTOM only.")


async def _events(parts: AsyncIterator[ExploredPart], ids: Sequence[str]) -> AsyncIterator[dict[str, Any]]:
    """The stream's events. Text that was sent cannot be taken back: a refusal that replaces it follows it."""
    text = ""
    async with closing(parts):
        async for part in parts:
            if isinstance(part, Traced):
                yield {"traceEvent": _trace(part, ids)}
            elif isinstance(part, TextPart):
                text += part.text
                yield {"responseEvent": {"text": part.text}}
            else:
                if part.text is not None and not part.available:
                    yield {"responseEvent": {"text": f"\n\n{part.text}" if text else part.text}}
                yield {"result": _result(part, ids)}


def _trace(step: Traced, ids: Sequence[str]) -> dict[str, Any]:
    """An AgenticRetrieveTraceEvent."""
    given = {
        "actions": [_action(action, ids) for action in step.actions],
        "retrievalMetadata": [
            {"identifier": one, "retrievalType": "BedrockKnowledgeBase"}
            for one in dict.fromkeys(ids[number] for number in step.searched)
        ],
        "retrievalResponse": list(_items(step.found, ids)),
        "failures": [{"message": message} for message in step.failures],
    }
    return {
        "id": secrets.token_hex(16),
        "timestamp": int(step.at.timestamp() * 1000),
        "attributes": {
            "step": step.activity,
            "status": step.status,
            "message": step.message,
            **{name: value for name, value in given.items() if value},
        },
    }


def _action(action: Action, ids: Sequence[str]) -> dict[str, Any]:
    """An AgenticRetrieveAction."""
    if isinstance(action, ReadAction):
        found = action.found
        source = {"identifier": ids[found.retriever]}
        return {"fullDocumentExpansion": {"documentId": found.hit.chunk.document_id, "sourceRetriever": source}}
    return {"retrieve": _search(action, ids)}


def _search(action: SearchAction, ids: Sequence[str]) -> dict[str, Any]:
    sources = [{"identifier": ids[number]} for number in action.retrievers]
    return {"inputQuery": {"text": action.query}, "sourceRetrievers": sources}


def _items(found: Sequence[Found], ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Hits as AgenticRetrieveResultItem."""
    for one in found:
        yield {
            "content": {"mimeType": "text/plain", "text": one.hit.chunk.text},
            "metadata": {**views.metadata(one.hit), views.SCORE: one.hit.score},
            "sourceRetriever": {"identifier": ids[one.retriever]},
        }


def _result(explored: Explored, ids: Sequence[str]) -> dict[str, Any]:
    """An AgenticRetrieveResultEvent. Here a span ends after its last character."""
    results = list(_items(explored.found, ids))
    if explored.text is None:
        return {"results": results}
    citations = [
        {
            "startIndex": citation.start,
            "endIndex": citation.end,
            "references": [{"resultIndex": place} for place in places],
        }
        for citation, places in zip(explored.citations, explored.references, strict=True)
    ]
    return {"results": results, "generatedResponse": {"answer": explored.text, "citations": citations}}
