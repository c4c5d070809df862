"""The audit log of Microsoft's DHCP server (`DhcpSrvLog-Mon.log`; Microsoft Learn, "Analyze DHCP server log files").

A text header explains the event ids; then a line of column names, then events in the server's local time. It does not
say how long a lease lasts: one is believed for the default of eight days after its last grant or renewal, unless a
release, an expiry or somebody else's lease comes first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shadowai.directory.identity import normalise_mac
from shadowai.directory.leases.records import Proof, Sign
from shadowai.model import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shadowai.directory.leases.sheet import Moment, Sheet

NAME = "Windows DHCP audit log"

BELIEVED = 8 * 86400 * SECOND
"""How long a lease is believed after its last sign (ns), unless the user says so: the default of Windows."""

_SIGNS = {
    "10": Sign.FRESH,  # a new address was leased
    "11": Sign.HELD,  # a lease was renewed
    "12": Sign.LEFT,  # a lease was released
    "16": Sign.OVER,  # a lease was deleted
    "17": Sign.OVER,  # a lease expired, its DNS records stay
    "18": Sign.OVER,  # a lease expired, its DNS records were deleted
    "20": Sign.FRESH,  # a BOOTP address was leased
    "21": Sign.FRESH,  # a dynamic BOOTP address was leased
}
_NOBODYS = frozenset({"13", "23"})  # the address was found in use by a stranger; a BOOTP address was deleted
_HEADER = ("ID", "Date", "Time", "Description")
_ADDRESS, _ADDRESS_6, _HOST, _MAC = "IP Address", "IPv6 Address", "Host Name", "MAC Address"
_READ = ("Date", "Time", _ADDRESS, _HOST, _MAC)
_EVENT = re.compile(r"\d{2,5}", re.ASCII)
_WHEN = re.compile(r"\d\d/\d\d/\d\d \d\d:\d\d:\d\d", re.ASCII)


def recognises(head: list[str]) -> bool:
    """Say whether a line names the columns of the log."""
    return any(_is_header(line) for line in head)


def _is_header(line: str) -> bool:
    return tuple(cell.strip() for cell in line.split(",")[: len(_HEADER)]) == _HEADER


def read(lines: Iterable[tuple[int, str]], sheet: Sheet) -> None:
    """Read the events of a log; what stands before the line of column names is text."""
    columns: dict[str, int] = {}
    for number, line in lines:
        if _is_header(line):
            columns = {name.strip().rstrip("."): at for at, name in enumerate(line.split(","))}
            if _ADDRESS not in columns:
                kind = "a log of DHCPv6" if _ADDRESS_6 in columns else "a log without IP addresses"
                sheet.warn(f"is {kind}, which is not read; leases of it are not known")
                return
        elif columns and _EVENT.match(line) and "," in line and not _add(columns, line.split(","), sheet):
            sheet.bad(number, "event whose time or address cannot be read")


def _add(columns: dict[str, int], cells: list[str], sheet: Sheet) -> bool:
    event = cells[0].strip()
    sign = _SIGNS.get(event)
    if sign is None and event not in _NOBODYS:
        return True
    values = {name: cells[at].strip() for name in _READ if (at := columns.get(name, len(cells))) < len(cells)}
    address, moment = sheet.address(values.get(_ADDRESS, "")), _moment(values, sheet)
    if address is None or moment is None:
        return False
    if sign is None:
        sheet.add(address, None, Proof(Sign.OVER, moment.time))
        return True
    lessee = sheet.lessee("", normalise_mac(values.get(_MAC, "")) or "", values.get(_HOST, ""))
    if sign is Sign.FRESH and not moment.sure:
        sign = Sign.HELD  # within the hour before: whoever had the address then is in doubt too
    sheet.add(address, lessee, Proof(sign, moment.time, moment.time + sheet.lease_times.get("windows", BELIEVED)))
    return True


def _moment(values: dict[str, str], sheet: Sheet) -> Moment | None:
    text = f"{values.get('Date', '')} {values.get('Time', '')}"
    if _WHEN.fullmatch(text) is None or (minute := sheet.minute(text[:-3], "%m/%d/%y %H:%M")) is None:
        return None
    return minute._replace(time=minute.time + int(text[-2:]) * SECOND)
