"""The result document: everything a scan found, and the only thing that renderers know.

Frozen, unknown keys refused, JSON round trip. Its JSON Schema is published as docs/result.schema.json. It holds no
clock reading, and paths as the user wrote them, so that two runs on the same inputs give the same bytes.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shadowai.model import Role, Status

RiskLevel = Literal["low", "medium", "high", "critical"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Period(_Part):
    """From the first to the last record seen, RFC 3339 UTC; None where no record had a time."""

    start: str | None
    end: str | None


class SignatureVersion(_Part):
    """Which signature database was used: its digest (`version`) and how large it is."""

    version: str
    services: int
    indicators: int


class EvidenceCounts(_Part):
    """Detections that were not denied, by evidence."""

    dns: int = 0
    tls: int = 0
    quic: int = 0
    http: int = 0
    proxy: int = 0
    firewall: int = 0
    address: int = 0


class AccountCounts(_Part):
    """Sessions by the account that was used."""

    sanctioned_tenant: int = 0
    personal: int = 0
    signed_out: int = 0
    unknown: int = 0


class DayUse(_Part):
    """One day's (UTC, YYYY-MM-DD) use of a service: distinct people and sessions begun."""

    day: str
    people: int
    sessions: int
    bytes_up: int | None


class ServiceUse(_Part):
    """One department's use of one service.

    `proven` is False where only shared or embedded hosts were met: "AI-capable, use not proven", and the row stays out
    of the headline. `people` have contact evidence, `people_dns_only` only looked the name up, `blocked` requests were
    denied and are never use. Bytes are None where no source could tell them; `sessions_with_bytes_up` says how many
    sessions could.
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


class Totals(_Part):
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


class DepartmentUse(_Part):
    """One department: its size where known, its headline and its services, worst first."""

    name: str
    slug: str
    headcount: int | None
    people: int
    head: str | None = None
    totals: Totals
    services: tuple[ServiceUse, ...]


class Candidate(_Part):
    """A host that looks like AI but is in no signature."""

    host: str
    reason: str
    people: int
    detections: int
    departments: tuple[str, ...]
    first_seen: str | None
    last_seen: str | None


class BlindSpot(_Part):
    """Traffic in which AI use could hide.

    `kind` is one of encrypted-dns, vpn, tunnel, ech, no-name, unknown-quic, no-client-identity, unknown-department,
    shared-address, conflicting-identity, unparsed-records. `count` is in `unit`s (requests, records, connections).
    `servers` are the addresses behind it that most data went to, `bytes_up` and `bytes_down` what passed, where known.
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


class SourceReport(_Part):
    """What was read of one input. `records` = parsed + skipped + lines without any indicator that were only counted.

    `recognition` says how sure a log's format is: the share of the lines looked at, and which format came next.
    """

    path: str
    format: str | None
    format_name: str | None = None
    recognition: str | None = None
    kind: str | None = None
    records: int
    parsed: int
    skipped: dict[str, int]
    broken: int = 0
    first: str | None
    last: str | None
    error: str | None = None
    warnings: tuple[str, ...] = ()


class Result(_Part):
    """Everything one scan found. `warnings` are about the user's own files: directory and policy."""

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


class InputRecord(_Part):
    """One input as it lay on disk after it was scanned: size in bytes and SHA-256 (hex), None where it has gone."""

    path: str
    size: int | None
    sha256: str | None
    format: str | None
    records: int


class Manifest(_Part):
    """What a report was made from; the digests tell whether two reports are comparable."""

    generator: str
    inputs: tuple[InputRecord, ...]
    signatures: str
    policy: str
    directory: str
