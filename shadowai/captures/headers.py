"""Kinds of headers that may lie in front of an IP packet, and how a block of them is stepped over at once.

A packet on its way down to IP is told by the kind of header that comes next and by where that header begins. A kind is
an ethertype (IEEE 802) or, where there is none, a `Header`. A step reads the headers of one kind and gives what comes
next and where; `link` and `overlays` hold the tables of steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

    from shadowai.captures.container import Bytes, Capture, Ints

Mask: TypeAlias = NDArray[np.bool_]

IPV4, IPV6 = 0x0800, 0x86DD  # ethertypes
MPLS = 0x8847
VERSION_4, VERSION_6 = 4, 6  # IP versions
MIN_ETHERTYPE = 0x0600  # below, the field is an IEEE 802.3 length
SHORTEST_IHL = 5  # words of 4 bytes; an IPv4 header has as many at least


class Header(IntEnum):
    """What has no ethertype: headers first, then the ends that a packet may come to."""

    ETHERNET = 0x10000
    LLC = 0x10001
    PPP = 0x10002
    PPP_DIRECTED = 0x10003
    SERIAL = 0x10004
    SERIAL_DIRECTED = 0x10005
    PPPOE = 0x10006
    VERSION = 0x10007
    FAMILY = 0x10008
    COOKED = 0x10009
    COOKED2 = 0x1000A
    DOT11 = 0x1000B
    DOT11_PADDED = 0x1000C
    DOT11_SWAPPED = 0x1002E
    RADIOTAP = 0x1000D
    PRISM = 0x1000E
    AGGREGATE = 0x1000F
    PPI = 0x10010
    NFLOG = 0x10011
    PFLOG = 0x10012
    ENC = 0x10013
    PKTAP = 0x10014
    ERF = 0x10015
    IPOIB = 0x10016
    JUNIPER_ETHERNET = 0x10017
    JUNIPER_PPP = 0x10018
    JUNIPER_HDLC = 0x10019
    FDDI = 0x1001A
    FRAME_RELAY = 0x1001B
    SUN_ATM = 0x1001C
    FIREWIRE = 0x1001D
    IPNET = 0x1001E
    TOKEN_RING = 0x1001F
    GRE = 0x10020
    PPTP = 0x10021
    ERSPAN2 = 0x10022
    ERSPAN3 = 0x10023
    WCCP = 0x10024
    ETHERIP = 0x10025
    VXLAN = 0x10026
    GENEVE = 0x10027
    GTP_U = 0x10028
    TEREDO = 0x10029
    L2TP = 0x1002A
    CAPWAP = 0x1002B
    LISP = 0x1002C
    TZSP = 0x1002D
    GTP_0 = 0x1002F
    ARCNET = 0x10030
    ARCNET_LINUX = 0x10031
    FIBRE_CHANNEL = 0x10032
    SYMANTEC = 0x10033
    JUNIPER_FRAME_RELAY = 0x10034
    EXPORTED = 0x10035
    PIM = 0x10036
    JUNIPER_ATM_1 = 0x10037
    JUNIPER_ATM_2 = 0x10038
    JUNIPER_VIRTUAL = 0x10039
    ODD = 0x10040  # not known here: scapy may dissect it
    UNKNOWN = 0x10041  # a link type that is not known here
    NOT_IP = 0x10042
    SHORT = 0x10043  # cut off before one can tell
    UNREAD = 0x10044  # a tunnel that cannot be looked into
    ENCRYPTED = 0x10045  # a protected frame of a wireless network
    DAMAGED = 0x10046  # a frame of which the receiver says that it arrived damaged
    PIECE = 0x10047  # a later fragment of a link-layer frame
    PLAIN = 0x10048  # on a tunnel's port, but no tunnel: to be read as itself


KINDS = 0x10080  # more than any kind
MANY = 4_096  # packets

LINKS: dict[int, int] = {
    0: Header.FAMILY,
    1: Header.ETHERNET,
    6: Header.TOKEN_RING,
    7: Header.ARCNET,
    9: Header.SERIAL,
    10: Header.FDDI,
    11: Header.LLC,
    12: Header.VERSION,
    14: Header.VERSION,
    50: Header.SERIAL,
    51: Header.PPPOE,
    99: Header.SYMANTEC,
    100: Header.LLC,
    101: Header.VERSION,
    104: Header.SERIAL,
    105: Header.DOT11,
    107: Header.FRAME_RELAY,
    108: Header.FAMILY,
    109: Header.ENC,
    113: Header.COOKED,
    117: Header.PFLOG,
    119: Header.PRISM,
    122: Header.FIBRE_CHANNEL,
    123: Header.SUN_ATM,
    127: Header.RADIOTAP,
    129: Header.ARCNET_LINUX,
    130: Header.JUNIPER_PPP,
    135: Header.JUNIPER_ATM_2,
    137: Header.JUNIPER_ATM_1,
    138: Header.FIREWIRE,
    163: Header.PRISM,
    166: Header.PPP_DIRECTED,
    167: Header.JUNIPER_ETHERNET,
    178: Header.JUNIPER_ETHERNET,
    179: Header.JUNIPER_PPP,
    180: Header.JUNIPER_FRAME_RELAY,
    181: Header.JUNIPER_HDLC,
    183: Header.JUNIPER_VIRTUAL,
    192: Header.PPI,
    197: Header.ERF,
    204: Header.SERIAL_DIRECTED,
    205: Header.SERIAL_DIRECTED,
    219: MPLS,
    226: Header.IPNET,
    228: Header.VERSION,
    229: Header.VERSION,
    239: Header.NFLOG,
    242: Header.IPOIB,
    252: Header.EXPORTED,
    258: Header.PKTAP,
    276: Header.COOKED2,
}
"""LINKTYPE (IANA registry "PCAP Link Type") -> the kind of header that its frames begin with."""

Next: TypeAlias = "tuple[Ints, Ints]"
"""The kind of each following header, and where it begins."""


class Step(NamedTuple):
    """How a kind of header is read.

    `size` is the fewest bytes that it has, `read` takes the capture, where the headers begin and where the bytes at
    hand end.
    """

    size: int
    read: Callable[[Capture, Ints, Ints], Next]


@dataclass(slots=True)
class Path:
    """Packets on the way down to IP.

    `item` says which of the packets given this one is or lies in, `kind` what kind of header comes next, `at` where it
    begins, `stop` where the bytes at hand end.
    """

    item: Ints
    kind: Ints
    at: Ints
    stop: Ints

    def pick(self, chosen: Mask | Ints) -> Path:
        """Give the chosen ones."""
        return Path(self.item[chosen], self.kind[chosen], self.at[chosen], self.stop[chosen])

    def is_ip(self) -> Mask:
        """Say which have come to an IP header."""
        answer: Mask = (self.kind == IPV4) | (self.kind == IPV6)
        return answer


def big16(rows: Bytes, at: int = 0) -> Ints:
    """Read 16-bit numbers in network byte order."""
    number: Ints = (rows[:, at].astype(np.int64) << 8) | rows[:, at + 1]
    return number


def big32(rows: Bytes, at: int = 0) -> Ints:
    """Read 32-bit numbers in network byte order."""
    number: Ints = (big16(rows, at) << 16) | big16(rows, at + 2)
    return number


def little16(rows: Bytes, at: int = 0) -> Ints:
    """Read 16-bit numbers, least byte first."""
    number: Ints = (rows[:, at + 1].astype(np.int64) << 8) | rows[:, at]
    return number


def little32(rows: Bytes, at: int = 0) -> Ints:
    """Read 32-bit numbers, least byte first."""
    number: Ints = (little16(rows, at + 2) << 16) | little16(rows, at)
    return number


def by_version(first: Bytes, otherwise: int = Header.NOT_IP) -> Ints:
    """Tell IPv4 and IPv6 by the version in their first byte."""
    version = first >> 4
    return choose([(version == VERSION_4, IPV4), (version == VERSION_6, IPV6)], otherwise, len(first))


def is_sound(first: Bytes, kind: Ints) -> Mask:
    """Say whether an IP header of a kind may begin with this byte: version and, for IPv4, header length."""
    version_4 = (first >> 4 == VERSION_4) & ((first & 0x0F) >= SHORTEST_IHL)
    answer: Mask = np.where(kind == IPV4, version_4, (kind == IPV6) & (first >> 4 == VERSION_6))
    return answer


def choose(cases: list[tuple[Mask, int]], otherwise: int, count: int) -> Ints:
    """Give the kind of the first case that holds for each of `count` packets."""
    kind = np.full(count, int(otherwise), np.int64)
    for holds, value in reversed(cases):
        kind[holds] = int(value)
    return kind


def by_ethertype(number: Ints) -> Ints:
    """Give the kind that an ethertype field tells of: below 0x0600 it is a length, and IEEE 802.2 follows."""
    return np.where(number < MIN_ETHERTYPE, int(Header.LLC), number)


def walk(capture: Capture, path: Path, steps: dict[int, Step], limit: int) -> None:
    """Take every packet of a path as far down as the steps lead, at most `limit` of them; in place."""
    rows = np.arange(len(path.kind))
    for _ in range(limit):
        met = _distinct(path.kind[rows])
        waiting = [kind for kind in met if kind in steps]
        if not waiting:
            return
        if len(met) == 1 and len(rows) == len(path.kind):
            rows = _advance_all(capture, path, steps[waiting[0]])
        else:
            moved = [_advance(capture, path, rows[path.kind[rows] == kind], steps[kind]) for kind in waiting]
            rows = np.concatenate(moved)
    stuck = np.isin(path.kind[rows], list(steps))
    path.kind[rows[stuck]] = Header.UNREAD


def _distinct(kinds: Ints) -> list[int]:
    # Sorting is quicker for a few, counting for many.
    few = len(kinds) < MANY
    met: list[int] = (np.unique(kinds) if few else np.flatnonzero(np.bincount(kinds))).tolist()
    return met


def _advance_all(capture: Capture, path: Path, step: Step) -> Ints:
    """Take all packets, which are at the same kind of header, one header further; give the rows that moved."""
    fits = path.at + step.size <= path.stop
    if not fits.all():
        return _advance(capture, path, np.arange(len(fits)), step)
    path.kind, path.at = step.read(capture, path.at, path.stop)
    return np.arange(len(fits))


def _advance(capture: Capture, path: Path, rows: Ints, step: Step) -> Ints:
    """Take the packets of some rows one header further; give the rows that moved."""
    fits = path.at[rows] + step.size <= path.stop[rows]
    path.kind[rows[~fits]] = Header.SHORT
    rows = rows[fits]
    if len(rows):
        path.kind[rows], path.at[rows] = step.read(capture, path.at[rows], path.stop[rows])
    return rows
