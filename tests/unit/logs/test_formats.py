"""Every format on lines as its vendor documents them; the expected values are read off the lines by hand."""

from datetime import datetime

import pytest

from shadowai.logs import Reader, load_formats, read_blocks, recognise
from shadowai.model import SECOND, Observation, Skip, Tally


def at(text: str) -> int:
    """Nanoseconds of an RFC 3339 time."""
    moment = datetime.fromisoformat(text)
    return int(moment.timestamp()) * SECOND + moment.microsecond * 1000


REFERENCE = at("2026-02-01T00:00:00+00:00")
ZEEK_HEAD = (
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t{path}\n#fields\t{fields}\n"
)
CONN = "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\t"


def zeek(path: str, fields: str, *rows: str) -> str:
    return ZEEK_HEAD.format(path=path, fields=CONN + fields) + "".join(row + "\n" for row in rows)


def traffic(action: str = "allow", sent: str = "24629", received: str = "18506", more: str = "") -> str:
    return (
        "1,2026/01/15 10:00:01,007200001056,TRAFFIC,end,2561,2026/01/15 10:00:00,192.168.41.30,104.18.32.47,10.193.16.193,"
        "104.18.32.47,allow-all,corp\\alice,,ssl,vsys1,trust,untrust,ethernet1/2,ethernet1/1,fwd,2026/01/15 10:00:00,36459,"
        f"1,39681,443,32326,443,0x400053,tcp,{action},43135,{sent},{received},189,2026/01/15 09:59:00,3012,computer{more}"
    )


def url_log(url: str = '"chatgpt.com/c/1"', action: str = "alert", kind: str = "THREAT,url") -> str:
    return (
        f"1,2026/01/15 10:00:01,007200001056,{kind},2561,2026/01/15 10:00:00,10.154.7.14,104.18.32.47,,,web,"
        "corp\\alice,,web-browsing,vsys1,trust,untrust,ethernet1/2,ethernet1/2,fwd,2026/01/15 10:00:00,661375,1,1058,443,0,0,"
        f"0xb000,tcp,{action},{url},(9999),computer-and-internet-info,informational,client-to-server,8996,0x8000,10.0.0.0-"
        "10.255.255.255,United States,0,text/html,0,,,1,Mozilla/5.0 (X11),,,,,,,0,31,12,0,0,,fw-01,,,,get,0"
    )


SPLUNK = (
    "reason=Allowed\tevent_id=1\tprotocol=HTTPS\taction={action}\ttransactionsize=663\tresponsesize=65\trequestsize=598\t"
    'urlcategory=AI\tserverip=104.18.32.47\trequestmethod=GET\trefererURL=""https://a.example/""\tuseragent=""Mozilla/5.0 (X)""\t'
    "product=NSS\tlocation=HQ->floor 2\tClientIP=10.1.2.3\tstatus=200\tuser={user}\turl={url}\tvendor=Zscaler\t"
    "hostname=other.example\tclientpublicIP=198.51.100.1"
)
FORTI = 'date=2026-01-15 time=11:00:00 devname="fw" devid="FGT60D" eventtime={event} tz="+0100" logid="{logid}" '
CSV_HEAD = "time,login,eurl,action,reqsize,respsize,urlsupercat,cip,sip,reqmethod,respcode,ua,location\n"

# id: (file, [one dictionary of expected fields for each observation])
SAMPLES: dict[str, tuple[str, list[dict[str, object]]]] = {
    "bind": (
        "15-Jan-2026 10:00:00.123 queries: info: client @0x7f0c74087120 192.168.1.3#61568 (api.openai.com): "
        "query: api.openai.com IN A +E(0)K (192.168.1.2)\n"
        "15-Jan-2026 10:00:01.000 client 2001:db8::3#53000/key tsig.example (Claude.AI): view in: query: Claude.AI IN TYPE65 -\n"
        "Jan 15 10:00:02 ns1 named[1234]: client @0x7f 192.168.1.4#1 (a_b.example): query: a_b.example IN AAAA + (192.168.1.2)\n"
        "15-Jan-2026 10:00:03.000 general: info: running\n",
        [
            {"host": "api.openai.com", "source_ip": "192.168.1.3", "destination_ip": "192.168.1.2",
             "time": at("2026-01-15T10:00:00.123+00:00"), "source_port": 61568, "evidence": "dns", "kind": "dns", "offset": 0},
            {"host": "claude.ai", "source_ip": "2001:db8::3", "time": at("2026-01-15T10:00:01+00:00")},
            {"host": "a_b.example", "source_ip": "192.168.1.4", "time": at("2026-01-15T10:00:02+00:00")},
        ],
    ),
    "dnsmasq": (
        "Jan 15 10:00:00 dnsmasq[123]: query[A] api.openai.com from 192.168.1.2\n"
        "Jan 15 10:00:00 dnsmasq[123]: forwarded api.openai.com to 9.9.9.9\n"
        "Jan 15 10:00:00 dnsmasq[123]: reply api.openai.com is 104.18.7.192\n"
        "Dec 31 23:59:59 dnsmasq[123]: 7 192.168.1.2/51234 query[HTTPS] claude.ai from 192.168.1.2\n"
        "<30>Jan 15 10:00:01 router dnsmasq[123]: query[type=65] x.example from fe80::1%eth0\n",
        [
            {"host": "api.openai.com", "source_ip": "192.168.1.2", "time": at("2026-01-15T10:00:00+00:00")},
            {"host": "claude.ai", "source_port": 51234, "time": at("2025-12-31T23:59:59+00:00")},
            {"host": "x.example", "source_ip": "fe80::1"},
        ],
    ),
    "unbound": (
        "[1768471200] unbound[12345:0] info: 192.168.1.2 api.openai.com. A IN\n"
        "[1768471200] unbound[12345:0] info: 192.168.1.2 api.openai.com. A IN NOERROR 0.02 0 44\n"
        "Jan 15 10:00:01 ns unbound: [12345:0] info: 192.168.1.3 claude.ai. HTTPS IN\n"
        "2026-01-15T10:00:02.500+01:00 unbound[1:0] query: 2001:db8::9 x.example. AAAA IN\n"
        "[1768471203] unbound[12345:0] info: start of service (unbound 1.19.0).\n",
        [
            {"host": "api.openai.com", "source_ip": "192.168.1.2", "time": 1768471200 * SECOND},
            {"host": "claude.ai", "time": at("2026-01-15T10:00:01+00:00")},
            {"host": "x.example", "time": at("2026-01-15T09:00:02.5+00:00"), "source_ip": "2001:db8::9"},
        ],
    ),
    "unbound-replies": (
        "[1768471200] unbound[12345:0] info: 192.168.1.2 api.openai.com. A IN NOERROR 0.020000 0 44\n",
        [{"host": "api.openai.com", "source_ip": "192.168.1.2"}],
    ),
    "windows-dns": (
        "DNS Server log file creation at 1/15/2026 9:00:00 AM\n\n\tField #  Information         Values\n"
        "1/15/2026 10:00:32 AM 0E70 PACKET  00000000033397A0 UDP Rcv 10.161.60.71    5b47   Q [0001   D   NOERROR] A      "
        "(3)api(6)openai(3)com(0)\n"
        "1/15/2026 10:00:32 AM 0E70 PACKET  00000000033397A0 UDP Snd 8.8.8.8         5b47   Q [0001   D   NOERROR] A      "
        "(3)api(6)openai(3)com(0)\n"
        "1/15/2026 10:00:33 AM 0E70 PACKET  00000000033397A0 UDP Snd 10.161.60.71    5b47 R Q [8081   DR  NOERROR] A      "
        "(3)api(6)openai(3)com(0)\n"
        "1/15/2026 12:00:33 AM 0E70 PACKET  UDP Rcv 10.161.60.72    5b47   Q [0001   D   NOERROR] AAAA   .claude.ai.\n"
        "1/15/2026 12:00:34 PM 0E70 EVENT   The DNS server did something.\n",
        [
            {"host": "api.openai.com", "source_ip": "10.161.60.71", "time": at("2026-01-15T10:00:32+00:00")},
            {"host": "claude.ai", "time": at("2026-01-15T00:00:33+00:00")},
        ],
    ),
    "zeek-dns": (
        zeek("dns", "proto\tquery\tqtype_name\trcode_name",
             "1768471200.000537\tC1\t10.0.0.1\t59816\t10.0.0.53\t53\tudp\tapi.openai.com\tA\tNOERROR",
             "1768471201.0\tC2\t10.0.0.1\t59816\t10.0.0.53\t53\tudp\t-\t-\t-",
             "1768471202.0\tC3\t10.0.0.1\t5353\t224.0.0.251\t5353\tudp\tMy Printer._ipp._tcp.local\tPTR\t-") + "#close\tx\n",
        [{"host": "api.openai.com", "source_ip": "10.0.0.1", "destination_ip": "10.0.0.53", "source_port": 59816,
          "time": 1768471200000537000, "kind": "sensor", "evidence": "dns"}],
    ),
    "zeek-dns-json": (
        '{"ts":1768471200.000537,"uid":"C1","id.orig_h":"10.0.0.1","id.orig_p":5,"id.resp_h":"10.0.0.53","id.resp_p":53,'
        '"query":"api.openai.com","qtype_name":"A","AA":false,"RD":true,"rejected":false}\n',
        [{"host": "api.openai.com", "source_ip": "10.0.0.1", "time": 1768471200000537000, "evidence": "dns"}],
    ),
    "zeek-ssl": (
        zeek("ssl", "version\tcipher\tserver_name\testablished",
             "1768471200.5\tC1\t10.0.0.1\t59816\t104.18.32.47\t443\tTLSv13\tX\tchatgpt.com\tT",
             "1768471200.5\tC1\t10.0.0.1\t59816\t104.18.32.48\t443\tTLSv13\tX\t-\tT"),
        [{"host": "chatgpt.com", "destination_ip": "104.18.32.47", "evidence": "tls", "destination_port": 443},
         {"host": None, "destination_ip": "104.18.32.48", "evidence": "tls"}],
    ),
    "zeek-ssl-json": (
        '{"ts":"2026-01-15T10:00:00.5Z","id.orig_h":"10.0.0.1","id.resp_h":"104.18.32.47","server_name":"chatgpt.com",'
        '"resumed":false,"established":true}\n',
        [{"host": "chatgpt.com", "time": at("2026-01-15T10:00:00.5+00:00"), "evidence": "tls"}],
    ),
    "zeek-quic": (
        zeek("quic", "version\tclient_initial_dcid\tserver_name\thistory",
             "1768471200.5\tC1\t10.0.0.1\t59816\t104.18.32.47\t443\t1\tab12\tchatgpt.com\tISish"),
        [{"host": "chatgpt.com", "evidence": "quic"}],
    ),
    "zeek-quic-json": (
        '{"ts":1768471200.5,"id.orig_h":"10.0.0.1","id.resp_h":"104.18.32.47","client_initial_dcid":"ab","server_name":"a.ai"}',
        [{"host": "a.ai", "evidence": "quic"}],
    ),
    "zeek-http": (
        zeek("http", "method\thost\turi\tuser_agent\trequest_body_len\tresponse_body_len",
             "1768471200.5\tC1\t10.0.0.1\t5\t192.0.2.7\t80\tGET\tollama.example\t/api/tags?x=1\tcurl/8\t0\t346",
             "1768471200.5\tC1\t10.0.0.1\t5\t192.0.2.7\t3128\tCONNECT\t-\tchatgpt.com:443\t-\t0\t0",
             "1768471200.5\tC1\t10.0.0.1\t5\t192.0.2.7\t3128\tGET\tignored.example\thttp://claude.ai/a\t-\t0\t0",
             "1768471200.5\tC1\t10.0.0.1\t5\t192.0.2.7\t80\tGET\t-\t/x\t-\t0\t9"),
        [{"host": "ollama.example", "path": "/api/tags?x=1", "method": "GET", "user_agent": "curl/8", "bytes_up": 0,
          "bytes_down": 346, "evidence": "http"},
         {"host": "chatgpt.com", "path": None, "destination_port": 3128},
         {"host": "claude.ai", "path": "/a"},
         {"host": None, "destination_ip": "192.0.2.7", "path": "/x"}],
    ),
    "zeek-http-json": (
        '{"ts":1768471200.5,"id.orig_h":"10.0.0.1","id.resp_h":"192.0.2.7","trans_depth":1,"method":"POST","host":"a.ai",'
        '"uri":"/v1","request_body_len":12,"response_body_len":34}\n',
        [{"host": "a.ai", "path": "/v1", "bytes_up": 12, "bytes_down": 34}],
    ),
    "zeek-dns-tsv": (
        CONN + "query\tqtype_name\n1768471200.5\tC1\t10.0.0.1\t5\t10.0.0.53\t53\tapi.openai.com\tA\n",
        [{"host": "api.openai.com", "destination_ip": "10.0.0.53"}],
    ),
    "zeek-ssl-tsv": (
        CONN + "cipher\tserver_name\n1768471200.5\tC1\t10.0.0.1\t5\t192.0.2.7\t443\tX\tchatgpt.com\n",
        [{"host": "chatgpt.com"}],
    ),
    "zeek-http-tsv": (
        CONN + "method\thost\turi\n1768471200.5\tC1\t10.0.0.1\t5\t192.0.2.7\t80\tGET\ta.ai\t/x\n",
        [{"host": "a.ai", "path": "/x"}],
    ),
    "zeek-quic-tsv": (
        CONN + "client_initial_dcid\tserver_name\n1768471200.5\tC1\t10.0.0.1\t5\t192.0.2.7\t443\tab\tchatgpt.com\n",
        [{"host": "chatgpt.com"}],
    ),
    "suricata": (
        '{"timestamp":"2026-01-15T11:00:00.123456+0100","event_type":"dns","src_ip":"10.0.0.1","src_port":5,"dest_ip":"10.0.0.53",'
        '"dest_port":53,"dns":{"type":"query","id":1,"rrname":"api.openai.com","rrtype":"A"}}\n'
        '{"timestamp":"2026-01-15T10:00:01.0+0000","event_type":"dns","src_ip":"10.0.0.1","dest_ip":"10.0.0.53",'
        '"dns":{"version":3,"type":"request","queries":[{"rrname":"claude.ai","rrtype":"A"}]}}\n'
        '{"timestamp":"2026-01-15T10:00:01.0+0000","event_type":"dns","src_ip":"10.0.0.53","dest_ip":"10.0.0.1",'
        '"dns":{"version":2,"type":"answer","rrname":"claude.ai"}}\n'
        '<134> Jan 15 10:00:02 ids suricata[5]: {"timestamp":"2026-01-15T10:00:02.0+0000","event_type":"tls","src_ip":"10.0.0.1",'
        '"dest_ip":"104.18.32.47","dest_port":443,"tls":{"sni":"chatgpt.com","version":"TLS 1.3"}}\n'
        '{"timestamp":"2026-01-15T10:00:03.0+0000","event_type":"quic","src_ip":"10.0.0.1","dest_ip":"104.18.32.47",'
        '"quic":{"version":"1","sni":"gemini.google.com"}}\n'
        '{"timestamp":"2026-01-15T10:00:04.0+0000","event_type":"http","src_ip":"10.0.0.1","dest_ip":"192.0.2.7",'
        '"http":{"hostname":"a.ai","url":"/v1","http_user_agent":"curl/8","http_method":"PUT","length":56}}\n'
        '{"timestamp":"2026-01-15T10:00:05.0+0000","event_type":"flow","src_ip":"10.0.0.1","dest_ip":"192.0.2.7"}\n',
        [
            {"host": "api.openai.com", "evidence": "dns", "time": at("2026-01-15T10:00:00.123456+00:00"), "source_port": 5},
            {"host": "claude.ai", "evidence": "dns"},
            {"host": "chatgpt.com", "evidence": "tls", "destination_port": 443, "kind": "sensor"},
            {"host": "gemini.google.com", "evidence": "quic"},
            {"host": "a.ai", "evidence": "http", "path": "/v1", "method": "PUT", "user_agent": "curl/8", "bytes_down": 56},
        ],
    ),
    "squid": (
        "1768471200.576    111 10.1.2.3 TCP_TUNNEL/200 15851 CONNECT chatgpt.com:443 CORP\\alice HIER_DIRECT/104.18.32.47 -\n"
        "1768471201.000     62 10.1.2.3 TCP_MISS/200 491 GET http://a.example/x?q=openai.com - FIRSTUP_PARENT/10.9.9.9 text/html"
        " [User-Agent: x] [y]\n"
        "1768471202      0 10.1.2.3 TCP_DENIED/407 3920 CONNECT claude.ai:443 - HIER_NONE/- text/html\n"
        "1768471203.0      0 10.1.2.3 TCP_DENIED/403 3920 CONNECT claude.ai:443/ 10.1.2.3 HIER_NONE/- text/html\n"
        "1768471204.0      0 10.1.2.3 NONE_NONE/000 0 - error:transaction-end-before-headers - HIER_NONE/- -\n"
        "1768471205.0      0 10.1.2.3 TCP_MISS/200 7 CONNECT [2001:db8::1]:443 - HIER_DIRECT/2001:db8::1 -\n",
        [
            {"host": "chatgpt.com", "source_ip": "10.1.2.3", "user": "CORP\\alice", "destination_ip": "104.18.32.47",
             "destination_port": 443, "bytes_down": 15851, "bytes_up": None, "action": "allowed", "method": "CONNECT",
             "path": None, "time": 1768471200576000000, "kind": "proxy", "evidence": "proxy"},
            {"host": "a.example", "path": "/x?q=openai.com", "user": None, "destination_ip": None},
            {"host": "claude.ai", "action": "denied", "user": None, "path": None},
            {"host": "2001:db8::1", "destination_ip": "2001:db8::1"},
        ],
    ),
    "squid-combined": (
        '10.1.2.3 - alice [15/Jan/2026:15:30:00 +0530] "CONNECT chatgpt.com:443 HTTP/1.1" 200 39 "-" "Mozilla/5.0 \\"x\\" (X)" '
        "TCP_TUNNEL:HIER_DIRECT\n"
        '10.1.2.3 - - [15/Jan/2026:15:30:00 +0530] "GET http://a.example/ HTTP/1.1" 407 4235 "-" "x" TCP_DENIED:HIER_NONE\n'
        '10.1.2.3 - - [15/Jan/2026:15:30:01 +0530] "GET http://claude.ai/x HTTP/1.1" 403 42 "-" "x" TCP_DENIED:HIER_NONE\n'
        '10.1.2.3 - - [15/Jan/2026:15:30:01 +0530] "- error:transaction-end-before-headers NONE/0.0" 0 0 "-" "-" '
        "NONE_NONE:HIER_NONE\n",
        [
            {"host": "chatgpt.com", "user": "alice", "bytes_down": 39, "time": at("2026-01-15T10:00:00+00:00"),
             "user_agent": 'Mozilla/5.0 \\"x\\" (X)', "action": "allowed"},
            {"host": "claude.ai", "path": "/x", "action": "denied"},
        ],
    ),
    "squid-common": (
        '10.1.2.3 - alice [15/Jan/2026:10:00:00 +0000] "CONNECT chatgpt.com:443 HTTP/1.1" 200 39 TCP_TUNNEL:HIER_DIRECT\n',
        [{"host": "chatgpt.com", "user": "alice", "bytes_down": 39}],
    ),
    "w3c": (
        "#Software: SGOS 6.7.4\n#Version: 1.0\n#Date: 2026-01-15 10:00:00\n"
        "#Fields: date time c-ip cs-username s-action sc-filter-result sc-status cs-method cs-host cs-uri-path cs-uri-query "
        "cs(User-Agent) s-ip r-ip sc-bytes cs-bytes\n"
        '2026-01-15 10:00:00 10.1.2.3 CORP\\alice TCP_NC_MISS OBSERVED 200 POST chatgpt.com /backend ?a=b "Mozilla/5.0 (X)" '
        "10.0.0.1 104.18.32.47 900 5000\n"
        '2026-01-15 10:00:01 10.1.2.3 - TCP_DENIED DENIED 403 CONNECT claude.ai / - "x y" 10.0.0.1 - 9 5\n'
        '2026-01-15 10:00:01 10.1.2.3 - TCP_DENIED PROXIED 407 CONNECT claude.ai / - "x y" 10.0.0.1 - 9 5\n'
        "#Fields: time c-ip cs-uri\n10:00:02 10.1.2.4 https://gemini.google.com/app\n",
        [
            {"host": "chatgpt.com", "path": "/backend?a=b", "user": "CORP\\alice", "bytes_up": 5000, "bytes_down": 900,
             "user_agent": "Mozilla/5.0 (X)", "action": "allowed", "destination_ip": "104.18.32.47", "method": "POST"},
            {"host": "claude.ai", "action": "denied", "user": None, "path": None},
            {"host": "gemini.google.com", "path": "/app", "time": at("2026-01-15T10:00:02+00:00"), "action": None},
        ],
    ),
    "proxysg-pairs": (
        '<134>1 2026-01-15T10:00:00.5Z sg bluecoat - splunk_format - c-ip=10.1.2.3 cs-bytes=62 cs-host=chatgpt.com cs-method=GET '
        'cs-uri-path=/x cs-User-Agent="a b" cs-username=alice s-action=TCP_HIT sc-bytes=94 sc-filter-result=OBSERVED sc-status=200\n',
        [{"host": "chatgpt.com", "user": "alice", "bytes_up": 62, "bytes_down": 94, "path": "/x", "user_agent": "a b",
          "time": at("2026-01-15T10:00:00.5+00:00"), "action": "allowed"}],
    ),
    "zscaler-pairs": (
        "2026-01-15 10:00:00\t" + SPLUNK.format(action="Allowed", user="a@example.com", url="chatgpt.com/c?x=1&y=2") + "\n"
        "<134>2026-01-15 10:00:01\t" + SPLUNK.format(action="Blocked", user="HQ->floor 2", url="claude.ai:443") + "\n"
        "<134>Jan 15 10:00:01 [10.0.0.143] ZscalerNSS: The NSS free memory has decreased\n",
        [
            {"host": "chatgpt.com", "path": "/c?x=1&y=2", "user": "a@example.com", "source_ip": "10.1.2.3", "bytes_up": 598,
             "bytes_down": 65, "destination_ip": "104.18.32.47", "action": "allowed", "user_agent": "Mozilla/5.0 (X)",
             "time": at("2026-01-15T10:00:00+00:00")},
            {"host": "claude.ai", "action": "denied", "user": None},
        ],
    ),
    "zscaler-json": (
        '{"sourcetype":"zscalernss-web","event":{"datetime":"2026-01-15 10:00:00","tz":"GMT","action":"Allowed","url":"chatgpt.com/",'
        '"user":"a@example.com","ClientIP":"10.1.2.3","serverip":"104.18.32.47","requestsize":"598","responsesize":65}}\n',
        [{"host": "chatgpt.com", "path": "/", "bytes_up": 598, "bytes_down": 65, "time": at("2026-01-15T10:00:00+00:00")}],
    ),
    "zscaler-csv": (
        CSV_HEAD + "2026-01-15 10:00:00,a@example.com,\"chatgpt.com/a,b\",Allowed,598,65,AI,10.1.2.3,104.18.32.47,GET,200,x,HQ\n"
        "Thu Jan 15 10:00:01 2026,HQ,claude.ai:443,Blocked,1,2,AI,10.1.2.3,None,CONNECT,403,None,HQ\n",
        [
            {"host": "chatgpt.com", "path": "/a,b", "user": "a@example.com", "bytes_up": 598, "bytes_down": 65},
            {"host": "claude.ai", "user": None, "action": "denied", "time": at("2026-01-15T10:00:01+00:00"), "user_agent": None},
        ],
    ),
    "zscaler-feed": (
        '"Thu Jan 15 10:00:00 2026","a@example.com","HTTPS","chatgpt.com/","Blocked","ChatGPT","AI","72","14061","0","0",'
        '"Productivity Loss","AI","AI","None","None","0","None","None","HQ","Sales","10.1.2.3","104.18.32.47","GET","403","curl/8",'
        '"None","FwFilter","Rule_1","Other","None","NA","NA","N/A"\n',
        [{"host": "chatgpt.com", "user": "a@example.com", "bytes_up": 72, "bytes_down": 14061, "source_ip": "10.1.2.3",
          "action": "denied", "destination_ip": "104.18.32.47", "user_agent": "curl/8"}],
    ),
    "pan-os": (
        f"<190>Jan 15 10:00:00 fw-01 {traffic()}\n{traffic('deny', '0', '0')}\n"
        f"<14>1 2026-01-15T10:00:00+00:00 fw-01 - - - - {url_log()}\n{url_log(action='block-url')}\n"
        + url_log('"a.example:9999/g?v={""k"":1,2}"') + "\n" + url_log(kind="THREAT,virus") + "\n",
        [
            {"host": None, "destination_ip": "104.18.32.47", "bytes_up": 24629, "bytes_down": 18506, "user": "corp\\alice",
             "action": "allowed", "source_ip": "192.168.41.30", "destination_port": 443, "evidence": "firewall",
             "kind": "firewall", "time": at("2026-01-15T10:00:00+00:00")},
            {"action": "denied", "bytes_up": 0},
            {"host": "chatgpt.com", "path": "/c/1", "action": "allowed", "user": "corp\\alice", "method": "get",
             "user_agent": "Mozilla/5.0 (X11)", "bytes_up": None},
            {"host": "chatgpt.com", "action": "denied"},
            {"host": "a.example", "path": '/g?v={"k":1,2}'},
        ],
    ),
    "fortigate": (
        "<189>" + FORTI.format(event="1768471200123456789", logid="0000000013")
        + 'type="traffic" subtype="forward" srcip=10.1.2.3 srcport=5 dstip=104.18.32.47 dstport=443 action="close" user="alice" '
        "sentbyte=100 rcvdbyte=200\n"
        + FORTI.format(event="1768471200", logid="0000000020")
        + 'type="traffic" subtype="forward" srcip=10.1.2.3 dstip=104.18.32.47 action="accept" sentbyte=100 rcvdbyte=200 '
        "sentdelta=10 rcvddelta=20\n"
        "date=2026-01-15 time=11:00:00 tz=\"+0100\" logid=0317013312 type=utm subtype=webfilter srcip=10.1.2.3 dstip=104.18.32.47 "
        'hostname="chatgpt.com" action=blocked url="/a?b=c d=e" sentbyte=525 rcvdbyte=325 user=""\n'
        + FORTI.format(event="1768471200123", logid="1501054802")
        + 'type="utm" subtype="dns" eventtype="dns-response" srcip=10.1.2.3 dstip=9.9.9.9 qname="api.openai.com" action="pass"\n'
        + FORTI.format(event="1768471200123456", logid="0100040704") + "type=event subtype=system action=perf-stats\n",
        [
            {"host": None, "destination_ip": "104.18.32.47", "bytes_up": 100, "bytes_down": 200, "user": "alice",
             "time": 1768471200123456789, "evidence": "firewall", "action": "allowed"},
            {"bytes_up": 10, "bytes_down": 20, "time": 1768471200 * SECOND},
            {"host": "chatgpt.com", "path": "/a?b=c d=e", "action": "denied", "time": at("2026-01-15T10:00:00+00:00"),
             "user": None, "bytes_up": 525},
            {"host": "api.openai.com", "evidence": "dns", "destination_ip": "9.9.9.9", "time": 1768471200123000000},
        ],
    ),
}  # fmt: skip


def read(name: str, text: str | bytes) -> tuple[list[Observation], Tally]:
    data = text.encode() if isinstance(text, str) else text
    tally = Tally()
    reader = Reader(load_formats()[name], name="x.log", reference_time=REFERENCE)
    return list(read_blocks([(0, data)], reader, tally, None)), tally


def test_every_format_has_a_sample():
    assert set(SAMPLES) == set(load_formats())


@pytest.mark.parametrize("name", SAMPLES)
def test_reads_the_fields(name):
    text, expected = SAMPLES[name]
    found, tally = read(name, text)
    assert tally.broken == 0, tally
    assert [
        {key: getattr(seen, key) for key in wanted} for seen, wanted in zip(found, expected, strict=True)
    ] == expected
    assert {seen.dataset for seen in found} == {name}
    assert tally.records == tally.parsed + sum(tally.skipped.values())


@pytest.mark.parametrize("name", SAMPLES)
def test_offsets_are_where_the_record_begins(name):
    data = SAMPLES[name][0].encode()
    for seen in read(name, data)[0]:
        assert seen.offset == 0 or data[seen.offset - 1 : seen.offset] == b"\n"


@pytest.mark.parametrize("name", SAMPLES)
def test_is_recognised_as_itself_only(name):
    text = SAMPLES[name][0]
    for data in (text, text.rstrip("\n"), text.replace("\n", "\r\n"), "\ufeff" + text):
        found = recognise(data.encode())
        assert found is not None
        assert found.id == name


@pytest.mark.parametrize("name", SAMPLES)
def test_formats_do_not_steal_each_others_files(name):
    text = SAMPLES[name][0]
    related = name.split("-")[0]
    for other in load_formats():
        if other.split("-")[0] != related:
            found, _ = read(other, text)
            assert found == [], other


@pytest.mark.parametrize("name", SAMPLES)
def test_line_ends_and_marks_change_nothing(name):
    text = SAMPLES[name][0]
    plain = [dict_of(seen) for seen in read(name, text)[0]]
    assert [dict_of(seen) for seen in read(name, text.replace("\n", "\r\n"))[0]] == plain
    assert [dict_of(seen) for seen in read(name, "\ufeff" + text)[0]] == plain


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["windows-dns", "w3c", "zscaler-csv", "squid", "zeek-ssl"])
def test_utf16_is_read(name, encoding):
    text = SAMPLES[name][0]
    data = ("\ufeff" + text.replace("\n", "\r\n")).encode(encoding)
    plain = [dict_of(seen) for seen in read(name, text)[0]]
    found = recognise(data)
    assert found is not None
    assert found.id == name
    seen, tally = read(name, data)
    assert [dict_of(one) for one in seen] == plain
    assert tally.broken == 0
    for one in seen:
        assert data[one.offset : one.offset + 40].decode(encoding, "replace").strip()


def dict_of(seen: Observation) -> dict[str, object]:
    return {name: getattr(seen, name) for name in seen.__slots__ if name != "offset"}


@pytest.mark.parametrize("name", SAMPLES)
def test_claims_every_field_that_it_fills(name):
    names = ("time", "source_ip", "user", "device", "host", "path", "destination_ip", "bytes_up", "bytes_down", "action",
             "user_agent", "method")  # fmt: skip
    for seen in read(name, SAMPLES[name][0])[0]:
        assert {field for field in names if getattr(seen, field) is not None} <= set(load_formats()[name].fields)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_cut_line_is_never_read_as_another_host(name):
    """A log that is being written ends in the middle of a line: what is read of it must be a host of the sample, or none."""
    text, expected = SAMPLES[name]
    hosts = {wanted.get("host") for wanted in expected}
    whole = text.encode()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    for end in range(last, len(whole)):
        for seen in read(name, whole[:end])[0]:
            assert seen.host in hosts | {"ignored.example"} or name in CUT_SHORT, whole[last:end]


# The host is the last value of the line and nothing marks its end: a cut cannot be told from a shorter name.
CUT_SHORT = {"zeek-dns-tsv", "zeek-ssl-tsv", "zeek-quic-tsv", "w3c"}


def test_skips_are_no_damage():
    for name, (text, _) in SAMPLES.items():
        for line in text.encode().split(b"\n"):
            result = Reader(load_formats()[name], name="x").parse(line, 0)
            assert isinstance(result, Observation | Skip)
