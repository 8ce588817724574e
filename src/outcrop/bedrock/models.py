"""The ids under which models are asked for, and the models that they stand for.

`outcrop.extractive-v1` quotes and needs no language model; `outcrop.default-v1` is whatever the server is set to;
the server's model also has an id of its own: `provider.name` (`openai.gpt-5-mini`), or Bedrock's own id.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from outcrop.bedrock.table import Call
from outcrop.core.errors import Invalid
from outcrop.core.settings import Settings

EXTRACTIVE_ID = "outcrop.extractive-v1"
EXTRACTIVE = "extractive:sentences"
DEFAULT_ID = "outcrop.default-v1"
RERANK_ID = "outcrop.evidence-rerank-v1:0"


def served(settings: Settings) -> Mapping[str, str]:
    """Every model id that is answered, with the model it stands for."""
    own = {} if settings.model == EXTRACTIVE else {model_id(settings.model): settings.model}
    return {EXTRACTIVE_ID: EXTRACTIVE, DEFAULT_ID: settings.model, **own}


def model_id(model: str) -> str:
    """The id of a model by its name in the settings, in the characters that Bedrock allows."""
    provider, _, name = model.partition(":")
    return re.sub(r"[^a-z0-9.:-]", "-", (name if provider == "bedrock" else f"{provider}.{name}").lower())


async def model_of(call: Call, arn: str) -> str:
    """The model for a model id, or for an ARN that ends in one. Raises Invalid, naming those that there are."""
    _, _, resource = arn.rpartition("foundation-model/" if "foundation-model/" in arn else "inference-profile/")
    models = served(call.services.settings)
    if resource not in models:
        raise Invalid(f"There is no model {arn}. This server has: {', '.join(models)} (as such, or in an ARN).")
    return models[resource]


async def reranker_of(call: Call, arn: str) -> str:
    """The reranker for an id or an ARN that ends in one. Raises Invalid, naming those that there are."""
    if arn.rpartition("/")[2] != RERANK_ID:
        raise Invalid(f"There is no reranker {arn}. This server has: {RERANK_ID} (as such, or in an ARN).")
    return "evidence"


async def rerank(call: Call, arn: str, question: str, texts: Sequence[str], top: int) -> Sequence[tuple[int, float]]:
    """The best texts as (index, score), best first."""
    return await call.services.models.rerank(arn, question, texts, top)
