"""QUIC long header packets and the protection of Initial packets (RFC 9000 section 17.2, RFC 9001 section 5, RFC 9369).

Known versions: 1, 2, the drafts 22 to 34, and what mvfst and the TLS flavour of Google's QUIC made of them.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION_1, VERSION_2 = 0x00000001, 0x6B3343CF
MAX_CID = 20  # bytes (RFC 9000 section 17.2)
SAMPLE, SAMPLE_AT = 16, 4  # bytes of the header protection sample, and where it begins behind the packet number
TAG = 16  # bytes of the authentication tag
RETRY = 3  # packet type of version 1
LONG_FIXED = 0xC0  # long header form and fixed bit
KEYS_CACHED = 4096

_SALT_V1 = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
_SALT_V2 = bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9")
_SALT_29 = bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899")
_SALT_23 = bytes.fromhex("c3eef712c72ebb5a11a7d2432bb46365bef9f502")
_SALT_22 = bytes.fromhex("7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a")
_SALT_T050 = bytes.fromhex("7ff579e5acd072915580304c43a2367c60488310")
_SALT_T051 = bytes.fromhex("7a4edef4e7ccee5fa4506c19124fc8ccda6e033d")
_DRAFT = 0xFF000000
_T050, _T051 = 0x54303530, 0x54303531

SALTS: dict[int, bytes] = {
    VERSION_1: _SALT_V1,
    VERSION_2: _SALT_V2,
    **dict.fromkeys((_DRAFT + 33, _DRAFT + 34), _SALT_V1),
    **dict.fromkeys(range(_DRAFT + 29, _DRAFT + 33), _SALT_29),
    **dict.fromkeys(range(_DRAFT + 23, _DRAFT + 29), _SALT_23),
    **dict.fromkeys((_DRAFT + 22, 0xFACEB001), _SALT_22),
    **dict.fromkeys((0xFACEB002, *range(0xFACEB00E, 0xFACEB014)), _SALT_23),
    _T050: _SALT_T050,
    _T051: _SALT_T051,
}
"""Version -> salt of its Initial secrets."""

GOOGLE = (_T050, _T051)
"""The TLS flavour of Google's QUIC, which numbers its frames in its own way."""


GREASE_MASK, GREASE = 0x0F0F0F0F, 0x0A0A0A0A
"""Versions reserved to force version negotiation (RFC 9000 section 15); their packets are protected like another's."""


def salts(version: int) -> tuple[bytes, ...]:
    """Give the salts that packets of a version may be protected with; none for an unknown version."""
    if version & GREASE_MASK == GREASE:
        return _SALT_V1, _SALT_29
    salt = SALTS.get(version)
    return () if salt is None else (salt,)


@dataclass(frozen=True, slots=True)
class LongPacket:
    """One long header packet of a known version: `number_at` where the protected packet number begins in `data`.

    An Initial packet has a token after a Retry, or when the client was given one on an earlier connection.
    """

    version: int
    is_initial: bool
    has_token: bool
    destination_id: bytes
    number_at: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Keys:
    """What protects the client's Initial packets."""

    key: bytes
    iv: bytes
    header: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """A packet with its protection taken off."""

    number: int
    frames: bytes


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Read a variable-length integer (RFC 9000 section 16); give it and where it ends. ValueError past the end."""
    if at >= len(data):
        message = "a QUIC field runs over the packet's end"
        raise ValueError(message)
    size = 1 << (data[at] >> 6)
    if at + size > len(data):
        message = "a QUIC field runs over the packet's end"
        raise ValueError(message)
    return int.from_bytes(data[at : at + size], "big") & ((1 << (8 * size - 2)) - 1), at + size


def long_packets(datagram: bytes) -> Iterator[LongPacket]:
    """Give the coalesced long header packets of a datagram (RFC 9000 section 12.2); ValueError where one is wrong."""
    at = 0
    while at + 7 <= len(datagram) and datagram[at] & LONG_FIXED == LONG_FIXED:
        first = datagram[at]
        (version,) = struct.unpack_from(">I", datagram, at + 1)
        if not salts(version):
            return
        kind = (first >> 4) & 3
        if version == VERSION_2:
            kind = (kind - 1) & 3
        if kind == RETRY:  # it fills the datagram
            return
        destination_id, place = _connection_id(datagram, at + 5)
        _, place = _connection_id(datagram, place)
        token = 0
        if kind == 0:
            token, place = read_varint(datagram, place)
            place += token
        length, place = read_varint(datagram, place)
        if length < SAMPLE_AT + SAMPLE or place + length > len(datagram):
            message = "a QUIC packet runs over its datagram's end"
            raise ValueError(message)
        yield LongPacket(version, kind == 0, token > 0, destination_id, place - at, datagram[at : place + length])
        at = place + length


def _connection_id(data: bytes, at: int) -> tuple[bytes, int]:
    length = data[at] if at < len(data) else MAX_CID + 1
    if length > MAX_CID or at + 1 + length > len(data):
        message = "no QUIC connection id"
        raise ValueError(message)
    return data[at + 1 : at + 1 + length], at + 1 + length


@lru_cache(maxsize=KEYS_CACHED)
def client_keys(salt: bytes, version: int, connection_id: bytes) -> Keys:
    """Derive the keys of the client's Initial packets from its first destination id (RFC 9001 section 5.2)."""
    initial = hmac.digest(salt, connection_id, hashlib.sha256)
    secret = _expand(initial, b"client in", 32)
    prefix = b"quicv2 " if version == VERSION_2 else b"quic "
    key, iv, header = ((prefix + name, size) for name, size in ((b"key", 16), (b"iv", 12), (b"hp", 16)))
    return Keys(_expand(secret, *key), _expand(secret, *iv), _expand(secret, *header))


def _expand(secret: bytes, label: bytes, size: int) -> bytes:
    """HKDF-Expand-Label (RFC 8446 section 7.1) for at most one hash output, without context."""
    full = b"tls13 " + label
    info = struct.pack(">HB", size, len(full)) + full + b"\x00\x01"
    return hmac.digest(secret, info, hashlib.sha256)[:size]


def unprotect(packet: LongPacket, keys: Keys, largest: int) -> Opened | None:
    """Take the protection off an Initial packet; None where the keys are not its own.

    `largest` is the largest packet number seen of this sender, -1 at first.
    """
    sample = packet.data[packet.number_at + SAMPLE_AT :][:SAMPLE]
    # One block of AES on its own is what RFC 9001 section 5.4.3 makes the header mask of.
    encryptor = Cipher(algorithms.AES(keys.header), modes.ECB()).encryptor()  # noqa: S305  # the RFC's construction
    mask = encryptor.update(sample)
    first = packet.data[0] ^ (mask[0] & 0x0F)
    size = (first & 3) + 1
    end = packet.number_at + size
    masked = packet.data[packet.number_at : end]
    plain = bytes(byte ^ mask[1 + place] for place, byte in enumerate(masked))
    number = _full_number(int.from_bytes(plain, "big"), size * 8, largest)
    nonce = (int.from_bytes(keys.iv, "big") ^ number).to_bytes(12, "big")
    header = bytes([first]) + packet.data[1 : packet.number_at] + plain
    if len(packet.data) - end < TAG:
        return None
    try:
        return Opened(number, AESGCM(keys.key).decrypt(nonce, packet.data[end:], header))
    except InvalidTag:
        return None


def _full_number(truncated: int, bits: int, largest: int) -> int:
    """Decode a packet number (RFC 9000 appendix A.3)."""
    window = 1 << bits
    expected = largest + 1
    candidate = (expected & ~(window - 1)) | truncated
    if candidate <= expected - window // 2 and candidate < (1 << 62) - window:
        return candidate + window
    if candidate > expected + window // 2 and candidate >= window:
        return candidate - window
    return candidate
