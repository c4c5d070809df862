"""What a run hands over: periods that have ended, each once, and the metrics."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.nightly import DAY, NOON, World, lines

from shadowai.activity.labels import Labels, pseudonym
from shadowai.model import SECOND
from shadowai.nightly.handover import Handover, Measured, write_run_metrics
from shadowai.reports.look import PLAIN
from shadowai.settings.channels import Channels

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path, now=(NOON + 7 * DAY) * SECOND, more={"periods": ("day", "week", "month")})
    world.put("access.log", lines(0, 5) + lines(0, 9, at=NOON + 6 * DAY, host="claude.ai"), age=7200)
    return world


def handover(world: World, **channels: object) -> Handover:
    return Handover(world.options(), Channels.model_validate(channels), ("week",), PLAIN)


def siem(world: World) -> dict[str, Any]:
    return {"siem": ({"name": "file", "to": "file", "path": str(world.folder / "siem.jsonl")},)}


def test_records_of_the_day_that_has_ended_go_out_once(world: World) -> None:
    world.run()
    for _ in range(2):
        assert handover(world, **siem(world)).do() == []
    records = [json.loads(line) for line in (world.folder / "siem.jsonl").read_text().splitlines()]
    services = [one["shadowai"]["service"]["id"] for one in records if "service" in one.get("shadowai", {})]
    assert "claude" in services
    assert "chatgpt" not in services, "that was another day"
    told = json.loads((world.folder / "state" / "default.handed-over.json").read_text())
    assert told["day"].startswith("2026-11-23")
    assert told["week"].startswith("2026-W47")


def test_late_records_go_out_again_and_a_lost_memory_does_no_harm(world: World) -> None:
    world.run()
    handover(world, **siem(world)).do()
    before = (world.folder / "siem.jsonl").read_text()
    (world.folder / "state" / "default.handed-over.json").write_text("{")
    handover(world, **siem(world)).do()
    assert (world.folder / "siem.jsonl").read_text() == before
    world.put("late.log", lines(0, 5, at=NOON + 6 * DAY + 3600, host="poe.com"))
    world.run()
    handover(world, **siem(world)).do()
    assert "poe" in (world.folder / "siem.jsonl").read_text()


def test_nothing_is_handed_over_where_nothing_is_configured_or_written(world: World) -> None:
    world.run()
    assert handover(world).do() == []
    assert not (world.folder / "state" / "outbox.sqlite").exists()
    empty = World(world.folder / "empty", now=world.now)
    empty.folder.mkdir()
    empty.run()
    assert handover(empty, **siem(empty)).do() == []


def test_metrics_tell_of_runs_that_went_well_and_of_those_that_did_not(world: World) -> None:
    world.run()
    place = world.folder / "shadowai.prom"
    made = handover(world, metrics={"path": str(place)}, **siem(world))
    made.do()
    write_run_metrics(made, Measured(is_well=True, started=time.time()))
    first = place.read_text()
    assert "shadowai_last_success_timestamp_seconds" in first
    write_run_metrics(made, Measured(is_well=False))
    success = [line for line in first.splitlines() if line.startswith("shadowai_last_success")]
    assert success[0] in place.read_text(), "a run that failed leaves the last success where it was"
    write_run_metrics(handover(world), Measured(is_well=True))


def test_workspaces_call_their_reports_by_their_own_name(world: World) -> None:
    world.workspace = "anna"
    world.run()
    assert handover(world, **siem(world)).do() == []
    assert (world.folder / "state" / "anna.handed-over.json").is_file()


def activity_of(world: World) -> list[dict[str, Any]]:
    file = world.folder / "siem.jsonl"
    records = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return [one for one in records if one["event"]["dataset"] == "shadowai.activity"]


def test_activity_goes_to_targets_that_want_it_each_document_once(world: World) -> None:
    world.run()
    handover(world, **siem(world)).do()
    assert activity_of(world) == [], "it says who did what in each minute, and nobody asked for it"
    wanting = {"siem": ({**siem(world)["siem"][0], "what": ("use", "activity")},)}
    for _ in range(2):
        assert handover(world, **wanting).do() == []
    (one,) = activity_of(world)
    assert one["shadowai"]["service"] == {"id": "claude"}
    assert (one["shadowai"]["detections"], one["destination"]["bytes"]) == (
        9,
        sum(1000 + number for number in range(9)),
    )
    assert "user" not in one
    assert "10.1.0.1" not in json.dumps(one)
    world.put(
        "late.log", lines(0, 5, at=NOON + 5 * DAY, host="poe.com") + lines(0, 5, at=NOON + 6 * DAY + 60, user="bob")
    )
    world.run()
    handover(world, **wanting).do()
    found = [(one["shadowai"]["service"]["id"], one["@timestamp"][:10]) for one in activity_of(world)]
    assert found == [("claude", "2026-11-23"), ("chatgpt", "2026-11-23")], (
        "the day that was handed over first, and later"
    )


@pytest.mark.parametrize(
    ("labels", "user"), [(Labels(names=True), {"name": "ann", "id": "user:ann"}), (Labels(key=b"k" * 16), None)]
)
def test_who_it_was_is_told_as_in_reports(world: World, labels: Labels, user: dict[str, str] | None) -> None:
    world.more["labels"] = labels
    world.run()
    handover(world, siem=({**siem(world)["siem"][0], "what": ("activity",)},)).do()
    (one,) = activity_of(world)
    assert one["user"] == (user or {"hash": pseudonym("user:ann", b"k" * 16)})
    assert ("ip" in one["source"] if "source" in one else False) == labels.names
