"""Files that hold the records of several products, as a syslog server writes them: the format is told line by line."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Protocol

from shadowai.logs.dnstap import DnstapReader
from shadowai.logs.reader import Reader
from shadowai.logs.schema import Dnstap, Format
from shadowai.model import Evidence, Kind, Observation, Skip

if TYPE_CHECKING:
    from collections.abc import Sequence

MIXED = "mixed"
UNKNOWN = "of-no-known-format"


class AnyReader(Protocol):
    """Reads the lines of one file."""

    format: Format

    @property
    def notes(self) -> set[str]:
        """What the user should know of what was read so far, in a sentence each."""

    def parse(self, line: bytes, offset: int) -> Observation | Skip:
        """Read one line that begins at a byte offset."""


def mixture(members: Sequence[Format], recognition: str) -> Format:
    """Give the format of a file whose lines are in any of several formats, in the order in which they are asked."""
    return Format(
        id=MIXED,
        vendor="Several",
        product="formats, told line by line",
        kind=members[0].kind if len({member.kind for member in members}) == 1 else Kind.SENSOR,
        evidence=Evidence.PROXY,
        document="https://www.rfc-editor.org/rfc/rfc5424",
        syntax=members[0].syntax,
        members=tuple(members),
        spelling="dns-labels" if any(member.spelling == "dns-labels" for member in members) else "plain",
        recognition=recognition,
    )


def open_reader(
    fmt: Format, *, name: str, header: Sequence[bytes] = (), reference_time: int | None = None, zone: str = "UTC"
) -> AnyReader:
    """Give the reader of a file; the arguments are those of `Reader`."""
    if isinstance(fmt.syntax, Dnstap):
        return DnstapReader(fmt, name=name)
    if not fmt.members:
        return Reader(fmt, name=name, header=header, reference_time=reference_time, zone=zone)
    readers = [
        Reader(member, name=name, header=header, reference_time=reference_time, zone=zone) for member in fmt.members
    ]
    return MixedReader(fmt, readers)


def with_day_first(fmt: Format, setting: bool | None) -> Format:  # noqa: FBT001  # a setting that has a third value
    """Give a format whose dates are read by the user's setting, where the file itself does not settle their order."""
    if setting is None:
        return fmt
    members = tuple(with_day_first(member, setting) for member in fmt.members)
    order = setting if fmt.day_first is None else fmt.day_first
    return fmt.model_copy(update={"members": members, "day_first": order})


class MixedReader:
    """Asks one reader after the other, always in the same order: which one answers depends on the line alone.

    `read` counts the lines that each format read.
    """

    def __init__(self, fmt: Format, readers: Sequence[Reader]) -> None:
        self.format = fmt
        self.read: Counter[str] = Counter()
        self._readers = readers

    @property
    def notes(self) -> set[str]:
        """What the user should know of what was read so far, in a sentence each."""
        return set[str]().union(*(reader.notes for reader in self._readers))

    def parse(self, line: bytes, offset: int) -> Observation | Skip:
        """Read one line by the first format that can; what none can read is broken."""
        passed: Skip | None = None
        damaged: Skip | None = None
        for reader in self._readers:
            result = reader.parse(line, offset)
            if isinstance(result, Observation):
                self.read[reader.format.id] += 1
                return result
            if not result.broken:
                if result.reason not in _NO_RECORDS:
                    self.read[reader.format.id] += 1
                    return result
                passed = passed or result
            elif result.reason != "bad-record":
                damaged = damaged or result
        return damaged or passed or Skip(UNKNOWN, offset, broken=True)


_NO_RECORDS = frozenset(("comment", "header"))
