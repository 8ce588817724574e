"""A small PDF file in any script, made without a font: it says which characters its glyphs are, and no more."""

from __future__ import annotations

from collections.abc import Sequence

from outcrop.adapters.parsers.page_words import RIGHT_TO_LEFT

FONT = "/Type /Font /BaseFont /Any"
SYSTEM = "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
METRICS = "/FontBBox [0 -200 1000 900] /ItalicAngle 0 /Ascent 900 /Descent -200 /CapHeight 700 /StemV 80"
PAGE = "/Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
SPACE = "begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange"


def unicode_pdf(lines: Sequence[str]) -> bytes:
    """A PDF file of one page with these lines; scripts that run from right to left are drawn so."""
    numbers = {character: index for index, character in enumerate(sorted(set("".join(lines))), 1)}
    shown = "\n".join(f"<{''.join(f'{numbers[character]:04X}' for character in _drawn(line))}> Tj T*" for line in lines)
    characters = "\n".join(
        f"<{number:04X}> <{character.encode('utf-16-be').hex()}>" for character, number in numbers.items()
    )
    return _file(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            f"<< {PAGE} /Resources << /Font << /F1 5 0 R >> >> >>",
            _stream(f"BT /F1 14 Tf 60 760 Td 20 TL\n{shown}\nET"),
            f"<< {FONT} /Subtype /Type0 /Encoding /Identity-H /DescendantFonts [6 0 R] /ToUnicode 7 0 R >>",
            f"<< {FONT} /Subtype /CIDFontType2 /FontDescriptor 8 0 R /DW 500 {SYSTEM} >>",
            _stream(f"{SPACE} {len(numbers)} beginbfchar\n{characters}\nendbfchar endcmap"),
            f"<< /Type /FontDescriptor /FontName /Any /Flags 4 {METRICS} >>",
        ]
    )


def _drawn(line: str) -> str:
    """A line as it stands on the page, from left to right."""
    return line[::-1] if RIGHT_TO_LEFT.search(line) else line


def _stream(content: str) -> str:
    return f"<< /Length {len(content)} >>\nstream\n{content}\nendstream"


def _file(objects: Sequence[str]) -> bytes:
    """The objects with the table that says where each begins."""
    out = b"%PDF-1.7\n"
    offsets = []
    for number, item in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{item}\nendobj\n".encode()
    size = len(objects) + 1
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    trailer = f"trailer << /Size {size} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF"
    return out + f"xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}".encode()
