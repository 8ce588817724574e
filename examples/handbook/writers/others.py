"""The formats that need no library: epub, rtf, eml, ipynb."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from email.message import EmailMessage
from pathlib import Path
from xml.sax.saxutils import escape

from . import markup
from .stamps import ISO_MOMENT, settle

_CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
    '<rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles>'
    "</container>"
)


def write_epub(blocks: Sequence[markup.Block], path: Path) -> None:
    """A book (EPUB 3): each top heading opens a chapter."""
    chapters: list[list[markup.Block]] = []
    for block in blocks:
        if isinstance(block, markup.Heading) and block.level == 1:
            chapters.append([])
        chapters[-1].append(block)
    titles = [chapter[0].text for chapter in chapters]  # type: ignore[union-attr]  # a chapter opens with a heading
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        book.writestr("META-INF/container.xml", _CONTAINER, zipfile.ZIP_DEFLATED)
        book.writestr("OEBPS/book.opf", _package(titles), zipfile.ZIP_DEFLATED)
        book.writestr("OEBPS/nav.xhtml", _contents(titles), zipfile.ZIP_DEFLATED)
        for number, chapter in enumerate(chapters):
            body = "\n".join(map(_xhtml, chapter))
            book.writestr(f"OEBPS/c{number}.xhtml", _page(titles[number], body), zipfile.ZIP_DEFLATED)
    settle(path)


def _package(titles: Sequence[str]) -> str:
    names = range(len(titles))
    items = "".join(f'<item id="c{n}" href="c{n}.xhtml" media-type="application/xhtml+xml"/>' for n in names)
    spine = "".join(f'<itemref idref="c{n}"/>' for n in names)
    return (
        '<?xml version="1.0" encoding="utf-8"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0" '
        'unique-identifier="id"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<dc:identifier id="id">skarnholt-benefits-2026</dc:identifier><dc:title>{escape(titles[0])}</dc:title>'
        f'<dc:language>en</dc:language><meta property="dcterms:modified">{ISO_MOMENT}</meta></metadata><manifest>'
        f'<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>{items}</manifest>'
        f"<spine>{spine}</spine></package>"
    )


def _contents(titles: Sequence[str]) -> str:
    links = "".join(f'<li><a href="c{n}.xhtml">{escape(title)}</a></li>' for n, title in enumerate(titles))
    return _page("Contents", f'<nav epub:type="toc"><ol>{links}</ol></nav>')


def _page(title: str, body: str) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<html xmlns="http://www.w3.org/1999/xhtml" '
        f'xmlns:epub="http://www.idpf.org/2007/ops"><head><title>{escape(title)}</title></head>'
        f"<body>\n{body}\n</body></html>"
    )


def _xhtml(block: markup.Block) -> str:
    match block:
        case markup.Heading(level, text):
            return f"<h{level}>{escape(text)}</h{level}>"
        case markup.Paragraph(text):
            return f"<p>{escape(text)}</p>"
    raise ValueError(f"The book of the handbook has no {type(block).__name__}.")


def write_rtf(blocks: Sequence[markup.Block], path: Path) -> None:
    """Rich text with outline levels, in ASCII with Unicode escapes."""
    body = "\n".join(_rtf(block) for block in blocks)
    head = r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss Calibri;}}\viewkind4\uc1\f0\fs21"
    path.write_text(f"{head}\n{body}\n}}\n", encoding="ascii")


def _rtf(block: markup.Block) -> str:
    match block:
        case markup.Heading(level, text):
            return rf"\pard\outlinelevel{level - 1}\sb160\sa80\b\fs{40 - 8 * level} {_rich(text)}\b0\fs21\par"
        case markup.Paragraph(text):
            return rf"\pard\sa120 {_rich(text)}\par"
        case markup.Listing(items):
            return "\n".join(rf"\pard\li360\fi-200\sa60 \bullet  {_rich(item)}\par" for item in items)
    raise ValueError(f"A rich text of the handbook has no {type(block).__name__}.")


def _rich(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace("{", r"\{").replace("}", r"\}")
    return "".join(char if ord(char) < 128 else rf"\u{ord(char)}?" for char in escaped)


def write_eml(text: str, attachment: Path, path: Path) -> None:
    """A message with one attachment, dates and boundary fixed."""
    message = EmailMessage()
    message["From"] = "Joaquim Velle <joaquim.velle@skarnholt.example>"
    message["To"] = "All sales <sales@skarnholt.example>"
    message["Cc"] = "Ingrid Palombo-West <ingrid.palombo-west@skarnholt.example>"
    message["Subject"] = "New air freight forwarder from 5 October"
    message["Date"] = "Thu, 24 Sep 2026 14:12:00 +0200"
    message["Message-ID"] = "<20260924141200.7731@skarnholt.example>"
    message.set_content(text, charset="utf-8", cte="quoted-printable")
    message.add_attachment(attachment.read_bytes(), "text", "csv", filename=attachment.name)
    message.set_boundary("=_skarnholt_0001")
    path.write_bytes(message.as_bytes())


def write_ipynb(blocks: Sequence[markup.Block], path: Path) -> None:
    """A notebook: text between program blocks is one cell; what follows `---` is the output."""
    cells: list[dict[str, object]] = []
    prose: list[str] = []
    for block in [*blocks, markup.Code("")]:
        if not isinstance(block, markup.Code):
            prose.append(("#" * block.level + " " if isinstance(block, markup.Heading) else "") + block.text)
            continue
        if prose:
            cells.append(
                {"cell_type": "markdown", "metadata": {}, "source": "\n\n".join(prose).splitlines(keepends=True)}
            )
            prose = []
        if block.text:
            cells.append(_code_cell(block.text, len(cells)))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    notebook = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _code_cell(code: str, count: int) -> dict[str, object]:
    source, _, printed = code.partition("\n---\n")
    stream = {"name": "stdout", "output_type": "stream", "text": (printed + "\n").splitlines(keepends=True)}
    return {
        "cell_type": "code",
        "execution_count": count,
        "metadata": {},
        "outputs": [stream] if printed else [],
        "source": source.splitlines(keepends=True),
    }
