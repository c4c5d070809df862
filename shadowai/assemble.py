"""From merged activity to the result document. What needs pandas is imported here and nowhere else in the pipeline."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from shadowai import GENERATOR
from shadowai.activity.blind_spots import HidingPlace, blind_spots
from shadowai.activity.candidates import candidates
from shadowai.activity.change import change_since
from shadowai.activity.columns import Columns, columns_of
from shadowai.activity.digest import digest_of
from shadowai.activity.frame import attributed_parts, sightings
from shadowai.activity.judging import Judge
from shadowai.activity.labels import Labels
from shadowai.activity.sightings import Sightings
from shadowai.activity.usage import Catalogue, usage
from shadowai.activity.uses import Limits
from shadowai.model import iso_time
from shadowai.provenance import Period, SignatureVersion
from shadowai.result import PolicyException, PolicyReport, Result, RuleReport
from shadowai.signatures import Matcher

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shadowai.activity.rollup import Activity
    from shadowai.directory import Directory
    from shadowai.policy import Policy
    from shadowai.provenance import SourceReport
    from shadowai.rules import Rules


EPOCH = date(1970, 1, 1).toordinal()  # day


@dataclass(frozen=True, slots=True)
class Frame:
    """What a report is about beside the activity: the bounds within which that was gathered, what to compare it with.

    `since` and `until` are in ns, the latter excluded; `previous` is the result of the period before; `labels` say how
    people are called; `sightings` are who was where beside what the activity shows, and on which days nobody else was.
    """

    since: int | None = None
    until: int | None = None
    previous: Result | None = None
    labels: Labels = field(default_factory=Labels)
    sightings: Sightings = field(default_factory=Sightings)


def assemble(activity: Activity | Columns, sources: tuple[SourceReport, ...], rules: Rules, frame: Frame) -> Result:
    """Attribute the activity, work out usage, candidates and blind spots, and put the document together."""
    gc.freeze()  # else Python looks for garbage among the rules, again and again: a quarter of the time
    try:
        return _assembled(activity, sources, rules, frame)
    finally:
        gc.unfreeze()


def _assembled(activity: Activity | Columns, sources: tuple[SourceReport, ...], rules: Rules, frame: Frame) -> Result:
    columns = activity if isinstance(activity, Columns) else columns_of(activity)
    directory = rules.directory.learn(sightings(columns))
    if frame.sightings.days:
        directory = directory.learn_days(frame.sightings.seen, frame.sightings.days)
    places = {place.id: HidingPlace(place.kind, place.name) for place in rules.database.blind_spots}
    catalogue = _catalogue(rules, directory, places, frame.labels)
    found = digest_of(attributed_parts(columns, directory), catalogue.code, catalogue.limits)
    period = _period(sources, frame.since, frame.until)
    sizes = directory.headcounts(_days(period))
    report = usage(found, catalogue, sizes.departments, sizes.of)
    likely = candidates(found.rows, Matcher(rules.database).candidate)
    result = Result(
        generator=GENERATOR,
        period=period,
        signatures=SignatureVersion(
            version=rules.database.digest,
            services=len(rules.database.services),
            indicators=rules.database.indicator_count,
            ids=tuple(sorted(rules.database.services)),
        ),
        totals=report.totals,
        departments=report.departments,
        divisions=report.divisions,
        candidates=likely.listed,
        blind_spots=blind_spots(found.rows, places, sources),
        sources=sources,
        policy=_policy_report(rules.policy, report.by_rule, period),
        warnings=(*likely.notes, *rules.notes, *directory.warnings, *rules.policy.warnings),
    )
    if frame.previous is None:
        return result
    return result.model_copy(update={"change": change_since(frame.previous, result)})


def _catalogue(rules: Rules, directory: Directory, places: Mapping[str, HidingPlace], labels: Labels) -> Catalogue:
    policy = rules.policy
    upload = policy.limits.upload
    return Catalogue(
        judge=Judge(rules.facts, policy.status_of, directory.lineage, policy.asks),
        alternative=policy.alternative_for,
        risk=policy.risk_of,
        limits=Limits(upload.request, upload.connection),
        labels=labels,
        places=places,
    )


def _policy_report(policy: Policy, by_rule: Mapping[int, int], period: Period) -> PolicyReport:
    ends = policy.exceptions(date.fromisoformat(period.end[:10])) if period.end else ()
    return PolicyReport(
        digest=policy.digest,
        default=policy.file.default,
        rules=tuple(
            RuleReport(
                number=rule.number,
                status=rule.status,
                what=rule.what,
                whom=" ".join(filter(None, (rule.whom, rule.use))),
                starts=rule.starts.isoformat() if rule.starts else None,
                until=rule.until.isoformat() if rule.until else None,
                owner=rule.owner,
                reason=rule.reason,
                sessions=by_rule.get(rule.number, 0),
            )
            for rule in policy.rules
        ),
        exceptions=tuple(PolicyException(rule=one.rule.number, days_left=one.days_left) for one in ends),
    )


def _period(sources: tuple[SourceReport, ...], since: int | None, until: int | None) -> Period:
    """Give the time from the first to the last record, as far as it lies within the bounds; nothing where none does."""
    starts = [one.first for one in sources if one.first]
    ends = [one.last for one in sources if one.last]
    if not starts or not ends:
        return Period(start=None, end=None)
    start = max(min(starts), iso_time(since) or "")
    end = max(ends) if until is None else min(max(ends), iso_time(until - 1) or "")
    return Period(start=start, end=end) if start <= end else Period(start=None, end=None)


def _days(period: Period) -> tuple[int, int] | None:
    """Give the first and last day of a period, since 1970-01-01 UTC."""
    if period.start is None or period.end is None:
        return None
    first, last = (date.fromisoformat(moment[:10]).toordinal() - EPOCH for moment in (period.start, period.end))
    return first, last
