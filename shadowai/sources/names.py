"""How inputs are called where they are told: printable, and without the credentials that a URL may hold."""

from __future__ import annotations

import os
import re

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>()]+")
_QUERIED = frozenset({"http", "https"})  # elsewhere a question mark is a wildcard
_CONTAINERS = frozenset({"abfs", "abfss", "wasb", "wasbs"})  # the container stands where others have the user
_LONGEST = 300  # characters of another package's message
_LEFT = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db"})  # what Windows leaves in folders
_SECRET = 4  # characters; shorter words of a query would be cut out of half the message


def printable(name: str) -> str:
    """Give a name as printable, valid UTF-8."""
    text = os.fsencode(name).decode("utf-8", "replace")
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def is_hidden(name: str) -> bool:
    """Say whether a file or folder of that name is hidden, or one that Windows leaves in folders by itself."""
    return name.startswith(".") or name.lower() in _LEFT


def shown(url: str) -> str:
    """Give a URL as it may be told: no user, no password, no query (presigned URLs have their signature there)."""
    scheme, _, rest = url.partition("://")
    if scheme.lower() in _QUERIED:
        rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    user = _user(rest)
    if user and (":" in user or scheme.lower() not in _CONTAINERS):
        rest = rest[len(user) + 1 :]
    return printable(f"{scheme}://{rest}")


def scrubbed(message: str, url: str) -> str:
    """Give another package's message about a URL without what must not be told of it, on one line."""
    text = _URL.sub(lambda found: shown(found[0]), message)
    for secret in sorted(_secrets(url), key=len, reverse=True):
        text = text.replace(secret, "***")
    return printable(" ".join(text.split()))[:_LONGEST]


def _user(rest: str) -> str:
    """Give what stands before the host in a URL without its scheme; a password may hold a slash that it should not."""
    host = rest.partition("/")[0]
    port = host.rpartition(":")[2]
    is_cut = "@" not in host and ":" in host and not host.startswith("[") and not port.isdigit()
    return (rest if is_cut else host).rpartition("@")[0]


def _secrets(url: str) -> set[str]:
    rest = url.partition("://")[2]
    user = _user(rest)
    query = rest.partition("?")[2]
    values = [pair.partition("=")[2] for pair in re.split(r"[&#]", query)]
    return {text for text in (user, user.partition(":")[2], query, *values) if len(text) >= _SECRET}
