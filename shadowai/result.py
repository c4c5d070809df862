"""The result document: everything a scan found, and the only thing that renderers know.

Frozen, unknown keys refused, JSON round trip. Its JSON Schema is published as docs/result.schema.json. It holds no
clock reading, and paths as the user wrote them, so that two runs on the same inputs give the same bytes.
"""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from shadowai.model import Role, Status
from shadowai.provenance import Origin, Part, Period, SignatureVersion, SourceReport
from shadowai.verdicts import Sensitivity

RiskLevel = Literal["low", "medium", "high", "critical"]


class ScorePart(Part):
    """One part of a score: what is judged, with how many points of how many, why, and where that stands."""

    name: str
    points: float
    of: float
    says: str
    reference: str | None = None


class Score(Part):
    """A number with what it is made of: `points` of `of`, the sum of its parts, and which facts are missing."""

    points: float
    of: float
    parts: tuple[ScorePart, ...] = ()
    missing: tuple[str, ...] = ()


class EvidenceCounts(Part):
    """Detections that were not denied, by evidence."""

    dns: int = 0
    tls: int = 0
    quic: int = 0
    http: int = 0
    proxy: int = 0
    firewall: int = 0
    address: int = 0


class AccountCounts(Part):
    """Sessions by the account that was used; `work` are those of `unknown` with some organisation's account."""

    sanctioned_tenant: int = 0
    personal: int = 0
    signed_out: int = 0
    unknown: int = 0
    work: int = 0


class UseCounts(Part):
    """Sessions by kind of use. Each has one kind; `upload` counts those among them that sent much at once.

    `background` are runs of machine traffic alone: they are no sessions and count nowhere else.
    """

    chat: int = 0
    code: int = 0
    api: int = 0
    agent: int = 0
    download: int = 0
    unknown: int = 0
    upload: int = 0
    background: int = 0


class StatusCounts(Part):
    """Sessions by what the policy said of them when they began."""

    sanctioned: int = 0
    tolerated: int = 0
    under_review: int = 0
    unsanctioned: int = 0
    prohibited: int = 0


class DayUse(Part):
    """One day's (UTC, YYYY-MM-DD) use of a service: distinct people, and sessions begun, by status."""

    day: str
    people: int
    sessions: int
    bytes_up: int | None
    statuses: StatusCounts = StatusCounts()


class HourUse(Part):
    """One hour's (UTC, `2026-11-17T09`) use of a service: sessions begun, by status."""

    hour: str
    sessions: int
    statuses: StatusCounts = StatusCounts()


class ServiceUse(Part):
    """One department's use of one service.

    `proven` is False where only shared or embedded hosts were met: "AI-capable, use not proven", and the row stays out
    of the headline. `people` have contact evidence, `people_dns_only` only looked the name up, `blocked` requests were
    denied and are never use. Bytes are None where no source could tell them; `sessions_with_bytes_up` says how many
    sessions could. `status` is the gravest of the sessions' and `rule` the number of the policy's rule that says so,
    None for its default. `hours` are told where all sessions of the report begin within two days. `score` (of 100) is
    the risk of this use, `service_risk` (of 10) that of the service.
    """

    id: str
    name: str
    vendor: str
    country: str
    category: str
    category_name: str
    summary: str
    status: Status
    status_reason: str | None = None
    status_owner: str | None = None
    status_until: str | None = None
    alternative: str | None = None
    risk: RiskLevel
    risk_reasons: tuple[str, ...]
    proven: bool
    people: int
    people_dns_only: int
    sessions: int
    sessions_with_bytes_up: int
    blocked: int
    bytes_up: int | None
    bytes_down: int | None
    first_seen: str | None
    last_seen: str | None
    roles: tuple[Role, ...]
    evidence: EvidenceCounts
    account: AccountCounts
    confidence: int = Field(ge=0, le=100)
    days: tuple[DayUse, ...] = ()
    hours: tuple[HourUse, ...] = ()
    rule: int | None = None
    statuses: StatusCounts = StatusCounts()
    uses: UseCounts = UseCounts()
    use_reasons: tuple[str, ...] = ()
    account_reasons: tuple[str, ...] = ()
    score: Score | None = None
    service_risk: Score | None = None
    origins: tuple[Origin, ...] = ()


class Totals(Part):
    """Headline numbers over proven use: a person counts once however many services were used.

    `unsanctioned` means status unsanctioned or prohibited. Services that were only looked up are not in `services`.
    """

    people: int
    services: int
    sessions: int
    bytes_up: int | None
    people_unsanctioned: int
    services_unsanctioned: int
    sessions_unsanctioned: int
    bytes_up_unsanctioned: int | None
    people_dns_only: int
    blocked: int


class PersonUse(Part):
    """One person or device of a department, worst first: under a pseudonym unless names were asked for."""

    label: str
    services: int
    services_unsanctioned: int
    sessions: int
    bytes_up: int | None
    last_seen: str | None
    score: Score


class HiddenPart(Part):
    """One way in which a department's traffic hides what it is for."""

    kind: str
    name: str
    requests: int
    people: int
    bytes: int | None


class HiddenShare(Part):
    """How much of a department's traffic could hide AI use.

    `percent` is of what was looked at closely: contacts with AI services, candidates and hiding places, by bytes where
    all of them tell bytes (`measure` says which), None where nothing was. `sentence` says it in words.
    """

    percent: float | None
    measure: Literal["bytes", "requests"]
    sentence: str
    parts: tuple[HiddenPart, ...] = ()


class DepartmentUse(Part):
    """One department: its size where known, its headline and its services, worst first.

    In `Result.divisions` it is a department together with those below it, which `below` names.
    """

    name: str
    slug: str
    headcount: int | None
    people: int
    head: str | None = None
    totals: Totals
    services: tuple[ServiceUse, ...]
    email: str | None = None
    parent: str | None = None
    below: tuple[str, ...] = ()
    sensitivity: Sensitivity = Sensitivity.NORMAL
    score: Score | None = None
    hidden: HiddenShare | None = None
    persons: tuple[PersonUse, ...] = ()


class Candidate(Part):
    """A host that looks like AI but is in no signature."""

    host: str
    reason: str
    people: int
    detections: int
    departments: tuple[str, ...]
    first_seen: str | None
    last_seen: str | None
    score: int = 0
    reasons: tuple[str, ...] = ()


class BlindSpot(Part):
    """Traffic in which AI use could hide.

    `kind` is one of encrypted-dns, vpn, tunnel, ech, no-name, unknown-quic, no-client-identity, unknown-department,
    shared-address, conflicting-identity, unnamed-address, unparsed-records. `count` is in `unit`s (requests, records,
    connections). `servers` are the addresses behind it that most data went to, `bytes_up` and `bytes_down` what passed,
    where known.
    """

    kind: str
    name: str
    detail: str
    count: int
    unit: str
    people: int | None = None
    departments: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    bytes_up: int | None = None
    bytes_down: int | None = None


class RuleReport(Part):
    """One rule of the policy: what and whom it is about in words, and how many sessions it decided."""

    number: int
    status: Status
    what: str
    whom: str
    starts: str | None = None
    until: str | None = None
    owner: str | None = None
    reason: str | None = None
    sessions: int = 0


class PolicyException(Part):
    """A rule that ends soon after the period, or has ended: `days_left` from the period's end, below 0 where past."""

    rule: int
    days_left: int


class PolicyReport(Part):
    """The policy that was used: its digest, its default, its rules, and those that end."""

    digest: str
    default: Status
    rules: tuple[RuleReport, ...] = ()
    exceptions: tuple[PolicyException, ...] = ()


class ServiceChange(Part):
    """What became of one department's use of a service since the period before.

    `change` is `new`, `stopped`, `grown` or `shrunk`; where the cause is not the
    people but what we look with, `cause` says so: `signatures` (we could not tell it before) or `coverage` (a source
    fell silent or is new). `before` and `now` are sessions a day.
    """

    department: str
    service: str
    name: str
    status: Status
    change: Literal["new", "stopped", "grown", "shrunk"]
    cause: Literal["use", "signatures", "coverage"]
    before: float
    now: float
    people_before: int
    people_now: int
    says: str


class CoverageChange(Part):
    """A kind of source of which much less, or much more, was read than in the period before: records a day."""

    kind: str
    before: float
    now: float
    says: str


class Change(Part):
    """What changed since the period before. `notes` say what makes the two hard to compare."""

    period: Period
    services: tuple[ServiceChange, ...]
    coverage: tuple[CoverageChange, ...]
    people_before: int
    people_now: int
    notes: tuple[str, ...] = ()


class Result(Part):
    """Everything one scan found. `warnings` are about the user's own files: directory and policy.

    `divisions` are the departments that have others below them, together with those: their figures hold the
    departments' once more. `change` is there where an earlier result was given.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_version: Literal[1] = Field(default=1, alias="schema")
    generator: str
    period: Period
    signatures: SignatureVersion
    totals: Totals
    departments: tuple[DepartmentUse, ...]
    candidates: tuple[Candidate, ...]
    blind_spots: tuple[BlindSpot, ...]
    sources: tuple[SourceReport, ...]
    warnings: tuple[str, ...] = ()
    divisions: tuple[DepartmentUse, ...] = ()
    policy: PolicyReport | None = None
    change: Change | None = None
