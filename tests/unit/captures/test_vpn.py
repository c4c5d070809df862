"""Handshakes of VPNs as their descriptions lay them out, and public captures in which tshark says what is what."""

from __future__ import annotations

import os
import random
import struct
from collections import Counter
from pathlib import Path

import pytest
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from hypothesis import given
from hypothesis import strategies as st
from scapy.contrib.wireguard import WireguardInitiation, WireguardResponse, WireguardTransport
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.isakmp import ISAKMP
from scapy.layers.l2 import Loopback
from scapy.utils import PcapReader

from shadowai.captures.tls import Hello
from shadowai.captures.vpn import (
    PRETESTS,
    STREAM_FIRSTS,
    hidden_datagram,
    hidden_stream,
    is_google_quic,
    is_tor_hello,
)
from shadowai.model import Hidden

SHARED = Path(os.environ.get("SHADOWAI_CONFORMANCE", Path(__file__).parents[3].parent / "shared")) / "captures"
PORTS = (40000, 9999)
NOISE = random.Random(7).randbytes
SESSION = NOISE(8)
TIME = struct.pack(">I", 1_700_000_000)


def passes(payload: bytes, ports: tuple[int, int]) -> bool:
    """Say whether a payload passes one of the pretests, as numpy would ask it of many."""
    return any(
        (not each.firsts or payload[:1] in map(bytes, zip(each.firsts, strict=False)))
        and (not each.lengths or len(payload) in each.lengths)
        and len(payload) >= each.shortest
        and (not each.ports or bool({*ports} & {*each.ports}))
        for each in PRETESTS
    )


def initiation() -> bytes:
    return bytes(
        WireguardInitiation(
            sender_index=0x01020304,
            unencrypted_ephemeral=NOISE(32),
            encrypted_static=NOISE(48),
            encrypted_timestamp=NOISE(28),
            mac1=NOISE(16),
        )
    )


def reply() -> bytes:
    return bytes(
        WireguardResponse(
            sender_index=5,
            receiver_index=6,
            unencrypted_ephemeral=NOISE(32),
            encrypted_nothing=NOISE(16),
            mac1=NOISE(16),
        )
    )


def wireguard(kind: int, layer: bytes) -> bytes:
    return bytes([kind, 0, 0, 0]) + layer[-{1: 144, 2: 88}[kind] :]


def reset(kind: int, *, hmac: int = 0, number: int = 1, crypt: bool = False, key: int = 0) -> bytes:
    """Write an OpenVPN client's first packet: plain, with an HMAC of tls-auth, or with tls-crypt, and a wrapped key."""
    head, tail = bytes([kind << 3]) + SESSION, bytes(5)
    if crypt:
        wrapped = NOISE(key - 2) + struct.pack(">H", key) if key else b""
        return head + struct.pack(">I", number) + TIME + NOISE(32) + NOISE(5) + wrapped
    return head + (NOISE(hmac) + struct.pack(">I", number) + TIME if hmac else b"") + tail


def ike(version: int = 0x20, exchange: int = 34, length: int | None = None, **fields: int) -> bytes:
    body = NOISE(60)
    header = ISAKMP(
        init_cookie=NOISE(8),
        next_payload=33,
        version=version,
        exch_type=exchange,
        flags=fields.get("flags", 8 if version == 0x20 else 0),
        length=28 + len(body) if length is None else length,
    )
    return bytes(header)[:28] + body


def quic(version: int) -> bytes:
    client = QuicConnection(configuration=QuicConfiguration(is_client=True, server_name="a.example"))
    client.connect(("203.0.113.5", 443), now=0.0)
    datagram: bytes = client.datagrams_to_send(now=0.0)[0][0]
    return datagram[:1] + struct.pack(">I", version) + datagram[5:]


ESP = struct.pack(">II", 0xC0FFEE01, 7) + NOISE(64)
KNOWN = [
    (wireguard(1, initiation()), PORTS, Hidden.WIREGUARD),
    (wireguard(2, reply()), PORTS, Hidden.WIREGUARD),
    (reset(1), PORTS, Hidden.OPENVPN),
    (reset(7), PORTS, Hidden.OPENVPN),
    *((reset(7, hmac=size), PORTS, Hidden.OPENVPN) for size in (16, 20, 28, 32, 48, 64)),
    (reset(7, crypt=True), PORTS, Hidden.OPENVPN),
    (reset(7, crypt=True, number=0x0F010003), PORTS, Hidden.OPENVPN),
    (reset(10, crypt=True, key=290), PORTS, Hidden.OPENVPN),
    (reset(10, crypt=True, key=600, number=0x0F000001), PORTS, Hidden.OPENVPN),
    (ike(), (500, 500), Hidden.IPSEC),
    (ike(0x10, 2), (500, 500), Hidden.IPSEC),
    (bytes(4) + ike(), (61000, 4500), Hidden.IPSEC),
    (ESP, (4500, 4500), Hidden.IPSEC),
    (ESP, (61000, 4500), Hidden.IPSEC),
    (quic(0x12345678), (50000, 443), Hidden.QUIC_VERSION),
    (quic(0xFF0000FF), (50000, 853), Hidden.QUIC_VERSION),
]
UNKNOWN = [
    (wireguard(1, initiation()) + b"x", PORTS),
    (wireguard(1, initiation())[:1] + b"\1" + wireguard(1, initiation())[2:], PORTS),
    (b"\1\0\0\0" + b"\0\1\2\3" * 36, PORTS),
    (bytes(148), PORTS),
    (reset(7)[:-1] + b"\1", PORTS),
    (reset(7) + b"\0", PORTS),
    (bytes([7 << 3]) + bytes(13), PORTS),
    (reset(7, crypt=True, number=0), PORTS),
    (reset(7, crypt=True, number=70_000), PORTS),
    (reset(7, crypt=True).replace(TIME, b"\0\0\0\1"), PORTS),
    (reset(10, crypt=True), PORTS),
    (reset(10, crypt=True, key=290) + b"x", PORTS),
    (reset(9), PORTS),
    (ike(), PORTS),
    (ike(length=7), (500, 500)),
    (ike(exchange=99), (500, 500)),
    (ike(version=0x30), (500, 500)),
    (ike(flags=0x80), (500, 500)),
    (ike()[:20], (500, 500)),
    (bytes(8) + ike()[8:], (500, 500)),
    (b"\xff", (4500, 4500)),
    (ESP[:-1], (4500, 4500)),
    (struct.pack(">II", 7, 7) + NOISE(64), (4500, 4500)),
    (struct.pack(">II", 0xC0FFEE01, 0) + NOISE(64), (4500, 4500)),
    (struct.pack(">II", 0xC0FFEE01, 1 << 20) + NOISE(64), (61000, 4500)),
    (ESP, (53, 4500)),
    (ESP, PORTS),
    (quic(1), (50000, 443)),
    (quic(0x6B3343CF), (50000, 443)),
    (quic(0), (50000, 443)),
    (quic(0x1A2A3A4A), (50000, 443)),
    (quic(0x51303530), (50000, 443)),
    (quic(0x12345678), (443, 50000)),
    (quic(0x12345678), PORTS),
    (quic(0x12345678)[:1100], (50000, 443)),
    (b"\x40" + quic(0x12345678)[1:], (50000, 443)),
    (quic(0x12345678)[:5] + b"\7" + quic(0x12345678)[6:], (50000, 443)),
    (quic(0x12345678)[:5] + b"\x15" + quic(0x12345678)[6:], (50000, 443)),
    (quic(0x12345678)[:5] + b"\x08" + NOISE(8) + b"\x15" + bytes(1200), (50000, 443)),
    (b"", (500, 4500)),
]


@pytest.mark.parametrize(("payload", "ports", "hidden"), KNOWN)
def test_handshakes_are_known_and_pass_a_pretest(payload: bytes, ports: tuple[int, int], hidden: Hidden) -> None:
    assert hidden_datagram(payload, ports) == hidden
    assert passes(payload, ports)


@pytest.mark.parametrize(("payload", "ports"), UNKNOWN)
def test_what_may_be_something_else_is_let_be(payload: bytes, ports: tuple[int, int]) -> None:
    assert hidden_datagram(payload, ports) is None


@given(st.binary(max_size=1300), st.sampled_from([0, 500, 4500, 443, 51820, 50000]), st.sampled_from([443, 4500, 500]))
def test_any_bytes(payload: bytes, source: int, destination: int) -> None:
    hidden_stream(payload)
    if hidden_datagram(payload, (source, destination)) is not None:
        assert passes(payload, (source, destination))


def test_the_inside_of_a_tunnel_is_known_on_its_port_only() -> None:
    data = bytes(WireguardTransport(receiver_index=9, counter=3, encrypted_encapsulated_packet=NOISE(48)))
    payload = b"\4\0\0\0" + data[-60:]
    assert len(payload) == 64
    assert hidden_datagram(payload, (51820, 1234)) == Hidden.WIREGUARD
    assert passes(payload, (51820, 1234))
    assert hidden_datagram(payload, PORTS) is None
    assert hidden_datagram(payload + b"x", (51820, 1234)) is None
    assert hidden_datagram(payload[:12] + b"\xff" * 4 + payload[16:], (51820, 1234)) is None


def test_streams() -> None:
    for packet in (reset(7), reset(7, hmac=20), reset(10, crypt=True, key=290)):
        stream = struct.pack(">H", len(packet)) + packet
        assert hidden_stream(stream) == Hidden.OPENVPN
        assert stream[0] in STREAM_FIRSTS
        assert hidden_stream(stream + b"x") is None
    message = bytes(4) + ike()
    stream = b"IKETCP" + struct.pack(">H", 2 + len(message)) + message  # RFC 9329 section 4
    assert hidden_stream(stream) == Hidden.IPSEC
    assert stream[0] in STREAM_FIRSTS
    assert hidden_stream(b"IKETCP\0\x30data") is None
    assert hidden_stream(b"GET / HTTP/1.1\r\n") is None
    assert hidden_stream(b"") is None


def test_google_quic_is_told_apart() -> None:
    assert [is_google_quic(quic(version)) for version in (0x51303436, 0x54303530, 1, 0x12345678)] == [
        True,
        True,
        False,
        False,
    ]


TOR = Hello(b"www.q4cyamnc6mtokjurvdclt.com", bytes(32), extensions=(0, 11, 10))


@pytest.mark.parametrize(
    ("hello", "expected"),
    [
        (TOR, True),
        (TOR._replace(server_name=b"www.ct7ctrgb6cr7.com"), True),
        (TOR._replace(alpn=(b"h2",)), False),
        (TOR._replace(extensions=(0, 11, 10, 35)), False),
        (TOR._replace(encrypted=b"\0"), False),
        (TOR._replace(server_name=None), False),
        *(
            (TOR._replace(server_name=name), False)
            for name in (
                b"www.example.com",
                b"www.stackoverflow.com",
                b"www.4shared.com",
                b"www.web2print24.com",
                b"www.area51forum7.com",
                b"www.hamburg2040strategy.com",
                b"www.q4cyamnc6mtokjurvdclt.net",
                b"mail.q4cyamnc6mtokjurvdclt.com",
                b"www.q4cyamnc6mtok8urvdclt.com",
            )
        ),
    ],
)
def test_tor(hello: Hello, *, expected: bool) -> None:
    assert is_tor_hello(hello) is expected


@pytest.mark.skipif(not SHARED.is_dir(), reason="the public captures are not here")
@pytest.mark.parametrize(
    ("name", "expected"),
    # tshark also calls packets of Zoom, TeamViewer and a game WireGuard, whose lengths cannot be.
    [
        ("tailscale.pcap", {Hidden.WIREGUARD: 46}),
        ("tunnelbear.pcap", {Hidden.WIREGUARD: 10}),
        ("openvpn-tlscrypt.pcap", {Hidden.OPENVPN: 1}),
        ("esp.pcapng", {Hidden.IPSEC: 4}),
        ("zoom.pcap", {}),
        ("teamviewer.pcap", {}),
        ("lol_wild_rift_udp.pcap", {}),
        ("dnscrypt-v1-and-resolver-pings.pcap", {}),
        ("quic_q46.pcap", {}),
    ],
)
def test_public_captures(name: str, expected: dict[Hidden, int]) -> None:
    found: Counter[Hidden] = Counter()
    with PcapReader(str(SHARED / name)) as packets:
        for packet in packets:
            # scapy does not look into a loopback frame of another system's IPv6.
            layer = (IPv6(bytes(packet.payload)) if Loopback in packet else packet).getlayer(UDP)
            if layer is not None and not layer.haslayer(IP):
                hidden = hidden_datagram(bytes(layer.payload), (layer.sport, layer.dport))
                found.update([hidden] if hidden else [])
    assert dict(found) == expected
