"""The bundled embedding model: speed against the processor's peak, equality with the published one, cost of int8."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench import metrics, sets
from bench.gauges import quantile, spent
from bench.options import Options
from bench.report import Section
from outcrop.adapters.embedders import onnx_file
from outcrop.adapters.embedders.build import Precision, session
from outcrop.adapters.embedders.local import LocalEmbedder
from outcrop.adapters.embedders.processor import has_dot_products, usable_processors
from outcrop.adapters.embedders.weights import find_weights

PRECISIONS: tuple[Precision, ...] = ("fp32", "int8")
TOKENS = 200  # of a chunk
CHUNKS = 120  # a turn
TURNS = 5
QUESTIONS = 100
READ_BY_REFERENCE = 254  # tokens, without the special ones
SIDE = 1024  # of the square matrices whose product gives the peak
LAYERS, WIDTH, INNER = 6, 384, 1536


def run(options: Options) -> Section:  # noqa: ARG001 # one signature for all benchmarks
    """Measure speed in turns, then quality."""
    return asyncio.run(_run())


async def _run() -> Section:
    section = Section("Embedding")
    with tempfile.TemporaryDirectory() as scratch:
        embedders = {
            precision: LocalEmbedder(find_weights(), precision, Path(scratch), usable_processors())
            for precision in PRECISIONS
        }
        await _speed(section, embedders)
        await _equality(section, embedders)
        await _quality(section, embedders)
        for embedder in embedders.values():
            await embedder.close()
    return section


@dataclass(slots=True)
class Turns:
    """What was measured of one precision, turn by turn: chunks a second, and seconds of each question."""

    per_cpu: list[float] = field(default_factory=list)
    per_wall: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    async def take(self, embedder: LocalEmbedder, chunks: list[str], questions: list[str]) -> None:
        """One turn."""
        with spent() as used:
            await embedder.embed(chunks, "document")
        self.per_cpu.append(len(chunks) / used.cpu)
        self.per_wall.append(len(chunks) / used.wall)
        self.waits += [await _timed(embedder, question) for question in questions]


async def _speed(section: Section, embedders: dict[Precision, LocalEmbedder]) -> None:
    """Chunks of TOKENS tokens, tokenizing included; the peak is measured in the same turns on one thread."""
    found = sets.scifact()
    chunks = _chunks(embedders["fp32"], list(found.texts.values()))
    questions = list(found.questions.values())[:QUESTIONS]
    turns = {precision: Turns() for precision in embedders}
    peaks: list[float] = []
    product = _product()
    for _ in range(TURNS):
        for precision, embedder in embedders.items():
            await embedder.embed(questions[:1], "query")  # loads the model
            peaks.append(_gflops(product))
            await turns[precision].take(embedder, chunks, questions)
    peak = statistics.median(peaks)
    section.say(
        f"Chunks of {TOKENS} tokens, tokenizing included, on {usable_processors()} threads; one thread multiplies fp32 "
        f"matrices at {peak:.0f} GFLOP/s here (onnxruntime, {SIDE} x {SIDE}). VNNI: {has_dot_products()}."
    )
    _tell_speed(section, turns, peak)


def _tell_speed(section: Section, turns: dict[Precision, Turns], peak: float) -> None:
    rows: list[list[object]] = []
    for precision, taken in turns.items():
        rate, wall = statistics.median(taken.per_cpu), statistics.median(taken.per_wall)
        share = rate * _operations(TOKENS + 2) / 1e9 / peak
        rows.append([precision, rate, wall, f"{share:.0%}", 1000 * quantile(taken.waits, 0.5)])
        if precision == "int8" and has_dot_products():
            section.at_least(f"chunks of {TOKENS} tokens per CPU second in int8", 45, rate, 1)
        if precision == "fp32" and not has_dot_products():  # then it is what runs by default
            section.at_least("share of the fp32 matrix peak in fp32", 0.85, share)
    section.table(["Precision", "chunks per CPU s", "chunks per s", "share of fp32 peak", "query ms (median)"], rows)


async def _equality(section: Section, embedders: dict[Precision, LocalEmbedder]) -> None:
    """Cosines with the published model's vectors, of texts that it reads whole."""
    texts, wanted = sets.reference_vectors()
    short = [n for n, text in enumerate(texts) if len(embedders["fp32"].tokenizer.spans(text)) <= READ_BY_REFERENCE]
    rows: list[list[object]] = []
    for precision, embedder in embedders.items():
        vectors = await embedder.embed([texts[n] for n in short], "document")
        cosines = (vectors * wanted[short]).sum(axis=1)
        rows.append([precision, f"{cosines.mean():.5f}", f"{cosines.min():.5f}"])
        if precision == "fp32":
            section.at_least("least cosine with the published model in fp32", 0.9999, float(cosines.min()), 5)
    section.say(f"Cosine with the published model on torch, over {len(short)} texts:")
    section.table(["Precision", "mean", "least"], rows)


async def _quality(section: Section, embedders: dict[Precision, LocalEmbedder]) -> None:
    """Exact search over whole documents in both precisions."""
    languages = [sets.xquad(language) for language in ("en", "de", "es", "zh")]
    rows: list[list[object]] = []
    for found in (sets.scifact(), *languages):
        runs = {precision: await _searched(found, embedder) for precision, embedder in embedders.items()}
        exact, near = (metrics.score(runs[precision], found.judgements).ndcg_at_10 for precision in PRECISIONS)
        shared = statistics.mean(
            len(set(metrics.ranking(runs["fp32"][question])[:10]) & set(metrics.ranking(runs["int8"][question])[:10]))
            / 10
            for question in found.questions
        )
        rows.append([found.name, f"{exact:.4f}", f"{near:.4f}", f"{near / exact - 1:+.2%}", f"{shared:.4f}"])
        if found.name == "SciFact":
            section.at_most("loss of nDCG@10 on SciFact in int8, percent", 0.5, 100 * (1 - near / exact))
            section.at_least("share of the ten best in both on SciFact", 0.95, shared)
    section.say("Whole documents, exact search by cosine:")
    section.table(["Set", "nDCG@10 fp32", "int8", "change", "ten best in both"], rows)


async def _searched(found: sets.RetrievalSet, embedder: LocalEmbedder) -> dict[str, dict[str, float]]:
    """The hundred best documents of each question."""
    ids = list(found.texts)
    whole = [f"{found.titles.get(document, '')} {found.texts[document]}".strip() for document in ids]
    documents = await embedder.embed(whole, "document")
    questions = await embedder.embed(list(found.questions.values()), "query")
    run = {}
    for question, vector in zip(found.questions, questions, strict=True):
        scores = documents @ vector
        run[question] = {ids[place]: float(scores[place]) for place in np.argsort(-scores)[:100]}
    return run


def _chunks(embedder: LocalEmbedder, texts: Sequence[str]) -> list[str]:
    """Texts of exactly TOKENS tokens, cut from the set's."""
    chunks = []
    for text in texts:
        spans = embedder.tokenizer.spans(text)
        if len(spans) > TOKENS:
            chunks.append(text[: spans[TOKENS - 1, 1]])
        if len(chunks) == CHUNKS:
            break
    return chunks


async def _timed(embedder: LocalEmbedder, question: str) -> float:
    began = time.perf_counter()
    await embedder.embed([question], "query")
    return time.perf_counter() - began


def _gflops(product: Any) -> float:
    """The speed of a matrix product on one thread."""
    matrix = np.random.default_rng(0).random((SIDE, SIDE), dtype=np.float32)
    with spent() as used:
        for _ in range(40):
            product.run(None, {"a": matrix})
    return 40 * 2 * SIDE**3 / used.cpu / 1e9


def _product() -> Any:
    """A session that multiplies its input `a` with a constant matrix."""
    constant = onnx_file.tensor("b", np.random.default_rng(1).random((SIDE, SIDE), dtype=np.float32))
    ends = [onnx_file.floats(name, [SIDE, SIDE]) for name in ("a", "c")]
    node = onnx_file.node("MatMul", ["a", "b"], "c", "", {})
    return session(onnx_file.model(onnx_file.graph("product", [node], [constant], ends[:1], ends[1:]), 10, [("", 21)]))


def _operations(tokens: int) -> float:
    """Floating-point operations of one text: its linear steps and the two products of attention."""
    linear = 2 * tokens * (4 * WIDTH * WIDTH + 2 * WIDTH * INNER)
    attention = 2 * 2 * tokens * tokens * WIDTH
    return LAYERS * (linear + attention)
