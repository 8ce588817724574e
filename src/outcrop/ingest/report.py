"""Reports on what was ingested: of a knowledge base as it is, and of one job, as numbers and document by document."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from outcrop.core.errors import NotFound
from outcrop.core.filters import equals
from outcrop.core.parsed import TOKEN_EDGES, Coverage, Quality
from outcrop.core.protocols import MetadataStore, every
from outcrop.core.records import Document, IngestionJob, KnowledgeBase, Statistics

# What to do about a document, by the word of its reason.
REMEDIES: Mapping[str, str] = {
    "empty": "Put a file with content in its place, or take it out of the source.",
    "encrypted": "Save it without its password, and sync again.",
    "corrupt": "Open it in its own program and save it anew, or get it again from where it came from; then sync.",
    "unsupported": "Save it in a format that is read (PDF, DOCX, HTML, text ...), or exclude it by a pattern.",
    "too_large": "Split it, or raise the setting max_file_mb; then sync again.",
    "no_text": "If it is a scan, install OCR (pip install 'outcrop[ocr]') and sync again; else it has no text.",
    "timeout": "Sync again when the machine is less busy, or raise the setting parse_seconds.",
    "out_of_memory": "Split it, or raise the setting parse_memory_mb; then sync again.",
    "crashed": "Sync again; if it fails again, save it anew in its own program, and report the fault.",
    "missing_dependency": "Install what the reason names, and sync again.",
    "lethal": "Take it out of the source, or save it anew in its own program; and report the fault.",
    "unreachable": "See that it is there and may be read by the user that runs Outcrop; then sync again.",
}
COLUMNS = (
    "name", "uri", "status", "reasonCode", "reason", "whatToDo", "mediaType", "size", "language", "characters", "pages",
    "textPages", "ocrPages", "emptyPages", "ocrConfidence", "chunks", "tokens", "emptyChunks", "duplicateChunks",
    "warnings", "updatedAt",
)  # fmt: skip

TOKEN_LABELS: tuple[str, ...] = tuple(
    f"{low}-{high - 1}" if high is not None else f"{low}+"
    for low, high in zip((0, *TOKEN_EDGES), (*TOKEN_EDGES, None), strict=True)
)


@dataclass(slots=True, kw_only=True)
class Report:
    """Numbers over documents; `statistics` are the job's own counts where it is one job's report.

    `ocr_share` is of all pages, `ocr_confidence` the mean over the pages read by OCR (0 to 1). `histogram` counts
    chunks by tokens, under labels such as "64-127". Documents whose content is another's are `duplicate_documents`.
    """

    knowledge_base: str
    job: IngestionJob | None = None
    documents: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    characters: int = 0
    pages: int = 0
    ocr_pages: int = 0
    empty_pages: int = 0
    ocr_share: float | None = None
    ocr_confidence: float | None = None
    chunks: int = 0
    tokens: int = 0
    empty_chunks: int = 0
    duplicate_chunks: int = 0
    duplicate_documents: int = 0
    histogram: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(TOKEN_LABELS, 0)))

    @property
    def statistics(self) -> Statistics | None:
        """The counts of the job."""
        return self.job.statistics if self.job is not None else None

    def add(self, document: Document) -> None:
        """Count a document."""
        self.documents += 1
        self.statuses[document.status] += 1
        self.chunks += document.chunks
        if document.reason_code is not None:
            self.reasons[document.reason_code] += 1
        self._add_coverage(document)
        quality = document.quality
        if quality is not None:
            self.languages[quality.language or "unknown"] += 1
            self.tokens += quality.tokens
            self.empty_chunks += quality.empty_chunks
            self.duplicate_chunks += quality.duplicate_chunks
            self.histogram.update(dict(zip(TOKEN_LABELS, quality.histogram, strict=True)))

    def _add_coverage(self, document: Document) -> None:
        coverage = document.coverage
        if coverage is None:
            return
        if coverage.ocr_confidence is not None:
            before = (self.ocr_confidence or 0.0) * self.ocr_pages
            read = self.ocr_pages + coverage.ocr_pages
            self.ocr_confidence = (before + coverage.ocr_confidence * coverage.ocr_pages) / read
        self.characters += coverage.characters
        self.pages += coverage.pages
        self.ocr_pages += coverage.ocr_pages
        self.empty_pages += coverage.empty_pages
        self.ocr_share = self.ocr_pages / self.pages if self.pages else None


class Reports:
    """Makes reports."""

    def __init__(self, metadata: MetadataStore) -> None:
        self._metadata = metadata

    async def of(self, base: KnowledgeBase, job: IngestionJob | None = None) -> Report:
        """The report of a knowledge base, or of one job: of the documents that no later job has changed."""
        report = Report(knowledge_base=base.id, job=job)
        contents: Counter[str] = Counter()
        async for document in self.documents(base, job):
            report.add(document)
            if document.chunks:
                contents[document.content_hash] += 1
        report.duplicate_documents = contents.total() - len(contents)
        return report

    async def documents(self, base: KnowledgeBase, job: IngestionJob | None = None) -> AsyncIterator[Document]:
        """The documents of a report: all, or those that the job wrote, and those that failed before and still do."""
        attribute, value = ("knowledge_base_id", base.id) if job is None else ("data_source_id", job.data_source_id)
        async for document in every(self._metadata, Document, equals(attribute, value)):
            if job is None or _of_job(document, job):
                yield document

    async def jobs(self, base: KnowledgeBase) -> Sequence[IngestionJob]:
        """The jobs of a knowledge base, the newest first."""
        where = equals("knowledge_base_id", base.id)
        return [job async for job in every(self._metadata, IngestionJob, where)][::-1]

    async def job(self, base: KnowledgeBase, reference: str) -> IngestionJob:
        """A job by its id, or the newest: "last". Raises NotFound."""
        jobs = await self.jobs(base)
        found = [job for job in jobs if reference in (job.id, "last")]
        if not found:
            raise NotFound(f"{base.name} has no job {reference!r}.")
        return found[0]


def _of_job(document: Document, job: IngestionJob) -> bool:
    if job.finished_at is not None and document.updated_at > job.finished_at:
        return False
    return document.updated_at >= job.created_at or document.status == "FAILED"


def row(document: Document) -> dict[str, Any]:
    """A document as a row of a report, by `COLUMNS`."""
    values = (
        document.name,
        document.uri,
        document.status,
        document.reason_code,
        document.reason,
        REMEDIES.get(document.reason_code or ""),
        document.media_type,
        document.size,
        document.quality.language if document.quality is not None else None,
        *_coverage(document.coverage),
        document.chunks,
        *_quality(document.quality),
        " ".join(document.warnings),
        document.updated_at.isoformat(),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _coverage(found: Coverage | None) -> tuple[int | float | None, ...]:
    if found is None:
        return (None,) * 6
    pages = (found.pages, found.text_pages, found.ocr_pages, found.empty_pages)
    return (found.characters, *pages, found.ocr_confidence)


def _quality(found: Quality | None) -> tuple[int | None, ...]:
    return (None,) * 3 if found is None else (found.tokens, found.empty_chunks, found.duplicate_chunks)


def csv_lines(documents: Iterable[Document]) -> Iterator[str]:
    """The lines of a CSV file with a header, for spreadsheets: no cell is taken for a formula."""
    yield _line(COLUMNS)
    for document in documents:
        yield _line([_safe(value) for value in row(document).values()])


def _line(values: Sequence[Any]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(values)
    return written.getvalue()


def _safe(value: Any) -> Any:
    """A value that a spreadsheet shows as it is: names of files are other people's."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
