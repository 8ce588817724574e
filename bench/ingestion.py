"""End-to-end ingestion of one mixed folder: read, cut, embed, index and keep, in every engine, taking turns."""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from bench import children, folder, gauges, sets
from bench.options import Options
from bench.report import Section

ENOUGH = 0.7  # of a format's text must be in an engine's chunks for it to count as read


@dataclass(slots=True)
class Ingested:
    """What one engine did: its times, and its chunks' characters by extension."""

    load: gauges.Spent
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    chunks: int = 0
    characters: dict[str, int] = field(default_factory=dict)

    def seconds(self) -> float:
        """Median wall clock."""
        return statistics.median(self.wall)

    def work(self) -> float:
        """Median processor time."""
        return statistics.median(self.cpu)


def run(options: Options) -> Section:
    """Ingest the folder in turns, each time into an empty place."""
    section = Section("Ingestion of a mixed folder")
    with tempfile.TemporaryDirectory() as scratch, children.children(options.peers_python, options.peers) as started:
        engines, skipped = started
        source = Path(scratch) / "folder"
        written = folder.write_folder(source, sets.scifact(), options.files)
        results = {name: Ingested(engine.load) for name, engine in engines.items()}
        for turn in range(options.rounds):
            for number, (name, engine) in enumerate(engines.items()):
                _turn(engine, results[name], source, Path(scratch) / f"{number}-{turn}")
                print(f"  {name}: {results[name].wall[-1]:.1f} s", flush=True)
    _report(section, results, written)
    section.say(_folder(options.files, written))
    for sentence in skipped:
        section.say(sentence)
    return section


def _turn(engine: children.Child, result: Ingested, source: Path, into: Path) -> None:
    reply, cost = engine.do("ingest", folder=str(source), into=str(into))
    result.wall.append(reply["seconds"])
    result.cpu.append(cost.cpu)
    counted, _ = engine.do("chunks")
    result.chunks, result.characters = counted["chunks"], counted["characters"]


def _report(section: Section, results: dict[str, Ingested], written: dict[str, int]) -> None:
    ours = results[children.OUTCROP]
    rows = [
        [
            name,
            result.chunks,
            result.seconds(),
            result.work(),
            result.seconds() / ours.seconds(),
            result.work() / ours.work(),
            result.load.wall,
            result.load.wall + result.seconds(),
            _unread(result.characters, written) or "all",
        ]
        for name, result in results.items()
    ]
    header = ["Engine", "chunks", "wall s", "CPU s", "wall ÷ ours", "CPU ÷ ours", "start and load s", "with start s"]
    section.table([*header, "formats read"], rows)
    peers = [name for name in results if name != children.OUTCROP]
    for what, measure in (("wall clock", Ingested.seconds), ("processor time", Ingested.work)):
        if peers:
            fastest = min(peers, key=lambda name: measure(results[name]))
            ratio = measure(results[fastest]) / measure(ours)
            section.at_least(f"Ingestion against the fastest peer ({fastest}), {what}", 3, ratio, 2)


def _unread(read: dict[str, int], written: dict[str, int]) -> str:
    missing = [extension for extension in written if read.get(f".{extension}", 0) < ENOUGH * written[extension]]
    return f"not {', '.join(missing)}" if missing else ""


def _folder(files: int, written: dict[str, int]) -> str:
    formats = ", ".join(f"{extension} {characters:,}" for extension, characters in written.items())
    return (
        f"The folder: {files} files; characters of text by format: {formats}. All of these formats count, since every "
        "engine reads them; nothing needs OCR. Every engine keeps its index on disk at the end. Only Outcrop "
        "also builds a keyword index and records where in its file each chunk stands."
    )
