"""What a capture, or a part of it, leaves open: flows, what was seen on them, and the names that clients were told.

Big captures are read in parts and rings of files one by one, each by itself; a flow that runs across is settled when
the ledgers have been put together. Settling gives the observations that need the whole flow: contacts with their bytes,
flows that only a DNS answer names, and flows that hide what they are for.
"""

from __future__ import annotations

import ipaddress
import socket
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from shadowai.captures.candidates import EPHEMERAL, TLS_DNS_PORT, WELL_KNOWN
from shadowai.captures.lookups import MAX_ROWS, Asked, Lookups
from shadowai.captures.names import host_of_name
from shadowai.model import Evidence, Hidden, Kind, Observation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from shadowai.captures.flows import Flow, Volume

ADDRESSES_CACHED = 65_536
IPV4_BYTES, IPV6_BYTES, PORT_BYTES = 4, 16, 2
SPACE = 1 << 32  # sequence numbers
HTTPS_PORT = 443
MAX_TURNS = 64  # of one flow
MAX_NAMELESS = 262_144  # flows that nothing names, of all parts together, the largest
NAMELESS = "flows that nothing names, beyond the largest, so that their servers stay unknown"
UNSIZED = "flows beyond those whose bytes are counted, so that their contacts have none"
PASSED_OVER = "packets of flows beyond those that are told apart, which were passed over"
READ_ON = 1 << 20  # bytes of one stream that are read behind a part at the most


class Turn(NamedTuple):
    """A stretch of a flow that concerns one host: what began it, and where in the two streams.

    `sent` and `received` are the sequence and acknowledgment number of the packet that began it, None over UDP. `back`
    says that the client is the greater end of the flow. Without a host in `seen` the client spoke TLS or QUIC and named
    no server.
    """

    seen: Observation
    back: bool
    sent: int | None = None
    received: int | None = None


@dataclass(slots=True)
class Entry:
    """A flow in the ledger, and its turns in order."""

    flow: Flow
    turns: list[Turn] = field(default_factory=list)

    def join(self, later: Entry) -> None:
        """Go on with what a later part saw of the same flow."""
        there, again = later.flow.there, later.flow.again
        self.flow = replace(self.flow, there=self.flow.there.join(there), again=self.flow.again.join(again))
        last = self.turns[-1] if self.turns else None
        self.turns += [turn for turn in later.turns if last is None or not _is_told(last, turn)]


@dataclass(slots=True)
class Ledger:
    """The open flows of a capture by key, and its DNS answers.

    `named` holds the keys of flows that are told of already or that something of no interest named, `closed` flows
    whose ports served another one later, `beyond` counts what there was no room for, by what it was.
    """

    dataset: str
    file: str
    entries: dict[bytes, Entry] = field(default_factory=dict)
    closed: list[Entry] = field(default_factory=list)
    named: set[bytes] = field(default_factory=set)
    lookups: Lookups = field(default_factory=Lookups)
    beyond: Counter[str] = field(default_factory=Counter)

    def add(self, entry: Entry) -> None:
        """Take in a flow; one before it on the same addresses and ports is over."""
        known = self.entries.get(entry.flow.key)
        if known is not None:
            self.closed.append(known)
        self.entries[entry.flow.key] = entry

    def join(self, later: Ledger) -> None:
        """Go on with the ledger of the part that follows."""
        first = {entry.flow.key: entry for entry in (*later.closed[::-1], *later.entries.values())}
        first |= {entry.flow.key: entry for entry in later.closed[::-1]}
        for entry in (*later.closed, *later.entries.values()):
            known = self.entries.get(entry.flow.key)
            # Over UDP (0 at the key's end) any flight of a handshake may look like a beginning, and none ends a flow.
            goes_on = entry is first[entry.flow.key] and not (entry.flow.is_fresh and entry.flow.key[-1])
            if known is not None and goes_on:
                known.join(entry)
            else:
                self.add(entry)
        self.named |= later.named
        self.lookups.merge(later.lookups)
        self.beyond.update(later.beyond)
        self._trim()

    def _trim(self) -> None:
        """Keep, of the flows that nothing names, the largest; of those before them on the same ports, none."""
        nameless = [entry for entry in self.entries.values() if not entry.turns]
        if len(nameless) <= MAX_NAMELESS:
            return
        nameless.sort(key=lambda entry: (-entry.flow.there.payload - entry.flow.again.payload, entry.flow.key))
        for entry in nameless[MAX_NAMELESS // 2 :]:
            del self.entries[entry.flow.key]
        kept = [entry for entry in self.closed if entry.turns]
        self.beyond[NAMELESS] += len(nameless) - MAX_NAMELESS // 2 + len(self.closed) - len(kept)
        self.closed = kept

    def notes(self) -> Iterator[str]:
        """Say what more the flows could have been named after."""
        if self.lookups.dropped:
            beyond = f"DNS answers beyond the {MAX_ROWS:,} that are remembered"
            yield f"{beyond}, so that flows may lack a name: {self.lookups.dropped:,}"
        yield from (f"{what}: {count:,}" for what, count in sorted(self.beyond.items()) if count)

    def settle(self) -> Iterator[Observation]:
        """Give the observations of all flows."""
        return self.settled((*self.closed, *self.entries.values()))

    def settled(self, entries: Iterable[Entry]) -> Iterator[Observation]:
        """Give the observations of flows; those of flows that name nobody come last."""
        nameless: list[_Nameless] = []
        for entry in entries:
            named = [turn for turn in entry.turns if turn.seen.host is not None or turn.seen.hidden is not None]
            if named:
                yield from _with_bytes(entry.flow, named)
            elif entry.flow.key not in self.named and (entry.flow.there.payload or entry.flow.again.payload):
                nameless.append(_nameless(entry.flow, entry.turns[0] if entry.turns else None))
        names = self.lookups.names_of([Asked(one.client.packed, one.server.packed, one.flow.start) for one in nameless])
        for one, name in zip(nameless, names, strict=True):
            yield from self._unnamed(one, name)

    def _unnamed(self, one: _Nameless, name: bytes | None) -> Iterator[Observation]:
        """Name a flow by the client's own DNS answer; else say that it hides, or give its address alone."""
        host = host_of_name(name) if name else None
        if host is None and not is_public(one.server.text):
            return
        yield Observation(
            evidence=Evidence.ADDRESS,
            kind=Kind.CAPTURE,
            dataset=self.dataset,
            file=self.file,
            host=host,
            time=one.flow.start,
            source_ip=one.client.text,
            source_port=one.client.port,
            destination_ip=one.server.text,
            destination_port=one.server.port,
            bytes_up=one.up.payload,
            bytes_down=one.down.payload,
            wire_up=one.up.wire,
            wire_down=one.down.wire,
            packet=one.flow.packet,
            hidden=_hidden(one, host),
            handshake=one.silent.seen.handshake if one.silent else None,
        )


def _hidden(one: _Nameless, host: str | None) -> Hidden | None:
    """Say what a flow hides that nothing in itself names: by its port where its beginning was not seen."""
    if one.server.port == TLS_DNS_PORT:
        return Hidden.DNS_OVER_TLS if one.flow.key[-1] else Hidden.DNS_OVER_QUIC
    is_secret = one.silent is not None or one.server.port == HTTPS_PORT
    return Hidden.NO_NAME if host is None and is_secret else None


class _End(NamedTuple):
    packed: bytes
    port: int

    @property
    def text(self) -> str:
        return address(self.packed)


class _Nameless(NamedTuple):
    """A flow that names nobody, by its ends; `silent` is its hello, where it had one."""

    flow: Flow
    silent: Turn | None
    client: _End
    server: _End
    up: Volume
    down: Volume


def _nameless(flow: Flow, silent: Turn | None) -> _Nameless:
    """Tell client and server: by who said hello, by who opened, by the port, else by who spoke first."""
    size = IPV6_BYTES if len(flow.key) > 2 * (IPV6_BYTES + PORT_BYTES) else IPV4_BYTES
    step = size + PORT_BYTES
    lesser, greater = (
        _End(flow.key[at : at + size], int.from_bytes(flow.key[at + size : at + step], "big")) for at in (0, step)
    )
    if silent is not None:
        back = silent.back
    elif not flow.is_fresh and (port := _server_port(lesser.port, greater.port)) is not None:
        back = lesser.port == port
    else:
        back = flow.from_greater
    if back:
        return _Nameless(flow, silent, greater, lesser, flow.again, flow.there)
    return _Nameless(flow, silent, lesser, greater, flow.there, flow.again)


def _server_port(one: int, other: int) -> int | None:
    """Tell by the ports alone which end of a flow is the server's; None where they do not tell."""
    for limit in (WELL_KNOWN, EPHEMERAL):
        if (one < limit) != (other < limit):
            return min(one, other)
    return None


def _with_bytes(flow: Flow, turns: Sequence[Turn]) -> Iterator[Observation]:
    """Give the turns of a flow with their shares of its bytes.

    The last turn has what the others leave. Wire bytes cannot be shared out, so only a flow of one turn has them, and
    neither can those of datagrams, which nothing numbers. What a later part saw of the host of the turn before has
    none, as where the flow is read in one.
    """
    yield from (turn.seen for last, turn in pairwise(turns) if turn.seen.host == last.seen.host)
    turns = [
        turn for last, turn in zip([None, *turns], turns, strict=False) if not last or turn.seen.host != last.seen.host
    ]
    if len(turns) > 1 and not flow.key[-1]:
        yield from (turn.seen for turn in turns)
        return
    up, down = (flow.again, flow.there) if turns[0].back else (flow.there, flow.again)
    left_up, left_down = up.payload, down.payload
    for turn, following in zip(turns, [*turns[1:], None], strict=True):
        sent, received = left_up, left_down
        if following is not None:
            sent = min(sent, _ahead(turn.sent, following.sent))
            received = min(received, _ahead(turn.received, following.received))
        left_up, left_down = left_up - sent, left_down - received
        alone = len(turns) == 1
        yield replace(
            turn.seen,
            bytes_up=sent,
            bytes_down=received,
            wire_up=up.wire if alone else None,
            wire_down=down.wire if alone else None,
        )


def _is_told(last: Turn, turn: Turn) -> bool:
    """Say whether an earlier part told a turn already: that the flow hides, or a message to whose end it read on."""
    if turn.seen.hidden and (turn.seen.hidden, turn.seen.host) == (last.seen.hidden, last.seen.host):
        return True
    if last.sent is None and turn.sent is None:  # over UDP the same hello was sent again, or answered a Retry
        return (turn.seen.evidence, turn.seen.host, turn.back) == (last.seen.evidence, last.seen.host, last.back)
    if last.sent is None or turn.sent is None or last.back != turn.back:
        return False
    return (last.sent - turn.sent) % SPACE < READ_ON


def _ahead(here: int | None, there: int | None) -> int:
    """Give how many bytes lie between two places of a stream; none where they cannot be told."""
    if here is None or there is None:
        return 0
    ahead = (there - here) % SPACE
    return ahead if ahead < SPACE // 2 else 0


@lru_cache(maxsize=ADDRESSES_CACHED)
def address(packed: bytes) -> str:
    """Write an address as text."""
    return socket.inet_ntop(socket.AF_INET if len(packed) == IPV4_BYTES else socket.AF_INET6, packed)


@lru_cache(maxsize=ADDRESSES_CACHED)
def is_public(text: str) -> bool:
    """Say whether an address is one of the internet's hosts."""
    found = ipaddress.ip_address(text)
    return found.is_global and not found.is_multicast
