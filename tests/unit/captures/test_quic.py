"""QUIC: the vectors of RFC 9001 appendix A and RFC 9369 appendix A, packets made by aioquic, hostile bytes."""

from __future__ import annotations

import contextlib
import random
import struct
from typing import TYPE_CHECKING

import pytest
from aioquic.buffer import Buffer
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.crypto import CryptoPair
from aioquic.quic.packet import QuicProtocolVersion, encode_quic_retry
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from shadowai.captures import quic, quic_packet
from shadowai.captures.quic import Connections, crypto_frames
from shadowai.captures.quic_packet import (
    SALTS,
    VERSION_1,
    VERSION_2,
    _full_number,
    client_keys,
    long_packets,
    read_varint,
    salts,
    unprotect,
)
from shadowai.model import Evidence

if TYPE_CHECKING:
    from tests.unit.captures.conftest import Craft


PORTS = (50000, 443)
CID = bytes.fromhex("8394c8f03e515708")
RFC_FRAMES = bytes.fromhex(
    "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c00000413011302010000c00000001000"
    "0e00000b6578616d706c652e636f6dff01000100000a00080006001d0017001800100007000504616c706e0005000501000000000033002600"
    "24001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e040305030603020"
    "3080408050806002d00020101001c00024001003900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075300901100f"
    "088394c8f03e51570806048000ffff"
)


def protected(
    frames: bytes, cid: bytes = CID, version: int = VERSION_1, number: int = 0, key_id: bytes | None = None
) -> bytes:
    """Protect a client's Initial packet with aioquic's cryptography."""
    pair = CryptoPair()
    pair.setup_initial(cid=cid if key_id is None else key_id, is_client=True, version=version)
    frames = frames.ljust(40, b"\0")
    kind = 0xC1 if version != VERSION_2 else 0xD1
    head = bytes([kind]) + struct.pack(">I", version) + bytes([len(cid)]) + cid + b"\0" + b"\0"
    head += (0x4000 | (2 + len(frames) + 16)).to_bytes(2, "big") + number.to_bytes(2, "big")
    sealed: bytes = pair.encrypt_packet(head, frames, number)
    return sealed


def sealed(frames: bytes, version: int, keys: quic_packet.Keys) -> bytes:
    """Protect a client's Initial packet of a version that aioquic does not know (RFC 9001 sections 5.3, 5.4)."""
    frames = frames.ljust(40, b"\0")
    head = b"\xc1" + struct.pack(">I", version) + bytes([len(CID)]) + CID + b"\0\0"
    head += (0x4000 | (2 + len(frames) + 16)).to_bytes(2, "big") + bytes(2)
    body = AESGCM(keys.key).encrypt(keys.iv, frames, head)
    # One block of AES on its own is what the RFC makes the mask of.
    mask = Cipher(algorithms.AES(keys.header), modes.ECB()).encryptor().update(body[2:18])  # noqa: S305  # see above
    number = bytes(byte ^ key for byte, key in zip(head[-2:], mask[1:3], strict=True))
    return bytes([head[0] ^ mask[0] & 0x0F]) + head[1:-2] + number + body


def crypto(data: bytes, offset: int = 0) -> bytes:
    return b"\6" + (0x80000000 | offset).to_bytes(4, "big") + (0x4000 | len(data)).to_bytes(2, "big") + data


@pytest.mark.parametrize(
    ("version", "key", "iv", "header"),
    [
        (VERSION_1, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c", "9f50449e04a0e810283a1e9933adedd2"),
        (VERSION_2, "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f", "45b95e15235d6f45a6b19cbcb0294ba9"),
    ],
)
def test_keys_are_those_of_the_standards(version: int, key: str, iv: str, header: str) -> None:
    keys = client_keys(SALTS[version], version, CID)
    assert (keys.key.hex(), keys.iv.hex(), keys.header.hex()) == (key, iv, header)


@pytest.mark.parametrize(
    ("version", "head", "start"),
    [
        (VERSION_1, "c300000001088394c8f03e5157080000449e00000002", "c000000001088394c8f03e5157080000449e7b9aec34"),
        (VERSION_2, "d36b3343cf088394c8f03e5157080000449e00000002", "d76b3343cf088394c8f03e5157080000449ea0c95e82"),
    ],
)
def test_the_client_initial_of_the_standards_is_read(version: int, head: str, start: str) -> None:
    pair = CryptoPair()
    pair.setup_initial(cid=CID, is_client=True, version=version)
    datagram = pair.encrypt_packet(bytes.fromhex(head), RFC_FRAMES.ljust(1162, b"\0"), 2)
    assert datagram.hex().startswith(start)  # the protected header that the standard prints
    (hello,) = Connections().feed(0, datagram)
    assert hello.server_name == b"example.com"


def test_packet_numbers_and_lengths_are_decoded_as_in_rfc_9000() -> None:
    assert _full_number(0x9B32, 16, 0xA82F30EA) == 0xA82F9B32  # appendix A.3
    assert _full_number(0xFF, 8, 0x1FF) == 0x1FF
    assert _full_number(0x01, 8, 0x1FE) == 0x201
    for coded, value in (
        ("c2197c5eff14e88c", 151288809941952652),
        ("9d7f3e7d", 494878333),
        ("7bbd", 15293),
        ("25", 37),
    ):
        assert read_varint(bytes.fromhex(coded), 0) == (value, len(coded) // 2)  # appendix A.1
    for cut in (b"", b"\x40", b"\xc0\0\0"):
        with pytest.raises(ValueError, match="end"):
            read_varint(cut, 0)


def client(host: str, version: int = QuicProtocolVersion.VERSION_1, padding: int = 0) -> QuicConnection:
    configuration = QuicConfiguration(
        is_client=True, server_name=host, alpn_protocols=["h3", *("x" * 200 for _ in range(padding))]
    )
    configuration.supported_versions = [version]
    configuration.original_version = version
    return QuicConnection(configuration=configuration)


def datagrams(connection: QuicConnection) -> list[bytes]:
    connection.connect(("203.0.113.5", 443), now=0.0)
    return [data for data, _ in connection.datagrams_to_send(now=0.0)]


@pytest.mark.parametrize("version", [QuicProtocolVersion.VERSION_1, QuicProtocolVersion.VERSION_2])
@pytest.mark.parametrize("padding", [0, 12])
def test_connections_of_aioquic_are_read(craft: Craft, version: int, padding: int) -> None:
    sent = datagrams(client("Api.Example.com", version, padding))
    assert (len(sent) > 1) == bool(padding)
    for order in (sent, sent[::-1], [*sent, *sent]):
        found, tally = craft.read(craft.pcap([craft.udp(data, PORTS) for data in order]))
        assert [(each.host, each.evidence) for each in found] == [("api.example.com", Evidence.QUIC)]
        assert (found[0].bytes_up, found[0].bytes_down) == (sum(map(len, order)), 0)
        assert tally.skipped == {}


@pytest.mark.parametrize("padding", [0, 12])
def test_a_connection_on_the_port_of_dns_is_found(craft: Craft, padding: int) -> None:
    sent = datagrams(client("one.example", padding=padding)), datagrams(client("two.example", padding=padding))
    packets = [craft.udp(data, (50000 + at, 53)) for at, each in enumerate(sent) for data in each]
    found, tally = craft.read(craft.pcap([*packets[::2], *packets[1::2], craft.udp(craft.query("dns.example"))]))
    assert sorted((each.host or "", each.evidence.value, each.bytes_up) for each in found) == [
        ("dns.example", "dns", None),
        ("one.example", "quic", None),
        ("two.example", "quic", None),
    ]
    assert tally.skipped == {}


def test_a_retry_changes_the_keys_and_is_one_connection(craft: Craft) -> None:
    connection = client("retry.example")
    first = datagrams(connection)
    packet = next(long_packets(first[0]))
    own_id = first[0][6 + len(packet.destination_id) + 1 :][: first[0][6 + len(packet.destination_id)]]
    retry = encode_quic_retry(VERSION_1, b"servercid", own_id, packet.destination_id, b"token" * 9)
    connection.receive_datagram(retry, ("203.0.113.5", 443), now=0.1)
    second = [data for data, _ in connection.datagrams_to_send(now=0.1)]
    assert next(long_packets(second[0])).destination_id == b"servercid"
    answer = craft.udp(retry, (443, 50000), source="203.0.113.5", destination="192.0.2.10")
    packets = [craft.udp(first[0], PORTS), answer, *(craft.udp(data, PORTS) for data in second)]
    assert craft.hosts(packets) == ["retry.example"]
    assert craft.hosts(packets[1:]) == ["retry.example"]


def test_the_first_keys_are_kept_when_the_server_picks_an_id(craft: Craft) -> None:
    hello = craft.hello("kept.example", padding=400)
    sent = [protected(crypto(hello[:300])), protected(crypto(hello[300:], 300), b"other-id", number=1, key_id=CID)]
    found, tally = craft.read(craft.pcap([craft.udp(data, PORTS) for data in sent]))
    assert [(each.host, each.packet) for each in found] == [("kept.example", 2)]
    assert tally.skipped == {}


def test_two_connections_on_the_same_ports(craft: Craft) -> None:
    sent = [protected(crypto(craft.hello(f"{name}.example", seed=ord(name))), name.encode() * 8) for name in "ab"]
    found, _ = craft.read(craft.pcap([craft.udp(data, PORTS) for data in sent]))
    # Nothing numbers the bytes of datagrams, so whose they were is not known, which is not none.
    assert [(each.host, each.bytes_up, each.wire_up) for each in found] == [
        ("a.example", None, None),
        ("b.example", None, None),
    ]


@pytest.mark.parametrize("version", [*SALTS, 0x1A2A3A4A])
def test_every_version_has_its_salt(version: int) -> None:
    assert salts(version)
    if version in set(QuicProtocolVersion):
        assert Connections().feed(0, protected(RFC_FRAMES, version=version))[0].server_name == b"example.com"


def test_a_version_that_forces_negotiation_is_read(craft: Craft) -> None:
    keys = client_keys(salts(0x0A1A2A3A)[0], 0x0A1A2A3A, CID)
    assert keys == client_keys(SALTS[VERSION_1], VERSION_1, CID)
    assert craft.hosts([craft.udp(b"\xc0\x0a\x1a\x2a\x3a" + bytes(60), PORTS)]) == []


def test_coalesced_packets_and_frames(craft: Craft) -> None:
    hello = craft.hello("co.example", padding=300)
    frames = b"\1\2\5\0\1\0\3\4\3\5\0\0\1\1\1\1" + crypto(hello[100:200], 100) + bytes(9)
    both = protected(frames) + protected(crypto(hello[:100]) + crypto(hello[200:], 200) + b"\x1c\0\0\0", number=1)
    assert craft.hosts([craft.udp(both, PORTS)]) == ["co.example"]
    handshake = b"\xe1\0\0\0\1\1x\0\x40\x1e" + bytes(30)
    assert craft.hosts([craft.udp(handshake + both, PORTS)]) == ["co.example"]


def test_a_server_is_no_client(craft: Craft) -> None:
    answer = {"source": "203.0.113.5", "destination": "192.0.2.10"}
    hello = protected(crypto(craft.hello("a.example")))
    server = craft.udp(protected(crypto(b"\2\0\0\0"), b"\1" * 8, key_id=CID), (443, 50000), **answer)
    found, tally = craft.read(craft.pcap([craft.udp(hello, PORTS), server]))
    assert ([each.host for each in found], tally.skipped) == (["a.example"], {})
    found, tally = craft.read(craft.pcap([server]))
    assert (found, tally.skipped) == ([], {})


def test_broken_packets_are_counted(craft: Craft) -> None:
    for frames in (
        crypto(b"\2\0\0\0"),
        b"\6\x40",
        b"\2\0\0\x7f\xff",
        b"\2\0\0\x80\0\xff\xff",
        crypto(b"x", 1 << 20),
        b"\6\0\5ab",
    ):
        data = protected(frames.rjust(40, b"\1"))
        found, tally = craft.read(craft.pcap([craft.udp(data, PORTS)]))
        assert found == []
        assert tally.skipped["quic-invalid"] == 1
    whole = protected(b"\1")
    for data in (whole[:50], whole[:5] + b"\x15" + whole[6:], whole[:5] + b"\xff" * 40):
        _, tally = craft.read(craft.pcap([craft.udp(data, PORTS)]))
        assert tally.skipped == {"quic-invalid": 1}
    half = protected(crypto(craft.hello("a.example")[:60]))
    _, tally = craft.read(craft.pcap([craft.udp(half, PORTS)]))
    assert tally.skipped == {"incomplete": 1}
    assert list(crypto_frames(b"\x1e")) == []


def test_a_datagram_that_is_wrong_in_two_ways_counts_once(craft: Craft) -> None:
    begun = protected(crypto(RFC_FRAMES[4:100]))
    strange = protected(crypto(b"x"), key_id=b"another")
    found, tally = craft.read(craft.pcap([craft.udp(begun + strange, PORTS)]))
    assert [each.host for each in found if each.host] == []
    assert (tally.parsed, sum(tally.skipped.values())) == (0, 1)


def test_connections_are_bounded(craft: Craft, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quic, "MAX_CONNECTIONS", 3)
    half = protected(crypto(craft.hello("a.example")[:60]))
    packets = [craft.udp(half, (port, 443)) for port in range(50000, 50010)]
    _, tally = craft.read(craft.pcap(packets))
    assert tally.skipped == {"reassembly-dropped": 7, "incomplete": 3}
    monkeypatch.setattr(quic, "MAX_CONNECTIONS", 100)
    monkeypatch.setattr(quic, "MAX_WAITING", 150)
    _, tally = craft.read(craft.pcap(packets))
    assert tally.skipped == {"reassembly-dropped": 8, "incomplete": 2}


@pytest.mark.parametrize("version", [0x54303530, 0x54303531])
def test_the_tls_flavour_of_googles_quic_numbers_its_frames_in_its_own_way(version: int) -> None:
    offset, hello = 4, RFC_FRAMES[4:]
    frames = b"\x08\0" + struct.pack(">H", 0x4000 | len(hello)) + hello
    keys = client_keys(SALTS[version], version, CID)
    assert RFC_FRAMES[:offset] == b"\x06\0\x40\xf1"
    (found,) = Connections().feed(0, sealed(frames, version, keys))
    assert found.server_name == b"example.com"
    assert not list(crypto_frames(frames))


def test_no_keys_but_the_right_ones_open_a_packet() -> None:
    (packet,) = long_packets(protected(RFC_FRAMES))
    right = unprotect(packet, client_keys(SALTS[VERSION_1], VERSION_1, CID), -1)
    assert right is not None
    assert right.frames.startswith(RFC_FRAMES)
    assert unprotect(packet, client_keys(SALTS[VERSION_1], VERSION_1, b"wrong"), -1) is None


@given(st.binary(max_size=120), st.integers(0, 2**32))
def test_hostile_datagrams_and_frames(noise: bytes, seed: int) -> None:
    dice = random.Random(seed)
    soiled = bytearray(protected(RFC_FRAMES))
    soiled[dice.randrange(30)] = dice.randrange(256)
    for data in (b"\xc3\0\0\0\1" + noise, bytes(soiled), protected(noise)):
        with contextlib.suppress(ValueError):
            Connections().feed(0, data)
    with contextlib.suppress(ValueError):
        list(crypto_frames(noise))


def test_buffers_of_aioquic_agree_on_lengths() -> None:
    for value in (0, 63, 64, 16383, 16384, 2**30 - 1, 2**30, 2**62 - 1):
        buffer = Buffer(capacity=8)
        buffer.push_uint_var(value)
        assert read_varint(buffer.data, 0) == (value, len(buffer.data))


def test_the_second_hello_after_a_retry_request_tells_nothing_new(craft: Craft) -> None:
    # RFC 8446 section 4.1.2: it is the first again, but for its key share and the like, and goes on at its offset.
    first, second = craft.hello("quic.example.com"), craft.hello("quic.example.com", padding=300)
    packets = [
        protected(crypto(first)),
        protected(crypto(second[:200], len(first)), cid=b"servers", key_id=CID, number=1),
        protected(crypto(second[200:], len(first) + 200), cid=b"servers", key_id=CID, number=2),
    ]
    found, tally = craft.read(craft.pcap([craft.udp(packet, PORTS) for packet in packets]))
    assert [(seen.evidence, seen.host, seen.bytes_up) for seen in found] == [
        (Evidence.QUIC, "quic.example.com", sum(map(len, packets)))
    ]
    assert tally.skipped == {}
    # Where the capture begins behind the first, its keys are not known, and that is said.
    late, tally = craft.read(craft.pcap([craft.udp(packet, PORTS) for packet in packets[1:]]))
    assert (late, tally.skipped) == ([], {"quic-unreadable": 2})
