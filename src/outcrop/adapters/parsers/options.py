"""What the parse processes are told of the settings; it crosses their command line as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from outcrop.core.settings import Settings

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseOptions:
    """The limits of one document, and whether pages without a text layer are read by OCR."""

    ocr: bool = True
    seconds: int = 120  # wall time
    memory_mb: int = 2048  # address space of a parse process
    max_file_mb: int = 200
    careful: bool = False  # leave out libraries that the file has broken once

    @classmethod
    def of(cls, settings: Settings) -> ParseOptions:
        """The options that the settings ask for."""
        return cls(
            ocr=settings.ocr == "auto",
            seconds=settings.parse_seconds,
            memory_mb=settings.parse_memory_mb,
            max_file_mb=settings.max_file_mb,
        )

    def to_json(self) -> str:
        """The options as a JSON object."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ParseOptions:
        """The options that `to_json` gave."""
        return cls(**json.loads(text))


def out_of_memory(options: ParseOptions) -> str:
    """The sentence for a document that needs too much memory."""
    limit = options.memory_mb
    return (
        f"Reading the file needs more than {limit} MiB of memory: it is damaged or very large. "
        "Save it anew or split it, or raise OUTCROP_PARSE_MEMORY_MB."
    )
