"""The first tables: what was read of which file, activity by day, days due, runs and decisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _lineage_and_activity()
    op.create_table(
        "due",
        sa.Column("workspace", sa.Text, primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True),
    )
    op.create_table(
        "run",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("workspace", sa.Text, nullable=False),
        sa.Column("ended", sa.BigInteger, nullable=False),
        sa.Column("manifest", sa.Text, nullable=False),
    )
    op.create_index("run_by_time", "run", ["workspace", "ended"])
    op.create_table(
        "decision",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("workspace", sa.Text, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )


def _lineage_and_activity() -> None:
    op.create_table(
        "lineage",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("workspace", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("inode", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("modified", sa.BigInteger, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("heads", sa.Text, nullable=False),
        sa.Column("tail", sa.Text, nullable=False),
        sa.Column("header", sa.LargeBinary, nullable=False),
        sa.Column("dataset", sa.Text),
        sa.Column("format", sa.Text),
        sa.Column("tally", sa.Text, nullable=False),
        sa.Column("last", sa.BigInteger),
        sa.Column("rest", sa.Boolean, nullable=False),
        sa.Column("compacted", sa.Boolean, nullable=False),
        sa.Column("error", sa.Text),
    )
    op.create_index("lineage_by_source", "lineage", ["workspace", "source"])
    op.create_table(
        "activity",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("workspace", sa.Text, nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("lineage", _ID, sa.ForeignKey("lineage.id"), nullable=True),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("workspace", "day", "lineage", name="activity_once"),
    )
    op.create_index("activity_by_lineage", "activity", ["lineage"])


def downgrade() -> None:
    """Take the tables away."""
    for name in ("decision", "run", "due", "activity", "lineage"):
        op.drop_table(name)
