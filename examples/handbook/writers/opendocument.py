"""OpenDocument files: odt and ods."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from odf import style, table, text
from odf.opendocument import OpenDocumentSpreadsheet, OpenDocumentText

from . import markup
from .stamps import settle


def write_odt(blocks: Sequence[markup.Block], path: Path) -> None:
    """A text document with headings, lists and tables."""
    document = OpenDocumentText()
    looks = {level: _heading_style(document, level) for level in (1, 2, 3)}
    for block in blocks:
        document.text.addElement(_element(block, looks))
    document.save(str(path))
    settle(path)


def _heading_style(document: Any, level: int) -> Any:
    look = style.Style(name=f"Heading_20_{level}", displayname=f"Heading {level}", family="paragraph")
    look.addElement(style.ParagraphProperties(margintop="0.35cm", marginbottom="0.15cm", keepwithnext="always"))
    look.addElement(style.TextProperties(fontsize=f"{22 - 4 * level}pt", fontweight="bold", color="#1d3540"))
    document.styles.addElement(look)
    return look


def _element(block: markup.Block, looks: dict[int, Any]) -> Any:
    match block:
        case markup.Heading(level, words):
            return text.H(outlinelevel=level, stylename=looks[level], text=words)
        case markup.Paragraph(words):
            return text.P(text=words)
        case markup.Listing(items):
            listing = text.List()
            for item in items:
                entry = text.ListItem()
                entry.addElement(text.P(text=item))
                listing.addElement(entry)
            return listing
        case markup.Table(rows):
            return _table("Table", rows)
    raise ValueError(f"An OpenDocument text of the handbook has no {type(block).__name__}.")


def _table(name: str, rows: Sequence[Sequence[str | float]]) -> Any:
    grid = table.Table(name=name)
    grid.addElement(table.TableColumn(numbercolumnsrepeated=max(map(len, rows))))
    for row in rows:
        line = table.TableRow()
        for value in row:
            line.addElement(_cell(value))
        grid.addElement(line)
    return grid


def _cell(value: str | float) -> Any:
    kind = {"valuetype": "string"} if isinstance(value, str) else {"valuetype": "float", "value": value}
    cell = table.TableCell(**kind)
    cell.addElement(text.P(text=str(value)))
    return cell


def write_ods(sheets: Sequence[tuple[str, list[list[str | float]]]], path: Path) -> None:
    """A spreadsheet, one table for each sheet."""
    document = OpenDocumentSpreadsheet()
    for name, rows in sheets:
        document.spreadsheet.addElement(_table(name, rows))
    document.save(str(path))
    settle(path)
