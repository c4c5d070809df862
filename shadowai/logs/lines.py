"""Lines of bytes to text: byte order marks, UTF-16, stray encodings, and the syslog header in front of a record.

Syslog headers follow RFC 3164 section 4.1 and RFC 5424 section 6.2, with or without `<PRI>`, loosely: appliances vary.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LINE = 1 << 20  # bytes; a longer line is no record
MAX_HEADER_WORDS = 18  # of a header of RFC 5424 inside those of relays
MAX_WORDS_AFTER_EPOCH = 4  # many logs begin with such a number: only Meraki's has it as a header, and a name behind it
MAX_BLANK = 4  # bytes: CR and LF in UTF-16
HOLE = b"\0\0\0\0"  # begins no text, in UTF-16 either: what a file system leaves of data that never reached the disk
_UTF16_SHARE = 3  # one byte in three is NUL at least

# RFC 6587 section 3.4.1: over TCP the length of the message may stand in front.
# A collector that takes the priority off leaves RFC 5424's version standing in front of the time.
_PRIORITY = re.compile(r"(?:\d{1,7} )?<\d{1,3}>(?P<version>\d{1,2} )?\s{0,4}|1 (?=\d{4}-\d\d-\d\dT)", re.ASCII)
_STAMP = re.compile(
    r"[*.:]{0,2}\s{0,2}"  # Cisco: an asterisk or dot for a clock that is not set, a colon in EMBLEM format
    r"(?P<stamp>[A-Z][a-z]{2} [ \d]?\d(?: \d{4})? \d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?: (?:UTC|GMT)(?=:))?"
    r"|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}"  # logread of OpenWrt
    r"|(?P<year>\d{4}) (?P<day>[A-Z][a-z]{2} [ \d]\d) (?P<time>\d{2}:\d{2}:\d{2})"  # archives of Wazuh and OSSEC
    r"|\d{10}\.\d{3,9}"  # Meraki
    r"|\d{4}/\d{2}/\d{2} \d{2}:\d{2}:\d{2}"  # Huawei
    r"|\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?"
    r"(?:[Zz]|[+-]\d{2}:?\d{2}|(?P<odd>[+-]{1,2}\d{1,2}:\d{2}))?):?\s{1,4}",  # Check Point writes -05:00 as --5:00
    re.ASCII,
)
_ZONED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)\s+", re.ASCII)
# The program, where a relay left nothing else of the header.
_TAG = re.compile(r"\(?[a-z][\w./-]{1,40}\)?(?:\[\d{1,7}\])?: {1,4}", re.ASCII)
_CELL = re.compile(r'"|,\S')  # the word is one of a CSV
# RFC 5424 section 6.3: structured data is one word, whatever stands in its values.
_ELEMENTS = re.compile(r'(?:\[[^\s\]="]{1,64}(?: [^\s\]="]{1,64}="(?:[^"\\\]]|\\.){0,512}"){1,64}\]){1,16}\s+\ufeff?')
_WORD = re.compile(r"\S+\s+\ufeff?")  # RFC 5424: a byte order mark may stand before the message


def decode(line: bytes, offset: int) -> tuple[str, int]:
    """Give the text of a line without its line end, and where its first character lies.

    UTF-8 with or without a byte order mark; what is no UTF-8 is read as Latin-1; UTF-16 is told by its NUL bytes. Of a
    hole in the file, what follows it is the text.
    """
    if line.startswith(HOLE):
        rest = line.lstrip(b"\0")
        line, offset = rest, offset + len(line) - len(rest)
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return _decode_wide(line, offset) if _is_wide(line) else (line.decode("latin-1").rstrip("\r\n"), offset)
    if "\0" in text and _is_wide(line):
        return _decode_wide(line, offset)
    return text.lstrip("\ufeff").rstrip("\r\n"), offset


def is_blank(line: bytes) -> bool:
    """Say whether a line (without its newline) is empty; the NUL of a UTF-16 line end does not fill it."""
    return len(line) <= MAX_BLANK and (line in {b"", b"\r"} or (b"\0" in line and not line.strip(b"\0\r")))


def strip_syslog(text: str, begins: re.Pattern[str], *, marked: bool = False) -> tuple[str, str] | None:
    """Give the record behind a syslog header and the header's time ("" where there is none).

    `begins` matches the start of a record. None where no record follows (see `openings`).
    """
    if begins.match(text):
        return text, ""
    for at, stamp in openings(text, marked=marked):
        if begins.match(text, at):
            return text[at:], stamp
    return None


def openings(text: str, *, marked: bool = False) -> Iterator[tuple[int, str]]:
    """Give the places where a record may start behind a syslog header, each with the header's time.

    Only a priority or a time makes a header, and only the few words of a header are passed over, so that text inside a
    message cannot pose as a record. The start of a `marked` record cannot be mistaken: a header of other words may
    precede it. Where a relay's header precedes the device's, the device's time counts if it names its zone.
    """
    at, stamp = 0, ""
    if found := _PRIORITY.match(text):
        if found["version"]:
            yield found.start("version"), ""  # a record may begin with a number, too
        at = found.end()
        yield at, ""
    if found := _STAMP.match(text, at):
        at, stamp = found.end(), _stamp_of(found)
    bare = at == 0
    if bare and (found := _TAG.match(text)):
        yield found.end(), ""
    if bare and (not marked or text.startswith(("{", '"'))):
        return  # a record inside JSON or CSV is unwrapped, not found by its words
    for _ in range(MAX_WORDS_AFTER_EPOCH if stamp[:10].isdigit() else MAX_HEADER_WORDS):
        yield at, stamp
        found = _ELEMENTS.match(text, at) or _WORD.match(text, at)
        if not found or (bare and _CELL.search(found[0])):
            return
        at = found.end()
        if _ZONED.fullmatch(found[0]):
            stamp = found[0].rstrip()


def _stamp_of(found: re.Match[str]) -> str:
    """Give the time of a header as formats read it."""
    stamp = found["stamp"]
    if found["year"]:
        return f"{found['day']} {found['year']} {found['time']}"
    if odd := found["odd"]:
        return f"{stamp.removesuffix(odd)}{odd[0]}{odd.lstrip('+-'):0>5}"
    return stamp.replace("/", "-")


def _is_wide(line: bytes) -> bool:
    return line.count(b"\0") * _UTF16_SHARE >= len(line)


def _decode_wide(line: bytes, offset: int) -> tuple[str, int]:
    """Read a line of UTF-16 cut after its 0x0A byte; in little endian its other byte leads the next line."""
    bare = line
    if line.startswith(b"\xfe\xff"):
        encoding = "utf-16-be"
    elif line.startswith(b"\xff\xfe"):
        encoding = "utf-16-le"
    elif offset % 2:
        bare, encoding, offset = line[1:], "utf-16-le", offset + 1
    else:
        # Without a mark: of ASCII characters the zero byte comes last in little endian.
        encoding = "utf-16-le" if line[1::2].count(0) > line[::2].count(0) else "utf-16-be"
    text = bare[: len(bare) // 2 * 2].decode(encoding, "replace")
    return text.lstrip("\ufeff").strip("\r\n\0"), offset


def line_starts(block: bytes, prefix: bytes) -> Iterator[int]:
    """Give the starts of the lines of a block that begin with a prefix."""
    if block.startswith(prefix):
        yield 0
    at = block.find(b"\n" + prefix)
    while at >= 0:
        yield at + 1
        at = block.find(b"\n" + prefix, at + 1)
