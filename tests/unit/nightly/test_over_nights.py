"""What spans several runs: flows whose records come apart, rings, leases, and people who were forgotten."""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from support.nightly import DAY, NOON, World, lines
from support.nights import Nights, packets

from shadowai.activity.columns import activity_rows
from shadowai.history.waiting import waiting_flows
from shadowai.model import SECOND
from shadowai.nightly.forgetting import forget_person

if TYPE_CHECKING:
    from pathlib import Path

ENDS = {"id.orig_h": "10.1.0.1", "id.orig_p": 5, "id.resp_h": "192.0.2.10", "id.resp_p": 443}


def hello(uid: str, time: float) -> str:
    more = {"version": "TLSv13", "cipher": "x", "server_name": "chatgpt.com", "resumed": False, "established": True}
    return json.dumps({"ts": time, "uid": uid, **ENDS, **more}) + "\n"


def ended(uid: str, time: float, up: int = 1111) -> str:
    more = {"proto": "tcp", "service": "ssl", "duration": 1.0, "conn_state": "SF", "missed_bytes": 0}
    return json.dumps({"ts": time, "uid": uid, **ENDS, **more, "orig_bytes": up, "resp_bytes": 2222}) + "\n"


def services(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [service for department in result["departments"] for service in department["services"]]


def test_a_flow_whose_bytes_are_logged_a_night_later_has_them_and_counts_once(tmp_path: Path) -> None:
    apart, together = World(tmp_path / "apart"), World(tmp_path / "together")
    for world in (apart, together):
        world.folder.mkdir()
    midnight = NOON + DAY // 2
    apart.put("ssl.log", hello("CHhAvVGS1DHFjwGM9", midnight - 60) + hello("CXWv6p3arKYeMETxOg", midnight - 50))
    apart.put("conn.log", ended("CXWv6p3arKYeMETxOg", midnight - 50, 500))
    apart.run()
    apart.add("conn.log", ended("CHhAvVGS1DHFjwGM9", midnight - 60))
    apart.run()
    apart.run()
    together.put("ssl.log", (apart.logs / "ssl.log").read_text())
    together.put("conn.log", (apart.logs / "conn.log").read_text())
    together.run()
    found = [
        [(one["sessions"], one["bytes_up"], one["bytes_down"]) for one in services(world.result())]
        for world in (apart, together)
    ]
    assert found[1] == [(1, 1611, 4444)]
    assert found[0] == found[1]


@pytest.mark.parametrize("parts", [4])
def test_a_ring_of_captures_that_comes_night_by_night_tells_the_same(tmp_path: Path, parts: int) -> None:
    """Whatever a connection sends behind the end of a run has the name that it got before."""
    data = capture(tmp_path)
    pieces, ends = cut(data, parts), []
    for name in ("apart", "together"):
        world = World(tmp_path / name, now=ENDED)
        world.folder.mkdir()
        for number, part in enumerate(pieces):
            world.put(f"x_0000{number}_20261116000000.pcap", part)
            if name == "apart" or number == parts - 1:
                world.run()
        ends.append(dict(activity_rows(world.history().columns(0, 40_000))))
    assert ends[0] == ends[1]
    assert sum(sums.bytes_up for sums in ends[0].values()) > 0


def test_where_the_files_before_are_gone_a_visit_has_the_bytes_of_its_first_run(tmp_path: Path) -> None:
    pieces, kept = cut(capture(tmp_path), 2), []
    for name in ("apart", "gone", "first"):
        world = World(tmp_path / name, now=ENDED)
        world.folder.mkdir()
        path = world.put("x_00000_20261116000000.pcap", pieces[0])
        world.run()
        if name == "gone":
            path.unlink()
        if name != "first":
            world.put("x_00001_20261116000000.pcap", pieces[1])
            world.run()
        rows = activity_rows(world.history().columns(0, 40_000))
        kept.append({key: sums.bytes_up + sums.bytes_down for key, sums in rows})
    whole, gone, first = kept
    assert set(gone) == set(whole)
    assert all(number in (whole[key], first.get(key)) for key, number in gone.items())
    assert sum(gone.values()) < sum(whole.values())


def test_a_ring_of_which_a_file_changes_is_read_again_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces, world = cut(capture(tmp_path), 3), World(tmp_path / "world", now=ENDED)
    world.folder.mkdir()
    world.put("x_00000_20261116000000.pcap", pieces[0])
    world.run()
    for number in (1, 2):
        world.put(f"x_0000{number}_20261116000000.pcap", pieces[number])
    with monkeypatch.context() as patched:
        patched.setattr("shadowai.nightly.reading.is_as_planned", lambda piece: "x_00002" not in piece.file.place.path)
        assert len([one for one in world.run().sources if one.error]) == 2
    world.run()
    found = dict(activity_rows(world.history().columns(0, 40_000)))
    world.workspace = "at once"
    world.run()
    assert found == dict(activity_rows(world.history().columns(0, 40_000)))


ENDED = (NOON + 30 * DAY) * SECOND


def capture(folder: Path) -> bytes:
    return next(one for one in Nights.of(folder, 3).truth.sources if one.suffix == ".pcap").read_bytes()


def cut(data: bytes, parts: int) -> list[bytes]:
    """Cut a capture into files, each cut in the midst of a connection with an AI service."""
    places = [24, *packets(data)]
    inside = [
        places[at + 5]
        for at, (start, end) in enumerate(itertools.pairwise(places))
        if HELLO.search(data, start, end) and len({connection(data, one) for one in places[at : at + 8]}) == 1
    ]
    ends = [24, *(inside[len(inside) * number // parts] for number in range(1, parts)), len(data)]
    return [data[:24] + data[start:end] for start, end in itertools.pairwise(ends)]


HELLO = re.compile(rb"\x16\x03\x01.*(?:chatgpt|claude|openai|anthropic|deepseek|perplexity|poe)\.", re.DOTALL)


def connection(data: bytes, place: int) -> frozenset[bytes]:
    """Give both ends (Ethernet, IPv4 without options) of the packet whose record begins at a place."""
    frame = data[place + 16 : place + 16 + 38]
    return frozenset({frame[26:30] + frame[34:36], frame[30:34] + frame[36:38]})


def test_flows_that_wait_are_forgotten_with_who_made_them(world: World) -> None:
    world.put("ssl.log", hello("CHhAvVGS1DHFjwGM9", NOON))
    world.put("conn.log", ended("CXWv6p3arKYeMETxOg", NOON))
    world.run()
    assert [one.flow for one in waiting_flows(world.history())] == ["zeek:CHhAvVGS1DHFjwGM9"]
    forget_person(world.history(), world.options().rules().directory, "10.1.0.1", "request of 2026", world.now)
    assert waiting_flows(world.history()) == []
    world.add("conn.log", ended("CHhAvVGS1DHFjwGM9", NOON))
    world.run()
    assert world.total == 0


def test_flows_wait_for_two_days_and_no_longer(world: World) -> None:
    world.put("ssl.log", hello("CHhAvVGS1DHFjwGM9", NOON))
    world.put("conn.log", ended("CXWv6p3arKYeMETxOg", NOON))
    world.run()
    world.now += 3 * DAY * SECOND
    world.put("new.log", hello("CNYvGr1kxwoDpqZ4d6", NOON + DAY))
    world.run()
    assert [one.flow for one in waiting_flows(world.history())] == ["zeek:CNYvGr1kxwoDpqZ4d6"]


def test_a_name_that_is_read_again_has_its_bytes_once(world: World) -> None:
    world.put("ssl.log", hello("CHhAvVGS1DHFjwGM9", NOON))
    world.run()
    world.put("conn.log", ended("CHhAvVGS1DHFjwGM9", NOON))
    world.run(since=0)
    (one,) = services(world.result())
    assert (one["bytes_up"], waiting_flows(world.history())) == (1111, [])


def test_who_was_forgotten_does_not_come_back_by_reading_again(world: World) -> None:
    world.put("access.log", lines(0, 10) + lines(10, 15, user="bob"))
    world.put("other.log", lines(20, 25, user="bob"))
    world.run()
    history = world.history()
    gone = forget_person(history, world.options().rules().directory, "ann", "request of 2026", world.now)
    history.engine.dispose()
    assert (gone.rows, world.total) == (1, 10)
    told = [one.error for one in world.run(since=0).sources if one.error]
    assert world.total == 10
    assert len(told) == 1
    assert "forgotten" in str(told[0])
    world.add("access.log", lines(30, 33, user="bob"))
    assert world.run().records == 3, "what is new in the file is read"
    assert world.total == 13
