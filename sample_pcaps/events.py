"""What happens in the morning, as a list of events: the one source of the files and of the expected counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from organisation import Actor

DAY = datetime(2026, 11, 17, tzinfo=UTC)
NANO = 1_000_000_000

Option = str | bool


@dataclass(frozen=True)
class Event:
    """One sighting of one contact by one source.

    `medium` is bind, squid, zscaler, or dns, tls, quic or http in a capture (`place`: office, branch). `time` is in ns
    since the epoch. `up` and `down` are what this source can tell of the bytes, None where it cannot. `named` says
    whether the source records the user.
    """

    medium: str
    time: int
    actor: Actor
    host: str
    path: str = ""
    place: str = ""
    up: int | None = None
    down: int | None = None
    denied: bool = False
    named: bool = False
    options: dict[str, Option] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The client's address: the actor's first one, or the one that the event chose."""
        return str(self.options.get("address") or self.actor.addresses[0])


def at(clock: str) -> int:
    """Nanoseconds since the epoch of HH:MM:SS in the morning of the samples."""
    hours, minutes, seconds = clock.split(":")
    return int(DAY.timestamp() + 3600 * int(hours) + 60 * int(minutes)) * NANO + round(float(seconds) * NANO)


def http_request(host: str, path: str) -> bytes:
    """Give the plain HTTP/1.1 request (RFC 9112) that a browser sends."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "User-Agent: Mozilla/5.0 (X11; Linux x86_64)", "Accept: */*"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@dataclass
class Morning:
    """The script as it is written: each method adds one event."""

    events: list[Event] = field(default_factory=list)

    def lookup(self, actor: Actor, host: str, clock: str, **options: Option) -> None:
        """Add a DNS query seen by the resolver's query log, or with `place` by a capture."""
        place = str(options.pop("place", ""))
        medium = "dns" if place else "bind"
        self.events.append(Event(medium, at(clock), actor, host, place=place, options=options))

    def tls(self, actor: Actor, host: str, clock: str, sizes: tuple[int, int], **options: Option) -> None:
        """Add a TLS connection in a capture with its payload bytes (up, down)."""
        place = str(options.pop("place", "office"))
        up, down = sizes
        self.events.append(Event("tls", at(clock), actor, host, "", place, up, down, options=options))

    def quic(self, actor: Actor, host: str, clock: str, sizes: tuple[int, int], place: str = "office") -> None:
        """Add a QUIC connection in a capture with its payload bytes (up, down)."""
        up, down = sizes
        self.events.append(Event("quic", at(clock), actor, host, "", place, up, down))

    def http(self, actor: Actor, url: str, clock: str, down: int, place: str = "branch") -> None:
        """Add a plain HTTP request in a capture."""
        host, slash, rest = url.partition("/")
        path = slash + rest
        up = len(http_request(host, path))
        self.events.append(Event("http", at(clock), actor, host, path, place, up, down))

    def zscaler(self, actor: Actor, url: str, clock: str, sizes: tuple[int, int], **options: Option) -> None:
        """Add a request logged by the cloud proxy of headquarters, which knows the user and both sizes."""
        denied = bool(options.pop("denied", False))
        host, slash, rest = url.partition("/")
        up, down = sizes
        self.events.append(
            Event("zscaler", at(clock), actor, host, slash + rest, "", up, down, denied, named=True, options=options)
        )

    def squid(self, actor: Actor, url: str, clock: str, down: int, **options: Option) -> None:
        """Add a request logged by the branch's Squid, which knows the size of the answer only.

        `status` is Squid's result code; TCP_DENIED/407 asks for the user's password and is no contact at all.
        """
        status = str(options.setdefault("status", "TCP_TUNNEL/200" if url.endswith(":443") else "TCP_MISS/200"))
        named = actor.login is not None and not status.endswith("/407")
        host, slash, rest = url.removesuffix(":443").partition("/")
        denied = status == "TCP_DENIED/403"
        event = Event("squid", at(clock), actor, host, slash + rest, "", None, down, denied, named, options)
        self.events.append(event)
