"""Adding and removing single files on the command line."""

from __future__ import annotations

import json

import pytest


@pytest.fixture(scope="module")
def data(tmp_path_factory, outcrop_command):
    data = tmp_path_factory.mktemp("direct") / "data"
    assert outcrop_command("kb", "create", "notes", data=data).returncode == 0
    return data


def test_a_file_is_added_found_replaced_and_removed(data, tmp_path, outcrop_command):
    file = tmp_path / "gate.md"
    file.write_text("# Gates\n\nThe north gate opens at seven in the morning.")
    metadata = '{"team": "plant", "tags": ["gates"]}'
    done = outcrop_command("add", "notes", str(file), "--id", "gate", "--metadata", metadata, "--json", data=data)
    added = json.loads(done.stdout)
    assert (added["status"], added["uri"], added["metadata"]) == ("INDEXED", "gate", json.loads(metadata))
    found = json.loads(outcrop_command("retrieve", "notes", "When does the gate open?", "--json", data=data).stdout)
    assert "at seven" in json.dumps(found)
    file.write_text("# Gates\n\nThe north gate opens at eight in the morning.")
    assert "INDEXED" in outcrop_command("add", "notes", str(file), "--id", "gate", data=data).stderr
    assert len(json.loads(outcrop_command("docs", "notes", "--json", data=data).stdout)) == 1
    assert outcrop_command("verify", "notes", data=data).returncode == 0
    assert outcrop_command("remove", "notes", "gate", data=data).returncode == 0
    assert json.loads(outcrop_command("docs", "notes", "--json", data=data).stdout) == []


def test_a_file_that_cannot_be_read_is_told_with_its_reason(data, tmp_path, outcrop_command):
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 endobj broken")
    done = outcrop_command("add", "notes", str(tmp_path / "broken.pdf"), data=data)
    assert (done.returncode, "broken.pdf: FAILED" in done.stderr) == (3, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "notes", "nothing.txt"), "no file"),
        (("add", "notes", __file__, "--metadata", "{"), "not JSON"),
        (("add", "notes", __file__, "--metadata", "[]"), "JSON object"),
        (("remove", "notes", "nothing"), "no document 'nothing'"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(data, outcrop_command, arguments, words):
    done = outcrop_command(*arguments, data=data)
    assert done.returncode in (1, 2)
    assert words in done.stderr
