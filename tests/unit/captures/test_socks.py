"""SOCKS 4, 4a and 5 as RFC 1928, RFC 1929 and the documents of SOCKS 4 have it, and as curl speaks it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from scapy.layers.inet import TCP
from scapy.layers.l2 import Ether  # noqa: F401 - registers the layer, so that Ethernet is dissected
from scapy.utils import PcapReader

from shadowai.captures.socks import SocksReader, Tunnel

SHARED = Path(os.environ.get("SHADOWAI_CONFORMANCE", Path(__file__).parents[3].parent / "shared")) / "captures"
NAME = b"api.example.com"
IPV6 = socket.inet_pton(socket.AF_INET6, "2001:db8::7")
IPV4 = socket.inet_pton(socket.AF_INET, "203.0.113.7")
SOCKS5_NAME = b"\5\1\0\3" + bytes([len(NAME)]) + NAME + b"\1\xbb"
LOGIN = b"\1\5alice\6secret"


@pytest.mark.parametrize(
    ("stream", "tunnel"),
    [
        (b"\5\1\0" + SOCKS5_NAME, Tunnel(NAME, 443, is_address=False)),
        (b"\5\2\0\2" + SOCKS5_NAME, Tunnel(NAME, 443, is_address=False)),
        (b"\5\2\0\2" + LOGIN + SOCKS5_NAME, Tunnel(NAME, 443, is_address=False)),
        (b"\5\1\2" + LOGIN + b"\5\1\0\1" + IPV4 + b"\x1f\x90", Tunnel(IPV4, 8080, is_address=True)),
        (b"\5\3\0\1\2\5\1\0\4" + IPV6 + b"\0\x50", Tunnel(IPV6, 80, is_address=True)),
        (b"\4\1\0\x50" + IPV4 + b"\0", Tunnel(IPV4, 80, is_address=True)),
        (b"\4\1\1\xbb" + IPV4 + b"alice\0", Tunnel(IPV4, 443, is_address=True)),
        (b"\4\1\1\xbb\0\0\0\1alice\0" + NAME + b"\0", Tunnel(NAME, 443, is_address=False)),
    ],
)
def test_requests_are_read_however_they_are_cut(stream: bytes, tunnel: Tunnel) -> None:
    inside = b"\x16\3\1 a hello"
    for cut in range(len(stream)):
        reader = SocksReader()
        assert reader.feed(stream[:cut]) is None
        assert reader.held() == cut
        assert reader.feed(stream[cut:] + inside) == tunnel
        assert (reader.rest, reader.held()) == (inside, 0)


def test_a_password_is_not_kept() -> None:
    reader = SocksReader()
    assert reader.feed(b"\5\1\2" + LOGIN + SOCKS5_NAME) is not None
    kept = repr([getattr(reader, name) for name in vars(reader)])
    assert "secret" not in kept
    assert "alice" not in kept


@pytest.mark.parametrize(
    "stream",
    [
        b"\6",
        b"GET / HTTP/1.1\r\n",
        b"\5\0",
        b"\5\x64\x0a\x44\3\0\4\0",  # DNP3, which begins with 5 too
        b"\5\2\0\0",
        b"\5\3\0\4",
        b"\5\1\0\1\5alice",  # a login that was not offered
        b"\5\1\0\5\2\0\1" + IPV4 + b"\0\x50",  # the server is to connect back
        b"\5\1\0\5\3\0\1" + IPV4 + b"\0\x50",  # UDP
        b"\5\1\0\5\1\1",
        b"\5\1\0\5\1\0\2",
        b"\5\1\0\5\1\0\3\0",
        b"\5\1\0\5\1\0\1" + IPV4 + b"\0\0",
        b"\5\1\0\5\1\0\3\4a\0bc\0\x50",
        b"\4\2",
        b"\4\1\0\0" + IPV4 + b"\0",
        b"\4\1\0\x50" + IPV4 + b"\xffx\0",
        b"\4\1\0\x50" + IPV4 + b"a" * 300,
        b"\4\1\0\x50\0\0\0\1\0a b\0",
        b"\4\1\0\x50\0\0\0\0\0name\0",
        b"\4\1\0\x2b\0\0\1\0\0\0\x1a\0\6",  # SQL Server's first answer: a TDS header, its options
        b"\4\1\0\x50\0\0\0\1\0" + b"a" * 300,
    ],
)
def test_what_asks_for_no_connection_is_refused(stream: bytes) -> None:
    with pytest.raises(ValueError, match="SOCKS"):
        SocksReader().feed(stream)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl speaks SOCKS, and is not here")
@pytest.mark.parametrize(
    ("scheme", "login", "expected"),
    [
        ("socks5h", "", Tunnel(b"api.example.com", 8443, is_address=False)),
        ("socks5h", "alice:secret@", Tunnel(b"api.example.com", 8443, is_address=False)),
        ("socks4a", "alice@", Tunnel(b"api.example.com", 8443, is_address=False)),
        ("socks4", "", Tunnel(IPV4, 8443, is_address=True)),
    ],
)
def test_what_curl_asks_for(scheme: str, login: str, expected: Tunnel) -> None:
    host = socket.inet_ntop(socket.AF_INET, expected.host) if expected.is_address else expected.host.decode()
    sent: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        proxy = f"{scheme}://{login}127.0.0.1:{server.getsockname()[1]}"
        thread = threading.Thread(target=_serve, args=(server, sent, "alice:" in login))
        thread.start()
        subprocess.run(["curl", "-s", "-m", "5", "-x", proxy, f"http://{host}:8443/"], check=False, timeout=20)
        thread.join()
    reader = SocksReader()
    assert reader.feed(b"".join(sent)) == expected
    assert reader.rest.startswith(b"GET / HTTP/1.1")


def _serve(server: socket.socket, sent: list[bytes], has_login: bool) -> None:  # noqa: FBT001  # a thread's argument
    """Answer as a server would: agree to everything, then hang up."""
    client, _ = server.accept()
    with client:
        client.settimeout(5)
        sent.append(client.recv(4096))
        if sent[0][:1] == b"\5":
            client.sendall(b"\5\2" if has_login else b"\5\0")
            sent.append(client.recv(4096))
            if has_login:
                client.sendall(b"\1\0")
                sent.append(client.recv(4096))
            client.sendall(b"\5\0\0\1" + bytes(6))
        else:
            client.sendall(b"\0\x5a" + bytes(6))
        sent.append(client.recv(4096))


@pytest.mark.skipif(not SHARED.is_dir(), reason="the public captures are not here")
@pytest.mark.parametrize(
    ("name", "address", "port", "inside"),  # as tshark prints them
    [
        ("shadowsocks.pcap", "128.95.155.198", 80, b"GET / HTTP/1.1"),
        ("tls_heur__vmess-websocket.pcapng", "142.250.180.142", 443, b"\x16\3\1"),
    ],
)
def test_public_captures(name: str, address: str, port: int, inside: bytes) -> None:
    reader, found = SocksReader(), None
    with PcapReader(str(SHARED / name)) as packets:
        for packet in packets:
            if found is None and TCP in packet and packet[TCP].dport == 1080:
                found = reader.feed(bytes(packet[TCP].payload))
            elif TCP in packet and packet[TCP].dport == 1080 and packet[TCP].payload:
                assert bytes(packet[TCP].payload).startswith(inside)
                break
    assert found == Tunnel(socket.inet_aton(address), port, is_address=True)
