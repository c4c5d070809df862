"""261 real captures of all sorts of protocols, against what tshark finds in them.

For each capture the distinct evidence, client, server and host must be those of tshark, but for the differences listed
here, each looked at and explained. `dtls` is not read; a port in an HTTP Host header is not part of the host.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from shadowai.captures import read
from shadowai.errors import CaptureError, SourceError
from shadowai.model import Tally

if TYPE_CHECKING:
    from pathlib import Path

Contact = tuple[str, str | None, str | None, str | None]

# Contacts that tshark does not report, though they are in the capture.
EXTRA: dict[str, set[Contact]] = {
    # A ClientHello to port 8080, where tshark expects HTTP and looks no further.
    "ookla.pcap": {("tls", "192.168.1.128", "89.96.108.170", "spd-pub-mi-01-01.fastwebnet.it")},
    # A ClientHello inside RDP, where tshark sees a TPKT continuation.
    "rdp.pcap": {("tls", "172.16.2.185", "192.168.2.142", "192.168.2.142")},
    # A POST whose body misses a segment: tshark waits for it and never shows the request.
    "soap.pcap": {("http", "192.168.2.100", "23.2.213.165", "go.microsoft.com")},
}

# Files that cannot be read at all, with the error's words.
UNREADABLE = {
    "README.txt": (SourceError, "neither pcap nor pcapng"),
    # Fuzzed: its one record claims more bytes than a packet can have and the file holds.
    "fuzz-2021-10-13.pcap": (CaptureError, "the first packet record is damaged"),
}


def expected(folder: Path) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = json.loads((folder / "expected.json").read_text())
    return found


def without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).strip("[]")


def wanted(rows: list[list[str]]) -> set[Contact]:
    return {
        (evidence, client, server, without_port(host) if evidence == "http" else host)
        for evidence, client, server, host in rows
        if evidence != "dtls"
    }


def test_every_capture_gives_what_tshark_finds(conformance: Path) -> None:
    folder = conformance / "captures"
    if not folder.is_dir():
        pytest.skip("no captures among the conformance samples")
    differences = {}
    for name, rows in expected(folder).items():
        if name in UNREADABLE:
            continue
        tally = Tally()
        found = {
            (each.evidence.value, each.source_ip, each.destination_ip, each.host)
            for each in read(folder / name, name=name, tally=tally)
        }
        assert tally.parsed + sum(tally.skipped.values()) == tally.records, name
        right = wanted(rows) | EXTRA.get(name, set())
        if found != right:
            differences[name] = {"missing": right - found, "extra": found - right}
    assert differences == {}


def test_what_cannot_be_read_is_an_error(conformance: Path) -> None:
    folder = conformance / "captures"
    for name, (kind, words) in UNREADABLE.items():
        if not (folder / name).is_file():
            pytest.skip("no captures among the conformance samples")
        with pytest.raises(kind, match=words):
            list(read(folder / name, name=name, tally=Tally()))
