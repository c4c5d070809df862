"""Which few packets of a block can name a server, told by ports and the first bytes of the payload."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from shadowai.captures.leads import leads
from shadowai.captures.quic_packet import GREASE, GREASE_MASK, LONG_FIXED, SALTS
from shadowai.captures.tls import CLIENT_HELLO, DTLS_MAJOR, HANDSHAKE, MAJOR
from shadowai.captures.vpn import OPENVPN_FIRSTS, PRETESTS, STREAM_FIRSTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from shadowai.captures.container import Bytes, Capture, Ints
    from shadowai.captures.headers import Mask
    from shadowai.captures.transport import Segments

DNS_PORT, SSDP_PORT, TLS_DNS_PORT = 53, 1900, 853
LOCAL_NAMES = (137, 5353, 5355)  # NetBIOS, mDNS and LLMNR: names of the own network, in the manner of DNS

PEEK = 24  # bytes of the payload looked at
SHORTEST_QUERY = 17  # bytes of a DNS query
SHORTEST_QUIC = 32  # bytes; below, no Initial packet has room for its sample
SHORTEST_FIRST = 1_200  # bytes of a client's first datagram over QUIC (RFC 9000 section 14.1), and of no DNS query
DNS_HEADER, FLAGS_AT, COUNTS_AT = 12, 4, 6  # bytes; places behind the length that stands in front over TCP
LIKELY_QUESTIONS = 16  # of one message over TCP at the most
COUNTS_END = COUNTS_AT + 8  # the four counts have two bytes each
LONG_MESSAGE = 2_048  # bytes; such ones hardly begin in a segment of a few bytes
MAX_EMPTY = 4  # messages without content in front of one over TCP
MAX_ADDITIONAL = 2  # records of a query: EDNS and a signature
VERSION_AT, KIND_AT, LENGTH_AT = 1, 5, 6  # places in a TLS record: major version, message type, its length
DTLS_KIND_AT, SHORTEST_DTLS = 13, 25  # place of the message type; bytes of both headers
FRAME, SHORTEST_STREAM = 2, 13  # bytes of the length of a DNS message or an OpenVPN packet; of the latter, at least
SOCKS_4, SOCKS_5, CONNECT, SHORTEST_SOCKS = 4, 5, 1, 8
LOGIN_VERSION, PASSWORD = 1, 2  # of a SOCKS 5 login, and the method that it belongs to
MAX_METHODS = 16  # that a SOCKS 5 client offers, so that what follows them lies within PEEK
RESPONSE = 0x80  # flag in the third byte of a DNS message
WELL_KNOWN, EPHEMERAL = 1024, 32_768  # ports below are servers'; ports from there on are clients' (Linux)
LETTER_A, LETTERS, HYPHEN, UNDERSCORE, SPACE, SLASH = 0x41, 26, 0x2D, 0x5F, 0x20, 0x2F
SLASH_AT = 4  # where an HTTP response has it


NUMBERS = 65_536  # of ports, and of lengths of datagrams


def _table(values: Iterable[int], size: int, *, empty: bool = False) -> Mask:
    """Say of each number below `size` whether it is one of the values; `empty` where there are none."""
    listed = list(values)
    table = np.full(size, empty and not listed, np.bool_)
    table[listed] = True
    return table


_IS_LOCAL = _table(LOCAL_NAMES, NUMBERS)
_BEGINS_STREAM = _table(STREAM_FIRSTS, 256)
_PRETESTS = [
    (
        test.shortest,
        _table(test.firsts, 256, empty=True),
        _table(test.lengths, NUMBERS, empty=True),
        _table(test.ports, NUMBERS, empty=True),
    )
    for test in PRETESTS
]


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


def guess(capture: Capture, segments: Segments) -> NDArray[np.int8]:
    """Guess what each payload begins with, as `Guess` values: by its first bytes, those behind its end included.

    `segments.lead` is set where a message begins behind something else.
    """
    kinds = np.zeros(len(segments), np.int8)
    room = segments.stop - segments.at
    for rows, guesses in (
        (np.flatnonzero(segments.is_tcp & (room > 0)), _guess_stream),
        (np.flatnonzero(~segments.is_tcp), _guess_datagram),
    ):
        if len(rows):
            ports = segments.source_port[rows], segments.destination_port[rows]
            peek = capture.rows(segments.at[rows], PEEK)
            kinds[rows] = _first(guesses(peek, room[rows], ports))
            if guesses is _guess_stream:
                lead = leads(capture, segments.at[rows], room[rows], peek)
                _guess_behind(capture, segments, kinds, rows[lead > 0], lead[lead > 0])
    return kinds


def _first(guesses: list[tuple[Mask, Guess]]) -> NDArray[np.int8]:
    """Give the first guess that holds."""
    kinds = np.zeros(len(guesses[0][0]), np.int8)
    for holds, kind in reversed(guesses):
        kinds[holds] = kind
    return kinds


def _guess_behind(capture: Capture, segments: Segments, kinds: NDArray[np.int8], rows: Ints, lead: Ints) -> None:
    """Guess again where something may stand in front of a hello or a request; in place."""
    if not len(rows):
        return
    at = segments.at[rows] + lead
    peek, room = capture.rows(at, PEEK), segments.stop[rows] - at
    hello, request = _is_hello(peek, room), _is_method(peek, room)
    kinds[rows[request]], kinds[rows[hello]] = Guess.HTTP, Guess.TLS
    found = hello | request
    segments.lead[rows[found]] = lead[found]


def _guess_stream(peek: Bytes, room: Ints, ports: tuple[Ints, Ints]) -> list[tuple[Mask, Guess]]:
    """Guess of TCP segments that have a payload."""
    return [
        (_is_hello(peek, room), Guess.TLS),
        (_is_framed(peek, room, (ports[0] == DNS_PORT) | (ports[1] == DNS_PORT)), Guess.DNS),
        (_is_method(peek, room), Guess.HTTP),
        (_is_socks(peek, room), Guess.SOCKS),
        (_may_hide_stream(peek, room), Guess.HIDDEN),
    ]


def _guess_datagram(peek: Bytes, room: Ints, ports: tuple[Ints, Ints]) -> list[tuple[Mask, Guess]]:
    """Guess of UDP datagrams, empty ones among them."""
    source, to = ports
    response = (peek[:, 2] & RESPONSE) > 0
    query = _is_query(peek, room) & ~_IS_LOCAL[to] & ~_IS_LOCAL[source]
    quic = _is_quic(peek) & (room > SHORTEST_QUIC)
    is_asked = (room > 0) & (to == DNS_PORT) & ~response & ~(quic & (room >= SHORTEST_FIRST))
    return [
        (is_asked | query, Guess.DNS),
        ((to == SSDP_PORT) & _is_method(peek, room), Guess.HTTP),
        ((source == DNS_PORT) & response & (room > SHORTEST_QUERY), Guess.ANSWER),
        (quic, Guess.QUIC),
        (_is_datagram_hello(peek, room), Guess.DTLS),
        (_may_hide(peek[:, 0], room, ports), Guess.HIDDEN),
    ]


def answers(segments: Segments) -> Mask:
    """Say whether the ports are those of a server's answer to a client."""
    answer: Mask = (segments.source_port < WELL_KNOWN) & (segments.destination_port >= WELL_KNOWN)
    return answer


def _is_hello(peek: Bytes, room: Ints) -> Mask:
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


def _is_method(peek: Bytes, room: Ints) -> Mask:
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
    answers = (peek[rows, SLASH_AT] == SLASH) & (head[:, 2] != SPACE) & (room[rows] > SLASH_AT)
    first[rows] = letters.all(axis=1) & ends & ~answers
    return first


def _is_query(peek: Bytes, room: Ints) -> Mask:
    """Say whether this is the header of a plain DNS query, on whatever port: one question, no answers, no odd flags.

    Resolvers are run on other ports to pass by filters, so the port alone would miss them.
    """
    rows = np.flatnonzero((peek[:, 5] == 1) & (room >= SHORTEST_QUERY))
    answer = np.zeros(len(peek), np.bool_)
    head = peek[rows]
    zeros = (head[:, [4, 6, 7, 8, 9, 10]] == 0).all(axis=1)
    answer[rows] = zeros & ((head[:, 2] & 0xFE) == 0) & ((head[:, 3] & 0xCF) == 0) & (head[:, 11] <= MAX_ADDITIONAL)
    return answer


def _is_framed(peek: Bytes, room: Ints, asked: Mask) -> Mask:
    """Say which of the segments asked about may begin with a DNS message and its length (RFC 1035 section 4.2.2).

    The middle of one, which may come before its beginning, hardly ever has such a length and such counts. What is too
    short to tell may, unless the message were a long one.
    """
    rows = np.flatnonzero(asked)
    if len(rows):
        head, size = peek[rows], room[rows]
        for _ in range(MAX_EMPTY):  # what follows an empty message tells
            empty = (size > FRAME + COUNTS_END) & (head[:, 0] == 0) & (head[:, 1] == 0)
            if not empty.any():
                break
            head[empty, :-FRAME] = head[empty, FRAME:]
            size = np.where(empty, size - FRAME, size)
        length = head[:, 0].astype(np.int64) << 8 | head[:, 1]
        fits = (size < FRAME) | ((length >= DNS_HEADER) & ((length < LONG_MESSAGE) | (size >= COUNTS_END)))
        fits &= (size <= COUNTS_AT) | (head[:, COUNTS_AT] == 0)
        fits &= (size <= COUNTS_AT + 1) | (head[:, COUNTS_AT + 1] <= LIKELY_QUESTIONS)
        response = (head[:, FLAGS_AT] & RESPONSE) > 0
        for place in range(COUNTS_AT + 2, COUNTS_END, 2):
            fits &= (size <= place) | response | (head[:, place] == 0)
        asked[rows] = fits
    return asked


def _is_socks(peek: Bytes, room: Ints) -> Mask:
    """Say whether this may be the first message of a SOCKS client: a greeting (RFC 1928) or a request.

    A client that does not wait for the answer sends its request, or its login (RFC 1929), right behind the greeting.
    """
    request = (peek[:, 0] == SOCKS_4) & (peek[:, 1] == CONNECT) & (room > SHORTEST_SOCKS)
    rows = np.flatnonzero((peek[:, 0] == SOCKS_5) & (peek[:, 1] - 1 < MAX_METHODS))
    end = peek[rows, 1].astype(np.int64) + 2
    version, command, reserved = (peek[rows, end + place] for place in range(3))
    asks = (version == SOCKS_5) & (command == CONNECT) & (reserved == 0)
    logs_in = (version == LOGIN_VERSION) & (peek[rows, end - 1] == PASSWORD)
    request[rows] = (room[rows] == end) | ((room[rows] > end + 3) & (asks | logs_in))
    answer: Mask = request
    return answer


def _is_datagram_hello(peek: Bytes, room: Ints) -> Mask:
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


def _may_hide(first: Bytes, room: Ints, ports: tuple[Ints, Ints]) -> Mask:
    """Say whether datagrams may be what `vpn` knows, by the first bytes, the length and the ports."""
    found: Mask = (ports[0] == 0) & (ports[1] == 0)
    filled = room > 0
    length = np.clip(room, 0, NUMBERS - 1)
    for shortest, firsts, lengths, servers in _PRETESTS:
        fits = filled & firsts[first] & lengths[length] & (room >= shortest)
        found |= fits & (servers[ports[0]] | servers[ports[1]])
    return found


def _may_hide_stream(peek: Bytes, room: Ints) -> Mask:
    """Say the same of the first segments of streams."""
    found: Mask = _BEGINS_STREAM[peek[:, 0]] & (room > SHORTEST_STREAM)
    rows = np.flatnonzero(found)
    head = peek[rows]
    framed = ((head[:, 0].astype(np.int64) << 8) | head[:, 1]) == room[rows] - FRAME
    found[rows] = (framed & np.isin(head[:, FRAME], OPENVPN_FIRSTS)) | (head[:, 0] == STREAM_FIRSTS[-1])
    return found
