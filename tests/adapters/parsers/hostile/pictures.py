"""Pictures that unpack to far more than they are."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def wide_png(side: int = 50_000) -> bytes:
    """A PNG file of side by side pixels, one bit each, packed to a few hundred kilobytes."""
    packer = zlib.compressobj(9)
    row = b"\x00" + b"\xff" * ((side + 7) // 8)
    data = b"".join(packer.compress(row * 100) for _ in range(side // 100)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def claimed_gif(side: int = 65_535) -> bytes:
    """A GIF file of a few bytes that says it is as large as one can be."""
    return (
        b"GIF89a"
        + struct.pack("<HHBBB", side, side, 0x80, 0, 0)
        + b"\0\0\0\xff\xff\xff"
        + b","
        + struct.pack("<HHHHB", 0, 0, side, side, 0)
        + b"\x02\x02\x4c\x01\x00;"
    )


def claimed_bmp(side: int = 60_000) -> bytes:
    """The head of a BMP file that says it is large."""
    return (
        b"BM"
        + struct.pack("<IHHI", 1 << 20, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0)
        + b"\0" * 999
    )


def many_frames(count: int) -> bytes:
    """A TIFF file of so many small blank pages."""
    out = io.BytesIO()
    frames = [Image.new("1", (16, 16), 1) for _ in range(count)]
    frames[0].save(out, format="TIFF", save_all=True, append_images=frames[1:], compression="group4")
    return out.getvalue()


def looping_tiff() -> bytes:
    """A TIFF file whose directory of pages follows itself."""
    out = io.BytesIO()
    Image.new("1", (16, 16), 1).save(out, format="TIFF")
    data = bytearray(out.getvalue())
    (start,) = struct.unpack("<I", data[4:8])
    (entries,) = struct.unpack("<H", data[start : start + 2])
    data[start + 2 + 12 * entries : start + 6 + 12 * entries] = struct.pack("<I", start)
    return bytes(data)


def text_bomb(size: int) -> bytes:
    """A PNG file with a packed note that unpacks to `size` bytes."""
    out = io.BytesIO()
    Image.new("1", (16, 16), 1).save(out, format="PNG")
    note = chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(b" " * size))
    data = out.getvalue()
    return data[:33] + note + data[33:]
