"""Headers of links and what is put between them and IP, a block of packets at once.

Ethernet (IEEE 802.3) with VLAN tags (IEEE 802.1Q, 802.1ad), provider backbone tags (802.1ah), MACsec tags (802.1AE) and
Cisco metadata, VN-Tag (802.1BR), HSR (IEC 62439-3) and redundancy tags (802.1CB), TRILL (RFC 6325), Cisco FabricPath
and ISL, B.A.T.M.A.N. advanced (kernel.org, batadv_packet.h), LLC and SNAP (IEEE 802.2, RFC 1042), FDDI (RFC 1390),
token ring (IEEE 802.5), ARCNET (RFC 1201, 1051, 2497), frame relay (RFC 2427), PPPoE (RFC 2516), PPP (RFC 1661, 1662)
with bridging (RFC 3518) and whole packets of a bundle (RFC 1990), Cisco HDLC, MPLS (RFC 3032) with pseudowires (RFC
4448) and NSH (RFC 8300).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shadowai.captures.headers import (
    IPV4,
    IPV6,
    MPLS,
    Header,
    Mask,
    Next,
    Step,
    big16,
    by_ethertype,
    by_version,
    choose,
)

if TYPE_CHECKING:
    from shadowai.captures.container import Bytes, Capture, Ints

ARP = 0x0806
MACSEC, EXPLICIT, ENCRYPTED = 0x88E5, 0x20, 0x0C  # ethertype; flags of its tag: channel named, encrypted or changed
PPPOE_VERSION, SHORTEST_NSH = 0x11, 8
VLANS = (0x8100, 0x88A8, 0x9100, 0x9200)
PPPOE_SESSION, MPLS_UPSTREAM, BACKBONE, METADATA, SERVICE = 0x8864, 0x8848, 0x88E7, 0x8909, 0x894F
VN_TAG, HSR, TRILL = 0x8926, 0x892F, 0x22F3
REDUNDANCY, FABRIC_PATH, JUMBO_LLC, BATMAN = 0xF1C1, 0x8903, 0x8870, 0x4305
ISL_STATIONS = ((1, 0, 0x0C, 0, 0), (3, 0, 0x0C, 0, 0))  # how the destination of a frame with Cisco's ISL header begins
ISL_OUI, ISL_REST = (0, 0, 0x0C), 12  # behind LLC; bytes from there to the frame within
BATMAN_HEADERS = {(15, 0x40): 10, (15, 0x41): 18, (15, 0x01): 14, (14, 3): 10, (14, 4): 14}
"""Version and type of a packet that carries a frame, to one node or to all -> bytes of its header."""

FDDI_LLC = 0x50  # frame control of an LLC frame, without its priority
RING_LLC, SOURCE_ROUTED, ROUTE_BYTES = 0x40, 0x80, 0x1F  # of token ring: frame control, source address, route
ARCNET_IP, ARCNET_IPV6, ARCNET_BARE_IP = 0xD4, 0xC4, 0xF0  # protocols (RFC 1201, RFC 2497, RFC 1051)
EXCEPTION = 0xFF  # a split flag
NLPID_4, NLPID_6, NLPID_SNAP = 0xCC, 0x8E, 0x80
BRIDGED_FRAME = (0, 0x80, 0xC2, 0, 7)  # OUI and number of an Ethernet frame without its check sum (RFC 2427)
ETHERTYPES = (IPV4, IPV6, ARP, *VLANS, PPPOE_SESSION, MPLS, MPLS_UPSTREAM)
"""Ethertypes that tell an Ethernet header from other bytes."""

SNAP_SAP, IP_SAP, UNNUMBERED = 0xAA, 0x06, 0x03
ETHERTYPE_OUIS = ((0, 0, 0), (0, 0, 0xF8))  # RFC 1042, IEEE 802.1H
PPP_TYPES = {0x0021: IPV4, 0x0057: IPV6, 0x0281: MPLS, 0x0283: MPLS_UPSTREAM}
PPP_BRIDGED, BRIDGED_ETHERNET = 0x0031, 1  # protocol, and the MAC type behind its flags
PPP_BUNDLE, WHOLE = 0x003D, 0xC0  # protocol, and the flags of a piece that is first and last
PPP_CLOSED = (
    PPP_BUNDLE,
    0x0053,
    0x0055,
    0x00FB,
    0x00FD,
)  # multilink, encrypted and compressed datagrams (RFC 1968, 1962)
ALL_STATIONS, CISCO_UNICAST, CISCO_BROADCAST = 0xFF, 0x0F, 0x8F
NSH_PROTOCOLS = {1: IPV4, 2: IPV6, 3: int(Header.ETHERNET), 5: MPLS}
MAC_PAIR = 12  # bytes of destination and source in front of an ethertype


def _ethernet(capture: Capture, at: Ints, _: Ints) -> Next:
    return by_ethertype(big16(capture.rows(at + MAC_PAIR, 2))), at + 14


def _vlan(capture: Capture, at: Ints, _: Ints) -> Next:
    return by_ethertype(big16(capture.rows(at + 2, 2))), at + 4


def _tagged(capture: Capture, at: Ints, _: Ints) -> Next:
    """Step over a tag of four bytes behind its ethertype."""
    return by_ethertype(big16(capture.rows(at + 4, 2))), at + 6


def _trill(capture: Capture, at: Ints, _: Ints) -> Next:
    options = (big16(capture.rows(at, 2)) >> 6) & 0x1F
    return np.full(len(at), int(Header.ETHERNET), np.int64), at + 6 + 4 * options


def _fddi(capture: Capture, at: Ints, _: Ints) -> Next:
    logical = _first(capture, at) & 0xF0 == FDDI_LLC
    return choose([(logical, Header.LLC)], Header.NOT_IP, len(at)), at + 13


def _token_ring(capture: Capture, at: Ints, _: Ints) -> Next:
    """Step over a token ring header, and the route behind it where the source address says that there is one."""
    head = capture.rows(at, 15)
    logical = head[:, 1] & 0xC0 == RING_LLC
    route = np.where((head[:, 8] & SOURCE_ROUTED) != 0, head[:, 14] & ROUTE_BYTES, 0).astype(np.int64)
    return choose([(logical, Header.LLC)], Header.NOT_IP, len(at)), at + 14 + route


def _arcnet(capture: Capture, at: Ints, _: Ints) -> Next:
    """Step over addresses, protocol, and the split flag and sequence number that RFC 1201 puts behind it."""
    head = capture.rows(at, 4)
    protocols = {ARCNET_IP: IPV4, ARCNET_BARE_IP: IPV4, ARCNET_IPV6: IPV6}
    kind = choose([(head[:, 2] == number, to) for number, to in protocols.items()], Header.NOT_IP, len(at))
    size = np.where(head[:, 3] == EXCEPTION, 10, 6)
    return kind, at + np.where(head[:, 2] == ARCNET_BARE_IP, 3, size)


def _arcnet_linux(capture: Capture, at: Ints, stop: Ints) -> Next:
    # Two bytes of offset stand in front of the protocol, and frames come whole, without exceptions.
    return _arcnet(capture, at + 2, stop)


def _frame_relay(capture: Capture, at: Ints, _: Ints) -> Next:
    """Read the address, then a network layer's number or SNAP (RFC 2427), or Cisco's bare ethertype."""
    address = capture.rows(at, 3) & 1  # the last byte of the address is odd
    at = at + np.where(address[:, 1] == 1, 0, np.where(address[:, 2] == 1, 1, 2))
    head = capture.rows(at, 10)
    numbered = head[:, 2] == UNNUMBERED
    padded = numbered & (head[:, 3] == 0) & (head[:, 4] == NLPID_SNAP)
    snap = padded & (head[:, 5:8] == 0).all(axis=1)
    cases: list[tuple[Mask, int]] = [
        (numbered & (head[:, 3] == NLPID_4), IPV4),
        (numbered & (head[:, 3] == NLPID_6), IPV6),
        (padded & (head[:, 5:10] == BRIDGED_FRAME).all(axis=1), int(Header.ETHERNET)),
    ]
    kind = choose(cases, Header.NOT_IP, len(at))
    kind = np.where(snap, big16(head, 8), np.where(numbered, kind, big16(head, 2)))
    return kind, at + np.where(padded, 10, 4)


def _backbone(_: Capture, at: Ints, __: Ints) -> Next:
    return np.full(len(at), int(Header.ETHERNET), np.int64), at + 4


def _metadata(capture: Capture, at: Ints, _: Ints) -> Next:
    return by_ethertype(big16(capture.rows(at + 6, 2))), at + 8


def _llc(capture: Capture, at: Ints, _: Ints) -> Next:
    """Read LLC, and SNAP behind it; other protocols than IP on LLC are not looked at."""
    head = capture.rows(at, 8)
    unnumbered = head[:, 2] == UNNUMBERED
    snap = (head[:, 0] == SNAP_SAP) & (head[:, 1] == SNAP_SAP) & unnumbered
    snap &= np.any([(head[:, 3:6] == oui).all(axis=1) for oui in ETHERTYPE_OUIS], axis=0)
    bare = (head[:, 0] == IP_SAP) & (head[:, 1] == IP_SAP) & unnumbered
    kind = choose([(bare, IPV4)], Header.NOT_IP, len(at))
    number = big16(head, 6)
    kind[snap] = number[snap]
    after = at + np.where(snap, 8, 3)
    rows = np.flatnonzero((head[:, 0] == SNAP_SAP) & (head[:, 3:6] == ISL_OUI).all(axis=1))
    if len(rows):
        rows = rows[_is_isl(capture, at[rows])]
        kind[rows], after[rows] = Header.ETHERNET, at[rows] + ISL_REST
    return kind, after


def _is_isl(capture: Capture, at: Ints) -> Mask:
    """Say whether the Ethernet header in front is the first part of an ISL header, by its destination."""
    station = capture.rows(at - 14, 5)
    answer: Mask = np.any([(station == one).all(axis=1) for one in ISL_STATIONS], axis=0)
    return answer


def _jumbo(_: Capture, at: Ints, __: Ints) -> Next:
    return np.full(len(at), int(Header.LLC), np.int64), at


def _fabric_path(_: Capture, at: Ints, __: Ints) -> Next:
    return np.full(len(at), int(Header.ETHERNET), np.int64), at + 2


def _batman(capture: Capture, at: Ints, _: Ints) -> Next:
    head = capture.rows(at, 2)
    kind, after = np.full(len(at), int(Header.NOT_IP), np.int64), at.copy()
    for (version, number), size in BATMAN_HEADERS.items():
        rows = np.flatnonzero((head[:, 0] == number) & (head[:, 1] == version))
        kind[rows], after[rows] = Header.ETHERNET, at[rows] + size
    return kind, after


def _pppoe(capture: Capture, at: Ints, _: Ints) -> Next:
    head = capture.rows(at, 2)
    session = (head[:, 0] == PPPOE_VERSION) & (head[:, 1] == 0)
    return choose([(session, Header.PPP)], Header.NOT_IP, len(at)), at + 6


def _ppp(capture: Capture, at: Ints, _: Ints) -> Next:
    """Read a PPP header: address and control may be left out, and so may the first byte of a protocol below 256."""
    head = capture.rows(at, 4)
    framed = (head[:, 0] == ALL_STATIONS) & (head[:, 1] == UNNUMBERED)
    first = np.where(framed, head[:, 2], head[:, 0]).astype(np.int64)
    second = np.where(framed, head[:, 3], head[:, 1])
    narrow = (first & 1) == 1
    protocol = np.where(narrow, first, (first << 8) | second)
    cases = [(protocol == number, kind) for number, kind in PPP_TYPES.items()]
    cases.append((np.isin(protocol, PPP_CLOSED), int(Header.UNREAD)))
    kind, after = choose(cases, Header.NOT_IP, len(at)), at + np.where(framed, 2, 0) + np.where(narrow, 1, 2)
    rows = np.flatnonzero((protocol == PPP_BRIDGED) | (protocol == PPP_BUNDLE))
    if len(rows):
        kind[rows], after[rows] = _in_ppp(capture, after[rows], protocol[rows])
    return kind, after


def _in_ppp(capture: Capture, at: Ints, protocol: Ints) -> Next:
    """Step over what PPP puts in front of a bridged frame, and of a packet of a bundle that is not cut into pieces."""
    head = capture.rows(at, 2)
    bridged = protocol == PPP_BRIDGED
    cases = [
        (bridged & (head[:, 1] == BRIDGED_ETHERNET), int(Header.ETHERNET)),
        (bridged, int(Header.NOT_IP)),
        (head[:, 0] == WHOLE, int(Header.PPP)),
    ]
    return choose(cases, Header.UNREAD, len(at)), at + np.where(bridged, 2, 4)


def _ppp_directed(_: Capture, at: Ints, __: Ints) -> Next:
    # The direction stands in place of the address byte, and the control byte follows it.
    return np.full(len(at), int(Header.PPP), np.int64), at + 2


def _serial(capture: Capture, at: Ints, _: Ints) -> Next:
    """Tell Cisco HDLC from PPP by the address byte, and step over the HDLC header."""
    head = capture.rows(at, 4)
    cisco = (head[:, 0] == CISCO_UNICAST) | (head[:, 0] == CISCO_BROADCAST)
    return np.where(cisco, big16(head, 2), int(Header.PPP)), at + np.where(cisco, 4, 0)


def _serial_directed(_: Capture, at: Ints, __: Ints) -> Next:
    return np.full(len(at), int(Header.SERIAL), np.int64), at + 1


def _mpls(capture: Capture, at: Ints, stop: Ints) -> Next:
    """Step over one label; what lies beneath the last one is IP or Ethernet, told by its first bytes."""
    head = capture.rows(at, 5)
    last = (head[:, 2] & 1) == 1
    kind = np.where(last, by_version(head[:, 4]), MPLS)
    after = at + 4
    rows = np.flatnonzero(kind == Header.NOT_IP)
    if len(rows):
        kind[rows], after[rows] = _pseudowire(capture, after[rows], stop[rows])
    return kind, after


def _pseudowire(capture: Capture, at: Ints, stop: Ints) -> Next:
    """Tell Ethernet with and without a control word by where an ethertype is (RFC 4448 section 4.6)."""
    worded = has_ethertype(capture, at + 4, stop) & (capture.rows(at, 1)[:, 0] >> 4 == 0)
    bare = ~worded & has_ethertype(capture, at, stop)
    return choose([(worded | bare, Header.ETHERNET)], Header.NOT_IP, len(at)), at + np.where(worded, 4, 0)


def has_ethertype(capture: Capture, at: Ints, stop: Ints, known: tuple[int, ...] = ETHERTYPES) -> Mask:
    """Say whether an Ethernet header with a known ethertype may begin here."""
    answer: Mask = (at + MAC_PAIR + 2 <= stop) & np.isin(big16(capture.rows(at + MAC_PAIR, 2)), known)
    return answer


def _service(capture: Capture, at: Ints, _: Ints) -> Next:
    head = capture.rows(at, 4)
    size = (head[:, 1] & 0x3F).astype(np.int64) * 4
    sound = (head[:, 0] >> 6 == 0) & (size >= SHORTEST_NSH)
    cases = [(sound & (head[:, 3] == number), kind) for number, kind in NSH_PROTOCOLS.items()]
    return choose(cases, Header.UNREAD, len(at)), at + size


def _sealed(capture: Capture, at: Ints, _: Ints) -> Next:
    """Step over a MACsec tag (IEEE 802.1AE section 9.3) where it only protects from change and does not encrypt."""
    flags = capture.rows(at, 1)[:, 0]
    size = np.where((flags & EXPLICIT) != 0, 14, 6)
    closed = (flags & ENCRYPTED) != 0
    return np.where(closed, int(Header.UNREAD), by_ethertype(big16(capture.rows(at + size, 2)))), at + size + 2


def _version(capture: Capture, at: Ints, _: Ints) -> Next:
    return by_version(_first(capture, at)), at


def _first(capture: Capture, at: Ints) -> Bytes:
    return capture.rows(at, 1)[:, 0]


STEPS: dict[int, Step] = {
    Header.ETHERNET: Step(14, _ethernet),
    Header.LLC: Step(3, _llc),
    Header.FDDI: Step(13, _fddi),
    Header.TOKEN_RING: Step(15, _token_ring),
    Header.ARCNET: Step(4, _arcnet),
    Header.ARCNET_LINUX: Step(6, _arcnet_linux),
    Header.FRAME_RELAY: Step(5, _frame_relay),
    Header.PPPOE: Step(6, _pppoe),
    Header.PPP: Step(1, _ppp),
    Header.PPP_DIRECTED: Step(2, _ppp_directed),
    Header.SERIAL: Step(4, _serial),
    Header.SERIAL_DIRECTED: Step(1, _serial_directed),
    Header.VERSION: Step(1, _version),
    PPPOE_SESSION: Step(6, _pppoe),
    MPLS: Step(4, _mpls),
    MPLS_UPSTREAM: Step(4, _mpls),
    BACKBONE: Step(4, _backbone),
    VN_TAG: Step(6, _tagged),
    HSR: Step(6, _tagged),
    REDUNDANCY: Step(6, _tagged),
    FABRIC_PATH: Step(2, _fabric_path),
    JUMBO_LLC: Step(3, _jumbo),
    BATMAN: Step(10, _batman),
    TRILL: Step(6, _trill),
    METADATA: Step(8, _metadata),
    SERVICE: Step(8, _service),
    MACSEC: Step(8, _sealed),
    **dict.fromkeys(VLANS, Step(4, _vlan)),
}
"""Kind -> how it is stepped over."""
