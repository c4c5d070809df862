"""Signatures in the format of minisign (https://jedisct1.github.io/minisign/): Ed25519 over a BLAKE2b-512 of the file.

Anybody can check with the program itself what this signs, and the other way round. Only signatures of the hashed kind
("ED") are taken, as minisign makes them since 2021, and only secret keys without a password (`minisign -G -W`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shadowai.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

_ALGORITHM, _HASHED, _NO_PASSWORD, _CHECKSUM = b"Ed", b"ED", b"\0\0", b"B2"
_ID, _KEY, _SIGNATURE = 8, 32, 64  # bytes
_KDF = 32 + 8 + 8  # bytes of a secret key file that only a password needs: salt, operations, memory
_UNTRUSTED, _TRUSTED = "untrusted comment: ", "trusted comment: "
_MAX_SIZE = 1 << 14  # bytes of a key or signature file; a true one has a few hundred


class PublicKey(NamedTuple):
    """A key that signatures are checked with, and the number that says which of several keys it is."""

    number: bytes
    key: bytes

    def __str__(self) -> str:
        return base64.b64encode(_ALGORITHM + self.number + self.key).decode()


class SecretKey(NamedTuple):
    """A key that files are signed with."""

    number: bytes
    seed: bytes

    @property
    def public(self) -> PublicKey:
        """The key that its signatures are checked with."""
        return PublicKey(self.number, Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw())


def public_key_of(text: str) -> PublicKey:
    """Read a public key: the one line that minisign prints, or the text of its file; UsageError for anything else."""
    lines = [line for line in text.split("\n") if line.strip() and not line.startswith(_UNTRUSTED)]
    content = _decoded(lines[0]) if len(lines) == 1 else b""
    if len(content) != len(_ALGORITHM) + _ID + _KEY or not content.startswith(_ALGORITHM):
        raise UsageError("is no public key of minisign")
    return PublicKey(content[2 : 2 + _ID], content[2 + _ID :])


def read_secret_key(path: Path) -> SecretKey:
    """Read a secret key file of minisign; UsageError where it is none, is damaged or has a password."""
    lines = read_text(path).splitlines()
    content = _decoded(lines[1]) if len(lines) > 1 else b""
    body = content[6 + _KDF :]
    if len(body) != _ID + _SIGNATURE + _KEY or content[:2] != _ALGORITHM or content[4:6] != _CHECKSUM:
        raise UsageError("is no secret key of minisign", where=path)
    if content[2:4] != _NO_PASSWORD:
        raise UsageError("has a password; make a key for releases with `minisign -G -W`", where=path)
    number, pair, checksum = body[:_ID], body[_ID : _ID + _SIGNATURE], body[_ID + _SIGNATURE :]
    if hashlib.blake2b(_ALGORITHM + number + pair, digest_size=_KEY).digest() != checksum:
        raise UsageError("is a damaged secret key", where=path)
    return SecretKey(number, pair[:_KEY])


def sign(content: bytes, key: SecretKey, comment: str) -> str:
    """Give the text of a signature file; `comment`, one line, is signed too."""
    secret = Ed25519PrivateKey.from_private_bytes(key.seed)
    signature = secret.sign(hashlib.blake2b(content).digest())
    whole = secret.sign(signature + comment.encode())
    first = base64.b64encode(_HASHED + key.number + signature).decode()
    second = base64.b64encode(whole).decode()
    return f"{_UNTRUSTED}signature of shadowai signatures\n{first}\n{_TRUSTED}{comment}\n{second}\n"


def verify(content: bytes, signature: str, key: PublicKey) -> str:
    """Give the signed comment of a file's signature; UsageError where file, comment or key is another."""
    lines = signature.splitlines()
    if len(lines) < 4 or not lines[0].startswith(_UNTRUSTED) or not lines[2].startswith(_TRUSTED):  # noqa: PLR2004  # the format's own number
        raise UsageError("the signature is not in minisign's format")
    first, comment, whole = _decoded(lines[1]), lines[2].removeprefix(_TRUSTED), _decoded(lines[3])
    if len(first) != 2 + _ID + _SIGNATURE or len(whole) != _SIGNATURE or not first.startswith(_HASHED):
        raise UsageError("the signature is not of minisign's hashed kind")
    if first[2 : 2 + _ID] != key.number:
        raise UsageError("the signature was made with another key")
    public = Ed25519PublicKey.from_public_bytes(key.key)
    try:
        public.verify(first[2 + _ID :], hashlib.blake2b(content).digest())
        public.verify(whole, first[2 + _ID :] + comment.encode())
    except InvalidSignature as error:
        raise UsageError("the signature does not fit: the file is not the one that was signed") from error
    return comment


def read_text(path: Path) -> str:
    """Read a key or signature file, which are small and ASCII but for comments; UsageError for any other."""
    try:
        with path.open("rb") as file:
            return as_text(file.read(_MAX_SIZE + 1))
    except OSError as error:
        raise UsageError(error.strerror or "cannot be read", where=path) from error
    except UsageError as error:
        raise UsageError(error.message, where=path) from error


def as_text(content: bytes) -> str:
    """Decode a key or signature; UsageError where it is too large or no text."""
    try:
        if len(content) <= _MAX_SIZE:
            return content.decode()
    except UnicodeDecodeError:
        pass
    raise UsageError("is no key or signature of minisign")


def _decoded(line: str) -> bytes:
    try:
        return base64.b64decode(line.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""
