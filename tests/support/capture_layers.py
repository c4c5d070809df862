"""Link layers and tunnels as wrappings of IP packets.

scapy writes the headers it knows, the others are written by hand from their definitions.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable

from support.packets import (
    ip,
    vector,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from scapy.contrib.erspan import ERSPAN_II, ERSPAN_III, ERSPAN_PlatformSpecific
    from scapy.contrib.geneve import GENEVE, GeneveOptions
    from scapy.contrib.gtp import GTP_U_Header, GTPPDUSessionContainer
    from scapy.contrib.mpls import MPLS
    from scapy.layers.dot11 import Dot11, RadioTap
    from scapy.layers.inet import IP, UDP
    from scapy.layers.inet6 import IPv6
    from scapy.layers.l2 import GRE, LLC, SNAP, CookedLinux, CookedLinuxV2, Dot1AD, Dot1Q, Dot3, Ether
    from scapy.layers.l2tp import L2TP
    from scapy.layers.ppp import PPPoE
    from scapy.layers.vxlan import VXLAN
    from scapy.packet import Packet, Raw

Wrap = Callable[[bytes], bytes]

ETHER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
ENDS = {"src": "10.9.9.1", "dst": "10.9.9.2"}
OUT, OUT6 = IP(**ENDS), IPv6(src="fd00::1", dst="fd00::2")
LOGICAL = bytes(LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(code=0x800))[:6]
DOT11 = {"addr1": "02:00:00:00:00:01", "addr2": "02:00:00:00:00:02", "addr3": "02:00:00:00:00:03"}
TO_AP, PROTECTED, BOTH = 1, 0x41, 3
ROUTED = b"\2\0\0\0\0\2" + b"\x82\0\0\0\0\1" + b"\x06\x30\0\x10\0\x20"  # token ring: addresses and a route


def kind(packet: bytes) -> bytes:
    return b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\0"


def family(packet: bytes, four: int, six: int) -> int:
    return six if packet[0] >> 4 == 6 else four


def ethertype(packet: bytes) -> int:
    return int.from_bytes(kind(packet), "big")


def ether(packet: bytes) -> bytes:
    return bytes(ETHER)[:12] + kind(packet) + packet


def over(*layers: Packet) -> Wrap:
    """Give a wrapping by scapy layers in front of the IP packet, whose type the last of them tells where it can."""

    def wrap(packet: bytes) -> bytes:
        stack = layers[0].copy()
        for layer in layers[1:]:
            stack = stack / layer.copy()
        return bytes(stack / (IPv6(packet) if packet[0] >> 4 == 6 else IP(packet)))

    return wrap


def before(head: bytes) -> Wrap:
    return lambda packet: head + packet


def framed(head: bytes) -> Wrap:
    return lambda packet: head + ether(packet)


def in_udp(port: int, inner: Wrap, source: int = 50_000) -> Wrap:
    return lambda packet: bytes(ETHER / OUT / UDP(sport=source, dport=port) / Raw(inner(packet)))


def in_ip(protocol: int, inner: Wrap) -> Wrap:
    return lambda packet: bytes(ETHER / IP(**ENDS, proto=protocol) / Raw(inner(packet)))


def snap(packet: bytes) -> bytes:
    return LOGICAL + kind(packet) + packet


def dot11(subtype: int = 0, flags: int = TO_AP, tail: bytes = b"") -> Wrap:
    fourth = b"\2\0\0\0\0\4" if flags & BOTH == BOTH else b""
    head = bytes(Dot11(type=2, subtype=subtype, FCfield=flags, **DOT11))[:24] + fourth + tail
    return lambda packet: head + snap(packet)


def aggregate(packet: bytes) -> bytes:
    """Write an A-MSDU of an ARP-like subframe and the packet's."""
    pair = b"\2\0\0\0\0\1\2\0\0\0\0\2"
    noise = pair + vector(2, LOGICAL + b"\x88\x99" + bytes(21))
    head = bytes(Dot11(type=2, subtype=8, FCfield=TO_AP, **DOT11))[:24] + b"\x80\0"
    return head + noise + bytes(-len(noise) % 4) + pair + vector(2, snap(packet))


def radiotap(present: int, fields: bytes, more: bytes = b"") -> bytes:
    return struct.pack("<BBHI", 0, 0, 8 + len(more) + len(fields), present) + more + fields


def arcnet(packet: bytes) -> bytes:
    """Give the protocol that ARCNET has for IP (RFC 1201, RFC 2497)."""
    return bytes([family(packet, 0xD4, 0xC4)])


def nflog(order: str) -> Wrap:
    def wrap(packet: bytes) -> bytes:
        prefix = struct.pack(order + "HH", 9, 10) + b"deny\0" + bytes(3)
        field = struct.pack(order + "HH", 4 + len(packet), 9)
        return struct.pack(">BBH", family(packet, 2, 10), 0, 7) + prefix + field + packet

    return wrap


def ppp(packet: bytes) -> bytes:
    return struct.pack(">H", family(packet, 0x21, 0x57)) + packet


def null(order: str, six: int) -> Wrap:
    return lambda packet: struct.pack(order + "I", family(packet, 2, six)) + packet


def erf(packet: bytes) -> bytes:
    frame = ether(packet)
    return (
        bytes(8) + struct.pack(">BBHHH", 0x82, 4, 26 + len(frame), 0, len(frame)) + b"\3" + bytes(7) + b"\0\0" + frame
    )


def pktap(packet: bytes) -> bytes:
    head = struct.pack("<III24sIIIIi20sIiii", 108, 1, 1, b"en0", 1, 2, 14, 0, 7, b"curl", 0, 0, 0, 0)
    return head.ljust(108, b"\0") + ether(packet)


LINKS: dict[str, tuple[int, Wrap]] = {
    "ethernet": (1, ether),
    "vlan": (1, over(ETHER, Dot1Q(vlan=5))),
    "qinq": (1, over(ETHER, Dot1AD(vlan=5), Dot1Q(vlan=6))),
    "qinq-9100": (1, lambda packet: bytes(ETHER)[:12] + b"\x91\0\0\5\x81\0\0\6" + kind(packet) + packet),
    "llc": (1, lambda packet: bytes(Dot3(src=ETHER.src, dst=ETHER.dst) / Raw(snap(packet)))),
    "pppoe": (1, lambda packet: bytes(ETHER / PPPoE(sessionid=7) / Raw(ppp(packet)))),
    "mpls": (1, lambda packet: bytes(ETHER / MPLS(label=9, s=0) / MPLS(label=10, s=1) / Raw(packet))),
    "mpls-vlan": (1, lambda packet: bytes(ETHER / Dot1Q(vlan=5) / MPLS(label=10, s=1) / Raw(packet))),
    "pseudowire": (1, lambda packet: bytes(ETHER / MPLS(label=9, s=1) / Raw(bytes(4) + ether(packet)))),
    "pseudowire-bare": (1, lambda packet: bytes(ETHER / MPLS(label=9, s=1) / Raw(ether(packet)))),
    "backbone": (1, framed(bytes(ETHER)[:12] + b"\x88\xe7\0\0\0\7")),
    "metadata": (1, lambda packet: bytes(ETHER)[:12] + b"\x89\x09\1\1\0\1\0\7" + kind(packet) + packet),
    "macsec": (1, lambda packet: bytes(ETHER)[:12] + b"\x88\xe5\0\0\0\0\0\1" + kind(packet) + packet + bytes(16)),
    "macsec-named": (
        1,
        lambda packet: bytes(ETHER)[:12] + b"\x88\xe5\x20\0\0\0\0\1" + bytes(8) + kind(packet) + packet + bytes(16),
    ),
    "nsh": (1, framed(bytes(ETHER)[:12] + b"\x89\x4f\0\x02\2\3\0\0\1\xff")),
    "cooked": (113, lambda packet: bytes(CookedLinux(proto=ethertype(packet)) / Raw(packet))),
    "cooked-vlan": (113, lambda packet: bytes(CookedLinux(proto=0x8100) / Raw(b"\0\5" + kind(packet) + packet))),
    "cooked-llc": (113, lambda packet: bytes(CookedLinux(proto=4) / Raw(snap(packet)))),
    "cooked2": (276, lambda packet: bytes(CookedLinuxV2(proto=ethertype(packet), ifindex=3) / Raw(packet))),
    "raw": (101, bytes),
    "raw-12": (12, bytes),
    "null": (0, null("<", 30)),
    "null-big": (0, null(">", 28)),
    "loop": (108, null(">", 24)),
    "ppp": (9, lambda packet: b"\xff\3" + ppp(packet)),
    "ppp-bare": (9, ppp),
    "ppp-hdlc": (50, lambda packet: b"\xff\3" + ppp(packet)),
    "ppp-ether": (51, lambda packet: b"\x11\0\0\7" + vector(2, ppp(packet))),
    "ppp-pppd": (166, lambda packet: b"\1\3" + ppp(packet)),
    "ppp-direction": (204, lambda packet: b"\1\xff\3" + ppp(packet)),
    "chdlc": (104, lambda packet: b"\x0f\0" + kind(packet) + packet),
    "chdlc-direction": (205, lambda packet: b"\0\x0f\0" + kind(packet) + packet),
    "mpls-link": (219, lambda packet: bytes(MPLS(label=9, s=1) / Raw(packet))),
    "802.11": (105, dot11()),
    "802.11-qos": (105, dot11(8, TO_AP, b"\0\0")),
    "802.11-wds": (105, dot11(0, BOTH)),
    "802.11-qos-wds": (105, dot11(8, BOTH, b"\0\0")),
    "802.11-htc": (105, dot11(8, TO_AP | 0x80, b"\0\0" + bytes(4))),
    "802.11-mesh": (105, dot11(8, BOTH, b"\0\1" + b"\0\x1f" + bytes(4))),
    "802.11-mesh-addresses": (105, dot11(8, BOTH, b"\0\1" + b"\2\x1f" + bytes(16))),
    "802.11-amsdu": (105, aggregate),
    "radiotap": (127, lambda packet: bytes(RadioTap()) + dot11()(packet)),
    "radiotap-time": (127, lambda packet: radiotap(0x07, bytes(8) + b"\0\2") + dot11()(packet)),
    "radiotap-words": (
        127,
        lambda packet: radiotap(0x80000003, bytes(4) + bytes(8) + b"\0", struct.pack("<I", 0)) + dot11()(packet),
    ),
    "radiotap-padded": (127, lambda packet: radiotap(0x02, b"\x20") + dot11(8, TO_AP, b"\0\0" + bytes(2))(packet)),
    "prism": (119, lambda packet: struct.pack("<II", 0x44, 144) + bytes(136) + dot11()(packet)),
    "avs": (163, lambda packet: struct.pack(">II", 0x80211001, 64) + bytes(56) + dot11()(packet)),
    "avs-as-prism": (119, lambda packet: struct.pack(">II", 0x80211001, 64) + bytes(56) + dot11()(packet)),
    "ppi": (192, lambda packet: struct.pack("<BBHI", 0, 0, 8, 105) + dot11()(packet)),
    "ppi-ethernet": (192, lambda packet: struct.pack("<BBHIHHI", 0, 0, 16, 1, 9, 4, 0) + ether(packet)),
    "nflog": (239, nflog("<")),
    "nflog-big": (239, nflog(">")),
    "pflog": (117, lambda packet: struct.pack(">BBBB", 61, family(packet, 2, 24), 0, 0) + bytes(60) + packet),
    "enc": (109, lambda packet: struct.pack("<III", family(packet, 2, 24), 0, 0) + packet),
    "pktap": (258, pktap),
    "erf": (197, erf),
    "token-ring": (6, lambda packet: b"\x10\x40" + bytes(ETHER)[:12] + snap(packet)),
    "token-ring-routed": (6, lambda packet: b"\x10\x40" + ROUTED + snap(packet)),
    "arcnet": (7, lambda packet: b"\1\2" + arcnet(packet) + b"\0\0\7" + packet),
    "arcnet-exception": (
        7,
        lambda packet: b"\1\2" + arcnet(packet) + b"\xff\xff\xff" + arcnet(packet) + b"\0\0\7" + packet,
    ),
    "arcnet-bare": (7, lambda packet: b"\1\2" + (b"\xf0" if packet[0] >> 4 == 4 else b"\xc4\0\0\7") + packet),
    "arcnet-linux": (129, lambda packet: b"\1\2\0\0" + arcnet(packet) + b"\0\0\7" + packet),
    "juniper": (178, framed(b"MGC\x80\0\x0e\1\1\2\2\1\0\3\1\0\4\1\0\5\0")),
    "juniper-bare": (178, lambda packet: b"MGC\3" + struct.pack("<I", family(packet, 2, 6)) + packet),
    "juniper-ppp": (179, lambda packet: b"MGC\x80\0\0" + b"\xff\3" + ppp(packet)),
    "juniper-chdlc": (181, lambda packet: b"MGC\x80\0\0" + b"\x0f\0" + kind(packet) + packet),
    "ipoib": (242, lambda packet: bytes(40) + kind(packet) + bytes(2) + packet),
}
"""Link layers: LINKTYPE, and how an IP packet is put into a frame."""


def gtp(packet: bytes, **fields: int) -> bytes:
    size = len(packet) + (4 if fields else 0)
    return bytes(GTP_U_Header(teid=5, gtp_type=255, length=size, **fields) / Raw(packet))


def gtp_0(packet: bytes) -> bytes:
    return struct.pack(">BBHHHB3sQ", 0x1E, 255, len(packet), 1, 2, 0xFF, b"\xff" * 3, 5) + packet


def gre_routed(packet: bytes) -> bytes:
    """Write GRE with two source route entries and the one that ends them (RFC 1701)."""
    hop = struct.pack(">HBB", 0x0800, 0, 4) + b"\xcb\0\x71\1"
    return b"\x40\0" + kind(packet) + bytes(4) + hop + hop + bytes(4) + packet


def gtp_session(packet: bytes) -> bytes:
    return bytes(GTP_U_Header(teid=5, E=1, next_ex=0x85) / GTPPDUSessionContainer(type=1, QFI=3) / Raw(packet))


def l2tp(packet: bytes) -> bytes:
    return bytes(L2TP(tunnel_id=1, session_id=2) / Raw(b"\xff\3" + ppp(packet)))


def pptp(packet: bytes) -> bytes:
    body = ppp(packet)
    return struct.pack(">BBHHHI", 0x30, 1, 0x880B, len(body), 7, 1) + body


def wccp(packet: bytes) -> bytes:
    return b"\0\0\x88\x3e" + b"\1\2\3\4" + packet


def gre(head: bytes, body: Wrap = bytes) -> Wrap:
    return in_ip(47, lambda packet: head + body(packet))


def gre_type(packet: bytes) -> bytes:
    return b"\0\0" + kind(packet) + packet


def swapped(packet: bytes) -> bytes:
    frame = dot11()(packet)
    return frame[1::-1] + frame[2:]


def vxlan(**fields: int) -> Wrap:
    return lambda packet: bytes(VXLAN(vni=5, flags=8, **fields) / Raw(ether(packet)))


def geneve(packet: bytes) -> bytes:
    option = GeneveOptions(classid=0x108, type=1, length=2, data=b"12345678")
    return bytes(GENEVE(vni=5, proto=ethertype(packet), optionlen=3, options=[option])) + packet


def ip_in_gtp(packet: bytes) -> bytes:
    inner = ip(packet, family(packet, 4, 41), "10.1.1.1", "10.1.1.2")
    return b"\x08" + bytes(7) + in_udp(2152, gtp)(inner)


def vxlan_vlans(packet: bytes) -> bytes:
    """Write Ethernet with a tag in VXLAN in Ethernet with a tag."""
    inner = bytes(ETHER)[:12] + b"\x81\0\0\6" + kind(packet) + packet
    outer = OUT / UDP(sport=50_000, dport=4789) / VXLAN(vni=5, flags=8) / Raw(inner)
    return bytes(ETHER / Dot1Q(vlan=5) / outer)


ERSPAN_1, ERSPAN_2 = b"\0\0\x88\xbe", b"\x10\0\x88\xbe\0\0\0\1"
VXLAN_PORT = in_udp(4789, vxlan())

TUNNELS: dict[str, Wrap] = {
    "ip-in-ip": lambda packet: bytes(ETHER / OUT / (IPv6(packet) if packet[0] >> 4 == 6 else IP(packet))),
    "ip-in-ipv6": lambda packet: bytes(ETHER / OUT6 / (IPv6(packet) if packet[0] >> 4 == 6 else IP(packet))),
    "gre": gre(b"", gre_type),
    "gre-options": in_ip(47, lambda packet: b"\xb0\0" + kind(packet) + bytes(4) + b"\0\0\0\7" + b"\0\0\0\1" + packet),
    "gre-routed": in_ip(47, gre_routed),
    "gre-ipv6": lambda packet: bytes(ETHER / OUT6 / GRE(proto=ethertype(packet)) / Raw(packet)),
    "nvgre": gre(b"\x20\0\x65\x58\0\0\5\0", ether),
    "gre-mpls": gre(b"\0\0\x88\x47" + bytes(MPLS(label=9, s=1))[:4]),
    "pptp": in_ip(47, pptp),
    "wccp": in_ip(47, wccp),
    "erspan-1": gre(ERSPAN_1, ether),
    "erspan-2": gre(ERSPAN_2 + bytes(ERSPAN_II()), ether),
    "erspan-3": gre(b"\x10\0\x22\xeb\0\0\0\1" + bytes(ERSPAN_III()), ether),
    "erspan-3-subheader": gre(
        b"\x10\0\x22\xeb\0\0\0\1" + bytes(ERSPAN_III(o=1)) + bytes(ERSPAN_PlatformSpecific()), ether
    ),
    "etherip": in_ip(97, framed(b"\x30\0")),
    "mpls-in-ip": in_ip(137, before(bytes(MPLS(label=9, s=1))[:4])),
    "vxlan": VXLAN_PORT,
    "vxlan-linux": in_udp(8472, vxlan()),
    "vxlan-policy": in_udp(4789, framed(b"\x88\x08\0\7\0\0\5\0")),
    "vxlan-gpe": in_udp(4790, lambda packet: b"\x0c\0\0" + bytes([family(packet, 1, 2)]) + b"\0\0\5\0" + packet),
    "vxlan-odd-bits": in_udp(4789, framed(b"\x08\1\2\3\0\0\5\7")),
    "vxlan-ipv6": lambda packet: bytes(ETHER / OUT6 / UDP(sport=50_000, dport=4789) / Raw(vxlan()(packet))),
    "vxlan-vlans": vxlan_vlans,
    "geneve": in_udp(6081, lambda packet: bytes(GENEVE(vni=5, proto=0x6558) / Raw(ether(packet)))),
    "geneve-options": in_udp(6081, geneve),
    "gtp-u": in_udp(2152, gtp, 2152),
    "gtp-0": in_udp(3386, gtp_0, 3386),
    "gtp-u-sequence": in_udp(2152, lambda packet: gtp(packet, S=1, seq=7)),
    "gtp-u-session": in_udp(2152, gtp_session),
    "teredo": in_udp(3544, bytes),
    "teredo-origin": in_udp(51_000, before(b"\0\1\2\3" + bytes(14) + b"\0\0" + bytes(6)), 3544),
    "lisp": in_udp(4341, before(bytes(8))),
    "gre-in-udp": in_udp(4754, gre_type),
    "mpls-in-udp": in_udp(6635, before(bytes(MPLS(label=9, s=1))[:4])),
    "l2tp": in_udp(1701, l2tp, 1701),
    "capwap": in_udp(5247, framed(b"\0\x10\0\0\0\0\0\0")),
    "capwap-802.11": in_udp(5247, lambda packet: b"\0\x10\3\0\0\0\0\0" + dot11()(packet)),
    "capwap-swapped": in_udp(5247, lambda packet: b"\0\x10\3\0\0\0\0\0" + swapped(packet)),
    "tzsp": in_udp(37_008, framed(b"\1\0\0\1" + b"\x0a\1\x2a\0\1")),
    "vxlan-in-vxlan": in_udp(4789, lambda packet: b"\x08" + bytes(7) + VXLAN_PORT(packet)),
    "gre-in-vxlan": in_udp(4789, lambda packet: b"\x08" + bytes(7) + gre(b"", gre_type)(packet)),
    "ip-in-gtp-u-in-vxlan": in_udp(4789, ip_in_gtp),
}
"""Tunnels: how an IP packet is put into an Ethernet frame."""
