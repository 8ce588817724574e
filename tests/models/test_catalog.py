"""Which models there are, and under which names they are found."""

from __future__ import annotations

import pytest

from outcrop.core.errors import Invalid, NotFound
from outcrop.core.settings import CardEntry, Settings
from outcrop.models.catalog import Catalog

CLAUDE = "anthropic.claude-sonnet-4-20250514-v1:0"
TABLES = {
    CLAUDE: {"target": "openai:gpt-5-mini", "fallbacks": ["meta.llama3-8b-instruct-v1:0"], "inputs": ["image"]},
    "meta.llama3-8b-instruct-v1:0": {"target": "ollama:llama3.2"},
    "amazon.titan-embed-text-v2:0": {"target": "openai:text-embedding-3-small", "kind": "embedding"},
}


def catalog(tables=TABLES, **settings):
    return Catalog(Settings(models={name: CardEntry(**one) for name, one in tables.items()}, **settings))


@pytest.mark.parametrize(
    "reference",
    [
        CLAUDE,
        f"arn:aws:bedrock:us-east-1::foundation-model/{CLAUDE}",
        f"us.{CLAUDE}",
        f"global.{CLAUDE}",
        f"arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.{CLAUDE}",
        f"openai.{CLAUDE}",
    ],
)
def test_a_model_is_found_by_its_id_an_arn_a_region_or_an_alias(reference):
    assert catalog().card(reference).id == CLAUDE


@pytest.mark.parametrize("reference", ["", "gpt-5-mini", "us.nothing.there-v1", f"xx.{CLAUDE}", f"{CLAUDE} "])
def test_what_is_not_there_is_answered_with_what_is(reference):
    with pytest.raises(NotFound, match=r"outcrop\.default-v1"):
        catalog().card(reference)


def test_the_servers_own_models_are_there_without_a_table():
    found = {card.id: (card.kind, card.target) for card in catalog({}, model="openai:gpt-5-mini").cards()}
    assert found == {
        "outcrop.extractive-v1": ("chat", "extractive:sentences"),
        "outcrop.default-v1": ("chat", "openai:gpt-5-mini"),
        "openai.gpt-5-mini": ("chat", "openai:gpt-5-mini"),
        "outcrop.all-minilm-l6-v2": ("embedding", "local:all-MiniLM-L6-v2"),
        "outcrop.evidence-rerank-v1:0": ("rerank", "evidence:sentences"),
    }


def test_the_server_may_be_set_to_a_model_of_a_table():
    card = catalog(model=CLAUDE).card("outcrop.default-v1")
    assert (card.target, card.fallbacks) == ("openai:gpt-5-mini", ("meta.llama3-8b-instruct-v1:0",))


def test_a_target_is_asked_as_its_table_says():
    assert catalog(model="openai:gpt-5-mini").of_target("openai:gpt-5-mini", "chat").id == CLAUDE
    assert catalog().of_target("openai:other", "chat").target == "openai:other"


def test_what_is_neither_an_id_nor_a_target_is_refused():
    with pytest.raises(Invalid, match="provider:name"):
        catalog().of_target("gpt-5-mini", "chat")


def test_models_are_shown_under_their_makers():
    assert [catalog().card(name).provider for name in TABLES] == ["Anthropic", "Meta", "Amazon"]


def test_inputs_hold_text_always():
    assert catalog().card(CLAUDE).inputs == ("TEXT", "IMAGE")


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"Not An Id": {"target": "openai:x"}}, r'\[models."Not An Id"\]: a model id is'),
        ({"a.b": {"target": "openai:x", "fallbacks": ["c.d"]}}, r'\[models."a.b"\] fallbacks: .c.d. .* no such model'),
        ({"a.b": {"target": "openai:x", "fallbacks": ["a.b"]}}, "no other chat model"),
        ({"a.b": {"target": "openai:x", "fallbacks": ["outcrop.all-minilm-l6-v2"]}}, "no other chat model"),
    ],
)
def test_a_table_that_makes_no_sense_is_named(tables, words):
    with pytest.raises(Invalid, match=words):
        catalog(tables)
