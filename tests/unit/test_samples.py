"""The shipped samples: the scan finds what their script says, and the files are what the script writes."""

from __future__ import annotations

import gzip
import importlib
import json
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from shadowai import resources
from shadowai.inputs import ReadOptions
from shadowai.scan import ScanOptions, scan
from shadowai.signatures import Matcher, load_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

FOLDER = resources.samples()
SOURCES = ("office.pcapng", "branch.pcap", "bind-queries.log", "squid-access.log.gz", "zscaler-web.csv")
EXPECTED = json.loads((FOLDER / "expected.json").read_text())
ROWS = [(department, service) for department in EXPECTED["departments"] for service in department["services"]]


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    read = ReadOptions([str(FOLDER / name) for name in SOURCES])
    found = scan(ScanOptions(read, directory=FOLDER, policy=FOLDER / "policy.yaml"))
    document: dict[str, Any] = json.loads(found.model_dump_json(by_alias=True))
    return document


@pytest.fixture(scope="module")
def maker() -> Iterator[ModuleType]:
    """The script that makes the samples, imported as it runs: its folder is on the path."""
    before = set(sys.modules)
    sys.path.insert(0, str(FOLDER))
    try:
        yield importlib.import_module("make_samples")
    finally:
        sys.path.remove(str(FOLDER))
        for name in set(sys.modules) - before:
            if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(FOLDER)):
                del sys.modules[name]


def department_of(result: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in result["departments"] if one["name"] == name)
    return found


def test_every_source_is_read_in_full(result: dict[str, Any]) -> None:
    assert [(one["error"], one["broken"]) for one in result["sources"]] == [(None, 0)] * len(SOURCES)


def test_the_departments_are_those_of_the_script(result: dict[str, Any]) -> None:
    names = {one["name"] for one in result["departments"]}
    assert names == {one["name"] for one in EXPECTED["departments"]}


@pytest.mark.parametrize("expected", EXPECTED["departments"], ids=lambda one: one["name"])
def test_a_department_has_the_people_and_services_of_the_script(
    result: dict[str, Any], expected: dict[str, Any]
) -> None:
    found = department_of(result, expected["name"])
    assert (found["headcount"], found["people"]) == (expected["headcount"], expected["people"])
    assert sorted(one["id"] for one in found["services"]) == [one["id"] for one in expected["services"]]


@pytest.mark.parametrize(("department", "expected"), ROWS, ids=[f"{one['name']}-{row['id']}" for one, row in ROWS])
def test_a_service_has_the_numbers_of_the_script(
    result: dict[str, Any], department: dict[str, Any], expected: dict[str, Any]
) -> None:
    services = department_of(result, department["name"])["services"]
    found = next(one for one in services if one["id"] == expected["id"])
    assert {name: found[name] for name in expected} == expected


def test_hosts_that_look_like_ai_are_candidates(result: dict[str, Any]) -> None:
    found = [
        {"host": one["host"], **{name: one[name] for name in ("people", "detections", "departments")}}
        for one in result["candidates"]
    ]
    assert sorted(found, key=lambda one: str(one["host"])) == EXPECTED["candidates"]


def test_encrypted_dns_is_a_blind_spot(result: dict[str, Any]) -> None:
    found = [one for one in result["blind_spots"] if one["kind"] == "encrypted-dns"]
    assert [(one["name"], one["people"], one["count"], one["departments"]) for one in found] == [
        (one["name"], one["people"], one["detections"], one["departments"]) for one in EXPECTED["encrypted_dns"]
    ]


def test_the_traps_of_the_script_are_blind_spots_of_their_own_kind(result: dict[str, Any]) -> None:
    kinds = {one["kind"] for one in result["blind_spots"]}
    assert {"conflicting-identity", "shared-address", "unknown-department"} <= kinds


def test_the_plain_files_are_what_the_script_writes(maker: ModuleType) -> None:
    for name, data in maker.plain_files(maker.all_events()).items():
        unpack = gzip.decompress if name.endswith(".gz") else bytes
        assert unpack((FOLDER / name).read_bytes()) == unpack(data), f"{name} is stale: run make_samples.py"


def test_the_script_can_be_run_again_and_its_captures_hold_as_many_packets(maker: ModuleType) -> None:
    events = maker.all_events()
    for name, data in maker.captures(events).items():
        committed = (FOLDER / name).read_bytes()
        assert data[:24] == committed[:24]
        assert abs(len(data) - len(committed)) < len(committed) // 100


def test_no_background_host_concerns_ai(maker: ModuleType) -> None:
    matcher = Matcher(load_database())
    known = {event.host for event in maker.all_events() if not _is_scripted(event.host)}
    assert len(known) > 10
    for host in known:
        assert not matcher.match(host, "/1", None), host
        assert not matcher.candidate(host), host
        assert not matcher.blind_spot(host), host


def test_all_samples_together_are_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir() if path.is_file()) < 3_000_000


@pytest.mark.parametrize("place", ["office", "branch"])
def test_tshark_sees_the_script_s_connections_with_their_sizes(
    maker: ModuleType, require: Callable[[str], str], place: str
) -> None:
    expected = Counter(
        (event.address, event.medium, event.host, event.up, event.down)
        for event in maker.all_events()
        if event.place == place and event.medium in ("tls", "quic", "http")
    )
    path = FOLDER / {"office": "office.pcapng", "branch": "branch.pcap"}[place]
    assert Counter(_tshark_flows(require("tshark"), str(path))) == expected


def _is_scripted(host: str) -> bool:
    rules = importlib.import_module("rules")
    hosts = {entry.partition("/")[0] for entry in rules.AI_HOSTS}
    return host in hosts or host in rules.CANDIDATES or host in rules.ENCRYPTED_DNS


def _tshark_flows(tshark: str, path: str) -> list[tuple[str, str, str, int, int]]:
    """Give (client, medium, host, payload up, payload down) of every flow in which tshark finds a server's name."""
    names: dict[tuple[str, str], tuple[str, str]] = {}
    sizes: Counter[tuple[str, str, bool]] = Counter()
    for line in _tshark_lines(tshark, path):
        ends, tcp, udp, (tcp_len, udp_len), (sni, http_host) = (line[at : at + 2] for at in range(0, 10, 2))
        ports, size = (tcp, int(tcp_len)) if tcp_len else (udp, int(udp_len) - 8)
        from_client = int(ports[1]) < 1024
        side = 0 if from_client else 1
        flow = (ends[side], f"{'tcp' if tcp_len else 'udp'}{ports[side]}")
        sizes[*flow, from_client] += size
        if from_client and sni:
            names[flow] = ("tls" if tcp_len else "quic", sni)
        elif from_client and http_host:
            names[flow] = ("http", http_host)
    return [(flow[0], *name, sizes[*flow, True], sizes[*flow, False]) for flow, name in names.items()]


def _tshark_lines(tshark: str, path: str) -> Iterator[list[str]]:
    """Yield source and destination address, TCP ports, UDP ports, TCP and UDP length, TLS name and HTTP host."""
    ports = ("tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport")
    tail = (*ports, "tcp.len", "udp.length", "tls.handshake.extensions_server_name", "http.host")
    fields = ("ip.src", "ipv6.src", "ip.dst", "ipv6.dst", *tail)
    command = [tshark, "-r", path, "-2", "-o", "tcp.reassemble_out_of_order:TRUE", "-T", "fields"]
    command += ["-Y", "(tcp or udp) and not dns", *(part for name in fields for part in ("-e", name))]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for line in output.splitlines():
        v4_from, v6_from, v4_to, v6_to, *rest = line.split("\t")
        yield [v4_from or v6_from, v4_to or v6_to, *rest]
