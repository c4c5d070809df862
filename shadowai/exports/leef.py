"""Records in IBM's Log Event Extended Format 2.0 (QRadar DSM guide, "LEEF event components").

LEEF knows no escapes: what would end a field or an attribute becomes a blank. The attributes are parted by tabs, which
2.0 says in the header as `x09`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shadowai.exports.pairs import NUMBERS, OWN, TEN_POINTS, pairs

if TYPE_CHECKING:
    from shadowai.exports.record import Record

_STANDARD = (  # keys of "Predefined LEEF event attributes"
    ("cat", "event.dataset"),
    ("src", "source.ip"),
    ("srcPort", "source.port"),
    ("dst", "destination.ip"),
    ("dstPort", "destination.port"),
    ("usrName", "user.name"),
    ("srcBytes", "source.bytes"),
    ("dstBytes", "destination.bytes"),
    ("url", "url.domain"),
)
_EXTRA = (("findingId", "event.id"), ("msg", "message"), ("reason", "event.reason"), ("filePath", "log.file.path"))
_BREAK = re.compile(r"[\t\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
_BAR = re.compile(r"[|\t\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")


def leef_line(record: Record) -> str:
    """Write a record as one line without its end."""
    version = record.fields.get("observer", {}).get("version", "")
    header = (_BAR.sub(" ", part) for part in ("shadowai", "shadowai", version, record.fields["event"]["dataset"]))
    return f"LEEF:2.0|{'|'.join(header)}|x09|{_attributes(record)}"


def _attributes(record: Record) -> str:
    # Without devTimeFormat, QRadar reads a number as milliseconds since 1970.
    found = [("devTime", str(record.time)), ("sev", str(TEN_POINTS[record.severity]))]
    found += [*pairs(record, _STANDARD), ("name", record.title), *pairs(record, (*_EXTRA, *OWN, *NUMBERS))]
    return "\t".join(f"{_key(key)}={_BREAK.sub(' ', one)}" for key, one in found)


def _key(key: str) -> str:
    return key[0].lower() + key[1:]
