"""Headers that exist only in captures, put there by the system that captured, a block of packets at once.

Linux cooked v1 and v2, BSD null and loopback, BSD packet filter logs and IPsec's `enc`, Linux netfilter logs, PPI,
Apple's packet taps and IP over FireWire, Endace ERF, IP over InfiniBand and over Fibre Channel (RFC 4338), SunATM,
Solaris' IPNET, Symantec's firewalls, what Wireshark exports and Juniper's captures on its routers: all defined in the
IANA registry "PCAP Link Type" and at tcpdump.org/linktypes.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shadowai.captures.headers import (
    IPV4,
    IPV6,
    LINKS,
    MIN_ETHERTYPE,
    Header,
    Next,
    Step,
    big16,
    by_ethertype,
    by_version,
    choose,
    little16,
    little32,
)

if TYPE_CHECKING:
    from shadowai.captures.container import Bytes, Capture, Ints

FAMILY_V4 = 2  # AF_INET of every system
FAMILIES_V6 = (10, 24, 28, 30)  # AF_INET6 of Linux, NetBSD, FreeBSD and macOS
COOKED_LLC = 4  # protocol of a cooked frame that begins with an LLC header
ARPHRD = {801: Header.DOT11, 802: Header.PRISM, 803: Header.RADIOTAP}  # Linux device types whose frames are 802.11
NFLOG_PAYLOAD, FIELD_HEADER, MAX_FIELDS = 9, 4, 64  # type of the packet among the fields; bytes; how many are read
ERF_MORE, ERF_ETHERNET, ERF_HDLC, ERF_IPV4, ERF_IPV6 = 0x80, (2, 11, 16, 20), (1, 10, 15, 17), 22, 23
JUNIPER_MAGIC, JUNIPER_BARE, JUNIPER_EXTENDED = (0x4D, 0x47, 0x43), 0x02, 0x80
VIRTUAL_TAIL = 18  # bytes behind the header of Juniper's virtual interfaces
LLC_SNAP = (0xAA, 0xAA, 0x03)
SUN_LLC = 2  # traffic of a SunATM frame that begins with LLC
EXPORT_END, EXPORT_PROTOCOL, MAX_TAGS = 0, 12, 64  # tags in front of an exported packet
EXPORT_PROTOCOLS = {b"ip\0": int(Header.VERSION), b"ipv6": int(Header.VERSION), b"eth": int(Header.ETHERNET)}
MAX_EXTENSIONS = 8  # extension headers of an ERF record

_LINK_KINDS = np.full(max(LINKS) + 2, int(Header.UNKNOWN), np.int64)
_LINK_KINDS[list(LINKS)] = list(LINKS.values())


def of_links(links: Ints) -> Ints:
    """Give the kind of header that frames of LINKTYPEs begin with."""
    kind: Ints = _LINK_KINDS[np.clip(links, 0, len(_LINK_KINDS) - 1)]
    return kind


def _cooked_kind(protocol: Ints, device: Ints) -> Ints:
    kind = choose([(protocol == COOKED_LLC, Header.LLC)], Header.NOT_IP, len(protocol))
    kind = np.where(protocol >= MIN_ETHERTYPE, protocol, kind)
    for number, wireless in ARPHRD.items():
        kind[device == number] = int(wireless)
    return kind


def _cooked(capture: Capture, at: Ints, _: Ints) -> Next:
    head = capture.rows(at, 16)
    return _cooked_kind(big16(head, 14), big16(head, 2)), at + 16


def _cooked2(capture: Capture, at: Ints, _: Ints) -> Next:
    head = capture.rows(at, 10)
    return _cooked_kind(big16(head), big16(head, 8)), at + 20


def _family(capture: Capture, at: Ints, _: Ints) -> Next:
    return _by_family(capture.rows(at, 4)), at + 4


def _by_family(head: Bytes) -> Ints:
    # The address family is a 32-bit number in the byte order of the machine that captured: small either way.
    family = np.where(head[:, 0] > head[:, 3], head[:, 0], head[:, 3])
    plain = (head[:, 1] == 0) & (head[:, 2] == 0)
    cases = [(plain & (family == FAMILY_V4), IPV4), (plain & np.isin(family, FAMILIES_V6), IPV6)]
    # Some programs write an ethertype in its place.
    for ethertype in (IPV4, IPV6):
        for order in ("little", "big"):
            spelt = list(ethertype.to_bytes(4, order))
            cases.append(((head == spelt).all(axis=1), ethertype))
    return choose(cases, Header.NOT_IP, len(head))


def _pflog(capture: Capture, at: Ints, _: Ints) -> Next:
    size = (capture.rows(at, 1)[:, 0].astype(np.int64) + 3) // 4 * 4
    return _versions(at), at + size


def _enc(_: Capture, at: Ints, __: Ints) -> Next:
    return _versions(at), at + 12


def _versions(at: Ints) -> Ints:
    return np.full(len(at), int(Header.VERSION), np.int64)


def _ppi(capture: Capture, at: Ints, stop: Ints) -> Next:
    head = capture.rows(at, 8)
    after = at + little16(head, 2)
    return np.where(after > stop, int(Header.SHORT), of_links(little32(head, 4))), after


def _pktap(capture: Capture, at: Ints, stop: Ints) -> Next:
    head = capture.rows(at, 12)
    after = at + np.minimum(little32(head), stop - at + 1)
    return np.where(after > stop, int(Header.SHORT), of_links(little32(head, 8))), after


def _nflog(capture: Capture, at: Ints, stop: Ints) -> Next:
    """Look for the packet among the fields of a netfilter log record: length and type in either byte order, value."""
    kind = np.full(len(at), int(Header.NOT_IP), np.int64)
    after = at + 4
    rows = np.arange(len(at))
    for _ in range(MAX_FIELDS):
        rows = rows[after[rows] + 4 <= stop[rows]]
        if not len(rows):
            break
        head = capture.rows(after[rows], 4)
        # Field types are small, so that the greater byte of the two is the lesser place.
        swapped = head[:, 3] > head[:, 2]
        length = np.where(swapped, big16(head), little16(head))
        number = np.where(swapped, big16(head, 2), little16(head, 2))
        found = number == NFLOG_PAYLOAD
        kind[rows[found]] = Header.VERSION
        after[rows[found]] += 4
        going = ~found & (length >= FIELD_HEADER)
        after[rows[going]] += (length[going] + 3) // 4 * 4
        rows = rows[going]
    return kind, after


def _erf(capture: Capture, at: Ints, stop: Ints) -> Next:
    """Step over an ERF record header and its extensions (Endace, "ERF types reference guide")."""
    head = capture.rows(at, 16)
    number = head[:, 8] & 0x7F
    after = at + 16
    more = np.flatnonzero(head[:, 8] & ERF_MORE)
    for _ in range(MAX_EXTENSIONS):
        more = more[after[more] + 8 <= stop[more]]
        flags = capture.rows(after[more], 1)[:, 0]
        after[more] += 8
        more = more[(flags & ERF_MORE) != 0]
    ethernet = np.isin(number, ERF_ETHERNET)
    cases = [
        (ethernet, Header.ETHERNET),
        (np.isin(number, ERF_HDLC), Header.SERIAL),
        ((number == ERF_IPV4) | (number == ERF_IPV6), Header.VERSION),
    ]
    return choose([(holds, int(kind)) for holds, kind in cases], Header.UNKNOWN, len(at)), after + 2 * ethernet


def _ipoib(capture: Capture, at: Ints, _: Ints) -> Next:
    """Step over the destination address and the header of IP over InfiniBand (RFC 4391 section 6)."""
    return by_ethertype(big16(capture.rows(at + 40, 2))), at + 44


def _sun_atm(capture: Capture, at: Ints, _: Ints) -> Next:
    logical = capture.rows(at, 1)[:, 0] & 0x0F == SUN_LLC
    return choose([(logical, Header.LLC)], Header.NOT_IP, len(at)), at + 4


def _firewire(capture: Capture, at: Ints, _: Ints) -> Next:
    return by_ethertype(big16(capture.rows(at + 16, 2))), at + 18


def _ipnet(_: Capture, at: Ints, __: Ints) -> Next:
    return _versions(at), at + 24


def _juniper(capture: Capture, at: Ints, within: int) -> Next:
    """Step over Juniper's header (magic number, flags, extensions) to a frame, or to IP where there is none."""
    head = capture.rows(at, 6)
    extended = (head[:, 3] & JUNIPER_EXTENDED) != 0
    bare = (head[:, 3] & JUNIPER_BARE) != 0
    cases = [((head[:, :3] != JUNIPER_MAGIC).any(axis=1), Header.NOT_IP), (bare, Header.VERSION)]
    kind = choose([(holds, int(value)) for holds, value in cases], within, len(at))
    return kind, at + np.where(extended, 6 + big16(head, 4), 4) + 4 * bare


def _juniper_ethernet(capture: Capture, at: Ints, _: Ints) -> Next:
    return _juniper(capture, at, Header.ETHERNET)


def _juniper_ppp(capture: Capture, at: Ints, _: Ints) -> Next:
    return _juniper(capture, at, Header.PPP)


def _juniper_hdlc(capture: Capture, at: Ints, _: Ints) -> Next:
    return _juniper(capture, at, Header.SERIAL)


def _juniper_frame_relay(capture: Capture, at: Ints, _: Ints) -> Next:
    return _juniper(capture, at, Header.FRAME_RELAY)


def _juniper_atm_1(capture: Capture, at: Ints, stop: Ints) -> Next:
    return _juniper_atm(capture, at, stop, 4)


def _juniper_atm_2(capture: Capture, at: Ints, stop: Ints) -> Next:
    return _juniper_atm(capture, at, stop, 8)


def _juniper_atm(capture: Capture, at: Ints, stop: Ints, cookie: int) -> Next:
    """Step over the header and the cookie of an ATM interface to LLC or IP, as the first bytes tell."""
    kind, after = _juniper(capture, at, Header.LLC)
    rows = np.flatnonzero(kind == Header.LLC)
    after[rows] += cookie
    head = capture.rows(after[rows], 3)
    within = by_version(head[:, 0])
    within[(head == LLC_SNAP).all(axis=1)] = Header.LLC
    kind[rows] = np.where(after[rows] + 3 > stop[rows], int(Header.SHORT), within)
    return kind, after


def _juniper_virtual(capture: Capture, at: Ints, _: Ints) -> Next:
    kind, after = _juniper(capture, at, Header.VERSION)
    return kind, after + np.where(kind == Header.VERSION, VIRTUAL_TAIL, 0)


def _fibre_channel(_: Capture, at: Ints, __: Ints) -> Next:
    return np.full(len(at), int(Header.LLC), np.int64), at + 16


def _symantec(capture: Capture, at: Ints, _: Ints) -> Next:
    return by_ethertype(big16(capture.rows(at, 8), 6)), at + 44


def _exported(capture: Capture, at: Ints, stop: Ints) -> Next:
    """Step over the tags of what Wireshark exports from a higher layer, one of which names the protocol it begins with.

    Ethernet and IP are read on; what begins higher up has its addresses in tags, and is not.
    """
    kind = np.full(len(at), int(Header.NOT_IP), np.int64)
    after, rows = at.copy(), np.arange(len(at))
    for _ in range(MAX_TAGS):
        rows = rows[after[rows] + 4 <= stop[rows]]
        head = capture.rows(after[rows], 8)
        tag, size = big16(head), big16(head, 2)
        named = tag == EXPORT_PROTOCOL
        for name, number in EXPORT_PROTOCOLS.items():
            kind[rows[named & (head[:, 4 : 4 + len(name)] == list(name)).all(axis=1)]] = number
        after[rows] += 4 + size
        rows = rows[tag != EXPORT_END]
        if not len(rows):
            break
    kind[rows] = Header.NOT_IP
    return kind, after


STEPS: dict[int, Step] = {
    Header.COOKED: Step(16, _cooked),
    Header.COOKED2: Step(20, _cooked2),
    Header.FAMILY: Step(4, _family),
    Header.PFLOG: Step(4, _pflog),
    Header.ENC: Step(12, _enc),
    Header.PPI: Step(8, _ppi),
    Header.PKTAP: Step(12, _pktap),
    Header.NFLOG: Step(4, _nflog),
    Header.ERF: Step(16, _erf),
    Header.IPOIB: Step(44, _ipoib),
    Header.SUN_ATM: Step(4, _sun_atm),
    Header.FIREWIRE: Step(18, _firewire),
    Header.IPNET: Step(24, _ipnet),
    Header.JUNIPER_ETHERNET: Step(6, _juniper_ethernet),
    Header.JUNIPER_PPP: Step(6, _juniper_ppp),
    Header.JUNIPER_HDLC: Step(6, _juniper_hdlc),
    Header.JUNIPER_FRAME_RELAY: Step(6, _juniper_frame_relay),
    Header.JUNIPER_ATM_1: Step(8, _juniper_atm_1),
    Header.JUNIPER_ATM_2: Step(12, _juniper_atm_2),
    Header.JUNIPER_VIRTUAL: Step(22, _juniper_virtual),
    Header.FIBRE_CHANNEL: Step(16, _fibre_channel),
    Header.SYMANTEC: Step(44, _symantec),
    Header.EXPORTED: Step(4, _exported),
}
"""Kind -> how it is stepped over."""
