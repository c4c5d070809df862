"""Records that are not lines, brought to one line each without moving a byte.

Pretty-printed JSON, JSON arrays and envelopes (`{"Records": [...]}`), XML elements and CSV values that hold line ends
are rewritten in place: line ends inside a record become blanks, everything between records becomes line ends. The
length stays, so every offset stays true, and whoever reads lines can read the result; where two records touch, a block
ends. One pass; what is held back is bounded by the longest record.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_RECORD = 1 << 20  # bytes; a longer record is none
MAX_BETWEEN = 64 << 10  # bytes between records; more is damage
FEW_BESIDE = 8  # text of less than one eighth is a banner, whatever its lines
MAX_LEVEL = 7  # of brackets around a record: {"resourceLogs": [{"scopeLogs": [{"logRecords": [{
TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[{}\[\]]', re.DOTALL)
_BOUNDARY = re.compile(rb'[}\]]\s{0,64},?\s{0,64}(?=\{\s{0,64}")')  # between two records, most likely
_MARKUP = re.compile(rb"\s{0,64}<[?!/A-Za-z]")  # of XML, not the priority of a syslog line
_QUOTE, _BRACE = b'"{'
_OPENING, _CLOSING = (b"{", b"["), (b"}", b"]")
_BLANK = b" \t\r\n,\x1e\xef\xbb\xbf"  # may stand between records; RFC 7464 has a record separator
_JUNK = b"[]{}" + _BLANK
_ROWS = (b'"rows"', b'"Rows"', b'"values"')  # keys of lists whose items are lists of values


class Pieces:
    """What has been rewritten, cut where two records touch."""

    def __init__(self) -> None:
        self._pieces: list[list[bytes]] = [[]]

    def add_record(self, data: bytes) -> None:
        """Add a record: one line of its own."""
        if not data:
            return
        last = self._pieces[-1]
        if last and not last[-1].endswith(b"\n"):
            self._pieces.append([])
        self._pieces[-1].append(data.replace(b"\n", b" ") if b"\n" in data else data)

    def add_between(self, data: bytes) -> None:
        """Add what stands between records."""
        if data:
            self._pieces[-1].append(b"\n" * len(data))

    def joined(self) -> list[bytes]:
        """Give the pieces."""
        return [b"".join(parts) for parts in self._pieces if parts]


def nesting(data: bytes) -> int:
    """Count how many brackets of JSON stand inside each other; a text that is cut short has none in it."""
    depth = deepest = 0
    for token in TOKEN.findall(data):
        if token in _OPENING:
            depth += 1
            deepest = max(deepest, depth)
        elif token in _CLOSING:
            depth = max(depth - 1, 0)
    return deepest


def amid_text(data: bytes, framing: str) -> bool:
    """Say whether the records of JSON or XML stand among more lines of text, which folding them would lose."""
    kind, _, name = framing.partition(":")
    beside = _beside_elements(data, name.encode()) if kind == "xml" else _beside_objects(data)
    lines = sum(bool(line.strip(b" \t\r,[]{")) and not _MARKUP.match(line) for line in beside.split(b"\n"))
    return lines > beside.count(b"{") and len(beside) * FEW_BESIDE > len(data)


def _beside_objects(data: bytes) -> bytes:
    """Give what stands in no object of JSON, with a brace for each object."""
    parts = []
    depth = done = 0
    for token in TOKEN.finditer(data):
        if token[0] == b"{":
            if not depth:
                parts.append(data[done : token.start()])
            depth += 1
        elif token[0] == b"}" and depth:
            depth -= 1
            done = token.end()
    return b"{".join([*parts, b"" if depth else data[done:]])


def _beside_elements(data: bytes, name: bytes) -> bytes:
    """Give what stands in no element of such a name, with a brace for each element."""
    opening, closing = re.compile(rb"<" + name + rb"[\s>]"), re.compile(rb"</" + name + rb"\s{0,64}>")
    parts = []
    done = 0
    while found := opening.search(data, done):
        parts.append(data[done : found.start()].replace(b"{", b""))
        end = closing.search(data, found.end())
        done = end.end() if end else len(data)
    return b"{".join([*parts, data[done:].replace(b"{", b"")])


class Folder(Protocol):
    """Rewrites the bytes of a file block by block."""

    def feed(self, data: bytes, *, last: bool) -> tuple[list[bytes], bytes]:
        """Give what is rewritten, in pieces, and the rest that belongs to a record whose end is not there yet."""


def fold(blocks: Iterable[tuple[int, bytes]], framing: str) -> Iterator[tuple[int, bytes]]:
    """Rewrite blocks (offset, bytes) of a whole file, from its start. `framing` is one of `Format.framing`."""
    folder = folder_of(framing)
    rest, at = b"", 0
    for offset, block in blocks:
        at = at if rest else offset
        pieces, rest = folder.feed(rest + block, last=False)
        for piece in pieces:
            yield at, piece
            at += len(piece)
    for piece in folder.feed(rest, last=True)[0]:
        yield at, piece
        at += len(piece)


def folder_of(framing: str) -> Folder:
    """Give the rewriter of a framing."""
    kind, _, detail = framing.partition(":")
    if kind == "json":
        return JsonFolder(int(detail))
    if kind == "rows":
        return RowFolder()
    if kind == "returns":
        return ReturnFolder()
    return XmlFolder(detail.encode()) if kind == "xml" else QuoteFolder()


class JsonFolder:
    """Objects at a level of brackets (1 for objects one after the other, 2 in a list, 3 in a list in an object...).

    Above the first level only what stands in a list is a record; at the first, what stands in front of a record (a
    syslog header) stays with it. A record that does not end, and too much that is no record, is damage: it is given as
    a line that cannot be read, reading goes on where a record seems to begin, and from there on the level is held.
    """

    def __init__(self, level: int) -> None:
        self._level = level
        self._depth = 0
        self._outer = b""  # the brackets that are open, the outermost MAX_LEVEL of them
        self._lost = self._held = False
        self._passed = 0  # bytes since the last record
        self._skip = 0  # bytes of what is lost that were looked at in vain
        self._pieces = Pieces()
        self._done = 0

    def feed(self, data: bytes, *, last: bool) -> tuple[list[bytes], bytes]:
        """Give what is rewritten, and the rest."""
        self._pieces, self._done = Pieces(), 0
        while True:
            if self._lost and not self._resume(data):
                break
            self._scan(data)
            if not self._lost and len(data) - self._done > MAX_RECORD:
                self._lost, self._skip = True, MAX_RECORD
            if not self._lost:
                break
        rest = data[self._done :]
        if last and rest:
            start = len(rest) - len(rest.lstrip(_BLANK)) if rest.strip(_JUNK) else len(rest)
            self._pieces.add_between(rest[:start])
            self._pieces.add_record(rest[start:])
            rest = b""
        return self._pieces.joined(), rest

    def _scan(self, data: bytes) -> None:
        """Go through the brackets until the data or its sense ends; what is not rewritten is to be scanned again."""
        start = -1  # of the record being read
        saved = self._depth, self._outer  # where the rewritten part ends
        for token in TOKEN.finditer(data, self._done):
            at, end = token.span()
            sign = data[at]
            if sign == _QUOTE:
                if end == len(data) and not _is_closed(data, at, end):
                    break
                continue
            begins = start < 0 and sign == _BRACE and self._is_record_level()
            self._count(sign, inside=start >= 0)
            if begins:
                start = at
            elif start < 0:
                self._pass_over(data, end)
                saved = self._depth, self._outer
                if self._lost:
                    break
            elif self._depth == self._level - 1:
                self._take(data, start, end)
                start, saved = -1, (self._depth, self._outer)
        self._depth, self._outer = saved

    def _resume(self, data: bytes) -> bool:
        """Give up what cannot be read, up to where a record seems to begin; say whether there is such a place."""
        boundary = _BOUNDARY.search(data, self._done + self._skip)
        end = boundary.end() if boundary else len(data)
        if end > self._done:
            self._pieces.add_record(data[self._done : end])
        self._done = end
        self._lost, self._held = boundary is None, True
        self._passed = self._skip = 0
        self._depth, self._outer = self._level - 1, self._outer[: self._level - 1].ljust(self._level - 1, b"[")
        if self._level > 1:
            self._outer = self._outer[:-1] + b"["
        return boundary is not None

    def _is_record_level(self) -> bool:
        return self._depth == self._level - 1 and (self._level == 1 or self._outer.endswith(b"["))

    def _count(self, sign: int, *, inside: bool) -> None:
        if sign in b"{[":
            if self._depth < MAX_LEVEL:
                self._outer = self._outer[: self._depth] + bytes((sign,))
            self._depth += 1
        elif inside or (self._depth > 0 and self._closes(sign)):
            self._depth -= 1
            self._outer = self._outer[: self._depth]

    def _closes(self, sign: int) -> bool:
        if self._held and self._depth < self._level:
            return False
        return self._depth > MAX_LEVEL or self._outer[-1:] == (b"{" if sign == ord("}") else b"[")

    def _pass_over(self, data: bytes, end: int) -> None:
        self._passed = end - self._done + (self._passed if self._level > 1 else 0)
        if self._level > 1:
            self._pieces.add_between(data[self._done : end])
            self._done = end
        self._lost = self._passed > MAX_BETWEEN

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._level == 1:
            start -= len(data[self._done : start].lstrip(_JUNK))
        self._pieces.add_between(data[self._done : start])
        self._pieces.add_record(data[start:end])
        self._done, self._passed = end, 0


def _is_closed(data: bytes, start: int, end: int) -> bool:
    """Say whether a string that ends with the data ends with its quote rather than with the data."""
    if end - start < len('""') or data[end - 1] != _QUOTE:
        return False
    body = data[start + 1 : end - 1]
    return (len(body) - len(body.rstrip(b"\\"))) % 2 == 0


class XmlFolder:
    """Elements of one name, wherever they stand; they do not nest."""

    def __init__(self, name: bytes) -> None:
        self._start = re.compile(rb"<(?:[A-Za-z_][\w.-]{0,32}:)?" + re.escape(name) + rb"(?=[\s>/])")
        self._end = re.compile(rb"</(?:[A-Za-z_][\w.-]{0,32}:)?" + re.escape(name) + rb"\s{0,8}>")

    def feed(self, data: bytes, *, last: bool) -> tuple[list[bytes], bytes]:
        """Give what is rewritten, and the rest."""
        pieces = Pieces()
        done = 0
        while found := self._start.search(data, done):
            closed = self._end.search(data, found.end())
            if closed is None:
                break
            pieces.add_between(data[done : found.start()])
            pieces.add_record(data[found.start() : closed.end()])
            done = closed.end()
        rest = data[done:]
        if len(rest) <= MAX_RECORD and not last:
            return pieces.joined(), rest
        begun = self._start.search(rest)
        start = begun.start() if begun else len(rest)
        pieces.add_between(rest[:start])
        pieces.add_record(rest[start:])
        return pieces.joined(), b""


class ReturnFolder:
    """Lines that end in CR alone, as those of the Mac did before 2001."""

    def feed(self, data: bytes, *, last: bool) -> tuple[list[bytes], bytes]:
        """Give what is rewritten, and the rest."""
        whole = data.replace(b"\r", b"\n")
        done = len(whole) if last or len(whole) > MAX_RECORD else whole.rfind(b"\n") + 1
        return [whole[:done]] if done else [], data[done:]


class QuoteFolder:
    """Lines of a delimited file (RFC 4180) in whose quoted values line ends stand."""

    def feed(self, data: bytes, *, last: bool) -> tuple[list[bytes], bytes]:
        """Give what is rewritten, and the rest."""
        parts: list[bytes] = []
        done = at = quotes = 0
        while (newline := data.find(b"\n", at)) >= 0:
            quotes += data.count(b'"', at, newline)
            at = newline + 1
            if quotes % 2 == 0:
                parts.append(data[done:newline].replace(b"\n", b" ") + b"\n")
                done = at
            elif at - done > MAX_RECORD:  # a quote that is never closed is no quote
                parts.append(data[done:at])
                done, quotes = at, 0
        rest = data[done:]
        if len(rest) <= MAX_RECORD and not last:
            return [b"".join(parts)] if parts else [], rest
        if rest.count(b'"') % 2 == 0:  # the last row, without a line end after it
            rest = rest.replace(b"\n", b" ")
        whole = b"".join(parts) + rest
        return [whole] if whole else [], b""


class RowFolder:
    """Brings each row of an answer to a line of its own; what stands between rows becomes line ends.

    A row that does not end within the bytes that a record may have is given as a line that cannot be read.
    """

    def __init__(self) -> None:
        self._depth = 0  # brackets that are open
        self._rows = 0  # the depth inside the list of rows, 0 outside of one
        self._is_next = False  # the last token was the key of such a list

    def feed(self, data: bytes, *, last: bool) -> tuple[list[bytes], bytes]:
        """Give what is rewritten, and the rest that belongs to a row or a text whose end is not there yet."""
        pieces = Pieces()
        done, start = 0, -1
        for token in TOKEN.finditer(data):
            at, end = token.span()
            sign = data[at : at + 1]
            if sign == b'"' and end == len(data):
                break  # it may go on
            if start < 0:
                start = at if self._rows and sign == b"[" and self._depth == self._rows else -1
            self._count(sign, data[at:end], inside=start >= 0)
            if start < 0:
                pieces.add_between(data[done:end])
                done = end
            elif self._depth == self._rows:
                pieces.add_between(data[done:start])
                pieces.add_record(data[start:end])
                done, start = end, -1
        if start >= 0:
            self._depth = self._rows  # the row is scanned again
        rest = data[done:]
        if len(rest) <= MAX_RECORD and not last:
            return pieces.joined(), rest
        (pieces.add_record if rest.strip(_BLANK) else pieces.add_between)(rest)
        return pieces.joined(), b""

    def _count(self, sign: bytes, token: bytes, *, inside: bool) -> None:
        if sign in _OPENING:
            self._depth += 1
            if self._is_next and not inside and sign == b"[":
                self._rows = self._depth
        elif sign in _CLOSING:
            self._depth = max(self._depth - 1, 0)
            if self._depth < self._rows:
                self._rows = 0
        self._is_next = not inside and token in _ROWS
