"""Make a pcap of a given size for benchmarks: seeded, so that the same options give the same bytes.

The mix follows an office network: mostly TLS with bulk data downwards, some QUIC and HTTP, DNS in front of each, voice
calls and connections of no known protocol, a few hundred flows interleaved. What is in the file is printed, for the
reader under test to be compared with. With --vxlan each frame lies in a VXLAN packet (RFC 7348), as clouds mirror
traffic. With --dns there is DNS alone, as before a resolver.

    python benchmarks/make_capture.py out.pcap --size 700MB [--vxlan] [--dns] [--seed 1]
"""

from __future__ import annotations

import argparse
import random
import re
import struct
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shadowai.captures.quic_packet import SALTS, VERSION_1, client_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

SECOND = 1_000_000  # ticks of the pcap clock: microseconds
START = 1_767_225_600  # 2026-01-01, seconds since the epoch
POOL = 1 << 20  # bytes of random payload that packets are cut from
ACTIVE = 400  # flows interleaved
NAMES, CLIENTS = 200_000, 3_000  # before a resolver
MSS = 1_448  # bytes of payload of a full segment
CHUNK = 4_096  # packets written at once
UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}  # bytes
VXLAN_PORT = 4_789
VXLAN = b"\x08\0\0\0\0\0\x2a\0"  # flags: the network identifier is valid; it is 42
MIRROR, COLLECTOR = b"\x0a\xff\0\1", b"\x0a\xff\0\2"  # ends of the tunnel
TCP, UDP = 6, 17
DOWN, ACKNOWLEDGED, POST_QUANTUM = 0.3, 0.85, 0.7  # shares of packets, of the rest of them, and of hellos
PSH_ACK, ACK, SYN = 0x18, 0x10, 0x02

ETHERNET = b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0"
IPV4 = struct.Struct(">BBHHHBBH4s4s")
TCP_HEADER = struct.Struct(">HHIIBBHHH12x")
UDP_HEADER = struct.Struct(">HHHH")
RECORD = struct.Struct("<IIII")


@dataclass
class Maker:
    """The random numbers, the payload pool, and the count of what was made."""

    seed: int
    dice: random.Random = field(init=False)
    pool: bytes = field(init=False)
    made: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.pool = self.dice.randbytes(POOL)

    def payload(self, size: int) -> bytes:
        """Cut some random payload."""
        at = self.dice.randrange(POOL - MSS)
        return self.pool[at : at + size]

    def flow(self) -> Iterator[bytes]:
        """Give the frames of one contact: a look-up, then TLS, QUIC or HTTP."""
        host = f"host{self.dice.randrange(5_000)}.example{self.dice.randrange(40)}.com"
        client, server = _address(10, self.dice), _address(203, self.dice)
        port = self.dice.randrange(32_768, 61_000)
        yield from self.lookup((client, port), host, _address(203, self.dice))
        kind = self.dice.choices(("tls", "quic", "http", "other", "call"), (64, 18, 8, 7, 3))[0]
        self.made[kind] += 1
        if kind == "quic":
            yield from self.quic(client, server, port, host)
        elif kind == "call":
            yield from self.call(client, server, port)
        elif kind == "tls":
            yield from self.tcp((client, server, port, 443), _hello_record(host, self.dice))
        elif kind == "http":
            yield from self.tcp((client, server, port, 80), _request(host))
        else:
            to = self.dice.choice((445, 3389, 5223, self.dice.randrange(1_024, 65_535)))
            yield from self.tcp((client, server, port, to), self.payload(self.dice.randrange(20, 400)))

    def asked(self) -> Iterator[bytes]:
        """Give one look-up before a resolver: of few names often, of many seldom (Zipf's law)."""
        rank = int(NAMES ** self.dice.random())
        client = struct.pack(">I", 0x0A01_0000 | self.dice.randrange(CLIENTS)), self.dice.randrange(1_024, 65_535)
        yield from self.lookup(client, f"host{rank}.example{rank % 40}.com", struct.pack(">I", 0xCB00_0000 | rank))

    def lookup(self, client: tuple[bytes, int], host: str, told: bytes) -> Iterator[bytes]:
        """Give a DNS query and its response."""
        self.made["dns"] += 1
        resolver = b"\x0a\0\0\x35"
        labels = b"".join(bytes([len(label)]) + label.encode() for label in host.split("."))
        question = labels + b"\0\0\1\0\1"
        number = self.dice.randbytes(2)
        yield _udp(client[0], resolver, client[1], 53, number + b"\1\0\0\1\0\0\0\0\0\0" + question)
        answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + told
        yield _udp(resolver, client[0], 53, client[1], number + b"\x81\x80\0\1\0\1\0\0\0\0" + question + answer)

    def tcp(self, ends: tuple[bytes, bytes, int, int], first: bytes) -> Iterator[bytes]:
        """Give a connection that opens with `first`: bulk downwards, acknowledged, some upwards."""
        client, server, port, to = ends
        up, down = self.dice.getrandbits(32), self.dice.getrandbits(32)
        yield _tcp((client, server, port, to), up, 0, SYN, b"")
        yield _tcp((server, client, to, port), down, up + 1, SYN | ACK, b"")
        up, down = up + 1, down + 1
        yield _tcp((client, server, port, to), up, down, ACK, b"")
        for at in range(0, len(first), MSS):
            piece = first[at : at + MSS]
            yield _tcp((client, server, port, to), up, down, PSH_ACK, piece)
            up += len(piece)
        for _ in range(self.dice.choice((10, 40, 120, 400))):
            if self.dice.random() < DOWN:
                data = self.payload(self.dice.randrange(60, MSS))
                yield _tcp((server, client, to, port), down, up, ACK, data)
                down += len(data)
            elif self.dice.random() < ACKNOWLEDGED:
                yield _tcp((client, server, port, to), up, down, ACK, b"")
            else:
                data = b"\x17\x03\x03" + self.payload(self.dice.randrange(60, 900))
                yield _tcp((client, server, port, to), up, down, PSH_ACK, data)
                up += len(data)

    def call(self, client: bytes, server: bytes, port: int) -> Iterator[bytes]:
        """Give a voice call: RTP both ways (RFC 3550), a packet of sound each 20 ms."""
        to, stream = self.dice.randrange(16_384, 32_768), self.dice.randbytes(4)
        for number in range(self.dice.choice((100, 400))):
            header = struct.pack(">BBHI", 0x80, 0, number, 160 * number) + stream
            yield _udp(client, server, port, to, header + self.payload(160))
            yield _udp(server, client, to, port, header + self.payload(160))

    def quic(self, client: bytes, server: bytes, port: int, host: str) -> Iterator[bytes]:
        """Give a QUIC connection: its Initial, then short header packets."""
        yield _udp(client, server, port, 443, _initial(host, self.dice))
        for _ in range(self.dice.choice((10, 40))):
            data = b"\x40" + self.payload(self.dice.randrange(40, 1_200))
            yield _udp(server, client, 443, port, data)
            yield _udp(client, server, port, 443, b"\x40" + self.payload(30))


def _address(first: int, dice: random.Random) -> bytes:
    return bytes([first]) + dice.randbytes(3)


def _ip(source: bytes, destination: bytes, protocol: int, size: int) -> bytes:
    return ETHERNET + IPV4.pack(0x45, 0, 20 + size, 0, 0x4000, 64, protocol, 0, source, destination)


def _udp(source: bytes, destination: bytes, source_port: int, destination_port: int, payload: bytes) -> bytes:
    size = 8 + len(payload)
    return _ip(source, destination, UDP, size) + UDP_HEADER.pack(source_port, destination_port, size, 0) + payload


def _tcp(ends: tuple[bytes, bytes, int, int], sequence: int, acknowledged: int, flags: int, payload: bytes) -> bytes:
    source, destination, source_port, destination_port = ends
    numbers = sequence & 0xFFFFFFFF, acknowledged & 0xFFFFFFFF
    header = TCP_HEADER.pack(source_port, destination_port, *numbers, 0x80, flags, 512, 0, 0)
    return _ip(source, destination, TCP, len(header) + len(payload)) + header + payload


def _request(host: str) -> bytes:
    return f"GET /index.html?q=1 HTTP/1.1\r\nHost: {host}\r\nUser-Agent: benchmark/1\r\nAccept: */*\r\n\r\n".encode()


def _vector(width: int, data: bytes) -> bytes:
    return len(data).to_bytes(width, "big") + data


def _hello(host: str, dice: random.Random) -> bytes:
    """Write a ClientHello; most carry a post-quantum key share and need two segments."""
    name = _vector(2, _vector(2, b"\0" + _vector(2, host.encode())))
    share = dice.randbytes(1_216 if dice.random() < POST_QUANTUM else 32)
    extensions = b"\0\0" + name + b"\0\x33" + _vector(2, share)
    body = b"\3\3" + dice.randbytes(32) + _vector(1, dice.randbytes(32)) + _vector(2, bytes(32)) + b"\1\0"
    return b"\1" + _vector(3, body + _vector(2, extensions))


def _hello_record(host: str, dice: random.Random) -> bytes:
    return b"\x16\3\1" + _vector(2, _hello(host, dice))


def _initial(host: str, dice: random.Random) -> bytes:
    """Protect an Initial packet with a short ClientHello (RFC 9001 section 5)."""
    connection_id = dice.randbytes(8)
    keys = client_keys(SALTS[VERSION_1], VERSION_1, connection_id)
    hello = _short_hello(host, dice)
    frames = (b"\6\0" + (0x4000 | len(hello)).to_bytes(2, "big") + hello).ljust(1_162, b"\0")
    size = 4 + len(frames) + 16
    header = b"\xc3" + struct.pack(">I", 1) + _vector(1, connection_id) + b"\0\0" + (0x4000 | size).to_bytes(2, "big")
    number = b"\0\0\0\0"
    sealed = AESGCM(keys.key).encrypt(keys.iv, frames, header + number)
    encryptor = Cipher(algorithms.AES(keys.header), modes.ECB()).encryptor()  # noqa: S305  # the RFC's construction
    mask = encryptor.update(sealed[:16])
    first = bytes([header[0] ^ (mask[0] & 0x0F)])
    return first + header[1:] + mask[1:5] + sealed


def _short_hello(host: str, dice: random.Random) -> bytes:
    name = _vector(2, _vector(2, b"\0" + _vector(2, host.encode())))
    body = b"\3\3" + dice.randbytes(32) + b"\0" + _vector(2, b"\x13\1") + b"\1\0"
    return b"\1" + _vector(3, body + _vector(2, b"\0\0" + name))


def _mirrored(frame: bytes) -> bytes:
    """Put a frame into a VXLAN packet, from a port that depends on its flow."""
    return _udp(MIRROR, COLLECTOR, 49_152 | frame[-1] << 4, VXLAN_PORT, VXLAN + frame)


def bytes_of(text: str) -> int:
    """Read a size such as 700MB or 3GB; ValueError for anything else."""
    found = re.fullmatch(r"([0-9]+) ?([KMG]B)?", text.strip().upper())
    if found is None:
        message = f"{text!r} is no size such as 700MB"
        raise ValueError(message)
    return int(found[1]) * UNITS[found[2] or ""]


def write(path: Path, size: int, maker: Maker, *, vxlan: bool = False, dns: bool = False) -> int:
    """Write a capture of at least `size` bytes; give the number of its packets."""
    begin = maker.asked if dns else maker.flow
    active = [begin() for _ in range(ACTIVE)]
    clock = packets = 0
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1))
        pending: list[bytes] = []
        while file.tell() < size:
            slot = int(maker.dice.random() * ACTIVE)
            frame = next(active[slot], None)
            if frame is None:
                active[slot] = begin()
                frame = next(active[slot])
            if vxlan:
                frame = _mirrored(frame)
            clock += 37
            packets += 1
            pending += (RECORD.pack(START + clock // SECOND, clock % SECOND, len(frame), len(frame)), frame)
            if len(pending) >= 2 * CHUNK:
                file.write(b"".join(pending))
                pending.clear()
        file.write(b"".join(pending))
    return packets


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Write a synthetic Ethernet pcap")
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", type=bytes_of, default="700MB", help="such as 700MB or 3GB, rounded up")
    parser.add_argument("--vxlan", action="store_true", help="each frame in a VXLAN packet")
    parser.add_argument("--dns", action="store_true", help="DNS alone, as before a resolver")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    maker = Maker(options.seed)
    packets = write(options.out, options.size, maker, vxlan=options.vxlan, dns=options.dns)
    size = options.out.stat().st_size
    print(f"{options.out}: {size:,} bytes, {packets:,} packets, contacts begun: {dict(maker.made)}")


if __name__ == "__main__":
    main()
