"""DTLS hellos as the openssl program sends them, and by hand where it does not send such."""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess
from itertools import pairwise

import pytest

from shadowai.captures.dtls import MAX_MESSAGES, DtlsReader

NAME = b"call.example.com"


def vector(width: int, data: bytes) -> bytes:
    return len(data).to_bytes(width, "big") + data


def body(name: bytes = NAME, cookie: bytes = b"", version: bytes = b"\xfe\xfd", padding: int = 0) -> bytes:
    named = b"\0\0" + vector(2, vector(2, b"\0" + vector(2, name)))
    versions = b"\0\x2b" + vector(2, vector(1, b"\xfe\xfc\xfe\xfd"))
    filled = b"\0\x15" + vector(2, bytes(padding))
    start = version + b"r" * 32 + vector(1, b"session") + vector(1, cookie)
    return start + vector(2, b"\x13\1\xc0\x2f") + vector(1, b"\0") + vector(2, named + versions + filled)


def fragment(data: bytes, low: int, high: int, number: int = 0, kind: int = 1) -> bytes:
    numbers = len(data).to_bytes(3, "big") + struct.pack(">H", number) + low.to_bytes(3, "big")
    return bytes([kind]) + numbers + vector(3, data[low:high])


def record(data: bytes, version: bytes = b"\xfe\xfd", epoch: int = 0, kind: int = 22) -> bytes:
    return bytes([kind]) + version + struct.pack(">HHI", epoch, 0, 1) + vector(2, data)


def whole(data: bytes, number: int = 0) -> bytes:
    return record(fragment(data, 0, len(data), number))


def test_a_hello_in_one_datagram() -> None:
    reader = DtlsReader()
    hello = reader.feed(whole(body()))
    assert hello is not None
    assert (hello.server_name, hello.random, hello.version) == (NAME, b"r" * 32, 0xFEFD)
    assert (hello.ciphers, hello.versions, hello.extensions) == (b"\x13\1\xc0\x2f", b"\xfe\xfc\xfe\xfd", (0, 43, 21))
    assert reader.held() == 0


def test_a_hello_sent_again_with_a_cookie_is_the_same_hello() -> None:
    reader = DtlsReader()
    first = reader.feed(whole(body()))
    again = reader.feed(whole(body(cookie=b"c" * 32), number=1))
    assert first is not None
    assert again is not None
    assert (again.server_name, again.random) == (first.server_name, first.random)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 1, 2, 0), (0, 2, 0, 1)])
def test_fragments_in_any_order(order: tuple[int, ...]) -> None:
    data = body(padding=600)
    edges = [0, 50, 333, len(data)]
    pieces = [record(fragment(data, low, high)) for low, high in pairwise(edges)]
    reader = DtlsReader()
    found = [reader.feed(pieces[place]) for place in order]
    assert [each is not None for each in found] == [False] * (len(order) - 1) + [True]
    assert found[-1] is not None
    assert found[-1].server_name == NAME
    assert reader.held() == 0


def test_several_fragments_and_records_in_a_datagram() -> None:
    data = body()
    in_one_record = record(fragment(data, 0, 20) + fragment(data, 20, len(data)))
    in_two = record(fragment(data, 0, 20)) + record(fragment(data, 20, len(data)))
    for datagram in (in_one_record, in_two, whole(data) + record(b"secret", epoch=1), whole(data) + b"more"):
        hello = DtlsReader().feed(datagram)
        assert hello is not None
        assert hello.server_name == NAME


def test_a_missing_end_leaves_the_name() -> None:
    data = body(padding=600)
    reader = DtlsReader()
    assert reader.feed(record(fragment(data, 0, 20, number=7))) is None
    assert reader.feed(record(fragment(data, 0, 300))) is None
    assert reader.held() == 320
    hello = reader.give_up()
    assert hello is not None
    assert (hello.server_name, hello.whole) == (NAME, False)
    assert DtlsReader().give_up() is None


def test_few_messages_are_kept() -> None:
    data = body(padding=2000)
    reader = DtlsReader()
    for number in range(50):
        assert reader.feed(record(fragment(data, 0, 1000, number=number))) is None
    assert reader.held() == 1000 * MAX_MESSAGES


def test_versions_of_the_record() -> None:
    data = body()
    piece = fragment(data, 0, len(data))
    for version in (b"\xfe\xff", b"\xfe\xfd", b"\1\0"):
        assert DtlsReader().feed(record(piece, version)) is not None
    old = body(version=b"\1\0")
    assert DtlsReader().feed(record(fragment(old, 0, len(old)), b"\1\0")) is not None


def test_what_is_encrypted_is_let_be() -> None:
    assert DtlsReader().feed(record(b"secret", epoch=1)) is None


@pytest.mark.parametrize(
    "datagram",
    [
        b"\x16",
        record(b"\x0e\0\0\0", kind=23),
        record(b"x", version=b"\3\3"),
        record(fragment(body(), 0, 50))[:-1],
        record(b"\1\0\0"),
        record(fragment(body(), 0, 50, kind=2)),
        record(b"\1\1\0\1" + bytes(8)),
        record(b"\1\0\0\5\0\0\0\0\3\0\0\3abc"),
        record(b"\1\0\0\5\0\0\0\0\0\0\0\5abc"),
        record(fragment(b"\xfe\xfdshort", 0, 7)),
        record(fragment(b"\3\3" + body()[2:], 0, len(body()))),
    ],
)
def test_what_is_no_hello_is_refused(datagram: bytes) -> None:
    with pytest.raises(ValueError, match=r"TLS|ClientHello"):
        DtlsReader().feed(datagram)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl program is not here")
@pytest.mark.parametrize("mtu", ["1400", "256"])
def test_what_openssl_sends(mtu: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        where = f"127.0.0.1:{server.getsockname()[1]}"
        options = ["-dtls1_2", "-mtu", mtu, "-servername", NAME.decode(), "-alpn", "webrtc,c-webrtc"]
        command = ["openssl", "s_client", "-connect", where, *options]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as run:
            reader = DtlsReader()
            datagrams, hello = 0, None
            while hello is None:
                hello = reader.feed(server.recv(4096))
                datagrams += 1
            run.kill()
    assert (hello.server_name, hello.alpn, hello.version) == (NAME, (b"webrtc", b"c-webrtc"), 0xFEFD)
    assert (datagrams > 1) == (mtu == "256")
