"""Where a provider of models is reached, and with which key: what a card says, else the provider's own variables."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from outcrop.adapters.aws import bedrock_client
from outcrop.core.cards import ModelCard
from outcrop.core.errors import Invalid, MissingDependency

if TYPE_CHECKING:
    from pydantic_ai.providers import Provider

EXTRAS = {"ollama": "openai"}  # the extra that a family needs, where it is not named like the family
OLLAMA_BASE_URL = "http://localhost:11434/v1"  # where Ollama listens unless told otherwise


def provider_of(card: ModelCard, name: str) -> Provider[Any]:
    """The provider under pydantic-ai's name for it, with the address and the key of a card."""
    from pydantic_ai.providers import infer_provider_class

    if name == "bedrock" and card.key_variable is None:
        return infer_provider_class(name)(bedrock_client=bedrock_client(card))  # type: ignore[call-arg]  # its own
    if name == "cohere":
        return _cohere(card)
    given: dict[str, Any] = {}
    if card.base_url is not None:
        given["base_url"] = card.base_url
    elif name == "ollama" and "OLLAMA_BASE_URL" not in os.environ:
        given["base_url"] = OLLAMA_BASE_URL
    if card.key_variable is not None:
        given["api_key"] = key_of(card)
    if name == "bedrock":
        given["aws_read_timeout"] = card.timeout
    return infer_provider_class(name)(**given)


def _cohere(card: ModelCard) -> Provider[Any]:
    """Cohere's provider, with a client that can be told its address, its time and not to ask again."""
    from cohere import AsyncClientV2
    from pydantic_ai.providers.cohere import CohereProvider

    key = key_of(card, "CO_API_KEY")
    client = AsyncClientV2(key, base_url=card.base_url, timeout=card.timeout, max_retries=0)
    return CohereProvider(cohere_client=client)


def key_of(card: ModelCard, usual: str | None = None) -> str:
    """The key that the card's variable holds, or the provider's usual one. Raises Invalid where it is not set."""
    variable = card.key_variable or usual or ""
    key = os.environ.get(variable)
    if not key:
        raise Invalid(f"The model {card.target} cannot be used: the variable {variable} is not set.")
    return key


@contextmanager
def opening(target: str) -> Iterator[None]:
    """What goes wrong with the making of a provider's client, in our words; secrets are not repeated.

    Raises:
        Invalid: There is no such provider, or it lacks its key.
        MissingDependency: The provider's package is not installed.
    """
    from pydantic_ai.exceptions import UserError

    family = target.partition(":")[0]
    try:
        yield
    except ImportError as error:
        extra = EXTRAS.get(family, family)
        raise MissingDependency(
            f'Models of {family} need a package that is not installed: pip install "pydantic-ai-slim[{extra}]"'
        ) from error
    except Invalid:
        raise
    except UserError as error:
        raise Invalid(f"The model {target} cannot be used: {error}") from error
    except Exception as error:
        raise Invalid(f"The model {target} cannot be used: {type(error).__name__}.") from error
