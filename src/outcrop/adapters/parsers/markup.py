"""Walks a tree of HTML and appends what a reader sees: headings, paragraphs, lists, tables, code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from outcrop.adapters.parsers.builder import DocumentBuilder

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "html", "legend", "main",
    "nav", "p", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "td", "th", "caption", "ul",
    "ol", "li",
))  # fmt: skip
HEADINGS = {f"h{level}": level for level in range(1, 7)}
LISTS = frozenset({"ul", "ol", "menu"})
SPACES = re.compile(r"[ \t\n\r\f]+")
INDENT = "  "
LARGEST_SPAN = 100  # of a table cell, in columns or rows
LARGEST_GRID = 2_000_000  # cells
LAYOUT_INSIDE = "table, h1, h2, h3, h4, h5, h6, pre, form, dl, blockquote"


class Walker:
    """Appends trees to one builder; without recursion, so that depth is no limit."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._inline: list[str] = []
        self._lists: list[int | None] = []  # the number of the last item of an ordered list, None for a bulleted one
        self._marker = ""

    def walk(self, root: LexborNode | None) -> None:
        """Append the content of a node."""
        pending: list[tuple[LexborNode, bool]] = [(root, False)] if root is not None else []
        while pending:
            node, leaving = pending.pop()
            if leaving:
                self._leave(node)
            elif node.is_text_node:
                self._inline.append(node.text_content or "")
            elif self._enter(node):
                pending.append((node, True))
                pending.extend((child, False) for child in reversed(list(node.iter(include_text=True))))
        self._flush()

    def _enter(self, node: LexborNode) -> bool:
        """Begin an element; whether its children are walked as well."""
        tag = node.tag or ""
        if tag in HEADINGS:
            self._flush()
            self._builder.heading(node.text(), HEADINGS[tag])
            return False
        if tag in {"pre", "table", "sup", "img", "br"}:
            return self._special(node, tag)
        if tag in BLOCKS:
            self._flush()
        if tag in LISTS:
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._begin_item()
        return True

    def _special(self, node: LexborNode, tag: str) -> bool:
        """Elements whose content is not simply walked; whether it is after all."""
        if tag == "table":
            self._flush()
            return not self._table(node)
        if tag == "pre":
            self._flush()
            self._builder.block(node.text())
        elif tag == "sup":
            self._inline.append(superscript(node))
        elif tag == "img":
            self._inline.append(f" {node.attributes.get('alt') or ''} ")
        else:
            self._inline.append("\v")  # a line break, kept apart from white space that means nothing
        return False

    def _begin_item(self) -> None:
        if not self._lists:
            self._marker = "- "
            return
        number = self._lists[-1]
        if number is not None:
            self._lists[-1] = number + 1
        self._marker = INDENT * (len(self._lists) - 1) + ("- " if number is None else f"{number + 1}. ")

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag in BLOCKS:
            self._flush()
        if tag in LISTS and self._lists:
            self._lists.pop()
        if tag == "li":
            self._marker = ""

    def _flush(self) -> None:
        """End the paragraph or list item that is being gathered."""
        if not self._inline:
            return
        text = SPACES.sub(" ", "".join(self._inline))
        self._inline.clear()
        text = "\n".join(line.strip() for line in text.split("\v")).strip("\n")
        if not text:
            return
        if self._marker:
            self._builder.line(self._marker + text)
            self._marker = ""
        else:
            self._builder.block(text)

    def _table(self, table: LexborNode) -> bool:
        """Append a table of data; False for one that only lays out the page."""
        role = table.attributes.get("role")
        if role in {"presentation", "none"} or any(node.mem_id != table.mem_id for node in table.css(LAYOUT_INSIDE)):
            return False
        rows = grid(table)
        if max(map(len, rows), default=0) < 2:  # noqa: PLR2004 # one column is a frame around text
            return False
        caption = table.css_first("caption")
        if caption is not None:
            self._builder.block(" ".join(caption.text().split()))
        self._builder.table(rows)
        return True


def superscript(node: LexborNode) -> str:
    """A power as "^2", a note's mark as "[2]", anything else ("1st") as it is."""
    text = node.text().strip()
    if node.css_first("a") is not None:
        return text if text.startswith("[") else f"[{text}]"
    return f"^{text}" if text.lstrip("+-\N{MINUS SIGN}").isdigit() else text


def grid(table: LexborNode) -> list[list[str]]:
    """The rows of a table without empty ones.

    A cell over several columns stands in the first; one over several rows is repeated in each, so that every row can
    be read by itself.
    """
    rows: list[list[str]] = []
    carried: dict[int, tuple[str, int]] = {}  # column: the text of a cell above that reaches down, and rows to go
    cells = 0
    for row in table.css("tr"):
        line, carried = _line(row, carried)
        cells += len(line)
        if any(line):
            rows.append(line)
        if cells > LARGEST_GRID:
            break
    return rows


def _line(row: LexborNode, carried: dict[int, tuple[str, int]]) -> tuple[list[str], dict[int, tuple[str, int]]]:
    line: list[str] = []
    below: dict[int, tuple[str, int]] = {}

    def put(text: str, rows: int) -> None:
        if rows > 1:
            below[len(line)] = (text, rows - 1)
        line.append(text)

    for cell in row.iter():
        if cell.tag not in {"td", "th"}:
            continue
        while len(line) in carried:
            put(*carried[len(line)])
        text = " ".join(cell.text(separator=" ").split()) if cell.css_first("br, p, div, li") else cell.text()
        rows = _span(cell, "rowspan")
        put(" ".join(text.split()), rows)
        for _ in range(_span(cell, "colspan") - 1):
            put("", rows)
    while len(line) in carried:
        put(*carried[len(line)])
    return line, below


def _span(cell: LexborNode, name: str) -> int:
    value = (cell.attributes.get(name) or "1").strip()
    return min(max(int(value), 1), LARGEST_SPAN) if value.isascii() and value.isdigit() else 1
