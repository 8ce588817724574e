"""PDF files that loop, lie about their size, and nest without end."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

FONT = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
PAGE = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
WORDS = "The lantern stands on the third shelf."
SHOWN = f"BT /F1 12 Tf 40 700 Td ({WORDS}) Tj ET"


def written(objects: Sequence[str | bytes], root: int = 1, trailer: str = "") -> bytes:
    """The objects, numbered from 1, with the table that says where each begins."""
    out, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, item in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + (item.encode() if isinstance(item, str) else item) + b"\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    end = f"trailer << /Size {len(objects) + 1} /Root {root} 0 R {trailer} >>\nstartxref\n{len(out)}\n%%EOF"
    return bytes(out) + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{end}".encode()


def stream(content: str | bytes, entries: str = "") -> bytes:
    data = content.encode() if isinstance(content, str) else content
    return f"<< /Length {len(data)} {entries} >>\nstream\n".encode() + data + b"\nendstream"


def page(
    content: str = SHOWN, *, box: str = "0 0 595 842", resources: str = "", more: Sequence[str | bytes] = ()
) -> bytes:
    """A file of one page; further objects begin at number 6."""
    return written(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            PAGE.replace("0 0 595 842", box).replace("F1 5 0 R >>", f"F1 5 0 R >> {resources}"),
            stream(content),
            FONT,
            *more,
        ]
    )


def looping_pages() -> bytes:
    """A tree of pages that holds itself."""
    return written(
        ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 1000000 /Parent 2 0 R >>"]
    )


def many_pages(count: int) -> bytes:
    """A file that says it has so many pages, all of them one."""
    return written(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            f"<< /Type /Pages /Kids [{'3 0 R ' * count}] /Count {count} >>",
            PAGE,
            stream(SHOWN),
            FONT,
        ]
    )


def claimed_pages(count: int) -> bytes:
    """A file of one page that says it has `count`."""
    return page().replace(b"/Count 1 ", b"/Count %d " % count)


def recursive_form() -> bytes:
    """A page whose form draws itself, twice."""
    form = stream(
        "/X Do /X Do", "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 6 0 R >> >>"
    )
    return page(f"{SHOWN} /X Do", resources="/XObject << /X 6 0 R >>", more=[form])


def doubling_forms(depth: int = 30) -> bytes:
    """Forms that each draw the next one ten times."""
    forms: list[str | bytes] = []
    for index in range(depth):
        inside = f"/Resources << /XObject << /X {7 + index} 0 R >> >>" if index + 1 < depth else ""
        forms.append(stream("/X Do " * 10, f"/Type /XObject /Subtype /Form /BBox [0 0 9 9] {inside}"))
    return page(f"{SHOWN} /X Do", resources="/XObject << /X 6 0 R >>", more=forms)


def deep_arrays(depth: int = 100_000) -> bytes:
    """An object of arrays in arrays."""
    return page(more=["[" * depth + "]" * depth])


def deep_page_tree(depth: int = 20_000) -> bytes:
    """Pages under one parent under another, and so on."""
    nodes: list[str | bytes] = [
        f"<< /Type /Pages /Kids [{n + 3} 0 R] /Count 1 /Parent {n + 1} 0 R >>" for n in range(depth)
    ]
    leaf = f"<< /Type /Page /Parent {depth + 1} 0 R /MediaBox [0 0 595 842] >>"
    return written(["<< /Type /Catalog /Pages 2 0 R >>", *nodes, leaf])


def packed(size: int) -> bytes:
    """A page whose content unpacks to `size` bytes of blanks before its words."""
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(b" " * (1 << 20)) for _ in range(size >> 20))
    data += packer.compress(SHOWN.encode()) + packer.flush()
    return written(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            PAGE,
            stream(data, "/Filter /FlateDecode"),
            FONT,
        ]
    )


def layered(times: int = 60) -> bytes:
    """A content stream packed over and over."""
    data = SHOWN.encode()
    for _ in range(times):
        data = zlib.compress(data)
    return written(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            PAGE,
            stream(data, f"/Filter [{'/FlateDecode ' * times}]"),
            FONT,
        ]
    )


def huge_picture() -> bytes:
    """A page that is a picture of 100,000 by 100,000 pixels, packed to a few bytes."""
    data = zlib.compress(b"\xff" * 1000)
    entries = "/Type /XObject /Subtype /Image /Width 100000 /Height 100000 /ColorSpace /DeviceGray /BitsPerComponent 8 "
    image = stream(data, f"{entries} /Filter /FlateDecode")
    return page("595 0 0 842 0 0 cm /X Do", resources="/XObject << /X 6 0 R >>", more=[image])


def bad_font() -> bytes:
    """A page in a font program that is noise."""
    noise = bytes(range(256)) * 40
    font = "<< /Type /Font /Subtype /TrueType /BaseFont /Any /FontDescriptor 7 0 R /FirstChar 32 /Widths [0] >>"
    descriptor = "<< /Type /FontDescriptor /FontName /Any /Flags 4 /FontFile2 8 0 R >>"
    resources = "/Font << /F1 6 0 R >>"
    return page(resources=resources, more=[font, descriptor, stream(noise, f"/Length1 {len(noise)}")])


def looping_outline() -> bytes:
    """A document outline whose entries follow each other in a ring."""
    return written(
        [
            "<< /Type /Catalog /Pages 2 0 R /Outlines 6 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            PAGE,
            stream(SHOWN),
            FONT,
            "<< /First 7 0 R /Last 7 0 R /Count 1 >>",
            "<< /Title (One) /Parent 6 0 R /Next 7 0 R /First 7 0 R /Last 7 0 R /Count 1 >>",
        ]
    )
