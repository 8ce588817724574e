"""Bedrock's vectorIngestionConfiguration, to our chunking and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outcrop.core.errors import Invalid, Unsupported
from outcrop.core.records import Chunking

FORMS = {
    "FIXED_SIZE": "fixedSizeChunkingConfiguration",
    "HIERARCHICAL": "hierarchicalChunkingConfiguration",
    "SEMANTIC": "semanticChunkingConfiguration",
    "NONE": None,
}
PATH = "vectorIngestionConfiguration"
ACCEPTED = (f"{PATH}.chunkingConfiguration.**", f"{PATH}.parsingConfiguration.**")


def chunking_of(configuration: Mapping[str, Any] | None) -> Chunking | None:
    """The chunking that is asked for; None where none is.

    Raises:
        Invalid: The configuration does not go with the strategy.
        Unsupported: A parser other than Outcrop's own is asked for.
    """
    given = configuration or {}
    if "parsingConfiguration" in given:
        strategy = given["parsingConfiguration"]["parsingStrategy"]
        raise Unsupported(
            f"{PATH}.parsingConfiguration.parsingStrategy {strategy} is not supported by Outcrop, whose own parsers "
            "read every format. Leave parsingConfiguration out."
        )
    if "chunkingConfiguration" not in given:
        return None
    chunking = given["chunkingConfiguration"]
    strategy = chunking["chunkingStrategy"]
    form = _form(strategy, chunking)
    if strategy == "FIXED_SIZE":
        return Chunking(strategy="fixed", max_tokens=form["maxTokens"], overlap_percentage=form["overlapPercentage"])
    if strategy == "SEMANTIC":
        return Chunking(
            strategy="semantic",
            max_tokens=form["maxTokens"],
            buffer_size=form["bufferSize"],
            breakpoint_percentile=form["breakpointPercentileThreshold"],
        )
    return _hierarchical(form) if strategy == "HIERARCHICAL" else Chunking(strategy="none")


def _form(strategy: str, chunking: Mapping[str, Any]) -> Mapping[str, Any]:
    """The configuration that goes with a strategy, which needs it, and no other."""
    wanted, path = FORMS[strategy], f"{PATH}.chunkingConfiguration"
    for name in chunking.keys() - {"chunkingStrategy", wanted}:
        raise Invalid(f"{path}.{name} does not go with the chunkingStrategy {strategy}; leave it out.")
    if wanted is None:
        return {}
    if wanted not in chunking:
        raise Invalid(f"{path}.{wanted} is required for the chunkingStrategy {strategy}.")
    form: Mapping[str, Any] = chunking[wanted]
    return form


def _hierarchical(form: Mapping[str, Any]) -> Chunking:
    parent, child = (level["maxTokens"] for level in form["levelConfigurations"])
    overlap, path = form["overlapTokens"], f"{PATH}.chunkingConfiguration.hierarchicalChunkingConfiguration"
    if child >= parent:
        raise Invalid(f"{path}.levelConfigurations: the second level's maxTokens must be smaller than the first's.")
    if overlap >= child:
        raise Invalid(f"{path}.overlapTokens must be smaller than the second level's maxTokens.")
    return Chunking(strategy="hierarchical", parent_max_tokens=parent, child_max_tokens=child, overlap_tokens=overlap)


def configuration_of(chunking: Chunking) -> dict[str, Any] | None:
    """A vectorIngestionConfiguration; None for the default and for what Bedrock has no word for."""
    form: dict[str, Any] = {}
    match chunking.strategy:
        case "fixed":
            overlap = max(chunking.overlap_percentage, 1)  # Bedrock knows no fixed size without overlap
            form = {"FIXED_SIZE": {"maxTokens": chunking.max_tokens, "overlapPercentage": overlap}}
        case "semantic":
            threshold = min(max(chunking.breakpoint_percentile, 50), 99)
            form = {
                "SEMANTIC": {
                    "maxTokens": chunking.max_tokens,
                    "bufferSize": min(chunking.buffer_size, 1),
                    "breakpointPercentileThreshold": threshold,
                }
            }
        case "hierarchical":
            levels = [{"maxTokens": chunking.parent_max_tokens}, {"maxTokens": chunking.child_max_tokens}]
            form = {"HIERARCHICAL": {"levelConfigurations": levels, "overlapTokens": max(chunking.overlap_tokens, 1)}}
        case "none":
            form = {"NONE": {}}
        case _:
            return None
    ((strategy, body),) = form.items()
    name = FORMS[strategy]
    return {"chunkingConfiguration": {"chunkingStrategy": strategy, **({name: body} if name else {})}}
