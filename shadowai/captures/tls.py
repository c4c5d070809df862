"""The TLS ClientHello (RFC 8446 section 4.1.2 and its predecessors) and the server name in it (RFC 6066 section 3).

Contract of the readers: the value, None where bytes are missing still, ValueError where it is no such thing.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

HANDSHAKE = 22  # record content type
CLIENT_HELLO = 1  # handshake message type
RECORD_HEADER, MESSAGE_HEADER = 5, 4  # bytes
MAX_RECORD = (1 << 14) + 2048  # bytes of a record (RFC 5246 section 6.2.3, the widest)
MAX_HELLO = 1 << 16  # bytes of a hello worth waiting for
MAJOR = 3  # of every version from SSL 3.0 to TLS 1.3
RANDOM = 32  # bytes
VERSION = 2  # bytes
SERVER_NAME = b"\0\0"  # extension type
HOST_NAME = 0  # type of a name in it


@dataclass(frozen=True, slots=True)
class Hello:
    """What a ClientHello says: `server_name` as sent, None where there is none; `random` tells hellos apart."""

    server_name: bytes | None
    random: bytes


def _vector(data: bytes, at: int, width: int) -> int:
    """Give where a vector ends that is preceded by its length in `width` bytes; ValueError past the end."""
    start = at + width
    end = start + int.from_bytes(data[at:start], "big")
    if end > len(data) or start > len(data):
        message = "a TLS vector runs over its end"
        raise ValueError(message)
    return end


def read_hello(message: bytes) -> Hello | None:
    """Read a ClientHello from a handshake message (header included).

    None where it is not whole yet; ValueError where it is none, or longer than any hello.
    """
    if message and message[0] != CLIENT_HELLO:
        error = "not a ClientHello"
        raise ValueError(error)
    if len(message) < MESSAGE_HEADER:
        return None
    length = int.from_bytes(message[1:MESSAGE_HEADER], "big")
    if length > MAX_HELLO:
        error = "longer than a ClientHello can be"
        raise ValueError(error)
    if len(message) < MESSAGE_HEADER + length:
        return None
    return _read_body(message[MESSAGE_HEADER : MESSAGE_HEADER + length])


def _read_body(body: bytes, *, whole: bool = True) -> Hello:
    """Read the body of a hello; of one that is not whole, what comes before the cut."""
    if len(body) < VERSION + RANDOM or body[0] != MAJOR:
        message = "no TLS version"
        raise ValueError(message)
    random = body[VERSION : VERSION + RANDOM]
    at = _vector(body, VERSION + RANDOM, 1)  # session id
    at = _vector(body, at, 2)  # cipher suites
    at = _vector(body, at, 1)  # compression methods
    if at == len(body):
        return Hello(None, random)
    end = _vector(body, at, 2) if whole else len(body)
    at += 2
    while at < end:
        kind, start = body[at : at + 2], at + 4
        at = _vector(body, at + 2, 2)
        if kind == SERVER_NAME:
            return Hello(_server_name(body[start:at]), random)
    return Hello(None, random)


def _server_name(value: bytes) -> bytes | None:
    """Give the first host name of a server name list; None where it is empty."""
    if not value:
        return None
    end, at = _vector(value, 0, 2), 2
    while at < end:
        kind, start = value[at], at + 3
        at = _vector(value, at + 1, 2)
        if kind == HOST_NAME:
            return value[start:at] or None
    return None


class HelloReader:
    """Reads a ClientHello out of TLS records as their bytes come in: any number of records, any cuts in between."""

    def __init__(self) -> None:
        self._input = bytearray()
        self._message = bytearray()
        self._wanted = MESSAGE_HEADER

    def feed(self, data: bytes) -> Hello | None:
        """Take the next bytes of the stream; the hello, None where it is not whole yet, ValueError where it is none."""
        self._input += data
        at = 0
        while len(self._input) - at >= RECORD_HEADER:
            kind, major, _, length = struct.unpack_from(">BBBH", self._input, at)
            if kind != HANDSHAKE or major != MAJOR or not 0 < length <= MAX_RECORD:
                error = "not a TLS handshake record"
                raise ValueError(error)
            if len(self._input) - at < RECORD_HEADER + length:
                break
            self._message += self._input[at + RECORD_HEADER : at + RECORD_HEADER + length]
            at += RECORD_HEADER + length
            if len(self._message) >= self._wanted:
                break
        del self._input[:at]
        return self._try()

    def give_up(self) -> Hello | None:
        """Read what there is of a hello whose end was not captured; None where its name is not in it."""
        message = bytes(self._message + self._input[RECORD_HEADER:])
        try:
            hello = _read_body(message[MESSAGE_HEADER:], whole=False)
        except ValueError:
            return None
        return hello if hello.server_name else None

    def held(self) -> int:
        """Count the bytes kept."""
        return len(self._input) + len(self._message)

    def _try(self) -> Hello | None:
        if len(self._message) < self._wanted:
            return None
        hello = read_hello(bytes(self._message))
        if hello is None:
            self._wanted = MESSAGE_HEADER + int.from_bytes(self._message[1:MESSAGE_HEADER], "big")
        return hello if hello is not None else self.feed(b"")
