r"""CEF and LEEF: a header between bars, then `key=value` where values hold blanks and sometimes equals signs.

CEF follows ArcSight's Common Event Format (OpenText, version 25): `\|` and `\\` in the header, `\=`, `\\`, `\n` and
`\r` in the extension. LEEF follows IBM's Log Event Extended Format 1.0 and 2.0 (QRadar DSM guide). Columns are names of
the header and the keys; `label:<text>` is the custom field (`cs1`, `cn2`, `flexString1`, ...) with that label.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

CEF_BEGINS = r"(?:CEF:\s{0,2})?[01]\|[^|]{0,120}\|"  # some collectors drop the prefix
LEEF_BEGINS = r"(?:LEEF:\s{0,2}[12](?:\.0)?|[12]\.0)\|[^|]{0,120}\|"
CEF_HEADER = ("deviceVendor", "deviceProduct", "deviceVersion", "deviceEventClassId", "name", "severity")
LEEF_HEADER = ("vendor", "product", "version", "eventId")
LABEL = "label:"
_BAR = re.compile(r"(?:[^|\\]|\\.)*", re.DOTALL)
_KEY = re.compile(r"(?:^|(?<=[ \t]))([A-Za-z_][\w.\-]{0,63}(?:\[\d{1,3}\])?)=", re.ASCII)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"\\": "\\", "=": "=", "|": "|"}
_LINES = {"n": "\n", "r": "\r", **_ESCAPES}
_TEXT_KEYS = frozenset(("msg", "message", "reason", "rawEvent"))  # elsewhere `CORP\nancy` is a user, not two lines
_DECLARED = re.compile(r"(?:(?:0?x|\\x|\\u)([0-9A-Fa-f]{1,4})|(\\t)|([^\w\s]| )|())\|", re.ASCII)  # LEEF 2.0
_BARRED = re.compile(r"[\w.-]{1,64}=[^|]*\|[\w.-]{1,64}=", re.ASCII)  # PAN-OS writes bars between attributes
_TABS = ("\t", "#011", "\\t")  # rsyslog writes a control character as #011


def cef_splitter(wanted: Sequence[str]) -> Callable[[str], list[str] | None]:
    """Give the engine of CEF."""
    labelled = any(name.startswith(LABEL) for name in wanted)

    def split(text: str) -> list[str] | None:
        found = read_cef(text)
        if found is None:
            return None
        if labelled:
            _add_labels(found)
        return [found.get(name, "") for name in wanted]

    return split


def read_cef(text: str) -> dict[str, str] | None:
    """Read header and extension of a CEF record; None where the header is not whole."""
    parts, at = [], 0
    for _ in range(len(CEF_HEADER) + 1):
        field = _BAR.match(text, at)
        if field is None or text[field.end() : field.end() + 1] != "|":
            break
        parts.append(_unescaped(field[0]))
        at = field.end() + 1
    if len(parts) <= len(CEF_HEADER):
        return None
    found = {name: value.strip() for name, value in zip(CEF_HEADER, parts[1:], strict=True)}
    for key, value in spaced_pairs(text[at:]).items():
        found.setdefault(key, _unescaped(value, _LINES if key in _TEXT_KEYS else _ESCAPES))
    return found


def spaced_pairs(text: str) -> dict[str, str]:
    """Read pairs whose values run on to the blank before the next key; the first of equal keys counts."""
    pairs: dict[str, str] = {}
    keys = list(_KEY.finditer(text))
    ends = [key.start() for key in keys[1:]]
    for key, end in zip(keys, [*ends, len(text)], strict=False):
        pairs.setdefault(key[1], text[key.end() : end].strip())
    return pairs


def _unescaped(text: str, escapes: Mapping[str, str] = _ESCAPES) -> str:
    """Undo CEF's escapes; a backslash before any other letter is one (a domain's, as a rule)."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda found: escapes.get(found[1], found[0]), text)


def _add_labels(found: dict[str, str]) -> None:
    for key in [key for key in found if key.endswith("Label")]:
        value = found.get(key.removesuffix("Label"))
        if value is not None:
            found.setdefault(LABEL + found[key].strip(), value)


def leef_splitter(wanted: Sequence[str]) -> Callable[[str], list[str] | None]:
    """Give the engine of LEEF."""

    def split(text: str) -> list[str] | None:
        found = read_leef(text)
        return None if found is None else [found.get(name, "") for name in wanted]

    return split


def read_leef(text: str) -> dict[str, str] | None:
    """Read header and attributes of a LEEF record; None where the header is not whole."""
    parts = text.split("|", len(LEEF_HEADER) + 1)
    if len(parts) < len(LEEF_HEADER) + 2:
        return None
    found = {name: value.strip() for name, value in zip(LEEF_HEADER, parts[1:], strict=False)}
    rest, delimiter = parts[-1], "\t"
    if declared := _DECLARED.match(rest):
        rest = rest[declared.end() :]
        delimiter = chr(int(declared[1], 16)) if declared[1] else (declared[3] or "\t")
    for key, value in _attributes(rest, delimiter).items():
        found.setdefault(key, value)
    return found


def _attributes(text: str, delimiter: str) -> dict[str, str]:
    """Read the attributes between delimiters; where there are none of those, an export replaced them by blanks."""
    marks = _TABS if delimiter in "\t " else (delimiter, *_TABS)
    mark = next((mark for mark in marks if mark in text), "|" if _BARRED.match(text) else None)
    if mark is None:
        return spaced_pairs(text)
    pairs: dict[str, str] = {}
    for part in text.split(mark):
        key, equals, value = part.partition("=")
        if equals:
            pairs.setdefault(key.strip(), value.strip())
    return pairs
