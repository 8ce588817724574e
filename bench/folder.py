"""A mixed folder of office documents to ingest: SciFact abstracts dressed as txt, md, html, docx, pdf, csv and xlsx.

The same seed and number of files give the same texts every time. Only formats that every peer reads are here, and no
page needs OCR.
"""

from __future__ import annotations

import csv
import html
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import docx
import openpyxl
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

from bench.sets import RetrievalSet

SEED = 20261
SHARES = {"pdf": 25, "docx": 20, "md": 15, "html": 15, "txt": 10, "csv": 8, "xlsx": 7}
REGIONS = ("North", "South", "East", "West", "Central")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a file says, before it is dressed in a format."""

    title: str
    sections: tuple[Section, ...]
    rows: tuple[tuple[str, ...], ...]  # a table, its header first


def write_folder(place: Path, abstracts: RetrievalSet, files: int) -> dict[str, int]:
    """Write so many files into an empty folder; for each extension the characters of text that were written."""
    chance = random.Random(SEED)  # noqa: S311 # the same folder every time
    stock = [Section(abstracts.titles[one], text) for one, text in abstracts.texts.items()]
    chance.shuffle(stock)
    written = dict.fromkeys(SHARES, 0)
    for number, extension in enumerate(_extensions(files)):
        sections = [stock.pop() for _ in range(chance.randint(*SIZES[extension]))]
        report = Report(f"Report {number + 1:03}: {sections[0].heading}", tuple(sections), _rows(sections, chance))
        path = place / f"{extension}-files" / f"report-{number + 1:03}.{extension}"
        path.parent.mkdir(parents=True, exist_ok=True)
        WRITERS[extension](path, report)
        written[extension] += _characters(report, extension)
    return written


def _extensions(files: int) -> list[str]:
    """So many extensions in the proportion of `SHARES`, at least one of each, mixed evenly."""
    places = [
        ((number + 0.5) / max(1, round(files * share / 100)), extension)
        for extension, share in SHARES.items()
        for number in range(max(1, round(files * share / 100)))
    ]
    return [extension for _, extension in sorted(places)]


def _rows(sections: Sequence[Section], chance: random.Random) -> tuple[tuple[str, ...], ...]:
    """A table with a row or more for each section."""
    header = ("Record", "Region", "Finding", "Cohort", "Mean", "Reviewed")
    rows = [header]
    for section in sections:
        for sentence in section.text.split(". ")[: chance.randint(3, 6)]:
            reviewed = f"20{chance.randint(18, 26)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
            mean = f"{chance.uniform(0, 90):.2f}"
            record = f"R-{chance.randint(10000, 99999)}"
            rows.append((record, chance.choice(REGIONS), sentence, str(chance.randint(12, 4000)), mean, reviewed))
    return tuple(rows)


def _characters(report: Report, extension: str) -> int:
    if extension in {"csv", "xlsx"}:
        return sum(len(cell) for row in report.rows for cell in row)
    return len(report.title) + sum(len(section.heading) + len(section.text) for section in report.sections)


def _paragraphs(text: str) -> list[str]:
    """The text in paragraphs of about four sentences."""
    sentences = text.split(". ")
    return [". ".join(sentences[start : start + 4]) for start in range(0, len(sentences), 4)]


def _write_txt(path: Path, report: Report) -> None:
    blocks = [report.title]
    for section in report.sections:
        blocks += [section.heading, *_paragraphs(section.text)]
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")


def _write_md(path: Path, report: Report) -> None:
    blocks = [f"# {report.title}"]
    for section in report.sections:
        blocks += [f"## {section.heading}", *_paragraphs(section.text)]
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")


def _write_html(path: Path, report: Report) -> None:
    body = [f"<h1>{html.escape(report.title)}</h1>"]
    for section in report.sections:
        body.append(f"<h2>{html.escape(section.heading)}</h2>")
        body += [f"<p>{html.escape(paragraph)}</p>" for paragraph in _paragraphs(section.text)]
    menu = "".join(f'<li><a href="#{number}">Section {number}</a></li>' for number in range(1, 6))
    path.write_text(
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(report.title)}</title>'
        "<style>body { font-family: sans-serif } nav li { display: inline }</style></head>\n"
        f"<body><nav><ul>{menu}</ul></nav>\n<main>\n{chr(10).join(body)}\n</main>\n"
        "<footer><p>Printed from the archive.</p></footer></body></html>\n",
        encoding="utf-8",
    )


def _write_docx(path: Path, report: Report) -> None:
    document = docx.Document()
    document.add_heading(report.title, level=1)
    for section in report.sections:
        document.add_heading(section.heading, level=2)
        for paragraph in _paragraphs(section.text):
            document.add_paragraph(paragraph)
    document.save(str(path))


def _write_pdf(path: Path, report: Report) -> None:
    styles = getSampleStyleSheet()
    flow: list[object] = [Paragraph(html.escape(report.title), styles["Title"])]
    for section in report.sections:
        flow.append(Paragraph(html.escape(section.heading), styles["Heading2"]))
        flow += [Paragraph(html.escape(paragraph), styles["BodyText"]) for paragraph in _paragraphs(section.text)]
    shown = [[row[0], row[1], *row[3:]] for row in report.rows[:12]]
    flow += [Spacer(1, 12), Table(shown)]
    SimpleDocTemplate(str(path), pagesize=A4, invariant=1, title=report.title).build(flow)


def _write_csv(path: Path, report: Report) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(report.rows)


def _write_xlsx(path: Path, report: Report) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    half = 1 + len(report.rows) // 2
    for name, rows in (("First half", report.rows[1:half]), ("Second half", report.rows[half:])):
        sheet = book.create_sheet(name)
        for row in (report.rows[0], *rows):
            sheet.append(row)
    book.save(path)


WRITERS: dict[str, Callable[[Path, Report], None]] = {
    "txt": _write_txt,
    "md": _write_md,
    "html": _write_html,
    "docx": _write_docx,
    "pdf": _write_pdf,
    "csv": _write_csv,
    "xlsx": _write_xlsx,
}
# How many abstracts go into a file: about 300 tokens each, three or four to a page.
SIZES = {"txt": (2, 8), "md": (3, 9), "html": (3, 9), "docx": (4, 12), "pdf": (4, 16), "csv": (6, 20), "xlsx": (6, 20)}
