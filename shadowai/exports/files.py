"""Lines added to a file that somebody else reads and rotates.

Each package is one write at the file's end, kept only when it is whole and on the disk. After a crash, a package whose
fate is unknown is looked for at the end of the file, so that it is neither lost nor written twice.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from shadowai.exports.lines import unpack
from shadowai.exports.outcome import SENT, Committing, Fate, Outcome, reason_of

if TYPE_CHECKING:
    from shadowai.settings.channels import FileTarget


class FileSender:
    """Adds packages to a target's file, which it makes, readable by owner and group."""

    repeatable = True  # a package that is there already is not written again

    def __init__(self, target: FileTarget) -> None:
        self._path = target.path

    def send(self, content: bytes, committing: Committing, *, again: bool = False) -> Outcome:
        """Write a package; `again` where an earlier attempt ended nobody knows how."""
        data = "".join(f"{line.text}\n" for line in unpack(content)).encode()
        try:
            return self._append(data, committing, again=again)
        except OSError as error:
            return Outcome(Fate.LATER, f"{self._path}: {reason_of(error)}")

    def close(self) -> None:
        """Nothing is kept open: a file that was rotated away would be."""

    def _append(self, data: bytes, committing: Committing, *, again: bool) -> Outcome:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
        with os.fdopen(handle, "r+b", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            if again:
                kept = self._found(file.fileno(), end, data)
                if kept == len(data):
                    return SENT
                end -= kept
                os.ftruncate(file.fileno(), end)
            committing()
            try:
                _write_all(file.fileno(), data)
                os.fsync(file.fileno())
            except OSError:
                with suppress(OSError):
                    os.ftruncate(file.fileno(), end)
                raise
        return SENT

    @staticmethod
    def _found(handle: int, end: int, data: bytes) -> int:
        """Say how many bytes of a package stand at the end of the file: all, some of its beginning, or none."""
        tail = os.pread(handle, min(end, len(data)), max(0, end - len(data)))
        if tail == data:
            return len(data)
        first = data[: data.index(b"\n") + 1]
        start = tail.rfind(first)  # a line holds its record's id, and is there once
        if start < 0:
            start = tail.rfind(b"\n") + 1  # a write that was cut off within its first line
        written = tail[start:]
        return len(written) if data.startswith(written) else 0


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
