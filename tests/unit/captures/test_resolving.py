"""DNS datagrams read a block at once come to what they come to packet by packet."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shadowai.captures import read, resolving
from shadowai.model import Tally

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from shadowai.model import Observation
    from tests.unit.captures.conftest import Craft

PUBLIC = "93.184.215.14"
NAMES = ("chat.example", "CHAT.example", "quiet.example", "a.quiet.example", "")


def of_interest(seen: Observation) -> bool:
    return seen.host is not None and seen.host.startswith("chat")


def question(name: str, count: int = 1, more: bytes = b"", flags: int = 0x0100) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label)
    return struct.pack(">6H", 7, flags, count, 0, 0, 0) + labels + b"\0\0\1\0\1" + more


def answer(name: str, records: list[bytes]) -> bytes:
    return (
        question(name, 1, b"".join(records), 0x8180)[:6]
        + struct.pack(">H", len(records))
        + question(name, 1, b"".join(records))[8:]
    )


A = b"\xc0\x0c\0\1\0\1" + struct.pack(">IH", 60, 4) + socket.inet_aton(PUBLIC)
ALIAS = b"\xc0\x0c\0\5\0\1" + struct.pack(">IH", 60, 6) + b"\4edge\0"
EDGE = b"\4edge\0\0\1\0\1" + struct.pack(">IH", 9, 4) + socket.inet_aton(PUBLIC)
HTTPS = b"\xc0\x0c\0\x41\0\1" + struct.pack(">IH", 60, 3) + b"\0\1\0"
BROKEN = b"\xc0\x0c\0\1\0\1" + struct.pack(">IH", 60, 3) + b"abc"
EDNS = b"\0\0\x29\x10\0\0\0\0\0\0\0"

MESSAGES = st.one_of(
    st.builds(question, st.sampled_from(NAMES), st.sampled_from([0, 1, 1, 1, 2]), st.sampled_from([b"", EDNS, b"\0"])),
    st.just(question("chat.example").replace(b"chat", b"ch\0t")),  # a zero that ends no name
    st.just(question("quiet.example").replace(b"quiet", b"qu\0et")),
    st.just(b"\0" * 9),
    st.builds(answer, st.sampled_from(NAMES), st.lists(st.sampled_from([A, ALIAS, EDGE, HTTPS, BROKEN]), max_size=3)),
)


def outcome(path: Path, *, whole: bool) -> tuple[list[Observation], Tally]:
    tally = Tally()
    found = list(read(path, name="x", tally=tally, concerns=None if whole else of_interest))
    return [seen for seen in found if of_interest(seen)], tally


@given(st.lists(MESSAGES, max_size=12))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_of_interest_is_the_same_either_way(craft: Craft, messages: list[bytes]) -> None:
    frames = [
        craft.udp(message, (53, 40000), source="192.0.2.53", destination="192.0.2.10")
        if message[2:3] >= b"\x80"
        else craft.udp(message, (40000, 53), source="192.0.2.10", destination="192.0.2.53")
        for message in messages
    ]
    flow = [craft.tcp(b"\x17\3\3\0\5hello", 9, (40000, 443), source="192.0.2.10", destination=PUBLIC)]
    path = craft.pcap(frames + flow + frames)
    assert outcome(path, whole=False) == outcome(path, whole=True)


def test_questions_without_end_are_not_remembered(craft: Craft, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "MAX_KNOWN", 3)
    frames = [craft.udp(craft.query(f"{name}{number}.example")) for number in range(9) for name in ("chat", "quiet")]
    found, tally = outcome(craft.pcap(frames * 2), whole=False)
    assert [seen.host for seen in found] == [f"chat{number}.example" for number in range(9)] * 2
    assert (tally.records, tally.parsed) == (36, 36)
