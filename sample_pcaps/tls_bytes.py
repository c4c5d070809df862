"""Real TLS and QUIC bytes: the handshakes of Python's ssl module and of aioquic, filled up to known sizes.

The randoms and keys in them are new in each run, the sums of their sizes are not: what a handshake leaves of the wanted
size is filled with records and packets that look like encrypted data (RFC 8446 section 5.2, RFC 9000 section 17.3).
"""

from __future__ import annotations

import ssl
import tempfile
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from events import DAY

if TYPE_CHECKING:
    import random

Turns = list[tuple[bool, bytes]]  # (from the client?, payload of one flight or datagram)

_RECORD = b"\x17\x03\x03"
_MAX_RECORD = 16_384
_HEADER = 5
_SMALLEST_RECORD = _HEADER + 1
_DATAGRAM = 1_200
_SMALLEST_PACKET = 40
# So many protocol names (RFC 7301) make a hello of about 2,200 bytes, as post-quantum key shares do in browsers.
_MANY_PROTOCOLS = ["h2", "http/1.1", *(f"x-harbour-{number:03d}-{'p' * 100}" for number in range(16))]


def tls_turns(host: str, sizes: tuple[int, int], rng: random.Random, *, large: bool = False) -> Turns:
    """Give the payload of a whole TLS connection to `host` in turns; the sums in both directions are `sizes`."""
    turns = _handshake(host, large=large)
    up, down = (wanted - _sum(turns, client=client) for wanted, client in zip(sizes, (True, False), strict=True))
    if min(up, down) < _SMALLEST_RECORD:
        raise ValueError(f"{host}: {sizes} is smaller than the handshake needs")
    return [*turns, (True, _records(up, rng)), (False, _records(down, rng))]


def quic_turns(host: str, sizes: tuple[int, int], rng: random.Random) -> Turns:
    """Give the datagrams of a QUIC version 1 connection to `host` in turns; the sums in both directions are `sizes`."""
    certificate, key = _certificate()
    client = QuicConnection(
        configuration=QuicConfiguration(server_name=host, verify_mode=ssl.CERT_NONE, alpn_protocols=["h3"])
    )
    client.connect(("192.0.2.1", 443), now=0.0)
    serving = QuicConfiguration(is_client=False, alpn_protocols=["h3"])
    serving.load_cert_chain(certificate, key)
    server = QuicConnection(
        configuration=serving, original_destination_connection_id=client.original_destination_connection_id
    )
    turns: Turns = []
    for step in range(3):
        for from_client, sender, receiver in ((True, client, server), (False, server, client)):
            for datagram, _ in sender.datagrams_to_send(now=0.01 * step):
                turns.append((from_client, datagram))
                receiver.receive_datagram(datagram, ("192.0.2.1", 443), now=0.01 * step)
    for from_client, wanted in zip((True, False), sizes, strict=True):
        rest = wanted - _sum(turns, client=from_client)
        if rest < _SMALLEST_PACKET:
            raise ValueError(f"{host}: {sizes} is smaller than the handshake needs")
        turns += [(from_client, piece) for piece in _short_packets(rest, rng)]
    return turns


@cache
def _certificate() -> tuple[Path, Path]:
    """Make one self-signed certificate for all servers of the samples: nobody checks it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "samples.harbour.example")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(DAY).not_valid_after(DAY + timedelta(days=30))
    certificate = builder.sign(key, hashes.SHA256())
    folder = Path(tempfile.mkdtemp(prefix="samples-"))
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return paths


@cache
def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*_certificate())
    return context


def _handshake(host: str, *, large: bool) -> Turns:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(_MANY_PROTOCOLS if large else ["h2", "http/1.1"])
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server, server_hostname=host)
    server = _server_context().wrap_bio(to_server, to_client, server_side=True)
    turns: Turns = []
    # Each side reads from the buffer that the other fills, so what it sent must be put back after a look at it.
    for from_client, side, buffer in ((True, client, to_server), (False, server, to_client)) * 2:
        _advance(side)
        sent = buffer.read()
        buffer.write(sent)
        if sent:
            turns.append((from_client, sent))
    return turns


def _advance(side: ssl.SSLObject) -> None:
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return


def _sum(turns: Turns, *, client: bool) -> int:
    return sum(len(data) for from_client, data in turns if from_client is client)


def _records(size: int, rng: random.Random) -> bytes:
    """Application-data records of `size` bytes in all."""
    data = bytearray()
    while len(data) < size:
        left = size - len(data)
        take = min(left, _HEADER + _MAX_RECORD)
        if 0 < left - take < _SMALLEST_RECORD:
            take -= _SMALLEST_RECORD
        data += _RECORD + (take - _HEADER).to_bytes(2, "big") + rng.randbytes(take - _HEADER)
    return bytes(data)


def _short_packets(size: int, rng: random.Random) -> list[bytes]:
    """1-RTT packets of `size` bytes in all; only the fixed bit of the first byte can be read from outside."""
    count = -(-size // _DATAGRAM)
    # Evenly cut: a packet of a few bytes would be too short to hold its authentication tag.
    sizes = [size // count + (number < size % count) for number in range(count)]
    return [bytes([0x40 | rng.randrange(0x40)]) + rng.randbytes(length - 1) for length in sizes]
