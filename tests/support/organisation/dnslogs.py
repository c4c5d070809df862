"""DNS logs of the made-up organisation: BIND's query log, dnsmasq's log, the debug log of Windows's DNS server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.organisation.clock import MILLI, moment
from support.organisation.weblogs import server_of

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

    from support.organisation.records import Record


def bind(records: Iterable[Record], rng: random.Random) -> bytes:
    """Write BIND 9's query log with print-time, print-severity and print-category; some names' letters are mixed."""
    lines = []
    for one in records:
        name = "".join(rng.choice((char, char.upper())) for char in one.host) if rng.random() < 1 / 4 else one.host
        when = f"{moment(one.time):%d-%b-%Y %H:%M:%S}.{one.time // MILLI % 1000:03d}"
        client = f"@0x{rng.getrandbits(44):012x} {one.address}#{rng.randrange(49_152, 65_536)}"
        lines.append(f"{when} queries: info: client {client} ({name}): query: {name} IN A +E(0)K (10.10.0.53)\n")
    return "".join(lines).encode()


def dnsmasq(records: Iterable[Record], rng: random.Random) -> bytes:
    """Write dnsmasq's log with log-queries: the question, what became of it, the answer. Its times name no year."""
    lines = []
    for one in records:
        head = f"{moment(one.time):%b %e %H:%M:%S} dnsmasq[812]:"
        lines.append(f"{head} query[A] {one.host} from {one.address}\n")
        if rng.random() < 1 / 2:
            lines.append(f"{head} forwarded {one.host} to 10.20.0.53\n")
            lines.append(f"{head} reply {one.host} is {server_of(one.host)}\n")
    return "".join(lines).encode()


_WINDOWS_HEAD = """DNS Server log file creation at {start}
Log file wrap at {start}

Message logging key (for packets - other items use a subset of these fields):
\tField #  Information         Values
\t-------  -----------         ------
\t   1     Date
\t   2     Time

"""


def windows(records: Iterable[Record], rng: random.Random) -> bytes:
    """Write the debug log of Windows's DNS server: questions received and answers sent, names with label lengths."""
    lines = []
    for one in records:
        when = moment(one.time)
        clock = f"{when.month}/{when.day}/{when.year} {when.hour % 12 or 12}:{when:%M:%S} {when:%p}"
        labels = "".join(f"({len(label)}){label}" for label in one.host.split("."))
        number = f"{rng.getrandbits(16):04x}"
        head = f"{clock} 0E70 PACKET  00000000028657D0 UDP"
        lines.append(f"{head} Rcv {one.address:<15} {number}   Q [0001   D   NOERROR] A      {labels}(0)\n")
        lines.append(f"{head} Snd {one.address:<15} {number} R Q [8081   DR  NOERROR] A      {labels}(0)\n")
    return (_WINDOWS_HEAD.format(start="11/16/2026 12:00:00 AM") + "".join(lines)).encode()
