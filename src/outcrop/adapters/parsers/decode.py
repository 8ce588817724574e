"""Bytes to text: byte order mark, declaration, UTF-8, then the encoding that fits a bounded sample best.

What comes out has newlines as line feeds, no NUL and no lone surrogate, and is never an error for real text.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass

SAMPLE = 64 * 1024  # bytes that are looked at to tell text from other things
GUESS_SAMPLE = 16 * 1024  # bytes that are given to the guesser
CONTROL = bytes(set(range(32)) - {7, 8, 9, 10, 12, 13, 26, 27}) + b"\x7f"
MOST_CONTROL = 0.02  # of a sample that is text; random bytes have 0.1
MOST_BAD = 0.1  # of the non-ASCII characters of UTF-8 with faults
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What authors write, and what is meant by it (the WHATWG Encoding Standard's table of labels).
MEANT: Mapping[str, str] = {
    **dict.fromkeys(("iso8859-1", "ascii", "cp1252"), "cp1252"),
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    **dict.fromkeys(("gb2312", "gbk"), "gb18030"),
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
}
GUESSED = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp874",
    "koi8_r", "koi8_u", "iso8859_2", "iso8859_5", "iso8859_7", "cp866", "cp437", "cp850", "mac_roman", "mac_cyrillic",
    "cp932", "euc_jp", "iso2022_jp", "gb18030", "big5", "cp949",
]  # fmt: skip
LATIN = ("cp1252", "cp1250", "cp1254", "cp1257", "iso8859_2", "mac_roman", "cp850", "cp437")
# Bytes that stand within words in the other Latin code pages, but are signs in cp1252.
NOT_WESTERN = re.compile(
    rb"[A-Za-z][\x80-\x84\x86-\x8b\x8d-\x90\x98\x9a\x9b\x9d-\x9f\xa1-\xaf\xb1\xb3\xb5\xb6\xb9\xba\xbc-\xbf][A-Za-z]"
)
# In cp1252: y with acute, thorn, eth; what is beside them in Icelandic; o with tilde, u with circumflex; what is
# beside them in Portuguese and French.
TURKISH, ICELANDIC = frozenset(b"\xfd\xfe\xf0"), frozenset(b"\xe1\xe9\xed\xf3\xfa\xe6")
HUNGARIAN, PORTUGUESE = frozenset(b"\xf5\xfb"), frozenset(b"\xe3\xe7\xea\xe0\xe8")
LEAST_KANA = 0.2
HEBREW = bytes(range(0xE0, 0xFB))  # its letters in cp1255
NO_LETTERS = bytes(range(0x80)) + bytes.fromhex("8591929394959697a0abb0b7bb")  # ASCII, quotes, dashes and the like
MIXED_WORD = re.compile(rb"[A-Za-z][\xe0-\xfa]|[\xe0-\xfa][A-Za-z]")
LEAST_HEBREW = 15  # letters
DECLARATION = re.compile(
    rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]+)|<meta[^>]{0,300}?charset\s*=\s*["']?\s*([\w.:-]+)""",
    re.IGNORECASE,
)
NEWLINE = re.compile("\r\n?")
SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, the name of its encoding, and whether characters were lost."""

    text: str
    encoding: str
    lossy: bool = False

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence where characters were lost."""
        if not self.lossy:
            return ()
        return (f"Some characters are not valid {self.encoding} and were left out. Save the file as UTF-8.",)


def clean(text: str) -> str:
    """A text without NULs and lone surrogates, its newlines as line feeds."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    if "\r" in text:
        text = NEWLINE.sub("\n", text)
    if not text.isascii():
        text = SURROGATE.sub("\ufffd", text).removeprefix("\ufeff")
    return text


def decode(data: bytes, declared: str | None = None) -> Decoded:
    """The text of a file; `declared` is the encoding that its markup or its sender names."""
    found = _decode(data, declared)
    return Decoded(clean(found.text), found.encoding, found.lossy)


def _decode(data: bytes, declared: str | None) -> Decoded:
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _lenient(data[len(mark) :], encoding)
    wide = wide_encoding(data)
    if wide is not None:
        return _lenient(data, wide)
    if b"\x1b$" in data[:SAMPLE] or b"\x1b(" in data[:SAMPLE]:
        found = _strict(data, "iso2022_jp")
        if found is not None:
            return found
    return _strict(data, "utf-8") or _declared(data, declared) or _mostly_utf8(data) or _lenient(data, guess(data))


def _strict(data: bytes, encoding: str) -> Decoded | None:
    try:
        return Decoded(data.decode(encoding), encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _lenient(data: bytes, encoding: str) -> Decoded:
    found = _strict(data, encoding)
    return found or Decoded(data.decode(encoding, "replace").replace("\ufffd", ""), encoding, lossy=True)


def _declared(data: bytes, declared: str | None) -> Decoded | None:
    """The text in the encoding that the file names; an unknown or unfit name is no help."""
    if not declared:
        return None
    try:
        name = codecs.lookup(declared).name
    except (LookupError, ValueError):
        return None
    if name.startswith(("utf", "ucs")):  # were it so, it would have been seen
        return None
    found = _strict(data, MEANT.get(name, name))
    return found or (Decoded(data.decode("cp1252", "replace"), "cp1252", lossy=True) if name == "iso8859-1" else None)


def _mostly_utf8(data: bytes) -> Decoded | None:
    """UTF-8 with a few faults, such as a log that was cut within a character."""
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(map(len, re.findall("[^\x00-\x7f]+", text))) - bad
    if bad > good * MOST_BAD:
        return None
    return Decoded(text, "utf-8", lossy=True)


def wide_encoding(data: bytes) -> str | None:
    """UTF-16 without a byte order mark, seen by where the zero bytes of ASCII and the line feeds are."""
    sample = data[:SAMPLE]
    sample = sample[: len(sample) // 2 * 2]
    if b"\x00" not in sample:
        return None
    even, odd = sample[::2], sample[1::2]
    zeros_even, zeros_odd, half = even.count(0), odd.count(0), max(len(even), 1)
    if zeros_odd > half * 0.05 and zeros_even < zeros_odd * 0.05 and _reads(sample, "utf-16-le"):
        return "utf-16-le"
    if zeros_even > half * 0.05 and zeros_odd < zeros_even * 0.05 and _reads(sample, "utf-16-be"):
        return "utf-16-be"
    return None


def _reads(sample: bytes, encoding: str) -> bool:
    """Whether a sample is text in an encoding: valid, and hardly a control character."""
    found = _strict(sample, encoding)
    if found is None:
        return False
    control = sum(character < " " and character not in "\t\n\f\r" for character in found.text)
    return control <= len(found.text) * MOST_CONTROL


def guess(data: bytes) -> str:
    """The encoding that fits the lines with non-ASCII bytes best; cp1252 where none stands out."""
    sample = non_ascii_sample(data)
    japanese = _japanese(sample)
    if japanese is not None:
        return japanese
    if _hebrew(sample):
        return "cp1255"
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=GUESSED).best()
    found = MEANT.get(best.encoding, best.encoding) if best is not None else "cp1252"
    return _latin(sample) if found in LATIN else found


def _japanese(sample: bytes) -> str | None:
    """Shift-JIS or EUC-JP where a good part of what is beyond ASCII is kana."""
    for encoding in ("euc_jp", "cp932"):
        found = _strict(sample, encoding)
        if found is not None:
            beyond = [character for character in found.text if character > "\x7f"]
            kana = sum("\u3041" <= character <= "\u30fe" for character in beyond)
            if kana > len(beyond) * LEAST_KANA:
                return encoding
    return None


def _hebrew(sample: bytes) -> bool:
    """Whether all letters beyond ASCII are within the 27 of Hebrew; Russian, which shares them, has others too."""
    beyond = sample.translate(None, NO_LETTERS)
    return len(beyond) >= LEAST_HEBREW and not beyond.translate(None, HEBREW) and not MIXED_WORD.search(sample)


def _latin(sample: bytes) -> str:
    """Which of the Latin code pages: short samples look alike in all of them, but few bytes occur within words."""
    if not NOT_WESTERN.search(sample):
        present = set(sample)
        if present & TURKISH and not present & ICELANDIC:
            return "cp1254"
        if not present & HUNGARIAN or present & PORTUGUESE:
            return "cp1252"
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=[*LATIN]).best()
    return best.encoding if best is not None else "cp1252"


def non_ascii_sample(data: bytes) -> bytes:
    """About GUESS_SAMPLE bytes, of lines that hold bytes beyond ASCII; no character of any encoding is cut."""
    lines, size, start = [], 0, 0
    while start < len(data) and size < GUESS_SAMPLE:
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        line = data[start:end]
        if not line.isascii():
            lines.append(_cut(line, GUESS_SAMPLE))
            size += len(lines[-1])
        start = end + 1
    return b"\n".join(lines)


def _cut(line: bytes, size: int) -> bytes:
    """The beginning of a line up to a byte that ends a character in every encoding."""
    if len(line) <= size:
        return line
    ends = [line.rfind(bytes([byte]), 0, size) for byte in b" \t<>.,;"]
    return line[: max(ends) + 1] if max(ends) > 0 else line[:size]


def declared_encoding(data: bytes) -> str | None:
    """The encoding that an XML declaration or an HTML meta element in the first bytes names."""
    found = DECLARATION.search(data[:4096])
    return (found[1] or found[2]).decode("ascii") if found else None


def looks_like_text(data: bytes) -> bool:
    """Whether bytes are text in some encoding, by a sample of their beginning and middle."""
    if data.startswith(tuple(mark for mark, _ in BYTE_ORDER_MARKS)) or wide_encoding(data):
        return True
    middle = len(data) // 2
    sample = data[:SAMPLE] + (data[middle : middle + SAMPLE] if len(data) > 2 * SAMPLE else b"")
    control = len(sample) - len(sample.translate(None, CONTROL))
    return control <= len(sample) * MOST_CONTROL and (control == 0 or b"\x00" not in sample[:512])
