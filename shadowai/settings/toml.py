"""Reading a TOML file (toml.io, version 1.0.0) that anybody may have written: bounded, every fault told with the file.

The standard library's tomllib takes memory with the square of a dotted key's length, ends in RecursionError for deep
arrays and in a plain ValueError for numbers that are longer than Python reads.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

from shadowai.errors import UsageError
from shadowai.user_files import read_bounded

if TYPE_CHECKING:
    from pathlib import Path

MAX_SIZE = 512 << 10  # bytes
MAX_PARTS = 100
_PART = r"""(?:[A-Za-z0-9_-]{1,128}+|"[^"\n]{0,128}+"|'[^'\n]{0,128}+')[ \t]*+"""
_DOTTED = re.compile(rf"(?:{_PART}\.[ \t]*+){{{MAX_PARTS}}}")


def read_toml(path: Path) -> dict[str, object]:
    """Read a file. UsageError where it cannot be read, is not TOML, or is larger or deeper than settings are."""
    content = read_bounded(path, MAX_SIZE, "no settings are")
    try:
        text = content.decode("utf-8").replace("\r\n", "\n")
        if found := _DOTTED.search(text):
            line = text.count("\n", 0, found.start()) + 1
            raise UsageError(f"a key has more than {MAX_PARTS} parts; no settings do", where=path, record=line)
        return tomllib.loads(text)
    except RecursionError as error:
        raise UsageError("is not valid TOML: it is nested too deep", where=path) from error
    except ValueError as error:  # tomllib's own, one for bytes that are no UTF-8, and one for endless numbers
        raise UsageError(f"is not valid TOML: {error}", where=path) from error
