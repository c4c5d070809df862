"""The truth about the organisation: what a report must say, and where it may say one of several things."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

from support.organisation.counts import Item, Row, row_of
from support.organisation.people import DECLARED, DEPARTMENTS
from support.organisation.totals import Span, persons_of, totals_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from support.organisation.answers import Answer, Detection
    from support.organisation.people import Person
    from support.organisation.policy import Rule
    from support.organisation.records import Silence

UNKNOWN = "Unknown department"
MAX_UNSURE = 7  # detections of one row whose answers are all tried together
Pair = tuple[str | None, str]
Rows = dict[Pair, list[Row | None]]


@dataclass(frozen=True)
class Truth:
    """What is true of an organisation that was written to a folder.

    `rows` has for each department and service the rows that are right (None: no row); where there is more than one,
    `why` says what the sources cannot tell. `detections` are all records that matter, each with its right answers.
    """

    folder: Path
    sources: tuple[Path, ...]
    directory: Path
    policy: Path
    rows: Rows
    headcounts: dict[str, int | None]
    candidates: dict[str, dict[str, Any]]
    hiding: dict[str, dict[str, Any]]
    blind: dict[str, Span]
    silences: tuple[Silence, ...] = ()
    why: dict[Pair, list[str]] = field(default_factory=dict)
    detections: tuple[Detection, ...] = ()

    @property
    def departments(self) -> list[str | None]:
        """Every department that a report must list, the unknown one (None) where something is its."""
        named: list[str | None] = [*DEPARTMENTS]
        return [*named, None] if any(pair[0] is None and any(rows) for pair, rows in self.rows.items()) else named

    def totals(self, departments: Iterable[str | None]) -> dict[str, Span]:
        """Give the headline numbers of some departments together, each as a span."""
        return totals_of(self._of(departments))

    def persons(self, department: str | None) -> list[tuple[int, int, int, int]] | None:
        """Give services, bad ones among them, sessions and bytes up of each person; None where rows are unsure."""
        return persons_of(self._of([department]))

    def _of(self, departments: Iterable[str | None]) -> Rows:
        wanted = set(departments)
        return {pair: rows for pair, rows in self.rows.items() if pair[0] in wanted}


def within_reach(detections: Iterable[Detection]) -> list[Detection]:
    """Leave out detections that cannot be told where one row has more of them than can be tried together."""
    counts: Counter[Pair] = Counter()
    kept = []
    for one in detections:
        pairs = {(answer.department, one.name) for answer in one.answers} if len(one.answers) > 1 else set()
        if all(counts[pair] < MAX_UNSURE for pair in pairs):
            kept.append(one)
            counts.update(pairs)
    return kept


def rows_of(detections: Sequence[Detection], rules: Sequence[Rule]) -> tuple[Rows, dict[Pair, list[str]]]:
    """Work out the rows that are right of every department and service, and why there are several."""
    services = [one for one in detections if one.place]
    sure: dict[Pair, list[Item]] = defaultdict(list)
    unsure: dict[Pair, list[Detection]] = defaultdict(list)
    for one in services:
        if len(one.answers) == 1:
            sure[one.answers[0].department, one.name].append(Item(one, one.answers[0]))
        else:
            for department in {answer.department for answer in one.answers}:
                unsure[department, one.name].append(one)
    rows, why = {}, {}
    for pair in sorted({*sure, *unsure}, key=str):
        rows[pair] = _unlike(_variants(pair, sure[pair], unsure[pair], rules))
        why[pair] = sorted({one.why for one in unsure[pair] if one.why})
    return rows, why


def _variants(pair: Pair, sure: list[Item], unsure: list[Detection], rules: Sequence[Rule]) -> Iterator[Row | None]:
    department, service = pair
    for chosen in product(*(one.answers for one in unsure)):
        more = [Item(one, answer) for one, answer in zip(unsure, chosen, strict=True)]
        mine = [item for item in more if item.answer.department == department]
        yield row_of(service, department, [*sure, *mine], rules)


def _unlike(rows: Iterable[Row | None]) -> list[Row | None]:
    found: list[Row | None] = []
    for row in rows:
        if row not in found:
            found.append(row)
    return found


def candidates_of(detections: Iterable[Detection], hosts: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Count the contacts with hosts that are no service's: people, detections and departments, as spans or sets."""
    found = {}
    for host in hosts:
        mine = [one for one in detections if one.name == host and not one.record.denied]
        if mine:
            found[host] = {
                "people": _people_span(mine),
                "detections": len(mine),
                "surely": {_label(one.answers[0].department) for one in mine if len(one.answers) == 1},
                "maybe": {_label(answer.department) for one in mine for answer in one.answers},
            }
    return found


def _people_span(mine: list[Detection]) -> Span:
    sure = {one.answers[0].key for one in mine if len(one.answers) == 1 and one.answers[0].is_individual}
    every = {answer.key for one in mine for answer in one.answers if answer.is_individual}
    return Span(max(len(sure), min(1, len(every))), len(every))


def _label(department: str | None) -> str:
    return department or UNKNOWN


def blind_of(detections: Sequence[Detection]) -> dict[str, Span]:
    """Count the requests to services of which nobody can be named, by kind of blind spot."""
    concerned = [one for one in detections if one.place and not one.is_noise]
    tests: dict[str, Callable[[Answer], bool]] = {
        "shared-address": lambda answer: answer.key.startswith("shared:"),
        "server-address": lambda answer: answer.key.startswith("server:"),
        "unknown-department": lambda answer: answer.department is None,
    }
    spans = {}
    for name, test in tests.items():
        fits = [[test(answer) for answer in one.answers] for one in concerned]
        spans[name] = Span(sum(all(one) for one in fits), sum(any(one) for one in fits))
    spans["conflicting-identity"] = Span(0, sum(len(one.answers) > 1 for one in concerned))
    return spans


def headcounts_of(people: Iterable[Person]) -> dict[str, int | None]:
    """Give the headcount of each department: declared, else of the people there in the scan's days.

    All moves lie within those days, so that who moves is counted in both departments.
    """
    counts: dict[str, set[str]] = defaultdict(set)
    for one in people:
        for department in filter(None, (one.department, one.moved)):
            counts[department].add(one.user)
    return {name: DECLARED.get(name) or len(counts[name]) or None for name in DEPARTMENTS}
