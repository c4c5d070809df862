"""ISC DHCP's lease database (dhcpd.leases(5) of ISC DHCP 4.4), IPv4 and IPv6.

The file is a journal: each change of a lease appends its whole new value. Times are UTC, or `epoch` seconds with
`db-time-format local`. A lease that is no longer active keeps its last lessee, and `ends` says when it was over.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from shadowai.directory.identity import normalise_mac
from shadowai.directory.leases.records import FOREVER, Proof, Sign
from shadowai.directory.leases.sheet import MAX_TIME, client_device, hex_bytes, nanoseconds, seconds_moment
from shadowai.model import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shadowai.directory.leases.sheet import Sheet

NAME = "ISC dhcpd.leases"

_LEASES = ("lease", "iaaddr")
_ASSOCIATIONS = ("ia-na", "ia-ta", "ia-pd")
_QUOTED = frozenset({"uid", "client-hostname"})
_PLAIN = frozenset({"starts", "ends", "cltt", "binding", "hardware", "max-life"})
_DATE = re.compile(r"[0-6] \d{4}/\d\d/\d\d (?:[01]\d|2[0-3]):[0-5]\d:[0-6]\d", re.ASCII)
_ESCAPE = re.compile(r"\\([0-7]{3}|.)", re.DOTALL)
_HEXADECIMAL = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2})+", re.ASCII)
_IAID = 4  # bytes before the DUID in the name of an identity association
_INFINITE = "4294967295"  # RFC 8415 section 7.7
_MAX_DIGITS = 10


def recognises(head: list[str]) -> bool:
    """Say whether the first lines are those of a lease database: a lease in it, or the comment at its top."""
    return any("dhcpd.leases(5)" in line or _block(line.strip())[0] for line in head)


def read(lines: Iterable[tuple[int, str]], sheet: Sheet) -> None:
    """Read the leases of a database."""
    begun, depth = 0, 0
    owner: dict[str, str] = {}
    values: dict[str, str] = {}
    for number, line in lines:
        text = line.strip()
        kind, name = _block(text)
        if kind:
            if depth:
                sheet.bad(begun, "lease without an end")
            owner = {"owner": name} if kind in _ASSOCIATIONS else owner if kind == "iaaddr" else {}
            begun, depth = number, int(kind in _LEASES)
            values = {"address": name, **owner}
        elif depth and text.endswith("{"):
            depth += 1
        elif depth and text == "}":
            depth -= 1
            if not depth and (reason := _add(values, sheet)):
                sheet.bad(begun, reason)
        elif depth <= 1:
            _keep(text, values if depth else owner)
    if depth:
        sheet.bad(begun, "lease without an end")


def _block(text: str) -> tuple[str, str]:
    """Give kind and name of the block that a line opens, empty where it opens none that matters."""
    if not text.endswith("{"):
        return "", ""
    word, _, rest = text.partition(" ")
    return (word, rest[:-1].strip()) if word in _LEASES or word in _ASSOCIATIONS else ("", "")


def _keep(text: str, values: dict[str, str]) -> None:
    word, _, rest = text.partition(" ")
    if word in _QUOTED:
        values[word] = rest[rest.find('"') + 1 : max(rest.rfind('"'), 0)]
    elif word in _PLAIN:
        values[word] = rest.partition(";")[0].strip()


def _add(values: Mapping[str, str], sheet: Sheet) -> str | None:
    """Add the records of one lease; give the reason where it cannot be read."""
    state = values.get("binding", "").removeprefix("state ")
    address = sheet.address(values["address"])
    if address is None:
        # The prefix of a delegation stands for a network behind a router, not for a device.
        return None if "/" in values["address"] else "lease of no address"
    starts, ends = _times(values)
    if state == "abandoned" and starts is not None:
        sheet.add(address, None, Proof(Sign.OVER, starts))
        return None
    lessee = sheet.lessee("", _device(values), _unescaped(values.get("client-hostname", "")))
    if lessee is None and state != "active":
        return None  # never leased
    if starts is None or ends is None or not 0 < starts <= ends:
        return "lease whose times cannot be read"
    sheet.add(address, lessee, Proof(Sign.GRANT, starts, ends))
    if state != "active":
        sheet.add(address, lessee, Proof(Sign.OVER, ends))
    return None


def _times(values: Mapping[str, str]) -> tuple[int | None, int | None]:
    ends = _time(values.get("ends", ""))
    life = values.get("max-life", "")
    if life == _INFINITE:
        return _time(values.get("cltt", "")), FOREVER
    if ends is not None and life.isascii() and life.isdigit() and len(life) <= _MAX_DIGITS:
        return ends - int(life) * SECOND, ends
    return _time(values.get("starts") or values.get("cltt", "")), ends


def _time(text: str) -> int | None:
    if text == "never":
        return FOREVER
    if text.startswith("epoch "):
        moment = seconds_moment(text.removeprefix("epoch "))
        return moment and moment.time
    if _DATE.fullmatch(text) is None or (day := _day(text[2:12])) is None:
        return None
    time = day + (int(text[13:15]) * 3600 + int(text[16:18]) * 60 + int(text[19:21])) * SECOND
    return time if 0 < time < MAX_TIME * SECOND else None


@lru_cache(maxsize=1 << 12)
def _day(text: str) -> int | None:
    try:
        return nanoseconds(datetime.strptime(text, "%Y/%m/%d").replace(tzinfo=UTC))
    except ValueError:
        return None


def _device(values: Mapping[str, str]) -> str:
    """Name the device: its Ethernet address, else that in its client id or DUID, else the id itself."""
    kind, _, hardware = values.get("hardware", "").partition(" ")
    if kind == "ethernet" and (mac := normalise_mac(hardware)):
        return mac
    if owner := values.get("owner", "").strip('"'):
        return client_device(_bytes(owner)[_IAID:])
    return client_device(_bytes(values.get("uid", "")))


def _bytes(text: str) -> bytes:
    """Read an identifier as `lease-id-format` wrote it: hexadecimal pairs, or text with octal escapes."""
    if _HEXADECIMAL.fullmatch(text):
        return hex_bytes(text)
    return _unescaped(text).encode("latin-1", "replace")


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 8) & 0xFF) if found[1].isdigit() else found[1], text)
