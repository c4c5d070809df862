"""`shadowai directory`: what it prints, and where the password never is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from shadowai.cli import cli
from shadowai.cli.from_settings import directory_options_of
from shadowai.config import Settings
from shadowai.directory.ldap import Imported, LdapServer
from shadowai.directory.options import DirectoryOptions
from shadowai.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = "user,email,department,groups\nanna,anna@corp.example,Sales,Pilots\nbert,,Legal,\n"
NETWORKS = "network,department\n10.0.0.0/8,Corp\n10.1.0.0/16,Sales\n"
SECRET = "correct horse"  # noqa: S105  # of nobody


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "people.csv").write_text(PEOPLE)
    (tmp_path / "networks.csv").write_text(NETWORKS)
    return tmp_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["directory", *map(str, arguments)])


def test_check_counts_what_there_is(folder: Path) -> None:
    done = run("check", folder)
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "people.csv: 2 records",
        "people: 2",
        "devices: 0, departments: 3, networks: 2",
        "with several names: 1",
        "  anna: anna, anna@corp.example",
        "networks inside one of another department or kind (the smaller one decides): 1",
        "  10.1.0.0/16 (Sales, client) in 10.0.0.0/8 (Corp, client)",
    ]
    document = json.loads(run("check", folder, "--json").stdout)
    assert (document["people"], document["overlaps"]) == (2, [{"network": "10.1.0.0/16", "in": "10.0.0.0/8"}])


def test_check_tells_warnings_and_what_is_not_known(folder: Path) -> None:
    (folder / "people").mkdir()
    (folder / "people" / "ad.csv").write_text(
        "sAMAccountName,mail,department,enabled\nzoe,,,False\nanna,anna@corp.example,IT,True\n"
    )
    done = run("check", folder)
    assert "'anna' is in 'IT' here and in 'Sales' at people.csv:2" in done.stderr
    assert "  whose department no file names: 1" in done.stdout
    assert "  whose department the files dispute: 1" in done.stdout
    assert "  with disabled accounts only: 1" in done.stdout


def test_long_lists_are_cut_and_say_so(folder: Path) -> None:
    lines = "".join(f"p{number},p{number}@corp.example,Sales,\n" for number in range(30))
    (folder / "people.csv").write_text(PEOPLE + lines)
    assert "  and 11 more (--json names all)" in run("check", folder).stdout
    assert len(json.loads(run("check", folder, "--json").stdout)["names"]) == 31


def test_check_refuses_what_is_wrong_with_line_and_remedy(folder: Path) -> None:
    (folder / "people.csv").write_text("user,email,department\n,,Sales\n")
    error = run("check", folder).exception
    assert isinstance(error, UsageError)
    assert "people.csv:2: user and email are empty; write the name" in str(error)


def test_the_settings_name_the_folder_and_the_columns(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "people.csv").write_text("Login,email,department\nanna,,Sales\n")
    config = folder / "shadowai.toml"
    config.write_text(
        'directory = "."\n[directory_columns.people]\nuser = "Login"\n[directory_spellings]\nSales = "S"\n'
    )
    assert json.loads(run("explain", "anna", "--config", config, "--json").stdout)["department"] == "S"
    monkeypatch.delenv("SHADOWAI_DIRECTORY", raising=False)
    assert "name the directory's folder" in str(run("check").exception)


def test_settings_become_what_the_directory_takes() -> None:
    chosen = Settings(
        drift=5,
        lease_times={"dnsmasq": "24 h"},
        zone="Europe/Berlin",
        date_order="month-first",
        directory_columns={"networks": {"network": "Subnet"}},
        directory_units={"/Sales": "Sales"},
        directory_groups={"g": "Legal"},
        directory_spellings={"HR": "People"},
        directory_domains={"CORP": "corp.example"},
    )
    assert directory_options_of(chosen) == DirectoryOptions(
        columns={"networks": {"network": "Subnet"}},
        units={"/Sales": "Sales"},
        groups={"g": "Legal"},
        spellings={"HR": "People"},
        domains={"CORP": "corp.example"},
        day_first=False,
        zone="Europe/Berlin",
        drift=5_000_000_000,
        lease_times={"dnsmasq": 86_400_000_000_000},
    )
    assert directory_options_of(Settings()) == DirectoryOptions()


def test_explain_says_who_and_why(folder: Path) -> None:
    done = run("explain", "CORP\\Anna", folder, "--at", "2026-11-20T08:00")
    assert done.stdout.splitlines() == [
        "user CORP\\Anna: person:anna, Sales",
        "because the files name this user (user)",
        "groups: Pilots",
        "  names: anna, anna@corp.example",
        "  people.csv:2: Sales",
    ]
    assert run("explain", "10.9.9.9\x1b[2J", folder).stdout.count("\x1b") == 0
    document = json.loads(run("explain", "192.0.2.1", folder, "--json").stdout)
    assert document["kind"] == "address"
    assert (document["key"], document["department"], document["reason"]) == (
        "address:192.0.2.1",
        None,
        "unknown-network",
    )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[LdapServer]:
    servers: list[LdapServer] = []

    def answer(server: LdapServer, _out: Path) -> Imported:
        servers.append(server)
        return Imported(2500, 12, {"hold control characters": 1})

    monkeypatch.setattr("shadowai.cli.directory.import_people", answer)
    return servers


LDAP = ("import", "ldap", "--url", "ldaps://dc.corp.example", "--base", "dc=corp", "--bind-dn", "cn=reader")


def test_import_reads_the_password_from_a_file_or_a_variable(
    folder: Path, asked: list[LdapServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "pw").write_text(f"{SECRET}\nsecond line\n")
    out = folder / "people" / "ldap.csv"
    done = run(*LDAP, "--password-file", folder / "pw", "--out", out)
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{out}: 2,500 people\n"
    assert done.stderr.splitlines() == [
        "shadowai: left out, entries that hold control characters: 1",
        "shadowai: people without a department: 12",
    ]
    monkeypatch.setenv("LDAP_PASSWORD", SECRET)
    run(*LDAP, "--password-env", "LDAP_PASSWORD", "--out", out, "--filter", "(uid=*)", "--ca", folder / "ca.pem")
    assert [server.password for server in asked] == [SECRET, SECRET]
    assert (asked[1].filter, asked[1].ca) == ("(uid=*)", folder / "ca.pem")
    assert SECRET not in done.output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "either --password-file or --password-env"),
        (("--password-file", "a", "--password-env", "b"), "either --password-file or --password-env"),
        (("--password-env", "NO_SUCH_VARIABLE"), "there is no variable 'NO_SUCH_VARIABLE'"),
        (("--password-file", "no-such-file"), "no-such-file: cannot be read"),
        (("--password-file", "binary"), "binary: is not UTF-8"),
        (("--password-file", "empty"), "the password is empty"),
    ],
)
def test_import_wants_one_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[LdapServer], options: tuple[str, ...], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "empty").write_text("\n")
    error = run(*LDAP, *options, "--out", "x.csv").exception
    assert isinstance(error, UsageError)
    assert words in str(error)
    assert asked == []


def test_there_is_no_option_for_the_password_itself() -> None:
    done = run(*LDAP, "--password", SECRET, "--out", "x.csv")
    assert done.exit_code == 2
    assert "No such option" in done.output
