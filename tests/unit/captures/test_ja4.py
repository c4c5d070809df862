"""JA4 against its published description, and against what other programs say of public captures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from scapy.layers.inet import TCP, UDP
from scapy.layers.inet6 import IPv6  # noqa: F401 - registers the layer, so that IPv6 packets are dissected
from scapy.layers.l2 import Ether  # noqa: F401 - the same for Ethernet
from scapy.packet import Raw
from scapy.utils import PcapReader

from shadowai.captures.dtls import DtlsReader
from shadowai.captures.ja4 import Transport, ja4
from shadowai.captures.quic import Connections
from shadowai.captures.tls import Hello, HelloReader

SHARED = Path(os.environ.get("SHADOWAI_CONFORMANCE", Path(__file__).parents[3].parent / "shared")) / "captures"


def items(text: str) -> bytes:
    return bytes.fromhex(text.replace(",", ""))


# The example of technical_details/JA4.md: its raw form in the original order.
CIPHERS = "1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035"
EXTENSIONS = "001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015"
SIGNATURES = "0403,0804,0401,0503,0805,0501,0806,0601"
EXAMPLE = Hello(
    server_name=b"a.example",
    random=bytes(32),
    version=0x0303,
    ciphers=items(CIPHERS),
    extensions=tuple(int(each, 16) for each in EXTENSIONS.split(",")),
    versions=items("0304,0303"),
    signatures=items(SIGNATURES),
    alpn=(b"h2", b"http/1.1"),
)


def test_the_example_of_the_description() -> None:
    assert ja4(EXAMPLE) == "t13d1516h2_8daaf6152771_e5627efa2ab1"
    assert ja4(EXAMPLE._replace(signatures=b"")) == "t13d1516h2_8daaf6152771_6d807ffa2a79"


def test_made_up_values_are_left_out() -> None:
    greased = EXAMPLE._replace(
        ciphers=items("5a5a") + EXAMPLE.ciphers,
        extensions=(0x0A0A, *EXAMPLE.extensions, 0xFAFA),
        versions=items("eaea") + EXAMPLE.versions,
        signatures=items("baba") + EXAMPLE.signatures,
        alpn=(b"\x3a\x3a", *EXAMPLE.alpn),
    )
    assert ja4(greased) == ja4(EXAMPLE)
    nearly = EXAMPLE._replace(ciphers=items("5a6a") + EXAMPLE.ciphers)
    assert str(ja4(nearly)).startswith("t13d1616h2_")


@pytest.mark.parametrize(
    ("first", "shown"),
    [
        (b"h2", "h2"),
        (b"http/1.1", "h1"),
        (b"x", "xx"),
        (b"", "00"),
        (b"\xab", "ab"),
        (b"\xab\xcd", "ad"),
        (b"\x30\xab", "3b"),
        (b"\x30\x31\xab\xcd", "3d"),
        (b"\x30\xab\xcd\x31", "01"),
    ],
)
def test_the_protocol(first: bytes, shown: str) -> None:
    assert str(ja4(EXAMPLE._replace(alpn=(first, b"h3"))))[8:10] == shown


@pytest.mark.parametrize(
    ("versions", "own", "transport", "shown"),
    [
        ("0303,0304", 0x0303, "t", "t13"),
        ("", 0x0303, "t", "t12"),
        ("", 0x0302, "t", "t11"),
        ("", 0x0301, "t", "t10"),
        ("", 0x0300, "t", "ts3"),
        ("", 0x0002, "t", "ts2"),
        ("", 0x0305, "t", "t00"),
        ("0304", 0x0303, "q", "q13"),
        ("", 0xFEFF, "d", "dd1"),
        ("", 0xFEFD, "d", "dd2"),
        ("fefd,fefc", 0xFEFD, "d", "dd3"),
        ("fefc,fefd,1a1a", 0xFEFD, "d", "dd3"),
    ],
)
def test_the_version(versions: str, own: int, transport: Transport, shown: str) -> None:
    hello = EXAMPLE._replace(versions=items(versions), version=own)
    assert str(ja4(hello, transport))[:3] == shown


def test_empty_and_endless_lists() -> None:
    assert ja4(Hello(None, bytes(32), 0x0303)) == "t12i000000_000000000000_000000000000"
    only = EXAMPLE._replace(extensions=(0, 16), signatures=b"")
    assert str(ja4(only)).endswith("_000000000000")
    long = EXAMPLE._replace(ciphers=b"\x13\1" * 120, extensions=tuple(range(100, 220)))
    assert str(ja4(long))[4:8] == "9999"


def test_a_cut_hello_has_no_fingerprint() -> None:
    assert ja4(EXAMPLE._replace(whole=False)) is None


@pytest.mark.skipif(not SHARED.is_dir(), reason="the public captures are not here")
@pytest.mark.parametrize(
    ("name", "expected"),
    # What nDPI prints of the same captures (ntop/nDPI, tests/cfgs/default/result). Of DTLS it prints "d" for the server
    # name whether there is one or not; the description says "i", and here there is none.
    [
        ("tls_ech.pcapng", {"t13d1516h2_8daaf6152771_02713d6af862"}),
        ("chrome.pcap", {"t13d1516h2_8daaf6152771_e5627efa2ab1", "t13d1516h2_8daaf6152771_9b887d9acb53"}),
        ("firefox.pcap", {"t13d1813h2_e8a523a41297_84e5d5db657c", "t13d1814h2_e8a523a41297_d267a5f792d4"}),
        ("tor.pcap", {"t10d360300_77f462745360_33a13ba74d1c"}),
        ("quic-v2.pcapng", {"q13d0310h3_55b375c5d22e_0a3b52e28cea"}),
        ("quic-29.pcap", {"q13d0512h9_d55e91d5c3b2_cd318bf3b157"}),
        ("stun_dtls_rtp.pcapng", {"dd2i110700_c45550529adf_d9dd6182da81"}),
    ],
)
def test_public_captures(name: str, expected: set[str]) -> None:
    found: set[str | None] = set()
    quic = Connections()
    with PcapReader(str(SHARED / name)) as packets:
        for packet in packets:
            if TCP in packet and Raw in packet and packet[Raw].load[:1] == b"\x16" and packet[Raw].load[5:6] == b"\1":
                hello = HelloReader().feed(packet[Raw].load)
                found |= {ja4(hello)} if hello else set()
            elif UDP in packet:
                found |= _of_datagram(quic, bytes(packet[UDP].payload))
    assert found == expected


def _of_datagram(quic: Connections, payload: bytes) -> set[str | None]:
    if payload[:2] == b"\x16\xfe":
        try:
            hello = DtlsReader().feed(payload)
        except ValueError:
            return set()
        return {ja4(hello, "d")} if hello else set()
    return {ja4(hello, "q") for hello in quic.feed(0, payload)} if payload[:1] >= b"\xc0" else set()
