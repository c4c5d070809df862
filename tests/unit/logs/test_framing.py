"""Records that are not lines: pretty JSON, arrays, envelopes, XML elements, quoted line ends; whatever the blocks."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.logs.framing import MAX_RECORD, amid_text, fold, nesting

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from(['"', "\\", "}{][", "\n"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(st.text(max_size=5), VALUES, max_size=4), max_size=5)


def folded(data: bytes, framing: str, size: int = 1 << 20) -> list[bytes]:
    """Fold a file read in blocks of some size, and check that no byte has moved."""
    blocks = [(at, data[at : at + size]) for at in range(0, len(data), size)]
    at, parts = 0, []
    for offset, block in fold(blocks, framing):
        assert offset == at
        at += len(block)
        parts.append(block)
    assert at == len(data)
    return parts


def lines_of(data: bytes, framing: str, size: int = 1 << 20) -> list[bytes]:
    return [line for block in folded(data, framing, size) for line in block.split(b"\n") if line.strip()]


def objects_of(data: bytes, framing: str, size: int) -> list[Any]:
    return [json.loads(line) for line in lines_of(data, framing, size)]


WAYS = {
    "json:1": lambda records, indent: "\n".join(json.dumps(record, indent=indent) for record in records),
    "json:2": lambda records, indent: json.dumps(records, indent=indent),
    "json:3": lambda records, indent: json.dumps(
        {"count": len(records), "meta": {"x": []}, "Records": records}, indent=indent
    ),
    "json:4": lambda records, indent: json.dumps(
        {"took": 1, "hits": {"total": {"value": 7}, "hits": records}}, indent=indent
    ),
}


@pytest.mark.parametrize("framing", WAYS)
@given(records=OBJECTS, indent=st.sampled_from([None, 0, 2]), size=st.integers(1, 80))
def test_objects_come_back_whatever_the_blocks(
    *, framing: str, records: list[dict[str, Any]], indent: int | None, size: int
) -> None:
    data = WAYS[framing](records, indent).encode()
    assert objects_of(data, framing, size) == records


@given(records=OBJECTS, size=st.integers(1, 80))
def test_envelopes_one_after_the_other(*, records: list[dict[str, Any]], size: int) -> None:
    data = (json.dumps({"Records": records}) + "\r\n" + json.dumps({"Records": records}, indent=1)).encode()
    assert objects_of(data, "json:3", size) == records * 2


def test_offsets_are_where_the_records_begin() -> None:
    data = b'{"Records": [\n  {"a": 1},\n  {\n   "a": 2}\n]}'
    result = b"".join(folded(data, "json:3"))
    assert [result.find(text) for text in (b'{"a": 1}', b'{    "a": 2}')] == [
        data.find(b'{"a": 1}'),
        data.find(b"{\n   "),
    ]


def test_a_header_in_front_of_an_object_stays_with_it() -> None:
    assert lines_of(b'Jan 15 10:00:00 h p: {\n"a": 1}\nJan 16 {"a":\n2}\n', "json:1") == [
        b'Jan 15 10:00:00 h p: { "a": 1}',
        b'Jan 16 {"a": 2}',
    ]


@pytest.mark.parametrize("framing", WAYS)
def test_what_is_cut_off_is_one_line_that_cannot_be_read(framing: str) -> None:
    data = WAYS[framing]([{"a": 1}, {"b": {"c": [2]}}], 1).encode()
    cut = data[: data.rindex(b"2")]
    assert json.loads(lines_of(cut, framing)[0]) == {"a": 1}
    assert len(lines_of(cut, framing)) == 2


@pytest.mark.parametrize("damage", [b'{"x": "', b'{"x": [[[', b"[{]{", b'{"a": }}}}]]]]'])
@pytest.mark.parametrize("framing", WAYS)
def test_damage_costs_a_stretch_and_is_never_silent(framing: str, damage: bytes) -> None:
    good = [{"n": number, "pad": "x" * 100} for number in range(30_000)]
    data = WAYS[framing](good, None).encode()
    at = data.index(b'{"n": 9,')
    lines = lines_of(data[:at] + damage + data[at:], framing)
    broken = 0
    found = set()
    for line in lines:
        try:
            found.add(json.loads(line)["n"])
        except (ValueError, KeyError, TypeError):
            broken += 1
    assert broken > 0
    assert set(range(9)) <= found
    passed_over = len(data) - sum(map(len, lines))
    assert passed_over < len(data) // 20  # only what stands between records


def test_elements_of_one_name() -> None:
    data = (
        b"<?xml version='1.0'?>\n<Events>\n<Event x='1'>\n <a>1</a>\n</Event><Event><a>2</a></Event>\n"
        b"<e:Event>3</e:Event>\n<Eventual/></Events>"
    )
    expected = [b"<Event x='1'>  <a>1</a> </Event>", b"<Event><a>2</a></Event>", b"<e:Event>3</e:Event>"]
    for size in (1, 7, 1000):
        assert lines_of(data, "xml:Event", size) == expected


def test_an_element_that_is_cut_off_is_one_line() -> None:
    assert lines_of(b"<Event>1</Event>\n<Event>\n<a>", "xml:Event") == [b"<Event>1</Event>", b"<Event> <a>"]


@given(
    rows=st.lists(st.lists(st.text(st.sampled_from('ab,"\n\r'), max_size=6), min_size=2, max_size=3), max_size=6),
    size=st.integers(1, 40),
    ended=st.booleans(),
)
def test_rows_with_line_ends_in_quotes(rows: list[list[str]], size: int, *, ended: bool) -> None:
    text = "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in rows)
    expected = [",".join('"' + cell.replace('"', '""').replace("\n", " ") + '"' for cell in row) for row in rows]
    if not ended:
        text = text.removesuffix("\n")
    assert [line.decode() for line in lines_of(text.encode(), "quotes", size)] == expected


def test_a_quote_that_is_never_closed_ends_with_the_greatest_record() -> None:
    data = b'a,"b\n' + b"c,d\n" * (MAX_RECORD // 2)
    assert len(lines_of(data, "quotes")) > MAX_RECORD // 8


@given(
    st.binary(max_size=300),
    st.sampled_from(["json:1", "json:2", "json:3", "json:4", "xml:Event", "quotes"]),
    st.integers(1, 50),
)
def test_any_bytes_keep_their_length(data: bytes, framing: str, size: int) -> None:
    folded(data, framing, size)


@given(
    st.text('{}[]",:\\\n <>/Event', max_size=300),
    st.sampled_from(["json:1", "json:3", "xml:Event"]),
    st.integers(1, 50),
)
def test_any_brackets_keep_their_length(text: str, framing: str, size: int) -> None:
    assert lines_of(text.encode(), framing, size) == lines_of(text.encode(), framing)


@pytest.mark.parametrize(
    "hostile",
    [b"{" * 1_300_000, b"[" * 1_300_000, b'"' * 1_500_001, b"}" * 1_300_000, b"<Event>" * 300_000, b"\\" * 1_300_000],
)
def test_hostile_bytes_take_no_time(hostile: bytes) -> None:
    for framing in ("json:1", "json:3", "xml:Event", "quotes"):
        folded(hostile, framing)
        amid_text(hostile, framing)


@pytest.mark.parametrize(
    ("data", "deepest"),
    [(b'{"a": [{"b": 1}]}', 3), (b'{"a": "[[{"}', 1), (b"]]{}[", 1), (b'{"a": "cut [[', 1), (b"", 0)],
)
def test_brackets_are_counted_outside_of_texts(data: bytes, deepest: int) -> None:
    assert nesting(data) == deepest


@pytest.mark.parametrize(
    ("data", "framing", "is_amid"),
    [
        (b'[{"a": 1},\n {"a": "}"}]', "json:1", False),
        (b'<13>Jan 15 10:00:00 host app: {"a":\n 1}\n' * 3, "json:1", False),
        (b'one\ntwo\nthree {"a": 1}\nfour\n', "json:1", True),
        (b'HTTP/1.1 200 OK\nVia: x\n\n{"records": [' + b'{"a": 1},' * 40 + b"]}", "json:1", False),
        (b'}tail\nmore\n{"a": {"cut', "json:1", True),
        (b"<Events>\n<Event a='1'>\n<EventID>3</EventID></Event>\n</Events>", "xml:Event", False),
        (b"<Events>\n" + b"<Event>\n<EventID>3</EventID></Event >\n" * 3 + b"</Events>", "xml:Event", False),
        (b"one\ntwo\n<Event><EventID>3</EventID></Event>\nthree {\n", "xml:Event", True),
        (b"<Event>\n<EventID>3</Event", "xml:Event", False),
        (b"", "json:1", False),
    ],
)
def test_records_amid_text_are_told(data: bytes, framing: str, *, is_amid: bool) -> None:
    assert amid_text(data, framing) is is_amid


def test_a_text_of_escaped_quotes_that_never_ends_takes_no_time() -> None:
    assert nesting(b'{"a": "' + b'\\"' * 500_000) == 1
