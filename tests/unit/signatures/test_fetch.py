"""Fetching a release: files and https alone, of bounded size, and never away from https."""

from __future__ import annotations

import datetime as dt
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shadowai.errors import UsageError
from shadowai.signatures import update

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        targets = {"/to-http": "http://127.0.0.1:1/x", "/to-file": "file:///etc/passwd", "/to-good": "/good"}
        if self.path in targets:
            self.send_response(302)
            self.send_header("Location", targets[self.path])
            self.end_headers()
            return
        self.send_response(200 if self.path != "/gone" else 404)
        self.end_headers()
        self.wfile.write(b"release" if self.path == "/good" else b"x" * 100)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ssl.SSLContext]]:
    """Serve https on this machine; give the address and a context that trusts its certificate."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    no_password = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password)
    (folder / "site.pem").write_bytes(pem + secret)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(folder / "site.pem")
    with HTTPServer(("127.0.0.1", 0), _Site) as server:
        server.socket = served.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"https://localhost:{server.server_port}", ssl.create_default_context(cadata=pem.decode())
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


def test_https_is_fetched_and_followed(site: tuple[str, ssl.SSLContext]) -> None:
    address, trust = site
    assert update.fetch(f"{address}/good", trust) == b"release"
    assert update.fetch(f"{address}/to-good", trust) == b"release"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/to-http", "not https"),
        ("/to-file", "is not allowed"),
        ("/gone", "cannot be read: Not Found"),
        ("/large", "is larger than"),
    ],
)
def test_what_is_not_taken(
    site: tuple[str, ssl.SSLContext], path: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, trust = site
    monkeypatch.setattr(update, "MAX_PACKED", 50)
    with pytest.raises(UsageError, match=message):
        update.fetch(f"{address}{path}", trust)


def test_a_certificate_that_nobody_trusts_is_refused(site: tuple[str, ssl.SSLContext]) -> None:
    with pytest.raises(UsageError, match=r"cannot be read: .*certificate"):
        update.fetch(f"{site[0]}/good")


@pytest.mark.parametrize("source", ["http://localhost/x", "ftp://localhost/x", "file:///etc/passwd"])
def test_other_schemes_are_refused(source: str) -> None:
    with pytest.raises(UsageError, match="neither a file nor an https URL"):
        update.fetch(source)


def test_files_are_read_up_to_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "release"
    path.write_bytes(b"x" * 50)
    monkeypatch.setattr(update, "MAX_PACKED", 50)
    assert update.fetch(str(path)) == b"x" * 50
    path.write_bytes(b"x" * 51)
    with pytest.raises(UsageError, match="is larger than"):
        update.fetch(str(path))
    with pytest.raises(UsageError, match="No such file"):
        update.fetch(str(tmp_path / "none"))
