"""Names as text: as tshark writes them, whatever their bytes are."""

from __future__ import annotations

import random
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.captures.names import escape, host_of_name

if TYPE_CHECKING:
    from tests.conftest import Require
    from tests.unit.captures.conftest import Craft

DICE = random.Random(3)
# Without the dot, and the first bytes of forms that are longer than they may be: these are not read.
BYTES = [byte for byte in range(1, 256) if byte not in (0x2E, 0xC0, 0xC1, 0xE0, 0xF0, 0xF8, 0xFC)]
ODD = [
    b"caf\xe9",
    b"\xff\xfe",
    b"\xc3\xbc \xe2\x80\xae\xe2\x80\x8bx",
    b"\xf4\x90\x80\x80-\xf8\x88\x80\x80\x80-\xfc\x84\x80\x80\x80\x80",
    b"\xe2\x82-\xf0\x9f\x98\x80-\xf3\xa0\x80\x81",
    b"\x01\x7f\x1b[31m\ttab",
    "\u0665\u00a0\ue000".encode(),
    *(bytes(DICE.choice(BYTES) for _ in range(30)) for _ in range(20)),
    *(bytes(DICE.choice(BYTES[-60:]) for _ in range(60)) for _ in range(20)),
]


def test_names_are_written_as_tshark_writes_them(craft: Craft, require: Require) -> None:
    names = [label.decode("latin-1") + ".\xff.example" for label in ODD]
    path = craft.pcap([craft.udp(craft.query(name)) for name in names])
    command = [require("tshark"), "-n", "-r", str(path), "-T", "fields", "-e", "dns.qry.name"]
    shown = subprocess.run(command, check=True, capture_output=True).stdout.decode().split("\n")
    assert [name.lower() for name in shown[:-1]] == craft.hosts([craft.udp(craft.query(name)) for name in names])


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"A\x04b\n", "a\\004b\\n"),
        (b"\xff", "\ufffd"),
        (b"\xc3\xbc", "\u00fc"),
        (b"\xe2\x80\xae", "\\u202e"),
        (b"\xe2\x80\xa8", "\\u2028"),  # a line end, which tshark would leave as it is
        (b"\xf3\xa0\x80\x81", "\\u000e0001"),
    ],
)
def test_what_cannot_be_shown_is_escaped(raw: bytes, text: str) -> None:
    assert escape(raw) == text


def test_a_host_cannot_be_feigned_by_longer_forms_of_utf8() -> None:
    assert host_of_name(b"\xc1\xafpenai.example") == "\ufffdpenai.example"
    assert host_of_name(b"\xe0\x80\xaf\xed\xa0\x80") == "\ufffd\ufffd"


def test_a_name_in_utf8_comes_to_a_labels() -> None:
    assert host_of_name("B\u00fccher.example.".encode()) == "xn--bcher-kva.example"


@given(st.binary(max_size=80))
def test_any_bytes_can_be_written(raw: bytes) -> None:
    text = escape(raw)
    assert text.encode("utf-8").decode("utf-8") == text
    assert not any(char in text for char in "\n\r\x1b\0")
    assert len(text) <= 4 * len(raw)


@given(st.text(max_size=20))
def test_text_that_can_be_shown_stays(text: str) -> None:
    shown = "".join(char for char in text if char.isprintable())
    assert escape(shown.encode()) == shown.lower()
