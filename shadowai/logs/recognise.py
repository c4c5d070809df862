"""Which format a file is in, told from its first bytes, never from its name."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from shadowai.errors import SourceError
from shadowai.logs import lines
from shadowai.logs.reader import Reader
from shadowai.logs.registry import load_formats
from shadowai.logs.times import order_of
from shadowai.model import Skip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shadowai.logs.schema import Format

HEAD = 64 * 1024  # bytes looked at
SAMPLE_LINES = 200
LEAST_SHARE = 0.5  # of the lines that are no comments
MAX_CONTROL_SHARE = 0.05  # more control characters than that: no text
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\x1b")) + b"\x7f"
_NUMERIC_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-]\d{4} \d{1,2}:\d{2}", re.ASCII)
_NO_RECORDS = frozenset(("comment", "header"))


def recognise(head: bytes, own: Sequence[Format] = ()) -> Format | None:
    """Tell the format of a file from its first (decompressed) bytes, or None.

    Of the lines that are no comments at least half must be read; the format that reads most of them wins, then the one
    that gives more observations, then the one with the smaller priority. A header alone is enough for formats that have
    one. A date in the head that can be in one order only settles the order of the file's dates (`Format.day_first`).
    `own` are the user's column maps: the first whose columns are all in the header stands above every shipped format.
    """
    sample = list(_lines(head[:HEAD], whole=len(head) < HEAD))
    if not sample or _is_binary(head[:HEAD]):
        return None
    for fmt in own:
        if _fits(fmt, sample):
            return fmt
    best: tuple[float, float, Format] | None = None
    for fmt in load_formats().values():
        understood, seen = _score(fmt, sample)
        if understood >= LEAST_SHARE and (best is None or (understood, seen) > best[:2]):
            best = understood, seen, fmt
    return None if best is None else _with_date_order(best[2], sample)


def _lines(head: bytes, *, whole: bool) -> Iterator[tuple[int, bytes]]:
    """Give the first lines and their offsets; a line that the head cuts short is left out unless it is the only one."""
    at = count = 0
    while at < len(head) and count < SAMPLE_LINES:
        end = head.find(b"\n", at)
        if end < 0:
            if not whole and count:
                return
            end = len(head)
        line = head[at:end]
        if not lines.is_blank(line):
            count += 1
            yield at, line
        at = end + 1


def _is_binary(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head.count(b"\0") * 3 >= len(head):
        return False  # UTF-16 holds a NUL for each ASCII character; the formats decide
    return len(head) - len(head.translate(None, _CONTROLS)) > MAX_CONTROL_SHARE * len(head)


def _fits(fmt: Format, sample: list[tuple[int, bytes]]) -> bool:
    try:
        return _score(fmt, sample)[0] >= LEAST_SHARE
    except SourceError:  # the header lacks a column of the map
        return False


def _score(fmt: Format, sample: list[tuple[int, bytes]]) -> tuple[float, float]:
    """Give the share of lines that the format reads, and the share that give observations."""
    reader = Reader(fmt, name="")
    outcomes: Counter[str] = Counter()
    for offset, line in sample:
        result = reader.parse(line, offset)
        if not isinstance(result, Skip):
            outcomes["seen"] += 1
        elif result.broken:
            outcomes["broken"] += 1
        else:
            outcomes[result.reason if result.reason in _NO_RECORDS else "read"] += 1
    records = outcomes["seen"] + outcomes["broken"] + outcomes["read"]
    if not records:
        return (1.0, 0.0) if outcomes["header"] else (0.0, 0.0)
    understood = (outcomes["seen"] + outcomes["read"]) / records
    # A header that names what the format needs settles the format; what is wrong with the records is reported later.
    return max(understood, LEAST_SHARE if outcomes["header"] else 0.0), outcomes["seen"] / records


def _with_date_order(fmt: Format, sample: list[tuple[int, bytes]]) -> Format:
    if not any("%x" in pattern for source in fmt.time for pattern in source.formats):
        return fmt
    orders = set()
    for offset, line in sample:
        if found := _NUMERIC_DATE.match(lines.decode(line, offset)[0]):
            orders.add(order_of(int(found[1]), int(found[2])))
    orders.discard(None)
    # Both orders in one file: each line is left to itself.
    return fmt.model_copy(update={"day_first": orders.pop()}) if len(orders) == 1 else fmt
