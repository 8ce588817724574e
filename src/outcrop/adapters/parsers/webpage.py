"""HTML: decoded by us, freed of what surrounds the content, and walked for its headings, lists and tables.

The tree is walked by ourselves rather than turned into Markdown by a library, so that the text is what a reader
sees (no escapes, no link targets) and every heading and table is where the builder put it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING

from outcrop.adapters.parsers.builder import DocumentBuilder, Origin
from outcrop.adapters.parsers.decode import declared_encoding, decode
from outcrop.adapters.parsers.families import with_libraries
from outcrop.adapters.parsers.formats import HTML
from outcrop.adapters.parsers.markup import Walker
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.core.parsed import Blob, ParsedDocument

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_DEPTH = 5000  # deeper trees take the tree builder a time that grows with the square of their depth
DEPTH_FROM = 5000  # tags from which on the depth is looked at
VOID = frozenset((
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
))  # fmt: skip
# Elements that their parents' end tags, or their siblings, end.
ENDED = VOID | frozenset((
    "p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "optgroup", "colgroup", "rp",
    "rt",
))  # fmt: skip
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
SELF_CLOSED = re.compile(r"<([a-zA-Z][\w:-]*)((?:\s[^<>]*?)?)/>")
MARKUP = re.compile(r"<[^<>]{0,5000}>")
UNSHOWN = (("<!--", "-->"), ("<script", "</script"), ("<style", "</style"))

NOISE = (
    "script, style, noscript, template, iframe, object, embed, applet, svg, canvas, audio, video, map, nav, "
    "aside, button, select, textarea, input, datalist, dialog, menu, [hidden], [aria-hidden='true'], "
    "[role='navigation'], [role='search'], [role='banner'], [role='contentinfo'], [role='complementary'], "
    "[role='dialog'], .headerlink, .mw-editsection, .skip-link, .sr-only, .visually-hidden, annotation, "
    "annotation-xml, rt, rp"
)
SURROUNDINGS = "header, footer"
WORDS = (
    r"nav|navbar|navigation|menu|sidebar|breadcrumbs?|footer|masthead|cookies?|consent|advert(?:s|isement)?|ads?|promo"
    r"|share|sharing|social|related|recommended|newsletter|subscribe|popup|modal|pagination|pager|toolbar|skip"
)
NOISY_NAME = re.compile(rf"(?:^|[\s_-])(?:{WORDS})(?:$|[\s_-])", re.IGNORECASE)
HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
MAIN = "main, [role='main'], article"
LONG_TEXT = 400  # characters; a banner or a menu of so many is made of links
MOSTLY_LINKS = 0.4  # of an element's characters
LEAST_KEPT = 0.25  # of the text; where less is left, what was taken away was the content


@dataclass(slots=True)
class PageFacts:
    """What a page says of itself."""

    title: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


class WebpageParser:
    """HTML and XHTML pages."""

    media_types = frozenset({HTML})

    def __init__(self, options: ParseOptions) -> None:
        self._options = options
        self.version = with_libraries("webpage/1", "selectolax", "charset-normalizer")

    def parse(self, blob: Blob) -> ParsedDocument:
        """The content of the page, with its headings and tables."""
        data = blob.read()
        decoded = decode(data, declared_encoding(data))
        builder = DocumentBuilder()
        facts = append_page(builder, decoded.text)
        origin = Origin(blob.media_type or HTML, self.version, facts.title, facts.metadata, facts.warnings)
        origin.metadata["encoding"] = decoded.encoding
        origin.warnings.extend(decoded.warnings)
        return builder.build(origin)


def append_page(builder: DocumentBuilder, text: str, *, whole: bool = False) -> PageFacts:
    """Append the content of an HTML page; `whole` where nothing surrounds it, as in a book or a mail."""
    from selectolax.lexbor import LexborHTMLParser

    if too_deep(text):
        builder.block(without_markup(text))
        return PageFacts(warnings=["The page is nested too deeply; its text was read without headings and tables."])
    text = expanded(text)
    tree = LexborHTMLParser(text)
    facts = _facts(tree)
    before = builder.position
    Walker(builder).walk(_content(tree, whole=whole))
    if builder.position == before:
        builder.block(without_markup(text))
    return facts


def expanded(text: str) -> str:
    """XHTML with `<a/>` written as `<a></a>`, which HTML's rules would read as never closed."""
    if "<?xml" not in text[:200] and "XHTML" not in text[:500] and "/1999/xhtml" not in text[:2000]:
        return text
    return SELF_CLOSED.sub(lambda m: m[0] if m[1].lower() in VOID else f"<{m[1]}{m[2]}></{m[1]}>", text)


def too_deep(text: str) -> bool:
    """Whether elements are nested deeper than MAX_DEPTH."""
    if text.count("<") < DEPTH_FROM:
        return False
    depth = 0
    for closing, name in TAG.findall(text):
        if name.lower() not in ENDED:
            depth = max(depth - 1, 0) if closing else depth + 1
            if depth > MAX_DEPTH:
                return True
    return False


def without_markup(text: str) -> str:
    """The text between tags, its lines trimmed."""
    for opening, closing in UNSHOWN:
        text = _without(text, opening, closing)
    lines = (" ".join(line.split()) for line in unescape(MARKUP.sub("\n", text)).split("\n"))
    return "\n".join(line for line in lines if line)


def _without(text: str, opening: str, closing: str) -> str:
    """The text without what stands from one mark to the next other one; of one that is never closed, all is kept.

    A regular expression would look for the end anew from each mark.
    """
    lowered = text.lower()
    if len(lowered) != len(text):  # a letter whose small form is longer: the places would not agree
        lowered = text
    kept, position = [], 0
    while (start := lowered.find(opening, position)) >= 0 and (end := lowered.find(closing, start)) >= 0:
        kept += [text[position:start], "\n"]
        position = end + len(closing)
    return "".join([*kept, text[position:]])


def _facts(tree: LexborHTMLParser) -> PageFacts:
    facts = PageFacts()
    names = {
        (node.attributes.get("name") or node.attributes.get("property") or "").lower(): node.attributes.get("content")
        for node in tree.css("meta")
    }
    title = tree.css_first("head title, title")
    heading = tree.css_first("h1")
    facts.title = (
        (title.text() if title is not None else "").strip()
        or names.get("og:title")
        or (heading.text().strip() if heading is not None else None)
    )
    root = tree.css_first("html")
    language = root.attributes.get("lang") or root.attributes.get("xml:lang") if root is not None else None
    for key, value in {
        "author": names.get("author") or names.get("article:author"),
        "description": names.get("description") or names.get("og:description"),
        "date": names.get("date") or names.get("article:published_time"),
        "language": language,
    }.items():
        if value:
            facts.metadata[key] = value
    return facts


def _content(tree: LexborHTMLParser, *, whole: bool) -> LexborNode | None:
    """The node that holds the content, freed of what is not shown and, unless `whole`, of what surrounds it."""
    for name in ("script", "style", "noscript", "template"):
        for node in tree.css(name):
            node.decompose()
    body = tree.body or tree.root
    if whole or body is None:
        return body
    everything = body.clone()
    size = _size(body)
    _prune(body)
    main = _main(body)
    if main is not None and _size(main) >= (size * LEAST_KEPT if main.tag == "article" else 1):
        return main
    return body if _size(body) >= size * LEAST_KEPT else everything


def _size(node: LexborNode) -> int:
    return len("".join(node.text().split()))


def _prune(body: LexborNode) -> None:
    for node in body.css(NOISE):
        node.decompose()
    for node in body.css(SURROUNDINGS):
        if not _within(node, ("article", "main", "section")) and node.css_first("h1") is None:
            node.decompose()
    for node in body.css("[class], [id], [style]"):
        attributes = node.attributes
        if node.tag in {"body", "main", "article", "section"} or node.css_first("main, article, h1") is not None:
            continue
        names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
        if HIDDEN_STYLE.search(attributes.get("style") or "") or (NOISY_NAME.search(names) and _is_thin(node)):
            node.decompose()


def _is_thin(node: LexborNode) -> bool:
    """Whether an element holds little but links: a name alone may be that of a chapter on menus."""
    size = _size(node)
    return size < LONG_TEXT or sum(map(_size, node.css("a"))) > size * MOSTLY_LINKS


def _within(node: LexborNode, tags: tuple[str, ...]) -> bool:
    parent = node.parent
    while parent is not None:
        if parent.tag in tags:
            return True
        parent = parent.parent
    return False


def _main(body: LexborNode) -> LexborNode | None:
    """The element that says that it is the content, if there is just one such outermost."""
    found = [node for node in body.css(MAIN) if not _within(node, ("main", "article"))]
    return found[0] if len(found) == 1 else None
