"""The database that `shadowai signatures update` put into the user's data folder (XDG Base Directory), if there is one.

`current.json` names it, and the one before it; each lies in a folder of its own that is never written again. It holds
for the version of the program that installed it and checked it: a newer program brings a newer database with it. The
variable SHADOWAI_DATA_DIR names another folder.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import NamedTuple

from shadowai import __version__
from shadowai.errors import SignatureError

VARIABLE = "SHADOWAI_DATA_DIR"
RECORD = "current.json"
_FOLDER = re.compile(r"[0-9.]+-[0-9a-f]{16}", re.ASCII)
_MEND = "; mend it with `shadowai signatures update`, or `--rollback`"


class Release(NamedTuple):
    """A released database: its version (numbers joined by dots), date (ISO 8601), digest, key and installing program.

    `folder` is its name in the data folder, `key` the public key (minisign) with which it was checked.
    """

    folder: str
    version: str
    date: str
    digest: str
    key: str
    program: str = __version__

    @property
    def path(self) -> Path:
        """Where its files lie."""
        return home() / self.folder


def home() -> Path:
    """Give the folder in which updates lie; it need not exist. A relative name is passed over, as XDG asks."""
    user = Path(os.path.expanduser("~"))  # noqa: PTH111  # Path.home raises where there is no home
    usual = user / "Library" / "Application Support" if sys.platform == "darwin" else user / ".local" / "share"
    named = os.environ.get(VARIABLE)
    if named and Path(named).is_absolute():
        return Path(named) / "signatures"
    base = Path(os.environ.get("XDG_DATA_HOME") or usual)
    return (base if base.is_absolute() else usual) / "shadowai" / "signatures"


def installed() -> Release | None:
    """Give the update that this program uses; None where there is none, or another program's.

    Raises SignatureError where the record of it is damaged: to go on with the shipped one would be silent.
    """
    releases = records()
    return releases[0] if releases and releases[0].program == __version__ else None


def records() -> list[Release]:
    """Give the update in use and, where there is one, the one before it, whatever program installed them."""
    path = home() / RECORD
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise SignatureError(error.strerror or "cannot be read", where=path) from error
    try:
        found = [Release(**entry) for entry in json.loads(content)]
    except (ValueError, TypeError, RecursionError) as error:
        raise SignatureError(f"is damaged{_MEND}", where=path) from error
    if all(isinstance(value, str) for release in found for value in release) and all(map(_is_inside, found)):
        return found
    raise SignatureError(f"is damaged{_MEND}", where=path)


def check_unchanged(release: Release, digest: str) -> None:
    """Raise SignatureError where an update's files are not those that were installed."""
    if not digest.startswith(release.digest):
        raise SignatureError(f"has been changed since it was installed{_MEND}", where=release.path)


def _is_inside(release: Release) -> bool:
    return bool(_FOLDER.fullmatch(release.folder))
