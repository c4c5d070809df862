"""Which few packets of a block can name a server, told by ports and the first bytes of the payload."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from shadowai.captures.quic_packet import GREASE, GREASE_MASK, LONG_FIXED, SALTS
from shadowai.captures.tls import CLIENT_HELLO, DTLS_MAJOR, HANDSHAKE, MAJOR
from shadowai.captures.transport import PEEK
from shadowai.captures.vpn import OPENVPN_FIRSTS, PRETESTS, STREAM_FIRSTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shadowai.captures.container import Bytes
    from shadowai.captures.headers import Mask
    from shadowai.captures.transport import Segments

DNS_PORT, SSDP_PORT, TLS_DNS_PORT = 53, 1900, 853
LOCAL_NAMES = (137, 5353, 5355)  # NetBIOS, mDNS and LLMNR: names of the own network, in the manner of DNS

SHORTEST_QUERY = 17  # bytes of a DNS query
SHORTEST_QUIC = 32  # bytes; below, no Initial packet has room for its sample
MAX_ADDITIONAL = 2  # records of a query: EDNS and a signature
VERSION_AT, KIND_AT, LENGTH_AT = 1, 5, 6  # places in a TLS record: major version, message type, its length
DTLS_KIND_AT, SHORTEST_DTLS = 13, 25  # place of the message type; bytes of both headers
FRAME, SHORTEST_STREAM = 2, 13  # bytes of an OpenVPN packet's length over TCP; of the shortest such packet
SOCKS_4, SOCKS_5, CONNECT, SHORTEST_SOCKS = 4, 5, 1, 8
RESPONSE = 0x80  # flag in the third byte of a DNS message
WELL_KNOWN, EPHEMERAL = 1024, 32_768  # ports below are servers'; ports from there on are clients' (Linux)
LETTER_A, LETTERS, HYPHEN, UNDERSCORE, SPACE = 0x41, 26, 0x2D, 0x5F, 0x20


class Guess(IntEnum):
    """What a payload may begin with; NONE may still go on with what another began."""

    NONE = 0
    DNS = 1
    TLS = 2
    HTTP = 3
    QUIC = 4
    ANSWER = 5
    SOCKS = 6
    DTLS = 7
    HIDDEN = 8


def guess(segments: Segments) -> NDArray[np.int8]:
    """Guess what each payload begins with, as `Guess` values."""
    peek, room = segments.peek, segments.stop - segments.at
    tcp, filled = segments.is_tcp, room > 0
    udp = ~tcp
    to = segments.destination_port
    response = (peek[:, 2] & RESPONSE) > 0
    dns = filled & ((to == DNS_PORT) & (tcp | ~response) | (segments.source_port == DNS_PORT) & tcp)
    answer = udp & (segments.source_port == DNS_PORT) & response & (room > SHORTEST_QUERY)
    dns |= udp & _is_query(peek, room) & ~np.isin(to, LOCAL_NAMES) & ~np.isin(segments.source_port, LOCAL_NAMES)
    ssdp = udp & (to == SSDP_PORT)
    return np.select(
        [
            tcp & filled & _is_hello(peek, room),
            dns,
            (tcp & filled | ssdp) & _is_method(peek, room),
            answer,
            udp & _is_quic(peek) & (room > SHORTEST_QUIC),
            tcp & _is_socks(peek, room),
            udp & _is_datagram_hello(peek, room),
            _may_hide(segments, room),
        ],
        [
            Guess.TLS,
            Guess.DNS,
            Guess.HTTP,
            Guess.ANSWER,
            Guess.QUIC,
            Guess.SOCKS,
            Guess.DTLS,
            Guess.HIDDEN,
        ],
        Guess.NONE,
    ).astype(np.int8)


def answers(segments: Segments) -> Mask:
    """Say whether the ports are those of a server's answer to a client."""
    answer: Mask = (segments.source_port < WELL_KNOWN) & (segments.destination_port >= WELL_KNOWN)
    return answer


def _is_hello(peek: Bytes, room: NDArray[np.int64]) -> Mask:
    """Say whether a handshake record with a ClientHello begins here, as far as the first bytes tell (RFC 8446)."""
    first: Mask = peek[:, 0] == HANDSHAKE
    if not first.any():
        return first
    version = (room <= VERSION_AT) | (peek[:, VERSION_AT] == MAJOR)
    kind = (room <= KIND_AT) | (peek[:, KIND_AT] == CLIENT_HELLO)
    # The message length has three bytes, and no hello needs the first: that tells it from encrypted handshake records.
    length = (room <= LENGTH_AT) | (peek[:, LENGTH_AT] == 0) | ((peek[:, 3] == 0) & (peek[:, 4] == 1))
    answer: Mask = first & version & kind & length
    return answer


def _is_method(peek: Bytes, room: NDArray[np.int64]) -> Mask:
    """Say whether an upper-case word of three letters or more begins here, as far as the first bytes tell."""
    first: Mask = peek[:, 0] - LETTER_A < LETTERS
    rows = np.flatnonzero(first)
    head = peek[rows, 1:4]
    letters = (head - LETTER_A < LETTERS) | (head == HYPHEN) | (head == UNDERSCORE)
    letters[:, 2] |= head[:, 2] == SPACE
    for place in range(3):
        letters[:, place] |= room[rows] <= place + 1
    # The word ends soon: that tells a method from encoded text, of which whole uploads are made.
    ends = (room[rows] < PEEK) | (peek[rows] == SPACE).any(axis=1)
    first[rows] = letters.all(axis=1) & ends
    return first


def _is_query(peek: Bytes, room: NDArray[np.int64]) -> Mask:
    """Say whether this is the header of a plain DNS query, on whatever port: one question, no answers, no odd flags.

    Resolvers are run on other ports to pass by filters, so the port alone would miss them.
    """
    rows = np.flatnonzero((peek[:, 5] == 1) & (room >= SHORTEST_QUERY))
    answer = np.zeros(len(peek), np.bool_)
    head = peek[rows]
    zeros = (head[:, [4, 6, 7, 8, 9, 10]] == 0).all(axis=1)
    answer[rows] = zeros & ((head[:, 2] & 0xFE) == 0) & ((head[:, 3] & 0xCF) == 0) & (head[:, 11] <= MAX_ADDITIONAL)
    return answer


def _is_socks(peek: Bytes, room: NDArray[np.int64]) -> Mask:
    """Say whether this may be the first message of a SOCKS client: nothing but a greeting (RFC 1928) or a request."""
    greeting = (peek[:, 0] == SOCKS_5) & (room == peek[:, 1].astype(np.int64) + 2) & (peek[:, 1] > 0)
    request = (peek[:, 0] == SOCKS_4) & (peek[:, 1] == CONNECT) & (room > SHORTEST_SOCKS)
    answer: Mask = greeting | request
    return answer


def _is_datagram_hello(peek: Bytes, room: NDArray[np.int64]) -> Mask:
    """Say whether a DTLS handshake record with a ClientHello begins here (RFC 6347, RFC 9147)."""
    hello = (peek[:, 0] == HANDSHAKE) & ((peek[:, 1] == DTLS_MAJOR) | (peek[:, 1] == 1))
    answer: Mask = hello & (peek[:, DTLS_KIND_AT] == CLIENT_HELLO) & (room > SHORTEST_DTLS)
    return answer


def _is_quic(peek: Bytes) -> Mask:
    long: Mask = (peek[:, 0] & LONG_FIXED) == LONG_FIXED
    rows = np.flatnonzero(long)
    if len(rows):
        version = np.ascontiguousarray(peek[rows, 1:5]).view(">u4")[:, 0].astype(np.int64)
        long[rows] = np.isin(version, list(SALTS)) | ((version & GREASE_MASK) == GREASE)
    return long


def _may_hide(segments: Segments, room: NDArray[np.int64]) -> Mask:
    """Say whether this may be the beginning of what `vpn` knows, by the first bytes, the length and the ports."""
    first = segments.peek[:, 0]
    found: Mask = ~segments.is_tcp & (segments.source_port == 0) & (segments.destination_port == 0)
    for test in PRETESTS:
        fits = ~segments.is_tcp & (room > 0) & (room >= test.shortest)
        if test.ports:
            fits &= np.isin(segments.source_port, test.ports) | np.isin(segments.destination_port, test.ports)
        if test.lengths:
            fits &= np.isin(room, test.lengths)
        if test.firsts:
            fits &= np.isin(first, test.firsts)
        found |= fits
    rows = np.flatnonzero(segments.is_tcp & (room > SHORTEST_STREAM) & np.isin(first, STREAM_FIRSTS))
    head = segments.peek[rows]
    framed = ((head[:, 0].astype(np.int64) << 8) | head[:, 1]) == room[rows] - FRAME
    found[rows] = (framed & np.isin(head[:, FRAME], OPENVPN_FIRSTS)) | (head[:, 0] == STREAM_FIRSTS[-1])
    return found
