"""Lines that come out of grep, a terminal or a spreadsheet rather than out of the product that wrote them."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.logs import bind, load_formats, open_reader, recognise
from shadowai.logs.framing import MAX_RECORD, ReturnFolder, fold
from shadowai.logs.pasted import PASTED, is_pasted, pasted_opener
from shadowai.model import Observation

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SQUID = [
    f"17684712{n:02}.576    111 10.1.2.3 TCP_TUNNEL/200 15851 CONNECT host{n}.example:443 user HIER_DIRECT/192.0.2.7 -"
    for n in range(20)
]
BIND = [
    f"26-Oct-2026 07:33:{n:02}.003 queries: info: client @0x0254 10.1.0.5#49951 (host{n}.example): query: "
    f"host{n}.example IN A +E(0)K (10.20.0.53)"
    for n in range(20)
]
PAIRS = [
    f'date=2026-10-26 time=07:33:{n:02} devname="fw" logid="0317013312" type="utm" subtype="webfilter" '
    f'srcip=10.1.0.5 dstip=192.0.2.7 dstport=443 service="HTTPS" hostname="host{n}.example" action="passthrough"'
    for n in range(20)
]
ZEEK = [
    f'{{"ts":17684712{n:02}.5,"uid":"C{n}","id.orig_h":"10.1.0.5","id.orig_p":5000,"id.resp_h":"192.0.2.7",'
    f'"id.resp_p":443,"version":"TLSv13","server_name":"host{n}.example","resumed":false,"established":true}}'
    for n in range(20)
]
AROUND: dict[str, Callable[[int, str], str]] = {
    "grep -n": lambda n, line: f"{n}:{line}",
    "grep -H": lambda _, line: f"access.log:{line}",
    "zgrep -Hn": lambda n, line: f"/var/log/2026-10-26/access.log.{n % 3}.gz:{n}:{line}",
    "grep -C": lambda n, line: f"{n}{':' if n % 3 else '-'}{line}",
    "findstr /n": lambda n, line: f"C:\\proxy logs\\access.log:{n}:{line}",
    "cat -n": lambda n, line: f"{n:6d}\t{line}",
    "compose": lambda _, line: f"proxy-1  | {line}",
    "kubectl": lambda _, line: f"[pod/proxy-5d4/squid] {line}",
    "mail": lambda n, line: f"{'> ' * (1 + n % 2)}{line}",
    "wiki": lambda _, line: f"    {line}",
    "diff": lambda _, line: f"+{line}",
    "jq": lambda _, line: f"  {json.dumps(line)},",
    "one column": lambda _, line: '"' + line.replace('"', '""') + '"',
    "colours": lambda _, line: f"\x1b[32m{line}\x1b[0m",
    "grep --color": lambda _, line: line.replace("host", "\x1b[01;31m\x1b[Khost\x1b[m\x1b[K"),
    "grep -Hn --color": lambda n, line: f"\x1b[35m\x1b[Ka.log\x1b[m\x1b[K:\x1b[32m\x1b[K{n}\x1b[m\x1b[K:{line}",
}


def hosts(text: str) -> list[str | None]:
    """Read a text as whatever it is recognised as."""
    fmt = recognise(text.encode())
    assert fmt is not None
    reader = open_reader(fmt, name="a.log")
    blocks = fold([(0, text.encode())], fmt.framing) if fmt.framing != "lines" else [(0, text.encode())]
    found = [reader.parse(line, 0) for _, block in blocks for line in block.splitlines() if line]
    return [one.host for one in found if isinstance(one, Observation)]


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("log", [SQUID, BIND, PAIRS, ZEEK], ids=["squid", "bind", "fortigate", "zeek"])
def test_what_stands_around_lines_is_taken_off(log: list[str], around: str) -> None:
    """All of these were "of no known format"."""
    text = "\n".join(AROUND[around](n, line) for n, line in enumerate(log, 1)) + "\n"
    assert hosts(text) == [f"host{n}.example" for n in range(20)]


def test_what_grep_itself_writes_is_read(tmp_path: Path) -> None:
    grep = shutil.which("grep")
    if grep is None:
        pytest.skip("needs grep")
    (tmp_path / "a.log").write_text("\n".join(SQUID) + "\n")
    for options in (["-n"], ["-H"], ["-Hn"], ["-n", "--color=always"], ["-Hn", "--color=always"]):
        made = subprocess.run([grep, *options, "example", "a.log"], cwd=tmp_path, capture_output=True, check=True,
                              env={"PATH": os.environ["PATH"]})  # fmt: skip
        assert hosts(made.stdout.decode()) == [f"host{n}.example" for n in range(20)]


def test_a_named_format_is_read_behind_a_number_too() -> None:
    fmt = bind(load_formats()["squid"], "\n".join(f"{n}:{line}" for n, line in enumerate(SQUID)).encode())
    assert fmt.wrapped == ("pasted:number",)


@pytest.mark.parametrize("log", [SQUID, BIND, PAIRS, ZEEK])
def test_plain_lines_are_taken_as_they_are(log: list[str]) -> None:
    fmt = recognise("\n".join(log).encode())
    assert fmt is not None
    assert fmt.wrapped == ()


@given(text=st.text(max_size=80), wrapping=st.sampled_from(PASTED))
def test_no_text_breaks_an_opener(text: str, wrapping: str) -> None:
    assert is_pasted(wrapping)
    found = pasted_opener(wrapping)(text)
    assert found is None or (len(found[0]) <= len(text) and found[1] == "")


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize("log", [SQUID, PAIRS, ZEEK])
def test_lines_may_end_in_anything(log: list[str], end: str) -> None:
    """Of lines that end in CR alone the first was read, and the others were lost without a word."""
    assert hosts(end.join(log) + end) == [f"host{n}.example" for n in range(20)]


@given(data=st.lists(st.binary(max_size=9) | st.just(b"\r"), max_size=30))
def test_line_ends_are_rewritten_in_place(data: list[bytes]) -> None:
    offsets = [sum(map(len, data[:n])) for n in range(len(data))]
    pieces = list(fold(zip(offsets, data, strict=True), "returns"))
    assert b"".join(piece for _, piece in pieces) == b"".join(data).replace(b"\r", b"\n")
    assert all(piece.endswith(b"\n") for _, piece in pieces[:-1])


def test_what_is_held_back_is_bounded() -> None:
    pieces, rest = ReturnFolder().feed(b"x" * (MAX_RECORD + 1), last=False)
    assert (len(pieces), rest) == (1, b"")


def test_a_named_format_with_old_line_ends_is_bound() -> None:
    head = "\r".join(SQUID).encode()
    assert bind(load_formats()["squid"], head).framing == "returns"
    assert recognise(b"one\rtwo\rthree") is None


ZSCALER = [  # https://help.zscaler.com/zia/nss-feed-output-format-web-logs
    "time", "login", "proto", "eurl", "action", "reqsize", "respsize", "cip", "sip", "reqmethod", "respcode", "ua"
]  # fmt: skip


def table(spelling: str, delimiter: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(ZSCALER)
    for n in range(20):
        moment = datetime(2026, 11, 17, 15, n)  # noqa: DTZ001  # of no zone, as in the table
        writer.writerow([moment.strftime(spelling), "user", "HTTPS", f"host{n}.example/", "Allowed", 1, 2, "10.1.2.3",
                         "192.0.2.7", "GET", 200, "x"])  # fmt: skip
    return out.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize(
    "spelling",
    ["%d.%m.%Y %H:%M", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%Y-%m-%d %H:%M", "%m/%d/%Y %I:%M %p", "%d-%m-%Y %H:%M"],
)
def test_times_as_spreadsheets_save_them_are_read(spelling: str, delimiter: str) -> None:
    """They were all "bad-time"."""
    text = table(spelling, delimiter)
    fmt = recognise(text.encode())
    assert fmt is not None
    assert fmt.id.startswith("zscaler")
    reader = open_reader(fmt, name="a.csv")
    found = [one for line in text.encode().splitlines() if isinstance(one := reader.parse(line, 0), Observation)]
    assert [one.to_ecs()["@timestamp"] for one in found] == [f"2026-11-17T15:{n:02}:00.000000Z" for n in range(20)]
