"""The command line: what it prints, what it returns, and how it says no."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory, outcrop_command) -> Path:
    """A data directory with the knowledge base `notes` of three small documents, one of them broken."""
    place = tmp_path_factory.mktemp("notes")
    folder = place / "documents"
    folder.mkdir()
    (folder / "gate.txt").write_text("The north gate opens at seven in the morning.", encoding="utf-8")
    (folder / "pump.md").write_text("# Pump\n\nThe pump needs oil every 14 days.", encoding="utf-8")
    (folder / "empty.txt").write_bytes(b"")
    done = outcrop_command("sync", "notes", str(folder), data=place / "data")
    assert done.returncode == 3, done.stderr
    assert "2 new" in done.stderr
    assert "1 failed" in done.stderr
    return place / "data"


def printed(done) -> object:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_second_sync_embeds_nothing(notes, outcrop_command):
    done = outcrop_command("sync", "notes", "--json", data=notes)
    [job] = json.loads(done.stdout)
    assert job["statistics"]["chunksEmbedded"] == 0
    assert job["statistics"]["unchanged"] == 2


def test_kb_list_and_show_tell_what_is_there(notes, outcrop_command):
    [base] = printed(outcrop_command("kb", "list", "--json", data=notes))
    shown = printed(outcrop_command("kb", "show", "notes", "--json", data=notes))
    assert shown["knowledgeBase"]["id"] == base["id"]
    assert shown["documents"] == {"INDEXED": 2, "FAILED": 1}


def test_docs_gives_the_reason_of_a_failed_document(notes, outcrop_command):
    [document] = printed(outcrop_command("docs", "notes", "--status", "FAILED", "--json", data=notes))
    assert document["name"] == "empty.txt"
    assert document["reasonCode"] == "empty"
    assert document["reason"]


def test_report_gives_numbers_and_documents(notes, outcrop_command, tmp_path):
    report = printed(outcrop_command("report", "notes", "--json", data=notes))
    assert report["statuses"] == {"INDEXED": 2, "FAILED": 1}
    assert {row["name"] for row in report["documentRows"]} == {"gate.txt", "pump.md", "empty.txt"}
    last = printed(outcrop_command("report", "notes", "last", "--json", "--csv", str(tmp_path / "r.csv"), data=notes))
    assert last["job"]["statistics"]["scanned"] == 3
    assert "empty.txt" in (tmp_path / "r.csv").read_text()


def test_a_rebuilt_knowledge_base_has_the_same_chunks(notes, outcrop_command):
    before = outcrop_command("chunks", "notes", "pump.md", "--json", data=notes).stdout
    done = outcrop_command("kb", "rebuild", "notes", "--json", data=notes)
    [job] = printed(done)
    assert (job["status"], job["statistics"]["chunksEmbedded"]) == ("COMPLETE", 0)
    assert outcrop_command("chunks", "notes", "pump.md", "--json", data=notes).stdout == before


def test_chunks_shows_where_each_chunk_stands(notes, outcrop_command):
    [chunk] = printed(outcrop_command("chunks", "notes", "pump.md", "--json", data=notes))
    assert "oil every 14 days" in chunk["text"]
    assert chunk["tokens"] > 0


@pytest.mark.parametrize("mode", ["hybrid", "semantic", "keyword"])
def test_retrieve_finds_the_passage_in_every_mode(mode, notes, outcrop_command):
    hits = printed(outcrop_command("retrieve", "notes", "pump oil", "-k", "1", "--mode", mode, "--json", data=notes))
    assert "14 days" in hits[0]["point"]["chunk"]["text"]


def test_retrieve_takes_a_filter_as_bedrock_writes_it(notes, outcrop_command):
    where = json.dumps({"stringContains": {"key": "x-amz-bedrock-kb-source-uri", "value": "gate"}})
    hits = printed(outcrop_command("retrieve", "notes", "pump oil", "--filter", where, "--json", data=notes))
    assert [hit["point"]["uri"].rsplit("/", 1)[1] for hit in hits] == ["gate.txt"]


def test_ask_prints_the_answer_and_its_source(notes, outcrop_command):
    done = outcrop_command("ask", "notes", "How often does the pump need oil?", data=notes)
    assert done.returncode == 0
    assert "14 days" in done.stdout
    assert "pump.md" in done.stdout


def test_ask_says_so_when_the_answer_is_not_available(notes, outcrop_command):
    answer = printed(outcrop_command("ask", "notes", "Who won the 1998 chess olympiad?", "--json", data=notes))
    assert answer["available"] is False
    assert answer["citations"] == []


def test_a_session_goes_on(notes, outcrop_command):
    first = printed(outcrop_command("ask", "notes", "How often does the pump need oil?", "--json", data=notes))
    session = first["sessionId"]
    again = outcrop_command(
        "ask", "notes", "When does the north gate open?", "--session", session, "--json", data=notes
    )
    assert printed(again)["sessionId"] == session


def test_verify_proves_that_everything_agrees(notes, outcrop_command):
    result = printed(outcrop_command("verify", "notes", "--json", data=notes))
    assert result["ok"] is True


def test_keys_are_made_listed_and_revoked(tmp_path, outcrop_command):
    made = printed(outcrop_command("keys", "create", "ci", "--json", data=tmp_path))
    assert made["apiKey"] == f"{made['accessKeyId']}.{made['secretAccessKey']}"
    listing = outcrop_command("keys", "list", "--json", data=tmp_path)
    assert made["secretAccessKey"] not in listing.stdout
    assert [key["status"] for key in printed(listing)] == ["ACTIVE"]
    assert outcrop_command("keys", "revoke", made["accessKeyId"], data=tmp_path).returncode == 0
    assert [key["status"] for key in printed(outcrop_command("keys", "list", "--json", data=tmp_path))] == ["REVOKED"]


def test_delete_removes_the_knowledge_base_but_not_the_files(tmp_path, outcrop_command):
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "note.txt").write_text("A note.", encoding="utf-8")
    outcrop_command("sync", "gone", str(folder), data=tmp_path / "data")
    assert outcrop_command("kb", "delete", "gone", "--yes", data=tmp_path / "data").returncode == 0
    assert printed(outcrop_command("kb", "list", "--json", data=tmp_path / "data")) == []
    assert (folder / "note.txt").exists()


def test_doctor_finds_this_machine_fit(tmp_path, outcrop_command):
    checks = printed(outcrop_command("doctor", "--json", data=tmp_path))
    assert {check["name"] for check in checks} >= {"Python", "Data directory", "Embedding model", "OCR", "Answers"}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("ask", "nothing", "What?"), 1, "nothing"),
        (("sync", "notes", "/no/such/folder"), 2, "/no/such/folder"),
        (("retrieve", "notes", "pump", "--filter", "{"), 2, "--filter is not JSON"),
        (("retrieve", "notes", "pump", "--filter", '{"like": 1}'), 2, "like"),
        (("chunks", "notes", "absent.txt"), 1, "absent.txt"),
        (("kb", "create", "notes"), 1, "notes"),
        (("ask", "notes", "What?", "--model", "nonsense"), 2, "provider:name"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_an_exit_code(arguments, code, said, notes, outcrop_command):
    done = outcrop_command(*arguments, data=notes)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
