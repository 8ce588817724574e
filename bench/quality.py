"""Retrieval quality through the product's own ingestion and search, on public sets.

Each document of a set is written as a file, a knowledge base ingests the folder, and every question is retrieved. A
document's score is that of its best chunk. SciFact is also searched with each abstract in one chunk, which is how the
model's published score came about.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bench import metrics, sets
from bench.options import Options
from bench.report import Section
from outcrop import Outcrop
from outcrop.core.chunks import SearchMode
from outcrop.core.records import Chunking

DEPTH = 30  # chunks, so that ten documents are found although some have several
LANGUAGES = ("en", "de", "es", "zh")
SCIFACT_MODES: tuple[SearchMode, ...] = ("semantic", "keyword", "hybrid")
XQUAD_MODES: tuple[SearchMode, ...] = ("keyword", "hybrid")
WHOLE = "SciFact, one chunk an abstract"
LEAST = {
    ("SciFact", "semantic"): 0.635,
    ("SciFact", "keyword"): 0.67,
    ("SciFact", "hybrid"): 0.70,
    ("XQuAD en", "keyword"): 0.95,
    ("XQuAD de", "keyword"): 0.92,
    ("XQuAD zh", "keyword"): 0.70,
}
REFERENCE = 0.645  # nDCG@10 of all-MiniLM-L6-v2 on SciFact, published: the first 256 tokens of each abstract
TOLERANCE = 0.01


def run(options: Options) -> Section:  # noqa: ARG001 # one signature for all benchmarks
    """Score every set in every mode."""
    section = Section("Retrieval quality")
    rows: list[list[object]] = []
    scifact = sets.scifact()
    for found, modes, chunking in (
        (replace(scifact, name=WHOLE), ("semantic",), Chunking(strategy="none")),
        (scifact, SCIFACT_MODES, Chunking()),
        *((sets.xquad(language), XQUAD_MODES, Chunking()) for language in LANGUAGES),
    ):
        for mode, scores in measure(found, modes, chunking).items():
            shown = [scores.ndcg_at_10, scores.recall_at_10, scores.mrr]
            rows.append([found.name, mode, *(f"{value:.4f}" for value in shown)])
            _goal(section, found.name, mode, scores.ndcg_at_10)
            print(f"  {found.name} {mode}: {scores.ndcg_at_10:.4f}", flush=True)
    section.table(["Set", "mode", "nDCG@10", "recall@10", "MRR"], rows)
    section.say(
        f"Scored by `bench/metrics.py` and by pytrec_eval, which agree to {metrics.AGREEMENT:g} on each question."
    )
    return section


def measure(
    found: sets.RetrievalSet, modes: tuple[SearchMode, ...], chunking: Chunking
) -> dict[SearchMode, metrics.Scores]:
    """Ingest a set and score its questions in each mode."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "documents"
        _write(folder, found)
        with Outcrop(data=Path(scratch) / "data") as outcrop:
            outcrop.create("measured")
            outcrop.add_folder("measured", folder, chunking)
            for job in outcrop.sync("measured"):
                if job.statistics.indexed != len(found.texts):
                    raise RuntimeError(f"{job.statistics.indexed} of {len(found.texts)} documents were indexed.")
            return {mode: metrics.score(_run(outcrop, found.questions, mode), found.judgements) for mode in modes}


def _write(folder: Path, found: sets.RetrievalSet) -> None:
    """Each document as Markdown, its title as the heading; plain text where it has none."""
    folder.mkdir(parents=True)
    for document, text in found.texts.items():
        title = found.titles.get(document)
        path = folder / (f"{document}.md" if title else f"{document}.txt")
        path.write_text(f"# {title}\n\n{text}\n" if title else f"{text}\n", encoding="utf-8")


def _run(outcrop: Outcrop, questions: Mapping[str, str], mode: SearchMode) -> dict[str, dict[str, float]]:
    run: dict[str, dict[str, float]] = {}
    for question, text in questions.items():
        best = run.setdefault(question, {})
        for rank, hit in enumerate(outcrop.retrieve("measured", text, limit=DEPTH, mode=mode)):
            best.setdefault(Path(hit.point.uri).stem, -float(rank))  # the order is what is scored
    return run


def _goal(section: Section, name: str, mode: SearchMode, value: float) -> None:
    what = f"{name} {mode} nDCG@10"
    if name == WHOLE:
        section.within(what, REFERENCE, TOLERANCE, value)
    elif (name, mode) in LEAST:
        section.at_least(what, LEAST[name, mode], value, 4)
