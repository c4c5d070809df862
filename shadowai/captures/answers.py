"""DNS answers (RFC 1035, RFC 2181, RFC 9460): which addresses a name stood for, and whether its hellos are encrypted.

It runs on every response in a resolver's capture, so the wire is read directly; names are followed by a loop, and only
backwards, so that a chain of pointers ends.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

HEADER = 12  # bytes
IN = 1  # class
A, CNAME, AAAA, SVCB, HTTPS = 1, 5, 28, 64, 65  # record types
QUESTION_END = 4  # bytes behind a question's name: type and class
MAX_RECORDS = 512  # read of one message
MAX_HOPS = 128  # pointers followed for one name; a name has fewer labels
MAX_NAME = 255  # bytes of a name on the wire
POINTER, RESERVED = 0xC0, 0x40  # the two upper bits of a label's length
MAX_TTL = 0x7FFFFFFF  # seconds; what is above counts as 0 (RFC 2181 section 8)
ECH_VERSION = 0xFE0D  # of an ECHConfig (RFC 9849 section 4)
ADDRESS_BYTES = {A: 4, AAAA: 16}
_ALPN, _IPV4_HINT, _ECH, _IPV6_HINT = 1, 4, 5, 6  # keys of a service binding (RFC 9460 section 14.3.2)
RESPONSE, OPCODE_AND_RCODE = 0x8000, 0x780F  # flags
_FLAGS = struct.Struct(">HHH")
_RECORD = struct.Struct(">HHIH")
TO_QUESTION = POINTER << 8 | HEADER


class Service(NamedTuple):
    """An HTTPS or SVCB record: `target` is empty where it is the owner itself, `hints` are packed addresses.

    `has_ech` says that it carries keys for encrypted hellos, `public_names` the outer names that go with them, in lower
    case.
    """

    priority: int
    target: bytes
    alpn: tuple[bytes, ...]
    hints: tuple[bytes, ...]
    has_ech: bool
    public_names: tuple[bytes, ...]


class Answer(NamedTuple):
    """What a response says of the one name it was asked for; names are in lower case, labels joined by dots.

    `chain` are the names it is an alias of, in turn, `addresses` are packed, `ttl` is the smallest of all the records
    used, in seconds. `whole` is False where the message was cut short, so that there may be more.
    """

    name: bytes
    kind: int
    chain: tuple[bytes, ...]
    addresses: tuple[bytes, ...]
    ttl: int
    services: tuple[Service, ...]
    whole: bool


class _Records:
    """The records of an answer section that are of use, before it is known which belong to the name."""

    def __init__(self) -> None:
        self.aliases: dict[bytes, tuple[bytes, int]] = {}
        self.addresses: list[tuple[bytes, bytes, int]] = []
        self.services: list[tuple[bytes, Service, int]] = []
        self.whole = True


def read_answer(message: bytes) -> Answer | None:
    """Read a DNS response; None where it is a query, an error, or tells nothing of its one name.

    ValueError where it is no DNS message, or a broken one.
    """
    if len(message) < HEADER:
        error = "shorter than a DNS header"
        raise ValueError(error)
    flags, questions, count = _FLAGS.unpack_from(message, 2)
    if not flags & RESPONSE or flags & OPCODE_AND_RCODE or questions != 1 or not count:
        return None
    known: dict[int, bytes] = {}
    try:
        name, at = _name(message, HEADER, known)
        kind = message[at] << 8 | message[at + 1]
    except IndexError:
        error = "a DNS question that cannot be read"
        raise ValueError(error) from None
    return _assemble(name, kind, _read_records(message, at + QUESTION_END, count, known))


def _read_records(message: bytes, at: int, count: int, known: dict[int, bytes]) -> _Records:
    records = _Records()
    records.whole = count <= MAX_RECORDS
    for _ in range(min(count, MAX_RECORDS)):
        try:
            owner, at = _name(message, at, known)
            kind, family, ttl, length = _RECORD.unpack_from(message, at)
        except (IndexError, struct.error):
            records.whole = False
            break
        start = at + 10
        at = start + length
        if at > len(message):
            records.whole = False
            break
        if family == IN:
            _keep(message, (owner, kind, ttl if ttl <= MAX_TTL else 0), (start, at), (records, known))
    return records


def _keep(
    message: bytes, record: tuple[bytes, int, int], place: tuple[int, int], into: tuple[_Records, dict[int, bytes]]
) -> None:
    owner, kind, ttl = record
    start, end = place
    records, known = into
    size = ADDRESS_BYTES.get(kind)
    if size is not None:
        if end - start != size:
            error = "a DNS address of a wrong length"
            raise ValueError(error)
        records.addresses.append((owner, message[start:end], ttl))
    elif kind == CNAME:
        try:
            records.aliases.setdefault(owner, (_name(message, start, known)[0], ttl))
        except IndexError:
            error = "a DNS name runs over its message's end"
            raise ValueError(error) from None
    elif kind in (HTTPS, SVCB):
        records.services.append((owner, _service(message, start, end), ttl))


def _assemble(name: bytes, kind: int, records: _Records) -> Answer | None:
    """Follow the aliases from the name, and take the records of the names met."""
    ttls: list[int] = []
    names = {name: None}  # in order
    current = name
    while (alias := records.aliases.get(current)) is not None:
        current = alias[0]
        if current in names:
            break
        names[current] = None
        ttls.append(alias[1])
    addresses = [(packed, ttl) for owner, packed, ttl in records.addresses if owner in names]
    services = [(service, ttl) for owner, service, ttl in records.services if owner in names]
    ttls += [ttl for _, ttl in addresses]
    ttls += [ttl for _, ttl in services]
    if not ttls:
        return None
    return Answer(
        name,
        kind,
        tuple(names)[1:],
        tuple(packed for packed, _ in addresses),
        min(ttls),
        tuple(service for service, _ in services),
        records.whole,
    )


def _name(message: bytes, at: int, known: dict[int, bytes]) -> tuple[bytes, int]:
    """Read a name; give it and where it ends. IndexError past the end, ValueError where it is no name.

    Each pointer must lead further back than all before it; names that were read are `known` by where they began.
    """
    start = floor = at
    labels: list[bytes] = []
    end, hops = 0, 0
    while length := message[at]:
        if length < RESERVED:
            stop = at + 1 + length
            labels.append(message[at + 1 : stop])
            at = stop
            continue
        target = (length & 0x3F) << 8 | message[at + 1]
        hops += 1
        if length < POINTER or target >= floor or hops > MAX_HOPS:
            error = "a DNS name that cannot be followed"
            raise ValueError(error)
        end = end or at + 2
        at = floor = target
        if (rest := known.get(target)) is not None:
            labels += [rest] if rest else []
            break
    else:
        end = end or at + 1
    name = labels[0].lower() if len(labels) == 1 else b".".join(labels).lower()
    if len(name) + 2 > MAX_NAME:
        error = "a DNS name that is too long"
        raise ValueError(error)
    known[start] = name
    return name, end


def _service(message: bytes, start: int, end: int) -> Service:
    """Read the data of a service binding (RFC 9460 section 2.2)."""
    data = message[start:end]
    try:
        target, at = _name(data, 2, {})
    except IndexError:
        error = "a service binding without a target"
        raise ValueError(error) from None
    values: dict[int, bytes] = {}
    while at < len(data):
        stop = at + 4 + int.from_bytes(data[at + 2 : at + 4], "big")
        if stop > len(data):
            error = "a service parameter runs over its record's end"
            raise ValueError(error)
        values[int.from_bytes(data[at : at + 2], "big")] = data[at + 4 : stop]
        at = stop
    ipv4, ipv6 = values.get(_IPV4_HINT, b""), values.get(_IPV6_HINT, b"")
    hints = [ipv4[place : place + 4] for place in range(0, len(ipv4) - 3, 4)]
    hints += [ipv6[place : place + 16] for place in range(0, len(ipv6) - 15, 16)]
    return Service(
        priority=int.from_bytes(data[:2], "big"),
        target=target,
        alpn=tuple(_strings(values.get(_ALPN, b""))),
        hints=tuple(hints),
        has_ech=_ECH in values,
        public_names=public_names(values.get(_ECH, b"")),
    )


def _strings(data: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(data):
        found.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    return found


def public_names(configs: bytes) -> tuple[bytes, ...]:
    """Give the public names of an ECHConfigList (RFC 9849 section 4), in lower case; of a broken one, those before."""
    names: list[bytes] = []
    at = 2
    while at + 4 <= len(configs):
        version, length = struct.unpack_from(">HH", configs, at)
        at += 4 + length
        name = _public_name(configs[at - length : at]) if version == ECH_VERSION else b""
        if name and name not in names:
            names.append(name)
    return tuple(names)


def _public_name(config: bytes) -> bytes:
    """Give the public name of one ECHConfig: behind its id, KEM, public key, cipher suites and longest name."""
    at = 3
    for _ in range(2):
        at += 2 + int.from_bytes(config[at : at + 2], "big")
    at += 1
    size = int.from_bytes(config[at : at + 1], "big")
    name = config[at + 1 : at + 1 + size]
    return name.lower() if len(name) == size else b""
