"""Link layers, tunnels, IP and transport headers. scapy writes the packets: another's idea of the formats."""

from __future__ import annotations

import random
import struct
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shadowai.captures.flows import _group
from shadowai.captures.fragments import MAX_PACKETS, MAX_PIECES, Fragments

if TYPE_CHECKING:
    from tests.unit.captures.conftest import Craft

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from scapy.contrib.erspan import ERSPAN_II
    from scapy.contrib.geneve import GENEVE
    from scapy.contrib.gtp import GTP_U_Header
    from scapy.contrib.mpls import MPLS
    from scapy.layers.dot11 import Dot11, Dot11QoS, RadioTap
    from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
    from scapy.layers.inet6 import (
        IPv6,
        IPv6ExtHdrDestOpt,
        IPv6ExtHdrFragment,
        IPv6ExtHdrHopByHop,
        IPv6ExtHdrRouting,
    )
    from scapy.layers.l2 import ARP, GRE, LLC, SNAP, CookedLinux, CookedLinuxV2, Dot1AD, Dot1Q, Dot3, Ether, Loopback
    from scapy.layers.ppp import PPP, PPPoE
    from scapy.layers.vxlan import VXLAN
    from scapy.packet import Raw, fuzz

A, B, A6, B6 = "192.0.2.10", "203.0.113.5", "2001:db8::10", "2001:db8:5::5"
OUT, OUT6 = IP(src="10.9.9.1", dst="10.9.9.2"), IPv6(src="fd00::1", dst="fd00::2")
QUERY = struct.pack(">6H", 1, 0x100, 1, 0, 0, 0) + b"\3api\7example\3com\0\0\1\0\1"
INNER = IP(src=A, dst=B) / UDP(sport=40000, dport=53) / Raw(QUERY)
INNER6 = IPv6(src=A6, dst=B6) / UDP(sport=40000, dport=53) / Raw(QUERY)
ETHER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
DATA = Dot11(
    type=2, subtype=0, FCfield=1, addr1="02:00:00:00:00:01", addr2="02:00:00:00:00:02", addr3="02:00:00:00:00:03"
)
LOGICAL = LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP()
CAPWAP = bytes.fromhex("0010020000000000")  # header length 2 words, wireless binding 1, native frame
SWAPPED = bytes(DATA / LOGICAL / INNER)

FRAMES = {
    "ethernet": (1, ETHER / INNER),
    "ethernet-v6": (1, ETHER / INNER6),
    "vlan": (1, ETHER / Dot1Q(vlan=5) / INNER),
    "qinq": (1, ETHER / Dot1AD(vlan=5) / Dot1Q(vlan=6) / INNER6),
    "old-qinq": (1, ETHER / Dot1Q(vlan=5, type=0x9100) / Raw(bytes(Dot1Q(vlan=6) / INNER))),
    "pppoe": (1, ETHER / PPPoE(sessionid=7) / PPP() / INNER),
    "pppoe-v6": (1, ETHER / PPPoE(sessionid=7) / PPP() / INNER6),
    "mpls": (1, ETHER / MPLS(label=9, s=0) / MPLS(label=10, s=1) / INNER),
    "mpls-vlan": (1, ETHER / Dot1Q(vlan=5) / MPLS(label=10, s=1) / INNER6),
    "llc": (1, Dot3(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / LOGICAL / INNER),
    "cooked": (113, CookedLinux(proto=0x800) / INNER),
    "cooked-vlan": (113, CookedLinux(proto=0x8100) / Raw(b"\0\5\x08\0" + bytes(INNER))),
    "cooked2": (276, CookedLinuxV2(proto=0x86DD) / INNER6),
    "raw": (101, INNER),
    "raw-v6": (229, INNER6),
    "null": (0, Loopback(type=2) / INNER),
    "null-v6": (0, Raw(struct.pack("<I", 30)) / INNER6),
    "loop": (108, Raw(struct.pack(">I", 24)) / INNER6),
    "radiotap": (127, RadioTap() / DATA / LOGICAL / INNER),
    "802.11-qos": (105, DATA.copy().__class__(type=2, subtype=8, FCfield=1) / Dot11QoS() / LOGICAL / INNER6),
    "ppp": (9, PPP() / INNER),
    "ip-in-ip": (1, ETHER / OUT / INNER),
    "6in4": (1, ETHER / OUT / INNER6),
    "4in6": (1, ETHER / OUT6 / INNER),
    "gre": (1, ETHER / OUT / GRE() / INNER),
    "gre-ethernet": (1, ETHER / OUT6 / GRE(proto=0x6558) / ETHER / INNER),
    "erspan": (1, ETHER / OUT / GRE(proto=0x88BE, seqnum_present=1) / ERSPAN_II() / ETHER / INNER),
    "vxlan": (1, ETHER / OUT / UDP(sport=49152, dport=4789) / VXLAN(vni=5, flags=8) / ETHER / INNER),
    "geneve": (1, ETHER / OUT / UDP(sport=49152, dport=6081) / GENEVE(vni=5, proto=0x6558) / ETHER / INNER),
    "gtp-u": (1, ETHER / OUT / UDP(sport=2152, dport=2152) / GTP_U_Header(teid=5) / INNER),
    "teredo": (1, ETHER / OUT / UDP(sport=51000, dport=3544) / INNER6),
    "teredo-origin": (
        1,
        ETHER / OUT / UDP(sport=3544, dport=51000) / Raw(b"\0\1\2\3" + bytes(14) + b"\0\0" + bytes(6)) / INNER6,
    ),
    "lisp": (1, ETHER / OUT / UDP(sport=51000, dport=4341) / Raw(bytes(8)) / INNER),
    "gre-udp": (1, ETHER / OUT / UDP(sport=51000, dport=4754) / GRE() / INNER),
    "mpls-udp": (1, ETHER / OUT / UDP(sport=51000, dport=6635) / MPLS(label=9, s=1) / INNER),
    "capwap": (
        1,
        ETHER / OUT / UDP(sport=51000, dport=5247) / Raw(CAPWAP_ETHERNET := b"\0\x10\0\0\0\0\0\0") / ETHER / INNER,
    ),
    "capwap-802.11": (1, ETHER / OUT / UDP(sport=51000, dport=5247) / Raw(b"\0\x10\3\0\0\0\0\0" + SWAPPED)),
    "capwap-swapped": (
        1,
        ETHER / OUT / UDP(sport=51000, dport=5247) / Raw(b"\0\x10\3\0\0\0\0\0" + SWAPPED[1::-1] + SWAPPED[2:]),
    ),
    "ip-options": (1, ETHER / IP(src=A, dst=B, options=b"\x94\x04\0\0") / UDP(sport=40000, dport=53) / Raw(QUERY)),
    "extensions": (
        1,
        ETHER
        / IPv6(src=A6, dst=B6)
        / IPv6ExtHdrHopByHop()
        / IPv6ExtHdrDestOpt()
        / IPv6ExtHdrRouting(addresses=[B6])
        / IPv6ExtHdrFragment(id=5)
        / UDP(sport=40000, dport=53)
        / Raw(QUERY),
    ),
    "authenticated": (1, ETHER / IP(src=A, dst=B, proto=51) / Raw(b"\x11\4" + bytes(22) + bytes(INNER)[20:])),
    "offloaded": (101, Raw(b"\x45\0\0\0" + bytes(INNER)[4:])),
}


@pytest.mark.parametrize("name", FRAMES)
def test_the_innermost_packet_is_read_through_every_layer(craft: Craft, name: str) -> None:
    link, frame = FRAMES[name]
    found, tally = craft.read(craft.pcap([bytes(frame)], link))
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
    "capwap-empty": (1, ETHER / OUT / UDP(dport=5247) / Raw(b"\0"), "tunnel-unread"),
    "lisp-empty": (1, ETHER / OUT / UDP(dport=4341) / Raw(b"\0\0"), "tunnel-unread"),
    "lone-fragment": (101, IP(flags="MF", id=9) / Raw(bytes(40)), "fragment"),
    "inner-fault": (1, ETHER / OUT / GRE() / IP() / TCP(dataofs=2) / Raw(b"x" * 40), "tunnel-unread"),
}


@pytest.mark.parametrize("name", SKIPPED)
def test_what_cannot_be_read_is_counted_by_reason(craft: Craft, name: str) -> None:
    link, frame, reason = SKIPPED[name]
    found, tally = craft.read(craft.pcap([bytes(frame)], link))
    assert (found, dict(tally.skipped), tally.broken) == ([], {reason: 1}, 0)


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


@pytest.mark.parametrize("order", ["forward", "backward", "shuffled"])
def test_fragments_are_put_together(craft: Craft, order: str) -> None:
    hello = craft.records(craft.hello("split.example", padding=2000))
    packet = IP(src=A, dst=B, id=77) / TCP(sport=40000, dport=443, seq=5, flags="PA") / Raw(hello)
    pieces = [bytes(each) for each in fragment(packet, 400)]
    if order == "backward":
        pieces.reverse()
    if order == "shuffled":
        random.Random(5).shuffle(pieces)  # noqa: S311 - seeded, not secret
    found, tally = craft.read(craft.pcap(pieces))
    assert [(each.host, each.packet, each.bytes_up) for each in found] == [("split.example", len(pieces), len(hello))]
    assert tally.skipped == {}


def test_fragments_of_ipv6_are_put_together(craft: Craft) -> None:
    body = bytes(UDP(sport=40000, dport=53) / Raw(QUERY))
    front = IPv6(src=A6, dst=B6) / IPv6ExtHdrDestOpt()
    first = front / IPv6ExtHdrFragment(nh=17, id=5, offset=0, m=1) / Raw(body[:16])
    second = IPv6(src=A6, dst=B6) / IPv6ExtHdrFragment(nh=17, id=5, offset=2, m=0) / Raw(body[16:])
    assert craft.hosts([bytes(second), bytes(first)]) == ["api.example.com"]


def test_fragments_are_bounded() -> None:
    fragments = Fragments()
    for number in range(MAX_PACKETS + 5):
        assert fragments.add(bytes(IP(id=number, src=A, dst=B, flags="MF") / Raw(bytes(16)))) is None
    assert fragments.dropped == 5
    for offset in range(1, MAX_PIECES + 2):
        fragments.add(bytes(IP(id=1, src=B, dst=A, flags="MF", frag=2 * offset) / Raw(bytes(8))))
    assert fragments.dropped > MAX_PIECES
    assert fragments.finish() == MAX_PACKETS + 5 + MAX_PIECES + 1
    with pytest.raises(ValueError, match="beyond"):
        fragments.add(bytes(IP(frag=8191) / Raw(bytes(40))))
    for cut in (44, 41):
        with pytest.raises(ValueError, match="IPv6"):
            fragments.add(bytes(IPv6() / IPv6ExtHdrFragment(m=1))[:cut])
    with pytest.raises(ValueError, match="IPv6"):
        fragments.add(bytes(IPv6(nh=60) / Raw(b"\x3c\0" + bytes(6)))[:48])


def test_a_fragment_out_of_bounds_is_counted(craft: Craft) -> None:
    _, tally = craft.read(craft.pcap([bytes(IP(frag=8191, dst=B) / Raw(bytes(40)))]))
    assert tally.skipped == {"fragment": 1}


def test_flows_that_share_a_hash_are_still_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.frombuffer(b"aaaaaaaab" * 2 + b"aaaaaaaac" + b"aaaaaaaab", np.uint8).reshape(-1, 9)
    monkeypatch.setattr("shadowai.captures.flows._MIX", np.uint64(0))
    index, keys = _group(rows)
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


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    noise=st.lists(st.binary(max_size=120), max_size=6), link=st.sampled_from([0, 1, 9, 101, 105, 108, 113, 127, 276])
)
def test_random_frames_never_crash_the_reader(craft: Craft, noise: list[bytes], link: int) -> None:
    craft.read(craft.pcap(noise, link))


@pytest.mark.parametrize("seed", range(3))
def test_fuzzed_tunnels_never_crash_the_reader(craft: Craft, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - seeded, not secret
    frames = []
    for _, frame in FRAMES.values():
        soiled = bytearray(bytes(frame))
        for _ in range(4):
            soiled[dice.randrange(len(soiled))] = dice.randrange(256)
        frames.append(bytes(soiled))
    craft.read(craft.pcap(frames, 1))
    craft.read(craft.pcap([bytes(fuzz(GRE())) + bytes(INNER)], 778))
