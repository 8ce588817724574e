"""The sample handbook, asked every question: right source and page, no invention, hardly a refusal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from outcrop import Outcrop
from outcrop.core.answers import Answer

HANDBOOK = Path(__file__).parents[2] / "examples" / "handbook"
QUESTIONS = json.loads((HANDBOOK / "questions.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Asked:
    question: dict[str, Any]
    answer: Answer

    def right_place(self) -> bool:
        """Whether the first cited passage is in the expected document, on the expected page or sheet."""
        if not self.answer.citations:
            return False
        reference = self.answer.citations[0].references[0]
        expected = self.question
        return (
            unquote(reference.hit.point.uri).endswith(expected["source"])
            and expected.get("page") in (None, reference.page)
            and expected.get("sheet") in (None, reference.sheet)
        )

    def says_what_is_expected(self) -> bool:
        text = " ".join(self.answer.text.casefold().split())
        wanted = (one if isinstance(one, list) else [one] for one in self.question["must_contain"])
        return all(any(alternative.casefold() in text for alternative in one) for one in wanted)


@pytest.fixture(scope="module")
def handbook(tmp_path_factory: pytest.TempPathFactory):
    with Outcrop(data=tmp_path_factory.mktemp("data")) as outcrop:
        outcrop.create("handbook")
        outcrop.sync("handbook", HANDBOOK / "documents")
        yield outcrop


@pytest.fixture(scope="module")
def asked(handbook: Outcrop) -> list[Asked]:
    return [Asked(question, handbook.ask("handbook", question["question"])) for question in QUESTIONS]


def test_every_readable_document_is_indexed_and_every_broken_one_says_why(handbook: Outcrop):
    documents = {document.name: document for document in handbook.documents("handbook")}
    broken = {name: document.reason_code for name, document in documents.items() if document.status == "FAILED"}
    assert set(broken.values()) == {"encrypted", "corrupt", "empty"}
    assert all(document.reason for document in documents.values() if document.status == "FAILED")
    assert all(document.chunks > 0 for name, document in documents.items() if name not in broken)


def test_no_unanswerable_question_is_answered(asked: list[Asked]):
    invented = [one.question["id"] for one in asked if not one.question["answerable"] and one.answer.available]
    assert not invented


def test_at_most_one_answerable_question_in_ten_is_refused(asked: list[Asked]):
    answerable = [one for one in asked if one.question["answerable"]]
    refused = [one.question["id"] for one in answerable if not one.answer.available]
    assert len(refused) <= len(answerable) / 10, refused


def test_answers_cite_the_right_source_and_page_95_times_in_100(asked: list[Asked]):
    answered = [one for one in asked if one.question["answerable"] and one.answer.available]
    wrong = [one.question["id"] for one in answered if not one.right_place()]
    assert len(wrong) <= len(answered) * 0.05, wrong


def test_answers_say_what_is_expected(asked: list[Asked]):
    answered = [one for one in asked if one.question["answerable"] and one.answer.available]
    wrong = [one.question["id"] for one in answered if not one.says_what_is_expected()]
    assert len(wrong) <= len(answered) * 0.1, wrong


def test_every_quote_stands_verbatim_in_its_passage_and_answer(asked: list[Asked]):
    for one in asked:
        for citation in one.answer.citations:
            assert one.answer.text[citation.start : citation.end].strip()
            for reference in citation.references:
                chunk = reference.hit.chunk
                assert reference.quote == chunk.text[reference.start - chunk.start : reference.end - chunk.start]
