"""The tables of tags and of client tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = ("tags", "client_tokens")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables and their indexes."""
    for table in TABLES:
        op.create_table(
            table,
            sa.Column("id", TEXT, primary_key=True),
            sa.Column("version", sa.Integer, nullable=False),
            sa.Column("created_at", TEXT, nullable=False),
            sa.Column("body", TEXT, nullable=False),
        )
        op.create_index(f"ix_{table}_order", table, ["created_at", "id"])


def downgrade() -> None:
    """Remove the tables."""
    for table in TABLES:
        op.drop_table(table)
