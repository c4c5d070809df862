"""Usage: what each department used, by service, as the parts of the result document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from shadowai.activity.hidden import hidden_share
from shadowai.activity.judging import Judge, add_verdicts, note
from shadowai.activity.labels import Labels
from shadowai.activity.numbers import numbers_of
from shadowai.activity.persons import persons
from shadowai.activity.risk import Exposure, assess, department_score, reasons
from shadowai.activity.sessions import sum_or_none
from shadowai.activity.slugs import slugs
from shadowai.activity.uses import Limits
from shadowai.model import Status, Use
from shadowai.result import DepartmentUse, ServiceUse, Totals
from shadowai.verdicts import UNKNOWN_DEPARTMENT, Department

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    import pandas as pd

    from shadowai.activity.blind_spots import HidingPlace
    from shadowai.activity.digest import Digest
    from shadowai.activity.judging import Pair
    from shadowai.activity.tables import Tables
    from shadowai.result import HiddenShare, Score
    from shadowai.verdicts import ServiceFacts, Verdict

    SizeOf = Callable[[Sequence[str]], int | None]

CODE = "code"  # the category of services that write code
_UNAPPROVED = Status.UNSANCTIONED.gravity
_LEVELS = ("critical", "high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The services, what the policy says of them, what to use instead, how risky each is (of 10), where AI can hide."""

    judge: Judge
    alternative: Callable[[str, str], str | None]
    risk: Callable[[ServiceFacts], Score | None] = lambda _service: None
    limits: Limits = field(default_factory=Limits)
    labels: Labels = field(default_factory=Labels)
    places: Mapping[str, HidingPlace] = field(default_factory=dict)

    @property
    def services(self) -> Mapping[str, ServiceFacts]:
        """Every service by id."""
        return self.judge.services

    @property
    def code(self) -> list[str]:
        """The ids of the services that write code."""
        return [name for name, facts in self.services.items() if facts.category == CODE]


class UsageReport(NamedTuple):
    """The departments, the divisions, the headline of the whole, and sessions by rule."""

    departments: tuple[DepartmentUse, ...]
    divisions: tuple[DepartmentUse, ...]
    totals: Totals
    by_rule: Mapping[int, int]


def usage(digest: Digest, catalogue: Catalogue, roster: Mapping[str, Department], size_of: SizeOf) -> UsageReport:
    """Work out every department's usage.

    Departments of the roster without any use are listed too; the unknown department only where it has rows. `size_of`
    gives the people of several departments together, None where unknown.
    """
    tables, rows = digest
    gravest = add_verdicts(tables, catalogue.judge)
    used = {department for department, _ in gravest}
    names = sorted({*roster, *used}, key=lambda name: (name == UNKNOWN_DEPARTMENT, name))
    heads = (name for name in names if name in roster and roster[name].together)
    divisions = {name: below for name in heads if (below := _below(name, roster))}
    slug_of = slugs([*names, *(f"{name} and below" for name in divisions)])
    maker = _Maker(rows, catalogue, roster, slug_of, size_of)
    numbers = numbers_of(tables)
    departments = tuple(maker.department(name, tables.of([name]), _of(numbers, name), gravest) for name in names)
    return UsageReport(
        departments,
        tuple(maker.division(name, below, tables, gravest) for name, below in divisions.items()),
        _totals(tables, [use for one in departments for use in one.services]),
        _by_rule(tables),
    )


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes the reports of departments."""

    rows: pd.DataFrame
    catalogue: Catalogue
    roster: Mapping[str, Department]
    slug_of: Mapping[str, str]
    size_of: SizeOf

    def department(
        self, name: str, tables: Tables, numbers: Mapping[Pair, dict[str, Any]], gravest: Mapping[Pair, Verdict]
    ) -> DepartmentUse:
        """Report one department by itself."""
        facts = self.roster.get(name) or Department(name)
        return self._report(facts, self.slug_of[name], tables, self._services(facts, numbers, gravest), [name])

    def division(
        self, name: str, below: Sequence[str], tables: Tables, gravest: Mapping[Pair, Verdict]
    ) -> DepartmentUse:
        """Report a department together with those below it."""
        members = [name, *below]
        facts = self.roster[name]
        whole = Department(name, facts.parent, facts.head, facts.email, self.size_of(members), facts.sensitivity)
        mine: dict[Pair, Verdict] = {}
        for member in members:
            for (department, service), verdict in gravest.items():
                if department == member:
                    note(mine, (name, service), verdict)
        part = tables.of(members).under(name)
        services = self._services(whole, numbers_of(part), mine)
        slug = self.slug_of[f"{name} and below"]
        report = self._report(whole, slug, part, services, members)
        return report.model_copy(update={"below": tuple(below)})

    def _report(
        self, facts: Department, slug: str, tables: Tables, services: tuple[ServiceUse, ...], members: Collection[str]
    ) -> DepartmentUse:
        totals = _totals(tables, services)
        hidden = hidden_share(self.rows[self.rows["department"].isin(members)], self.catalogue.places)
        return DepartmentUse(
            name=facts.name,
            slug=slug,
            headcount=facts.headcount,
            people=totals.people,
            head=facts.head,
            email=facts.email,
            parent=facts.parent,
            sensitivity=facts.sensitivity,
            totals=totals,
            services=services,
            score=_score(totals, services, facts, hidden),
            hidden=hidden,
            persons=persons(tables.sessions, self.catalogue, facts),
        )

    def _services(
        self, facts: Department, numbers: Mapping[Pair, dict[str, Any]], gravest: Mapping[Pair, Verdict]
    ) -> tuple[ServiceUse, ...]:
        uses = [self._service(facts, pair[1], row, gravest[pair]) for pair, row in numbers.items()]
        return tuple(sorted(uses, key=_worst_first))

    def _service(self, department: Department, name: str, row: dict[str, Any], verdict: Verdict) -> ServiceUse:
        facts = self.catalogue.services[name]
        service_risk = self.catalogue.risk(facts)
        counts = row["uses"]
        exposure = Exposure(
            status=verdict.status,
            proven=row["proven"],
            people=row["people"],
            bytes_up=row["bytes_up"],
            service_risk=service_risk.points if service_risk else None,
            uses=[use for use in (Use.AGENT, Use.API) if getattr(counts, use.value)],
            uploads=counts.upload > 0,
            headcount=department.headcount,
            sensitivity=department.sensitivity,
        )
        level, score = assess(exposure)
        return ServiceUse(
            id=name,
            name=facts.name,
            vendor=facts.vendor,
            country=facts.country,
            category=facts.category,
            category_name=facts.category_name,
            summary=facts.summary,
            status=verdict.status,
            status_reason=verdict.reason,
            status_owner=verdict.owner,
            status_until=verdict.until.isoformat() if verdict.until else None,
            rule=verdict.rule,
            alternative=_alternative(self.catalogue, facts, verdict.status),
            risk=level,
            risk_reasons=reasons(exposure, score),
            score=score,
            service_risk=service_risk,
            **row,
        )


def _below(name: str, roster: Mapping[str, Department]) -> list[str]:
    """List the departments below one, at any depth, in alphabetical order."""
    children: dict[str, list[str]] = {}
    for department in roster.values():
        if department.parent is not None:
            children.setdefault(department.parent, []).append(department.name)
    found: list[str] = []
    waiting = list(children.get(name, ()))
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += children.get(one, ())
    return sorted(found)


def _of(numbers: Mapping[Pair, dict[str, Any]], name: str) -> dict[Pair, dict[str, Any]]:
    return {pair: row for pair, row in numbers.items() if pair[0] == name}


def _alternative(catalogue: Catalogue, facts: ServiceFacts, status: Status) -> str | None:
    if status is Status.SANCTIONED:
        return None
    instead = catalogue.alternative(facts.id, facts.category)
    if instead is None or instead == facts.id:
        return None
    return catalogue.services[instead].name if instead in catalogue.services else instead


def _worst_first(use: ServiceUse) -> tuple[Any, ...]:
    """Sort key, the order of the pages: proven use first, then by risk and score, which they show beside each other."""
    points = use.score.points if use.score else 0
    grave = (-points, -use.status.gravity, -use.people, -use.sessions)
    return (not use.proven, _LEVELS.index(use.risk), *grave, use.name, use.id)


def _score(totals: Totals, services: Sequence[ServiceUse], facts: Department, hidden: HiddenShare | None) -> Score:
    worst = max((use.score for use in services if use.proven and use.score), key=lambda one: one.points, default=None)
    share = totals.people_unsanctioned / facts.headcount if facts.headcount else None
    return department_score(worst, share, hidden.percent if hidden else None)


def _totals(tables: Tables, uses: Sequence[ServiceUse]) -> Totals:
    seen, sessions, denied, looked_up, _ = tables
    proven = sessions[sessions["proven"]]
    bad = proven[proven["gravity"] >= _UNAPPROVED]
    people = _people(seen[seen["proof"]])
    return Totals(
        people=len(people),
        services=len({use.id for use in uses if use.proven}),
        sessions=len(proven),
        bytes_up=sum_or_none(proven["bytes_up"]),
        people_unsanctioned=len(_people(bad)),
        services_unsanctioned=bad["name"].nunique(),
        sessions_unsanctioned=len(bad),
        bytes_up_unsanctioned=sum_or_none(bad["bytes_up"]),
        people_dns_only=len(set(looked_up["who"]) - people),
        blocked=int(denied["detections"].sum()),
    )


def _people(rows: pd.DataFrame) -> set[str]:
    return set(rows.loc[rows["individual"], "who"].unique())


def _by_rule(tables: Tables) -> dict[int, int]:
    counts: dict[int, int] = {}
    for verdict in tables.sessions["verdict"]:
        if verdict.rule is not None:
            counts[verdict.rule] = counts.get(verdict.rule, 0) + 1
    return counts
