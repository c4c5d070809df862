"""Archives, URLs and clusters as sources of scheduled scans: read once, whatever is fetched or unpacked again."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from support.archive_writers import tarred, zipped
from support.nightly import DAY, NOON, World, lines
from support.web_server import serving

from shadowai.history.upkeep import expire
from shadowai.model import SECOND
from shadowai.nightly.intake import Feed

if TYPE_CHECKING:
    from pathlib import Path


def test_members_of_an_archive_are_read_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.put("export.zip", zipped({"a/access.log": lines(0, 10).encode(), "b/access.log": lines(10, 30).encode()}))
    assert world.run().records == 30
    again = world.run()
    assert (again.records, world.total) == (0, 30)
    world.put("export.zip", zipped({"a/access.log": lines(0, 12).encode(), "c/access.log": lines(30, 40).encode()}))
    world.put("export.tgz", gzip.compress(tarred({"access.log": lines(40, 45).encode()})))
    assert world.run().records == 17
    assert world.total == 47


def test_what_lies_behind_a_url_is_read_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    with serving() as web:
        web.content["/logs/a.log"] = lines(0, 10).encode()
        web.content["/logs/b.log.gz"] = gzip.compress(lines(10, 30).encode())
        feeds = (Feed("web", (f"{web.url}/logs/a.log", f"{web.url}/logs/b.log.gz")),)
        first = world.run(feeds=feeds)
        assert (first.records, first.waiting) == (30, [])
        assert world.run(feeds=feeds).records == 0
        web.content["/logs/a.log"] = lines(0, 12).encode()
        assert world.run(feeds=feeds).records == 2
        assert world.total == 32


def test_an_archive_that_may_still_be_written_is_left_alone(tmp_path: Path) -> None:
    world = World(tmp_path)
    whole = zipped({"access.log": lines(0, 10).encode()})
    world.put("export.zip", whole[:80], age=5)
    first = world.run()
    assert ([path.rpartition("/")[2] for path in first.waiting], first.sources) == (["export.zip"], ())
    world.put("export.zip", whole)
    assert world.run().records == 10


def test_what_is_wrong_with_an_archive_is_told_every_night_until_it_changes(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.put("export.zip", zipped({"access.log": lines(0, 10).encode(), "picture.bin": b"\x89\x00\x01" * 50}))
    told = [[one.error for one in world.run().sources if one.error] for _ in range(2)]
    assert len(told[0]) == 1
    assert len(told[1]) == 1
    assert "picture.bin" in str(told[1])
    world.put("export.zip", zipped({"access.log": lines(0, 11).encode()}))
    third = world.run()
    assert ([one.error for one in third.sources], third.records) == ([None], 1)
    (source, *_) = world.result()["sources"]
    assert (source["path"], source["kind"]) == ("proxy", "proxy")


def test_since_looks_into_archives_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.put("export.zip", zipped({"access.log": lines(0, 10).encode()}))
    world.run()
    assert world.run(since=0).records == 10
    assert world.total == 10


def test_a_file_from_the_future_is_of_a_wrong_clock_and_is_read(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.put("a.log.gz", gzip.compress(lines(0, 5).encode()), age=-3 * DAY)
    world.put("b.log.gz", gzip.compress(lines(5, 10).encode()), age=-30)
    first = world.run()
    assert (first.records, [path.rpartition("/")[2] for path in first.waiting]) == (5, ["b.log.gz"])


def test_a_clock_that_went_back_reads_on_and_deletes_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.put("a.log", lines(0, 5))
    world.run()
    world.now -= 300 * DAY * SECOND
    world.add("a.log", lines(5, 8))
    assert world.run().records == 3
    assert world.total == 8


def test_a_clock_that_jumped_ahead_deletes_nothing_and_says_what_to_do(tmp_path: Path) -> None:
    world = World(tmp_path, more={"keep": 400 * DAY * SECOND})
    for number, days in enumerate((0, 20, 40)):
        world.now = (NOON + (days + 1) * DAY) * SECOND
        world.put(f"{number}.log", lines(5 * number, 5 * number + 5, at=NOON + days * DAY))
        assert world.run().problems == []
    right = world.now
    for years in (3, 100):
        world.now = right + years * 365 * DAY * SECOND
        outcome = world.run()
        assert (outcome.forgotten, world.total) == (0, 15)
        assert "history expire" in outcome.problems[0]
        assert "2026-12-27" in outcome.problems[0], "the day of the newest records"
    world.now = right + 385 * DAY * SECOND
    world.put("new.log", lines(20, 23, at=NOON + 420 * DAY))
    assert "by this machine's clock" in world.run().problems[0], "nor where the records' clock jumped, too"
    assert world.total == 18
    for number in range(1, 4):
        world.now += DAY * SECOND
        world.put(f"wrong-{number}.log", lines(30, 33, at=NOON + (420 + number) * DAY))
        outcome = world.run()
        assert (outcome.forgotten, len(outcome.problems)) == (0, 1), "however many nights it stays wrong"
    assert world.total == 27
    world.now = right + DAY * SECOND
    outcome = world.run()
    assert (outcome.forgotten, outcome.problems, world.total) == (0, [], 27), "when the clock is right again"


def test_time_that_went_by_night_by_night_is_believed(tmp_path: Path) -> None:
    world = World(tmp_path, more={"keep": 40 * DAY * SECOND})
    for number in range(4):
        days = number * 20
        world.now = (NOON + (days + 1) * DAY) * SECOND
        world.put(f"{number}.log", lines(5 * number, 5 * number + 5, at=NOON + days * DAY))
        outcome = world.run()
        assert outcome.problems == []
    assert (outcome.forgotten, world.total) == (1, 10)


def test_a_person_s_word_that_the_clock_is_right_lasts(tmp_path: Path) -> None:
    """A scanner that stood still for two months: it is asked about once, and not every night until it is forgotten."""
    world = World(tmp_path, more={"keep": 100 * DAY * SECOND})
    for number, days in enumerate((0, 20, 80)):
        world.put(f"{number}.log", lines(5 * number, 5 * number + 5, at=NOON + days * DAY))
    world.now = (NOON + 105 * DAY) * SECOND
    world.put("3.log", lines(15, 20, at=NOON + 100 * DAY))
    assert "nothing was deleted" in world.run().problems[0]
    history = world.history()
    assert expire(history, world.now, 100 * DAY * SECOND) == 1
    assert [(one["kind"], one["detail"]) for one in history.decisions()] == [("expire", "1 part")]
    history.engine.dispose()
    for night in range(1, 30):
        world.now += DAY * SECOND
        world.put(f"n{night}.log", lines(20, 21, at=NOON + (104 + night) * DAY))
    outcome = world.run()
    assert (outcome.forgotten, outcome.problems) == (1, []), "the gap from day 20 to day 80 was asked about"
