"""A capture that is read in parts gives what the whole one gives, wherever it is cut."""

from __future__ import annotations

import random
import struct
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shadowai.captures import Part, cut, fit, read_part
from shadowai.model import Observation, Tally

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from shadowai.captures import Ledger
    from tests.unit.captures.conftest import Craft

QUIET = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
PUBLIC = "93.184.215.14"


def traffic(craft: Craft, dice: random.Random, flows: int = 6) -> list[bytes]:
    """Write interleaved flows: hellos over several segments, requests, nameless ones with a look-up of their own."""
    lanes = []
    for number in range(flows):
        ports = (41000 + number, 443)
        kind = dice.choice(("hello", "request", "told", "nameless"))
        data = {
            "hello": craft.records(craft.hello(f"h{number}.example", padding=dice.randrange(2000))),
            "request": craft.request(f"r{number}.example") + craft.request(f"s{number}.example"),
        }.get(kind, b"\x17\3\3" + bytes(400))
        data += bytes(dice.randrange(1, 900))
        lane = craft.cut(data, [dice.randrange(1, len(data)) for _ in range(3)], ports=ports)
        if kind in {"told", "nameless"}:
            lane = [
                craft.tcp(data, 77, ports, destination=PUBLIC),
                craft.tcp(b"more", 77 + len(data), ports, destination=PUBLIC),
            ]
        if kind == "told":
            query = craft.query(f"t{number}.example", flags=0x8180)
            answer = b"\xc0\x0c\0\1\0\1" + struct.pack(">IH", 900, 4) + bytes(map(int, PUBLIC.split(".")))
            response = craft.udp(query[:6] + b"\0\1" + query[8:] + answer, (53, 999), destination="192.0.2.10")
            lane.insert(0, response)
        lanes.append(lane)
    packets = []
    while any(lanes):
        packets.append(dice.choice([lane for lane in lanes if lane]).pop(0))
    return packets


def read_one(
    path: Path, part: Part, tally: Tally | None = None, concerns: Callable[[Observation], bool] | None = None
) -> tuple[list[Observation], Ledger]:
    """Read one part: what is whole, and the ledger."""
    found = []
    reading = read_part(path, part, name=path.name, tally=tally or Tally(), concerns=concerns)
    while True:
        try:
            found.append(next(reading))
        except StopIteration as end:
            return found, end.value


def in_parts(path: Path, parts: list[Part]) -> tuple[list[Observation], Tally]:
    """Read part by part and put the ledgers together."""
    total = Tally()
    found, whole = read_one(path, parts[0], total)
    for part in parts[1:]:
        tally = Tally()
        more, ledger = read_one(path, part, tally)
        found += more
        whole.join(ledger)
        total.merge(tally)
    return [*found, *whole.settle()], total


def facts(found: list[Observation]) -> list[tuple[object, ...]]:
    return sorted(
        (
            str(each.source_port),
            each.evidence.value,
            str(each.host),
            str(each.hidden),
            str(each.bytes_up),
            str(each.time),
        )
        for each in found
    )


@QUIET
@given(
    dice=st.randoms(use_true_random=False),
    places=st.lists(st.integers(1, 40), max_size=3),
    kind=st.sampled_from(["pcap", "pcapng"]),
)
def test_parts_give_what_the_whole_gives(craft: Craft, dice: random.Random, places: list[int], kind: str) -> None:
    packets = traffic(craft, dice)
    path, starts = WRITERS[kind](craft, packets)
    inner = sorted({starts[place % len(starts)] for place in places if place % len(starts)})
    parts = [Part(low, high) for low, high in zip([0, *inner], [*inner, None], strict=True)]
    whole, tally = craft.read(path)
    found, total = in_parts(path, parts)
    assert fit(parts)
    assert facts(found) == facts(whole)
    assert (total.records, total.parsed) == (tally.records, tally.parsed)


def pcap(craft: Craft, packets: list[bytes]) -> tuple[Path, list[int]]:
    starts = [24]
    for packet in packets:
        starts.append(starts[-1] + 16 + len(packet))
    return craft.pcap(packets), starts[:-1]


def pcapng(craft: Craft, packets: list[bytes]) -> tuple[Path, list[int]]:
    content = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    content += struct.pack("<IIHHII", 1, 20, 101, 0, 0, 20)
    starts = []
    for at, packet in enumerate(packets):
        starts.append(len(content))
        body = packet + bytes(-len(packet) % 4)
        ticks = (1_700_000_000 + at) * 1_000_000
        length = 32 + len(body)
        content += struct.pack("<7I", 6, length, 0, ticks >> 32, ticks & 0xFFFFFFFF, len(packet), len(packet))
        content += body + struct.pack("<I", length)
    return craft.file(content, "made.pcapng"), starts


WRITERS = {"pcap": pcap, "pcapng": pcapng}


@pytest.mark.parametrize("kind", WRITERS)
def test_big_captures_are_cut_at_records(craft: Craft, kind: str) -> None:
    packets = traffic(craft, random.Random(5), 60)
    path, starts = WRITERS[kind](craft, packets)
    parts = cut(path, 8192)
    assert len(parts) > 3
    assert {part.start for part in parts[1:]} <= set(starts)
    found, _ = in_parts(path, parts)
    assert fit(parts)
    assert facts(found) == facts(craft.read(path)[0])
    assert cut(path) == [Part()]


def test_a_capture_inside_a_capture_does_not_deceive(craft: Craft) -> None:
    inner, _ = pcap(craft, [craft.udp(craft.query("inner.example"))] * 900)
    body = inner.read_bytes()
    pieces = [body[at : at + 30_000] for at in range(0, len(body), 30_000)]
    path, _ = pcap(craft, [craft.tcp(piece, 1 + 30_000 * at) for at, piece in enumerate(pieces)])
    parts = cut(path, 20_000)
    in_parts(path, parts)
    assert len(parts) > 1
    assert not fit(parts)


def test_an_interface_that_is_announced_late_makes_the_parts_unfit(craft: Craft) -> None:
    path, starts = pcapng(craft, [craft.udp(craft.query("a.example"))] * 9)
    content = path.read_bytes()
    late = struct.pack("<IIHHII", 1, 20, 101, 0, 0, 20)
    path.write_bytes(content[: starts[4]] + late + content[starts[4] :])
    parts = [Part(0, starts[6] + len(late)), Part(starts[6] + len(late))]
    in_parts(path, parts)
    assert not fit(parts)


def test_flows_that_nobody_wants_to_know_of_are_left_out(craft: Craft) -> None:
    hello, request = craft.records(craft.hello("a.example")), craft.request("b.example")
    packets = [craft.tcp(hello, 1, (1, 443), destination=PUBLIC), craft.tcp(request, 1, (2, 443))]
    packets.append(craft.tcp(b"more", 1 + len(hello), (1, 443), destination=PUBLIC))
    path, starts = pcap(craft, packets)
    found, ledger = read_one(path, Part(0, starts[2]), concerns=lambda seen: seen.host == "b.example")
    assert len(ledger.entries) == len(ledger.named) == 1
    ledger.join(read_one(path, Part(starts[2]))[1])
    assert [seen.host for seen in (*found, *ledger.settle())] == ["b.example"]


@pytest.mark.parametrize("again", [(2, 3), (3,), (0, 1, 2, 3), (1,), (3, 1), (2,)])
def test_bytes_sent_again_behind_a_cut_count_once(craft: Craft, again: tuple[int, ...]) -> None:
    """Segments 0 to 3 lie in front of the cut; some of them come again behind it, among and before new ones."""
    data = craft.records(craft.hello("again.example", padding=3000))
    data += bytes(8000 - len(data))
    pieces = craft.cut(data, [1000, 2000, 3000, 4000, 5000, 6000, 7000])
    back = {"source": "203.0.113.5", "destination": "192.0.2.10", "ports": (443, 40000)}
    answers = [craft.tcp(bytes(500), 9 + 500 * at, **back) for at in range(4)]
    behind = [*(pieces[at] for at in again), pieces[4], answers[1], answers[3], *pieces[5:]]
    packets = [*pieces[:4], *answers[:3], *behind]
    path, starts = pcap(craft, packets)
    found, _ = in_parts(path, [Part(0, starts[7]), Part(starts[7])])
    assert [(seen.host, seen.bytes_up, seen.bytes_down) for seen in found] == [("again.example", 8000, 2000)]


def test_a_hole_in_front_of_a_cut_that_is_filled_behind_it_counts(craft: Craft) -> None:
    data = craft.records(craft.hello("hole.example"))
    data += bytes(4000 - len(data))
    pieces = craft.cut(data, [1000, 2000, 3000])
    path, starts = pcap(craft, [pieces[0], pieces[2], pieces[1], pieces[2], pieces[3]])
    for cuts in ([2], [1], [2, 3], [3, 4]):
        parts = [Part(low, high) for low, high in pairwise([0, *(starts[at] for at in cuts), None])]
        found, _ = in_parts(path, parts)
        assert [(seen.host, seen.bytes_up) for seen in found] == [("hole.example", 4000)], cuts


def connection(host: str) -> list[tuple[bool, bytes]]:
    """Give the datagrams of a connection that aioquic makes with itself, each with whether the client sent it."""
    client = QuicConnection(configuration=QuicConfiguration(server_name=host, alpn_protocols=["h3"]))
    client.connect(("203.0.113.5", 443), now=0)
    first = client._original_destination_connection_id
    config = QuicConfiguration(is_client=False, alpn_protocols=["h3"])
    config.certificate, config.private_key = certificate()
    server = QuicConnection(configuration=config, original_destination_connection_id=first)
    sent, ends, clock = [], (client, server), 0.0
    for turn in range(8):
        clock += 0.01
        for data, _ in ends[turn % 2].datagrams_to_send(now=clock):
            sent.append((turn % 2 == 0, bytes(data)))
            ends[1 - turn % 2].receive_datagram(data, ("192.0.2.10", 50000), now=clock)
    return sent


def certificate() -> tuple[Any, Any]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a.example")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
    return made.not_valid_after(datetime(2027, 1, 1, tzinfo=UTC)).sign(key, hashes.SHA256()), key


def test_a_connection_over_quic_goes_on_wherever_it_is_cut(craft: Craft) -> None:
    there, back = {"ports": (50000, 443)}, {"ports": (443, 50000), "source": "203.0.113.5", "destination": "192.0.2.10"}
    sent = connection("quic.example.com")
    sent += [sent[0], *[(True, b"\x40" + bytes(1100))] * 4]  # the hello once more, and an upload
    path, starts = pcap(craft, [craft.udp(data, **(there if is_client else back)) for is_client, data in sent])
    up, down = (sum(len(data) for is_client, data in sent if is_client is which) for which in (True, False))
    for place in range(1, len(sent)):
        found, _ = in_parts(path, [Part(0, starts[place]), Part(starts[place])])
        assert [(seen.host, seen.bytes_up, seen.bytes_down) for seen in found] == [("quic.example.com", up, down)], (
            place
        )


def test_the_frames_of_a_connection_count_wherever_it_is_cut(craft: Craft) -> None:
    there, back = (
        {"destination": "203.0.113.5"},
        {"ports": (443, 40000), "source": "203.0.113.5", "destination": "192.0.2.10"},
    )
    hello = craft.records(craft.hello("frames.example"))
    packets = [
        craft.tcp(b"", 99, flags=0x02, **there),
        craft.tcp(b"", 499, flags=0x12, **back),
        craft.tcp(b"", 100, flags=0x10, **there),
        craft.tcp(hello, 100, **there),
        craft.tcp(b"", 500, flags=0x10, **back),
        craft.tcp(b"answer", 500, **back),
        craft.tcp(b"", 100 + len(hello), flags=0x11, **there),
        craft.tcp(b"", 506, flags=0x11, **back),
    ]
    path, starts = pcap(craft, packets)
    up = sum(len(packets[at]) for at in (0, 2, 3, 6))
    for cuts in ([1], [2], [3], [4], [5], [6], [7], [2, 4, 6], [1, 2, 3, 5, 7]):
        parts = [Part(low, high) for low, high in pairwise([0, *(starts[at] for at in cuts), None])]
        (seen,), _ = in_parts(path, parts)
        assert (seen.bytes_up, seen.wire_up, seen.wire_down) == (len(hello), up, sum(map(len, packets)) - up), cuts


def test_requests_to_one_host_are_one_turn_wherever_the_connection_is_cut(craft: Craft) -> None:
    requests = [craft.request(f"{name}.example") for name in "aaabaa"]
    at = [1 + sum(map(len, requests[:place])) for place in range(6)]
    path, starts = pcap(craft, [craft.tcp(data, start) for data, start in zip(requests, at, strict=True)])
    whole, _ = craft.read(path)
    assert sorted((seen.host, seen.bytes_up or 0) for seen in whole) == sorted(
        [
            ("a.example", 3 * len(requests[0])),
            *[("a.example", 0)] * 3,
            ("a.example", 2 * len(requests[0])),
            ("b.example", len(requests[0])),
        ]
    )
    for cuts in ([1], [2], [3], [4], [5], [1, 2, 3, 4, 5], [2, 4]):
        parts = [Part(low, high) for low, high in pairwise([0, *(starts[place] for place in cuts), None])]
        assert facts(in_parts(path, parts)[0]) == facts(whole), cuts
