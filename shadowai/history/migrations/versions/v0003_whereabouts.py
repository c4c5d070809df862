"""Who was seen at the addresses of contacts that name nobody."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "sighting",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("workspace", sa.Text, nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("lineage", _ID, sa.ForeignKey("lineage.id"), nullable=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("workspace", "day", "lineage", name="sighting_once"),
    )
    op.create_index("sighting_by_lineage", "sighting", ["lineage"])
    op.create_table(
        "sought",
        sa.Column("workspace", sa.Text, primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True),
        sa.Column("addresses", sa.Text, nullable=False),
    )
    op.create_table(
        "watched",
        sa.Column("workspace", sa.Text, primary_key=True),
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("last_day", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    """Take the tables away."""
    for name in ("watched", "sought", "sighting"):
        op.drop_table(name)
