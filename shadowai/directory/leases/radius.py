"""RADIUS accounting as FreeRADIUS writes it with `rlm_detail`: a line with the local time, then a line an attribute.

RFC 2866 (`Acct-Status-Type`, `Acct-Session-Id`, `Acct-Session-Time`, `Acct-Delay-Time`), RFC 2869 (`Event-Timestamp`,
interim updates), RFC 6911 (`Framed-IPv6-Address`). The time of a record is `Timestamp` (seconds since the epoch, when
the server received it) less the delay; where that is missing, the line above the attributes, read in the zone of the
settings.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from shadowai.directory.identity import normalise_mac
from shadowai.directory.leases.records import OPEN, Proof, Sign
from shadowai.directory.leases.sheet import Moment, seconds_moment
from shadowai.model import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shadowai.directory.leases.sheet import Sheet

NAME = "RADIUS detail file"

_SIGNS = {"Start": Sign.FRESH, "Interim-Update": Sign.HELD, "Alive": Sign.HELD, "Stop": Sign.LEFT}
_ADDRESSES = ("Framed-IP-Address", "Framed-IPv6-Address")
_WANTED = frozenset(
    {
        *_ADDRESSES,
        "Acct-Status-Type",
        "User-Name",
        "Calling-Station-Id",
        "Acct-Session-Id",
        "Acct-Session-Time",
        "Acct-Delay-Time",
        "Timestamp",
    }
)
_HEADING = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})", re.ASCII)
_FORM = "%b %d %H:%M:%S %Y"
_SECONDS = re.compile(r"\d{1,9}", re.ASCII)


def recognises(head: list[str]) -> bool:
    """Say whether there is a line with a time and an accounting record below it."""
    return any(map(_HEADING.fullmatch, map(str.rstrip, head))) and any("Acct-Status-Type = " in line for line in head)


def read(lines: Iterable[tuple[int, str]], sheet: Sheet) -> None:
    """Read the records of a file."""
    begun = 0
    values: dict[str, str] = {}
    for number, line in lines:
        if heading := _HEADING.fullmatch(line.rstrip()):
            _finish(begun, values, sheet)
            begun, values = number, {"heading": heading[1]}
        else:
            name, equals, value = line.strip().partition(" = ")
            if equals and name in _WANTED:
                values[name] = _plain(value)
    _finish(begun, values, sheet)


def _finish(begun: int, values: Mapping[str, str], sheet: Sheet) -> None:
    if begun and not _add(values, sheet):
        sheet.bad(begun, "record whose time, user or address cannot be read")


def _add(values: Mapping[str, str], sheet: Sheet) -> bool:
    sign = _SIGNS.get(values.get("Acct-Status-Type", ""))
    written = [values[name] for name in _ADDRESSES if name in values]
    if sign is None or not written:
        return True  # the server's own start and stop, or a session that has no address yet
    moment, station = _moment(values, sheet), values.get("Calling-Station-Id", "")
    # Of a VPN it is the address or telephone number from which the user calls, not a device of ours.
    lessee = sheet.lessee(values.get("User-Name", ""), normalise_mac(station) or "")
    addresses = [address for text in written if (address := sheet.address(text)) is not None]
    if moment is None or lessee is None or not addresses:
        return False
    session = values.get("Acct-Session-Id", "")
    lasted = _SECONDS.fullmatch(values.get("Acct-Session-Time", ""))
    for address in addresses:
        if sign is Sign.LEFT and lasted and int(lasted[0]) * SECOND < moment.time:
            sheet.records.add(address, lessee, Proof(Sign.GRANT, moment.time - int(lasted[0]) * SECOND, OPEN), session)
        doubtful = sign is Sign.FRESH and not moment.sure
        proof = Proof(Sign.HELD if doubtful else sign, moment.time, OPEN)
        sheet.records.add(address, lessee, proof, session)
    return True


def _moment(values: Mapping[str, str], sheet: Sheet) -> Moment | None:
    moment = seconds_moment(values.get("Timestamp", "")) or _heading(values["heading"], sheet)
    delay = _SECONDS.fullmatch(values.get("Acct-Delay-Time", ""))
    if moment is None or delay is None or int(delay[0]) * SECOND >= moment.time:
        return moment
    return moment._replace(time=moment.time - int(delay[0]) * SECOND)


def _heading(text: str, sheet: Sheet) -> Moment | None:
    try:
        return sheet.local(datetime.strptime(text, _FORM))  # noqa: DTZ007  # the zone is that of the settings
    except (ValueError, OverflowError):
        return None


def _plain(value: str) -> str:
    """Take off quotation marks and the backslashes before what they protect."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value
