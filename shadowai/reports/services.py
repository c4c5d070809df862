"""The services in use: a line each, and on demand all that is behind the line."""

from collections.abc import Mapping
from dataclasses import dataclass

from shadowai.model import Status
from shadowai.reports import text, words
from shadowai.reports.language import say
from shadowai.reports.phrases import worded
from shadowai.reports.scores import ScoreView, score_view
from shadowai.reports.trends import Changes, Trend, trend
from shadowai.reports.views import Fact, Mark, mark, what
from shadowai.result import ServiceUse


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """One service of a department that is in use. `keys` are what its columns sort by; -1 where unknown."""

    name: str
    what: str
    mark: Mark
    risk: str
    level: str
    why: str
    risk_reasons: tuple[str, ...]
    score: ScoreView | None
    service_risk: ScoreView | None
    people: str
    sessions: str
    data: str
    account: str
    trend: Trend | None
    instead: str
    facts: tuple[Fact, ...]
    keys: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class BriefRow:
    """One service in use of which only the line is shown, since worse ones fill the table."""

    name: str
    mark: Mark
    people: str
    sessions: str
    data: str


def service_row(service: ServiceUse, names: Mapping[str, str], changes: Changes) -> ServiceRow:
    """Lay out a service in use; `names` are those of all services by id."""
    return ServiceRow(
        name=service.name,
        what=what(service),
        mark=mark(service.status),
        risk=words.risk(service.risk),
        level=service.risk,
        why=words.risk_question(service.risk),
        risk_reasons=tuple(map(text.capital, service.risk_reasons)),
        score=score_view(service.score),
        service_risk=score_view(service.service_risk),
        people=text.users(service.people),
        sessions=text.number(service.sessions),
        data=_data(service),
        account=words.account_verdict(service),
        trend=trend(changes, service.id),
        instead=_instead(service, names),
        facts=_facts(service),
        keys=_keys(service),
    )


def brief_row(service: ServiceUse) -> BriefRow:
    """Lay out a service in use in one line."""
    people, sessions = text.users(service.people), text.number(service.sessions)
    return BriefRow(service.name, mark(service.status), people, sessions, _data(service))


def _data(service: ServiceUse) -> str:
    return text.data(service.bytes_up, service.sessions_with_bytes_up, service.sessions)


def _keys(service: ServiceUse) -> dict[str, float]:
    score = service.score.points if service.score else words.RISK_ORDER.index(service.risk)
    sent = -1 if service.bytes_up is None else service.bytes_up
    return {
        "status": service.status.gravity,
        "risk": score,
        "people": service.people,
        "sessions": service.sessions,
        "data": sent,
    }


def _instead(service: ServiceUse, names: Mapping[str, str]) -> str:
    own_account = service.account.personal + service.account.signed_out
    if service.status is Status.SANCTIONED:
        return say("Keep, but sign in with the company account") if own_account else say("Keep using it")
    if service.alternative:
        return names.get(service.alternative, service.alternative)
    if service.status is Status.TOLERATED:
        return say("Accepted for now")
    if service.status is Status.UNDER_REVIEW:
        return say("Wait for the decision")
    return say("No alternative named yet")


def _facts(service: ServiceUse) -> tuple[Fact, ...]:
    """List what else is known."""
    until = text.day(service.status_until) if service.status_until else ""
    rows = (
        (say("Reason of the policy"), service.status_reason),
        (say("Decided by"), service.status_owner),
        (say("Until"), until),
        (say("Confidence"), _confidence(service)),
        (say("Seen in"), words.evidence(service.evidence)),
        (say("Period"), text.span(service.first_seen, service.last_seen)),
        (say("Used for"), words.uses(service.uses)),
        (say("Why we think so"), "; ".join(map(worded, service.use_reasons))),
        (say("Accounts"), words.accounts(service)),
        (say("How we can tell"), "; ".join(map(worded, service.account_reasons))),
        (say("Statuses"), _statuses(service)),
        (say("Data received"), text.size(service.bytes_down)),
        (say("Only looked it up"), text.people(service.people_dns_only) if service.people_dns_only else ""),
        (say("Blocked before use"), text.requests(service.blocked) if service.blocked else ""),
    )
    return tuple(Fact(name, value) for name, value in rows if value)


def _confidence(service: ServiceUse) -> str:
    word, share = words.confidence(service.confidence), text.percent(service.confidence)
    return say("{word}, {percent}", word=word, percent=share)


def _statuses(service: ServiceUse) -> str:
    """Say how the sessions divide where the policy changed while they went on: the row shows the gravest."""
    counted = [(status, getattr(service.statuses, status.name.lower())) for status in Status]
    some = [(status, number) for status, number in counted if number]
    if len(some) <= 1:
        return ""
    told = [say("{sessions} {status}", sessions=text.sessions(n), status=words.status_inside(one)) for one, n in some]
    return text.listing(told, len(told))
