from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.hosts import Target, is_address, normalise_address, normalise_host, split_target

if TYPE_CHECKING:
    import ipaddress


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("API.OpenAI.com", "api.openai.com"),
        ("api.openai.com.", "api.openai.com"),
        (" claude.ai ", "claude.ai"),
        ("_dmarc.example.com", "_dmarc.example.com"),
        ("münchen.example", "xn--mnchen-3ya.example"),  # RFC 3492
        ("[2001:DB8::1]", "2001:db8::1"),  # RFC 5952
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("192.0.2.7", "192.0.2.7"),
    ],
)
def test_a_host_has_one_form(text: str, host: str) -> None:
    assert normalise_host(text) == host


@pytest.mark.parametrize(
    "text", ["", ".", "a..b", "-", "a b.com", "<script>", "x" * 64 + ".com", ("a." * 127) + "toolong"]
)
def test_what_is_no_host_is_none(text: str) -> None:
    assert normalise_host(text) is None


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("https://chat.openai.com/c/1?q=2#f", Target("chat.openai.com", None, "/c/1?q=2", "https")),
        ("chat.openai.com:443", Target("chat.openai.com", 443)),
        ("chat.openai.com:443/", Target("chat.openai.com", 443, "/")),
        ("cache_object://localhost/mgr", Target("localhost", None, "/mgr", "cache_object")),
        ("//chat.openai.com/x", Target("chat.openai.com", None, "/x")),
        ("tunnel://chat.openai.com:443/", Target("chat.openai.com", 443, "/", "tunnel")),
        ("https://user:pw@chat.openai.com/", Target("chat.openai.com", None, "/", "https")),
        ("[2001:db8::1]:8443", Target("2001:db8::1", 8443)),
        ("2001:db8::1", Target("2001:db8::1")),
        ("https://a.example?x=1", Target("a.example", None, "/?x=1", "https")),
        ("a.example:99999", Target("a.example")),
        ("https://evil.test/?u=https://chatgpt.com/", Target("evil.test", None, "/?u=https://chatgpt.com/", "https")),
        ("https://chatgpt.com@evil.test/", Target("evil.test", None, "/", "https")),
        # A browser goes to the first host (WHATWG URL Standard section 4.4).
        ("http://evil.test\\@chatgpt.com/x", Target("evil.test", path="/@chatgpt.com/x", scheme="http")),
        ("https://claude.ai\\new?y", Target("claude.ai", path="/new?y", scheme="https")),
    ],
)
def test_a_url_in_any_spelling_is_taken_apart(text: str, target: Target) -> None:
    assert split_target(text) == target


@pytest.mark.parametrize("text", ["", "/path/only", "https:///x", ":443", "https://"])
def test_text_without_a_host_is_none(text: str) -> None:
    assert split_target(text) is None


@given(st.text(max_size=300))
def test_any_text_gives_a_normal_host_or_none(text: str) -> None:
    host = normalise_host(text)
    assert host is None or normalise_host(host) == host
    target = split_target(text)
    assert target is None or normalise_host(target.host) == target.host


@given(st.ip_addresses())
def test_addresses_are_canonical(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    mapped = getattr(address, "ipv4_mapped", None)
    assert normalise_address(str(address)) == str(mapped or address)
    assert is_address(normalise_host(str(address)) or "")


def test_a_name_is_no_address() -> None:
    assert not is_address("openai.com")
    assert not is_address("host1")
    assert normalise_address("not an address") is None
