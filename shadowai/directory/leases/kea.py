"""Kea's memfile lease files, `kea-leases4.csv` and `kea-leases6.csv` (Kea Administrator Reference Manual, "Memfile").

A journal too: `expire` less `valid_lifetime` is when the client last got or renewed the lease. Kea escapes commas
inside values (`&#x2c`), so every comma parts two cells. A deleted lease is written with a lifetime of 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shadowai.directory.identity import normalise_mac
from shadowai.directory.leases.records import FOREVER, Proof, Sign
from shadowai.directory.leases.sheet import MAX_TIME, client_device, hex_bytes
from shadowai.model import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shadowai.directory.leases.sheet import Sheet

NAME = "Kea lease file"

_DECLINED = "1"  # state of an address that a client found in use by somebody else
_PREFIX = "2"  # lease_type of a delegated prefix
_INFINITE = 0xFFFFFFFF
_NEEDED = ("address", "valid_lifetime", "expire")
_READ = (*_NEEDED, "hwaddr", "client_id", "duid", "hostname", "state", "lease_type")
_MAX_DIGITS = 10


def recognises(head: list[str]) -> bool:
    """Say whether a line is the header of a lease file."""
    return any(_is_header(line) for line in head)


def _is_header(line: str) -> bool:
    return line.startswith("address,") and set(_NEEDED) <= set(line.strip().split(","))


def read(lines: Iterable[tuple[int, str]], sheet: Sheet) -> None:
    """Read the rows of a lease file."""
    columns: dict[str, int] = {}
    for number, line in lines:
        if _is_header(line):  # also between rows, where files were put together
            columns = {name: at for at, name in enumerate(line.strip().split(",")) if name in _READ}
        elif columns and line.strip():
            cells = line.split(",")
            row = dict.fromkeys(_READ, "") | {
                name: cells[at].strip() for name, at in columns.items() if at < len(cells)
            }
            if reason := _add(row, sheet):
                sheet.bad(number, reason)


def _add(row: Mapping[str, str], sheet: Sheet) -> str | None:
    address, expire, lifetime = sheet.address(row["address"]), row["expire"], row["valid_lifetime"]
    if not _is_number(expire) or not _is_number(lifetime) or address is None:
        return "row without address, expiry or lifetime"
    ends, begins = int(expire), int(expire) - int(lifetime)
    if row["lease_type"] == _PREFIX:
        return None
    if not 0 < begins < MAX_TIME or (ends >= MAX_TIME and int(lifetime) != _INFINITE):
        return "row whose lease begins before 1970 or ends after 2106"
    if row["state"] == _DECLINED:
        sheet.add(address, None, Proof(Sign.OVER, begins * SECOND))
        return None
    identifier = hex_bytes(row["client_id"] or row["duid"])
    device = normalise_mac(row["hwaddr"]) or client_device(identifier)
    lessee = sheet.lessee("", device, row["hostname"].replace("&#x2c", ","))
    if begins == ends:
        sheet.add(address, lessee, Proof(Sign.OVER, ends * SECOND))
    else:
        until = FOREVER if int(lifetime) == _INFINITE else ends * SECOND
        sheet.add(address, lessee, Proof(Sign.GRANT, begins * SECOND, until))
    return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS
