"""Flows whose bytes are still to come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "waiting_flow",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("workspace", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("flow", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_index("waiting_flow_by_source", "waiting_flow", ["workspace", "source"])


def downgrade() -> None:
    """Take the table away."""
    op.drop_table("waiting_flow")
