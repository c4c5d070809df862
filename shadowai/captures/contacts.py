"""From the few packets that can name a server to observations and turns of flows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from shadowai.captures.answers import read_answer
from shadowai.captures.candidates import DNS_PORT, TLS_DNS_PORT, Guess
from shadowai.captures.counting import CUT, reclassify
from shadowai.captures.dns import is_plain_query, is_response, read_questions
from shadowai.captures.dtls import DtlsReader
from shadowai.captures.http import Request, RequestReader
from shadowai.captures.ja4 import Transport, ja4
from shadowai.captures.ledger import (
    MAX_TURNS,
    NAMELESS,
    PASSED_OVER,
    UNSIZED,
    Entry,
    Ledger,
    Turn,
    address,
    is_public,
)
from shadowai.captures.lookups import Told
from shadowai.captures.names import host_of_authority, host_of_name
from shadowai.captures.quic import Connections
from shadowai.captures.socks import Tunnel
from shadowai.captures.streams import Message, Packet, Placed, Streams
from shadowai.captures.tls import Hello, ech_kind
from shadowai.captures.vpn import hidden_datagram, hidden_stream, is_tor_hello
from shadowai.hosts import normalise_address
from shadowai.model import SECOND, Evidence, Handshake, Hidden, Kind, Observation, Skip, Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from shadowai.captures.answers import Answer
    from shadowai.captures.flows import Flows
    from shadowai.captures.lookups import Lookups

    Concerns = Callable[[Observation], bool]

_FAULTS = {Guess.DNS: "dns-invalid", Guess.ANSWER: "dns-invalid", Guess.QUIC: "quic-invalid", Guess.DTLS: "tls-invalid"}
SERVER_PORTS = frozenset({443, 500, 853, 1194, 4500, 51820})  # of what hides
MAX_PUBLIC_NAMES = 4_096  # outer names of encrypted hellos remembered
MAX_OPEN = 131_072  # flows of one reading whose contacts wait for their bytes
MAX_NAMELESS = 65_536  # flows of one reading that nothing names, the largest
MAX_SILENT = 4_096  # flows without payload at either end of a part
MAX_DTLS = 4_096  # sides of flows whose DTLS hello may still be coming
_RESOLVERS = {b"dot": Hidden.DNS_OVER_TLS, b"doq": Hidden.DNS_OVER_QUIC}  # ALPN (RFC 7858, RFC 9250)


class Contacts:
    """Makes observations of packets: what is whole at once, what needs its flow's bytes as turns for the ledger.

    `concerns` says of an observation whether anybody wants to know of it; None that all of it is wanted, the clients'
    fingerprints too. `from_start` says that nothing of the capture lies before what is read.
    """

    def __init__(
        self, file: str, dataset: str, tally: Tally, concerns: Concerns | None = None, *, from_start: bool = True
    ) -> None:
        self._tally = tally
        self._concerns = concerns
        self._from_start = from_start
        self._quic = Connections()
        self._dtls: dict[int, DtlsReader] = {}
        self._turns: dict[int, list[Turn]] = {}
        self._told: set[int] = set()  # flows whose contact was given at once, without bytes
        self._public_names: set[bytes] = set()
        self._ledger = Ledger(dataset, file)
        self.streams = Streams(tally)

    def feed(self, packet: Packet, guess: Guess) -> Iterator[Observation]:
        """Take a packet and what it may begin with; give the observations that are complete."""
        if packet.is_tcp:
            if guess == Guess.HIDDEN:
                self._hide(packet, hidden_stream(packet.payload) if packet.is_first else None)
            yield from self._take(packet, self.streams.feed(packet, guess), Evidence.TLS)
            return
        try:
            if guess == Guess.DNS:
                yield from self._queries(packet, packet.payload, is_sure=packet.destination_port == DNS_PORT)
            elif guess == Guess.ANSWER:
                self._answer(packet, packet.payload)
            elif guess == Guess.QUIC:
                yield from self._take(packet, map(Placed, self._hellos(packet)), Evidence.QUIC)
            elif guess == Guess.DTLS:
                yield from self._take(packet, map(Placed, self._datagram_hello(packet)), Evidence.TLS)
            elif guess == Guess.HTTP:
                yield from self._take(packet, map(Placed, _datagram_request(packet.payload)), Evidence.HTTP)
            elif guess == Guess.HIDDEN:
                self._hide(packet, hidden_datagram(packet.payload, (packet.source_port, packet.destination_port)))
        except ValueError:
            yield from self._misread(guess, packet)

    def _misread(self, guess: Guess, packet: Packet) -> Iterator[Observation]:
        """Count a datagram that is not what it seemed, unless it is a VPN's on the port of DNS."""
        hidden = None
        if guess in {Guess.DNS, Guess.ANSWER}:
            hidden = hidden_datagram(packet.payload, (packet.source_port, packet.destination_port))
        if hidden is None:
            self._reject(guess, packet)
            return
        packet = _turned(packet) if packet.source_port == DNS_PORT else packet
        yield self._observation(packet, Evidence.ADDRESS, None, hidden=hidden)

    @property
    def lookups(self) -> Lookups:
        """Give what clients have been told so far."""
        return self._ledger.lookups

    def knows(self, side: int) -> bool:
        """Say whether something is known already of a side's flow."""
        return side >> 1 in self._turns

    def finish(self, flows: Flows) -> Iterator[Observation]:
        """Give the observations of all flows; count what remained incomplete."""
        yield from self.rest()
        numbers = self._open(flows)
        self._tally.notes.update(self._ledger.notes())
        yield from self._ledger.settled(
            Entry(flow, self._turns.get(number, [])) for number, flow in flows.each(numbers)
        )

    def close(self, flows: Flows) -> Ledger:
        """Give the ledger of a part of a capture, without the flows that something of no interest named.

        `rest` goes before.
        """
        ledger, concerns = self._ledger, self._concerns
        ledger.named.update(map(flows.key, self._told))
        for number, flow in flows.each(sorted({*self._open(flows), *self._silent(flows)})):
            turns = self._turns.get(number, [])
            if turns and concerns and not any(concerns(turn.seen) for turn in turns):
                ledger.named.add(flow.key)
            else:
                ledger.add(Entry(flow, turns))
        return ledger

    def _open(self, flows: Flows) -> list[int]:
        """Give the flows that are still to be told of: those with turns, and the largest of those that have none."""
        payloads = flows.payloads()
        payloads[list(self._turns)] = 0
        payloads[list(self._told)] = 0
        largest = np.argsort(-payloads, kind="stable")[:MAX_NAMELESS]
        numbers = largest[payloads[largest] > 0].tolist()
        self._ledger.beyond.update(
            {
                NAMELESS: int(np.count_nonzero(payloads)) - len(numbers),
                UNSIZED: len(self._told),
                PASSED_OVER: flows.beyond,
            }
        )
        if flows.beyond:
            reclassify(self._tally, Skip("reassembly-dropped"), flows.beyond)
        return sorted({*numbers, *self._turns})

    def _silent(self, flows: Flows) -> list[int]:
        """Give flows of which a part saw headers alone: of those met first and last, most lies in another part."""
        silent = np.flatnonzero(flows.payloads() == 0)
        return [*silent[:MAX_SILENT].tolist(), *silent[-MAX_SILENT:].tolist()]

    def is_waiting(self) -> bool:
        """Say whether the beginning of a message was seen whose end has not come."""
        return self.streams.is_waiting() or bool(self._quic.unfinished())

    def rest(self) -> Iterator[Observation]:
        """Give the observations of messages that can stand without their rest; count what remained incomplete."""
        for packet, message in self.streams.finish():
            yield from self._take(packet, [message], Evidence.TLS)
        counts = {
            "reassembly-dropped": self._quic.dropped,
            "incomplete": self._quic.unfinished(),
            "quic-unreadable": self._quic.unreadable,
        }
        for reason, count in counts.items():
            if count:
                reclassify(self._tally, Skip(reason), count)

    def _reject(self, guess: Guess, packet: Packet) -> None:
        if packet.missing:
            self._tally.notes.add(CUT)
        reason = "cut-short" if packet.missing else _FAULTS.get(guess)
        if reason is not None:
            reclassify(self._tally, Skip(reason, packet=packet.number))

    def _take(self, packet: Packet, messages: Iterable[Placed], evidence: Evidence) -> Iterator[Observation]:
        for message, begun in messages:
            if begun is not None and begun != packet.sequence:
                packet = packet._replace(sequence=begun)
            if isinstance(message, Hello):
                yield from self._hello(packet, message, evidence)
            elif isinstance(message, Request):
                host = _asked_host(packet, message.host) if message.host else None
                if host is not None:
                    yield from self._turn(packet, self._request(packet, message, host))
            elif isinstance(message, Tunnel):
                yield from self._turn(packet, self._observation(packet, Evidence.PROXY, _tunnel_host(message)))
            else:
                yield from self._framed(packet, message)

    def _framed(self, packet: Packet, message: bytes) -> Iterator[Observation]:
        """Read a DNS message out of a TCP stream."""
        try:
            if is_response(message):
                self._answer(packet, message)
            else:
                yield from self._queries(packet, message)
        except ValueError:
            self._reject(Guess.DNS, packet)

    def _queries(self, packet: Packet, message: bytes, *, is_sure: bool = True) -> Iterator[Observation]:
        if not is_sure and not is_plain_query(message):
            return
        for name in read_questions(message):
            yield self._observation(packet, Evidence.DNS, host_of_name(name))

    def _hellos(self, packet: Packet) -> list[Hello]:
        # Behind the start of a capture, the packet that gave the keys may lie in the part before.
        is_answer = packet.source_port < packet.destination_port or not self._from_start
        return self._quic.feed(_side_of(packet), packet.payload, is_answer=is_answer)

    def _datagram_hello(self, packet: Packet) -> list[Message]:
        reader = self._dtls.setdefault(_side_of(packet), DtlsReader())
        if len(self._dtls) > MAX_DTLS:
            del self._dtls[next(iter(self._dtls))]
        hello = reader.feed(packet.payload)
        return [] if hello is None else [hello]

    def learn(self, client: bytes, time: int | None, answer: Answer) -> None:
        """Remember what a client was told by a DNS response."""
        if answer.services and len(self._public_names) < MAX_PUBLIC_NAMES:
            self._public_names.update(name for service in answer.services for name in service.public_names)
        if answer.addresses and time is not None:
            self.lookups.learn(client, answer.addresses, Told(answer.name, time, time + answer.ttl * SECOND))

    def _answer(self, packet: Packet, message: bytes) -> None:
        answer = read_answer(message)
        if answer is not None:
            self.learn(packet.destination, packet.time, answer)

    def _hello(self, packet: Packet, hello: Hello, evidence: Evidence) -> Iterator[Observation]:
        ech = ech_kind(hello, self._public_names)
        alpn = b",".join(hello.alpn).decode("ascii", "backslashreplace") or None
        fingerprint = ja4(hello, _transport(packet, evidence)) if self._concerns is None else None
        handshake = Handshake(fingerprint, alpn, ech)
        host = host_of_name(hello.server_name) if hello.server_name else None
        hidden = _hidden(packet, hello, ech)
        yield from self._turn(packet, self._observation(packet, evidence, host, hidden=hidden, handshake=handshake))
        for other in map(host_of_name, hello.others):
            if other is not None and other != host:
                yield self._observation(packet, evidence, other, handshake=handshake)

    def _hide(self, packet: Packet, hidden: Hidden | None) -> None:
        is_new = packet.side >= 0 and not self.knows(packet.side)
        if hidden is not None and is_new and len(self._turns) < MAX_OPEN:
            if _is_answer(packet):
                packet = _turned(packet)
            seen = self._observation(packet, Evidence.ADDRESS, None, hidden=hidden)
            self._turns[packet.side >> 1] = [_turn_of(packet, seen)]

    def _turn(self, packet: Packet, seen: Observation) -> Iterator[Observation]:
        """Begin a turn of the flow where the host is another; pass on what is said of the same host again."""
        is_silent = seen.host is None and seen.hidden is None
        if packet.side < 0:  # on the port of DNS, where no bytes are counted
            if not is_silent:
                yield seen
            return
        if len(self._turns) >= MAX_OPEN and packet.side >> 1 not in self._turns:
            if not is_silent:
                self._told.add(packet.side >> 1)
                yield seen
            return
        turns = self._turns.setdefault(packet.side >> 1, [])
        if is_silent:
            if not turns:
                turns.append(_turn_of(packet, seen))
        elif len(turns) >= MAX_TURNS or (turns and turns[-1].seen.host == seen.host):
            yield seen
        else:
            turns.append(_turn_of(packet, seen))

    def _request(self, packet: Packet, request: Request, host: str) -> Observation:
        """Make an observation of a request; asked of a proxy, or through a tunnel, it is for the port that it names."""
        seen = self._observation(
            packet,
            Evidence.HTTP,
            host,
            path=request.path,
            method=request.method,
            user_agent=request.user_agent,
            protocol=request.protocol,
            tenant=request.tenant,
        )
        port = None if request.is_connect else request.port
        return replace(seen, destination_port=port) if port else seen

    def _observation(self, packet: Packet, evidence: Evidence, host: str | None, **more: Any) -> Observation:  # noqa: ANN401  # fields of an observation
        return Observation(
            evidence=evidence,
            kind=Kind.CAPTURE,
            dataset=self._ledger.dataset,
            file=self._ledger.file,
            host=host,
            time=packet.time,
            source_ip=address(packet.source),
            source_port=packet.source_port,
            destination_ip=address(packet.destination),
            destination_port=packet.destination_port,
            packet=packet.number,
            **more,
        )


def _side_of(packet: Packet) -> int:
    """Give the side that a packet was sent by, to one of no flow one that no flow has."""
    if packet.side >= 0:
        return packet.side
    return ~hash((packet.source, packet.destination, packet.source_port, packet.destination_port)) | -1 << 62


def _transport(packet: Packet, evidence: Evidence) -> Transport:
    if packet.is_tcp:
        return "t"
    return "q" if evidence is Evidence.QUIC else "d"


def _is_answer(packet: Packet) -> bool:
    """Say whether a packet of a flow that hides is the server's, by the ports, else by who has a public address."""
    here, there = packet.source_port in SERVER_PORTS, packet.destination_port in SERVER_PORTS
    if here != there:
        return here
    return is_public(address(packet.source)) and not is_public(address(packet.destination))


def _turned(packet: Packet) -> Packet:
    """Give a packet as if the other end had sent it."""
    return packet._replace(
        side=packet.side ^ 1,
        source=packet.destination,
        destination=packet.source,
        source_port=packet.destination_port,
        destination_port=packet.source_port,
    )


def _turn_of(packet: Packet, seen: Observation) -> Turn:
    if not packet.is_tcp:
        return Turn(seen, bool(packet.side & 1))
    return Turn(seen, bool(packet.side & 1), packet.sequence, packet.acknowledged)


def _hidden(packet: Packet, hello: Hello, ech: str | None) -> Hidden | None:
    """Say what a flow hides whose hello was read."""
    for name, hidden in _RESOLVERS.items():
        if name in hello.alpn:
            return hidden
    if packet.destination_port == TLS_DNS_PORT:
        return Hidden.DNS_OVER_TLS if packet.is_tcp else Hidden.DNS_OVER_QUIC
    if ech == "outer":
        return Hidden.ECH
    return Hidden.TOR if is_tor_hello(hello) else None


def _asked_host(packet: Packet, authority: bytes) -> str | None:
    """Give the host that a request asks for.

    Some clients leave out the brackets around an IPv6 address (RFC 3986 section 3.2.2), so that the port behind it
    seems to be its last group. Only where the rest is the very address that they speak to, it is taken for the port.
    """
    host = host_of_authority(authority)
    if host is None or ":" not in host or authority.startswith(b"["):
        return host
    server = address(packet.destination)
    return server if host == normalise_address(f"{server}:{packet.destination_port}") else host


def _tunnel_host(tunnel: Tunnel) -> str | None:
    return address(tunnel.host) if tunnel.is_address else host_of_name(tunnel.host)


def _datagram_request(payload: bytes) -> list[Request]:
    """Read the one request of a datagram, as UPnP discovery sends it."""
    reader = RequestReader()
    request = reader.feed(payload) or reader.give_up()
    return [] if request is None else [request]
