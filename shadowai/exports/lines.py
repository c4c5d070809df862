"""Records written in a format, ready to be sent: the line, and what transports need to know beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from shadowai.exports.cef import cef_line
from shadowai.exports.ecs import ecs_line
from shadowai.exports.leef import leef_line
from shadowai.exports.ocsf import ocsf_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from shadowai.exports.record import Record

FORMATS: dict[str, Callable[[Record], str]] = {
    "ecs": ecs_line,
    "ocsf": ocsf_line,
    "cef": cef_line,
    "leef": leef_line,
}
"""How a record is written in each format, as one line without its end."""

MAX_LINES = 500  # of one package: what is sent, and sent again, at once
MAX_BYTES = 1_000_000  # of one package; HEC and Elasticsearch take more


class Line(NamedTuple):
    """A written record: its id, its time (ms since 1970, UTC), its severity (1 to 5) and the line without its end."""

    uid: str
    time: int
    severity: int
    text: str


def lines_of(records: Iterable[Record], form: str) -> Iterator[Line]:
    """Write records in one of `FORMATS`."""
    write = FORMATS[form]
    for record in records:
        yield Line(record.uid, record.time, int(record.severity), write(record))


def packages(lines: Iterable[Line]) -> Iterator[tuple[Line, ...]]:
    """Cut lines into packages of at most `MAX_LINES` lines and about `MAX_BYTES` bytes."""
    package: list[Line] = []
    size = 0
    for line in lines:
        length = len(line.text)
        if package and (len(package) >= MAX_LINES or size + length > MAX_BYTES):
            yield tuple(package)
            package, size = [], 0
        package.append(line)
        size += length
    if package:
        yield tuple(package)


def pack(lines: Iterable[Line]) -> bytes:
    """Write lines as JSON, as the outbox keeps them."""
    return json.dumps(list(lines), separators=(",", ":")).encode()


def unpack(content: bytes) -> tuple[Line, ...]:
    """Read what `pack` wrote."""
    return tuple(Line(*row) for row in json.loads(content))
