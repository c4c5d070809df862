"""Usage: what each department used, by service, as the parts of the result document.

Denied requests count only as blocked; telemetry and CDN contacts count nowhere; look-ups alone are not use; contacts
with shared or embedded hosts alone leave the row "not proven".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import pandas as pd

from shadowai.activity.frame import NO_MINUTE
from shadowai.activity.risk import Exposure, assess
from shadowai.activity.rollup import Subject
from shadowai.activity.sessions import distinct, number_runs, session_table, sum_or_none
from shadowai.activity.slugs import slugs
from shadowai.model import MINUTE, UNKNOWN_DEPARTMENT, Evidence, Role, Status, iso_time
from shadowai.result import AccountCounts, DayUse, DepartmentUse, EvidenceCounts, ServiceUse, Totals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shadowai.model import Department, ServiceFacts, Verdict

    Judge = Callable[[ServiceFacts, str | None, int | None, str | None], Verdict]

Pair = tuple[str, str]  # department, service id
_PAIR = ["department", "name"]
_UNAPPROVED = (Status.UNSANCTIONED, Status.PROHIBITED)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The services by id, what the policy says of them, and what to use instead."""

    services: Mapping[str, ServiceFacts]
    judge: Judge
    alternative: Callable[[str, str], str | None]


class UsageReport(NamedTuple):
    """The departments, worst first, and the headline of the whole organisation."""

    departments: tuple[DepartmentUse, ...]
    totals: Totals


class _Tables(NamedTuple):
    """The service rows that count, the sessions made of them, and one line a (department, service)."""

    seen: pd.DataFrame
    sessions: pd.DataFrame
    denied: pd.DataFrame
    looked_up: pd.DataFrame


def usage(frame: pd.DataFrame, catalogue: Catalogue, roster: Mapping[str, Department]) -> UsageReport:
    """Work out every department's usage from an attributed frame (see `attributed_frame`).

    Departments of the roster without any use are listed too; the unknown department only where it has rows.
    """
    tables = _tables(frame[frame["subject"] == Subject.SERVICE])
    verdicts = _verdicts(tables, catalogue)
    uses = _service_uses(tables, verdicts, catalogue)
    unapproved = pd.MultiIndex.from_tuples(
        [(name, use.id) for name, mine in uses.items() for use in mine if use.proven and use.status in _UNAPPROVED],
        names=_PAIR,
    )
    names = sorted({*roster, *uses}, key=lambda name: (name == UNKNOWN_DEPARTMENT, name))
    slug_of = slugs(names)
    departments = []
    for name in names:
        part = _Tables(*(table[table["department"] == name] for table in tables))
        totals = _totals(part, uses.get(name, ()), unapproved)
        facts = roster.get(name)
        departments.append(
            DepartmentUse(
                name=name,
                slug=slug_of[name],
                headcount=facts.headcount if facts else None,
                people=totals.people,
                head=facts.head if facts else None,
                totals=totals,
                services=uses.get(name, ()),
            )
        )
    everything = [use for mine in uses.values() for use in mine]
    return UsageReport(tuple(departments), _totals(tables, everything, unapproved))


def _tables(rows: pd.DataFrame) -> _Tables:
    denied = rows[rows["denied"]]
    seen = rows[~rows["denied"] & ~rows["noise"]].copy()
    seen["proof"] = seen["contact"] & seen["proving"]
    seen["proven"] = seen.groupby(_PAIR)["proof"].transform("any") if len(seen) else False
    seen["basis"] = seen["contact"] & (seen["proving"] | ~seen["proven"].astype(bool))
    seen["run"] = number_runs(seen)
    return _Tables(seen, session_table(seen), denied, _looked_up(seen, denied))


def _looked_up(seen: pd.DataFrame, denied: pd.DataFrame) -> pd.DataFrame:
    """Give the (department, service, who) that only looked the name up."""
    triple = [*_PAIR, "who"]
    asked = seen[(~seen["contact"]) & seen["individual"]][triple].drop_duplicates()
    more = pd.concat([seen.loc[seen["basis"], triple], denied.loc[denied["contact"], triple]]).drop_duplicates()
    merged = asked.merge(more, on=triple, how="left", indicator=True)
    return merged.loc[merged["_merge"] == "left_only", triple]


def _verdicts(tables: _Tables, catalogue: Catalogue) -> dict[Pair, Verdict]:
    """Judge sessions at their start, and rows without any at their last detection; the gravest verdict stands."""
    moments = list(tables.sessions[[*_PAIR, "start", "who"]].itertuples(index=False, name=None))
    judged = {(department, name) for department, name, _, _ in moments}
    rest = pd.concat([tables.seen, tables.denied])[[*_PAIR, "minute", "who"]].sort_values(["minute", "who"])
    for department, name, minute, who in rest.groupby(_PAIR).tail(1).itertuples(index=False, name=None):
        if (department, name) not in judged:
            moments.append((department, name, minute, who))
    gravest: dict[Pair, Verdict] = {}
    for department, name, minute, who in moments:
        where = None if department == UNKNOWN_DEPARTMENT else department
        time = None if minute == NO_MINUTE else int(minute) * MINUTE
        verdict = catalogue.judge(catalogue.services[name], where, time, who)
        known = gravest.get((department, name))
        if known is None or verdict.status.gravity > known.status.gravity:
            gravest[department, name] = verdict
    return gravest


def _service_uses(
    tables: _Tables, verdicts: Mapping[Pair, Verdict], catalogue: Catalogue
) -> dict[str, tuple[ServiceUse, ...]]:
    numbers = _numbers(tables)
    uses: dict[str, list[ServiceUse]] = {}
    for (department, name), row in numbers.items():
        facts, verdict = catalogue.services[name], verdicts[department, name]
        exposure = Exposure(verdict.status, row["proven"], row["people"], row["sessions"], row["bytes_up"])
        level, reasons = assess(exposure)
        use = ServiceUse(
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
            alternative=_alternative(catalogue, facts, verdict.status),
            risk=level,
            risk_reasons=reasons,
            account=AccountCounts(unknown=row["sessions"]),
            **row,
        )
        uses.setdefault(department, []).append(use)
    return {department: tuple(sorted(mine, key=_worst_first)) for department, mine in uses.items()}


def _alternative(catalogue: Catalogue, facts: ServiceFacts, status: Status) -> str | None:
    if status is Status.SANCTIONED:
        return None
    instead = catalogue.alternative(facts.id, facts.category)
    if instead is None or instead == facts.id:
        return None
    return catalogue.services[instead].name if instead in catalogue.services else instead


def _worst_first(use: ServiceUse) -> tuple[Any, ...]:
    levels = ("critical", "high", "medium", "low")
    return (not use.proven, levels.index(use.risk), -use.status.gravity, -use.people, -use.sessions, use.id)


def _numbers(tables: _Tables) -> dict[Pair, dict[str, Any]]:
    """Give the counted fields of ServiceUse for each (department, service)."""
    seen, sessions, denied, looked_up = tables
    both = pd.concat([seen, denied])
    columns: dict[str, dict[Pair, Any]] = {
        "confidence": _confidence(both),
        "first_seen": _by_pair(both.groupby(_PAIR)["first"].min()),
        "last_seen": _by_pair(both.groupby(_PAIR)["last"].max()),
        "roles": _by_pair(both.groupby(_PAIR)["role"].agg(set)),
        "proven": _by_pair(seen.groupby(_PAIR)["proof"].any()),
        "people": _by_pair(distinct(seen[seen["basis"]], _PAIR)),
        "people_dns_only": _by_pair(looked_up.groupby(_PAIR)["who"].nunique()),
        "sessions": _by_pair(sessions.groupby(_PAIR).size()),
        "sessions_with_bytes_up": _by_pair(sessions.groupby(_PAIR)["bytes_up"].count()),
        "blocked": _by_pair(denied.groupby(_PAIR)["detections"].sum()),
        "bytes_up": _by_pair(sessions.groupby(_PAIR)["bytes_up"].agg(sum_or_none)),
        "bytes_down": _by_pair(sessions.groupby(_PAIR)["bytes_down"].agg(sum_or_none)),
        "evidence": _evidence(seen),
        "days": _days(sessions),
    }
    return {pair: _row(columns, pair) for pair in columns["confidence"]}


def _confidence(rows: pd.DataFrame) -> dict[Pair, Any]:
    """Give the best confidence of contacts, and of look-ups where there is no contact to lend theirs to."""
    contacts = rows[rows["contact"]]
    return _by_pair(rows.groupby(_PAIR)["confidence"].max()) | _by_pair(contacts.groupby(_PAIR)["confidence"].max())


def _row(columns: Mapping[str, Mapping[Pair, Any]], pair: Pair) -> dict[str, Any]:
    row = {name: values.get(pair) for name, values in columns.items()}
    counts = ("people", "people_dns_only", "sessions", "sessions_with_bytes_up", "blocked", "confidence")
    return {
        **{name: int(row[name] or 0) for name in counts},
        **{name: _whole(row[name]) for name in ("bytes_up", "bytes_down")},
        "proven": bool(row["proven"]),
        "first_seen": iso_time(_whole(row["first_seen"])),
        "last_seen": iso_time(_whole(row["last_seen"])),
        "roles": tuple(sorted(map(Role, row["roles"] or ()))),
        "evidence": row["evidence"] or EvidenceCounts(),
        "days": row["days"] or (),
    }


def _by_pair(values: pd.Series[Any]) -> dict[Pair, Any]:
    return cast("dict[Pair, Any]", values.to_dict())


def _evidence(seen: pd.DataFrame) -> dict[Pair, EvidenceCounts]:
    counts: dict[Pair, dict[str, int]] = {}
    sums = seen.groupby([*_PAIR, "evidence"], as_index=False)["detections"].sum()
    for department, name, evidence, number in sums.itertuples(index=False, name=None):
        counts.setdefault((department, name), {})[Evidence(evidence).value] = int(number)
    return {pair: EvidenceCounts(**mine) for pair, mine in counts.items()}


def _days(sessions: pd.DataFrame) -> dict[Pair, tuple[DayUse, ...]]:
    dated = sessions[sessions["start"] != NO_MINUTE]
    dated = dated.assign(day=dated["start"].map(_day))
    days: dict[Pair, list[DayUse]] = {}
    for key, part in dated.groupby([*_PAIR, "day"], sort=True):
        department, name, day = cast("tuple[str, str, str]", key)
        people = part.loc[part["individual"], "who"].nunique()
        one = DayUse(day=day, people=people, sessions=len(part), bytes_up=sum_or_none(part["bytes_up"]))
        days.setdefault((department, name), []).append(one)
    return {pair: tuple(mine) for pair, mine in days.items()}


def _day(minute: int) -> str:
    return datetime.fromtimestamp(minute * 60, UTC).date().isoformat()


def _totals(tables: _Tables, uses: Sequence[ServiceUse], unapproved: pd.MultiIndex) -> Totals:
    seen, sessions, denied, looked_up = tables
    proof = seen[seen["proof"]]
    proven = sessions[_pairs(sessions).isin(_pairs(proof))]
    bad = proven[_pairs(proven).isin(unapproved)]
    people = _people(proof)
    return Totals(
        people=len(people),
        services=len({use.id for use in uses if use.proven}),
        sessions=len(proven),
        bytes_up=sum_or_none(proven["bytes_up"]),
        people_unsanctioned=len(_people(proof[_pairs(proof).isin(unapproved)])),
        services_unsanctioned=len({use.id for use in uses if use.proven and use.status in _UNAPPROVED}),
        sessions_unsanctioned=len(bad),
        bytes_up_unsanctioned=sum_or_none(bad["bytes_up"]),
        people_dns_only=len(set(looked_up["who"]) - people),
        blocked=int(denied["detections"].sum()),
    )


def _people(rows: pd.DataFrame) -> set[str]:
    return set(rows.loc[rows["individual"], "who"])


def _pairs(table: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(table[_PAIR])


def _whole(value: Any) -> int | None:  # noqa: ANN401  # a pandas scalar
    return None if value is None or pd.isna(value) else int(value)
