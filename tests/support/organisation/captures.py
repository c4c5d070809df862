"""Captures of the made-up organisation: DNS questions with their answers, and TLS connections, written by hand."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from support.organisation.catalogue import TUNNEL
from support.organisation.clock import MILLI, SECOND
from support.organisation.weblogs import server_of

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

    from support.organisation.records import Record

_RESOLVER = "10.10.0.53"
_SEGMENT = 1_400  # bytes
_TCP, _UDP = 6, 17
_FIN, _SYN, _PUSH, _ACK = 1, 2, 8, 16


def pcap(records: Iterable[Record], rng: random.Random) -> bytes:
    """Write a little-endian pcap file with microseconds (draft-ietf-opsawg-pcap), link type Ethernet."""
    wire = _Wire(rng)
    for one in records:
        if one.evidence == "dns":
            wire.look_up(one)
        elif one.evidence == TUNNEL:
            wire.tunnel(one)
        else:
            wire.connect(one)
    data = bytearray(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1))
    for time, frame in sorted(wire.packets, key=lambda packet: packet[0]):
        seconds, rest = divmod(time, SECOND)
        data += struct.pack("<IIII", seconds, rest // 1000, len(frame), len(frame)) + frame
    return bytes(data)


@dataclass
class _Wire:
    """The packets of a capture with their times (ns).

    A client's ports count up, so that no two of its connections are mistaken for one.
    """

    rng: random.Random
    packets: list[tuple[int, bytes]] = field(default_factory=list)
    _ports: dict[str, int] = field(default_factory=dict)

    def look_up(self, record: Record) -> None:
        """A question and its answer (RFC 1035), over UDP."""
        name = b"".join(_sized(1, label.encode()) for label in record.host.split(".")) + b"\0"
        question = name + struct.pack(">HH", 1, 1)
        number, port = self.rng.getrandbits(16), self._port(record.address)
        address = IPv4Address(server_of(record.host)).packed
        answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 300, 4) + address
        asked = struct.pack(">6H", number, 0x0100, 1, 0, 0, 0) + question
        answered = struct.pack(">6H", number, 0x8180, 1, 1, 0, 0) + question + answer
        ends = (record.address, _RESOLVER)
        self.packets.append((record.time, _ip(ends, _UDP, struct.pack(">4H", port, 53, 8 + len(asked), 0) + asked)))
        back = struct.pack(">4H", 53, port, 8 + len(answered), 0) + answered
        self.packets.append((record.time + MILLI, _ip(ends[::-1], _UDP, back)))

    def tunnel(self, record: Record) -> None:
        """WireGuard's two handshake messages and some data (https://www.wireguard.com/protocol/)."""
        ports = self._port(record.address), 51_820
        ends = (record.address, "203.0.113.77")
        message = {number: bytes((number, 0, 0, 0)) for number in (1, 2, 4)}
        sizes = ((1, 148, True), (2, 92, False), (4, 128, True), (4, 1_200, False))
        for step, (number, size, from_client) in enumerate(sizes):
            data = message[number] + self.rng.randbytes(size - 4)
            head = struct.pack(">4H", *(ports if from_client else ports[::-1]), 8 + len(data), 0)
            frame = _ip(ends if from_client else ends[::-1], _UDP, head + data)
            self.packets.append((record.time + step * MILLI, frame))

    def connect(self, record: Record) -> None:
        """Make a TCP connection from its first packet to its last (RFC 9293), with the record's sizes as payload.

        The record's time is that of the hello, which is what names the server.
        """
        ends = (record.address, server_of(record.host))
        flow = _Flow(self, record.time - 2 * MILLI, ends, self._port(record.address))
        hello = client_hello(record.host, self.rng)
        flow.send(b"", _SYN)
        flow.send(b"", _SYN | _ACK, from_client=False)
        flow.send(hello, _PUSH | _ACK)
        server_hello = b"\x16\x03\x03" + _sized(2, b"\x02" + _sized(3, bytes(70)))
        flow.send(server_hello, _PUSH | _ACK, from_client=False)
        flow.send(_filling((record.up or 0) - len(hello), self.rng), _PUSH | _ACK)
        flow.send(_filling((record.down or 0) - len(server_hello), self.rng), _PUSH | _ACK, from_client=False)
        flow.send(b"", _FIN | _ACK)
        flow.send(b"", _FIN | _ACK, from_client=False)

    def _port(self, address: str) -> int:
        self._ports[address] = port = self._ports.get(address, 49_151) + 1
        return port


@dataclass
class _Flow:
    wire: _Wire
    time: int
    ends: tuple[str, str]
    port: int
    _next: list[int] = field(default_factory=lambda: [1_000, 5_000])

    def send(self, data: bytes, flags: int, *, from_client: bool = True) -> None:
        """Put data on the wire, cut into segments."""
        side = 0 if from_client else 1
        ports = (self.port, 443) if from_client else (443, self.port)
        for start in range(0, len(data) or 1, _SEGMENT):
            piece = data[start : start + _SEGMENT]
            head = struct.pack(">HHIIBBHHH", *ports, self._next[side], self._next[1 - side], 0x50, flags, 64_000, 0, 0)
            ends = self.ends if from_client else self.ends[::-1]
            self.wire.packets.append((self.time, _ip(ends, _TCP, head + piece)))
            self._next[side] += len(piece) + int(bool(flags & (_SYN | _FIN)))
            self.time += MILLI


def client_hello(host: str, rng: random.Random) -> bytes:
    """Write a TLS record with a ClientHello (RFC 8446 section 4.1.2) that names the host (RFC 6066 section 3)."""
    name = b"\0\0" + _sized(2, _sized(2, b"\0" + _sized(2, host.encode())))
    versions = b"\0\x2b" + _sized(2, b"\x02\x03\x04")
    body = b"\3\3" + rng.randbytes(32) + _sized(1, rng.randbytes(32)) + _sized(2, b"\x13\1\x13\2") + _sized(1, b"\0")
    return b"\x16\3\1" + _sized(2, b"\1" + _sized(3, body + _sized(2, name + versions)))


def _filling(size: int, rng: random.Random) -> bytes:
    """Write one record of application data a segment, `size` bytes in all."""
    data = bytearray()
    while len(data) < size:
        take = min(size - len(data), 16_000)
        if 0 < size - len(data) - take <= _RECORD_HEAD:
            take -= 2 * _RECORD_HEAD
        data += b"\x17\3\3" + _sized(2, rng.randbytes(take - _RECORD_HEAD))
    return bytes(data)


_RECORD_HEAD = 5


def _sized(width: int, data: bytes) -> bytes:
    return len(data).to_bytes(width, "big") + data


def _ip(ends: tuple[str, str], protocol: int, payload: bytes) -> bytes:
    """Put an IPv4 header (RFC 791) and an Ethernet header before a payload."""
    addresses = b"".join(IPv4Address(one).packed for one in ends)
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0) + addresses
    total = sum(struct.unpack(">10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    check = ~(total + (total >> 16)) & 0xFFFF
    link = b"\x02\0\0\0\0\2\x02\0\0\0\0\1\x08\0"
    return link + head[:10] + struct.pack(">H", check) + head[12:] + payload
