"""Word processing files and old office formats, by xberg: doc, docx, odt, odp, rtf, ppt and msg.

xberg gives a flat list of nodes with what each is; it is asked for no OCR, no cache and no rewriting, and is given
bytes only, since it would fetch addresses.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from outcrop.adapters.parsers.builder import DocumentBuilder, Origin
from outcrop.adapters.parsers.families import with_libraries
from outcrop.adapters.parsers.formats import DOC, DOCX, MSG, ODP, ODT, PPT, RTF
from outcrop.adapters.parsers.ole import ENCRYPTED
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.core.errors import Unreadable
from outcrop.core.parsed import Blob, ParsedDocument

NOTE_MARK = re.compile(r"\[(?:\^|cmt:)\w{1,6}\]")
MOST_PAGE = 6000  # characters; where more stand on a "page", the file does not know where its pages break
LONGEST_TITLE = 100  # characters of a bold paragraph that stands for a heading
INDENT = "  "
SIDES = {"header": 0, "body": 1, "footnote": 2, "footer": 3}  # the order in which the layers are appended
PLAIN_FIELDS = ("text", "content", "description", "title")  # of nodes that have no line of their own
SKIPPED = frozenset({"group", "list", "page_break", "quote", "definition_list"})  # what holds other nodes only


@dataclass(frozen=True, slots=True)
class Node:
    """A node of xberg's document: its content as JSON, its layer, page and ancestors."""

    content: Mapping[str, Any]
    layer: str = "body"
    page: int | None = None
    lists: tuple[bool, ...] = ()  # whether each list around it is ordered, outermost first
    parent: int | None = None
    bold: bool = False

    @property
    def kind(self) -> str:
        """What the node is: paragraph, heading, table ..."""
        return str(self.content.get("node_type", ""))

    @property
    def text(self) -> str:
        """The node's own words, without the marks of notes."""
        found = next((self.content[name] for name in PLAIN_FIELDS if self.content.get(name)), "")
        return NOTE_MARK.sub("", str(found))


class OfficeParser:
    """What xberg reads better than anything else that is free."""

    media_types = frozenset({DOC, DOCX, ODT, ODP, RTF, PPT, MSG})

    def __init__(self, options: ParseOptions) -> None:
        self._options = options
        self.version = with_libraries("office/1", "xberg")

    def parse(self, blob: Blob) -> ParsedDocument:
        """The text with headings, lists, tables, notes, and pages where the file knows them."""
        media_type = blob.media_type or DOCX
        result = extract(blob.read(), media_type, blob.name)
        origin = Origin(media_type, self.version, result.metadata.title)
        _describe(result.metadata, origin)
        origin.warnings.extend(warning.message for warning in result.processing_warnings)
        builder = DocumentBuilder()
        nodes = _nodes(result.document.nodes if result.document else [])
        if not nodes and result.content.strip():
            builder.block(result.content)
        _Writer(builder, media_type, origin.title).write(_in_order(nodes, media_type))
        for child in result.children or ():
            builder.heading(child.path, 2)
            builder.block(child.result.content)
        origin.title = origin.title or builder.first_title()
        return builder.build(origin)


def extract(data: bytes, media_type: str, name: str) -> Any:
    """What xberg makes of a file: an ExtractedDocument. Raises Unreadable."""
    import xberg

    config = xberg.ExtractionConfig(
        disable_ocr=True, use_cache=False, enable_quality_processing=False, include_document_structure=True
    )
    given = xberg.ExtractInput(kind="bytes", bytes=data, mime_type=media_type, filename=name)
    try:
        results = asyncio.run(xberg.extract(given, config))
    except RuntimeError as error:
        raise _refused(str(error)) from error
    if not results.results:
        raise _refused("; ".join(item.message for item in results.errors))
    return results.results[0]


def _refused(message: str) -> Unreadable:
    lowered = message.lower()
    if "password" in lowered or "encrypt" in lowered:
        return Unreadable("encrypted", ENCRYPTED)
    if any(word in lowered for word in ("limit", "too large", "exceed", "bomb")):
        return Unreadable("too_large", f"The file holds more than is read of one document ({message[:200]}). Split it.")
    return Unreadable("corrupt", f"The file is damaged or not what its name says ({message[:200]}). Save it anew.")


def _describe(metadata: Any, origin: Origin) -> None:
    for name, value in {
        "author": ", ".join(metadata.authors or ()) or _unquoted(metadata.additional.get("initial_creator")),
        "subject": metadata.subject,
        "language": metadata.language,
        "created": metadata.created_at,
        "modified": metadata.modified_at,
        "keywords": ", ".join(metadata.keywords or ()),
    }.items():
        if value:
            origin.metadata[name] = str(value)
    if not origin.title and metadata.subject and origin.media_type == MSG:
        origin.title = metadata.subject


def _unquoted(value: str | None) -> str | None:
    return json.loads(value) if value and value.startswith('"') else value


def _nodes(raw: Sequence[Any]) -> list[Node]:
    """The nodes, each knowing the lists around it."""
    nodes: list[Node] = []
    for item in raw:
        content = json.loads(str(item.content))
        parent = nodes[item.parent] if item.parent is not None and item.parent < len(nodes) else None
        lists = parent.lists if parent is not None else ()
        if parent is not None and parent.kind == "list":
            lists = (*lists, bool(parent.content.get("ordered")))
        nodes.append(Node(content, str(item.content_layer), item.page, lists, item.parent, _is_bold(item, content)))
    return nodes


def _is_bold(item: Any, content: Mapping[str, Any]) -> bool:
    """Whether a paragraph is bold from its first to its last character."""
    size = len(str(content.get("text", "")).strip())
    return size > 0 and any(
        note.start == 0 and note.end >= size and "bold" in str(note.kind) for note in item.annotations
    )


def _in_order(nodes: Sequence[Node], media_type: str) -> list[Node]:
    """Page headers first, then the body, notes and page footers, each repeated header or footer once."""
    seen: set[str] = set()
    kept: list[Node] = []
    for node in sorted(nodes, key=lambda node: SIDES.get(node.layer, 1)):
        if node.layer in {"header", "footer"}:
            words = "".join(node.text.split())
            # What RTF has in headers xberg gives twice: in the body, and here without its spaces.
            if media_type == RTF or words in seen or not any(map(str.isalpha, words)):
                continue
            seen.add(words)
        kept.append(node)
    return kept


@dataclass(slots=True)
class _Writer:
    """Appends nodes to a builder."""

    builder: DocumentBuilder
    media_type: str
    title: str | None
    _numbers: dict[int | None, int] = field(default_factory=dict)  # the last item's number, by the list's position
    _page: int | None = None
    _bold_titles: bool = False

    def write(self, nodes: Sequence[Node]) -> None:
        paged = _credible_pages(nodes)
        self._bold_titles = not any(node.kind in {"heading", "title"} for node in nodes)
        for node in nodes:
            if paged and node.page is not None and node.layer == "body" and node.page > (self._page or 0):
                self._page = node.page
                self.builder.begin_page(node.page)
            self._append(node)

    def _append(self, node: Node) -> None:
        match node.kind:
            case "heading" | "title":
                self.builder.heading(node.text, int(node.content.get("level") or 1))
            case "list_item":
                self._item(node)
            case "table":
                self.builder.table(table_rows(node.content["grid"]))
            case "slide":
                self._slide(node)
            case "metadata_block":
                entries = node.content.get("entries") or ()
                self.builder.block("\n".join(f"{entry['key']}: {entry['value']}" for entry in entries))
            case "definition_item":
                self.builder.line(f"{node.content.get('term', '')}: {node.content.get('definition', '')}")
            case kind if kind not in SKIPPED:
                self._paragraph(node)

    def _paragraph(self, node: Node) -> None:
        text = node.text
        if self.media_type == DOC and "\t\t" in text:
            for block in cell_marks(text):
                self.builder.table(block) if isinstance(block, list) else self.builder.block(block)
        elif self._is_title(node, text):
            self.builder.heading(text, 1 if text.strip() == self.title else 2)
        else:
            self.builder.block(text)

    def _is_title(self, node: Node, text: str) -> bool:
        """Whether a paragraph stands for a heading in a file without headings."""
        if node.kind != "paragraph" or node.layer != "body" or not text.strip():
            return False
        if text.strip() == self.title:
            return True
        short = len(text) <= LONGEST_TITLE and "\n" not in text and text.rstrip()[-1] not in ".;,"
        return self._bold_titles and node.bold and short

    def _item(self, node: Node) -> None:
        ordered = node.lists[-1] if node.lists and self.media_type != ODT else False  # ODT: xberg calls all ordered
        number = self._numbers[node.parent] = self._numbers.get(node.parent, 0) + 1
        marker = f"{number}. " if ordered else "- "
        self.builder.line(INDENT * (len(node.lists) - 1) + marker + node.text)

    def _slide(self, node: Node) -> None:
        number = node.content.get("number")
        if isinstance(number, int) and number > (self._page or 0):
            self._page = number
            self.builder.begin_page(number)


def _credible_pages(nodes: Iterable[Node]) -> bool:
    """Whether the page numbers tell where text stands: more than one page, and none with too much text."""
    sizes: dict[int, int] = {}
    for node in nodes:
        if node.page is not None and node.layer == "body":
            sizes[node.page] = sizes.get(node.page, 0) + len(str(node.content))
    return len(sizes) > 1 and max(sizes.values()) <= MOST_PAGE


def table_rows(grid: Mapping[str, Any]) -> list[list[str]]:
    """The rows of a grid of cells; one over several rows is repeated in each, empty rows are left out."""
    cells = grid.get("cells") or ()
    height = max((cell["row"] + 1 for cell in cells), default=0)
    width = max((cell["col"] + 1 for cell in cells), default=0)
    rows = [[""] * width for _ in range(height)]
    for cell in cells:
        text = NOTE_MARK.sub("", cell["content"]).strip()
        for row in range(cell["row"], min(cell["row"] + max(cell["row_span"], 1), height)):
            rows[row][cell["col"]] = rows[row][cell["col"]] or text
    return [row for row in rows if any(row)]


def cell_marks(text: str) -> list[list[list[str]] | str]:
    """Tables of a doc file, where a tab ends each cell and another one each row, and the text that follows them."""
    parts = text.split("\t")
    for width in range(1, len(parts) // 2 + 1):
        stride = width + 1
        rows, rest = divmod(len(parts), stride)
        if rows > 0 and rest <= 1 and all(not parts[row * stride + width].strip() for row in range(rows)):
            table = [[cell.strip() for cell in parts[row * stride : row * stride + width]] for row in range(rows)]
            return [table, *parts[rows * stride :]]
    ragged = [[cell.strip() for cell in row.split("\t")] for row in text.split("\t\t")]
    return [[row for row in ragged if any(row)]]
