"""Lines of flows are found by their ids: never fewer than a look at every word of every line finds."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.logs import FlowFilter, load_formats
from shadowai.logs.values import flow_of

WORDS = st.text("CDaz09", min_size=1, max_size=6)
IDS = st.frozensets(WORDS, min_size=1, max_size=5)


def _naive(block: bytes, ids: frozenset[str], directives: tuple[bytes, ...] = ()) -> set[int]:
    starts, at = set(), 0
    for line in block.split(b"\n"):
        words = set(re.findall(rb"[0-9A-Za-z]+", line))
        if words & {one.encode() for one in ids} or line.startswith(directives or (b"\0",)):
            starts.add(at)
        at += len(line) + 1
    return starts


@given(st.lists(st.lists(WORDS, max_size=4), max_size=6), IDS, st.sampled_from(["\t", ",", " | "]))
def test_every_line_with_an_id_is_found(lines: list[list[str]], ids: frozenset[str], between: str) -> None:
    block = "\n".join(between.join(words) for words in lines).encode()
    found = FlowFilter(ids, load_formats()["zeek-conn"]).hits(block)
    assert len(found) == len(set(found))
    assert set(found) >= _naive(block, ids)
    lines_found = [block[start:].partition(b"\n")[0].decode() for start in found]
    assert all(any(one in line for one in ids) for line in lines_found)


@pytest.mark.parametrize("spelling", ['{"a":"x","uid":"%s"}', '{"uid": "%s", "b": 1}', r'{"m":"{\"uid\" : \"%s\"}"}'])
@given(words=st.lists(WORDS, max_size=6), ids=IDS)
def test_every_json_record_with_an_id_is_found(words: list[str], ids: frozenset[str], spelling: str) -> None:
    block = "".join(f"{spelling % word}\n" for word in words).encode()
    wanted = {at for at in _naive(block, ids) if re.search(rb"uid\W+(\w+)", block[at:])[1].decode() in ids}
    found = FlowFilter(ids, load_formats()["zeek-conn-json"]).hits(block)
    assert set(found) == wanted


def test_numbers_without_quotes_are_found() -> None:
    block = b'{"flow_id":1101733181037646,"x":1}\n{"flow_id": 1101733181037647}\n'
    suricata = load_formats()["suricata"]
    assert FlowFilter(["1101733181037647"], suricata).hits(block) == [35]
    assert FlowFilter([], suricata).hits(block) == []


def test_directives_are_never_missed() -> None:
    fmt = load_formats()["zeek-conn"]
    block = b"#fields\tts\tuid\nx\tCabc\ny\tCdef\n#fields\tuid\n"
    found = FlowFilter(["Cdef"], fmt).covering(fmt.directives)
    assert sorted(found.hits(block)) == [0, 22, 29]
    assert found.covering(fmt.directives) is found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CHhAvVGS1DHFjwGM9", "zeek:CHhAvVGS1DHFjwGM9"),
        ("", None),
        ("-", None),
        ("C1", None),
        ("C1@50001", "zeek:C1@50001"),
        ("C1@", None),
        ("C1@-", None),
        ("C1@500011", None),
        ("CHhAvVGS1DHFjwGM9@1", None),
        ("C" * 41, None),
        ("CHhAv VGS1DHFjwGM9", None),
        ("CHhAvVGS1DHFjwGé9", None),
    ],
)
def test_an_id_is_letters_and_digits(text: str, expected: str | None) -> None:
    assert flow_of("zeek", text) == expected
