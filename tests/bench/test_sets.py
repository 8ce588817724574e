"""The retrieval sets are read as they are published, and their absence is explained."""

from __future__ import annotations

import json
import lzma
import tarfile

import pytest

from bench import sets


def squad(context: str, question: str) -> str:
    asked = {"id": f"id of {question}", "question": question, "answers": []}
    return json.dumps({"data": [{"paragraphs": [{"context": context, "qas": [asked]}]}]})


def test_scifact_has_titles_texts_questions_and_judgements(tmp_path):
    place = tmp_path / "scifact"
    place.mkdir()
    with lzma.open(place / "corpus.jsonl.xz", "wt") as corpus:
        corpus.write(json.dumps({"_id": "7", "title": "Cells", "text": "Cells divide."}) + "\n")
    (place / "queries.jsonl").write_text(json.dumps({"_id": "1", "text": "Do cells divide?"}) + "\n")
    (place / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n1\t7\t1\n")
    found = sets.scifact(tmp_path)
    assert (found.titles, found.texts) == ({"7": "Cells"}, {"7": "Cells divide."})
    assert (found.questions, found.judgements) == ({"1": "Do cells divide?"}, {"1": {"7": 1}})


def test_an_xquad_question_asks_for_its_own_paragraph(tmp_path):
    (tmp_path / "xquad").mkdir()
    (tmp_path / "xquad" / "xquad.de.json").write_text(squad("Absatz", "Frage?"))
    found = sets.xquad("de", tmp_path)
    assert found.texts == {"p000": "Absatz"}
    assert found.judgements == {"id of Frage?": {"p000": 1}}


def test_further_xquad_languages_are_read_from_the_archive(tmp_path):
    (tmp_path / "xquad").mkdir()
    (tmp_path / "xquad.ru.json").write_text(squad("Абзац", "Вопрос?"))
    with tarfile.open(tmp_path / "xquad" / "other_languages.tar.xz", "w:xz") as archive:
        archive.add(tmp_path / "xquad.ru.json", "xquad.ru.json")
    assert sets.xquad("ru", tmp_path).texts == {"p000": "Абзац"}


def test_without_the_variable_the_message_names_the_sets(monkeypatch):
    monkeypatch.delenv(sets.VARIABLE, raising=False)
    with pytest.raises(sets.DataMissing, match=r"Set OUTCROP_BENCH_DATA .*SciFact.*XQuAD"):
        sets.data_folder()


def test_a_missing_set_is_named_with_its_origin(tmp_path):
    with pytest.raises(sets.DataMissing, match=r"xquad\. It should hold XQuAD: .*google-deepmind/xquad"):
        sets.xquad("en", tmp_path)
