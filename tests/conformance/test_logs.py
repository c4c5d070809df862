"""Real log lines from outside the project, read where they lie (SHADOWAI_CONFORMANCE), skipped elsewhere.

Every file is read as a scan reads it: recognised, then read. What is expected was read off the lines by hand
(known_logs.yml, without the lines), stands beside them (Squid, iboss, events of Google's parsers), or in the columns
themselves (Zeek: read here with a splitter of its own).
"""

from __future__ import annotations

import csv
import io
import json
import os
from bisect import bisect_right
from datetime import UTC, datetime
from itertools import accumulate, permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from shadowai.logs import Format, Reader, load_formats, open_reader, read_blocks, recognise
from shadowai.model import SECOND, Observation, Tally, iso_time

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(os.environ.get("SHADOWAI_CONFORMANCE", Path(__file__).parents[3] / "shared")) / "logs"
pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="the conformance files are not here")

KNOWN: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "known_logs.yml").read_text())
FIELDS = (
    "host", "source_ip", "source_port", "destination_ip", "destination_port", "user", "device", "method", "bytes_up",
    "bytes_down", "bytes_total",
)  # fmt: skip
LONG_PATH = 60  # characters; longer ones are not in known_logs.yml
REFERENCE = 1_800_000_000 * SECOND


def files(folder: str, pattern: str = "*") -> list[Path]:
    """List files, or one that does not exist, so that the skip shows."""
    return sorted((ROOT / folder).glob(pattern)) or [ROOT / folder]


def read(data: bytes, fmt: Format) -> tuple[list[Observation], Tally]:
    tally = Tally()
    reader = open_reader(fmt, name="x", reference_time=REFERENCE)
    return list(read_blocks([(0, data)], reader, tally, None)), tally


def read_as_a_scan_does(data: bytes) -> tuple[list[Observation], Tally]:
    fmt = recognise(data)
    return ([], Tally()) if fmt is None else read(data, fmt)


def facts_of(seen: Observation) -> dict[str, Any]:
    found = {name: getattr(seen, name) for name in FIELDS}
    found |= {"format": seen.dataset, "evidence": seen.evidence.value, "action": seen.action and seen.action.value}
    found |= {"time": iso_time(seen.time), "path": seen.path if len(seen.path or "") <= LONG_PATH else None}
    return {name: value for name, value in found.items() if value is not None}


def without(facts: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name not in names}


def members(fmt: Format | None) -> list[str]:
    return [] if fmt is None else [member.id for member in fmt.members] or [fmt.id]


@pytest.mark.parametrize("name", KNOWN)
def test_files_are_read_line_by_line_as_they_say(name: str) -> None:
    known = KNOWN[name]
    data = (ROOT / name).read_bytes()
    assert members(recognise(data)) == known["formats"]
    found, tally = read_as_a_scan_does(data)
    starts = [0, *accumulate(len(line) for line in data.splitlines(keepends=True))]
    lines = [bisect_right(starts, seen.offset or 0) for seen in found]
    assert {line: facts_of(seen) for line, seen in zip(lines, found, strict=True)} == {
        facts["line"]: without(facts, "line") for facts in known.get("records", ())
    }
    # A record begins where its line does; the exports of entries are laid out over several lines, and indented.
    assert all(data[seen.offset - 1 : seen.offset] in {b"", b"\n", b" "} for seen in found if seen.offset is not None)
    assert tally.broken == known.get("broken", 0)
    assert tally.records == tally.parsed + sum(tally.skipped.values())


LINED = [name for name in KNOWN if name.endswith(".log")]


@pytest.mark.parametrize("name", LINED)
def test_lines_by_themselves_are_read_as_in_their_file(name: str) -> None:
    known = KNOWN[name]
    alone = {facts["line"]: without(facts, "line", "because") for facts in known.get("alone", ())}
    wanted = {facts["line"]: without(facts, "line") for facts in known.get("records", ())} | alone
    for number, line in enumerate((ROOT / name).read_bytes().splitlines(), start=1):
        found, _ = read_as_a_scan_does(line)
        expected = [wanted[number]] if wanted.get(number, {"nothing": True}) != {"nothing": True} else []
        assert [facts_of(seen) for seen in found] == expected, number


# Few lines of these files are of known formats; such files are told from plain lines only.
SPARSE = {"syslog_raw/infoblox.log", "syslog_raw/isc.log", "syslog_raw/prisma_sd-wan.log"}


@pytest.mark.parametrize("export", ["splunk", "elastic", "csv", "crlf", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", [name for name in LINED if "records" in KNOWN[name] and ".comments" not in name])
def test_exports_are_read_as_the_lines_in_them(name: str, export: str) -> None:
    if name in SPARSE and export in {"splunk", "elastic", "csv"}:
        pytest.skip("told from plain lines only")
    lines = [line for line in (ROOT / name).read_text(encoding="utf-8").split("\n") if line.strip()]
    plain = [facts_of(seen) for seen in read_as_a_scan_does("\n".join(lines).encode())[0]]
    found = [facts_of(seen) for seen in read_as_a_scan_does(exported(lines, export))[0]]
    for inside, facts in zip(found, plain, strict=True):
        # A record without a time takes that of the export.
        assert inside == {"time": inside.get("time")} | facts if "time" in inside else inside == facts


def exported(lines: list[str], export: str) -> bytes:
    if export == "splunk":
        return "\n".join(json.dumps({"preview": False, "result": {"_raw": line}}) for line in lines).encode()
    if export == "elastic":
        stamp = "2026-11-01T00:00:00Z"
        return "\n".join(json.dumps({"_source": {"message": line, "@timestamp": stamp}}) for line in lines).encode()
    if export == "csv":
        table = io.StringIO()
        csv.writer(table).writerows([["host", "_raw"], *(["gw", line] for line in lines)])
        return table.getvalue().encode()
    text = "".join(line + "\r\n" for line in lines)
    return text.encode() if export == "crlf" else ("\ufeff" + text).encode(export)


def test_every_file_is_known() -> None:
    automatic = {"zeek", "zeek_edge_cases", "squid"}
    there = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("*/*") if path.parent.name not in automatic}
    assert {name for name in there if "expected" not in name} == set(KNOWN)
    assert all(len(facts["because"]) > 20 for known in KNOWN.values() for facts in known.get("alone", ()))


def lines_of(name: str) -> list[dict[str, Any]]:
    path = ROOT / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


SQUID_ALONE: dict[int, tuple[str | None, str | None, str | None, int | None]] = {
    13: ("ssl.gstatic.com", "testuser1", "allowed", 0),
    17: ("ssl.gstatic.com", "testuser2", "allowed", 0),
    18: ("ts01-gyr-maverick.cloudsink.net", None, "denied", 3920),
}  # of the lines without expected values: host, user, verdict and bytes; the others are no requests


@pytest.mark.parametrize("number", range(1, len(lines_of("squid/squid_tests.samples.jsonl")) + 1))
def test_squid(number: int) -> None:
    sample = lines_of("squid/squid_tests.samples.jsonl")[number - 1]
    expected = sample["expected"]
    found, tally = read_as_a_scan_does(sample["sample"].encode())
    assert tally.broken == 0
    if expected is None or expected.get("not_an_access_line"):
        wanted = [SQUID_ALONE[number]] if number in SQUID_ALONE else []
        assert [(one.host, one.user, one.action and one.action.value, one.bytes_down) for one in found] == wanted
        return
    (seen,) = found
    assert seen.time is not None
    assert seen.time // 1_000_000 == expected["ts_ms"]
    assert seen.source_ip == expected["src_ip"]
    assert (seen.host, seen.bytes_down) == (expected["host"], expected["bytes_to_client"])
    assert (seen.method, seen.user, seen.bytes_up) == (expected.get("method", "GET"), None, None)
    assert seen.destination_ip == expected.get("dst_ip", seen.destination_ip)
    assert seen.destination_port == expected.get("port", seen.destination_port)
    # An error of Squid's own: nothing was let through, and nothing was blocked.
    is_error = b"/503 " in sample["sample"].encode() and "NONE/-" in sample["sample"]
    action = "denied" if "DENIED" in expected.get("squid_status", "") else "allowed"
    assert seen.action == (None if is_error else action)


def test_iboss_names_bytes_from_the_proxys_side() -> None:
    found, _ = read_as_a_scan_does((ROOT / "iboss" / "iboss.log").read_bytes())
    for seen, expected in zip(found, lines_of("iboss/iboss.expected.jsonl"), strict=True):
        assert seen.time == int(datetime.fromisoformat(expected["ts"]).timestamp()) * SECOND
        assert (seen.source_ip, seen.destination_ip) == (expected["src_ip"], expected["dst_ip"])
        assert (seen.host, seen.user, seen.method) == (expected["host"], expected["user"], expected["method"])
        assert expected["url"] == f"https://{seen.host}{seen.path}"
        assert (seen.bytes_up, seen.bytes_down) == (expected["bytes_up"], expected["bytes_down"])
        assert seen.user_agent == expected["user_agent"]
        assert seen.action == "denied"  # Blocked, Soft-blocked


VERDICTS = {"BLOCK": "denied", "FAIL": "denied", "ALLOW": "allowed"}


@pytest.mark.parametrize("folder", ["dope_swg", "webmarshal", "talon_browser", "suricata"])
def test_entries_agree_with_the_events_that_google_made_of_them(folder: str) -> None:
    data = (ROOT / folder / "raw_logs_default_log.json").read_bytes()
    entries = json.loads(data)["raw_logs"]["entries"]
    events = json.loads((ROOT / folder / "expected_default_events.json").read_bytes())["events"]
    found, tally = read_as_a_scan_does(data)
    if folder == "talon_browser":  # audit records, of which no one says where the browser went
        assert found == []
        return
    assert len(found) + sum(tally.skipped.values()) == len(entries) == len(events)
    for seen in found:
        number = data.count(b'"data":', 0, seen.offset)
        event = events[number]["event"]["idm"]["readOnlyUdm"]
        assert differences(seen, event, from_server=folder == "suricata") == [], number


def differences(seen: Observation, event: dict[str, Any], *, from_server: bool) -> list[str]:
    """Name the fields that differ from an event of Google's Unified Data Model; what one side lacks is not compared.

    `from_server`: Google's parser of Suricata takes `bytes_toclient` for what was sent.
    """
    principal, target, network = event.get("principal", {}), event.get("target", {}), event.get("network", {})
    user = principal.get("user", {})
    names = {user.get("userid"), user.get("userDisplayName"), *user.get("emailAddresses", ())} - {None}
    result = event.get("securityResult", [{}])[0]
    verdicts = {VERDICTS[action] for action in result.get("action", ()) if action in VERDICTS}
    http = network.get("http", {})
    up, down = ("receivedBytes", "sentBytes") if from_server else ("sentBytes", "receivedBytes")
    # Google's parser puts the version of HTTP where dope's records lack the browser.
    agent = None if http.get("userAgent", "").startswith("HTTP/") else http.get("userAgent")
    pairs: dict[str, tuple[object, set[Any]]] = {
        "source": (seen.source_ip, set(principal.get("ip", ()))),
        "source port": (seen.source_port, {principal.get("port"), target.get("port")} - {None}),
        "destination": (seen.destination_ip, {*target.get("ip", ()), *principal.get("ip", ())}),
        "device": (seen.device, {principal.get("hostname")} - {None}),
        "user": (seen.user, names),
        "host": (seen.host, {target.get("hostname")} - {None}),
        "up": (seen.bytes_up, {int(network[up])} if up in network else set()),
        "down": (seen.bytes_down, {int(network[down])} if down in network else set()),
        "verdict": (seen.action and seen.action.value, verdicts),
        "method": (seen.method, {http.get("method")} - {None}),
        "agent": (seen.user_agent, {agent} - {None}),
    }
    wrong = [name for name, (ours, theirs) in pairs.items() if ours is not None and theirs and ours not in theirs]
    if "url" in target and "://" in target["url"] and f"://{seen.host}{seen.path}" not in target["url"]:
        wrong.append("url")
    return wrong


@pytest.mark.parametrize("path", files("zeek"), ids=lambda path: path.name)
def test_zeek(path: Path) -> None:
    kind = path.name.split(".")[-2]
    data = path.read_bytes()
    fmt = recognise(data)
    assert fmt is not None
    assert fmt.id.startswith(f"zeek-{kind}")
    seen, tally = read(data, fmt)
    rows = list(zeek_rows(data.decode()))
    assert len(rows) == tally.records - tally.skipped["comment"] - tally.skipped["header"]
    if float(rows[0]["ts"]) < 1e9:  # a clock that was never set
        assert tally.broken == len(rows)
        return
    assert tally.broken == 0
    contacts = [row for row in rows if kind != "dns" or is_question(row)]
    for one, row in zip(seen, contacts, strict=True):
        assert one.time is not None
        assert abs(one.time - float(row["ts"]) * SECOND) < 1000
        assert (one.source_ip, one.destination_ip) == (row["id.orig_h"], row["id.resp_h"])
        assert (one.source_port, one.destination_port) == (int(row["id.orig_p"]) or None, int(row["id.resp_p"]) or None)
        assert one.host == zeek_host(row, kind)
        assert (one.user, one.device, one.action, one.bytes_total) == (None, None, None, None)
        if kind == "http":
            assert (one.method, one.user_agent) == (value_of(row, "method"), value_of(row, "user_agent"))
            assert (one.bytes_up, one.bytes_down) == (int(row["request_body_len"]), int(row["response_body_len"]))
        if kind == "http" and str(row.get("uri", "")).startswith("/") and row["method"] != "CONNECT":
            assert one.path == row["uri"]


def is_question(row: dict[str, Any]) -> bool:
    """Say whether a row tells of a question with a name: opcode 0 (RFC 1035), and no answer that nobody asked for.

    An answer whose question the sensor missed tells of it where it is plain which end is the server.
    """
    asked = value_of(row, "qtype_name") is not None or value_of(row, "rcode") is None
    asked |= row["id.resp_p"] == "53" != row["id.orig_p"]
    return value_of(row, "query") is not None and row.get("opcode", "0") == "0" and asked


def value_of(row: dict[str, Any], name: str) -> str | None:
    value = row.get(name, "-")
    return None if value in {"-", "(empty)"} else value


def zeek_host(row: dict[str, Any], kind: str) -> str | None:
    host = value_of(row, {"dns": "query", "ssl": "server_name", "http": "host"}[kind])
    if kind == "http" and row.get("method") == "CONNECT":
        host = host or row["uri"]
    return host and host.lower().partition(":")[0].rstrip(".")


def zeek_rows(text: str) -> Iterator[dict[str, Any]]:
    """Read a Zeek log with a splitter of this test's own."""
    names = None
    for line in text.splitlines():
        if line.startswith("{"):
            yield json.loads(line)
        elif line.startswith("#fields"):
            names = line.split("\t")[1:]
        elif names is None and not line.startswith("#"):
            names = line.split("\t")
        elif not line.startswith("#"):
            yield dict(zip(names or (), line.split("\t"), strict=True))


CONNECTIONS = {
    "conn.log": "zeek-conn", "conncomma.log": "zeek-conn", "conntimelast.log": "zeek-conn",
    "conn-tsv.log": "zeek-conn-tsv",
}  # fmt: skip
TRANSFERS = {(0, 342), (0, 77), (342, 0), (77, 0), (180, 3146)}  # bytes up and down of the five connections


@pytest.mark.parametrize("path", files("zeek_edge_cases"), ids=lambda path: path.name)
@pytest.mark.parametrize("name", [name for name in load_formats() if name.startswith("zeek")])
def test_odd_zeek_files_are_reported_and_never_read_wrongly(path: Path, name: str) -> None:
    data = path.read_bytes()
    fmt = recognise(data)
    assert (fmt and fmt.id) == CONNECTIONS.get(path.name)
    seen, tally = read(data, load_formats()[name])
    if name == CONNECTIONS.get(path.name):
        pairs = {(one.source_ip, one.destination_ip) for one in seen}
        assert pairs <= set(permutations(("141.142.220.235", "199.233.217.249"), 2))
        assert {(one.bytes_up, one.bytes_down) for one in seen} == TRANSFERS
        assert {datetime.fromtimestamp((one.time or 0) // SECOND, UTC).date().isoformat() for one in seen} == {
            "2012-02-21"
        }
        assert (len(seen), tally.broken) == (5, 0)
    else:
        assert seen == []
        assert tally.broken > 0


@pytest.mark.parametrize("path", files(".", "*/*"), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_format_crashes_on_any_file(path: Path) -> None:
    lines = path.read_bytes().split(b"\n")
    for name, fmt in load_formats().items():
        # A reader without a header keeps nothing of the lines that it has read.
        reader = READERS[name] if name in READERS else Reader(fmt, name="x")
        for line in lines[:60]:
            result = reader.parse(line, 0)
            assert not isinstance(result, Observation) or result.host or result.destination_ip


READERS = {name: Reader(fmt, name="x") for name, fmt in load_formats().items() if fmt.header == "none"}
