"""A whole delivery over all channels: once, however often it is called, and nobody's failure is another's."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

import pytest
from support.report_world import world
from support.results import EXAMPLES
from support.servers import Reply, Request, free_port, web_server

from shadowai.delivery.deliver import Subject, deliver, deliver_activity, enqueue, senders, write_letters
from shadowai.delivery.drain import Channel, Clock
from shadowai.delivery.outbox import Outbox, State
from shadowai.delivery.webhooks import Notice, payload_of
from shadowai.reports.languages import language
from shadowai.reports.look import Look
from shadowai.settings.channels import Channels

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_800_000_000.0
ENVIRONMENT = {"HOOK_KEY": "0123456789"}


class Still(Clock):
    """A clock that only sleeping moves."""

    def __init__(self, now: float = NOW) -> None:
        self.time = now

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def channels(**values: Any) -> Channels:  # settings of all types
    return Channels.model_validate({"delivery": {"patience": 0}, **values})


def file_target(path: Path, name: str = "file", **values: Any) -> dict[str, Any]:  # as above
    return {"name": name, "to": "file", "path": path, **values}


def test_alerts_are_told_in_the_language_of_the_reports_and_a_siem_gets_english(tmp_path: Path) -> None:
    chosen = channels(
        siem=[file_target(tmp_path / "siem.jsonl", what=["alert"])],
        webhooks=[{"name": "hook", "url": {"env": "HOOK_URL"}, "kind": "slack", "sends": ["alerts"]}],
    )
    subject = Subject(world(), Look(language("de")), occasion="2026-11", parts=("alerts",))
    with Outbox(tmp_path / "outbox") as outbox:
        assert enqueue(chosen, subject, outbox, NOW) == []
        told: dict[str, str] = {}
        for row in outbox.rows(*State):
            told[row.channel] = told.get(row.channel, "") + outbox.payload(row.key).decode()
    assert "Verbotener Dienst: " in told["webhook:hook"]
    assert "with a prohibited service, by at most 2 people" in told["siem:file"]
    assert "verboten" not in told["siem:file"]


def test_findings_go_once_and_changed_ones_again(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    chosen = channels(siem=[file_target(out)])
    with Outbox(tmp_path / "outbox") as outbox:
        assert (
            deliver(chosen, Subject(EXAMPLES["small"](), occasion="2026-11", parts=("siem",)), outbox, Still()).sent
            == 1
        )
        first = out.read_text().splitlines()
        assert (
            deliver(chosen, Subject(EXAMPLES["small"](), occasion="2026-11", parts=("siem",)), outbox, Still()).sent
            == 0
        )
        result = EXAMPLES["small"]()
        department = result.departments[0]
        use = department.services[0].model_copy(update={"sessions": department.services[0].sessions + 1})
        grown = department.model_copy(update={"services": (use, *department.services[1:])})
        later = result.model_copy(update={"departments": (grown, *result.departments[1:])})
        assert deliver(chosen, Subject(later, occasion="2026-11", parts=("siem",)), outbox, Still()).sent == 1
    added = out.read_text().splitlines()[len(first) :]
    assert len(added) == 1
    one = json.loads(added[0])
    assert one["event"]["id"] in {json.loads(line)["event"]["id"] for line in first}
    assert one["shadowai"]["sessions"] == use.sessions


def test_mail_of_an_occasion_goes_once_however_often_the_report_is_made(tmp_path: Path) -> None:
    mail = {"host": "127.0.0.1", "port": free_port(), "security": "none", "sender": "s@example.com",
            "digest_to": ["c@example.com"], "departments": False}  # fmt: skip
    with Outbox(tmp_path / "outbox") as outbox:
        chosen = channels(mail=mail)
        enqueue(chosen, Subject(EXAMPLES["small"](), occasion="w47", parts=("mail",)), outbox, NOW)
        enqueue(chosen, Subject(EXAMPLES["forty"](), occasion="w47", parts=("mail",)), outbox, NOW + 1)
        assert len(outbox.rows()) == 1
        enqueue(chosen, Subject(EXAMPLES["small"](), occasion="w48", parts=("mail",)), outbox, NOW + 2)
        assert len(outbox.rows()) == 2
        enqueue(chosen, Subject(EXAMPLES["small"](), parts=("mail",)), outbox, NOW + 3)
        enqueue(chosen, Subject(EXAMPLES["small"](), parts=("mail",)), outbox, NOW + 4)
        assert len(outbox.rows()) == 3
        tally = deliver(chosen, Subject(EXAMPLES["small"](), parts=("mail",)), outbox, Still())
    assert (tally.sent, tally.waiting) == (0, 3)
    assert "refused" in tally.problems[0]


def test_one_channel_s_failure_is_not_another_s(tmp_path: Path) -> None:
    out = tmp_path / "out"
    syslog = {"name": "siem", "to": "syslog", "host": "127.0.0.1", "protocol": "tcp", "port": free_port()}
    splunk = {"name": "splunk", "to": "splunk", "url": "https://s.example", "token": {"env": "MISSING"}}
    chosen = channels(siem=[syslog, splunk, file_target(out)])
    with Outbox(tmp_path / "outbox") as outbox:
        tally = deliver(chosen, Subject(EXAMPLES["one"](), parts=("siem",)), outbox, Still(), {})
        counts = outbox.counts()
    assert (tally.sent, tally.waiting) == (1, 2)
    assert counts["siem:file", State.SENT] == 1
    assert any("the variable MISSING" in problem for problem in tally.problems)
    assert any("refused" in problem for problem in tally.problems)


def test_alerts_reach_all_who_want_them_and_then_are_quiet(tmp_path: Path) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    bodies: list[Any] = []

    def answer(request: Request) -> Reply:
        assert hmac.compare_digest(request.headers["X-Shadowai-Signature"].partition("=")[2],
                                   hmac.new(b"0123456789", request.body, hashlib.sha256).hexdigest())  # fmt: skip
        bodies.append(json.loads(request.body))
        return Reply()

    with web_server(answer) as web, Outbox(tmp_path / "outbox") as outbox:
        hook = {"name": "own", "url": {"env": "HOOK"}, "key": {"env": "HOOK_KEY"}}
        targets = [file_target(out, format="cef"), file_target(other, "other", what=["use"])]
        chosen = channels(siem=targets, webhooks=[hook], alerts={"mail_to": ["soc@example.com"]})
        environment = {**ENVIRONMENT, "HOOK": f"{web.url}/secret/path"}
        subject = Subject(world(), parts=("alerts",))
        tally = deliver(chosen, subject, outbox, Still(), environment)
        assert tally.problems == ["alerts.mail_to names somebody, and no mail is configured"]
        assert tally.sent == 2
        assert deliver(chosen, subject, outbox, Still(NOW + 1), environment).sent == 0
        assert deliver(chosen, subject, outbox, Still(NOW + 90_000), environment).sent == 2  # a day of quiet is over
    assert not other.exists()
    assert all("|shadowai.alert|" in line for line in out.read_text().splitlines())
    assert bodies[0]["kind"] == "alerts"
    assert any("Prohibited service" in fact for fact in bodies[0]["facts"])
    assert len(bodies[1]["facts"]) < len(bodies[0]["facts"])


def test_alerts_by_mail(tmp_path: Path) -> None:
    mail = {"host": "h", "security": "none", "sender": "s@example.com"}
    with Outbox(tmp_path / "outbox") as outbox:
        enqueue(
            channels(mail=mail, alerts={"mail_to": ["soc@example.com"]}),
            Subject(world(), parts=("alerts",)),
            outbox,
            NOW,
        )
        (row,) = outbox.rows()
    assert "to soc@example.com" in row.title


def test_a_report_is_told_to_webhooks_once(tmp_path: Path) -> None:
    bodies: list[Any] = []

    def answer(request: Request) -> Reply:
        bodies.append(json.loads(request.body))
        return Reply()

    with web_server(answer) as web, Outbox(tmp_path / "outbox") as outbox:
        hooks = [
            {"name": kind, "kind": kind, "url": {"env": "HOOK"}, "sends": ["report"], "link": "https://r.example/x"}
            for kind in ("slack", "teams", "json")
        ]
        chosen = channels(webhooks=hooks)
        for _ in range(2):
            deliver(chosen, Subject(world(), parts=("webhooks",)), outbox, Still(), {"HOOK": web.url})
    assert len(bodies) == 3
    slack = next(body for body in bodies if "blocks" in body)
    teams = next(body for body in bodies if "attachments" in body)
    assert slack["blocks"][2]["elements"][0]["url"] == "https://r.example/x"
    assert teams["attachments"][0]["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert teams["attachments"][0]["content"]["actions"][0]["url"] == "https://r.example/x"


def test_hostile_names_are_no_markup_in_chats() -> None:
    notice = Notice("u", "alerts", "<!channel> [x](http://evil) & *b*", "m\n<@U1>", ("<http://evil|click>",) * 99)
    slack, teams = (json.loads(payload_of(notice, kind)) for kind in ("slack", "teams"))
    shown = slack["blocks"][1]["text"]["text"] + slack["text"]
    assert "<" not in shown
    assert "&lt;!channel&gt;" in slack["text"]
    assert len(slack["blocks"][1]["text"]["text"]) <= 3000
    card = teams["attachments"][0]["content"]["body"]
    assert card[0]["text"] == "<!channel\\> \\[x\\]\\(http://evil\\) & \\*b\\*".replace("!", "\\!")
    assert len(card) == 22
    long = json.loads(payload_of(Notice("u", "alerts", "t", "<" * 5000), "slack"))
    assert len(long["blocks"][1]["text"]["text"]) <= 3000


def test_activity_goes_to_every_target_that_wants_it(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    documents = [
        {"@timestamp": "2026-11-02T06:00:11.000Z", "shadowai": {"evidence": "dns", "n": n}} for n in range(1201)
    ]
    wanting = [file_target(one, what=["activity"]), file_target(two, "two", format="ocsf", what=["use", "activity"])]
    chosen = channels(siem=[*wanting, file_target(tmp_path / "three", "three", what=["use"])])
    with Outbox(tmp_path / "outbox") as outbox:
        tally = deliver_activity(chosen, iter(documents), outbox, Still())
    assert tally.sent == 6
    assert [json.loads(line)["shadowai"]["n"] for line in one.read_text().splitlines()] == list(range(1201))
    assert len(two.read_text().splitlines()) == 1201
    assert not (tmp_path / "three").exists()


def test_mails_as_files(tmp_path: Path) -> None:
    mail = {"host": "h", "sender": "s@example.com", "report": "none", "digest_to": ["c@example.com"]}
    files, problems = write_letters(channels(mail=mail), Subject(world()), tmp_path / "mails", NOW)
    assert problems == []
    assert sorted(files) == sorted((tmp_path / "mails").iterdir())
    assert all(file.suffix == ".eml" and file.read_bytes().startswith(b"From: ") for file in files)
    assert write_letters(channels(), Subject(world()), tmp_path, NOW) == ([], ["no mail is configured"])


def test_a_webhook_whose_address_is_none_is_unusable_and_its_secret_stays_one() -> None:
    hooks = [{"name": "x", "url": {"env": "HOOK"}}]
    found = senders(channels(webhooks=hooks), {"HOOK": "ftp://user:topsecret@x/y"})["webhook:x"]
    assert isinstance(found, str)
    assert "topsecret" not in found
    assert isinstance(senders(channels(webhooks=hooks), {"HOOK": "https://h.example/x"})["webhook:x"], Channel)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_example_can_be_delivered(tmp_path: Path, name: str) -> None:
    chosen = channels(siem=[file_target(tmp_path / "out", what=["use", "person", "alert"])], webhooks=[])
    with Outbox(tmp_path / "outbox") as outbox:
        done = deliver(chosen, Subject(EXAMPLES[name](), previous=EXAMPLES["small"]()), outbox, Still())
        assert (done.is_well, outbox.waiting()) == (True, [])
    wanted = sum(len(one.services) + len(one.persons) for one in EXAMPLES[name]().departments)
    lines = (tmp_path / "out").read_text().splitlines() if (tmp_path / "out").exists() else []
    findings = [one for one in map(json.loads, lines) if one["event"]["dataset"] != "shadowai.alert"]
    assert len(findings) == wanted
