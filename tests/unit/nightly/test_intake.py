"""Every record is read once, whatever becomes of the files: the promise of scheduled scans."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import shutil
from typing import TYPE_CHECKING

import pytest
import zstandard
from support.nightly import DAY, NOON, World, line, lines

from shadowai import sources
from shadowai.history.checkpoints import Content
from shadowai.model import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.compress,
}
BIG = 1500  # records: more than the head whose digest is kept
SQUID = "access.log"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_file_is_read_once(world: World) -> None:
    world.put(SQUID, lines(0, 10))
    assert world.run().records == 10
    again = world.run()
    assert (again.records, again.unchanged, again.written) == (0, 1, [])
    assert world.total == 10


@pytest.mark.parametrize("first", [10, BIG])
def test_a_file_that_grows_is_read_on_from_its_last_whole_record(world: World, first: int) -> None:
    half = len(line(first)) // 2
    world.put(SQUID, lines(0, first) + line(first)[:half])
    assert world.run().records == first
    world.add(SQUID, line(first)[half:] + lines(first + 1, first + 5))
    assert world.run().records == 5
    assert world.total == first + 5


def test_a_last_line_without_its_end_counts_after_a_day(world: World) -> None:
    path = world.put(SQUID, lines(0, 3).rstrip("\n"))
    assert world.run().records == 2
    assert world.run().records == 0
    world.touch(path, age=DAY + 1)
    assert world.run().records == 1
    assert world.run().records == 0
    assert world.total == 3


@pytest.mark.parametrize("count", [5, BIG])
@pytest.mark.parametrize("ending", ["", *PACKERS])
def test_a_rotated_file_is_read_on_under_its_new_name(world: World, ending: str, count: int) -> None:
    path = world.put(SQUID, lines(0, count))
    world.run()
    world.add(SQUID, lines(count, count + 5))
    rest = path.read_bytes()
    path.unlink()
    world.put(f"access.log.1{ending}", PACKERS[ending](rest) if ending else rest)
    world.put(SQUID, lines(count + 5, count + 7))
    assert world.run().records == 7
    assert world.run().records == 0
    assert world.total == count + 7


def test_a_renamed_file_is_known_by_its_inode(world: World) -> None:
    path = world.put(SQUID, lines(0, 5))
    world.run()
    path.rename(path.with_name("access.log.1"))
    world.put(SQUID, lines(5, 7))
    assert world.run().records == 2
    assert world.total == 7


def test_a_file_that_is_truncated_and_written_anew_is_another(world: World) -> None:
    path = world.put(SQUID, lines(0, 5))
    world.run()
    shutil.copy2(path, path.with_name("access.log.1"))
    with path.open("r+") as file:
        file.truncate()
        file.write(lines(5, 15))
    world.touch(path)
    assert world.run().records == 10
    assert world.total == 15


def test_records_written_between_the_last_run_and_a_truncation_are_read_from_the_copy(world: World) -> None:
    path = world.put(SQUID, lines(0, 5))
    world.run()
    world.add(SQUID, lines(5, 8))
    shutil.copy2(path, path.with_name("access.log.1"))
    path.write_text(lines(8, 9))
    world.touch(path)
    assert world.run().records == 4
    assert world.total == 9


@pytest.mark.parametrize("count", [5, BIG])
def test_a_file_that_is_delivered_again_is_not_read_again(world: World, count: int) -> None:
    path = world.put(SQUID, lines(0, count))
    world.run()
    world.put("again.log", path.read_bytes())
    world.put("again.log.gz", gzip.compress(path.read_bytes()))
    path.unlink()
    assert world.run().records == 0
    assert world.total == count


def test_two_copies_that_come_together_are_read_once_and_the_longer_to_its_end(world: World) -> None:
    world.put("a.log", lines(0, 10), age=7200)
    world.put("b.log", lines(0, 14))
    world.put("c.log", lines(0, 10), age=1800)
    assert world.run().records == 14
    assert world.total == 14


def test_the_beginning_of_a_file_that_was_read_is_told_and_not_read(world: World) -> None:
    path = world.put(SQUID, lines(0, BIG))
    world.run()
    path.unlink()
    world.put("part.log", lines(0, 200))
    outcome = world.run()
    assert outcome.records == 0
    assert "begins like" in outcome.sources[0].warnings[0]
    assert world.total == BIG


def test_hard_links_are_one_file(world: World) -> None:
    path = world.put(SQUID, lines(0, 5))
    os.link(path, path.with_name("b.log"))
    assert world.run().records == 5


def test_lines_before_a_header_are_read_with_the_header_in_force(world: World) -> None:
    head = "#Software: x\n#Fields: date time c-ip cs-username cs-host sc-status cs-method cs-uri-path\n"

    def record(second: int) -> str:
        return f"2026-11-17 12:00:{second:02} 10.1.0.1 ann chatgpt.com 200 GET /c/{second}\n"

    records = [record(second) for second in range(10)]
    path = world.put("w3c.log", head + "".join(records[:4]))
    assert world.run().sources[0].format == "w3c"
    world.add("w3c.log", "".join(records[4:6]))
    assert world.run().records >= 2
    packed = gzip.compress(path.read_bytes() + "".join(records[6:]).encode())
    path.unlink()
    world.put("w3c.log.1.gz", packed)
    world.run()
    assert world.total == 10


def test_a_csv_is_read_on_with_its_first_line(world: World) -> None:
    columns = {"web": {"time": "When", "host": "Site", "user": "Who"}}
    world.more["read"] = world.options().read.__class__((), columns=columns)
    world.put("web.csv", "When,Site,Who\n" + "".join(f"2026-11-17T12:00:0{n}Z,chatgpt.com,ann\n" for n in range(3)))
    world.run()
    world.add("web.csv", "2026-11-17T12:00:08Z,claude.ai,ann\n")
    world.run()
    assert world.total == 4


def test_a_compressed_file_that_is_still_written_is_left_alone(world: World) -> None:
    packed = gzip.compress(lines(0, 50).encode())
    path = world.put("access.log.gz", packed[:-20], age=5)
    outcome = world.run()
    assert (outcome.records, outcome.waiting) == (0, [str(path)])
    world.put("access.log.gz", packed)
    assert world.run().records == 50


def test_a_truncated_compressed_file_is_told_and_read_on_when_it_is_whole(world: World) -> None:
    packed = gzip.compress(lines(0, BIG).encode())
    world.put("access.log.gz", packed[: len(packed) // 2])
    outcome = world.run()
    assert "truncated" in (outcome.sources[0].error or "")
    assert 0 < outcome.records < BIG
    told = world.run()
    assert "truncated" in (told.sources[0].error or ""), "it is told until it changes"
    world.put("access.log.gz", packed)
    assert world.run().sources[0].error is None
    assert world.total == BIG


def test_a_file_of_no_known_format_is_told_until_it_changes(world: World) -> None:
    world.put("odd.log", "what is this\n" * 5)
    for _ in range(2):
        assert "no known format" in (world.run().sources[0].error or "")
    world.put("odd.log", lines(0, 4))
    assert world.run().records == 4
    assert world.run().sources == ()


def test_empty_files_and_globs_without_files_are_no_errors(world: World) -> None:
    assert world.run().sources == ()
    world.put(SQUID, "")
    (world.put("packed.log.gz", "")).write_bytes(gzip.compress(b""))
    assert world.run().sources == ()


def test_what_lies_nowhere_is_an_error(world: World) -> None:
    feed = world.options().feeds[0].__class__("gone", (str(world.folder / "nowhere"),))
    assert "no such file" in (world.run(feeds=(feed,)).sources[0].error or "")


def test_a_list_in_json_that_was_written_again_with_more_in_it_is_read_anew(world: World) -> None:
    def export(count: int) -> str:
        name = {"type": "query", "rrname": "chatgpt.com", "rrtype": "A"}
        ends = {"src_ip": "10.0.0.1", "src_port": 40000, "dest_ip": "10.0.0.53", "dest_port": 53, "proto": "UDP"}
        stamps = (f"2026-11-17T12:00:{number:02}.000000+0000" for number in range(count))
        return json.dumps([{"timestamp": one, "event_type": "dns", **ends, "dns": name} for one in stamps], indent=1)

    world.put("export.json", export(10))
    assert [one.error for one in world.run().sources] == [None]
    assert world.total == 10
    world.put("export.json", export(14))
    world.run()
    assert world.total == 14


def test_reading_again_on_purpose_counts_nothing_twice(world: World) -> None:
    world.put("old.log", lines(0, 5, at=NOON - 10 * DAY))
    world.put(SQUID, lines(0, 7))
    world.run()
    outcome = world.run(since=(NOON - DAY) * SECOND)
    assert outcome.records == 7
    assert world.total == 12


def test_a_file_that_is_truncated_while_it_is_read_is_left_for_the_next_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = world.put(SQUID, lines(0, 20))
    real = sources.cut_further

    def truncating(span: sources.Shard, **more: object) -> list[sources.Shard]:
        path.write_text(lines(20, 22))
        return real(span, **more)

    monkeypatch.setattr(sources, "cut_further", truncating)
    outcome = world.run()
    assert "changed while it was read" in (outcome.sources[0].error or "")
    assert world.total == 0
    monkeypatch.undo()
    world.touch(path)
    assert world.run().records == 2
    assert world.total == 2


def test_windows_of_a_compressed_file_are_those_of_the_plain_one(tmp_path: Path) -> None:
    data = bytes(range(256)) * 1000
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    plain.write_bytes(data)
    packed.write_bytes(gzip.compress(data))
    contents = [Content(sources.Source("x", path)) for path in (plain, packed)]
    for end in (0, 10, 65_536, 65_537, 100_000, len(data)):
        for length in (1, 4096, 70_000):
            expected = data[max(end - length, 0) : end]
            assert [content.window(end, length) for content in contents] == [expected, expected], (end, length)
    assert [content.size for content in contents] == [len(data)] * 2
