"""Records of proxies, gateways and firewalls as real exports have them; each was misread once."""

from datetime import UTC, datetime

import pytest

from shadowai.logs import Reader, load_formats, recognise
from shadowai.model import SECOND, Evidence, Observation, Skip

REFERENCE = 1_770_000_000 * SECOND  # 2026-02-02
Values = tuple[str | int | None, ...]


def read(name: str, line: str) -> Observation | Skip:
    return Reader(load_formats()[name], name="x", reference_time=REFERENCE).parse(line.encode(), 0)


def at(moment: str) -> int:
    return int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()) * SECOND


UTM = (
    'date=2026-01-15 time=11:00:00 tz="+0100" eventtime=1768471200 logid="0419016384" type="utm" srcip=10.1.2.3 '
    'srcport=50001 dstip=203.0.113.9 action="dropped" '
)
FTNT = (
    "CEF:0|Fortinet|Fortigate|v6.0.3|08192|utm:x|4|FTNTFGTeventtime=1768471200 duser=bob src=10.1.2.3 spt=44356 "
    "dst=203.0.113.9 act=blocked deviceDirection=0 "
)
SRX = (
    '<12>1 2026-01-15T10:00:00.500Z srx-1 RT_UTM - {tag} [junos@2636.1.1.1.2.40 source-address="203.0.113.9" '
    'source-port="80" destination-address="10.1.2.3" destination-port="50001" {rest}]'
)
ASA = (
    "Jan 15 2026 10:00:00: %ASA-4-338002: Dynamic filter {verdict} blacklisted TCP traffic from in:10.1.2.3/50001 "
    "(198.51.100.7/50001) to out:203.0.113.9/443 ({name}), {end} malicious address resolved from local list: x.example"
)
PAN = (
    "CEF:0|Palo Alto Networks|LF|2.0|{kind}|3|dtz=UTC start=Jan 15 2026 10:00:00 src=10.1.2.3 dst=203.0.113.9 "
    "suser=alice act=deny "
)


@pytest.mark.parametrize(
    ("name", "line", "host", "source"),
    [
        # A file came back through the client's own session.
        (
            "fortigate",
            UTM + 'subtype="ips" dstport=80 hostname="a.example" url="/x" direction="incoming"',
            "a.example",
            None,
        ),
        ("fortigate", UTM + 'subtype="ssh" dstport=22', None, None),
        ("fortigate", UTM + 'subtype="voip" dstport=5060', None, None),
        ("fortigate", UTM + 'subtype="ssl" eventtype="ssl-anomaly" eventsubtype="certificate-anomaly"', None, None),
        ("fortigate-cef", FTNT + "cat=utm:virus dpt=80 request=http://a.example/x", "a.example", None),
        ("fortigate-cef", FTNT + "cat=utm:dlp dpt=443 dhost=a.example request=/x.gif", "a.example", None),
        ("fortigate-cef", FTNT + "cat=utm:ssh dpt=22", None, None),
        # The scanner names the server first.
        (
            "juniper-srx",
            SRX.format(tag="AV_VIRUS_DETECTED_MT", rest='filename="a.example/x.com"'),
            "a.example",
            "10.1.2.3",
        ),
        (
            "juniper-srx",
            SRX.format(tag="AV_HUGE_FILE_DROPPED_MT", rest='filename="a.example/x"'),
            "a.example",
            "10.1.2.3",
        ),
        ("cisco-asa", ASA.format(verdict="dropped", name="a.example/443", end="destination"), "a.example", None),
        ("cisco-asa", ASA.format(verdict="dropped", name="203.0.113.9/443", end="destination"), None, None),
        ("pan-os-cef", PAN.format(kind="DECRYPTION|end") + "PanOSServerNameIndication=a.example", "a.example", None),
        ("pan-os-cef", PAN.format(kind="DECRYPTION|end") + "PanOSServerNameIndication=", None, None),
        ("pan-os-cef", PAN.format(kind="THREAT|url") + r"request=\"a.example/x\" cs2=ai", "a.example", None),
    ],
)
def test_findings_name_client_and_server(name: str, line: str, host: str | None, source: str | None) -> None:
    seen = read(name, line)
    assert isinstance(seen, Observation), seen
    assert (seen.host, seen.source_ip, seen.destination_ip) == (host, source or "10.1.2.3", "203.0.113.9")
    assert seen.action == "denied"
    assert (seen.evidence is Evidence.ADDRESS) is (host is None)


def test_a_source_on_a_list_of_malicious_servers_is_no_client() -> None:
    assert isinstance(read("cisco-asa", ASA.format(verdict="monitored", name="a.example/443", end="source")), Skip)


def test_findings_of_the_other_side_name_nobody() -> None:
    incoming = UTM + 'subtype="ips" dstport=50001 hostname="a.example" url="/x" direction="incoming"'
    assert isinstance(read("fortigate", incoming), Skip)
    assert isinstance(read("fortigate-cef", FTNT + "cat=utm:ips dpt=44362 dhost=a.example request=/x"), Skip)


def test_check_point_writes_western_zones_with_two_signs() -> None:
    line = (
        '<85>1 2026-01-15T05:00:00--5:00 192.0.2.9 CP-GW - Log [Fields@1.3.6.1.4.1.2620 src="10.1.2.3" '
        'dst="203.0.113.9" proto="6" ProductName="VPN-1 & FireWall-1" svc="443" sport_svc="56530" ]'
    )
    found = recognise((line + "\n").encode())
    assert found is not None
    assert found.id == "checkpoint-fields"
    seen = read("checkpoint-fields", line)
    assert isinstance(seen, Observation)
    assert seen.time == at("2026-01-15T10:00:00")


def test_netskope_says_what_a_record_is_in_a_column_of_its_own() -> None:
    record = (
        '{"access_method": "Client", "action": "alert", "timestamp": 1768471200, "type": "breach", "ur_normalized": '
        '"a@example.com", "user": "a@example.com", "userip": "10.1.2.3", "dstip": "203.0.113.9", '
        '"record_type": "KIND", "dsthost": "a.example", "domain": "a.example", "client_bytes": 5, "server_bytes": 7}'
    )
    for kind in ("page", "network", "application"):
        seen = read("netskope-events", record.replace("KIND", kind))
        assert isinstance(seen, Observation)
        assert (seen.host, seen.source_ip, seen.bytes_up, seen.bytes_down) == ("a.example", "10.1.2.3", 5, 7)
    for kind in ("audit", "alert", "incident"):
        assert isinstance(read("netskope-events", record.replace("KIND", kind)), Skip)


def test_the_azure_portal_exports_a_log_without_its_process() -> None:
    # The name of the process stands in a column of its own, the time in that of the browser's locale.
    export = (
        'TenantId,"TimeGenerated [UTC]",Computer,SyslogMessage,ProcessName\n'
        '"0","1/15/2026, 10:00:10.130 PM","fw","msg_id=""3000-0148"" Allow Servers External 52 tcp 20 127 10.1.2.3 '
        '203.0.113.9 26450 443 offset 8 S 331 win 61690  geo_dst=""NLD""  (HTTPS-00)",firewall\n'
    )
    found = recognise(export.encode())
    assert found is not None
    assert found.id == "watchguard"
    reader = Reader(found, name="x", reference_time=REFERENCE)
    seen = [reader.parse(line.encode(), 0) for line in export.splitlines()][-1]
    assert isinstance(seen, Observation)
    assert (seen.source_ip, seen.destination_ip, seen.action) == ("10.1.2.3", "203.0.113.9", "allowed")
    assert seen.time == at("2026-01-15T22:00:10") + SECOND * 13 // 100
