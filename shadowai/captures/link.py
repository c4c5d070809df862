"""Link layers, a block of packets at once: where the IP packet begins, or why there is none.

Known here: Ethernet (IEEE 802.3), Linux cooked v1 and v2, raw IP, BSD null and loopback, with VLAN tags (IEEE 802.1Q,
802.1ad), PPPoE (RFC 2516) and MPLS (RFC 3032) in between. What is not known here, and may still hold IP, goes to
`tunnels`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from shadowai.captures.container import Block, Bytes, Capture, Ints

IPV4, IPV6 = 0x0800, 0x86DD  # ethertypes
ODD, SHORT = -1, -2  # in place of an ethertype: needs a closer look, cut too short to tell
VERSION_4, VERSION_6 = 4, 6  # IP versions
VLANS = (0x8100, 0x88A8, 0x9100, 0x9200)
PPPOE = 0x8864
MPLS = (0x8847, 0x8848)
PPP_TYPES = {0x0021: IPV4, 0x0057: IPV6}
CARRIERS = (0x6558, 0x880B, 0x88E7, 0x8909, 0x894F, 0x4305, *MPLS)
"""Ethertypes that may carry IP deeper down: bridged Ethernet, PPP, provider backbone, metadata, NSH, batman-adv."""

ETHERNET, NULL, LOOP, COOKED, COOKED2 = 1, 0, 108, 113, 276  # LINKTYPEs
RAW_LINKS = (12, 14, 101, 228, 229)
FAMILY_V4 = 2  # AF_INET of every system
FAMILIES_V6 = (10, 24, 28, 30)  # AF_INET6 of Linux, NetBSD, FreeBSD and macOS
MIN_ETHERTYPE = 0x0600  # below, the field is an IEEE 802.3 length
MAX_SHIMS = 8  # tags and labels in front of one IP packet
SHIM = 8  # bytes looked at behind an ethertype

_TYPE_PLACE = {ETHERNET: 12, COOKED: 14, COOKED2: 0}  # where the ethertype lies in the frame
_HEADER = {ETHERNET: 14, COOKED: 16, COOKED2: 20, NULL: 4, LOOP: 4}  # bytes in front of the payload

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Frames:
    """The IP packets of a block: `row` in the block, `at` where the IP header begins in the file, `family` 4 or 6."""

    row: Ints
    at: Ints
    family: Ints


@dataclass(slots=True)
class Sorted:
    """A block sorted by link layer: IP packets, rows that need a closer look, rows without IP, rows cut too short."""

    frames: Frames
    odd: Ints
    other: Ints
    short: Ints


def sort_block(capture: Capture, block: Block) -> Sorted:
    """Find the IP header of every packet of a block."""
    kind = np.zeros(len(block), np.int64)
    at = block.start.copy()
    stop = block.start + block.captured
    for link in np.unique(block.link).tolist():
        rows = np.flatnonzero(block.link == link)
        kind[rows], at[rows] = _peel(capture, int(link), block.start[rows], stop[rows])
    is_ip = (kind == IPV4) | (kind == IPV6)
    rows = np.flatnonzero(is_ip)
    frames = Frames(rows, at[rows], np.where(kind[rows] == IPV4, 4, 6))
    odd, short = kind == ODD, kind == SHORT
    return Sorted(frames, np.flatnonzero(odd), np.flatnonzero(~is_ip & ~odd & ~short), np.flatnonzero(short))


def _peel(capture: Capture, link: int, start: Ints, stop: Ints) -> tuple[Ints, Ints]:
    """Give the ethertype (or 0, ODD, SHORT) and the offset of the payload for frames of one link type."""
    if link in RAW_LINKS:
        kind, at = _by_version(capture.rows(start, 1)[:, 0]), start
    elif link in (NULL, LOOP):
        kind, at = _by_family(capture.rows(start, 4)), start + _HEADER[link]
    elif link in _TYPE_PLACE:
        kind, at = _by_ethertype(capture, link, start, stop)
    else:
        return np.full(len(start), ODD, np.int64), start
    return np.where(at >= stop, SHORT, kind), at


def _by_version(first: Bytes) -> Ints:
    version = first >> 4
    kind: Ints = np.select([version == VERSION_4, version == VERSION_6], [IPV4, IPV6], 0).astype(np.int64)
    return kind


def _by_family(head: Bytes) -> Ints:
    # The address family is a 32-bit number in the byte order of the machine that captured: small either way.
    family = np.where(head[:, 0] > head[:, 3], head[:, 0], head[:, 3])
    plain = (head[:, 1] == 0) & (head[:, 2] == 0)
    known = [plain & (family == FAMILY_V4), plain & np.isin(family, FAMILIES_V6)]
    kind: Ints = np.select(known, [IPV4, IPV6], 0).astype(np.int64)
    return kind


def _by_ethertype(capture: Capture, link: int, start: Ints, stop: Ints) -> tuple[Ints, Ints]:
    at = start + _HEADER[link]
    kind = _big16(capture.rows(start + _TYPE_PLACE[link], 2))
    plain = (kind == IPV4) | (kind == IPV6)
    if not plain.all():
        rest = np.flatnonzero(~plain)
        kind[rest], at[rest] = _without_shims(capture, kind[rest], at[rest], stop[rest])
    return kind, at


def _without_shims(capture: Capture, kind: Ints, at: Ints, stop: Ints) -> tuple[Ints, Ints]:
    """Step over tags and labels between the link header and IP."""
    for _ in range(MAX_SHIMS):
        vlan, pppoe, mpls = np.isin(kind, VLANS), kind == PPPOE, np.isin(kind, MPLS)
        shim = np.flatnonzero((vlan | pppoe | mpls) & (at + SHIM <= stop))
        if not len(shim):
            break
        head = capture.rows(at[shim], SHIM)
        inner = _big16(head[:, 6:8])
        ppp = np.select([inner == number for number in PPP_TYPES], list(PPP_TYPES.values()), 0)
        last = (head[:, 2] & 1) == 1
        beneath = _by_version(head[:, 4])
        label = np.where(last, np.where(beneath == 0, ODD, beneath), kind[shim])
        found = np.select([vlan[shim], pppoe[shim]], [_big16(head[:, 2:4]), ppp], label)
        at[shim] += np.where(pppoe[shim], 8, 4)
        kind[shim] = found
    carrier = np.isin(kind, CARRIERS) | ((kind >= 0) & (kind < MIN_ETHERTYPE))
    return np.where(carrier, ODD, kind), at


def _big16(pair: Bytes) -> Ints:
    return (pair[:, 0].astype(np.int64) << 8) | pair[:, 1]
