"""Captures whose truth is known: for every link layer, tunnel and way of reassembly the frames, and who met whom.

Each case has client ports of its own, so that cases can lie side by side in one file.
"""

from __future__ import annotations

import random
import struct
import warnings
from dataclasses import dataclass
from itertools import pairwise

from support.capture_layers import ETHER, LINKS, PROTECTED, TUNNELS, VXLAN_PORT, dot11, ether, over, radiotap
from support.packets import CLIENT, CLIENT6, RESOLVER, SERVER, SERVER6, contacts, hello, ip, port_of, tcp

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from scapy.layers.inet import IP, fragment
    from scapy.layers.l2 import Dot1Q
    from scapy.packet import Raw

Contact = tuple[str, str, str, str]

TRUTH_4 = frozenset({("dns", CLIENT, RESOLVER, "api.example.com"), ("tls", CLIENT, SERVER, "chat.example.com")})
TRUTH_6 = frozenset({("tls", CLIENT6, SERVER6, "six.example.com")})
RAW = 101  # LINKTYPE


@dataclass(frozen=True)
class Case:
    """Frames of one link type, the contacts in them, and how many packets are skipped for which reason."""

    name: str
    link: int
    frames: tuple[bytes, ...]
    truth: frozenset[Contact]
    skipped: tuple[tuple[str, int], ...] = ()


ONLY_6 = ("teredo", "teredo-origin")


def layer_case(name: str) -> Case:
    """Give the case of a link layer or a tunnel."""
    link, wrap = LINKS[name] if name in LINKS else (1, TUNNELS[name])
    dns, four, six = contacts(name)
    if name in ONLY_6:
        return Case(name, link, (wrap(six),), TRUTH_6)
    return Case(name, link, (wrap(dns), wrap(four), wrap(six)), TRUTH_4 | TRUTH_6)


def _cut(name: str, host: str, places: tuple[int, ...]) -> list[bytes]:
    record, port = hello(host, 900), port_of(name)
    edges = [0, *places, len(record)]
    return [tcp(record[low:high], port, 1000 + low) for low, high in pairwise(edges)]


def _pieces(name: str, size: int = 400) -> list[bytes]:
    packet = IP(tcp(hello("split.example.com", 1500), port_of(name)))
    packet.id = port_of(name)
    return [bytes(each) for each in fragment(packet, size)]


def _pieces6(name: str, *, lead: bool = False) -> list[bytes]:
    """Write IPv6 fragments by hand, with a destination options header in front where wanted (RFC 8200 section 4.5)."""
    body = tcp(hello("split.example.com", 1500), port_of(name), source=CLIENT6, destination=SERVER6)[40:]
    front = b"\x2c\0\1\4" + bytes(4) if lead else b""
    pieces = []
    for at in range(0, len(body), 480):
        part = body[at : at + 480]
        head = struct.pack(">BBHI", 6, 0, at | (at + 480 < len(body)), port_of(name))
        pieces.append(ip(front + head + part, 60 if lead else 44, CLIENT6, SERVER6))
    return pieces


def _shuffled(frames: list[bytes]) -> list[bytes]:
    mixed = list(frames)
    random.Random(5).shuffle(mixed)
    return mixed


def _overlapping(name: str) -> list[bytes]:
    """Write fragments that overlap and agree: every one reaches 80 bytes into the next."""
    body = tcp(hello("split.example.com", 1500), port_of(name))[20:]
    pieces = []
    for at in range(0, len(body) - 80, 400):
        more = "MF" if at + 480 < len(body) else 0
        pieces.append(
            IP(src=CLIENT, dst=SERVER, proto=6, id=port_of(name), frag=at // 8, flags=more) / Raw(body[at : at + 480])
        )
    return [bytes(each) for each in pieces]


_SPLIT = frozenset({("tls", CLIENT, SERVER, "split.example.com")})
_SPLIT6 = frozenset({("tls", CLIENT6, SERVER6, "split.example.com")})


Made = tuple[int, list[bytes], frozenset[Contact]]


def _segments() -> dict[str, Made]:
    def cut(name: str) -> list[bytes]:
        return _cut(name, "split.example.com", (100, 300, 301, 900))

    first, *others = cut("tcp-backward")
    coarse = _cut("tcp-overlapping", "split.example.com", (100, 500))
    return {
        "tcp-segments": (RAW, cut("tcp-segments"), _SPLIT),
        "tcp-backward": (RAW, [first, *others[::-1]], _SPLIT),
        "tcp-repeated": (RAW, [each for each in cut("tcp-repeated") for _ in range(2)], _SPLIT),
        "tcp-overlapping": (RAW, [*coarse, *cut("tcp-overlapping")], _SPLIT),
    }


def _fragments() -> dict[str, Made]:
    repeated = _pieces("fragments-repeated")
    incomplete = _pieces("fragments-missing")
    mirrored = IP(VXLAN_PORT(tcp(hello("split.example.com", 900), port_of("fragments-outer")))[14:])
    return {
        "fragments": (RAW, _pieces("fragments"), _SPLIT),
        "fragments-backward": (RAW, _pieces("fragments-backward")[::-1], _SPLIT),
        "fragments-shuffled": (RAW, _shuffled(_pieces("fragments-shuffled")), _SPLIT),
        "fragments-repeated": (RAW, [*repeated[:3], *repeated], _SPLIT),
        "fragments-overlapping": (RAW, _overlapping("fragments-overlapping"), _SPLIT),
        "fragments-missing": (RAW, incomplete[:2] + incomplete[3:], frozenset()),
        "fragments-ipv6": (RAW, _pieces6("fragments-ipv6"), _SPLIT6),
        "fragments-ipv6-shuffled": (RAW, _shuffled(_pieces6("fragments-ipv6-shuffled")), _SPLIT6),
        "fragments-ipv6-options": (RAW, _pieces6("fragments-ipv6-options", lead=True), _SPLIT6),
        "fragments-in-vlan": (1, list(map(over(ETHER, Dot1Q(vlan=5)), _pieces("fragments-in-vlan"))), _SPLIT),
        "fragments-in-vxlan": (1, list(map(VXLAN_PORT, _pieces("fragments-in-vxlan"))), _SPLIT),
        "fragments-ipv6-in-gre": (1, list(map(TUNNELS["gre"], _pieces6("fragments-ipv6-in-gre"))), _SPLIT6),
        "fragments-outer": (1, [ether(bytes(each)) for each in fragment(mirrored, 400)], _SPLIT),
    }


_WIRELESS = {
    "802.11-protected": (105, dot11(8, PROTECTED, b"\0\0"), "encrypted-wireless"),
    "radiotap-bad-sum": (127, lambda packet: radiotap(0x02, b"\x40") + dot11()(packet), "invalid-header"),
}


def cases() -> dict[str, Case]:
    """Give all cases that are told by their packets: link layers, tunnels, reassembly, and what must not be read."""
    found = {name: layer_case(name) for name in (*LINKS, *TUNNELS)}
    for name, (link, frames, truth) in (_segments() | _fragments()).items():
        found[name] = Case(name, link, tuple(frames), truth, () if truth else (("fragment", len(frames)),))
    for name, (link, wrap, reason) in _WIRELESS.items():
        frames = tuple(wrap(packet) for packet in contacts(name))
        found[name] = Case(name, link, frames, frozenset(), ((reason, len(frames)),))
    return found
