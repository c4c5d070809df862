"""The TLS ClientHello (RFC 8446 section 4.1.2 and its predecessors) and what it says of client and server.

The server name (RFC 6066 section 3), the protocols offered (ALPN, RFC 7301), whether an encrypted hello is in it (ECH,
RFC 9849), and the lists that a fingerprint is made of. Contract of the readers: the value, None where bytes are missing
still, ValueError where it is no such thing.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container

HANDSHAKE = 22  # record content type
CLIENT_HELLO = 1  # handshake message type
RECORD_HEADER, MESSAGE_HEADER = 5, 4  # bytes
MAX_RECORD = (1 << 14) + 2048  # bytes of a record (RFC 5246 section 6.2.3, the widest)
MAX_HELLO = 1 << 16  # bytes of a hello worth waiting for
MAJOR = 3  # of every version from SSL 3.0 to TLS 1.3
DTLS_MAJOR = 0xFE  # of every version of DTLS
DTLS_BEFORE_1 = b"\1\0"  # what OpenSSL sent before DTLS 1.0 was standard, and some clients still do
RANDOM = 32  # bytes
VERSION = 2  # bytes
HOST_NAME = 0  # type of a name in a server name extension
MAX_NAMES = 16  # of one hello

SERVER_NAME, SIGNATURES, ALPN, SESSION_TICKET = 0x0000, 0x000D, 0x0010, 0x0023  # extension types
VERSIONS, ECH, ESNI = 0x002B, 0xFE0D, 0xFFCE
ECH_OUTER = 0  # type of an ECH extension that is not itself inside an encrypted hello

PUBLIC_NAMES = frozenset({b"cloudflare-ech.com"})
"""Outer names of deployments that document theirs: Cloudflare (developers.cloudflare.com/ssl/edge-certificates/ech)."""

_WANTED = frozenset({SERVER_NAME, SIGNATURES, ALPN, VERSIONS, ECH})
_EXTENSION = struct.Struct(">HH")  # type, length

EchKind = Literal["grease", "outer"]


class Hello(NamedTuple):
    """What a ClientHello says.

    `server_name` is the name as sent, None where there is none, `others` further ones in the same list, where no client
    may have any (RFC 6066 section 3); `random` tells hellos apart; `version` is that of the hello's own field,
    `versions` the list of the extension, `ciphers` and `signatures` those lists as sent (two bytes an item),
    `extensions` the types in the order sent, `alpn` the protocols offered, `encrypted` the content of the ECH
    extension. `whole` is False where the end of the hello was cut off or broken, so that the lists may be too short.
    """

    server_name: bytes | None
    random: bytes
    version: int = 0
    ciphers: bytes = b""
    extensions: tuple[int, ...] = ()
    versions: bytes = b""
    signatures: bytes = b""
    alpn: tuple[bytes, ...] = ()
    encrypted: bytes | None = None
    whole: bool = True
    others: tuple[bytes, ...] = ()

    @property
    def ech(self) -> EchKind | None:
        """Whether it carries an encrypted hello, as far as the shipped public names tell; see `ech_kind`."""
        return ech_kind(self)


def ech_kind(hello: Hello, public_names: Container[bytes] = PUBLIC_NAMES) -> EchKind | None:
    """Say whether a hello carries an encrypted hello: "outer" where its name hides the true one, "grease", or None.

    Clients that know no key send a made-up extension, and it is made to look like a real one (RFC 9849 section 6.2).
    The one difference is the server name: a real one must come with the public name of the server's ECHConfig (section
    6.1), a made-up one comes with the true name. So a hello is "outer" only where its name is a known public name: one
    of `PUBLIC_NAMES`, or of `public_names`, those learnt from HTTPS records, in lower case. Anything else is "grease",
    and its name counts. With ESNI, the draft that came before (0xFFCE), the name is absent or an outer one as well.
    """
    if ESNI in hello.extensions:
        return "outer"
    if hello.encrypted is None:
        return None
    name = hello.server_name.lower().rstrip(b".") if hello.server_name else b""
    is_outer = hello.encrypted[:1] == bytes([ECH_OUTER])
    return "outer" if is_outer and (name in PUBLIC_NAMES or name in public_names) else "grease"


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
    return read_body(message[MESSAGE_HEADER : MESSAGE_HEADER + length])


def read_body(body: bytes, *, whole: bool = True, is_datagram: bool = False) -> Hello:
    """Read the body of a hello; of one that is not whole, what comes before the cut. ValueError where it is none.

    `is_datagram` reads the hello of DTLS, which has a cookie (RFC 6347 section 4.2.1).
    """
    if len(body) < VERSION + RANDOM or not _is_version(body, is_datagram=is_datagram):
        message = "no TLS version"
        raise ValueError(message)
    version = int.from_bytes(body[:VERSION], "big")
    random = body[VERSION : VERSION + RANDOM]
    at = _vector(body, VERSION + RANDOM, 1)  # session id
    if is_datagram:
        at = _vector(body, at, 1)  # cookie
    start = at + 2
    at = _vector(body, at, 2)
    ciphers = body[start:at]
    at = _vector(body, at, 1)  # compression methods
    if at == len(body):
        return Hello(None, random, version, ciphers, whole=whole)
    end = _vector(body, at, 2) if whole else len(body)
    kinds, values, again, ended = _extensions(body, at + 2, end)
    if not ended and whole and SERVER_NAME not in values:
        message = "a TLS extension runs over its end"
        raise ValueError(message)
    names = _server_names(values.get(SERVER_NAME, b""))
    for value in again[:MAX_NAMES]:
        names += _further_names(value)
    return Hello(
        names[0] if names else None,
        random,
        version,
        ciphers,
        tuple(kinds),
        _list(values.get(VERSIONS, b""), 1),
        _list(values.get(SIGNATURES, b""), 2),
        _protocols(values.get(ALPN, b"")),
        values.get(ECH),
        whole and ended,
        tuple(names[1:]),
    )


def _is_version(body: bytes, *, is_datagram: bool) -> bool:
    if is_datagram:
        return body[0] == DTLS_MAJOR or body[:VERSION] == DTLS_BEFORE_1
    return body[0] == MAJOR


def _extensions(body: bytes, at: int, end: int) -> tuple[list[int], dict[int, bytes], list[bytes], bool]:
    """Give the types of the extensions up to the first broken one, the content of those wanted, and if none is broken.

    Those behind the name may be broken, for the name is what matters most. The third value is what further server name
    extensions hold, where no client may send any (RFC 8446 section 4.2).
    """
    kinds: list[int] = []
    values: dict[int, bytes] = {}
    again: list[bytes] = []
    while at + _EXTENSION.size <= end:
        kind, length = _EXTENSION.unpack_from(body, at)
        start, at = at + _EXTENSION.size, at + _EXTENSION.size + length
        if at > end:
            return kinds, values, again, False
        kinds.append(kind)
        if kind == SERVER_NAME and kind in values:
            again.append(body[start:at])
        elif kind in _WANTED and kind not in values:
            values[kind] = body[start:at]
    return kinds, values, again, at == end


def _server_names(value: bytes) -> list[bytes]:
    """Give the host names of a server name list, up to the first that is broken; ValueError where it has none whole."""
    if not value:
        return []
    end, at = _vector(value, 0, 2), 2
    names: list[bytes] = []
    while at < end and len(names) < MAX_NAMES:
        kind, start = value[at], at + 3
        try:
            at = _vector(value, at + 1, 2)
        except ValueError:
            if names:
                break
            raise
        if kind == HOST_NAME and at > start:
            names.append(value[start:at])
    return names


def _further_names(value: bytes) -> list[bytes]:
    try:
        return _server_names(value)
    except ValueError:
        return []


def _list(value: bytes, width: int) -> bytes:
    """Give the two-byte items of a list preceded by its length in `width` bytes; as many as there are."""
    items = value[width : width + int.from_bytes(value[:width], "big")]
    return items[: len(items) & ~1]


def _protocols(value: bytes) -> tuple[bytes, ...]:
    """Give the names of an ALPN list (RFC 7301 section 3.1), up to the first that is broken."""
    names: list[bytes] = []
    at, end = 2, min(len(value), 2 + int.from_bytes(value[:2], "big"))
    while at < end and at + 1 + value[at] <= end:
        names.append(value[at + 1 : at + 1 + value[at]])
        at += 1 + value[at]
    return tuple(names)


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
            hello = read_body(message[MESSAGE_HEADER:], whole=False)
        except ValueError:
            return None
        return hello if hello.server_name else None

    def behind(self) -> bytes:
        """Give what was sent at once behind a hello where it is another one, as records; nothing for all else."""
        end = MESSAGE_HEADER + int.from_bytes(self._message[1:MESSAGE_HEADER], "big")
        left = bytes(self._message[end:])
        record = struct.pack(">BBBH", HANDSHAKE, MAJOR, 1, len(left)) if left else b""
        rest = record + left + bytes(self._input)
        begins = rest[:1] == bytes([HANDSHAKE]) and rest[RECORD_HEADER : RECORD_HEADER + 1] == bytes([CLIENT_HELLO])
        return rest if begins else b""

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
