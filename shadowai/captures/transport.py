"""TCP (RFC 9293) and UDP (RFC 768) headers, a block of packets at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shadowai.captures.network import TCP, Datagrams

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shadowai.captures.container import Bytes, Capture, Ints
    from shadowai.captures.link import Mask

PEEK = 24  # bytes of the payload looked at to tell what it may be
MIN_TCP, UDP_HEADER = 20, 8  # bytes


@dataclass(slots=True)
class Segments:
    """TCP and UDP packets with payload, of one IP family.

    `row` in the block, `at` and `stop` the payload at hand in the file, `length` the payload bytes on the wire,
    `sequence` and `source`, `destination` as in the headers, `peek` the first bytes of the payload, shape (n, PEEK).
    `guess` and `side` are filled in later: what the payload may begin with, and which side of which flow sent it.
    """

    row: Ints
    is_tcp: Mask
    source: Bytes
    destination: Bytes
    source_port: Ints
    destination_port: Ints
    sequence: Ints
    at: Ints
    stop: Ints
    length: Ints
    peek: Bytes
    guess: NDArray[np.int8]
    side: Ints

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
    """Decode TCP and UDP headers; packets without payload are left out."""
    room = packets.stop - packets.at
    is_tcp = packets.protocol == TCP
    short = room < np.where(is_tcp, MIN_TCP, UDP_HEADER)
    head = capture.rows(packets.at, MIN_TCP)
    size = np.where(is_tcp, (head[:, 12] >> 4).astype(np.int64) * 4, UDP_HEADER)
    said = np.where(is_tcp, 0, _big16(head, 4))
    # A UDP length of 0 is a jumbogram (RFC 2675) or segmentation offload: IP says how long the datagram is.
    end = np.where(said == 0, packets.wire, np.minimum(packets.at + said, packets.wire))
    bad = ~short & ((size < np.where(is_tcp, MIN_TCP, 0)) | ((said > 0) & (said < UDP_HEADER)))
    at = packets.at + size
    stop = np.minimum(packets.stop, end)
    short |= ~bad & (at > packets.stop)
    full = np.flatnonzero(~short & ~bad & (end > at))
    segments = Segments(
        row=packets.row[full],
        is_tcp=is_tcp[full],
        source=packets.source[full],
        destination=packets.destination[full],
        source_port=_big16(head[full], 0),
        destination_port=_big16(head[full], 2),
        # A SYN takes one sequence number before the data that it may carry (RFC 7413).
        sequence=((_big16(head[full], 4) << 16) | _big16(head[full], 6)) + ((head[full, 13] >> 1) & is_tcp[full]),
        at=at[full],
        stop=np.maximum(stop[full], at[full]),
        length=(end - at)[full],
        peek=capture.rows(at[full], PEEK),
        guess=np.zeros(len(full), np.int8),
        side=np.full(len(full), -1, np.int64),
    )
    return segments, Faults(packets.row[bad], packets.row[short])


def _big16(head: Bytes, at: int) -> Ints:
    return (head[:, at].astype(np.int64) << 8) | head[:, at + 1]
