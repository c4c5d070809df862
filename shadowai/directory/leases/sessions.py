"""Sessions of a VPN, of 802.1X or of RADIUS accounting as CSV, in one of two sets of columns.

    time,event,user,address,device,session      event: start, interim or stop
    start,end,user,address,device               end empty where it is not known

`device` (a host name or a MAC address) and `session` may be left out; so may `user` where there is a device. Times are
ISO 8601, or seconds or milliseconds since the epoch; those without a zone are in that of the settings.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from shadowai.directory.leases.records import OPEN, Proof, Sign

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from shadowai.directory.leases.records import Lessee
    from shadowai.directory.leases.sheet import Sheet

NAME = "session CSV"

_EVENTS = frozenset({"time", "event", "address"})
_SPANS = frozenset({"start", "end", "address"})
_NAMES = frozenset({"user", "device"})
_SIGNS = {"start": Sign.FRESH, "interim": Sign.HELD, "interim-update": Sign.HELD, "stop": Sign.LEFT}
_DELIMITERS = ",;\t"


def recognises(head: list[str]) -> bool:
    """Say whether the first line that is not blank names the columns."""
    line = next((line for line in head if line.strip()), "")
    return _is_header(_cells(line, _delimiter(line)))


def _is_header(names: list[str]) -> bool:
    return bool(_NAMES & set(names)) and any(wanted.issubset(names) for wanted in (_EVENTS, _SPANS))


def read(lines: Iterable[tuple[int, str]], sheet: Sheet) -> None:
    """Read the rows of a file."""
    stream = ((number, line) for number, line in lines if line.strip())
    _, header = next(stream, (0, ""))
    delimiter = _delimiter(header)
    names = _cells(header, delimiter)
    add = _add_event if set(names) >= _EVENTS else _add_span
    for number, cells in _rows(stream, delimiter):
        row = {name: cell.strip() for name, cell in zip(names, cells, strict=False)}
        lessee = sheet.lessee(row.get("user", ""), row.get("device", ""))
        address = sheet.address(row["address"]) if "address" in row else None
        if address is None or lessee is None:
            sheet.bad(number, "row without an address, or with neither user nor device")
        elif not add(row, address, lessee, sheet):
            sheet.bad(number, "row whose time or event cannot be read")


def _rows(stream: Iterator[tuple[int, str]], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Split one line a record: a quoted line break would let one stray quotation mark swallow the file."""
    for number, line in stream:
        if '"' in line:
            yield number, next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
        else:
            yield number, line.split(delimiter)


def _cells(header: str, delimiter: str) -> list[str]:
    return [cell.strip().strip('"').lower() for cell in header.split(delimiter)]


def _delimiter(header: str) -> str:
    return max(_DELIMITERS, key=header.count)


def _add_event(row: Mapping[str, str], address: str, lessee: Lessee, sheet: Sheet) -> bool:
    sign, moment = _SIGNS.get(row.get("event", "").lower()), sheet.moment(row.get("time", ""))
    if sign is None or moment is None:
        return False
    sign = Sign.HELD if sign is Sign.FRESH and not moment.sure else sign
    sheet.records.add(address, lessee, Proof(sign, moment.time, OPEN), row.get("session", ""))
    return True


def _add_span(row: Mapping[str, str], address: str, lessee: Lessee, sheet: Sheet) -> bool:
    start, text = sheet.moment(row.get("start", "")), row.get("end", "")
    end = sheet.moment(text) if text else None
    if start is None or (end is None and text) or (end is not None and end.time < start.time):
        return False
    # The two times together name the session, so that another row of the same user does not end it.
    session = f"{start.time}-{end.time if end else ''}"
    begun = Proof(Sign.FRESH if start.sure else Sign.HELD, start.time, OPEN)
    sheet.records.add(address, lessee, begun, session)
    if end is not None:
        sheet.records.add(address, lessee, Proof(Sign.LEFT, end.time), session)
    return True
