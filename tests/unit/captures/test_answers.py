"""DNS answers: messages written by dnspython, read by both; hostile ones by hand."""

from __future__ import annotations

import base64
import contextlib
import struct
import time

import dns.message
import dns.name
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.captures.answers import A, Service, public_names, read_answer

V4, V6 = bytes([203, 0, 113, 5]), bytes.fromhex("20010db8000000000000000000000007")
CLOUDFLARE = "AEX+DQBB8gAgACDCIaU3P6vz668J2oRRZtptSEwH+1IX8/3TOArEx0tRLAAEAAEAAQASY2xvdWRmbGFyZS1lY2guY29tAAA="
HEAD = struct.pack(">6H", 1, 0x8180, 1, 1, 0, 0)
LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=12)
NAME = st.lists(LABEL, min_size=1, max_size=5).map(".".join)


def response(name: str, kind: str, *records: tuple[str, int, str, str], flags: str = "QR RD RA") -> bytes:
    message = dns.message.make_response(dns.message.make_query(name, kind))
    for owner, ttl, record, data in records:
        message.answer.append(dns.rrset.from_text(owner + ".", ttl, "IN", record, data))
    text = message.to_text().replace("flags QR RD", "flags " + flags)
    return dns.message.from_text(text).to_wire()


def test_an_alias_leads_to_addresses_with_the_smallest_time() -> None:
    wire = response(
        "API.Example.com",
        "A",
        ("api.example.com", 300, "CNAME", "Edge.CDN.example."),
        ("edge.cdn.example", 60, "CNAME", "node.cdn.example."),
        ("node.cdn.example", 90, "A", "203.0.113.5"),
        ("node.cdn.example", 90, "A", "203.0.113.6"),
        ("stray.example", 1, "A", "203.0.113.99"),
    )
    answer = read_answer(wire)
    assert answer is not None
    assert (answer.name, answer.kind) == (b"api.example.com", A)
    assert answer.chain == (b"edge.cdn.example", b"node.cdn.example")
    assert set(answer.addresses) == {V4, V4[:3] + b"\6"}
    assert (answer.ttl, answer.services, answer.whole) == (60, (), True)


def test_the_order_of_records_does_not_matter() -> None:
    wire = response(
        "a.example", "AAAA", ("c.example", 5, "AAAA", "2001:db8::7"), ("b.example", 7, "CNAME", "c.example."),
        ("a.example", 6, "CNAME", "b.example."),
    )  # fmt: skip
    answer = read_answer(wire)
    assert answer is not None
    assert (answer.chain, answer.addresses, answer.ttl) == ((b"b.example", b"c.example"), (V6,), 5)


def test_a_loop_of_aliases_ends() -> None:
    wire = response("a.example", "A", ("a.example", 9, "CNAME", "b.example."), ("b.example", 8, "CNAME", "a.example."))
    answer = read_answer(wire)
    assert answer is not None
    assert (answer.chain, answer.addresses, answer.ttl) == ((b"b.example",), (), 9)


def test_service_bindings_say_whether_hellos_are_encrypted() -> None:
    data = f'1 . alpn="h3,h2" port=8443 ipv4hint=203.0.113.5 ech="{CLOUDFLARE}" ipv6hint=2001:db8::7'
    answer = read_answer(response("chat.example", "HTTPS", ("chat.example", 300, "HTTPS", data)))
    assert answer is not None
    assert answer.services == (
        Service(1, b"", (b"h3", b"h2"), (V4, V6), has_ech=True, public_names=(b"cloudflare-ech.com",)),
    )
    alias = read_answer(response("chat.example", "HTTPS", ("chat.example", 300, "HTTPS", "0 Pool.Svc.example.")))
    assert alias is not None
    assert alias.services == (Service(0, b"pool.svc.example", (), (), has_ech=False, public_names=()),)
    svcb = read_answer(response("_dns.example", "SVCB", ("_dns.example", 1, "SVCB", "1 dns.example. alpn=dot")))
    assert svcb is not None
    assert svcb.services[0].alpn == (b"dot",)


def config(name: bytes, version: int = 0xFE0D) -> bytes:
    """Write an ECHConfig (RFC 9849 section 4)."""
    body = b"\7\0\x20\0\4key!\0\4\0\1\0\1\x20" + bytes([len(name)]) + name + b"\0\0"
    return struct.pack(">HH", version, len(body)) + body


def test_public_names_of_key_lists() -> None:
    assert public_names(base64.b64decode(CLOUDFLARE)) == (b"cloudflare-ech.com",)
    several = (
        config(b"Cover.example") + config(b"old.example", 0xFE0A) + config(b"two.example") + config(b"cover.example")
    )
    assert public_names(struct.pack(">H", len(several)) + several) == (b"cover.example", b"two.example")
    assert public_names(b"") == ()
    assert public_names(struct.pack(">HHH", 20, 0xFE0D, 4) + b"\7\0\x20\0") == ()
    cut = config(b"cut.example")
    assert public_names(b"\0\0" + cut[:-6]) == ()


def test_what_tells_nothing_gives_nothing() -> None:
    query = dns.message.make_query("a.example", "A").to_wire()
    assert read_answer(query) is None
    assert read_answer(response("a.example", "A")) is None
    assert read_answer(response("a.example", "A", ("other.example", 1, "A", "203.0.113.5"))) is None
    assert read_answer(response("a.example", "TXT", ("a.example", 1, "TXT", '"text"'))) is None
    found = response("a.example", "A", ("a.example", 1, "A", "203.0.113.5"))
    refused = found[:2] + b"\x81\x85" + found[4:]
    two = found[:4] + b"\0\2" + found[6:]
    chaos = found.replace(b"\xc0\x0c\0\1\0\1", b"\xc0\x0c\0\1\0\3")
    assert [read_answer(each) for each in (refused, two, chaos)] == [None, None, None]


def test_a_cut_message_gives_what_comes_before_the_cut() -> None:
    wire = response("a.example", "A", *(("a.example", 30, "A", f"203.0.113.{last}") for last in range(1, 9)))
    for cut in range(len(wire)):
        try:
            answer = read_answer(wire[:cut])
        except ValueError:
            assert cut < 12 + 11 + 4
            continue
        records = max(0, (cut - 27) // 16)
        assert len(answer.addresses if answer else ()) == records
        assert answer is None or not answer.whole


def test_times_that_cannot_be_are_none_at_all() -> None:
    wire = bytearray(response("a.example", "A", ("a.example", 30, "A", "203.0.113.5")))
    wire[-10:-6] = b"\x80\0\0\0"  # RFC 2181 section 8
    answer = read_answer(bytes(wire))
    assert answer is not None
    assert answer.ttl == 0


@pytest.mark.parametrize(
    "message",
    [
        b"",
        HEAD[:11],
        HEAD + b"\3abc",
        HEAD + b"\xc0\x0c\0\1\0\1",
        HEAD + b"\x80abc\0\0\1\0\1",
        HEAD + b"\3abc\xc0\xff\0\1\0\1",
        HEAD + b"\1a\0\0\1\0\1" + b"\xc0\x0c\0\1\0\1\0\0\0\1\0\3abc",
        HEAD + b"\1a\0\0\1\0\1" + b"\xc0\x0c\0\5\0\1\0\0\0\1\0\2\x3fa",
        HEAD + b"\1a\0\0\1\0\1" + b"\xc0\x0c\0\x41\0\1\0\0\0\1\0\3\0\1\5",
        HEAD + b"\1a\0\0\1\0\1" + b"\xc0\x0c\0\x41\0\1\0\0\0\1\0\6\0\1\0\0\1\xff",
        HEAD + (b"\x3f" + b"x" * 63) * 4 + b"\0\0\1\0\1",
    ],
)
def test_broken_messages_are_refused(message: bytes) -> None:
    with pytest.raises(ValueError, match=r"DNS|service"):
        read_answer(message)


def test_a_long_chain_of_pointers_neither_recurses_nor_hangs() -> None:
    chain = b"".join(struct.pack(">H", 0xC000 | (19 + 2 * max(0, at - 1))) for at in range(2000))
    message = HEAD + b"\1b\0\0\1\0\1" + chain
    started = time.process_time()
    for at in (0, 1000, 1999):
        record = struct.pack(">H", 0xC000 | (19 + 2 * at)) + b"\0\1\0\1\0\0\0\1\0\4abcd"
        with contextlib.suppress(ValueError):
            read_answer(message[:19] + record + message[19 + len(record) :])
    backwards = b"\0" + b"".join(struct.pack(">H", 0xC000 | (13 + 2 * at)) for at in range(2000))
    hops = HEAD + backwards[:1] + b"\0\1\0\1" + b"\xc0\x0c\0\1\0\1\0\0\0\1" + struct.pack(">H", 4002) + backwards
    with contextlib.suppress(ValueError):
        read_answer(hops)
    assert time.process_time() - started < 0.5


def test_a_pointer_to_a_chain_is_followed_only_so_far() -> None:
    filler = b"\xc0\x0c" + b"".join(struct.pack(">H", 0xC000 | (31 + 2 * at)) for at in range(200))
    skipped = b"\xc0\x0c\0\x10\0\1\0\0\0\1" + struct.pack(">H", len(filler)) + filler
    last = struct.pack(">H", 0xC000 | (33 + 2 * 198)) + b"\0\1\0\1\0\0\0\1\0\4abcd"
    head = struct.pack(">6H", 1, 0x8180, 1, 2, 0, 0) + b"\1b\0\0\1\0\1"
    with pytest.raises(ValueError, match="followed"):
        read_answer(head + skipped + last)


@given(
    st.lists(NAME, min_size=1, max_size=6, unique_by=str.lower),
    st.lists(st.integers(0, 1 << 31), min_size=6, max_size=6),
)
def test_chains_written_by_dnspython_are_read_as_dnspython_reads_them(names: list[str], ttls: list[int]) -> None:
    message = dns.message.make_response(dns.message.make_query(names[0], "A"))
    for owner, target, ttl in zip(names, names[1:], ttls, strict=False):
        message.answer.append(dns.rrset.from_text(owner + ".", ttl % (1 << 31), "IN", "CNAME", target + "."))
    message.answer.append(dns.rrset.from_text(names[-1] + ".", ttls[5] % (1 << 31), "IN", "A", "203.0.113.5"))
    wire = message.to_wire()
    answer = read_answer(wire)
    chaining = dns.message.from_wire(wire).resolve_chaining()
    assert answer is not None
    assert answer.addresses == (V4,)
    assert (answer.chain or (answer.name,))[-1].decode() == chaining.canonical_name.to_text(omit_final_dot=True).lower()
    assert answer.ttl == min(each % (1 << 31) for each in (*ttls[: len(names) - 1], ttls[5]))


@given(st.binary(max_size=200), st.integers(0, 3), st.sampled_from([A, 5, 28, 64, 65]))
def test_hostile_messages(noise: bytes, count: int, kind: int) -> None:
    record = b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(noise)) + noise
    head = struct.pack(">6H", 1, 0x8180, 1, count, 0, 0)
    for message in (noise, head + noise, head + b"\1a\0\0\1\0\1" + record + noise):
        with contextlib.suppress(ValueError):
            read_answer(message)
    public_names(noise)
