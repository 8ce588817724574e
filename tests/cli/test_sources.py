"""`outcrop sources` on the command line."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def data(tmp_path, outcrop_command):
    outcrop_command("kb", "create", "notes", data=tmp_path / "data")
    return tmp_path / "data"


def test_a_bucket_and_a_folder_are_added_listed_and_deleted(data, outcrop_command, tmp_path):
    (tmp_path / "docs").mkdir()
    added = outcrop_command("sources", "add", "notes", "--s3", "s3://handbook/2026/", "--json", data=data)
    assert json.loads(added.stdout)["configuration"] == {"bucket": "handbook", "prefix": "2026/"}
    added = outcrop_command("sources", "add", "notes", "--folder", str(tmp_path / "docs"), data=data)
    assert added.returncode == 0, added.stderr
    listed = outcrop_command("sources", "list", "notes", data=data).stdout.splitlines()
    assert [line.split("\t")[2] for line in listed] == ["s3://handbook/2026/", str(tmp_path / "docs")]
    done = outcrop_command("sources", "delete", "notes", "handbook", "--yes", data=data)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(outcrop_command("sources", "list", "notes", "--json", data=data).stdout)) == 1


@pytest.mark.parametrize(
    ("arguments", "kind", "name", "configuration"),
    [
        (
            ("--web", "https://example.com/docs/", "--scope", "host", "--max-pages", "50", "--exclude", "drafts/"),
            "web",
            "example.com",
            {"urls": ["https://example.com/docs/"], "scope": "host", "max_pages": 50, "exclude": ["drafts/"]},
        ),
        (
            ("--git", "https://example.com/a/code.git", "--branch", "main", "--credential", "bot:OUTCROP_CREDENTIAL_G"),
            "git",
            "code",
            {
                "url": "https://example.com/a/code.git",
                "branch": "main",
                "credential": {"variable": "OUTCROP_CREDENTIAL_G", "username": "bot"},
            },
        ),
        (("--openapi", "https://example.com/api.json"), "openapi", "api.json", {"url": "https://example.com/api.json"}),
        (("--s3", "docs", "--include", "*.pdf"), "s3", "docs", {"bucket": "docs", "include": ["*.pdf"]}),
    ],
)
def test_every_kind_of_place_is_added(data, outcrop_command, arguments, kind, name, configuration):
    done = outcrop_command("sources", "add", "notes", *arguments, "--json", data=data)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert (made["kind"], made["name"], made["configuration"]) == (kind, name, configuration)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("add", "notes"), "Name one place: --folder DIR, --s3 BUCKET, --web URL, --git URL or --openapi FILE."),
        (("delete", "notes", "nothing", "--yes"), "notes has no data source 'nothing'."),
    ],
)
def test_what_cannot_be_done_is_said(data, outcrop_command, arguments, sentence):
    done = outcrop_command("sources", *arguments, data=data)
    assert done.returncode != 0
    assert sentence in done.stderr
