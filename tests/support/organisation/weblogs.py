"""Proxy logs of the made-up organisation: Squid's native log, Zscaler's web log as CSV, W3C extended log."""

from __future__ import annotations

import csv
import io
import zlib
from typing import TYPE_CHECKING

from support.organisation.clock import MILLI, SECOND, moment

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

    from support.organisation.records import Record

_CHALLENGED, _ODD_SPELLING = 0.1, 0.2  # shares of the records


def server_of(host: str) -> str:
    """Give a host's address, always the same one: of a documentation range (RFC 5737)."""
    number = zlib.crc32(host.encode())
    return f"{('192.0.2', '198.51.100', '203.0.113')[number % 3]}.{number // 3 % 254 + 1}"


def odd_spelling(host: str, rng: random.Random) -> str:
    """Write a host with capitals, or with the dot of the root, now and then."""
    if rng.random() > _ODD_SPELLING:
        return host
    return rng.choice((host.upper(), host.title(), f"{host}."))


def odd_user(user: str, rng: random.Random) -> str:
    """Write a user in capitals now and then, or with the backslash escaped, as newer versions of Squid do."""
    if rng.random() > _ODD_SPELLING:
        return user
    return rng.choice((user.upper(), user.replace("\\", "%5C")))


def squid(records: Iterable[Record], rng: random.Random) -> bytes:
    """Write Squid's native access log (logformat squid); where it asks for a password first, that is no contact."""
    lines = []
    for one in records:
        host = odd_spelling(one.host, rng)
        url = f"{host}:443" if one.path is None else f"https://{host}{one.path}"
        method = "CONNECT" if one.path is None else "POST"
        seconds = f"{one.time // SECOND}.{one.time // MILLI % 1000:03d}"
        if one.user and rng.random() < _CHALLENGED:
            lines.append(f"{seconds} {3:6d} {one.address} TCP_DENIED/407 4100 {method} {url} - HIER_NONE/- text/html\n")
        status = "TCP_DENIED/403" if one.denied else "TCP_TUNNEL/200" if one.path is None else "TCP_MISS/200"
        peer = "HIER_NONE/-" if one.denied else f"HIER_DIRECT/{server_of(one.host)}"
        who = odd_user(one.user, rng) if one.user else rng.choice(("-", "-", "anonymous"))
        spent = rng.randrange(20, 9_000)
        lines.append(f"{seconds} {spent:6d} {one.address} {status} {one.down} {method} {url} {who} {peer} -\n")
    return "".join(lines).encode()


# The fields of https://help.zscaler.com/zia/nss-feed-output-format-web-logs that tell something here.
_ZSCALER_TEXT = (
    "time login proto eurl action appname appclass reqsize respsize stime ctime urlclass urlsupercat urlcat malwarecat "
    "threatname riskscore dlpeng dlpdict location dept cip sip reqmethod respcode ua ereferer ruletype rulelabel "
    "contenttype unscannabletype deviceowner devicehostname keyprotectiontype"
)
_ZSCALER = _ZSCALER_TEXT.split()


def zscaler(records: Iterable[Record], rng: random.Random) -> bytes:
    """Write Zscaler's web log as CSV with a header line."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _ZSCALER, restval="None", quoting=csv.QUOTE_ALL, lineterminator="\n")
    text.write(",".join(_ZSCALER) + "\n")
    for one in records:
        writer.writerow(
            {
                "time": f"{moment(one.time):%a %b %d %H:%M:%S %Y}",
                "login": one.user or "None",
                "proto": "HTTPS",
                "eurl": odd_spelling(one.host, rng) + (one.path or ""),
                "action": "Blocked" if one.denied else "Allowed",
                "reqsize": one.up,
                "respsize": one.down,
                "riskscore": 0,
                "location": "Branch",
                "cip": one.address,
                "sip": server_of(one.host),
                "reqmethod": "POST",
                "respcode": 403 if one.denied else 200,
                "ua": _agent(one),
                "devicehostname": one.device or "NA",
            }
        )
    return text.getvalue().encode()


_W3C = (
    "date time c-ip cs-username cs-method cs-uri-scheme cs-host cs-uri-port cs-uri-path sc-status s-action "
    "sc-filter-result cs-bytes sc-bytes cs(User-Agent)"
)


def w3c(records: Iterable[Record], rng: random.Random) -> bytes:
    """Write a W3C extended log (https://www.w3.org/TR/WD-logfile) as ProxySG does; it knows no user."""
    lines = ["#Software: SGOS 7.3.1.1\n", "#Version: 1.0\n", f"#Fields: {_W3C}\n"]
    for one in records:
        when = f"{moment(one.time):%Y-%m-%d %H:%M:%S}"
        action, result, status = ("TCP_DENIED", "DENIED", 403) if one.denied else ("TCP_MISS", "OBSERVED", 200)
        request = f"POST https {odd_spelling(one.host, rng)} 443 {one.path or '/'}"
        agent = f'"{_agent(one)}"'
        lines.append(f"{when} {one.address} - {request} {status} {action} {result} {one.up} {one.down} {agent}\n")
    return "".join(lines).encode()


def _agent(record: Record) -> str:
    return record.request.agent if record.request else "Mozilla/5.0"
