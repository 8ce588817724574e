"""The table of inference profiles."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

TABLE = "inference_profiles"
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table and its indexes."""
    op.create_table(
        TABLE,
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=True),
        sa.Column("body", TEXT, nullable=False),
    )
    op.create_index(f"ix_{TABLE}_order", TABLE, ["created_at", "id"])
    op.create_index(f"ix_{TABLE}_name", TABLE, ["name", "created_at", "id"])
    op.create_index(f"ux_{TABLE}", TABLE, ["name"], unique=True)


def downgrade() -> None:
    """Remove the table."""
    op.drop_table(TABLE)
