"""Real log lines from outside the project, read where they lie (SHADOWAI_CONFORMANCE), skipped elsewhere.

What is expected stands beside the lines (Squid), in the columns themselves (Zeek: read here with a splitter of its
own), or was read off the line by hand where the file says only the vendor.
"""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from shadowai.logs import Reader, load_formats, open_reader, read_blocks, recognise
from shadowai.logs.recognise import GENERIC
from shadowai.model import SECOND, Observation, Tally

ROOT = Path(os.environ.get("SHADOWAI_CONFORMANCE", Path(__file__).parents[3] / "shared")) / "logs"
pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="the conformance files are not here")

# The formats whose files the vendors' syslog samples are, as the names of these files say; every other file must be
# recognised as none.
SYSLOG = {
    "checkpoint": "checkpoint-fields",
    "checkpoint_syslog_rfc5424": "checkpoint-fields",
    "cisco_asa": "cisco-asa",
    "cisco_firepower": "cisco-ftd",
    "cisco_wsa": "cisco-wsa",
    "dell_sonicwall": "sonicwall",
    "forcepoint_web": "forcepoint-pairs",
    "fortinet_ngfw": "fortigate",
    "infoblox": "bind",
    "isc": "bind",
    "juniper_junos_rfc3164": "juniper-srx-text",
    "juniper_junos_rfc5424": "juniper-srx",
    "juniper_legacy": "netscreen",
    "leef": "leef",
    "mcafee_web_gateway": "mcafee-status",
    "mikrotik": "mikrotik",
    "palo_alto": "pan-os",
    "prisma_sd-wan": "prisma-sdwan-flow",
    "sophos_firewall_xg": "sophos-xfw",
    "sophos_webappliance": "sophos-web",
    "suricata": "suricata",
    "symantec_proxy": "proxysg-pairs",
    "zscaler_proxy": "zscaler-pairs",
}
NO_CONTACTS = {"leef"}  # traffic without a name or an address that LEEF names as the server's
REFERENCE = 1_800_000_000 * SECOND


def files(folder: str, pattern: str = "*") -> list[Path]:
    """List files, or one that does not exist, so that the skip shows."""
    found = sorted(path for path in (ROOT / folder).glob(pattern) if ".comments." not in path.name)
    return found or [ROOT / folder]


def read(data: bytes, name: str) -> tuple[list[Observation], Tally]:
    tally = Tally()
    reader = Reader(load_formats()[name], name="x", reference_time=REFERENCE)
    return list(read_blocks([(0, data)], reader, tally, None)), tally


def squid_samples() -> list[dict[str, Any]]:
    path = ROOT / "squid" / "squid_tests.samples.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.parametrize("sample", squid_samples())
def test_squid(sample: dict[str, Any]) -> None:
    line, expected = sample["sample"].encode(), sample["expected"]
    fmt = recognise(line)
    if expected and expected.get("not_an_access_line"):
        assert fmt is None
        return
    assert fmt is not None
    seen = Reader(fmt, name="x").parse(line, 0)
    if expected is None:
        assert isinstance(seen, Observation) or not seen.broken
        return
    assert seen.time // 1_000_000 == expected["ts_ms"]
    assert seen.source_ip == expected["src_ip"]
    assert (seen.host, seen.bytes_down) == (expected["host"], expected["bytes_to_client"])
    assert seen.method == expected.get("method", "GET")
    if "dst_ip" in expected:
        assert seen.destination_ip == expected["dst_ip"]
    if "port" in expected:
        assert seen.destination_port == expected["port"]
    # An error of Squid's own: nothing was let through, and nothing was blocked.
    is_error = b"/503 " in line and b"NONE/-" in line
    action = "denied" if "DENIED" in expected.get("squid_status", "") else "allowed"
    assert seen.action == (None if is_error else action)


@pytest.mark.parametrize("path", files("zeek"), ids=lambda path: path.name)
def test_zeek(path: Path) -> None:
    kind = path.name.split(".")[-2]
    data = path.read_bytes()
    fmt = recognise(data)
    assert fmt is not None
    assert fmt.id.startswith(f"zeek-{kind}")
    seen, tally = read(data, fmt.id)
    rows = list(zeek_rows(data.decode()))
    assert len(rows) == tally.records - tally.skipped["comment"] - tally.skipped["header"]
    if float(rows[0]["ts"]) < 1e9:  # a clock that was never set
        assert tally.broken == len(rows)
        return
    assert tally.broken == 0
    column = {"dns": "query", "ssl": "server_name", "http": "host"}[kind]
    named = [row for row in rows if kind != "dns" or row.get(column, "-") not in {"-", "(empty)"}]
    assert len(seen) == len(named)
    for one, row in zip(seen, named, strict=True):
        assert (one.source_ip, one.destination_ip) == (row["id.orig_h"], row["id.resp_h"])
        assert abs(one.time - float(row["ts"]) * SECOND) < 1000
        if row.get(column, "-") != "-" and row.get("method") != "CONNECT":
            assert one.host == row[column].lower().partition(":")[0].rstrip(".")
        if kind == "http" and row["uri"].startswith("/") and row["method"] != "CONNECT":
            assert one.path == row["uri"]


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
            yield dict(zip(names, line.split("\t"), strict=True))


@pytest.mark.parametrize("path", files("zeek_edge_cases"), ids=lambda path: path.name)
@pytest.mark.parametrize("name", [name for name in load_formats() if name.startswith("zeek")])
def test_odd_zeek_files_are_reported_and_never_read_wrongly(path: Path, name: str) -> None:
    data = path.read_bytes()
    fmt = recognise(data)
    assert (fmt and fmt.id) == CONNECTIONS.get(path.name)
    seen, tally = read(data, name)
    if name == CONNECTIONS.get(path.name):
        pairs = {(one.source_ip, one.destination_ip) for one in seen}
        assert pairs <= set(permutations(("141.142.220.235", "199.233.217.249"), 2))
        assert (len(seen), tally.broken) == (5, 0)
    else:
        assert seen == []
        assert tally.broken > 0


CONNECTIONS = {
    "conn.log": "zeek-conn", "conncomma.log": "zeek-conn", "conntimelast.log": "zeek-conn",
    "conn-tsv.log": "zeek-conn-tsv",
}  # fmt: skip


@pytest.mark.parametrize("path", files("syslog_raw", "*.log"), ids=lambda path: path.stem)
def test_vendors_syslog(path: Path) -> None:
    data = path.read_bytes()
    fmt = recognise(data)
    name = SYSLOG.get(path.stem)
    if name is None:
        assert fmt is None
        return
    assert fmt is not None
    assert name in {fmt.id, *(member.id for member in fmt.members)}
    tally = Tally()
    reader = open_reader(fmt, name="x", reference_time=REFERENCE)
    found = list(read_blocks([(0, data)], reader, tally, None))
    assert bool(found) == (path.stem not in NO_CONTACTS)
    assert all(seen.host or seen.destination_ip for seen in found)


@pytest.mark.parametrize("path", files("syslog_raw", "*.log"), ids=lambda path: path.stem)
def test_single_lines_are_read_by_formats_of_their_vendor(path: Path) -> None:
    words = {path.stem.partition("_")[0], *SPOKEN.get(path.stem, ())}
    for line in path.read_bytes().splitlines():
        fmt = recognise(line)
        assert fmt is None or fmt.id.partition("-")[0] in words or fmt.priority >= GENERIC, fmt.id


SPOKEN = {
    # BIND speaks through the syslog of other products; a vendor's products have names of their own.
    "infoblox": ("bind",), "isc": ("bind",), "dell_sonicwall": ("sonicwall",), "dell_sonic": ("sonicwall",),
    "fortinet_ngfw": ("fortigate",), "palo_alto": ("pan",), "symantec_proxy": ("proxysg",),
    "prisma_sd-wan": ("prisma",), "leef": ("pan",), "juniper_legacy": ("netscreen",),
    "ubiquiti_unifi": ("netfilter",), "broadcom_sslva": ("proxysg",),
}  # fmt: skip


def syslog(name: str) -> list[Observation]:
    data = (ROOT / "syslog_raw" / f"{name}.log").read_bytes()
    return read(data, SYSLOG[name])[0]


def test_zscaler_fields() -> None:
    first, second, third = syslog("zscaler_proxy")
    assert (first.host, first.destination_port, first.bytes_up, first.bytes_down) == ("example.com", 443, 598, 65)
    assert (first.source_ip, first.user, first.action.value) == ("192.168.0.38", "first.last@example.com", "allowed")
    assert (second.host, second.path, second.device) == ("www.msftconnecttest.com", "/connecttest.txt", "mdutta")
    assert (third.host, third.destination_ip) == ("4171764.fls.doubleclick.net", "216.58.204.70")
    moment = int(datetime(2019, 10, 16, 12, 13, 6, tzinfo=UTC).timestamp()) * SECOND
    assert {one.time for one in (first, second, third)} == {moment}


def test_pan_os_fields() -> None:
    seen = syslog("palo_alto")
    assert [one.host for one in seen if one.host] == ["emam.firefoxupdata.com", "subdomain.domain.com"]
    assert (seen[0].bytes_up, seen[0].bytes_down, seen[0].destination_ip) == (24629, 18506, "192.168.41.255")
    assert (seen[3].user, seen[3].action.value, seen[3].source_ip) == (
        "pancademo\\david.poster",
        "denied",
        "10.154.7.14",
    )
    assert seen[4].path.startswith('/graphql?operationName=getAlertsNews&variables={}&extensions={"persistedQuery"')


def test_fortigate_fields() -> None:
    web = syslog("fortinet_ngfw")[1]
    assert (web.host, web.destination_ip, web.bytes_up, web.bytes_down) == (
        "popo.wan.ijinshan.com",
        "114.112.67.75",
        525,
        325,
    )
    assert web.path.startswith("/popo/launch?c=cHA9d29")
    assert (web.user, web.action.value) == (None, "allowed")


def test_suricata_fields() -> None:
    flow, dns, http, tls = syslog("suricata")
    assert (flow.evidence.value, flow.host, flow.destination_ip) == ("address", None, "169.254.169.254")
    assert (dns.evidence.value, dns.host) == ("dns", "monitoring.us-west-2.amazonaws.com")
    assert (http.evidence.value, http.host, http.path, http.method) == (
        "http",
        "169.254.169.254",
        "/latest/api/token",
        "PUT",
    )
    assert (tls.evidence.value, tls.host, tls.destination_ip) == (
        "tls",
        "monitoring.us-west-2.amazonaws.com",
        "35.92.124.238",
    )


def test_suricata_alerts_are_contacts_where_they_name_a_host_only() -> None:
    document = json.loads((ROOT / "suricata" / "raw_logs_default_log.json").read_text())
    for entry in document["raw_logs"]["entries"]:
        line = json.dumps(json.loads(entry["data"])).encode()
        result = Reader(load_formats()["suricata"], name="x").parse(line, 0)
        assert isinstance(result, Observation) or not result.broken
        if json.loads(line)["event_type"] == "alert" and isinstance(result, Observation):
            assert result.host


def test_windows_dns() -> None:
    path = ROOT / "windows_dns_debug" / "samples.log"
    fmt = recognise(path.read_bytes())
    assert fmt.id == "windows-dns"
    tally = Tally()
    seen = list(read_blocks([(0, path.read_bytes())], open_reader(fmt, name="x"), tally, None))
    assert [(one.host, one.source_ip) for one in seen] == [
        ("somecomputer.domain.com", "10.161.60.71"),
        ("login.live.com", "10.20.0.6"),
    ]
    assert [datetime.fromtimestamp(one.time // SECOND, UTC).isoformat() for one in seen] == [
        "2013-06-05T10:00:32+00:00",
        "2021-12-22T21:46:04+00:00",
    ]
    assert tally.broken == 0


@pytest.mark.parametrize("folder", ["iboss", "dope_swg", "webmarshal"])
def test_gateways_are_recognised_and_read(folder: str) -> None:
    names = {"iboss": "iboss", "dope_swg": "dope", "webmarshal": "webmarshal"}
    for path in files(folder, "*.log") if folder == "iboss" else files(folder, "raw_logs*"):
        fmt = recognise(path.read_bytes())
        assert fmt is not None
        assert names[folder] in {fmt.id, *(member.id for member in fmt.members)}
        found = list(read_blocks([(0, path.read_bytes())], open_reader(fmt, name="x"), Tally(), None))
        assert any(seen.host for seen in found)
