"""The written questions say what they claim: every answer stands in its document."""

from __future__ import annotations

from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "bench" / "calibration"
LINES = [
    (path.name.removesuffix(".questions.tsv"), line)
    for path in sorted(FOLDER.glob("*.questions.tsv"))
    for line in path.read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize(("name", "line"), LINES)
def test_an_answer_stands_in_its_document_and_a_near_miss_has_none(name, line):
    sign, question, *words = line.split("\t")
    document = " ".join((FOLDER / f"{name}.md").read_text(encoding="utf-8").split())
    assert question.strip() == question
    assert len(words) == (sign == "+")
    assert all(word.strip("| ") in document for part in words for word in part.split(" | "))


def test_there_are_as_many_near_misses_as_answers():
    assert sum(line.startswith("+") for _, line in LINES) == sum(line.startswith("-") for _, line in LINES)
