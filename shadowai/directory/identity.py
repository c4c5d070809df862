r"""User and device names in the spellings that networks record, brought to one form.

Known spellings of a user: `DOMAIN\user` (down-level logon name) and `user@domain` (user principal name), both of
Microsoft's "User Name Formats"; `mailto:` (RFC 6068); an LDAP distinguished name (RFC 4514); the bare account name; any
of them percent-encoded as Squid writes them.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum

from shadowai.hosts import normalise_address

MAX_USER = 1024  # characters; longer texts are no names

_ESCAPES = {"%5c": "\\", "%40": "@", "%20": " "}
_ESCAPE = re.compile("|".join(_ESCAPES), re.IGNORECASE)
_DN = re.compile(r"(?:cn|uid)\s*=", re.IGNORECASE)
_DN_VALUE = re.compile(r"=((?:[^\\,+]|\\.)*)", re.DOTALL)
_DN_ESCAPE = re.compile(r"((?:\\[0-9a-f]{2})+)|\\(.)", re.IGNORECASE | re.DOTALL)


class Form(Enum):
    """How a user name was written."""

    BARE = "bare"
    LOGON = "logon"
    MAIL = "mail"
    LDAP = "ldap"


@dataclass(frozen=True, slots=True)
class Login:
    """A user name in its one form: lower case, one backslash, no escapes. `domain` is None for bare and LDAP names."""

    form: Form
    local: str
    domain: str | None = None

    def __str__(self) -> str:
        if self.form is Form.LOGON:
            return f"{self.domain}\\{self.local}"
        return f"{self.local}@{self.domain}" if self.form is Form.MAIL else self.local

    @property
    def computer(self) -> str | None:
        """Name of the computer where this is a Windows computer account (its name ends in a dollar sign), else None."""
        return self.local[:-1] if self.local.endswith("$") and len(self.local) > 1 else None


def parse_login(text: str | None) -> Login | None:
    """Bring a user name to its one form; None where there is no name in the text."""
    if text is None or len(text) > MAX_USER:
        return None
    name = _ESCAPE.sub(lambda found: _ESCAPES[found[0].lower()], text)
    name = normalise_name(name)
    if name.startswith("mailto:"):
        name = name.removeprefix("mailto:").partition("?")[0]
    if _DN.match(name):
        return _from_dn(name)
    return _from_account(name)


def normalise_name(text: str) -> str:
    """Lower case, single spaces, composed characters (Unicode NFC)."""
    return unicodedata.normalize("NFC", " ".join(text.split())).lower()


def short_name(device: str) -> str | None:
    """First label of a qualified host name; None for a bare name or an address."""
    label, dot, _ = device.partition(".")
    return label if dot and label and normalise_address(device) is None else None


def normalise_device(text: str | None) -> str | None:
    """Bring the name of a device to its one form: a canonical address, or a name in lower case; None where empty."""
    if text is None or len(text) > MAX_USER:
        return None
    name = normalise_name(text).strip("\\").rstrip(".").removesuffix("$")
    return normalise_address(name) or name or None


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
