"""Mail and web archives: the header fields that people read, the text, and what is attached, read like any file.

Source: RFC 5322 (messages), RFC 2045 to 2047 (MIME), RFC 2557 (MHTML).
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from contextlib import suppress
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message

from outcrop.adapters.parsers import formats
from outcrop.adapters.parsers.builder import DocumentBuilder, Origin
from outcrop.adapters.parsers.decode import declared_encoding, decode
from outcrop.adapters.parsers.detect import detect
from outcrop.adapters.parsers.families import FAMILIES, parser_for, with_libraries
from outcrop.adapters.parsers.formats import EML, MHTML
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.webpage import append_page
from outcrop.core.errors import Unreadable
from outcrop.core.parsed import Blob, ParsedDocument

FIELDS = ("From", "To", "Cc", "Date", "Subject")
MAX_PARTS = 200  # of one message, attachments within attachments included
MAX_DEPTH = 5  # of messages within messages
FOLDED = re.compile(r"\s*[\r\n]+\s*")
MBOX = re.compile(rb"\AFrom [^\r\n]*\r?\n")  # the line that mailboxes put before a message


class MailParser:
    """Messages (eml) and web archives (mhtml)."""

    media_types = frozenset({EML, MHTML})

    def __init__(self, options: ParseOptions) -> None:
        self._options = options
        self.version = with_libraries("mail/1", "selectolax", "charset-normalizer")

    def parse(self, blob: Blob) -> ParsedDocument:
        """The message's fields and text, then each attachment under a heading with its name."""
        message = email.message_from_bytes(MBOX.sub(b"", blob.read(), count=1))
        origin = Origin(blob.media_type or EML, self.version)
        if not message.keys():
            raise Unreadable("corrupt", "The file has no header fields of a mail. Save the message anew.")
        writer = _Writer(DocumentBuilder(), origin, self._options)
        writer.append(message, depth=0)
        return writer.builder.build(origin)


class _Writer:
    """Appends messages to one builder."""

    def __init__(self, builder: DocumentBuilder, origin: Origin, options: ParseOptions) -> None:
        self.builder = builder
        self._origin = origin
        self._options = options
        self._parts = 0

    def append(self, message: Message, depth: int) -> None:
        """A message: its fields, its text, its attachments."""
        fields = {name: header(message, name) for name in FIELDS}
        self._describe(fields, depth)
        if self._origin.media_type == EML:
            self.builder.block("\n".join(f"{name}: {value}" for name, value in fields.items() if value))
        attached: list[Message] = []
        for part in _bodies(message, attached):
            self._body(part)
        for part in attached:
            self._attachment(part, depth)

    def _describe(self, fields: dict[str, str], depth: int) -> None:
        if depth:
            return
        self._origin.title = fields["Subject"] or None
        for name, key in (("From", "author"), ("To", "recipients"), ("Date", "created")):
            if fields[name]:
                self._origin.metadata[key] = fields[name]

    def _body(self, part: Message) -> None:
        data = payload(part)
        charset = part.get_content_charset()
        if part.get_content_type() == "text/html":
            text = decode(data, charset or declared_encoding(data)).text
            facts = append_page(self.builder, text, whole=self._origin.media_type == EML)
            self._origin.title = self._origin.title or facts.title
        else:
            self.builder.block(decode(data, charset).text)

    def _attachment(self, part: Message, depth: int) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS or depth >= MAX_DEPTH:
            self._warn("There are more attachments than are read; those beyond were left out.")
            return
        if part.get_content_type() == "message/rfc822":
            inner = part.get_payload(0) if isinstance(part.get_payload(), list) and part.get_payload() else None
            if isinstance(inner, Message):
                self.builder.heading(header(inner, "Subject") or "Attached message", 1)
                self.append(inner, depth + 1)
            return
        self._file(filename(part), payload(part))

    def _file(self, name: str, data: bytes) -> None:
        """An attached file, by the parser for its content; one that cannot be read is a warning."""
        if not data or not formats.supported(name):
            return
        try:
            media_type = detect(name, data)
            if media_type in MailParser.media_types:
                self.builder.heading(name, 1)
                self.append(email.message_from_bytes(data), MAX_DEPTH)
                return
            parser = parser_for(media_type, FAMILIES, self._options)
            document = parser.parse(Blob(name=name, data=data, media_type=media_type))
        except Unreadable as error:
            self._warn(f"The attachment {name!r} was not read: {error.message}")
            return
        self.builder.heading(name, 1)
        self.builder.include(document)

    def _warn(self, sentence: str) -> None:
        if sentence not in self._origin.warnings:
            self._origin.warnings.append(sentence)


def header(message: Message, name: str) -> str:
    """A header field in words; one that is badly encoded as it stands."""
    value = str(message.get(name) or "")
    with suppress(LookupError, ValueError, MessageError):
        value = str(make_header(decode_header(value)))
    return FOLDED.sub(" ", value).strip()


def filename(part: Message) -> str:
    """The name of an attached file, without a path."""
    name = part.get_filename() or ""
    with suppress(LookupError, ValueError, MessageError):
        name = str(make_header(decode_header(name)))
    return re.split(r"[/\\]", FOLDED.sub(" ", name))[-1].strip()


def payload(part: Message) -> bytes:
    """The content of a part, its transfer encoding undone."""
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _bodies(message: Message, attached: list[Message]) -> Iterator[Message]:
    """The parts that are the message's own text; everything else is put into `attached`."""
    kind = message.get_content_type()
    if kind == "message/rfc822":
        attached.append(message)
    elif message.is_multipart():
        parts = [part for part in message.get_payload() if isinstance(part, Message)]
        if kind == "multipart/alternative":
            parts = _best(parts)
        for part in parts:
            yield from _bodies(part, attached)
    elif kind in {"text/plain", "text/html"} and message.get_content_disposition() != "attachment":
        yield message
    else:
        attached.append(message)


def _best(parts: list[Message]) -> list[Message]:
    """Of several forms of the same text: HTML, whose tables and headings say more, else plain text, else the last.

    A form that holds HTML and its pictures together counts as HTML.
    """

    def rank(part: Message) -> int:
        kinds = {inner.get_content_type() for inner in part.walk()}
        filled = any(payload(inner).strip() for inner in part.walk() if inner.get_content_maintype() == "text")
        return (2 if "text/html" in kinds else 1 if "text/plain" in kinds else 0) if filled else -1

    return [max(parts, key=rank)] if parts else []
