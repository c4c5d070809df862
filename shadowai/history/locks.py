"""One run at a time where several machines share a PostgreSQL database; the file lock sees only its own machine."""

from __future__ import annotations

import hashlib
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from shadowai.errors import UsageError
from shadowai.history.database import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from shadowai.history.store import History

_TRY_EVERY = 0.2  # seconds


@contextmanager
def database_lock(history: History, wait: float = 0) -> Iterator[None]:
    """Hold PostgreSQL's advisory lock of the workspace, which ends with the connection; elsewhere there is none.

    UsageError where another holds it still after `wait` seconds.
    """
    if history.engine.dialect.name != "postgresql":
        yield
        return
    number = int.from_bytes(hashlib.sha256(f"shadowai {history.workspace}".encode()).digest()[:8], "big", signed=True)
    with told(history.engine):
        connection = history.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with connection:
        until = time.monotonic() + wait
        while not _taken(history, connection, number):
            if time.monotonic() >= until:
                raise UsageError("another run is under way on this database; wait for it, or give [history] wait")
            time.sleep(_TRY_EVERY)
        try:
            yield
        finally:
            connection.invalidate()  # ends it, and the lock with it, whatever state the server is in


def _taken(history: History, connection: Connection, number: int) -> bool:
    with told(history.engine):
        return bool(connection.execute(sa.select(sa.func.pg_try_advisory_lock(number))).scalar())
