"""The JSON of the native API."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field

from outcrop.core import answers, chunks, records

MAX_QUESTION = 20_000


class Wire(BaseModel):
    """What every request has in common: unknown members are refused."""

    model_config = ConfigDict(extra="forbid")


class RetrieveIn(Wire):
    """A retrieval."""

    question: str = Field(min_length=1, max_length=MAX_QUESTION, description="What to search for.")
    limit: int = Field(5, ge=1, le=100, description="The most passages that are given back.")
    mode: chunks.SearchMode = Field("hybrid", description="How passages are found.")
    filter: dict[str, Any] | None = Field(None, description="A metadata filter in Bedrock's form.")


class AskIn(Wire):
    """A question."""

    question: str = Field(min_length=1, max_length=MAX_QUESTION, description="What to answer.")
    session_id: str | None = Field(None, max_length=100, description="The conversation that it goes on with.")
    mode: chunks.SearchMode = Field("hybrid", description="How passages are found.")
    filter: dict[str, Any] | None = Field(None, description="A metadata filter in Bedrock's form.")


class KnowledgeBaseOut(BaseModel):
    """A knowledge base."""

    id: str
    name: str
    description: str | None
    status: str
    embedding_model: str

    @classmethod
    def of(cls, base: records.KnowledgeBase) -> KnowledgeBaseOut:
        """What is shown of a knowledge base."""
        return cls(
            id=base.id,
            name=base.name,
            description=base.description,
            status=base.status,
            embedding_model=base.embedding_model,
        )


class KnowledgeBasesOut(BaseModel):
    """All knowledge bases, and the model that answers."""

    knowledge_bases: list[KnowledgeBaseOut]
    model: str


class DocumentOut(BaseModel):
    """A document and what became of it."""

    id: str
    name: str
    uri: str
    status: records.DocumentStatus
    reason: str | None
    reason_code: str | None
    warnings: list[str]
    media_type: str
    size: int
    chunks: int
    pages: int
    ocr_pages: int
    empty_pages: int

    @classmethod
    def of(cls, document: records.Document) -> DocumentOut:
        """What is shown of a document."""
        coverage = document.coverage
        return cls(
            id=document.id,
            name=document.name,
            uri=document.uri,
            status=document.status,
            reason=document.reason,
            reason_code=document.reason_code,
            warnings=list(document.warnings),
            media_type=document.media_type,
            size=document.size,
            chunks=document.chunks,
            pages=coverage.pages if coverage else 0,
            ocr_pages=coverage.ocr_pages if coverage else 0,
            empty_pages=coverage.empty_pages if coverage else 0,
        )


class DocumentsOut(BaseModel):
    """A page of documents; `next` asks for the next one."""

    documents: list[DocumentOut]
    next: str | None


class PlaceOut(BaseModel):
    """Where something stands in its file, counted from 1."""

    page: int | None = None
    last_page: int | None = None
    sheet: str | None = None
    row: int | None = None
    last_row: int | None = None
    line: int | None = None
    last_line: int | None = None


class HitOut(BaseModel):
    """A passage that was found; `name` is its file's."""

    chunk_id: str
    document_id: str
    name: str
    uri: str
    text: str
    context: str
    place: PlaceOut
    score: float
    metadata: dict[str, Any]

    @classmethod
    def of(cls, hit: chunks.Hit) -> HitOut:
        """What is shown of a hit."""
        place = hit.chunk.place
        return cls(
            chunk_id=hit.chunk.id,
            document_id=hit.chunk.document_id,
            name=name_of(hit.point.uri),
            uri=hit.point.uri,
            text=hit.chunk.text,
            context=hit.chunk.context,
            place=PlaceOut(
                page=place.first_page,
                last_page=place.last_page,
                sheet=place.sheet,
                row=place.first_row,
                last_row=place.last_row,
                line=place.first_line,
                last_line=hit.chunk.line_at(len(hit.chunk.text)),
            ),
            score=hit.score,
            metadata=dict(hit.point.metadata),
        )


class StepOut(BaseModel):
    """A step of the chain, as it ran."""

    name: str
    started_ms: float
    took_ms: float
    details: dict[str, str | int | float | bool]

    @classmethod
    def of(cls, span: answers.StepSpan) -> StepOut:
        """What is shown of a step."""
        return cls(
            name=span.name,
            started_ms=round(span.started_ms, 3),
            took_ms=round(span.took_ms, 3),
            details=dict(span.details),
        )


class RetrieveOut(BaseModel):
    """The passages, best first."""

    question: str
    hits: list[HitOut]
    trace: list[StepOut]


class ReferenceOut(BaseModel):
    """What supports a statement: `quote` stands between `before` and `after` in its passage."""

    chunk_id: str
    document_id: str
    name: str
    uri: str
    quote: str
    before: str
    after: str
    context: str
    place: PlaceOut

    @classmethod
    def of(cls, reference: answers.Reference) -> ReferenceOut:
        """What is shown of a reference."""
        chunk = reference.hit.chunk
        start, end = reference.start - chunk.start, reference.end - chunk.start
        whole = 0 <= start <= end <= len(chunk.text)
        return cls(
            chunk_id=chunk.id,
            document_id=chunk.document_id,
            name=name_of(reference.hit.point.uri),
            uri=reference.hit.point.uri,
            quote=reference.quote,
            before=chunk.text[:start] if whole else "",
            after=chunk.text[end:] if whole else "",
            context=chunk.context,
            place=PlaceOut(page=reference.page, sheet=reference.sheet, row=reference.row, line=reference.line),
        )


class CitationOut(BaseModel):
    """The characters [start, end) of the answer, counted in code points, and what supports them."""

    start: int
    end: int
    references: list[ReferenceOut]

    @classmethod
    def of(cls, citation: answers.Citation) -> CitationOut:
        """What is shown of a citation."""
        references = [ReferenceOut.of(reference) for reference in citation.references]
        return cls(start=citation.start, end=citation.end, references=references)


class AnswerOut(BaseModel):
    """The whole answer; it replaces what was streamed."""

    text: str
    available: bool
    citations: list[CitationOut]
    session_id: str
    model: str
    question: str
    input_tokens: int | None
    output_tokens: int | None
    took_ms: float
    trace: list[StepOut]

    @classmethod
    def of(cls, answer: answers.Answer, took_ms: float) -> AnswerOut:
        """What is shown of an answer that took so long."""
        return cls(
            text=answer.text,
            available=answer.available,
            citations=[CitationOut.of(citation) for citation in answer.citations],
            session_id=answer.session_id,
            model=answer.model,
            question=answer.question,
            input_tokens=answer.usage.input_tokens if answer.usage else None,
            output_tokens=answer.usage.output_tokens if answer.usage else None,
            took_ms=round(took_ms, 1),
            trace=[StepOut.of(span) for span in answer.trace],
        )


class ErrorOut(BaseModel):
    """What went wrong: `kind` for programs, `message` for people."""

    kind: str
    message: str


class HealthOut(BaseModel):
    """Whether the server works."""

    status: Literal["ok", "unavailable"]
    reason: str | None = None


def name_of(uri: str) -> str:
    """The file's name in an address."""
    return unquote(uri.rstrip("/").rpartition("/")[2]) or uri
