"""What is recognised, what is not, and that definitions are checked."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shadowai.logs import Format, Reader, custom_csv, load_formats, recognise
from shadowai.model import Skip

SQUID = (
    b"1768471200.576    111 10.1.2.3 TCP_TUNNEL/200 15851 CONNECT chatgpt.com:443 alice HIER_DIRECT/104.18.32.47 -\n"
)
APACHE = b'10.1.2.3 - alice [15/Jan/2026:10:00:00 +0000] "GET /index.html HTTP/1.1" 200 39 "-" "Mozilla/5.0"\n'


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\n\n\r\n",
        b"\0" * 5000,
        hashlib.shake_128(b"noise").digest(70_000),
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50,
        b"time,src,dst\n1,2,3\n",
        b'{"a":1}\n',
        b"Jan 15 10:00:00 host sshd[1]: Accepted publickey for x\n",
        b"Oct 16 12:13:06 h CEF:0|Vendor|Product|1|2|\n",
        b"#Fields: date time c-ip s-ip\n2026-01-15 10:00:00 10.0.0.1 10.0.0.2\n",
        b"#separator \\x09\n#fields\tts\tuid\tservice\n1768471200.5\tC\tssl\n",
        b"x" * 100_000,
    ],
)  # fmt: skip
def test_other_files_are_not_recognised(head: bytes) -> None:
    assert recognise(head) is None


def test_a_web_servers_own_pages_are_no_use() -> None:
    fmt = recognise(APACHE)
    assert fmt is None or isinstance(Reader(fmt, name="x").parse(APACHE, 0), Skip)


def test_braces_in_quoted_values_are_no_json() -> None:
    # PowerShell's export of Sysmon events: messages of several lines, with GUIDs.
    rows = ['"TimeCreated","Id","Message"'] + [
        f'"15-01-2026 10:00:0{second}","22","Dns query:\nRuleName: -\nUtcTime: 2026-01-15 10:00:0{second}.302\n'
        "ProcessGuid: {99ef7bdc-ed18-68aa-a153-000000001f00}\nQueryName: chatgpt.com\nQueryStatus: 0\n"
        'Image: C:\\chrome.exe\nUser: CORP\\alice"'
        for second in range(3)
    ]
    found = recognise("\n".join(rows).encode())
    assert found is not None
    assert (found.id, found.framing) == ("sysmon-text", "quotes")


def test_a_header_alone_is_enough() -> None:
    assert recognise(b"#separator \\x09\n#path\tdns\n#fields\tts\tquery\tqtype_name\n#close\tx\n").id == "zeek-dns"
    assert recognise(b"#Fields: c-ip cs-host\n").id == "w3c"
    assert recognise(b"time,login,eurl,action,urlcat\n").id == "zscaler-csv"


def test_half_of_the_lines_must_be_read() -> None:
    noise = b"something else\n"
    assert recognise(SQUID + noise).id == "squid"
    assert recognise(SQUID + noise * 2) is None


def test_one_line_of_another_product_is_read_in_a_short_file() -> None:
    line = b"CEF:0|Check Point|URL Filtering|Check Point|Log|x|Unknown|act=Allow rt=1768471200000 src=10.1.2.4 "
    line += b"dst=192.0.2.1 request=https://claude.ai/\n"
    found = recognise(SQUID * 4 + line)
    assert {member.id for member in found.members} >= {"squid", "checkpoint-cef"}
    # In a longer one a single odd line may be chance, and reading each line by several formats takes time.
    assert recognise(SQUID * 60 + line).id == "squid"
    assert recognise(SQUID * 60 + line * 2).id == "mixed"


def test_lines_beside_those_that_hold_json_are_not_lost() -> None:
    # As a syslog server writes it: a firewall's lines, a sensor's, and those of the servers themselves.
    firewall = b'date=2026-01-15 time=10:00:00 devname="fw-1" devid="FG100" logid="0000000013" type="traffic" '
    firewall += b'subtype="forward" srcip=10.1.2.3 dstip=192.0.2.1 dstport=443 action="accept" sentbyte=1 rcvdbyte=2\n'
    sensor = b'<134>Jan 15 10:00:00 ids suricata[1]: {"timestamp":"2026-01-15T10:00:00.000000+0000","event_type":"dns",'
    sensor += b'"src_ip":"10.1.2.3","dest_ip":"10.1.1.1","dns":{"type":"query","rrname":"chatgpt.com","rrtype":"A"}}\n'
    other = b"Jan 15 10:00:00 host CRON[1]: (root) CMD (run-parts /etc/cron.hourly)\n"
    found = recognise((firewall * 6 + other * 13 + sensor) * 5)
    assert found is not None
    assert found.framing == "lines"
    assert {member.id for member in found.members} == {"fortigate", "suricata"}


def test_a_line_cut_by_the_head_is_left_out() -> None:
    head = (SQUID * 1000)[: 64 * 1024]
    assert recognise(head).id == "squid"
    long = b'{"timestamp":"2026-01-15T10:00:00+0000","event_type":"stats","x":"' + b"y" * 30_000 + b'"}\n'
    assert recognise((long * 3)[: 64 * 1024]).id == "suricata"


def test_own_column_maps_stand_above_shipped_formats() -> None:
    head = b"time,login,eurl,action,urlcat\n2026-01-15 10:00:00,a,a.ai/x,Allowed,y\n"
    own = custom_csv({"url": "eurl", "user": "login"}, name="own")
    assert recognise(head, own=[custom_csv({"url": "other"}), own]) is own


@given(st.binary(max_size=2000))
def test_no_bytes_raise(head: bytes) -> None:
    recognise(head)


def test_formats_are_whole() -> None:
    formats = load_formats()
    assert list(formats) == [fmt.id for fmt in sorted(formats.values(), key=lambda fmt: (fmt.priority, fmt.id))]
    assert load_formats() is formats
    for name, fmt in formats.items():
        assert fmt.id == name
        assert fmt.document.startswith("https://")
        assert fmt.name.startswith(fmt.vendor)
        assert {"host", "destination_ip"} & set(fmt.fields)
        assert fmt.has_header_line == (fmt.header == "line")


def test_directives_are_declared() -> None:
    formats = load_formats()
    assert b"#Fields:" in formats["w3c"].directives
    assert {b"#fields", b"#separator"} <= set(formats["zeek-dns"].directives)
    assert formats["squid"].directives == ()
    assert formats["windows-dns"].spelling == "dns-labels"


BASE = {
    "id": "x", "vendor": "v", "product": "p", "kind": "proxy", "evidence": "proxy", "document": "https://a.example/",
    "syntax": {"engine": "json"},
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"unknown": 1},
        {"syntax": {"engine": "json", "unknown": 1}},
        {"syntax": {"engine": "regex", "pattern": "("}},
        {"begins": "("},
        {"extract": {"a": "no group"}},
        {"records": []},
        {"document": "http://a.example/"},
        {"time": [{"columns": "t", "as": "%Q"}]},
        {"map": {"host_name": "a"}},
        {"kind": "router"},
        {"ignore": [{"when": {}, "reason": "Not a slug"}]},
    ],
)
def test_definitions_are_checked(change: dict[str, object]) -> None:
    assert Format.model_validate(BASE).name == "v p"
    with pytest.raises(ValidationError):
        Format.model_validate(BASE | change)
