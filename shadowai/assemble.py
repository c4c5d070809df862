"""From merged activity to the result document. What needs pandas is imported here and nowhere else in the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shadowai import GENERATOR
from shadowai.activity.blind_spots import HidingPlace, blind_spots
from shadowai.activity.candidates import candidates
from shadowai.activity.frame import attributed_frame, sightings
from shadowai.activity.usage import Catalogue, usage
from shadowai.model import iso_time
from shadowai.result import Period, Result, SignatureVersion
from shadowai.signatures import Matcher

if TYPE_CHECKING:
    from shadowai.activity.rollup import Activity
    from shadowai.result import SourceReport
    from shadowai.rules import Rules


def assemble(
    activity: Activity,
    sources: tuple[SourceReport, ...],
    rules: Rules,
    *,
    since: int | None = None,
    until: int | None = None,
) -> Result:
    """Attribute the activity, work out usage, candidates and blind spots, and put the document together.

    `since` and `until` (ns, the latter excluded) are the bounds within which the activity was gathered.
    """
    directory = rules.directory.learn(sightings(activity))
    frame = attributed_frame(activity, directory.resolve)
    catalogue = Catalogue(rules.facts, rules.policy.status_of, rules.policy.alternative_for)
    report = usage(frame, catalogue, directory.departments)
    places = {place.id: HidingPlace(place.kind, place.name) for place in rules.database.blind_spots}
    return Result(
        generator=GENERATOR,
        period=_period(sources, since, until),
        signatures=SignatureVersion(
            version=rules.database.digest,
            services=len(rules.database.services),
            indicators=rules.database.indicator_count,
        ),
        totals=report.totals,
        departments=report.departments,
        candidates=candidates(frame, Matcher(rules.database).candidate),
        blind_spots=blind_spots(frame, places, sources),
        sources=sources,
        warnings=directory.warnings,
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
