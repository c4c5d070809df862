"""The history of one workspace: what is kept of a reading, and what a report is made from.

A reading is committed whole: activity, checkpoint, tally and the days whose reports are due, in one transaction.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from shadowai.activity.columns import NO_MINUTE, Columns, days_of_rows, joined, merged
from shadowai.history.checkpoints import Lineage, Mark, Place
from shadowai.history.codec import decode, encode
from shadowai.history.database import told, transaction
from shadowai.history.errors import HistoryError
from shadowai.history.schema import activity, decision, due, lineage, run
from shadowai.history.stack import Stack
from shadowai.history.waiting import FlowChange, change_flows
from shadowai.history.whereabouts import Whereabouts, forget_file, keep_whereabouts, rewrite_sightings
from shadowai.model import HOUR, Tally

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Engine

UNDATED = -(1 << 31) + 1  # the day of rows without a time
DAY_HOURS = 24
MOST_DAYS = 8
"""Of a file of so many days it is told how much of what has no time each of them had: a week's, and no more, since
every report of its days is made again when it grows."""
REJUDGE = "rejudge"
"""The kind of decision by which the past is judged again; its detail begins with the first day (YYYY-MM-DD)."""
_AT_ONCE = 500  # values in one statement; SQLite and PostgreSQL take no more than 32,766


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reading of a file gave: `fresh` says that whatever was there of the file goes."""

    lineage: Lineage
    columns: Columns | None = None
    tally: Tally = field(default_factory=Tally)
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One commit of a scheduled scan: when it ended (ns since the epoch) and its manifest (JSON)."""

    ended: int
    manifest: str


class History:
    """The history of a workspace in an open database; HistoryError where the database refuses."""

    def __init__(self, engine: Engine, workspace: str = "default") -> None:
        self.engine = engine
        self.workspace = workspace

    def lineages(self) -> list[Lineage]:
        """Give all checkpoints, without their tallies."""
        columns = [column for column in lineage.c if column.name not in ("tally", "workspace")]
        with told(self.engine), self.engine.connect() as connection:
            rows = connection.execute(sa.select(*columns).where(self._mine(lineage)).order_by(lineage.c.id))
            return [_lineage(dict(row._mapping)) for row in rows]  # noqa: SLF001  # SQLAlchemy's own public name

    def tallied(self) -> list[Lineage]:
        """Give all checkpoints with their tallies."""
        with told(self.engine), self.engine.connect() as connection:
            rows = connection.execute(sa.select(lineage).where(self._mine(lineage)).order_by(lineage.c.id))
            return [_with_tally(dict(row._mapping)) for row in rows]  # noqa: SLF001  # see above

    def commit(
        self,
        readings: Iterable[Reading],
        record: RunRecord | None = None,
        flows: FlowChange | None = None,
        places: Whereabouts | None = None,
    ) -> None:
        """Keep readings, all or none of them, and that the reports of their days are due.

        With a record of the run what waits of `flows` is noted, too, and who was at which `places`.
        """
        with transaction(self.engine) as connection:
            days: set[int] = set()
            for reading in readings:
                days |= self._keep(connection, reading)
            if record is not None:
                change_flows(connection, self.workspace, flows or FlowChange(), record.ended)
                days |= keep_whereabouts(connection, self.workspace, places or Whereabouts(), record.ended)
                values = {"workspace": self.workspace, "ended": record.ended, "manifest": record.manifest}
                connection.execute(sa.insert(run).values(values))
            self._note_due(connection, days - {UNDATED})

    def change(self, flows: FlowChange, now: int) -> None:
        """Note which flows wait for their bytes."""
        with transaction(self.engine) as connection:
            change_flows(connection, self.workspace, flows, now)

    def columns(self, first: int, until: int) -> Columns:
        """Give the activity of the days from `first` to before `until`, each row once."""
        wanted = self._mine(activity), activity.c.day >= first, activity.c.day < until
        days = sa.select(activity.c.day, sa.func.sum(activity.c.rows)).where(*wanted).group_by(activity.c.day)
        parts = sa.select(activity.c.content).order_by(activity.c.id)
        with transaction(self.engine) as connection:
            found = connection.execute(days.order_by(activity.c.day)).all()
            stack = Stack(sum(int(rows) for _, rows in found))
            for day, _ in found:
                one = connection.execute(parts.where(self._mine(activity), activity.c.day == day))
                stack.add(self._whole(day, one))
        return stack.columns()

    def _whole(self, day: int, rows: Iterable[Any]) -> Columns:
        try:
            return _merged_parts(rows)
        except HistoryError as error:
            place = self.engine.url.render_as_string(hide_password=True)
            told = f"{error.message}; `shadowai history check` tells more"
            raise HistoryError(told, where=place, record=None if day == UNDATED else f"day {date_of(day)}") from error

    def days(self) -> list[int]:
        """Give the days of which there is activity, in order; UNDATED for rows without a time."""
        query = sa.select(activity.c.day).where(self._mine(activity)).distinct().order_by(activity.c.day)
        with told(self.engine), self.engine.connect() as connection:
            return [row.day for row in connection.execute(query)]

    def digests(self, first: int, until: int) -> dict[int, str]:
        """Give a digest of what is kept of each day: another one where anything has changed."""
        wanted = self._mine(activity), activity.c.day >= first, activity.c.day < until
        query = sa.select(activity.c.day, activity.c.content).where(*wanted).order_by(activity.c.day, activity.c.id)
        found: dict[int, Any] = {}
        with told(self.engine), self.engine.connect() as connection:
            for row in connection.execute(query.execution_options(yield_per=20)):
                found.setdefault(row.day, hashlib.sha256()).update(row.content)
        return {day: digest.hexdigest() for day, digest in found.items()}

    def due(self) -> list[int]:
        """Give the days whose reports are due, in order."""
        query = sa.select(due.c.day).where(self._mine(due)).order_by(due.c.day)
        with told(self.engine), self.engine.connect() as connection:
            return [row.day for row in connection.execute(query)]

    def done(self, days: Collection[int]) -> None:
        """Note that the reports of some days are there."""
        with transaction(self.engine) as connection:
            for some in _chunks(sorted(days)):
                connection.execute(sa.delete(due).where(self._mine(due), due.c.day.in_(some)))

    def runs(self, most: int = 50) -> list[RunRecord]:
        """Give the latest commits, the newest first."""
        query = sa.select(run.c.ended, run.c.manifest).where(self._mine(run)).order_by(run.c.id.desc()).limit(most)
        with told(self.engine), self.engine.connect() as connection:
            return [RunRecord(row.ended, row.manifest) for row in connection.execute(query)]

    def decide(self, kind: str, reason: str, detail: str, time: int) -> None:
        """Write down what somebody decided about the history, and why."""
        with transaction(self.engine) as connection:
            self._write_decision(connection, {"kind": kind, "reason": reason, "detail": detail, "time": time})

    def judge_again(self, first: int, reason: str, detail: str, time: int) -> int:
        """Note that the reports of the days from one on are due, and that somebody wanted that; give how many days."""
        days = [day for day in self.days() if day >= first and day != UNDATED]
        with transaction(self.engine) as connection:
            self._write_decision(connection, {"kind": REJUDGE, "reason": reason, "detail": detail, "time": time})
            self._note_due(connection, days)
        return len(days)

    def decisions(self) -> list[Mapping[str, Any]]:
        """Give what was decided, oldest first: `time`, `kind`, `reason` and `detail`."""
        columns = (decision.c.time, decision.c.kind, decision.c.reason, decision.c.detail)
        with told(self.engine), self.engine.connect() as connection:
            rows = connection.execute(sa.select(*columns).where(self._mine(decision)).order_by(decision.c.id))
            return [dict(row._mapping) for row in rows]  # noqa: SLF001  # see above

    def rewrite(self, number: int, columns: Columns | None) -> None:
        """Put other rows in the place of a part (see `parts`), None for none; its day's reports are due.

        The file that it came from is not read again: that would bring back what was taken out.
        """
        with transaction(self.engine) as connection:
            self._rewrite(connection, number, columns)

    def rewrite_sightings(self, number: int, columns: Columns) -> None:
        """Put other rows in the place of some of who was seen; the file that they came from is not read again."""
        with transaction(self.engine) as connection:
            file = rewrite_sightings(connection, number, columns)
            connection.execute(sa.update(lineage).where(lineage.c.id == file).values(compacted=True))

    def parts(self, day: int) -> list[tuple[int, Columns]]:
        """Give the parts of a day: each one's number, and its rows."""
        query = sa.select(activity.c.id, activity.c.content).where(self._mine(activity), activity.c.day == day)
        with told(self.engine), self.engine.connect() as connection:
            return [(row.id, decode(row.content)) for row in connection.execute(query.order_by(activity.c.id))]

    def _write_decision(self, connection: Connection, values: Mapping[str, Any]) -> None:
        connection.execute(sa.insert(decision).values(workspace=self.workspace, **values))

    def _rewrite(self, connection: Connection, number: int, columns: Columns | None) -> None:
        mine = self._mine(activity), activity.c.id == number
        found = connection.execute(sa.select(activity.c.day, activity.c.lineage).where(*mine)).all()
        days, files = {row.day for row in found}, [row.lineage for row in found]
        connection.execute(sa.update(lineage).where(lineage.c.id.in_(files)).values(compacted=True))
        if columns is None or not len(columns):
            connection.execute(sa.delete(activity).where(*mine))
        else:
            connection.execute(sa.update(activity).where(*mine).values(rows=len(columns), content=encode(columns)))
        self._note_due(connection, days - {UNDATED})

    def _mine(self, table: sa.Table) -> sa.ColumnElement[bool]:
        return table.c.workspace == self.workspace

    def _keep(self, connection: Connection, reading: Reading) -> set[int]:
        """Keep one reading; give the days that it changes."""
        number = reading.lineage.number
        old = self._parts_of(connection, number) if number is not None and reading.fresh else {}
        if old:
            connection.execute(sa.delete(activity).where(self._mine(activity), activity.c.lineage == number))
        if number is not None and reading.fresh:
            forget_file(connection, number)
        number, days = self._keep_lineage(connection, reading)
        for day, columns in by_day(reading.columns) if reading.columns is not None else ():
            if self._add_part(connection, number, day, columns) != old.pop(day, None):
                days.add(day)
        return days | set(old)

    def _parts_of(self, connection: Connection, number: int) -> dict[int, bytes]:
        """Give what there is of a file, by day."""
        mine = self._mine(activity), activity.c.lineage == number
        return {row.day: row.content for row in connection.execute(sa.select(activity).where(*mine))}

    def _keep_lineage(self, connection: Connection, reading: Reading) -> tuple[int, set[int]]:
        """Keep a checkpoint; give its number and the days of which another number of records was read."""
        one, before = reading.lineage, Tally()
        if one.number is not None:
            found = connection.execute(sa.select(lineage.c.tally).where(lineage.c.id == one.number)).scalar()
            before = tally_of(str(found))
        tally = Tally()
        tally.merge(Tally() if reading.fresh else before)
        tally.merge(reading.tally)
        changed = {hour for hour in {*tally.hours, *before.hours} if tally.hours[hour] != before.hours[hour]}
        days = days_of_hours(changed)
        if tally_text(tally) != tally_text(before) and len(days_of_hours(before.hours)) <= MOST_DAYS:
            days |= days_of_hours({*tally.hours, *before.hours})  # their shares of what has no time change
        values = {**_values(one), "workspace": self.workspace, "tally": tally_text(tally), "last": tally.last}
        if one.number is None:
            key = connection.execute(sa.insert(lineage).values(values)).inserted_primary_key
            if key is None:
                raise HistoryError("the database gives no number to a new row")
            one.number = int(key[0])
        else:
            connection.execute(sa.update(lineage).where(lineage.c.id == one.number).values(values))
        return one.number, days

    def _add_part(self, connection: Connection, number: int, day: int, columns: Columns) -> bytes:
        """Add rows to what there is of a file and day; give what is there then."""
        mine = self._mine(activity), activity.c.day == day, activity.c.lineage == number
        known = connection.execute(sa.select(activity.c.content).where(*mine)).scalar()
        whole = merged(columns if known is None else joined([decode(known), columns]))
        content = encode(whole)
        values = {"rows": len(whole), "content": content}
        if known is None:
            place = {"workspace": self.workspace, "day": day, "lineage": number}
            connection.execute(sa.insert(activity).values(**place, **values))
        else:
            connection.execute(sa.update(activity).where(*mine).values(values))
        return content

    def _note_due(self, connection: Connection, days: Collection[int]) -> None:
        known = {row.day for row in connection.execute(sa.select(due.c.day).where(self._mine(due)))}
        new = [{"workspace": self.workspace, "day": day} for day in sorted(set(days) - known)]
        if new:
            connection.execute(sa.insert(due), new)


def by_day(columns: Columns) -> Iterator[tuple[int, Columns]]:
    """Cut columns by day; rows without a time are of the day UNDATED."""
    days = days_of_rows(columns)
    for day in sorted(set(days.tolist())):
        yield (UNDATED if day == NO_MINUTE else day), columns.taken(days == day)


def days_of_hours(hours: Iterable[int]) -> set[int]:
    """Give the days of some hours, both counted since 1970-01-01 (UTC)."""
    return {hour // DAY_HOURS for hour in hours}


def tally_text(tally: Tally) -> str:
    """Write a tally as JSON. The places of damaged records are left out: they were told when the file was read."""
    document = {
        "records": tally.records,
        "parsed": tally.parsed,
        "skipped": dict(sorted(tally.skipped.items())),
        "broken": tally.broken,
        "first": tally.first,
        "last": tally.last,
        "formats": dict(sorted(tally.formats.items())),
        "notes": sorted(tally.notes),
        "hours": sorted(tally.latest_hours().items()),
    }
    return json.dumps(document, separators=(",", ":"))


def tally_of(text: str) -> Tally:
    """Read what `tally_text` wrote."""
    try:
        document = json.loads(text)
        return Tally(
            records=document["records"],
            parsed=document["parsed"],
            skipped=Counter(document["skipped"]),
            broken=document["broken"],
            first=document["first"],
            last=document["last"],
            formats=Counter(document["formats"]),
            notes=set(document["notes"]),
            hours=Counter(dict(document["hours"])),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise HistoryError(f"a stored tally is damaged ({error})") from error


def day_of(time: int) -> int:
    """Give the day (since 1970-01-01 UTC) of a time in ns."""
    return time // (DAY_HOURS * HOUR)


def date_of(day: int) -> str:
    """Write a day (since 1970-01-01 UTC) as YYYY-MM-DD."""
    return (datetime.fromtimestamp(0, UTC) + timedelta(days=day)).date().isoformat()


def _chunks(values: Sequence[int]) -> Iterator[Sequence[int]]:
    for at in range(0, len(values), _AT_ONCE):
        yield values[at : at + _AT_ONCE]


def _merged_parts(rows: Iterable[Any]) -> Columns:
    parts = [decode(row.content) for row in rows]
    return parts[0] if len(parts) == 1 else merged(joined(parts))


def _values(one: Lineage) -> dict[str, Any]:
    place, mark = one.place, one.mark
    return {
        "source": one.source,
        "path": place.path,
        "device": place.device,
        "inode": place.inode,
        "size": place.size,
        "modified": place.modified,
        "position": mark.position,
        "heads": json.dumps({str(length): digest for length, digest in sorted(mark.heads.items())}),
        "tail": mark.tail,
        "header": b"\n".join(mark.header),
        "dataset": one.dataset,
        "format": one.format,
        "rest": one.rest,
        "compacted": one.compacted,
        "error": one.error,
    }


def _lineage(row: Mapping[str, Any]) -> Lineage:
    try:
        heads = {int(length): str(digest) for length, digest in json.loads(row["heads"]).items()}
    except (ValueError, AttributeError) as error:
        raise HistoryError(f"a stored checkpoint is damaged ({error})") from error
    header = tuple(row["header"].split(b"\n")) if row["header"] else ()
    return Lineage(
        source=row["source"],
        place=Place(row["path"], row["device"], row["inode"], row["size"], row["modified"]),
        mark=Mark(row["position"], heads, row["tail"], header),
        dataset=row["dataset"],
        format=row["format"],
        number=row["id"],
        rest=row["rest"],
        compacted=row["compacted"],
        error=row["error"],
        last=row["last"],
    )


def _with_tally(row: Mapping[str, Any]) -> Lineage:
    found = _lineage(row)
    found.tally = tally_of(row["tally"])
    return found
