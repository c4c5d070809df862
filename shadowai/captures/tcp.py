"""Put the bytes of one direction of a TCP connection in order (RFC 9293 section 3.4), whatever order they came in."""

from __future__ import annotations

import heapq

MAX_AHEAD = 65_536  # bytes kept beyond a gap
WINDOW = 1 << 20  # bytes; a segment further off belongs to another connection on the same ports
_SPACE = 1 << 32  # sequence numbers


def distance(base: int, sequence: int) -> int:
    """Give how far a sequence number lies after another, negative when before it, in arithmetic modulo 2**32."""
    return (sequence - base + _SPACE // 2) % _SPACE - _SPACE // 2


class Stream:
    """One direction of a connection from a given sequence number on.

    `push` takes segments in any order, repeated or overlapping, and gives the bytes that became contiguous. `dropped`
    counts segments that were thrown away because too much was waiting behind a gap.
    """

    __slots__ = ("_ahead", "_count", "dropped", "position", "start", "waiting")

    def __init__(self, start: int) -> None:
        self.start = start  # sequence number of the first byte
        self.position = 0  # bytes given out so far
        self.waiting = 0  # bytes kept behind a gap
        self.dropped = 0
        self._ahead: list[tuple[int, int, bytes]] = []
        self._count = 0

    def offset(self, sequence: int) -> int:
        """Give where in the stream a sequence number lies."""
        return self.position + distance((self.start + self.position) % _SPACE, sequence)

    def is_near(self, sequence: int) -> bool:
        """Say whether a segment can belong to this connection."""
        return abs(self.offset(sequence) - self.position) <= WINDOW

    def split(self, sequence: int) -> list[tuple[int, bytes]]:
        """Give up what waits from a sequence number on: the numbers and the bytes, in order."""
        behind = self.offset(sequence)
        given = sorted(piece for piece in self._ahead if piece[0] >= behind)
        self._ahead = [piece for piece in self._ahead if piece[0] < behind]
        heapq.heapify(self._ahead)
        self.waiting -= sum(len(data) for *_, data in given)
        return [((self.start + at) % _SPACE, data) for at, _, data in given]

    def push(self, sequence: int, payload: bytes) -> bytes:
        """Add a segment; give what became contiguous, often nothing."""
        at = self.offset(sequence)
        if at > self.position:
            self._keep(at, payload)
            return b""
        if at + len(payload) <= self.position:
            return b""
        ready = [payload[self.position - at :]]
        self.position = at + len(payload)
        while self._ahead and self._ahead[0][0] <= self.position:
            at, _, piece = heapq.heappop(self._ahead)
            self.waiting -= len(piece)
            if at + len(piece) > self.position:
                ready.append(piece[self.position - at :])
                self.position = at + len(piece)
        return b"".join(ready)

    def _keep(self, at: int, payload: bytes) -> None:
        if self.waiting + len(payload) > MAX_AHEAD:
            self.dropped += 1
            return
        self._count += 1
        self.waiting += len(payload)
        heapq.heappush(self._ahead, (at, self._count, payload))
