"""Log formats in the languages of Squid, NGINX and Apache; the lines are what the servers' documents say they write."""

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
