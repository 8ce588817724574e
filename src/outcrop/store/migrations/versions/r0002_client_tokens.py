"""The table of client tokens and the replies that they got."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TABLE = "client_tokens"
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table and its index."""
    op.create_table(
        TABLE,
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
    )
    op.create_index(f"ix_{TABLE}_order", TABLE, ["created_at", "id"])


def downgrade() -> None:
    """Remove the table."""
    op.drop_table(TABLE)
