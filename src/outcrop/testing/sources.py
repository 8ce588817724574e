"""The contract of sources: a stable list, true contents, and faults that stay with one document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

import pytest

from outcrop.core.errors import Invalid, Unavailable, Unreadable
from outcrop.core.protocols import Describing, Item, Source


class Place(Protocol):
    """The far side of a source under test, as its owner changes it."""

    def write(self, name: str, data: bytes, metadata: Mapping[str, Any] | None = None) -> None:
        """Put a document, with metadata where the source knows such."""
        ...

    def remove(self, name: str) -> None:
        """Remove a document and its metadata."""
        ...

    def vanish(self) -> None:
        """Make the whole place go away."""
        ...


async def listed(source: Source) -> list[Item]:
    """Everything that a source lists."""
    return [item async for item in source.list(None)]


async def described(source: Source) -> list[Item]:
    """The same, with the metadata that the source gives only when it is asked."""
    items = await listed(source)
    return [await source.describe(item) if isinstance(source, Describing) else item for item in items]


class SourceContract:
    """Subclass it with two fixtures: `place`, empty, and `source_with`, which makes sources that read it.

    `describes`: documents have metadata files beside them; `keeps`: what is fetched is what was listed, whatever became
    of it meanwhile.
    """

    describes: ClassVar[bool] = True
    keeps: ClassVar[bool] = False

    @pytest.fixture
    def place(self) -> Place:
        """The empty place."""
        raise NotImplementedError

    @pytest.fixture
    def source(self, source_with: Callable[..., Source]) -> Source:
        """The source under test."""
        return source_with()

    @pytest.fixture
    def source_with(self, place: Place) -> Callable[..., Source]:
        """Makes sources of the place with more members in their configuration."""
        raise NotImplementedError

    async def test_an_empty_place_lists_nothing(self, source: Source) -> None:
        assert await listed(source) == []

    async def test_every_document_is_listed_once_in_a_stable_order(self, place: Place, source: Source) -> None:
        names = ["b.txt", "a.txt", "deep/er/c.txt", "deep/a.txt", "Z.txt", "\u00fc \u6587 %20#?.txt"]
        for name in names:
            place.write(name, b"x")
        first = await listed(source)
        assert sorted(item.name for item in first) == sorted(names)
        assert [item.uri for item in await listed(source)] == [item.uri for item in first]
        assert len({item.uri for item in first}) == len(names)

    async def test_an_address_stays_the_same_when_the_content_changes(self, place: Place, source: Source) -> None:
        place.write("\u00fc b.txt", b"1")
        before = await listed(source)
        place.write("\u00fc b.txt", b"22")
        assert [item.uri for item in await listed(source)] == [item.uri for item in before]

    async def test_a_version_changes_with_the_content_and_with_the_metadata(self, place: Place, source: Source) -> None:
        versions = []
        for data, metadata in ((b"1", None), (b"2", None), (b"2", {"k": "v"}), (b"2", {"k": "w"})):
            if metadata is None or self.describes:
                place.write("a.txt", data, metadata)
                versions += [item.version for item in await listed(source)]
        place.remove("a.txt")
        place.write("a.txt", b"2")
        versions += [item.version for item in await listed(source)]
        different = set(versions) == {None} or len(set(versions)) == len(versions) - 1
        assert different and versions[-1] == versions[1]  # noqa: PT018 # one statement: what is the same is equal

    async def test_the_content_is_the_bytes_as_they_are_now(self, place: Place, source: Source) -> None:
        old, new = b"old", bytes(range(256)) * 10
        place.write("a.pdf", old)
        (item,) = await listed(source)
        place.write("a.pdf", new)
        blob, data = await source.fetch(item), old if self.keeps else new
        assert (blob.read(), blob.size(), blob.name) == (data, len(data), "a.pdf")
        blob.release()

    async def test_all_bytes_come_through(self, place: Place, source: Source) -> None:
        data = bytes(range(256)) * 5000
        place.write("a.pdf", data)
        (item,) = await listed(source)
        blob = await source.fetch(item)
        assert blob.read() == data
        blob.release()

    @pytest.mark.parametrize(
        ("configuration", "wanted"),
        [
            ({"include": ["*.txt"]}, ["a.txt", "deep/c.txt", "drafts/e.txt"]),
            ({"exclude": ["drafts/"]}, ["a.txt", "b.csv", "deep/c.txt", "deep/d.csv"]),
            ({"include": ["deep/*.csv", "a.*"], "exclude": ["*.txt"]}, ["deep/d.csv"]),
        ],
    )
    async def test_patterns_choose_the_documents(
        self, place: Place, source_with: Callable[..., Source], configuration: Mapping[str, Any], wanted: list[str]
    ) -> None:
        for name in ("a.txt", "b.csv", "deep/c.txt", "deep/d.csv", "drafts/e.txt"):
            place.write(name, b"x,y")
        assert sorted(item.name for item in await listed(source_with(**configuration))) == wanted

    @pytest.mark.parametrize("configuration", [{"include": ["///"]}, {"exclude": [1]}, {"include": "*.pdf"}, {"x": 1}])
    def test_a_configuration_that_cannot_be_heeded_is_refused(
        self, source_with: Callable[..., Source], configuration: Mapping[str, Any]
    ) -> None:
        with pytest.raises(Invalid):
            source_with(**configuration)

    async def test_the_list_gives_sizes(self, place: Place, source: Source) -> None:
        place.write("a.txt", b"12345")
        place.write("b.txt", b"")
        assert [item.size for item in await listed(source)] == [5, 0]

    async def test_metadata_comes_with_its_types(self, place: Place, source: Source) -> None:
        if not self.describes:
            pytest.skip("no document of this source has metadata beside it")
        metadata = {"team": "plant", "year": 2026, "ratio": 0.5, "public": True, "tags": ["a", "b"]}
        place.write("a.txt", b"x", metadata)
        (item,) = await described(source)
        assert (item.described, item.fault) == (True, None)
        assert item.metadata == {**metadata, "tags": ("a", "b")}
        assert type(item.metadata["year"]) is int
        assert type(item.metadata["public"]) is bool

    async def test_a_removed_document_is_no_longer_listed(self, place: Place, source: Source) -> None:
        place.write("a.txt", b"x", {"k": "v"})
        place.write("b.txt", b"y")
        place.remove("a.txt")
        assert [item.name for item in await listed(source)] == ["b.txt"]

    async def test_a_document_that_went_away_after_the_list_is_unreachable(self, place: Place, source: Source) -> None:
        place.write("a.txt", b"x")
        (item,) = await listed(source)
        place.remove("a.txt")
        if self.keeps:
            assert (await source.fetch(item)).read() == b"x"
            return
        with pytest.raises(Unreadable) as caught:
            await source.fetch(item)
        assert caught.value.reason == "unreachable"

    async def test_a_place_that_went_away_is_an_error_and_not_an_empty_list(self, place: Place, source: Source) -> None:
        place.write("a.txt", b"x")
        place.vanish()
        with pytest.raises(Unavailable):
            await listed(source)
