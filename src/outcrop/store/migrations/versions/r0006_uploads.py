"""Uploaded files, what knowledge bases are called as vector stores, and the responses that are kept."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TABLES: Mapping[str, tuple[str, ...]] = {
    "uploads": ("purpose", "blob"),
    "store_labels": ("knowledge_base_id",),
    "attachments": ("knowledge_base_id", "data_source_id", "upload_id", "batch_id", "document_id"),
    "attachment_batches": ("knowledge_base_id",),
    "responses": ("owner",),
}
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables and their indexes."""
    for table, indexed in TABLES.items():
        op.create_table(
            table,
            sa.Column("id", TEXT, primary_key=True),
            sa.Column("version", sa.Integer, nullable=False),
            sa.Column("created_at", TEXT, nullable=False),
            *(sa.Column(name, TEXT, nullable=True) for name in indexed),
            sa.Column("body", TEXT, nullable=False),
        )
        op.create_index(f"ix_{table}_order", table, ["created_at", "id"])
        for name in indexed:
            op.create_index(f"ix_{table}_{name}", table, [name, "created_at", "id"])


def downgrade() -> None:
    """Remove the tables."""
    for table in TABLES:
        op.drop_table(table)
