"""TLS hellos: made by OpenSSL through `ssl`, and by hand where OpenSSL does not make such."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest

from shadowai.captures.tls import ECH, ESNI, Hello, HelloReader, ech_kind, read_body, read_hello

if TYPE_CHECKING:
    from tests.unit.captures.conftest import Craft


def openssl_hello(host: str | None, alpn: list[str], *, oldest: bool = False) -> tuple[bytes, ssl.SSLContext]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if oldest:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    if alpn:
        context.set_alpn_protocols(alpn)
    sent = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname=host)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return sent.read(), context


def ech() -> bytes:
    """Make an outer extension of RFC 9849 section 5: type, KDF and AEAD, config id, key, payload."""
    return b"\0" + b"\0\1\0\1" + b"\x2a" + b"\0\x20" + bytes(range(32)) + b"\0\xd0" + bytes(0xD0)


def with_extensions(craft: Craft, host: str | bytes | None, *extensions: tuple[int, bytes]) -> Hello:
    before = b"".join(craft.extension(kind, data) for kind, data in extensions)
    hello = read_hello(craft.hello(host, before=before))
    assert hello is not None
    return hello


@pytest.mark.parametrize("host", ["api.example.com", None])
@pytest.mark.parametrize("oldest", [False, True])
def test_what_openssl_says_is_read(host: str | None, *, oldest: bool) -> None:
    stream, context = openssl_hello(host, ["h2", "http/1.1"], oldest=oldest)
    hello = HelloReader().feed(stream)
    assert hello is not None
    assert hello.server_name == (host and host.encode())
    assert hello.alpn == (b"h2", b"http/1.1")
    offered = {int.from_bytes(hello.ciphers[at : at + 2], "big") for at in range(0, len(hello.ciphers), 2)}
    wanted = {each["id"] & 0xFFFF for each in context.get_ciphers()}
    assert offered - {0x00FF} <= wanted
    assert hello.versions == (b"" if oldest else b"\3\4\3\3")
    assert (hello.version, hello.whole, hello.ech) == (0x0303, True, None)
    assert {0x000A, 0x000D, 0x0010} <= set(hello.extensions)
    assert len(hello.signatures) >= 2
    assert (0 in hello.extensions) == (host is not None)


def test_lists_are_given_as_sent(craft: Craft) -> None:
    hello = with_extensions(
        craft,
        "a.example",
        (0x2A2A, b""),
        (13, b"\0\4\4\3\x08\4"),
        (43, b"\4\x7a\x7a\3\4"),
        (16, b"\0\x0c\2h2\x08http/1.1"),
    )
    assert hello.ciphers == b"\x13\1\x13\2"
    assert hello.extensions == (0x2A2A, 13, 43, 16, 0, 21)
    assert (hello.signatures, hello.versions) == (b"\4\3\x08\4", b"\x7a\x7a\3\4")
    assert hello.alpn == (b"h2", b"http/1.1")


def test_a_broken_list_never_hides_the_name(craft: Craft) -> None:
    hello = with_extensions(craft, "a.example", (16, b"\0\x0c\2h2\x09http"), (13, b"\0"), (43, b"\x09\3"))
    assert (hello.server_name, hello.alpn, hello.signatures, hello.versions) == (b"a.example", (b"h2",), b"", b"")
    message = craft.hello("a.example", before=b"")
    broken = bytearray(message)
    at = broken.rindex(b"\0\x15\0\0")  # the padding behind the name
    broken[at + 2 : at + 4] = b"\xff\xff"
    found = read_hello(bytes(broken))
    assert found is not None
    assert (found.server_name, found.whole) == (b"a.example", False)
    nameless = bytearray(craft.hello(None))
    at = nameless.rindex(b"\0\x15\0\0")
    nameless[at + 2 : at + 4] = b"\xff\xff"
    with pytest.raises(ValueError, match="end"):
        read_hello(bytes(nameless))


def test_the_first_server_name_counts(craft: Craft) -> None:
    hello = with_extensions(craft, "second.example", (0, b"\0\x10\0\0\x0dfirst.example"))
    assert hello.server_name == b"first.example"


def test_further_server_names_are_given(craft: Craft) -> None:
    names = [b"\0\0\x0bone.example", b"\7\0\5other", b"\0\0\x0btwo.example"]
    hello = read_hello(craft.hello(None, before=craft.extension(0, b"\0\x24" + b"".join(names))))
    assert hello is not None
    assert (hello.server_name, hello.others) == (b"one.example", (b"two.example",))
    cut = read_hello(craft.hello(None, before=craft.extension(0, b"\0\x14" + names[0] + b"\0\0\x09two")))
    assert cut is not None
    assert (cut.server_name, cut.others) == (b"one.example", ())
    record = craft.records(craft.hello(None, before=craft.extension(0, b"\0\x24" + b"".join(names))))
    assert sorted(filter(None, craft.hosts([craft.tcp(record, 1)]))) == ["one.example", "two.example"]


def test_a_further_server_name_without_any_host_in_it_is_no_contact(craft: Craft) -> None:
    names = b"\0\0\x0bone.example" + b"\0\0\1."
    record = craft.records(craft.hello(None, before=craft.extension(0, b"\0\x12" + names)))
    assert craft.hosts([craft.tcp(record, 1)]) == ["one.example"]


def test_a_made_up_ech_extension_never_hides_the_name(craft: Craft) -> None:
    hello = with_extensions(craft, "chat.example.com", (ECH, ech()))
    assert (hello.ech, hello.server_name) == ("grease", b"chat.example.com")
    assert ech_kind(hello, {b"other.example"}) == "grease"


def test_a_real_ech_extension_is_known_by_its_outer_name(craft: Craft) -> None:
    shipped = with_extensions(craft, "Cloudflare-ECH.com", (ECH, ech()))
    assert shipped.ech == "outer"
    learnt = with_extensions(craft, "cover.example", (ECH, ech()))
    assert (learnt.ech, ech_kind(learnt, {b"cover.example"})) == ("grease", "outer")
    plain = with_extensions(craft, "cloudflare-ech.com")
    assert plain.ech is None
    inner = with_extensions(craft, "cloudflare-ech.com", (ECH, b"\1"))
    assert inner.ech == "grease"
    nameless = with_extensions(craft, None, (ECH, ech()))
    assert nameless.ech == "grease"


@pytest.mark.parametrize("host", ["decoy.example", None])
def test_the_draft_before_ech_hides_the_name(craft: Craft, host: str | None) -> None:
    hello = with_extensions(craft, host, (ESNI, bytes(300)))
    assert hello.ech == "outer"


def test_a_cut_hello_gives_its_name_and_says_that_it_is_cut(craft: Craft) -> None:
    stream = craft.records(craft.hello("cut.example", padding=100))
    reader = HelloReader()
    assert reader.feed(stream[:-50]) is None
    hello = reader.give_up()
    assert hello is not None
    assert (hello.server_name, hello.whole) == (b"cut.example", False)
    assert read_body(craft.hello("cut.example")[4:]).whole
    short = HelloReader()
    assert short.feed(stream[:40]) is None
    assert short.give_up() is None


def test_a_hello_without_extensions_is_whole() -> None:
    hello = read_body(b"\3\1" + bytes(32) + b"\0" + b"\0\2\0\x2f" + b"\1\0")
    assert (hello.server_name, hello.ciphers, hello.version, hello.extensions) == (None, b"\0\x2f", 0x0301, ())


def test_a_second_server_name_extension_is_read_too(craft: Craft) -> None:
    first = craft.extension(0, b"\0\x10\0\0\x0dfirst.example")
    hello = read_hello(craft.hello("second.example", before=first))
    assert hello is not None
    assert (hello.server_name, hello.others) == (b"first.example", (b"second.example",))
    hello = read_hello(craft.hello(None, before=first + craft.extension(0, b"\0\x40\0")))
    assert hello is not None
    assert (hello.server_name, hello.others) == (b"first.example", ())


@pytest.mark.parametrize("together", [True, False], ids=["one-record", "one-segment"])
def test_hellos_sent_at_once_are_read(craft: Craft, *, together: bool) -> None:
    first, second = craft.hello("first.example", seed=1), craft.hello("second.example", seed=2)
    stream = craft.records(first + second) if together else craft.records(first) + craft.records(second)
    for places in ([], [len(stream) - 30]):
        assert craft.hosts(craft.cut(stream, places)) == ["first.example", "second.example"]


def test_other_records_behind_a_hello_are_left(craft: Craft) -> None:
    early = b"\x14\3\3\0\1\1" + b"\x17\3\3\0\x20" + bytes(32)
    found, tally = craft.read(craft.pcap([craft.tcp(craft.records(craft.hello("first.example")) + early, 1000)]))
    assert ([each.host for each in found], tally.skipped) == (["first.example"], {})
