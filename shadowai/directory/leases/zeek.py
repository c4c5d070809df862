"""Zeek's dhcp.log (docs.zeek.org, "dhcp.log"), tab-separated or JSON: a line for each DHCP conversation on the wire.

Also the older log of Bro 2 (`assigned_ip`, no `msg_types`), each line of which is an acknowledgement.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from shadowai.directory.identity import normalise_mac
from shadowai.directory.leases.records import Proof, Sign
from shadowai.directory.leases.sheet import seconds_moment
from shadowai.model import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shadowai.directory.leases.sheet import Sheet

NAME = "Zeek dhcp.log"

UNTOLD = 12 * 3600 * SECOND
"""How long a lease is believed whose duration was not seen (ns), unless the user says so."""

_KNOWN = frozenset({"assigned_addr", "assigned_ip", "client_addr", "requested_addr"})
_ENDING = ("ACK", "NAK", "RELEASE", "DECLINE")
_MAX_SECONDS = 1 << 32


def recognises(head: list[str]) -> bool:
    """Say whether a line names the columns of dhcp.log, or is a record of it in JSON."""
    for line in head:
        if line.startswith("#fields\t") and "mac" in line.split("\t") and _KNOWN & set(line.split("\t")):
            return True
        if (
            line.startswith("{")
            and (record := _record(line))
            and "mac" in record
            and "ts" in record
            and _KNOWN & set(record)
        ):
            return True
    return False


def read(lines: Iterable[tuple[int, str]], sheet: Sheet) -> None:
    """Read the conversations of a log."""
    columns: list[str] = []
    for number, line in lines:
        if line.startswith("#fields\t"):
            columns = line.rstrip("\r").split("\t")[1:]
        elif line.startswith("#") or not line.strip():
            continue
        else:
            record = _record(line) if line.startswith("{") else _row(columns, line)
            if record is None or not _add(record, sheet):
                sheet.bad(number, "conversation whose time or addresses cannot be read")


def _row(columns: list[str], line: str) -> dict[str, Any] | None:
    cells = line.rstrip("\r").split("\t")
    if len(cells) != len(columns):
        return None
    return {name: cell for name, cell in zip(columns, cells, strict=True) if cell not in ("-", "(empty)")}


def _record(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _add(record: Mapping[str, Any], sheet: Sheet) -> bool:
    begun = sheet.moment(_text(record, "ts"))
    if begun is None:
        return False
    took = seconds_moment(_text(record, "duration"))
    time = begun.time + (took.time if took else 0)
    kinds = _kinds(record)
    last = next((kind for kind in reversed(kinds) if kind in _ENDING), "")
    host = _text(record, "client_fqdn") or _text(record, "host_name")
    lessee = sheet.lessee("", normalise_mac(_text(record, "mac")) or "", host)
    if last in ("RELEASE", "DECLINE"):
        held = sheet.address(_text(record, "client_addr" if last == "RELEASE" else "requested_addr"))
        if held is not None:
            sheet.add(held, lessee if last == "RELEASE" else None, Proof(Sign.LEFT, time))
        return True
    address = sheet.address(_text(record, "assigned_addr") or _text(record, "assigned_ip"))
    if last != "ACK" or address is None:
        return last != "ACK" or "assigned_addr" not in record
    lasts = seconds_moment(_text(record, "lease_time"))
    untold = sheet.lease_times.get("zeek", UNTOLD)
    until = time + (lasts.time if lasts and lasts.time < _MAX_SECONDS * SECOND else untold)
    sheet.add(address, lessee, Proof(Sign.FRESH if "DISCOVER" in kinds else Sign.GRANT, time, until))
    return True


def _kinds(record: Mapping[str, Any]) -> list[str]:
    kinds = record.get("msg_types", ["ACK"] if "assigned_ip" in record else [])
    return (
        kinds.split(",") if isinstance(kinds, str) else [str(kind) for kind in kinds] if isinstance(kinds, list) else []
    )


def _text(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    if isinstance(value, float):
        return f"{value:.6f}"
    return str(value) if isinstance(value, int) else value if isinstance(value, str) else ""
