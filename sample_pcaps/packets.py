"""Packets of the samples, built with Scapy: whole TCP and UDP exchanges, and DNS messages from dnspython."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import TYPE_CHECKING

import dns.message
import dns.rrset
from events import NANO, Event, http_request
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q, Ether
from tls_bytes import Turns, quic_turns, tls_turns

if TYPE_CHECKING:
    import random

    from scapy.packet import Packet

RESOLVERS = {"office": "10.20.0.53", "branch": "10.30.0.53"}
_STEP = NANO // 1000  # time between two packets of one connection
_LINK_MTU = 1_500


def server_address(host: str, *, is_v6: bool = False) -> str:
    """Give a host's address in the samples: one of the documentation ranges (RFC 5737, RFC 3849), always the same."""
    number = zlib.crc32(host.encode())
    if is_v6:
        return str(IPv6Address(f"2001:db8:ffff::{number & 0xFFFF:x}"))
    return f"{('192.0.2', '198.51.100', '203.0.113')[number % 3]}.{number // 3 % 254 + 1}"


@dataclass
class Wire:
    """The packets of one capture, each with its time in ns. `rng` gives ports, numbers and filling."""

    rng: random.Random
    packets: list[tuple[int, bytes]] = field(default_factory=list)
    _used_ports: dict[str, int] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        """Put the whole exchange of a capture's event on the wire; its first packet has the event's time."""
        if event.medium == "dns":
            self._dns(event)
            return
        sizes = (event.up or 0, event.down or 0)
        if event.medium == "quic":
            flow = self._flow(event, UDP)
            self._datagrams(flow, quic_turns(event.host, sizes, self.rng))
        elif event.medium == "http":
            request = http_request(event.host, event.path)
            self._stream(self._flow(event, TCP, port=80), [(True, request), (False, self._answer(sizes[1]))])
        else:
            turns = tls_turns(event.host, sizes, self.rng, large=bool(event.options.get("large")))
            self._stream(self._flow(event, TCP), turns, shuffled=bool(event.options.get("shuffled")))

    def _flow(self, event: Event, transport: type[Packet], *, port: int = 443) -> _Flow:
        addresses = (event.address, server_address(event.host, is_v6=":" in event.address))
        return _Flow(self, event, transport, addresses, (self._port(event.address), port))

    def _port(self, address: str) -> int:
        """Ports of a client count up, so that no two of its connections are mistaken for one."""
        self._used_ports[address] = port = self._used_ports.get(address, 49_152) + 1
        return port

    def _dns(self, event: Event) -> None:
        query = dns.message.make_query(event.host, "A", id=self.rng.randrange(1 << 16))
        answer = dns.message.make_response(query)
        answer.answer.append(dns.rrset.from_text(query.question[0].name, 300, "IN", "A", server_address(event.host)))
        ends = (event.address, RESOLVERS[event.place])
        flow = _Flow(self, event, UDP, ends, (self._port(event.address), 53))
        self._datagrams(flow, [(True, query.to_wire()), (False, answer.to_wire())])

    def _datagrams(self, flow: _Flow, turns: Turns) -> None:
        for from_client, data in turns:
            flow.send(data, from_client=from_client)

    def _stream(self, flow: _Flow, turns: Turns, *, shuffled: bool = False) -> None:
        """TCP with its handshake and its end (RFC 9293 section 3.5 and 3.6), cut at the maximum segment size."""
        flow.send(b"", from_client=True, flags="S")
        flow.send(b"", from_client=False, flags="SA")
        flow.send(b"", from_client=True, flags="A")
        for number, (from_client, data) in enumerate(turns):
            pieces = flow.segments(data, from_client=from_client)
            if shuffled and number == 0:
                pieces.reverse()
            for sequence, piece in pieces:
                flow.send(piece, from_client=from_client, flags="PA", sequence=sequence)
        flow.send(b"", from_client=True, flags="FA")
        flow.send(b"", from_client=False, flags="FA")
        flow.send(b"", from_client=True, flags="A")

    def _answer(self, size: int) -> bytes:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"
        body = size - len(head % size)
        head %= body
        return head + self.rng.randbytes(size - len(head))


@dataclass
class _Flow:
    """One connection of an event: addresses and ports of client and server, and how far each side has counted."""

    wire: Wire
    event: Event
    transport: type[Packet]
    addresses: tuple[str, str]
    ports: tuple[int, int]

    def __post_init__(self) -> None:
        self._time = self.event.time
        self._is_v6 = ":" in self.addresses[0]
        self._next = [self.wire.rng.randrange(1 << 32), self.wire.rng.randrange(1 << 32)]

    def segments(self, data: bytes, *, from_client: bool) -> list[tuple[int, bytes]]:
        """Cut data into segments, each with its sequence number, and count them as sent."""
        size = _LINK_MTU - (60 if self._is_v6 else 40)
        side = 0 if from_client else 1
        pieces = []
        for start in range(0, len(data), size):
            pieces.append((self._next[side], data[start : start + size]))
            self._count(side, len(pieces[-1][1]))
        return pieces

    def send(self, data: bytes, *, from_client: bool, flags: str = "", sequence: int | None = None) -> None:
        """Put one packet on the wire; `flags` and `sequence` are TCP's."""
        side = 0 if from_client else 1
        head = self.transport(sport=self.ports[side], dport=self.ports[1 - side])
        if flags:
            head.seq = self._next[side] if sequence is None else sequence
            head.ack = self._next[1 - side] if "A" in flags else 0
            head.flags = flags
            self._count(side, int("S" in flags or "F" in flags))
        network = IPv6 if self._is_v6 else IP
        packet = network(src=self.addresses[side], dst=self.addresses[1 - side]) / head / data
        link = Ether(src=f"02:00:00:00:00:0{1 + side}", dst=f"02:00:00:00:00:0{2 - side}")
        vlan = self.event.actor.vlan
        framed = link / Dot1Q(vlan=vlan) / packet if vlan else link / packet
        self.wire.packets.append((self._time, bytes(framed)))
        self._time += _STEP

    def _count(self, side: int, number: int) -> None:
        self._next[side] = (self._next[side] + number) % (1 << 32)
