"""dnstap: what name servers record of the questions they are asked, as protocol buffers in Frame Streams files.

Frame Streams (farsightsec/fstrm): each frame is its length (32 bits, big endian) and its bytes; length zero announces a
control frame, whose length follows; its first word is its type. The payload is `Dnstap` of dnstap.proto (dnstap.info),
read by hand: a dozen fields of four wire types (Protocol Buffers, "Encoding"), for which the protobuf library and its
generated code would be a dependency of every installation. A record's columns are the names of the proto's fields.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from shadowai.hosts import normalise_address
from shadowai.logs.columns import Columns, wanted_columns
from shadowai.logs.plan import Context, Plan
from shadowai.logs.schema import Format
from shadowai.logs.times import Clock
from shadowai.model import Observation, Skip

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from shadowai.model import Tally

CONTENT_TYPE = b"protobuf:dnstap.Dnstap"
START = 2  # control frame
MAX_FRAME = 1 << 20  # bytes; fstrm itself refuses longer ones
MAX_FIELDS = 64  # of one message
MAX_LABEL = 63
_TYPES = ("", "AUTH_QUERY", "AUTH_RESPONSE", "RESOLVER_QUERY", "RESOLVER_RESPONSE", "CLIENT_QUERY", "CLIENT_RESPONSE")
# Message.Type; those from 7 on are questions of other servers, of tools, and updates
_ACTIONS = ("", "NXDOMAIN", "NODATA", "PASS", "DROP", "TRUNCATE", "LOCAL_DATA")  # Policy.Action
_TYPE, _QUERY_ADDRESS, _RESPONSE_ADDRESS, _QUERY_PORT, _RESPONSE_PORT = 1, 4, 5, 6, 7
_QUERY_SECONDS, _QUERY_NANOSECONDS, _QUERY, _SECONDS, _NANOSECONDS, _RESPONSE, _POLICY = 8, 9, 10, 12, 13, 14, 15
_MESSAGE, _ACTION = 14, 3
_HEADER = 12  # bytes of a DNS message (RFC 1035 section 4.1.1)
Field = int | bytes


def _format(record: str) -> Format:
    return Format.model_validate(
        {
            "id": "dnstap",
            "vendor": "dnstap.info",
            "product": "dnstap in Frame Streams",
            "kind": "dns",
            "evidence": "dns",
            "document": "https://github.com/dnstap/dnstap.pb/blob/master/dnstap.proto",
            "syntax": {"engine": "dnstap"},
            "map": {
                "source_ip": "query_address",
                "source_port": "query_port",
                "destination_ip": "response_address",
                "destination_port": "response_port",
                "host": "name",
            },
            "time": [{"columns": "time", "as": "epoch"}],
            "records": [{"when": {"type": record}}],
            "verdicts": [{"when": {"policy": "NXDOMAIN|NODATA|DROP"}, "then": "denied"}],
        }
    )


DNSTAP = _format("CLIENT_QUERY")
"""The client's question counts, once; all other messages are the server's own traffic or the answers."""

RESPONSES = _format("CLIENT_RESPONSE")
"""The same where a server records responses only: they are the one trace of the questions."""


def recognise_dnstap(head: bytes) -> Format | None:
    """Tell a dnstap file from its first bytes: a START control frame that names the content type."""
    if not (head.startswith(b"\0\0\0\0") and CONTENT_TYPE in head[:512] and head[8:12] == START.to_bytes(4, "big")):
        return None
    types = {columns["type"] for columns in map(columns_of, (frame for _, frame in frames([(0, head)]))) if columns}
    return RESPONSES if "CLIENT_RESPONSE" in types and "CLIENT_QUERY" not in types else DNSTAP


class DnstapReader:
    """Reads the frames of one file. Their times name their zone: there is nothing to note."""

    def __init__(self, fmt: Format, *, name: str) -> None:
        self.format = fmt
        self.notes: set[str] = set()
        self._wanted = wanted_columns(fmt)
        self._plan = Plan(fmt, Columns(self._wanted, fmt), Context(name, Clock()))

    def parse(self, line: bytes, offset: int) -> Observation | Skip:
        """Read one frame that begins at a byte offset."""
        columns = columns_of(line)
        if columns is None:
            return Skip("bad-record", offset, broken=True)
        return self._plan.read([*(columns.get(name, "") for name in self._wanted), ""], offset)

    def read(self, blocks: Iterable[tuple[int, bytes]], tally: Tally) -> Iterator[Observation]:
        """Read the frames of a file, given in blocks from its start, and count them."""
        for offset, frame in frames(blocks):
            result = Skip("truncated", offset, broken=True) if frame is None else self.parse(frame, offset)
            tally.records += 1
            if isinstance(result, Skip):
                tally.skip(result)
            else:
                tally.see(result.time)
                yield result


def frames(blocks: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes | None]]:
    """Give the data frames and where they begin; None for one that is cut off or longer than a frame may be."""
    rest, start = b"", 0
    for offset, block in blocks:
        start = start if rest else offset
        data, at = rest + block, 0
        while at + 8 <= len(data):
            length = int.from_bytes(data[at : at + 4], "big")
            is_control = length == 0
            begin = at + 8 if is_control else at + 4
            length = length or int.from_bytes(data[at + 4 : at + 8], "big")
            if length > MAX_FRAME:
                yield start + at, None
                return
            if begin + length > len(data):
                break
            if not is_control:
                yield start + at, data[begin : begin + length]
            at = begin + length
        rest, start = data[at:], start + at
    if rest:
        yield start, None


def columns_of(frame: bytes | None) -> dict[str, str] | None:
    """Read a payload to columns; None where it is no Dnstap message, or is damaged."""
    try:
        message = _fields(frame or b"").get(_MESSAGE)
        if not isinstance(message, bytes):
            return None
        fields = _fields(message)
        policy = fields.get(_POLICY)
        action = _fields(policy).get(_ACTION) if isinstance(policy, bytes) else None
        wire = fields.get(_QUERY) or fields.get(_RESPONSE)
        return {
            "type": _word(fields.get(_TYPE), _TYPES),
            "query_address": _address(fields.get(_QUERY_ADDRESS)),
            "response_address": _address(fields.get(_RESPONSE_ADDRESS)),
            "query_port": _text(fields.get(_QUERY_PORT)),
            "response_port": _text(fields.get(_RESPONSE_PORT)),
            "time": _time(fields, _QUERY_SECONDS, _QUERY_NANOSECONDS) or _time(fields, _SECONDS, _NANOSECONDS),
            "name": _question(wire) if isinstance(wire, bytes) else "",
            "policy": _word(action, _ACTIONS),
        }
    except (ValueError, IndexError, struct.error):
        return None


def _fields(data: bytes) -> dict[int, Field]:
    """Read the fields of a message by number, the last of equal ones; ValueError for what is none."""
    found: dict[int, Field] = {}
    at = count = 0
    while at < len(data):
        count += 1
        key, at = _varint(data, at)
        kind = key & 7
        value: Field
        if kind == 0:
            value, at = _varint(data, at)
        elif kind in {1, 5}:
            size = 8 if kind == 1 else 4
            value = int.from_bytes(_slice(data, at, size), "little")
            at += size
        elif kind == 2:  # noqa: PLR2004  # the wire types of Protocol Buffers
            length, at = _varint(data, at)
            value = _slice(data, at, length)
            at += length
        else:
            raise ValueError(kind)
        if count > MAX_FIELDS:
            raise ValueError(count)
        found[key >> 3] = value
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004  # the continuation bit
            return value, at
    raise ValueError(at)


def _slice(data: bytes, at: int, length: int) -> bytes:
    if at + length > len(data):
        raise ValueError(length)
    return data[at : at + length]


def _number(value: Field | None) -> int | None:
    return value if isinstance(value, int) else None


def _word(value: Field | None, words: Sequence[str]) -> str:
    return words[value] if isinstance(value, int) and value < len(words) else ""


def _text(value: Field | None) -> str:
    return str(value) if isinstance(value, int) else ""


def _address(value: Field | None) -> str:
    if not isinstance(value, bytes):
        return ""
    if len(value) == len(b"IPv4"):
        return ".".join(map(str, value))
    pairs = ":".join(f"{value[at]:02x}{value[at + 1]:02x}" for at in range(0, len(value) - 1, 2))
    return normalise_address(pairs) or ""


def _time(fields: dict[int, Field], seconds: int, nanoseconds: int) -> str:
    whole, part = _number(fields.get(seconds)), _number(fields.get(nanoseconds)) or 0
    return f"{whole}.{part:09d}" if whole else ""


def _question(wire: bytes) -> str:
    """Give the name of the first question (RFC 1035 section 4.1.2), which has nothing to be compressed to."""
    if len(wire) < _HEADER or struct.unpack_from(">H", wire, 4)[0] == 0:
        return ""
    labels = []
    at = _HEADER
    while length := wire[at]:
        if length > MAX_LABEL:
            raise ValueError(length)
        labels.append(_slice(wire, at + 1, length).decode("latin-1"))
        at += 1 + length
    return ".".join(labels)
