"""The ClientHello of DTLS 1.0 to 1.3 (RFC 4347, RFC 6347, RFC 9147), as web calls and some VPN clients send it.

Contract of the reader: the value, None where datagrams are missing still, ValueError where it is no such thing.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from shadowai.captures.tcp import Stream
from shadowai.captures.tls import (
    CLIENT_HELLO,
    DTLS_BEFORE_1,
    DTLS_MAJOR,
    HANDSHAKE,
    MAX_HELLO,
    Hello,
    read_body,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_MESSAGES = 4  # hellos of one flow half read at once: without a cookie, with one, and what was sent again
_RECORD = struct.Struct(">B2sHHIH")  # type, version, epoch, number in two parts, length
_FRAGMENT = struct.Struct(">B3sH3s3s")  # type, length, message number, place and length of the fragment


class _Fragment(NamedTuple):
    """A piece of a handshake message: `length` of the whole message, its `number`, and where the piece lies in it."""

    length: int
    number: int
    place: int
    data: bytes


class _Message:
    """One handshake message that comes in fragments, in any order and repeated."""

    def __init__(self) -> None:
        self.body = bytearray()
        self._rest = Stream(0)

    def add(self, place: int, data: bytes) -> None:
        """Put a fragment in its place."""
        self.body += self._rest.push(place, data)

    def held(self) -> int:
        """Count the bytes kept."""
        return len(self.body) + self._rest.waiting


class DtlsReader:
    """Reads the ClientHellos of one side of a flow.

    A client repeats its hello with the cookie that a HelloVerifyRequest gave it (RFC 6347 section 4.2.1), and after a
    loss: each is given, and `Hello.random` tells that they are one.
    """

    def __init__(self) -> None:
        self._messages: dict[tuple[int, int], _Message] = {}

    def feed(self, datagram: bytes) -> Hello | None:
        """Take a datagram; the first hello it completed, None where there is none, ValueError where it is no DTLS."""
        for fragment in _fragments(datagram):
            body = self._body(fragment)
            if body is not None:
                return read_body(body, is_datagram=True)
        return None

    def give_up(self) -> Hello | None:
        """Read what there is of a hello of which datagrams are missing; None where its name is not in it."""
        for message in self._messages.values():
            try:
                hello = read_body(bytes(message.body), whole=False, is_datagram=True)
            except ValueError:
                continue
            if hello.server_name:
                return hello
        return None

    def held(self) -> int:
        """Count the bytes kept."""
        return sum(message.held() for message in self._messages.values())

    def _body(self, fragment: _Fragment) -> bytes | None:
        if len(fragment.data) == fragment.length:
            return fragment.data
        key = fragment.number, fragment.length
        message = self._messages.get(key)
        if message is None:
            if len(self._messages) >= MAX_MESSAGES:
                del self._messages[next(iter(self._messages))]
            message = self._messages[key] = _Message()
        message.add(fragment.place, fragment.data)
        if len(message.body) < fragment.length:
            return None
        del self._messages[key]
        return bytes(message.body)


def _fragments(datagram: bytes) -> Iterator[_Fragment]:
    """Give the pieces of ClientHellos in the records of a datagram; ValueError where it does not begin with one."""
    at = 0
    while at < len(datagram):
        if len(datagram) - at < _RECORD.size:
            error = "a DTLS record runs over its datagram's end"
            raise ValueError(error)
        kind, version, epoch, _, _, length = _RECORD.unpack_from(datagram, at)
        start, at = at + _RECORD.size, at + _RECORD.size + length
        if kind != HANDSHAKE or not (version[0] == DTLS_MAJOR or version == DTLS_BEFORE_1) or at > len(datagram):
            error = "not a DTLS handshake record"
            raise ValueError(error)
        if epoch:  # encrypted from here on
            return
        yield from _pieces(datagram[start:at])


def _pieces(record: bytes) -> Iterator[_Fragment]:
    at = 0
    while at < len(record):
        if len(record) - at < _FRAGMENT.size:
            error = "a DTLS fragment runs over its record's end"
            raise ValueError(error)
        kind, *numbers = _FRAGMENT.unpack_from(record, at)
        length, number, place, size = (
            value if isinstance(value, int) else int.from_bytes(value, "big") for value in numbers
        )
        start, at = at + _FRAGMENT.size, at + _FRAGMENT.size + size
        if kind != CLIENT_HELLO or length > MAX_HELLO or place + size > length or at > len(record):
            error = "not a fragment of a ClientHello"
            raise ValueError(error)
        yield _Fragment(length, number, place, record[start:at])
