"""What requests say of search and generation, in Outcrop's words, for every operation that searches or answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from outcrop.bedrock.table import Call
from outcrop.core.answers import (
    Attribute,
    FieldChoice,
    ImplicitFilter,
    Inference,
    Orchestration,
    Reranking,
)
from outcrop.core.cards import ModelCard, ModelKind
from outcrop.core.chunks import SearchMode
from outcrop.core.errors import Invalid, NotFound, Unsupported
from outcrop.core.filters import Filter, from_json
from outcrop.models.catalog import EXTRACTIVE

MODES: Mapping[str, SearchMode] = {"HYBRID": "hybrid", "SEMANTIC": "semantic"}
DEFAULT_RESULTS = 5  # Bedrock's own, where numberOfResults is left out

_RERANKING = "vectorSearchConfiguration.rerankingConfiguration"
SEARCH = (
    "vectorSearchConfiguration.filter.**",
    "vectorSearchConfiguration.numberOfResults",
    "vectorSearchConfiguration.overrideSearchType",
    "vectorSearchConfiguration.implicitFilterConfiguration.**",
    f"{_RERANKING}.type",
    f"{_RERANKING}.bedrockRerankingConfiguration.modelConfiguration.modelArn",
    f"{_RERANKING}.bedrockRerankingConfiguration.numberOfRerankedResults",
    f"{_RERANKING}.bedrockRerankingConfiguration.metadataConfiguration.**",
)
GENERATION = (
    "promptTemplate.textPromptTemplate",
    "inferenceConfig.textInferenceConfig.**",
    "additionalModelRequestFields.**",
)
ORCHESTRATION = (*GENERATION, "queryTransformationConfiguration.type")
LATENCY = "performanceConfig.latency"
LATENCY_REASON = "how fast a model answers is up to what stands behind its id; choose another id for a faster one."


def below(path: str, members: tuple[str, ...]) -> tuple[str, ...]:
    """Members of a structure as paths from the input."""
    return tuple(f"{path}.{member}" for member in members)


async def model_card(call: Call, reference: str, kind: ModelKind = "chat") -> ModelCard:
    """The model that is asked for. Raises Invalid: to these operations, one that is not there is a wrong parameter."""
    try:
        card = await call.services.models.card(reference)
    except NotFound as error:
        raise Invalid(error.message) from error
    if card.kind != kind:
        raise Invalid(f"{reference} is a model for {card.kind}; one for {kind} is needed.")
    return card


def quotes(card: ModelCard) -> bool:
    """Whether a model is the extractive answerer, which can be told nothing."""
    return card.target == EXTRACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions:
    """How a knowledge base is searched."""

    limit: int
    mode: SearchMode
    where: Filter | None
    rerank: Reranking | None
    implicit: ImplicitFilter | None


async def search_options(call: Call, configuration: Mapping[str, Any] | None) -> SearchOptions:
    """The search for a KnowledgeBaseRetrievalConfiguration. Raises Invalid, Unsupported."""
    given = (configuration or {}).get("vectorSearchConfiguration", {})
    limit = given.get("numberOfResults", DEFAULT_RESULTS)
    return SearchOptions(
        limit=limit,
        mode=MODES[given.get("overrideSearchType", "HYBRID")],
        where=from_json(given["filter"]) if "filter" in given else None,
        rerank=await _reranking(call, given["rerankingConfiguration"]) if "rerankingConfiguration" in given else None,
        implicit=await _implicit(call, given.get("implicitFilterConfiguration")),
    )


async def _reranking(call: Call, configuration: Mapping[str, Any]) -> Reranking:
    """A VectorSearchRerankingConfiguration."""
    given = configuration.get("bedrockRerankingConfiguration")
    if given is None:
        raise Invalid("rerankingConfiguration.bedrockRerankingConfiguration is required for BEDROCK_RERANKING_MODEL.")
    return Reranking(
        model=(await model_card(call, given["modelConfiguration"]["modelArn"], "rerank")).id,
        results=given.get("numberOfRerankedResults"),
        fields=_fields(given.get("metadataConfiguration")),
    )


def _fields(given: Mapping[str, Any] | None) -> FieldChoice:
    """A MetadataConfigurationForReranking: without one, the reranker reads the text alone."""
    if given is None:
        return FieldChoice()
    selection = given.get("selectiveModeConfiguration")
    if (given["selectionMode"] == "SELECTIVE") != (selection is not None):
        raise Invalid("metadataConfiguration.selectiveModeConfiguration goes with the selectionMode SELECTIVE only.")
    if selection is None:
        return FieldChoice(kind="all")
    [(name, fields)] = selection.items()
    names = frozenset(field["fieldName"] for field in fields)
    return FieldChoice(kind="only" if name == "fieldsToInclude" else "except", names=names)


async def _implicit(call: Call, given: Mapping[str, Any] | None) -> ImplicitFilter | None:
    """An ImplicitFilterConfiguration. Raises Unsupported for a model that is none that writes."""
    if given is None:
        return None
    card = await model_card(call, given["modelArn"])
    if quotes(card):
        raise Unsupported(
            "implicitFilterConfiguration.modelArn must name a language model: outcrop.extractive-v1 writes no filter."
        )
    attributes = tuple(
        Attribute(key=one["key"], kind=one["type"], description=one["description"])
        for one in given["metadataAttributes"]
    )
    return ImplicitFilter(model=card.id, attributes=attributes)


def inference(given: Mapping[str, Any], usual: Inference | None = None) -> Inference:
    """The inference of a GenerationConfiguration or OrchestrationConfiguration."""
    usual = usual or Inference()
    text = given.get("inferenceConfig", {}).get("textInferenceConfig", {})
    return Inference(
        temperature=text.get("temperature", usual.temperature),
        top_p=text.get("topP"),
        max_tokens=text.get("maxTokens", usual.max_tokens),
        stop=tuple(text.get("stopSequences", ())),
        extra=given.get("additionalModelRequestFields", {}),
    )


def template(given: Mapping[str, Any]) -> str | None:
    """The words of a configuration's promptTemplate."""
    words: str | None = given.get("promptTemplate", {}).get("textPromptTemplate")
    return words


def orchestration(given: Mapping[str, Any] | None) -> Orchestration:
    """An OrchestrationConfiguration."""
    usual = Orchestration()
    if given is None:
        return usual
    return Orchestration(
        decompose="queryTransformationConfiguration" in given,
        prompt_template=template(given),
        inference=inference(given, usual.inference),
    )


def only_quotes(generation: Mapping[str, Any], orchestrated: Mapping[str, Any] | None) -> None:
    """Refuse what the extractive answerer, which quotes, could only ignore. Raises Unsupported."""
    why = "has no meaning for outcrop.extractive-v1, which quotes; leave it out."
    for name in ("promptTemplate", "additionalModelRequestFields"):
        if generation.get(name):
            raise Unsupported(f"{name} {why}")
    if orchestrated:
        raise Unsupported(f"orchestrationConfiguration {why}")
    text = generation.get("inferenceConfig", {}).get("textInferenceConfig", {})
    if names := sorted(name for name, value in text.items() if (name, value) != ("temperature", 0)):
        raise Unsupported(f"{', '.join(names)} {why}")
