"""Which files of a folder are meant: include and exclude patterns, and the litter that is never a document."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from outcrop.core.errors import Invalid

MAX_LENGTH = 1000
# Names that editors and operating systems leave behind, in lower case.
LITTER_NAMES = frozenset(
    {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "$recycle.bin", "system volume information",
     "lost+found", "@eadir", "#recycle"}
)  # fmt: skip
LITTER = re.compile(
    r"^(~\$|\.~lock\.|#.*#$)|(~|\.sw[op]|\.tmp|\.temp|\.part|\.partial|\.crdownload|\.download)$", re.IGNORECASE
)


def is_litter(name: str) -> bool:
    """Whether a file or folder of this name is hidden, or left behind by an editor or the operating system."""
    return name.startswith(".") or name.lower() in LITTER_NAMES or LITTER.search(name) is not None


@dataclass(frozen=True, slots=True)
class Patterns:
    """Compiled include and exclude patterns.

    `*` is any part of a name, `**` any folders, `?` one character, `[abc]` one of these. A pattern without a slash
    means the name at any depth, one with a slash the path from the root. Case does not matter. A pattern that
    matches a folder means all that is in it.
    """

    include: tuple[re.Pattern[str], ...]
    exclude: tuple[re.Pattern[str], ...]

    @classmethod
    def of(cls, include: Sequence[str], exclude: Sequence[str]) -> Patterns:
        """Patterns from texts. Raises Invalid for one that cannot be read."""
        return cls(tuple(map(_compiled, include)), tuple(map(_compiled, exclude)))

    def wanted(self, path: str) -> bool:
        """Whether the file at a path below the root (with slashes) is meant."""
        if self.excluded(path):
            return False
        return not self.include or any(_above_matches(pattern, path) for pattern in self.include)

    def excluded(self, path: str) -> bool:
        """Whether a file or folder, or one of the folders above it, is left out."""
        return any(_above_matches(pattern, path) for pattern in self.exclude)


def _above_matches(pattern: re.Pattern[str], path: str) -> bool:
    parts = path.split("/")
    return any(pattern.fullmatch("/".join(parts[:end])) for end in range(len(parts), 0, -1))


def _compiled(text: object) -> re.Pattern[str]:
    if not isinstance(text, str) or not text.strip("/") or len(text) > MAX_LENGTH or "\0" in text:
        raise Invalid(f"{text!r:.100} is no pattern. Write one such as *.pdf, drafts/ or reports/**/2026-*.docx")
    anchored = "/" in text.rstrip("/")
    body = "".join(_token(match) for match in _TOKENS.finditer(text.strip("/")))
    try:
        return re.compile(body if anchored else f"(?:.*/)?{body}", re.IGNORECASE | re.DOTALL)
    except re.error as error:
        raise Invalid(f"The pattern {text!r:.100} cannot be read: {error}.") from error


_TOKENS = re.compile(
    r"(?P<deep>\*\*/)|(?P<rest>\*\*)|(?P<star>\*+)|(?P<one>\?)|(?P<set>\[[!^]?\]?[^\]/]*\])|(?P<plain>.)", re.DOTALL
)


def _token(match: re.Match[str]) -> str:
    """One part of a pattern as a regular expression."""
    kind, text = match.lastgroup, match.group()
    if kind == "deep":
        return "(?:[^/]*/)*"
    if kind == "set":
        inner = text[1:-1]
        negated = inner[:1] in ("!", "^")
        return f"(?!/)[{'^' if negated else ''}{re.escape(inner[negated:]).replace(chr(92) + '-', '-')}]"
    return {"rest": ".*", "star": "[^/]*", "one": "[^/]"}.get(str(kind), re.escape(text))
