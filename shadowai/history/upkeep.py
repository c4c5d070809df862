"""Looking after a history: old days go, days of last season become one part each, copies are made and checked."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from shadowai.activity.columns import days_of_rows, joined, merged
from shadowai.history.codec import decode, encode
from shadowai.history.database import open_database, sqlite_url, told, transaction
from shadowai.history.errors import HistoryError
from shadowai.history.schema import activity, decision, due, lineage, run, sighting, sought, waiting_flow, watched
from shadowai.history.store import UNDATED, date_of, tally_of
from shadowai.history.whereabouts import (
    compact_whereabouts,
    forget_file,
    forget_whereabouts,
    parts_of_sightings,
    sought_on,
)
from shadowai.model import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from shadowai.history.store import History

_TABLES = (lineage, activity, due, run, decision, waiting_flow, sighting, sought, watched)
STILL = 31
"""Days without any record or run after which a clock is not believed that would have old days deleted."""
EXPIRE = "expire"
"""The kind of decision by which what is old is deleted whatever the clock's jumps."""
_AT_ONCE = 200  # rows copied at once; activity is some 4 MB a row


@dataclass(frozen=True, slots=True)
class DayFacts:
    """One day of a history: how many rows in how many parts, and how many bytes they take."""

    day: int
    rows: int
    parts: int
    size: int


def list_days(history: History) -> list[DayFacts]:
    """Give the days of a history, in order; the rows without a time are those of the day UNDATED."""
    counts = (sa.func.sum(activity.c.rows), sa.func.count(), sa.func.sum(sa.func.length(activity.c.content)))
    query = sa.select(activity.c.day, *counts).where(activity.c.workspace == history.workspace)
    with told(history.engine), history.engine.connect() as connection:
        rows = connection.execute(query.group_by(activity.c.day).order_by(activity.c.day))
        return [DayFacts(*map(int, row)) for row in rows]


def doubt_about(history: History, before: int, now: int, last_run: int | None) -> str | None:
    """Say why what is older than a day should not be deleted yet: the clock may have jumped ahead. None if all is well.

    `now` and `last_run` are in ns. Time that went by with runs and records in it is believed, and so is what went by
    before somebody last said that the clock is right (`expire`): a clock that jumped together with those of the
    sources leaves a gap among the days that are kept, however many nights it stays wrong.
    """
    today = now // DAY
    days = [day for day in history.days() if UNDATED < day <= today]
    old = [day for day in days if day < before]
    if not old:
        return None
    believed = max((one for one in _expired(history) if one <= now), default=0)
    steps = pairwise([old[-1], *days[len(old) :], today])
    has_jumped = any(later - earlier > STILL for earlier, later in steps if later > believed // DAY)
    was_still = last_run is not None and now - max(last_run, believed) > STILL * DAY
    if not has_jumped and not was_still:
        return None
    return (
        f"nothing was deleted, although the history reaches back beyond `keep`: by this machine's clock, which says "
        f"{date_of(today)}, more than {STILL} days went by without a record or a run; the newest records are of "
        f"{date_of(days[-1])}. Where the clock is right, delete what is old with `shadowai history expire`"
    )


def _expired(history: History) -> Iterator[int]:
    """Give the times (ns) at which somebody said that the clock is right."""
    return (int(one["time"]) for one in history.decisions() if one["kind"] == EXPIRE)


def expire(history: History, now: int, keep: int) -> int:
    """Delete what is older than `keep` (ns) by a person's word that the clock is right; give how many parts.

    The word is written down: what it was about raises no doubt again.
    """
    gone = forget_days(history, (now - keep) // DAY)
    noun = "part" if gone == 1 else "parts"
    history.decide(EXPIRE, "somebody said that the clock is right", f"{gone} {noun}", now)
    return gone


def forget_days(history: History, before: int) -> int:
    """Delete the activity of days before a day, and the checkpoints of files that end before it; give how many parts.

    Of a file that is still there the checkpoint stays: without it every run would read the file again.
    """
    mine = activity.c.workspace == history.workspace
    old = mine, activity.c.day < before, activity.c.day != UNDATED
    files = (lineage.c.workspace == history.workspace, lineage.c.last < before * DAY)
    with told(history.engine), history.engine.connect() as connection:
        found = connection.execute(sa.select(sa.func.count()).select_from(activity).where(*old)).scalar() or 0
        rows = connection.execute(sa.select(lineage.c.id, lineage.c.path).where(*files))
        ended = [row.id for row in rows if not Path(row.path).exists()]
    if not found and not ended:
        return 0
    with transaction(history.engine) as connection:
        connection.execute(sa.delete(activity).where(*old))
        for number in ended:
            connection.execute(sa.delete(activity).where(mine, activity.c.lineage == number))
            forget_file(connection, number)
            connection.execute(sa.delete(lineage).where(lineage.c.id == number))
        forget_whereabouts(connection, history.workspace, before)
        connection.execute(sa.delete(run).where(run.c.workspace == history.workspace, run.c.ended < before * DAY))
    return int(found)


def compact(history: History, before: int) -> int:
    """Make one part of each day before a day: smaller, quicker to read, and no file of it can be read again.

    Gives how many days were changed.
    """
    mine = activity.c.workspace == history.workspace
    query = (
        sa.select(activity.c.day)
        .where(mine, activity.c.day < before, activity.c.day != UNDATED, activity.c.lineage.is_not(None))
        .distinct()
        .order_by(activity.c.day)
    )
    with told(history.engine), history.engine.connect() as connection:
        days = [row.day for row in connection.execute(query)]
    for day in days:
        with transaction(history.engine) as connection:
            _compact(connection, history.workspace, day)
    with transaction(history.engine) as connection:
        compact_whereabouts(connection, history.workspace, before)
    return len(days)


def _compact(connection: Connection, workspace: str, day: int) -> None:
    mine = activity.c.workspace == workspace, activity.c.day == day
    rows = connection.execute(
        sa.select(activity.c.lineage, activity.c.content).where(*mine).order_by(activity.c.id)
    ).all()
    whole = merged(joined([decode(row.content) for row in rows]))
    for number in {row.lineage for row in rows if row.lineage is not None}:
        connection.execute(sa.update(lineage).where(lineage.c.id == number).values(compacted=True))
    connection.execute(sa.delete(activity).where(*mine))
    values = {"workspace": workspace, "day": day, "rows": len(whole), "content": encode(whole)}
    connection.execute(sa.insert(activity).values(values))


def check(history: History) -> list[str]:
    """Read everything that is kept and say, a sentence each, what is wrong with it; nothing where all is well."""
    problems: list[str] = []
    with told(history.engine), history.engine.connect() as connection:
        if history.engine.dialect.name == "sqlite":
            said = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
            problems += [f"the database file: {line}" for line in said if line != "ok"]
        numbers = connection.execute(
            sa.select(activity.c.id).where(activity.c.workspace == history.workspace)
        ).scalars()
        for number in numbers.all():
            part = connection.execute(sa.select(activity).where(activity.c.id == number)).one()
            problems += _part_problems(dict(part._mapping))  # noqa: SLF001  # SQLAlchemy's own public name
        problems += _place_problems(history)
        rows = connection.execute(
            sa.select(lineage.c.path, lineage.c.tally).where(lineage.c.workspace == history.workspace)
        )
        for row in rows:
            try:
                tally_of(row.tally)
            except HistoryError as error:
                problems.append(f"{row.path}: {error.message}")
    return problems


def _part_problems(part: dict[str, Any]) -> Iterator[str]:
    place = f"part {part['id']} of day {part['day']}"
    try:
        columns = decode(part["content"])
    except HistoryError as error:
        yield f"{place}: {error.message}"
        return
    if len(columns) != part["rows"]:
        yield f"{place}: has {len(columns)} rows, {part['rows']} are noted"
    if part["day"] != UNDATED and len(columns) and {*days_of_rows(columns).tolist()} != {part["day"]}:
        yield f"{place}: holds rows of another day"


def _place_problems(history: History) -> Iterator[str]:
    parts = parts_of_sightings(history)
    try:
        for _ in parts:
            pass
        sought_on(history)
    except HistoryError as error:
        yield f"who was seen where: {error.message}"


def backup(history: History, file: Path) -> None:
    """Copy all of a workspace into a new SQLite file, whatever database it lies in; HistoryError where there is one."""
    if file.exists():
        raise HistoryError("is there already; name a file that is not", where=file)
    target = open_database(sqlite_url(file))
    try:
        with told(history.engine), history.engine.connect() as source, transaction(target) as connection:
            _copy(source, connection, history.workspace, history.workspace)
    finally:
        target.dispose()


def restore(history: History, file: Path) -> None:
    """Fill an empty workspace from a backup, whatever its workspace was called; HistoryError where it is not empty."""
    if not file.is_file():
        raise HistoryError("no such file", where=file)
    if history.lineages() or history.days():
        raise HistoryError("the history is not empty; restore into a new workspace or an empty database")
    origin = open_database(sqlite_url(file))
    try:
        with told(origin), origin.connect() as source, transaction(history.engine) as connection:
            names = source.execute(sa.select(lineage.c.workspace).distinct()).scalars().all()
            for name in names:
                _copy(source, connection, name, history.workspace)
    finally:
        origin.dispose()


def _copy(source: Connection, target: Connection, name: str, new_name: str) -> None:
    """Copy the rows of a workspace; numbers of files are given anew."""
    numbers: dict[int, int] = {}
    for table in _TABLES:
        rows = source.execute(sa.select(table).where(table.c.workspace == name)).yield_per(_AT_ONCE)
        for row in rows:
            values = {**row._mapping, "workspace": new_name}  # noqa: SLF001  # see above
            old = values.pop("id", None)
            if values.get("lineage") is not None:
                values["lineage"] = numbers[values["lineage"]]
            made = target.execute(sa.insert(table).values(values)).inserted_primary_key
            if table is lineage and made is not None:
                numbers[old] = int(made[0])
