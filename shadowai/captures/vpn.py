"""Traffic that hides what it is for: VPNs, Tor, and QUIC of versions that nobody here can open.

A false alarm is worse than a miss, so only what is unmistakable counts: handshakes, with exact lengths and fields that
chance does not fill so. What needs more than one packet to tell, such as data in the middle of a tunnel, is left out; a
handshake comes back every few minutes. `PRETESTS` say in constants which packets are worth looking at.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from shadowai.captures.quic_packet import GREASE, GREASE_MASK, LONG_FIXED, MAX_CID, salts
from shadowai.captures.tls import SESSION_TICKET
from shadowai.model import Hidden

if TYPE_CHECKING:
    from shadowai.captures.tls import Hello

ESP_PORTS = (0, 0)  # what ESP without UDP is given instead of ports, see `transport`
IKE_PORT, IKE_NAT_PORT = 500, 4500  # RFC 7296 section 2, RFC 3948
QUIC_PORTS = (443, 853, 8443)
WIREGUARD_PORTS = (51820, 41641)
"""WireGuard's own UDP port and Tailscale's, on which the inside of tunnels is looked for; handshakes, on every port."""

_WIREGUARD_LENGTHS = {1: 148, 2: 92}  # bytes of initiation and response (WireGuard white paper, section 5.4)
_WIREGUARD_KEY = {1: slice(8, 40), 2: slice(12, 44)}  # where the ephemeral key lies
_WIREGUARD_DATA = 4  # type of the messages inside a tunnel: type, receiver, counter, and the encrypted packet
_WIREGUARD_EMPTY = 32  # bytes of one with nothing in it, which keeps a tunnel alive
_WIREGUARD_YOUNG = 1 << 32  # messages; a tunnel changes its keys before (white paper, section 6.1)
_VARIETY = 16  # different bytes among 32 random ones, at the very least

_OPENVPN_V1, _OPENVPN_V2, _OPENVPN_V3 = 1 << 3, 7 << 3, 10 << 3  # hard reset of the client, with key id 0
OPENVPN_FIRSTS = (_OPENVPN_V1, _OPENVPN_V2, _OPENVPN_V3)
"""The possible first bytes of an OpenVPN client's first packet."""

_OPENVPN_PLAIN = 14  # bytes: opcode, session id, no acknowledgements, packet number
_OPENVPN_CRYPT = 54  # with tls-crypt: number, time and 256-bit HMAC in front of the last five, which are encrypted
_OPENVPN_AUTH = (38, 42, 50, 54, 70, 86)  # with tls-auth and a HMAC of 128, 160, 224, 256, 384 or 512 bits
_OPENVPN_SHORTEST_V3 = _OPENVPN_CRYPT + 290  # with the client's wrapped key: tag, key and length
_OPENVPN_TAIL = 5  # bytes: no acknowledgements, packet number 0
_OPENVPN_EARLY = 0x0F010000  # bits that clients since 2.6 set in packet numbers, to say that they negotiate early
_OPENVPN_TRIES = 64  # how often a reset may have been sent before
_CLOCK = range(1_262_304_000, 2_240_524_800)  # 2010 to 2040 in seconds: when a client's clock may stand
_SESSION_VARIETY = 5  # different bytes among 8 random ones, at the very least

_IKE_HEADER = 28  # bytes (RFC 7296 section 3.1)
_NON_ESP = bytes(4)  # in front of IKE on port 4500 (RFC 3948 section 2.2)
_IKE_EXCHANGES = {0x10: (1, 2, 4, 5, 6, 32, 33), 0x20: (34, 35, 36, 37, 38, 43, 44)}  # by version
_IKE_FLAGS = {0x10: 0x07, 0x20: 0x38}
_ESP_SHORTEST = 24  # bytes: SPI, number, at least a block, and an integrity check
_ESP_FIRST_SPI = 256  # below is reserved (RFC 4303 section 2.1)
_ESP_YOUNG = 1 << 16  # packets; a number that small is no chance
_FIRST_USER_PORT = 1024

_QUIC_DATAGRAM = 1200  # bytes of a client's first datagram at least (RFC 9000 section 14.1)
_QUIC_FIRST_CID = 8  # bytes at least of the id that a client makes up (RFC 9000 section 7.2)
_QUIC_CIDS_AT = 5
_GOOGLE = re.compile(rb"[QT][0-9]{3}")
_IKE_TCP = b"IKETCP"  # RFC 9329 section 4
_IKE_TCP_MARK = slice(8, 12)  # where the non-ESP marker of the first message lies, behind its length


class Pretest(NamedTuple):
    """What the first packets of one kind have in common: a packet is worth looking at where all of it holds.

    `firsts` are the possible first bytes, `lengths` the possible lengths of the payload in bytes, `ports` one of which
    is its source or destination; empty where anything goes. `shortest` is the least length.
    """

    firsts: tuple[int, ...]
    lengths: tuple[int, ...]
    shortest: int
    ports: tuple[int, ...]


PRETESTS = (
    Pretest(tuple(_WIREGUARD_LENGTHS), tuple(_WIREGUARD_LENGTHS.values()), 0, ()),
    Pretest((_OPENVPN_V1, _OPENVPN_V2), (_OPENVPN_PLAIN, *_OPENVPN_AUTH), 0, ()),
    Pretest((_OPENVPN_V3,), (), _OPENVPN_SHORTEST_V3, ()),
    Pretest((_WIREGUARD_DATA,), (), _WIREGUARD_EMPTY, WIREGUARD_PORTS),
    Pretest((), (), _ESP_SHORTEST, (IKE_PORT, IKE_NAT_PORT)),
    Pretest(tuple(range(LONG_FIXED, 0x100)), (), _QUIC_DATAGRAM, QUIC_PORTS),
)
"""Which UDP payloads `hidden_datagram` may know: those that pass one of these."""

STREAM_FIRSTS = (0x00, 0x01, 0x02, 0x03, 0x04, _IKE_TCP[0])
"""The possible first bytes of the TCP streams that `hidden_stream` knows: an OpenVPN packet's length, or IKE's mark."""


def hidden_datagram(payload: bytes, ports: tuple[int, int]) -> Hidden | None:
    """Say what a UDP payload hides; None where it is nothing of the kind. `ports` are source and destination."""
    if is_wireguard(payload) or is_wireguard_data(payload, ports):
        return Hidden.WIREGUARD
    if is_openvpn(payload):
        return Hidden.OPENVPN
    if ports == ESP_PORTS or is_ipsec(payload, ports):
        return Hidden.IPSEC
    if is_unknown_quic(payload, ports):
        return Hidden.QUIC_VERSION
    return None


def hidden_stream(payload: bytes) -> Hidden | None:
    """Say what a TCP stream hides, by its client's first segment; None where it is nothing of the kind."""
    if payload.startswith(_IKE_TCP) and payload[_IKE_TCP_MARK] == _NON_ESP:
        return Hidden.IPSEC
    if int.from_bytes(payload[:2], "big") == len(payload) - 2 and is_openvpn(payload[2:]):
        return Hidden.OPENVPN
    return None


def is_wireguard(payload: bytes) -> bool:
    """Say whether a datagram is WireGuard's handshake: a type, three zeros, its exact length, and a random key."""
    kind = payload[0] if payload else 0
    if _WIREGUARD_LENGTHS.get(kind) != len(payload) or payload[1:4] != bytes(3):
        return False
    return payload[4:8] != bytes(4) and len(set(payload[_WIREGUARD_KEY[kind]])) >= _VARIETY


def is_wireguard_data(payload: bytes, ports: tuple[int, int]) -> bool:
    """Say whether a datagram is WireGuard's after its handshake, on a port that is known for it.

    Type and three zeros, a receiver, a counter that begins at 0 with each key, and blocks of 16 bytes.
    """
    return (
        (ports[0] in WIREGUARD_PORTS or ports[1] in WIREGUARD_PORTS)
        and payload[:4] == bytes((_WIREGUARD_DATA, 0, 0, 0))
        and len(payload) >= _WIREGUARD_EMPTY
        and len(payload) % 16 == 0
        and payload[4:8] != bytes(4)
        and int.from_bytes(payload[8:16], "little") < _WIREGUARD_YOUNG
    )


def is_openvpn(payload: bytes) -> bool:
    """Say whether a packet is the first of an OpenVPN client: plain, with tls-auth, tls-crypt or tls-crypt-v2.

    (OpenVPN's ssl_pkt.h and tls_crypt.h.) Scrambled variants and static keys have nothing to be known by.
    """
    kind = payload[0] if payload else 0
    length = len(payload)
    if kind not in OPENVPN_FIRSTS or len(set(payload[1:9])) < _SESSION_VARIETY:
        return False
    if kind == _OPENVPN_V3:
        return (
            length >= _OPENVPN_SHORTEST_V3
            and _OPENVPN_CRYPT + int.from_bytes(payload[-2:], "big") == length
            and _is_numbered(payload, 9)
        )
    if length == _OPENVPN_PLAIN:
        return payload[9:] == bytes(_OPENVPN_TAIL)
    if length == _OPENVPN_CRYPT and _is_numbered(payload, 9):
        return True
    return (
        length in _OPENVPN_AUTH
        and payload[-_OPENVPN_TAIL:] == bytes(_OPENVPN_TAIL)
        and _is_numbered(payload, length - _OPENVPN_TAIL - 8)
    )


def _is_numbered(payload: bytes, at: int) -> bool:
    """Say whether a packet number of a client's first packets and a time stand here."""
    number = int.from_bytes(payload[at : at + 4], "big")
    time = int.from_bytes(payload[at + 4 : at + 8], "big")
    return 0 < (number & ~_OPENVPN_EARLY) <= _OPENVPN_TRIES and time in _CLOCK


def is_ipsec(payload: bytes, ports: tuple[int, int]) -> bool:
    """Say whether a datagram is IKE, or ESP in UDP (RFC 3948)."""
    if IKE_PORT in ports and is_ike(payload):
        return True
    if IKE_NAT_PORT not in ports:
        return False
    return is_ike(payload[4:]) if payload[:4] == _NON_ESP else _is_esp(payload, ports)


def is_ike(message: bytes) -> bool:
    """Say whether a message has a sound IKE header (RFC 7296 section 3.1; RFC 2408 for version 1)."""
    if len(message) < _IKE_HEADER or message[:8] == bytes(8):
        return False
    version, exchange, flags = message[17], message[18], message[19]
    return (
        exchange in _IKE_EXCHANGES.get(version, ())
        and not flags & ~_IKE_FLAGS[version]
        and int.from_bytes(message[24:28], "big") == len(message)
    )


def _is_esp(payload: bytes, ports: tuple[int, int]) -> bool:
    """Say whether a datagram is ESP: encrypted, so told by its port, its padding to four bytes, and its number.

    Where only one side uses the port, behind NAT, the number must be that of a young tunnel, and the other port none of
    another service: the port may be a client's by chance.
    """
    spi, number = int.from_bytes(payload[:4], "big"), int.from_bytes(payload[4:8], "big")
    if len(payload) < _ESP_SHORTEST or len(payload) % 4 or spi < _ESP_FIRST_SPI or not number:
        return False
    return min(ports) == max(ports) or (number < _ESP_YOUNG and min(ports) >= _FIRST_USER_PORT)


def is_unknown_quic(payload: bytes, ports: tuple[int, int]) -> bool:
    """Say whether a datagram is the first of a QUIC client whose version is none of those that can be opened.

    What all versions have in common (RFC 8999): a long header and two connection ids. Version 0 is the server's version
    negotiation, versions 0x?A?A?A?A are reserved (RFC 9000 section 15), and Google's own are another protocol.
    """
    if len(payload) < _QUIC_DATAGRAM or payload[0] & LONG_FIXED != LONG_FIXED or ports[1] not in QUIC_PORTS:
        return False
    version = int.from_bytes(payload[1:5], "big")
    if not version or version & GREASE_MASK == GREASE or salts(version) or is_google_quic(payload):
        return False
    size = payload[_QUIC_CIDS_AT]
    other = payload[_QUIC_CIDS_AT + 1 + size]
    return _QUIC_FIRST_CID <= size <= MAX_CID and other <= MAX_CID


def is_google_quic(payload: bytes) -> bool:
    """Say whether a long header packet is of a version that Google ran before QUIC was a standard, Q043 to T051.

    Its clients sent the server name in a message of their own making, CHLO, instead of a TLS hello; those that begin
    with T had TLS. Google switched it off in 2023.
    """
    return _GOOGLE.fullmatch(payload[1:5]) is not None


TOR_NAME = re.compile(rb"www\.([a-z2-7]{10,25})\.com")
"""The server name of Tor's client: random letters of base32. It makes 4 to 25; short ones are like other names."""

_DIGITS = re.compile(rb"[2-7]+")
_CONSONANTS = re.compile(rb"[^aeiouy]{5,}")
_DIGIT_RUNS = 2


def is_tor_hello(hello: Hello) -> bool:
    """Say whether a hello is that of Tor's client to a relay, erring towards silence.

    Tor makes up a name (crypto_random_hostname in its tortls.c), offers no protocols (ALPN), and takes no session
    tickets, as browsers do. The name counts as random where two runs of digits stand inside it, and five letters
    without a vowel: that misses some and mistakes hardly any.
    """
    name = TOR_NAME.fullmatch(hello.server_name or b"")
    if name is None or hello.alpn or SESSION_TICKET in hello.extensions or hello.encrypted is not None:
        return False
    text = name[1]
    inside = text.strip(b"234567")
    return len(_DIGITS.findall(inside)) >= _DIGIT_RUNS and _CONSONANTS.search(text) is not None
