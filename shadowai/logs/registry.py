"""The formats that are shipped, and the one a user describes by a column map."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from shadowai import __version__
from shadowai import cache as user_cache
from shadowai.errors import UsageError
from shadowai.logs.schema import CHECKED, Format

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_KIND = "formats"
CUSTOM_FIELDS = {
    "time": None,
    "date": None,
    "source_ip": "source_ip",
    "user": "user",
    "device": "device",
    "host": "host",
    "url": "url",
    "path": "path",
    "destination_ip": "destination_ip",
    "bytes_up": "bytes_up",
    "bytes_down": "bytes_down",
    "action": None,
    "user_agent": "user_agent",
    "method": "method",
    "tenant": "tenant",
}
CUSTOM_TIMES = [
    "iso",
    "epoch",
    "%Y/%m/%d %H:%M:%S",
    "%d/%b/%Y:%H:%M:%S %z",
    "%d/%b/%Y %H:%M:%S",
    "%d-%b-%Y %H:%M:%S",
    "%d %b %Y %H:%M:%S",
    "%b %d %Y %H:%M:%S",
    "%a, %d %b %Y %H:%M:%S %z",
    "%a %b %d %H:%M:%S %Y",
    "%x %H:%M:%S",
    "%x %I:%M:%S %p",
    "%x, %I:%M:%S %p",
    "%Y-%m-%d %H:%M",  # spreadsheets leave the seconds away
    "%x %H:%M",
    "%x %I:%M %p",
]  # in which 05/06/2021 is read as the setting date_order says, and refused without it
DENIED = (
    r"(?:tcp_)?(?:den(?:y|ied)|block(?:ed)?|drop(?:ped)?|reject(?:ed)?|reset.*|forbid(?:den)?|refused?)(?:[ _/-].*)?"
)
ALLOWED = (
    r"(?:tcp_)?(?:allow(?:ed)?|accept(?:ed)?|permit(?:ted)?|pass(?:ed|through)?|ok|hit.*|miss.*|tunnel.*|observed)"
    r"(?:[ _/-].*)?"
)


@cache
def load_formats() -> Mapping[str, Format]:
    """Give every shipped format by its id, in order of priority.

    The definitions are kept in the user's cache once they have been checked (`shadowai.cache`), under the digest of all
    files and of the code that checks them: 0.02 s instead of 0.12 s for 200 formats. Raises ValueError, naming the
    format, for a definition that breaks the schema (unknown keys included).
    """
    places = (entry for entry in files("shadowai.logs").joinpath("formats").iterdir() if entry.name.endswith(".yaml"))
    contents = [entry.read_bytes() for entry in sorted(places, key=lambda entry: entry.name)]
    key = user_cache.key_of(_code(), *contents)
    formats = _kept(key)
    if formats is None:
        definitions = _definitions(contents)
        formats = [_validated(definition) for definition in definitions]
        user_cache.store(_KIND, key, json.dumps(definitions).encode())
    return MappingProxyType({fmt.id: fmt for fmt in sorted(formats, key=lambda fmt: (fmt.priority, fmt.id))})


def _kept(key: str) -> list[Format] | None:
    """Give the formats that were checked before, None where they cannot be had."""
    stored = user_cache.load(_KIND, key)
    if stored is not None:
        with suppress(ValueError):  # whole, and yet not ours: made anew
            return [Format.model_validate(definition, context=CHECKED) for definition in json.loads(stored)]
    return None


def _code() -> bytes:
    """Fingerprint the code that checks definitions: in a checkout it changes without the version."""
    digest = hashlib.sha256(__version__.encode())
    for module in ("cef", "registry", "schema", "times"):
        with suppress(OSError):  # installed without sources, where the version says enough
            digest.update(Path(__file__).with_name(f"{module}.py").read_bytes())
    return digest.digest()


def _definitions(contents: Sequence[bytes]) -> list[dict[str, Any]]:
    import yaml  # noqa: PLC0415  # not needed where the definitions are kept

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    raw = {}
    for content in contents:
        definition = yaml.load(content, Loader=loader)  # noqa: S506  # a safe loader, in C where there is one
        raw[definition["id"]] = definition
    return [_whole(definition, raw) for definition in raw.values()]


def _validated(definition: dict[str, Any]) -> Format:
    try:
        return Format.model_validate(definition)
    except ValidationError as error:
        message = f"format {definition.get('id')}: {error}"
        raise ValueError(message) from error


def _whole(definition: dict[str, Any], raw: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Lay a definition over the one it extends; its keys replace whole keys of that one."""
    base = definition.get("extends")
    own = {key: value for key, value in definition.items() if key != "extends"}
    return own if base is None else {**raw[base], **own}


def custom_csv(
    columns: Mapping[str, str],
    *,
    name: str = "csv",
    delimiter: str | None = None,
    time_format: str | None = None,
) -> Format:
    """Describe a CSV file with a header by the user's column map {our field: header name}.

    Fields are those of `CUSTOM_FIELDS`. Times are in `time_format` (strptime) or, without one, in any of
    `CUSTOM_TIMES`; where `date` names a column of its own, `time` is the other. Verdicts are read from the usual words.
    `delimiter` is `,`, a tab, or None for the most frequent one of the header. Raises UsageError for unknown fields, or
    where the map names neither host nor url.
    """
    unknown = sorted(set(columns) - set(CUSTOM_FIELDS))
    if unknown:
        message = f"unknown fields in the column map: {', '.join(unknown)}; known: {', '.join(CUSTOM_FIELDS)}"
        raise UsageError(message)
    if not {"host", "url"} & set(columns):
        message = "the column map needs a column for host or url"
        raise UsageError(message)
    if "date" in columns and "time" not in columns:
        message = "the column map names a column for the date and none for the time; one that holds both is time"
        raise UsageError(message)
    delimiters = {None: "auto", ",": "comma", "\t": "tab", " ": "blank", ";": "auto", "|": "auto"}
    if delimiter not in delimiters:
        message = f"unknown delimiter {delimiter!r}: give a comma, semicolon, bar, tab or blank"
        raise UsageError(message)
    definition = _custom_definition(columns, delimiters[delimiter], time_format) | {"id": name}
    try:
        return Format.model_validate(definition)
    except ValueError as error:
        message = f"the column map cannot be used: {error}"
        raise UsageError(message) from error


def _custom_definition(columns: Mapping[str, str], delimiter: str, time_format: str | None) -> dict[str, Any]:
    definition: dict[str, Any] = {
        "vendor": "Generic",
        "product": "CSV with a column map",
        "kind": "proxy",
        "evidence": "proxy",
        "document": "https://www.rfc-editor.org/rfc/rfc4180",
        "syntax": {"engine": "delimited", "delimiter": delimiter, "header": "line", "exact": True},
        "map": {field: columns[field] for field, mapped in CUSTOM_FIELDS.items() if mapped and field in columns},
        "strict": True,
    }
    if "time" in columns:
        formats = [time_format] if time_format else CUSTOM_TIMES
        together = [columns["date"], columns["time"]] if "date" in columns else columns["time"]
        definition["time"] = [{"columns": together, "as": formats}]
    if "action" in columns:
        column = columns["action"]
        definition["verdicts"] = [
            {"when": {column: DENIED}, "then": "denied"},
            {"when": {column: ALLOWED}, "then": "allowed"},
        ]
    return definition
