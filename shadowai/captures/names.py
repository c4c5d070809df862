"""Host names as packets carry them, written as text: normalised where they are such, escaped where they are not."""

from __future__ import annotations

from functools import lru_cache

from shadowai.hosts import MAX_NAME, normalise_host, split_target

NAMES_CACHED = 65_536
MAX_SHOWN = 4 * MAX_NAME  # characters; an escaped byte takes four
_ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r"}


def escape(raw: bytes) -> str:
    """Write bytes as lower-case text; what is not printable ASCII as Wireshark does: as in C, else in octal."""
    text = raw.decode("latin-1")
    if not (text.isascii() and text.isprintable()):
        text = "".join(map(_show, raw))
    return text.lower()


def _show(byte: int) -> str:
    text = chr(byte)
    if text.isascii() and text.isprintable():
        return text
    return _ESCAPES.get(byte) or f"\\{byte:03o}"


def host_of_name(raw: bytes) -> str | None:
    """Write a name of a packet as a host; None for an empty name. What no host can be called is kept, escaped."""
    return _host_of_name(raw[:MAX_SHOWN])


def host_of_authority(raw: bytes) -> str | None:
    """Write the value of an HTTP Host header as a host without its port; None where it is empty."""
    return _host_of_authority(raw[:MAX_SHOWN].strip())


@lru_cache(maxsize=NAMES_CACHED)
def _host_of_name(raw: bytes) -> str | None:
    shown = escape(raw)[:MAX_SHOWN].rstrip(".")
    return normalise_host(shown) or _international(raw) or shown or None


def _international(raw: bytes) -> str | None:
    """Read a name that is written in UTF-8 rather than in A-labels (RFC 5890)."""
    try:
        return None if raw.isascii() else normalise_host(raw.decode())
    except UnicodeDecodeError:
        return None


@lru_cache(maxsize=NAMES_CACHED)
def _host_of_authority(raw: bytes) -> str | None:
    text = escape(raw)[:MAX_SHOWN]
    target = split_target(text)
    if target is not None:
        return target.host
    host, colon, port = text.rpartition(":")
    return (host if colon and port.isdigit() else text) or None
