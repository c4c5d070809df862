"""HTTP/1 requests: CONNECT, chunked bodies (made by http.client), and the Model Context Protocol."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any

import pytest

from shadowai.captures.http import MAX_CHUNK_LINE, MAX_JSON, Chunks, Request, RequestReader, is_mcp, parse_head
from shadowai.tenant_headers import TENANT_HEADERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.unit.captures.conftest import Craft

INITIALIZE = {  # the example of modelcontextprotocol.io, basic/lifecycle
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {"roots": {"listChanged": True}, "sampling": {}},
        "clientInfo": {"name": "ExampleClient", "version": "1.0.0"},
    },
}
STATELESS = {  # a request of the revision 2026-07-28
    "jsonrpc": "2.0",
    "id": 1,
    "method": "somebody/else",
    "params": {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}},
}


class Wire(http.client.HTTPConnection):
    """A connection that keeps what it would send."""

    def __init__(self) -> None:
        super().__init__("api.example.com")
        self.sent = b""
        self.auto_open = 0
        self.sock: Any = self

    def sendall(self, data: bytes) -> None:
        self.sent += data

    def send(self, data: bytes) -> None:
        self.sent += data

    def close(self) -> None:
        pass


def post(body: bytes | Iterable[bytes], **headers: str) -> bytes:
    wire = Wire()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    wire.request("POST", "/rpc", body=body, headers=named, encode_chunked=not isinstance(body, bytes))
    return wire.sent


def read(stream: bytes, *, wait: bool = False) -> Request:
    request = RequestReader(wait_for_body=wait).feed(stream)
    assert request is not None
    return request


def rpc(method: str, **params: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).encode()


def test_a_connect_goes_to_its_target_whatever_the_host_header_says() -> None:
    request = read(b"CONNECT api.example.com:8443 HTTP/1.1\r\nHost: proxy.example\r\n\r\n")
    assert (request.is_connect, request.host, request.port, request.path) == (True, b"api.example.com:8443", 8443, None)
    plain = read(b"GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n")
    assert (plain.is_connect, plain.host, plain.port) == (False, b"api.example.com", None)


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("a.example:80", 80),
        ("[2001:db8::1]:443", 443),
        ("[2001:db8::1]", None),
        ("2001:db8::1", None),
        ("a.example:0", None),
        ("a.example:65536", None),
        ("a.example:", None),
        ("a.example:http", None),
        (":8080", 8080),
    ],
)
def test_the_port_is_that_behind_the_host(host: str, port: int | None) -> None:
    assert read(f"CONNECT {host} HTTP/1.1\r\n\r\n".encode()).port == port


def test_a_request_to_a_proxy_says_its_host_in_its_url() -> None:
    old = read(b"GET http://user:pw@api.example.com:8080/v1?q=1 HTTP/1.0\r\n\r\n")
    assert (old.host, old.port, old.path) == (b"api.example.com:8080", 8080, "/v1?q=1")
    both = read(b"GET http://api.example.com/ HTTP/1.1\r\nHost: other.example\r\n\r\n")
    assert both.host == b"other.example"
    assert read(b"GET http:///x HTTP/1.0\r\n\r\n").host is None
    assert read(b"GET /x HTTP/1.0\r\n\r\n").host is None


@pytest.mark.parametrize("name", ["Mcp-Session-Id", "MCP-Protocol-Version", "mcp-method"])
def test_mcp_is_known_by_its_headers(name: str) -> None:
    head = f"GET /mcp HTTP/1.1\r\nHost: a.example\r\n{name}: x\r\n\r\n".encode()
    assert read(head).protocol == "mcp"
    assert read(head.replace(b": x", b"-other: x")).protocol is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (json.dumps(INITIALIZE).encode(), True),
        (json.dumps([{"jsonrpc": "2.0", "id": 1, "result": {}}, INITIALIZE]).encode(), True),
        (json.dumps(STATELESS).encode(), True),
        (rpc("tools/list"), True),
        (rpc("tools/call", name="weather"), True),
        (rpc("notifications/initialized"), True),
        (rpc("server/discover"), True),
        (rpc("initialize", processId=1, clientInfo={"name": "an editor"}, capabilities={}), False),
        (rpc("initialize", protocolVersion=1, clientInfo={}), False),
        (rpc("ping"), False),
        (rpc("eth_blockNumber"), False),
        (rpc("tools/list").replace(b"2.0", b"1.0"), False),
        (b'{"jsonrpc":"2.0","method":"initialize","params":[]}', False),
        (b'{"jsonrpc":"2.0","method":["tools/list"]}', False),
        (b'{"model":"gpt","messages":[]}', False),
        (b"[]", False),
        (b"7", False),
        (b"", False),
        (b"[" * 60_000, False),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, False),
    ],
)
def test_mcp_is_known_by_its_messages(body: bytes, *, expected: bool) -> None:
    assert is_mcp(body) is expected
    found = read(post(body, Content_Type="application/json; charset=utf-8"), wait=True) if body else None
    assert (found.protocol if found else None) == ("mcp" if expected and len(body) <= MAX_JSON else None)


def test_a_short_json_body_is_waited_for() -> None:
    stream = post(json.dumps(INITIALIZE).encode(), Content_Type="application/json")
    behind = b"GET /next HTTP/1.1\r\n\r\n"
    reader = RequestReader(wait_for_body=True)
    for at in range(len(stream) - 1):
        assert reader.feed(stream[at : at + 1]) is None
    assert reader.held() == len(stream) - 1
    request = reader.feed(stream[-1:] + behind)
    assert request is not None
    assert (request.protocol, request.path, reader.rest[request.body :]) == ("mcp", "/rpc", behind)
    assert reader.give_up() is not None


@pytest.mark.parametrize(
    "stream",
    [
        b"POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 70000\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 70\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Type: application/json\r\nMcp-Session-Id: 1\r\nContent-Length: 70\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Type: application/json\r\n\r\n",
    ],
)
def test_other_bodies_are_not_waited_for(stream: bytes) -> None:
    assert read(stream, wait=True).method in ("POST", "GET")


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_a_chunked_json_body_is_waited_for(step: int) -> None:
    pieces = [json.dumps(INITIALIZE).encode()[at : at + 30] for at in range(0, 400, 30)]
    behind = b"GET /next HTTP/1.1\r\n\r\n"
    stream = post(filter(None, pieces), Content_Type="application/json") + behind
    reader = RequestReader(wait_for_body=True)
    given = (reader.feed(stream[at : at + step]) for at in range(0, len(stream), step))
    request = next(filter(None, given))
    assert (request.protocol, request.is_chunked, reader.chunks) == ("mcp", True, None)
    assert behind.startswith(reader.rest)


def test_of_a_long_chunked_body_the_beginning_is_looked_at() -> None:
    stream = post(iter([b"x" * MAX_JSON, b"y" * 10]), Content_Type="application/json")
    reader = RequestReader(wait_for_body=True)
    request = reader.feed(stream[:-15])
    assert request is not None
    assert (request.protocol, reader.rest) == (None, b"")
    assert reader.chunks is not None
    assert reader.chunks.feed(stream[-15:] + b"REST") == b"REST"


def test_a_broken_chunked_body_leaves_the_request() -> None:
    head = b"POST /rpc HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    reader = RequestReader(wait_for_body=True)
    assert reader.feed(head + b"5\r\n{") is None
    assert reader.held() > len(head)
    assert reader.without_body() is not None
    request = reader.feed(b"abcdefgh\r\n")
    assert request is not None
    assert (request.path, request.protocol, reader.rest, reader.chunks is None) == ("/rpc", None, b"", True)


def test_a_host_is_named_without_a_space_before_the_colon() -> None:
    request = read(b"GET / HTTP/1.1\r\nHost : one.example\r\nhOsT:two.example\r\n\r\n")
    assert request.host == b"two.example"


def test_a_body_whose_end_was_not_captured_leaves_the_request() -> None:
    stream = post(json.dumps(INITIALIZE).encode(), Content_Type="application/json")
    reader = RequestReader(wait_for_body=True)
    assert reader.feed(stream[:-5]) is None
    partial = reader.give_up()
    assert partial is not None
    assert (partial.path, partial.protocol) == ("/rpc", None)


def test_requests_behind_a_chunked_body_are_found() -> None:
    pieces = [b"x" * 10, b"\r\n0\r\n\r\nGET /inside HTTP/1.1\r\n\r\n", b"y" * 5000]
    stream = post(iter(pieces), Host="up.example") + b"GET /next HTTP/1.1\r\nHost: next.example\r\n\r\n"
    reader = RequestReader()
    first = reader.feed(stream)
    assert first is not None
    assert (first.is_chunked, first.body) == (True, 0)
    rest = Chunks().feed(reader.rest)
    assert rest is not None
    assert read(rest).path == "/next"


def test_chunk_extensions_and_trailers() -> None:
    stream = b'3;name="a;b"\r\nabc\r\n 0A \n0123456789\n000\r\nDigest: x\r\n\r\nREST'
    assert Chunks().feed(stream) == b"REST"
    slow = Chunks()
    given = [slow.feed(stream[at : at + 1]) for at in range(len(stream) - 4)]
    assert given[-1] == b""
    assert given[:-1] == [None] * (len(given) - 1)
    assert slow.held() == 0


@pytest.mark.parametrize(
    "stream",
    [b"x\r\n", b"\r\n", b"-1\r\n", b"3\r\nabcd\r\n", b"1" * 16 + b"\r\n", b"a" * (MAX_CHUNK_LINE + 1), b"0x3\r\nabc"],
)
def test_broken_chunks_are_refused(stream: bytes) -> None:
    with pytest.raises(ValueError, match="chunk"):
        Chunks().feed(stream)
    reader = Chunks()
    with pytest.raises(ValueError, match="chunk"):
        [reader.feed(stream[at : at + 1]) for at in range(len(stream))]


def test_a_length_beside_chunks_does_not_count() -> None:
    request = parse_head(b"POST / HTTP/1.1\r\nContent-Length: 9\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n")
    assert (request.body, request.is_chunked) == (0, True)


ICAP = "REQMOD icap://filter.example/ask ICAP/1.0\r\nHost: filter.example\r\nEncapsulated: req-hdr=0, {}\r\n\r\n"


def icap(craft: Craft, host: str, body: bytes | None = None) -> bytes:
    """Write what a proxy asks a filter about a request (RFC 3507 section 4.8)."""
    extra = "" if body is None else f"Content-Length: {len(body)}\r\n"
    request = craft.request(host, "/v1/messages", "GET" if body is None else "POST", extra)
    chunks = b"" if body is None else b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    return ICAP.format(f"{'null' if body is None else 'req'}-body={len(request)}").encode() + request + chunks


@pytest.mark.parametrize("body", [None, b"x" * 40, b"5\r\n"])
@pytest.mark.parametrize("places", [[], [30], [100, 130], [200]])
def test_a_request_that_a_filter_is_asked_about(craft: Craft, body: bytes | None, places: list[int]) -> None:
    stream = icap(craft, "first.example", body) + icap(craft, "second.example")
    found, tally = craft.read(craft.pcap(craft.cut(stream, places, ports=(40000, 1344))))
    assert [(each.host, each.path) for each in found] == [
        ("first.example", "/v1/messages"),
        ("second.example", "/v1/messages"),
    ]
    assert not tally.skipped


def test_icap_without_a_request_gives_nothing(craft: Craft) -> None:
    options = b"OPTIONS icap://filter.example/ask ICAP/1.0\r\nHost: filter.example\r\n\r\n"
    reply = ICAP.format("x").replace("REQMOD", "RESPMOD").replace("req-hdr=0, x", "res-hdr=0, res-body=19").encode()
    for stream in (options, reply + b"HTTP/1.1 200 OK\r\n\r\n0\r\n\r\n"):
        found, tally = craft.read(craft.pcap([craft.tcp(stream, 1000, (40000, 1344))]))
        assert ([each.host for each in found if each.evidence == "http"], tally.skipped) == ([], {})


def body_and_next(craft: Craft, length: int) -> list[bytes]:
    """Write a request with a body, and another one that begins in the body's last segment."""
    head = craft.request("first.example", "/", "POST", f"Content-Length: {length}\r\n")
    stream = head + b"x" * length + craft.request("second.example")
    return craft.cut(stream, [len(head), *range(len(head) + 1000, len(head) + length, 1000)], ports=(40000, 80))


def test_a_request_behind_a_body_in_the_same_segment(craft: Craft) -> None:
    assert craft.hosts(body_and_next(craft, 2_500)) == ["first.example", "second.example"]
    # So long a body is passed over without looking at its segments.
    assert craft.hosts(body_and_next(craft, 70_500)) == ["first.example"]


def test_a_body_of_which_a_segment_is_lost_does_not_hide_what_follows(craft: Craft) -> None:
    head = craft.request("first.example", "/", "POST", "Content-Length: 3000\r\n")
    body = craft.request("body.example").ljust(1000, b"x")
    following = craft.request("second.example", extra="Cookie: " + "x" * 500 + "\r\n")
    start = 1000 + len(head)
    segments = [
        craft.tcp(data, at, (40000, 80))
        for data, at in (
            (head, 1000),
            (body, start + 1000),
            (following[:300], start + 3000),
            (following[300:], start + 3300),
        )
    ]
    found, tally = craft.read(craft.pcap(segments))
    assert ([each.host for each in found], tally.skipped) == (["first.example", "second.example"], {})


def test_what_waited_behind_a_gap_goes_on_with_what_begins_there(craft: Craft) -> None:
    head = craft.request("first.example", "/", "PUT", "Content-Type: application/json\r\nContent-Length: 900\r\n")
    second, third = craft.request("second.example"), craft.request("third.example")
    begins = len(head) + 900
    stream = head + b"x" * 900 + second + third
    places = [len(head), len(head) + 450, begins, begins + len(second) + 9]
    first, body, gap, behind, last = craft.cut(stream, places, ports=(40000, 80))
    found, tally = craft.read(craft.pcap([first, body, last, behind, gap]))
    hosts = [each.host for each in found]
    assert (sorted(filter(None, hosts)), tally.skipped) == (["first.example", "second.example", "third.example"], {})


def test_a_body_that_was_cut_off_when_captured_is_no_loss(craft: Craft) -> None:
    segments = body_and_next(craft, 2_500)
    frames = [craft.record(each[:90], 0, "<", 0xA1B2C3D4, len(each)) for each in segments[1:]]
    path = craft.pcap(segments[:1])
    path.write_bytes(path.read_bytes() + b"".join(frames))
    found, tally = craft.read(path)
    assert ([each.host for each in found], tally.skipped) == (["first.example"], {})


@pytest.mark.parametrize(
    ("target", "host", "port"),
    [
        ("http://llm.example:11434/api/chat", "llm.example:11434", 11434),
        ("http://llm.example/api/chat", "llm.example", 80),
        ("http://[2001:db8::5]:11434/api/chat", "[2001:db8::5]:11434", 11434),
        ("/api/chat", "llm.example:11434", 11434),
        ("/api/chat", "llm.example", 8080),
        ("/api/chat", "llm.example:0", 8080),
    ],
)
def test_what_a_proxy_is_asked_for_is_at_the_port_of_the_url(craft: Craft, target: str, host: str, port: int) -> None:
    request = f"POST {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    found = [each for each in craft.read(craft.pcap([craft.tcp(request, 1000, (40000, 8080))]))[0] if each.path]
    assert [(each.path, each.destination_port) for each in found] == [("/api/chat", port)]


def test_a_tunnel_is_asked_of_the_proxy_and_what_is_in_it_of_the_server(craft: Craft) -> None:
    connect = b"CONNECT llm.example:11434 HTTP/1.1\r\nHost: llm.example:11434\r\n\r\n"
    stream = connect + craft.request("llm.example:11434", "/api/chat")
    found, _ = craft.read(craft.pcap([craft.tcp(stream, 1000, (40000, 8080))]))
    assert [(each.method, each.destination_port) for each in found] == [("GET", 11434), ("CONNECT", 8080)]


@pytest.mark.parametrize("name", TENANT_HEADERS)
def test_whose_accounts_alone_the_network_lets_through_is_told(name: str) -> None:
    head = f"GET / HTTP/1.1\r\nHost: chatgpt.com\r\n{name.title()}: ours,theirs\r\n\r\n"
    assert parse_head(head.encode()).tenant == "ours,theirs"
    assert parse_head(head.replace("ours,theirs", "").encode()).tenant is None
