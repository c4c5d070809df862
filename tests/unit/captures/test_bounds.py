"""Captures of more flows than there is room for: memory stays bounded, and what was left out is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shadowai.captures import Ledger, Part, contacts, flows, ledger, pcap, read_part
from shadowai.captures.ledger import NAMELESS, PASSED_OVER, UNSIZED
from shadowai.model import Evidence, Hidden, Tally

if TYPE_CHECKING:
    from pathlib import Path

    from shadowai.model import Observation
    from tests.unit.captures.conftest import Craft

SERVERS = [f"8.8.4.{number}" for number in range(1, 7)]  # public addresses


def hellos(craft: Craft, count: int = 6) -> list[bytes]:
    return [
        craft.tcp(craft.records(craft.hello(f"h{at}.example")), 1, (40000 + at, 443), destination=SERVERS[at])
        for at in range(count)
    ]


def nameless(craft: Craft, sizes: tuple[int, ...]) -> list[bytes]:
    return [craft.tcp(b"\x99" * size, 1, (41000 + at, 443), destination=SERVERS[at]) for at, size in enumerate(sizes)]


def read_to_ledger(path: Path) -> tuple[list[Observation], Ledger]:
    found = []
    reading = read_part(path, Part(), name=path.name, tally=Tally())
    while True:
        try:
            found.append(next(reading))
        except StopIteration as end:
            return found, end.value


def test_the_largest_of_the_nameless_flows_are_told(craft: Craft, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contacts, "MAX_NAMELESS", 2)
    path = craft.pcap([*nameless(craft, (5, 700, 1, 20)), *hellos(craft, 1)])
    found, tally = craft.read(path)
    told = {(each.evidence, each.bytes_up) for each in found}
    assert told == {(Evidence.ADDRESS, 700), (Evidence.ADDRESS, 20), (Evidence.TLS, found[-1].bytes_up)}
    assert tally.notes == {f"{NAMELESS}: 2"}
    _, left = read_to_ledger(path)
    assert sorted(each.bytes_up or 0 for each in left.settle()) == sorted(each.bytes_up or 0 for each in found)
    assert list(left.notes()) == [f"{NAMELESS}: 2"]


def test_contacts_beyond_those_that_wait_for_bytes_are_told_once_and_without(
    craft: Craft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contacts, "MAX_OPEN", 2)
    silent = craft.tcp(craft.records(craft.hello(None)), 1, (42000, 443), destination=SERVERS[0])
    path = craft.pcap([*hellos(craft, 4), *hellos(craft, 4), silent])
    found, tally = craft.read(path)
    assert [(each.host, each.bytes_up is None) for each in found] == [
        ("h0.example", False),
        ("h1.example", False),
        ("h2.example", True),
        ("h3.example", True),
        (None, False),
    ]
    assert tally.notes == {f"{UNSIZED}: 2"}
    given, left = read_to_ledger(path)
    assert [each.host for each in given] == ["h2.example", "h3.example"]
    assert {each.host for each in left.settle()} == {"h0.example", "h1.example", None}
    assert list(left.notes()) == [f"{UNSIZED}: 2"]


def test_what_hides_beyond_them_is_told_by_its_address(craft: Craft, monkeypatch: pytest.MonkeyPatch) -> None:
    wireguard = b"\1\0\0\0" + bytes(range(1, 145))
    packets = [craft.udp(wireguard, (40000 + at, 51820), destination=SERVERS[at]) for at in range(3)]
    monkeypatch.setattr(contacts, "MAX_OPEN", 2)
    found, _ = craft.read(craft.pcap(packets))
    assert [each.hidden is not None for each in found] == [True, True, False]


def test_packets_of_flows_beyond_those_told_apart_are_counted(craft: Craft, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pcap, "BLOCK_PACKETS", 4)
    monkeypatch.setattr(flows, "MAX_FLOWS", 8)
    packets = hellos(craft)
    again = craft.tcp(b"\x17\3\3\0\1x", 5000, (40000, 443), destination=SERVERS[0])
    anew = craft.tcp(b"", 90_000, (40001, 443), destination=SERVERS[1], flags=2)
    found, tally = craft.read(
        craft.pcap([*packets[:4], again, anew, *packets[4:], craft.udp(craft.query("q.example"))])
    )
    assert {each.host for each in found} == {"h0.example", "h1.example", "h2.example", "h3.example", "q.example"}
    assert max(each.bytes_up or 0 for each in found) == 6 + (found[1].bytes_up or 0)
    assert tally.notes == {f"{PASSED_OVER}: 2"}
    assert tally.skipped == {"reassembly-dropped": 2}


def test_flows_of_many_parts_are_bounded_together(craft: Craft, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "MAX_NAMELESS", 4)
    whole = Ledger("pcap", "x")
    sizes = (5, 700, 1, 20, 300, 2)
    for at, packet in enumerate(nameless(craft, sizes)):
        _, part = read_to_ledger(craft.file(craft.pcap([packet]).read_bytes(), f"{at}.pcap"))
        whole.join(part)
    _, named = read_to_ledger(craft.pcap(hellos(craft, 1)))
    whole.join(named)
    settled = list(whole.settle())
    assert sorted(each.bytes_up or 0 for each in settled if each.host is None) == [2, 300, 700]
    assert [each.host for each in settled if each.host] == ["h0.example"]
    assert list(whole.notes()) == [f"{NAMELESS}: 3"]


def test_what_comes_from_the_port_of_dns_takes_no_other_flows_place(craft: Craft) -> None:
    wireguard = craft.udp(b"\1\0\0\0" + bytes(range(1, 145)), (53, 51820), destination=SERVERS[1])
    packets = [wireguard, *nameless(craft, (900,))]
    for order in (packets, packets[::-1]):
        found, _ = craft.read(craft.pcap(order))
        assert [(each.hidden, each.bytes_up) for each in found] == [(Hidden.NO_NAME, 900)]


@pytest.mark.parametrize("size", [1, 7])
def test_many_connections_on_the_same_ports_stay_apart(craft: Craft, size: int) -> None:
    packets = []
    for at in range(40):
        ports = (40000 + at % size, 443)
        packets += [
            craft.tcp(b"", 100_000 * at, ports, flags=2),
            craft.tcp(craft.records(craft.hello(f"h{at}.example")), 100_000 * at + 1, ports),
            craft.tcp(b"\x17\3\3\0\1x" * (at + 1), 100_000 * at + 5001, ports),
        ]
    found, _ = craft.read(craft.pcap(packets))
    begun = len(craft.records(craft.hello("h0.example")))
    sizes = {each.host: (each.bytes_up or 0) - begun - len(each.host or "") + 10 for each in found}
    assert sizes == {f"h{at}.example": 6 * (at + 1) for at in range(40)}
