"""The words of the project as frozen types: what is read, what is matched, what is merged.

Times are integers, nanoseconds since 1970-01-01 UTC. Byte counts are bytes of the kind that the source counts: for
captures the transport payload, for logs what the vendor's field says. An unknown value is None, never 0 or an empty
string. Field names of what is written out follow the Elastic Common Schema (ECS).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SECOND = 1_000_000_000  # nanoseconds
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_MAX_HOURS = 100_000  # of one source; eleven years of them


class Evidence(StrEnum):
    """How a contact was seen."""

    DNS = "dns"
    TLS = "tls"
    QUIC = "quic"
    HTTP = "http"
    PROXY = "proxy"
    FIREWALL = "firewall"
    ADDRESS = "address"


class Kind(StrEnum):
    """What sort of source an observation comes from; bytes are compared between kinds, never added across them."""

    CAPTURE = "capture"
    DNS = "dns"
    PROXY = "proxy"
    FIREWALL = "firewall"
    SENSOR = "sensor"


class Action(StrEnum):
    """Whether the network let it through (ECS `event.type`)."""

    ALLOWED = "allowed"
    DENIED = "denied"


class Role(StrEnum):
    """What an indicator proves."""

    DEDICATED = "dedicated"
    API = "api"
    SHARED = "shared"
    EMBEDDED = "embedded"
    TELEMETRY = "telemetry"
    CDN = "cdn"
    AUTH = "auth"
    DOWNLOAD = "download"
    DOCS = "docs"


class Status(StrEnum):
    """What the policy says of a service, from welcome to forbidden (members in order of gravity)."""

    SANCTIONED = "sanctioned"
    TOLERATED = "tolerated"
    UNDER_REVIEW = "under-review"
    UNSANCTIONED = "unsanctioned"
    PROHIBITED = "prohibited"

    @property
    def gravity(self) -> int:
        """Rank from 0 (sanctioned) to 4 (prohibited)."""
        return _GRAVITY[self]


_GRAVITY = {status: rank for rank, status in enumerate(Status)}


class Account(StrEnum):
    """Whose account was used, where the traffic tells it.

    `work` is an organisation's account, without a sign of which organisation's.
    """

    SANCTIONED_TENANT = "sanctioned-tenant"
    PERSONAL = "personal"
    SIGNED_OUT = "signed-out"
    WORK = "work"


class Client(StrEnum):
    """What sort of program made a request, as its user agent says."""

    BROWSER = "browser"
    APPLICATION = "application"
    PROGRAM = "program"


class Use(StrEnum):
    """Kind of use, as far as the evidence tells it."""

    CHAT = "chat"
    CODE = "code"
    API = "api"
    AGENT = "agent"
    UPLOAD = "upload"
    DOWNLOAD = "download"
    LOOK_UP = "look-up"
    BACKGROUND = "background"
    UNKNOWN = "unknown"


class Hidden(StrEnum):
    """Why a flow does not show what it is for: the blind spots that a source itself betrays."""

    DNS_OVER_TLS = "dns-over-tls"
    DNS_OVER_QUIC = "dns-over-quic"
    ECH = "ech"
    NO_NAME = "no-name"
    QUIC_VERSION = "unknown-quic-version"
    WIREGUARD = "wireguard"
    OPENVPN = "openvpn"
    IPSEC = "ipsec"
    TOR = "tor"


class Handshake(NamedTuple):
    """What a TLS or QUIC ClientHello says of its client.

    `ja4` is its JA4 fingerprint, `alpn` the protocols it offers, joined by commas, `ech` whether it carries an
    encrypted hello: "grease" for a made-up one, "outer" where the host is the outer name and hides the true one
    (RFC 9849).
    """

    ja4: str | None = None
    alpn: str | None = None
    ech: str | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """One contact seen in a source: who, when, to what, how, how much, and where it was read.

    `host` is the name contacted, normalised by `shadowai.hosts`; `path` the path with its query; `bytes_up` client to
    server, `bytes_total` both ways together where the source tells no more; `wire_up` and `wire_down` count whole
    frames. `offset` is the byte offset of the record in the (decompressed) file, `packet` the packet number from 1.
    `protocol` is what is spoken above HTTP where that is seen ("mcp"), `hidden` why a flow hides what it is for, `flow`
    the id under which its source logs the other records of the same flow, behind its family: `zeek:CHhAvVGS1DHFjwGM9`.
    `tenant` is the customer of the service whose account it was, by the id or domain that the record names; several
    with commas between them.
    """

    evidence: Evidence
    kind: Kind
    dataset: str
    file: str
    host: str | None = None
    time: int | None = None
    source_ip: str | None = None
    source_port: int | None = None
    destination_ip: str | None = None
    destination_port: int | None = None
    user: str | None = None
    device: str | None = None
    path: str | None = None
    method: str | None = None
    user_agent: str | None = None
    action: Action | None = None
    bytes_up: int | None = None
    bytes_down: int | None = None
    offset: int | None = None
    packet: int | None = None
    bytes_total: int | None = None
    wire_up: int | None = None
    wire_down: int | None = None
    protocol: str | None = None
    hidden: Hidden | None = None
    handshake: Handshake | None = None
    flow: str | None = None
    tenant: str | None = None

    def to_ecs(self) -> dict[str, Any]:
        """Give the observation as a nested ECS document; unknown values are absent."""
        return _nest((name, value) for name, value in self.ecs_fields() if value is not None)

    def ecs_fields(self) -> list[tuple[str, Any]]:
        """Give the observation's values under their dotted ECS names, each one of `ECS_FIELDS`."""
        return [
            ("@timestamp", iso_time(self.time)),
            ("event.dataset", self.dataset),
            ("event.type", self.action and self.action.value),
            ("source.ip", self.source_ip),
            ("source.port", self.source_port),
            ("source.bytes", self.bytes_up),
            ("destination.ip", self.destination_ip),
            ("destination.port", self.destination_port),
            ("destination.bytes", self.bytes_down),
            ("network.bytes", self.bytes_total),
            ("network.protocol", self.protocol),
            ("user.name", self.user),
            ("host.name", self.device),
            (_HOST_FIELD.get(self.evidence, "url.domain"), self.host),
            ("url.path", self.path),
            ("http.request.method", self.method),
            ("user_agent.original", self.user_agent),
            ("log.file.path", self.file),
            ("log.offset", self.offset),
            ("shadowai.evidence", self.evidence.value),
            ("shadowai.packet", self.packet),
            ("shadowai.source.wire_bytes", self.wire_up),
            ("shadowai.destination.wire_bytes", self.wire_down),
            ("shadowai.blind_spot", self.hidden and self.hidden.value),
            ("shadowai.tls.ja4", self.handshake and self.handshake.ja4),
            ("shadowai.tls.alpn", self.handshake and self.handshake.alpn),
            ("shadowai.tls.ech", self.handshake and self.handshake.ech),
            ("shadowai.flow", self.flow),
            ("shadowai.tenant", self.tenant),
        ]


ECS_FIELDS = (
    "@timestamp",
    "event.dataset",
    "event.type",
    "shadowai.evidence",
    "source.ip",
    "source.port",
    "source.bytes",
    "destination.ip",
    "destination.port",
    "destination.bytes",
    "network.bytes",
    "network.protocol",
    "user.name",
    "host.name",
    "dns.question.name",
    "tls.client.server_name",
    "url.domain",
    "url.path",
    "http.request.method",
    "user_agent.original",
    "log.file.path",
    "log.offset",
    "shadowai.packet",
    "shadowai.source.wire_bytes",
    "shadowai.destination.wire_bytes",
    "shadowai.blind_spot",
    "shadowai.tls.ja4",
    "shadowai.tls.alpn",
    "shadowai.tls.ech",
    "shadowai.flow",
    "shadowai.tenant",
)
"""Every field an observation can have, in the order of tables."""

_HOST_FIELD = {
    Evidence.DNS: "dns.question.name",
    Evidence.TLS: "tls.client.server_name",
    Evidence.QUIC: "tls.client.server_name",
}


@dataclass(frozen=True, slots=True)
class Skip:
    """A record that gave no observation, and why.

    `reason` is a short slug that is counted. `broken` tells damage (unreadable, reported as an error) from records that
    are fine but not contacts (comments, DNS responses, authentication challenges).
    """

    reason: str
    offset: int | None = None
    packet: int | None = None
    broken: bool = False


class Who(NamedTuple):
    """The raw identity a source gives for a contact; the directory makes a person or device of it later."""

    source_ip: str | None
    user: str | None
    device: str | None


@dataclass(frozen=True, slots=True, order=True)
class Defect:
    """Where the first broken record of its kind lies: byte offset, or packet number for captures."""

    place: int
    is_packet: bool = False


@dataclass(slots=True)
class Tally:
    """What was read of one source. Merging is adding up, so shards may be merged in any order.

    `records` counts every record met, `parsed` those read in full, `skipped` those read in full that gave no
    observation, by reason; what is in none of the last two was counted but not looked at closely (a log line without an
    indicator).
    `broken` counts, among the skipped, those that are damaged; `defects` holds the first of each such reason.
    `first` and `last` are the times of the earliest and latest parsed record, `hours` counts parsed records by hour
    since 1970-01-01 UTC, for the latest 100,000 of them. `formats` counts, for a file whose lines
    are in several formats, the lines that each of them read. `notes` tell the user, in a sentence each, what more could
    have been read of the source.
    """

    records: int = 0
    parsed: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    broken: int = 0
    defects: dict[str, Defect] = field(default_factory=dict)
    first: int | None = None
    last: int | None = None
    formats: Counter[str] = field(default_factory=Counter)
    notes: set[str] = field(default_factory=set)
    hours: Counter[int] = field(default_factory=Counter)

    def see(self, time: int | None) -> None:
        """Count a parsed record and widen the period by its time."""
        self.parsed += 1
        self.widen(time)
        if time is not None:
            self.count_hours({time // HOUR: 1})

    def widen(self, time: int | None) -> None:
        """Widen the period by a time."""
        if time is None:
            return
        self.first = time if self.first is None else min(self.first, time)
        self.last = time if self.last is None else max(self.last, time)

    def count_hours(self, hours: Mapping[int, int]) -> None:
        """Add parsed records by hour."""
        self.hours.update(hours)
        if len(self.hours) > 2 * _MAX_HOURS:
            self.hours = self.latest_hours()

    def latest_hours(self) -> Counter[int]:
        """Give parsed records by hour, of the latest 100,000 hours: whatever was merged, and in whatever order."""
        if len(self.hours) <= _MAX_HOURS:
            return self.hours
        return Counter({hour: self.hours[hour] for hour in sorted(self.hours)[-_MAX_HOURS:]})

    def skip(self, skip: Skip, count: int = 1) -> None:
        """Count a record that gave no observation."""
        self.skipped[skip.reason] += count
        if skip.broken:
            self.broken += count
            place = skip.packet if skip.packet is not None else skip.offset or 0
            defect = Defect(place, skip.packet is not None)
            self.defects[skip.reason] = min(defect, self.defects.get(skip.reason, defect))

    def merge(self, other: Tally) -> None:
        """Add another tally of the same source to this one."""
        self.records += other.records
        self.parsed += other.parsed
        self.skipped.update(other.skipped)
        self.broken += other.broken
        for reason, defect in other.defects.items():
            self.defects[reason] = min(defect, self.defects.get(reason, defect))
        self.widen(other.first)
        self.widen(other.last)
        self.count_hours(other.hours)
        self.formats.update(other.formats)
        self.notes |= other.notes


def iso_time(time: int | None) -> str | None:
    """Write nanoseconds since the epoch as RFC 3339 in UTC with microseconds; None stays None."""
    if time is None:
        return None
    seconds, rest = divmod(time, SECOND)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest // 1000:06d}Z"


def _nest(fields: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, value in fields:
        *parents, leaf = name.split(".")
        place = document
        for parent in parents:
            place = place.setdefault(parent, {})
        place[leaf] = value
    return document
