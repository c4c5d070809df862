"""Requests of HTTP/2 with prior knowledge (RFC 9113 section 3.3), the client's side of a connection in clear text.

An upgrade from HTTP/1 (`Upgrade: h2c`) ends in the same preface, so what follows that request is read in the same way.
Contract of the reader: the values, none where bytes are missing still, ValueError where it is no HTTP/2.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from hpack import Decoder, HPACKError

from shadowai.captures.http import MAX_DIGITS, MAX_FIELD, MCP, Request, target_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_HEADER = 9  # bytes
MAX_BLOCK = 65_536  # bytes of a header block, compressed, and of its fields, unpacked
MAX_TABLE = 65_536  # bytes of the table that a server may let the client fill
MAX_FRAME = 16_384  # bytes of a frame, but for data where the server allows more (RFC 9113 section 4.2)
_DATA, _HEADERS, _PUSH_PROMISE, _CONTINUATION = 0x0, 0x1, 0x5, 0x9
_END_HEADERS, _PADDED, _PRIORITY = 0x4, 0x8, 0x20
_PRIORITY_BYTES = 5
_STREAM = 0x7FFFFFFF
_FRAME = struct.Struct(">HBBBI")


class Http2Reader:
    """Reads the requests of a connection as the client's bytes come in; bodies are passed over and not kept."""

    def __init__(self) -> None:
        self._input = bytearray()
        self._begun = False
        self._skip = 0
        self._block = bytearray()
        self._stream = 0  # whose header block is continued; 0 where none is
        self._decoder = Decoder(max_header_list_size=MAX_BLOCK)
        self._decoder.max_allowed_table_size = MAX_TABLE

    def feed(self, data: bytes) -> Iterator[Request]:
        """Take the next bytes; give the requests that they complete, in order. ValueError where it is no HTTP/2.

        To be read to its end before more is fed.
        """
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            data = data[skipped:]
        self._input += data
        at = 0 if self._begun else self._preface()
        try:
            while self._begun and len(self._input) - at >= FRAME_HEADER:
                end, request = self._frame(at)
                if end > len(self._input):
                    break
                at = end
                if request is not None:
                    yield request
        finally:
            del self._input[:at]

    def _frame(self, at: int) -> tuple[int, Request | None]:
        """Take the frame that begins at a place; give where it ends, past the input where more is needed."""
        high, low, kind, flags, stream = _FRAME.unpack_from(self._input, at)
        length = high << 8 | low
        self._check(kind, length, stream & _STREAM)
        start, end = at + FRAME_HEADER, at + FRAME_HEADER + length
        if kind not in (_HEADERS, _CONTINUATION):
            self._skip = max(0, end - len(self._input))
            return end - self._skip, None
        if end > len(self._input):
            return end, None
        return end, self._headers((kind, flags), bytes(self._input[start:end]), stream & _STREAM)

    def held(self) -> int:
        """Count the bytes kept."""
        return len(self._input) + len(self._block)

    def _preface(self) -> int:
        if self._input[: len(PREFACE)] != PREFACE[: len(self._input)]:
            error = "no HTTP/2 preface"
            raise ValueError(error)
        self._begun = len(self._input) >= len(PREFACE)
        return len(PREFACE) if self._begun else 0

    def _check(self, kind: int, length: int, stream: int) -> None:
        """Refuse what no client sends, so that a stream that was lost is not read on (RFC 9113 sections 4 and 6)."""
        if kind == _CONTINUATION or self._stream:
            sound = kind == _CONTINUATION and stream == self._stream and length + len(self._block) <= MAX_BLOCK
        elif kind == _HEADERS:
            sound = stream % 2 == 1 and length <= MAX_BLOCK
        else:
            sound = kind != _PUSH_PROMISE and (kind == _DATA or length <= MAX_FRAME)
        if not sound:
            error = "not an HTTP/2 frame of a client"
            raise ValueError(error)

    def _headers(self, frame: tuple[int, int], payload: bytes, stream: int) -> Request | None:
        """Take a piece of a header block; the request where the block is whole and is one."""
        kind, flags = frame
        if kind == _HEADERS:
            payload = _without_padding(payload, flags)
        self._block += payload
        self._stream = 0 if flags & _END_HEADERS else stream
        if self._stream:
            return None
        block = bytes(self._block)
        self._block.clear()
        try:
            fields = self._decoder.decode(block, raw=True)
        except (HPACKError, IndexError) as error:
            message = "an HTTP/2 header block that cannot be unpacked"
            raise ValueError(message) from error
        return _request((bytes(name), bytes(value)) for name, value, *_ in fields)


def _without_padding(payload: bytes, flags: int) -> bytes:
    start, stop = 0, len(payload)
    if flags & _PADDED:
        start, stop = 1, stop - (payload[0] if payload else 0)
    if flags & _PRIORITY:
        start += _PRIORITY_BYTES
    if start > stop:
        error = "an HTTP/2 frame that is all padding"
        raise ValueError(error)
    return payload[start:stop]


def _request(fields: Iterable[tuple[bytes, bytes]]) -> Request | None:
    """Make a request of header fields; None where they are trailers."""
    values: dict[bytes, bytes] = {}
    for name, value in fields:
        values.setdefault(name, value)
    method = values.get(b":method")
    if method is None:
        return None
    agent = values.get(b"user-agent")
    length = values.get(b"content-length", b"")
    is_mcp = any(name in values for name in (b"mcp-session-id", b"mcp-protocol-version", b"mcp-method"))
    return Request(
        method=_text(method),
        path=target_path(_text(values.get(b":path", b""))),
        host=values.get(b":authority") or values.get(b"host") or None,
        user_agent=_text(agent) if agent else None,
        body=int(length) if length.isdigit() and len(length) <= MAX_DIGITS else 0,
        protocol=MCP if is_mcp else None,
    )


def _text(raw: bytes) -> str:
    return raw[:MAX_FIELD].decode("utf-8", "backslashreplace")
