"""People read from a real OpenLDAP server: 2,500 of them, so that pages matter, over verified TLS."""

from __future__ import annotations

import csv
import os
import socket
import stat
from typing import TYPE_CHECKING

import pytest
from support.slapd import BASE, CREDENTIAL, READER, Slapd, running, schema_folder

from shadowai.directory import load_directory
from shadowai.directory.ldap import Imported, LdapServer, import_people
from shadowai.directory.options import DirectoryOptions
from shadowai.errors import SourceError, UsageError
from shadowai.model import Who

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PEOPLE = 2500
DEPARTMENTS = ("Sales", "Finance", "Research; Development", "Zentrale Dienste", "=Formula")

TOP = f"""dn: {BASE}
objectClass: dcObject
objectClass: organization
dc: corp
o: Corp

dn: ou=staff,{BASE}
objectClass: organizationalUnit
ou: staff

dn: ou=hidden,{BASE}
objectClass: organizationalUnit
ou: hidden

dn: {READER}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: {CREDENTIAL}

dn: cn=small,{BASE}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: small
userPassword: {CREDENTIAL}
"""

ODD = f"""dn: cn=Åse Østby\\, Dr.,ou=staff,{BASE}
objectClass: inetOrgPerson
cn: Åse Østby, Dr.
sn: Østby
uid: aase
mail: aase@corp.example
mail: a.ostby@corp.example
ou: Sales
ou: Finance

dn: cn=nobody,ou=staff,{BASE}
objectClass: inetOrgPerson
cn: nobody
sn: nobody

dn: cn=Anna Berg,ou=staff,{BASE}
objectClass: organizationalPerson
objectClass: user
cn: Anna Berg
sn: Berg
sAMAccountName: aberg
userPrincipalName: anna.berg@corp.example
displayName: Anna Berg
mail: anna.berg@corp.example
proxyAddresses: SMTP:anna.berg@corp.example
proxyAddresses: smtp:anna@corp.example
proxyAddresses: x500:/o=Corp/cn=anna
department: Legal
employeeID: 004711
userAccountControl: 514

dn: cn=PC-17,ou=staff,{BASE}
objectClass: organizationalPerson
objectClass: user
objectClass: computer
cn: PC-17
sn: PC-17
sAMAccountName: PC-17$

dn: cn=ai-pilots,ou=staff,{BASE}
objectClass: groupOfNames
cn: ai-pilots
member: uid=user7,ou=staff,{BASE}
member: uid=user8,ou=staff,{BASE}
"""


def person(number: int) -> str:
    department = DEPARTMENTS[number % len(DEPARTMENTS)]
    lines = [
        f"dn: uid=user{number},ou=staff,{BASE}",
        "objectClass: inetOrgPerson",
        f"uid: user{number}",
        f"cn: Person {number}",
        f"sn: {number}",
        f"mail: person.{number}@corp.example",
        f"employeeNumber: {number}",
    ]
    if number in (7, 8):
        lines.append(f"memberOf: cn=ai-pilots,ou=staff,{BASE}")
    if number % 10:
        lines.append(f"ou: {department}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def slapd(require: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    assert callable(require)
    with pytest.MonkeyPatch.context() as patch:  # where daemons lie is not on everybody's path
        patch.setenv("PATH", f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
        program = require("slapd")
    if schema_folder() is None:
        pytest.skip("the schemas of OpenLDAP 2.5 are not where they are expected")
    pytest.importorskip("ldap3")
    folder = tmp_path_factory.mktemp("slapd")
    ldif = "\n".join([TOP, *map(person, range(PEOPLE)), ODD])
    with running(program, folder, ldif) as server:
        yield server


def server_at(slapd: Slapd, url: str | None = None, **changed: object) -> LdapServer:
    given: dict[str, object] = {"base": BASE, "bind_dn": READER, "password": CREDENTIAL, "ca": slapd.ca, **changed}
    start_tls = bool(given.pop("start_tls", False))
    return LdapServer.at(url or f"ldaps://localhost:{slapd.secure}", start_tls=start_tls, **given)


@pytest.fixture(scope="module")
def imported(slapd: Slapd, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Imported]:
    out = tmp_path_factory.mktemp("directory") / "people" / "ldap.csv"
    out.parent.mkdir()
    return out, import_people(server_at(slapd), out)


def rows_of(path: Path) -> dict[str, Mapping[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["user"]: row for row in csv.DictReader(file)}


def test_everybody_is_read_page_by_page(imported: tuple[Path, Imported]) -> None:
    out, done = imported
    assert done == Imported(PEOPLE + 2, PEOPLE // 10 + 1, {"have neither an account name nor a mail address": 1})
    rows = rows_of(out)
    assert len(rows) == PEOPLE + 2
    assert rows["user1"]["department"] == "Finance"
    assert rows["user10"]["department"] == ""
    assert rows["user7"]["groups"] == f"cn=ai-pilots,ou=staff,{BASE}"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_what_is_written_is_a_list_of_people(imported: tuple[Path, Imported]) -> None:
    out, _ = imported
    directory = load_directory(out.parent.parent)
    assert directory.warnings == ()
    for spelling in ("aberg", "anna.berg@corp.example", "CORP\\aberg", "anna@corp.example"):
        found = directory.resolve(Who(None, spelling, None), None)
        assert (found.key, found.department) == ("person:aberg", "Legal"), spelling
    names = {number: directory.resolve(Who(None, f"user{number}", None), None).department for number in range(1, 5)}
    assert names == {1: "Finance", 2: "Research; Development", 3: "Zentrale Dienste", 4: "=Formula"}
    assert directory.resolve(Who(None, "user7", None), None).groups == ("ai-pilots",)
    assert directory.resolve(Who(None, "aase", None), None).department is None
    assert directory.resolve(Who(None, "a.ostby@corp.example", None), None).key == "person:aase"
    legal = directory.headcounts(None).departments["Sales"]
    assert legal.headcount == sum(number % 5 == 0 and number % 10 != 0 for number in range(PEOPLE))
    assert (
        "Legal" not in directory.headcounts(None).departments
    )  # Anna's account is disabled: she is nobody's headcount


def test_units_give_departments_where_they_are_mapped(imported: tuple[Path, Imported]) -> None:
    out, _ = imported
    directory = load_directory(out.parent.parent, DirectoryOptions(units={f"OU=Staff,{BASE}": "Staff"}))
    assert directory.resolve(Who(None, "user10", None), None).department == "Staff"
    assert directory.resolve(Who(None, "user1", None), None).department == "Finance"


def test_starttls_gives_the_same(slapd: Slapd, imported: tuple[Path, Imported], tmp_path: Path) -> None:
    server = server_at(slapd, f"ldap://127.0.0.1:{slapd.plain}", start_tls=True)
    assert import_people(server, tmp_path / "again.csv") == imported[1]
    assert (tmp_path / "again.csv").read_bytes() == imported[0].read_bytes()


def test_a_filter_narrows_it(slapd: Slapd, tmp_path: Path) -> None:
    done = import_people(server_at(slapd, filter="(uid=user1*)"), tmp_path / "some.csv")
    assert done.people == sum(str(number).startswith("1") for number in range(PEOPLE))


def refusal(slapd: Slapd, out: Path, url: str | None = None, **changed: object) -> str:
    old = out.read_bytes() if out.exists() else None
    with pytest.raises((UsageError, SourceError)) as caught:
        import_people(server_at(slapd, url, **changed), out)
    assert (out.read_bytes() if out.exists() else None) == old
    if out.parent.is_dir():
        assert [path.name for path in out.parent.iterdir()] in ([], [out.name])
    chain: BaseException | None = caught.value
    while chain is not None:
        assert CREDENTIAL not in f"{chain} {chain!r}"
        chain = chain.__cause__
    return str(caught.value)


def test_a_certificate_of_an_unknown_ca_is_refused(slapd: Slapd, tmp_path: Path) -> None:
    for url, start_tls in ((None, False), (f"ldap://localhost:{slapd.plain}", True)):
        told = refusal(slapd, tmp_path / "x.csv", url, ca=slapd.other_ca, start_tls=start_tls)
        assert told.startswith("localhost: no secure connection")
        assert "CERTIFICATE_VERIFY_FAILED" in told
        assert told.endswith("name the CA's certificate with --ca")


def test_a_certificate_of_another_host_is_refused(
    slapd: Slapd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo

    def elsewhere(host: str, *rest: object, **more: object) -> object:
        return look_up("127.0.0.1" if host == "dc.corp.example" else host, *rest, **more)

    monkeypatch.setattr("socket.getaddrinfo", elsewhere)
    told = refusal(slapd, tmp_path / "x.csv", f"ldaps://dc.corp.example:{slapd.secure}")
    assert told.startswith("dc.corp.example: no secure connection")
    assert "Hostname mismatch" in told


def test_a_wrong_password_is_told_without_it(slapd: Slapd, tmp_path: Path) -> None:
    out = tmp_path / "people.csv"
    out.write_text("old\n")
    told = refusal(slapd, out, password="wrong " + CREDENTIAL[::-1])
    assert told == "localhost: the server does not accept this name and password"
    assert out.read_text() == "old\n"


def test_a_list_that_is_not_whole_is_not_written(slapd: Slapd, tmp_path: Path) -> None:
    told = refusal(slapd, tmp_path / "x.csv", bind_dn=f"cn=small,{BASE}")
    assert "gives no more entries than its size limit" in told


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"base": "dc=other,dc=example"}, "--base 'dc=other,dc=example' is not there"),
        ({"base": "no dn"}, "the search"),
        ({"base": f"ou=hidden,{BASE}"}, "--base"),
        ({"filter": "(((broken"}, "the search failed"),
        ({"filter": "(uid=nobody-at-all)"}, "no people below"),
    ],
)
def test_searches_that_find_nothing_are_told(
    slapd: Slapd, tmp_path: Path, changed: dict[str, object], words: str
) -> None:
    assert words in refusal(slapd, tmp_path / "x.csv", **changed)


def test_a_server_that_is_not_there_is_told(slapd: Slapd, tmp_path: Path) -> None:
    assert "no secure connection" in refusal(slapd, tmp_path / "x.csv", "ldaps://localhost:1")
    told = refusal(slapd, tmp_path / "x.csv", f"ldaps://localhost:{slapd.plain}")
    assert told.startswith("localhost: ")


def test_the_place_to_write_to_must_be_there(slapd: Slapd, tmp_path: Path) -> None:
    told = refusal(slapd, tmp_path / "none" / "x.csv")
    assert told.endswith("none: there is no such folder; make it first")
    told = refusal(slapd, tmp_path / "x.csv", ca=tmp_path / "no-ca.pem")
    assert told.endswith("no-ca.pem: there is no such file of CA certificates")
