"""The suite that every parser passes: its spans are true, its text is whole in any script, it refuses with reasons."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import pytest

from outcrop.adapters.parsers.wire import decode, encode
from outcrop.core.errors import Unreadable
from outcrop.core.parsed import Blob, ParsedDocument
from outcrop.core.protocols import Parser

SCRIPTS = (
    "Plain words, with numbers: 1,250.50 and a date, 2026-03-02.",
    "Größe, façade, naïve, œuvre, Łódź, žluťoučký kůň.",
    "Съешь ещё этих мягких французских булок.",
    "Καλημέρα κόσμε, πώς είστε;",
    "שלום עולם, מה שלומך היום",
    "مرحبا بالعالم، كيف حالك اليوم",
    "你好,世界。今天天气很好。",
    "こんにちは世界。これは試験です。",
    "안녕하세요 세계, 반갑습니다",
    "नमस्ते दुनिया, आप कैसे हैं",
    "สวัสดีชาวโลก",
)


class ParserContract(ABC):
    """Subclass it for a parser: give the parser, a file's name, and how to make a file of paragraphs."""

    name: str  # of the file, with its extension
    media_type: str
    scripts: Sequence[str] = SCRIPTS  # those that the format can hold
    notices_cuts: bool = False  # whether half a file cannot be read as a shorter one

    @pytest.fixture
    @abstractmethod
    def parser(self) -> Parser:
        """The parser under test."""

    @abstractmethod
    def make(self, paragraphs: Sequence[str]) -> bytes:
        """A small file of the format that holds these paragraphs."""

    def blob(self, data: bytes) -> Blob:
        """A file of the format with this content."""
        return Blob(name=self.name, data=data, media_type=self.media_type)

    def read(self, parser: Parser, paragraphs: Sequence[str]) -> ParsedDocument:
        """The document of a file with these paragraphs."""
        return parser.parse(self.blob(self.make(paragraphs)))

    def test_text_survives_in_any_script(self, parser: Parser) -> None:
        text = " ".join(self.read(parser, self.scripts).text.split())
        assert [words for words in self.scripts if words not in text] == []

    def test_text_is_clean(self, parser: Parser) -> None:
        text = self.read(parser, self.scripts).text
        assert not set(text) & {"\x00", "\r"}
        assert text.encode("utf-8").decode("utf-8") == text

    def test_spans_are_true(self, parser: Parser) -> None:
        document = self.read(parser, self.scripts)
        text = document.text
        for spans in (document.pages, document.headings, document.tables, document.rows):
            starts = [span.start for span in spans]
            assert starts == sorted(starts)
            assert all(0 <= span.start <= span.end <= len(text) for span in spans)
        for heading in document.headings:
            title = text[heading.start : heading.end]
            assert title == title.strip() != ""
        for table in document.tables:
            assert all(line.lstrip().startswith("|") for line in text[table.start : table.end].split("\n"))
            assert set(text[table.start : table.header_end].split("\n")[-1]) <= set("|-: ")

    def test_the_same_file_gives_the_same_document(self, parser: Parser) -> None:
        assert self.read(parser, self.scripts[:3]) == self.read(parser, self.scripts[:3])

    def test_the_document_crosses_the_border_of_a_process_unchanged(self, parser: Parser) -> None:
        document = self.read(parser, self.scripts)
        header, bodies = encode(document)
        assert decode(header, memoryview(b"".join(bodies))) == document

    def test_what_it_says_of_itself_is_text(self, parser: Parser) -> None:
        document = self.read(parser, self.scripts[:1])
        assert document.media_type == self.media_type
        assert parser.version in document.parser
        assert all(isinstance(word, str) for pair in document.metadata.items() for word in pair)
        assert all(warning.endswith((".", "!", "?")) for warning in document.warnings)

    def test_reads_its_media_type(self, parser: Parser) -> None:
        assert self.media_type in parser.media_types

    def test_half_a_file_is_noticed_or_read_as_far_as_it_goes(self, parser: Parser) -> None:
        data = self.make(self.scripts)
        blob = self.blob(data[: len(data) // 2])
        if not self.notices_cuts:
            assert parser.parse(blob).text
            return
        with pytest.raises(Unreadable, match=r"[.!?]$"):
            parser.parse(blob)
