"""IPv4 (RFC 791) and IPv6 (RFC 8200) headers, a block of packets at once, down to TCP or UDP.

IP in IP (RFC 2003, 2473, 4213) is followed here; fragments and other tunnels are told apart for the slower path.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from shadowai.captures.link import VERSION_4, VERSION_6, Frames, Mask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shadowai.captures.container import Block, Bytes, Capture, Ints

TCP, UDP = 6, 17  # IP protocol numbers
IN_IP = {4: 4, 41: 6}  # IP protocol number -> family of the packet inside
CARRIERS = (47, 97, 115, 137)  # GRE, EtherIP, L2TPv3, MPLS
STEP8 = (0, 43, 60, 135, 139, 140)  # IPv6 extension headers measured in units of 8 bytes
AUTH, FRAGMENT = 51, 44
MAX_EXTENSIONS = 16  # extension headers in front of one transport header
MAX_NESTING = 8  # IP headers in front of one transport header
HEADER = {4: 20, 6: 40}  # bytes of the fixed header
MORE_OR_OFFSET = 0x3FFF  # IPv4: more fragments, or not the first


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
    """A block sorted by IP: TCP and UDP packets by family, fragments, carriers of tunnels, rows that are not IP."""

    transport: list[Datagrams] = field(default_factory=list)
    fragments: list[Datagrams] = field(default_factory=list)
    carriers: list[Datagrams] = field(default_factory=list)
    bad: list[Ints] = field(default_factory=list)
    short: list[Ints] = field(default_factory=list)


def sort_packets(capture: Capture, block: Block, frames: Frames) -> Network:
    """Decode the IP headers of the packets of a block, and of the packets inside them."""
    network = Network()
    stop = block.start + block.captured
    wire = block.start + np.maximum(block.original, block.captured)
    waiting = [(frames, stop[frames.row], wire[frames.row])]
    for _ in range(MAX_NESTING):
        inside: list[tuple[Frames, Ints, Ints]] = []
        for level, ends, wires in waiting:
            for family in (4, 6):
                chosen = level.family == family
                if chosen.any():
                    inside += _decode(capture, network, _pick(level, chosen), (ends[chosen], wires[chosen]))
        waiting = inside
        if not waiting:
            break
    network.bad += [level.row for level, _, _ in waiting]
    return network


def _pick(frames: Frames, chosen: Mask) -> Frames:
    return Frames(frames.row[chosen], frames.at[chosen], frames.family[chosen])


def _decode(
    capture: Capture, network: Network, frames: Frames, ends: tuple[Ints, Ints]
) -> Iterator[tuple[Frames, Ints, Ints]]:
    """Sort packets of one family into `network`; give the packets that lie inside them."""
    family = int(frames.family[0])
    room = frames.at + HEADER[family] <= ends[0]
    network.short.append(frames.row[~room])
    frames, stop, wire = _pick(frames, room), ends[0][room], ends[1][room]
    found, good = _ipv4(capture, frames, stop, wire) if family == VERSION_4 else _ipv6(capture, frames, stop, wire)
    network.bad.append(frames.row[~good])
    found = found.pick(good)
    short = found.at > found.stop
    network.short.append(found.row[short])
    found = found.pick(~short)
    if found.fragment.any():
        network.fragments.append(found.pick(found.fragment))
        found = found.pick(~found.fragment)
    network.transport.append(found.pick((found.protocol == TCP) | (found.protocol == UDP)))
    carriers = found.pick(np.isin(found.protocol, CARRIERS))
    if len(carriers):
        network.carriers.append(carriers)
    for protocol, inner in IN_IP.items():
        inside = found.pick(found.protocol == protocol)
        if len(inside):
            yield Frames(inside.row, inside.at, np.full(len(inside), inner, np.int64)), inside.stop, inside.wire


def _ipv4(capture: Capture, frames: Frames, stop: Ints, wire: Ints) -> tuple[Datagrams, Mask]:
    head = capture.rows(frames.at, 20)
    size = (head[:, 0] & 15).astype(np.int64) * 4
    total = (head[:, 2].astype(np.int64) << 8) | head[:, 3]
    part = (head[:, 6].astype(np.int64) << 8) | head[:, 7]
    # Segmentation offload leaves the total length 0: then the frame says how long the packet is.
    end = np.where(total == 0, wire, np.minimum(frames.at + total, wire))
    good = (head[:, 0] >> 4 == VERSION_4) & (size >= HEADER[4]) & ((total == 0) | (total >= size))
    found = Datagrams(
        row=frames.row,
        head=frames.at,
        protocol=head[:, 9].astype(np.int64),
        at=frames.at + size,
        stop=np.minimum(stop, end),
        wire=end,
        source=head[:, 12:16],
        destination=head[:, 16:20],
        fragment=(part & MORE_OR_OFFSET) != 0,
    )
    _step_over(capture, found, (AUTH,))
    return found, good


def _ipv6(capture: Capture, frames: Frames, stop: Ints, wire: Ints) -> tuple[Datagrams, Mask]:
    head = capture.rows(frames.at, 40)
    length = (head[:, 4].astype(np.int64) << 8) | head[:, 5]
    # A payload length of 0 is a jumbogram (RFC 2675) or segmentation offload: the frame says how long it is.
    end = np.where(length == 0, wire, np.minimum(frames.at + HEADER[6] + length, wire))
    found = Datagrams(
        row=frames.row,
        head=frames.at,
        protocol=head[:, 6].astype(np.int64),
        at=frames.at + HEADER[6],
        stop=np.minimum(stop, end),
        wire=end,
        source=head[:, 8:24],
        destination=head[:, 24:40],
        fragment=np.zeros(len(head), np.bool_),
    )
    _step_over(capture, found, (*STEP8, AUTH, FRAGMENT))
    return found, head[:, 0] >> 4 == VERSION_6


def _step_over(capture: Capture, found: Datagrams, kinds: tuple[int, ...]) -> None:
    """Move `at` and `protocol` behind extension headers of the kinds; mark real fragments and stop at them."""
    for _ in range(MAX_EXTENSIONS):
        stepping = np.isin(found.protocol, kinds) & ~found.fragment
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
