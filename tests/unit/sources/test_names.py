"""What of a URL is told, and what never is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.sources.names import printable, scrubbed, shown


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://example.com/a/b.log", "https://example.com/a/b.log"),
        ("https://user:secret@example.com/a.log", "https://example.com/a.log"),
        ("https://token@example.com:8443/a.log", "https://example.com:8443/a.log"),
        ("https://example.com/a.log?X-Amz-Signature=secret#secret", "https://example.com/a.log"),
        ("https://user:se/cret@example.com/a.log", "https://example.com/a.log"),
        ("https://[2001:db8::1]:8443/@scope/a.log", "https://[2001:db8::1]:8443/@scope/a.log"),
        ("s3://key:secret@bucket/2026/0?/*.gz", "s3://bucket/2026/0?/*.gz"),
        ("abfs://container@account.dfs.core.windows.net/a", "abfs://container@account.dfs.core.windows.net/a"),
        ("abfs://user:secret@account/a", "abfs://account/a"),
        ("https://example.com/\x1b[31m", "https://example.com/\\x1b[31m"),
    ],
)
def test_neither_user_nor_query_is_told(url: str, told: str) -> None:
    assert shown(url) == told


def test_messages_of_others_lose_what_the_url_holds() -> None:
    url = "https://bob:hunter22@example.com/a?sig=abcd1234&se=2026"
    message = f"403, url={url!r}: bob:hunter22 sent abcd1234\nand 'hunter22' to ftp://x:y@z/q"
    told = scrubbed(message, url)
    assert told == "403, url='https://example.com/a': *** sent *** and '***' to ftp://z/q"


@given(user=st.from_regex(r"[a-z]{5,9}:[a-z]{6,12}", fullmatch=True), rest=st.text(max_size=40))
def test_no_password_is_ever_shown(user: str, rest: str) -> None:
    password = user.partition(":")[2]
    if password not in rest:
        url = f"https://{user}@example.com/{rest}"
        assert password not in shown(url)
        assert password not in scrubbed(f"cannot read {url}", url)


@given(st.text())
def test_names_are_printable(text: str) -> None:
    assert printable(text.encode("utf-8", "replace").decode()).isprintable()
