"""Log lines of the samples: BIND's query log, Squid's native log, Zscaler's NSS web log as CSV."""

from __future__ import annotations

import csv
import gzip
import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from events import NANO, Event
from packets import RESOLVERS, server_address

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)

# The fields and their order follow the example in https://help.zscaler.com/zia/nss-feed-output-format-web-logs
ZSCALER_HEADER = (
    "time",
    "login",
    "proto",
    "eurl",
    "action",
    "appname",
    "appclass",
    "reqsize",
    "respsize",
    "stime",
    "ctime",
    "urlclass",
    "urlsupercat",
    "urlcat",
    "malwarecat",
    "threatname",
    "riskscore",
    "dlpeng",
    "dlpdict",
    "location",
    "dept",
    "cip",
    "sip",
    "reqmethod",
    "respcode",
    "ua",
    "ereferer",
    "ruletype",
    "rulelabel",
    "contenttype",
    "unscannabletype",
    "deviceowner",
    "devicehostname",
    "keyprotectiontype",
)


def bind_log(events: Iterable[Event], rng: random.Random) -> bytes:
    """Write BIND 9's query log, with print-time, print-severity and print-category as the manual's example has them."""
    lines = []
    for event in _in_order(events):
        moment = f"{_moment(event.time):%d-%b-%Y %H:%M:%S}.{event.time // 1_000_000 % 1000:03d}"
        client = f"@0x{rng.getrandbits(44):012x} {event.address}#{rng.randrange(49_152, 65_536)}"
        question = f"({event.host}): query: {event.host} IN A +E(0)K ({RESOLVERS['office']})"
        lines.append(f"{moment} queries: info: client {client} {question}\n")
    return "".join(lines).encode()


def squid_log(events: Iterable[Event], rng: random.Random) -> bytes:
    """Write Squid's native access log (logformat squid), compressed without a time stamp: always the same bytes."""
    lines = []
    for event in _in_order(events):
        tunnel = not event.path
        url = f"{event.host}:443" if tunnel else f"http://{event.host}{event.path}"
        status = str(event.options["status"])
        peer = "HIER_NONE/-" if "DENIED" in status else f"HIER_DIRECT/{server_address(event.host)}"
        user = event.actor.login if event.named else "-"
        request = f"{'CONNECT' if tunnel else 'GET'} {url} {user} {peer} {'-' if tunnel else 'text/html'}"
        seconds = f"{event.time // NANO}.{event.time // 1_000_000 % 1000:03d}"
        lines.append(f"{seconds} {rng.randrange(20, 90_000):6d} {event.address} {status} {event.down} {request}\n")
    return gzip.compress("".join(lines).encode(), mtime=0)


def zscaler_log(events: Iterable[Event], rng: random.Random) -> bytes:
    """Write Zscaler's web log as CSV with a header line."""
    text = io.StringIO()
    writer = csv.DictWriter(text, ZSCALER_HEADER, restval="None", quoting=csv.QUOTE_ALL, lineterminator="\n")
    text.write(",".join(ZSCALER_HEADER) + "\n")
    for event in _in_order(events):
        writer.writerow(
            {
                "time": f"{_moment(event.time):%a %b %d %H:%M:%S %Y}",
                "login": event.actor.login,
                "proto": "HTTPS",
                "eurl": event.host + event.path,
                "action": "Blocked" if event.denied else "Allowed",
                "appname": "General Browsing",
                "appclass": "General Browsing",
                "reqsize": event.up,
                "respsize": event.down,
                "stime": rng.randrange(10, 900),
                "ctime": rng.randrange(10, 900),
                "riskscore": 0,
                "location": "Harbour HQ",
                "dept": "Default Department",
                "cip": event.address,
                "sip": server_address(event.host),
                "reqmethod": "GET" if event.denied else "POST",
                "respcode": 403 if event.denied else 200,
                "ua": _AGENT,
                "ruletype": "UrlCat" if event.denied else "NA",
                "rulelabel": "Blocked sites" if event.denied else "NA",
                "contenttype": "Other",
                "deviceowner": "NA",
                "devicehostname": event.actor.device or "NA",
                "keyprotectiontype": "N/A",
            }
        )
    return text.getvalue().encode()


def _in_order(events: Iterable[Event]) -> list[Event]:
    return sorted(events, key=lambda event: event.time)


def _moment(time: int) -> datetime:
    return _EPOCH + timedelta(seconds=time // NANO)
