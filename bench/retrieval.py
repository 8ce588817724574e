"""Retrieval (embed, search, fetch the text) at several sizes, in every engine, taking turns on blocks of questions."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench import children, gauges
from bench.options import Options
from bench.peers.engine import EMBED
from bench.report import Section
from bench.vectors import Filling, filling

LIMIT = 10
BLOCK = 40  # questions of each kind in an engine's turn
LONGEST_TURN = 16.0  # seconds; an engine that is slower answers fewer
SEED = 20263
SEMANTIC = "semantic"
MS = 1000


@dataclass(slots=True)
class Measured:
    """What one engine did at one size."""

    fill: gauges.Spent = field(default_factory=gauges.Spent)
    memory: float = 0.0
    seconds: dict[str, list[float]] = field(default_factory=dict)  # wall clock by mode, and for embedding alone
    cpu: dict[str, list[float]] = field(default_factory=dict)
    recall: list[float] = field(default_factory=list)

    def p50(self, mode: str) -> float:
        """Median milliseconds."""
        return gauges.quantile(self.seconds[mode], 0.5) * MS

    def work(self, mode: str) -> float:
        """Mean milliseconds of processor time."""
        return float(np.mean(self.cpu[mode])) * MS


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
        "Questions to embed alone and to retrieve come in one random order. Hybrid search, Outcrop's default, adds the "
        "keyword ranking, which is no approximation of the vector ranking."
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
    """New questions of each kind in random order: no answer is cached, and all find the processor's caches alike."""
    tasks = [(kind, question) for kind in (EMBED, *engine.modes) for question in next(questions)]
    random.Random(SEED).shuffle(tasks)  # noqa: S311 # the same order for all
    reply, _ = engine.do("ask", tasks=tasks, limit=LIMIT, at_most=LONGEST_TURN)
    found: dict[str, list[str]] = {}
    for (kind, question), (seconds, cpu, ids) in zip(tasks, reply["done"], strict=False):
        result.seconds.setdefault(kind, []).append(seconds)
        result.cpu.setdefault(kind, []).append(cpu)
        if kind == SEMANTIC:
            found[question] = ids
    engine.do("embed", questions=list(found), save=str(save))
    result.recall.extend(_recalls(np.load(save), vectors, list(found.values())))


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
            recall = f"{np.mean(result.recall):.3f}" if mode == SEMANTIC else "–"
            slow = gauges.quantile(result.seconds[mode], 0.99) * MS
            rows.append(
                [
                    name if mode == SEMANTIC else f"{name}, {mode}",
                    result.p50(mode),
                    slow,
                    recall,
                    result.work(mode),
                    result.p50(EMBED),
                    result.p50(mode) / result.p50(EMBED),
                    result.work(mode) / result.work(EMBED),
                    result.fill.wall,
                    result.fill.cpu,
                    result.memory,
                ]
            )
    header = ["Engine", "p50 ms", "p99 ms", f"recall@{LIMIT}", "CPU ms"]
    alone = ["embedding alone p50 ms", "p50 ÷ embedding", "CPU ÷ embedding"]
    section.say(f"**{size:,} chunks**")
    section.table([*header, *alone, "fill s", "fill CPU s", "resident MiB"], rows)
    _goals(section, size, results)


def _goals(section: Section, size: int, results: dict[str, Measured]) -> None:
    ours = results[children.OUTCROP]
    for mode in (mode for mode in ours.seconds if mode != EMBED):
        section.at_most(f"p50 ÷ embedding alone, {mode}, {size:,}", 1.5, ours.p50(mode) / ours.p50(EMBED))
    peers = {name: result for name, result in results.items() if name != children.OUTCROP}
    if not peers:
        return
    fastest = min(peers, key=lambda name: peers[name].p50(SEMANTIC))
    faster = peers[fastest].p50(SEMANTIC) / ours.p50(SEMANTIC)
    section.at_least(f"Times faster than the fastest peer ({fastest}), {size:,}", 1, faster, 2)
    best = max(float(np.mean(result.recall)) for result in peers.values())
    section.at_least(
        f"Recall against the best peer's ({best:.3f}), {size:,}", round(best, 3), float(np.mean(ours.recall))
    )
