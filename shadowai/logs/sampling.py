"""The lines of a file that its format is told by: some of its first bytes, and some from further on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shadowai.logs import lines
from shadowai.logs.framing import folder_of
from shadowai.logs.votes import Line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HEAD = 64 * 1024  # bytes looked at
SAMPLE_LINES = 200
MAX_CONTROL_SHARE = 0.05  # more control characters than that: no text
_MOST_PIECES = 4
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\x1b\x1e")) + b"\x7f"


def sample_of(head: bytes, more: Sequence[tuple[int, bytes]] = ()) -> list[Line]:
    """Give some lines of the head and of pieces of whole lines from further on, given with their offsets."""
    pieces = more[:_MOST_PIECES]
    room = SAMPLE_LINES // (1 + len(pieces))
    sample = list(_lines(head[:HEAD], 0, SAMPLE_LINES - room * len(pieces), whole=len(head) < HEAD))
    for offset, piece in pieces:
        sample += _lines(piece, offset, room, whole=True)
    return sample


def folded(head: bytes, framing: str) -> bytes:
    """Give the records of the head as lines, as a framing tells them apart (`shadowai.logs.framing`)."""
    return b"\n".join(folder_of(framing).feed(head, last=len(head) < HEAD)[0])


def has_old_line_ends(head: bytes) -> bool:
    """Say whether lines end in CR alone, as a spreadsheet's "CSV (Macintosh)" has them."""
    return b"\n" not in head and head.count(b"\r") > 1


def is_binary(head: bytes) -> bool:
    """Say whether bytes are no text in any encoding that logs have."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head.count(b"\0") * 3 >= len(head):
        return False  # UTF-16 holds a NUL for each ASCII character; the formats decide
    head = head.replace(lines.HOLE, b"")
    return len(head) - len(head.translate(None, _CONTROLS)) > MAX_CONTROL_SHARE * len(head)


def _lines(head: bytes, offset: int, most: int, *, whole: bool) -> Iterator[Line]:
    """Give the first lines and their offsets; a line that the head cuts short is left out unless it is the only one."""
    at = count = 0
    while at < len(head) and count < most:
        end = head.find(b"\n", at)
        if end < 0:
            if not whole and count:
                return
            end = len(head)
        line = head[at:end]
        if not lines.is_blank(line):
            count += 1
            yield Line(offset + at, line)
        at = end + 1
