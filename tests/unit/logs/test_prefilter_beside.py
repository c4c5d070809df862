"""Needles that count only beside another text of the same line, against a plain search of every line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowai.logs import Needle, Prefilter

NEEDLES = (Needle("/api", beside="11434"), Needle("/v1", beside="8000"), Needle("claude.ai", at_end=True))
PIECES = st.sampled_from(
    [b"/api", b"/API", b"/v1", b"11434", b":11434", b"8000", b"claude.ai", b"x", b" ", b"\n", b"\r\n", b"\xff", b"114"]
)


def _expected(block: bytes) -> list[int]:
    starts, at = [], 0
    for line in block.lower().split(b"\n"):
        pairs = ((b"/api", b"11434"), (b"/v1", b"8000"))
        ends = (line[found + 9 : found + 10] for found in range(len(line)) if line.startswith(b"claude.ai", found))
        host = any(not end.isalnum() or not end.isascii() for end in ends)
        if host or any(one in line and other in line for one, other in pairs):
            starts.append(at)
        at += len(line) + 1
    return starts


@given(st.lists(PIECES, max_size=50).map(b"".join))
@settings(max_examples=300)
def test_it_finds_what_a_search_of_each_line_finds(block: bytes) -> None:
    assert Prefilter(NEEDLES).hits(block) == _expected(block)


@pytest.mark.parametrize(
    ("line", "hit"),
    [
        (b"GET http://10.0.0.5:11434/api/chat", True),
        (b"dpt=11434 request=/api/chat", True),
        (b"request=/api/chat dpt=11434", True),
        (rb"{\"url\":\"\/api\",\"port\":11434}", True),
        (b"GET http://10.0.0.5/api/chat", False),
        (b"GET http://10.0.0.5:11434/", False),
        (b"/api\n11434", False),
    ],
)
def test_both_stand_in_one_line_in_any_order(*, line: bytes, hit: bool) -> None:
    assert bool(Prefilter([Needle("/api", beside="11434")]).hits(line)) is hit
