"""IPv4 (RFC 791) and IPv6 (RFC 8200) headers, a block of packets at once, down to TCP or UDP.

IP in IP (RFC 2003, 2473, 4213) and the tunnels of `overlays` are followed here, by offset in the file; fragments are
told apart for the slower path.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from shadowai.captures import overlays
from shadowai.captures.counting import Verdict
from shadowai.captures.headers import IPV4, IPV6, KINDS, MPLS, VERSION_4, VERSION_6, Header, Mask, Path, big16, is_sound
from shadowai.captures.layers import descend
from shadowai.captures.link import Frames, ends_of, frames_of

if TYPE_CHECKING:
    from shadowai.captures.container import Bytes, Capture, Ints

TCP, UDP, ESP, UDP_LITE = 6, 17, 50, 136  # IP protocol numbers
TRANSPORTS = (TCP, UDP, ESP, UDP_LITE)
STEP8 = (0, 43, 60, 135, 139, 140)  # IPv6 extension headers measured in units of 8 bytes
AUTH, FRAGMENT = 51, 44
MAX_EXTENSIONS = 16  # extension headers in front of one transport header
MAX_NESTING = 8  # IP headers in front of one transport header
HEADER = {4: 20, 6: 40}  # bytes of the fixed header
UDP_HEADER = 8
MORE_OR_OFFSET = 0x3FFF  # IPv4: more fragments, or not the first

_PROTOCOLS = np.zeros(256, np.int64)
"""IP protocol number -> the kind of header that it carries, 0 where that is no tunnel's."""

_CARRIERS = {
    4: IPV4,
    41: IPV6,
    47: Header.GRE,
    97: Header.ETHERIP,
    103: Header.PIM,
    115: Header.UNREAD,
    137: MPLS,
    143: Header.ETHERNET,
}
_PROTOCOLS[list(_CARRIERS)] = [int(kind) for kind in _CARRIERS.values()]

_IS_TRANSPORT = np.zeros(256, np.bool_)
_IS_TRANSPORT[list(TRANSPORTS)] = True

_EXTENSIONS_4 = np.zeros(256, np.bool_)
_EXTENSIONS_4[AUTH] = True
_EXTENSIONS_6 = np.zeros(256, np.bool_)
_EXTENSIONS_6[[*STEP8, AUTH, FRAGMENT]] = True

_TO_PORT = np.zeros(65_536, np.int64)
_TO_PORT[list(overlays.PORTS)] = [int(kind) for kind in overlays.PORTS.values()]
_FROM_PORT = np.zeros(65_536, np.int64)
_FROM_PORT[list(overlays.SERVERS)] = _TO_PORT[list(overlays.SERVERS)]
_CERTAIN = np.zeros(KINDS, np.bool_)
_CERTAIN[list(overlays.CERTAIN)] = True


@dataclass(slots=True)
class Datagrams:
    """IP packets of one family.

    `row` in the block, `head` offset of the IP header, `protocol`, `at` offset of what it carries, `stop` end of the
    bytes at hand, `wire` end as the header says, `source` and `destination` as bytes, shape (n, 4) or (n, 16).
    """

    row: Ints
    head: Ints
    protocol: Ints
    at: Ints
    stop: Ints
    wire: Ints
    source: Bytes
    destination: Bytes
    fragment: Mask

    def pick(self, chosen: Mask | Ints) -> Datagrams:
        """Give the chosen packets."""
        return Datagrams(*(getattr(self, name)[chosen] for name in self.__slots__))

    def __len__(self) -> int:
        return len(self.row)


@dataclass(slots=True)
class Network:
    """A block sorted by IP: TCP, UDP and ESP packets by family, fragments, and what the rest came to."""

    transport: list[Datagrams] = field(default_factory=list)
    fragments: list[Datagrams] = field(default_factory=list)
    ended: list[tuple[Verdict, Ints]] = field(default_factory=list)


def sort_packets(capture: Capture, frames: Frames) -> Network:
    """Decode the IP headers of the packets of a block, and of the packets inside them."""
    network = Network()
    waiting = [frames]
    for _ in range(MAX_NESTING):
        inside: list[Frames] = []
        for level in waiting:
            for family in (4, 6):
                chosen = level.family == family
                if chosen.any():
                    inside += _decode(capture, network, level.pick(chosen))
        waiting = inside
        if not waiting:
            break
    network.ended += [(Verdict.INVALID, level.row) for level in waiting]
    network.transport = _merge(network.transport)
    return network


def _decode(capture: Capture, network: Network, frames: Frames) -> list[Frames]:
    """Sort packets of one family into `network`; give the packets that lie inside them."""
    family = int(frames.family[0])
    room = frames.at + HEADER[family] <= frames.stop
    network.ended.append((Verdict.CUT_SHORT, frames.row[~room]))
    frames = frames if room.all() else frames.pick(room)
    found, good = _ipv4(capture, frames) if family == VERSION_4 else _ipv6(capture, frames)
    network.ended.append((Verdict.INVALID, frames.row[~good]))
    short = good & (found.at > found.stop)
    network.ended.append((Verdict.CUT_SHORT, frames.row[short]))
    if not good.all() or short.any():
        found = found.pick(good & ~short)
    if found.fragment.any():
        network.fragments.append(found.pick(found.fragment))
        found = found.pick(~found.fragment)
    return _sort(capture, network, found)


def _sort(capture: Capture, network: Network, found: Datagrams) -> list[Frames]:
    """Tell transport from tunnels, and open these."""
    is_transport = _IS_TRANSPORT[found.protocol]
    kind = _PROTOCOLS[found.protocol]
    udp = np.flatnonzero((found.protocol == UDP) & (found.at + UDP_HEADER <= found.stop))
    kind[udp] = _by_port(capture, found.at[udp])
    rows = np.flatnonzero(kind)
    inside: list[Frames] = []
    if len(rows):
        tunnels = found.pick(rows)
        in_udp = is_transport[rows]
        at = tunnels.at + np.where(in_udp, UDP_HEADER, 0)
        path = descend(capture, kind[rows], at, tunnels.stop)
        plain = np.zeros(len(rows), np.bool_)
        plain[path.item[_is_plain(capture, path, tunnels, np.where(in_udp, kind[rows], 0))]] = True
        inside = _inside(network, tunnels, path.pick(~plain[path.item]))
        is_transport[rows] = plain
    network.transport.append(found if is_transport.all() else found.pick(is_transport))
    return inside


def _by_port(capture: Capture, at: Ints) -> Ints:
    """Give the kind of tunnel that the ports of UDP packets tell of, 0 for none."""
    ports = capture.rows(at, 4).view(">u2")
    kind: Ints = np.where(_TO_PORT[ports[:, 1]] > 0, _TO_PORT[ports[:, 1]], _FROM_PORT[ports[:, 0]])
    return kind


def _is_plain(capture: Capture, path: Path, outer: Datagrams, begun: Ints) -> Mask:
    """Say which packets on a tunnel's port are no tunnel: the tunnel's header or the packet in it does not fit.

    By item, `outer` are the packets themselves, and `begun` is the kind of tunnel that the port told of, 0 for tunnels
    that are on IP itself.
    """
    begun = begun[path.item]
    is_ip = path.is_ip()
    head = capture.rows(path.at, 6)
    size = np.where(path.kind == IPV4, big16(head, 2), HEADER[VERSION_6] + big16(head, 4))
    fits = (size >= HEADER[VERSION_4]) & (path.at + size == outer.wire[path.item])
    unsound = is_ip & (path.at < path.stop) & ~is_sound(head[:, 0], path.kind)
    unproven = ~_CERTAIN[begun] & ~(is_ip & fits)
    empty = (path.kind == Header.SHORT) & (path.at == outer.at[path.item] + UDP_HEADER)
    plain: Mask = (begun > 0) & ((path.kind == Header.PLAIN) | unsound | unproven | empty)
    return plain


def _inside(network: Network, outer: Datagrams, path: Path) -> list[Frames]:
    """Give the packets inside tunnels that have come to IP, and sort the others."""
    network.ended += ends_of(path, outer.row[path.item])
    frames = frames_of(path, outer.row, outer.wire)
    return [frames] if len(frames.row) else []


def _merge(parts: list[Datagrams]) -> list[Datagrams]:
    """Put the packets of each family together, in the order of the file, whatever tunnels they were in."""
    merged = []
    for width in (4, 16):
        same = [part for part in parts if len(part) and part.source.shape[1] == width]
        if len(same) > 1:
            columns = [np.concatenate([getattr(part, name) for part in same]) for name in Datagrams.__slots__]
            same = [Datagrams(*columns).pick(np.argsort(columns[0], kind="stable"))]
        merged += same
    return merged


def _ipv4(capture: Capture, frames: Frames) -> tuple[Datagrams, Mask]:
    head = capture.rows(frames.at, 20)
    size = (head[:, 0] & 15).astype(np.int64) * 4
    total = (head[:, 2].astype(np.int64) << 8) | head[:, 3]
    part = (head[:, 6].astype(np.int64) << 8) | head[:, 7]
    # Segmentation offload leaves the total length 0: then the frame says how long the packet is.
    end = np.where(total == 0, frames.wire, np.minimum(frames.at + total, frames.wire))
    good = (head[:, 0] >> 4 == VERSION_4) & (size >= HEADER[4]) & ((total == 0) | (total >= size))
    found = Datagrams(
        row=frames.row,
        head=frames.at,
        protocol=head[:, 9].astype(np.int64),
        at=frames.at + size,
        stop=np.minimum(frames.stop, end),
        wire=end,
        source=head[:, 12:16],
        destination=head[:, 16:20],
        fragment=(part & MORE_OR_OFFSET) != 0,
    )
    _step_over(capture, found, _EXTENSIONS_4)
    return found, good


def _ipv6(capture: Capture, frames: Frames) -> tuple[Datagrams, Mask]:
    head = capture.rows(frames.at, 40)
    length = (head[:, 4].astype(np.int64) << 8) | head[:, 5]
    # A payload length of 0 is a jumbogram (RFC 2675) or segmentation offload: the frame says how long it is.
    end = np.where(length == 0, frames.wire, np.minimum(frames.at + HEADER[6] + length, frames.wire))
    found = Datagrams(
        row=frames.row,
        head=frames.at,
        protocol=head[:, 6].astype(np.int64),
        at=frames.at + HEADER[6],
        stop=np.minimum(frames.stop, end),
        wire=end,
        source=head[:, 8:24],
        destination=head[:, 24:40],
        fragment=np.zeros(len(head), np.bool_),
    )
    _step_over(capture, found, _EXTENSIONS_6)
    return found, head[:, 0] >> 4 == VERSION_6


def _step_over(capture: Capture, found: Datagrams, kinds: Mask) -> None:
    """Move `at` and `protocol` behind extension headers of the kinds; mark real fragments and stop at them."""
    for _ in range(MAX_EXTENSIONS):
        stepping = kinds[found.protocol] & ~found.fragment
        rows = np.flatnonzero(stepping & (found.at + 8 <= found.stop))
        if not len(rows):
            return
        head = capture.rows(found.at[rows], 8)
        kind = found.protocol[rows]
        units = head[:, 1].astype(np.int64)
        size = np.select([kind == AUTH, kind == FRAGMENT], [(units + 2) * 4, 8], (units + 1) * 8)
        # Offset 0 without more to come is an atomic fragment (RFC 6946): a whole packet.
        whole = (head[:, 2] == 0) & ((head[:, 3] & 0xF9) == 0)
        found.fragment[rows] = (kind == FRAGMENT) & ~whole
        step = ~found.fragment[rows]
        found.at[rows[step]] += size[step]
        found.protocol[rows[step]] = head[step, 0]
