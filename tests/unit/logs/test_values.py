"""Single values: null words, addresses, users, names, URLs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.logs import values
from shadowai.logs.values import BAD, Memo


@pytest.mark.parametrize("text", ["-", "", " ", "None", "NA", "N/A", "null", "Not available", "(empty)"])
def test_null_words(text: str) -> None:
    assert values.text_of(text) is None
    assert values.user_of(text) is None
    assert values.host_of(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("anonymous", "unmapped user", "No Authentication Required", "10.1.2.3", "2001:db8::1"),
        *("unmapped%20user", "%2D", "(null)", "Anonymous User", "192%2E0%2E2%2E1"),
    ],
)
def test_nobody(text: str) -> None:
    assert values.user_of(text) is None


@pytest.mark.parametrize(
    "text", ["DOMAIN\\alice", "alice@example.com", "Müller, Jörg (jm@example.com)", "CN=a,OU=b", "1234"]
)
def test_users_are_kept_as_written(text: str) -> None:
    assert values.user_of(f" {text} ") == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:443", "192.0.2.1"),
        ("192.0.2.1#53", "192.0.2.1"),
        ("[2001:DB8::1]:443", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("192.0.2.999", None),
        ("host.example", None),
        ("-", None),
    ],
)
def test_addresses(text: str, expected: object) -> None:
    assert values.address_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("12", 12),
        ("-", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("17592186044416", 1 << 44),
        ("17592186044417", None),
        ("9" * 19, None),
        ("9" * 20, None),
        ("1,234,567", 1_234_567),
        (" 1,024 ", 1024),
        ("2048.0", 2048),
        ("512 bytes", 512),
        ("512 B", 512),
        ("12,34", None),
        ("1,2345", None),
        ("1.234.567", None),
        ("192.168.100.200", None),
        ("2048.5", None),
        # Digits were lost: unknown, not about that much.
        ("1.98E+07", None),
        ("12.3 KB", None),
        ("12 KB", None),
        ("1," + "000," * 50 + "000", None),
    ],
)
def test_counts(text: str, expected: object) -> None:
    assert values.count_of(text) == expected


def test_ports() -> None:
    assert [values.port_of(text) for text in ("443", "0", "65536", "x")] == [443, None, None, None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(3)api(6)openai(3)com(0)", "api.openai.com"),
        ("(3)API(6)OpenAI(3)com(0)", "api.openai.com"),
        (".ns1.example.com.", "ns1.example.com"),
        ("(0)", BAD),
        ("(3)api(6)openai(3)com", BAD),
        ("(3)api(6)openai(3)co", BAD),
        ("(3)api(6)openai(2)com(0)", BAD),
        ("(99)api(0)", BAD),
        ("(", BAD),
        ("((((", BAD),
        ("(x)api(0)", BAD),
        ("(5)a.b c(0)", BAD),
    ],
)
def test_microsofts_labels(text: str, expected: object) -> None:
    assert values.labels_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Api.OpenAI.com.", "api.openai.com"),
        ("-", None),
        ("", None),
        (".", BAD),
        ("a b.local", BAD),
        ("_x.example", "_x.example"),
        ("none", "none"),
    ],
)
def test_names(text: str, expected: object) -> None:
    assert values.name_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://a.ai/b?c=d#e", ("a.ai", None, "/b?c=d")),
        ("http://a.ai", ("a.ai", None, None)),
        ("http://a.ai?x=/y", ("a.ai", None, "/?x=/y")),
        ("a.ai/b//c", ("a.ai", None, "/b//c")),
        ("a.ai:8443/", ("a.ai", 8443, "/")),
        ("tunnel://a.ai:443/", ("a.ai", 443, "/")),
        ("[2001:db8::1]:443", ("2001:db8::1", 443, None)),
        ("user@a.ai:443", ("a.ai", 443, None)),
        ("http://", (BAD, None, None)),
        ("http:///x", (BAD, None, "/x")),
        ("http://http:8/", ("http", 8, "/")),
        ("evil.example/http://chatgpt.com/", ("evil.example", None, "/http://chatgpt.com/")),
        ("http://chatgpt.com@evil.example/", ("evil.example", None, "/")),
    ],
)
def test_urls(text: str, expected: object) -> None:
    assert values.url_of(text) == expected


@given(st.text())
def test_no_text_raises(text: str) -> None:
    for convert in (
        values.text_of,
        values.user_of,
        values.address_of,
        values.count_of,
        values.name_of,
        values.labels_of,
        values.host_of,
        values.url_of,
        values.port_of,
    ):
        convert(text)


@given(
    st.lists(
        st.text("abcxyz-0189", min_size=1, max_size=20).filter(lambda s: s.strip("-") == s), min_size=1, max_size=5
    )
)
def test_labels_and_names_agree(labels: list[str]) -> None:
    written = "".join(f"({len(label)}){label}" for label in labels) + "(0)"
    assert values.labels_of(written) == values.name_of(".".join(labels))


def test_a_memo_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "MEMO_ENTRIES", 3)
    memo = Memo(str.upper)
    assert [memo[text] for text in "abcdefg"] == list("ABCDEFG")
    assert len(memo) <= 3
    assert memo["x" * 1000] == "X" * 1000
    assert len(memo) <= 3


def test_rounded_counts_are_noted() -> None:
    notes: set[str] = set()
    count = values.counting(notes)
    assert [count(text) for text in ("17", "1,024", "-", "", "N/A")] == [17, 1024, None, None, None]
    assert not notes
    assert [count(text) for text in ("1.98E+07", "12.3 KB", "12.3 KB")] == [None, None, None]
    assert notes == {values.INEXACT}
