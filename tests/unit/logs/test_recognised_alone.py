"""Files as people send them: a line or three of a log, a banner in front, a header of syslog, saved anew as CSV.

What is read of them must be what the format reads of its own sample; another product's format would be worse than none.
"""

import csv
import io
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from shadowai.logs import Reader, load_formats, open_reader, read_blocks, recognise
from shadowai.logs.schema import Delimited, Format
from shadowai.model import SECOND, Observation, Tally

REFERENCE = 1_769_904_000 * SECOND  # 2026-02-01
FORMATS = load_formats()
BARE = [name for name, fmt in FORMATS.items() if fmt.header == "none" and fmt.syntax.engine != "dnstap"]
HEADED = [
    name
    for name, fmt in FORMATS.items()
    if isinstance(fmt.syntax, Delimited) and fmt.header == "line" and fmt.syntax.delimiter == "auto"
]
RELAYED = ["windows-dns", "technitium-log", "bind", "unbound", "suricata", "infoblox-cef", "pan-os", "squid"]


@cache
def lines_of(name: str) -> tuple[str, ...]:
    document: dict[str, list[Any]] = yaml.safe_load((Path(__file__).parent / "samples" / f"{name}.yaml").read_text())
    return tuple(map(str, document["lines"]))


def read(data: bytes, fmt: Format | None) -> list[dict[str, object]]:
    assert fmt is not None
    found = read_blocks([(0, data)], open_reader(fmt, name="x", reference_time=REFERENCE), Tally(), None)
    return [{name: getattr(seen, name) for name in seen.__slots__ if name != "offset"} for seen in found]


def text_of(lines: tuple[str, ...] | list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def alike(data: bytes, name: str, plain: bytes, *, dated: bool = True) -> None:
    expected, found = read(plain, FORMATS[name]), read(data, recognise(data))
    for seen in () if dated else (*expected, *found):
        del seen["time"]
    assert found == expected


@pytest.mark.parametrize("name", BARE)
def test_one_line_three_lines_and_a_banner(name: str) -> None:
    reader = Reader(FORMATS[name], name="x", reference_time=REFERENCE)
    first = next(line for line in lines_of(name) if isinstance(reader.parse(line.encode(), 0), Observation))
    for some in (text_of([first]), text_of(lines_of(name)[:3])):
        if read(some, FORMATS[name]):
            alike(some, name, some)
    alike(b"Log file exported on 2026-01-15 by admin\n" + text_of(lines_of(name)), name, text_of(lines_of(name)))


@pytest.mark.parametrize(
    "header", ["<134>Jan 15 10:00:00 relay app[12]: ", "<134>1 2026-01-15T10:00:00.000Z r a 1 - - "]
)
@pytest.mark.parametrize("name", RELAYED)
def test_a_relays_header_in_front_of_the_products_own(name: str, header: str) -> None:
    relayed = [header + line for line in lines_of(name)]
    alike(text_of(relayed), name, text_of(lines_of(name)), dated=False)


@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("name", HEADED)
def test_a_spreadsheet_that_was_saved_anew(name: str, delimiter: str, quoting: Any) -> None:
    lines = lines_of(name)
    head = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    before = max(",;\t|", key=lines[head].count)
    again = io.StringIO()
    writer = csv.writer(again, delimiter=delimiter, quoting=quoting, lineterminator="\r\n")
    writer.writerows(csv.reader(lines[head:], delimiter=before, skipinitialspace=True))
    alike(again.getvalue().encode(), name, text_of(lines))


SHIPPED = {
    "fluentd": '2026-01-15T10:00:00+00:00\ttag\t{"message": %s}',
    "docker": '{"log":%s,"stream":"stdout","time":"2026-01-15T10:00:00.1Z"}',
}


@pytest.mark.parametrize("shipper", SHIPPED)
@pytest.mark.parametrize("name", ["dnsmasq", "bind", "sysmon-text", "windows-security-text", "infoblox-cef", "unbound"])
def test_lines_inside_json_are_unwrapped_and_not_searched(name: str, shipper: str) -> None:
    # Some formats look for their words anywhere in a line; in JSON their line ends and quotes are escaped.
    shipped = text_of([SHIPPED[shipper] % json.dumps(line) for line in lines_of(name)])
    alike(shipped, name, text_of(lines_of(name)), dated=False)
