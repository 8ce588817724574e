"""`python -m bench.fuzz_parsers --seconds 60`: spoil files of every format, and see that the reader says why.

What must hold: every file ends as a document or with a reason, within its time; a reader that dies is replaced; an
untouched file reads as before; neither this process nor its parse processes grow. Seeds are the sample handbook's
files and a few small ones that are made here. Everything follows from `--seed`.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import random
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import psutil

from outcrop.adapters.parsers.options import MIB, ParseOptions
from outcrop.adapters.parsers.reader import PooledReader
from outcrop.core.errors import Unreadable
from outcrop.core.parsed import Blob

HANDBOOK = Path(__file__).parent.parent / "examples" / "handbook"
OPTIONS = ParseOptions(ocr=False, seconds=20, memory_mb=2048, max_file_mb=20)
LARGEST_SEED = 400_000  # bytes
PER_FORMAT = 2  # seeds of the handbook, smallest first
SLACK = 15.0  # seconds beyond a file's own limit after which it counts as a hang
MEMBERS = 0.75  # of the spoiled containers: spoiled inside, and packed again
INTERESTING = (b"\x00", b"\xff" * 4, b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00", b"<", b"&", b'"', b"%", b"\\", b"(" * 50)
WORDS = "The lantern stands on the third shelf."
Mutation = Callable[[bytes, random.Random, Sequence[bytes]], bytes]


def seeds() -> dict[str, bytes]:
    """Files by name: the handbook's smallest of each format, and made ones of the formats that it has none of."""
    found: dict[str, bytes] = {}
    taken: Counter[str] = Counter()
    for path in sorted(HANDBOOK.rglob("*"), key=lambda one: (one.stat().st_size, one)):
        if path.is_file() and path.suffix and path.stat().st_size < LARGEST_SEED and taken[path.suffix] < PER_FORMAT:
            taken[path.suffix] += 1
            found[path.name] = path.read_bytes()
    return {**found, **made()}


def made() -> dict[str, bytes]:
    """Small files that are made here."""
    html = f"Content-Type: text/html\n\n<p>{WORDS}"
    mail = f"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n{html}\n--b--\n"
    related = f"From: a@example.com\nContent-Type: multipart/related; boundary=b\n\n--b\n\n{WORDS}\n--b--"
    files = {
        "made.mht": related.encode(),
        "made.eml": f"From: a@example.com\nSubject: =?utf-8?q?Gr=C3=B6=C3=9Fe?=\n{mail}".encode(),
        "made.yaml": f"a: &x [1, 2]\nb: *x\ntext: {WORDS}".encode(),
        "made.toml": f'a = "{WORDS}"\n[t]\nb = 1'.encode(),
        "made.jsonl": b'{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n',
        "made.svg": f'<svg xmlns="http://www.w3.org/2000/svg"><text>{WORDS}</text></svg>'.encode(),
        "made.rst": f"Title\n=====\n\n{WORDS}\n\n.. note:: x\n".encode(),
        "made.tsv": b"name\tnumber\na\t1\nb\t2\n",
        "made.mmd": f"\\section*{{One}}\n$$\na = b\n$$\n{WORDS}\n".encode(),
        "made.xls": biff(),
        "utf16.txt": WORDS.encode("utf-16"),
    }
    return {**files, **pictures()}


def biff() -> bytes:
    """A workbook of Excel 2: one cell of text."""
    label = bytes(7) + bytes([len(WORDS)]) + WORDS.encode()
    records = [(0x0009, b"\x02\x00\x10\x00"), (0x0004, label), (0x000A, b"")]
    return b"".join(kind.to_bytes(2, "little") + len(data).to_bytes(2, "little") + data for kind, data in records)


def pictures() -> dict[str, bytes]:
    """A small picture in every format that is read."""
    from PIL import Image

    image = Image.new("RGB", (64, 32), "white")
    found = {}
    for extension, name in (("png", "PNG"), ("jpg", "JPEG"), ("gif", "GIF"), ("bmp", "BMP"), ("webp", "WEBP")):
        out = io.BytesIO()
        image.save(out, format=name)
        found[f"made.{extension}"] = out.getvalue()
    out = io.BytesIO()
    image.save(out, format="TIFF", save_all=True, append_images=[image])
    return {**found, "made.tif": out.getvalue()}


def flipped(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """With a few bits turned over."""
    del others
    changed = bytearray(data)
    for _ in range(chance.choice((1, 3, 10, 100))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """Broken off, at either end or in the middle."""
    del others
    first, second = sorted((chance.randrange(len(data)), chance.randrange(len(data))))
    return chance.choice((data[:second], data[first:], data[:first] + data[second:]))


def spliced(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """With a piece of another file in it."""
    other = chance.choice(others)
    begin = chance.randrange(len(other))
    piece = other[begin : begin + chance.choice((4, 64, 4096))]
    place = chance.randrange(len(data))
    return data[:place] + piece + data[place + chance.choice((0, len(piece))) :]


def overwritten(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """With the least and greatest numbers, and signs of markup, in places."""
    del others
    changed = bytearray(data)
    for _ in range(chance.choice((1, 4, 16))):
        piece = chance.choice(INTERESTING)
        place = chance.randrange(len(changed))
        changed[place : place + len(piece)] = piece
    return bytes(changed)


def repeated(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """With a piece of its own said many times."""
    del others
    begin = chance.randrange(len(data))
    piece = data[begin : begin + chance.choice((1, 8, 200))]
    return data[:begin] + piece * chance.choice((2, 50, 5000)) + data[begin:]


MUTATIONS: Sequence[Mutation] = (flipped, cut, spliced, overwritten, repeated)


def spoiled(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """A file spoiled in one way; of a ZIP container mostly one of its members, so that it is still unpacked."""
    mutate = chance.choice(MUTATIONS)
    if zipfile.is_zipfile(io.BytesIO(data)) and chance.random() < MEMBERS:
        return _repacked(data, mutate, chance, others)
    return mutate(data, chance, others)


def _repacked(data: bytes, mutate: Mutation, chance: random.Random, others: Sequence[bytes]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(info, archive.read(info)) for info in archive.infolist() if not info.is_dir()]
    chosen = chance.randrange(len(members))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for index, (info, content) in enumerate(members):
            archive.writestr(info.filename, mutate(content, chance, others) if index == chosen and content else content)
    return out.getvalue()


@dataclass(slots=True)
class Findings:
    """What came of the files: outcomes, and what should not have been. Memory is resident MiB."""

    outcomes: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)  # errors of Python that a parser let through
    hangs: list[str] = field(default_factory=list)
    escaped: list[str] = field(default_factory=list)  # anything but a document or a reason
    changed: list[str] = field(default_factory=list)  # untouched files that were read differently
    own_memory: list[float] = field(default_factory=list)  # of this process, as the files went by
    held: list[float] = field(default_factory=list)  # by the largest parse process, as the files went by
    slowest: list[tuple[float, str]] = field(default_factory=list)

    @property
    def files(self) -> int:
        """How many files were read."""
        return self.outcomes.total()

    @property
    def growth(self) -> float:
        """By how many MiB this process grew from a quarter of the way to the end."""
        memory = self.own_memory
        return memory[-1] - memory[len(memory) // 4] if memory else 0.0

    @property
    def worker_memory(self) -> float:
        """The most that a parse process held after a file."""
        return max(self.held, default=0.0)

    def reader_memory(self, begin: float, end: float) -> float:
        """The median of what the largest parse process held, between two shares of the way."""
        span = self.held[int(begin * len(self.held)) : max(1, round(end * len(self.held)))]
        return median(span) if span else 0.0

    @property
    def holds(self) -> bool:
        """Whether everything that must hold held."""
        return not (self.hangs or self.escaped or self.changed)


class Fuzzer:
    """Reads spoiled files until the time is over; keeps those that broke a reader in `keep`, if that is given."""

    def __init__(self, seed: int = 0, processes: int = 1, keep: Path | None = None) -> None:
        self._chance = random.Random(seed)  # noqa: S311 # repeatable, not secret
        self._seeds = {name: data for name, data in seeds().items() if data}
        self._others = list(self._seeds.values())
        self._keep = keep
        self._reader = PooledReader(OPTIONS, processes)
        self._processes = processes
        self.findings = Findings()

    async def run(self, seconds: float, only: Sequence[str] = (), most: int = sys.maxsize) -> Findings:
        """Spoil and read for so long, or so many files; then read the untouched ones once more."""
        names = [name for name in self._seeds if not only or name.rpartition(".")[2] in only]
        try:
            before = {name: await self._outcome(name, self._seeds[name]) for name in names}
            end = time.monotonic() + seconds
            await asyncio.gather(*(self._lane(names, end, most) for _ in range(self._processes)))
            for name in names:
                if await self._outcome(name, self._seeds[name]) != before[name]:
                    self.findings.changed.append(name)
        finally:
            await self._reader.close()
        return self.findings

    async def _lane(self, names: Sequence[str], end: float, most: int) -> None:
        while time.monotonic() < end and self.findings.files < most:
            name = self._chance.choice(names)
            data = spoiled(self._seeds[name], self._chance, self._others)
            began = time.monotonic()
            outcome = await self._outcome(name, data)
            self._note(name, data, outcome, time.monotonic() - began)

    async def _outcome(self, name: str, data: bytes) -> str:
        """The reason, or "text" with its length."""
        try:
            document = await asyncio.wait_for(self._reader.read(Blob(name=name, data=data)), OPTIONS.seconds + SLACK)
        except Unreadable as error:
            return f"{error.reason}: {error.message}"
        except TimeoutError:
            return "hang"
        except Exception as error:  # noqa: BLE001 # this is what is looked for
            return f"escaped: {type(error).__name__}: {error}"
        return f"text: {len(document.text)}"

    def _note(self, name: str, data: bytes, outcome: str, took: float) -> None:
        found, (kind, _, message) = self.findings, outcome.partition(": ")
        found.outcomes[kind] += 1
        found.slowest = sorted([*found.slowest, (took, name)], reverse=True)[:5]
        if kind == "hang":
            found.hangs.append(name)
        if kind == "escaped":
            found.escaped.append(f"{name}: {message}")
        if kind == "corrupt" and "could not be read; it may be damaged (" in message:
            found.faults[f"{name}: {message.partition('(')[2][:100]}"] += 1
        if self._keep is not None and (kind in {"crashed", "hang", "escaped", "timeout", "out_of_memory"}):
            self._keep.mkdir(parents=True, exist_ok=True)
            (self._keep / f"{kind}-{found.files}-{name}").write_bytes(data)
        if found.files % 20 == 1:
            self._measure()

    def _measure(self) -> None:
        here = psutil.Process()
        self.findings.own_memory.append(here.memory_info().rss / MIB)
        with suppress(psutil.NoSuchProcess):
            held = [child.memory_info().rss / MIB for child in here.children()]
            self.findings.held.append(max(held, default=0.0))


def report(found: Findings) -> Iterator[str]:
    """What was found, in lines."""
    yield f"{found.files} files: {', '.join(f'{kind} {count}' for kind, count in found.outcomes.most_common())}"
    yield f"slowest: {', '.join(f'{name} {took:.1f} s' for took, name in found.slowest)}"
    yield f"memory: this process grew by {found.growth:.1f} MiB; the largest reader held {found.worker_memory:.0f} MiB"
    lists: Mapping[str, Sequence[str]] = {"hang": found.hangs, "escaped": found.escaped, "changed": found.changed}
    for what, entries in lists.items():
        yield from (f"{what}: {entry}" for entry in entries)
    for fault, count in found.faults.most_common(30):
        yield f"fault, {count} times: {fault}"


def main(arguments: Sequence[str]) -> int:
    """Fuzz as the arguments say; 1 where something broke that must hold."""
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz_parsers", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the chances (%(default)s)")
    parser.add_argument("--processes", type=int, default=1, help="parse processes (%(default)s)")
    parser.add_argument("--only", nargs="+", default=[], metavar="EXTENSION", help="only seeds with these extensions")
    parser.add_argument("--keep", type=Path, help="a folder for the files that broke a reader")
    given = parser.parse_args(arguments)
    fuzzer = Fuzzer(given.seed, given.processes, given.keep)
    found = asyncio.run(fuzzer.run(given.seconds, given.only))
    print("\n".join(report(found)))
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
