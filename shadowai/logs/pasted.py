"""Lines as a search tool or a terminal gives them back: behind a file name, a number or a container name, coloured.

`grep -n`, `grep -H`, `zgrep`, `findstr /n`, `Select-String`, `cat -n`, `docker compose logs`, `kubectl logs --prefix`
put something in front of each line, mail and wikis a margin, `jq` and spreadsheets quotes around it. Colours are
control sequences of ECMA-48 (8.3.117 SGR, 8.3.41 EL).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

ESCAPE = b"\x1b["
_COLOUR = re.compile(r"\x1b\[[0-9;]{0,16}[mK]")
_NUMBER = r"\d{1,9}[:-]"
_NAME = r"(?:[A-Za-z]:)?[^:\"{}\[\]|=]{1,255}"
_PREFIXES = {
    "number": re.compile(rf"{_NUMBER}| {{0,8}}\d{{1,9}}\t", re.ASCII),
    "name-number": re.compile(rf"{_NAME}[:-]{_NUMBER}", re.ASCII),
    "name": re.compile(rf"{_NAME}:", re.ASCII),
    "margin": re.compile(r"(?:> ?){1,9}|\+ ?|[ \t\u00a0]{1,80}", re.ASCII),
    "container": re.compile(r"\[pod/[^\]\s]{1,300}\] |[\w.-]{1,128} {1,64}\| ", re.ASCII),
}
_KIND = "pasted:"
_QUOTED = f"{_KIND}quoted"

PASTED = (f"{_KIND}colours", *(f"{_KIND}{name}" for name in _PREFIXES), _QUOTED)
"""What may stand around a line, as a wrapping (`shadowai.logs.wrappers`); colours are taken off beside all of them."""


def is_pasted(wrapping: str) -> bool:
    """Say whether a wrapping is one of these."""
    return wrapping.startswith(_KIND)


def pasted_opener(wrapping: str) -> Callable[[str], tuple[str, str] | None]:
    """Give the opener of a wrapping: the line, without a time of its own; None where nothing stands in front of it."""
    if wrapping == _QUOTED:
        return _unquoted
    prefix = _PREFIXES.get(wrapping.removeprefix(_KIND))

    def opened(text: str) -> tuple[str, str] | None:
        bare = _COLOUR.sub("", text)
        if prefix is None:
            return bare, ""
        found = prefix.match(bare)
        return (bare[found.end() :], "") if found and found.end() < len(bare) else None

    return opened


def _unquoted(text: str) -> tuple[str, str] | None:
    """Give a line that stands in quotes as a whole: a string of JSON, or the one cell of a CSV's row (RFC 4180)."""
    quoted = text.strip().removesuffix(",")
    if len(quoted) <= len('""') or not (quoted.startswith('"') and quoted.endswith('"')):
        return None
    try:
        inner = orjson.loads(quoted)
    except orjson.JSONDecodeError:
        inner = quoted[1:-1].replace('""', '"')
    return (inner, "") if isinstance(inner, str) else None
