"""What a directory server may answer that the real one of the tests does not: ranges, referrals, refusals."""

from __future__ import annotations

import csv
import importlib
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

import pytest

from shadowai.directory import ldap
from shadowai.directory.ldap import Imported, LdapServer, import_people
from shadowai.errors import SourceError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("ldap3")
ldap_client = importlib.import_module("shadowai.directory.ldap_client")

WORDS = "x y"
SERVER = LdapServer("dc.corp.example", 636, start_tls=False, base="dc=corp", bind_dn="cn=reader", password=WORDS)
GROUPS = [f"CN=group-{number},DC=corp".encode() for number in range(3700)]
STEP = 1500  # what Active Directory gives at once, [MS-ADTS] section 3.1.1.3.1.3.3


class Answers:
    """A connection that answers like Active Directory: memberOf in ranges, two pages, a referral on the second."""

    def __init__(self, *, never_ends: bool = False, code: int = 0) -> None:
        self.response: list[dict[str, Any]] = []
        self.result: dict[str, Any] = {}
        self.never_ends = never_ends
        self.code = code

    def search(
        self,
        base: str,
        _filter: str,
        scope: str,
        *,
        attributes: list[str],
        paged_size: int | None,
        paged_cookie: bytes | None,
    ) -> None:
        self.result = {"result": self.code, "description": "busy", "message": "", "controls": {}}
        if scope == "BASE":
            (name,) = attributes
            assert paged_size is None
            self.response = [entry(base, self.ranged(int(name.split("=")[1].split("-")[0])))]
            return
        if paged_cookie is None:
            self.response = [entry("cn=a,dc=corp", {"sAMAccountName": [b"a"], **self.ranged(0)})]
            self.result["controls"] = {"1.2.840.113556.1.4.319": {"value": {"cookie": b"more", "size": 0}}}
            return
        self.response = [
            entry("cn=b,dc=corp", {"sAMAccountName": [b"b\xff"], "mail": [b"b@corp.example"]}),
            {"type": "searchResRef", "uri": ["ldap://other.example/"]},
        ]

    def ranged(self, start: int) -> dict[str, list[bytes]]:
        end = start + STEP
        if end >= len(GROUPS) and not self.never_ends:
            return {f"memberOf;range={start}-*": GROUPS[start:]}
        return {f"memberOf;range={start}-{end - 1}": GROUPS[:STEP] if self.never_ends else GROUPS[start:end]}


def entry(dn: str, attributes: dict[str, list[bytes]]) -> dict[str, Any]:
    return {"type": "searchResEntry", "dn": dn, "raw_attributes": attributes}


def test_values_in_ranges_are_fetched_to_the_end_amid_the_pages() -> None:
    left_out: Counter[str] = Counter()
    found = list(ldap_client.Session(SERVER, Answers()).entries(left_out))
    assert [dn for dn, _ in found] == ["cn=a,dc=corp", "cn=b,dc=corp"]
    assert found[0][1]["memberof"] == [group.decode() for group in GROUPS]
    assert found[1][1]["samaccountname"] == ["b\ufffd"]
    assert left_out == {"lie on other servers (referrals are not followed)": 1}


def test_a_server_whose_ranges_never_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ldap_client, "MAX_RANGES", 5)
    with pytest.raises(SourceError, match="attribute memberof of 'cn=a,dc=corp' never ends"):
        list(ldap_client.Session(SERVER, Answers(never_ends=True)).entries(Counter()))


def test_a_refused_search_is_told_in_the_servers_words() -> None:
    with pytest.raises(SourceError, match="the search was refused: busy"):
        list(ldap_client.Session(SERVER, Answers(code=51)).entries(Counter()))


def test_without_the_library_the_remedy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "shadowai.directory.ldap_client")
    monkeypatch.delattr("shadowai.directory.ldap_client")
    monkeypatch.setitem(sys.modules, "ldap3", None)
    with pytest.raises(UsageError, match=r"pip install 'shadowai\[ldap\]'"):
        import_people(SERVER, tmp_path / "x.csv")


class Scripted:
    """A session that gives made-up entries."""

    def __init__(self, *entries: tuple[str, dict[str, list[str]]]) -> None:
        self.given = entries

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def entries(self, _left_out: Counter[str]) -> list[tuple[str, dict[str, list[str]]]]:
        return list(self.given)


def written(monkeypatch: pytest.MonkeyPatch, out: Path, **attributes: list[str]) -> tuple[Imported, dict[str, str]]:
    people = [("cn=a,dc=corp", attributes), ("cn=z,dc=corp", {"uid": ["z"], "nsaccountlock": ["TRUE"]})]
    monkeypatch.setattr(ldap_client, "session", lambda _server: Scripted(*people))
    done = import_people(SERVER, out)
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[-1]["active"] == "false"
    return done, rows[0]


def test_hostile_values_do_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done, row = written(
        monkeypatch,
        tmp_path / "x.csv",
        uid=["a"],
        displayname=['=HYPERLINK("x")'],
        department=["+1\nSales"],
        memberof=["a;b", "c"],
    )
    assert (row["name"], row["department"], row["groups"]) == ('\'=HYPERLINK("x")', "'+1 Sales", "a\\;b;c")
    assert done == Imported(2, 1, {})


def test_control_characters_leave_an_entry_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done, row = written(monkeypatch, tmp_path / "x.csv", uid=["a\x1b[2J"])
    assert (done.people, done.left_out, row["user"]) == (1, {"hold control characters": 1}, "z")


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.csv").mkdir()
    monkeypatch.setattr(ldap_client, "session", lambda _server: Scripted(("cn=a", {"uid": ["a"]})))
    with pytest.raises(UsageError, match=r"x\.csv: cannot be written"):
        import_people(SERVER, tmp_path / "x.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


def given(url: str, *, start_tls: bool = False, password: str = WORDS) -> LdapServer:
    return LdapServer.at(url, start_tls=start_tls, base="dc=corp", bind_dn="cn=reader", password=password, filter=None)


def test_urls_are_told_apart() -> None:
    secure, plain = given("ldaps://dc.corp.example"), given("LDAP://[::1]:1389/", start_tls=True)
    assert (secure.host, secure.port, secure.start_tls, secure.filter) == ("dc.corp.example", 636, False, ldap.FILTER)
    assert (plain.host, plain.port, plain.start_tls) == ("::1", 1389, True)
    assert WORDS not in repr(SERVER)


@pytest.mark.parametrize(
    ("url", "start_tls", "words"),
    [
        ("ldap://dc", False, "in clear"),
        ("ldaps://dc", True, "--starttls is for ldap://"),
        ("https://dc", False, "not of the form"),
        ("ldaps:///", False, "not of the form"),
        ("ldaps://dc/dc=corp?sub", False, "not of the form"),
        ("ldaps://dc:port", False, "is no URL"),
        ("ldaps://cn=a:pw@dc", False, "no name and no password"),
    ],
)
def test_other_urls_are_refused(url: str, words: str, *, start_tls: bool) -> None:
    with pytest.raises(UsageError) as caught:
        given(url, start_tls=start_tls)
    assert words in str(caught.value)


def test_an_empty_password_is_refused_because_servers_take_it_for_nobody() -> None:
    with pytest.raises(UsageError, match="the password is empty"):
        given("ldaps://dc", password="")
