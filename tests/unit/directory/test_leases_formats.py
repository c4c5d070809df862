"""Lease files of every kind, and what they say read off by hand."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest
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
    Span,
    mac,
    read,
    spans_of,
)

from shadowai.directory.leases import read_leases
from shadowai.directory.options import DirectoryOptions
from shadowai.directory.tables import Findings
from shadowai.model import SECOND

if TYPE_CHECKING:
    from pathlib import Path

ANNA = (None, mac("0a"), "pc-anna")
CORP_ANNA = (None, mac("0a"), "pc-anna.corp.example")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            ISC,
            {
                "10.1.0.5": [("05 08:00:00", "05 10:00:00", {ANNA})],
                "10.1.0.6": [("05 08:00:00", "never", {(None, mac("0b"), None)})],
                "10.1.0.7": [],
                "10.1.0.8": [],
                "2001:db8::5": [("05 08:00:00", "05 09:00:00", {(None, mac("0c"), None)})],
                "2001:db8::7": [("05 08:00:00", "never", {(None, mac("0e"), None)})],
                "2001:db8:5::": [],
            },
            id="isc",
        ),
        pytest.param(
            KEA4,
            {
                "10.1.0.5": [("05 08:00:00", "05 11:00:00", {CORP_ANNA})],
                "10.1.0.6": [("05 08:00:00", "never", {(None, mac("0b"), None)})],
                "10.1.0.7": [("05 08:00:00", "05 08:33:20", {(None, mac("0c"), "a,b")})],
                "10.1.0.8": [("05 08:00:00", "05 09:00:00", {(None, mac("0d"), "pc-d")})],
            },
            id="kea4",
        ),
        pytest.param(
            KEA6,
            {
                "2001:db8::5": [("05 08:00:00", "05 10:00:00", {ANNA})],
                "2001:db8:5::": [],
                "2001:db8::6": [("05 08:00:00", "05 10:00:00", {(None, "id:00020000ab1101", None)})],
            },
            id="kea6",
        ),
        pytest.param(
            WINDOWS,
            {
                "10.1.0.5": [("05 08:00:00", "05 11:00:00", {CORP_ANNA})],
                "10.1.0.6": [("05 12:00:00", "05 13:00:00", {(None, mac("0b"), "pc-b")})],
                "10.1.0.7": [("05 11:00:00", "05 14:00:00", {(None, mac("0c"), "pc-c")})],
                "10.1.0.8": [],
                "5.0.1.10": [],
            },
            id="windows",
        ),
        pytest.param(
            DNSMASQ,
            {
                "10.1.0.5": [("05 08:00:00", "05 20:00:00", {ANNA})],
                "10.1.0.6": [("01 00:00:01", "never", {(None, mac("0b"), None)})],
                "10.1.0.7": [("05 08:00:00", "05 20:00:00", {(None, mac("0c"), "pc-c")})],
                "2001:db8::5": [("05 08:00:00", "05 20:00:00", {ANNA})],
                "2001:db8::6": [("05 08:00:00", "05 20:00:00", {(None, "id:00020000ab1101", None)})],
            },
            id="dnsmasq",
        ),
        pytest.param(
            ZEEK,
            {
                "10.1.0.5": [("05 08:00:02", "05 10:00:00", {ANNA})],
                "10.1.0.6": [("05 08:00:00", "05 09:00:00", {(None, mac("0b"), "pc-b.corp.example")})],
                "10.1.0.8": [],
                "10.1.0.9": [],
            },
            id="zeek",
        ),
        pytest.param(
            EVENTS,
            {
                "10.9.0.5": [("05 08:00:00", "05 12:00:00", {("corp\\anna", mac("0a"), None)})],
                "10.9.0.6": [("05 12:01:00", "06 00:01:00", {("anna@corp.example", None, "pc-anna")})],
                "10.9.0.7": [("05 11:00:00", "05 12:00:00", {("bert", None, None)})],
            },
            id="events",
        ),
        pytest.param(
            SPANS,
            {
                "10.9.0.5": [("05 08:00:00", "05 12:00:00", {("anna", None, "pc-anna")})],
                "10.9.0.6": [("05 08:00:00", "05 20:00:00", {(None, mac("0b"), None)})],
            },
            id="spans",
        ),
        pytest.param(
            RADIUS,
            {
                "10.9.0.5": [("05 08:00:00", "05 12:00:00", {("corp\\anna", mac("0a"), None)})],
                "2001:db8::5": [("05 09:00:00", "05 22:00:00", {("corp\\anna", mac("0a"), None)})],
                "10.9.0.6": [("05 10:00:00", "05 12:00:00", {("bert", None, None)})],
            },
            id="radius",
        ),
    ],
)
@pytest.mark.parametrize("form", ["plain", "gzip", "utf-16", "crlf", "bom"])
def test_each_kind_says_what_it_says(tmp_path: Path, content: str, expected: dict[str, list[Span]], form: str) -> None:
    data = {
        "plain": content.encode(),
        "gzip": gzip.compress(content.encode()),
        "utf-16": content.encode("utf-16"),
        "crlf": content.replace("\n", "\r\n").encode(),
        "bom": b"\xef\xbb\xbf" + content.encode(),
    }[form]
    leases, findings = read(tmp_path / "leases", data, name="any name.txt")
    assert {address: spans_of(leases, address) for address in expected} == expected
    assert [str(one) for one in (*findings.problems, *findings.warnings)] == []


def test_zeek_writes_json_too(tmp_path: Path) -> None:
    record = {
        "ts": 1777968000.0,
        "mac": "02:00:00:00:00:0a",
        "host_name": "PC-Anna",
        "assigned_addr": "10.1.0.5",
        "lease_time": 7200.0,
        "msg_types": ["REQUEST", "ACK"],
    }
    iso = record | {"ts": "2026-05-05T08:00:00.500000Z", "assigned_addr": "10.1.0.6", "lease_time": 7200}
    leases, findings = read(tmp_path, "\n".join(map(json.dumps, (record, iso))) + "\n{broken\n[]\n")
    assert spans_of(leases, "10.1.0.5") == [("05 08:00:00", "05 10:00:00", {ANNA})]
    assert spans_of(leases, "10.1.0.6") == [("05 08:00:00", "05 10:00:00", {ANNA})]
    assert [one.line for one in findings.warnings] == [3, 4]


def test_the_old_log_of_bro_is_read(tmp_path: Path) -> None:
    content = (
        "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tmac\tassigned_ip\tlease_time\ttrans_id\n"
        "1777968000.0\tC1\t10.1.0.5\t68\t10.1.0.1\t67\t02:00:00:00:00:0a\t10.1.0.5\t7200.0\t77\n"
    )
    leases, _ = read(tmp_path, content)
    assert spans_of(leases, "10.1.0.5") == [("05 08:00:00", "05 10:00:00", {(None, mac("0a"), None)})]


@pytest.mark.parametrize(
    ("user", "device", "expected"),
    [
        ("CORP\\PC-17$", "", (None, None, "pc-17")),
        ("host/pc-17.corp.example", "", (None, None, "pc-17.corp.example")),
        ("02000000000a", "", (None, mac("0a"), None)),
        ("anonymous@corp.example", "pc-1", (None, None, "pc-1")),
        ("@corp.example", "pc-1", (None, None, "pc-1")),
        ("10.1.2.3", "pc-1", (None, None, "pc-1")),
        ("anna", "10.1.2.3", ("anna", None, None)),
        ("anna", "00:00:00:00:00:00", ("anna", None, None)),
        ("anna", "*", ("anna", None, None)),
    ],
)
def test_who_logs_on_is_told_from_what_logs_on(
    tmp_path: Path, user: str, device: str, expected: tuple[str | None, str | None, str | None]
) -> None:
    leases, _ = read(tmp_path, f"start,end,user,address,device\n1777968000,1777971600,{user},10.9.0.5,{device}\n")
    assert spans_of(leases, "10.9.0.5") == [("05 08:00:00", "05 09:00:00", {expected})]


def test_logs_of_dhcpv6_by_windows_are_told_not_guessed(tmp_path: Path) -> None:
    header = "ID,Date,Time,Description,IPv6 Address,Host Name,Error Code, Duid Length, Duid Bytes(Hex),User Name"
    leases, findings = read(tmp_path, f"{header}\n11002,05/05/26,10:00:00,DHCPV6 Request,2001:db8::5,pc,0,0,,\n")
    assert len(leases) == 0
    assert "a log of DHCPv6, which is not read" in findings.warnings[0].message
    _, findings = read(tmp_path, "ID,Date,Time,Description\n")
    assert "a log without IP addresses" in findings.warnings[0].message


def test_the_hour_that_is_there_twice_leaves_both_holders_in_doubt(tmp_path: Path) -> None:
    header = WINDOWS_HEADER
    rows = [
        "10,10/25/26,00:30:00,Assign,10.1.0.5,pc-a,02000000000A",  # 22:30 UTC
        "10,10/25/26,02:30:00,Assign,10.1.0.5,pc-b,02000000000B",  # 00:30 or 01:30 UTC
        "12,10/25/26,06:30:00,Release,10.1.0.5,pc-b,02000000000B",  # 05:30 UTC
    ]
    leases, _ = read(tmp_path, "\n".join([header, *rows]) + "\n")
    a, b = (None, mac("0a"), "pc-a"), (None, mac("0b"), "pc-b")
    assert spans_of(leases, "10.1.0.5") == [
        ("24 22:30:00", "25 00:30:00", {a}),
        ("25 00:30:00", "25 01:30:00", {a, b}),
        ("25 01:30:00", "25 05:30:00", {b}),
    ]


ONE_WINDOWS = """\
ID,Date,Time,Description,IP Address,Host Name,MAC Address,
10,05/05/26,10:00:00,Assign,10.1.0.5,PC-Anna,02000000000A,
"""
ONE_ZEEK = """\
{"ts":1777968000.0,"mac":"02:00:00:00:00:0a","host_name":"PC-Anna","assigned_addr":"10.1.0.5","msg_types":["ACK"]}
"""


@pytest.mark.parametrize(
    ("server", "content", "usual", "told"),
    [
        ("dnsmasq", DNSMASQ, ("05 08:00:00", "05 20:00:00"), ("05 18:00:00", "05 20:00:00")),
        ("windows", ONE_WINDOWS, ("05 08:00:00", "13 08:00:00"), ("05 08:00:00", "05 10:00:00")),
        ("zeek", ONE_ZEEK, ("05 08:00:00", "05 20:00:00"), ("05 08:00:00", "05 10:00:00")),
    ],
)
def test_how_long_leases_last_can_be_told(
    tmp_path: Path, server: str, content: str, usual: tuple[str, str], told: tuple[str, str]
) -> None:
    leases, _ = read(tmp_path, content)
    assert spans_of(leases, "10.1.0.5") == [(*usual, {ANNA})]
    leases, findings = read(tmp_path, content, **{server: 2 * 3600 * SECOND})
    assert spans_of(leases, "10.1.0.5") == [(*told, {ANNA})]
    assert findings.warnings == []
    other = {"dnsmasq": "windows", "windows": "zeek", "zeek": "dnsmasq"}[server]
    leases, _ = read(tmp_path, content, **{other: SECOND})
    assert spans_of(leases, "10.1.0.5") == [(*usual, {ANNA})]


def test_the_names_and_the_order_of_files_change_nothing(tmp_path: Path) -> None:
    contents = [ISC, KEA4, WINDOWS, DNSMASQ, ZEEK]
    for folder, order in (("one", range(5)), ("other", range(4, -1, -1))):
        for n in order:
            read(tmp_path / folder, contents[n], name=f"{folder}{n if folder == 'one' else 9 - n}")
    options = DirectoryOptions(zone="Europe/Berlin")
    one, other = (read_leases(tmp_path / name, options, Findings()) for name in ("one", "other"))
    assert one.digest == other.digest
    for address in ("10.1.0.5", "10.1.0.6", "10.1.0.7", "10.1.0.8"):
        assert spans_of(one, address) == spans_of(other, address)
    changed, _ = read(tmp_path / "one", ISC + "\n", name="one0")
    assert changed.digest != one.digest
