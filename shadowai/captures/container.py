"""Capture files as blocks of packet records: what both containers share, and the choice between them.

Two formats are read: pcap (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng). A packet record is where its
bytes lie in the file, how many were captured and sent, when, and under which link type; the bytes themselves stay in
the memory map.
"""

from __future__ import annotations

import mmap
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shadowai.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Ints: TypeAlias = NDArray[np.int64]
Bytes: TypeAlias = NDArray[np.uint8]

BLOCK_PACKETS = 32_768  # packets decoded at once: their header columns stay inside the processor's cache
BLOCK_BYTES = 64 << 20  # bytes of the file decoded at once
MAX_PACKET = 262_144  # bytes; the largest packet that libpcap and Wireshark accept in a file
MAX_PACKET_LARGE = 128 << 20  # bytes; the same for D-Bus and USB, whose packets may be larger
NO_TIME = np.iinfo(np.int64).min  # a packet whose time is not in the file
TAIL = 64  # bytes; a gather may run this far over the end of the file

PCAP_MAGICS = {
    b"\xd4\xc3\xb2\xa1": ("<", 1_000, 16),
    b"\xa1\xb2\xc3\xd4": (">", 1_000, 16),
    b"\x4d\x3c\xb2\xa1": ("<", 1, 16),
    b"\xa1\xb2\x3c\x4d": (">", 1, 16),
    b"\x34\xcd\xb2\xa1": ("<", 1_000, 24),
    b"\xa1\xb2\xcd\x34": (">", 1_000, 24),
}
"""First four bytes -> byte order, nanoseconds a tick, bytes of a record header (24: Kuznetzov's modified pcap)."""

HEAD = 12  # bytes that tell the format
PCAPNG_MAGIC = b"\x0a\x0d\x0d\x0a"
SECTION_ORDERS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive packet records, one array element each.

    `number` counts packets from 1; `start` the file offsets of the packets' bytes, `captured` and
    `original` their lengths in the file and on the wire, `time` nanoseconds since the epoch or `NO_TIME`, `link` the
    LINKTYPE, `interface` the number of the interface that saw them (0 where there is but one).
    """

    number: Ints
    start: Ints
    captured: Ints
    original: Ints
    time: Ints
    link: Ints
    interface: Ints

    def __len__(self) -> int:
        return len(self.start)


@dataclass(slots=True)
class Part:
    """A stretch of a capture file that is read by itself: the packet records that begin in [start, end).

    `end` None means to the end of the file; `following` is the file that goes on with it in a ring. Reading fills in
    the rest: `reached` is where the walk came to, which must be `end` where that is given, and `is_steady` whether what
    the file says of all packets (interfaces, sections) stayed as it was at its beginning. Where either fails, the parts
    do not fit and the file must be read as one.
    """

    start: int = 0
    end: int | None = None
    following: Path | None = None
    reached: int = 0
    is_steady: bool = True


def recognise(head: bytes) -> str | None:
    """Tell the format of a capture from its first 12 bytes or more: "pcap", "pcapng", or None for anything else."""
    if head[:4] in PCAP_MAGICS:
        return "pcap"
    if head[:4] == PCAPNG_MAGIC and head[8:12] in SECTION_ORDERS:
        return "pcapng"
    return None


class Capture:
    """A capture file mapped into memory: scalar reads by `raw`, vector reads by `rows`."""

    def __init__(self, raw: mmap.mmap | bytes) -> None:
        self.raw = raw
        self.size = len(raw)
        edge = max(0, self.size - TAIL)
        self._edge = edge
        self._forgotten = 0
        self._tail = np.frombuffer(bytes(raw[edge:]) + bytes(2 * TAIL), np.uint8)

    def rows(self, at: Ints, width: int) -> Bytes:
        """Gather `width` bytes (at most `TAIL`) from each offset, shape (len(at), width); behind the file are zeros."""
        if not len(at):
            return np.zeros((0, width), np.uint8)
        inside = self.size - width
        if int(at.max()) <= inside:
            return self._gather(self.raw, self.size, at, width)
        rows = np.zeros((len(at), width), np.uint8)
        near = at <= inside
        if near.any():
            rows[near] = self._gather(self.raw, self.size, at[near], width)
        late = np.clip(at[~near] - self._edge, 0, TAIL)
        rows[~near] = self._gather(self._tail.data, len(self._tail), late, width)
        return rows

    @staticmethod
    def _gather(raw: mmap.mmap | bytes | memoryview, size: int, at: Ints, width: int) -> Bytes:
        # Overlapping items of `width` bytes, one at every offset: picking items is one memcpy each, many times faster
        # than picking bytes.
        items = np.ndarray((size - width + 1,), np.dtype((np.void, width)), buffer=raw, strides=(1,))
        picked: Bytes = items[at].view(np.uint8).reshape(len(at), width)
        return picked

    def check(self) -> None:
        """Look whether the whole file is still there: to touch pages that are not would end the process (SIGBUS).

        SourceError where it has been shortened. To be asked before each block, and before each step of its way.
        """
        if isinstance(self.raw, mmap.mmap) and self.raw.size() < self.size:
            message = "was shortened while it was read; the rest of it is gone"
            raise SourceError(message)

    def forget(self, upto: int) -> None:
        """Let the system drop the pages before an offset, so that memory stays flat however large the file is."""
        if isinstance(self.raw, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            end = upto // mmap.PAGESIZE * mmap.PAGESIZE
            if end > self._forgotten:
                self.raw.madvise(mmap.MADV_DONTNEED, self._forgotten, end - self._forgotten)
                self._forgotten = end


def dataset_of(capture: Capture) -> str:
    """Tell the format of an open capture; SourceError where it is none."""
    dataset = recognise(bytes(capture.raw[:HEAD]))
    if dataset is None:
        message = "neither pcap nor pcapng"
        raise SourceError(message)
    return dataset


@contextmanager
def opened(path: Path) -> Iterator[Capture]:
    """Map a capture file for reading; SourceError where it cannot be opened or is empty."""
    try:
        with path.open("rb") as file:
            raw = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise SourceError(error.strerror or "cannot be read", where=path) from error
    except ValueError as error:
        raise SourceError("the file is empty", where=path) from error
    try:
        yield Capture(raw)
    finally:
        # An array that still looks into the map (in a traceback, say) keeps it open; it goes when the array goes.
        with suppress(BufferError):
            raw.close()
