"""The deep reader on real TLS sessions: both ends are Python's ssl, the packets around them are made here."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyshark.capture.capture import TSharkCrashException

from shadowai.captures.deep import read_deep
from shadowai.errors import CaptureError, UsageError
from shadowai.model import Evidence, Tally

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.captures.conftest import Craft

H2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
ENDS = {"c": ("192.0.2.10", "203.0.113.5", (40000, 443)), "s": ("203.0.113.5", "192.0.2.10", (443, 40000))}


def h2_frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body


def h2_headers(stream: int, **fields: str) -> bytes:
    """A HEADERS frame of literal fields (RFC 7541 section 6.2.2)."""
    body = b""
    for name, value in fields.items():
        key = {"user_agent": "user-agent"}.get(name, f":{name}")
        body += b"\0" + bytes([len(key)]) + key.encode() + bytes([len(value)]) + value.encode()
    return h2_frame(1, 5, stream, body)


class Session:
    """A TLS session between two memory buffers, written down as packets."""

    def __init__(self, craft: Craft, protocol: str) -> None:
        self.craft = craft
        self.secrets = craft.folder / "keys.log"
        key, certificate = craft.folder / "key.pem", craft.folder / "certificate.pem"
        make = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ]
        names = ["-subj", "/CN=test", "-keyout", str(key), "-out", str(certificate)]
        subprocess.run([*make, *names], check=True, capture_output=True)
        serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        serving.load_cert_chain(certificate, key)
        asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        asking.check_hostname = False
        asking.verify_mode = ssl.CERT_NONE
        asking.keylog_filename = str(self.secrets)
        for context in (serving, asking):
            context.set_alpn_protocols([protocol])
        self.buffers = {name: (ssl.MemoryBIO(), ssl.MemoryBIO()) for name in "cs"}
        self.ends = {
            "c": asking.wrap_bio(*self.buffers["c"], server_hostname="api.example.com"),
            "s": serving.wrap_bio(*self.buffers["s"], server_side=True),
        }
        self.packets: list[bytes] = []
        self.sequence = {"c": 1000, "s": 5000}
        for name, flags in (("c", 0x02), ("s", 0x12)):
            self.packet(name, b"", flags)
            self.sequence[name] += 1
        self.handshake()

    def packet(self, name: str, data: bytes, flags: int = 0x18) -> None:
        source, destination, ports = ENDS[name]
        more = {"source": source, "destination": destination, "flags": flags}
        self.packets.append(self.craft.tcp(data, self.sequence[name], ports, **more))
        self.sequence[name] += len(data)

    def pump(self) -> None:
        for name, other in (("c", "s"), ("s", "c")):
            data = self.buffers[name][1].read()
            for at in range(0, len(data), 1400):
                self.packet(name, data[at : at + 1400])
            self.buffers[other][0].write(data)

    def handshake(self) -> None:
        waiting = set(self.ends)
        while waiting:
            for name in sorted(waiting):
                try:
                    self.ends[name].do_handshake()
                    waiting.discard(name)
                except ssl.SSLWantReadError:
                    pass
                self.pump()

    def say(self, data: bytes) -> None:
        self.ends["c"].write(data)
        self.pump()
        self.ends["s"].read(65536)

    def read(self) -> tuple[list[Any], Tally]:
        tally = Tally()
        path = self.craft.pcap(self.packets)
        return list(read_deep(path, name="deep.pcap", tally=tally, secrets=self.secrets)), tally


@pytest.fixture
def session(craft: Craft, require: Callable[[str], str]) -> Callable[[str], Session]:
    require("tshark")
    require("openssl")
    return lambda protocol: Session(craft, protocol)


def test_http1_requests_inside_tls(session: Callable[[str], Session], craft: Craft) -> None:
    made = session("http/1.1")
    made.say(
        craft.request("API.example.com:443", "/v1/chat?x=1", "POST", "User-Agent: agent/1\r\nContent-Length: 0\r\n")
    )
    made.say(craft.request("other.example.com", "/two"))
    (hello, first, second), tally = made.read()
    assert (hello.evidence, hello.host) == (Evidence.TLS, "api.example.com")
    assert hello.bytes_up is not None
    said = [(each.evidence, each.host, each.method, each.path, each.user_agent) for each in (first, second)]
    assert said == [
        (Evidence.HTTP, "api.example.com", "POST", "/v1/chat?x=1", "agent/1"),
        (Evidence.HTTP, "other.example.com", "GET", "/two", None),
    ]
    assert (first.source_ip, first.source_port, first.destination_ip, first.destination_port) == (
        *("192.0.2.10", 40000),
        *("203.0.113.5", 443),
    )
    assert (first.bytes_up, first.bytes_down) == (None, None)
    assert (first.file, first.dataset) == ("deep.pcap", "pcap")
    assert first.time == (1_700_000_000 + first.packet - 1) * 1_000_000_000 + 5_000
    assert tally.parsed == tally.records == len(made.packets)


def test_http2_requests_inside_tls(session: Callable[[str], Session]) -> None:
    made = session("h2")
    one = h2_headers(1, method="GET", scheme="https", authority="h2.example.com", path="/a")
    two = h2_headers(
        3, method="POST", scheme="https", authority="h2.example.com:443", path="/b?y=2", user_agent="agent/2"
    )
    made.say(H2_PREFACE + h2_frame(4, 0, 0, b"") + one + two)
    (_, first, second), _ = made.read()
    said = [(each.host, each.method, each.path, each.user_agent) for each in (first, second)]
    assert said == [("h2.example.com", "GET", "/a", None), ("h2.example.com", "POST", "/b?y=2", "agent/2")]


def test_requests_in_the_clear_are_given_once(session: Callable[[str], Session], craft: Craft) -> None:
    made = session("http/1.1")
    made.packets.append(craft.tcp(craft.request("plain.example"), 1, (40001, 80)))
    found, _ = made.read()
    assert [each.host for each in found] == ["api.example.com", "plain.example"]


def test_a_truncated_capture_gives_what_it_holds(session: Callable[[str], Session], craft: Craft) -> None:
    made = session("http/1.1")
    made.say(craft.request("api.example.com"))
    path = craft.pcap([*made.packets, made.packets[0]])
    path.write_bytes(path.read_bytes()[:-3])
    tally = Tally()
    found = list(read_deep(path, name="x", tally=tally, secrets=made.secrets))
    assert [each.evidence for each in found] == [Evidence.TLS, Evidence.HTTP]
    assert tally.skipped == {"truncated": 1}


def test_a_capture_without_contacts_has_no_sessions(craft: Craft, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: "/somewhere/tshark")
    secrets = craft.file(b"", "keys.log")
    assert list(read_deep(craft.pcap([]), name="x", tally=Tally(), secrets=secrets)) == []


def test_what_is_missing_is_named(craft: Craft, monkeypatch: pytest.MonkeyPatch) -> None:
    path, tally = craft.pcap([]), Tally()
    monkeypatch.setattr("shutil.which", lambda _: "/somewhere/tshark")
    with pytest.raises(UsageError, match="key log"):
        list(read_deep(path, name="x", tally=tally, secrets=Path("missing.log")))
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(UsageError, match="tshark is not installed"):
        list(read_deep(path, name="x", tally=tally, secrets=path))


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


def test_a_tshark_that_gives_up_is_an_error(craft: Craft, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: "/somewhere/tshark")
    monkeypatch.setattr("pyshark.FileCapture", Crashing)
    path = craft.pcap([craft.udp(craft.query("a.example"))])
    with pytest.raises(CaptureError, match="gave up"):
        list(read_deep(path, name="x", tally=Tally(), secrets=path))
