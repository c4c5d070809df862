"""DNS queries over UDP and TCP. dnspython writes the messages where their form does not matter."""

from __future__ import annotations

import contextlib
import struct
from itertools import permutations
from typing import TYPE_CHECKING

import dns.edns
import dns.message
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shadowai.captures.dns import MessageReader, is_plain_query, read_questions
from shadowai.model import Evidence

if TYPE_CHECKING:
    from tests.unit.captures.conftest import Craft


HEAD = struct.pack(">6H", 1, 0x100, 1, 0, 0, 0)
LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_*", min_size=1, max_size=20)


def test_a_query_is_one_contact_without_bytes(craft: Craft) -> None:
    (found,), _ = craft.read(craft.pcap([craft.udp(craft.query("API.Example.com"))]))
    assert (found.evidence, found.host, found.source_ip, found.destination_ip) == (
        Evidence.DNS,
        "api.example.com",
        "192.0.2.10",
        "203.0.113.5",
    )
    assert (found.bytes_up, found.bytes_down, found.packet) == (None, None, 1)


def test_what_is_no_query_gives_nothing(craft: Craft) -> None:
    packets = [
        craft.udp(craft.query("a.example", flags=0x8180)),
        craft.udp(b"", (40000, 53)),
        *(craft.udp(craft.query("a.local"), (40000, port)) for port in (137, 5353, 5355)),
        *(craft.udp(craft.query("a.local"), (port, 9999)) for port in (137, 5353, 5355)),
    ]
    found, tally = craft.read(craft.pcap(packets))
    assert (found, tally.skipped) == ([], {})


def test_the_root_has_no_name(craft: Craft) -> None:
    assert craft.hosts([craft.udp(craft.query(""))]) == [None]


def test_queries_on_other_ports_are_found_beyond_doubt_only(craft: Craft) -> None:
    edns = dns.message.make_query("api.example.com", "A", use_edns=0, payload=1232, id=5).to_wire()
    assert craft.hosts([craft.udp(edns, (40000, 8053)), craft.udp(edns, (40000, 443))]) == ["api.example.com"] * 2
    doubtful = [
        craft.query("api.example.com") + b"more",
        craft.query("single"),
        craft.query("a<b.example"),
        craft.query("api.example.com", flags=0x0102),
        craft.query("192.0.2.1"),
        HEAD + b"\xc0\x0c\0\1\0\1",
    ]
    found, tally = craft.read(craft.pcap([craft.udp(data, (40000, 8053)) for data in doubtful]))
    assert (found, tally.skipped) == ([], {})
    assert not is_plain_query(craft.query("a.example", flags=0x8180)[:-1])


def test_every_question_of_a_message_is_read(craft: Craft) -> None:
    questions = b"\3one\7example\0\0\1\0\1" + b"\3two\xc0\x10\0\1\0\1" + b"\xc0\x0c\0\1\0\1" + b"\4four\0\0\1\0\1"
    message = struct.pack(">6H", 1, 0x100, 4, 0, 0, 0) + questions
    assert read_questions(message) == [b"one.example", b"two.example", b"one.example", b"four"]
    assert craft.hosts([craft.udp(message)]) == ["one.example", "two.example", "one.example", "four"]
    assert read_questions(message[:-3]) == [b"one.example", b"two.example", b"one.example"]


@pytest.mark.parametrize(
    "message",
    [
        HEAD[:8],
        HEAD + b"\xc0\x0c\0\1\0\1",
        HEAD + b"\x3fshort",
        HEAD + b"\x80bad\0\0\1\0\1",
        HEAD + b"\3abc\0\0",
        HEAD + (b"\x3f" + b"x" * 63) * 4 + b"\0\0\1\0\1",
        struct.pack(">6H", 1, 0x7800, 1, 0, 0, 0) + bytes(20),
        struct.pack(">6H", 1, 0x100, 9999, 0, 0, 0) + bytes(20),
    ],
)
def test_broken_queries_are_counted(craft: Craft, message: bytes) -> None:
    with pytest.raises(ValueError, match="DNS"):
        read_questions(message)
    found, tally = craft.read(craft.pcap([craft.udp(message)]))
    assert (found, tally.skipped, tally.broken) == ([], {"dns-invalid": 1}, 0)


def test_a_wrong_count_does_not_hide_the_name_of_a_host(craft: Craft) -> None:
    def miscounted(name: str) -> bytes:
        message = craft.query(name)
        return message[:4] + b"\x1c\1" + message[6:]

    assert craft.hosts([craft.udp(miscounted("_sip._udp.voip.example"))]) == ["_sip._udp.voip.example"]
    for name in ("local", "192.0.2.1", "a\4b.example"):
        _, tally = craft.read(craft.pcap([craft.udp(miscounted(name))]))
        assert tally.skipped == {"dns-invalid": 1}


def test_a_long_chain_of_pointers_neither_recurses_nor_hangs() -> None:
    chain = b"\1a\0" + b"".join(struct.pack(">H", 0xC000 | max(12, 12 + 3 + 2 * (at - 1))) for at in range(5000))
    message = struct.pack(">6H", 1, 0x100, 2, 0, 0, 0) + b"\1b\0\0\1\0\1" + chain
    with contextlib.suppress(ValueError):
        read_questions(message)
    backwards = HEAD + b"\3abc" + b"\xc0\x0e" * 2000
    with pytest.raises(ValueError, match="DNS"):
        read_questions(backwards)


@given(st.lists(LABEL, min_size=1, max_size=8))
def test_names_written_by_dnspython_are_read(labels: list[str]) -> None:
    wire = dns.message.make_query(".".join(labels) + ".", "AAAA", id=7).to_wire()
    assert read_questions(wire) == [".".join(labels).encode()]


@given(st.binary(max_size=80), st.integers(0, 3))
def test_hostile_messages(noise: bytes, count: int) -> None:
    for message in (noise, struct.pack(">6H", 1, 0x100, count, 0, 0, 0) + noise):
        is_plain_query(message)
        with contextlib.suppress(ValueError):
            assert len(read_questions(message)) <= max(count, 80)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 400), max_size=10))
def test_queries_over_tcp_in_any_segments(craft: Craft, places: list[int]) -> None:
    names = ["one.example", "two.example", "three.example"]
    stream = b"".join(struct.pack(">H", len(query)) + query for query in map(craft.query, names))
    found, tally = craft.read(craft.pcap(craft.cut(stream, places, ports=(40000, 53))))
    assert [(each.host, each.evidence, each.bytes_up) for each in found] == [
        (name, Evidence.DNS, None) for name in names
    ]
    assert tally.skipped == {}


@pytest.mark.parametrize("places", [[10, 40], [30, 58]])
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_queries_over_tcp_whose_beginning_comes_late(craft: Craft, order: tuple[int, ...], places: list[int]) -> None:
    stream = b"".join(
        len(query).to_bytes(2, "big") + query for query in map(craft.query, ("first.example", "second.example"))
    )
    segments = craft.cut(stream, places, ports=(40000, 53))
    assert craft.hosts([segments[place] for place in order]) == ["first.example", "second.example"]


@pytest.mark.parametrize("tail", [2, *range(4, 14)])  # the last three bytes of most queries could be a length, too
def test_the_end_of_a_query_may_come_before_its_beginning(craft: Craft, tail: int) -> None:
    cookie = dns.edns.GenericOption(10, bytes.fromhex("086f2b7c8e279111"))
    query = dns.message.make_query("chatgpt.com", "A", use_edns=0, options=[cookie], id=0xF76E).to_wire()
    stream = len(query).to_bytes(2, "big") + query
    first, last = craft.cut(stream, [len(stream) - tail], ports=(40000, 53))
    assert craft.hosts([last, first]) == ["chatgpt.com"]
    plain = len(query[:29]).to_bytes(2, "big") + query[:10] + bytes(2) + query[12:29]  # without its option
    first, last = craft.cut(plain, [len(plain) - tail], ports=(40000, 53))
    assert craft.hosts([last, first]) == ["chatgpt.com"]


def test_broken_streams_are_counted(craft: Craft) -> None:
    empty = b"\0\x0c" + bytes(2) + b"\x78" + bytes(9)
    for data in (empty, empty + b"\0\3abc"):
        found, tally = craft.read(craft.pcap([craft.tcp(data, 1, (40000, 53))]))
        assert (found, tally.skipped) == ([], {"dns-invalid": 1})  # a packet counts once
    _, tally = craft.read(craft.pcap([craft.tcp(b"\0\x40abc", 1, (40000, 53))]))
    assert tally.skipped == {"incomplete": 1}


@pytest.mark.parametrize("data", [b"\0\3abc", b"SSH-2.0-OpenSSH_9.2p1\r\n", b"\3com\0\0\1\0\1"])
def test_what_does_not_begin_like_a_message_is_another_protocol_on_the_port(craft: Craft, data: bytes) -> None:
    found, tally = craft.read(craft.pcap([craft.tcp(data, 1, (40000, 53))]))
    assert ([each.evidence for each in found if each.evidence != Evidence.ADDRESS], tally.skipped) == ([], {})


@given(st.lists(st.binary(max_size=40), max_size=6))
def test_hostile_streams(pieces: list[bytes]) -> None:
    reader = MessageReader()
    with contextlib.suppress(ValueError):
        for piece in pieces:
            for message in reader.feed(piece):
                assert len(message) >= 12
    assert reader.held() <= sum(map(len, pieces))


EMPTY = b"\0\0"


@pytest.mark.parametrize("shape", ["eq", "qe", "qeq", "eeeeq", "e|q", "eq|eq", "q|e|q"])
def test_empty_messages_on_a_connection_are_passed_over(craft: Craft, shape: str) -> None:
    names, packets, at = iter("abcd"), [], 1
    for segment in shape.split("|"):
        queries = (craft.query(f"{next(names)}.example") if one == "q" else b"" for one in segment)
        data = b"".join(struct.pack(">H", len(message)) + message for message in queries)
        packets.append(craft.tcp(data, at, (40000, 53)))
        at += len(data)
    found, tally = craft.read(craft.pcap(packets))
    assert [seen.host for seen in found] == [f"{name}.example" for name in "abcd"[: shape.count("q")]]
    assert tally.skipped == {}


@pytest.mark.parametrize(
    ("kept", "host"), [(2 + 12 + 15, "a.example"), (60, "a.example"), (2 + 12 + 8, None), (9, None)]
)
def test_a_message_over_tcp_cut_when_captured(craft: Craft, kept: int, host: str | None) -> None:
    query = dns.message.make_query("a.example", "A", use_edns=0, pad=128).to_wire()
    packet = craft.tcp(struct.pack(">H", len(query)) + query, 1, (40000, 53))
    head = craft.pcap([]).read_bytes()
    found, tally = craft.read(craft.file(head + craft.record(packet[: 40 + kept], sent=len(packet))))
    assert [each.host for each in found if each.evidence == Evidence.DNS] == ([host] if host else [])
    assert tally.skipped == ({} if host else {"cut-short": 1})
