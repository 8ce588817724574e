"""The resources that Outcrop keeps, as frozen records: to change one is to make a new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal

from outcrop.core.chunks import Adopted, IndexSpec
from outcrop.core.filters import Metadata
from outcrop.core.parsed import Coverage


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What every stored record has. `version` grows with each put; `collection` names the record's table."""

    collection: ClassVar[str] = ""
    indexed: ClassVar[tuple[str, ...]] = ()  # the attributes that lists are filtered by: texts
    unique: ClassVar[tuple[str, ...]] = ()  # indexed attributes that no two records have the same together

    id: str
    created_at: datetime
    updated_at: datetime
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeBase(Record):
    """A set of documents that is searched together: one embedding model, one index in one vector store."""

    collection: ClassVar[str] = "knowledge_bases"
    indexed: ClassVar[tuple[str, ...]] = ("name", "status")
    unique: ClassVar[tuple[str, ...]] = ("name",)

    name: str
    embedding_model: str  # "local:all-MiniLM-L6-v2", "openai:text-embedding-3-small" ...
    dimensions: int
    index: str  # the index's name in the vector store
    vector_store: str = "embedded"  # by name: a table of the setting `vector_stores`, or one that needs none
    adopts: Adopted | None = None  # what the index is kept in, where that was there before
    description: str | None = None
    status: Literal["CREATING", "ACTIVE", "DELETING", "UPDATING", "FAILED", "DELETE_UNSUCCESSFUL"] = "ACTIVE"
    failure_reasons: tuple[str, ...] = ()
    retains: bool = False  # the index holds points of deleted data sources whose deletion policy was RETAIN
    declared: Mapping[str, Any] = field(default_factory=dict)  # what a client said of it, given back as it was said

    def spec(self) -> IndexSpec:
        """What its index is made for."""
        return IndexSpec(name=self.index, dimensions=self.dimensions, adopts=self.adopts)


CUSTOM = "custom"  # the kind of a data source whose documents are handed over one by one
ChunkingStrategy = Literal["default", "fixed", "semantic", "hierarchical", "section", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunking:
    """How documents are cut; sizes are tokens of the embedding model. Names follow Bedrock's ChunkingConfiguration.

    default: whole sentences up to `max_tokens` under their headings; fixed: exactly `max_tokens` with
    `overlap_percentage`; semantic: a cut where neighbouring sentence groups (`buffer_size` sentences either
    side) differ more than the `breakpoint_percentile`; hierarchical: children of `child_max_tokens` are searched,
    parents of `parent_max_tokens` returned, children overlap by `overlap_tokens`; section: one chunk a heading;
    none: one chunk a document.
    """

    strategy: ChunkingStrategy = "default"
    max_tokens: int = 300
    overlap_percentage: int = 20
    breakpoint_percentile: int = 95
    buffer_size: int = 1
    parent_max_tokens: int = 1500
    child_max_tokens: int = 300
    overlap_tokens: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource(Record):
    """Where documents of a knowledge base come from, and how they are read and cut."""

    collection: ClassVar[str] = "data_sources"
    indexed: ClassVar[tuple[str, ...]] = ("knowledge_base_id", "name", "status")

    knowledge_base_id: str
    name: str
    kind: str  # CUSTOM, or a key of registry.SOURCES: "folder" ...
    configuration: Mapping[str, Any]  # folder: {"path": ..., "include": [...], "exclude": [...]}
    chunking: Chunking = field(default_factory=Chunking)
    deletion_policy: Literal["DELETE", "RETAIN"] = "DELETE"
    status: Literal["AVAILABLE", "DELETING", "DELETE_UNSUCCESSFUL"] = "AVAILABLE"
    description: str | None = None
    failure_reasons: tuple[str, ...] = ()
    declared: Mapping[str, Any] = field(default_factory=dict)  # as a knowledge base's


DocumentStatus = Literal["INDEXED", "PARTIALLY_INDEXED", "FAILED", "IGNORED"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document(Record):
    """A document and what became of it. Its id is derived from its data source and uri, so a re-run finds it again.

    INDEXED: all text that was found is searchable, and some was found; PARTIALLY_INDEXED: some pages could not be
    read (`reason` says which); FAILED: nothing is searchable, `reason` says why and `reason_code` is a word of
    `errors.Reason`; IGNORED: not a document that Outcrop reads, or left out by a pattern.
    """

    collection: ClassVar[str] = "documents"
    indexed: ClassVar[tuple[str, ...]] = ("knowledge_base_id", "data_source_id", "status", "uri")

    knowledge_base_id: str
    data_source_id: str
    uri: str
    name: str  # the path below the source's root
    status: DocumentStatus
    content_hash: str  # sha256 of the bytes, hexadecimal
    settings_hash: str  # of the parser, chunking and embedding settings that made the chunks
    metadata_hash: str = ""
    size: int = 0
    media_type: str = ""
    title: str | None = None
    reason: str | None = None
    reason_code: str | None = None
    warnings: tuple[str, ...] = ()
    coverage: Coverage | None = None
    chunks: int = 0
    source_version: str | None = None  # the item's version in its source when it was read
    chunks_hash: str = ""  # of the sorted ids of its chunks: verify compares it with the index
    metadata: Metadata = field(default_factory=dict)
    embedded: tuple[str, ...] = ()  # the metadata that is embedded with the text, by name


DepositStatus = Literal[
    "PENDING", "IN_PROGRESS", "KEPT", "FAILED", "METADATA_UPDATE_FAILED", "DELETING", "DELETE_IN_PROGRESS"
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Where something is yet to be fetched from: an object in S3, and the account that must own its bucket."""

    uri: str
    owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit(Record):
    """A document that was handed over by itself: what it is to be, while its `Document` says what is indexed of it.

    Its id is the document's. In a data source of the kind "custom" it stays as long as the document, since nothing
    else has its content; in any other it is gone once it is done. PENDING: waits; KEPT: it is done, and the Document
    says how it went; FAILED, METADATA_UPDATE_FAILED: it could not be done, `reason` says why, and what was indexed
    before is as it was.
    """

    collection: ClassVar[str] = "deposits"
    indexed: ClassVar[tuple[str, ...]] = ("knowledge_base_id", "data_source_id", "status", "blob")

    knowledge_base_id: str
    data_source_id: str
    uri: str
    name: str  # with the extension of its media type
    status: DepositStatus = "PENDING"
    reason: str | None = None
    blob: str = ""  # the key of the content in the blob store; "" where it is not had yet, or is its source's
    size: int = 0
    media_type: str = ""
    content_at: Elsewhere | None = None
    metadata: Metadata = field(default_factory=dict)
    embedded: tuple[str, ...] = ()  # the metadata that is embedded with the text, by name
    metadata_at: Elsewhere | None = None
    own_metadata: bool = False  # given with the document, and not what its source has beside it


JobStatus = Literal["STARTING", "IN_PROGRESS", "COMPLETE", "FAILED", "STOPPING", "STOPPED"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What an ingestion job did, in documents (Bedrock's IngestionJobStatistics), and chunks and tokens embedded."""

    scanned: int = 0
    indexed: int = 0  # new
    modified: int = 0
    deleted: int = 0
    failed: int = 0
    ignored: int = 0
    unchanged: int = 0
    metadata_scanned: int = 0
    metadata_modified: int = 0
    parsed: int = 0  # counts parses, to prove that unchanged documents cost none
    chunks_embedded: int = 0
    chunks_reused: int = 0  # chunks of changed documents whose vector was already there
    tokens_embedded: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestionJob(Record):
    """One sync of one data source."""

    collection: ClassVar[str] = "ingestion_jobs"
    indexed: ClassVar[tuple[str, ...]] = ("knowledge_base_id", "data_source_id", "status")

    knowledge_base_id: str
    data_source_id: str
    status: JobStatus = "STARTING"
    description: str | None = None
    statistics: Statistics = field(default_factory=Statistics)
    failure_reasons: tuple[str, ...] = ()
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One question of a session and the answer that it got."""

    question: str
    answer: str
    standalone: str | None = None  # the question as it was searched, where it was rewritten


@dataclass(frozen=True, slots=True, kw_only=True)
class Session(Record):
    """A conversation with a knowledge base: its latest turns, oldest first."""

    collection: ClassVar[str] = "sessions"
    indexed: ClassVar[tuple[str, ...]] = ("knowledge_base_id", "owner")

    knowledge_base_id: str
    owner: str  # the id of the caller that opened it; nobody else may go on with it
    turns: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientToken(Record):
    """A client token that was used, and the reply that it got: `status` is 0 while there is none yet."""

    collection: ClassVar[str] = "client_tokens"

    fingerprint: str  # sha256 of the request's other parameters, hexadecimal
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey(Record):
    """An access key. SigV4 needs the secret itself, so it is kept encrypted, never in clear."""

    collection: ClassVar[str] = "access_keys"
    indexed: ClassVar[tuple[str, ...]] = ("name", "status")

    name: str
    sealed_secret: str
    status: Literal["ACTIVE", "REVOKED"] = "ACTIVE"
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload(Record):
    """A file that was uploaded by itself; `blob` is the key of its content in the blob store."""

    collection: ClassVar[str] = "uploads"
    indexed: ClassVar[tuple[str, ...]] = ("purpose", "blob")

    name: str
    purpose: str  # what it was uploaded for, in the uploader's words: "assistants", "user_data" ...
    blob: str
    size: int
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreLabel(Record):
    """What a knowledge base is called, and labelled with, as a vector store. Its id is the knowledge base's."""

    collection: ClassVar[str] = "store_labels"
    indexed: ClassVar[tuple[str, ...]] = ("knowledge_base_id",)

    knowledge_base_id: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment(Record):
    """An uploaded file as a document of a knowledge base: which one, and in which of its data sources."""

    collection: ClassVar[str] = "attachments"
    indexed: ClassVar[tuple[str, ...]] = (
        "knowledge_base_id", "data_source_id", "upload_id", "batch_id", "document_id",
    )  # fmt: skip

    knowledge_base_id: str
    upload_id: str
    data_source_id: str
    document_id: str
    uri: str
    batch_id: str = ""  # "" where it was attached alone
    cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentBatch(Record):
    """Files that were attached at once."""

    collection: ClassVar[str] = "attachment_batches"
    indexed: ClassVar[tuple[str, ...]] = ("knowledge_base_id",)

    knowledge_base_id: str
    cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptResponse(Record):
    """A model's response that can be gone on with: what was asked and what came back, in the OpenAI dialect's items."""

    collection: ClassVar[str] = "responses"
    indexed: ClassVar[tuple[str, ...]] = ("owner",)

    owner: str  # the id of the caller; nobody else may see it
    previous_id: str | None
    asked: tuple[Any, ...]
    response: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags(Record):
    """The tags of one resource; its id is the resource's kind and id, as in `knowledge-base/ABCDEFGHIJ`."""

    collection: ClassVar[str] = "tags"

    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceProfile(Record):
    """A name of one's own for a model, so that what asks for it need not change where the model does."""

    collection: ClassVar[str] = "inference_profiles"
    indexed: ClassVar[tuple[str, ...]] = ("name",)
    unique: ClassVar[tuple[str, ...]] = ("name",)

    name: str
    model_id: str
    description: str | None = None
