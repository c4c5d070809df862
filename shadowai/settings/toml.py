"""Reading a TOML file (toml.io, version 1.0.0) that anybody may have written: bounded, every fault told with the file.

The standard library's tomllib takes memory with the square of a dotted key's length, ends in RecursionError for deep
arrays and in a plain ValueError for numbers that are longer than Python reads.
"""

from __future__ import annotations

import codecs
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

_ODD = re.compile("[\u201c\u201d\u201e\u2018\u2019\u00a0\u200b]")
_WINDOWS_PATH = re.compile(r'"[A-Za-z]:\\|"\\\\')


def read_toml(path: Path) -> dict[str, object]:
    """Read a file. UsageError where it cannot be read, is not TOML, or is larger or deeper than settings are."""
    content = read_bounded(path, MAX_SIZE, "no settings are")
    try:
        text = _decoded(content).replace("\r\n", "\n")
        if found := _DOTTED.search(text):
            line = text.count("\n", 0, found.start()) + 1
            raise UsageError(f"a key has more than {MAX_PARTS} parts; no settings do", where=path, record=line)
        return tomllib.loads(text)
    except RecursionError as error:
        raise UsageError("is not valid TOML: it is nested too deep", where=path) from error
    except UnicodeError as error:
        raise UsageError("is not UTF-8; save it as UTF-8", where=path) from error
    except ValueError as error:  # tomllib's own, and one for endless numbers
        raise UsageError(f"is not valid TOML: {error}{_hint(text)}", where=path) from error


def _decoded(content: bytes) -> str:
    """Take off the byte order mark that editors of Windows write, or read what they call Unicode (UTF-16)."""
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if wide else "utf-8-sig")


def _hint(text: str) -> str:
    """Say what most likely is the matter with a text that is no TOML: what word processors and Windows paths bring."""
    if _ODD.search(text):
        return "; it has typographic quotes or blanks, as word processors write them: type plain ones"
    return "; write a Windows path in single quotes: 'C:\\logs'" if _WINDOWS_PATH.search(text) else ""
