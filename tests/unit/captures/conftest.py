"""Packets and capture files made by hand from the formats' definitions: the truth that the readers are held to."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from shadowai.captures import read
from shadowai.model import Tally

if TYPE_CHECKING:
    from pathlib import Path

    from shadowai.model import Observation

CLIENT, SERVER = "192.0.2.10", "203.0.113.5"


def vector(width: int, data: bytes) -> bytes:
    return len(data).to_bytes(width, "big") + data


@dataclass(frozen=True)
class Craft:
    """Writes packets and files; everything has a default that a test does not care about."""

    folder: Path

    def query(self, name: str, *, number: int = 1, flags: int = 0x0100) -> bytes:
        labels = b"".join(vector(1, label.encode("latin-1")) for label in name.split(".") if label)
        return struct.pack(">6H", number, flags, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"

    def extension(self, kind: int, data: bytes) -> bytes:
        return struct.pack(">H", kind) + vector(2, data)

    def hello(self, host: str | bytes | None, *, before: bytes = b"", padding: int = 0, seed: int = 7) -> bytes:
        name = host.encode() if isinstance(host, str) else host
        listed = b"" if name is None else self.extension(0, vector(2, b"\0" + vector(2, name)))
        extensions = before + listed + self.extension(21, bytes(padding))
        body = b"\3\3" + bytes([seed]) * 32 + vector(1, b"s" * 32) + vector(2, b"\x13\1\x13\2") + vector(1, b"\0")
        return b"\1" + vector(3, body + vector(2, extensions))

    def records(self, message: bytes, size: int = 1 << 14) -> bytes:
        pieces = [message[at : at + size] for at in range(0, len(message), size)]
        return b"".join(b"\x16\3\1" + vector(2, piece) for piece in pieces)

    def request(self, host: str, path: str = "/", method: str = "GET", extra: str = "") -> bytes:
        return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{extra}\r\n".encode()

    def ip(self, payload: bytes, protocol: int, source: str = CLIENT, destination: str = SERVER) -> bytes:
        ends = ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed
        if ":" in source:
            return struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64) + ends + payload
        return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0) + ends + payload

    def udp(self, payload: bytes, ports: tuple[int, int] = (40000, 53), **ends: str) -> bytes:
        return self.ip(struct.pack(">4H", *ports, 8 + len(payload), 0) + payload, 17, **ends)

    def tcp(self, payload: bytes, sequence: int, ports: tuple[int, int] = (40000, 443), **more: str | int) -> bytes:
        flags = int(more.pop("flags", 0x18))
        head = struct.pack(">HHIIBBHHH", *ports, sequence % (1 << 32), 1, 0x50, flags, 512, 0, 0)
        return self.ip(head + payload, 6, **{name: str(value) for name, value in more.items()})

    def cut(
        self, data: bytes, places: list[int], start: int = 1000, ports: tuple[int, int] = (40000, 443)
    ) -> list[bytes]:
        """Cut a stream into TCP segments at the places."""
        edges = [0, *sorted({place % len(data) for place in places} - {0}), len(data)]
        return [self.tcp(data[low:high], start + low, ports) for low, high in pairwise(edges)]

    def ethernet(self, packet: bytes) -> bytes:
        return bytes(12) + (b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\0") + packet

    def pcap(self, frames: list[bytes], link: int = 101, order: str = "<", magic: int = 0xA1B2C3D4) -> Path:
        head = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, link)
        return self.file(head + b"".join(self.record(frame, at, order, magic) for at, frame in enumerate(frames)))

    def record(self, frame: bytes, at: int = 0, order: str = "<", magic: int = 0xA1B2C3D4, sent: int = 0) -> bytes:
        fields = 1_700_000_000 + at, 5, len(frame), sent or len(frame)
        return struct.pack(order + "4I", *fields) + (bytes(8) if magic == 0xA1B2CD34 else b"") + frame

    def file(self, content: bytes, name: str = "made.pcap") -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    def read(self, path: Path) -> tuple[list[Observation], Tally]:
        """Read a file, sorted by packet, and check what holds for every file: each packet is counted once."""
        tally = Tally()
        found = sorted(read(path, name=path.name, tally=tally), key=lambda each: each.packet or 0)
        assert tally.parsed + sum(tally.skipped.values()) == tally.records
        return found, tally

    def hosts(self, packets: list[bytes], link: int = 101) -> list[str | None]:
        return [each.host for each in self.read(self.pcap(packets, link))[0]]


@pytest.fixture
def craft(tmp_path: Path) -> Craft:
    return Craft(tmp_path)
