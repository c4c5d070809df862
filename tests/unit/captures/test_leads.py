"""What stands in front of a message in the same segment: empty lines, PROXY headers, TLS records of other types."""

from __future__ import annotations

import struct
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.captures.container import Capture
from shadowai.captures.leads import leads

if TYPE_CHECKING:
    from tests.conftest import Require
    from tests.unit.captures.conftest import Craft

PROXY_1 = b"PROXY TCP4 198.51.100.1 203.0.113.9 56324 443\r\n"
# The example of haproxy/doc/proxy-protocol.txt section 2.2: PROXY over TCP on IPv4.
PROXY_2 = (
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes([198, 51, 100, 1, 203, 0, 113, 9]) + struct.pack(">HH", 56324, 443)
)
CHANGE, ALERT, HEARTBEAT = b"\x14\3\3\0\1\1", b"\x15\3\1\0\2\1\0", b"\x18\3\1\0\3\1\0\0"
BEFORE_HELLO = {
    "change": CHANGE,
    "alert": ALERT,
    "heartbeat": HEARTBEAT,
    "alert-change": ALERT + CHANGE,
    "proxy-1": PROXY_1,
    "proxy-unknown": b"PROXY UNKNOWN\r\n",
    "proxy-2": PROXY_2,
}
BEFORE_REQUEST = {"line": b"\r\n", "lines": b"\r\n\n\r\n", "proxy-1": PROXY_1, "proxy-2": PROXY_2}
NOT_TSHARKS = ("proxy-2", "proxy-unknown")  # that tshark 4.0 does not step over
TSHARKS = [lead for name, lead in BEFORE_HELLO.items() if name not in NOT_TSHARKS]


@pytest.mark.parametrize("lead", BEFORE_HELLO.values(), ids=BEFORE_HELLO)
def test_a_hello_is_found_behind(craft: Craft, lead: bytes) -> None:
    stream = lead + craft.records(craft.hello("chat.example", padding=3000))
    assert craft.hosts([craft.tcp(stream, 1)]) == ["chat.example"]
    assert craft.hosts(craft.cut(stream, [len(lead) + 40, 900])) == ["chat.example"]
    assert craft.hosts(craft.cut(stream, [len(lead)])) == ["chat.example"]
    late = craft.cut(stream, [len(lead) + 300], start=2**32 - 10)
    assert craft.hosts(late[::-1]) == ["chat.example"]


@pytest.mark.parametrize("lead", BEFORE_REQUEST.values(), ids=BEFORE_REQUEST)
def test_a_request_is_found_behind(craft: Craft, lead: bytes) -> None:
    stream = lead + craft.request("one.example") + craft.request("two.example")
    assert craft.hosts([craft.tcp(stream, 1, (40000, 80))]) == ["one.example", "two.example"]


def test_tshark_finds_the_same(craft: Craft, require: Require) -> None:
    hello = craft.records(craft.hello("chat.example"))
    path = craft.pcap([craft.tcp(lead + hello, 1, (40000 + at, 443)) for at, lead in enumerate(TSHARKS)])
    field = "tls.handshake.extensions_server_name"
    command = [require("tshark"), "-n", "-r", str(path), "-T", "fields", "-e", field]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert shown == [each.host for each in craft.read(path)[0]]


def test_bytes_in_front_still_count(craft: Craft) -> None:
    stream = PROXY_1 + craft.records(craft.hello("chat.example"))
    (found,) = craft.read(craft.pcap([craft.tcp(stream, 1)]))[0]
    assert found.bytes_up == len(stream)


def test_a_line_end_between_segments_of_a_request_is_its_own(craft: Craft) -> None:
    stream = craft.request("chat.example", extra="A: b\r\nX-API-KEY: abcdef GHI\r\n")
    at = stream.index(b"\r\nX-API")
    assert craft.hosts(craft.cut(stream, [at], ports=(40000, 80))) == ["chat.example"]


@pytest.mark.parametrize(
    "stream",
    [
        b"PROXY " + b"1" * 200 + b"\r\n",
        PROXY_1,
        PROXY_2,
        PROXY_2[:-4],
        b"\r\n",
        b"\r\nnothing",
        ALERT,
        ALERT + b"\x17\3\3\0\5hello",
        CHANGE * 6,
    ],
)
def test_what_leads_nowhere_gives_nothing(craft: Craft, stream: bytes) -> None:
    found, tally = craft.read(craft.pcap([craft.tcp(stream, 1)]))
    assert [each.host for each in found if each.host] == []
    assert tally.skipped == {}


@given(st.lists(st.sampled_from([*BEFORE_HELLO.values(), *BEFORE_REQUEST.values(), b"P", b"\x14\3", b"x"]), max_size=9))
def test_leads_end_inside_the_payload(pieces: list[bytes]) -> None:
    payload = b"".join(pieces)
    capture = Capture(payload)
    at, room = np.zeros(1, np.int64), np.array([len(payload)])
    (size,) = leads(capture, at, room, capture.rows(at, 2)).tolist()
    assert size == 0 or size < len(payload)
