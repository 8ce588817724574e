"""The schema as SQLAlchemy tables, made from the records: what the migrations must lead to."""

from __future__ import annotations

import sqlalchemy as sa

from outcrop.core.records import (
    AccessKey,
    Attachment,
    AttachmentBatch,
    ClientToken,
    DataSource,
    Deposit,
    Document,
    InferenceProfile,
    IngestionJob,
    KeptResponse,
    KnowledgeBase,
    Record,
    Session,
    StoreLabel,
    Tags,
    Upload,
)
from outcrop.core.work import JobStep, Worker

KINDS: tuple[type[Record], ...] = (
    KnowledgeBase,
    DataSource,
    Document,
    IngestionJob,
    Session,
    AccessKey,
    Upload,
    StoreLabel,
    Attachment,
    AttachmentBatch,
    KeptResponse,
    Tags,
    ClientToken,
    InferenceProfile,
    Deposit,
    JobStep,
    Worker,
)
ORDER = ("created_at", "id")  # of every list
# Text is ordered by code point in both databases, as `core.filters` says.
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

metadata = sa.MetaData()


def table_of(kind: type[Record]) -> sa.Table:
    """The table of a collection: an index for its order, and one for each attribute that lists are filtered by."""
    return sa.Table(
        kind.collection,
        metadata,
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        *(sa.Column(name, TEXT, nullable=True) for name in kind.indexed),
        sa.Column("body", TEXT, nullable=False),
        sa.Index(f"ix_{kind.collection}_order", *ORDER),
        *(sa.Index(f"ix_{kind.collection}_{name}", name, *ORDER) for name in kind.indexed),
        *([sa.Index(f"ux_{kind.collection}", *kind.unique, unique=True)] if kind.unique else []),
    )


TABLES = tuple(table_of(kind) for kind in KINDS)
