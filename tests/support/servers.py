"""Real servers for the tests of what leaves the house: syslog and HTTP, with TLS by an authority of the test."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Authority:
    """A test authority's certificate, and a server's with its key, as files."""

    ca: Path
    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """Give the server's side of TLS."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


def authority(folder: Path, host: str = "localhost") -> Authority:
    """Make an authority and a certificate for a host, and write both into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)

    def build(subject: x509.Name, public: ec.EllipticCurvePublicKey, *, is_ca: bool) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        )
        if is_ca:
            usage = dict.fromkeys(_USAGES, False) | {"key_cert_sign": True}
            builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
        else:
            issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())  # Python 3.13 asks for it
            builder = builder.add_extension(issuer, critical=False)
            names = [x509.DNSName(host), x509.IPAddress(ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(ca_key, hashes.SHA256())

    pem = serialization.Encoding.PEM
    ca = folder / "ca.pem"
    ca.write_bytes(build(ca_name, ca_key.public_key(), is_ca=True).public_bytes(pem))
    certificate = folder / "server.pem"
    certificate.write_bytes(build(name, key.public_key(), is_ca=False).public_bytes(pem))
    private = folder / "server.key"
    private.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    return Authority(ca, certificate, private)


_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass
class Stream:
    """A TCP server of syslog: what it received, a whole connection an item."""

    port: int
    received: list[bytes] = field(default_factory=list)


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@contextmanager
def tcp_server(context: ssl.SSLContext | None = None, *, reset_after: int | None = None) -> Iterator[Stream]:
    """Take connections and read them to their end; with `reset_after`, reset each after so many bytes."""
    listener = socket.create_server(("127.0.0.1", 0))
    stream = Stream(listener.getsockname()[1])
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            with suppress(OSError):
                plain, _ = listener.accept()
                plain.settimeout(5)
                connection = context.wrap_socket(plain, server_side=True) if context else plain
                content = b""
                while part := connection.recv(4096):
                    content += part
                    if reset_after is not None and len(content) >= reset_after:
                        _reset(connection)
                        break
                stream.received.append(content)
                connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield stream
    finally:
        ended.set()
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", stream.port), 1).close()
        listener.close()
        thread.join(5)


@dataclass(frozen=True)
class Request:
    """One request that an HTTP server got."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What an HTTP server answers; `cut` resets the connection instead, before the answer."""

    status: int = 200
    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = ()
    cut: bool = False


@dataclass
class Web:
    """An HTTP server: its address, and what it was asked."""

    url: str
    requests: list[Request] = field(default_factory=list)


@contextmanager
def web_server(answer: Callable[[Request], Reply], context: ssl.SSLContext | None = None) -> Iterator[Web]:
    """Answer each POST as `answer` says."""
    web = Web("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # the library's own name
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            request = Request(self.path, dict(self.headers.items()), body)
            web.requests.append(request)
            reply = answer(request)
            if reply.cut:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def handle(self) -> None:
            with suppress(OSError, ValueError):
                super().handle()

        def finish(self) -> None:
            with suppress(OSError, ValueError):
                super().finish()

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Resets are what the tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    web.url = f"{'https' if context else 'http'}://localhost:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def free_port() -> int:
    """Give a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
