"""Texts nested without end, texts that slow an expression down, and texts in broken encodings."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .containers import WORDS, document, open_document, paragraph, slides, zipped

DEPTH = 100_000
WORD = WORDS.encode()
READ = "read"


def _mails() -> bytes:
    mail = f"Content-Type: text/plain\r\n\r\n{WORDS}".encode()
    for index in range(3000):
        head = f"Content-Type: multipart/mixed; boundary=b{index}\r\n\r\n--b{index}\r\n"
        mail = head.encode() + mail + f"\r\n--b{index}--\r\n".encode()
    return b"From: a@example.com\r\n" + mail


def _groups() -> bytes:
    """Shapes in groups in groups."""
    end = "x</a:t></a:r></a:p></p:txBody></p:sp>"
    inner = f"<p:sp><p:txBody><a:p><a:r><a:t>{WORDS}</a:t></a:r></a:p></p:txBody></p:sp>"
    after = "<p:sp><p:txBody><a:p><a:r><a:t>y"
    return zipped(slides(end + "<p:grpSp>" * 5000 + inner + "</p:grpSp>" * 5000 + after))


NESTED: Mapping[str, Callable[[], tuple[bytes, str]]] = {
    "a.xml": lambda: (b"<a>" * DEPTH + WORD + b"</a>" * DEPTH, READ),
    "div.html": lambda: (b"<html>" + b"<div>" * DEPTH + WORD, READ),
    "table.html": lambda: (b"<html>" + b"<table><tr><td>" * DEPTH + WORD, READ),
    "list.html": lambda: (b"<html>" + b"<ul><li>" * DEPTH + WORD, READ),
    "font.html": lambda: (b"<html>" + b"<font><a>" * DEPTH + WORD, READ),
    "quote.md": lambda: (b"> " * DEPTH + WORD, READ),
    "bracket.md": lambda: (b"[" * DEPTH + WORD + b"]" * DEPTH, READ),
    "star.md": lambda: (b"*_" * DEPTH + WORD, READ),
    "fence.md": lambda: (b"`" * DEPTH + b" " + WORD, READ),
    "list.md": lambda: (b"".join(b" " * (2 * depth) + b"- x\n" for depth in range(1000)) + WORD, READ),
    "bars.md": lambda: (b"|" * DEPTH + b"\n" + b"|-" * DEPTH + b"\n" + WORD, READ),
    "a.json": lambda: (b'{"a":' * DEPTH + b'"' + WORD + b'"' + b"}" * DEPTH, READ),
    "a.yaml": lambda: (b"[" * DEPTH + WORD, READ),
    "a.rtf": lambda: (b"{\\rtf1 " + b"{" * DEPTH + WORD + b"}" * DEPTH + b"}", READ),
    "brace.tex": lambda: (b"{" * DEPTH + WORD + b"}" * DEPTH, READ),
    "emph.tex": lambda: (b"\\emph{" * DEPTH + WORD + b"}" * DEPTH, READ),
    "a.eml": lambda: (_mails(), "corrupt"),
    "a.pptx": lambda: (_groups(), "corrupt"),
    "a.docx": lambda: (
        zipped(document("<w:tbl><w:tr><w:tc>" * 20000 + paragraph() + "</w:tc></w:tr></w:tbl>" * 20000)),
        "too_large",
    ),
    "a.odt": lambda: (
        zipped(open_document("<text:section>" * 50000 + WORDS + "</text:section>" * 50000)),
        "too_large",
    ),
}
TEDIOUS: Mapping[str, Callable[[], bytes]] = {
    "stops.txt": lambda: b". " * 300_000 + b"\n\n" + WORD,
    "signs.txt": lambda: b"!?.)'" * 100_000 + b"\n\n" + WORD,
    "letters.txt": lambda: b"a" * 1_000_000 + b"\n\n" + WORD,
    "blanks.txt": lambda: b" " * 3_000_000 + WORD,
    "lines.md": lambda: b"a\n" * 100_000 + WORD,
    "dashes.md": lambda: b"- " * 300_000 + b"\n\n" + WORD,
    "hashes.md": lambda: b"#" * 300_000 + b"\n" + WORD,
    "rows.md": lambda: (b"|a" * 50 + b"\n") * 5000 + b"\n" + WORD,
    "underlines.md": lambda: b"a\n---\n\n" * 60_000 + WORD,
    "rulings.md": lambda: b"|a|\n" + b"|-|\n" * 60_000 + b"\n" + WORD,
    "fences.md": lambda: b"```\n# a\n```\n# b\n" * 20_000 + WORD,
    "rules.rst": lambda: (b"=" * 50 + b"\n") * 10_000 + b"\n" + WORD,
    "comments.html": lambda: b"<html>" + b"<!--" * 200_000 + WORD,
    "deep_comments.html": lambda: b"<html>" + b"<i>" * 6000 + b"<!--" * 200_000 + WORD,
    "scripts.html": lambda: b"<html>" + b"<b>" * 6000 + b"<script" * 100_000 + b">\n" + WORD,
    "tags.html": lambda: b"<html>" + b"<meta " * 50_000 + b">" + WORD,
    "declaration.xml": lambda: b"<?xml " + b" " * 500_000 + b"?><a>" + WORD + b"</a>",
    "open.xml": lambda: b"<a>" + b"<" * 200_000 + b"\n" + WORD,
    "tables.tex": lambda: b"\\begin{tabular}{l}" * 20_000 + WORD,
    "options.tex": lambda: b"\\begin{tabular}[" * 20_000 + WORD,
    "cites.tex": lambda: b"\\cite[" * 50_000 + WORD,
    "sections.tex": lambda: b"\\section{" * 20_000 + WORD,
    "items.tex": lambda: b"\\item[" * 50_000 + WORD,
    "commands.tex": lambda: b"\\index" * 50_000 + b" " + WORD,
    "field.eml": lambda: b"From: " + b" " * 300_000 + b"\n\n" + WORD,
    "words.eml": lambda: b"From: a@example.com\nSubject: " + b"=?utf-8?q?" * 20_000 + b"\n\n" + WORD,
    "fields.eml": lambda: b"From: a@example.com\n" + b"X-A: b\n" * 50_000 + b"\n" + WORD,
    "quote.csv": lambda: b'a,b\n"' + b"c,d\n" * 300_000 + WORD,
    "wide.csv": lambda: b"," * 500_000 + WORD,
    "columns.csv": lambda: b"a\n" * 5000 + b"," * 100_000 + b"\n" + WORD,
}
ENCODED: Mapping[str, tuple[bytes, str]] = {
    "cut.txt": (WORD + " — Größe".encode()[:-1], READ),
    "mixed.txt": ((f"{WORDS} Größe " * 20).encode() + b"\xff", READ),
    "odd.txt": (WORDS.encode("utf-16")[:-1], "text without the words: 'The lantern stands on the third shelf'"),
    "surrogate.txt": (f"\ufeff{WORDS}".encode("utf-16-le") + b"\x00\xd8\x41\x00", READ),
    "utf7.html": (b"<html><meta charset=utf-7><p>+ADw-script+AD4- " + WORD, READ),
    "unknown.xml": (b'<?xml version="1.0" encoding="rot13"?><a>' + WORD + b"</a>", READ),
    "wrong.xml": (b'<?xml version="1.0" encoding="utf-16"?><a>' + WORD + b"</a>", READ),
    "nul.txt": (bytes(50_000), "unsupported"),
    "lone.csv": (b"\xff\xfe" + b"\x00\xd8" * 500, "no_text"),
}
