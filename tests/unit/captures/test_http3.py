"""HTTP/3 streams in any order and of any content; the truth is what aioquic's own encoder was given."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pylsqpack import Encoder

from shadowai.captures import http3
from shadowai.captures.exchanges import Ends, Seen
from shadowai.captures.http3 import Connection, Piece

if TYPE_CHECKING:
    from shadowai.captures.exchanges import Exchange

SEEN = Seen(1, 0, Ends("192.0.2.10", 40000, "203.0.113.5", 443))
CAPACITY = 4096


def varint(number: int) -> bytes:
    """RFC 9000 section 16, in eight bytes."""
    return (3 << 62 | number).to_bytes(8, "big")


def frame(kind: int, body: bytes) -> bytes:
    return varint(kind) + varint(len(body)) + body


def settings(capacity: int) -> Piece:
    """The server's control stream, which allows the client a dynamic table."""
    return Piece(3, 0, varint(0) + frame(4, varint(1) + varint(capacity) + varint(7) + varint(100)), is_client=False)


@dataclass
class Client:
    """Encodes requests with a dynamic table, as pieces of streams."""

    encoder: Encoder = field(default_factory=Encoder)
    instructed: int = 0
    pieces: list[Piece] = field(default_factory=list)

    def begin(self) -> None:
        self.instruct(varint(2) + self.encoder.apply_settings(CAPACITY, 100))

    def instruct(self, data: bytes) -> None:
        if data:
            self.pieces.append(Piece(6, self.instructed, data, is_client=True))
            self.instructed += len(data)

    def ask(self, stream: int, path: str, body: int) -> None:
        fields = [(":method", "POST"), (":authority", "a.example"), (":path", path), ("user-agent", "agent/3")]
        instructions, block = self.encoder.encode(stream, [(k.encode(), v.encode()) for k, v in fields])
        self.instruct(instructions)
        data = frame(1, block) + frame(0, bytes(body)) + frame(1, self.trailers(stream))
        half = len(data) // 2
        self.pieces += [Piece(stream, at, data[at : at + half + 1], is_client=True) for at in (0, half + 1)]

    def trailers(self, stream: int) -> bytes:
        instructions, block = self.encoder.encode(stream, [(b"x-sum", b"1")])
        self.instruct(instructions)
        return bytes(block)


def feed(connection: Connection, pieces: list[Piece]) -> list[Exchange]:
    early = [exchange for piece in pieces for exchange in connection.feed(piece, SEEN)]
    return [*early, *connection.finish()]


def made() -> list[Piece]:
    client = Client()
    client.begin()
    for number in range(6):
        client.ask(4 * number, f"/{number}", 100 * number)
    return client.pieces


@pytest.mark.parametrize("seed", range(12))
def test_the_order_of_packets_does_not_matter(seed: int) -> None:
    pieces = made()
    random.Random(seed).shuffle(pieces)
    connection = Connection()
    found = feed(connection, [settings(CAPACITY), *pieces, *pieces[:5]])
    assert sorted((one.path, one.user_agent, one.up) for one in found) == [
        (f"/{number}", "agent/3", 100 * number) for number in range(6)
    ]
    assert (connection.unreadable, connection.dropped) == (0, 0)


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 1 << 62), st.binary(max_size=60), st.booleans())))
def test_random_bytes_are_read_or_counted(parts: list[tuple[int, int, bytes, bool]]) -> None:
    connection = Connection()
    for exchange in feed(connection, [Piece(*part) for part in parts]):
        assert exchange.host


@given(st.data())
def test_damaged_streams_are_read_or_counted(data: st.DataObject) -> None:
    pieces = [settings(CAPACITY), *made()]
    at = data.draw(st.integers(0, len(pieces) - 1))
    content = bytearray(pieces[at].data)
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    pieces[at] = pieces[at]._replace(data=bytes(content))
    assert len(feed(Connection(), pieces)) <= 6


def test_a_gap_inside_a_body_loses_nothing() -> None:
    client = Client()
    client.ask(0, "/up", 100_000)
    whole = b"".join(piece.data for piece in client.pieces)
    pieces = [Piece(0, at, whole[at : at + 1000], is_client=True) for at in range(0, len(whole), 1000)]
    (found,) = feed(Connection(), pieces[:20] + pieces[50:])
    assert found.up == 100_000


def test_a_body_that_was_only_announced_counts_as_far_as_it_was_seen() -> None:
    block = Encoder().encode(0, [(b":method", b"PUT"), (b":authority", b"a.example")])[1]
    begun = frame(1, block) + varint(0) + varint(1 << 61)
    (found,) = feed(Connection(), [Piece(0, 0, begun + bytes(70), is_client=True)])
    assert found.up == 70


def test_header_blocks_whose_table_never_came_are_counted() -> None:
    pieces = made()
    connection = Connection()
    kept = [piece for piece in pieces if piece.stream != 6]
    found = feed(connection, [settings(CAPACITY), *kept])
    assert len(found) + connection.unreadable >= 6
    assert connection.unreadable > 0


def test_a_header_block_that_unfolds_beyond_measure_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http3, "MAX_UNFOLDED", 100)
    connection = Connection()
    assert feed(connection, [settings(CAPACITY), *made()]) == []
    assert connection.unreadable >= 6


def test_too_much_ahead_or_too_many_streams_is_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http3, "MAX_AHEAD", 50)
    monkeypatch.setattr(http3, "MAX_STREAMS", 2)
    connection = Connection()
    ahead = [Piece(0, 1 + at, bytes(20), is_client=True) for at in range(5)]
    one_way = [Piece(2 + 4 * number, 0, varint(9), is_client=True) for number in range(80)]
    assert feed(connection, ahead + one_way) == []
    assert connection.dropped == 3 + 16
    client = Client()
    for number in range(5):
        client.ask(4 * number, f"/{number}", number)
    found = feed(Connection(), client.pieces)
    assert [(one.path, one.up) for one in found] == [(f"/{number}", number) for number in range(5)]


def test_a_header_block_without_end_is_given_up() -> None:
    connection = Connection()
    pieces = [Piece(0, 0, varint(1) + varint(1 << 40), is_client=True), Piece(0, 16, bytes(99), is_client=True)]
    assert feed(connection, pieces) == []
    assert connection.unreadable == 1
