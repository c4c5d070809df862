"""Opening the history's database: SQLite in the state folder, or PostgreSQL by URL, brought up to date by Alembic."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from shadowai.history.errors import HistoryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection, Engine

REVISION = "0003"  # the newest of the migrations
BUSY = 30  # seconds to wait for another program's transaction (SQLite)
_FILE_MODE = 0o600


def sqlite_url(path: Path) -> str:
    """Give the URL of a SQLite file."""
    return f"sqlite:///{path}"


def open_database(url: str) -> Engine:
    """Open a database and bring its tables up to date; HistoryError where it is out of reach or of a newer version.

    `url` is SQLAlchemy's, such as `sqlite:////var/lib/shadowai/history.db` or `postgresql+psycopg://host/shadowai`.
    """
    try:
        place = make_url(url)
    except ArgumentError as error:
        raise HistoryError("is no database URL, such as postgresql+psycopg://host/name", where="history.url") from error
    engine = _sqlite(place) if place.get_backend_name() == "sqlite" else _server(place)
    with told(engine):
        found = _revision(engine)
        if found != REVISION:
            _upgrade(engine, found)
    return engine


@contextmanager
def told(engine: Engine) -> Iterator[None]:
    """Tell what the database refuses in the user's words; passwords of the URL are left out."""
    try:
        yield
    except DBAPIError as error:
        place = engine.url.render_as_string(hide_password=True)
        reason = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
        raise HistoryError(f"the history cannot be used: {reason}", where=place) from error
    except SQLAlchemyError as error:
        place = engine.url.render_as_string(hide_password=True)
        raise HistoryError(f"the history cannot be used: {error}", where=place) from error


def _sqlite(place: URL) -> Engine:
    if place.database:
        _make_private(Path(place.database))
    engine = create_engine(place, connect_args={"timeout": BUSY}, poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401  # the driver's own connection
        connection.isolation_level = None  # else the driver commits before it makes tables
        # WAL: who reads a report does not hold up who writes; FULL: what was committed survives a power cut.
        # What was deleted is not left in free pages: it may be of somebody who was forgotten.
        for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _make_private(path: Path) -> None:
    """Make the file for this user alone: it says who used what."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=_FILE_MODE, exist_ok=True)
    except OSError as error:
        raise HistoryError(f"cannot be made: {error.strerror}", where=path) from error


def _server(place: URL) -> Engine:
    try:
        return create_engine(place, poolclass=NullPool)
    except ModuleNotFoundError as error:
        raise HistoryError(
            f"needs {error.name}, which is not installed: pip install 'shadowai[postgres]'", where="history.url"
        ) from error
    except SQLAlchemyError as error:
        raise HistoryError(str(error), where="history.url") from error


def _revision(engine: Engine) -> str | None:
    if not inspect(engine).has_table("alembic_version"):
        return None
    with engine.connect() as connection:
        found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _upgrade(engine: Engine, found: str | None) -> None:
    from shadowai.history.migrations import upgrade  # noqa: PLC0415  # brings Alembic, which takes half a second

    if not upgrade(engine, found):
        raise HistoryError(
            f"was written by a newer shadowai (its tables are of version {found}); update this one",
            where=engine.url.render_as_string(hide_password=True),
        )


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Give a connection whose changes are all kept, or none of them; HistoryError where the database refuses."""
    with told(engine), engine.begin() as connection:
        yield connection
