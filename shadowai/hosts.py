"""Host names and URLs as logs write them, brought to one form.

Every reader normalises through this module, so that the matcher meets one spelling only: lower case, no trailing dot,
A-labels (RFC 5890), no port, no brackets.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass

MAX_NAME = 253  # RFC 1035 section 2.3.4, without the root label
MAX_PORT = 65535

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+._-]{0,15}):/{2}", re.ASCII)  # RFC 3986, and Squid's cache_object
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Target:
    """What a request was for: `host` normalised, `port` and `path` (with query) where they were written."""

    host: str
    port: int | None = None
    path: str | None = None
    scheme: str | None = None


def normalise_host(text: str) -> str | None:
    """Bring a host name or address literal to its one form; None where the text is neither.

    A name follows RFC 1123 section 2.1 plus the underscore met in practice; an address literal loses its brackets and
    zone and takes its canonical form (RFC 5952).
    """
    host = text.strip().rstrip(".").lower()
    if not host or len(host) > 4 * MAX_NAME:
        return None
    if ":" in host or host.startswith("["):
        return normalise_address(host)
    if not host.isascii():
        host = _to_ascii(host)
    if len(host) > MAX_NAME or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        return None
    return host


def normalise_address(text: str) -> str | None:
    """Give an IP address in canonical form, or None; brackets and zone are dropped, IPv4-mapped becomes IPv4."""
    bare = text.strip()
    if _is_dotted_quad(bare):
        return bare
    bare = bare.removeprefix("[").removesuffix("]").partition("%")[0]
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _is_dotted_quad(text: str) -> bool:
    # Twenty times faster than ipaddress, and nearly all addresses in logs are of this form.
    try:
        socket.inet_pton(socket.AF_INET, text)
    except (OSError, ValueError):
        return False
    return True


def is_address(host: str) -> bool:
    """Say whether a normalised host is an IP address literal rather than a name."""
    return ":" in host or (host[-1:].isdigit() and normalise_address(host) is not None)


def split_target(text: str) -> Target | None:
    """Take apart a URL or authority in any spelling that logs use; None where there is no host in it.

    Known spellings: `https://host/path`, `host/path`, `host`, `host:443`, `host:443/`, `//host/path`,
    `tunnel://host:443/`, `user@host`, `[2001:db8::1]:443`.
    """
    rest = text.strip()
    scheme = None
    if found := _SCHEME.match(rest):
        scheme, rest = found[1].lower(), rest[found.end() :]
    else:
        rest = rest.removeprefix("//")
    cut = _first_of(rest, "/?#\\")  # browsers take a backslash for a slash (WHATWG URL Standard section 4.4)
    authority, tail = rest[:cut], rest[cut:]
    host_text, port = _split_port(authority.rpartition("@")[2])
    host = normalise_host(host_text)
    if host is None:
        return None
    path = tail.partition("#")[0]
    if path.startswith(("?", "\\")):
        path = "/" + path.removeprefix("\\")
    return Target(host, port, path or None, scheme)


def _first_of(text: str, stops: str) -> int:
    return min((at for at in map(text.find, stops) if at >= 0), default=len(text))


def _split_port(authority: str) -> tuple[str, int | None]:
    if authority.startswith("["):
        host, _, rest = authority.partition("]")
        return host + "]", _port(rest.removeprefix(":"))
    host, colon, port = authority.rpartition(":")
    if not colon or ":" in host:
        return authority, None
    return host, _port(port)


def _port(text: str) -> int | None:
    if text.isascii() and text.isdigit() and len(text) <= len(str(MAX_PORT)) and 0 < int(text) <= MAX_PORT:
        return int(text)
    return None


def _to_ascii(host: str) -> str:
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host
