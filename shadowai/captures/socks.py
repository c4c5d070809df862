"""SOCKS 4, 4a and 5 (RFC 1928, RFC 1929): where the client's side of a connection asks to be taken.

Only the client's bytes are seen, so which method the server chose is told from what the client sends next. Passwords
are stepped over and never kept. Contract of the reader: the value, None where bytes are missing still, ValueError where
it is no SOCKS request for a connection.
"""

from __future__ import annotations

import re
from typing import NamedTuple

SOCKS4, SOCKS5, PASSWORD_VERSION = 4, 5, 1
CONNECT = 1
NO_LOGIN, PASSWORD = 0, 2  # methods of SOCKS 5
IPV4, NAME, IPV6 = 1, 3, 4  # address types of SOCKS 5
MAX_METHODS = 16  # offered by one client; real ones offer two or three
_METHODS = frozenset((0, 1, 2, 3, 5, 6, 7, 8, 9, *range(0x80, 0xFF)))  # assigned by IANA, or for private use
_ADDRESS_BYTES = {IPV4: 4, IPV6: 16}
_SOCKS4_HEAD = 8  # bytes: version, command, port, address
MAX_USER = 255  # bytes of a user id of SOCKS 4
MAX_HOST = 255  # bytes
_HOST = re.compile(rb"[A-Za-z0-9_.:-]+")
_USER = re.compile(rb"[\x20-\x7e]*")


class Tunnel(NamedTuple):
    """Where a client asked to be taken: `host` is a name as written, or a packed address where `is_address`."""

    host: bytes
    port: int
    is_address: bool


class SocksReader:
    """Reads the request of one connection as its bytes come in; what follows it, the tunnelled stream, is in `rest`."""

    def __init__(self) -> None:
        self._input = bytearray()
        self.rest = b""

    def feed(self, data: bytes) -> Tunnel | None:
        """Take the next bytes; the tunnel, None where its request is not whole yet, ValueError where it is none."""
        self._input += data
        if not self._input:
            return None
        read = {SOCKS4: _read_socks4, SOCKS5: _read_socks5}.get(self._input[0])
        if read is None:
            raise _error("no SOCKS version")
        found = read(bytes(self._input))
        if found is None:
            return None
        tunnel, end = found
        self.rest = bytes(self._input[end:])
        self._input.clear()
        return tunnel

    def held(self) -> int:
        """Count the bytes kept."""
        return len(self._input)


def _error(message: str) -> ValueError:
    return ValueError(message)


def _read_socks4(data: bytes) -> tuple[Tunnel, int] | None:
    """Read a request of SOCKS 4, and of 4a where the address is 0.0.0.x; None where it is not whole."""
    if len(data) > 1 and data[1] != CONNECT:
        raise _error("no SOCKS 4 request for a connection")
    if len(data) < _SOCKS4_HEAD:
        return None
    port, address = int.from_bytes(data[2:4], "big"), data[4:_SOCKS4_HEAD]
    user = _text(data, _SOCKS4_HEAD, MAX_USER)
    if user is None:
        return None
    if not port or not _USER.fullmatch(user[0]):
        raise _error("no SOCKS 4 request")
    if address[0] == 0 and address[:3] != bytes(3):
        raise _error("no SOCKS 4 address")  # 0.0.0.0/8 is nobody's (RFC 1122 section 3.2.1.3); TDS answers look so
    if address[:3] != bytes(3):
        return Tunnel(address, port, is_address=True), user[1]
    host = _text(data, user[1], MAX_HOST)
    if host is None:
        return None
    if not address[3] or not _HOST.fullmatch(host[0]):
        raise _error("no SOCKS 4a host")
    return Tunnel(host[0], port, is_address=False), host[1]


def _text(data: bytes, at: int, longest: int) -> tuple[bytes, int] | None:
    """Give the text that ends with a zero byte, and where what follows begins; None where its end is not there yet."""
    end = data.find(b"\0", at, at + longest + 1)
    if end < 0:
        if len(data) > at + longest:
            raise _error("a SOCKS text without end")
        return None
    return data[at:end], end + 1


def _read_socks5(data: bytes) -> tuple[Tunnel, int] | None:
    """Read greeting, login where there is one, and request of SOCKS 5; None where they are not whole."""
    count = data[1] if len(data) > 1 else 1
    at = 2 + count
    methods = data[2:at]
    if not 0 < count <= MAX_METHODS or not _METHODS.issuperset(methods) or len(set(methods)) < len(methods):
        raise _error("no SOCKS greeting")
    if len(data) < at:
        return None
    if PASSWORD in methods and data[at : at + 1] == bytes([PASSWORD_VERSION]):
        after = _skip_login(data, at)
        if after is None:
            return None
        at = after
    return _read_request(data, at)


def _skip_login(data: bytes, at: int) -> int | None:
    """Give where a user name and password end (RFC 1929 section 2); None where they are not whole."""
    at += 1
    for _ in range(2):
        if len(data) <= at:
            return None
        at += 1 + data[at]
    return at if at <= len(data) else None


def _read_request(data: bytes, at: int) -> tuple[Tunnel, int] | None:
    """Read a request (RFC 1928 section 4): version, command, a zero, type of address, address, port."""
    head = data[at : at + 4]
    if head[:3] != bytes((SOCKS5, CONNECT, 0))[: len(head)]:
        raise _error("no SOCKS 5 request for a connection")
    if len(head) < 4:  # noqa: PLR2004  # the fields above
        return None
    at += 4
    size = _ADDRESS_BYTES.get(head[3])
    if head[3] == NAME:
        if len(data) == at:
            return None
        at, size = at + 1, data[at]
    if not size:
        raise _error("no SOCKS 5 address")
    if len(data) < at + size + 2:
        return None
    host, port = data[at : at + size], int.from_bytes(data[at + size : at + size + 2], "big")
    if not port or (head[3] == NAME and not _HOST.fullmatch(host)):
        raise _error("no SOCKS 5 address")
    return Tunnel(host, port, head[3] != NAME), at + size + 2
