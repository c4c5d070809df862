"""What each source recorded of what happened: some lose records, some have a wrong clock, some were down for hours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.organisation.catalogue import ORDINARY, TUNNEL
from support.organisation.clock import HOUR, MICRO, MILLI, MINUTE, SECOND, at, dice
from support.organisation.places import TERMINAL
from support.organisation.visits import login_of

if TYPE_CHECKING:
    import random

    from support.organisation.clock import Size
    from support.organisation.people import Person
    from support.organisation.tenancy import Tenancies
    from support.organisation.visits import Request

_LOOK_UP_BEFORE = 400 * MILLI
_BACKGROUND = 25 * MINUTE  # between two ordinary records of one device in one source
_MAX_CAPTURED = 110_000  # bytes of a connection that the capture keeps
_TLS_HELLO = 700  # bytes that a connection has at least in each direction


@dataclass(frozen=True)
class Source:
    """One file of records. `skew` (ns) is how far its clock is ahead, `loss` the share of the records that it loses.

    `resolution` (ns) is that of its times, `sites` whose traffic passes it. `evidence` is what a record of it shows.
    """

    id: str
    file: str
    evidence: str
    sites: tuple[str, ...]
    resolution: int
    skew: int
    loss: float

    @property
    def kind(self) -> str:
        """Bytes are compared between kinds, never added across them."""
        return "capture" if self.evidence == "tls" else self.evidence


SOURCES = (
    Source("squid", "squid-access.log", "proxy", ("hq", "vpn"), MILLI, 9 * SECOND, 0.02),
    Source("zscaler", "zscaler-web.csv", "proxy", ("branch",), SECOND, 0, 0.02),
    Source("w3c", "works-proxy.log", "proxy", ("works",), SECOND, -4 * SECOND, 0.03),
    Source("bind", "bind-queries.log", "dns", ("hq", "vpn", "guest"), MILLI, -6 * SECOND, 0.05),
    Source("dnsmasq", "dnsmasq.log", "dns", ("branch",), SECOND, 3 * SECOND, 0.05),
    Source("windows", "works-dns.log", "dns", ("works",), SECOND, 0, 0.05),
    Source("hq", "hq.pcap", "tls", ("hq", "guest"), MICRO, 0, 0.05),
    Source("branch", "branch.pcap", "tls", ("branch",), MICRO, 2 * SECOND, 0.05),
)


@dataclass(frozen=True)
class Record:
    """One record of one source, as it is written: `user`, `device` and `path` are what it says, None where nothing.

    `named` is the person whom the user's text names. `request` is what it is about, None for ordinary traffic.
    """

    source: Source
    evidence: str
    time: int
    address: str
    host: str
    path: str | None = None
    user: str | None = None
    device: str | None = None
    up: int | None = None
    down: int | None = None
    denied: bool = False
    named: Person | None = None
    request: Request | None = None

    @property
    def agent(self) -> str | None:
        """The user agent that it tells, None where it tells none."""
        return self.request.agent if self.request and self.source.id in ("zscaler", "w3c") else None


@dataclass(frozen=True)
class Silence:
    """Hours in which a source recorded nothing, though there was traffic (ns, the end excluded)."""

    source: str
    start: int
    end: int

    @property
    def file(self) -> str:
        """Name of the source's file."""
        return next(one.file for one in SOURCES if one.id == self.source)

    @property
    def first(self) -> int:
        """Begin of the first whole hour."""
        return -(-self.start // HOUR) * HOUR

    @property
    def last(self) -> int:
        """End of the last whole hour."""
        return self.end // HOUR * HOUR


def silences(size: Size) -> list[Silence]:
    """Say which sources were down, and when."""
    return [
        Silence("bind", at(size.half, 11), at(size.half, 13.5)),
        Silence("w3c", at(0, 9), at(0, 11)),
    ]


def is_captured(time: int, size: Size) -> bool:
    """Say whether the captures ran at a time: half an hour twice on each working day."""
    return any(at(day, begin) <= time < at(day, begin) + HOUR // 2 for day in size.work_days for begin in (10, 14))


def make_records(seed: int, size: Size, requests: list[Request], tenancies: Tenancies) -> list[Record]:
    """Give everything that the sources kept, in the order of time."""
    rng = dice(seed, "records")
    seen = [record for request in requests for record in _seen(request, size, rng)]
    seen += _ordinary(tenancies, rng)
    down = silences(size)
    kept = [one for one in seen if not _is_lost(one, rng) and not _is_silent(one, down)]
    return sorted(kept, key=lambda one: (one.time, one.source.id, one.address, one.host, one.evidence))


def _is_lost(record: Record, rng: random.Random) -> bool:
    """Lose a record now and then; those of idle pages are kept, for a gap would hide their rhythm."""
    return rng.random() < record.source.loss and not (record.request and record.request.is_idle)


def _is_silent(record: Record, down: list[Silence]) -> bool:
    return any(one.source == record.source.id and one.start <= record.time < one.end for one in down)


def _seen(request: Request, size: Size, rng: random.Random) -> list[Record]:
    """Give what the sources of the site would have recorded of a request."""
    found = []
    before = request.time - _LOOK_UP_BEFORE
    for source in SOURCES:
        if request.site not in source.sites:
            continue
        if request.host == TUNNEL:
            found += [_record(source, TUNNEL, request.time, request)] if source.kind == "capture" else []
        elif source.kind == "dns" and request.asks:
            found.append(_record(source, "dns", before, request))
        elif source.kind == "proxy" and request.contact:
            found.append(_proxied(source, request, rng))
        elif source.kind == "capture" and is_captured(request.time, size):
            if request.asks:
                found.append(_record(source, "dns", before, request))
            if request.contact and not request.denied and request.up + request.down < _MAX_CAPTURED:
                sizes = (request.up + _TLS_HELLO, request.down + _TLS_HELLO)
                found.append(_record(source, "tls", request.time, request, sizes))
    return found


def _record(
    source: Source, evidence: str, time: int, request: Request, sizes: tuple[int | None, int | None] = (None, None)
) -> Record:
    stamp = (time + source.skew) // source.resolution * source.resolution
    return Record(source, evidence, stamp, request.address, request.host, up=sizes[0], down=sizes[1], request=request)


def _proxied(source: Source, request: Request, rng: random.Random) -> Record:
    stamp = (request.time + source.skew) // source.resolution * source.resolution
    user, named = _user(source, request)
    # A tunnel shows the host alone; Squid opens only some of them, and tells no upload.
    opened = source.id != "squid" or rng.random() < 1 / 2
    up = None if source.id == "squid" else request.up + rng.randrange(200, 900)
    return Record(
        source,
        "proxy",
        stamp,
        request.address,
        request.host,
        request.path if opened else None,
        user,
        request.tenure.device.host if source.id == "zscaler" and request.tenure else None,
        up,
        request.down + rng.randrange(200, 900),
        request.denied,
        named,
        request,
    )


def _user(source: Source, request: Request) -> tuple[str | None, Person | None]:
    """Give what a proxy writes of the user, and whom that names; each proxy has its own spelling."""
    if source.id == "w3c" or request.login == "nothing":
        return None, None
    if request.login == "machine":
        return login_of(request), None
    if request.person is None:
        return request.stranger, None
    return spelling(source, request.person, request.address), request.person


def spelling(source: Source, person: Person, address: str) -> str:
    """Give a person's name as a proxy records it."""
    if source.id == "zscaler":
        return person.alias or person.upn
    return person.user if address == TERMINAL or person.seat == "vpn" else person.logon


def _ordinary(tenancies: Tenancies, rng: random.Random) -> list[Record]:
    """Give the traffic that concerns no AI service: most of it."""
    found = []
    for tenure in tenancies.tenures:
        for source in SOURCES:
            if tenure.site not in source.sites or source.kind == "capture":
                continue
            time = tenure.start + rng.randrange(_BACKGROUND)
            while time < tenure.gone:
                found.append(_background(source, tenure.address, time, tenure.device.owner, rng))
                time += rng.randrange(2 * _BACKGROUND)
    return found


def _background(source: Source, address: str, time: int, owner: Person | None, rng: random.Random) -> Record:
    stamp = (time + source.skew) // source.resolution * source.resolution
    host = rng.choice(ORDINARY)
    if source.kind == "dns":
        return Record(source, "dns", stamp, address, host)
    user = spelling(source, owner, address) if owner and source.id != "w3c" else None
    up = None if source.id == "squid" else rng.randrange(500, 4_000)
    path = None if source.id == "squid" else f"/{rng.randrange(1000)}"
    return Record(source, "proxy", stamp, address, host, path, user, None, up, rng.randrange(900, 90_000), named=owner)
