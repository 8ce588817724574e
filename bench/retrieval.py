"""Retrieval (embed, search, fetch the text) at several sizes, in every engine, taking turns on blocks of questions."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench import children, gauges
from bench.options import Options
from bench.report import Section
from bench.vectors import Filling, filling

LIMIT = 10
BLOCK = 40  # questions that an engine answers in its turn
LONGEST_TURN = 8.0  # seconds; an engine that is slower answers fewer
EMBED = "embed"
MS = 1000


@dataclass(slots=True)
class Measured:
    """What one engine did at one size."""

    fill: gauges.Spent = field(default_factory=gauges.Spent)
    memory: float = 0.0
    seconds: dict[str, list[float]] = field(default_factory=dict)  # by mode, and for embedding alone
    recall: list[float] = field(default_factory=list)

    def p50(self, mode: str) -> float:
        """Median milliseconds."""
        return gauges.quantile(self.seconds[mode], 0.5) * MS


def run(options: Options) -> Section:
    """Fill every engine with the same vectors, then ask."""
    section = Section("Retrieval")
    skipped: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        ready = filling(Path(scratch), max(options.sizes))
        for size in options.sizes:
            place = Path(scratch) / str(size)
            place.mkdir()
            with children.children(options.peers_python, options.peers) as (engines, skipped):
                _report(section, size, _measure(engines, ready, size, options.blocks, place))
    section.say(
        f"Recall@{LIMIT} is against exact search over the same vectors with the engine's own vector of the question. "
        "Hybrid search, Outcrop's default, adds the keyword ranking, which is no approximation of the vector ranking."
    )
    for sentence in skipped:
        section.say(sentence)
    return section


def _measure(
    engines: dict[str, children.Child], ready: Filling, size: int, blocks: int, place: Path
) -> dict[str, Measured]:
    results = {name: Measured() for name in engines}
    for number, (name, engine) in enumerate(engines.items()):
        arguments = {"texts": str(ready.texts), "vectors": str(ready.vectors), "count": size}
        reply, cost = engine.do("fill", **arguments, into=str(place / f"index-{number}"))
        results[name].fill = gauges.Spent(reply["seconds"], cost.cpu)
        print(f"  {name}: {size:,} chunks in {reply['seconds']:.1f} s", flush=True)
    questions = _blocks(ready.questions)
    vectors = np.load(ready.vectors, mmap_mode="r")[:size]
    for _ in range(blocks):
        for name, engine in engines.items():
            _turn(engine, results[name], questions, vectors, place / "questions.npy")
    for name, engine in engines.items():
        results[name].memory = engine.memory().resident
    return results


def _turn(
    engine: children.Child,
    result: Measured,
    questions: Iterator[Sequence[str]],
    vectors: NDArray[np.float32],
    save: Path,
) -> None:
    """New questions for each kind of work, so that no cache helps."""
    reply, _ = engine.do("embed", questions=next(questions), save=str(save))
    result.seconds.setdefault(EMBED, []).extend(reply["seconds"])
    for mode in engine.modes:
        asked = next(questions)
        reply, _ = engine.do("retrieve", questions=asked, limit=LIMIT, mode=mode, at_most=LONGEST_TURN)
        result.seconds.setdefault(mode, []).extend(reply["seconds"])
        if mode == "semantic":
            engine.do("embed", questions=asked[: len(reply["found"])], save=str(save))
            result.recall.extend(_recalls(np.load(save), vectors, reply["found"]))


def _recalls(
    questions: NDArray[np.float32], vectors: NDArray[np.float32], found: Sequence[Sequence[str]]
) -> list[float]:
    """For each question the share of its exact nearest vectors that were found."""
    exact = np.argsort(-(questions @ vectors.T), axis=1)[:, :LIMIT]
    return [
        len({int(passage) for passage in ids}.intersection(nearest.tolist())) / LIMIT
        for ids, nearest in zip(found, exact, strict=True)
    ]


def _blocks(questions: Sequence[str]) -> Iterator[Sequence[str]]:
    """Blocks of questions, from the start again when they are used up."""
    place = 0
    while True:
        if place + BLOCK > len(questions):
            place = 0
        yield questions[place : place + BLOCK]
        place += BLOCK


def _report(section: Section, size: int, results: dict[str, Measured]) -> None:
    rows = []
    for name, result in results.items():
        for mode in (mode for mode in result.seconds if mode != EMBED):
            recall = f"{np.mean(result.recall):.3f}" if mode == "semantic" else "–"
            slow = gauges.quantile(result.seconds[mode], 0.99) * MS
            rows.append(
                [
                    name if mode == "semantic" else f"{name}, {mode}",
                    result.p50(mode),
                    slow,
                    recall,
                    result.p50(EMBED),
                    result.p50(mode) / result.p50(EMBED),
                    result.fill.wall,
                    result.fill.cpu,
                    result.memory,
                ]
            )
    header = ["Engine", "p50 ms", "p99 ms", f"recall@{LIMIT}", "embedding alone ms", "p50 ÷ embedding"]
    section.say(f"**{size:,} chunks**")
    section.table([*header, "fill s", "fill CPU s", "resident MiB"], rows)
    _goals(section, size, results)


def _goals(section: Section, size: int, results: dict[str, Measured]) -> None:
    ours = results[children.OUTCROP]
    for mode in (mode for mode in ours.seconds if mode != EMBED):
        section.at_most(f"p50 ÷ embedding alone, {mode}, {size:,}", 1.5, ours.p50(mode) / ours.p50(EMBED))
    peers = {name: result for name, result in results.items() if name != children.OUTCROP}
    if not peers:
        return
    fastest = min(peers, key=lambda name: peers[name].p50("semantic"))
    faster = peers[fastest].p50("semantic") / ours.p50("semantic")
    section.at_least(f"Times faster than the fastest peer ({fastest}), {size:,}", 1, faster, 2)
    best = max(float(np.mean(result.recall)) for result in peers.values())
    section.at_least(
        f"Recall against the best peer's ({best:.3f}), {size:,}", round(best, 3), float(np.mean(ours.recall))
    )
