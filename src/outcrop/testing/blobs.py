"""The contract of blob stores, and the reference that keeps contents in memory."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outcrop.core.errors import NotFound
from outcrop.core.protocols import Blobs


class MemoryBlobs:
    """Keeps contents in a dictionary."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    async def put(self, data: bytes) -> str:
        """Keep a content; its key."""
        key = hashlib.sha256(data).hexdigest()
        self._kept[key] = data
        return key

    async def read(self, key: str) -> bytes:
        """The content. Raises NotFound."""
        if key not in self._kept:
            raise NotFound(f"There is no content with the key {key!r:.80}.")
        return self._kept[key]

    async def delete(self, key: str) -> None:
        """Remove a content."""
        self._kept.pop(key, None)

    async def kept(self) -> AsyncIterator[str]:
        """Every key."""
        for key in list(self._kept):
            yield key


class BlobsContract:
    """Subclass it with a fixture `blobs` that gives an empty store."""

    @pytest.fixture
    def blobs(self) -> Blobs:
        """The empty store under test."""
        raise NotImplementedError

    @settings(
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
        deadline=None,
        max_examples=30,
    )
    @given(contents=st.lists(st.binary(max_size=200), max_size=5))
    async def test_every_content_comes_back_under_the_hash_of_its_bytes(
        self, blobs: Blobs, contents: list[bytes]
    ) -> None:
        keys = [await blobs.put(content) for content in contents]
        assert keys == [hashlib.sha256(content).hexdigest() for content in contents]
        assert [await blobs.read(key) for key in keys] == contents
        assert set(keys) <= {key async for key in blobs.kept()}

    async def test_a_content_that_is_put_twice_is_kept_once(self, blobs: Blobs) -> None:
        assert await blobs.put(b"oil") == await blobs.put(b"oil")
        assert len([key async for key in blobs.kept()]) == 1

    async def test_what_is_deleted_is_gone_and_may_be_deleted_again(self, blobs: Blobs) -> None:
        key, other = await blobs.put(b"oil"), await blobs.put(b"water")
        await blobs.delete(key)
        await blobs.delete(key)
        with pytest.raises(NotFound):
            await blobs.read(key)
        assert [one async for one in blobs.kept()] == [other]
        assert await blobs.put(b"oil") == key
        assert await blobs.read(key) == b"oil"

    @pytest.mark.parametrize("key", ["", "0" * 64, "../../etc/passwd", "A" * 64, "0" * 63 + "/", "\0"])
    async def test_a_key_that_was_never_given_is_not_found(self, blobs: Blobs, key: str) -> None:
        await blobs.delete(key)
        with pytest.raises(NotFound):
            await blobs.read(key)

    async def test_an_empty_store_has_no_keys(self, blobs: Blobs) -> None:
        assert [key async for key in blobs.kept()] == []
