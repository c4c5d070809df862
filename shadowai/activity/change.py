"""What changed since the period before, and whether people changed or what we look with.

Use has grown or shrunk where its sessions a day differ between the periods by more than chance: a rank test (Mann and
Whitney 1947, normal approximation with correction for ties) over the days of both, so that one wild day decides nothing
and no fixed percentage is needed. docs/change.md explains it to users.
"""

from __future__ import annotations

import math
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from shadowai.result import Change, CoverageChange, ServiceChange

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Literal

    from shadowai.provenance import Period
    from shadowai.result import Result, ServiceUse

    Cause = Literal["use", "signatures", "coverage"]

LEAST_DAYS = 4  # in each period; with fewer no order of the days is rare enough
SIGNIFICANCE = 2.576  # standard deviations: less than one in a hundred by chance, to either side
COVERAGE_FACTOR = 2  # a kind of source changed where it gave that many times more, or less, a day
KINDS = ("capture", "dns", "proxy", "firewall", "sensor")
_EVIDENCE = {
    "dns": "dns",
    "tls": "capture",
    "quic": "capture",
    "http": "capture",
    "proxy": "proxy",
    "firewall": "firewall",
}
_DAY = 24 * 3600  # seconds

Pair = tuple[str, str]  # department, service id


class _Side(NamedTuple):
    """One period: its days, each department's proven use of each service, and how much was read a day.

    By kind of source, `records` are all that were read, `others` those that are not about AI services; `shown_by` has
    the kinds that showed a use.
    """

    days: Sequence[str]
    uses: Mapping[Pair, ServiceUse]
    records: Mapping[str, float]
    others: Mapping[str, float]
    shown_by: Mapping[Pair, frozenset[str]]


def change_since(before: Result, now: Result) -> Change:
    """Compare two results. What cannot be compared fairly is told in the notes."""
    old, new = _side(before), _side(now)
    coverage = tuple(_coverage(old, new))
    changed_kinds = {one.kind for one in coverage}
    unknown_before = set(now.signatures.ids) - set(before.signatures.ids) if before.signatures.ids else set()
    services = [
        one
        for pair in sorted({*old.uses, *new.uses})
        if (one := _change(pair, old, new, _cause(pair, old, new, changed_kinds, unknown_before)))
    ]
    return Change(
        period=before.period,
        services=tuple(services),
        coverage=coverage,
        people_before=before.totals.people,
        people_now=now.totals.people,
        notes=tuple(_notes(before, now)),
    )


def _side(result: Result) -> _Side:
    days = _days(result.period)
    kinds = {source.path: source.kind or "unknown" for source in result.sources}
    records: Counter[str] = Counter()
    for source in result.sources:
        records[source.kind or "unknown"] += source.records
    others = records.copy()
    for part in result.departments:
        for origin in (one for use in part.services for one in use.origins):
            others[kinds.get(origin.source, "unknown")] -= origin.detections
    uses = {(part.name, use.id): use for part in result.departments for use in part.services if use.proven}
    a_day = 1 / max(len(days), 1)
    return _Side(
        days,
        uses,
        {kind: number * a_day for kind, number in records.items()},
        {kind: max(number, 0) * a_day for kind, number in others.items()},
        {pair: _shown_by(use, kinds) for pair, use in uses.items()},
    )


def _shown_by(use: ServiceUse, kinds: Mapping[str, str]) -> frozenset[str]:
    """Give the kinds of the sources that showed a use; by its evidence in a result that does not name the sources."""
    if use.origins:
        return frozenset(kinds[one.source] for one in use.origins if one.source in kinds)
    return frozenset(kind for name, number in use.evidence if number and (kind := _EVIDENCE.get(name)))


def _days(period: Period) -> list[str]:
    if period.start is None or period.end is None:
        return []
    first, last = (date.fromisoformat(text[:10]).toordinal() for text in (period.start, period.end))
    return [date.fromordinal(day).isoformat() for day in range(first, last + 1)]


def _coverage(old: _Side, new: _Side) -> Iterator[CoverageChange]:
    for kind in KINDS:
        before, now = old.records.get(kind, 0), new.records.get(kind, 0)
        # More use alone makes more records: what is not about AI tells whether more is seen.
        direction = _moved(before, now)
        if not direction or (before and now and _moved(old.others[kind], new.others[kind]) != direction):
            continue
        says = (
            "is new"
            if not before
            else "fell silent"
            if not now
            else "gave much less"
            if now < before
            else "gave much more"
        )
        yield CoverageChange(kind=kind, before=round(before, 1), now=round(now, 1), says=f"the {kind} data {says}")


def _moved(before: float, now: float) -> int:
    """Say whether a number a day became much larger (1), much smaller (-1) or neither (0)."""
    return int(now > before * COVERAGE_FACTOR) - int(before > now * COVERAGE_FACTOR)


def _cause(pair: Pair, old: _Side, new: _Side, changed_kinds: set[str], unknown_before: set[str]) -> Cause:
    """Say whether a change can be the people's: else what showed the use changed, or the service is new to us."""
    if pair[1] in unknown_before and pair not in old.uses:
        return "signatures"
    shown_by = old.shown_by.get(pair, frozenset()) | new.shown_by.get(pair, frozenset())
    return "coverage" if shown_by and shown_by <= changed_kinds else "use"


def _change(pair: Pair, old: _Side, new: _Side, cause: Cause) -> ServiceChange | None:
    before, now = old.uses.get(pair), new.uses.get(pair)
    use = now or before
    if use is None:
        return None
    counts = _by_day(before, old.days), _by_day(now, new.days)
    change = "new" if before is None else "stopped" if now is None else _direction(*counts)
    if change is None:
        return None
    rates = tuple(round(sum(one) / max(len(one), 1), 2) for one in counts)
    return ServiceChange(
        department=pair[0],
        service=pair[1],
        name=use.name,
        status=use.status,
        change=change,
        cause=cause,
        before=rates[0],
        now=rates[1],
        people_before=before.people if before else 0,
        people_now=now.people if now else 0,
        says=_sentence(use.name, change, cause),
    )


_SENTENCES = {
    "new": "{name} is used for the first time",
    "stopped": "{name} is no longer used",
    "grown": "{name} is used more than before",
    "shrunk": "{name} is used less than before",
}
_CAUSES = {
    "use": "",
    "signatures": ": it could not be recognised before, so that it may not be new",
    "coverage": ": the sources that show it changed, so that people may have changed nothing",
}


def _sentence(name: str, change: str, cause: Cause) -> str:
    return _SENTENCES[change].format(name=name) + _CAUSES[cause]


def _by_day(use: ServiceUse | None, days: Sequence[str]) -> list[int]:
    sessions = {one.day: one.sessions for one in use.days} if use else {}
    return [sessions.get(day, 0) for day in days]


def _direction(before: Sequence[int], now: Sequence[int]) -> Literal["grown", "shrunk"] | None:
    if min(len(before), len(now)) < LEAST_DAYS:
        return None
    score = rank_score(before, now)
    if abs(score) < SIGNIFICANCE:
        return None
    return "grown" if score > 0 else "shrunk"


def rank_score(before: Sequence[int], now: Sequence[int]) -> float:
    """Give the standard score of the Mann-Whitney U test: positive where `now` is the larger; 0 where all are alike."""
    ranks = _ranks([*before, *now])
    n, m = len(before), len(now)
    u = sum(ranks[n:]) - m * (m + 1) / 2
    size = n + m
    ties = sum(count**3 - count for count in Counter([*before, *now]).values())
    variance = n * m / 12 * (size + 1 - ties / (size * (size - 1)))
    return 0.0 if variance <= 0 else (u - n * m / 2) / math.sqrt(variance)


def _ranks(values: Sequence[int]) -> list[float]:
    """Rank values from 1, equal ones by the mean of their places."""
    counts = Counter(values)
    below, rank = 0, {}
    for value in sorted(counts):
        rank[value] = below + (counts[value] + 1) / 2
        below += counts[value]
    return [rank[value] for value in values]


def _notes(before: Result, now: Result) -> Iterable[str]:
    old, new = _length(before.period), _length(now.period)
    if old and new and not 1 / COVERAGE_FACTOR <= new / old <= COVERAGE_FACTOR:
        yield "the two periods are of very different length: what is new or gone may be chance"
    if before.period.end and now.period.start and before.period.end > now.period.start:
        yield "the two periods overlap: what was done in both is counted in both"
    if before.signatures.version != now.signatures.version:
        yield "the signatures changed between the two: services that are new to them are marked"
    if before.policy and now.policy and before.policy.digest != now.policy.digest:
        yield "the policy changed between the two: each period is judged by the policy of its own report"


def _length(period: Period) -> int:
    return len(_days(period))
