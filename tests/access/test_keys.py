"""Access keys and the console's token."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from outcrop.access.console import ConsoleTokens
from outcrop.access.keys import Keys
from outcrop.access.secrets import kept_secret
from outcrop.core.errors import Denied, Invalid, NotFound
from outcrop.store.memory import MemoryMetadata

BEGAN = datetime(2026, 5, 1, tzinfo=UTC)


class Watch:
    def __init__(self):
        self.now = BEGAN

    def __call__(self):
        return self.now


@pytest.fixture
def watch():
    return Watch()


@pytest.fixture
def metadata():
    return MemoryMetadata()


@pytest.fixture
def keys(metadata, tmp_path, watch):
    return Keys(metadata, tmp_path, watch)


async def test_a_new_key_has_the_form_of_awss(keys):
    key, secret = await keys.create("ci")
    assert re.fullmatch(r"OC[A-Z0-9]{18}", key.id)
    assert re.fullmatch(r"[A-Za-z0-9+/]{40}", secret)
    assert await keys.secret(key.id) == secret
    assert (await keys.caller(key.id)).name == "ci"


async def test_the_secret_is_nowhere_in_the_record(keys):
    key, secret = await keys.create("ci")
    assert secret not in str(key)


async def test_a_revoked_key_has_no_secret_and_no_caller(keys):
    key, _ = await keys.create("ci")
    await keys.revoke(key.id)
    assert await keys.secret(key.id) is None
    assert await keys.caller(key.id) is None
    assert [one.status for one in await keys.list()] == ["REVOKED"]
    assert await keys.active() == 0


async def test_an_unknown_key_has_no_secret_and_cannot_be_revoked(keys):
    assert await keys.secret("OCAAAAAAAAAAAAAAAAAA") is None
    with pytest.raises(NotFound):
        await keys.revoke("OCAAAAAAAAAAAAAAAAAA")


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "line\nbreak"])
async def test_a_name_must_be_short_and_printable(keys, name):
    with pytest.raises(Invalid):
        await keys.create(name)


async def test_use_is_noted_at_most_once_a_minute(keys, watch):
    key, _ = await keys.create("ci")
    await keys.used(key.id)
    watch.now += timedelta(seconds=59)
    await keys.used(key.id)
    assert [one.last_used_at for one in await keys.list()] == [BEGAN]
    watch.now += timedelta(seconds=1)
    await keys.used(key.id)
    assert [one.last_used_at for one in await keys.list()] == [BEGAN + timedelta(minutes=1)]


async def test_keys_outlive_the_process(keys, metadata, tmp_path, watch):
    key, secret = await keys.create("ci")
    assert await Keys(metadata, tmp_path, watch).secret(key.id) == secret


async def test_another_servers_key_file_is_named(keys, metadata, tmp_path, watch):
    key, _ = await keys.create("ci")
    (tmp_path / "keys" / "server.key").unlink()
    with pytest.raises(Denied, match=r"server\.key"):
        await Keys(metadata, tmp_path, watch).secret(key.id)


async def test_secret_files_are_for_their_owner_alone(keys, tmp_path):
    await keys.create("ci")
    ConsoleTokens(tmp_path).value()
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()}
    assert modes == {"server.key": 0o600, "console.token": 0o600}
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


def test_all_who_make_a_secret_at_once_get_the_same(tmp_path):
    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(lambda n: kept_secret(tmp_path / "k" / "s", lambda: b"%d" % n), range(32)))
    assert len(made) == 1


def test_only_the_token_passes(tmp_path):
    tokens = ConsoleTokens(tmp_path)
    assert tokens.check(tokens.value())
    assert ConsoleTokens(tmp_path).value() == tokens.value()
    for wrong in ("", "x", tokens.value()[:-1], tokens.value() + "x", "\ud800"):
        assert not tokens.check(wrong)
