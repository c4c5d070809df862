"""Log formats in the languages of Squid, NGINX, Apache and HAProxy; the lines are as their documents say."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.errors import UsageError
from shadowai.logs import Reader, bind, compile_logformat, recognise
from shadowai.model import Action, Observation, Skip

NATIVE = "squid:%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt"
COMBINED = 'squid:%>a %[ui %[un [%tl] "%rm %ru HTTP/%rv" %>Hs %<st "%{Referer}>h" "%{User-Agent}>h" %Ss:%Sh'
BARS = "squid:%{%Y-%m-%dT%H:%M:%S%z}tl|%>a|%>p|%un|%rm|%>ru|%>st|%<st|%ssl::>sni|%>Hs|%<p"
NGINX = (
    'nginx:$remote_addr - $remote_user [$time_local] "$request" $status ${bytes_sent} "$http_referer" '
    '"$http_user_agent" $request_length'
)
APACHE = 'apache:%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %I %O'


def read(text: str, line: str) -> Observation:
    result = Reader(compile_logformat(text), name="x").parse(line.encode(), 0)
    assert isinstance(result, Observation), result
    return result


def test_squids_native_format_is_that_of_the_shipped_definition() -> None:
    line = "1768471200.576    111 10.1.2.3 TCP_TUNNEL/200 15851 CONNECT chatgpt.com:443 alice HIER_DIRECT/192.0.2.7 -"
    seen = read(NATIVE, line)
    assert (seen.host, seen.destination_port, seen.source_ip, seen.user) == ("chatgpt.com", 443, "10.1.2.3", "alice")
    assert (seen.bytes_down, seen.bytes_up, seen.action) == (15851, None, Action.ALLOWED)
    assert (seen.time, seen.destination_ip, seen.dataset) == (1768471200_576_000_000, "192.0.2.7", "squid-custom")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1768471200.576 1 10.1.2.3 TCP_DENIED/407 15851 CONNECT chatgpt.com:443 - HIER_NONE/- -", "auth-challenge"),
        (
            "1768471200.576 1 10.1.2.3 NONE_NONE/000 0 - error:transaction-end-before-headers - HIER_NONE/- -",
            "not-a-request",
        ),
        ("1768471200.576 1 10.1.2.3", "bad-record"),
    ],
)
def test_what_is_no_contact(line: str, reason: str) -> None:
    result = Reader(compile_logformat(NATIVE), name="x").parse(line.encode(), 0)
    assert isinstance(result, Skip)
    assert result.reason == reason


def test_squids_combined_format() -> None:
    line = (
        '10.1.2.3 - alice [15/Jan/2026:10:00:00 +0100] "GET https://claude.ai/a HTTP/1.1" 403 39 "-" '
        '"Mozilla/5.0 (\\"x\\")" TCP_DENIED:HIER_NONE'
    )
    seen = read(COMBINED, line)
    assert (seen.host, seen.path, seen.user, seen.action) == ("claude.ai", "/a", "alice", Action.DENIED)
    assert seen.time == (1768471200 - 3600) * 10**9
    assert seen.user_agent == 'Mozilla/5.0 (\\"x\\")'


def test_other_separators_and_times() -> None:
    seen = read(BARS, "2026-01-15T10:00:00+0100|10.1.2.3|5000||CONNECT|chatgpt.com:443|100|200|chatgpt.com|200|443")
    assert (seen.bytes_up, seen.bytes_down, seen.source_port, seen.user) == (100, 200, 5000, None)
    assert seen.time == (1768471200 - 3600) * 10**9


HAPROXY = (
    "haproxy:%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %U %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq "
    "%hr %hs %{+Q}r"
)
_HAPROXY_MIDDLE = "fwd~ out/srv 0/0/1/5/9 200 310 2750 - - ---- 1/1/1/1/0 0/0"


@pytest.mark.parametrize(
    "tag", ["", "haproxy[77]: ", "Jan 15 10:00:00 lb haproxy[77]: ", "<134>1 - lb haproxy 77 - - "]
)
@pytest.mark.parametrize("client", ["10.1.2.3", "2001:db8::9"])
@pytest.mark.parametrize("captured", ["", "{|Mozilla/5.0 (Wi|} {}", "{x}"])
def test_haproxys_http_log_with_the_bytes_of_both_ways(tag: str, client: str, captured: str) -> None:
    middle = f"{_HAPROXY_MIDDLE} {captured}".strip()
    seen = read(HAPROXY, f'{tag}{client}:54321 [15/Jan/2026:10:00:00.123] {middle} "CONNECT chatgpt.com:443 HTTP/1.1"')
    assert (seen.host, seen.method, seen.source_ip, seen.source_port) == ("chatgpt.com", "CONNECT", client, 54321)
    assert (seen.bytes_up, seen.bytes_down, seen.action) == (310, 2750, Action.ALLOWED)
    assert (seen.time, seen.dataset) == (1768471200_123_000_000, "haproxy-custom")


def test_haproxys_verdict_is_the_answers_status() -> None:
    line = '10.1.2.3:1 [15/Jan/2026:10:00:00.123] {} 9 "GET http://claude.ai/x?y HTTP/1.1"'
    form = "haproxy:%ci:%cp [%t] %ST %B %{+Q}r"
    assert read(form, line.format(403)).action is Action.DENIED
    assert read(form, line.format(502)).action is None
    assert read(form, line.format(200)).path == "/x?y"
    result = Reader(compile_logformat(form), name="x").parse(line.format(407).encode(), 0)
    assert isinstance(result, Skip)
    assert result.reason == "auth-challenge"


def test_haproxys_flags_escapes_and_samples() -> None:
    form = (
        r'haproxy:%{+Q,+E}o\ \{"client":%ci,"port":%cp,"time":"%Tl","method":%HM,"uri":%HU,"status":%ST,"up":%U,'
        r'"down":%B,"host":%[req.hdr(host)]\}'
    )
    seen = read(
        form,
        '{"client":"10.1.2.3","port":5000,"time":"15/Jan/2026:10:00:00 +0100","method":"GET","uri":"/a?b","status":200,'
        '"up":10,"down":20,"host":"chatgpt.com"}',
    )
    assert (seen.host, seen.path, seen.method, seen.source_port) == ("chatgpt.com", "/a?b", "GET", 5000)
    assert (seen.bytes_up, seen.bytes_down, seen.time) == (10, 20, (1768471200 - 3600) * 10**9)
    form = r"haproxy:%[src]\ %Ts.%ms\ %[var(txn.sni),lower]\ %[dst]:%[dst_port]\ %U\ %B"
    seen = read(form, "10.1.2.3 1768471200.123 chatgpt.com 192.0.2.7:443 10 20")
    assert (seen.host, seen.destination_ip, seen.destination_port) == ("chatgpt.com", "192.0.2.7", 443)
    assert (seen.time, seen.action) == (1768471200_123_000_000, None)


def test_nginx_and_apache_as_forward_proxies() -> None:
    line = '10.1.2.3 - - [15/Jan/2026:10:00:00 +0000] "CONNECT chatgpt.com:443 HTTP/1.1" 200 39 "-" "Mozilla/5.0" 77'
    seen = read(NGINX, line)
    assert (seen.host, seen.method, seen.bytes_up, seen.bytes_down) == ("chatgpt.com", "CONNECT", 77, 39)
    line = '10.1.2.3 - bob [15/Jan/2026:10:00:00 +0000] "GET http://claude.ai/x HTTP/1.1" 200 39 "-" "curl/8" 77 88'
    seen = read(APACHE, line)
    assert (seen.host, seen.path, seen.user, seen.user_agent) == ("claude.ai", "/x", "bob", "curl/8")
    seen = read("nginx:$msec $remote_addr $host $request_uri", "1768471200.576 10.1.2.3 claude.ai /x?y")
    assert (seen.host, seen.path, seen.time) == ("claude.ai", "/x?y", 1768471200_576_000_000)
    seen = read("apache:%{msec}t %a %{Host}i %U%q %%", "1768471200576 10.1.2.3 claude.ai /x %")
    assert (seen.host, seen.time) == ("claude.ai", 1768471200_576_000_000)


def test_headers_that_tell_whose_accounts_are_let_through() -> None:
    squid = "squid:%ts.%03tu %>a %ru %{ChatGPT-Allowed-Workspace-Id}>h %{anthropic-allowed-org-ids}>ha"
    assert read(squid, "1768471200.001 10.1.2.3 chatgpt.com:443 5c1f-a -").tenant == "5c1f-a"
    assert read(squid, "1768471200.001 10.1.2.3 claude.ai:443 - 7d,8e").tenant == "7d,8e"
    assert read(squid, "1768471200.001 10.1.2.3 claude.ai:443 - -").tenant is None
    nginx = 'nginx:$msec $remote_addr $host $request_uri "$http_x_googapps_allowed_domains"'
    assert read(nginx, '1768471200.576 10.1.2.3 gemini.google.com /app "example.com"').tenant == "example.com"
    apache = 'apache:%{msec}t %a %{Host}i %U%q "%{Restrict-Access-To-Tenants}i"'
    seen = read(apache, '1768471200576 10.1.2.3 login.microsoftonline.com /x "example.com,example.org"')
    assert seen.tenant == "example.com,example.org"
    haproxy = r"haproxy:%[src]\ %Ts.%ms\ %[req.hdr(host)]\ %[req.hdr(sec-Restrict-Tenant-Access-Policy)]"
    assert read(haproxy, "10.1.2.3 1768471200.123 login.live.com restrict-msa").tenant == "restrict-msa"


def test_the_servers_own_pages_are_no_use() -> None:
    line = '10.1.2.3 - - [15/Jan/2026:10:00:00 +0000] "GET /index.html HTTP/1.1" 200 39 "-" "Mozilla/5.0" 77'
    result = Reader(compile_logformat(NGINX), name="x").parse(line.encode(), 0)
    assert isinstance(result, Skip)
    assert result.reason == "no-host"


@pytest.mark.parametrize("text", ["squid", "squid:%ts %>a", "squid:%ts %ru", "iis:%ts", "squid:"])
def test_formats_that_tell_too_little_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        compile_logformat(text)


def test_a_compiled_format_is_recognised_as_the_users_own() -> None:
    own = compile_logformat(BARS, "our-proxy")
    data = b"2026-01-15T10:00:00+0100|10.1.2.3|5000||CONNECT|chatgpt.com:443|100|200|chatgpt.com|200|443\n"
    assert recognise(data, own=[own]) is own
    assert bind(own, data).id == "our-proxy"


@pytest.mark.parametrize("text", [NATIVE, COMBINED, BARS, NGINX, APACHE])
def test_hostile_lines_take_no_time(text: str) -> None:
    reader = Reader(compile_logformat(text), name="x")
    begin = time.process_time()
    for line in (
        b" " * 200_000,
        b"1 " * 100_000,
        b'"' * 200_000,
        b"|" * 200_000,
        b"1768471200.5 " + b" " * 200_000 + b"x",
        b"a / " * 50_000,
        b"[" * 200_000,
        b"\\" * 200_000,
    ):
        assert isinstance(reader.parse(line, 0), Skip)
    assert time.process_time() - begin < 2


WORD = st.from_regex(r"[A-Za-z0-9._-]{1,12}", fullmatch=True).filter(lambda text: text not in {"-", "--"})


@given(WORD, st.integers(0, 10**9), st.integers(0, 10**9), st.integers(946_684_800, 4_000_000_000), st.integers(0, 999))
def test_what_squid_writes_comes_back(user: str, up: int, down: int, seconds: int, milliseconds: int) -> None:
    seen = read(
        "squid:%ts.%03tu %>a %un %rm %ru %>st %<st",
        f"{seconds}.{milliseconds:03} 10.1.2.3 user-{user} GET https://claude.ai/{user} {up} {down}",
    )
    assert (seen.user, seen.bytes_up, seen.bytes_down, seen.path) == (f"user-{user}", up, down, f"/{user}")
    assert seen.time == seconds * 10**9 + milliseconds * 10**6
