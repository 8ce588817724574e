"""PowerPoint files: each slide a page with its title, text, tables, notes and diagrams, in the order shown.

Source: ECMA-376, part 1, chapter 19 (PresentationML) and 21.1 (DrawingML text and tables).
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from xml.etree.ElementTree import Element, ParseError  # types only; defusedxml parses

from outcrop.adapters.parsers.builder import DocumentBuilder, Origin
from outcrop.adapters.parsers.families import with_libraries
from outcrop.adapters.parsers.formats import PPTX
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.properties import ENTITIES, describe, local, parse_xml
from outcrop.core.errors import Unreadable
from outcrop.core.parsed import Blob, ParsedDocument

MAIN_PART = "ppt/presentation.xml"
TITLES = frozenset({"title", "ctrTitle"})
FURNITURE = frozenset({"sldNum", "dt", "ftr", "hdr"})  # placeholders that repeat on every slide
SHAPES = frozenset({"sp", "graphicFrame", "pic", "cxnSp", "grpSp"})
EMU = 12700  # English Metric Units in a point


class SlideParser:
    """Presentations of PowerPoint 2007 and later."""

    media_types = frozenset({PPTX})

    def __init__(self, options: ParseOptions) -> None:
        self._options = options
        self.version = with_libraries("slides/1", "defusedxml")

    def parse(self, blob: Blob) -> ParsedDocument:
        """The slides in the order of the show; hidden ones too."""
        from defusedxml import DefusedXmlException

        origin = Origin(blob.media_type or PPTX, self.version)
        builder = DocumentBuilder()
        try:
            with zipfile.ZipFile(BytesIO(blob.read())) as archive:
                describe(archive, origin)
                _Deck(archive, builder).append_slides()
        except DefusedXmlException as error:
            raise Unreadable("unsupported", ENTITIES) from error
        except (ParseError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise Unreadable("corrupt", f"The presentation is damaged ({error}). Save it anew.") from error
        origin.title = origin.title or builder.first_title()
        return builder.build(origin)


class _Deck:
    """The parts of one presentation."""

    def __init__(self, archive: zipfile.ZipFile, builder: DocumentBuilder) -> None:
        self._archive = archive
        self._builder = builder

    def append_slides(self) -> None:
        """Append every slide, numbered as PowerPoint does."""
        root = parse_xml(self._archive.read(MAIN_PART))
        targets = self._relations(MAIN_PART)
        size = next((element for element in root.iter() if local(element) == "sldSz"), None)
        width, height = (_points(size, side) for side in ("cx", "cy"))
        slides = [element for element in root.iter() if local(element) == "sldId"]
        for number, slide in enumerate(slides, 1):
            self._builder.begin_page(number, width=width, height=height)
            part = targets.get(_relation_id(slide, "id"), ("", ""))[1]
            if part in self._archive.NameToInfo:
                self._slide(part)

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """The kind and target of each relation of a part by its id."""
        folder, name = posixpath.split(part)
        path = f"{folder}/_rels/{name}.rels"
        if path not in self._archive.NameToInfo:
            return {}
        return {
            element.get("Id", ""): (
                element.get("Type", "").rpartition("/")[2],
                posixpath.normpath(posixpath.join(folder, element.get("Target", ""))).lstrip("/"),
            )
            for element in parse_xml(self._archive.read(path)).iter()
            if local(element) == "Relationship"
        }

    def _slide(self, part: str) -> None:
        root = parse_xml(self._archive.read(part))
        relations = self._relations(part)
        shapes = list(_shapes(root))
        for shape in sorted(shapes, key=lambda shape: _placeholder(shape) not in TITLES):
            self._shape(shape, relations)
        for kind, target in relations.values():
            if kind == "notesSlide" and target in self._archive.NameToInfo:
                self._notes(target)

    def _shape(self, shape: Element, relations: dict[str, tuple[str, str]]) -> None:
        kind = _placeholder(shape)
        if kind in FURNITURE:
            return
        if kind in TITLES:
            self._builder.heading(" ".join(text for text, _ in _paragraphs(shape)), 1)
            return
        table = next((element for element in shape.iter() if local(element) == "tbl"), None)
        if table is not None:
            self._builder.table(_rows(table))
            return
        self._lines(shape)
        for element in shape.iter():
            if local(element) in {"relIds", "chart"}:
                self._linked(element, relations)

    def _lines(self, root: Element) -> None:
        """The paragraphs of a shape, one a line, deeper ones indented."""
        self._builder.block("\n".join("  " * level + text for text, level in _paragraphs(root)))

    def _linked(self, element: Element, relations: dict[str, tuple[str, str]]) -> None:
        """The words of a diagram (SmartArt), or the texts and values of a chart, which are parts of their own."""
        target = relations.get(_relation_id(element, "dm") or _relation_id(element, "id"), ("", ""))[1]
        if target not in self._archive.NameToInfo:
            return
        root = parse_xml(self._archive.read(target))
        if local(element) == "relIds":
            self._builder.block("\n".join(text for text, _ in _paragraphs(root)))
        else:
            self._chart(root)

    def _chart(self, root: Element) -> None:
        self._builder.block(" ".join(text for text, _ in _paragraphs(root)))
        series = [_series(element) for element in root.iter() if local(element) == "ser"]
        if series and any(values for _, _, values in series):
            categories = max((names for _, names, _ in series), key=len)
            rows = [["", *(title for title, _, _ in series)]]
            for index in range(max(len(values) for _, _, values in series)):
                row = [values[index] if index < len(values) else "" for _, _, values in series]
                rows.append([categories[index] if index < len(categories) else "", *row])
            self._builder.table(rows)

    def _notes(self, part: str) -> None:
        for shape in _shapes(parse_xml(self._archive.read(part))):
            if _placeholder(shape) == "body":
                self._lines(shape)


def _points(size: Element | None, side: str) -> float | None:
    value = size.get(side) if size is not None else None
    return int(value) / EMU if value and value.isdigit() else None


def _relation_id(element: Element, name: str) -> str:
    """An attribute of the relations' namespace, which has a transitional and a strict name."""
    return next(
        (
            value
            for key, value in element.attrib.items()
            if key.startswith("{") and key.endswith(f"relationships}}{name}")
        ),
        "",
    )


def _shapes(root: Element) -> Iterator[Element]:
    """The shapes of a slide in order, those within groups too."""
    for element in root.iter():
        if local(element) == "spTree":
            yield from _within(element)
            return


def _within(group: Element) -> Iterator[Element]:
    for element in group:
        name = local(element)
        if name == "grpSp":
            yield from _within(element)
        elif name == "AlternateContent":
            yield from _within(element[0] if len(element) else element)
        elif name in SHAPES:
            yield element


def _placeholder(shape: Element) -> str:
    """The kind of placeholder that a shape fills: title, body ...; empty where it fills none."""
    found = next((element for element in shape.iter() if local(element) == "ph"), None)
    return "" if found is None else found.get("type", "obj")


def _paragraphs(root: Element) -> Iterator[tuple[str, int]]:
    """The paragraphs below an element that hold words, with their list levels from 0."""
    for paragraph in root.iter():
        if local(paragraph) != "p":
            continue
        text = "".join(_runs(paragraph)).strip()
        if text:
            properties = next((element for element in paragraph if local(element) == "pPr"), None)
            level = properties.get("lvl", "0") if properties is not None else "0"
            yield text, int(level) if level.isdigit() else 0


def _runs(paragraph: Element) -> Iterator[str]:
    for element in paragraph.iter():
        name = local(element)
        if name == "t":
            yield element.text or ""
        elif name == "br":
            yield "\n"


def _rows(table: Element) -> list[list[str]]:
    return [
        ["\n".join(text for text, _ in _paragraphs(cell)) for cell in row if local(cell) == "tc"]
        for row in table
        if local(row) == "tr"
    ]


def _series(element: Element) -> tuple[str, list[str], list[str]]:
    """The title, categories and values of a chart's series, as the chart has stored them."""
    parts: dict[str, list[str]] = {"tx": [], "cat": [], "val": [], "xVal": [], "yVal": []}
    for child in element:
        if local(child) in parts:
            parts[local(child)] = [value.text or "" for value in child.iter() if local(value) == "v"]
    return " ".join(parts["tx"]), parts["cat"] or parts["xVal"], parts["val"] or parts["yVal"]
