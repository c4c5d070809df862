"""One scheduled scan at a time: a lock that the system lets go of when its holder dies, however it dies."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from shadowai.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TRY_EVERY = 0.2  # seconds


class LockedError(UsageError):
    """Another run holds the lock."""


@contextmanager
def locked(path: Path, wait: float = 0) -> Iterator[None]:
    """Hold the lock of a file (made where there is none); LockedError where another still does after `wait` seconds."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise UsageError(f"cannot be made: {error.strerror}", where=path) from error
    try:
        _wait_for(handle, path, time.monotonic() + wait)
        yield
    finally:
        os.close(handle)


def _wait_for(handle: int, path: Path, until: float) -> None:
    while not _taken(handle):
        if time.monotonic() >= until:
            raise LockedError("another run is under way; wait for it, or give [history] wait", where=path)
        time.sleep(_TRY_EVERY)


if sys.platform == "win32":
    import msvcrt

    def _taken(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _taken(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
