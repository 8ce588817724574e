"""LaTeX: its text as it is, with its sections as headings; formulas are left untouched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from outcrop.adapters.parsers.builder import DocumentBuilder, Origin
from outcrop.adapters.parsers.decode import decode
from outcrop.adapters.parsers.families import with_libraries
from outcrop.adapters.parsers.formats import TEX
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.core.parsed import Blob, ParsedDocument

LEVELS: Mapping[str, int] = {
    "part": 1,
    "chapter": 1,
    "section": 1,
    "subsection": 2,
    "subsubsection": 3,
    "paragraph": 4,
    "subparagraph": 5,
}
COMMENT = re.compile(r"(?<!\\)%[^\n]*")
BODY = re.compile(r"\\begin\{document\}(.*?)(?:\\end\{document\}|\Z)", re.DOTALL)
# What is bounded here would, in a file made for it, be looked for to the end from each place where it may begin.
OPTION = r"(?:\[[^\]\n]{0,500}\])?"
BRACED = r"\{((?:[^{}]|\{(?:[^{}]|\{[^{}]{0,2000}\}){0,2000}\}){0,4000})\}"
SECTION = re.compile(rf"\\({'|'.join(LEVELS)})\*?{OPTION}{BRACED}")
FIELD = re.compile(rf"\\(title|author|date){OPTION}{BRACED}")
FORMATTING = re.compile(
    r"\\(?:emph|textbf|textit|texttt|textsc|textsf|textrm|underline|mbox|text)\{([^{}]*)\}"  # what they hold is text
)
DROPPED = re.compile(
    r"\\(?:label|vspace|hspace|includegraphics|bibliographystyle|bibliography|usepackage|pagestyle|thispagestyle"
    r"|setcounter|setlength|centering|maketitle|tableofcontents|newpage|clearpage|noindent|small|footnotesize|index)"
    rf"\b\*?{OPTION}(?:\{{[^{{}}]*\}})*"
)
ENVIRONMENT = re.compile(
    r"\\(?:begin|end)\{(?!equation|align|gather|multline|eqnarray|math|displaymath|cases|[bpv]?matrix)"
    rf"[^{{}}\n]{{0,100}}\}}{OPTION}(?:\{{[lcr|@{{}}p.\d\s]{{0,300}}\}})?"
)
ITEM = re.compile(r"\\item(?:\[([^\]\n]{0,500})\])?[ \t]*")
REFERENCE = re.compile(r"\\(?:cite[pt]?|ref|eqref|autoref|cref|Cref)\*?(?:\[[^\[\]]{0,500}\]){0,3}\{([^{}]*)\}")
ESCAPED = re.compile(r"\\([%&#_{}$])")
AND = re.compile(r"\s*\\and\b")
TABULAR = re.compile(
    rf"\\begin\{{(tabular[x*]?|longtable)\}}{OPTION}(?:\{{[^{{}}]{{0,300}}\}})?\{{(?:[^{{}}]|\{{[^{{}}]{{0,300}}\}}){{0,300}}\}}"
)
WRAPPER = re.compile(r"\\(?:begin|end)\{(?:table|center|figure|abstract)\*?\}(?:\[[^\]\n]{0,20}\])?|\\centering\b")
RULES = re.compile(r"\\(?:hline|toprule|midrule|bottomrule|cline\{[^}]*\}|cmidrule(?:\([^)]*\))?\{[^}]*\})")
ROW_END = re.compile(r"\\\\(?:\[[^\]]*\])?")
CELL_END = re.compile(r"(?<!\\)&")
BLANK = re.compile(r"\n[ \t]*\n\s*")


class TexParser:
    """LaTeX sources."""

    media_types = frozenset({TEX})

    def __init__(self, options: ParseOptions) -> None:
        self._options = options
        self.version = with_libraries("tex/1", "charset-normalizer")

    def parse(self, blob: Blob) -> ParsedDocument:
        """The body of the document, or the whole file where it is a part of one."""
        decoded = decode(blob.read())
        text = COMMENT.sub("", decoded.text)
        origin = Origin(TEX, self.version, metadata={"encoding": decoded.encoding})
        for name, value in FIELD.findall(text):
            if name == "title":
                origin.title = words(value)
            elif words(value):
                origin.metadata.setdefault("created" if name == "date" else name, words(value))
        body = BODY.search(text)
        builder = DocumentBuilder()
        _append(builder, FIELD.sub("", body[1] if body else text))
        return builder.build(origin)


def _append(builder: DocumentBuilder, text: str) -> None:
    position = 0
    for found in SECTION.finditer(text):
        _paragraphs(builder, text[position : found.start()])
        builder.heading(words(found[2]), LEVELS[found[1]])
        position = found.end()
    _paragraphs(builder, text[position:])


def _paragraphs(builder: DocumentBuilder, text: str) -> None:
    """Append what stands between two headings: paragraphs and tables."""
    position = 0
    for start, inner, end in _tabulars(text):
        _prose(builder, text[position:start])
        builder.table([row for row in _cells(inner) if any(row)])
        position = end
    _prose(builder, text[position:])


def as_markdown(text: str) -> str:
    """Markdown whose sections and tables may be LaTeX's (Mathpix Markdown) as Markdown alone."""
    parts: list[str] = []
    position = 0
    for start, inner, end in _tabulars(text):
        builder = DocumentBuilder()
        builder.table([row for row in _cells(inner) if any(row)])
        parts += [text[position:start].rstrip(), "\n\n", builder.build(Origin(TEX, "")).text, "\n\n"]
        position = end
    whole = "".join([*parts, text[position:].lstrip("\n") if position else text])
    whole = SECTION.sub(lambda found: f"\n{'#' * (LEVELS[found[1]] + 1)} {words(found[2])}\n", whole)
    return WRAPPER.sub("", FIELD.sub(lambda found: f"\n# {words(found[2])}\n" if found[1] == "title" else "", whole))


def _cells(inner: str) -> list[list[str]]:
    return [[words(cell) for cell in CELL_END.split(row)] for row in ROW_END.split(RULES.sub("", inner))]


def _tabulars(text: str) -> Iterator[tuple[int, str, int]]:
    """Where each table begins, what it holds, and where it ends; one that is never ended is none."""
    position = 0
    while (found := TABULAR.search(text, position)) is not None:
        ending = f"\\end{{{found[1]}}}"
        end = text.find(ending, found.end())
        if end < 0:
            return
        yield found.start(), text[found.end() : end], end + len(ending)
        position = end + len(ending)


def _prose(builder: DocumentBuilder, text: str) -> None:
    for paragraph in BLANK.split(readable(text)):
        lines = [" ".join(line.split()) for line in paragraph.split("\n")]
        builder.block("\n".join(line for line in lines if line))


def readable(text: str) -> str:
    """LaTeX without the commands that set type; formulas keep theirs."""
    text = FORMATTING.sub(r"\1", FORMATTING.sub(r"\1", text))
    text = ITEM.sub(
        lambda found: f"\n- {found[1]} " if found[1] else "\n- ", ENVIRONMENT.sub("", DROPPED.sub("", text))
    )
    text = REFERENCE.sub(r"[\1]", text)
    return ESCAPED.sub(r"\1", text.replace("~", " ").replace("``", "\u201c").replace("''", "\u201d"))


def words(text: str) -> str:
    """A title or name on one line."""
    return " ".join(readable(AND.sub(",", text.replace("\\\\", " "))).split())
