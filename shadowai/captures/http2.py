"""Requests of HTTP/2 with prior knowledge (RFC 9113 section 3.3), the client's side of a connection in clear text.

An upgrade from HTTP/1 (`Upgrade: h2c`) ends in the same preface, so what follows that request is read in the same way.
A short JSON body is waited for, for it tells MCP where no header does. Contract of the reader: the values, none where
bytes are missing still, ValueError where it is no HTTP/2.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING

from hpack import Decoder, HPACKError

from shadowai.captures.http import JSON, MAX_DIGITS, MAX_FIELD, MAX_JSON, MCP, Request, is_mcp, target_path, tenant_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_HEADER = 9  # bytes
MAX_BLOCK = 65_536  # bytes of a header block, compressed, and of its fields, unpacked
MAX_TABLE = 65_536  # bytes of the table that a server may let the client fill
MAX_FRAME = 16_384  # bytes of a frame, but for data where the server allows more (RFC 9113 section 4.2)
MAX_OPEN = 16  # requests of a connection whose bodies are waited for at once
_DATA, _HEADERS, _RESET, _PUSH_PROMISE, _CONTINUATION = 0x0, 0x1, 0x3, 0x5, 0x9
_END_STREAM, _END_HEADERS, _PADDED, _PRIORITY = 0x1, 0x4, 0x8, 0x20
_PRIORITY_BYTES = 5
_STREAM = 0x7FFFFFFF
_FRAME = struct.Struct(">HBBBI")


class Http2Reader:
    """Reads the requests of a connection as the client's bytes come in; but for short JSON, bodies are not kept."""

    def __init__(self) -> None:
        self._input = bytearray()
        self._begun = False
        self._skip = 0
        self._block = bytearray()
        self._stream = 0  # whose header block is continued; 0 where none is
        self._ends = False  # whether no body follows the header block
        self._decoder = Decoder(max_header_list_size=MAX_BLOCK)
        self._decoder.max_allowed_table_size = MAX_TABLE
        self._open: dict[int, tuple[Request, bytearray]] = {}  # by stream: requests, and their bodies so far

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
        except ValueError:
            yield from self.without_bodies()
            raise
        finally:
            del self._input[:at]

    def without_bodies(self) -> list[Request]:
        """Give the requests whose bodies are still waited for."""
        waiting = [request for request, _ in self._open.values()]
        self._open.clear()
        return waiting

    def held(self) -> int:
        """Count the bytes kept."""
        return len(self._input) + len(self._block) + sum(len(body) for _, body in self._open.values())

    def _frame(self, at: int) -> tuple[int, Request | None]:
        """Take the frame that begins at a place; give where it ends, past the input where more is needed."""
        high, low, kind, flags, stream = _FRAME.unpack_from(self._input, at)
        length, stream = high << 8 | low, stream & _STREAM
        self._check(kind, length, stream)
        start, end = at + FRAME_HEADER, at + FRAME_HEADER + length
        is_awaited = kind == _DATA and stream in self._open and length <= MAX_JSON
        if kind not in (_HEADERS, _CONTINUATION) and not is_awaited:
            self._skip = max(0, end - len(self._input))
            return end - self._skip, self._close(stream) if kind in (_DATA, _RESET) else None
        if end > len(self._input):
            return end, None
        payload = bytes(self._input[start:end])
        return end, self._data(flags, payload, stream) if is_awaited else self._headers((kind, flags), payload, stream)

    def _close(self, stream: int) -> Request | None:
        """Give the request whose body is waited for no longer, with what that tells; None where there is none."""
        request, body = self._open.pop(stream, (None, b""))
        return request and replace(request, protocol=MCP if is_mcp(bytes(body)) else None)

    def _data(self, flags: int, payload: bytes, stream: int) -> Request | None:
        """Take a piece of a body that is waited for; the request where the body is whole, or too long."""
        body = self._open[stream][1]
        body += _without_padding(payload, flags & _PADDED)
        return self._close(stream) if flags & _END_STREAM or len(body) > MAX_JSON else None

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
            self._ends = bool(flags & _END_STREAM)
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
        return self._begun_by({bytes(name): bytes(value) for name, value, *_ in reversed([*fields])}, stream)

    def _begun_by(self, fields: Mapping[bytes, bytes], stream: int) -> Request | None:
        """Give the request of a header block; None where there is none, or its body is waited for first."""
        request = _request(fields)
        if request is None:  # trailers, which end the body
            return self._close(stream)
        kind = fields.get(b"content-type", b"").partition(b";")[0].strip().lower()
        is_wanted = request.protocol is None and kind == JSON and request.body <= MAX_JSON
        if self._ends or not is_wanted or len(self._open) >= MAX_OPEN:
            return request
        self._open[stream] = request, bytearray()
        return None


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


def _request(values: Mapping[bytes, bytes]) -> Request | None:
    """Make a request of header fields, the first of each name; None where they are trailers."""
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
        tenant=tenant_of(values),
    )


def _text(raw: bytes) -> str:
    return raw[:MAX_FIELD].decode("utf-8", "backslashreplace")
