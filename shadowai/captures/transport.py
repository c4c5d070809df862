"""TCP (RFC 9293) and UDP (RFC 768) headers, a block of packets at once.

ESP (RFC 4303) is taken for UDP from port 0 to port 0, all of it payload: its flows count, nothing of it can be read.
UDP-Lite (RFC 3828) is UDP whose length field says something else: how much of the datagram its check sum covers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shadowai.captures.network import ESP, TCP, UDP, Datagrams

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shadowai.captures.container import Bytes, Capture, Ints
    from shadowai.captures.headers import Mask

MIN_TCP, UDP_HEADER = 20, 8  # bytes
SYN, ACK = 0x02, 0x10  # flags


@dataclass(slots=True)
class Segments:
    """TCP and UDP packets of one IP family.

    `row` in the block, `head` where the header begins in the file, `at` and `stop` the payload at hand, `length` the
    payload bytes on the wire, `sequence` and `source`, `destination` as in the headers. `opens` and `answers` tell a
    SYN and a SYN that acknowledges one. `guess`, `lead` and `side` are filled in later: what the payload may begin with
    behind how many bytes, and which side of which flow sent it.
    """

    row: Ints
    head: Ints
    is_tcp: Mask
    source: Bytes
    destination: Bytes
    source_port: Ints
    destination_port: Ints
    sequence: Ints
    at: Ints
    stop: Ints
    length: Ints
    opens: Mask
    answers: Mask
    guess: NDArray[np.int8]
    side: Ints
    lead: Ints

    def pick(self, rows: Ints) -> Segments:
        """Give the chosen segments."""
        return Segments(*(getattr(self, name)[rows] for name in self.__slots__))

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True, slots=True)
class Faults:
    """Rows whose transport header cannot be (`bad`) or is not all there (`short`)."""

    bad: Ints
    short: Ints


def decode(capture: Capture, packets: Datagrams) -> tuple[Segments, Faults]:
    """Decode TCP and UDP headers, and those of ESP as if they were UDP's."""
    room = packets.stop - packets.at
    is_tcp = packets.protocol == TCP
    short = room < np.where(is_tcp, MIN_TCP, UDP_HEADER)
    head = capture.rows(packets.at, MIN_TCP)
    size = np.where(is_tcp, (head[:, 12] >> 4).astype(np.int64) * 4, UDP_HEADER)
    is_esp = packets.protocol == ESP
    if is_esp.any():
        head[is_esp], size[is_esp] = 0, 0
    said = np.where(packets.protocol == UDP, _big16(head, 4), 0)
    # A UDP length of 0 is a jumbogram (RFC 2675) or segmentation offload: IP says how long the datagram is.
    end = np.where(said == 0, packets.wire, np.minimum(packets.at + said, packets.wire))
    bad = ~short & ((size < np.where(is_tcp, MIN_TCP, 0)) | ((said > 0) & (said < UDP_HEADER)))
    at = packets.at + size
    stop = np.minimum(packets.stop, end)
    short |= ~bad & (at > packets.stop)
    faults = Faults(packets.row[bad], packets.row[short])
    full = np.flatnonzero(~short & ~bad)
    if len(full) < len(packets):
        packets, is_tcp, head = packets.pick(full), is_tcp[full], head[full]
        at, stop, end = at[full], stop[full], end[full]
    flags = np.where(is_tcp, head[:, 13] & (SYN | ACK), 0)
    segments = Segments(
        row=packets.row,
        head=packets.at,
        is_tcp=is_tcp,
        source=packets.source,
        destination=packets.destination,
        source_port=_big16(head, 0),
        destination_port=_big16(head, 2),
        # A SYN takes one sequence number before the data that it may carry (RFC 7413).
        sequence=_big32(head, 4) + ((flags & SYN) > 0),
        at=at,
        stop=np.maximum(stop, at),
        length=np.maximum(end - at, 0),
        opens=flags == SYN,
        answers=flags == SYN | ACK,
        guess=np.zeros(len(packets), np.int8),
        side=np.full(len(packets), -1, np.int64),
        lead=np.zeros(len(packets), np.int64),
    )
    return segments, faults


def acknowledged(capture: Capture, heads: Ints) -> Ints:
    """Read the acknowledgment numbers of the TCP headers at the offsets."""
    return _big32(capture.rows(heads, MIN_TCP), 8)


def _big16(head: Bytes, at: int) -> Ints:
    return (head[:, at].astype(np.int64) << 8) | head[:, at + 1]


def _big32(head: Bytes, at: int) -> Ints:
    return (_big16(head, at) << 16) | _big16(head, at + 2)
