"""Finding the few lines that matter: one Hyperscan database over the raw bytes of a block."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import hyperscan

if TYPE_CHECKING:
    from collections.abc import Sequence

WORD_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
NEWLINE = 10
ANY = "*"
DOT = ord(".")
DIGITS_OF_LENGTH = frozenset(b"123456789")


@dataclass(frozen=True, slots=True, order=True)
class Needle:
    """A text to look for, whatever its case; `*` in it stands for a part of one label.

    With `at_end` no letter, digit, hyphen or further label may follow it.
    """

    text: str
    at_end: bool = False


class Prefilter:
    """All needles at once over raw bytes. Cheap to send to another process: it is compiled there again.

    `spelling` is that of the format (`Format.spelling`): with `dns-labels` a name is looked for as `openai(3)com`, and
    plainly too. `directives` are line prefixes that must never be missed (`Format.directives`). Not for several
    threads.
    """

    def __init__(self, needles: Sequence[Needle], spelling: str = "plain", directives: Sequence[bytes] = ()) -> None:
        self.needles = tuple(needles)
        self.spelling = spelling
        self.directives = tuple(directives)
        expressions: list[bytes] = []
        self._at_end: list[bool] = []
        for needle in sorted({needle for needle in self.needles if needle.text}):
            for expression in _spellings(needle, spelling):
                expressions.append(expression)
                self._at_end.append(needle.at_end)
        for directive in self.directives:
            expressions.append(_escaped(directive))
            self._at_end.append(False)
        self._database = _compiled(tuple(expressions)) if expressions else None

    def __reduce__(self) -> tuple[type[Prefilter], tuple[object, ...]]:
        return Prefilter, (self.needles, self.spelling, self.directives)

    def covering(self, directives: Sequence[bytes]) -> Prefilter:
        """Give a prefilter that also finds the directives of a format."""
        if set(directives) <= set(self.directives):
            return self
        return Prefilter(self.needles, self.spelling, (*self.directives, *directives))

    def hits(self, block: bytes) -> list[int]:
        """Give the start of every line of a block in which a needle lies, ascending, each line once."""
        starts: list[int] = []
        if self._database is None or not block:
            return starts
        at_end = self._at_end
        line_end = -1  # end of the line that was hit last

        def found(expression: int, _start: int, end: int, _flags: int, _context: object) -> None:
            nonlocal line_end
            if end <= line_end or (at_end[expression] and _goes_on(block, end)):
                return
            starts.append(block.rfind(b"\n", max(line_end, 0), end) + 1)
            line_end = block.find(b"\n", end)
            if line_end < 0:
                line_end = len(block)

        self._database.scan(block, match_event_handler=found)
        return starts


def _goes_on(block: bytes, end: int) -> bool:
    """Say whether the name goes on behind a needle: more of the label, or a dot and another label."""
    follower = block[end : end + 2]
    if not follower:
        return False
    if follower[0] in WORD_BYTES:
        return True
    if follower[0] == DOT:
        return len(follower) > 1 and follower[1] in WORD_BYTES
    return follower[0] == ord("(") and len(follower) > 1 and follower[1] in DIGITS_OF_LENGTH


def _spellings(needle: Needle, spelling: str) -> list[bytes]:
    plain = _escaped(needle.text.encode())
    labels = needle.text.split(".")
    if spelling != "dns-labels" or len(labels) == 1:
        return [plain]
    parts = [_escaped(labels[0].encode())]
    for number, label in enumerate(labels[1:], start=2):
        # The last label of a needle may be the beginning of a longer one, whose length is not known.
        known = label and ANY not in label and (needle.at_end or number < len(labels))
        length = str(len(label.encode())).encode() if known else rb"\d{1,2}"
        parts.append(rb"\(" + length + rb"\)" + _escaped(label.encode()))
    return [plain, b"".join(parts)]


def _escaped(text: bytes) -> bytes:
    return b"".join(map(_expression, text))


def _expression(byte: int) -> bytes:
    if byte == ord(ANY):
        return b"[0-9A-Za-z_-]+"
    return bytes((byte,)) if byte in WORD_BYTES else rb"\x%02x" % byte


@lru_cache(maxsize=8)
def _compiled(expressions: tuple[bytes, ...]) -> hyperscan.Database:
    database = hyperscan.Database()
    flags = hyperscan.HS_FLAG_CASELESS
    database.compile(
        expressions=list(expressions),
        ids=list(range(len(expressions))),
        elements=len(expressions),
        flags=[flags] * len(expressions),
    )
    return database
