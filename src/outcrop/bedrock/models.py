"""The ids under which models are asked for, and the models that they stand for.

`outcrop.extractive-v1` quotes and needs no language model; `outcrop.default-v1` is whatever the server is set to;
the server's model also has an id of its own: `provider.name` (`openai.gpt-5-mini`), or Bedrock's own id.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from outcrop.core.errors import Invalid
from outcrop.core.settings import Settings

EXTRACTIVE_ID = "outcrop.extractive-v1"
EXTRACTIVE = "extractive:sentences"
LEAST_EMBEDDING_ID = 20  # characters, in Bedrock's pattern for embedding models
DEFAULT_ID = "outcrop.default-v1"


def served(settings: Settings) -> Mapping[str, str]:
    """Every model id that is answered, with the model it stands for."""
    own = {} if settings.model == EXTRACTIVE else {model_id(settings.model): settings.model}
    return {EXTRACTIVE_ID: EXTRACTIVE, DEFAULT_ID: settings.model, **own}


def embedding_models(settings: Settings) -> Mapping[str, str]:
    """Every embedding model's id with the model that it stands for."""
    return {embedding_id(settings.embedding_model): settings.embedding_model}


def embedding_id(model: str) -> str:
    """The id of an embedding model, as long as Bedrock's pattern asks for."""
    own = model_id(model.replace("local:", "outcrop:"))
    return own if len(own) >= LEAST_EMBEDDING_ID else f"{own}-text-embeddings"


def embedding_model_of(arn: str, settings: Settings) -> str:
    """The embedding model for an id, or for an ARN that ends in one. Raises Invalid, naming those that there are."""
    models = embedding_models(settings)
    wanted = arn.rpartition("foundation-model/")[2]
    if wanted not in models:
        raise Invalid(
            f"There is no embedding model {arn}. This server has: {', '.join(models)} (as such, or in an ARN)."
        )
    return models[wanted]


def model_id(model: str) -> str:
    """The id of a model by its name in the settings, in the characters that Bedrock allows."""
    provider, _, name = model.partition(":")
    return re.sub(r"[^a-z0-9.:-]", "-", (name if provider == "bedrock" else f"{provider}.{name}").lower())


def model_of(arn: str, settings: Settings) -> str:
    """The model for a model id, or for an ARN that ends in one. Raises Invalid, naming those that there are."""
    _, _, resource = arn.rpartition("foundation-model/" if "foundation-model/" in arn else "inference-profile/")
    models = served(settings)
    if resource not in models:
        raise Invalid(f"There is no model {arn}. This server has: {', '.join(models)} (as such, or in an ARN).")
    return models[resource]
