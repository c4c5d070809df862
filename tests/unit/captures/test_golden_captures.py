"""Every link layer, tunnel, container and way of reassembly: what is read is the truth, tshark's, and the golden's."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.capture_cases import Case, cases
from support.capture_files import START, TRUTH, files, pcap, side_by_side
from support.packets import hello

from shadowai.captures import read
from shadowai.model import SECOND, Evidence, Tally

if TYPE_CHECKING:
    from pathlib import Path

    from shadowai.model import Observation
    from tests.conftest import Golden, Require

CASES = cases()
FILES = files()

# Cases that tshark 4.0 does not read, or reads otherwise, each looked at.
TSHARK_SKIPS = {
    "radiotap-bad-sum": "a frame that arrived damaged is shown all the same",
    "pseudowire": "the made-up addresses in it are of no vendor, and so it takes the control word for one of them",
    "pseudowire-bare": "the same the other way round",
    "capwap-802.11": "the frame control is expected swapped unless a preference says otherwise",
    "nflog-big": "the byte order is taken to be the host's",
    "ppp-pppd": "link type not known",
    "chdlc-direction": "link type not known",
    "mpls-link": "link type not known",
}
TSHARK_OPTIONS = ("-o", "tcp.reassemble_out_of_order:TRUE", "-d", "udp.port==8472,vxlan")


def observed(path: Path, name: str) -> tuple[list[Observation], Tally]:
    tally = Tally()
    found = sorted(read(path, name=name, tally=tally), key=lambda each: (each.packet or 0, each.evidence))
    assert tally.parsed + sum(tally.skipped.values()) == tally.records
    return found, tally


def met(found: list[Observation]) -> set[tuple[str | None, ...]]:
    return {(each.evidence.value, each.source_ip, each.destination_ip, each.host) for each in found}


def as_json(found: list[Observation]) -> str:
    return json.dumps([each.to_ecs() for each in found], indent=1, sort_keys=True) + "\n"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_case_gives_what_is_in_it(case: Case, tmp_path: Path, golden: Golden) -> None:
    path = tmp_path / f"{case.name}.pcap"
    path.write_bytes(pcap(case.frames, case.link))
    found, tally = observed(path, path.name)
    assert met(found) == case.truth
    assert tally.skipped == dict(case.skipped)
    assert {each.time for each in found} <= {(START + at) * SECOND + 5_000 for at in range(len(case.frames))}
    if "split.example.com" not in {each.host for each in found}:
        sizes = {each.host: each.bytes_up for each in found if each.evidence is Evidence.TLS}
        assert sizes == {host: len(hello(host)) for _, _, _, host in case.truth if host != "api.example.com"}
    golden(f"captures/{case.name}.json", as_json(found))


@pytest.mark.parametrize("name", FILES)
def test_a_container_gives_what_is_in_it(name: str, tmp_path: Path, golden: Golden) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name])
    found, tally = observed(path, name)
    assert met(found) == TRUTH
    assert (tally.records, tally.parsed) == (3, 3)
    if name != "pcapng-simple":
        assert {each.time is not None and each.time // SECOND - START in range(3) for each in found} == {True}
    golden(f"captures/{name}.json", as_json(found))


def shown(tshark: str, path: Path) -> list[list[str]]:
    """Give for every packet: number of its interface, innermost addresses, names of TLS and DNS."""
    fields = ("frame.interface_id", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tls.handshake.extensions_server_name")
    command = [tshark, "-n", "-r", str(path), *TSHARK_OPTIONS, "-T", "fields"]
    for name in (*fields, "dns.qry.name"):
        command += ["-e", name]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return [line.split("\t") for line in answer.stdout.splitlines()]


def test_tshark_finds_the_same_in_every_layer(tmp_path: Path, require: Require) -> None:
    asked = [case for name, case in CASES.items() if name not in TSHARK_SKIPS]
    path = tmp_path / "all.pcapng"
    path.write_bytes(side_by_side(asked))
    found: dict[int, set[str]] = {}
    for face, *_, server, queried in shown(require("tshark"), path):
        found.setdefault(int(face), set()).update(filter(None, (*server.split(","), *queried.split(","))))
    differences = {
        case.name: found.get(face)
        for face, case in enumerate(asked)
        if found.get(face, set()) != {host for *_, host in case.truth}
    }
    assert differences == {}


@pytest.mark.parametrize("name", FILES)
def test_tshark_finds_the_same_in_every_container(name: str, tmp_path: Path, require: Require) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name])
    rows = shown(require("tshark"), path)
    assert {host for row in rows for host in row[-2:] if host} == {host for *_, host in TRUTH}


def test_cases_side_by_side_give_the_same_as_alone(tmp_path: Path) -> None:
    path = tmp_path / "all.pcapng"
    path.write_bytes(side_by_side(CASES.values()))
    found, tally = observed(path, path.name)
    assert met(found) == {contact for case in CASES.values() for contact in case.truth}
    assert tally.records == sum(len(case.frames) for case in CASES.values())
