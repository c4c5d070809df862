"""IP and transport headers, and what is not read. scapy writes the packets: another's idea of the formats."""

from __future__ import annotations

import struct
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shadowai.captures.flowkeys import group
from shadowai.captures.headers import LINKS

if TYPE_CHECKING:
    from tests.unit.captures.conftest import Craft

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from scapy.layers.dot11 import Dot11
    from scapy.layers.inet import ICMP, IP, TCP, UDP
    from scapy.layers.inet6 import (
        IPv6,
        IPv6ExtHdrDestOpt,
        IPv6ExtHdrFragment,
        IPv6ExtHdrHopByHop,
        IPv6ExtHdrRouting,
    )
    from scapy.layers.l2 import ARP, GRE, LLC, Dot3, Ether
    from scapy.packet import Raw

A, B, A6, B6 = "192.0.2.10", "203.0.113.5", "2001:db8::10", "2001:db8:5::5"
OUT, OUT6 = IP(src="10.9.9.1", dst="10.9.9.2"), IPv6(src="fd00::1", dst="fd00::2")
QUERY = struct.pack(">6H", 1, 0x100, 1, 0, 0, 0) + b"\3api\7example\3com\0\0\1\0\1"
INNER = IP(src=A, dst=B) / UDP(sport=40000, dport=53) / Raw(QUERY)
INNER6 = IPv6(src=A6, dst=B6) / UDP(sport=40000, dport=53) / Raw(QUERY)
ETHER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")

FRAMES = {
    "ip-options": IP(src=A, dst=B, options=b"\x94\x04\0\0") / UDP(sport=40000, dport=53) / Raw(QUERY),
    "extensions": (
        IPv6(src=A6, dst=B6)
        / IPv6ExtHdrHopByHop()
        / IPv6ExtHdrDestOpt()
        / IPv6ExtHdrRouting(addresses=[B6])
        / IPv6ExtHdrFragment(id=5)
        / UDP(sport=40000, dport=53)
        / Raw(QUERY)
    ),
    "authenticated": IP(src=A, dst=B, proto=51) / Raw(b"\x11\4" + bytes(22) + bytes(INNER)[20:]),
    "offloaded": Raw(b"\x45\0\0\0" + bytes(INNER)[4:]),
    "offloaded-v6": Raw(bytes(INNER6)[:4] + b"\0\0" + bytes(INNER6)[6:]),
    "old-teredo": OUT / UDP(sport=51000, dport=3544) / INNER6,
}


@pytest.mark.parametrize("name", FRAMES)
def test_headers_of_ip_are_stepped_over(craft: Craft, name: str) -> None:
    found, tally = craft.read(craft.pcap([bytes(FRAMES[name])]))
    assert [each.host for each in found] == ["api.example.com"], tally.skipped
    assert (found[0].source_ip, found[0].destination_ip) in {(A, B), (A6, B6)}
    assert (found[0].source_port, found[0].destination_port, found[0].packet) == (40000, 53, 1)
    assert (tally.parsed, tally.skipped) == (1, {})


SKIPPED = {
    "arp": (1, ETHER / ARP(), "not-ip"),
    "spanning-tree": (1, Dot3() / LLC() / Raw(bytes(40)), "not-ip"),
    "unknown-link": (147, INNER, "unknown-link-type"),
    "beacon": (105, Dot11(type=0, subtype=8), "not-ip"),
    "no-family": (0, Raw(struct.pack("<I", 99)) / INNER, "not-ip"),
    "no-version": (101, Raw(b"\x55" * 40), "not-ip"),
    "empty": (1, Raw(b"\1\2\3"), "cut-short"),
    "short-ip": (1, Raw(bytes(ETHER / INNER)[:24]), "cut-short"),
    "short-udp": (1, Raw(bytes(ETHER / INNER)[:38]), "cut-short"),
    "short-options": (101, Raw(b"\x4f" + bytes(INNER)[1:30]), "cut-short"),
    "header-length": (101, Raw(b"\x42" + bytes(INNER)[1:]), "invalid-header"),
    "tcp-offset": (101, IP() / TCP(dataofs=2) / Raw(b"x" * 40), "invalid-header"),
    "udp-length": (101, IP() / UDP(len=5) / Raw(b"x" * 40), "invalid-header"),
    "encrypted-gre": (1, ETHER / OUT / GRE(proto=0x1234) / Raw(bytes(30)), "tunnel-unread"),
    "capwap-fragment": (1, ETHER / OUT / UDP(dport=5247) / Raw(b"\0\x10\0\x80\0\0\0\0" + bytes(30)), "tunnel-unread"),
    "capwap-dtls": (1, ETHER / OUT / UDP(dport=5247) / Raw(b"\1\0\0\0" + bytes(30)), "tunnel-unread"),
    "lone-fragment": (101, IP(flags="MF", id=9) / Raw(bytes(40)), "fragment"),
    "inner-fault": (1, ETHER / OUT / GRE() / IP() / TCP(dataofs=2) / Raw(b"x" * 40), "invalid-header"),
}


@pytest.mark.parametrize("name", SKIPPED)
def test_what_cannot_be_read_is_counted_by_reason(craft: Craft, name: str) -> None:
    link, frame, reason = SKIPPED[name]
    found, tally = craft.read(craft.pcap([bytes(frame)], link))
    is_unread = reason == "unknown-link-type"  # the only one that is not what was on the wire, but what nobody can read
    assert (found, dict(tally.skipped), tally.broken) == ([], {reason: 1}, is_unread)


def test_nesting_is_bounded(craft: Craft) -> None:
    deep = bytes(INNER)
    for _ in range(40):
        deep = craft.ip(deep, 4)
    found, tally = craft.read(craft.pcap([deep]))
    assert (found, tally.skipped) == ([], {"invalid-header": 1})
    for _ in range(1500):
        deep = craft.ip(b"\0\0\x08\0" + deep, 47) if len(deep) < 60_000 else deep
    found, tally = craft.read(craft.pcap([deep]))
    assert found == []
    assert tally.records == 1


def test_an_error_message_that_quotes_a_query_is_no_query(craft: Craft) -> None:
    assert craft.hosts([bytes(IP(src=B, dst=A) / ICMP(type=3, code=3) / INNER)]) == []


def test_flows_that_share_a_hash_are_still_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.frombuffer(b"aaaaaaaab" * 2 + b"aaaaaaaac" + b"aaaaaaaab", np.uint8).reshape(-1, 9)
    monkeypatch.setattr("shadowai.captures.flowkeys._MIX", np.uint64(0))
    first, index, keys = group(rows)
    assert first.tolist() == [0, 2]
    assert [keys[number] for number in index] == [bytes(row) for row in rows]
    assert len(keys) == 2


def test_the_bytes_of_many_flows_are_kept_apart(craft: Craft) -> None:
    hello = craft.records(craft.hello("many.example"))
    ports = range(40_000, 41_300)
    packets = [craft.tcp(hello, 1, (port, 443)) for port in ports]
    packets += [craft.tcp(bytes(port - 40_000), 9_000, (port, 443)) for port in ports]
    back = {"source": "203.0.113.5", "destination": "192.0.2.10"}
    packets += [craft.tcp(bytes(2 * (port - 40_000)), 1, (443, port), **back) for port in ports]
    found, _ = craft.read(craft.pcap(packets))
    sizes = {each.source_port: (each.bytes_up, each.bytes_down) for each in found}
    assert sizes == {port: (len(hello) + port - 40_000, 2 * (port - 40_000)) for port in ports}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noise=st.lists(st.binary(max_size=120), max_size=6), link=st.sampled_from([*LINKS, 10, 147, 195]))
def test_random_frames_never_crash_the_reader(craft: Craft, noise: list[bytes], link: int) -> None:
    craft.read(craft.pcap(noise, link))
