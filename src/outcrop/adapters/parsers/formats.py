"""Media types by file extension, and which of them are text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

OOXML = "application/vnd.openxmlformats-officedocument"
ODF = "application/vnd.oasis.opendocument"
DOCX, PPTX, XLSX = (
    f"{OOXML}.wordprocessingml.document",
    f"{OOXML}.presentationml.presentation",
    (f"{OOXML}.spreadsheetml.sheet"),
)
ODT, ODP, ODS = f"{ODF}.text", f"{ODF}.presentation", f"{ODF}.spreadsheet"
DOC, PPT, XLS = "application/msword", "application/vnd.ms-powerpoint", "application/vnd.ms-excel"
XLSB, MSG = "application/vnd.ms-excel.sheet.binary.macroenabled.12", "application/vnd.ms-outlook"
EPUB, RTF, PDF = "application/epub+zip", "application/rtf", "application/pdf"
EML, MHTML = "message/rfc822", "multipart/related"
HTML, XML, JSON, JSONL, YAML = (
    "text/html",
    "application/xml",
    "application/json",
    "application/jsonl",
    "application/yaml",
)
NOTEBOOK, TEX = "application/x-ipynb+json", "application/x-tex"
MATHPIX = "text/x-mathpix-markdown"  # Markdown in which sections, formulas and tables may be LaTeX's
PLAIN, MARKDOWN, CSV, TSV, CODE = (
    "text/plain",
    "text/markdown",
    "text/csv",
    "text/tab-separated-values",
    "text/x-code",
)

CODE_EXTENSIONS = (
    "py", "pyi", "js", "mjs", "cjs", "ts", "tsx", "jsx", "java", "kt", "kts", "scala", "go", "rs", "c", "h",
    "cc", "cpp", "cxx", "hpp", "cs", "swift", "rb", "php", "pl", "pm", "lua", "r", "jl", "sql", "sh", "bash",
    "zsh", "fish", "ps1", "bat", "cmd", "css", "scss", "less", "vue", "svelte", "tf", "hcl", "proto",
    "graphql", "gradle", "groovy", "dart", "ex", "exs", "erl", "hs", "clj", "ml", "fs", "vb", "vbs", "asm",
    "s", "f", "f90", "m", "mm", "nim", "zig", "v", "sv", "vhd", "cmake", "mk", "diff", "patch",
)  # fmt: skip

# Formats whose bytes are text: content alone cannot tell them apart, so the extension does.
TEXT_TYPES: Mapping[str, str] = {
    **dict.fromkeys(("txt", "text", "log", "ini", "cfg", "conf", "properties", "srt", "vtt", "asc"), PLAIN),
    **dict.fromkeys(("md", "markdown", "mdown", "mkd", "mdx", "qmd", "rmd"), MARKDOWN),
    "mmd": MATHPIX,
    **dict.fromkeys(("rst", "rest"), "text/x-rst"),
    **dict.fromkeys(("adoc", "asciidoc"), "text/asciidoc"),
    "org": "text/org",
    "csv": CSV,
    **dict.fromkeys(("tsv", "tab"), TSV),
    **dict.fromkeys(("json", "geojson", "jsonld", "webmanifest"), JSON),
    **dict.fromkeys(("jsonl", "ndjson"), JSONL),
    **dict.fromkeys(("xml", "xsd", "xsl", "xslt", "rss", "atom", "svg", "kml", "gpx", "opml", "wsdl", "dita"), XML),
    **dict.fromkeys(("yaml", "yml"), YAML),
    "toml": "application/toml",
    **dict.fromkeys(("html", "htm", "xhtml", "xht", "shtml"), HTML),
    **dict.fromkeys(("mhtml", "mht"), MHTML),
    "eml": EML,
    "ipynb": NOTEBOOK,
    **dict.fromkeys(("tex", "latex", "ltx"), TEX),
    "rtf": RTF,
    **dict.fromkeys(CODE_EXTENSIONS, CODE),
}
# Formats whose bytes are not text: the content is looked at first.
BINARY_TYPES: Mapping[str, str] = {
    "pdf": PDF,
    **dict.fromkeys(("docx", "docm", "dotx", "dotm"), DOCX),
    **dict.fromkeys(("doc", "dot"), DOC),
    **dict.fromkeys(("pptx", "pptm", "ppsx", "ppsm", "potx", "potm"), PPTX),
    **dict.fromkeys(("ppt", "pps", "pot"), PPT),
    **dict.fromkeys(("xlsx", "xlsm", "xltx", "xltm", "xlam"), XLSX),
    "xlsb": XLSB,
    **dict.fromkeys(("xls", "xlt"), XLS),
    **dict.fromkeys(("odt", "ott"), ODT),
    **dict.fromkeys(("ods", "ots"), ODS),
    **dict.fromkeys(("odp", "otp"), ODP),
    "epub": EPUB,
    "msg": MSG,
    "png": "image/png",
    **dict.fromkeys(("jpg", "jpeg", "jpe", "jfif"), "image/jpeg"),
    **dict.fromkeys(("tif", "tiff"), "image/tiff"),
    "bmp": "image/bmp",
    "gif": "image/gif",
    "webp": "image/webp",
}
BY_EXTENSION: Mapping[str, str] = {**TEXT_TYPES, **BINARY_TYPES}
# Files that are known by their whole name.
BY_NAME: Mapping[str, str] = {
    **dict.fromkeys(("readme", "license", "licence", "copying", "authors", "notice", "changelog", "changes"), PLAIN),
    **dict.fromkeys(("makefile", "dockerfile", "jenkinsfile", "vagrantfile", "rakefile", "gemfile"), CODE),
}
LOCK_PREFIXES = ("~$", ".~lock.")  # what an office program leaves beside a file that is open


def by_name(name: str) -> str | None:
    """The media type that a file's name stands for, if it is one that Outcrop reads."""
    file = PurePosixPath(name.replace("\\", "/")).name.lower()
    if file.startswith(LOCK_PREFIXES):
        return None
    return BY_NAME.get(file) or BY_EXTENSION.get(file.rpartition(".")[2] if "." in file[1:] else "")


def supported(name: str) -> bool:
    """Whether a file of this name may be a document."""
    return by_name(name) is not None


# Other names of media types, as browsers, mail programs and libraries write them.
ALIASES: Mapping[str, str] = {
    **dict.fromkeys(("text/x-markdown", "text/vnd.markdown"), MARKDOWN),
    **dict.fromkeys(("application/csv", "text/x-csv", "text/comma-separated-values"), CSV),
    **dict.fromkeys(("text/xml", "image/svg+xml", "application/rss+xml", "application/atom+xml"), XML),
    **dict.fromkeys(("text/yaml", "text/x-yaml", "application/x-yaml"), YAML),
    **dict.fromkeys(("application/x-ndjson", "application/x-jsonlines", "application/jsonlines"), JSONL),
    **dict.fromkeys(("text/json", "application/ld+json", "application/geo+json"), JSON),
    **dict.fromkeys(("text/rtf", "application/x-rtf"), RTF),
    **dict.fromkeys(("text/x-tex", "application/x-latex", "text/x-latex"), TEX),
    "application/xhtml+xml": HTML,
    "application/x-pdf": PDF,
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-ms-bmp": "image/bmp",
}


def named(name: str, media_type: str) -> str:
    """The name under which a file is read as this media type; unchanged for a type that is not known."""
    bare = media_type.partition(";")[0].strip().lower()
    wanted = ALIASES.get(bare, bare)
    if by_name(name) == wanted:
        return name
    extension = next((one for one, known in BY_EXTENSION.items() if known == wanted), None)
    return name if extension is None else f"{name}.{extension}"
