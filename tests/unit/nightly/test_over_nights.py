"""What spans several runs: flows whose records come apart, rings, leases, and people who were forgotten."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

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


def test_a_ring_of_captures_that_comes_night_by_night_tells_the_same_visits(tmp_path: Path) -> None:
    """Bytes behind the end of a run are those of a connection without a name; visits, people and times are the same."""
    nights = Nights.of(tmp_path, 3)
    data = next(one for one in nights.truth.sources if one.suffix == ".pcap").read_bytes()
    place = list(packets(data))[len(list(packets(data))) // 2]
    parts = [data[:place], data[:24] + data[place:]]
    kept, sent = [], []
    for name in ("apart", "together"):
        world = World(tmp_path / name, now=nights.time(0) + DAY * SECOND)
        world.folder.mkdir()
        for number, part in enumerate(parts):
            world.put(f"x_0000{number}_20261116000000.pcap", part)
            if name == "apart" or number:
                world.run()
        rows = dict(activity_rows(world.history().columns(0, 40_000)))
        kept.append({key: (sums.detections, sums.first, sums.last) for key, sums in rows.items()})
        sent.append(sum(sums.bytes_up for sums in rows.values()))
    assert kept[0] == kept[1]
    assert sent[0] <= sent[1], "never more than there were"


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
