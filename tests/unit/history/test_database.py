"""The database of the history: made, brought up to date, kept from others, and what it refuses told without secrets."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from support.nightly import World, clear, lines

import shadowai.history.migrations
from shadowai.history.database import REVISION, open_database, sqlite_url, told, transaction
from shadowai.history.errors import HistoryError
from shadowai.history.schema import due, metadata
from shadowai.history.store import History, tally_of, tally_text
from shadowai.history.upkeep import check, restore
from shadowai.model import Skip, Tally

if TYPE_CHECKING:
    from pathlib import Path

    from support.postgres import Server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "state" / "history.db")
    found: str = request.getfixturevalue("postgres").url
    clear(found)
    return found


def test_migrations_make_the_tables_of_the_schema(url: str) -> None:
    engine = open_database(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_newest_revision_is_that_of_the_migrations() -> None:
    folder = shadowai.history.migrations.__path__[0]
    assert ScriptDirectory(folder).get_current_head() == REVISION


def test_the_tables_can_be_taken_away_and_made_again(tmp_path: Path) -> None:
    from alembic import command  # only this test
    from alembic.config import Config  # only this test

    url = sqlite_url(tmp_path / "history.db")
    engine = open_database(url)
    config = Config()
    config.set_main_option("script_location", shadowai.history.migrations.__path__[0])
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        assert sa.inspect(connection).get_table_names() == ["alembic_version"]
    assert History(open_database(url)).days() == []


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    file = tmp_path / "state" / "history.db"
    open_database(sqlite_url(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_newer_history_is_refused(url: str) -> None:
    engine = open_database(url)
    try:
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(HistoryError, match="newer shadowai"):
            open_database(url)
    finally:
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = :at"), {"at": REVISION})


@pytest.mark.parametrize(
    ("wrong", "told_"),
    [
        ("nonsense", "no database URL"),
        ("oracle+nothing://x/y", "history.url"),
        ("mysql+aiomysql://x/y", "history.url"),
        ("postgresql+psycopg://me:hunter2@127.0.0.1:1/x", "cannot be used"),
    ],
)
def test_a_url_that_leads_nowhere_is_told_without_its_password(wrong: str, told_: str) -> None:
    with pytest.raises(HistoryError) as error:
        open_database(wrong)
    assert told_ in str(error.value)
    assert "hunter2" not in str(error.value)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HistoryError, match="cannot be made"):
        open_database(sqlite_url(tmp_path / "file" / "history.db"))


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "history.db").write_text("no database at all, " * 50)
    with pytest.raises(HistoryError, match="not a database"):
        open_database(sqlite_url(tmp_path / "history.db"))


def test_a_transaction_is_kept_whole_or_not_at_all(url: str) -> None:
    engine = open_database(url)

    def fail() -> None:
        with transaction(engine) as connection:
            connection.execute(sa.insert(due).values(workspace="default", day=1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert History(engine).due() == []
    with pytest.raises(HistoryError), told(engine):
        raise sa.exc.InvalidRequestError("a made-up fault")


def test_a_tally_is_written_and_read_again() -> None:
    tally = Tally(records=9)
    for time in (5, None, 7_200_000_000_000):
        tally.see(time)
    tally.skip(Skip("comment"), 3)
    tally.notes.add("a note")
    tally.formats["squid"] = 2
    assert tally_of(tally_text(tally)) == tally
    with pytest.raises(HistoryError, match="damaged"):
        tally_of("{}")


def test_what_is_damaged_is_found(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.put("access.log", lines(0, 5))
    world.run()
    history = world.history()
    assert check(history) == []
    statements = (
        ("UPDATE activity SET rows = 99", "99 are noted"),
        ("UPDATE activity SET day = 3", "rows of another day"),
        ("UPDATE lineage SET tally = 'x'", "tally is damaged"),
    )
    for statement, problem in statements:
        with history.engine.begin() as connection:
            connection.exec_driver_sql(statement)
        assert any(problem in found for found in check(history)), problem
    with history.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE lineage SET heads = 'x'")
    with pytest.raises(HistoryError, match="checkpoint is damaged"):
        history.lineages()
    with pytest.raises(HistoryError, match="no such file"):
        restore(History(history.engine, "b"), tmp_path / "none")


def test_a_server_that_is_away_is_told(tmp_path: Path, postgres: Server) -> None:
    clear(postgres.url)
    postgres.kill()
    try:
        with pytest.raises(HistoryError, match="cannot be used"):
            World(tmp_path, postgres.url).run()
    finally:
        postgres.start()
