"""People read live from a directory server over LDAP, and written as a file of the folder `people/`.

Active Directory and servers with the schemas of RFC 4519, RFC 2798 (inetOrgPerson) and RFC 2307 (posixAccount) are
understood without being told which it is: all attributes are asked for, and those that come are used. The connection is
encrypted, the server's certificate and name are verified, referrals are not followed, and the password is in no
argument, message or log.
"""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shadowai.directory.tables import CONTROLS
from shadowai.errors import SourceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FILTER = "(|(&(objectClass=user)(!(objectClass=computer)))(objectClass=inetOrgPerson)(objectClass=posixAccount))"
"""Who is asked for; classes that the server's schema does not know match nothing (RFC 4511 section 4.5.1.7)."""

PAGE = 500  # entries asked for at once; servers give at most 1,000 (Active Directory) or 500 (OpenLDAP)
TIMEOUT = 60  # seconds without an answer

Entry = tuple[str, "Mapping[str, list[str]]"]
"""A distinguished name and its attributes, names in lower case."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "user": ("samaccountname", "uid"),
    "upn": ("userprincipalname",),
    "email": ("mail",),
    "aliases": ("proxyaddresses", "mailalternateaddress", "mail"),
    "employee": ("employeeid", "employeenumber"),
    "name": ("displayname", "cn"),
    "department": ("department", "ou", "departmentnumber"),
    "groups": ("memberof",),
    "unit": (),
    "active": (),
    "class": ("objectclass",),
}
"""Our columns, and the attributes that fill each: the first that the entry has (lists: all of them)."""

ATTRIBUTES = (
    *dict.fromkeys(name for names in COLUMNS.values() for name in names),
    "useraccountcontrol",
    "nsaccountlock",
)
_LISTS = ("aliases", "groups", "class")
_DISABLED = 0x2  # ACCOUNTDISABLE of userAccountControl, [MS-ADTS] section 2.2.16
_FORMULA = ("=", "+", "-", "@")
_PORTS = {"ldaps": 636, "ldap": 389}


@dataclass(frozen=True, slots=True)
class LdapServer:
    """Where people are read from. `password` is never shown; `ca` is a file of CA certificates (PEM)."""

    host: str
    port: int
    start_tls: bool
    base: str
    bind_dn: str
    password: str = field(repr=False)
    ca: Path | None = None
    filter: str = FILTER
    page: int = PAGE

    @classmethod
    def at(cls, url: str, *, start_tls: bool, **given: object) -> LdapServer:
        """Make one of a URL (RFC 4516, without a search in it); UsageError where it is none, or not encrypted."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise UsageError(f"--url {url!r} is no URL: {error}") from error
        if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
            raise UsageError(f"--url {url!r} is not of the form ldaps://server or ldaps://server:636")
        if parts.username or parts.password:
            raise UsageError("--url must hold no name and no password: they would be seen in the list of processes")
        if parts.scheme == "ldap" and not start_tls:
            raise UsageError("ldap:// sends names and the password in clear; use ldaps://, or add --starttls")
        if parts.scheme == "ldaps" and start_tls:
            raise UsageError("--starttls is for ldap://; ldaps:// is encrypted from the start")
        values = {name: value for name, value in given.items() if value is not None}
        server = cls(parts.hostname, port or _PORTS[parts.scheme], start_tls, **values)  # type: ignore[arg-type]  # click checked them
        if not server.password:
            # RFC 4513 section 5.1.2: a server takes an empty password for no authentication, and may give a part only.
            raise UsageError("the password is empty; give the one that belongs to --bind-dn")
        return server


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import wrote: people, those of them without a department, and the entries left out, by reason."""

    people: int
    without_department: int
    left_out: Mapping[str, int]


def import_people(server: LdapServer, out: Path) -> Imported:
    """Read everybody and write them to a file, in one step; SourceError where the server refuses or gives not all."""
    try:
        from shadowai.directory import ldap_client  # noqa: PLC0415  # an optional library
    except ImportError as error:
        raise UsageError("reading LDAP needs the library ldap3: pip install 'shadowai[ldap]'") from error
    if not out.parent.is_dir():
        raise UsageError("there is no such folder; make it first", where=out.parent)
    left_out: Counter[str] = Counter()
    with ldap_client.session(server) as session:
        rows = [row for entry in session.entries(left_out) if (row := _row(entry, left_out))]
    if not rows:
        raise SourceError(f"no people below {server.base!r} that match {server.filter}", where=server.host)
    rows.sort(key=lambda row: (row["unit"], row["user"], row["upn"], row["email"]))
    _write(rows, out)
    return Imported(len(rows), sum(not row["department"] for row in rows), dict(left_out))


def _row(entry: Entry, left_out: Counter[str]) -> dict[str, str] | None:
    name, attributes = entry
    row = {
        column: ";".join(map(_escaped, _all(attributes, names))) if column in _LISTS else _first(attributes, names)
        for column, names in COLUMNS.items()
    }
    named = next((attributes[name] for name in COLUMNS["department"] if attributes.get(name)), [])
    if len(set(named)) > 1:
        row["department"] = ""  # of several departments, none is the person's one
    row["unit"], row["active"] = name, "false" if _is_disabled(attributes) else "true"
    if not (row["user"] or row["upn"] or row["email"]):
        left_out["have neither an account name nor a mail address"] += 1
        return None
    if any(map(CONTROLS.search, row.values())):
        left_out["hold control characters"] += 1
        return None
    return row


def _all(attributes: Mapping[str, list[str]], names: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(value for name in names for value in attributes.get(name, ()))


def _first(attributes: Mapping[str, list[str]], names: Iterable[str]) -> str:
    return next((attributes[name][0] for name in names if attributes.get(name)), "")


def _escaped(value: str) -> str:
    return value.replace(";", "\\;")


def _is_disabled(attributes: Mapping[str, list[str]]) -> bool:
    control = _first(attributes, ("useraccountcontrol",))
    if control.isascii() and control.isdigit() and int(control[:10]) & _DISABLED:
        return True
    return _first(attributes, ("nsaccountlock",)).lower() == "true"


def _write(rows: Iterable[Mapping[str, str]], out: Path) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_harmless(row[column]) for column in COLUMNS] for row in rows)
    try:
        handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")  # only its owner can read it
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(buffer.getvalue())
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(out)
        finally:
            Path(name).unlink(missing_ok=True)  # whatever ended it, no half-written list is left behind
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", where=out) from error


def _harmless(text: str) -> str:
    """Single spaces, and no formula for the spreadsheet that somebody opens the file with; the reader takes it back."""
    value = " ".join(text.split())
    return f"'{value}" if value.startswith(_FORMULA) else value
