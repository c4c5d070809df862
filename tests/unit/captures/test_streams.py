"""TCP reassembly, TLS hellos and HTTP requests, from any cut, order, overlap and repetition of segments."""

from __future__ import annotations

from itertools import pairwise, permutations
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shadowai.captures import streams
from shadowai.captures.http import MAX_HEAD, RequestReader, parse_head, target_path
from shadowai.captures.names import host_of_authority, host_of_name
from shadowai.captures.tcp import MAX_AHEAD, Stream
from shadowai.captures.tls import HelloReader, read_hello
from shadowai.model import Evidence, Tally

if TYPE_CHECKING:
    import random

    from tests.unit.captures.conftest import Craft


QUIET = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
PLACES = st.lists(st.integers(1, 5000), max_size=12)


@given(st.binary(min_size=1, max_size=300), st.integers(0, (1 << 32) - 1), st.randoms(use_true_random=False), PLACES)
def test_a_stream_comes_out_as_it_went_in(data: bytes, start: int, dice: random.Random, places: list[int]) -> None:
    stream, out = Stream(start), b""
    edges = sorted({0, len(data), *(place % len(data) for place in places)})
    pieces = [(low, data[low : low + dice.randrange(1, 80)]) for low in edges]
    pieces += [(low, data[low:high]) for low, high in pairwise(edges)]
    dice.shuffle(pieces)
    for low, piece in [*pieces, *pieces[:3]]:
        out += stream.push((start + low) % (1 << 32), piece)
    assert out == data
    assert stream.waiting == 0


def test_what_waits_behind_a_gap_is_bounded() -> None:
    stream = Stream(0)
    for at in range(10, 10 + 2 * MAX_AHEAD, 1000):
        assert stream.push(at, bytes(1000)) == b""
    assert stream.waiting <= MAX_AHEAD
    assert stream.dropped > 60


@pytest.mark.parametrize("ahead", [-(1 << 30) + 9, -(1 << 20), -100_000, 100_000, 1 << 30, 1 << 31, (1 << 31) + 9])
@pytest.mark.parametrize("body", [0, 1 << 29])
def test_ports_that_serve_another_connection_are_read_again(craft: Craft, ahead: int, body: int) -> None:
    one = craft.request("a.example", extra=f"Content-Length: {body}\r\n" if body else "")
    packets = [craft.tcp(one, 3_000_000_000), craft.tcp(one, 3_000_000_000)]
    packets += [craft.tcp(craft.request("b.example"), 3_000_000_000 + ahead)] * 2
    inside = body and 0 < ahead < body
    assert craft.hosts(packets) == (["a.example"] if inside else ["a.example", "b.example"])


@QUIET
@given(places=PLACES, record=st.integers(1, 3000), dice=st.randoms(use_true_random=False))
def test_a_hello_is_read_from_any_segments_and_records(
    craft: Craft, places: list[int], record: int, dice: random.Random
) -> None:
    data = craft.records(craft.hello("Pq.Example.COM.", padding=1700), record)
    segments = craft.cut(data, places, 0xFFFFFF00)
    rest = segments[1:] + dice.sample(segments, 1)
    dice.shuffle(rest)
    found, tally = craft.read(craft.pcap([segments[0], *rest]))
    assert [each.host for each in found] == ["pq.example.com"]
    assert tally.skipped == {}


@QUIET
@given(dice=st.randoms(use_true_random=False), count=st.integers(2, 8))
def test_segments_may_come_before_the_beginning(craft: Craft, dice: random.Random, count: int) -> None:
    data = craft.records(craft.hello("pq.example.com", padding=1700))
    segments = craft.cut(data, [at * len(data) // count + 7 for at in range(count)])
    dice.shuffle(segments)
    found, _ = craft.read(craft.pcap(segments))
    assert [(each.host, each.bytes_up, each.bytes_down) for each in found] == [("pq.example.com", len(data), 0)]
    assert found[0].packet == len(segments) or count > 2


@pytest.mark.parametrize("flags", [0x02, 0x18])
def test_data_in_a_syn_follows_the_syn(craft: Craft, flags: int) -> None:
    data = craft.records(craft.hello("tfo.example", padding=900))
    packets = [craft.tcp(data[:500], 99, flags=flags), craft.tcp(data[500:], 99 + 500 + (flags == 2))]
    assert craft.hosts(packets) == ["tfo.example"]


def test_the_server_name_is_found_wherever_it_stands(craft: Craft) -> None:
    grease = craft.extension(0x0A0A, b"") + craft.extension(51, bytes(40))
    assert craft.hosts([craft.tcp(craft.records(craft.hello("a.example", before=grease)), 1)]) == ["a.example"]
    for without in (craft.hello(None), craft.hello(""), craft.hello(None)[:4]):
        found, tally = craft.read(craft.pcap([craft.tcp(craft.records(without), 1)]))
        assert (found, tally.broken) == ([], 0)


def test_odd_hellos(craft: Craft) -> None:
    ssl30 = b"\1" + (38 + 3).to_bytes(3, "big") + b"\3\0" + bytes(32) + b"\0" + b"\0\2\0\5" + b"\1\0"
    assert read_hello(ssl30) == read_hello(ssl30 + b"more")
    assert read_hello(ssl30[:3]) is None
    assert read_hello(ssl30[:30]) is None
    for bad in (b"\2\0\0\0", b"\1\xff\0\0", b"\1\0\0\2\3\3", craft.hello("a.example")[:-1] + b"\0\0"):
        soiled = bad if len(bad) < 9 else b"\1" + (len(bad) - 9).to_bytes(3, "big") + bad[4:-5]
        with pytest.raises(ValueError, match=r"hello|TLS|Hello"):
            read_hello(soiled)
    listed = craft.hello(None, before=craft.extension(0, b"\0\5\7\0\2ab"))
    hello = read_hello(listed)
    assert hello is not None
    assert hello.server_name is None
    empty = read_hello(craft.hello(None, before=craft.extension(0, b"")))
    assert empty is not None
    assert empty.server_name is None
    with pytest.raises(ValueError, match="record"):
        HelloReader().feed(b"\x17\3\3\0\5hello")


@given(st.binary(max_size=200), st.integers(0, 200))
def test_hostile_hellos_are_a_value_none_or_value_error(noise: bytes, at: int) -> None:
    for reader in (HelloReader(), RequestReader()):
        try:
            reader.feed(b"\x16\3\1\0\x50\1\0\0\x4c\3\3"[:at] + noise[:at])
            reader.feed(noise[at:])
            reader.give_up()
        except ValueError:
            pass


def test_a_broken_hello_is_counted(craft: Craft) -> None:
    bad = bytearray(craft.records(craft.hello("a.example")))
    bad[43] = 0xFF  # length of the session id
    found, tally = craft.read(craft.pcap([craft.tcp(bytes(bad), 1)]))
    assert (found, tally.skipped, tally.broken) == ([], {"tls-invalid": 1}, 0)
    half = craft.records(craft.hello("a.example"))[:50]
    found, tally = craft.read(craft.pcap([craft.tcp(half, 1)]))
    assert (found, tally.skipped) == ([], {"incomplete": 1})


def test_messages_cut_when_captured(craft: Craft) -> None:
    def snapped(packet: bytes, keep: int) -> tuple[list[str | None], dict[str, int]]:
        content = craft.pcap([]).read_bytes() + craft.record(packet[:keep], sent=len(packet))
        found, tally = craft.read(craft.file(content))
        return [each.host for each in found], dict(tally.skipped)

    hello = craft.tcp(craft.records(craft.hello("a.example", padding=300)), 1)
    assert snapped(hello, len(hello) - 200) == (["a.example"], {})
    assert snapped(hello, 100) == ([], {"cut-short": 1})
    request = craft.tcp(craft.request("b.example", extra="X: y\r\n"), 1)
    assert snapped(request, len(request) - 5) == (["b.example"], {})
    assert snapped(request, 52) == ([], {"cut-short": 1})
    query = craft.udp(craft.query("c.example"))
    assert snapped(query, len(query) - 3) == ([], {"cut-short": 1})
    framed = craft.tcp(b"\0\x40" + craft.query("c.example"), 1, (40000, 53))
    assert snapped(framed, len(framed) - 3) == ([], {"cut-short": 1})


def test_a_repeated_hello_is_one_contact_and_its_bytes_count_once(craft: Craft) -> None:
    data = craft.records(craft.hello("a.example"))
    answer = craft.tcp(b"server" * 50, 500, (443, 40000), source="203.0.113.5", destination="192.0.2.10")
    found, _ = craft.read(
        craft.pcap([craft.tcp(data, 1), craft.tcp(data, 1), answer, craft.tcp(b"x" * 10, 1 + len(data))])
    )
    assert [(each.host, each.packet) for each in found] == [("a.example", 1)]
    assert (found[0].bytes_up, found[0].bytes_down) == (len(data) + 10, 300)
    frames = 2 * (40 + len(data)) + 40 + 10
    assert (found[0].wire_up, found[0].wire_down) == (frames, 40 + 300)
    assert (found[0].source_ip, found[0].source_port, found[0].destination_port) == ("192.0.2.10", 40000, 443)
    assert found[0].evidence == Evidence.TLS


def test_a_lost_segment_does_not_hide_what_follows(craft: Craft) -> None:
    data = craft.records(craft.hello("lost.example", padding=1700))
    later = craft.request("later.example")
    packets = [craft.tcp(data[:900], 1), craft.tcp(b"\x17\3\3 data", 5000), craft.tcp(later, 6000)]
    found, tally = craft.read(craft.pcap(packets))
    assert [each.host for each in found] == ["later.example"]
    assert tally.skipped == {"incomplete": 1}
    packets = [craft.tcp(data[:900], 1), craft.tcp(craft.records(craft.hello("new.example")), 1 << 30)]
    assert craft.hosts(packets) == ["new.example"]
    packets = [craft.tcp(data[:900], 1), craft.tcp(b"\x16\3\1\0\1\1\0", 5000)]
    assert craft.hosts(packets) == []


def test_streams_awaited_are_bounded(craft: Craft, monkeypatch: pytest.MonkeyPatch) -> None:
    half = craft.records(craft.hello("a.example", padding=900))[:600]
    packets = [craft.tcp(half, 1, (port, 443)) for port in range(40000, 40010)]
    monkeypatch.setattr(streams, "MAX_STREAMS", 4)
    _, tally = craft.read(craft.pcap(packets))
    assert tally.skipped == {"reassembly-dropped": 6, "incomplete": 4}
    monkeypatch.setattr(streams, "MAX_STREAMS", 100)
    monkeypatch.setattr(streams, "MAX_WAITING", 1500)
    _, tally = craft.read(craft.pcap(packets))
    assert tally.skipped == {"reassembly-dropped": 8, "incomplete": 2}


def test_early_segments_are_bounded(craft: Craft, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MAX_EARLY_BYTES", 100)
    data = craft.records(craft.hello("a.example", padding=900))
    found, tally = craft.read(craft.pcap([craft.tcp(data[500:], 501), craft.tcp(data[:500], 1)]))
    assert (found, tally.skipped) == ([], {"incomplete": 1})


def test_segments_dropped_behind_a_gap_are_counted(craft: Craft) -> None:
    data = craft.records(craft.hello("a.example", padding=900))
    packets = [craft.tcp(data[:100], 1), *(craft.tcp(bytes(60000), 5000 + at) for at in range(3))]
    _, tally = craft.read(craft.pcap(packets))
    assert tally.skipped == {"reassembly-dropped": 2, "incomplete": 1}


def test_requests_on_one_connection(craft: Craft) -> None:
    first = craft.request("A.Example:8080", "/one?q=1", extra="User-Agent: agent/1 (x)\r\n")
    second = craft.request("b.example", "/two", "POST", "Content-Length: 40\r\n")
    body = craft.request("fake.example")[:40].ljust(40)
    third = craft.request("[2001:db8::1]:80", "http://b.example/three?x=y", "PROPFIND")
    fourth = craft.request("c.example:443", "c.example:443", "CONNECT")
    stream = first + second + body + third
    edges = [0, len(first), len(first + second), len(first + second + body), len(stream)]
    packets = [craft.tcp(stream[low:high], 1 + low, (40000, 8080)) for low, high in pairwise(edges)]
    packets.append(craft.tcp(fourth, 1 + len(stream), (40000, 8080)))
    found, _ = craft.read(craft.pcap(packets))
    said = [(each.host, each.method, each.path, each.user_agent) for each in found]
    assert said == [
        ("a.example", "GET", "/one?q=1", "agent/1 (x)"),
        ("b.example", "POST", "/two", None),
        ("2001:db8::1", "PROPFIND", "/three?x=y", None),
        ("c.example", "CONNECT", None, None),
    ]
    assert [each.bytes_up for each in found] == [len(first), len(second + body), len(third), len(fourth)]
    pipelined, _ = craft.read(craft.pcap([craft.tcp(stream, 1, (40000, 80))]))
    assert {each.host for each in pipelined} == {"a.example", "b.example", "2001:db8::1"}


@QUIET
@given(places=PLACES)
def test_a_request_is_read_from_any_segments(craft: Craft, places: list[int]) -> None:
    data = craft.request("api.example", "/" + "x" * 900, extra="Cookie: " + "y" * 600 + "\r\n")
    found, _ = craft.read(craft.pcap(craft.cut(data, places, ports=(40000, 8000)) if places else [craft.tcp(data, 1)]))
    assert [(each.host, each.bytes_up) for each in found] == [("api.example", len(data))]


def test_long_methods_are_requests(craft: Craft) -> None:
    packets = [
        craft.tcp(craft.request(f"{name.lower()}.example", method=name), 1, (port, 80))
        for port, name in enumerate(("GET", "M-SEARCH", "VERSION-CONTROL", "UPDATEREDIRECTREF"), 40000)
    ]
    names = ["get.example", "m-search.example", "version-control.example", "updateredirectref.example"]
    assert craft.hosts(packets) == names


@pytest.mark.parametrize(
    "data",
    [
        b"INVITE sip:a@b SIP/2.0\r\nHost: a\r\n\r\n",
        b"GET / HTTP\r\nHost: a.example\r\n\r\n",
        b"GET / HTTP/1.1/2\r\nHost: a.example\r\n\r\n",
        b"HELO mail.example\r\n",
        b"AAAABBBBCCCCDDDD" * 10,
        b"GET " + b"x" * 20000,
        b"HTTP/1.1 200 OK\r\nHost: a.example\r\n\r\n",
        b"GET / HTTP/1.1\r\nAccept: */*\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"y" * (MAX_HEAD - 20),
    ],
)
def test_what_is_no_request_with_a_host_gives_nothing(craft: Craft, data: bytes) -> None:
    pieces = [data[at : at + 1400] for at in range(0, len(data), 1400)]
    packets = [craft.tcp(piece, 1 + at * 1400, (40000, 80)) for at, piece in enumerate(pieces)]
    found, tally = craft.read(craft.pcap(packets))
    assert (found, tally.broken) == ([], 0)


def test_bare_line_feeds_and_hostile_heads(craft: Craft) -> None:
    assert craft.hosts([craft.tcp(b"GET / HTTP/1.0\nhost:  a.example \n\n", 1)]) == ["a.example"]
    for version in (b"2.0", b"3.1", b"\0\0001"):  # as tshark reads it
        assert craft.hosts([craft.tcp(b"GET / HTTP/" + version + b"\r\nHost: a.example\r\n\r\n", 1)]) == ["a.example"]
    reader = RequestReader()
    assert reader.feed(b"GET" + b" " * 65_000) is None
    with pytest.raises(ValueError, match="request"):
        reader.feed(b" " * 2000)
    with pytest.raises(ValueError, match="request"):
        parse_head(b"nothing\r\n\r\n")
    assert parse_head(b"GET * HTTP/1.1\nHost: a\nContent-Length: 1\nContent-Length: 7\n\n").body == 1
    assert parse_head(b"GET / HTTP/1.1\nContent-Length: 99999999999999999999\n\n").body == 0
    assert target_path("http://a.example") == "/"
    assert RequestReader().give_up() is None
    held = RequestReader()
    with pytest.raises(ValueError, match="end"):
        held.feed(b"GET / HTTP/1.1\r\nX: " + b"y" * MAX_HEAD)


def test_service_discovery_over_udp(craft: Craft) -> None:
    search = craft.request("239.255.255.250:1900", "*", "M-SEARCH")
    found, _ = craft.read(craft.pcap([craft.udp(search, (50000, 1900)), craft.udp(b"NOTIFY nothing", (50000, 1900))]))
    assert [(each.evidence, each.host, each.method) for each in found] == [
        (Evidence.HTTP, "239.255.255.250", "M-SEARCH")
    ]
    assert craft.hosts([craft.udp(b"M-SEARCH\r\n", (50000, 1900)), craft.udp(b"NOT", (50000, 1900))]) == []


@pytest.mark.parametrize(
    ("raw", "host"),
    [
        (b"API.Example.COM.", "api.example.com"),
        (b"", None),
        (b".", None),
        (b"a\x04b.\n", "a\\004b.\\n"),
        (b"*.example", "*.example"),
        ("b\u00fccher.example".encode(), "xn--bcher-kva.example"),
        (b"\xc3\xbc bad", "\u00fc bad"),
        (b"192.0.2.1", "192.0.2.1"),
    ],
)
def test_names_are_written_as_text(raw: bytes, host: str | None) -> None:
    assert host_of_name(raw) == host


@pytest.mark.parametrize(
    ("raw", "host"),
    [
        (b"a.example:80", "a.example"),
        (b"[::1]:80", "::1"),
        (b"a b:81", "a b"),
        (b"%s\0.1:80", "%s"),
        (b"<x>", "<x>"),
        (b" ", None),
    ],
)
def test_authorities_are_written_without_port(raw: bytes, host: str | None) -> None:
    assert host_of_authority(raw) == host


def test_the_tally_takes_time_from_parsed_packets(craft: Craft) -> None:
    _, tally = craft.read(craft.pcap([craft.tcp(b"", 1), craft.udp(b"", (5, 6)), b"\x55"]))
    assert isinstance(tally, Tally)
    assert (tally.records, tally.parsed) == (3, 2)
    assert tally.last is not None
    assert tally.first is not None
    assert tally.last - tally.first == 1_000_000_000


@pytest.mark.parametrize("size", [3, 4, 7, 13, 14, 24, 30])
def test_http2_is_known_however_its_preface_is_cut(craft: Craft, size: int) -> None:
    # HPACK (RFC 7541 appendix A): POST, http, then path and authority by the names of the static table.
    fields = b"\x83\x86\x04\x0d/api/generate\x01\x0bh2c.example"
    frames = b"\0\0\0\4\0\0\0\0\0" + len(fields).to_bytes(3, "big") + b"\1\5\0\0\0\1" + fields
    stream = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frames
    packets = craft.cut(stream, list(range(size, len(stream), size)), ports=(40000, 11434))
    found, _ = craft.read(craft.pcap(packets))
    assert [(seen.host, seen.method, seen.path) for seen in found] == [("h2c.example", "POST", "/api/generate")]


@pytest.mark.parametrize("order", [order for order in permutations(range(4)) if order[:2] != (1, 2)])
def test_requests_on_one_connection_whose_segments_come_in_any_order(craft: Craft, order: tuple[int, ...]) -> None:
    names = ["first.example", "second.example", "third.example"]
    requests = [craft.request(name, extra="Cookie: x\r\n") for name in names]
    stream = b"".join(requests)
    places = [20, len(requests[0]), len(requests[0]) + len(requests[1]) + 20]
    segments = craft.cut(stream, places, ports=(40000, 80))
    found, tally = craft.read(craft.pcap([segments[place] for place in order]))
    assert (sorted(each.host or "" for each in found), tally.skipped) == (names, {})


def test_a_late_beginning_behind_a_proxy_header_is_read(craft: Craft) -> None:
    first = b"PROXY TCP4 198.51.100.1 203.0.113.9 56324 80\r\n" + craft.request("first.example")
    stream = first + craft.request("second.example")
    one, two, three = craft.cut(stream, [len(first), len(first) + 20], ports=(40000, 80))
    found, tally = craft.read(craft.pcap([two, one, three]))
    assert (sorted(each.host or "" for each in found), tally.skipped) == (["first.example", "second.example"], {})


def test_what_was_set_aside_is_given_up_in_time(craft: Craft) -> None:
    head, fill = craft.request("lost.example")[:30], b"x" * 60_000
    whole = [craft.request(f"h{at}.example") for at in range(3)]
    places = [1000, 2000, 2000 + len(whole[0]) + len(fill) + 10_000]
    packets = [
        craft.tcp(head, places[0], (40000, 80)),
        craft.tcp(whole[0] + head, places[1], (40000, 80)),
        craft.tcp(whole[1] + head, places[1] + 1000, (40000, 80)),
        craft.tcp(whole[2], places[2], (40000, 80)),
    ]
    found, tally = craft.read(craft.pcap(packets))
    assert [each.host for each in found] == ["h0.example", "h1.example", "h2.example"]
    assert tally.skipped == {"incomplete": 3}


@pytest.mark.parametrize("size", [7, 20, 100])
def test_many_small_segments_may_come_backward(craft: Craft, size: int) -> None:
    data = craft.records(craft.hello("small.example.com", padding=300))
    segments = craft.cut(data, list(range(size, len(data), size)))
    assert craft.hosts(segments[::-1]) == ["small.example.com"]
