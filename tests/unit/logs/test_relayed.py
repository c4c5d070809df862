"""The sample of every format whose records are lines of text, as a relay or a container runtime passes it on."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from shadowai.logs import load_formats, open_reader, read_blocks, recognise
from shadowai.logs.schema import Json, Xml
from shadowai.model import SECOND, Tally

REFERENCE = 1_769_904_000 * SECOND
FORMATS = load_formats()
SAMPLES = {
    path.stem: [str(line) for line in yaml.safe_load(path.read_text(encoding="utf-8"))["lines"]]
    for path in sorted((Path(__file__).parent / "samples").glob("*.yaml"))
}
# A header of columns is no record, and a relay passes on no record of several lines.
NAMES = [
    name
    for name, fmt in FORMATS.items()
    if not isinstance(fmt.syntax, Json | Xml) and fmt.header == "none" and "\n" not in "".join(SAMPLES[name])
]
HEADERS: dict[str, Callable[[str], str]] = {
    "RFC 5424": lambda line: f'<134>1 2026-01-15T10:00:00.123456+00:00 relay app 12 - [meta a="b c"] {line}',
    "priority": lambda line: f"<134>{line}",
    "CRI": lambda line: f"2026-01-15T10:00:00.123456789Z stdout F {line}",
}


def seen(data: bytes) -> tuple[str | None, list[tuple[object, ...]]]:
    """Return the format and what its observations say, without the time, which a header may give."""
    fmt = recognise(data)
    if fmt is None:
        return None, []
    blocks = read_blocks([(0, data)], open_reader(fmt, name="x", reference_time=REFERENCE), Tally(), None)
    return fmt.id, [(one.source_ip, one.host, one.user, one.bytes_up, one.bytes_down, one.action) for one in blocks]


@pytest.mark.parametrize("name", NAMES)
def test_what_stands_before_the_lines_changes_nothing(name: str) -> None:
    expected = seen("".join(f"{line}\n" for line in SAMPLES[name]).encode())
    found = {
        header: seen("".join(f"{wrap(line)}\n" for line in SAMPLES[name]).encode()) for header, wrap in HEADERS.items()
    }
    assert found == dict.fromkeys(HEADERS, expected)
