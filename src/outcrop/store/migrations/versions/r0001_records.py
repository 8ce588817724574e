"""One table a collection."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

INDEXED = {
    "knowledge_bases": ("name", "status"),
    "data_sources": ("knowledge_base_id", "name", "status"),
    "documents": ("knowledge_base_id", "data_source_id", "status", "uri"),
    "ingestion_jobs": ("knowledge_base_id", "data_source_id", "status", "slot"),
    "job_steps": ("knowledge_base_id", "data_source_id", "job_id", "status"),
    "workers": (),
    "sessions": ("knowledge_base_id", "owner"),
    "access_keys": ("name", "status"),
    "client_tokens": (),
    "tags": (),
    "inference_profiles": ("name",),
    "deposits": ("knowledge_base_id", "data_source_id", "status", "blob"),
    "uploads": ("purpose", "blob"),
    "store_labels": ("knowledge_base_id",),
    "attachments": ("knowledge_base_id", "data_source_id", "upload_id", "batch_id", "document_id"),
    "attachment_batches": ("knowledge_base_id",),
    "responses": ("owner",),
}
UNIQUE = {"knowledge_bases": ("name",), "inference_profiles": ("name",), "ingestion_jobs": ("slot",)}
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables and their indexes."""
    for table, names in INDEXED.items():
        op.create_table(
            table,
            sa.Column("id", TEXT, primary_key=True),
            sa.Column("version", sa.Integer, nullable=False),
            sa.Column("created_at", TEXT, nullable=False),
            *(sa.Column(name, TEXT, nullable=True) for name in names),
            sa.Column("body", TEXT, nullable=False),
        )
        op.create_index(f"ix_{table}_order", table, ["created_at", "id"])
        for name in names:
            op.create_index(f"ix_{table}_{name}", table, [name, "created_at", "id"])
    for table, names in UNIQUE.items():
        op.create_index(f"ux_{table}", table, list(names), unique=True)


def downgrade() -> None:
    """Remove the tables."""
    for table in INDEXED:
        op.drop_table(table)
