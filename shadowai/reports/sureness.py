"""How sure the figures of a department are, and what limits or is left out of them."""

from collections import Counter
from collections.abc import Sequence

from shadowai.reports import text, trends, words
from shadowai.reports.hidden import hidden_sentence
from shadowai.reports.language import say, say_many
from shadowai.reports.persons import SMALL_GROUP
from shadowai.reports.sections import Sections
from shadowai.result import BlindSpot, Candidate, DepartmentUse, EvidenceCounts, HiddenShare, Result, ServiceUse


def asides(result: Result, department: DepartmentUse, parts: Sections, changes: trends.Changes) -> tuple[str, ...]:
    """Say what limits the headline, and what it does not count."""
    told = (
        _unread(result),
        _headcount(department),
        _not_counted(department, parts),
        trends.not_comparable(changes),
    )
    return tuple(filter(None, told))


def candidates(found: Sequence[Candidate], names: Sequence[str]) -> str:
    """Say which hosts that look like AI were met in some departments; empty without any."""
    own = set(names)
    hosts = [one.host for one in found if own.intersection(one.departments)]
    if not hosts:
        return ""
    return say_many(
        "{number} host looks like AI but is not in our database, so nothing above counts it: {hosts}.",
        "{number} hosts look like AI but are not in our database, so nothing above counts them: {hosts}.",
        len(hosts),
        number=text.number(len(hosts)),
        hosts=text.listing(hosts),
    )


def in_short(parts: Sections, share: HiddenShare | None) -> str:
    """Say in a line how sure the page is: the confidence, and what could be hidden."""
    told = _confidence(parts.in_use) if parts.in_use else say("No use seen is no proof that there was none.")
    return f"{told} {hidden_sentence(share)}"


def sentences(parts: Sections, spots: Sequence[BlindSpot]) -> tuple[str, ...]:
    """Say how sure the figures are, and how they were seen."""
    if not parts.in_use:
        closing = (
            say("The blind spots above are where it could hide.") if spots else say("No blind spot was found either.")
        )
        return (say("No use seen is no proof that there was none. {closing}", closing=closing),)
    sessions = sum(service.sessions for service in parts.in_use)
    measured = sum(service.sessions_with_bytes_up for service in parts.in_use)
    seen: Counter[str] = Counter()
    for service in parts.in_use:
        seen.update(dict(service.evidence))
    return (
        _confidence(parts.in_use),
        say("They were seen in {evidence}.", evidence=words.evidence(EvidenceCounts(**seen))),
        say(
            "The data sent could be measured for {measured} of {sessions}.",
            measured=text.number(measured),
            sessions=text.sessions(sessions),
        ),
    )


def _confidence(in_use: Sequence[ServiceUse]) -> str:
    return words.confidence_of([service.confidence for service in in_use])


def _unread(result: Result) -> str:
    failed = sum(1 for source in result.sources if source.error)
    if not failed:
        return ""
    whole = text.inputs(len(result.sources))
    return say(
        "{failed} of {inputs} could not be read, so use may be missing here.", failed=text.number(failed), inputs=whole
    )


def _headcount(department: DepartmentUse) -> str:
    heads, seen = department.headcount, department.people
    if heads is not None and heads < seen:
        return say(
            "The directory lists {people}, fewer than were seen here; its headcount may be out of date.",
            people=text.people(heads),
        )
    if heads is not None and heads < SMALL_GROUP:
        return say(
            "With {people}, a figure here may point at one person. Please treat this page as confidential.",
            people=text.people(heads),
        )
    return ""


def _not_counted(department: DepartmentUse, parts: Sections) -> str:
    apart = []
    if parts.looked_up:
        apart.append(say("{services} only looked up", services=text.services(len(parts.looked_up))))
    if parts.unproven:
        apart.append(say("{services} whose use is not proven", services=text.services(len(parts.unproven))))
    if department.totals.blocked:
        apart.append(say("{requests} blocked before use", requests=text.requests(department.totals.blocked)))
    return say("Not counted above: {things}.", things=text.listing(apart)) if apart else ""
