"""Hosts that look like AI but are in no signature, scored by plain rules."""

from __future__ import annotations

from collections import defaultdict
from heapq import nsmallest
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from shadowai.activity.frame import NO_TIME
from shadowai.activity.rollup import Subject
from shadowai.model import DAY, iso_time
from shadowai.result import Candidate

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    import pandas as pd

MAX_LISTED = 10_000  # whoever has a DNS zone can make a million names in it, and nobody reads so many
_SUFFIX, _WORD = 25, 40
_PEOPLE = ((10, 25, "used by 10 people or more"), (3, 15, "used by 3 people or more"))
_FRONTS = ("api.", "app.", "chat.")
_UPLOAD = 1_000_000  # bytes


class Candidates(NamedTuple):
    """The likeliest candidates, likeliest first, and sentences about those that are not listed."""

    listed: tuple[Candidate, ...]
    notes: tuple[str, ...]


class _Facts(NamedTuple):
    """What was seen of one host; times in ns, None where no record of it names one."""

    people: int
    detections: int
    bytes_up: int
    days: int
    first: int | None
    last: int | None
    departments: tuple[str, ...]


def candidates(frame: pd.DataFrame, reason: Callable[[str], str | None]) -> Candidates:
    """Find the candidates of an attributed frame; `reason` says why a host looks like AI."""
    # The rules add up to 100 at most: what the name says, who uses it, how much goes there, how long.
    rows = frame[(frame["subject"] == Subject.CANDIDATE) & ~frame["denied"]]
    found = [(_rank(host, facts, reason(host) or ""), facts) for host, facts in _facts(rows)]
    likeliest = nsmallest(MAX_LISTED, found, key=itemgetter(0))
    listed = tuple(_candidate(rank[-1], facts, reason(rank[-1]) or "") for rank, facts in likeliest)
    rest = len(found) - len(listed)
    note = f"hosts that look like AI, beyond the likeliest, which alone are listed: {rest}"
    return Candidates(listed, (note,) if rest else ())


def _rank(host: str, facts: _Facts, reason: str) -> tuple[int, int, int, str]:
    score = sum(number for number, _ in _points(host, reason, facts))
    return -score, -facts.people, -facts.detections, host


def _facts(rows: pd.DataFrame) -> Iterator[tuple[str, _Facts]]:
    """Sum up by the column and not host by host: who has a DNS zone of his own can make a million names in it."""
    timed = rows[rows["first"] != NO_TIME]
    by_host, by_timed = rows.groupby("name", observed=True), timed.groupby("name", observed=True)
    people = rows[rows["individual"]].groupby("name", observed=True)["who"].nunique().to_dict()
    days = (timed["first"] // DAY).groupby(timed["name"], observed=True).nunique().to_dict()
    first, last = by_timed["first"].min().to_dict(), by_timed["last"].max().to_dict()
    detections, bytes_up = by_host["detections"].sum().to_dict(), by_host["bytes_up"].sum().to_dict()
    departments: dict[Hashable, set[str]] = defaultdict(set)
    for host, department in rows[["name", "department"]].drop_duplicates().itertuples(index=False):
        departments[host].add(department)
    for host, number in detections.items():
        yield (
            str(host),
            _Facts(
                people.get(host, 0),
                number,
                bytes_up[host],
                days.get(host, 0),
                first.get(host),
                last.get(host),
                tuple(sorted(departments[host])),
            ),
        )


def _candidate(host: str, facts: _Facts, reason: str) -> Candidate:
    points = list(_points(host, reason, facts))
    return Candidate(
        host=host,
        reason=reason,
        people=facts.people,
        detections=facts.detections,
        departments=facts.departments,
        first_seen=iso_time(facts.first),
        last_seen=iso_time(facts.last),
        score=sum(number for number, _ in points),
        reasons=tuple(says for _, says in points),
    )


def _points(host: str, reason: str, facts: _Facts) -> Iterator[tuple[int, str]]:
    yield (_WORD, reason) if reason.startswith("has the word") else (_SUFFIX, reason)
    if host.startswith(_FRONTS):
        yield 10, f"its name begins with {host.partition('.')[0]}"
    if found := next(((points, says) for least, points, says in _PEOPLE if facts.people >= least), None):
        yield found
    if facts.bytes_up >= _UPLOAD:
        yield 15, "1 MB or more was sent there"
    if facts.days > 1:
        yield 10, f"seen on {facts.days} days"
