"""The lease file of dnsmasq (dnsmasq(8), `--dhcp-leasefile`).

Its lines are `expiry MAC address name client-id`, and for DHCPv6, after a line `duid ...`, `expiry IAID address name
client-DUID`. They tell only when a lease ends (0: never). The beginning is unknown, so a lease is believed for
`BELIEVED` before its end.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shadowai.directory.identity import normalise_mac
from shadowai.directory.leases.records import Proof, Sign
from shadowai.directory.leases.sheet import MAX_TIME, client_device, hex_bytes
from shadowai.model import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shadowai.directory.leases.sheet import Sheet

NAME = "dnsmasq leases"

BELIEVED = 12 * 3600 * SECOND
"""How long before its end a lease is believed (ns), unless the user says how long leases last.

The file forgets whoever had the address earlier.
"""

_LINE = re.compile(
    r"\d{1,10} (?:[0-9A-Fa-f]{2}-)?(?:(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}|T?\d{1,10}) \S+ \S+ \S+", re.ASCII
)
_SERVER = re.compile(r"duid [0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){2,129}", re.ASCII)
_FIELDS = 5
_NEVER = "0"


def recognises(head: list[str]) -> bool:
    """Say whether a line is a lease, or the server's own DUID."""
    return any(_LINE.fullmatch(line.strip()) or _SERVER.fullmatch(line.strip()) for line in head)


def read(lines: Iterable[tuple[int, str]], sheet: Sheet) -> None:
    """Read the leases of a file."""
    for number, line in lines:
        text = line.strip()
        if text and not text.startswith("duid ") and not _add(text.split(), sheet):
            sheet.bad(number, "line that is no lease")


def _add(fields: list[str], sheet: Sheet) -> bool:
    if len(fields) < _FIELDS:
        return False
    expiry, hardware, address_text, host, identifier = fields[:_FIELDS]
    address = sheet.address(address_text)
    if address is None or not expiry.isascii() or not expiry.isdigit() or len(expiry) > len(str(MAX_TIME)):
        return False
    # Another hardware type than Ethernet stands before the address: 06-aa:bb:..
    mac = normalise_mac(hardware) or normalise_mac(hardware.partition("-")[2])
    lessee = sheet.lessee("", mac or client_device(hex_bytes(identifier)), host)
    if expiry == _NEVER:
        sheet.add(address, lessee, Proof(Sign.GRANT, SECOND))
        return True
    ends = int(expiry) * SECOND
    begins = ends - sheet.lease_times.get("dnsmasq", BELIEVED)
    if not 0 < begins < ends < MAX_TIME * SECOND:
        return False
    sheet.add(address, lessee, Proof(Sign.GRANT, begins, ends))
    return True
