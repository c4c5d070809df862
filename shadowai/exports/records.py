"""The result document as records: one a department and service, person, candidate, blind spot, exception and source.

Field names follow the Elastic Common Schema 8.11; what it lacks stands under `shadowai.*`. Divisions are left out:
their figures hold those of their departments once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shadowai.exports.record import (
    SEVERITY_OF_RISK,
    Fields,
    Record,
    Severity,
    counted,
    identity,
    known,
    milliseconds,
    rfc3339,
)
from shadowai.model import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from shadowai.provenance import SourceReport
    from shadowai.result import (
        BlindSpot,
        Candidate,
        DepartmentUse,
        PersonUse,
        PolicyException,
        PolicyReport,
        Result,
        ServiceUse,
    )

KINDS = ("use", "person", "candidate", "blind-spot", "exception", "source")
"""What there is in a result; `alert` is one kind more, which is made of two of them."""

ECS_VERSION = "8.11.0"
_TITLES = {
    Status.SANCTIONED: "Sanctioned AI use",
    Status.TOLERATED: "Tolerated AI use",
    Status.UNDER_REVIEW: "AI use under review",
    Status.UNSANCTIONED: "Unsanctioned AI use",
    Status.PROHIBITED: "Prohibited AI use",
}
_BAD = (Status.UNSANCTIONED, Status.PROHIBITED)


@dataclass(frozen=True, slots=True)
class Frame:
    """What the records of one result share: when it was made (ms since 1970, UTC), its period, and what it is called.

    `occasion` is what the period is called where it still grows, such as `2026-11`: then a finding keeps its id from
    night to night.
    """

    made: int
    start: str | None = None
    end: str | None = None
    occasion: str | None = None
    generator: str = "shadowai"
    signatures: str | None = None

    @property
    def name(self) -> str:
        """What findings of this period have in their ids."""
        return self.occasion or f"{self.start}/{self.end}"


@dataclass(frozen=True, slots=True)
class Draft:
    """A record without what the frame adds. `about` is what its id is made of, `first` and `last` when it was seen."""

    kind: str
    about: tuple[str | None, ...]
    severity: Severity
    title: str
    message: str
    event: Fields
    fields: Fields
    first: str | None = None
    last: str | None = None


def frame_of(result: Result, made: int, occasion: str | None = None) -> Frame:
    """Give what the records of a result share; `made` is a clock's reading in ms, for what has no time of its own."""
    period, signatures = result.period, result.signatures.version
    return Frame(made, period.start, period.end, occasion, result.generator, signatures)


def records_of(
    result: Result, frame: Frame, kinds: Collection[str] = KINDS, least: Status = Status.SANCTIONED
) -> Iterator[Record]:
    """Make records of a result: those kinds, and of uses those of a status of `least` or graver."""
    for kind in KINDS:
        if kind in kinds:
            for draft in _DRAFTS[kind](result):
                status = draft.fields.get("status")
                if status is None or Status(status).gravity >= least.gravity:
                    yield finish(draft, frame)


def finish(draft: Draft, frame: Frame) -> Record:
    """Make a record of a draft, with an id and with what the frame adds."""
    time = next((ms for ms in map(milliseconds, (draft.last, frame.end)) if ms is not None), frame.made)
    uid = identity(draft.kind, frame.name, *draft.about)
    document = {
        "@timestamp": rfc3339(time),
        "ecs": {"version": ECS_VERSION},
        "event": {
            "id": uid,
            "module": "shadowai",
            "dataset": f"shadowai.{draft.kind.replace('-', '_')}",
            "category": ["network"],
            "type": ["info"],
            "severity": int(draft.severity),
            "start": draft.first,
            "end": draft.last,
            **draft.event,
        },
        "message": draft.message,
        "observer": {"vendor": "shadowai", "product": "shadowai", "type": "scanner", "version": _version(frame)},
        **draft.fields.pop("top", {}),
        "shadowai": {
            **draft.fields,
            "period": {"start": frame.start, "end": frame.end, "name": frame.occasion},
            "signatures": {"version": frame.signatures},
        },
    }
    fields = known(document)
    return Record(draft.kind, uid, time, draft.severity, known(draft.title), fields["message"], fields)


def _version(frame: Frame) -> str:
    return frame.generator.removeprefix("shadowai ")


def _uses(result: Result) -> Iterator[Draft]:
    for department in result.departments:
        for use in department.services:
            yield _use(department, use)


def _people(number: int) -> str:
    return counted(number, "person", "people")


def _use(department: DepartmentUse, use: ServiceUse) -> Draft:
    in_use = use.proven and use.sessions > 0
    severity = SEVERITY_OF_RISK[use.risk] if in_use and use.status is not Status.SANCTIONED else Severity.INFORMATIONAL
    title = f"{_what(use)}: {use.name} in {department.name}"
    message = f"{title}: {_people(use.people)}, {counted(use.sessions, 'session')}, status {use.status}"
    if use.blocked:
        message += f", {counted(use.blocked, 'request')} blocked"
    event = {
        "kind": "alert" if in_use and use.status in _BAD else "state",
        "risk_score": use.score.points if use.score else None,
        "reason": "; ".join(use.risk_reasons) or None,
    }
    fields: Fields = {
        "top": {
            "source": {"bytes": use.bytes_up},
            "destination": {"bytes": use.bytes_down},
            "rule": {"id": None if use.rule is None else str(use.rule), "description": use.status_reason},
        },
        "department": _department(department),
        "service": use.model_dump(include={"id", "name", "vendor", "country", "category"}),
        "status": use.status.value,
        "owner": use.status_owner,
        "until": use.status_until,
        "alternative": use.alternative,
        "risk": use.risk,
        **use.model_dump(include=_FIGURES, mode="json"),
        "uses": use.uses.model_dump(),
    }
    about = (department.name, use.id)
    return Draft("use", about, severity, title, message, event, fields, use.first_seen, use.last_seen)


_FIGURES = {
    "proven",
    "people",
    "people_dns_only",
    "sessions",
    "blocked",
    "confidence",
    "evidence",
    "account",
    "roles",
}


def _what(use: ServiceUse) -> str:
    """Say what a row proves, and no more: a look-up is no use, and a blocked request neither."""
    if use.proven and use.sessions:
        return _TITLES[use.status]
    if use.sessions or any(count for kind, count in use.evidence if kind != "dns"):
        return "AI-capable service contacted, use not proven"
    if use.people_dns_only:
        return "AI service looked up"
    return "AI service blocked" if use.blocked else "AI-capable service contacted, use not proven"


def _department(department: DepartmentUse) -> Fields:
    return {"name": department.name, "parent": department.parent, "headcount": department.headcount}


def _persons(result: Result) -> Iterator[Draft]:
    for department in result.departments:
        for person in department.persons:
            yield _person(department, person)


def _person(department: DepartmentUse, person: PersonUse) -> Draft:
    title = f"AI use by {person.label} of {department.name}"
    message = f"{title}: {counted(person.services, 'service')}, {person.services_unsanctioned} of them unsanctioned"
    fields: Fields = {
        "top": {"source": {"bytes": person.bytes_up}},
        "department": _department(department),
        "person": {"label": person.label},
        "services": person.services,
        "services_unsanctioned": person.services_unsanctioned,
        "sessions": person.sessions,
    }
    event = {"kind": "state", "risk_score": person.score.points}
    severity = Severity.LOW if person.services_unsanctioned else Severity.INFORMATIONAL
    about = (department.name, person.label)
    return Draft("person", about, severity, title, message, event, fields, None, person.last_seen)


def _candidates(result: Result) -> Iterator[Draft]:
    return map(_candidate, result.candidates)


def _candidate(one: Candidate) -> Draft:
    title = f"Host that looks like an unknown AI service: {one.host}"
    fields: Fields = {
        "top": {"url": {"domain": one.host}},
        "candidate": {"score": one.score, "detections": one.detections, "reasons": one.reasons},
        "people": one.people,
        "departments": one.departments,
    }
    event = {"kind": "state", "reason": one.reason}
    message = f"{title} ({one.reason}): {_people(one.people)}"
    about = (one.host,)
    return Draft("candidate", about, Severity.LOW, title, message, event, fields, one.first_seen, one.last_seen)


def _blind_spots(result: Result) -> Iterator[Draft]:
    return map(_blind_spot, result.blind_spots)


def _blind_spot(one: BlindSpot) -> Draft:
    title = f"AI use could hide: {one.kind} {one.name}"
    fields: Fields = {
        "top": {"source": {"bytes": one.bytes_up}, "destination": {"bytes": one.bytes_down}},
        "blind_spot": one.model_dump(include={"kind", "name", "detail", "count", "unit", "servers"}),
        "people": one.people,
        "departments": one.departments,
    }
    message = f"{title}: {one.count} {one.unit}. {one.detail}".strip()
    event = {"kind": "state", "reason": one.detail or None}
    return Draft("blind-spot", (one.kind, one.name), Severity.INFORMATIONAL, title, message, event, fields)


def _exceptions(result: Result) -> Iterator[Draft]:
    policy = result.policy
    return (_exception(policy, one) for one in policy.exceptions) if policy else iter(())


def _exception(policy: PolicyReport, one: PolicyException) -> Draft:
    rule = next(rule for rule in policy.rules if rule.number == one.rule)
    ended = one.days_left < 0
    title = f"Rule {one.rule} of the policy {'has ended' if ended else 'ends soon'}"
    fields: Fields = {
        "top": {"rule": {"id": str(one.rule), "name": f"{rule.what} for {rule.whom}", "description": rule.reason}},
        "owner": rule.owner,
        "until": rule.until,
        "days_left": one.days_left,
        "sessions": rule.sessions,
    }
    message = f"{title} ({rule.until}): {rule.status} {rule.what} for {rule.whom}"
    severity = Severity.LOW if ended else Severity.INFORMATIONAL
    about = (str(one.rule), rule.what, rule.whom, rule.until)
    return Draft("exception", about, severity, title, message, {"kind": "state"}, fields)


def _sources(result: Result) -> Iterator[Draft]:
    return map(_source, result.sources)


def _source(one: SourceReport) -> Draft:
    bad = bool(one.error or one.broken)
    title = f"Source {'with problems' if bad else 'read'}: {one.path}"
    fields: Fields = {
        "top": {"log": {"file": {"path": one.path}}, "error": {"message": one.error}},
        "source": {
            **one.model_dump(include={"format", "kind", "records", "parsed", "broken", "skipped", "warnings"}),
            "silent": [span.model_dump() for span in one.silent],
        },
    }
    message = f"{title}: {counted(one.records, 'record')}, {one.parsed} read in full, {one.broken} broken"
    if one.error:
        message += f"; {one.error}"
    event = {"kind": "pipeline_error" if bad else "state"}
    severity = Severity.MEDIUM if one.error else Severity.LOW if bad else Severity.INFORMATIONAL
    return Draft("source", (one.path,), severity, title, message, event, fields, one.first, one.last)


_DRAFTS: dict[str, Callable[[Result], Iterable[Draft]]] = {
    "use": _uses,
    "person": _persons,
    "candidate": _candidates,
    "blind-spot": _blind_spots,
    "exception": _exceptions,
    "source": _sources,
}
