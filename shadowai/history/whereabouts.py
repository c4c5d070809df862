"""Who was seen at the addresses of contacts that name nobody, as a second look into the logs that name users found.

An address is watched from the run on that first met a nameless contact of it: what later runs read is searched for it.
On a day of such a contact it is sought: then the logs of earlier runs were searched as well, as far as they were there.
Where all of them were, a report knows that nobody is missing; of other days it believes nothing that stands here.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

from shadowai.activity.columns import NO_TIME, SUMS, TEXTS, Columns, Texts, days_of_rows, joined, merged, texts_of
from shadowai.activity.sightings import Sightings, about, told_of
from shadowai.history.codec import decode, encode
from shadowai.history.database import told
from shadowai.history.errors import HistoryError
from shadowai.history.schema import sighting, sought, watched
from shadowai.model import DAY, MINUTE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from sqlalchemy import Connection

    from shadowai.history.checkpoints import Lineage
    from shadowai.history.store import History

UNWATCHED = 31
"""Days after its last nameless contact on which an address is watched no longer."""

AddressDay = tuple[str, int]
"""An address, and a day since 1970-01-01 (UTC)."""


@dataclass(slots=True)
class Sought:
    """Where somebody was sought: `whole` where all logs were searched, `unsure` where one of them could not be."""

    whole: set[AddressDay] = field(default_factory=set)
    unsure: set[AddressDay] = field(default_factory=set)


@dataclass(slots=True)
class Whereabouts:
    """What a run found: who was seen, by the file that it was read from, and where somebody was sought."""

    seen: list[tuple[Lineage, Columns]] = field(default_factory=list)
    sought: Sought = field(default_factory=Sought)


def columns_of_sightings(times: Mapping[tuple[str, str, Any], tuple[int, int]]) -> Columns:
    """Lay out (address, user, ...) -> first and last time (ns) as rows of activity that tell nothing else."""
    rows = len(times)
    nothing = Texts(np.full(rows, -1, dtype=np.int32), ())
    texts = dict.fromkeys(TEXTS, nothing)
    texts |= {"source_ip": texts_of(key[0] for key in times), "user": texts_of(key[1] for key in times)}
    ends = np.array(list(times.values()), dtype=np.int64).reshape(rows, 2)
    numbers = {name: np.zeros(rows, dtype=np.int64) for name in SUMS}
    numbers |= {"minute": ends[:, 0] // MINUTE, "first": ends[:, 0], "last": ends[:, 1]}
    return merged(Columns(texts, numbers))


def watched_since(history: History) -> dict[str, int]:
    """Give the addresses that are watched, and since when (ns)."""
    query = sa.select(watched.c.address, watched.c.since).where(watched.c.workspace == history.workspace)
    with told(history.engine), history.engine.connect() as connection:
        return {row.address: row.since for row in connection.execute(query)}


def sought_on(history: History, days: Collection[int] | None = None) -> Sought:
    """Say where somebody was sought on some days, None for all."""
    with told(history.engine), history.engine.connect() as connection:
        return _sought(connection, history.workspace, days)


def sightings_of(history: History, first: int, until: int) -> Sightings:
    """Give who was seen about the days from `first` to before `until`, where all logs were searched."""
    whole = sought_on(history, range(first, until)).whole
    if not whole:
        return Sightings()
    mine = sighting.c.workspace == history.workspace
    wanted = mine, sighting.c.day >= first - 1, sighting.c.day <= until
    with told(history.engine), history.engine.connect() as connection:
        found = (decode(row.content) for row in connection.execute(sa.select(sighting.c.content).where(*wanted)))
        return about((one for columns in found for one in _moments(columns)), frozenset(whole))


def keep_whereabouts(connection: Connection, workspace: str, found: Whereabouts, now: int) -> set[int]:
    """Keep what a run found at a time (ns); give the days whose reports it may change."""
    moments: set[AddressDay] = set()
    for lineage, columns in found.seen:
        days = days_of_rows(columns)
        for day in sorted(set(days.tolist())):
            _add(connection, (workspace, day, lineage.number), columns.taken(days == day))
        moments.update(place for address, _, time in _moments(columns) for place in told_of(address, time))
    known = _sought(connection, workspace, {day for _, day in moments | found.sought.whole | found.sought.unsure})
    _keep_sought(connection, workspace, found.sought, known)
    _watch(connection, workspace, found.sought, now)
    return {day for _, day in found.sought.whole | (moments & known.whole)}


def forget_whereabouts(connection: Connection, workspace: str, before: int) -> None:
    """Delete what is of days before a day."""
    for table in (sighting, sought):
        connection.execute(sa.delete(table).where(table.c.workspace == workspace, table.c.day < before))


def forget_file(connection: Connection, number: int) -> None:
    """Delete what was read from a file."""
    connection.execute(sa.delete(sighting).where(sighting.c.lineage == number))


def rewrite_sightings(connection: Connection, number: int, columns: Columns) -> int | None:
    """Put other rows in the place of a part; give the number of the file that it was read from, where it is known."""
    mine = sighting.c.id == number
    file: int | None = connection.execute(sa.select(sighting.c.lineage).where(mine)).scalar()
    if len(columns):
        connection.execute(sa.update(sighting).where(mine).values(content=encode(columns)))
    else:
        connection.execute(sa.delete(sighting).where(mine))
    return file


def compact_whereabouts(connection: Connection, workspace: str, before: int) -> None:
    """Keep of days before a day no more than reports need: what lies about the days on which somebody was sought."""
    mine = sighting.c.workspace == workspace, sighting.c.day < before
    days = connection.execute(sa.select(sighting.c.day).where(*mine, sighting.c.lineage.is_not(None)).distinct())
    for day in days.scalars().all():
        here = sighting.c.workspace == workspace, sighting.c.day == day
        found = [decode(row.content) for row in connection.execute(sa.select(sighting.c.content).where(*here))]
        near = _sought(connection, workspace, range(day - 1, day + 2))
        columns = _only(joined(found), near.whole | near.unsure)
        connection.execute(sa.delete(sighting).where(*here))
        if len(columns):
            values = {"workspace": workspace, "day": day, "content": encode(merged(columns))}
            connection.execute(sa.insert(sighting).values(values))


def parts_of_sightings(history: History) -> Iterator[tuple[int, Columns]]:
    """Give all that is kept of who was seen, part by part, each with its number."""
    with told(history.engine), history.engine.connect() as connection:
        numbers = connection.execute(
            sa.select(sighting.c.id).where(sighting.c.workspace == history.workspace)
        ).scalars()
        for number in numbers.all():
            content = connection.execute(sa.select(sighting.c.content).where(sighting.c.id == number)).scalar_one()
            yield number, decode(content)


def _only(columns: Columns, places: set[AddressDay]) -> Columns:
    addresses = columns.texts["source_ip"]
    firsts, lasts = (columns.numbers[name].tolist() for name in ("first", "last"))
    rows = zip(addresses.codes.tolist(), firsts, lasts, strict=True)
    kept = [
        not all(places.isdisjoint(told_of(addresses.distinct[code], time)) for time in (first, last))
        for code, first, last in rows
    ]
    return columns.taken(np.array(kept, dtype=bool))


def _moments(columns: Columns) -> Iterator[tuple[str, str, int]]:
    addresses, users = columns.texts["source_ip"], columns.texts["user"]
    for name in ("first", "last"):
        times = columns.numbers[name]
        rows = zip(addresses.codes.tolist(), users.codes.tolist(), times.tolist(), strict=True)
        for address, user, time in rows:
            if time != NO_TIME:
                yield addresses.distinct[address], users.distinct[user], time


def _add(connection: Connection, place: tuple[str, int, int | None], columns: Columns) -> None:
    """Add rows to what there is of a workspace, day and file."""
    names = ("workspace", "day", "lineage")
    mine = [sighting.c[name] == value for name, value in zip(names, place, strict=True)]
    known = connection.execute(sa.select(sighting.c.content).where(*mine)).scalar()
    content = encode(columns if known is None else merged(joined([decode(known), columns])))
    if known is None:
        connection.execute(sa.insert(sighting).values({**dict(zip(names, place, strict=True)), "content": content}))
    else:
        connection.execute(sa.update(sighting).where(*mine).values(content=content))


def _sought(connection: Connection, workspace: str, days: Collection[int] | None) -> Sought:
    found = Sought()
    query = sa.select(sought.c.day, sought.c.addresses).where(sought.c.workspace == workspace)
    if days is not None:
        query = query.where(sought.c.day >= min(days, default=0), sought.c.day <= max(days, default=0))
    for row in connection.execute(query):
        if days is None or row.day in days:
            whole, unsure = _read(row.addresses)
            found.whole.update((address, row.day) for address in whole)
            found.unsure.update((address, row.day) for address in unsure)
    return found


def _read(text: str) -> tuple[list[str], list[str]]:
    try:
        content = json.loads(text)
        return list(map(str, content["whole"])), list(map(str, content["unsure"]))
    except (ValueError, KeyError, TypeError) as error:
        raise HistoryError(f"a stored list of addresses is damaged ({error})") from error


def _keep_sought(connection: Connection, workspace: str, new: Sought, known: Sought) -> None:
    """Keep where somebody was sought; what was unsure once stays so."""
    whole, unsure = (_by_day(places) for places in (new.whole | known.whole, new.unsure | known.unsure))
    for day in sorted({day for _, day in new.whole | new.unsure}):
        content = {"whole": sorted(whole[day] - unsure[day]), "unsure": sorted(unsure[day])}
        connection.execute(sa.delete(sought).where(sought.c.workspace == workspace, sought.c.day == day))
        text = json.dumps(content, separators=(",", ":"))
        connection.execute(sa.insert(sought).values(workspace=workspace, day=day, addresses=text))


def _by_day(places: Iterable[AddressDay]) -> defaultdict[int, set[str]]:
    found: defaultdict[int, set[str]] = defaultdict(set)
    for address, day in places:
        found[day].add(address)
    return found


def _watch(connection: Connection, workspace: str, new: Sought, now: int) -> None:
    """Watch the addresses where somebody was sought, and no longer those where nobody was for long."""
    mine = watched.c.workspace == workspace
    connection.execute(sa.delete(watched).where(mine, watched.c.last_day < now // DAY - UNWATCHED))
    last = dict(sorted(new.whole | new.unsure, key=itemgetter(1)))
    known = {row.address: row for row in connection.execute(sa.select(watched).where(mine))} if last else {}
    for address, day in sorted(last.items()):
        if address not in known:
            connection.execute(sa.insert(watched).values(workspace=workspace, address=address, since=now, last_day=day))
        elif known[address].last_day < day:
            connection.execute(sa.update(watched).where(mine, watched.c.address == address).values(last_day=day))
