"""The prefilter against a plain search of every line."""

import pickle
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowai.logs import Needle, Prefilter

NEEDLES = (Needle("openai.com"), Needle("claude.ai", at_end=True), Needle("gpt"), Needle(".ai", at_end=True))
PIECES = st.sampled_from(
    [
        b"openai.com",
        b"OpenAI.Com",
        b"claude.ai",
        b"CLAUDE.AI.",
        b".ai",
        b"gpt",
        b"openai",
        b".com",
        b":443",
        b"\xff",
        b"\n",
        b"\r\n",
        b" ",
        b".",
        b"-",
        b"x",
        b"/",
        b"(3)",
    ]
)


def reference(block: bytes, needles: tuple[Needle, ...]) -> list[int]:
    starts, at = [], 0
    for line in block.split(b"\n"):
        for needle in needles:
            end = rb"(?![a-z0-9-])(?!\.[a-z0-9-])(?!\([1-9])" if needle.at_end else b""
            if re.search(re.escape(needle.text.encode()) + end, line, re.IGNORECASE):
                starts.append(at)
                break
        at += len(line) + 1
    return starts


@given(st.lists(PIECES, max_size=60).map(b"".join))
@settings(max_examples=300)
def test_finds_the_lines_that_a_search_of_each_line_finds(block: bytes) -> None:
    assert Prefilter(NEEDLES).hits(block) == reference(block, NEEDLES)


@pytest.mark.parametrize(
    ("line", "hit"),
    [
        (b"x claude.ai", True),
        (b"x claude.ai:443", True),
        (b"x claude.ai. ", True),
        (b"x claude.ai.", True),
        (b"x claude.ai.evil.example", False),
        (b"x claude.aix", False),
        (b"x claude.ai-x", False),
        (b"x claude.ai/x", True),
        (b"x claude.ai\n", True),
        (b"x claude.ai.\n", True),
    ],
)
def test_at_end(*, line: bytes, hit: bool) -> None:
    assert bool(Prefilter([Needle("claude.ai", at_end=True)]).hits(line)) is hit


@pytest.mark.parametrize(
    ("needle", "line", "hit"),
    [
        (Needle("openai.com"), b"(3)api(6)openai(3)com(0)", True),
        (Needle("openai.com"), b"(6)OPENAI(3)COM(0)", True),
        (Needle("openai.com", at_end=True), b"(6)openai(3)com(0)", True),
        (Needle("openai.com", at_end=True), b"(6)openai(3)com(2)uk(0)", False),
        (Needle("openai.com", at_end=True), b"(6)openai(9)com-x-y-z(0)", False),
        (Needle("chat.gpt"), b"(4)chat(7)gpt-foo(3)com(0)", True),
        (Needle(".ai", at_end=True), b"(6)claude(2)ai(0)", True),
        (Needle("openai.com"), b".api.openai.com.", True),
        (Needle("gpt"), b"(7)chatgpt(3)com(0)", True),
        (Needle("openai.com"), b"(6)openai(2)co(0)", False),
    ],
)
def test_names_in_labels(*, needle: Needle, line: bytes, hit: bool) -> None:
    assert bool(Prefilter([needle], "dns-labels").hits(line)) is hit


@given(st.lists(st.text("abcdef0-", min_size=1, max_size=12), min_size=2, max_size=4))
def test_no_name_in_labels_is_missed(labels: list[str]) -> None:
    line = "".join(f"({len(label)}){label}" for label in labels).encode() + b"(0)"
    for at_end in (False, True):
        assert Prefilter([Needle(".".join(labels[1:]), at_end=at_end)], "dns-labels").hits(line) == [0]


NAMES = st.lists(st.sampled_from(["a", "ba", "aba", "", "b*", "*"]), min_size=1, max_size=4).map(".".join)
LABELS = st.lists(st.sampled_from(["a", "ba", "aba", "bab"]), min_size=1, max_size=4)
WRITTEN = st.one_of(
    LABELS.map(".".join), LABELS.map(lambda labels: "".join(f"({len(label)}){label}" for label in labels) + "(0)")
)


@pytest.mark.parametrize("spelling", ["plain", "dns-labels"])
@given(
    st.lists(st.builds(Needle, NAMES, at_end=st.booleans(), beside=st.sampled_from(["", "", "x"])), max_size=8),
    st.lists(st.tuples(WRITTEN, st.sampled_from(["", "-", ".", "a", " x"])), max_size=8),
)
@settings(max_examples=150)
def test_needles_left_out_are_found_by_others(
    spelling: str, needles: list[Needle], lines: list[tuple[str, str]]
) -> None:
    block = "\n".join(name + more for name, more in lines).encode()
    one_by_one = {start for needle in needles for start in Prefilter([needle], spelling).hits(block)}
    assert Prefilter(needles, spelling).hits(block) == sorted(one_by_one)


def test_survives_pickling() -> None:
    copy = pickle.loads(pickle.dumps(Prefilter(NEEDLES, "dns-labels", [b"#Fields:"])))  # noqa: S301  # made just here
    assert copy.needles == NEEDLES
    assert copy.hits(b"x\n(6)openai(3)com(0)\n#Fields: a") == [2, 21]


def test_covering_adds_directives_once() -> None:
    plain = Prefilter(NEEDLES)
    wider = plain.covering((b"#Fields:",))
    assert wider.hits(b"a\n#fields: b") == [2]
    assert wider.covering((b"#Fields:",)) is wider
    assert plain.covering(()) is plain


def test_without_needles_nothing_is_found() -> None:
    assert Prefilter([]).hits(b"openai.com") == []
    assert Prefilter([Needle("")]).hits(b"openai.com") == []
    assert Prefilter(NEEDLES).hits(b"") == []


def test_needles_may_hold_any_character() -> None:
    prefilter = Prefilter([Needle("a+b(c)[d]^\\"), Needle("münchen.example")])
    assert prefilter.hits(b"xa+b(c)[d]^\\x\nm\xc3\xbcnchen.example") == [0, 14]


def test_millions_of_hits_in_one_line_take_linear_time() -> None:
    block = b"openai.com" * 200_000
    begin = time.process_time()
    assert Prefilter(NEEDLES).hits(block) == [0]
    assert time.process_time() - begin < 5


@pytest.mark.parametrize(
    ("line", "hit"),
    [
        (b"x q.eu-west-1.amazonaws.com:443 y", True),
        (b"x (1)q(9)eu-west-1(9)amazonaws(3)com(0)", True),
        (b"x q.amazonaws.com y", False),
        (b"x q.a.b.amazonaws.com y", False),
        (b"x (1)q(9)amazonaws(3)com(0)", False),
    ],
)
def test_a_star_stands_for_a_part_of_one_label(line: bytes, hit: bool) -> None:  # noqa: FBT001  # pytest gives it by name
    assert bool(Prefilter([Needle("q.*.amazonaws.com")], "dns-labels").hits(line)) is hit


def test_json_may_escape_the_slash_of_a_needle() -> None:
    prefilter = Prefilter([Needle("claude.ai/api"), Needle("/v1/messages")])
    lines = [b'{"url":"claude.ai\\/api\\/x"}', b'{"uri":"\\/v1\\/messages"}', b"claude.ai/api", b"claude.ai-api"]
    data = b"\n".join(lines)
    assert [data[at:].split(b"\n")[0] for at in prefilter.hits(data)] == lines[:3]
