"""What a file is that no reader takes: told by its document's magic, and by what other programs really write."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai import resources
from shadowai.sources import foreign

if TYPE_CHECKING:
    from pathlib import Path

MAIL = b"Received: from a.example\r\n\tby b.example\r\nFrom: a@example.com\r\nSubject: logs\r\n\r\nsee attached\r\n"


def needs(tool: str) -> str:
    path = shutil.which(tool)
    if path is None:
        if tool in os.environ.get("SHADOWAI_REQUIRE", "").split(","):
            pytest.fail(f"{tool} is required")
        pytest.skip(f"needs {tool}")
    return path


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (b"%PDF-1.7\n", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "Outlook"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"ElfFile\0" + bytes(500), "wevtutil"),
        (b"PAR1" + bytes(90), "Parquet"),
        (b"Rar!\x1a\x07\x01\0", "RAR"),
        (b"\x1f\x9d\x90" + bytes(90), "gzip -dc"),
        (b"snoop\0\0\0\0\0\0\2", "editcap"),
        (bytes([0, 0, 2, 0]) + bytes(200) + "C:\\NetTrace.etl".encode("utf-16-le"), "etl2pcapng"),
        (b"-----BEGIN PGP MESSAGE-----\n", "decrypt"),
        (b"<!DOCTYPE html>\n<html lang=en>", "web page"),
        (b"\xef\xbb\xbf\r\n<html>", "web page"),
        (MAIL, "attachment"),
        (b"From a@example.com Mon Oct 26 08:00:00 2026\n" + MAIL, "attachment"),
        (b"begin 644 access.log\nM" + b"A" * 60, "uudecode"),
        ((b"MTc5MzAw" * 9 + b"ABCD\n") * 5, "base64 -d"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "git lfs pull"),
        (b"# TLS\nCLIENT_RANDOM " + b"a1" * 32, "--tls-keylog"),
        (b"network,department,kind\n10.0.0.0/8,Sales,client\n", "--directory"),
        (b"# ours\n\ndefault: unsanctioned\nrules:\n", "--policy"),
        (b'{\n  "schema": 1,\n  "generator": "shadowai 0.1.0",', "shadowai itself"),
        (b"00000000: d4c3 b2a1 0200 0400 0000 0000 0000 0000  ....\n", "text2pcap"),
        (b"000000 00 1b 21 aa bb cc 00 50 56\n", "text2pcap"),
        (b"08:00:47.242000 IP 10.3.1.5.50000 > 10.3.0.53.53: 1+ A? a.example. (30)\n", "tcpdump -w"),
        (b"\r\n \n\xef\xbb\xbf", "nothing but blanks"),
        (bytes(900), "nothing but blanks"),
    ],
)
def test_what_it_is_and_what_to_do_is_told(head: bytes, told: str) -> None:
    said = foreign(head)
    assert said is not None
    assert said.startswith("cannot be read: it ")
    assert told in said


@pytest.mark.parametrize(
    "head",
    [
        b"Shall I compare thee\nto a summer's day?\n",
        bytes(range(256)) * 40,
        b"1768471200.576 111 10.1.2.3 TCP_TUNNEL/200 15851 CONNECT a.example:443 - HIER_DIRECT/192.0.2.7 -\n",
        b"Subject: alone\n",
    ],
)
def test_what_is_not_known_is_not_guessed(head: bytes) -> None:
    assert foreign(head) is None


@pytest.mark.parametrize("kind", ["snoop", "netmon1", "netmon2", "5views", "ngsniffer", "ngwsniffer_1_1", "niobserver",
                                  "nettl", "visual", "k12text"])  # fmt: skip
def test_captures_that_editcap_writes_are_named_with_editcap(tmp_path: Path, kind: str) -> None:
    editcap = needs("editcap")
    path = tmp_path / "other.cap"
    subprocess.run([editcap, "-F", kind, "-r", resources.samples() / "branch.pcap", path, "1-5"], check=True)
    assert "editcap -F pcapng" in str(foreign(path.read_bytes()))


@pytest.mark.parametrize("how", [[], ["-V"], ["-T", "json"], ["-T", "pdml"]])
def test_the_text_of_a_capture_is_told_from_one(how: list[str]) -> None:
    tshark = needs("tshark")
    made = subprocess.run(
        [tshark, "-r", resources.samples() / "branch.pcap", "-c", "3", *how], check=True, capture_output=True
    )
    assert "name the capture itself" in str(foreign(made.stdout))


def test_a_database_is_told(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "x.db") as database:
        database.execute("create table queries(domain text)")
    database.close()
    assert "sqlite3 -header -csv" in str(foreign((tmp_path / "x.db").read_bytes()))


@given(head=st.binary(max_size=300))
def test_no_bytes_break_it(head: bytes) -> None:
    assert foreign(head) is None or "\n" not in str(foreign(head))


def test_long_heads_cost_no_time() -> None:
    parts = (
        b"#\n",
        b"From: x\n",
        b"From: x\n y\n",
        b"0000 ",
        b"ab ",
        b"<?xml ?>",
        b"<!--",
        b"a1" * 40,
        b" \n",
        b"1 1.1 a ",
    )
    heads = [part * (65536 // len(part)) for part in parts]
    started = time.process_time()
    for head in heads:
        foreign(head)
    assert time.process_time() - started < 1
