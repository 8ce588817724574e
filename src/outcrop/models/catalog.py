"""The models that a server offers, and the ids, ARNs and aliases under which they are asked for.

`outcrop.extractive-v1` quotes and needs no language model; `outcrop.default-v1` is whatever the server is set to; the
server's own models also have an id each (`openai.gpt-5-mini`, `outcrop.all-minilm-l6-v2`); tables `[models."id"]` of
`outcrop.toml` add to them or stand in for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from outcrop.core.cards import Modality, ModelCard, ModelKind
from outcrop.core.errors import Invalid, NotFound
from outcrop.core.settings import CardEntry, Settings

EXTRACTIVE_ID = "outcrop.extractive-v1"
EXTRACTIVE = "extractive:sentences"
DEFAULT_ID = "outcrop.default-v1"
RERANK_ID = "outcrop.evidence-rerank-v1:0"
RERANK = "evidence:sentences"
ALIAS = "openai."  # a prefix of ids for which every client streams: some do so by the prefix alone
LEAST_EMBEDDING_ID = 20  # characters, in Bedrock's pattern for embedding models

_ID = re.compile(r"[a-z0-9-]{1,63}(?:[.:][a-z0-9-]{1,63}){1,5}")
_RESOURCE = re.compile(
    r"arn:aws[a-z-]*:(?:bedrock|sagemaker):[a-z0-9-]*:\d*:(?:[a-z-]+/)?(?P<resource>.+)"
)  # "…:foundation-model/ID", "…:inference-profile/us.ID"
REGION = re.compile(r"(?:us|us-gov|eu|apac|jp|au|ca|sa|me|af|global)\.(?=[a-z0-9-]+\.)")  # begins a system profile's id
# An inference profile of one's own, by its id or its ARN.
PROFILE = re.compile(r"(?:arn:aws[a-z-]*:bedrock:[^/]*:application-inference-profile/)?(?P<id>[a-z0-9]{12})")

# What the current models of a family can be given, unless a table says otherwise. Documents are for every model: what
# one does not read itself is given to it as text.
_INPUTS: Mapping[str, tuple[Modality, ...]] = {
    "extractive": ("TEXT", "DOCUMENT"),
    "sagemaker": ("TEXT", "DOCUMENT"),
    "cohere": ("TEXT", "DOCUMENT"),
}
_EVERYTHING: tuple[Modality, ...] = ("TEXT", "IMAGE", "DOCUMENT")
_TOOLLESS = frozenset({"extractive", "sagemaker"})
_SHOWN = {"openai": "OpenAI", "mistral": "Mistral AI", "ai21": "AI21 Labs", "deepseek": "DeepSeek", "vllm": "vLLM"}


class Catalog:
    """Every model that the server offers, by id."""

    def __init__(self, settings: Settings) -> None:
        cards = {card.id: card for card in _own(settings)}
        cards |= {name: _card(name, entry) for name, entry in settings.models.items()}
        self._cards: Mapping[str, ModelCard] = cards
        for card in cards.values():
            self._check_fallbacks(card)

    def cards(self) -> Sequence[ModelCard]:
        """Every model: those of the server first, then those of the tables in their order."""
        return list(self._cards.values())

    def find(self, reference: str) -> ModelCard | None:
        """The model of an id, an ARN that ends in one, a cross-region profile of one, or an alias."""
        found = _RESOURCE.fullmatch(reference)
        plain = found["resource"] if found else reference
        for one in (plain, REGION.sub("", plain, count=1), plain.removeprefix(ALIAS)):
            if one in self._cards:
                return self._cards[one]
        return None

    def card(self, reference: str) -> ModelCard:
        """The model of an id, an ARN that ends in one, a cross-region profile of one, or an alias.

        Raises:
            NotFound: There is none; the message lists those that there are.
        """
        card = self.find(reference)
        if card is None:
            known = ", ".join(self._cards)
            raise NotFound(
                f"There is no model {reference}. This server has: {known} (as such, or in an ARN). "
                f'A table [models."{reference}"] in outcrop.toml adds it.'
            )
        return card

    def of_target(self, target: str, kind: ModelKind) -> ModelCard:
        """The card of what `provider:name` or an id names: one of the catalog's (a table's first), else a usual one.

        Raises Invalid where it is neither.
        """
        card = self.find(target)
        if card is not None and card.kind == kind:
            return card
        if not all(target.partition(":")):
            raise Invalid(
                f"A model is named provider:name, such as openai:gpt-5-mini, or by its id; {target!r} is not."
            )
        same = [one for one in self._cards.values() if one.target == target and one.kind == kind]
        return next(reversed(same), None) or _usual(model_id(target), target, kind)

    def fallbacks(self, card: ModelCard) -> Sequence[ModelCard]:
        """The models that are asked in turn where this one fails."""
        return [self._cards[name] for name in card.fallbacks]

    def _check_fallbacks(self, card: ModelCard) -> None:
        for name in card.fallbacks:
            other = self._cards.get(name)
            if other is None or other.kind != card.kind or name == card.id:
                why = "there is no such model" if other is None else f"it is no other {card.kind} model"
                raise Invalid(f'[models."{card.id}"] fallbacks: {name!r} cannot stand in: {why}.')


def model_id(model: str) -> str:
    """The id of a model by its name in the settings, in the characters that Bedrock allows."""
    provider, _, name = model.partition(":")
    provider = "outcrop" if provider == "local" else provider
    return re.sub(r"[^a-z0-9.:-]", "-", (name if provider == "bedrock" else f"{provider}.{name}").lower())


def embedding_id(model: str) -> str:
    """The id of an embedding model by its name in the settings: as long as Bedrock's pattern asks for."""
    plain = model_id(model)
    return plain if len(plain) >= LEAST_EMBEDDING_ID else f"{plain}-text-embeddings"


def _own(settings: Settings) -> Iterator[ModelCard]:
    """The models that are there without a table."""
    yield replace(_usual(EXTRACTIVE_ID, EXTRACTIVE, "chat"), name="Outcrop Extractive")
    yield replace(_default(settings), id=DEFAULT_ID, name="Outcrop Default", provider="Outcrop")
    if settings.model not in {EXTRACTIVE, *settings.models}:
        yield _usual(model_id(settings.model), settings.model, "chat")
    yield replace(
        _usual(embedding_id(settings.embedding_model), settings.embedding_model, "embedding"),
        dimensions=settings.embedding_dimensions,
        base_url=settings.embedding_base_url,
    )
    yield replace(_usual(RERANK_ID, RERANK, "rerank"), name="Outcrop Evidence Rerank")


def _default(settings: Settings) -> ModelCard:
    """The card of the model that answers: a table's where the setting names its id, or where it is for that model."""
    for name in (settings.model, model_id(settings.model)):
        if name in settings.models:
            return _card(name, settings.models[name])
    return _usual(model_id(settings.model), settings.model, "chat")


def _usual(id: str, target: str, kind: ModelKind) -> ModelCard:
    """A card with what is usual for its provider."""
    family, _, name = target.partition(":")
    chat, maker = kind == "chat", id.partition(".")[0]
    return ModelCard(
        id=id,
        target=target,
        name=name,
        provider=_SHOWN.get(maker, maker.title()),
        kind=kind,
        inputs=_INPUTS.get(family, _EVERYTHING) if chat else ("TEXT",),
        outputs=("EMBEDDING",) if kind == "embedding" else ("TEXT",),
        tools=chat and family not in _TOOLLESS,
        streaming=chat,
        retries=3 if kind == "embedding" else 2,  # much is embedded at once: one failure would undo it all
    )


def _card(id: str, entry: CardEntry) -> ModelCard:
    """The card of a table. Raises Invalid where its id is not one."""
    if not _ID.fullmatch(id):  # one of a short id, such as cohere.embed-v4:0, is asked for by its ARN where need be
        raise Invalid(
            f'[models."{id}"]: a model id is a provider and a name in lower case, such as meta.llama3-8b-v1:0.'
        )
    usual = _usual(id, entry.target, entry.kind)
    given = entry.model_dump(exclude_none=True, exclude={"inputs"})
    inputs = usual.inputs if entry.inputs is None else tuple(_modality(one) for one in ("text", *entry.inputs))
    return replace(usual, **{**given, "inputs": tuple(dict.fromkeys(inputs))})


def _modality(name: str) -> Modality:
    names: Mapping[str, Modality] = {"text": "TEXT", "image": "IMAGE", "document": "DOCUMENT"}
    return names[name]
