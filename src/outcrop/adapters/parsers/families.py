"""Which parser reads which media type: a family of formats is a line.

A parser module costs nothing to import (its libraries are imported where they are used): the server asks it for its
version. A parser is made with the ParseOptions, once a process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib import import_module, metadata

from outcrop.adapters.parsers import formats
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.core.errors import Unreadable
from outcrop.core.protocols import Parser

PARSERS = "outcrop.adapters.parsers"
FAMILIES: Mapping[str, str] = {
    formats.PDF: f"{PARSERS}.pdf:PdfParser",
    "image/*": f"{PARSERS}.images:ImageParser",
    formats.HTML: f"{PARSERS}.webpage:WebpageParser",
    **dict.fromkeys((formats.CSV, formats.TSV), f"{PARSERS}.delimited:DelimitedParser"),
    **dict.fromkeys((formats.XLSX, formats.XLSB, formats.XLS, formats.ODS), f"{PARSERS}.sheets:SheetParser"),
    **dict.fromkeys(
        (formats.DOCX, formats.DOC, formats.ODT, formats.ODP, formats.RTF, formats.PPT, formats.MSG),
        f"{PARSERS}.office:OfficeParser",
    ),
    formats.PPTX: f"{PARSERS}.slides:SlideParser",
    **dict.fromkeys((formats.EML, formats.MHTML), f"{PARSERS}.mail:MailParser"),
    **dict.fromkeys((formats.JSON, formats.JSONL, formats.XML), f"{PARSERS}.structured:StructuredParser"),
    formats.NOTEBOOK: f"{PARSERS}.notebook:NotebookParser",
    formats.TEX: f"{PARSERS}.tex:TexParser",
    formats.EPUB: f"{PARSERS}.books:BookParser",
    **dict.fromkeys((formats.YAML, "application/toml"), f"{PARSERS}.text:TextParser"),
    "text/*": f"{PARSERS}.text:TextParser",  # every text type that has no line of its own
}


def parser_for(media_type: str, families: Mapping[str, str], options: ParseOptions) -> Parser:
    """The parser of a media type, made anew.

    Raises:
        Unreadable: No parser reads it (reason `unsupported`).
    """
    target = families.get(media_type) or families.get(f"{media_type.partition('/')[0]}/*")
    if target is None:
        raise Unreadable("unsupported", f"Outcrop does not read files of the type {media_type}.")
    module, _, name = target.partition(":")
    parser: Parser = getattr(import_module(module), name)(options)
    return parser


def parser_version(media_type: str, families: Mapping[str, str], options: ParseOptions) -> str:
    """The version of what reads a media type; where that is not known, of everything that reads."""
    if media_type in families or f"{media_type.partition('/')[0]}/*" in families:
        return parser_for(media_type, families, options).version
    digest = hashlib.sha256()
    for target in sorted(set(families.values())):
        first = next(key for key, value in families.items() if value == target)
        digest.update(parser_for(first, families, options).version.encode())
    return f"every/{digest.hexdigest()[:12]}"


def with_libraries(parser: str, *distributions: str) -> str:
    """A parser's version with those of the libraries that it is made of: "html/1 selectolax/1.0.2"."""
    return " ".join([parser, *(f"{name}/{metadata.version(name)}" for name in distributions)])
