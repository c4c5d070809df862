"""HTTP requests that were read inside an encrypted flow: what was asked, and how large the bodies were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from shadowai.captures.http import MAX_FIELD, target_path
from shadowai.captures.names import host_of_authority
from shadowai.tenant_headers import TENANT_HEADERS

if TYPE_CHECKING:
    from collections.abc import Mapping


class Ends(NamedTuple):
    """Addresses and ports of a flow, client first."""

    source_ip: str
    source_port: int
    destination_ip: str
    destination_port: int


class Seen(NamedTuple):
    """The packet that a request was read in: its number from 1, its time in ns, and whence it went where."""

    number: int
    time: int
    ends: Ends


@dataclass(slots=True)
class Exchange:
    """One request and its response: body bytes up and down, None where nothing told them."""

    seen: Seen
    host: str
    method: str
    path: str | None = None
    user_agent: str | None = None
    up: int | None = None
    down: int | None = None
    tenant: str | None = None


def exchange_of(seen: Seen, fields: Mapping[str, str]) -> Exchange | None:
    """Make an exchange of a request's fields by their names in HTTP/2 and HTTP/3 (RFC 9113 section 8.3.1).

    None where method or host is missing, as in a response or in trailers. `up` is what `content-length` announces.
    """
    method = fields.get(":method")
    authority = fields.get(":authority") or fields.get("host")
    host = host_of_authority(authority.encode("utf-8", "surrogateescape")) if authority else None
    if not method or host is None:
        return None
    target, agent = fields.get(":path"), fields.get("user-agent")
    return Exchange(
        seen,
        host,
        method[:MAX_FIELD],
        target_path(target[:MAX_FIELD]) if target else None,
        agent[:MAX_FIELD] if agent else None,
        number_or_none(fields.get("content-length")),
        tenant=next((fields[name][:MAX_FIELD] for name in TENANT_HEADERS if fields.get(name)), None),
    )


def response_bytes(status: str, method: str, told: int | None) -> int | None:
    """Give the size of a response's body by RFC 9110 section 6.4.1: none for HEAD, 204 and 304, else what is told."""
    return 0 if method == "HEAD" or status in {"204", "304"} else told


def number_or_none(text: str | None) -> int | None:
    """Read a count of bytes as a header writes it; None for anything else."""
    most = 18  # digits
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= most else None
