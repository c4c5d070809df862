"""Single values of a record, brought to the form of the model; what is unknown becomes None.

Conversions are memoised by the text that was written: logs repeat themselves, and a look-up is cheaper than any
parsing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote

from shadowai.hosts import normalise_address, normalise_host, split_target

if TYPE_CHECKING:
    from collections.abc import Callable

V = TypeVar("V")
Place = tuple[str | None, int | None, str | None]  # host, port, path

BAD = "!"  # stands for a host that was written but is none; no normalised host looks like it
MEMO_ENTRIES = 65_536
MEMO_KEY = 256  # characters; longer texts are not kept
MAX_DIGITS = 19  # of a byte count
MAX_COUNT = 1 << 44  # bytes of one record, 17 TB; more is nonsense, and a sum of it would overflow
# Whole numbers as spreadsheets and reports write them: 1,234,567, 2048.0, 512 bytes. Groups behind points could be a
# fraction or an address, and what was shortened (1.98E+07, 12.3 KB) has lost digits.
EXACT = re.compile(r"(\d{1,3}(?:,\d{3}){1,5}|\d{1,19})(?:\.0{1,6})?(?: ?(?:[Bb]ytes?|B))?", re.ASCII)
INEXACT = (
    "holds byte counts that are no whole numbers (such as 1.98E+07 or 12.3 KB) or beyond any transfer:"
    " they are not measured"
)
UNSPECIFIED = ("0.0.0.0", "::")  # noqa: S104  # nothing is bound, it is compared
MAX_LABEL = 63  # RFC 1035 section 2.3.4
RANDOM_ID = 8  # characters; a shorter id of a flow is not random enough to be told from others by itself
FLOW_ID = re.compile(f"[0-9A-Za-z]{{{RANDOM_ID},40}}|[0-9A-Za-z]{{1,{RANDOM_ID - 1}}}@[0-9]{{1,5}}")

NOTHING = frozenset(("", "-", "none", "na", "n/a", "null", "nil", "unknown", "not available", "(empty)", "undefined"))
NOBODY = NOTHING | frozenset((
    "anonymous", "unmapped user", "unknown user", "no authentication required", "unauthenticated", "guest", "not found",
    "unknown (sso failed)", "unknown (external ip)", "no user", "no-user", "<unknown>", "nobody", "(null)", "(none)",
    "(unknown)", "<none>", "anonymous user", "unauthenticated user", "not authenticated", "not applicable",
))  # fmt: skip


class Memo(dict[str, V]):
    """A bounded table of texts and what they were converted to."""

    def __init__(self, compute: Callable[[str], V]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, text: str) -> V:
        value = self._compute(text)
        if len(text) <= MEMO_KEY:
            if len(self) >= MEMO_ENTRIES:
                self.clear()
            self[text] = value
        return value


def text_of(text: str) -> str | None:
    """Trim a text; null words become None."""
    return None if is_nothing(text) else text.strip()


def flow_of(family: str, text: str) -> str | None:
    """Give the id of a flow behind its family, so that those of two products never meet.

    A short id counts only with the client's port behind it: `zeek:C1@50001`.
    """
    return f"{family}:{text}" if FLOW_ID.fullmatch(text) else None


def user_of(text: str) -> str | None:
    """Give a user name as it was written, trimmed and without %XX. An address where the user should be is no user."""
    name = _name_of(text)
    return _name_of(_unescaped(name)) if name and "%" in name else name


def _name_of(text: str) -> str | None:
    trimmed = text.strip()
    bare = trimmed.strip('"')
    if '"' not in bare:
        trimmed = bare
    lower = trimmed.lower()
    if lower in NOBODY or normalise_address(trimmed) is not None:
        return None
    if lower.startswith("special identities") and lower[len("special identities") :].lstrip("\\/") in NOBODY:
        return None  # Cisco FTD writes its null words as users of that realm
    if "\\," in trimmed:
        trimmed = trimmed.replace("\\,", ",")  # an LDAP name's comma (RFC 4514 section 2.4)
    return trimmed


def _unescaped(text: str) -> str:
    """Undo %XX where that gives text; escapes of control characters and of no UTF-8 stay."""
    try:
        plain = unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text
    return plain if plain.isprintable() else text


def address_of(text: str) -> str | None:
    """Give an address in canonical form, or None; a port (`192.0.2.1:80`, `[::1]:80`, `192.0.2.1#53`) is dropped.

    The unspecified address (RFC 6890) says that there was none: gateways write it for a request they blocked.
    """
    bare = text.strip().partition("#")[0]
    found = normalise_address(bare)
    if found is None and ":" in bare:
        found = normalise_address(bare.rpartition(":")[0])
    return None if found in UNSPECIFIED else found


def count_of(text: str) -> int | None:
    """Give a count of bytes, or None where no whole number was written, or one that no transfer can have."""
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        found = EXACT.fullmatch(text.strip()) if len(text) <= MEMO_KEY else None
        if found is None:
            return None
        text = found[1].replace(",", "")
    count = int(text)
    return count if count <= MAX_COUNT else None


def counting(notes: set[str]) -> Callable[[str], int | None]:
    """Give `count_of`, with a note where something else was written: what a spreadsheet or a person has rounded."""

    def count(text: str) -> int | None:
        found = count_of(text)
        if found is None and not is_nothing(text):
            notes.add(INEXACT)
        return found

    return count


def port_of(text: str) -> int | None:
    """Give a port from 1 to 65535, or None."""
    number = count_of(text)
    return number if number and number <= 0xFFFF else None  # noqa: PLR2004  # sixteen bits, RFC 9293 section 3.1


def name_of(text: str) -> str | None:
    """Give a DNS name normalised; None where none was written, BAD where it is no host name."""
    written = text.strip()
    if written in {"", "-", "(empty)"}:
        return None
    return normalise_host(written.strip(".")) or BAD


def labels_of(text: str) -> str | None:
    """Give the DNS name of Microsoft's spelling `(3)api(6)openai(3)com(0)`; other spellings are read as plain names."""
    if not text.startswith("("):
        return name_of(text)
    labels, at = [], 0
    while text.startswith("(", at):
        close = text.find(")", at, at + 4)
        digits = text[at + 1 : close]
        if close < 0 or not (digits.isascii() and digits.isdigit()) or int(digits) > MAX_LABEL:
            return BAD
        at = close + 1 + int(digits)
        labels.append(text[close + 1 : at])
    if at != len(text) or labels.pop():
        return BAD  # the root label ends a name; without it the name was cut short
    return normalise_host(".".join(labels)) or BAD


def is_nothing(text: str) -> bool:
    """Say whether a text is a null word."""
    return len(text) <= MEMO_KEY and text.strip().lower() in NOTHING


def host_of(text: str) -> Place | None:
    """Give the host of a host column, which may carry a port; None where none was written, BAD where it is none."""
    return None if is_nothing(text) else prefix_of(text)


def prefix_of(text: str) -> Place:
    """Take apart a URL that ends before its path; a query may follow the authority at once."""
    target = split_target(text)
    return (BAD, None, None) if target is None else (target.host, target.port, target.path)


_PREFIXES: Memo[Place] = Memo(prefix_of)


def url_of(text: str) -> Place:
    """Take apart a URL in any spelling of `shadowai.hosts.split_target`; only what precedes the path is memoised."""
    slash = text.find("/")
    if slash > 0 and text[slash - 1] == ":" and text.startswith("//", slash):
        slash = text.find("/", slash + 2)
    if slash < 0:
        return _PREFIXES[text]
    host, port, query = _PREFIXES[text[:slash]]
    path = (query or "") + text[slash:]
    return host, port, path.partition("#")[0] if "#" in path else path
