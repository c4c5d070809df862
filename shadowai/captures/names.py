"""Host names as packets carry them, written as text: normalised where they are such, escaped where they are not.

A name that is written in UTF-8 comes to A-labels (RFC 5890).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from shadowai.hosts import MAX_NAME, normalise_host, split_target

NAMES_CACHED = 65_536
MAX_SHOWN = 4 * MAX_NAME  # characters; an escaped byte takes four
_CONTINUES = 0x80  # the first byte beyond ASCII, and the bits of one that continues a sequence
_WIDE = 0xFFFF
_REPLACEMENT = "\ufffd"
_SHOWN = frozenset({"Zs", "Co"})  # Unicode categories that are shown, though Python holds them not to be printable
_SEQUENCE = re.compile(
    # With those of five and six bytes that UTF-8 had at first (RFC 2279).
    rb"[\xc0-\xdf][\x80-\xbf]?|[\xe0-\xef][\x80-\xbf]{0,2}|[\xf0-\xf7][\x80-\xbf]{0,3}"
    rb"|[\xf8-\xfb][\x80-\xbf]{0,4}|[\xfc\xfd][\x80-\xbf]{0,5}|.",
    re.DOTALL,
)
_ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r"}


def escape(raw: bytes) -> str:
    """Write bytes as lower-case text, as Wireshark does (`format_text` in epan/strutil.c).

    UTF-8 is read; what is none is U+FFFD, and what cannot be printed is escaped: as in C, else in octal, else by its
    number. Unlike Wireshark, which reads UTF-8 in longer forms than it may have, too: a host could be feigned by them.
    """
    if raw.isascii():
        text = raw.decode("ascii")
        return (text if text.isprintable() else "".join(map(_show, raw))).lower()
    return "".join(
        _show(piece[0]) if len(piece) == 1 else _show_wide(piece) for piece in _SEQUENCE.findall(raw)
    ).lower()


def _show(byte: int) -> str:
    """Write a byte that is no part of a sequence."""
    if byte >= _CONTINUES:
        return _REPLACEMENT
    text = chr(byte)
    return text if text.isprintable() else _ESCAPES.get(byte) or f"\\{byte:03o}"


def _show_wide(piece: bytes) -> str:
    """Write a sequence of UTF-8; U+FFFD where it is cut short, longer than it may be, or no character's."""
    try:
        text = piece.decode()
    except UnicodeDecodeError:
        return _REPLACEMENT
    if text.isprintable() or unicodedata.category(text) in _SHOWN:
        return text
    return f"\\u{ord(text):04x}" if ord(text) <= _WIDE else f"\\U{ord(text):08x}"


def host_of_name(raw: bytes) -> str | None:
    """Write a name of a packet as a host; None for an empty name. What no host can be called is kept, escaped."""
    return _host_of_name(raw[:MAX_SHOWN])


def host_of_authority(raw: bytes) -> str | None:
    """Write the value of an HTTP Host header, up to a zero byte, as a host without its port; None where it is empty."""
    return _host_of_authority(raw[:MAX_SHOWN].partition(b"\0")[0].strip())


@lru_cache(maxsize=NAMES_CACHED)
def _host_of_name(raw: bytes) -> str | None:
    shown = escape(raw)[:MAX_SHOWN].rstrip(".")
    return normalise_host(shown) or shown or None


@lru_cache(maxsize=NAMES_CACHED)
def _host_of_authority(raw: bytes) -> str | None:
    text = escape(raw)[:MAX_SHOWN]
    target = split_target(text)
    if target is not None:
        return target.host
    host, colon, port = text.rpartition(":")
    return (host if colon and port.isdigit() else text) or None
