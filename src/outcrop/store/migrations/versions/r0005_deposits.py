"""The documents that are handed over one by one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

INDEXED = ("knowledge_base_id", "data_source_id", "status", "blob")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table and its indexes."""
    op.create_table(
        "deposits",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        *(sa.Column(name, TEXT, nullable=True) for name in INDEXED),
        sa.Column("body", TEXT, nullable=False),
    )
    op.create_index("ix_deposits_order", "deposits", ["created_at", "id"])
    for name in INDEXED:
        op.create_index(f"ix_deposits_{name}", "deposits", [name, "created_at", "id"])


def downgrade() -> None:
    """Remove the table."""
    op.drop_table("deposits")
