"""Who was at the address of a contact that names nobody: the same from many nights as from one scan of everything."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from support.archive_writers import tarred, zipped
from support.nightly import DAY, NOON, World, clear, line
from support.nights import Nights

from shadowai import second_look
from shadowai.history.upkeep import backup, check, compact, forget_days, restore
from shadowai.history.whereabouts import sightings_of, sought_on, watched_since
from shadowai.inputs import ReadOptions
from shadowai.model import SECOND
from shadowai.nightly.forgetting import forget_person
from shadowai.nightly.intake import Feed
from shadowai.scan import ScanOptions, scan

if TYPE_CHECKING:
    from pathlib import Path

    from support.postgres import Server

MIDNIGHT = NOON + DAY // 2
TODAY = MIDNIGHT // DAY


def asked(at: int, host: str = "claude.ai", address: str = "10.1.0.1") -> str:
    stamp = datetime.fromtimestamp(at, UTC).strftime("%d-%b-%Y %H:%M:%S.000")
    client = f"client @0x0254dbf2e264 {address}#49951 ({host})"
    return f"{stamp} queries: info: {client}: query: {host} IN A +E(0)K (10.0.0.2)\n"


def work(at: int, user: str = "ann") -> str:
    return line(0, user=user, at=at, host="intranet.example.org")


BEFORE, AFTER = MIDNIGHT - 600, MIDNIGHT + 600
QUERIES = asked(MIDNIGHT - 5) + asked(MIDNIGHT + 5, "grok.com")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return world_in(tmp_path)


def world_in(tmp_path: Path, url: str | None = None) -> World:
    people = tmp_path / "directory" / "people.csv"
    people.parent.mkdir()
    people.write_text("user,email,department\nann,,Sales\nbert,,Legal\n")
    return World(tmp_path, url, more={"directory": people.parent})


def departments(world: World, name: str = "month/2026-11") -> dict[str, int]:
    """Give the people who only looked names up, by department."""
    return people(world.result(name))


def people(result: Any) -> dict[str, int]:  # a JSON document
    found = {one["name"]: one["totals"]["people_dns_only"] for one in result["departments"]}
    return {name: number for name, number in found.items() if number}


def scanned(world: World) -> dict[str, int]:
    read = ReadOptions([str(world.logs)])
    return people(json.loads(scan(ScanOptions(read, directory=world.folder / "directory")).model_dump_json()))


@pytest.mark.parametrize("order", [("access", "queries"), ("queries", "access"), ("access", "queries", "access-2")])
def test_a_look_up_and_who_was_there_may_be_read_by_different_runs(world: World, order: tuple[str, ...]) -> None:
    files = {"access": work(BEFORE) + work(AFTER), "queries": QUERIES}
    if len(order) > 2:
        files |= {"access": work(BEFORE), "access-2": work(AFTER)}
    for name in order:
        world.put(f"{name}.log", files[name])
        world.run()
    assert departments(world) == {"Sales": 1}
    assert scanned(world) == {"Sales": 1}
    assert check(world.history()) == []


def test_who_came_in_between_makes_it_doubtful_whichever_run_reads_it(world: World) -> None:
    world.put("access.log", work(BEFORE) + work(AFTER))
    world.put("queries.log", QUERIES)
    world.run()
    assert departments(world) == {"Sales": 1}
    world.put("late.log", work(MIDNIGHT - 2, "bert"))
    assert [period.label for period in world.run().written] == ["2026-11"]
    assert departments(world) == scanned(world)
    assert departments(world) != {"Sales": 1}


def test_a_report_of_a_day_knows_who_was_there_on_the_days_beside_it(world: World) -> None:
    world.more["periods"] = ("day",)
    world.put("queries.log", QUERIES)
    world.put("access.log", work(BEFORE))
    world.run()
    assert departments(world, "day/2026-11-17") == {"Sales": 1}
    world.put("next.log", work(AFTER))
    assert [period.label for period in world.run().written] == ["2026-11-17", "2026-11-18"]
    for day in ("day/2026-11-17", "day/2026-11-18"):
        assert departments(world, day) == {"Sales": 1}


def test_where_a_log_is_gone_only_minutes_are_believed(world: World) -> None:
    path = world.put("access.log", work(BEFORE) + work(AFTER))
    world.run()
    path.unlink()
    world.put("queries.log", QUERIES)
    assert "in 2 cases known less well" in world.run().problems[0]
    assert departments(world) == {"Unknown department": 1}
    assert sought_on(world.history(), {TODAY}).unsure == {("10.1.0.1", TODAY)}
    world.put("more.log", work(MIDNIGHT - 10) + work(MIDNIGHT + 10))
    world.run()
    assert departments(world) == {"Unknown department": 1}, "what is unsure stays so"


@pytest.mark.parametrize("how", ["renamed", "compressed", "grown"])
def test_a_log_is_found_again_whatever_became_of_its_name(world: World, how: str) -> None:
    path = world.put("access.log", work(BEFORE) + work(AFTER))
    world.run()
    if how == "renamed":
        path.rename(path.with_name("access.log.1"))
    elif how == "compressed":
        world.put("access.log.1.gz", gzip.compress(path.read_bytes()))
        path.unlink()
    else:
        world.add("access.log", work(AFTER + 7))
    world.put("queries.log", QUERIES)
    world.run()
    assert departments(world) == {"Sales": 1}


@pytest.mark.parametrize("kind", ["zip", "tgz in a zip"])
def test_a_log_in_an_archive_is_found_again(world: World, kind: str) -> None:
    """Members of an archive that had not changed were not looked through, and nobody was told."""
    data = zipped({"a/access.log": (work(BEFORE) + work(AFTER)).encode(), "b/other.log": work(NOON).encode()})
    if kind != "zip":
        data = zipped({"in.tgz": gzip.compress(tarred({"access.log": (work(BEFORE) + work(AFTER)).encode()}))})
    world.put("export.zip", data)
    world.run()
    world.put("queries.log", QUERIES)
    assert world.run().problems == []
    assert departments(world) == scanned(world) == {"Sales": 1}
    assert world.run().records == 0


def test_a_log_in_an_archive_that_is_gone_is_missed(world: World) -> None:
    path = world.put("export.zip", zipped({"access.log": (work(BEFORE) + work(AFTER)).encode()}))
    world.run()
    path.unlink()
    world.put("queries.log", QUERIES)
    assert "in 2 cases known less well" in world.run().problems[0], "whatever time its members have"
    assert departments(world) == {"Unknown department": 1}


def test_a_log_that_is_another_one_now_is_not_searched(world: World) -> None:
    path = world.put("access.log", work(BEFORE) + work(AFTER))
    world.run()
    path.write_text(work(BEFORE, "bert") + work(AFTER, "bert"))
    world.put("queries.log", QUERIES)
    world.touch(path)
    world.run()
    assert departments(world) == {"Unknown department": 1}


def test_of_an_address_that_was_watched_all_along_nothing_is_read_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.now = (MIDNIGHT - 3 * DAY) * SECOND
    world.put("queries.log", asked(MIDNIGHT - 3 * DAY - 7200))
    world.run()
    assert watched_since(world.history()) == {"10.1.0.1": world.now}
    world.now = (MIDNIGHT + 7200) * SECOND
    path = world.put("access.log", work(BEFORE) + work(AFTER))
    world.run()
    path.unlink()
    monkeypatch.setattr("shadowai.nightly.looking_again.SecondLook._earlier", None)
    world.put("more.log", QUERIES)
    world.run()
    assert departments(world) == {"Sales": 1, "Unknown department": 1}, "of whom nobody was seen three days before"
    world.now += 40 * DAY * SECOND
    world.put("other.log", work(AFTER + 40 * DAY))
    world.run()
    assert watched_since(world.history()) == {}


def test_what_cannot_be_read_a_second_time_names_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.put("access.log", work(BEFORE) + work(AFTER))
    world.put("queries.log", QUERIES)
    with monkeypatch.context() as patched:
        patched.setattr(second_look.Searcher, "search", lambda _, task: second_look.Found(task.number, error="is gone"))
        outcome = world.run()
    assert any(second_look.NOT_AGAIN in one.warnings for one in outcome.sources)
    assert departments(world) == {"Unknown department": 1}


def test_reading_again_takes_away_what_was_seen_before(world: World) -> None:
    """As after a correction of the zone: what the file told then is no longer believed."""
    world.put("access.log", work(BEFORE) + work(AFTER))
    world.put("queries.log", QUERIES)
    world.run()
    before = sightings_of(world.history(), TODAY - 1, TODAY + 1)
    world.run(since=0, read=ReadOptions((), zone="Asia/Tokyo"))
    assert sightings_of(world.history(), TODAY - 1, TODAY + 1) == before, "Squid's times have no zone"
    world.run(since=0)
    assert departments(world) == {"Sales": 1}


def test_who_was_forgotten_was_nowhere(world: World) -> None:
    world.put("access.log", work(BEFORE) + work(AFTER))
    world.put("queries.log", QUERIES + asked(MIDNIGHT, address="10.1.0.2"))
    world.run()
    history = world.history()
    assert {user for _, user, _ in sightings_of(history, TODAY - 1, TODAY + 1).seen} == {"ann"}
    gone = forget_person(history, world.options().rules().directory, "ann", "request of 2026", world.now)
    assert gone.rows == 2, "the look-ups that were hers by what the proxy says"
    assert sightings_of(history, TODAY - 1, TODAY + 1).seen == ()
    world.put("more.log", asked(MIDNIGHT + 60))
    world.run()
    assert sightings_of(history, TODAY - 1, TODAY + 1).seen == ()
    assert departments(world) == {"Unknown department": 2}


def test_copies_and_old_days_have_what_was_seen_too(world: World) -> None:
    world.put("access.log", work(BEFORE) + work(AFTER) + work(NOON - 3 * DAY))
    world.put("queries.log", QUERIES)
    world.run()
    history, copy = world.history(), world.folder / "copy.db"
    seen = sightings_of(history, TODAY - 1, TODAY + 1)
    backup(history, copy)
    assert compact(history, TODAY + 1) == 2
    assert sightings_of(history, TODAY - 1, TODAY + 1) == seen
    world.workspace = "restored"
    restored = world.history()
    restore(restored, copy)
    assert sightings_of(restored, TODAY - 1, TODAY + 1) == seen
    assert check(restored) == []
    forget_days(restored, TODAY + 1)
    assert sightings_of(restored, TODAY - 1, TODAY + 1).seen == ()


def test_postgresql_keeps_it_too(tmp_path: Path, postgres: Server) -> None:
    clear(postgres.url)
    world = world_in(tmp_path, postgres.url)
    test_copies_and_old_days_have_what_was_seen_too(world)
    assert departments(world) == {"Sales": 1}
    world.workspace = "default"
    world.put("more.log", asked(MIDNIGHT + 7, "poe.com"))
    world.run()
    assert watched_since(world.history()).keys() == {"10.1.0.1"}


def test_a_damaged_memory_of_who_was_where_is_told(world: World) -> None:
    world.put("access.log", work(BEFORE) + work(AFTER))
    world.put("queries.log", QUERIES)
    world.run()
    history = world.history()
    for table, column in (("sought", "addresses"), ("sighting", "content")):
        with history.engine.begin() as link:
            link.exec_driver_sql(f"UPDATE {table} SET {column} = 'x'")  # noqa: S608  # the names are ours
        assert "who was seen where" in check(history)[0]


def test_a_scheduled_scan_names_whom_a_scan_names(tmp_path: Path) -> None:
    """Over the generator's organisation: all that the two say is the same, but how sure the recognition was."""
    truth = Nights.of(tmp_path, 3).truth
    names = [str(path) for path in truth.sources]
    rules = {"directory": truth.directory, "policy": truth.policy}
    world = World(tmp_path / "world", now=(NOON + 60 * DAY) * SECOND)
    world.folder.mkdir()
    world.run(feeds=tuple(Feed(name, (name,)) for name in names), **rules)
    night = world.result()
    assert sought_on(world.history(), range(TODAY - 30, TODAY + 30)).whole, "somebody had to be sought"
    whole = json.loads(scan(ScanOptions(ReadOptions(names), **rules)).model_dump_json(by_alias=True))
    for source in whole["sources"]:
        source["recognition"] = None
    assert night == {name: whole[name] for name in night}


def test_a_log_of_a_format_that_the_settings_no_longer_know_cannot_be_searched(world: World) -> None:
    columns = {"web": {"time": "When", "host": "Site", "user": "Who", "source_ip": "From"}}
    rows = "".join(
        f"{datetime.fromtimestamp(at, UTC).isoformat()},example.org,ann,10.1.0.1\n" for at in (BEFORE, AFTER)
    )
    world.put("web.csv", "When,Site,Who,From\n" + rows)
    world.run(read=ReadOptions((), columns=columns))
    world.put("queries.log", QUERIES)
    outcome = world.run()
    assert "known less well" in outcome.problems[0]
    assert departments(world) == {"Unknown department": 1}
