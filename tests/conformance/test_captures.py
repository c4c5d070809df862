"""261 real captures of all sorts of protocols, against what tshark finds in them.

For each capture the distinct evidence, client, server and host must be those of tshark, but for the differences in
known_differences.yml, each looked at and explained. What tshark calls `dtls` is `tls` here; a port in an HTTP Host
header is not part of the host. Contacts that no name was sent for are not compared: tshark makes none.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from shadowai.captures import read
from shadowai.errors import CaptureError, SourceError
from shadowai.model import Evidence, Tally

Contact = tuple[str, str | None, str | None, str | None]

NAMED = (Evidence.DNS, Evidence.TLS, Evidence.QUIC, Evidence.HTTP)
LEAST_SHARE = 0.995  # of the contacts that tshark finds, over the files that are not fuzzed

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
        ("tls" if evidence == "dtls" else evidence, client, server, without_port(host) if evidence == "http" else host)
        for evidence, client, server, host in rows
    }


def known_differences(kind: str) -> dict[str, set[Contact]]:
    text = (Path(__file__).parent / "known_differences.yml").read_text(encoding="utf-8")
    found = {}
    for name, differences in yaml.safe_load(text).items():
        assert all(len(one["reason"]) > 20 for ones in differences.values() for one in ones), name
        found[name] = {tuple(one["contact"]) for one in differences.get(kind, ())}
    return found


def contacts_of(path: Path) -> set[Contact]:
    tally = Tally()
    found = list(read(path, name=path.name, tally=tally))
    assert tally.parsed + sum(tally.skipped.values()) == tally.records, path.name
    return {
        (each.evidence.value, each.source_ip, each.destination_ip, each.host)
        for each in found
        if each.evidence in NAMED and each.host is not None
    }


def test_every_capture_gives_what_tshark_finds(conformance: Path) -> None:
    folder = conformance / "captures"
    if not folder.is_dir():
        pytest.skip("no captures among the conformance samples")
    missing, extra = known_differences("missing"), known_differences("extra")
    differences, sought, absent = {}, 0, 0
    for name, rows in expected(folder).items():
        if name in UNREADABLE:
            continue
        found, right = contacts_of(folder / name), wanted(rows)
        if not name.startswith("fuzz"):
            sought += len(right)
            absent += len(right - found)
        right = (right | extra.get(name, set())) - missing.get(name, set())
        if found != right:
            differences[name] = {"missing": right - found, "extra": found - right}
    assert differences == {}
    assert sought - absent >= LEAST_SHARE * sought


def test_what_cannot_be_read_is_an_error(conformance: Path) -> None:
    folder = conformance / "captures"
    for name, (kind, words) in UNREADABLE.items():
        if not (folder / name).is_file():
            pytest.skip("no captures among the conformance samples")
        with pytest.raises(kind, match=words):
            list(read(folder / name, name=name, tally=Tally()))
