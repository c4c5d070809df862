"""The scheduled scan: killed whenever it may be it loses and doubles nothing; nights add up to what one run finds."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.nightly import DAY, NOON, Died, World, die_at, line, lines
from support.nights import NIGHTS, Nights, packets

from shadowai.activity.columns import merged
from shadowai.history.codec import encode
from shadowai.history.errors import HistoryError
from shadowai.history.store import UNDATED
from shadowai.history.upkeep import backup, check, compact, list_days, restore
from shadowai.model import HOUR, SECOND
from shadowai.nightly.intake import Feed

if TYPE_CHECKING:
    from pathlib import Path


SQUID = "access.log"


def test_what_is_new_is_read_kept_and_reported(world: World) -> None:
    world.put(SQUID, lines(0, 10) + line(10, user="bob"))
    outcome = world.run()
    assert [period.label for period in outcome.written] == ["2026-11"]
    (source,) = world.result()["sources"]
    assert (source["path"], source["format"], source["records"]) == ("proxy", "squid", 11)
    assert world.result()["totals"]["people"] == 2
    assert [key["origins"][0]["source"] for key in services(world.result())] == ["proxy"]


def services(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [service for department in result["departments"] for service in department["services"]]


def test_a_visit_over_midnight_counts_once(world: World) -> None:
    midnight = NOON + DAY // 2
    world.put(SQUID, lines(0, 5, at=midnight - 100))
    world.run()
    world.add(SQUID, lines(5, 10, at=midnight - 5))
    world.run()
    assert services(world.result())[0]["sessions"] == 1


def test_late_records_lie_where_they_belong_and_their_reports_are_written_again(world: World) -> None:
    world.more["periods"] = ("day",)
    world.put("a.log", lines(0, 5, at=NOON))
    world.put("c.log", lines(0, 5, at=NOON + 2 * DAY))
    world.run()
    world.put("b.log", lines(0, 5, at=NOON + DAY))
    outcome = world.run()
    assert [period.label for period in outcome.written] == ["2026-11-18", "2026-11-19"]
    changes = world.result("day/2026-11-19")["change"]
    assert changes["period"]["start"].startswith("2026-11-18"), "the day behind says what changed since"


def test_a_new_policy_judges_the_past(world: World) -> None:
    world.put("a.log", lines(0, 5))
    world.run()
    assert services(world.result())[0]["status"] == "unsanctioned"
    policy = world.folder / "policy.yaml"
    policy.write_text("rules:\n  - status: sanctioned\n    services: [chatgpt]\n")
    world.put("b.log", lines(0, 1, at=NOON + DAY))
    world.run(policy=policy)
    assert services(world.result())[0]["status"] == "sanctioned"
    assert services(world.result())[0]["sessions"] == 2


def test_candidates_are_matched_with_the_signatures_of_today(world: World) -> None:
    host = "chat.harbour-llm.example"
    world.put("a.log", lines(0, 5, host=host))
    world.run()
    assert [one["host"] for one in world.result()["candidates"]] == [host]
    own = world.folder / "signatures" / "chat"
    own.mkdir(parents=True)
    (own / "harbour.yaml").write_text(SIGNATURE)
    world.put("b.log", lines(0, 1, at=NOON + DAY))
    world.run(signatures=own.parent)
    assert world.result()["candidates"] == []
    assert {one["id"]: one["sessions"] for one in services(world.result())} == {"harbour": 1, "chatgpt": 1}
    assert any(host in warning and "harbour" in warning for warning in world.result()["warnings"])
    world.put("c.log", lines(0, 1, at=NOON + 2 * DAY, host=host))
    world.run(signatures=own.parent)
    world.put("d.log", lines(0, 1, at=NOON + 3 * DAY))
    world.run()
    assert [one["host"] for one in world.result()["candidates"]] == [host], "without them it is a candidate again"
    assert any("do not know them: harbour" in warning for warning in world.result()["warnings"])


SIGNATURE = """\
name: Harbour
vendor: Harbour
country: unknown
summary: A chat of our own
verified: 2026-11-21
references: [https://docs.harbour-llm.example/]
indicators:
  - kind: domain
    value: harbour-llm.example
    role: dedicated
examples:
  match: [chat.harbour-llm.example]
  no_match: [harbour-llm.example.org]
"""


def test_a_run_with_nothing_new_reads_no_rules(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.put(SQUID, lines(0, 3))
    world.run()
    monkeypatch.setattr("support.nightly.load_rules", None)
    started = time.monotonic()
    assert world.run().unchanged == 1
    assert time.monotonic() - started < 2


def test_workspaces_see_nothing_of_each_other(world: World) -> None:
    world.put(SQUID, lines(0, 3))
    world.run()
    world.workspace = "second"
    assert world.total == 0
    assert world.run().records == 3
    assert world.total == 3


def test_old_days_go_and_their_files_are_not_read_again(world: World) -> None:
    world.put("old.log", lines(0, 5, at=NOON - 20 * DAY))
    world.put(SQUID, lines(0, 5))
    keep = 40 * DAY * SECOND
    assert world.run(keep=keep).forgotten == 1
    assert world.total == 5
    assert world.run(keep=keep).records == 0


def test_compacted_days_say_the_same(world: World) -> None:
    for number in range(3):
        world.put(f"{number}.log", lines(number * 5, number * 5 + 5))
    world.run()
    before = encode(merged(world.history().columns(0, 40_000)))
    assert [day.parts for day in list_days(world.history())] == [3]
    assert compact(world.history(), 40_000) == 1
    assert [day.parts for day in list_days(world.history())] == [1]
    assert encode(world.history().columns(0, 40_000)) == before
    outcome = world.run(since=0)
    assert "compacted" in (outcome.sources[0].error or "")
    assert world.total == 15
    assert check(world.history()) == []


def test_a_copy_brings_everything_back(world: World) -> None:
    world.put(SQUID, lines(0, 5))
    world.run()
    copy = world.folder / "copy.db"
    backup(world.history(), copy)
    with pytest.raises(HistoryError, match="there already"):
        backup(world.history(), copy)
    with pytest.raises(HistoryError, match="not empty"):
        restore(world.history(), copy)
    before = encode(world.history().columns(0, 40_000))
    world.workspace = "restored"
    restore(world.history(), copy)
    assert encode(world.history().columns(0, 40_000)) == before
    world.add(SQUID, lines(5, 7))
    assert world.run().records == 2


def test_records_without_a_time_are_kept_and_in_no_period(world: World) -> None:
    columns = {"web": {"host": "Site", "user": "Who"}}
    read = world.options().read.__class__((), columns=columns)
    world.put("web.csv", "Site,Who\nchatgpt.com,ann\n")
    outcome = world.run(read=read)
    assert "without a time" in outcome.sources[0].warnings[0]
    assert world.history().days() == [UNDATED]
    assert outcome.written == []


def test_night_by_night_it_finds_what_one_run_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nights = Nights.of(tmp_path, 3)
    night_by_night = World(tmp_path / "nightly", now=0, more=options_of(nights))
    night_by_night.folder.mkdir()
    for night in range(NIGHTS):
        nights.pass_night(night)
        night_by_night.now = nights.time(night) + HOUR
        if night % 4 == 1:
            die_at(monkeypatch, ["commit", "after", "report", "done"][night // 4 % 4])
            with pytest.raises(Died):
                night_by_night.run()
            monkeypatch.undo()
        night_by_night.run()
    at_once = World(tmp_path / "once", now=night_by_night.now, more=options_of(nights))
    at_once.folder.mkdir()
    at_once.run()
    found = [encode(merged(world.history().columns(0, 40_000))) for world in (night_by_night, at_once)]
    assert found[0] == found[1]
    for name in ("result.json", "manifest.json"):
        place = f"out/month/2026-11/{name}"
        reports = [(world.folder / place).read_bytes() for world in (night_by_night, at_once)]
        assert reports[0] == reports[1]
    weeks, others = (
        sorted(path.name for path in (world.folder / "out" / "week").iterdir()) for world in (at_once, night_by_night)
    )
    assert weeks == others
    assert {"2026-W47", "2026-W48"} <= set(weeks)
    for week in weeks:
        place = f"out/week/{week}/result.json"
        assert len({(world.folder / place).read_bytes() for world in (night_by_night, at_once)}) == 1, week


def options_of(nights: Nights) -> dict[str, Any]:
    stems = [name.partition(".")[0] for name in nights.parts]
    return {
        "feeds": tuple(Feed(stem, (str(nights.folder / f"{stem}*"),)) for stem in stems),
        "directory": nights.truth.directory,
        "policy": nights.truth.policy,
        "periods": ("week", "month"),
        "keep": 4000 * DAY * SECOND,
    }


def test_bytes_that_zeek_logs_apart_reach_the_names_within_a_source(tmp_path: Path) -> None:
    world = World(tmp_path)
    ends = {"id.orig_h": "10.1.0.1", "id.orig_p": 5, "id.resp_h": "192.0.2.10", "id.resp_p": 443}
    hello = {
        "ts": NOON,
        "uid": "CHhAvVGS1DHFjwGM9",
        **ends,
        "version": "TLSv13",
        "cipher": "x",
        "server_name": "chatgpt.com",
    }
    whole = {
        "ts": NOON,
        "uid": "CHhAvVGS1DHFjwGM9",
        **ends,
        "proto": "tcp",
        "service": "ssl",
        "duration": 1.0,
        "conn_state": "SF",
    }
    world.put("ssl.log", json.dumps({**hello, "resumed": False, "established": True}) + "\n")
    world.put("conn.log", json.dumps({**whole, "orig_bytes": 1111, "resp_bytes": 2222, "missed_bytes": 0}) + "\n")
    world.run()
    (service,) = services(world.result())
    assert (service["id"], service["bytes_up"], service["bytes_down"]) == ("chatgpt", 1111, 2222)


def test_a_ring_of_captures_is_one_capture(tmp_path: Path) -> None:
    nights = Nights.of(tmp_path, 3)
    path = next(one for one in nights.truth.sources if one.suffix == ".pcap")
    data = path.read_bytes()
    found = []
    for name, parts in (("whole", [data]), ("ring", in_two(data))):
        world = World(tmp_path / name, now=nights.time(0) + DAY * SECOND)
        world.folder.mkdir()
        for number, part in enumerate(parts):
            world.put(f"x_0000{number}_20261116000000.pcap", part)
        world.run()
        found.append(encode(merged(world.history().columns(0, 40_000))))
    assert found[0] == found[1]


def in_two(data: bytes) -> list[bytes]:
    place = list(packets(data))[len(list(packets(data))) // 2]
    return [data[:place], data[:24] + data[place:]]


def test_a_capture_that_grew_is_what_it_is_now(tmp_path: Path) -> None:
    nights = Nights.of(tmp_path, 3)
    path = next(one for one in nights.truth.sources if one.suffix == ".pcap")
    world = World(tmp_path / "world", now=nights.time(0) + DAY * SECOND)
    world.folder.mkdir()
    for data in (in_two(path.read_bytes())[0], path.read_bytes()):
        world.put("x.pcap", data)
        world.run()
    grown = encode(merged(world.history().columns(0, 40_000)))
    world.workspace = "once"
    world.run()
    assert encode(merged(world.history().columns(0, 40_000))) == grown
