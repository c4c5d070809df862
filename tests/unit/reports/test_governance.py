from collections.abc import Mapping

import pytest
from support.report_world import POLICY, world
from support.results import EXAMPLES

from shadowai.model import Status
from shadowai.reports.governance import Decisions, decisions, exceptions, governance, in_use, statuses
from shadowai.result import PolicyException, PolicyReport, Result, RuleReport, ServiceUse, StatusCounts


def with_rules(document: Result, rules: Mapping[str, int], starts: Mapping[int, str | None]) -> Result:
    """Give a document whose services are decided by the named rules, all else by none."""
    departments = []
    for one in document.departments:
        services = tuple(use.model_copy(update={"rule": rules.get(use.id)}) for use in one.services)
        departments.append(one.model_copy(update={"services": services}))
    told = tuple(
        RuleReport(number=number, status=Status.TOLERATED, what="w", whom="x", starts=start)
        for number, start in starts.items()
    )
    policy = PolicyReport(digest="d", default=Status.UNSANCTIONED, rules=told)
    return document.model_copy(update={"departments": tuple(departments), "policy": policy})


def decided(document: Result) -> Decisions:
    found = decisions(in_use(document), document.policy)
    assert found is not None
    return found


def values(document: Result) -> list[tuple[str, str, str]]:
    found = governance(document)
    assert found is not None
    return [(one.value, one.label, one.note) for one in found.figures]


def test_the_shares_of_the_statuses_are_the_sessions() -> None:
    document = world()
    shares = statuses(in_use(document))
    counts = dict.fromkeys(Status, 0)
    for _, services in in_use(document):
        for service in services:
            counts[service.status] += service.sessions
    assert [(one.mark.name, one.sessions.split()[0]) for one in shares] == [
        (status.value, f"{number:,}") for status, number in counts.items()
    ]
    assert sum(one.width for one in shares) == pytest.approx(100, abs=0.05)
    assert [one.left for one in shares][:2] == [0.0, shares[0].width]


def test_sessions_without_statuses_count_by_the_row() -> None:
    used = [(one, [use.model_copy(update={"statuses": StatusCounts()}) for use in services])
            for one, services in in_use(world())]  # fmt: skip
    assert statuses(used) == statuses(in_use(world()))


def test_a_default_or_a_review_is_no_decision() -> None:
    found = decided(world())
    assert found.open == {"claude", "openai-api"}
    assert found.default == {"chatgpt", "cursor", "elevenlabs", "gamma", "grammarly", "midjourney", "otter"}
    assert found.decided == {"copilot-m365", "copilot-studio", "deepl", "deepseek", "github-copilot", "huggingface",
                             "manus"}  # fmt: skip
    assert found.all == 16
    assert values(world())[1] == (
        "7 of 16",
        "services in use are decided by a rule",
        "7 without a rule, 2 under review",
    )


def test_the_time_to_a_decision_begins_at_the_first_contact() -> None:
    starts = {1: "2026-11-12", 2: "2026-01-01", 3: None, 4: "2026-11-06"}  # all was first seen on 2 November
    rules = {"cursor": 1, "claude": 2, "deepl": 3, "otter": 4}
    document = with_rules(world(), rules, starts)
    assert sorted(decided(document).days) == [4, 10]  # Claude is under review, and rule 3 has no start
    value, label, note = values(document)[2]
    assert (value, label) == ("7 days", "from first seen to decided (median)")
    assert note.startswith("2 of 2 ")


def test_without_a_start_date_the_time_is_unknown() -> None:
    document = with_rules(world(), {"cursor": 1}, {1: None})
    assert values(document)[2][:2] == ("unknown", "from first seen to decided")
    missing = with_rules(world(), {"cursor": 9}, {})
    assert decided(missing).days == ()


def test_rules_older_than_the_use_take_no_time() -> None:
    document = with_rules(world(), {"cursor": 1}, {1: "2026-01-01"})
    assert decided(document).days == (0,)
    assert values(document)[2][0] == "0 of 1"


def test_a_first_contact_without_a_time_is_not_measured() -> None:
    document = with_rules(world(), {"cursor": 1}, {1: "2026-11-12"})
    departments = [one.model_copy(update={"services": tuple(map(undated, one.services))})
                   for one in document.departments]  # fmt: skip
    assert decided(document.model_copy(update={"departments": tuple(departments)})).days == ()


def undated(service: ServiceUse) -> ServiceUse:
    return service.model_copy(update={"first_seen": None})


def test_departments_with_a_decision_on_all_they_use() -> None:
    everything = {use.id: 1 for one in world().departments for use in one.services}
    document = with_rules(world(), everything, {1: "2026-01-01"})
    value, _, note = values(document)[3]
    assert (value, note) == ("4 of 6", "67%")  # Research and Data Science have a service under review
    assert values(world())[3][0] == "0 of 6"


def test_no_policy_is_unknown_and_no_use_is_nothing() -> None:
    silent = world().model_copy(update={"policy": None})
    assert values(silent)[1:] == [("unknown", "services decided by a rule", "the document tells no policy")]
    found = governance(silent)
    assert found is not None
    assert found.sentences == ()
    assert governance(EXAMPLES["quiet"]()) is None
    assert list(exceptions(None)) == []
    good = governance(EXAMPLES["unknown"]())
    assert good is not None
    assert good.figures[0].value == "0%"


def test_what_has_ended_comes_first() -> None:
    rows = list(exceptions(POLICY))
    assert [(row.rule, row.past, row.key) for row in rows] == [("Rule 4", True, -14), ("Rule 2", False, 21)]
    assert rows[0].when == "ended on 15 November 2026, 14 days before the period's end"
    assert rows[1].when == "ends on 20 December 2026, 21 days after the period's end"
    assert (rows[0].owner, rows[0].reason) == ("works-council@example.com", "Consent is open")


def test_many_exceptions_are_counted_and_lost_rules_passed_over() -> None:
    rule = POLICY.rules[3].model_copy(update={"owner": None, "reason": None})
    rules = tuple(rule.model_copy(update={"number": at}) for at in range(40))
    soon = tuple(PolicyException(rule=at, days_left=1) for at in range(50))
    policy = POLICY.model_copy(update={"rules": rules, "exceptions": soon})
    found = governance(world().model_copy(update={"policy": policy}))
    assert found is not None
    assert (len(found.exceptions), found.more) == (25, 15)
    assert found.exceptions[0].owner == ""
    assert "1 day after" in found.exceptions[0].when
