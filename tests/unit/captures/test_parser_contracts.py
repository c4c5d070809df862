"""The contract of every parser: a value, None where bytes are missing still, ValueError; the same however it is cut."""

from __future__ import annotations

import json
import ssl
import struct
import time
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from h2.config import H2Configuration
from h2.connection import H2Connection
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowai.captures.answers import read_answer
from shadowai.captures.dns import MessageReader, read_questions
from shadowai.captures.dtls import DtlsReader
from shadowai.captures.http import Chunks, RequestReader
from shadowai.captures.http2 import PREFACE, Http2Reader
from shadowai.captures.ja4 import ja4
from shadowai.captures.quic import Connections
from shadowai.captures.socks import SocksReader
from shadowai.captures.tls import Hello, HelloReader, read_hello
from shadowai.captures.vpn import hidden_datagram, hidden_stream, is_tor_hello

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_SLOWNESS = 12  # times as long for four times the bytes: linear is 4, quadratic 16
TRIES = 5
HARMLESS = 0.05  # seconds below which times say nothing


class Reader(Protocol):
    def feed(self, data: bytes) -> object: ...

    def held(self) -> int: ...


def hello() -> bytes:
    sent = ssl.MemoryBIO()
    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    client = context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname="api.example.com")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return sent.read()


def http2() -> bytes:
    client = H2Connection(H2Configuration(client_side=True))
    client.initiate_connection()
    fields = [(":method", "POST"), (":authority", "api.example.com"), (":scheme", "http"), (":path", "/v1/messages")]
    client.send_headers(1, fields)
    client.send_data(1, b"data" * 20, end_stream=True)
    client.send_headers(3, [*fields, ("user-agent", "probe")], end_stream=True)
    return bytes(client.data_to_send())


def initial() -> bytes:
    client = QuicConnection(configuration=QuicConfiguration(is_client=True, server_name="api.example.com"))
    client.connect(("203.0.113.5", 443), now=0.0)
    datagram: bytes = client.datagrams_to_send(now=0.0)[0][0]
    return datagram


BODY = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).encode()
REQUEST = (
    b"POST /mcp HTTP/1.1\r\nHost: a.example\r\nContent-Type: application/json\r\n"
    b"Content-Length: " + str(len(BODY)).encode() + b"\r\n\r\n" + BODY
)
QUERY = struct.pack(">6H", 1, 0x100, 1, 0, 0, 0) + b"\3api\7example\3com\0\0\1\0\1"
RESPONSE = struct.pack(">6H", 1, 0x8180, 1, 1, 0, 0) + QUERY[12:] + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xcb\0\x71\5"
DTLS_BODY = b"\xfe\xfd" + bytes(32) + b"\0\0\0\2\x13\1\1\0\0\x0d\0\0\0\x09\0\7\0\0\4name"
DTLS = (
    b"\x16\xfe\xfd" + bytes(8) + struct.pack(">H", 12 + len(DTLS_BODY)) + b"\1" + len(DTLS_BODY).to_bytes(3, "big")
    + bytes(5) + len(DTLS_BODY).to_bytes(3, "big") + DTLS_BODY
)  # fmt: skip

# name -> what makes a reader, and a stream that it reads
STREAMS: dict[str, tuple[Callable[[], Any], bytes]] = {
    "tls": (HelloReader, hello()),
    "http": (RequestReader, REQUEST),
    "http with body": (lambda: RequestReader(wait_for_body=True), REQUEST),
    "chunks": (Chunks, b"5\r\nhello\r\n400\r\n" + bytes(1024) + b"\r\n0\r\nDigest: x\r\n\r\n"),
    "http2": (Http2Reader, http2()),
    "socks5": (SocksReader, b"\5\1\2\1\5alice\6secret\5\1\0\3\x0bexample.com\1\xbb"),
    "socks4a": (SocksReader, b"\4\1\1\xbb\0\0\0\1alice\0example.com\0"),
    "dns": (MessageReader, b"".join(struct.pack(">H", len(QUERY)) + QUERY for _ in range(3))),
}
# name -> what reads a whole message, and a message that it reads
MESSAGES: dict[str, tuple[Callable[[bytes], Any], bytes]] = {
    "hello": (read_hello, hello()[5:]),
    "questions": (read_questions, QUERY),
    "answer": (read_answer, RESPONSE),
    "dtls": (lambda data: DtlsReader().feed(data), DTLS),
    "quic": (lambda data: Connections().feed(0, data), initial()),
    "vpn": (lambda data: hidden_datagram(data, (500, 4500)), b"\1\0\0\0" + bytes(range(144))),
    "stream": (hidden_stream, b"\0\x0e\x38" + bytes(range(1, 9)) + bytes(5)),
}
stream_names = pytest.mark.parametrize("name", list(STREAMS))
message_names = pytest.mark.parametrize("name", list(MESSAGES))


def values(reader: Reader, pieces: list[bytes]) -> list[Any]:
    """Feed pieces until the value, or to the end where there are many; check what is kept on the way."""
    found: list[Any] = []
    fed = 0
    for piece in pieces:
        given = reader.feed(piece)
        fed += len(piece)
        assert reader.held() <= fed
        if given is None:
            continue
        if not isinstance(given, (bytes, tuple)) and hasattr(given, "__iter__"):
            found += given
            continue
        return [given]
    return found


def attempt(reader: Reader, pieces: list[bytes]) -> list[Any] | str:
    try:
        return values(reader, pieces)
    except ValueError:
        return "invalid"


@stream_names
def test_the_value_is_the_same_byte_by_byte(name: str) -> None:
    make, stream = STREAMS[name]
    at_once = values(make(), [stream])
    assert at_once
    assert values(make(), [bytes([byte]) for byte in stream]) == at_once


@stream_names
def test_every_beginning_is_incomplete(name: str) -> None:
    make, stream = STREAMS[name]
    whole = values(make(), [stream])
    for cut in range(len(stream)):
        reader = make()
        assert values(reader, [stream[:cut]]) in ([], whole[: len(values(make(), [stream[:cut]]))])
        if hasattr(reader, "give_up"):
            reader.give_up()


@settings(max_examples=60)
@given(data=st.data())
@stream_names
def test_flipped_bytes_are_a_value_or_invalid(name: str, data: st.DataObject) -> None:
    make, stream = STREAMS[name]
    broken = bytearray(stream)
    for at, byte in data.draw(st.lists(st.tuples(st.integers(0, len(stream) - 1), st.integers(0, 255)), max_size=5)):
        broken[at] = byte
    at_once = attempt(make(), [bytes(broken)])
    in_turn = attempt(make(), [bytes([byte]) for byte in broken])
    # What is invalid at once may have given values before its end.
    assert in_turn == at_once or "invalid" in (in_turn, at_once)


@settings(max_examples=60)
@given(pieces=st.lists(st.binary(max_size=60), max_size=6), begin=st.integers(0, 40))
@stream_names
def test_random_bytes_behind_a_good_beginning(name: str, pieces: list[bytes], begin: int) -> None:
    make, stream = STREAMS[name]
    reader = make()
    attempt(reader, [stream[:begin], *pieces])
    if hasattr(reader, "give_up"):
        try:
            reader.give_up()
        except ValueError:
            return


@settings(max_examples=60)
@given(data=st.data(), noise=st.binary(max_size=200))
@message_names
def test_messages_broken_in_any_way(name: str, data: st.DataObject, noise: bytes) -> None:
    read, message = MESSAGES[name]
    at = data.draw(st.integers(0, len(message)))
    for broken in (noise, message[:at], message[:at] + noise, message[:at] + noise + message[at + len(noise) :]):
        try:
            found = read(broken)
        except ValueError:
            continue
        if isinstance(found, Hello):
            ja4(found)
            is_tor_hello(found)


@message_names
def test_good_messages_are_read(name: str) -> None:
    read, message = MESSAGES[name]
    assert read(message) is not None


def padded_record(size: int) -> bytes:
    return b"\x16\3\1\0\1\1" + b"".join(b"\x16\3\1\0\1" + bytes([byte]) for byte in (size // 6).to_bytes(3, "big")) + (
        b"\x16\3\1\0\1x" * (size // 6)
    )  # fmt: skip


def block(fields: bytes) -> bytes:
    return PREFACE + struct.pack(">I", len(fields))[1:] + b"\1\4\0\0\0\1" + fields


def varint(length: int) -> bytes:
    """Write the rest of a length of seven bits and more (RFC 7541 section 5.1)."""
    rest = length - 127
    return bytes([rest & 0x7F | 0x80, rest >> 7 & 0x7F | 0x80, rest >> 14])


SLOW: dict[str, tuple[Callable[[], Any], Callable[[int], bytes]]] = {
    "records of one byte": (HelloReader, padded_record),
    "a head without end": (RequestReader, lambda size: b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * (size // 6)),
    "many chunks": (Chunks, lambda size: b"1\r\nx\r\n" * (size // 6)),
    "a long trailer": (Chunks, lambda size: b"0\r\n" + b"a: b\r\n" * (size // 6)),
    "many frames": (Http2Reader, lambda size: PREFACE + b"\0\0\0\0\0\0\0\0\1" * (size // 9)),
    "many small blocks": (Http2Reader, lambda size: PREFACE + b"\0\0\1\1\4\0\0\0\1\x82" * (size // 10)),
    "empty continuations": (
        Http2Reader,
        lambda size: PREFACE + b"\0\0\0\1\0\0\0\0\1" + b"\0\0\0\x09\0\0\0\0\1" * (size // 9),
    ),
    "many fields": (Http2Reader, lambda size: block(b"\x82" * size)),
    "an endless number": (Http2Reader, lambda size: block(b"\xff" * size)),
    "packed text": (Http2Reader, lambda size: block(b"\x00\x01a\xff" + varint(size) + b"\xfe" * size)),
}


@pytest.mark.parametrize("name", list(SLOW))
@pytest.mark.parametrize("by_byte", [False, True])
def test_time_grows_with_the_bytes_and_no_faster(name: str, *, by_byte: bool) -> None:
    make, write = SLOW[name]

    def measure(size: int) -> float:
        stream = write(size)
        pieces = [stream[at : at + 1] for at in range(len(stream))] if by_byte else [stream]
        reader = make()
        started = time.process_time()
        attempt(reader, pieces)
        return time.process_time() - started

    # A busy machine can slow down one try, or another, but not all: what is quadratic fails each time.
    small = min(measure(12_000) for _ in range(TRIES))
    assert any(measure(48_000) < max(HARMLESS, small * MAX_SLOWNESS) for _ in range(TRIES))
