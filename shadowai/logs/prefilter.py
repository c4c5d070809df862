"""Finding the few lines that matter: one Hyperscan database over the raw bytes of a block."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import hyperscan

from shadowai import cache

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WORD_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
NEWLINE = 10
ANY = "*"
DOT = ord(".")
SLASH = ord("/")
_KIND = "hyperscan"
_WITHIN_LINE = rb"[^\n]*"
_FLAGS = hyperscan.HS_FLAG_CASELESS
DIGITS_OF_LENGTH = frozenset(b"123456789")


@dataclass(frozen=True, slots=True, order=True)
class Needle:
    """A text to look for, whatever its case; `*` in it stands for a part of one label.

    With `at_end` no letter, digit, hyphen or further label may follow it. With `beside` only lines count in which that
    text stands too, before or behind it; what follows does not matter then.
    """

    text: str
    at_end: bool = False
    beside: str = ""


class Prefilter:
    """All needles at once over raw bytes. Cheap to send to another process, which reads the database from the cache.

    `spelling` is that of the format (`Format.spelling`): with `dns-labels` a name is looked for as `openai(3)com`, and
    plainly too. `directives` are line prefixes that must never be missed (`Format.directives`). Not for several
    threads. `samples` says that some of the other lines are read too, to be counted.
    """

    samples = True

    def __init__(self, needles: Sequence[Needle], spelling: str = "plain", directives: Sequence[bytes] = ()) -> None:
        self.needles = tuple(needles)
        self.spelling = spelling
        self.directives = tuple(directives)
        expressions, self._at_end = _expressions(self.needles, self.spelling, self.directives)
        self._database = _compiled(expressions) if expressions else None

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


@lru_cache(maxsize=16)
def _expressions(
    needles: tuple[Needle, ...], spelling: str, directives: tuple[bytes, ...]
) -> tuple[tuple[bytes, ...], tuple[bool, ...]]:
    """Give the expressions of a prefilter, and for each whether the name must end behind it.

    Kept, because a folder of small logs needs the same ones for every file: 20 ms each time.
    """
    expressions: list[bytes] = []
    at_end: list[bool] = []
    for needle in sorted(_sufficient(needles)):
        for expression in _spellings(needle, spelling):
            expressions.append(expression)
            at_end.append(needle.at_end and not needle.beside)
    for directive in directives:
        expressions.append(_escaped(directive))
        at_end.append(False)
    return tuple(expressions), tuple(at_end)


def _sufficient(needles: tuple[Needle, ...]) -> Iterator[Needle]:
    """Give the needles without those whose lines another one finds as well, as `x.com` does those of `api.x.com`.

    That is more than half of a thousand services' needles, and each hit is a callback, dearer than the search.
    """
    alone = {needle for needle in needles if needle.text and not needle.beside}
    anywhere = {needle.text for needle in alone if not needle.at_end}
    at_end = {needle.text for needle in alone if needle.at_end}
    for needle in {needle for needle in needles if needle.text}:
        text = needle.text
        if needle.beside or not (
            any(other in text for other in anywhere if other != text or needle.at_end)
            or (needle.at_end and any(text[start:] in at_end for start in range(1, len(text))))
        ):
            yield needle


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
    if needle.beside:
        # Hyperscan joins the two: a callback for each `/api` or `/v1` would cost more than all the other needles.
        other = _escaped(needle.beside.encode())
        return [other + _WITHIN_LINE + plain, plain + _WITHIN_LINE + other]
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
    if byte == SLASH:
        return rb"\x5c?\x2f"  # Suricata's JSON, and that of others, writes a slash as \/ (RFC 8259 section 7)
    return bytes((byte,)) if byte in WORD_BYTES else rb"\x%02x" % byte


@lru_cache(maxsize=8)
def _compiled(expressions: tuple[bytes, ...]) -> hyperscan.Database:
    """Compile expressions, or read what this or another process compiled of the very same ones."""
    key = cache.key_of(_engine(), *expressions)
    stored = cache.load(_KIND, key)
    if stored is not None:
        with suppress(hyperscan.error):  # cannot be used here: compiled anew
            return _loaded(stored)
    database = _compile(expressions)
    cache.store(_KIND, key, hyperscan.dumpb(database))
    return database


def _loaded(stored: bytes) -> hyperscan.Database:
    database = hyperscan.loadb(stored, hyperscan.HS_MODE_BLOCK)
    database.scratch = hyperscan.Scratch(database)  # compiling makes it, loading does not
    return database


def _compile(expressions: tuple[bytes, ...]) -> hyperscan.Database:
    database = hyperscan.Database()
    database.compile(
        expressions=list(expressions),
        ids=list(range(len(expressions))),
        elements=len(expressions),
        flags=[_FLAGS] * len(expressions),
    )
    return database


@lru_cache(maxsize=1)
def _engine() -> bytes:
    """Name Hyperscan's version, the abilities of this processor that it compiles for, and how we ask it to."""
    return f"{_compile((b'a',)).info()!r}, flags {_FLAGS}".encode()
