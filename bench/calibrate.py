"""`python -m bench.calibrate`: weigh the evidence of the extractive answerer, and write its weights with their source.

Learns from the documents in `bench/calibration` and from XQuAD in English, German, Spanish and Chinese, which it reads
from the folder that `OUTCROP_BENCH_DATA` names. A question is answerable with its paragraph in the collection and
unanswerable with it taken out: what is then found comes near, as it does in life.
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from bench.logistic import area, fit
from bench.sets import data_folder
from outcrop.adapters.chunkers import open_chunker
from outcrop.adapters.embedders.local import open_embedder
from outcrop.adapters.generators import decision, weights
from outcrop.adapters.generators.asked import asked
from outcrop.adapters.generators.evidence import Evidence, Weighing
from outcrop.adapters.generators.extractive import EMBEDDER
from outcrop.adapters.generators.reading import Sentence, read
from outcrop.adapters.vector_stores.memory import open_store
from outcrop.core.chunks import DOCUMENT_ID, Hit, IndexSpec, Point, Search, Vectors
from outcrop.core.filters import Compare, Filter, one_of
from outcrop.core.parsed import Heading, ParsedDocument, Table
from outcrop.core.protocols import Embedder, Purpose, Tokenizer, VectorStore
from outcrop.core.records import Chunking
from outcrop.core.settings import Settings
from outcrop.core.stores import NamedStore

HERE = Path(__file__).parent
WRITTEN = HERE / "calibration"
TARGET = HERE.parent / "src" / "outcrop" / "adapters" / "generators" / "weights.py"
LANGUAGES = {"en": 2, "de": 4, "es": 4, "zh": 4}  # every how many-th question is taken
SIZES = (300, 120)  # tokens of a chunk: evidence must not depend on them
HITS = 8
FOLDS = 5
# The written questions count more: they are few, and near misses as users make them.
SENTENCE_SHARES = {"written": 8.0, "xquad": 0.5}
ANSWER_SHARES = {"written": 2.0, "xquad": 0.5}
SENTENCE = (
    "cosine", "foreign", "soft", "own", "passage", "worst", "absent", "astray", "other", "lacking", "open", "pairs",
    "rank", "row",
)  # fmt: skip
ANSWER = (
    "cosine", "foreign", "soft", "own", "passage", "worst", "absent", "astray", "other", "lacking", "open", "pairs",
    "row", "score",
    "soft*soft", "cosine*soft", "worst*lacking", "absent*cosine",
)  # fmt: skip
PENALTY = 3.0
ENOUGH = {"written": 0.75, "xquad": 0.84}  # of the answerable questions are to be answered; the written are hard


@dataclass(frozen=True, slots=True)
class Question:
    """A question, whether it has an answer here, and a test of whether a sentence is that answer."""

    text: str
    source: str  # "written", "xquad.en" ...
    group: str  # questions of one group are never learned from and tested on at once
    answerable: bool
    without: str | None = None  # the document that is taken out
    within: tuple[str, ...] = ()  # the documents that are searched; all when left out
    answers: Callable[[Hit, Sentence], bool] = field(default=lambda _hit, _sentence: False)


@dataclass(frozen=True, slots=True)
class Example:
    """A question with the evidence that was found for it, and which of it is the answer."""

    question: Question
    evidence: Sequence[Evidence]
    right: Sequence[bool]


class Remembered:
    """An embedder that computes each text once: the same sentences are compared with many questions."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self._known: dict[str, np.ndarray] = {}
        self.model, self.dimensions, self.max_tokens = inner.model, inner.dimensions, inner.max_tokens
        self.tokenizer: Tokenizer = inner.tokenizer

    async def embed(self, texts: Sequence[str], purpose: Purpose) -> Vectors:
        """As the embedder's own."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        if missing:
            self._known.update(zip(missing, await self._inner.embed(missing, purpose), strict=True))
        return np.stack([self._known[text] for text in texts])


def markdown(text: str) -> ParsedDocument:
    """A Markdown document with its headings and tables."""
    headings = [
        Heading(level=len(match[1]), start=match.start(2), end=match.end(2))
        for match in re.finditer(r"^(#{1,6}) (.*)$", text, re.MULTILINE)
    ]
    tables = []
    for match in re.finditer(r"(?:^\|.*\n?)+", text, re.MULTILINE):
        header = "\n".join(match[0].split("\n")[:2])
        tables.append(Table(start=match.start(), end=match.end(), header_end=match.start() + len(header) + 1))
    title = text[headings[0].start : headings[0].end] if headings else None
    return ParsedDocument(
        text=text,
        media_type="text/markdown",
        parser="calibrate",
        title=title,
        headings=tuple(headings),
        tables=tuple(tables),
    )


async def indexed(documents: Mapping[str, ParsedDocument], size: int, embedder: Embedder) -> VectorStore:
    """The documents by id in a store of their own, in an index called `index`."""
    store = open_store(Settings(), NamedStore("memory", "memory"))
    await store.create(IndexSpec(name="index", dimensions=embedder.dimensions))
    chunker = open_chunker(Chunking(max_tokens=size), embedder)
    for name, document in documents.items():
        chunks = await chunker.chunk(name, document)
        vectors = await embedder.embed([chunk.embedded_text() for chunk in chunks], "document")
        points = [
            Point(chunk=chunk, vector=vector, uri=f"file:///{name}", data_source_id="calibrate")
            for chunk, vector in zip(chunks, vectors, strict=True)
        ]
        await store.upsert("index", points)
    return store


async def example(question: Question, store: VectorStore, embedder: Embedder) -> Example:
    """What is found for a question."""
    vector = (await embedder.embed([question.text], "query"))[0]
    where: Filter | None = Compare("notEquals", DOCUMENT_ID, question.without) if question.without else None
    if question.within:
        where = one_of(DOCUMENT_ID, question.within)
    hits = await store.search("index", Search(text=question.text, vector=vector, limit=HITS, where=where))
    evidence = await Weighing(asked(question.text), read(hits)).weigh(embedder)
    right = [question.answers(hits[one.sentence.passage], one.sentence) for one in evidence]
    return Example(question, evidence, right)


def written_questions() -> Iterator[Question]:
    """The questions in bench/calibration."""
    paths = sorted(WRITTEN.glob("*.questions.tsv"))
    names = [path.name.removesuffix(".questions.tsv") for path in paths]
    for at, (path, name) in enumerate(zip(paths, names, strict=True)):
        # The document and its neighbours: enough to go astray, not so much that another answers too.
        within = tuple(names[(at + step) % len(names)] for step in range(3))
        for line in path.read_text(encoding="utf-8").splitlines():
            sign, text, *words = line.split("\t")
            answers = _holding(name, words[0].split(" | ")) if words else _never
            yield Question(text, "written", name, sign == "+", within=within, answers=answers)


def _never(_hit: Hit, _sentence: Sentence) -> bool:
    return False


def _holding(name: str, words: Sequence[str]) -> Callable[[Hit, Sentence], bool]:
    def holds(hit: Hit, sentence: Sentence) -> bool:
        said = " ".join(hit.chunk.text[sentence.start : sentence.end].split())
        return hit.chunk.document_id == name and all(word.strip("| ") in said for word in words)

    return holds


def written_documents() -> dict[str, ParsedDocument]:
    """The documents in bench/calibration."""
    paths = [path for path in sorted(WRITTEN.glob("*.md")) if path.name != "README.md"]
    return {path.stem: markdown(path.read_text(encoding="utf-8")) for path in paths}


def xquad(language: str, every: int) -> tuple[dict[str, ParsedDocument], list[Question]]:
    """Paragraphs of XQuAD, and each taken question twice: with its paragraph and without."""
    file = data_folder() / "xquad" / f"xquad.{language}.json"
    articles = json.loads(file.read_text(encoding="utf-8"))["data"]
    documents: dict[str, ParsedDocument] = {}
    questions: list[Question] = []
    for number, article in enumerate(articles):
        for paragraph in article["paragraphs"]:
            name = f"{language}-{len(documents)}"
            documents[name] = ParsedDocument(text=paragraph["context"], media_type="text/plain", parser="calibrate")
            for asked_for in paragraph["qas"]:
                answer = asked_for["answers"][0]
                span = answer["answer_start"], answer["answer_start"] + len(answer["text"])
                source, group = f"xquad.{language}", f"article {number}"
                questions.append(
                    Question(asked_for["question"], source, group, answerable=True, answers=_touching(name, *span))
                )
    taken = questions[::every]
    removed = [replace(one, answerable=False, without=_name_of(one)) for one in taken]
    return documents, [*taken, *removed]


def _touching(name: str, start: int, end: int) -> Callable[[Hit, Sentence], bool]:
    def touches(hit: Hit, sentence: Sentence) -> bool:
        begins, ends = hit.chunk.start + sentence.start, hit.chunk.start + sentence.end
        return hit.chunk.document_id == name and begins < end and start < ends

    touches.__doc__ = name
    return touches


def _name_of(question: Question) -> str:
    return str(question.answers.__doc__)


async def examples(embedder: Embedder) -> list[Example]:
    """Every example there is to learn from."""
    found = []
    for size in SIZES:
        store = await indexed(written_documents(), size, embedder)
        found += [await example(question, store, embedder) for question in written_questions()]
    for language, every in LANGUAGES.items():
        documents, questions = xquad(language, every)
        store = await indexed(documents, SIZES[0], embedder)
        found += [await example(question, store, embedder) for question in questions]
        print(f"{language}: {len(found)} examples", flush=True)
    return [one for one in found if one.evidence]


def _share(shares: Mapping[str, float], one: Example) -> float:
    return shares[one.question.source.split(".")[0]]


def learn_sentences(given: Iterable[Example]) -> tuple[dict[str, float], float]:
    """Weights that put the right sentence first."""
    rows, truths, shares = [], [], []
    for one in given:
        for evidence, right in zip(one.evidence, one.right, strict=True):
            rows.append([evidence.features[name] for name in SENTENCE])
            truths.append(float(right))
            shares.append(_share(SENTENCE_SHARES, one))
    learned, bias = fit(np.array(rows), np.array(truths), np.array(shares), PENALTY)
    return dict(zip(SENTENCE, map(float, learned), strict=True)), bias


def learn_answers(given: Sequence[Example]) -> tuple[dict[str, float], float, dict[str, float]]:
    """Weights that tell whether the first sentence answers; those of `learn_sentences` are in force."""
    rows, truths, shares = [], [], []
    for one in given:
        best = decision.ranked(one.evidence)
        right = _is_right(one, best[0])
        if one.question.answerable and not right:
            continue  # neither an answer nor unanswerable
        features = decision.judged(best)
        rows.append([features[name] for name in ANSWER])
        truths.append(float(one.question.answerable))
        shares.append(_share(ANSWER_SHARES, one))
    matrix, truth = np.array(rows), np.array(truths)
    learned, bias = fit(matrix, truth, np.array(shares), PENALTY)
    usual = np.median(matrix[truth > 0.5], axis=0)
    return dict(zip(ANSWER, map(float, learned), strict=True)), bias, dict(zip(ANSWER, map(float, usual), strict=True))


def _is_right(one: Example, best: decision.Ranked) -> bool:
    return any(right and evidence is best.evidence for evidence, right in zip(one.evidence, one.right, strict=True))


def apply(given: Sequence[Example]) -> None:
    """Learn both models and put them in force."""
    weights.SENTENCE, weights.SENTENCE_BIAS = learn_sentences(given)
    weights.ANSWER, weights.ANSWER_BIAS, weights.USUAL = learn_answers(given)


@dataclass(frozen=True, slots=True)
class Judged:
    """How an example that was not learned from came out."""

    example: Example
    probability: float
    right: bool
    said: str


def crossed(given: Sequence[Example]) -> list[Judged]:
    """Every example judged by what was learned from the other groups."""
    found = []
    for part in range(FOLDS):
        apply([one for one in given if _fold(one) != part])
        for one in given:
            if _fold(one) == part:
                best = decision.ranked(one.evidence)
                said = best[0].evidence.sentence.reading
                found.append(Judged(one, decision.verdict(best).probability, _is_right(one, best[0]), said))
    return found


def _fold(one: Example) -> int:
    return zlib.crc32(one.question.group.encode()) % FOLDS


def table(judged: Sequence[Judged], threshold: float) -> list[str]:
    """Results by set, at a threshold, as lines."""
    lines = ["set         questions  right sentence  ROC area  answered of answerable  of unanswerable  precision"]
    for source in dict.fromkeys(one.example.question.source for one in judged):
        some = [one for one in judged if one.example.question.source == source]
        can = [one for one in some if one.example.question.answerable]
        cannot = [one for one in some if not one.example.question.answerable]
        truths = np.array([float(one.example.question.answerable) for one in some])
        reach = area(truths, np.array([one.probability for one in some]))
        answered = [one for one in some if one.probability >= threshold]
        lines.append(
            f"{source:10s}  {len(some):9d}  {np.mean([one.right for one in can]):14.3f}  {reach:8.3f}  "
            f"{np.mean([one.probability >= threshold for one in can]):22.3f}  "
            f"{np.mean([one.probability >= threshold for one in cannot]):15.3f}  "
            f"{np.mean([one.right for one in answered]):9.3f}"
        )
    return lines


def best_threshold(judged: Sequence[Judged]) -> float:
    """The highest threshold at which enough of what can be answered is, on the written questions and on XQuAD."""
    thresholds = []
    for source, share in ENOUGH.items():
        can = [
            one for one in judged if one.example.question.source.startswith(source) and one.example.question.answerable
        ]
        thresholds.append(float(np.quantile([one.probability for one in can], 1 - share)))
    return round(min(thresholds), 2)


def source_text(threshold: float, lines: Sequence[str]) -> str:
    """The module with what was learned."""

    def block(name: str, values: Mapping[str, float]) -> str:
        inner = "".join(f'    "{key}": {value:.4f},\n' for key, value in values.items())
        return f"{name}: dict[str, float] = {{\n{inner}}}\n"

    measured = "\n".join(lines)
    return (
        '"""What the evidence of an answer weighs. Written by `python -m bench.calibrate`; change it there.\n\n'
        "Learned from the documents in bench/calibration and from XQuAD (Artetxe et al. 2020, CC BY-SA 4.0); of every\n"
        f"question, {FOLDS} parts in turn were judged by what was learned from the others, at the threshold below:\n\n"
        f'{measured}\n"""\n\nfrom __future__ import annotations\n\n'
        f"THRESHOLD = {threshold}\n\n# The log odds that a sentence holds the answer.\n"
        f"SENTENCE_BIAS = {weights.SENTENCE_BIAS:.4f}\n{block('SENTENCE', weights.SENTENCE)}\n"
        f"# The log odds that the best sentence is an answer.\nANSWER_BIAS = {weights.ANSWER_BIAS:.4f}\n"
        f"{block('ANSWER', weights.ANSWER)}\n"
        "# The median of each over the answers: what speaks against one is told by it.\n"
        f"{block('USUAL', weights.USUAL)}"
    )


async def main() -> None:
    """Learn, report and write."""
    with tempfile.TemporaryDirectory() as folder:
        embedder = Remembered(open_embedder(EMBEDDER, Settings(data=Path(folder))))
        given = await examples(embedder)
    judged = crossed(given)
    threshold = best_threshold(judged)
    lines = table(judged, threshold)
    print("\n".join(lines))
    apply(given)
    TARGET.write_text(source_text(threshold, lines), encoding="utf-8")
    print(f"Written to {TARGET}.")


if __name__ == "__main__":
    asyncio.run(main())
