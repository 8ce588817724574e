"""Stores by name: which one a name means, and what its table may hold."""

from __future__ import annotations

import pytest

from outcrop.core.errors import Invalid
from outcrop.core.settings import Settings, load_settings
from outcrop.core.stores import NamedStore, StoreOptions, named_store

KINDS = {"embedded": "", "memory": "", "pgvector": ""}


def test_the_embedded_store_needs_no_table():
    assert named_store("embedded", {}, KINDS) == NamedStore("embedded", "embedded")


def test_a_table_names_a_store_and_gives_its_keys(tmp_path, monkeypatch):
    file = tmp_path / "outcrop.toml"
    file.write_text('[vector_stores.house]\nkind = "pgvector"\nurl = "postgresql://h/d"\nstands_for = ["arn:x"]\n')
    monkeypatch.delenv("OUTCROP_CONFIG", raising=False)
    store = named_store("house", Settings(config=file).vector_stores, KINDS)
    assert (store.kind, dict(store.given)) == ("pgvector", {"url": "postgresql://h/d"})
    assert store.address(store.options(StoreOptions)) == "postgresql://h/d"


def test_an_unknown_name_is_told_with_those_that_there_are():
    tables = load_settings(vector_stores={"house": {"kind": "pgvector"}}).vector_stores
    with pytest.raises(Invalid, match=r"no vector store called 'x'.*\[vector_stores.x\].*embedded, house"):
        named_store("x", tables, KINDS)


def test_an_unknown_kind_is_told_with_those_that_there_are():
    tables = load_settings(vector_stores={"house": {"kind": "oracle"}}).vector_stores
    with pytest.raises(Invalid, match=r"\[vector_stores.house\] kind: there is no 'oracle'.*pgvector"):
        named_store("house", tables, KINDS)


def test_a_table_without_a_kind_is_told_by_name():
    with pytest.raises(Invalid, match=r'\[vector_stores."house"\] kind: Field required'):
        load_settings(vector_stores={"house": {}})


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"colour": 1}, "colour: a store of the kind pgvector has no such key"),
        ({"timeout": 0}, "timeout: Input should be greater than 0"),
        ({"url_variable": "a b"}, "url_variable: String should match"),
    ],
)
def test_a_wrong_key_is_told_by_name(given, complaint):
    with pytest.raises(Invalid, match=complaint):
        NamedStore("house", "pgvector", given).options(StoreOptions)


@pytest.mark.parametrize("given", [{}, {"url": "x", "url_variable": "Y"}])
def test_a_store_is_reached_in_one_way(given):
    store = NamedStore("house", "pgvector", given)
    with pytest.raises(Invalid, match="set one of url and url_variable"):
        store.address(store.options(StoreOptions))


def test_a_secret_comes_from_its_variable(monkeypatch):
    store = NamedStore("house", "pgvector", {"url_variable": "HOUSE"})
    monkeypatch.setenv("HOUSE", "postgresql://u:p@h/d")
    assert store.address(store.options(StoreOptions)) == "postgresql://u:p@h/d"
    monkeypatch.delenv("HOUSE")
    with pytest.raises(Invalid, match="the variable HOUSE is not set"):
        store.secret("HOUSE")
