"""JA4, the fingerprint of a TLS client (FoxIO-LLC/ja4, technical_details/JA4.md; BSD 3-Clause).

It names the program that speaks, not the server: `t13d1516h2_8daaf6152771_e5627efa2ab1` is transport, version, whether
a name was sent, counts of cipher suites and extensions, the first protocol offered, a hash of the sorted cipher suites,
and one of the sorted extensions with the signature algorithms in their own order.
"""

from __future__ import annotations

import hashlib
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from shadowai.captures.tls import ALPN, SERVER_NAME

if TYPE_CHECKING:
    from shadowai.captures.tls import Hello

Transport = Literal["t", "q", "d"]
"""TLS over TCP, QUIC, or DTLS."""

HASHES_CACHED = 4096
NO_HASH = "000000000000"
HASH_DIGITS = 12
MAX_COUNT = 99
GREASE_DIGIT = 0x0A  # second and last of the four
GREASE_NAME = 2  # bytes of a made-up protocol
_VERSIONS = {
    0x0304: "13",
    0x0303: "12",
    0x0302: "11",
    0x0301: "10",
    0x0300: "s3",
    0x0002: "s2",
    0xFEFF: "d1",
    0xFEFD: "d2",
    0xFEFC: "d3",
}


def ja4(hello: Hello, transport: Transport = "t") -> str | None:
    """Give the JA4 fingerprint of a hello; None where its end was not captured, for half a list has another hash."""
    if not hello.whole:
        return None
    kinds = _without_grease(hello.extensions)
    kinds.sort()
    ciphers, cipher_hash = _ciphers(hello.ciphers)
    return (
        f"{transport}{_version(hello, transport)}{'d' if SERVER_NAME in kinds else 'i'}"
        f"{ciphers:02}{min(len(kinds), MAX_COUNT):02}{_protocol(hello.alpn)}"
        f"_{cipher_hash}_{_extensions(tuple(kinds), hello.signatures)}"
    )


@lru_cache(maxsize=HASHES_CACHED)
def _ciphers(items: bytes) -> tuple[int, str]:
    """Give how many cipher suites there are, at most 99, and their hash; clients send few different lists."""
    ciphers = sorted(_without_grease(_numbers(items)))
    return min(len(ciphers), MAX_COUNT), _hash(ciphers)


@lru_cache(maxsize=HASHES_CACHED)
def _extensions(kinds: tuple[int, ...], signatures: bytes) -> str:
    """Give the hash of sorted extension types and of the signature algorithms in their order."""
    named = [kind for kind in kinds if kind not in (SERVER_NAME, ALPN)]
    return _hash(named, _without_grease(_numbers(signatures)))


def _is_grease(number: int) -> bool:
    """Say whether a number is one of those reserved to keep others honest (RFC 8701): 0x0A0A, 0x1A1A ... 0xFAFA."""
    return number & 0xFF == number >> 8 and number & 0x0F == GREASE_DIGIT


def _without_grease(numbers: tuple[int, ...]) -> list[int]:
    return [number for number in numbers if number & 0x0F != GREASE_DIGIT or not _is_grease(number)]


def _numbers(items: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(items) // 2}H", items[: len(items) & ~1])


def _version(hello: Hello, transport: Transport) -> str:
    """Give the newest version offered; those of DTLS count downwards (RFC 6347 section 4.1)."""
    offered = _without_grease(_numbers(hello.versions))
    if not offered:
        return _VERSIONS.get(hello.version, "00")
    return _VERSIONS.get(min(offered) if transport == "d" else max(offered), "00")


def _protocol(alpn: tuple[bytes, ...]) -> str:
    """Give first and last character of the first protocol; where either is no letter or digit, of it in hexadecimal."""
    first = next((name for name in alpn if len(name) != GREASE_NAME or not _is_grease(_numbers(name)[0])), b"")
    if not first:
        return "00"
    ends = first[:1] + first[-1:]
    if ends.isalnum():
        return ends.decode("ascii")
    digits = first.hex()
    return digits[0] + digits[-1]


def _hash(numbers: list[int], signatures: list[int] | None = None) -> str:
    if not numbers:
        return NO_HASH
    text = ",".join(f"{number:04x}" for number in numbers)
    if signatures:
        text += "_" + ",".join(f"{number:04x}" for number in signatures)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:HASH_DIGITS]
