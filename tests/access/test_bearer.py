"""API keys: an access key in one string."""

from __future__ import annotations

import pytest

from outcrop.access.bearer import api_key, bearer_caller, bearer_token
from outcrop.access.keys import Keys
from outcrop.core.clock import now
from outcrop.store.memory import MemoryMetadata


@pytest.fixture
def keys(tmp_path):
    return Keys(MemoryMetadata(), tmp_path, now)


async def test_an_access_key_in_one_string_lets_its_caller_in(keys):
    key, secret = await keys.create("chat")
    caller = await bearer_caller(keys, api_key(key.id, secret))
    assert (caller.id, caller.name) == (key.id, "chat")


async def test_a_revoked_key_lets_nobody_in(keys):
    key, secret = await keys.create("chat")
    await keys.revoke(key.id)
    assert await bearer_caller(keys, api_key(key.id, secret)) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda name, secret: name,
        lambda name, secret: f"{name}.",
        lambda name, secret: secret,
        lambda name, secret: f"{name}.{secret}x",
        lambda name, secret: f"{name}.{secret[:-1]}",
        lambda name, secret: f"{name.lower()}.{secret}",
        lambda name, secret: f"{name}.{secret}" + "." * 500,
        lambda name, secret: f"{name}.{secret[:-1]}\udc80",
        lambda name, secret: "",
        lambda name, secret: "OCAAAAAAAAAAAAAAAAAA." + "\0" * 40,
    ],
)
async def test_anything_else_lets_nobody_in(keys, change):
    key, secret = await keys.create("chat")
    assert await bearer_caller(keys, change(key.id, secret)) is None


@pytest.mark.parametrize(
    ("value", "token"),
    [("Bearer a.b", "a.b"), ("bearer  a.b ", "a.b"), ("Basic a", None), ("", None), ("Bearer", "")],
)
def test_only_the_bearer_scheme_carries_a_token(value, token):
    assert bearer_token(value) == token
