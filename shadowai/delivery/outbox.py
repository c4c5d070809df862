"""The outbox: what is to be sent and what was, in one SQLite file that survives a restart.

An item is put in once by its key, is `sending` from right before the point of no return until its fate is known, and
after that never goes back to be sent by itself where it may have arrived: then it is in `doubt`, which is told. Times
are seconds since 1970-01-01 UTC. The file is for its owner alone: it holds mail about people.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Self

from shadowai.errors import UsageError
from shadowai.exports.outcome import Fate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from shadowai.exports.outcome import Outcome

OUTBOX = "outbox.sqlite"
"""The name of the file in the folder of state."""

VERSION = 1
_BUSY = 10.0  # seconds that a transaction waits for another process
_TABLES = """
CREATE TABLE items (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, channel TEXT NOT NULL, title TEXT NOT NULL,
    payload BLOB, state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, again INTEGER NOT NULL DEFAULT 0, refused INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL, created REAL NOT NULL, changed REAL NOT NULL, why TEXT NOT NULL DEFAULT ''
);
CREATE INDEX items_by_state ON items (state, channel, due, number);
CREATE TABLE marks (
    channel TEXT NOT NULL, mark TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (channel, mark)
) WITHOUT ROWID;
CREATE TABLE quiet (key TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;
"""


class State(StrEnum):
    """Where an item stands. The last three are over, and wait for somebody to look."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DOUBT = "doubt"
    REFUSED = "refused"
    EXPIRED = "expired"


class OutboxBusyError(UsageError):
    """Another process is sending from this outbox."""


class Item(NamedTuple):
    """Something to be sent: its key, the channel that takes it, a title for lists, and the content."""

    key: str
    channel: str
    title: str
    payload: bytes


class Row(NamedTuple):
    """An item as it stands, without its content. `again` says that an earlier attempt may have arrived."""

    key: str
    channel: str
    title: str
    state: State
    attempts: int
    again: bool
    refused: int
    due: float
    created: float
    changed: float
    why: str


class Outbox:
    """One outbox file, which is made where there is none. Use it as a context manager, or close it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._base = sqlite3.connect(path, timeout=_BUSY, isolation_level=None)
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise UsageError(f"cannot be used as the outbox: {error}", where=path) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def _prepare(self) -> None:
        self._base.execute("PRAGMA synchronous=EXTRA")  # a commit is on the disk before we go on, power cut or not
        self._base.execute("PRAGMA secure_delete=ON")  # mail that was sent is not kept in free pages
        with self._transaction():
            (version,) = self._base.execute("PRAGMA user_version").fetchone()
            if version == 0:
                for statement in filter(str.strip, _TABLES.split(";")):
                    self._base.execute(statement)
                self._base.execute(f"PRAGMA user_version={VERSION}")
            elif version != VERSION:
                message = f"it is of version {version}, and this program knows {VERSION}"
                raise sqlite3.DatabaseError(message)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._base.execute("COMMIT")
        finally:
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")

    def add(
        self,
        items: Iterable[Item],
        now: float,
        marks: Iterable[tuple[str, str]] = (),
        quiet: Iterable[tuple[str, float]] = (),
    ) -> int:
        """Put items in whose keys were never there; give how many. `marks` and `quiet` are kept in the same step."""
        names = "key, channel, title, payload, state, due, created, changed"
        sql = f"INSERT OR IGNORE INTO items ({names}) VALUES (?,?,?,?,?,?,?,?)"  # noqa: S608  # our own words
        added = 0
        with self._transaction():
            for item in items:
                row = (item.key, item.channel, item.title, item.payload, State.QUEUED, now, now, now)
                added += self._base.execute(sql, row).rowcount
            self._base.executemany("INSERT OR REPLACE INTO marks VALUES (?,?,?)", ((*mark, now) for mark in marks))
            self._base.executemany("INSERT OR REPLACE INTO quiet VALUES (?,?)", quiet)
        return added

    def is_marked(self, channel: str, mark: str) -> bool:
        """Say whether a mark is known for a channel: what it stands for was put in before."""
        sql = "SELECT 1 FROM marks WHERE channel=? AND mark=?"
        return self._base.execute(sql, (channel, mark)).fetchone() is not None

    def quiet_until(self, key: str) -> float | None:
        """Give the time until which nothing is said about something; None where there is none."""
        row = self._base.execute("SELECT until FROM quiet WHERE key=?", (key,)).fetchone()
        return None if row is None else float(row[0])

    def knows(self, key: str) -> bool:
        """Say whether an item with this key was ever put in."""
        return self._base.execute("SELECT 1 FROM items WHERE key=?", (key,)).fetchone() is not None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only process that sends. OutboxBusyError where another one does.

        The lock is a transaction on a file of its own, which the system lets go of when its holder dies.
        """
        path = self.path.with_name(f"{self.path.name}.lock")
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as lock:
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                raise OutboxBusyError("another process is sending from this outbox", where=self.path) from error
            yield

    def interrupted(self) -> list[Row]:
        """List what a process that died was sending. Ask only while `alone`."""
        return self._rows("WHERE state=? ORDER BY number", State.SENDING)

    def waiting(self) -> list[Row]:
        """List what is to be sent, in the order in which it was put in."""
        return self._rows("WHERE state=? ORDER BY number", State.QUEUED)

    def next_of(self, channel: str) -> Row | None:
        """Give what a channel is to send first; None where it has nothing to send."""
        found = self._rows("WHERE state=? AND channel=? ORDER BY due, number LIMIT 1", State.QUEUED, channel)
        return found[0] if found else None

    def rows(self, *states: State) -> list[Row]:
        """List the items of some states, or all, the oldest first."""
        wanted = states or tuple(State)
        places = ",".join("?" * len(wanted))
        return self._rows(f"WHERE state IN ({places}) ORDER BY number", *wanted)

    def payload(self, key: str) -> bytes:
        """Give the content of an item; KeyError where it is not there any more."""
        row = self._base.execute("SELECT payload FROM items WHERE key=?", (key,)).fetchone()
        if row is None or row[0] is None:
            raise KeyError(key)
        return bytes(row[0])

    def begin(self, key: str, now: float) -> None:
        """Write down that an item is about to be irrevocably sent."""
        self._change("state=?, attempts=attempts+1, changed=?", (State.SENDING, now), key)

    def settle(self, key: str, state: State, why: str, now: float, refused: int = 0) -> None:
        """Write down what became of an item; the content of what was sent is let go of."""
        values = "state=?, why=?, changed=?, refused=refused+?"
        self._change(values + (", payload=NULL" if state is State.SENT else ""), (state, why, now, refused), key)

    def postpone(self, row: Row, outcome: Outcome, due: float, now: float) -> None:
        """Put an item back to be sent at `due`, with what an attempt has left of its content."""
        values = "state=?, due=?, why=?, changed=?, attempts=?, again=?, refused=?, payload=coalesce(?, payload)"
        again = outcome.fate is Fate.DOUBT or row.again
        known = (row.attempts + 1, again, row.refused + outcome.refused)
        self._change(values, (State.QUEUED, due, outcome.why, now, *known, outcome.rest), row.key)

    def retry(self, key: str, now: float) -> bool:
        """Put an item that is over back by a person's word, whatever may have arrived; say whether there was one."""
        changes = "state=?, due=?, created=?, changed=?, attempts=0, again=1"
        sql = f"UPDATE items SET {changes} WHERE key=? AND state IN (?,?,?)"  # noqa: S608  # our own words
        values = (State.QUEUED, now, now, now, key, State.DOUBT, State.REFUSED, State.EXPIRED)
        with self._transaction():
            return self._base.execute(sql, values).rowcount > 0

    def counts(self) -> dict[tuple[str, State], int]:
        """Count the items by channel and state."""
        rows = self._base.execute("SELECT channel, state, count(*) FROM items GROUP BY channel, state ORDER BY 1, 2")
        return {(channel, State(state)): number for channel, state, number in rows}

    def prune(self, before: float) -> int:
        """Forget what was over before a time, and marks as old; give how many items. They would be sent once more."""
        over = (State.SENT, State.DOUBT, State.REFUSED, State.EXPIRED)
        with self._transaction():
            self._base.execute("DELETE FROM marks WHERE at<?", (before,))
            self._base.execute("DELETE FROM quiet WHERE until<?", (before,))
            sql = "DELETE FROM items WHERE changed<? AND state IN (?,?,?,?)"
            return self._base.execute(sql, (before, *over)).rowcount

    def _change(self, values: str, given: tuple[object, ...], key: str) -> None:
        with self._transaction():
            self._base.execute(f"UPDATE items SET {values} WHERE key=?", (*given, key))  # noqa: S608  # our own words

    def _rows(self, where: str, *given: object) -> list[Row]:
        names = "key, channel, title, state, attempts, again, refused, due, created, changed, why"
        found = self._base.execute(f"SELECT {names} FROM items {where}", given)  # noqa: S608  # our own words
        return [Row._make((*row[:3], State(row[3]), row[4], bool(row[5]), *row[6:])) for row in found]
