"""Text of lines and the syslog header in front of a record."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.logs.lines import decode, is_blank, strip_syslog

BEGINS = re.compile(r"record ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("record 1", ("record 1", "")),
        ("<134>record 1", ("record 1", "")),
        ("<134> record 1", ("record 1", "")),
        ("Jan 15 10:00:00 host app[12]: record 1", ("record 1", "Jan 15 10:00:00")),
        ("<13>Jan  5 10:00:00 host record 1", ("record 1", "Jan  5 10:00:00")),
        ("<13>Jan 15 2026 10:00:00 host record 1", ("record 1", "Jan 15 2026 10:00:00")),
        ('<13>1 2026-01-15T10:00:00.5Z host app 1 ID7 [a@1 b="c"] record 1', ("record 1", "2026-01-15T10:00:00.5Z")),
        ("<13>1 2026-01-15T10:00:00+01:00 host - - - - record 1", ("record 1", "2026-01-15T10:00:00+01:00")),
        ("<13>1 TIMESTAMP host record 1", ("record 1", "")),
        ("<13>1 2026-01-15T10:00:00Z host app - - - \ufeffrecord 1", ("record 1", "2026-01-15T10:00:00Z")),
        ("57 <13>1 2026-01-15T10:00:00Z host - - - - record 1", ("record 1", "2026-01-15T10:00:00Z")),
        ("2026 Jan  5 10:00:00 (pc-1) any->/var/log/x record 1", ("record 1", "Jan  5 2026 10:00:00")),
        ("<134>1 1380664922.583851938 hostname record 1", ("record 1", "1380664922.583851938")),  # Meraki
        ("1 2026-01-15T10:00:00Z host app - - - record 1", ("record 1", "2026-01-15T10:00:00Z")),  # no priority left
        ("1 host app record 1", None),
        ("2026/01/15 10:00:00 host record 1", ("record 1", "2026-01-15 10:00:00")),
        ("Jan 15 10:00:01 relay app: 2026-01-15T09:00:00.5Z host record 1", ("record 1", "2026-01-15T09:00:00.5Z")),
        ("Jan 15 10:00:01 relay 2026-01-15T11:00:00 host record 1", ("record 1", "Jan 15 10:00:01")),  # of no zone
        ("1380664922.583 a b c d record 1", None),  # many logs begin with such a number
        ("57 record 1", None),
        ("host app: record 1", None),
        ("app[12]: record 1", ("record 1", "")),  # a relay kept the message and the program alone
        ("(squid): record 1", ("record 1", "")),
        ("app: other: record 1", None),
        ("Info: record 1", None),  # a level
        ("Jan 15 10:00:00 " + "word " * 20 + "record 1", None),
        ("<134>", None),
        ("Jan 15 10:00:00 host", None),
    ],
)
def test_headers(text: str, expected: object) -> None:
    assert strip_syslog(text, BEGINS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gw-1 app: record 1", ("record 1", "")),
        ('2026-01-15T10:00:00Z,gw-1,"<134>Jan 15 10:00:00 gw-1 record 1"', None),  # a cell of an export
        ("2026-01-15T10:00:00Z,gw-1,<134>Jan 15 10:00:00 gw-1 record 1", None),
        ("Jan 15, 2026 10:00:00 gw-1 record 1", ("record 1", "")),
        ('{"a": "record 1"}', None),
    ],
)
def test_headers_of_records_whose_start_is_marked(text: str, expected: object) -> None:
    assert strip_syslog(text, BEGINS, marked=True) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("é".encode(), "é"),
        (b"\xef\xbb\xbfabc\r", "abc"),
        (b"caf\xe9", "café"),
        (b"a\0b-and-a-long-rest", "a\0b-and-a-long-rest"),
    ],
)
def test_encodings(line: bytes, expected: object) -> None:
    assert decode(line, 0) == (expected, 0)


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0\ufeff")),
    st.sampled_from(["utf-16-le", "utf-16-be"]),
)
def test_utf16_lines_as_a_cut_at_newlines_gives_them(text: str, encoding: str) -> None:
    wide = f"first\nab{text}\nlast".encode(encoding)
    if b"\n" in (text.encode(encoding)) or wide.count(b"\0") * 3 < len(wide):
        return
    lines, offset = [], 0
    for line in wide.split(b"\n"):
        lines.append((line, offset))
        offset += len(line) + 1
    line, at = lines[1]
    if line.count(b"\0") * 3 >= len(line):
        found, where = decode(line, at)
        assert found == f"ab{text}"
        assert wide[where:].startswith("ab".encode(encoding))


@pytest.mark.parametrize("line", [b"", b"\r", b"\0", b"\0\r\0"])
def test_blank(line: bytes) -> None:
    assert is_blank(line)


@pytest.mark.parametrize("line", [b" ", b"\r\r", b"x", b"\0\0\0\0\0"])
def test_not_blank(line: bytes) -> None:
    assert not is_blank(line)


@given(st.binary(max_size=300), st.integers(0, 3))
def test_no_bytes_raise(line: bytes, offset: int) -> None:
    text, at = decode(line, offset)
    assert at in {offset, offset + 1}
    strip_syslog(text, BEGINS)
