r"""Records in ArcSight's Common Event Format (OpenText, "Implementing ArcSight Common Event Format", version 0 of CEF).

A header between bars, in which `\` and `|` are escaped, then `key=value`, in which `\`, `=` and line breaks are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shadowai.exports.pairs import NUMBERS, OWN, TEN_POINTS, pairs

if TYPE_CHECKING:
    from shadowai.exports.record import Record

_STANDARD = (
    ("externalId", "event.id"),
    ("cat", "event.dataset"),
    ("msg", "message"),
    ("reason", "event.reason"),
    ("act", "event.action"),
    ("src", "source.ip"),
    ("spt", "source.port"),
    ("dst", "destination.ip"),
    ("dpt", "destination.port"),
    ("suser", "user.name"),
    ("shost", "host.name"),
    ("dhost", "url.domain"),
    ("request", "url.path"),
    ("requestMethod", "http.request.method"),
    ("requestClientApplication", "user_agent.original"),
    ("out", "source.bytes"),
    ("in", "destination.bytes"),
    ("cnt", "shadowai.blind_spot.count"),
    ("filePath", "log.file.path"),
)
_LIMITS = {"msg": 1023, "reason": 1023, "request": 1023, "requestClientApplication": 1023, "filePath": 1023}
_LIMITS |= {"dhost": 255, "shost": 255, "suser": 1023, "externalId": 40, "requestMethod": 1023}
_CUSTOM = 4000  # characters of a custom string
_HEADER = re.compile(r"[\\|]")
_VALUE = re.compile(r"[\\=]")


def cef_line(record: Record) -> str:
    """Write a record as one line without its end."""
    version = record.fields.get("observer", {}).get("version", "")
    head = (record.fields["event"]["dataset"], record.title[:512], str(TEN_POINTS[record.severity]))
    header = "|".join(_escaped(part) for part in ("shadowai", "shadowai", version, *head))
    return f"CEF:0|{header}|{_extension(record)}"


def _extension(record: Record) -> str:
    found = [("rt", str(record.time)), *pairs(record, _STANDARD)]
    for at, (label, one) in enumerate(pairs(record, OWN), start=1):
        found += [(f"cs{at}Label", label), (f"cs{at}", one[:_CUSTOM])]
    for at, (label, one) in enumerate(pairs(record, NUMBERS), start=1):
        found += [(f"cn{at}Label", label), (f"cn{at}", one)]
    return " ".join(f"{key}={_value(one[: _LIMITS.get(key, _CUSTOM)])}" for key, one in found)


def _escaped(text: str) -> str:
    return _HEADER.sub(r"\\\g<0>", " ".join(text.splitlines()))


def _value(text: str) -> str:
    return _VALUE.sub(r"\\\g<0>", text).replace("\r", "\\r").replace("\n", "\\n").strip()
