"""Hostile and odd files: huge lines, NUL bytes, encodings, byte order marks, line ends; prefiltered or not."""

from pathlib import Path

import pytest

from shadowai import sources
from shadowai.logs import Needle, Prefilter, open_reader, read_blocks, recognise
from shadowai.model import Observation, Tally

SQUID = "1768471200.576    111 10.1.2.3 TCP_TUNNEL/200 15851 CONNECT chatgpt.com:443 jörg HIER_DIRECT/192.0.2.7 -"
NEEDLES = Prefilter([Needle("chatgpt.com", at_end=True)])


def read(data: bytes, *, prefilter: Prefilter | None = None) -> tuple[list[Observation], Tally]:
    fmt = recognise(data)
    assert fmt is not None
    assert fmt.id == "squid"
    tally = Tally()
    return list(read_blocks([(0, data)], open_reader(fmt, name="x"), tally, prefilter)), tally


@pytest.mark.parametrize(
    "data",
    [
        (SQUID + "\n").encode() * 3,
        (SQUID + "\r\n").encode() * 3,
        ("\ufeff" + (SQUID + "\n") * 3).encode(),
        ("\ufeff\ufeff" + (SQUID + "\n") * 3).encode(),
        ("\ufeff" + SQUID + "\n").encode() * 3,
        ("\ufeff" + (SQUID + "\r\n") * 3).encode("utf-16-le"),
        ("\ufeff" + (SQUID + "\r\n") * 3).encode("utf-16-be"),
        ((SQUID + "\n") * 3).encode("utf-16-le"),
        ((SQUID + "\n") * 3).encode("utf-16-be"),
        ((SQUID + "\n") * 3).encode("latin-1"),
        (SQUID + "\n\n\r\n").encode() * 3,
    ],
)
def test_encodings_marks_and_line_ends(data: bytes) -> None:
    for prefilter in (None, NEEDLES):
        found, tally = read(data, prefilter=prefilter)
        assert [(seen.host, seen.user) for seen in found] == [("chatgpt.com", "jörg")] * 3
        assert (tally.records, tally.broken) == (3, 0)


def test_nul_bytes_cost_their_line() -> None:
    line = (SQUID + "\n").encode()
    found, tally = read(line * 5 + b"\0\0\0\n" + line.replace(b"chatgpt", b"chat\0gpt") + line)
    assert len(found) == 6
    assert tally.broken >= 1
    assert tally.records == 7  # a line of nothing but NUL is blank


@pytest.mark.parametrize("size", [1_500_000, 10_000_000])
def test_a_huge_line_is_one_broken_record(tmp_path: Path, size: int) -> None:
    line = (SQUID + "\n").encode()
    huge = b"x" * size + b" " + line  # its end must not pass for a record
    path = tmp_path / "access.log"
    path.write_bytes(line * 3 + huge + line * 2 + huge[:-1])
    source = sources.Source(str(path), path)
    fmt = recognise(path.read_bytes()[:60_000])
    assert fmt is not None
    for prefilter in (None, NEEDLES):
        tally = Tally()
        blocks = sources.line_blocks(sources.Shard(source))
        found = list(read_blocks(blocks, open_reader(fmt, name="x"), tally, prefilter))
        assert [seen.offset for seen in found] == [
            0,
            len(line),
            2 * len(line),
            *(3 * len(line) + len(huge) + at for at in (0, len(line))),
        ]
        assert tally.skipped == {"over-long": 2}
        assert tally.records == 7


def test_a_huge_document_of_one_line_is_read(tmp_path: Path) -> None:
    record = (
        '{"timestamp":"2026-01-15T10:00:00.0+0000","event_type":"tls","src_ip":"10.1.2.3","tls":{"sni":"chatgpt.com"}}'
    )
    path = tmp_path / "eve.json"
    path.write_text('{"Records":[' + ",".join([record] * 40_000) + "]}", encoding="utf-8")
    source = sources.Source(str(path), path)
    fmt = recognise(sources.read_head(source))
    assert fmt is not None
    assert (fmt.id, fmt.framing, fmt.is_whole) == ("suricata", "json:3", True)
    tally = Tally()
    blocks = sources.line_blocks(sources.Shard(source))
    assert sum(1 for _ in read_blocks(blocks, open_reader(fmt, name="x"), tally, NEEDLES)) == 40_000
    assert (tally.records, tally.broken) == (40_000, 0)
