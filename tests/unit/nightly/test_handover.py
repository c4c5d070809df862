"""What a run hands over: periods that have ended, each once, and the metrics."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.nightly import DAY, NOON, World, lines

from shadowai.activity.labels import Labels, pseudonym
from shadowai.delivery.outbox import Outbox
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
    assert sorted(told) == ["day 2026-11-23", "read", "week 2026-W47"]


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


def test_what_is_configured_and_can_never_go_out_is_told(world: World) -> None:
    """Without a folder of reports, or where `send` names none of `periods`, nothing went out, and nobody was told."""
    world.more["out"] = None
    assert ["has no `out`" in one for one in handover(world, **siem(world)).do()] == [True]
    world.more |= {"out": world.folder / "out", "periods": ("day",)}
    mail = {"host": "127.0.0.1", "security": "none", "sender": "s@example.com"}
    assert ["none of these is in `periods`" in one for one in handover(world, mail=mail).do()] == [True]
    assert handover(world, **siem(world)).do() == [], "records go by the first of them"
    hooks = ({"name": "soc", "url": {"env": "NO_SUCH"}},)
    assert handover(world, mail={**mail, "departments": False}, webhooks=hooks).do() == [], "these are for alerts"


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


def test_a_result_that_cannot_be_read_is_told_and_keeps_nothing_else_back(world: World) -> None:
    world.more["periods"] = ("day",)
    world.add("access.log", lines(0, 5, at=NOON + 5 * DAY))
    world.run()
    for day in ("2026-11-22", "2026-11-23"):
        file = world.folder / f"out/day/{day}/result.json"
        before = file.read_bytes()
        file.write_text("{")
        problems = handover(world, **siem(world)).do()
        assert [day in one for one in problems] == ([] if day == "2026-11-22" else [True]), "the one before may go"
        file.write_bytes(before)
        (world.folder / "state" / "default.handed-over.json").unlink(missing_ok=True)
    assert (world.folder / "siem.jsonl").is_file()


def test_who_is_sending_already_is_told_and_does_not_end_the_run(world: World) -> None:
    world.run()
    with Outbox(world.folder / "state" / "outbox.sqlite") as outbox, outbox.alone():
        assert ["another process is sending" in one for one in handover(world, **siem(world)).do()] == [True]
    assert handover(world, **siem(world)).do() == []
    assert "claude" in (world.folder / "siem.jsonl").read_text()


def test_days_that_were_missed_or_have_changed_go_out_later(world: World) -> None:
    """Only the latest day did: what came in while the machine was off was in no SIEM, and raised no alert."""
    wanting = {**siem(world), "alerts": {"prohibited": {"enabled": False}}}
    world.more["periods"] = ("day",)
    world.run()
    handover(world, **wanting).do()
    assert days_of(world, "use") == ["2026-11-23"], "the latest to begin with"
    world.now += 3 * DAY * SECOND
    world.put("missed.log", lines(0, 9, at=NOON + 7 * DAY, host="poe.com") + lines(0, 9, at=NOON + 9 * DAY, user="bob"))
    world.run()
    handover(world, **wanting).do()
    assert sorted(set(days_of(world, "use"))) == ["2026-11-23", "2026-11-24", "2026-11-26"]
    assert sorted(set(days_of(world, "alert"))) == ["2026-11-24"], "a first use, and no day before the other two"
    world.put("late.log", lines(0, 9, at=NOON + 7 * DAY + 60, host="grok.com") + lines(0, 9, at=NOON))
    world.run()
    handover(world, **wanting).do()
    assert '"grok"' in (world.folder / "siem.jsonl").read_text(), "what has come late of a day"
    assert "2026-11-17" not in days_of(world, "use"), "that was before the first"
    assert days_of(world, "alert") == ["2026-11-24"], "alerts are of days that nobody was told of yet"


def test_the_memory_of_an_older_version_is_understood(world: World) -> None:
    world.more["periods"] = ("day",)
    world.run()
    handover(world, **siem(world)).do()
    place = world.folder / "state" / "default.handed-over.json"
    known = json.loads(place.read_text())["day 2026-11-23"]
    place.write_text(json.dumps({"day": f"2026-11-23 {known}"}))
    world.put("missed.log", lines(0, 9, at=NOON + 7 * DAY, host="poe.com"))
    world.now += 2 * DAY * SECOND
    world.run()
    handover(world, **siem(world)).do()
    assert json.loads(place.read_text()).keys() == {"day 2026-11-23", "day 2026-11-24", "read"}
    assert json.loads(place.read_text())["day 2026-11-23"] == known
    assert set(days_of(world, "use")) == {"2026-11-23", "2026-11-24"}


def test_a_share_that_rose_is_seen_by_night_whatever_the_file_is(world: World) -> None:
    """What is skipped has no time: of a file of several days each day seemed to have the same share, old and new."""
    world.more["periods"] = ("day",)
    wanting = {**siem(world), "alerts": {"skipped": {"records": 50, "quiet": "20 h"}}}
    world.put("access.log", lines(0, 99, at=NOON + 6 * DAY))
    found = []
    for night, broken in enumerate((0, 40, 0, 1)):
        world.add("access.log", lines(0, 99, at=NOON + (6 + night) * DAY))
        world.add("access.log", f"{NOON + (6 + night) * DAY}.000 chatgpt.com\n" * broken)
        world.now = (NOON + (7 + night) * DAY) * SECOND
        world.run()
        handover(world, **wanting).do()
        found.append(len(messages(world, "skipped")))
    assert found == [0, 1, 1, 1], "the night that it rose"
    assert messages(world, "skipped")[0].endswith(" looked at were skipped, 0% in the period before")


def test_a_damaged_record_of_a_run_is_told(world: World) -> None:
    world.run()
    history = world.history()
    with history.engine.begin() as link:
        link.exec_driver_sql("UPDATE run SET manifest = '[]'")
    assert ["stored damaged" in one for one in handover(world, **siem(world)).do()] == [True]


def test_links_lead_to_the_folder_of_the_period(world: World) -> None:
    """They led to the folder above, in which no report lies."""
    world.run()
    mail = {"host": "127.0.0.1", "port": 9, "security": "none", "sender": "s@example.com", "timeout": "1 s"}
    linked = {"report": "link", "link": "https://reports.example.com/", "digest_to": ["c@example.com"]}
    hooks = ({"name": "soc", "url": {"env": "NO_SUCH"}, "sends": ["report"], "link": linked["link"]},)
    handover(world, mail={**mail, **linked}, webhooks=hooks, delivery={"patience": 0}).do()
    with Outbox(world.folder / "state" / "outbox.sqlite") as outbox:
        sent = {row.key: outbox.payload(row.key) for row in outbox.rows()}
    mails = [content for key, content in sent.items() if key.startswith("mail:")]
    assert [b"https://reports.example.com/week/2026-W47/index.html" in one for one in mails] == [True]
    links = {json.loads(content)["link"] for key, content in sent.items() if key.startswith("webhook:")}
    assert links == {"https://reports.example.com/week/2026-W47/"}
    assert (world.folder / "out" / "week" / "2026-W47").is_dir()


def messages(world: World, rule: str) -> list[str]:
    records = map(json.loads, (world.folder / "siem.jsonl").read_text().splitlines())
    return [one["message"] for one in records if one.get("rule", {}).get("name") == rule]


def days_of(world: World, kind: str) -> list[str]:
    records = map(json.loads, (world.folder / "siem.jsonl").read_text().splitlines())
    return [one["shadowai"]["period"]["name"] for one in records if one["event"]["dataset"] == f"shadowai.{kind}"]


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


def test_findings_go_out_once_beside_activity(world: World) -> None:
    """They went out twice, the second time under other ids, and to targets that want no activity, too."""
    world.run()
    plain = siem(world)["siem"][0]
    other = {**plain, "name": "other", "path": str(world.folder / "other.jsonl")}
    wanting = {**plain, "what": ("use", "activity")}
    assert handover(world, siem=(wanting, other)).do() == []
    assert len(activity_of(world)) == 1
    for name in ("siem.jsonl", "other.jsonl"):
        records = map(json.loads, (world.folder / name).read_text().splitlines())
        found = [one["message"] for one in records if one["event"]["dataset"] == "shadowai.use"]
        assert len(found) == len(set(found)) == 1, name


def test_activity_goes_out_where_no_report_is_of_a_period_that_has_ended(world: World) -> None:
    world.more["periods"] = ("month",)
    world.run()
    handover(world, siem=({**siem(world)["siem"][0], "what": ("activity",)},)).do()
    assert len(activity_of(world)) == 1


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
