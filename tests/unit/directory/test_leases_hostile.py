"""Lease files that are written at random, damaged, or no lease files at all."""

from __future__ import annotations

import gzip
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.lease_samples import (
    DNSMASQ,
    EVENTS,
    ISC,
    KEA4,
    KEA6,
    RADIUS,
    SPANS,
    WINDOWS,
    WINDOWS_HEADER,
    ZEEK,
    read,
    spans_of,
    written,
)

from shadowai.directory.leases import read_leases
from shadowai.directory.leases.reading import KINDS
from shadowai.directory.leases.sheet import MAX_LINE
from shadowai.directory.options import DirectoryOptions
from shadowai.directory.tables import Findings
from shadowai.model import SECOND

START, END, MAC = "starts 2 2026/05/05 08:00:00;", "ends 2 2026/05/05 {};", "hardware ethernet 02:00:00:00:00:0a;"


@pytest.mark.parametrize(
    ("before", "lines", "bad"),
    [
        (
            "",
            ["lease 10.1.0.5 {", START, "lease 10.1.0.6 {", "binding state active;", "}", "lease x {", "}"],
            [1, 3, 6],
        ),
        ("", ["lease 10.1.0.5 {", START.replace("05/05", "13/05"), END.format("08:00:00"), MAC, "}"], [1]),
        ("", ["lease 10.1.0.5 {", START.replace("05/05", "13/05"), "binding state active;", MAC, "}"], [1]),
        ("", ["lease 10.1.0.5 {", START, END.format("07:00:00"), "binding state free;", MAC, "}", "lease y {"], [1, 7]),
        (KEA4, ["10.1.0.5,02:00:00:00:00:0a", "x,y,z,1,2", "10.1.0.5,,,9,5", "10.1.0.5,,,1,9999999999"], [9, 10, 11]),
        (
            WINDOWS,
            [
                "10,13/05/26,10:00:00,Assign,10.1.0.5,x,02000000000A",
                "10,05/05/26,1:00,Assign,10.1.0.5,x,",
                "11,05/05/26,10:00:00,Renew,,x,",
            ],
            [23, 24, 25],
        ),
        (
            DNSMASQ,
            [
                "1778011200 02:00:00:00:00:0a 10.1.0.5",
                "x y 10.1.0.5 b c",
                "5 02:00:00:00:00:0a 10.1.0.5 b c",
                "1778011200 02:00:00:00:00:0a nowhere b c",
            ],
            [7, 8, 9],
        ),
        (ZEEK, ["1777968000.0\tC1", "x\t" + "\t".join("-" * 14)], [15, 16]),
        (ZEEK, [ZEEK.splitlines()[7].replace("10.1.0.5", "nowhere")], [15]),
        (
            EVENTS,
            ["x,start,anna,10.9.0.5,,", "1777968000,begin,anna,10.9.0.5,,", "1777968000,start,,10.9.0.5,,"],
            [7, 8, 9],
        ),
        (EVENTS, ["1777968000,start,anna,nowhere,,", "", "1777968000"], [7, 9]),
        (EVENTS, ["1777968000,start," + "x" * 70_000, 'x"' + "y" * 10], [7, 8]),
        (
            SPANS,
            ["x;;anna;10.9.0.5;", "1777968000;x;anna;10.9.0.5;", "1777968000;1777967000;anna;10.9.0.5;"],
            [4, 5, 6],
        ),
        (
            RADIUS,
            [
                "",
                "Tue May 35 14:00:00 2026",
                "Acct-Status-Type = Start",
                "User-Name = x",
                "Framed-IP-Address = 10.9.0.5",
            ],
            [47],
        ),
        (RADIUS, ["", "Tue May  5 14:00:00 2026", "Acct-Status-Type = Start", "Framed-IP-Address = 10.9.0.5"], [47]),
    ],
)
def test_what_cannot_be_read_is_told_by_its_line(tmp_path: Path, before: str, lines: list[str], bad: list[int]) -> None:
    _, findings = read(tmp_path, before + "".join(f"{line}\n" for line in lines))
    assert findings.problems == []
    assert [one.line for one in findings.warnings if one.line] == bad


@pytest.mark.parametrize("header", ["address,user,time,event", "address,user,end,start"])
def test_a_row_that_ends_early_is_bad(tmp_path: Path, header: str) -> None:
    _, findings = read(tmp_path, f"{header}\n10.9.0.5,anna\n")
    assert [one.line for one in findings.warnings] == [2]


def test_many_bad_lines_are_counted(tmp_path: Path) -> None:
    _, findings = read(tmp_path, EVENTS + "x,start,anna,10.9.0.5,,\n" * 100 + "1,start,,,\n" * 5)
    told = [str(one).removeprefix(f"{tmp_path}/") for one in findings.warnings]
    assert told[:3] == [f"file:{n}: is left out: row whose time or event cannot be read" for n in (7, 8, 9)]
    assert told[3:] == [
        (
            "file: 105 records are left out: 100 row whose time or event cannot be read,"
            " 5 row without an address, or with neither user nor device"
        )
    ]


@pytest.mark.parametrize("length", [MAX_LINE + 1, 3 * MAX_LINE, 20 * MAX_LINE])
def test_an_over_long_line_is_left_out_and_the_next_is_read(tmp_path: Path, length: int) -> None:
    leases, findings = read(tmp_path, SPANS + "x" * length + "\n1777968000;;cora;10.9.0.9;\nbad")
    assert [(one.line, one.message) for one in findings.warnings] == [
        (4, "is left out: longer than any record"),
        (6, "is left out: row without an address, or with neither user nor device"),
    ]
    assert spans_of(leases, "10.9.0.9")
    _, findings = read(tmp_path, SPANS + "x" * length)
    assert [one.line for one in findings.warnings] == [4]


def test_a_file_of_no_known_kind_is_a_problem_and_an_empty_one_is_told(tmp_path: Path) -> None:
    (tmp_path / ".hidden").write_text("anything")
    (tmp_path / ".folder").mkdir()
    (tmp_path / ".folder" / "file").write_text("anything")
    (tmp_path / "empty").write_text("# nothing yet\n\n")
    _, findings = read(tmp_path, "Dear reader,\nthis is no lease file.\n")
    assert [Path(one.file).name for one in findings.problems] == ["file"]
    assert "take it out of the folder" in findings.problems[0].message
    assert [str(one) for one in findings.warnings] == [f"{tmp_path}/empty: holds no lease"]


def test_a_file_that_breaks_off_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    rows = "".join(f"{1777968000 + n},start,user{n * 7919},10.9.{n >> 8}.{n & 255},,\n" for n in range(20_000))
    packed = gzip.compress((EVENTS + rows).encode())
    leases, findings = read(tmp_path, packed[: len(packed) // 2])
    assert spans_of(leases, "10.9.0.5")
    assert "breaks off or is damaged; what came before is used" in [one.message for one in findings.warnings]
    assert findings.problems == []
    _, findings = read(tmp_path, packed[:30] + b"\0" * 200 + packed[230:])
    assert len(findings.warnings) + len(findings.problems) > 0


def test_a_file_that_may_not_be_read_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path, *_mode: str) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "file").write_text(SPANS)
    monkeypatch.setattr(Path, "open", refuse)
    findings = Findings()
    assert len(read_leases(tmp_path, DirectoryOptions(), findings)) == 0
    assert "cannot be read (Permission denied)" in str(findings.problems[0])


leases_of_one = st.lists(
    st.tuples(st.integers(0, 255), st.integers(1, 5000), st.integers(60, 90_000), st.sampled_from(["pc-1", "pc-2"])),
    min_size=1,
    max_size=12,
)


def _isc(start: int, end: int, device: str, host: str) -> str:
    moments = [datetime.fromtimestamp(one, UTC).strftime("%w %Y/%m/%d %H:%M:%S") for one in (start, end)]
    return (
        f"lease 10.1.0.5 {{\n  starts {moments[0]};\n  ends {moments[1]};\n  binding state active;\n"
        f'  hardware ethernet {device};\n  client-hostname "{host}";\n}}\n'
    )


WRITERS = {
    "isc": ("", _isc),
    "kea": (
        KEA4.splitlines()[0] + "\n",
        lambda start, end, device, host: f"10.1.0.5,{device},,{end - start},{end},1,0,0,{host},0,,0\n",
    ),
    "zeek": (
        "\n".join(ZEEK.splitlines()[:7]) + "\n",
        lambda start, end, device, host: (
            f"{start}.000000\tC\t-\t-\t{device}\t{host}\t-\t-\t-\t10.1.0.5\t{end - start}.0\t-\t-\tREQUEST,ACK\t-\n"
        ),
    ),
    "windows": (
        WINDOWS_HEADER + "\n",
        lambda start, end, device, host: "".join(
            f"{event},{datetime.fromtimestamp(moment, UTC):%m/%d/%y,%H:%M:%S},x,10.1.0.5,{host},{device.upper()}\n"
            for event, moment in ((10, start), (12, end))
        ),
    ),
    "spans": (
        "start,end,user,address,device\n",
        lambda start, end, device, _host: f"{start},{end},,10.1.0.5,{device}\n",
    ),
}


@settings(max_examples=60)
@given(st.sampled_from(sorted(WRITERS)), leases_of_one, st.randoms(use_true_random=False))
def test_what_is_written_in_any_order_is_read_back(
    kind: str, parts: list[tuple[int, int, int, str]], shuffler: object
) -> None:
    header, write = WRITERS[kind]
    now, records, expected = 1_777_968_000, [], []
    for last, gap, length, host in parts:
        start, now = now + gap, now + gap + length
        device = f"02:00:00:00:00:{last:02x}"
        records.append(write(start, now, device, host))
        expected.append((start, now, (None, device, None if kind == "spans" else host)))
    shuffler.shuffle(records)
    with tempfile.TemporaryDirectory() as folder:
        leases, findings = read(Path(folder), header + "".join(records), zone="UTC")
    assert findings.problems == findings.warnings == []
    assert spans_of(leases, "10.1.0.5") == [(written(a * SECOND), written(b * SECOND), {who}) for a, b, who in expected]


hostile = st.binary(max_size=300)


@settings(max_examples=150)
@given(st.sampled_from([ISC, KEA4, KEA6, WINDOWS, DNSMASQ, ZEEK, EVENTS, SPANS, RADIUS]), hostile, st.data())
def test_hostile_bytes_never_stop_the_reading(content: str, junk: bytes, data: st.DataObject) -> None:
    whole = content.encode()
    place = data.draw(st.integers(0, len(whole)))
    drop = data.draw(st.integers(0, 40))
    with tempfile.TemporaryDirectory() as folder:
        leases, _ = read(Path(folder), whole[:place] + junk + whole[place + drop :])
        for address in ("10.1.0.5", "10.9.0.5", "2001:db8::5"):
            spans_of(leases, address)


@settings(max_examples=100)
@given(hostile)
def test_any_bytes_are_a_file_of_some_kind_or_a_problem(junk: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        leases, _ = read(Path(folder), junk)
        assert len(leases) >= 0


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_long_lines_of_anything_take_linear_time(tmp_path: Path, kind: object) -> None:
    del kind
    for filler in (" ", "{", "\\", '"', "a:", "1 ", ",", "\t", "0"):
        read(tmp_path, (filler * (MAX_LINE // len(filler) - 2) + "\n") * 8)
