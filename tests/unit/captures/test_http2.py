"""HTTP/2 in clear text, as the h2 library sends it."""

from __future__ import annotations

import struct
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowai.captures.http2 import MAX_BLOCK, MAX_OPEN, PREFACE, Http2Reader

if TYPE_CHECKING:
    from shadowai.captures.http import Request
    from tests.unit.captures.conftest import Craft

SETTINGS = b"\0\0\0\4\0\0\0\0\0"


def connection() -> H2Connection:
    client = H2Connection(H2Configuration(client_side=True))
    client.initiate_connection()
    return client


def ask(
    client: H2Connection, path: str, *extra: tuple[str, str], host: str = "api.example.com", end: bool = True
) -> int:
    stream: int = client.get_next_available_stream_id()
    fields = [(":method", "POST"), (":authority", host), (":scheme", "http"), (":path", path), *extra]
    client.send_headers(stream, fields, end_stream=end)
    return stream


@cache  # the encoder is slow
def three_requests() -> bytes:
    client = connection()
    stream = ask(client, "/v1/chat/completions?x=1", ("user-agent", "probe/1.0"), ("content-length", "9"), end=False)
    client.send_data(stream, b"some data", end_stream=True, pad_length=5)
    ask(client, "/mcp", ("mcp-protocol-version", "2025-06-18"), ("chatgpt-allowed-workspace-id", "ours"))
    client.ping(b"12345678")
    ask(client, "/long", ("x-filler", "z" * 40_000), ("user-agent", "probe/1.0"), host="other.example:8080")
    return bytes(client.data_to_send())


def key(request: Request) -> tuple[object, ...]:
    seen = request.host, request.method, request.path, request.user_agent, request.body, request.protocol
    return *seen, request.tenant


EXPECTED = [
    (b"api.example.com", "POST", "/v1/chat/completions?x=1", "probe/1.0", 9, None, None),
    (b"api.example.com", "POST", "/mcp", None, 0, "mcp", "ours"),
    (b"other.example:8080", "POST", "/long", "probe/1.0", 0, None, None),
]


def test_the_requests_of_all_streams_are_read() -> None:
    stream = three_requests()
    reader = Http2Reader()
    assert [key(each) for each in reader.feed(stream)] == EXPECTED
    assert reader.held() == 0
    assert b"\x09" in stream  # the long one is continued


@settings(max_examples=40)
@given(st.lists(st.integers(0, 50_000), max_size=8))
def test_any_cuts_give_the_same(places: list[int]) -> None:
    stream = three_requests()
    edges = sorted({0, len(stream), *(place % len(stream) for place in places)})
    reader = Http2Reader()
    found: list[Request] = []
    for low, high in pairwise(edges):
        found += reader.feed(stream[low:high])
    assert [key(each) for each in found] == EXPECTED


def test_byte_by_byte() -> None:
    reader = Http2Reader()
    found = [each for byte in three_requests() for each in reader.feed(bytes([byte]))]
    assert [key(each) for each in found] == EXPECTED


def test_priority_padding_trailers_and_a_host_field() -> None:
    client = connection()
    stream = client.get_next_available_stream_id()
    fields = [(":method", "GET"), (":scheme", "http"), (":path", "*"), ("host", "plain.example")]
    client.send_headers(stream, fields, priority_weight=9, priority_depends_on=0, priority_exclusive=True)
    client.send_headers(stream, [("x-checksum", "1")], end_stream=True)
    reader = Http2Reader()
    (request,) = reader.feed(bytes(client.data_to_send()))
    assert (request.host, request.path) == (b"plain.example", "*")
    padded = Http2Reader()
    block = b"\x82\x86\x84\x01\x01a"  # GET, http, /, :authority: a (RFC 7541 appendix A)
    frame = b"\0\0\x0c\1\x0d\0\0\0\3" + b"\5" + block + bytes(5)
    (request,) = padded.feed(PREFACE + SETTINGS + frame)
    assert (request.method, request.path, request.host) == ("GET", "/", b"a")


def frame(kind: int, payload: bytes, flags: int = 4, stream: int = 1) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


@pytest.mark.parametrize(
    "stream",
    [
        b"GET / HTTP/1.1\r\n",
        b"PRI * HTTP/2.0\r\n\r\nXX",
        PREFACE + frame(9, b"\x82"),
        PREFACE + frame(1, b"\x82", flags=0) + frame(0, b""),
        PREFACE + frame(1, b"\x82", flags=0) + frame(9, b"", stream=3),
        PREFACE + frame(1, b"\x82", stream=2),
        PREFACE + frame(1, b"\x82", stream=0),
        PREFACE + frame(1, b"\xff" * 40),
        PREFACE + frame(1, b"\xff\xff\xff\xff"),
        PREFACE + frame(1, b"\x00\x05ab"),
        PREFACE + frame(1, b"\xbf"),
        PREFACE + frame(1, b"\x01", flags=0x0C),
        PREFACE + frame(1, b"\x01", flags=0x24),
        PREFACE + frame(1, b"", flags=0x0C),
        PREFACE + frame(5, b""),
        PREFACE + b"\xff\xff\xff\x04\0\0\0\0\0",
        PREFACE + b"\xff\xff\xff\x01\4\0\0\0\1",
        PREFACE + frame(1, b"x" * MAX_BLOCK, flags=0)[:9],
    ],
)
def test_what_no_client_sends_is_refused(stream: bytes) -> None:
    with pytest.raises(ValueError, match="HTTP/2"):
        list(Http2Reader().feed(stream + frame(9, b"x" * MAX_BLOCK)))


def test_a_small_block_that_unpacks_into_much_is_refused() -> None:
    fill = b"\x40\x01a\x7f\xa1\x1e" + b"v" * 4000  # one field of 4,000 bytes, kept in the table
    many = b"\xbe" * 100  # the same field again and again
    with pytest.raises(ValueError, match="HTTP/2"):
        list(Http2Reader().feed(PREFACE + frame(1, fill + many)))


def test_data_is_not_kept() -> None:
    reader = Http2Reader()
    assert list(reader.feed(PREFACE + SETTINGS + b"\xff\xff\xff\0\0\0\0\0\1" + bytes(1000))) == []
    assert reader.held() == 0
    for _ in range(10):
        assert list(reader.feed(bytes(100_000))) == []
    assert reader.held() == 0


def test_requests_before_a_broken_frame_are_given() -> None:
    reader = Http2Reader()
    given = reader.feed(three_requests() + frame(9, b"x"))
    assert [key(next(given)) for _ in EXPECTED] == EXPECTED
    with pytest.raises(ValueError, match="HTTP/2"):
        next(given)


INITIALIZE = (
    b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
    b'"clientInfo":{"name":"x","version":"1"}}}'
)
JSON = ("content-type", "application/json; charset=utf-8")


def asked(
    body: bytes, pieces: int = 1, *, trailers: bool = False, more: tuple[tuple[str, str], ...] = (JSON,)
) -> bytes:
    client = connection()
    stream = ask(client, "/mcp", *more, end=False)
    size = len(body) // pieces + 1
    for at in range(0, len(body), size):
        client.send_data(stream, body[at : at + size], pad_length=3)
    if trailers:
        client.send_headers(stream, [("x-checksum", "1")], end_stream=True)
    else:
        client.end_stream(stream)
    return bytes(client.data_to_send())


@pytest.mark.parametrize("pieces", [1, 3])
@pytest.mark.parametrize("trailers", [False, True])
@pytest.mark.parametrize(("body", "protocol"), [(INITIALIZE, "mcp"), (b'{"method":"initialize"}', None), (b"{", None)])
def test_mcp_is_told_by_its_first_message(pieces: int, trailers: bool, body: bytes, protocol: str | None) -> None:  # noqa: FBT001  # a case
    stream = asked(body, pieces, trailers=trailers)
    for size in (len(stream), 40, 1):
        reader = Http2Reader()
        found = [each for at in range(0, len(stream), size) for each in reader.feed(stream[at : at + size])]
        assert [(each.path, each.protocol) for each in found] == [("/mcp", protocol)]
        assert reader.held() == 0


def test_other_bodies_and_long_ones_are_not_waited_for() -> None:
    for body, more in (
        (INITIALIZE, ()),
        (INITIALIZE, (("content-type", "text/plain"),)),
        (INITIALIZE, (JSON, ("content-length", "70000"))),
    ):
        reader = Http2Reader()
        assert [each.protocol for each in reader.feed(asked(body, more=more)[:-40])] == [None]
    reader = Http2Reader()
    found = list(reader.feed(PREFACE + head() + frame(0, b" " * 40_000, 0) + frame(0, b" " * 40_000, 0)))
    assert ([each.path for each in found], reader.held()) == (["/mcp"], 0)
    found = list(Http2Reader().feed(PREFACE + head() + b"\x01\x00\x01\0\0\0\0\0\1"))  # a frame of 65,537 bytes
    assert [each.path for each in found] == ["/mcp"]


def head(stream: int = 1) -> bytes:
    # HPACK (RFC 7541 appendix A): POST, http, then path, authority and content type by the names of the static table.
    fields = b"\x83\x86\x04\x04/mcp\x01\x01a\x0f\x10\x10application/json"
    return frame(1, fields, stream=stream)


def test_what_is_waited_for_is_given_when_the_rest_does_not_come() -> None:
    reader = Http2Reader()
    assert list(reader.feed(PREFACE + head(1) + head(3) + frame(3, bytes(4), 0, 3))) != []  # the second was reset
    assert [each.path for each in reader.without_bodies()] == ["/mcp"]
    assert reader.without_bodies() == []
    given = Http2Reader().feed(PREFACE + head() + frame(9, b"x"))
    assert next(given).path == "/mcp"
    with pytest.raises(ValueError, match="HTTP/2"):
        next(given)


def test_bodies_waited_for_are_bounded() -> None:
    reader = Http2Reader()
    found = list(reader.feed(PREFACE + b"".join(head(2 * at + 1) for at in range(40))))
    assert (len(found), len(reader.without_bodies())) == (40 - MAX_OPEN, MAX_OPEN)


@pytest.mark.parametrize("cut", [False, True])
def test_a_request_in_a_capture_that_ends_in_its_body(craft: Craft, cut: bool) -> None:  # noqa: FBT001  # a case
    data = PREFACE + SETTINGS + head() + frame(0, INITIALIZE)[: 20 if cut else None]
    packet = craft.tcp(data + bytes(50 if cut else 0), 1, (40000, 8081))
    path = craft.pcap([packet])
    if cut:  # the frame was longer than what was captured of it
        path = craft.file(path.read_bytes()[:24] + craft.record(packet[:-50], sent=len(packet)))
    found, _ = craft.read(path)
    assert [(each.host, each.path) for each in found] == [("a", "/mcp")]
