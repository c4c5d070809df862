"""The tables of the history. Every row belongs to one workspace; migrations lie in `migrations`.

Times are in ns since the epoch, days are counted since 1970-01-01 (UTC).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

_Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself for INTEGER alone

lineage = Table(
    "lineage",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("workspace", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("inode", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("modified", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("heads", Text, nullable=False),
    Column("tail", Text, nullable=False),
    Column("header", LargeBinary, nullable=False),
    Column("dataset", Text),
    Column("format", Text),
    Column("tally", Text, nullable=False),
    Column("last", BigInteger),
    Column("rest", Boolean, nullable=False),
    Column("compacted", Boolean, nullable=False),
    Column("error", Text),
    Index("lineage_by_source", "workspace", "source"),
)
"""What was read of one file, under whatever names it came: see `shadowai.history.checkpoints`."""

activity = Table(
    "activity",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("workspace", Text, nullable=False),
    Column("day", Integer, nullable=False),
    Column("lineage", _Id, ForeignKey("lineage.id"), nullable=True),
    Column("rows", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    UniqueConstraint("workspace", "day", "lineage", name="activity_once"),
    Index("activity_by_lineage", "lineage"),
)
"""Activity by day and file, as `shadowai.history.codec` writes it; without a file where days were compacted."""

waiting_flow = Table(
    "waiting_flow",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("workspace", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("flow", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    Index("waiting_flow_by_source", "workspace", "source"),
)
"""Flows that have a name and no bytes yet: see `shadowai.history.waiting`."""

sighting = Table(
    "sighting",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("workspace", Text, nullable=False),
    Column("day", Integer, nullable=False),
    Column("lineage", _Id, ForeignKey("lineage.id"), nullable=True),
    Column("content", LargeBinary, nullable=False),
    UniqueConstraint("workspace", "day", "lineage", name="sighting_once"),
    Index("sighting_by_lineage", "lineage"),
)
"""Who was seen at watched addresses, by day and file: see `shadowai.history.whereabouts`."""

sought = Table(
    "sought",
    metadata,
    Column("workspace", Text, primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("addresses", Text, nullable=False),
)
"""Of which addresses somebody was sought on a day, and whether all logs were searched."""

watched = Table(
    "watched",
    metadata,
    Column("workspace", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("last_day", Integer, nullable=False),
)
"""Addresses that every log which names users is searched for, since when, and the last day of a nameless contact."""

due = Table(
    "due",
    metadata,
    Column("workspace", Text, primary_key=True),
    Column("day", Integer, primary_key=True),
)
"""Days of which reports are to be made: put down with what was read, taken away when the reports are there."""

run = Table(
    "run",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("workspace", Text, nullable=False),
    Column("ended", BigInteger, nullable=False),
    Column("manifest", Text, nullable=False),
    Index("run_by_time", "workspace", "ended"),
)
"""What each commit of a scheduled scan read, and with which signatures, policy and directory."""

decision = Table(
    "decision",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("workspace", Text, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
)
"""What people decided about the history (somebody forgotten, files read again), with their reason."""
