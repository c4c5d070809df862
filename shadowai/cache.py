"""What is slow to make and quick to read, kept between runs in the user's cache folder (XDG Base Directory).

Nothing in it is needed: a file that is missing, damaged, of another version or somebody else's is made anew, and a
folder that cannot be written costs only time. The variable SHADOWAI_CACHE_DIR names another folder.

A name holds the digest of everything its content was made from, so that an entry is right or is never asked for; it is
written beside its place and then moved there, so that two processes at once do no harm.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import time
from contextlib import suppress
from pathlib import Path

VARIABLE = "SHADOWAI_CACHE_DIR"
MAX_SIZE = 64 << 20  # bytes; a larger file is not one of ours
KEPT = 24  # entries of one kind; older ones are removed
_MAGIC = b"shadowai-cache 1 "
_DIGEST = 64  # hex digits of SHA-256


def key_of(*parts: bytes) -> str:
    """Give the digest (32 hex digits of SHA-256) of some parts, however they are cut."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"%d\0" % len(part))
        digest.update(part)
    return digest.hexdigest()[:32]


def load(kind: str, key: str) -> bytes | None:
    """Give what was stored under a key; None where there is nothing that can be trusted."""
    folder = _folder()
    if folder is None:
        return None
    try:
        content = _read(folder / _name(kind, key))
    except OSError:
        return None
    start = len(_MAGIC) + _DIGEST + 1
    payload = content[start:]
    return payload if content[:start] == _header(kind, key, payload) else None


def store(kind: str, key: str, payload: bytes) -> bool:
    """Keep something under a key, for this user alone; say whether that could be done."""
    folder = _folder()
    if folder is None or len(payload) > MAX_SIZE // 2:
        return False
    place = folder / _name(kind, key)
    draft = place.with_name(f"{place.name}.{os.getpid()}.{time.monotonic_ns()}")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(draft, _header(kind, key, payload) + payload)
        draft.replace(place)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        return False
    _remove_old(folder, kind)
    return True


def _folder() -> Path | None:
    """Give the cache folder; a relative name is passed over, as the XDG specification asks."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111  # Path.home raises where there is no home
    usual = home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache"
    named = os.environ.get(VARIABLE)
    if named and Path(named).is_absolute():
        return Path(named)
    base = Path(os.environ.get("XDG_CACHE_HOME") or usual)
    folder = (base if base.is_absolute() else usual) / "shadowai"
    return folder if folder.is_absolute() else None


def _name(kind: str, key: str) -> str:
    return f"{kind}-{key}"


def _header(kind: str, key: str, payload: bytes) -> bytes:
    digest = hashlib.sha256(f"{kind}\0{key}\0".encode())
    digest.update(payload)
    return _MAGIC + digest.hexdigest().encode() + b"\n"


def _read(path: Path) -> bytes:
    """Read a file that only this user or the administrator can have written; OSError for any other."""
    with path.open("rb") as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > MAX_SIZE or _is_foreign(facts):
            raise PermissionError
        return file.read(MAX_SIZE)


def _is_foreign(facts: os.stat_result) -> bool:
    if not hasattr(os, "getuid"):  # Windows, whose profile folder is the user's alone
        return False
    return facts.st_uid not in (0, os.getuid()) or bool(facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def _remove_old(folder: Path, kind: str) -> None:
    """Remove all but the newest entries of a kind, and with them what a dead process left half written."""
    with suppress(OSError):
        entries = [(path.stat().st_mtime_ns, path) for path in folder.glob(f"{kind}-*")]
        for _, path in sorted(entries, reverse=True)[KEPT:]:
            path.unlink(missing_ok=True)
