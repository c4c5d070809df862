"""From the few packets that can name a server to observations."""

from __future__ import annotations

import socket
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from shadowai.captures.candidates import DNS_PORT, Guess
from shadowai.captures.counting import reclassify
from shadowai.captures.dns import is_plain_query, read_questions
from shadowai.captures.http import Request, RequestReader
from shadowai.captures.names import host_of_authority, host_of_name
from shadowai.captures.quic import Connections
from shadowai.captures.streams import Message, Packet, Streams
from shadowai.captures.tls import Hello
from shadowai.model import Evidence, Kind, Observation, Skip, Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shadowai.captures.flows import Flows

ADDRESSES_CACHED = 65_536
IPV4_BYTES = 4
_FAULTS = {Guess.DNS: "dns-invalid", Guess.QUIC: "quic-invalid"}


class _Contact(NamedTuple):
    """What an observation is made of, but for the bytes of its flow."""

    packet: Packet
    evidence: Evidence
    host: str | None
    request: Request | None = None


class Contacts:
    """Makes observations of packets: DNS queries at once, the first of each other flow at the end, with its bytes."""

    def __init__(self, file: str, dataset: str, tally: Tally) -> None:
        self._file = file
        self._dataset = dataset
        self._tally = tally
        self._quic = Connections()
        self._held: dict[int, _Contact] = {}
        self.streams = Streams(tally)

    def feed(self, packet: Packet, guess: Guess) -> Iterator[Observation]:
        """Take a packet and what it may begin with; give the observations that are complete."""
        if packet.is_tcp:
            yield from self._observe(packet, self.streams.feed(packet, guess), Evidence.TLS)
            return
        try:
            if guess == Guess.DNS:
                yield from self._queries(packet, packet.payload, is_sure=packet.destination_port == DNS_PORT)
            elif guess == Guess.QUIC:
                yield from self._observe(packet, self._quic.feed(packet.side, packet.payload), Evidence.QUIC)
            elif guess == Guess.HTTP:
                yield from self._observe(packet, _datagram_request(packet.payload), Evidence.HTTP)
        except ValueError:
            self._reject(guess, packet)

    def finish(self, flows: Flows) -> Iterator[Observation]:
        """Give the observations held, with the bytes of their flows; count what remained incomplete."""
        for contact in self._held.values():
            up, down = flows.bytes_of(contact.packet.side >> 1, back=bool(contact.packet.side & 1))
            yield self._observation(contact, up, down)
        self._held.clear()
        self.streams.finish()
        counts = {
            "reassembly-dropped": self._quic.dropped,
            "incomplete": self._quic.unfinished(),
            "quic-unreadable": self._quic.unreadable,
        }
        for reason, count in counts.items():
            if count:
                reclassify(self._tally, Skip(reason), count)

    def _reject(self, guess: Guess, packet: Packet) -> None:
        reason = "cut-short" if packet.missing else _FAULTS.get(guess)
        if reason is not None:
            reclassify(self._tally, Skip(reason, packet=packet.number))

    def _observe(self, packet: Packet, messages: Iterable[Message], evidence: Evidence) -> Iterator[Observation]:
        for message in messages:
            if isinstance(message, Hello):
                if message.server_name is not None:
                    yield from self._hold(_Contact(packet, evidence, host_of_name(message.server_name)))
            elif isinstance(message, Request):
                host = host_of_authority(message.host) if message.host else None
                if host is not None:
                    yield from self._hold(_Contact(packet, Evidence.HTTP, host, message))
            else:
                yield from self._framed_queries(packet, message)

    def _framed_queries(self, packet: Packet, message: bytes) -> Iterator[Observation]:
        try:
            yield from self._queries(packet, message)
        except ValueError:
            self._reject(Guess.DNS, packet)

    def _queries(self, packet: Packet, message: bytes, *, is_sure: bool = True) -> Iterator[Observation]:
        if not is_sure and not is_plain_query(message):
            return
        for name in read_questions(message):
            yield self._observation(_Contact(packet, Evidence.DNS, host_of_name(name)))

    def _hold(self, contact: _Contact) -> Iterator[Observation]:
        """Keep the first contact of a flow until the flow's bytes are known; pass on the others."""
        flow = contact.packet.side >> 1
        if flow in self._held:
            yield self._observation(contact)
        else:
            self._held[flow] = contact._replace(packet=contact.packet._replace(payload=b""))

    def _observation(self, contact: _Contact, up: int | None = None, down: int | None = None) -> Observation:
        packet, evidence, host, request = contact
        return Observation(
            evidence=evidence,
            kind=Kind.CAPTURE,
            dataset=self._dataset,
            file=self._file,
            host=host,
            time=packet.time,
            source_ip=_address(packet.source),
            source_port=packet.source_port,
            destination_ip=_address(packet.destination),
            destination_port=packet.destination_port,
            path=request.path if request else None,
            method=request.method if request else None,
            user_agent=request.user_agent if request else None,
            bytes_up=up,
            bytes_down=down,
            packet=packet.number,
        )


def _datagram_request(payload: bytes) -> list[Request]:
    """Read the one request of a datagram, as UPnP discovery sends it."""
    reader = RequestReader()
    request = reader.feed(payload) or reader.give_up()
    return [] if request is None else [request]


@lru_cache(maxsize=ADDRESSES_CACHED)
def _address(packed: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET if len(packed) == IPV4_BYTES else socket.AF_INET6, packed)
