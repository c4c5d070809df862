"""Files that the user names, read with a bound: one that never ends, or is of another kind, fills no memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shadowai.errors import UsageError, unreadable

if TYPE_CHECKING:
    from pathlib import Path


def read_bounded(path: Path, most: int, none_is: str) -> bytes:
    """Read a whole file of `most` bytes at the most; `none_is` says what is never larger.

    Raises UsageError where it cannot be read, or is larger.
    """
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise unreadable(error, path) from error
    if len(content) > most:
        size = f"{most >> 20} MiB" if most >> 20 else f"{most >> 10} KiB"
        raise UsageError(f"is larger than {size}; {none_is}", where=path)
    return content
