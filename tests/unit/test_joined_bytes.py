"""Bytes reach names: scans of folders in which a sensor wrote the two apart, against what the records were made of."""

from __future__ import annotations

import gzip
import json
import random
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from shadowai import detect, flows, sources
from shadowai.inputs import ReadOptions
from shadowai.observe import observe
from shadowai.scan import ScanOptions, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from shadowai.result import Result

Record = dict[str, Any]
START = 1_768_471_200  # 2026-01-15T10:00:00Z
SSL = [
    "ts",
    "uid",
    "id.orig_h",
    "id.orig_p",
    "id.resp_h",
    "id.resp_p",
    "version",
    "cipher",
    "server_name",
    "resumed",
    "established",
]
CONN = [
    "ts",
    "uid",
    "id.orig_h",
    "id.orig_p",
    "id.resp_h",
    "id.resp_p",
    "proto",
    "service",
    "duration",
    "orig_bytes",
    "resp_bytes",
    "conn_state",
    "missed_bytes",
]
HTTP = [
    "ts",
    "uid",
    "id.orig_h",
    "id.orig_p",
    "id.resp_h",
    "id.resp_p",
    "method",
    "host",
    "uri",
    "request_body_len",
    "response_body_len",
]
OPENAI = "192.0.2.10"  # no address of the database


def _conn(uid: str, up: int | None, down: int | None, **more: object) -> Record:
    known = {"proto": "tcp", "service": "ssl", "conn_state": "SF", "missed_bytes": 0}
    return _zeek(uid) | known | {"orig_bytes": up, "resp_bytes": down} | more


def _ssl(uid: str, host: str = "chatgpt.com", **more: object) -> Record:
    return _zeek(uid) | {"version": "TLSv13", "cipher": "TLS_AES_128_GCM_SHA256", "server_name": host} | more


def _http(uid: str, up: int, down: int) -> Record:
    known = {"method": "POST", "host": "chatgpt.com", "uri": "/x"}
    return _zeek(uid) | known | {"request_body_len": up, "response_body_len": down}


def _zeek(uid: str) -> Record:
    return {
        "ts": START + 0.5,
        "uid": uid,
        "id.orig_h": "10.1.2.3",
        "id.orig_p": 50_000,
        "id.resp_h": OPENAI,
        "id.resp_p": 443,
        "resumed": False,
        "established": True,
    }


def _as_tsv(columns: Sequence[str], records: Sequence[Record]) -> bytes:
    head = ["#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-"]
    lines = [*head, "\t".join(["#fields", *columns])]
    lines += ["\t".join(_written(record.get(name)) for name in columns) for record in records]
    return ("\n".join(lines) + "\n").encode()


def _written(value: object) -> str:
    if value is None:
        return "-"
    return str(value)[0] if isinstance(value, bool) else str(value)


def _as_json(columns: Sequence[str], records: Sequence[Record]) -> bytes:
    kept = ({name: record[name] for name in columns if record.get(name) is not None} for record in records)
    return b"".join(json.dumps(one).encode() + b"\n" for one in kept)


def _scan(*places: Path, workers: int = 1) -> Result:
    return scan(ScanOptions(ReadOptions([str(place) for place in places]), workers=workers))


def _bytes(result: Result, service: str = "chatgpt") -> tuple[int | None, int | None]:
    (use,) = (use for department in result.departments for use in department.services if use.id == service)
    return use.bytes_up, use.bytes_down


UID, OTHER = "CHhAvVGS1DHFjwGM9", "CmES5u32sYpV7JYN"


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("write", [_as_tsv, _as_json])
def test_bytes_of_conn_log_reach_the_names_of_ssl_log(
    tmp_path: Path, write: Callable[[Sequence[str], Sequence[Record]], bytes], *, packed: bool
) -> None:
    files = {
        "ssl.log": write(SSL, [_ssl(UID), _ssl("C0ther111111111", "www.example.com")]),
        "conn.log": write(
            CONN, [_conn("C0ther111111111", 7_000_000, 1), _conn(UID, 1_234, 56_789), _conn(OTHER, 5, 5)]
        ),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(gzip.compress(content) if packed else content)
    assert _bytes(_scan(tmp_path)) == (1_234, 56_789)


def test_without_conn_log_they_are_unknown(tmp_path: Path) -> None:
    (tmp_path / "ssl.log").write_bytes(_as_tsv(SSL, [_ssl(UID)]))
    assert _bytes(_scan(tmp_path)) == (None, None)


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([_conn(OTHER, 5, 5)], (None, None)),
        ([_conn(UID, None, 8)], (None, 8)),
        ([_conn(UID, 0, 8)], (0, 8)),
        ([_conn(UID, 5, 5, conn_state="S0")], (None, None)),
        ([_conn(UID, 5, 5, **{"id.orig_h": "10.9.9.9"})], (None, None)),
        ([_conn(UID, 300, 20), _conn(UID, 700, 90), _conn(UID, 500, 60)], (700, 90)),
        ([_conn(f"X{UID}", 5, 5), _conn(f"{UID}X", 6, 6)], (None, None)),
        ([_conn(UID.swapcase(), 5, 5)], (None, None)),
    ],
    ids=["none", "one-way", "zero", "unanswered", "another-client", "interim", "longer", "another-case"],
)
def test_what_a_flow_came_to(tmp_path: Path, records: list[Record], expected: tuple[int | None, int | None]) -> None:
    (tmp_path / "ssl.log").write_bytes(_as_tsv(SSL, [_ssl(UID)]))
    (tmp_path / "conn.log").write_bytes(_as_tsv(CONN, records))
    assert _bytes(_scan(tmp_path)) == expected


@pytest.mark.parametrize("write", [_as_tsv, _as_json])
def test_short_ids_join_where_the_clients_port_agrees(
    tmp_path: Path, write: Callable[[Sequence[str], Sequence[Record]], bytes]
) -> None:
    (tmp_path / "ssl.log").write_bytes(write(SSL, [_ssl("C1")]))
    (tmp_path / "conn.log").write_bytes(
        write(CONN, [_conn("C1", 900, 900, **{"id.orig_p": 50_001}), _conn("C1", 12, 34), _conn("C2", 800, 800)])
    )
    assert _bytes(_scan(tmp_path)) == (12, 34)


def test_two_folders_with_the_same_ids_do_not_join(tmp_path: Path) -> None:
    for folder, name, content in (
        ("a", "ssl.log", _as_tsv(SSL, [_ssl(UID)])),
        ("b", "conn.log", _as_tsv(CONN, [_conn(UID, 1, 1)])),
        ("b", "ssl.log", _as_tsv(SSL, [_ssl(UID, "claude.ai")])),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).write_bytes(content)
    result = _scan(tmp_path)
    assert _bytes(result) == (None, None)
    assert _bytes(result, "claude") == (1, 1)


def test_what_came_through_a_pipe_joins_itself_alone(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    paths = [spool / "one", spool / "two", tmp_path / "conn.log", tmp_path / "ssl.log"]
    for path, content in zip(paths, [_as_tsv(SSL, [_ssl(UID)]), _as_tsv(CONN, [_conn(UID, 1, 1)])] * 2, strict=True):
        path.write_bytes(content)
    tasks = []
    for number, path in enumerate(paths):
        source = sources.Source(path.name, path)
        _, fmt = detect.recognise(source, detect.Reading(), None)
        tasks += detect.tasks(number, source, fmt, in_parts=False)
    folders = [task.folder for task in flows.with_folders(tasks, spool)]
    assert folders[0] is None  # names without bytes
    assert folders[1] not in {None, folders[2]}
    assert folders[2] == folders[3] is not None


def test_records_that_share_a_connection_count_its_bytes_once(tmp_path: Path) -> None:
    (tmp_path / "ssl.log").write_bytes(_as_tsv(SSL, [_ssl(UID), _ssl(UID, ts=START + 90.0)]))
    quic = [
        "ts",
        "uid",
        "id.orig_h",
        "id.orig_p",
        "id.resp_h",
        "id.resp_p",
        "version",
        "client_initial_dcid",
        "server_name",
    ]
    (tmp_path / "quic.log").write_bytes(_as_tsv(quic, [_ssl(UID, client_initial_dcid="ab12")]))
    (tmp_path / "http.log").write_bytes(_as_tsv(HTTP, [_http(UID, 100, 2_000)]))
    (tmp_path / "conn.log").write_bytes(_as_tsv(CONN, [_conn(UID, 1_000, 9_000)]))
    assert _bytes(_scan(tmp_path)) == (1_000, 9_000)


def test_a_record_that_told_its_bytes_keeps_them(tmp_path: Path) -> None:
    (tmp_path / "http.log").write_bytes(_as_tsv(HTTP, [_http(UID, 100, 2_000)]))
    (tmp_path / "conn.log").write_bytes(_as_tsv(CONN, [_conn(UID, 1_000, 9_000)]))
    assert _bytes(_scan(tmp_path)) == (100, 2_000)


def test_bytes_of_a_look_up_are_no_services(tmp_path: Path) -> None:
    dns = ["ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "query", "qtype_name", "rcode"]
    (tmp_path / "dns.log").write_bytes(_as_tsv(dns, [_zeek(OTHER) | {"query": "chatgpt.com", "qtype_name": "A"}]))
    (tmp_path / "ssl.log").write_bytes(_as_tsv(SSL, [_ssl(UID)]))
    (tmp_path / "conn.log").write_bytes(_as_tsv(CONN, [_conn(OTHER, 40, 80)]))
    assert _bytes(_scan(tmp_path)) == (None, None)


def test_a_name_and_its_servers_address_are_one_flow(tmp_path: Path) -> None:
    address = "160.79.104.10"  # the database knows it as Anthropic's
    (tmp_path / "conn.log").write_bytes(_as_tsv(CONN, [_conn(UID, 1_000, 9_000, **{"id.resp_h": address})]))
    alone = _scan(tmp_path)
    services = {use.id for department in alone.departments for use in department.services}
    (tmp_path / "ssl.log").write_bytes(_as_tsv(SSL, [_ssl(UID, "claude.ai", **{"id.resp_h": address})]))
    result = _scan(tmp_path)
    assert services
    assert _bytes(result, "claude") == (1_000, 9_000)
    sums = [use.bytes_up for department in result.departments for use in department.services if use.bytes_up]
    assert sum(sums) == 1_000


def _event(kind: str, number: int, **more: object) -> Record:
    return {
        "timestamp": "2026-01-15T10:00:00.123456+0000",
        "flow_id": number,
        "event_type": kind,
        "src_ip": "10.1.2.3",
        "src_port": 50_000,
        "dest_ip": OPENAI,
        "dest_port": 443,
        "proto": "TCP",
    } | more


def _flow(number: int, up: int, down: int) -> Record:
    counts = {"pkts_toserver": 3, "bytes_toserver": up, "bytes_toclient": down, "state": "closed"}
    return _event("flow", number, flow=counts)


def _eve(records: Sequence[Record]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in records)


FLOW = 1_101_733_181_037_646


@pytest.mark.parametrize(
    "named",
    [
        _event("tls", FLOW, tls={"sni": "chatgpt.com"}),
        _event("quic", FLOW, quic={"sni": "chatgpt.com"}),
        _event("http", FLOW, http={"hostname": "chatgpt.com", "url": "/x", "http_method": "POST", "length": 800}),
        _event("http2", FLOW, http={"hostname": "chatgpt.com", "url": "/x", "http_method": "POST"}),
    ],
    ids=lambda record: str(record["event_type"]),
)
def test_bytes_of_flow_events_reach_the_names(tmp_path: Path, named: Mapping[str, object]) -> None:
    other = _event("tls", 77_000_111_222, tls={"sni": "www.example.com"})
    events = [dict(named), other, _flow(77_000_111_222, 9_999_999, 1), _flow(FLOW, 4_321, 8_765)]
    (tmp_path / "eve.json").write_bytes(_eve(events))
    assert _bytes(_scan(tmp_path)) == (4_321, 8_765)
    (tmp_path / "eve.json").write_bytes(_eve(events[:2]))
    (tmp_path / "eve-flow.json").write_bytes(_eve(events[2:]))
    assert _bytes(_scan(tmp_path)) == (4_321, 8_765)
    (tmp_path / "eve-flow.json").unlink()
    assert _bytes(_scan(tmp_path))[0] is None


def test_flow_events_among_the_lines_of_another_product_are_found(tmp_path: Path) -> None:
    squid = (
        b"1768471200.000    100 10.1.2.9 TCP_TUNNEL/200 4000 CONNECT www.example.com:443 - HIER_DIRECT/192.0.2.1 -\n"
    )
    events = [_event("tls", FLOW, tls={"sni": "chatgpt.com"}), _flow(FLOW, 4_321, 8_765)]
    (tmp_path / "all.log").write_bytes(squid * 9 + _eve(events) * 4 + squid * 9)
    result = _scan(tmp_path)
    assert result.sources[0].format == "mixed"
    assert _bytes(result) == (4_321, 8_765)


def test_observe_gives_the_flow_and_joins_nothing(tmp_path: Path) -> None:
    (tmp_path / "ssl.log").write_bytes(_as_tsv(SSL, [_ssl(UID)]))
    (tmp_path / "conn.log").write_bytes(_as_tsv(CONN, [_conn(UID, 5, 6)]))
    observe(ReadOptions([str(tmp_path)]), "jsonl", tmp_path / "out.jsonl")
    seen = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [one["shadowai"]["flow"] for one in seen] == [f"zeek:{UID}"] * 2
    assert sorted("bytes" in one["source"] for one in seen) == [False, True]


def _night(folder: Path) -> tuple[int, int]:
    """Write a folder of Zeek and Suricata logs from a seed, and say what was sent to ChatGPT and came back."""
    random_of = random.Random(11)  # a seed, no secret
    names: list[Record] = []
    conns: list[Record] = []
    events: list[Record] = []
    truth = [0, 0]
    for number in range(900):
        uid = "C" + "".join(random_of.choices("0123456789abcXYZ", k=16))
        host = random_of.choice(["chatgpt.com", "www.example.com", "intranet.example.com"])
        when, client = START + number * 7.0, f"10.1.2.{number % 200}"
        up, down = random_of.randrange(90_000), random_of.randrange(900_000)
        names.append(_ssl(uid, host, ts=when, **{"id.orig_h": client}))
        conns.append(_conn(uid, up, down, ts=when, **{"id.orig_h": client}))
        conns.append(_conn(uid, up // 2, down // 2, ts=when, **{"id.orig_h": client}))
        flow = random_of.getrandbits(50) | 1 << 49
        stamp = f"2026-01-15T{8 + number // 60 % 12:02}:{number % 60:02}:00.000000+0000"
        seen = {"timestamp": stamp, "src_ip": f"10.7.7.{number % 200}"}
        events += [_flow(flow, up, down) | seen, _event("tls", flow, tls={"sni": host}) | seen]
        if host == "chatgpt.com":
            truth = [truth[0] + 2 * up, truth[1] + 2 * down]
    random_of.shuffle(conns)
    random_of.shuffle(events)
    (folder / "ssl.log").write_bytes(_as_tsv(SSL, names))
    (folder / "conn.log").write_bytes(_as_tsv(CONN, conns))
    (folder / "eve.json").write_bytes(_eve(events))
    return truth[0], truth[1]


@pytest.mark.parametrize(("size", "workers"), [(3_000, 1), (17_001, 2), (64_000, 2)])
def test_any_cut_and_any_number_of_workers_join_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, workers: int
) -> None:
    truth = _night(tmp_path)
    whole = _scan(tmp_path)
    assert _bytes(whole) == truth
    monkeypatch.setattr(sources, "cut", partial(sources.cut, size=size))
    assert _scan(tmp_path, workers=workers) == whole


def test_too_many_flows_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _night(tmp_path)
    monkeypatch.setattr("shadowai.activity.flows.LIMIT", 100)
    whole = _scan(tmp_path)
    monkeypatch.setattr(sources, "cut", partial(sources.cut, size=9_000))
    assert _scan(tmp_path) == whole
    warnings = {one.path.rpartition("/")[2]: one.warnings for one in whole.sources}
    assert warnings["ssl.log"] == ()
    (note,) = warnings["conn.log"]
    assert note.endswith("records: they are of more than 100 connections")


def test_a_fault_while_reading_again_is_its_sources_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ssl.log").write_bytes(_as_tsv(SSL, [_ssl(UID)]))
    conn = tmp_path / "conn.log"
    conn.write_bytes(_as_tsv(CONN, [_conn(UID, 1, 1)]))
    real = flows.tasks_for

    def gone(*said: Any) -> list[detect.Task]:  # handed through
        conn.unlink()
        return real(*said)

    monkeypatch.setattr(flows, "tasks_for", gone)
    result = _scan(tmp_path)
    errors = {one.path.rpartition("/")[2]: one.error for one in result.sources}
    assert errors == {"conn.log": "cannot be read: No such file or directory", "ssl.log": None}
    assert _bytes(result) == (None, None)
