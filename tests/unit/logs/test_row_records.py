"""Answers of query interfaces: rows under names that are written once, read as the objects they stand for."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from shadowai.logs import open_reader, read_blocks, recognise
from shadowai.logs.framing import MAX_RECORD, RowFolder, fold
from shadowai.logs.row_records import answer_opener, table_opener, tables_of, wrapping_of
from shadowai.model import Observation, Tally

Rows = list[list[Any]]
NAMES = ["TimeGenerated", "EventSchema", "EventType", "EventSubType", "SrcIpAddr", "DnsQuery", "EventResult"]
ROWS: Rows = [
    ["2026-01-15T10:00:00Z", "Dns", "Query", "request", "10.1.2.3", "chatgpt.com", "NA"],
    ["2026-01-15T10:00:01Z", "Dns", "Query", "request", "10.1.2.4", 'api.openai.com "], [', "NA"],
    ["2026-01-15T10:00:02Z", "Dns", "Query", "request", "10.1.2.5", "claude.ai", None],
]


def _read(data: bytes) -> tuple[list[Observation], Tally]:
    fmt = recognise(data)
    assert fmt is not None
    tally = Tally()
    return list(
        read_blocks([(0, data)], open_reader(fmt, name="x", reference_time=1_769_904_000 * 10**9), tally, None)
    ), tally


def _told(seen: Observation) -> tuple[object, ...]:
    return seen.dataset, seen.time, seen.source_ip, seen.host


def _log_analytics(names: list[str], rows: Rows) -> object:
    columns = [{"name": name, "type": "string"} for name in names]
    return {"tables": [{"name": "PrimaryResult", "columns": columns, "rows": rows}]}


def _data_explorer(names: list[str], rows: Rows) -> object:
    columns = [{"ColumnName": name, "DataType": "String", "ColumnType": "string"} for name in names]
    return {"Tables": [{"TableName": "Table_0", "Columns": columns, "Rows": rows}]}


def _elasticsearch(names: list[str], rows: Rows) -> object:
    return {"took": 3, "columns": [{"name": name, "type": "keyword"} for name in names], "values": rows}


def _splunk(names: list[str], rows: Rows) -> object:
    return {"preview": False, "init_offset": 0, "messages": [], "fields": names, "rows": rows}


def _influx(names: list[str], rows: Rows) -> object:
    return {"results": [{"statement_id": 0, "series": [{"name": "dns", "columns": names, "values": rows}]}]}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("answer", [_log_analytics, _data_explorer, _elasticsearch, _splunk, _influx])
def test_rows_are_read_as_the_objects_they_stand_for(answer: Any, indent: int | None) -> None:
    data = json.dumps(answer(NAMES, ROWS), indent=indent).encode()
    plain = "".join(json.dumps(dict(zip(NAMES, row, strict=True))) + "\n" for row in ROWS).encode()
    expected, _ = _read(plain)
    seen, tally = _read(data)
    assert [one.host for one in expected] == ["chatgpt.com", "claude.ai"]
    assert [_told(one) for one in seen] == [_told(one) for one in expected]
    assert all(data[one.offset or 0 :].startswith(b"[") for one in seen)
    assert tally.broken == 0


def test_a_further_table_of_other_columns_is_counted_as_what_cannot_be_read() -> None:
    answer = json.loads(json.dumps(_log_analytics(NAMES, ROWS)))
    answer["tables"].append({"name": "Statistics", "columns": [{"name": "cpu"}], "rows": [[1], [2]]})
    seen, tally = _read(json.dumps(answer).encode())
    assert len(seen) == 2
    assert tally.broken == 2


def test_lines_of_lokis_streams_are_read() -> None:
    streams = [
        {
            "stream": {"job": "dnsmasq", "host": host},
            "values": [
                [f"17684712{second:02}000000000", f"Jan 15 10:00:{second:02} dnsmasq[1]: query[A] {name} from 10.1.2.3"]
            ],
        }
        for second, host, name in ((0, "r1", "chatgpt.com"), (1, "r2", "claude.ai"))
    ]
    streams[1]["values"][0].append({"trace": "x"})  # type: ignore[attr-defined]  # structured metadata
    answer = {"status": "success", "data": {"resultType": "streams", "result": streams, "stats": {}}}
    seen, tally = _read(json.dumps(answer).encode())
    assert [(one.dataset, one.host, one.source_ip) for one in seen] == [
        ("dnsmasq", "chatgpt.com", "10.1.2.3"),
        ("dnsmasq", "claude.ai", "10.1.2.3"),
    ]
    assert [one.time for one in seen] == [1_768_471_200 * 10**9, 1_768_471_201 * 10**9]
    assert tally.broken == 0


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b'{"rows":[{"a":1}]}',
        b'{"rows":[["a"]]}',
        b'{"columns":["a","rows":[["b"]]}',
        b'{"columns":["a",["rows":[["b"',
        b'{"columns":["a",{"title":"b"}],"rows":[["x","y"]]}',
        b'{"columns":[],"rows":[["x","y"]]}',
        b'{"columns":{},"rows":[["x","y"]]}',
    ],
)
def test_what_is_no_answer_with_names(head: bytes) -> None:
    assert wrapping_of(head) is None


@pytest.mark.parametrize("text", ["", "[", "{}", '"x"', "[1]", "[1,2,3]", "[1,2] x"])
def test_what_is_no_row(text: str) -> None:
    assert answer_opener('answer:2:["a","b"]')(text) is None


VALUES = st.recursive(
    st.none() | st.integers(-9, 9) | st.text(alphabet='ab"\\[]{},:\n', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["rows", "a"]), inner, max_size=2),
    max_leaves=6,
)


@given(st.lists(st.lists(VALUES, min_size=1, max_size=3), min_size=1, max_size=4), st.integers(1, 40), st.booleans())
def test_rows_are_folded_in_place_however_the_file_is_cut(rows: Rows, size: int, indent: bool) -> None:  # noqa: FBT001  # drawn
    data = json.dumps({"columns": ["a"], "rows": rows, "more": {"rows": [[1]]}}, indent=2 if indent else None).encode()
    blocks = [(at, data[at : at + size]) for at in range(0, len(data), size)]
    folded = list(fold(blocks, "rows"))
    assert b"".join(piece for _, piece in folded).replace(b"\n", b"").replace(b" ", b"") != b""
    assert sum(len(piece) for _, piece in folded) == len(data)
    found = [json.loads(line) for _, piece in folded for line in piece.split(b"\n") if line.strip()]
    assert found == [*rows, [1]]


@given(st.binary(max_size=60) | st.text(alphabet='"rows:[]{},\\ ', max_size=60).map(str.encode), st.integers(1, 9))
def test_any_bytes_are_folded_in_place(data: bytes, size: int) -> None:
    blocks = [(at, data[at : at + size]) for at in range(0, len(data), size)]
    assert sum(len(piece) for _, piece in fold(blocks, "rows")) == len(data)
    wrapping_of(data)


def test_a_row_without_an_end_is_given_up() -> None:
    folder = RowFolder()
    pieces, rest = folder.feed(b'{"rows":[["' + b"x" * (MAX_RECORD + 1), last=False)
    assert rest == b""
    assert sum(map(len, pieces)) == MAX_RECORD + 12


EXPORTED = [
    "azure-dns-table", "azure-firewall-table", "cloudflare-dns", "cortex-xdr", "entra-gsa", "gcp-dns", "ocsf",
    "route53", "sentinel-dnsevents", "suricata", "sysmon-evtxecmd",
]  # fmt: skip


def _table(documents: list[dict[str, Any]], delimiter: str) -> bytes:
    keys = list(dict.fromkeys(key for document in documents for key in document))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(keys)
    for document in documents:
        values = [document.get(key) for key in keys]
        cells = [value if isinstance(value, str) else json.dumps(value) for value in values]
        writer.writerow("" if value is None else cell for value, cell in zip(values, cells, strict=True))
    return out.getvalue().encode()


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("name", EXPORTED)
def test_a_table_is_read_as_the_json_it_was_made_of(name: str, delimiter: str) -> None:
    sample = yaml.safe_load((Path(__file__).parent / "samples" / f"{name}.yaml").read_text())
    documents = [json.loads(line) for line in sample["lines"] if str(line).startswith("{")]
    expected, _ = _read("".join(json.dumps(one) + "\n" for one in documents).encode())
    seen, tally = _read(_table(documents, delimiter))
    assert expected
    assert [replace(one, offset=None) for one in seen] == [replace(one, offset=None) for one in expected]
    assert tally.skipped["header"] == 1


def test_times_of_the_azure_portal_are_read_in_a_table() -> None:
    head = "TimeGenerated [UTC],SourceIp,SourcePort,QueryName,Type\n"
    row = '"1/15/2026, 1:00:00.250 PM",10.1.2.3,50000,chatgpt.com,AZFWDnsQuery\n'
    seen, _ = _read((head + row).encode())
    assert [(one.host, one.time) for one in seen] == [("chatgpt.com", 1_768_482_000_250_000_000)]


@pytest.mark.parametrize(
    "header", ["", "a,b", "1,2,3", "a,,c", "2026-01-15 10:00:00,a,b", '{"a":1,"b":2,"c":3}', 'a,"b,c']
)
def test_what_names_no_columns(header: str) -> None:
    assert tables_of(header) == []


def test_a_row_of_another_width_is_none_of_the_table() -> None:
    opened = table_opener(tables_of("a,b,c")[0], str)
    assert opened('1,{x,"[1]"') == ('{"a":"1","b":"{x","c":[1]}', "")
    assert opened("1,2") is None
    assert opened('1,"2') is None
    assert opened("1," * 2 + "x" * 200_000) is None
    assert opened("a, b,c") == ('["a","b","c"]', "")
