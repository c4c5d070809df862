"""DNS queries (RFC 1035), from UDP datagrams and from TCP streams (RFC 7766 section 8).

Contract of the readers: the value, None where bytes are missing still, ValueError where it is no DNS message.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import dns.exception
import dns.message
import dns.name

from shadowai.hosts import is_address, normalise_host

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = 12  # bytes
LENGTH = 2  # bytes in front of a message in a TCP stream
RESPONSE = 0x8000  # flag
MAX_OPCODE = 6  # RFC 8490
MIN_QUESTION = 5  # bytes: a root name, type and class
TYPE_AND_CLASS = 4  # bytes
MAX_QUESTIONS = 256  # read of one message; real ones have one
MAX_LABEL = 63  # bytes
MAX_NAME = 255  # bytes of a name with its lengths


def read_questions(message: bytes) -> list[bytes]:
    """Give the names asked for, labels joined by dots, without the last dot; nothing for a response.

    Where the message ends in the middle of its questions, the names before are given; ValueError where it is no DNS
    message at all.
    """
    if len(message) < HEADER:
        error = "shorter than a DNS header"
        raise ValueError(error)
    flags, count = struct.unpack_from(">HH", message, 2)
    if flags & RESPONSE:
        return []
    is_padded = count * MIN_QUESTION > len(message) - HEADER
    if (flags >> 11) & 15 > MAX_OPCODE or (is_padded and not _is_host(plain_name(message))):
        error = "not a DNS query"
        raise ValueError(error)
    plain = plain_name(message) if count == 1 or is_padded else None
    return _names(message, count) if plain is None else [plain]


def _is_host(name: bytes | None) -> bool:
    """Say whether a name is a host's beyond doubt, so that a damaged message around it is a query all the same."""
    host = normalise_host(name.decode("latin-1")) if name else None
    return host is not None and "." in host and not is_address(host)


def is_response(message: bytes) -> bool:
    """Say whether a message is a response, as far as its header says so."""
    return len(message) >= HEADER and bool(int.from_bytes(message[2:4], "big") & RESPONSE)


def is_plain_query(message: bytes) -> bool:
    """Say whether a message met on an unusual port is a DNS query beyond doubt: sound to its end, for a host name."""
    try:
        query = dns.message.from_wire(message)
    except (dns.exception.DNSException, ValueError):
        return False
    return len(query.question) == 1 and _is_host(query.question[0].name.to_text().encode())


def plain_name(message: bytes) -> bytes | None:
    """Read the one question's name where it is written out; None where it is not, or anything is wrong with it."""
    labels: list[bytes] = []
    at = HEADER
    try:
        while length := message[at]:
            if length > MAX_LABEL:
                return None
            labels.append(message[at + 1 : at + 1 + length])
            at += 1 + length
    except IndexError:
        return None
    if at - HEADER >= MAX_NAME or at + 1 + TYPE_AND_CLASS > len(message):
        return None
    return b".".join(labels)


def _names(message: bytes, count: int) -> list[bytes]:
    """Read the question names; dnspython follows pointers backwards only, and not by recursion."""
    names: list[bytes] = []
    at = HEADER
    for _ in range(min(count, MAX_QUESTIONS)):
        try:
            name, used = dns.name.from_wire(message, at)
        except dns.exception.DNSException:
            break
        at += used + TYPE_AND_CLASS
        if at > len(message):
            break
        names.append(b".".join(name.labels[:-1]))
    if count and not names:
        error = "a DNS question that cannot be read"
        raise ValueError(error)
    return names


class MessageReader:
    """Cuts a TCP stream into DNS messages as its bytes come in."""

    def __init__(self) -> None:
        self._input = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take the next bytes of the stream; give the messages now whole. ValueError where a length cannot be."""
        self._input += data
        at = 0
        try:
            while len(self._input) - at >= LENGTH:
                (length,) = struct.unpack_from(">H", self._input, at)
                if not length:  # an empty message, with which some clients keep their connection alive
                    at += LENGTH
                    continue
                if length < HEADER:
                    error = "no DNS message is that short"
                    raise ValueError(error)
                if len(self._input) - at < LENGTH + length:
                    return
                yield bytes(self._input[at + LENGTH : at + LENGTH + length])
                at += LENGTH + length
        finally:
            del self._input[:at]

    def give_up(self) -> bytes | None:
        """Give what there is of a message whose end was not captured; None where not even its header is."""
        begun = bytes(self._input[LENGTH:])
        return begun if len(begun) >= HEADER else None

    def held(self) -> int:
        """Count the bytes kept: none where no message has begun."""
        return len(self._input)
