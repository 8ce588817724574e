"""What is special about repositories: commits, branches, the guarded program, private places, credentials."""

from __future__ import annotations

from dataclasses import replace

import pytest

from outcrop.adapters.sources.git import open_source
from outcrop.core.errors import Denied, Invalid, Unavailable, Unreadable
from outcrop.core.settings import Settings
from outcrop.testing.repositories import Repository, repositories_served
from outcrop.testing.sources import listed


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "repositories" / "code")


@pytest.fixture
def served(tmp_path, repository):
    with repositories_served(tmp_path / "repositories") as served:
        yield served


@pytest.fixture
def source_of(tmp_path, served):
    settings = Settings(data=tmp_path / "data", private_hosts=("127.0.0.1",))

    def make(**configuration):
        return open_source({"url": f"{served.address}/code/.git", **configuration}, settings)

    return make


async def test_a_repository_is_read_over_http_and_a_file_is_named_where_people_read_it(repository, served, source_of):
    repository.write("src/main.py", b"print(1)")
    source = source_of(branch="main")
    (item,) = await listed(source)
    assert (item.name, item.uri) == (
        "src/main.py",
        f"{served.address}/code/blob/main/src/main.py",
    )
    assert (await source.fetch(item)).read() == b"print(1)"


async def test_a_commit_changes_the_versions_of_what_it_changed_alone(repository, source_of):
    repository.write("a.txt", b"1")
    repository.write("b.txt", b"2")
    before = {item.name: item.version for item in await listed(source_of())}
    repository.write("b.txt", b"3")
    after = {item.name: item.version for item in await listed(source_of())}
    assert before["a.txt"] == after["a.txt"]
    assert before["b.txt"] != after["b.txt"]


async def test_branches_and_folders_are_chosen(repository, source_of):
    repository.write("docs/a.md", b"main")
    repository.git("checkout", "--quiet", "-b", "release/1.0")
    repository.write("docs/b.md", b"release")
    repository.write("other.md", b"x")
    repository.git("checkout", "--quiet", "main")
    assert [item.name for item in await listed(source_of())] == ["docs/a.md"]
    assert [item.name for item in await listed(source_of(branch="release/1.0", subfolder="docs/"))] == ["a.md", "b.md"]


async def test_links_and_modules_and_hidden_files_are_left_out(repository, source_of):
    repository.write("a.txt", b"x")
    repository.write(".github/workflow.yaml", b"x")
    (repository.path / "passwd").symlink_to("/etc/passwd")
    (repository.path / ".gitmodules").write_text('[submodule "m"]\npath = m\nurl = file:///etc\n')
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},m")
    repository.git("add", "passwd", ".gitmodules")
    repository.git("commit", "--quiet", "-m", "tricks")
    assert [item.name for item in await listed(source_of())] == ["a.txt"]


async def test_attributes_and_hooks_of_a_repository_run_nothing(repository, source_of, tmp_path):
    proof = tmp_path / "proof"
    repository.write(".gitattributes", b"* filter=evil text eol=crlf\n")
    repository.write("a.txt", b"one\ntwo\n")
    for name in ("post-checkout", "post-merge", "reference-transaction"):
        hook = repository.path / ".git" / "hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {proof}\n")
        hook.chmod(0o755)
    repository.git("config", "filter.evil.smudge", f"touch {proof}")
    source = source_of()
    items = {item.name: item for item in await listed(source)}
    assert (await source.fetch(items["a.txt"])).read() == b"one\ntwo\n"
    assert not proof.exists()


async def test_a_credential_is_sent_and_never_told(repository, served, source_of, monkeypatch):
    repository.write("a.txt", b"x")
    served.authorization = "Basic Ym90OnMzY3JldC10b2tlbg=="
    with pytest.raises(Unavailable, match="asks for a login"):
        await listed(source_of())
    monkeypatch.setenv("OUTCROP_CREDENTIAL_GIT", "s3cret-token")
    credential = {"variable": "OUTCROP_CREDENTIAL_GIT", "username": "bot"}
    assert len(await listed(source_of(credential=credential))) == 1
    served.authorization = "Basic other"
    with pytest.raises(Unavailable) as caught:
        await listed(source_of(credential=credential))
    assert "Ym90" not in caught.value.message
    assert "s3cret" not in caught.value.message


async def test_a_redirect_is_not_followed(served, source_of):
    served.redirect = "http://127.0.0.1:9"
    with pytest.raises(Unavailable, match="Nothing was changed"):
        await listed(source_of())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "10.1.2.3"])
async def test_private_places_are_refused(tmp_path, host):
    with pytest.raises(Unavailable, match="private or reserved"):
        await listed(open_source({"url": f"http://{host}/a.git"}, Settings(data=tmp_path)))


@pytest.mark.parametrize(
    ("configuration", "error"),
    [
        ({}, Invalid),
        ({"url": "https://a.test/b", "path": "/b"}, Invalid),
        ({"url": "ext::sh -c touch% /tmp/x"}, Invalid),
        ({"url": "file:///etc"}, Invalid),
        ({"url": "ssh://git@a.test/b"}, Invalid),
        ({"url": "https://user:secret@a.test/b"}, Invalid),
        ({"url": "--upload-pack=touch /tmp/x"}, Invalid),
        ({"path": "relative"}, Invalid),
        ({"url": "https://a.test/b", "branch": "--output=x"}, Invalid),
        ({"url": "https://a.test/b", "branch": "a..b"}, Invalid),
        ({"url": "https://a.test/b", "subfolder": "../x"}, Invalid),
        ({"url": "https://a.test/b", "credential": {"variable": "HOME"}}, Denied),
    ],
)
def test_what_git_could_be_tricked_with_is_refused(tmp_path, configuration, error):
    with pytest.raises(error):
        open_source(configuration, Settings(data=tmp_path))


async def test_what_is_kept_on_this_machine_can_be_removed(repository, source_of, tmp_path):
    repository.write("a.txt", b"x")
    source = source_of()
    (item,) = await listed(source)
    await source.forget()
    assert list((tmp_path / "data" / "sources").iterdir()) == []
    assert (await source_of().fetch(item)).read() == b"x"  # by another process, on another machine
    with pytest.raises(Unreadable):
        await source.fetch(replace(item, version="0" * 40))


async def test_a_branch_that_is_not_there_is_told(source_of):
    with pytest.raises(Unavailable, match="nothing"):
        await listed(source_of(branch="nothing"))
