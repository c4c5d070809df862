"""Each alert: its threshold from both sides, its quiet period, and what must raise none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.report_world import world
from support.results import EXAMPLES, SOURCES, Row, department, result

from shadowai.delivery.alerts import Alert, alert_record, find_alerts, rule_of, still_news
from shadowai.delivery.outbox import Outbox
from shadowai.exports.lines import FORMATS
from shadowai.exports.records import Frame
from shadowai.model import Status
from shadowai.provenance import Period
from shadowai.reports.language import speaking
from shadowai.reports.languages import language
from shadowai.result import Change, Result, ServiceChange
from shadowai.settings.channels import AlertSettings

if TYPE_CHECKING:
    from pathlib import Path

S = Status
BEFORE = Period(start="2026-10-19T00:00:00Z", end="2026-11-01T23:59:00Z")


def settings(name: str, **values: Any) -> AlertSettings:  # settings of all types
    off = {rule: {"enabled": False} for rule in AlertSettings.model_fields if rule not in ("mail_to", name)}
    return AlertSettings.model_validate({**off, name: values})


def alerts(name: str, now: Result, before: Result | None = None, **values: Any) -> list[Alert]:  # as above
    return list(find_alerts(now, before, settings(name, **values)))


def sales(*rows: Row, **changes: Any) -> Result:  # parts of a result
    made = result((department("Sales", 40, (9, 5), list(rows)),), sources=SOURCES)
    return made.model_copy(update=changes)


def changed(kind: str, cause: str, people: int = 3) -> Change:
    one = ServiceChange.model_validate({
        "department": "Sales", "service": "chatgpt", "name": "ChatGPT", "status": "unsanctioned", "change": kind,
        "cause": cause, "before": 0, "now": 2, "people_before": 0, "people_now": people, "says": "says",
    })  # fmt: skip
    return Change(period=BEFORE, services=(one,), coverage=(), people_before=0, people_now=people)


USE = Row("chatgpt", S.UNSANCTIONED, 3, 9, 600_000_000)


def test_first_use() -> None:
    (found,) = alerts("first_use", sales(USE, change=changed("new", "use")))
    assert (found.title, found.department, found.service) == ("First use: ChatGPT in Sales", "Sales", "chatgpt")
    assert alerts("first_use", sales(USE, change=changed("new", "use")), people=4) == []
    assert alerts("first_use", sales(USE, change=changed("new", "use")), least="prohibited") == []


@pytest.mark.parametrize(("kind", "cause"), [("grown", "use"), ("new", "signatures"), ("new", "coverage")])
def test_what_only_our_looking_made_new_is_no_first_use(kind: str, cause: str) -> None:
    assert alerts("first_use", sales(USE, change=changed(kind, cause))) == []


def test_without_an_earlier_result_nothing_is_new() -> None:
    assert alerts("first_use", sales(USE)) == []
    assert alerts("skipped", sales(USE)) == []


def test_first_use_is_found_in_two_results() -> None:
    before = sales(Row("deepl", S.TOLERATED, 1, 2, 5)).model_copy(update={"period": BEFORE})
    assert [one.service for one in alerts("first_use", sales(USE), before)] == ["chatgpt"]
    assert alerts("first_use", sales(USE), sales(USE)) == []


def test_prohibited() -> None:
    rows = (Row("deepseek", S.PROHIBITED, 2, 5, 10), USE)
    (found,) = alerts("prohibited", sales(*rows))
    assert (found.service, found.value, found.limit) == ("deepseek", 5, 1)
    assert alerts("prohibited", sales(*rows), sessions=6) == []
    assert len(alerts("prohibited", sales(*rows), sessions=5)) == 1


def test_look_ups_blocked_requests_and_unproven_contacts_raise_nothing() -> None:
    quiet = sales(
        Row("deepseek", S.PROHIBITED, looked_up=7),
        Row("character-ai", S.PROHIBITED, blocked=99),
        Row("notion-ai", S.PROHIBITED, 5, 18, 10**12, proven=False),
    )
    assert [one for one in find_alerts(quiet, None, AlertSettings()) if one.service] == []


def test_upload() -> None:
    assert [one.value for one in alerts("upload", sales(USE))] == [600_000_000]
    assert alerts("upload", sales(USE), bytes=600_000_001) == []
    assert len(alerts("upload", sales(USE), bytes=600_000_000)) == 1
    assert alerts("upload", sales(USE), least="prohibited") == []
    assert alerts("upload", sales(Row("chatgpt", S.UNSANCTIONED, 3, 9, None)), bytes=1) == []  # unknown is not much


def test_an_exception_that_has_ended() -> None:
    found = alerts("expired", world())
    assert [one.title for one in found] == ["Rule 4 of the policy has ended"]
    assert "until 15 November 2026" in found[0].message
    assert alerts("expired", world(), days=15) == []
    assert len(alerts("expired", world(), days=14)) == 1
    soon = alerts("expired", world(), days=-100)
    assert {"Rule 4 of the policy has ended"} < {one.title for one in soon}
    assert alerts("expired", sales(USE)) == []
    with speaking(language("de")):  # what a rule is about, too
        told = {one.message.partition(" (")[0] for one in alerts("expired", world(), days=-100)}
    assert "Übersetzung für Logistics" in told


def test_a_rule_s_quiet_period_outlives_its_number() -> None:
    now = world()
    assert now.policy is not None
    moved = tuple(rule.model_copy(update={"number": rule.number + 1}) for rule in now.policy.rules)
    later = tuple(one.model_copy(update={"rule": one.rule + 1}) for one in now.policy.exceptions)
    policy = now.policy.model_copy(update={"rules": moved, "exceptions": later})
    keys = [[one.key for one in alerts("expired", made)] for made in (now, now.model_copy(update={"policy": policy}))]
    assert keys[0] == keys[1]


def test_a_source_that_fell_silent() -> None:
    last = SOURCES[0].model_copy(update={"last": "2026-11-15T17:59:58.000000Z"})
    now = sales(USE, sources=(last, *SOURCES[1:2]))
    (found,) = alerts("silent", now)
    assert (found.title, found.value) == ("Source silent: logs/squid-access.log.1.gz", 6.0)
    assert alerts("silent", now, hours=7) == []


def test_a_source_with_a_gap_or_gone_or_without_times() -> None:
    span = Period(start="2026-11-10T00:00:00Z", end="2026-11-10T08:00:00Z")
    gap = SOURCES[0].model_copy(update={"silent": (span,)})
    assert [one.value for one in alerts("silent", sales(USE, sources=(gap,)))] == [8.0]
    (gone,) = alerts("silent", sales(USE, sources=SOURCES[:1]), sales(USE, sources=SOURCES[:2]))
    assert gone.title == "Source gone: logs/dns/queries.log"
    timeless = SOURCES[0].model_copy(update={"first": None, "last": None})
    assert alerts("silent", sales(USE, sources=(timeless,))) == []


def test_a_format_of_which_more_is_skipped() -> None:
    def squid(skipped: int) -> Result:
        source = SOURCES[0].model_copy(update={"parsed": 10_000 - skipped, "skipped": {"bad-time": skipped}})
        return sales(USE, sources=(source,))

    (found,) = alerts("skipped", squid(700), squid(200))
    assert (found.title, found.value) == ("More records skipped: squid", 5.0)
    assert alerts("skipped", squid(699), squid(200)) == []
    assert alerts("skipped", squid(200), squid(700)) == []
    assert alerts("skipped", squid(700), squid(200), records=10_001) == []
    assert alerts("skipped", squid(700), sales(USE, sources=())) == []


@pytest.mark.parametrize("name", [name for name in AlertSettings.model_fields if name != "mail_to"])
def test_the_quiet_period_holds_and_ends(name: str, tmp_path: Path) -> None:
    source = SOURCES[0].model_copy(update={"last": "2026-11-10T00:00:00Z", "parsed": 9000, "skipped": {"x": 9000}})
    rows = (USE, Row("deepseek", S.PROHIBITED, 2, 5, 10))
    now = sales(*rows, change=changed("new", "use"), policy=world().policy, sources=(source,))
    before = sales(USE, sources=SOURCES[:1])
    rules = settings(name, quiet="2 days")
    (found, *_) = find_alerts(now, before, rules)
    with Outbox(tmp_path / "outbox") as outbox:
        assert still_news([found], outbox, 0.0) == (found,)
        outbox.add([], 0.0, quiet=[(found.key, rule_of(rules, name).quiet)])
        assert still_news([found], outbox, 172_799.0) == ()
        assert still_news([found], outbox, 172_800.0) == (found,)


def test_a_rule_that_is_off_finds_nothing() -> None:
    off = {rule: {"enabled": False} for rule in AlertSettings.model_fields if rule != "mail_to"}
    assert find_alerts(world(), None, AlertSettings.model_validate(off)) == ()


def test_an_alert_is_a_record_in_every_format() -> None:
    (found,) = alerts("prohibited", sales(Row("deepseek", S.PROHIBITED, 2, 5, 10)))
    record = alert_record(found, Frame(1_700_000_000_000))
    assert record.fields["event"]["kind"] == "alert"
    assert record.fields["shadowai"]["alert"] == {"rule": "prohibited", "value": 5, "limit": 1}
    for write in FORMATS.values():
        assert "deepseek" in write(record)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_beside_itself_nothing_is_new_and_nothing_has_risen(name: str) -> None:
    found = find_alerts(EXAMPLES[name](), EXAMPLES[name](), AlertSettings())
    assert not {one.rule for one in found} & {"first_use", "skipped"}
