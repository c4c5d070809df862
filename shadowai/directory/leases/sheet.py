"""What every reader of a lease file needs: numbered lines of bounded length, values in one form, bad lines counted."""

from __future__ import annotations

import gzip
import io
import re
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from shadowai.directory.identity import normalise_device, normalise_mac, parse_login
from shadowai.directory.leases.records import Lessee, Proof, Records, Sign
from shadowai.hosts import is_address, normalise_address
from shadowai.model import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO

    from shadowai.directory.options import DirectoryOptions
    from shadowai.directory.tables import Findings

MAX_LINE = 1 << 16  # characters; no record of any format comes near it
MAX_TIME = 1 << 32  # seconds; the year 2106
_BLOCK = 1 << 18  # characters read at once
_TOO_LONG = "longer than any record"
SHOWN = 3  # bad lines of a file that are told one by one

_GZIP = b"\x1f\x8b"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"\d{1,10}(?:\.\d{1,9})?", re.ASCII)
_MILLISECONDS = re.compile(r"\d{13}", re.ASCII)
_NO_DEVICE = frozenset({"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"})
_NO_NAME = frozenset({"*", "-", "(null)", "unknown"})
_ANONYMOUS = "anonymous"  # the outer identity of an encrypted log-on (RFC 7542 section 2.4)


class Moment(NamedTuple):
    """A time in ns since the epoch; `sure` is False in the hour that is there twice when a clock is put back."""

    time: int
    sure: bool = True


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Open a lease file, plain or gzipped, UTF-8 or (by its mark) UTF-16; what is not text is replaced, not refused."""
    with path.open("rb") as raw:
        plain = raw.read(2) != _GZIP
        raw.seek(0)
        with raw if plain else gzip.GzipFile(fileobj=raw) as data:
            wide = data.peek(2)[:2] in (b"\xff\xfe", b"\xfe\xff")
            with io.TextIOWrapper(data, encoding="utf-16" if wide else "utf-8-sig", errors="replace") as text:
                yield text


def numbered(text: TextIO, sheet: Sheet) -> Iterator[tuple[int, str]]:
    """Give the lines with their numbers from 1, without their ends; over-long ones are counted as bad and left out."""
    number, rest = 1, ""
    told = False
    while block := text.read(_BLOCK):
        *lines, tail = block.split("\n")
        if lines:
            lines[0], rest = rest + lines[0], ""
        for line in lines:
            if len(line) <= MAX_LINE and not told:
                yield number, line
            elif not told:
                sheet.bad(number, _TOO_LONG)
            told = False
            number += 1
        rest += tail
        if len(rest) > MAX_LINE:  # the rest of this line is let go as it comes
            if not told:
                sheet.bad(number, _TOO_LONG)
            rest, told = "", True
    if rest and not told:
        yield number, rest


class Sheet:
    """One lease file that is being read: where its records go, and what is wrong with it.

    `lease_times` (ns) are those of servers whose files do not tell them, as the user knows them.
    """

    def __init__(self, path: Path, records: Records, findings: Findings, options: DirectoryOptions) -> None:
        self.path = path
        self.lease_times = options.lease_times
        self.records = records
        self._findings = findings
        self._zone = ZoneInfo(options.zone)
        self._bad: Counter[str] = Counter()
        self._addresses: dict[str, str | None] = {}
        self._lessees: dict[tuple[str, str, str], Lessee | None] = {}
        self._minute: tuple[str, Moment | None] = ("", None)

    def bad(self, line: int, reason: str) -> None:
        """Count a line that cannot be read; the first few are told with their number."""
        if self._bad.total() < SHOWN:
            self._findings.warn(self.path, line, f"is left out: {reason}")
        self._bad[reason] += 1

    def close(self) -> None:
        """Tell how many lines were bad in all, where that is more than was told."""
        if (total := self._bad.total()) > SHOWN:
            counts = ", ".join(f"{count} {reason}" for reason, count in sorted(self._bad.items()))
            self._findings.warn(self.path, 0, f"{total} records are left out: {counts}")

    def warn(self, message: str) -> None:
        """Tell something of the file as a whole."""
        self._findings.warn(self.path, 0, message)

    def address(self, text: str) -> str | None:
        """Bring an address to its one form; None where the text is none."""
        found = self._addresses.get(text)
        if found is None and text not in self._addresses:
            found = self._addresses[text] = normalise_address(text)
        return found

    def lessee(self, user: str = "", device: str = "", host: str = "") -> Lessee | None:
        """Bring the names of a lessee to one form, whatever each of them is; None where they name nobody."""
        key = (user, device, host)
        found = self._lessees.get(key)
        if found is None and key not in self._lessees:
            found = self._lessees[key] = _lessee(*key)
        return found

    def add(self, address: str, lessee: Lessee | None, proof: Proof) -> None:
        """Add a record; one that grants the address to nobody knows whom ends the lease before it."""
        self.records.add(address, lessee, proof if lessee else Proof(Sign.OVER, proof.time))

    def local(self, moment: datetime) -> Moment:
        """Give the time of a moment without a zone in that of the settings, the later where it was there twice."""
        first, second = (nanoseconds(moment.replace(tzinfo=self._zone, fold=fold)) for fold in (0, 1))
        return Moment(max(first, second), sure=first >= second)

    def minute(self, text: str, form: str) -> Moment | None:
        """Read a local time without seconds, in a form of `strptime`; None where it is none."""
        if text != self._minute[0]:
            try:
                moment = datetime.strptime(text, form)  # noqa: DTZ007  # `local` gives it the zone
                self._minute = (text, self.local(moment))
            except (ValueError, OverflowError):
                self._minute = (text, None)
        return self._minute[1]

    def moment(self, text: str) -> Moment | None:
        """Read a time: ISO 8601, or seconds or milliseconds since the epoch; None where it is neither."""
        if _MILLISECONDS.fullmatch(text):
            return seconds_moment(f"{text[:-3]}.{text[-3:]}")
        if _NUMBER.fullmatch(text):
            return seconds_moment(text)
        try:
            moment = datetime.fromisoformat(text)
            found = self.local(moment) if moment.tzinfo is None else Moment(nanoseconds(moment))
        except (ValueError, OverflowError):
            return None
        return found if 0 < found.time < MAX_TIME * SECOND else None


def seconds_moment(text: str) -> Moment | None:
    """Read seconds since the epoch, with a fraction or without; None where the text is something else."""
    if _NUMBER.fullmatch(text) is None:
        return None
    whole, _, fraction = text.partition(".")
    time = int(whole) * SECOND + int(fraction.ljust(9, "0")[:9])
    return Moment(time) if 0 < time < MAX_TIME * SECOND else None


def nanoseconds(moment: datetime) -> int:
    """Give the time of a moment with a zone, in ns since the epoch."""
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def mac_of_client_id(identifier: bytes) -> str | None:
    """Give the MAC address in a DHCP client id (RFC 2132 section 9.14) or DUID (RFC 8415 sections 11.2 and 11.4)."""
    kinds = {b"\x01": 1, b"\x00\x01\x00\x01": 8, b"\x00\x03\x00\x01": 4}
    for prefix, skipped in kinds.items():
        if identifier.startswith(prefix) and len(identifier) == skipped + 6:
            return identifier[skipped:].hex(":")
    return None


def client_device(identifier: bytes) -> str:
    """Name the device of a DHCP client id: its MAC address, else `id:` and its bytes in hexadecimal."""
    return mac_of_client_id(identifier) or (f"id:{identifier.hex()}" if identifier else "")


def hex_bytes(text: str) -> bytes:
    """Read bytes written as hexadecimal pairs, with colons or without; none where the text is something else."""
    try:
        return bytes.fromhex(text.replace(":", ""))
    except ValueError:
        return b""


def _lessee(user: str, device: str, host: str) -> Lessee | None:
    login = parse_login(user)
    name = str(login) if login and login.local != _ANONYMOUS and not login.local.startswith("@") else None
    if login and name and (computer := login.computer or _principal(name)):
        name, host = None, computer  # a computer that logs on by itself
    elif name and (mac := normalise_mac(name)):
        name, device = None, mac  # authentication by the MAC address alone
    elif name and normalise_address(name):
        name = None
    known = device if device.startswith("id:") else _device(device)
    named = _host(host) or (None if known else _host(device))
    return Lessee(name, known, named) if name or known or named else None


def _principal(name: str) -> str | None:
    """Name of the computer where this is a Kerberos host principal (RFC 4120 section 6.2.1), else None."""
    return name.removeprefix("host/") if name.startswith("host/") else None


def _device(text: str) -> str | None:
    mac = normalise_mac(text)
    return mac if mac not in _NO_DEVICE else None


def _host(text: str) -> str | None:
    name = normalise_device(text)
    return name if name and name not in _NO_NAME and not is_address(name) else None
