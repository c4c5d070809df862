"""Real TLS and QUIC sessions, written down as captures with their key logs: ssl and aioquic hold both ends."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.utils import PcapNgWriter, wrpcap

if TYPE_CHECKING:
    from pathlib import Path

    from aioquic.h3.connection import H3Connection
    from aioquic.quic.connection import QuicConnection
    from scapy.packet import Packet

CLIENT, SERVER = ("192.0.2.10", 40000), ("203.0.113.5", 443)
SNI = "api.example.com"
BEGIN = 1_700_000_000  # seconds since the epoch of the first packet; each further one comes a second later
H2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"  # RFC 9113 section 3.4: with empty SETTINGS
HEADERS, DATA = 1, 0
END_STREAM, END_HEADERS, PADDED = 1, 4, 8


def h2_frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body


def h2_headers(stream: int, fields: dict[str, str], flags: int = END_HEADERS) -> bytes:
    """A HEADERS frame of literal fields (RFC 7541 section 6.2.2)."""
    body = b""
    for name, value in fields.items():
        body += b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
    return h2_frame(HEADERS, flags, stream, body)


def request_fields(host: str, path: str, method: str = "POST", **more: str) -> dict[str, str]:
    return {":method": method, ":scheme": "https", ":authority": host, ":path": path, **more}


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate and its key, made by openssl."""
    made, key = folder / "certificate.pem", folder / "key.pem"
    names = ["-subj", "/CN=test", "-keyout", str(key), "-out", str(made)]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    subprocess.run(["openssl", "req", "-x509", *kind, *names], check=True, capture_output=True)
    return made, key


@dataclass
class Trace:
    """The packets of a session, and where they are written to."""

    folder: Path
    client: tuple[str, int] = CLIENT
    server: tuple[str, int] = SERVER
    packets: list[Packet] = field(default_factory=list)

    @property
    def keylog(self) -> Path:
        return self.folder / f"{self.client[1]}.keys"

    def ends(self, name: str) -> tuple[tuple[str, int], tuple[str, int]]:
        return (self.client, self.server) if name == "c" else (self.server, self.client)

    def note(self, packet: Packet) -> None:
        packet.time = BEGIN + len(self.packets)
        self.packets.append(packet)

    def write(self, name: str = "session.pcap", packets: list[Packet] | None = None) -> Path:
        path = self.folder / name
        wrpcap(str(path), self.packets if packets is None else packets)
        return path

    def write_with_secrets(self, name: str = "secret.pcapng") -> Path:
        """A pcapng file that holds the key log in a decryption-secrets block, as editcap writes it."""
        plain, path = self.folder / "plain.pcapng", self.folder / name
        with PcapNgWriter(str(plain)) as writer:
            writer.write(self.packets)
        inject = ["--inject-secrets", f"tls,{self.keylog}"]
        subprocess.run(["editcap", *inject, str(plain), str(path)], check=True, capture_output=True)
        return path


class TlsSession(Trace):
    """A TLS session between two memory buffers: `say` sends for the client, `answer` for the server."""

    def __init__(self, folder: Path, protocol: str, client: tuple[str, int] = CLIENT, sni: str = SNI) -> None:
        super().__init__(folder, client)
        serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        serving.load_cert_chain(*certificate(folder))
        asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        asking.check_hostname = False
        asking.verify_mode = ssl.CERT_NONE
        asking.keylog_filename = str(self.keylog)
        for context in (serving, asking):
            context.set_alpn_protocols([protocol])
        self.buffers = {name: (ssl.MemoryBIO(), ssl.MemoryBIO()) for name in "cs"}
        self.sides = {
            "c": asking.wrap_bio(*self.buffers["c"], server_hostname=sni),
            "s": serving.wrap_bio(*self.buffers["s"], server_side=True),
        }
        self.sequence = {"c": 1000, "s": 5000}
        for name, flags in (("c", "S"), ("s", "SA")):
            self.segment(name, b"", flags)
            self.sequence[name] += 1
        self._shake_hands()

    def segment(self, name: str, data: bytes, flags: str = "PA") -> None:
        (source, from_port), (destination, to_port) = self.ends(name)
        head = TCP(sport=from_port, dport=to_port, seq=self.sequence[name], ack=1, flags=flags)
        self.note(IP(src=source, dst=destination) / head / data)
        self.sequence[name] += len(data)

    def say(self, data: bytes) -> None:
        self.sides["c"].write(data)
        self._pump()

    def answer(self, data: bytes) -> None:
        self.sides["s"].write(data)
        self._pump()

    def _pump(self) -> None:
        for name, other in (("c", "s"), ("s", "c")):
            data = self.buffers[name][1].read()
            for at in range(0, len(data), 1400):
                self.segment(name, data[at : at + 1400])
            self.buffers[other][0].write(data)

    def _shake_hands(self) -> None:
        waiting = set(self.sides)
        while waiting:
            for name in sorted(waiting):
                try:
                    self.sides[name].do_handshake()
                    waiting.discard(name)
                except ssl.SSLWantReadError:
                    pass
                self._pump()


class QuicSession(Trace):
    """An HTTP/3 session between two aioquic connections: `ask` sends a request and has it answered."""

    def __init__(self, folder: Path, sni: str = SNI) -> None:
        super().__init__(folder)
        quic = pytest.importorskip("aioquic.quic.connection")
        http = pytest.importorskip("aioquic.h3.connection")
        configure = pytest.importorskip("aioquic.quic.configuration").QuicConfiguration
        self.log = self.keylog.open("w", encoding="ascii")
        asking = configure(
            is_client=True,
            alpn_protocols=["h3"],
            secrets_log_file=self.log,
            verify_mode=ssl.CERT_NONE,
            server_name=sni,
        )
        serving = configure(is_client=False, alpn_protocols=["h3"])
        serving.load_cert_chain(*certificate(folder))
        one = quic.QuicConnection(configuration=asking)
        first_id = one.original_destination_connection_id
        other = quic.QuicConnection(configuration=serving, original_destination_connection_id=first_id)
        self.sides: dict[str, QuicConnection] = {"c": one, "s": other}
        self.http: dict[str, H3Connection] = {}
        self.clock = 0.0
        one.connect(self.server, now=self.clock)
        self.pump()
        self.http = {name: http.H3Connection(side) for name, side in self.sides.items()}
        self.pump()

    def ask(self, host: str, path: str, body: bytes = b"", answer: bytes = b"", **more: str) -> None:
        stream = self.sides["c"].get_next_available_stream_id()
        fields = request_fields(host, path, "POST" if body else "GET", **more)
        self.http["c"].send_headers(stream, [(k.encode(), v.encode()) for k, v in fields.items()], not body)
        if body:
            self.http["c"].send_data(stream, body, end_stream=True)
        self.pump()
        length = (b"content-length", str(len(answer)).encode())
        self.http["s"].send_headers(stream, [(b":status", b"200"), length])
        self.http["s"].send_data(stream, answer, end_stream=True)
        self.pump()

    def pump(self) -> None:
        moved = True
        while moved:
            moved = False
            self.clock += 0.001
            for name, other in (("c", "s"), ("s", "c")):
                (source, from_port), (destination, to_port) = self.ends(name)
                for data, _ in self.sides[name].datagrams_to_send(self.clock):
                    moved = True
                    self.note(IP(src=source, dst=destination) / UDP(sport=from_port, dport=to_port) / data)
                    self.sides[other].receive_datagram(data, (source, from_port), self.clock)
            for name, side in self.sides.items():
                while event := side.next_event():
                    if name in self.http:
                        self.http[name].handle_event(event)
        self.log.flush()

    def close(self) -> None:
        self.log.close()
