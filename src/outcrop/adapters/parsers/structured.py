"""JSON, JSON lines and XML as text that a person can read, in which keys give values their context.

Each leaf is a line "key > inner key: value"; lists of records of one shape become tables.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from xml.etree.ElementTree import Element, ParseError  # types only; defusedxml parses

from outcrop.adapters.parsers.builder import DocumentBuilder, Origin
from outcrop.adapters.parsers.decode import declared_encoding, decode
from outcrop.adapters.parsers.families import with_libraries
from outcrop.adapters.parsers.formats import JSON, JSONL, XML
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.properties import ENTITIES, local, parse_xml
from outcrop.core.errors import Unreadable
from outcrop.core.parsed import Blob, ParsedDocument

TITLES = ("title", "name", "heading", "label", "subject")
WIDEST_TABLE = 40  # columns
LONGEST_CELL = 300  # characters; longer texts are paragraphs, not cells
DEEPEST = 100  # levels; what is deeper is written as JSON
MARKUP_NAMES = frozenset(
    {"p", "para", "li", "td", "th", "b", "i", "em", "strong", "span", "a", "code", "tt", "emphasis"}
)
NAMING = ("name", "id", "key", "code", "model", "version", "title", "number", "type")
MOST_PATH = 20  # elements above one that are remembered
DEEPEST_PATH = 4  # elements that are named before a value
LONGEST_LABEL = 60  # characters


class StructuredParser:
    """JSON, JSON lines and XML."""

    media_types = frozenset({JSON, JSONL, XML})

    def __init__(self, options: ParseOptions) -> None:
        self._options = options
        self.version = with_libraries("structured/1", "defusedxml", "charset-normalizer")

    def parse(self, blob: Blob) -> ParsedDocument:
        """Keys and values as text; what is not well-formed is given as it stands, with a warning."""
        data = blob.read()
        origin = Origin(blob.media_type or JSON, self.version)
        builder = DocumentBuilder()
        if origin.media_type == XML:
            _append_xml(builder, data, origin)
            return builder.build(origin)
        decoded = decode(data)
        origin.metadata["encoding"] = decoded.encoding
        origin.warnings.extend(decoded.warnings)
        try:
            value = _json_lines(decoded.text) if origin.media_type == JSONL else json.loads(decoded.text)
        except (ValueError, RecursionError) as error:
            origin.warnings.append(f"The file is not well-formed ({str(error)[:200]}); it was read as plain text.")
            builder.append(decoded.text)
            return builder.build(origin)
        if isinstance(value, Mapping) and isinstance(value.get("title"), str):
            origin.title = value["title"]
        append_value(builder, value)
        return builder.build(origin)


def _json_lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def append_value(builder: DocumentBuilder, value: Any) -> None:
    """Append a value of JSON."""
    for path, leaf in _leaves(value, (), 0):
        if isinstance(leaf, _Records):
            if path:
                builder.block(_path(path))
            builder.table(leaf.rows)
        else:
            builder.line(f"{_path(path)}: {_shown(leaf)}" if path else _shown(leaf))


class _Records:
    """A list of flat objects with the same keys, as rows under a header."""

    def __init__(self, records: Sequence[Mapping[str, Any]]) -> None:
        keys = list(dict.fromkeys(key for record in records for key in record))
        self.rows = [keys, *([_shown(record.get(key, "")) for key in keys] for record in records)]


def _leaves(value: Any, path: tuple[str, ...], depth: int) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each value that is shown with the keys that lead to it."""
    if depth > DEEPEST:
        yield path, json.dumps(value, ensure_ascii=False)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, str(key)), depth + 1)
    elif isinstance(value, list):
        yield from _items(value, path, depth)
    elif value is not None and value != "":
        yield path, value


def _items(value: list[Any], path: tuple[str, ...], depth: int) -> Iterator[tuple[tuple[str, ...], Any]]:
    """A list as a table, as one line, or item by item, numbered from 1."""
    if _is_records(value):
        yield path, _Records(value)
    elif all(not isinstance(item, Mapping | list) for item in value):
        if value:
            yield path, ", ".join(_shown(item) for item in value)
    else:
        for index, item in enumerate(value, 1):
            yield from _leaves(item, (*path[:-1], f"{path[-1] if path else 'item'} {index}"), depth + 1)


def _is_records(value: Sequence[Any]) -> bool:
    """Whether a list is better a table: several flat records, short values, keys mostly shared."""
    if len(value) < 2 or not all(isinstance(item, Mapping) and item for item in value):  # noqa: PLR2004 # one is none
        return False
    keys = {key for item in value for key in item}
    shared = sum(len(item) for item in value) >= len(keys) * len(value) / 2
    return len(keys) <= WIDEST_TABLE and shared and all(_is_short(leaf) for item in value for leaf in item.values())


def _is_short(leaf: Any) -> bool:
    return not isinstance(leaf, Mapping | list) and len(str(leaf)) <= LONGEST_CELL


def _path(path: tuple[str, ...]) -> str:
    return " > ".join(path)


def _shown(leaf: Any) -> str:
    if isinstance(leaf, bool):
        return "true" if leaf else "false"
    if isinstance(leaf, float) and leaf.is_integer() and abs(leaf) < 1e15:  # noqa: PLR2004 # exact up to there
        return str(int(leaf))
    return "" if leaf is None else str(leaf)


def _append_xml(builder: DocumentBuilder, data: bytes, origin: Origin) -> None:
    from defusedxml import DefusedXmlException

    decoded = decode(data, declared_encoding(data))
    origin.metadata["encoding"] = decoded.encoding
    text = re.sub(r"\A\s*<\?xml[^>]*\?>", "", decoded.text)  # it is decoded: the declaration no longer holds
    try:
        root = parse_xml(text)
    except DefusedXmlException as error:
        raise Unreadable("unsupported", ENTITIES) from error
    except ParseError as error:
        origin.warnings.append(f"The file is not well-formed XML ({error}); its text was read without its structure.")
        builder.block(re.sub(r"<[^<>]{0,5000}>", " ", text))
        return
    title = next((element.text for element in islice(root.iter(), 200) if local(element) == "title"), None)
    origin.title = title.strip() if title else None
    _append_element(builder, root)


def _append_element(builder: DocumentBuilder, root: Element) -> None:
    """Append a tree without recursion; text within running text stays together."""
    pending: list[tuple[Element, tuple[str, ...]]] = [(root, ())]
    while pending:
        element, path = pending.pop()
        here = (*path[-MOST_PATH:], _label(element))
        attributes = _attributes(element)
        records = _xml_records(element)
        if _is_running_text(element):
            words = " ".join("".join(element.itertext()).split())
            _append_leaf(builder, here, f"{words} ({attributes})" if words and attributes else words or attributes)
            continue
        if attributes:
            _append_leaf(builder, here, attributes)
        if records is not None:
            builder.block(_path(here))
            builder.table(_Records(records).rows)
            continue
        pending.extend((child, here) for child in reversed(element))


def _attributes(element: Element) -> str:
    return ", ".join(f"{key.rpartition('}')[2]} {value}" for key, value in element.attrib.items() if value)


def _label(element: Element) -> str:
    """The name of an element, and of a container also the attribute that tells it from its like."""
    naming = next((element.attrib[name] for name in NAMING if element.get(name)), "")
    return f"{local(element)} {naming}" if len(element) and 0 < len(naming) <= LONGEST_LABEL else local(element)


def _append_leaf(builder: DocumentBuilder, path: tuple[str, ...], words: str) -> None:
    if not words:
        return
    if path and path[-1].lower() in TITLES and len(words) <= LONGEST_CELL:
        builder.heading(words, min(len(path), 6))
    elif path and path[-1].lower() in MARKUP_NAMES:
        builder.block(words)
    else:
        builder.line(f"{_path(path[-DEEPEST_PATH:])}: {words}" if path else words)


def _is_running_text(element: Element) -> bool:
    """Whether an element is a text, perhaps with words set off in it, rather than a container of others."""
    if len(element) == 0:
        return True
    tails = "".join((child.tail or "") for child in element) + (element.text or "")
    return bool(tails.strip())


def _xml_records(element: Element) -> list[dict[str, str]] | None:
    """The children of an element as records, if they are all of one name and flat."""
    if len(element) < 2 or len({child.tag for child in element}) != 1:  # noqa: PLR2004 # one is no table
        return None
    records = [_record(child) for child in element]
    found = [record for record in records if record is not None]
    return found if len(found) == len(records) and _is_records(found) else None


def _record(element: Element) -> dict[str, str] | None:
    fields = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
    for child in element:
        if len(child) or local(child) in fields:
            return None
        words, attributes = " ".join((child.text or "").split()), _attributes(child)
        fields[local(child)] = f"{words} ({attributes})" if words and attributes else words or attributes
    if len(element) == 0 and element.text and element.text.strip():
        fields[local(element)] = element.text.strip()
    return fields or None
