"""Signatures in minisign's format, held against one that minisign itself made."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.errors import UsageError
from shadowai.signatures.minisign import SecretKey, as_text, public_key_of, read_secret_key, read_text, sign, verify

if TYPE_CHECKING:
    from pathlib import Path

# The key of minisign's own documentation, and a signature that it made over the four bytes "test".
PUBLIC = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"
SIGNATURE = """untrusted comment: signature from minisign secret key
RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=
trusted comment: timestamp:1556193335\tfile:test
y/rUw2y8/hOUYjZU71eHp/Wo1KZ40fGy2VJEDl34XMJM+TX48Ss/17u3IvIfbVR1FkZZSNCisQbuQY+bHwhEBg==
"""
KEY = SecretKey(b"12345678", bytes(range(32)))


def test_what_minisign_signed_is_accepted_and_nothing_else() -> None:
    key = public_key_of(PUBLIC)
    assert str(key) == PUBLIC
    assert verify(b"test", SIGNATURE, key) == "timestamp:1556193335\tfile:test"
    assert verify(b"test", SIGNATURE.replace("\n", "\r\n"), public_key_of(f"untrusted comment: x\n{PUBLIC}\n"))
    for content, signature in (
        (b"Test", SIGNATURE),
        (b"test", SIGNATURE.replace("file:test", "file:best")),
        (b"test", SIGNATURE.replace("y/rU", "z/rU")),
        (b"test", SIGNATURE.replace("RUQf", "RWQf")),  # not hashed, as old versions made them
        (b"test", SIGNATURE.replace("RUQf", "RUQe")),  # another key's number
        (b"test", SIGNATURE.replace("trusted comment", "comment")),
        (b"test", "\n".join(SIGNATURE.splitlines()[:3])),
        (b"test", ""),
    ):
        with pytest.raises(UsageError):
            verify(content, signature, key)


@given(st.binary(max_size=200), st.text(st.characters(exclude_categories=["C", "Z"]), max_size=40))
def test_what_is_signed_is_accepted(content: bytes, comment: str) -> None:
    signature = sign(content, KEY, comment)
    assert verify(content, signature, KEY.public) == comment
    with pytest.raises(UsageError):
        verify(content + b"x", signature, KEY.public)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(content: bytes) -> None:
    text = content.decode("latin-1")
    for line in (text, base64.b64encode(content).decode()):
        with pytest.raises(UsageError):
            verify(b"", f"untrusted comment: \n{line}\ntrusted comment: \n{line}\n", KEY.public)
        with pytest.raises(UsageError):
            public_key_of(line)


def _key_file(path: Path, *, kdf: bytes = b"\0\0", flip: int = 0) -> Path:
    pair = KEY.seed + KEY.public.key
    checksum = bytearray(hashlib.blake2b(b"Ed" + KEY.number + pair, digest_size=32).digest())
    checksum[0] ^= flip
    content = b"Ed" + kdf + b"B2" + bytes(48) + KEY.number + pair + checksum
    path.write_text(f"untrusted comment: minisign secret key\n{base64.b64encode(content).decode()}\n")
    return path


def test_a_secret_key_without_password_is_read(tmp_path: Path) -> None:
    assert read_secret_key(_key_file(tmp_path / "key")) == KEY
    with pytest.raises(UsageError, match=r"key: has a password"):
        read_secret_key(_key_file(tmp_path / "key", kdf=b"Sc"))
    with pytest.raises(UsageError, match="damaged secret key"):
        read_secret_key(_key_file(tmp_path / "key", flip=1))
    (tmp_path / "key").write_text("untrusted comment: x\n")
    with pytest.raises(UsageError, match="no secret key"):
        read_secret_key(tmp_path / "key")


def test_texts_are_small_and_text(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none: No such file"):
        read_text(tmp_path / "none")
    (tmp_path / "large").write_bytes(b"x" * (1 << 20))
    with pytest.raises(UsageError, match="large: is no key"):
        read_text(tmp_path / "large")
    with pytest.raises(UsageError, match="is no key"):
        as_text(b"\xff\xfe")
