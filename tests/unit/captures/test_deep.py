"""The deep reader on real sessions: ssl and aioquic hold both ends, tshark decrypts, the sizes are what was sent."""

from __future__ import annotations

import random
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pyshark.capture.capture import TSharkCrashException
from scapy.layers.inet import IP, TCP
from support.encrypted import (
    DATA,
    END_HEADERS,
    END_STREAM,
    H2_PREFACE,
    HEADERS,
    PADDED,
    QuicSession,
    TlsSession,
    h2_frame,
    h2_headers,
    request_fields,
)

from shadowai.captures import has_secrets, read
from shadowai.captures import secrets as secrets_module
from shadowai.captures.deep import MAX_PORTS, display_filter, read_deep
from shadowai.errors import CaptureError, UsageError
from shadowai.model import Evidence, Kind, Observation, Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.encrypted import Trace

    from tests.unit.captures.conftest import Craft

Said = tuple[str | None, str | None, str | None, str | None, int | None, int | None]


@pytest.fixture
def tls(tmp_path: Path, require: Callable[[str], str]) -> Callable[[str], TlsSession]:
    require("tshark")
    require("openssl")
    return lambda protocol: TlsSession(tmp_path, protocol)


@pytest.fixture
def quic(tmp_path: Path, require: Callable[[str], str]) -> Iterator[QuicSession]:
    require("tshark")
    require("openssl")
    session = QuicSession(tmp_path)
    yield session
    session.close()


def deep(made: Trace, path: Path | None = None) -> tuple[list[Observation], Tally]:
    tally = Tally()
    found = list(read_deep(path or made.write(), name="deep.pcap", tally=tally, keylog=made.keylog))
    return found, tally


def inside(found: list[Observation]) -> list[Said]:
    """What was said of each request."""
    return [
        (one.host, one.method, one.path, one.user_agent, one.bytes_up, one.bytes_down)
        for one in found
        if one.evidence is Evidence.HTTP
    ]


def bytes_of(found: list[Observation]) -> tuple[int, int]:
    return sum(one.bytes_up or 0 for one in found), sum(one.bytes_down or 0 for one in found)


def http1(host: str, path: str, method: str = "GET", extra: str = "", body: bytes = b"") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{extra}\r\n".encode() + body


def test_http1_requests_inside_tls(tls: Callable[[str], TlsSession]) -> None:
    made = tls("http/1.1")
    agent = "User-Agent: agent/1\r\nContent-Length: 3000\r\n"
    made.say(http1("API.example.com:443", "/v1/chat?x=1", "POST", agent, bytes(3000)))
    made.answer(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    made.say(http1("other.example.com", "/two") + http1("third.example.com", "/three", "HEAD"))
    made.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
    found, tally = deep(made)
    hello = found[0]
    assert (hello.evidence, hello.host) == (Evidence.TLS, "api.example.com")
    assert inside(found) == [
        ("api.example.com", "POST", "/v1/chat?x=1", "agent/1", 3000, 5),
        ("other.example.com", "GET", "/two", None, 0, 0),
        ("third.example.com", "HEAD", "/three", None, 0, 0),
    ]
    first = found[1]
    assert (first.source_ip, first.source_port, first.destination_ip, first.destination_port) == (
        *("192.0.2.10", 40000),
        *("203.0.113.5", 443),
    )
    assert (first.file, first.dataset, first.kind) == ("deep.pcap", "pcap", Kind.CAPTURE)
    assert first.packet is not None
    assert first.time == (1_700_000_000 + first.packet - 1) * 1_000_000_000
    assert tally.parsed == tally.records == len(made.packets)


def test_chunked_bodies_are_added_up_where_they_are_seen_whole(tls: Callable[[str], TlsSession]) -> None:
    made = tls("http/1.1")
    chunked = "Transfer-Encoding: chunked\r\n"
    made.say(http1("a.example", "/whole", "POST", chunked, b"5\r\nabcde\r\n3\r\nabc\r\n0\r\n\r\n"))
    made.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n")
    made.say(http1("a.example", "/begun", "POST", chunked, b"5\r\nabcde\r\n"))
    made.say(b"3\r\nabc\r\n0\r\n\r\n")
    found, _ = deep(made)
    assert [(path, up, down) for _, _, path, _, up, down in inside(found)] == [("/whole", 8, 4), ("/begun", None, None)]


def test_a_request_whose_body_the_capture_does_not_hold_counts_what_was_sent(tls: Callable[[str], TlsSession]) -> None:
    made = tls("http/1.1")
    made.say(http1("a.example", "/cut", "POST", "Content-Length: 900000\r\n", bytes(20_000)))
    sent = bytes_of(list(read(made.write(), name="x", tally=Tally())))
    found, _ = deep(made)
    ((_, _, path, _, up, _),) = inside(found)
    assert path == "/cut"
    assert up is not None
    assert 20_000 <= up <= sent[0]
    assert bytes_of(found) == sent


def test_http2_requests_inside_tls(tls: Callable[[str], TlsSession]) -> None:
    made = tls("h2")
    one = h2_headers(1, request_fields("h2.example.com", "/a", "GET"), END_HEADERS | END_STREAM)
    two = h2_headers(3, request_fields("other.example.com:443", "/b?y=2", **{"user-agent": "agent/2"}))
    made.say(H2_PREFACE + one + two + h2_frame(DATA, 0, 3, bytes(1000)) + h2_frame(DATA, END_STREAM, 3, bytes(500)))
    made.answer(h2_frame(4, 0, 0, b"") + h2_headers(3, {":status": "200", "content-length": "2000"}))
    made.answer(h2_headers(1, {":status": "304", "content-length": "70"}) + h2_frame(DATA, END_STREAM, 3, bytes(2000)))
    # Fields in another order, with the host field for :authority, split over a CONTINUATION frame; padded data.
    fields = {"host": "third.example.com", ":path": "/c", ":scheme": "https", ":method": "PUT"}
    block = h2_headers(5, fields)[9:]
    made.say(h2_frame(HEADERS, 0, 5, block[:20]) + h2_frame(9, END_HEADERS, 5, block[20:]))
    made.say(h2_frame(DATA, PADDED | END_STREAM, 5, b"\x05" + bytes(10 + 5)))
    made.say(h2_headers(7, request_fields("third.example.com", "/none")))
    found, _ = deep(made)
    assert inside(found) == [
        ("h2.example.com", "GET", "/a", None, 0, 0),
        ("other.example.com", "POST", "/b?y=2", "agent/2", 1500, 2000),
        ("third.example.com", "PUT", "/c", None, 10, None),
        ("third.example.com", "POST", "/none", None, None, None),
    ]


def test_a_large_http2_upload_is_counted(tls: Callable[[str], TlsSession]) -> None:
    made = tls("h2")
    made.say(H2_PREFACE + h2_headers(1, request_fields("a.example", "/up")))
    for last in (*[False] * 29, True):
        made.say(h2_frame(DATA, END_STREAM if last else 0, 1, bytes(16_000)))
    found, _ = deep(made)
    assert inside(found) == [("a.example", "POST", "/up", None, 480_000, None)]


def test_http3_requests_inside_quic(quic: QuicSession) -> None:
    more = {"user-agent": "agent/3", "x-own": "value" * 10}  # from the second request on: the dynamic table
    quic.ask("api.example.com", "/v1/chat?q=0", answer=b"abc", **more)
    quic.ask("other.example.com", "/up", bytes(5000), b"defg", **more)
    quic.ask("api.example.com", "/v1/chat?q=1", b"hello", **more)
    found, tally = deep(quic)
    assert (found[0].evidence, found[0].host) == (Evidence.QUIC, "api.example.com")
    assert inside(found) == [
        ("api.example.com", "GET", "/v1/chat?q=0", "agent/3", 0, 3),
        ("other.example.com", "POST", "/up", "agent/3", 5000, 4),
        ("api.example.com", "POST", "/v1/chat?q=1", "agent/3", 5, 0),
    ]
    first = found[1]
    assert (first.source_port, first.destination_ip, first.destination_port) == (40000, "203.0.113.5", 443)
    assert tally.skipped == {}


def test_http3_with_packets_lost_and_swapped(quic: QuicSession) -> None:
    for number in range(4):
        quic.ask("api.example.com", f"/{number}", bytes(4000), b"x", **{"user-agent": "agent/3"})
    packets = list(quic.packets)
    big = [at for at, one in enumerate(packets) if len(one) > 1200][6:]
    packets[big[0]], packets[big[1]] = packets[big[1]], packets[big[0]]
    assert [said[:5] for said in inside(deep(quic, quic.write("swapped.pcap", packets))[0])] == [
        ("api.example.com", "POST", f"/{number}", "agent/3", 4000) for number in range(4)
    ]


def test_every_byte_of_a_flow_counts_once(tls: Callable[[str], TlsSession], quic: QuicSession) -> None:
    made = tls("h2")
    made.say(H2_PREFACE + h2_headers(1, request_fields("a.example", "/")) + h2_frame(DATA, END_STREAM, 1, bytes(9000)))
    made.answer(h2_headers(1, {":status": "200", "content-length": "700"}) + h2_frame(DATA, END_STREAM, 1, bytes(700)))
    quic.ask("b.example", "/", bytes(5000), b"abc")
    for session in (made, quic):
        flow = bytes_of(list(read(session.write(), name="x", tally=Tally())))
        found, _ = deep(session)
        assert len(found) == 2
        assert bytes_of(found) == flow


def test_requests_in_the_clear_are_given_once(tls: Callable[[str], TlsSession]) -> None:
    made = tls("http/1.1")
    made.note(
        IP(src="192.0.2.10", dst="203.0.113.9") / TCP(sport=40001, dport=80, flags="PA") / http1("plain.test", "/")
    )
    found, _ = deep(made)
    assert sorted(str(one.host) for one in found) == ["api.example.com", "plain.test"]


def test_what_is_hostile_in_a_request_stays_text(tls: Callable[[str], TlsSession]) -> None:
    made = tls("http/1.1")
    made.say(http1("a.example", "/<packet>&amp;", "GET", "User-Agent: </packet>\x01\x1b[31m\xff\r\n"))
    made.say(http1("b.example", "/after"))
    found, _ = deep(made)
    assert [(said[0], said[2]) for said in inside(found)] == [("a.example", "/<packet>&amp;"), ("b.example", "/after")]
    agent = found[1].user_agent
    assert agent is not None
    assert agent.startswith("</packet>")


def test_whose_accounts_alone_the_network_lets_through_is_told(tls: Callable[[str], TlsSession]) -> None:
    made = tls("http/1.1")
    made.say(http1("chatgpt.com", "/", "GET", "ChatGPT-Allowed-Workspace-Id: ours\r\n"))
    assert [one.tenant for one in deep(made)[0] if one.path] == ["ours"]
    made = tls("h2")
    made.say(H2_PREFACE + h2_headers(1, request_fields("claude.ai", "/", **{"anthropic-allowed-org-ids": "7d,8e"})))
    assert [one.tenant for one in deep(made)[0] if one.path] == ["7d,8e"]


def test_a_truncated_capture_gives_what_it_holds(tls: Callable[[str], TlsSession]) -> None:
    made = tls("http/1.1")
    made.say(http1("api.example.com", "/"))
    path = made.write(packets=[*made.packets, made.packets[0]])
    path.write_bytes(path.read_bytes()[:-3])
    found, tally = deep(made, path)
    assert [one.evidence for one in found] == [Evidence.TLS, Evidence.HTTP]
    assert tally.skipped == {"truncated": 1}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_hostile_capture_and_key_log_end_in_observations_or_a_clear_error(
    tls: Callable[[str], TlsSession], seed: int
) -> None:
    made = tls("h2")
    made.say(H2_PREFACE + h2_headers(1, request_fields("a.example", "/")) + h2_frame(DATA, END_STREAM, 1, bytes(900)))
    dice = random.Random(seed)
    path = made.write()
    damaged = bytearray(path.read_bytes())
    for _ in range(60):
        damaged[dice.randrange(24, len(damaged))] = dice.randrange(256)
    path.write_bytes(damaged)
    made.keylog.write_bytes(made.keylog.read_bytes() + dice.randbytes(5000) + b"\nCLIENT_RANDOM zz zz\n")
    found: list[Observation] = []
    with suppress(CaptureError):  # tshark may give up on it
        found.extend(read_deep(path, name="deep.pcap", tally=Tally(), keylog=made.keylog))
    assert all(one.file == "deep.pcap" for one in found)


def test_a_key_log_of_garbage_opens_nothing(tls: Callable[[str], TlsSession]) -> None:
    made = tls("http/1.1")
    made.say(http1("api.example.com", "/"))
    made.keylog.write_bytes(bytes(range(256)) * 9)
    assert [one.evidence for one in deep(made)[0]] == [Evidence.TLS]


def test_secrets_in_the_capture_itself(tls: Callable[[str], TlsSession], require: Callable[[str], str]) -> None:
    require("editcap")
    made = tls("http/1.1")
    made.say(http1("inner.example", "/"))
    path = made.write_with_secrets()
    assert has_secrets(path)
    assert not has_secrets(path.with_name("plain.pcapng"))
    found = list(read_deep(path, name="x", tally=Tally()))
    assert [one.host for one in found] == ["api.example.com", "inner.example"]


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("piece", [9, 31, 32, 33, 1 << 20])
def test_secrets_are_found_wherever_their_block_lies(
    craft: Craft, monkeypatch: pytest.MonkeyPatch, order: str, piece: int
) -> None:
    def number(value: int) -> bytes:
        return value.to_bytes(4, order)

    head = b"\x0a\x0d\x0d\x0a" + number(28) + number(0x1A2B3C4D) + bytes(12) + number(28)
    block = number(10) + number(20) + number(0x544C534B) + number(0) + number(20)
    mark = number(0x544C534B)
    monkeypatch.setattr(secrets_module, "PIECE", piece)
    for before in range(0, 12, 4):
        assert has_secrets(craft.file(head + mark + bytes(before) + block)), before
    assert not has_secrets(craft.file(head + mark * 9))
    assert not has_secrets(craft.file(block))
    assert not has_secrets(craft.file(b""))


def test_a_capture_without_contacts_has_no_sessions(craft: Craft, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: "/somewhere/tshark")
    keylog = craft.file(b"", "keys.log")
    assert list(read_deep(craft.pcap([]), name="x", tally=Tally(), keylog=keylog)) == []


def test_what_is_missing_is_named(craft: Craft, monkeypatch: pytest.MonkeyPatch) -> None:
    path, tally = craft.pcap([]), Tally()
    monkeypatch.setattr("shutil.which", lambda _: "/somewhere/tshark")
    with pytest.raises(UsageError, match="key log"):
        list(read_deep(path, name="x", tally=tally, keylog=Path("missing.log")))
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(UsageError, match=r"apt install tshark.*brew install wireshark.*Windows"):
        list(read_deep(path, name="x", tally=tally))


class Crashing:
    """Stands in for pyshark when tshark dies."""

    def __init__(self, *_: object, **__: object) -> None:
        self.closed = False

    def __iter__(self) -> Crashing:
        return self

    def __next__(self) -> None:
        raise TSharkCrashException

    def close(self) -> None:
        self.closed = True


def test_a_tshark_that_gives_up_is_an_error_after_what_the_fast_path_found(
    craft: Craft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: "/somewhere/tshark")
    monkeypatch.setattr("pyshark.FileCapture", Crashing)
    path = craft.pcap([craft.udp(craft.query("a.example")), craft.tcp(craft.records(craft.hello("b.example")), 1)])
    reading = read_deep(path, name="named.pcap", tally=Tally(), keylog=path)
    assert [next(reading).host for _ in range(2)] == ["a.example", "b.example"]
    with pytest.raises(CaptureError, match=r"named\.pcap: tshark gave up"):
        next(reading)


@pytest.mark.parametrize("count", [0, 1, 2, MAX_PORTS + 1])
def test_the_filter_names_the_servers_ports_if_they_are_few(require: Callable[[str], str], count: int) -> None:
    ports = range(8443, 8443 + count)
    flows = [Observation(Evidence.TLS, Kind.CAPTURE, "pcap", "x", destination_port=port) for port in ports]
    text = display_filter(flows)
    assert ("tcp.dstport == 443" in text) == ("udp.srcport != 443" in text) == (count < MAX_PORTS)
    assert ("tcp.dstport == 8443" in text) == (0 < count < MAX_PORTS)
    # tshark compiles its filter before it looks for the file
    done = subprocess.run([require("tshark"), "-r", "missing", "-Y", text], capture_output=True, check=False)
    assert b"isn't a valid" not in done.stderr
    assert b"No such file" in done.stderr or b"doesn't exist" in done.stderr


def test_a_tshark_that_ends_badly_on_a_damaged_file_is_no_error(craft: Craft, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: "/somewhere/tshark")
    monkeypatch.setattr("pyshark.FileCapture", Crashing)
    path = craft.pcap([craft.tcp(craft.records(craft.hello("b.example")), 1), craft.udp(b"x" * 40)])
    path.write_bytes(path.read_bytes()[:-3])
    found = list(read_deep(path, name="x", tally=Tally(), keylog=path))
    assert [one.host for one in found] == ["b.example"]
