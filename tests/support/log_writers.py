"""Writers of the syntaxes of log records: for each, the text of random values, by its own rules of quoting."""

import csv
import io
import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from shadowai.logs.schema import Delimited, Json, Pairs

_DELIMITERS = {"comma": ",", "tab": "\t", "blank": " "}
_SEPARATORS = {"auto": " ", "blank": " ", "comma": ",", "tab": "\t", "semicolon": "; ", "pipe": "|"}
PLAIN = "abcXYZ019./:?&=%@_-éü"


def values_of(syntax: Delimited | Pairs | Json) -> st.SearchStrategy[str]:
    """Give texts that the syntax can carry."""
    if isinstance(syntax, Json):
        return st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=12)
    if isinstance(syntax, Pairs):
        separator = syntax.separator
        extra = {"tab": "", "spaced": "(),;"}.get(separator, ' ,;|()"')
        texts = st.text(PLAIN.replace("=", "") + extra, min_size=1, max_size=12)
        return texts.filter(lambda text: text == text.strip() and text[0] != '"')
    if syntax.delimiter == "blank" and not syntax.quotes:
        return st.text(PLAIN, min_size=1, max_size=12)
    if not syntax.quotes or syntax.delimiter == "tab":
        return st.text(PLAIN + "\\|;", max_size=12)
    return st.text(PLAIN + ' ,;|"', min_size=1, max_size=12).filter(lambda text: text == text.strip())


def write_delimited(syntax: Delimited, delimiter: str, values: list[str]) -> str:
    """Write a row; values are quoted by RFC 4180 where the format has quotes."""
    if not syntax.quotes:
        return delimiter.join(values)
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="").writerow(values)
    return out.getvalue()


def write_pairs(syntax: Pairs, values: Mapping[str, str]) -> str:
    """Write pairs; values with marks in them are quoted, quotes inside escaped by a backslash."""
    if syntax.separator in {"tab", "spaced"}:
        return ("\t" if syntax.separator == "tab" else " ").join(f"{key}={value}" for key, value in values.items())
    sign = ":" if syntax.equals == "colon" else "="
    quoted = (f'{key}{sign}"{value.replace(chr(34), chr(92) + chr(34))}"' for key, value in values.items())
    return _SEPARATORS[syntax.separator].join(quoted)


def write_json(values: Mapping[str, str]) -> tuple[str, set[str]]:
    """Write an object in which every path leads to its value; give the paths that had room in it too."""
    document: dict[str, Any] = {}
    placed = {path for path, value in values.items() if _place(document, path.split("."), value)}
    return json.dumps(document, ensure_ascii=False), placed


def _place(place: Any, steps: list[str], value: str) -> bool:
    for step, following in pairwise(steps):
        place = _below(place, step, [] if following == "0" else {})
        if place is None or isinstance(place, list) != (following == "0"):
            return False
    if isinstance(place, list):
        place.append(value)
        return len(place) == 1
    if steps[-1] in place:
        return False
    place[steps[-1]] = value
    return True


def _below(place: Any, step: str, fresh: Any) -> Any:
    """Give the container one step down, made afresh where there is none; None where something else is there."""
    if isinstance(place, list):
        if not place:
            place.append(fresh)
        below = place[0]
    else:
        below = place.setdefault(step, fresh)
    return below if isinstance(below, (dict, list)) else None


def delimiter_of(syntax: Delimited) -> str:
    """Give the delimiter to write with, where the file would tell it."""
    return _DELIMITERS.get(syntax.delimiter, "\t" if syntax.header in {"zeek", "w3c"} else ",")
