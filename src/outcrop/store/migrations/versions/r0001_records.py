"""One table a collection: knowledge bases, data sources, documents, ingestion jobs, sessions, access keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

INDEXED = {
    "knowledge_bases": ("name", "status"),
    "data_sources": ("knowledge_base_id", "name", "status"),
    "documents": ("knowledge_base_id", "data_source_id", "status", "uri"),
    "ingestion_jobs": ("knowledge_base_id", "data_source_id", "status"),
    "sessions": ("knowledge_base_id", "owner"),
    "access_keys": ("name", "status"),
}
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
    op.create_index("ux_knowledge_bases", "knowledge_bases", ["name"], unique=True)


def downgrade() -> None:
    """Remove the tables."""
    for table in INDEXED:
        op.drop_table(table)
