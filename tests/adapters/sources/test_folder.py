"""What is special about folders: patterns, links, litter, odd names, metadata files."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcrop.adapters.sources.folder import open_source
from outcrop.adapters.sources.patterns import Patterns
from outcrop.core.errors import Invalid, Unreadable
from outcrop.core.sidecars import read_sidecar
from outcrop.testing.sources import listed


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "docs"
    path.mkdir()
    return path


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


async def names(folder: Path, **configuration) -> list[str]:
    return [item.name for item in await listed(open_source({"path": str(folder), **configuration})) if not item.fault]


async def faults(folder: Path) -> dict[str, str]:
    items = await listed(open_source({"path": str(folder)}))
    return {item.name: f"{item.fault.reason}: {item.fault.message}" for item in items if item.fault}


TREE = ("a.txt", "b.PDF", "drafts/c.txt", "reports/d.pdf", "reports/2026/e.pdf", "reports/2026/drafts/f.txt")


@pytest.mark.parametrize(
    ("include", "exclude", "wanted"),
    [
        (["*.pdf"], [], {"b.PDF", "reports/d.pdf", "reports/2026/e.pdf"}),
        (["reports/*.pdf"], [], {"reports/d.pdf"}),
        (["reports/**/*.pdf"], [], {"reports/d.pdf", "reports/2026/e.pdf"}),
        (["reports/**"], [], {"reports/d.pdf", "reports/2026/e.pdf", "reports/2026/drafts/f.txt"}),
        (["reports"], ["drafts"], {"reports/d.pdf", "reports/2026/e.pdf"}),
        (["**/e.pdf", "?.txt"], ["/drafts/"], {"a.txt", "reports/2026/e.pdf", "reports/2026/drafts/f.txt"}),
        ([], ["*.txt", "reports/2026/**"], {"b.PDF", "reports/d.pdf"}),
        (["[ab].*"], [], {"a.txt", "b.PDF"}),
        (["[!a-d].*"], [], {"reports/2026/e.pdf", "reports/2026/drafts/f.txt"}),
    ],
)
async def test_patterns_choose_files(folder, include, exclude, wanted):
    write(folder, *TREE)
    assert set(await names(folder, include=include, exclude=exclude)) == wanted


async def test_only_the_folder_itself_when_not_recursive(folder):
    write(folder, *TREE)
    assert await names(folder, recursive=False) == ["a.txt", "b.PDF"]


@given(st.text(st.sampled_from("ab*?[]!^-/.\\{}()+|$"), min_size=1, max_size=12), st.text("ab/.", max_size=12))
def test_no_pattern_is_anything_but_a_pattern_or_invalid(pattern, path):
    try:
        patterns = Patterns.of([pattern], [])
    except Invalid:
        return
    assert isinstance(patterns.wanted(path), bool)


async def test_hidden_files_and_litter_are_skipped_unless_asked_for(folder):
    write(
        folder, "a.txt", ".hidden.txt", ".git/config.txt", "~$a.docx", "a.txt~", "Thumbs.db", "__MACOSX/b.txt", "x.tmp"
    )
    assert await names(folder) == ["a.txt"]
    assert len(await names(folder, hidden=True)) == 8


async def test_links_are_followed_to_files_in_the_folder_only(folder, tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "other").mkdir()
    write(folder, "a.txt", "deep/b.txt")
    (folder / "in.txt").symlink_to(folder / "deep" / "b.txt")
    (folder / "out.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "dangling.txt").symlink_to(folder / "nothing")
    (folder / "loop").symlink_to(folder)
    (folder / "other").symlink_to(tmp_path / "other")
    assert await names(folder) == ["a.txt", "in.txt", "deep/b.txt"]
    found = await faults(folder)
    assert set(found) == {"out.txt", "dangling.txt", "loop", "other"}
    assert all(sentence.startswith("unsupported: ") for sentence in found.values())
    assert "leads out" in found["out.txt"]


async def test_a_file_that_became_a_link_out_of_the_folder_is_not_fetched(folder, tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    write(folder, "a.txt")
    source = open_source({"path": str(folder)})
    (item,) = await listed(source)
    (folder / "a.txt").unlink()
    (folder / "a.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(Unreadable, match="leads out"):
        await source.fetch(item)


async def test_a_folder_given_as_a_link_is_read(folder, tmp_path):
    write(folder, "a.txt")
    (tmp_path / "link").symlink_to(folder)
    source = open_source({"path": str(tmp_path / "link")})
    (item,) = await listed(source)
    assert (await source.fetch(item)).read() == b"x"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
async def test_names_that_are_not_utf8_are_listed_and_fetched(folder):
    write(folder, os.fsdecode(b"caf\xe9.txt"))
    source = open_source({"path": str(folder)})
    (item,) = await listed(source)
    assert item.name == "caf\\xe9.txt"
    assert item.uri.endswith("/caf%E9.txt")
    assert (await source.fetch(item)).read() == b"x"


async def test_what_is_no_file_is_left_out(folder):
    os.mkfifo(folder / "pipe.txt")
    assert "pipe" in (await faults(folder))["pipe.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_a_folder_that_may_not_be_read_is_reported_and_hides_nothing_else(folder):
    write(folder, "a.txt", "closed/b.txt", "open/c.txt")
    (folder / "closed").chmod(0)
    try:
        assert await names(folder) == ["a.txt", "open/c.txt"]
        assert (await faults(folder))["closed/"].startswith("unreachable: ")
    finally:
        (folder / "closed").chmod(0o755)


async def test_a_folder_that_goes_away_while_it_is_listed_is_reported(folder):
    write(folder, "a.txt", "deep/b.txt")
    items = open_source({"path": str(folder)}).list(None)
    assert (await anext(items)).name == "a.txt"
    shutil.rmtree(folder / "deep")
    item = await anext(items)
    assert (item.name, item.fault.reason) == ("deep/", "unreachable")
    assert item.uri.endswith("/deep/")


async def test_a_metadata_file_is_no_document_and_one_alone_is_left_out(folder):
    write(folder, "a.txt", "gone.pdf.metadata.json")
    (folder / "a.txt.metadata.json").write_text('{"metadataAttributes": {"k": "v"}}')
    assert await names(folder) == ["a.txt"]
    assert "gone.pdf" in (await faults(folder))["gone.pdf.metadata.json"]


async def test_a_bad_metadata_file_is_the_fault_of_its_document_alone(folder):
    write(folder, "a.txt", "b.txt")
    (folder / "a.txt.metadata.json").write_text("{not json")
    assert await names(folder) == ["b.txt"]
    assert (await faults(folder))["a.txt"].startswith("corrupt: Its metadata file a.txt.metadata.json cannot be used")


def test_the_spelling_with_types_gives_the_same_values():
    plain = {"team": "plant", "year": 2026, "public": False, "tags": ["a"]}
    typed = {
        "team": {"value": {"type": "STRING", "stringValue": "plant"}, "includeForEmbedding": True},
        "year": {"value": {"type": "NUMBER", "numberValue": 2026}, "includeForEmbedding": False},
        "public": {"value": {"type": "BOOLEAN", "booleanValue": False}},
        "tags": {"value": {"type": "STRING_LIST", "stringListValue": ["a"]}},
    }
    one, other = (read_sidecar("x", json.dumps({"metadataAttributes": form}).encode()) for form in (plain, typed))
    assert one.metadata == other.metadata == {**plain, "tags": ("a",)}
    assert (one.embedded, other.embedded) == ((), ("team",))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "metadataAttributes"),
        ('{"metadataAttributes": []}', "metadataAttributes"),
        ('{"metadataAttributes": {"k": null}}', "'k'"),
        ('{"metadataAttributes": {"k": [1]}}', "'k'"),
        ('{"metadataAttributes": {"k": NaN}}', "NaN"),
        ('{"metadataAttributes": {"k": 1e999}}', "too large"),
        ('{"metadataAttributes": {"k": 99999999999999999999}}', "too large"),
        (f'{{"metadataAttributes": {{"k": 1{"0" * 400}}}}}', "too large"),
        ('{"metadataAttributes": {"k": {"value": {"type": "DATE", "stringValue": "x"}}}}', "STRING_LIST"),
        ('{"metadataAttributes": {"k": {"value": {"type": "NUMBER", "numberValue": true}}}}', "numberValue"),
        ('{"metadataAttributes": {"x-amz-bedrock-kb-source-uri": "x"}}', "reserved"),
        ("[" * 100_000, "nested"),
        ("\ufeff{", "cannot be used"),
    ],
)
def test_a_metadata_file_in_no_such_spelling_says_what_is_wrong(text, words):
    with pytest.raises(Unreadable, match=words):
        read_sidecar("x.metadata.json", text.encode())


@pytest.mark.parametrize(
    "configuration",
    [
        {},
        {"path": "relative"},
        {"path": "/x", "colour": 1},
        {"path": "/x", "include": "*.pdf"},
        {"path": "/x", "include": [""]},
        {"path": "/x", "include": [3]},
        {"path": "/x", "recursive": "yes"},
    ],
)
def test_a_configuration_that_says_nothing_sensible_is_refused(configuration):
    with pytest.raises(Invalid):
        open_source(configuration)


async def test_an_address_is_ascii_without_spaces(tmp_path):
    (tmp_path / "\u00fc b.txt").write_bytes(b"x")
    (item,) = await listed(open_source({"path": str(tmp_path)}))
    assert item.uri.isascii()
    assert " " not in item.uri


async def test_a_folder_of_20_000_files_is_listed_whole(tmp_path):
    for number in range(200):
        folder = tmp_path / f"{number:03}"
        folder.mkdir()
        for file in range(100):
            (folder / f"{file:02}.txt").touch()
    names = [item.name async for item in open_source({"path": str(tmp_path)}).list(None)]
    assert (len(names), len(set(names)), names[:1], names[-1:]) == (20_000, 20_000, ["000/00.txt"], ["199/99.txt"])
