"""Headers of tunnels, a block of packets at once: those on IP, and those on UDP, which must prove that they are such.

On IP: GRE (RFC 1701, 2784, 2890), NVGRE (RFC 7637), PPTP's GRE (RFC 2637), ERSPAN I to III (draft-foschiano-erspan),
WCCP (draft-param-wccp-v2rev1) and EtherIP (RFC 3378). On UDP: VXLAN (RFC 7348) with its policy and generic extensions
(draft-smith-vxlan-group-policy, draft-ietf-nvo3-vxlan-gpe), GENEVE (RFC 8926), GTP-U (3GPP TS 29.281) and its version 0
(3GPP TS 09.60), Teredo (RFC 4380), L2TPv2 (RFC 2661), CAPWAP data (RFC 5415), LISP (RFC 9300), TZSP, and GRE and MPLS
(RFC 8086, 7510).

A port proves nothing: any client may have been given a tunnel's port. What does not look like the tunnel from its first
bytes on comes to `Header.PLAIN`, and is read as the UDP packet that it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shadowai.captures import framing
from shadowai.captures.headers import (
    IPV4,
    IPV6,
    MPLS,
    Header,
    Mask,
    Next,
    Step,
    big16,
    by_version,
    choose,
    is_sound,
)
from shadowai.captures.wireless import begins_data

if TYPE_CHECKING:
    from shadowai.captures.container import Bytes, Capture, Ints

CHECKSUM, ROUTING, KEY, SEQUENCE = 0x80, 0x40, 0x20, 0x10  # in the first byte of GRE
ACKNOWLEDGED, GRE_VERSION, PPTP_VERSION = 0x80, 0x07, 1  # in its second byte
FRAME_RELAY = 0x6559
BRIDGED, ERSPAN2, ERSPAN3, WCCP, PPTP = 0x6558, 0x88BE, 0x22EB, 0x883E, 0x880B
GRE_TYPES = (IPV4, IPV6, framing.ARP, *framing.VLANS, MPLS, framing.MPLS_UPSTREAM, framing.SERVICE)
MIRRORED_FRAME, MIRRORED_PACKET = 0, 2  # frame types of ERSPAN III
PIM_REGISTER = 0x21  # version 2, type 1
ETHERIP_VERSION, IPV6_HEADER = 3, 40

VNI_VALID, GENERIC, POLICY_OR_OAM = 0x08, 0x04, 0x81  # flags of VXLAN; the last two need not be zero in its variants
VXLAN_PROTOCOLS = {1: IPV4, 2: IPV6, 3: int(Header.ETHERNET), 4: framing.SERVICE, 5: MPLS}
GENEVE_TYPES = {BRIDGED: int(Header.ETHERNET), IPV4: IPV4, IPV6: IPV6, MPLS: MPLS, framing.SERVICE: framing.SERVICE}
GTP_VERSION, GTP_LONG, G_PDU, MAX_GTP_EXTENSIONS = 0x30, 0x07, 0xFF, 8
GTP_0_FLAGS, GTP_0_HEADER = 0x1E, 20  # version 0, and all bits that are spare; bytes
SPARE = 0xFF
MAX_ROUTES = 16  # source route entries of one GRE header
TEREDO_ORIGIN, TEREDO_AUTH = 0, 1
L2TP_FIXED, L2TP_VERSION = 0xB40F, 0x0002  # bits of the first word that are the same in every data message
L2TP_LENGTH, L2TP_SEQUENCE, L2TP_OFFSET = 0x4000, 0x0800, 0x0200
CAPWAP_DTLS, SHORTEST_CAPWAP, MAX_BINDING = 1, 8, 3
TZSP_END, TZSP_PADDING, MAX_TAGS = 1, 0, 32
TZSP_PROTOCOLS = {1: int(Header.ETHERNET), 18: int(Header.DOT11)}

PORTS = {
    1701: Header.L2TP,
    2152: Header.GTP_U,
    3386: Header.GTP_0,
    3544: Header.TEREDO,
    4341: Header.LISP,
    4754: Header.GRE,
    4789: Header.VXLAN,
    4790: Header.VXLAN,
    5247: Header.CAPWAP,
    6081: Header.GENEVE,
    6635: MPLS,
    8472: Header.VXLAN,
    37008: Header.TZSP,
}
"""UDP destination port -> what is expected there; 8472 is the port that Linux had for VXLAN before there was one."""

SERVERS = (1701, 2152, 3386, 3544, 5247)
"""Those of them that also answer from their port; the others use the source port to spread load."""

CERTAIN = (Header.VXLAN, Header.GENEVE, Header.GTP_U, Header.GTP_0, Header.TEREDO, Header.CAPWAP, Header.TZSP)
"""Tunnels whose header proves them; the others must hold IP to the last byte, or they are read as themselves."""


def _gre(capture: Capture, at: Ints, _: Ints) -> Next:
    head = capture.rows(at, 4)
    flags = head[:, 0]
    number = big16(head, 2)
    keyed = (flags & (CHECKSUM | ROUTING)) != 0
    size = 4 + 4 * keyed + 4 * ((flags & KEY) != 0) + 4 * ((flags & SEQUENCE) != 0)
    plain = (head[:, 1] & GRE_VERSION) == 0
    ordered = (flags & SEQUENCE) != 0
    kind = np.where(np.isin(number, GRE_TYPES), number, int(Header.UNREAD))
    cases = [
        (plain & (number == BRIDGED), Header.ETHERNET),
        (plain & (number == FRAME_RELAY), Header.FRAME_RELAY),
        (plain & (number == ERSPAN2) & ordered, Header.ERSPAN2),
        (plain & (number == ERSPAN2), Header.ETHERNET),
        (plain & (number == ERSPAN3), Header.ERSPAN3),
        (plain & (number == WCCP), Header.WCCP),
        (plain & (number == PPTP), Header.PPP),
        ((head[:, 1] & GRE_VERSION == PPTP_VERSION) & (number == PPTP), Header.PPTP),
    ]
    special = choose([(holds, int(value)) for holds, value in cases], -1, len(at))
    kind = np.where(special >= 0, special, np.where(plain, kind, int(Header.UNREAD)))
    after = at + np.where(kind == Header.PPTP, 0, size)
    routed = np.flatnonzero(plain & ((flags & ROUTING) != 0))
    if len(routed):
        after[routed], ended = _behind_routes(capture, after[routed])
        kind[routed[~ended]] = Header.UNREAD
    return kind, after


def _behind_routes(capture: Capture, at: Ints) -> tuple[Ints, Mask]:
    """Step over source route entries (RFC 1701), which end with an empty one; say of each whether it was met."""
    after, rows = at.copy(), np.arange(len(at))
    for _ in range(MAX_ROUTES):
        entry = capture.rows(after[rows], 4)
        after[rows] += 4 + entry[:, 3].astype(np.int64)
        rows = rows[(entry[:, [0, 1, 3]] != 0).any(axis=1)]
        if not len(rows):
            break
    ended = np.ones(len(at), np.bool_)
    ended[rows] = False
    return after, ended


def _pptp(capture: Capture, at: Ints, _: Ints) -> Next:
    head = capture.rows(at, 2)
    filled = (head[:, 0] & SEQUENCE) != 0
    size = 8 + 4 * filled + 4 * ((head[:, 1] & ACKNOWLEDGED) != 0)
    return choose([(filled, Header.PPP)], Header.NOT_IP, len(at)), at + size


def _erspan2(_: Capture, at: Ints, __: Ints) -> Next:
    return _same(Header.ETHERNET, at), at + 8


def _erspan3(capture: Capture, at: Ints, _: Ints) -> Next:
    last = capture.rows(at + 10, 2)
    frame = (last[:, 0] >> 2) & 0x1F
    optional = (last[:, 1] & 1) == 1
    cases = [(frame == MIRRORED_FRAME, Header.ETHERNET), (frame == MIRRORED_PACKET, Header.VERSION)]
    return choose([(holds, int(kind)) for holds, kind in cases], Header.UNREAD, len(at)), at + 12 + 8 * optional


def _wccp(capture: Capture, at: Ints, _: Ints) -> Next:
    """Step over the redirect header of WCCPv2, which version 1 does not have."""
    bare = is_sound(capture.rows(at, 1)[:, 0], _same(IPV4, at))
    return _same(Header.VERSION, at), at + np.where(bare, 0, 4)


def _pim(capture: Capture, at: Ints, _: Ints) -> Next:
    """Step over the header of a PIM register message, in which a router forwards a packet (RFC 7761 section 4.9.3)."""
    register = capture.rows(at, 1)[:, 0] == PIM_REGISTER
    return choose([(register, Header.VERSION)], Header.NOT_IP, len(at)), at + 8


def _etherip(capture: Capture, at: Ints, _: Ints) -> Next:
    version_3 = capture.rows(at, 1)[:, 0] >> 4 == ETHERIP_VERSION
    return choose([(version_3, Header.ETHERNET)], Header.UNREAD, len(at)), at + 2


def _vxlan(capture: Capture, at: Ints, stop: Ints) -> Next:
    """Step over a VXLAN header."""
    head = capture.rows(at, 8)
    strict = (head[:, 0] == VNI_VALID) & (head[:, 1:4] == 0).all(axis=1) & (head[:, 7] == 0)
    kind = choose([(strict, Header.ETHERNET)], Header.PLAIN, len(at))
    rest = np.flatnonzero(~strict & ((head[:, 0] & VNI_VALID) != 0))
    if len(rest):
        kind[rest] = _vxlan_variant(capture, head[rest], at[rest] + 8, stop[rest])
    return kind, at + 8


def _vxlan_variant(capture: Capture, head: Bytes, at: Ints, stop: Ints) -> Ints:
    """Tell the policy and the generic variant, and VXLAN with odd reserved bits, by what lies behind the header."""
    flags = head[:, 0]
    generic = (flags & GENERIC) != 0
    numbered = generic & (head[:, 1:3] == 0).all(axis=1)
    policy = ((flags & ~np.uint8(POLICY_OR_OAM)) == VNI_VALID) & (head[:, 7] == 0)
    policy &= framing.has_ethertype(capture, at, stop)
    bare = ~generic & framing.has_ethertype(capture, at, stop, (IPV4, IPV6))
    cases: list[tuple[Mask, int]] = [(policy | bare, int(Header.ETHERNET))]
    cases += [(numbered & (head[:, 3] == number), kind) for number, kind in VXLAN_PROTOCOLS.items()]
    return choose(cases, Header.PLAIN, len(at))


def _geneve(capture: Capture, at: Ints, _: Ints) -> Next:
    head = capture.rows(at, 8)
    sound = (head[:, 0] >> 6 == 0) & ((head[:, 1] & 0x3F) == 0) & (head[:, 7] == 0)
    number = big16(head, 2)
    cases = [(sound & (number == value), kind) for value, kind in GENEVE_TYPES.items()]
    return choose(cases, Header.PLAIN, len(at)), at + 8 + (head[:, 0] & 0x3F).astype(np.int64) * 4


def _gtp_u(capture: Capture, at: Ints, stop: Ints) -> Next:
    """Step over a GTP-U header and its extensions; messages that carry no packet are read as themselves."""
    head = capture.rows(at, 12)
    datagram = big16(capture.rows(at - 4, 2))  # the length in the UDP header that lies in front
    sound = ((head[:, 0] & 0xF8) == GTP_VERSION) & (head[:, 1] == G_PDU)
    sound &= (big16(head, 2) + 16 <= datagram) | (datagram == 0)
    long = (head[:, 0] & GTP_LONG) != 0
    after = at + 8 + 4 * long
    following = np.where(long & ((head[:, 0] & 0x04) != 0), head[:, 11], 0)
    rows = np.flatnonzero(sound & (following != 0))
    for _ in range(MAX_GTP_EXTENSIONS):
        rows = rows[after[rows] + 4 <= stop[rows]]
        if not len(rows):
            break
        size = capture.rows(after[rows], 1)[:, 0].astype(np.int64) * 4
        sound[rows[size == 0]] = False
        after[rows] += size
        following[rows] = capture.rows(after[rows] - 1, 1)[:, 0]
        rows = rows[(size > 0) & (following[rows] != 0)]
    kind = by_version(capture.rows(after, 1)[:, 0], Header.UNREAD)
    frames = (kind == Header.UNREAD) & framing.has_ethertype(capture, after, stop)  # of an Ethernet session of 5G
    kind[frames] = Header.ETHERNET
    kind[after >= stop] = Header.SHORT
    kind[~sound] = Header.PLAIN
    return kind, after


def _gtp_0(capture: Capture, at: Ints, _: Ints) -> Next:
    """Step over the header of GTP version 0, of one size and many spare bits; signalling is read as itself."""
    head = capture.rows(at, GTP_0_HEADER)
    datagram = big16(capture.rows(at - 4, 2))
    sound = ((head[:, 0] & 0xFE) == GTP_0_FLAGS) & (head[:, 1] == G_PDU) & (head[:, 9:12] == SPARE).all(axis=1)
    sound &= big16(head, 2) + GTP_0_HEADER + 8 == datagram
    kind = by_version(capture.rows(at + GTP_0_HEADER, 1)[:, 0], Header.UNREAD)
    return np.where(sound, kind, int(Header.PLAIN)), at + GTP_0_HEADER


def _teredo(capture: Capture, at: Ints, stop: Ints) -> Next:
    """Step over Teredo's authentication and origin indications (RFC 4380 section 5.1.1)."""
    head = capture.rows(at, 4)
    authenticated = big16(head) == TEREDO_AUTH
    after = at + np.where(authenticated, 13 + head[:, 2].astype(np.int64) + head[:, 3], 0)
    origin = big16(capture.rows(after, 2)) == TEREDO_ORIGIN
    after = after + 8 * origin
    packet = capture.rows(after, 6)
    fits = after + IPV6_HEADER + big16(packet, 4) <= at - 8 + big16(capture.rows(at - 4, 2))
    sound = is_sound(packet[:, 0], _same(IPV6, at)) & (after + IPV6_HEADER <= stop) & fits
    return choose([(sound, IPV6)], Header.PLAIN, len(at)), after


def _l2tp(capture: Capture, at: Ints, _: Ints) -> Next:
    """Step over the header of an L2TPv2 data message (RFC 2661 section 3.1)."""
    bits = big16(capture.rows(at, 2))
    sound = (bits & L2TP_FIXED) == L2TP_VERSION
    size = 6 + 2 * ((bits & L2TP_LENGTH) != 0) + 4 * ((bits & L2TP_SEQUENCE) != 0)
    offset = (bits & L2TP_OFFSET) != 0
    after = at + size + np.where(offset, 2 + big16(capture.rows(at + size, 2)), 0)
    return choose([(sound, Header.PPP)], Header.PLAIN, len(at)), after


def _capwap(capture: Capture, at: Ints, stop: Ints) -> Next:
    """Step over the CAPWAP header (RFC 5415 section 4.3); fragments and DTLS stay closed."""
    head = capture.rows(at, 8)
    size = (head[:, 1] >> 3).astype(np.int64) * 4
    native, fragment = (head[:, 2] & 1) == 1, (head[:, 3] & 0x80) != 0
    sound = (head[:, 0] == 0) & (size >= SHORTEST_CAPWAP) & ((head[:, 3] & 7) == 0)
    sound &= (fragment | (head[:, 4:] == 0).all(axis=1)) & (at + size <= stop)
    sound &= (head[:, 2] >> 1) & 0x1F <= MAX_BINDING
    cases = [
        ((head[:, 0] == CAPWAP_DTLS) & (head[:, 1:4] == 0).all(axis=1), Header.UNREAD),
        (~sound, Header.PLAIN),
        (fragment, Header.UNREAD),
        (native, Header.DOT11),
    ]
    kind = choose([(holds, int(value)) for holds, value in cases], Header.ETHERNET, len(at))
    # Some access points send the two bytes of the frame control the wrong way round: then the flags come first.
    frame = capture.rows(at + size, 2)
    swapped = (kind == Header.DOT11) & ~begins_data(frame[:, 0]) & begins_data(frame[:, 1])
    kind[swapped] = Header.DOT11_SWAPPED
    return kind, at + size


def _lisp(_: Capture, at: Ints, __: Ints) -> Next:
    return _same(Header.VERSION, at), at + 8


def _tzsp(capture: Capture, at: Ints, stop: Ints) -> Next:
    """Step over the header and the tags of TZSP, in which access points and routers mirror frames."""
    head = capture.rows(at, 4)
    protocol = big16(head, 2)
    sound = (head[:, 0] == 1) & (head[:, 1] <= 1)
    cases = [(sound & (protocol == number), kind) for number, kind in TZSP_PROTOCOLS.items()]
    kind = choose(cases, Header.PLAIN, len(at))
    after = at + 4
    rows = np.flatnonzero(kind != Header.PLAIN)
    for _ in range(MAX_TAGS):
        rows = rows[after[rows] + 2 <= stop[rows]]
        tag = capture.rows(after[rows], 2)
        short = (tag[:, 0] == TZSP_END) | (tag[:, 0] == TZSP_PADDING)
        after[rows] += np.where(short, 1, 2 + tag[:, 1].astype(np.int64))
        rows = rows[tag[:, 0] != TZSP_END]
        if not len(rows):
            break
    kind[rows] = Header.PLAIN
    return kind, after


def _same(kind: int, at: Ints) -> Ints:
    return np.full(len(at), int(kind), np.int64)


STEPS: dict[int, Step] = {
    Header.GRE: Step(4, _gre),
    Header.PPTP: Step(8, _pptp),
    Header.ERSPAN2: Step(8, _erspan2),
    Header.ERSPAN3: Step(12, _erspan3),
    Header.WCCP: Step(4, _wccp),
    Header.ETHERIP: Step(2, _etherip),
    Header.PIM: Step(8, _pim),
    Header.VXLAN: Step(8, _vxlan),
    Header.GENEVE: Step(8, _geneve),
    Header.GTP_U: Step(8, _gtp_u),
    Header.GTP_0: Step(GTP_0_HEADER, _gtp_0),
    Header.TEREDO: Step(4, _teredo),
    Header.L2TP: Step(6, _l2tp),
    Header.CAPWAP: Step(8, _capwap),
    Header.LISP: Step(8, _lisp),
    Header.TZSP: Step(5, _tzsp),
}
"""Kind -> how it is stepped over."""
