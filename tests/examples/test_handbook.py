"""The sample handbook is complete, and its questions agree with its documents."""

from __future__ import annotations

import email.policy
import json
import re
import zipfile
from email import message_from_bytes
from functools import cache
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from python_calamine import CalamineWorkbook

HANDBOOK = Path(__file__).parents[2] / "examples" / "handbook"
DOCUMENTS = sorted(path for path in (HANDBOOK / "documents").rglob("*") if path.is_file())
# fmt: off
FORMATS = {
    "csv", "doc", "docx", "eml", "epub", "html", "ipynb", "json", "md", "ods", "odt", "pdf",
    "png", "pptx", "rtf", "tex", "txt", "xls", "xlsx", "xml",
}
# fmt: on
SHEETS = {".xls", ".xlsx", ".ods"}
# What has no text until it is recognised: whole files, and one page of a mixed PDF.
IMAGES = {("plant/crane-inspection.pdf", None), ("plant/quality-manual.pdf", 3), ("plant/notice-hall-b.png", None)}


def questions(name: str) -> list[dict[str, Any]]:
    return json.loads((HANDBOOK / name).read_text(encoding="utf-8"))


SAMPLE = questions("questions.json")
HARD = questions("questions_hard.json")
ANSWERABLE = [question for question in SAMPLE + HARD if question["answerable"]]


def is_image(question: dict[str, Any]) -> bool:
    name = question["source"].removeprefix("documents/")
    return (name, None) in IMAGES or (name, question["page"]) in IMAGES


def container_text(path: Path, page: int | None) -> str:
    """Text of a zip of XML files; a page is the number of a slide."""
    wanted = f"ppt/slides/slide{page}.xml" if page else ""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(("xml", "html")) and wanted in name]
        parts = [archive.read(name).decode() for name in names]
    return re.sub(r"<[^>]+>", "", re.sub(r"</(w:p|a:p|text:p|text:h|p|h\d)>", " ", " ".join(parts)))


def pdf_text(path: Path, page: int) -> str:
    with pypdfium2.PdfDocument(path) as document:
        return document[page - 1].get_textpage().get_text_range()


def mail_text(path: Path) -> str:
    message = message_from_bytes(path.read_bytes(), policy=email.policy.default)
    return "\n".join(part.get_content() for part in message.walk() if not part.is_multipart())


def sheet_text(path: Path, sheet: str) -> str:
    rows = CalamineWorkbook.from_path(path).get_sheet_by_name(sheet).to_python()
    return "\n".join(" ".join(f"{cell:g}" if isinstance(cell, float) else str(cell) for cell in row) for row in rows)


@cache
def text_of(name: str, page: int | None, sheet: str | None) -> str:
    path = HANDBOOK / name
    match path.suffix:
        case ".pdf":
            text = pdf_text(path, page or 1)
        case suffix if suffix in SHEETS:
            text = sheet_text(path, sheet or "")
        case ".docx" | ".pptx" | ".odt" | ".epub":
            text = container_text(path, page)
        case ".eml":
            text = mail_text(path)
        case ".doc":
            text = path.read_bytes().decode("utf-16-le", errors="replace") + path.read_bytes().decode(
                "cp1252", "replace"
            )
        case _ if "roqueval" in name:
            text = path.read_bytes().decode("cp1252")
        case _:
            text = path.read_text(encoding="utf-8")
    return " ".join(text.split()).lower()


def test_every_format_is_there() -> None:
    assert {path.suffix[1:] for path in DOCUMENTS} == FORMATS


def test_the_folder_is_small() -> None:
    assert sum(path.stat().st_size for path in DOCUMENTS) < 6_000_000


@pytest.mark.parametrize(("rows", "unanswerable", "total"), [(SAMPLE, 10, 40), (HARD, 14, 53)])
def test_a_set_has_its_share_of_unanswerable_questions(
    rows: list[dict[str, Any]], unanswerable: int, total: int
) -> None:
    assert (len(rows), sum(not row["answerable"] for row in rows)) == (total, unanswerable)


def test_no_question_is_asked_twice() -> None:
    rows = SAMPLE + HARD
    assert len({row["id"] for row in rows}) == len({row["question"].lower() for row in rows}) == len(rows)


def test_an_unanswerable_question_expects_nothing() -> None:
    assert not [q["id"] for q in SAMPLE + HARD if not q["answerable"] and (q["source"] or q["must_contain"])]


@pytest.mark.parametrize("question", ANSWERABLE, ids=lambda question: question["id"])
def test_a_source_exists_and_has_a_place(question: dict[str, Any]) -> None:
    path = HANDBOOK / question["source"]
    assert path in DOCUMENTS
    assert (question["page"] is not None) == (path.suffix in {".pdf", ".pptx"})
    assert (question["sheet"] is not None) == (path.suffix in SHEETS)


@pytest.mark.parametrize("question", [q for q in ANSWERABLE if not is_image(q)], ids=lambda question: question["id"])
def test_the_answer_stands_where_it_is_said_to(question: dict[str, Any]) -> None:
    text = text_of(question["source"], question["page"], question["sheet"])
    for wanted in question["must_contain"]:
        alternatives = [wanted] if isinstance(wanted, str) else wanted
        assert any(alternative.lower() in text for alternative in alternatives), (wanted, text)


def test_every_document_with_text_is_asked_about() -> None:
    asked = {HANDBOOK / question["source"] for question in ANSWERABLE}
    assert [path.name for path in DOCUMENTS if path not in asked] == [
        "annual-report-draft.docx",
        "board-remuneration.pdf",
        "product-board-2026-11-11.txt",
    ]


def test_scanned_pages_have_no_text() -> None:
    scan = HANDBOOK / "documents/plant/crane-inspection.pdf"
    assert [pdf_text(scan, page) for page in (1, 2, 3)] == ["", "", ""]
    mixed = HANDBOOK / "documents/plant/quality-manual.pdf"
    assert [bool(pdf_text(mixed, page)) for page in (1, 2, 3, 4)] == [True, True, False, True]


def test_one_page_is_stored_sideways() -> None:
    with pypdfium2.PdfDocument(HANDBOOK / "documents/plant/calibration-schedule.pdf") as document:
        assert [page.get_rotation() for page in document] == [0, 0, 90]


def test_the_encrypted_file_does_not_open() -> None:
    with pytest.raises(pypdfium2.PdfiumError, match="assword"):
        pypdfium2.PdfDocument(HANDBOOK / "documents/finance/board-remuneration.pdf")


def test_the_cut_off_file_is_no_container() -> None:
    path = HANDBOOK / "documents/finance/annual-report-draft.docx"
    assert path.read_bytes().startswith(b"PK")
    assert not zipfile.is_zipfile(path)


def test_the_old_word_file_is_binary() -> None:
    path = HANDBOOK / "documents/plant/safety-manual.doc"
    assert path.read_bytes().startswith(bytes.fromhex("d0cf11e0a1b11ae1"))


def test_the_empty_file_is_empty() -> None:
    assert (HANDBOOK / "documents/minutes/product-board-2026-11-11.txt").stat().st_size == 0
