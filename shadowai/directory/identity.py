r"""User and device names in the spellings that networks record, brought to one form.

Known spellings of a user: `DOMAIN\user` (down-level logon name) and `user@domain` (user principal name), both of
Microsoft's "User Name Formats"; `mailto:` (RFC 6068); an LDAP distinguished name (RFC 4514); the bare account name; any
of them percent-encoded as Squid writes them.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from typing import NamedTuple

from shadowai.hosts import normalise_address

MAX_USER = 1024  # characters; longer texts are no names

# Domains of the accounts that every Windows computer has, in the languages that translate them ("Well-known SIDs").
_BUILT_IN = frozenset(("nt authority", "nt-autorität", "autorite nt", "nt service", "iis apppool"))
_ESCAPES = {"%5c": "\\", "%40": "@", "%20": " "}
_ESCAPE = re.compile("|".join(_ESCAPES), re.IGNORECASE)
_PLAIN = re.compile(r"([\w.+-]+)(?:@([\w.-]*[\w-]))?", re.ASCII)
_DN = re.compile(r"(?:cn|uid)\s*=", re.IGNORECASE)
_DN_VALUE = re.compile(r"=((?:[^\\,+]|\\.)*)", re.DOTALL)
_PAIRS = r"[0-9a-f]{2}([:-]?)(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}"
_QUADS = r"[0-9a-f]{4}([-.])[0-9a-f]{4}\2[0-9a-f]{4}"
_MAC = re.compile(f"{_PAIRS}|{_QUADS}", re.ASCII)
_DN_ESCAPE = re.compile(r"((?:\\[0-9a-f]{2})+)|\\(.)", re.IGNORECASE | re.DOTALL)


class Form(StrEnum):
    """How a user name was written."""

    BARE = "bare"
    LOGON = "logon"
    MAIL = "mail"
    LDAP = "ldap"


class Login(NamedTuple):
    """A user name in its one form: lower case, one backslash, no escapes. `domain` is None for bare and LDAP names."""

    form: Form
    local: str
    domain: str | None = None

    def __str__(self) -> str:
        form, local, domain = self
        if form is Form.MAIL:
            return f"{local}@{domain}"
        return f"{domain}\\{local}" if form is Form.LOGON else local

    @property
    def computer(self) -> str | None:
        """Name of the computer where this is a Windows computer account (its name ends in a dollar sign), else None."""
        return self.local[:-1] if self.local.endswith("$") and len(self.local) > 1 else None

    @property
    def is_address(self) -> bool:
        """Whether it is an address that a log writes in the field of the user."""
        # The quick look first: hardly a name is an address, and a scan asks for each.
        written = ":" in self.local or self.local.replace(".", "").isdigit()
        return written and normalise_address(self.local) is not None

    @property
    def is_built_in(self) -> bool:
        r"""Whether this is an account that every Windows computer has, such as `NT AUTHORITY\SYSTEM`: nobody's name."""
        return self.form is Form.LOGON and self.domain in _BUILT_IN


def parse_login(text: str | None) -> Login | None:
    """Bring a user name to its one form; None where there is no name in the text."""
    if text is None or len(text) > MAX_USER:
        return None
    if plain := _PLAIN.fullmatch(text):  # nearly all names in exports; the rest of this takes four times as long
        local, domain = plain[1].lower(), plain[2]
        return Login(Form.BARE, local) if domain is None else Login(Form.MAIL, local, domain.lower())
    name = _ESCAPE.sub(lambda found: _ESCAPES[found[0].lower()], text) if "%" in text else text
    name = normalise_name(name)
    if name.startswith("mailto:"):
        name = name.removeprefix("mailto:").partition("?")[0]
    if "=" in name and _DN.match(name):
        return _from_dn(name)
    return _from_account(name)


def normalise_name(text: str) -> str:
    """Lower case, single spaces, composed characters (Unicode NFC)."""
    words = " ".join(text.split())
    return words.lower() if words.isascii() else unicodedata.normalize("NFC", words).lower()


def short_name(device: str) -> str | None:
    """First label of a qualified host name; None for a bare name or an address."""
    label, dot, _ = device.partition(".")
    return label if dot and label and normalise_address(device) is None else None


def normalise_mac(text: str) -> str | None:
    """Bring a MAC address to the form `aa:bb:cc:dd:ee:ff`; None where the text is none.

    Known spellings: pairs with colons (IEEE), with hyphens (Windows), with nothing (Windows DHCP); fours with dots
    (Cisco) or hyphens (Huawei, H3C).
    """
    mac = text.strip().lower()
    if _MAC.fullmatch(mac) is None:
        return None
    digits = re.sub("[:.-]", "", mac)
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def normalise_device(text: str | None) -> str | None:
    """Bring the name of a device to its one form; None where empty.

    That is a canonical address, a MAC address with colons, or a name in lower case.
    """
    if text is None or len(text) > MAX_USER:
        return None
    name = normalise_name(text).strip("\\").rstrip(".").removesuffix("$")
    # The quick look first: hardly a name is an address, and a directory has half a million names.
    written = ":" in name or name.replace(".", "").isdigit()
    return (normalise_address(name) if written else None) or normalise_mac(name) or name or None


def _from_account(name: str) -> Login | None:
    domain, backslash, local = name.rpartition("\\")
    domain = domain.strip("\\")
    mailbox, at, mail_domain = local.rpartition("@")
    mail_domain = mail_domain.rstrip(".")
    if at and mailbox and mail_domain:
        return Login(Form.MAIL, mailbox, mail_domain)
    if not local:
        return None
    # `.\user` is the local machine's own spelling of a bare name.
    if backslash and domain not in ("", "."):
        return Login(Form.LOGON, local, domain)
    return Login(Form.BARE, local)


def _from_dn(name: str) -> Login | None:
    found = _DN_VALUE.search(name)
    value = _DN_ESCAPE.sub(_unescape, found[1]).strip() if found else ""
    return Login(Form.LDAP, value) if value else None


def _unescape(found: re.Match[str]) -> str:
    """RFC 4514 section 2.4: a character after a backslash stands for itself, hex pairs for UTF-8 bytes."""
    if found[1]:
        return bytes.fromhex(found[1].replace("\\", "")).decode("utf-8", "replace").lower()
    return found[2]
