"""What changed since the period before: people, or what we look with."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.activity.change import change_since, rank_score
from shadowai.model import Status
from shadowai.provenance import Period, SignatureVersion, SourceReport
from shadowai.result import (
    AccountCounts,
    DayUse,
    DepartmentUse,
    EvidenceCounts,
    Origin,
    Result,
    ServiceUse,
    Totals,
)

NONE = dict.fromkeys(
    ("people", "services", "sessions", "people_unsanctioned", "services_unsanctioned", "sessions_unsanctioned"), 0
) | {"bytes_up": None, "bytes_up_unsanctioned": None, "people_dns_only": 0, "blocked": 0}


def _service(name: str, sessions: dict[str, int], evidence: EvidenceCounts) -> ServiceUse:
    return ServiceUse(
        id=name,
        name=name.title(),
        vendor="V",
        country="US",
        category="chat",
        category_name="Chat",
        summary="s",
        status=Status.UNSANCTIONED,
        risk="low",
        risk_reasons=(),
        proven=True,
        people=2,
        people_dns_only=0,
        sessions=sum(sessions.values()),
        sessions_with_bytes_up=0,
        blocked=0,
        bytes_up=None,
        bytes_down=None,
        first_seen=None,
        last_seen=None,
        roles=(),
        evidence=evidence,
        account=AccountCounts(),
        confidence=90,
        days=tuple(DayUse(day=day, people=1, sessions=number, bytes_up=None) for day, number in sessions.items()),
    )


def _result(
    month: int,
    services: dict[str, list[int]],
    *,
    ids: tuple[str, ...] = ("chatgpt", "claude"),
    kinds: dict[str, int] | None = None,
    evidence: EvidenceCounts | None = None,
) -> Result:
    days = max((len(counts) for counts in services.values()), default=7)
    named = {
        name: {f"2026-{month:02}-{day:02}": count for day, count in enumerate(counts, 1) if count}
        for name, counts in services.items()
    }
    uses = tuple(_service(name, days_, evidence or EvidenceCounts(proxy=5)) for name, days_ in named.items())
    totals = Totals.model_validate(NONE)
    sources = tuple(
        SourceReport(
            path=f"{kind}.log", format="f", kind=kind, records=number, parsed=number, skipped={}, first=None, last=None
        )
        for kind, number in (kinds or {"proxy": 1000}).items()
    )
    return Result(
        generator="g",
        period=Period(start=f"2026-{month:02}-01T00:00:00.000000Z", end=f"2026-{month:02}-{days:02}T23:00:00.000000Z"),
        signatures=SignatureVersion(version="".join(ids), services=2, indicators=2, ids=ids),
        totals=totals,
        departments=(
            DepartmentUse(name="Sales", slug="sales", headcount=None, people=1, totals=totals, services=uses),
        ),
        candidates=(),
        blind_spots=(),
        sources=sources,
    )


def _read_in(result: Result, kind: str, evidence: str, detections: int) -> Result:
    """Say that the services of a result were seen in the source of a kind."""
    origins = (Origin(source=f"{kind}.log", evidence=evidence, detections=detections),)
    (part,) = result.departments
    services = tuple(use.model_copy(update={"origins": origins}) for use in part.services)
    return result.model_copy(update={"departments": (part.model_copy(update={"services": services}),)})


def _changes(before: Result, now: Result) -> list[tuple[str, str, str]]:
    return [(one.service, one.change, one.cause) for one in change_since(before, now).services]


def test_new_and_stopped() -> None:
    before, now = _result(1, {"chatgpt": [1] * 7}), _result(2, {"claude": [2] * 7})
    assert _changes(before, now) == [("chatgpt", "stopped", "use"), ("claude", "new", "use")]
    (stopped, new) = change_since(before, now).services
    assert (stopped.before, stopped.now, new.before, new.now) == (1, 0, 0, 2)


def test_a_service_that_the_signatures_did_not_know_is_not_new_use() -> None:
    before = _result(1, {"chatgpt": [1] * 7}, ids=("chatgpt",))
    now = _result(2, {"chatgpt": [1] * 7, "claude": [1] * 7})
    assert _changes(before, now) == [("claude", "new", "signatures")]
    assert any("signatures changed" in note for note in change_since(before, now).notes)


def test_a_silent_source_is_not_a_department_that_improved() -> None:
    before = _result(1, {"chatgpt": [3] * 7}, kinds={"proxy": 1000, "dns": 5000})
    now = _result(2, {}, kinds={"dns": 5000})
    assert _changes(before, now) == [("chatgpt", "stopped", "coverage")]
    (coverage,) = change_since(before, now).coverage
    assert (coverage.kind, coverage.now, coverage.says) == ("proxy", 0, "the proxy data fell silent")


def test_what_another_source_shows_too_is_use() -> None:
    evidence = EvidenceCounts(proxy=5, tls=5)
    before = _result(1, {"chatgpt": [3] * 7}, kinds={"proxy": 1000, "capture": 10}, evidence=evidence)
    now = _result(2, {}, kinds={"capture": 10})
    assert _changes(before, now) == [("chatgpt", "stopped", "use")]


def test_a_silent_sensor_is_told_by_the_source_that_it_was() -> None:
    # A sensor's flow records are evidence of a firewall's kind; what fell silent is the sensor.
    used = _result(1, {"chatgpt": [3] * 7}, kinds={"sensor": 900, "dns": 50}, evidence=EvidenceCounts(firewall=5))
    before = _read_in(used, "sensor", "firewall", 5)
    assert _changes(before, _result(2, {}, kinds={"dns": 50})) == [("chatgpt", "stopped", "coverage")]
    assert _changes(before, _result(2, {}, kinds={"sensor": 900, "dns": 50})) == [("chatgpt", "stopped", "use")]


@pytest.mark.parametrize(
    ("before", "now", "cause"),
    [
        ((300, 100), (650, 450), "use"),  # 350 records more, all of them about AI
        ((10, 10), (60, 60), "use"),  # a log of nothing else
        ((300, 100), (3000, 450), "coverage"),  # more of all else, too
        ((3000, 100), (1000, 450), "coverage"),  # less of all else
    ],
)
def test_more_use_makes_more_records_and_is_no_better_coverage(
    before: tuple[int, int], now: tuple[int, int], cause: str
) -> None:
    sides = []
    for month, (records, about_ai), days in ((1, before, [1, 2, 1, 2, 1, 2, 1]), (2, now, [5, 6, 5, 7, 6, 5, 6])):
        sides.append(_read_in(_result(month, {"chatgpt": days}, kinds={"proxy": records}), "proxy", "proxy", about_ai))
    assert _changes(*sides) == [("chatgpt", "grown", cause)]


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        ([1, 2, 1, 2, 1, 2, 1], [5, 6, 5, 7, 6, 5, 6], "grown"),
        ([5, 6, 5, 7, 6, 5, 6], [1, 2, 1, 2, 1, 2, 1], "shrunk"),
        ([1, 2, 1, 2, 1, 2, 1], [1, 2, 1, 90, 1, 2, 1], None),  # one wild day
        ([1, 2, 3], [7] * 20, None),  # too few days
        ([1, 2, 3, 2], [7] * 20, "grown"),
        ([1, 2, 3, 4, 5, 6, 7], [5, 6, 7, 8, 9, 9, 9], None),  # 2.575 standard deviations
        ([1, 2, 3, 4, 5, 6, 7], [6, 7, 8, 9, 9, 9, 9], "grown"),  # 2.91
        ([2] * 7, [2] * 7, None),
    ],
)
def test_growth_is_more_than_chance(before: list[int], now: list[int], change: str | None) -> None:
    found = [one for _, one, _ in _changes(_result(1, {"chatgpt": before}), _result(2, {"chatgpt": now}))]
    assert found == ([change] if change else [])


def test_the_rank_test_is_the_textbooks() -> None:
    # Conover, Practical Nonparametric Statistics: U by counting the pairs, and the normal approximation with ties.
    rng = random.Random(1)  # a generator of cases
    for _ in range(50):
        before = [rng.randrange(6) for _ in range(9)]
        now = [rng.randrange(6) for _ in range(8)]
        u = sum((b < a) + (a == b) / 2 for b in before for a in now)
        both = before + now
        ties = sum(both.count(value) ** 3 - both.count(value) for value in set(both))
        sigma = (9 * 8 / 12 * (18 - ties / (17 * 16))) ** 0.5
        assert rank_score(before, now) == pytest.approx((u - 36) / sigma)


@given(st.lists(st.integers(0, 9), min_size=4, max_size=20), st.lists(st.integers(0, 9), min_size=4, max_size=20))
def test_the_rank_test_has_no_favourite(before: list[int], now: list[int]) -> None:
    assert rank_score(before, now) == pytest.approx(-rank_score(now, before))


def test_periods_that_cannot_be_compared_are_told() -> None:
    notes = change_since(_result(1, {"chatgpt": [1] * 20}), _result(1, {"chatgpt": [1] * 5})).notes
    assert any("length" in note for note in notes)
    assert any("overlap" in note for note in notes)
