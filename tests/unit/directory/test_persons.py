"""One person under many names is one; two people of one name stay two; what contradicts itself is told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shadowai.directory import Directory, load_directory
from shadowai.directory.options import DirectoryOptions
from shadowai.model import Who

if TYPE_CHECKING:
    from pathlib import Path

AD = "sAMAccountName,userPrincipalName,mail,department,distinguishedName,employeeID,displayName\n"
HR = "Employee ID,Work Email,Department,Name\n"
HOME = "user,email,department\n"


def load(folder: Path, home: str = "", options: DirectoryOptions | None = None, **exports: str) -> Directory:
    (folder / "people").mkdir(exist_ok=True)
    if home:
        (folder / "people.csv").write_text(home)
    for name, text in exports.items():
        (folder / "people" / f"{name}.csv").write_text(text)
    return load_directory(folder, options or DirectoryOptions())


def who(directory: Directory, user: str, day: str | None = None) -> tuple[str, str | None, str]:
    time = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 10**9 if day else None
    found = directory.resolve(Who(None, user, None), time)
    return found.key, found.department, found.reason


def told(folder: Path, directory: Directory) -> list[str]:
    return [warning.removeprefix(f"{folder}/") for warning in directory.warnings]


@pytest.mark.parametrize(
    ("ad", "hr"),
    [
        ("aberg,,anna.berg@corp.example,,,,", "17,anna.berg@corp.example,Sales,"),
        ("aberg,anna.berg@corp.example,,,,,", "17,ANNA.BERG@corp.example,Sales,"),
        ("aberg,,,,,00017,", "17,anna.berg@corp.example,Sales,"),
        ("aberg,anna@corp.local,anna@corp.example,,,17,Anna Berg", "17,anna.berg@corp.example,Sales,Anna  BERG"),
    ],
)
def test_a_directory_server_and_an_hr_system_describe_one_person(tmp_path: Path, ad: str, hr: str) -> None:
    directory = load(tmp_path, ad=AD + ad + "\n", hr=HR + hr + "\n")
    for spelling in ("aberg", "CORP\\aberg", "anna.berg@corp.example"):
        assert who(directory, spelling) == ("person:aberg", "Sales", "user")
    assert directory.warnings == ()


def test_the_own_file_names_the_person_and_joins_by_account(tmp_path: Path) -> None:
    home = "user,email,department,device\nanna,,Sales,pc-anna\n"
    directory = load(tmp_path, home, ad=AD + 'anna,a.berg@corp.example,,Sales,"CN=A,DC=corp,DC=example",,\n')
    assert who(directory, "a.berg@corp.example") == ("person:anna", "Sales", "user")
    assert directory.resolve(Who(None, None, "PC-ANNA"), None).key == "person:anna"
    assert len(list(directory.roster.persons())) == 1


TWO = AD + (
    'anna,anna@corp.example,,Sales,"CN=Anna,DC=corp,DC=example",,\n'
    'anna,anna@branch.example,,Legal,"CN=Anna,DC=branch,DC=example",,\n'
)


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("CORP\\anna", ("person:anna@corp.example", "Sales", "user")),
        ("branch\\Anna", ("person:anna@branch.example", "Legal", "user")),
        ("anna@corp.example", ("person:anna@corp.example", "Sales", "user")),
        ("anna@branch.example", ("person:anna@branch.example", "Legal", "user")),
        ("anna", ("user:anna", None, "ambiguous-user")),
        ("ELSEWHERE\\anna", ("user:elsewhere\\anna", None, "ambiguous-user")),
        ("anna@elsewhere.example", ("user:anna@elsewhere.example", None, "unknown-user")),
    ],
)
def test_two_people_of_one_name_in_two_domains_stay_two(
    tmp_path: Path, spelling: str, expected: tuple[str, str | None, str]
) -> None:
    assert who(load(tmp_path, ad=TWO), spelling) == expected


def test_an_account_of_another_domain_is_nobody_here(tmp_path: Path) -> None:
    ad = TWO + 'bert,bert@corp.example,,Sales,"CN=Bert,DC=corp,DC=example",,\n'
    directory = load(tmp_path, ad=ad)
    assert who(directory, "BRANCH\\bert") == ("user:branch\\bert", None, "unknown-user")
    assert who(directory, "bert@branch.example")[2] == "unknown-user"
    assert who(directory, "WHATEVER\\bert") == ("person:bert", "Sales", "user")


def test_short_names_of_domains_can_be_mapped(tmp_path: Path) -> None:
    options = DirectoryOptions(domains={"OLDNAME": "corp.example"})
    directory = load(tmp_path, options=options, ad=TWO)
    assert who(directory, "OLDNAME\\anna")[0] == "person:anna@corp.example"
    home = HOME + "OLDNAME\\carl,,Sales\n"
    carl = 'carl,,c@corp.example,,"CN=Carl,DC=corp,DC=example",,\n'
    directory = load(tmp_path, home, options, ad=TWO + carl)
    assert who(directory, "c@corp.example") == ("person:oldname\\carl", "Sales", "user")


@pytest.mark.parametrize("spelling", ["CORP\\aberg", "corp.example\\aberg", "aberg@CORP.EXAMPLE", "aberg"])
def test_an_account_of_a_mapped_domain_is_found_as_kerberos_writes_it_too(tmp_path: Path, spelling: str) -> None:
    home = HOME + "aberg,anna.berg@firma.example,Sales\ncarl,carl@corp.example,IT\n"
    options = DirectoryOptions(domains={"CORP": "corp.example"})
    assert who(load(tmp_path, home, options), spelling) == ("person:aberg", "Sales", "user")


def test_a_mapped_domain_gives_nobody_the_address_of_a_namesake(tmp_path: Path) -> None:
    home = HOME + "carl,carla.berg@firma.example,Sales\ncberg,carl@corp.example,IT\n"
    options = DirectoryOptions(domains={"CORP": "corp.example"})
    directory = load(tmp_path, home, options)
    assert who(directory, "carl@corp.example")[0] == "person:cberg"
    assert who(directory, "carl@other.example")[2] == "unknown-user"
    assert who(load(tmp_path, home), "cberg@firma.example")[2] == "unknown-user"


def test_a_bare_name_joins_nobody_where_two_domains_have_it(tmp_path: Path) -> None:
    directory = load(tmp_path, HOME + "anna,,IT\n", ad=TWO)
    assert {row.person for row in directory.content.people} == {"anna", "anna@corp.example", "anna@branch.example"}
    assert any("account name 'anna' is also that of" in warning for warning in told(tmp_path, directory))
    assert who(directory, "anna") == ("person:anna", "IT", "user")
    assert who(directory, "CORP\\anna")[0] == "person:anna@corp.example"


def test_a_bare_name_of_an_export_may_be_of_any_domain(tmp_path: Path) -> None:
    directory = load(tmp_path, ad=TWO, okta="login,email,department\nanna,anna@third.example,IT\n")
    assert who(directory, "anna") == ("user:anna", None, "ambiguous-user")
    assert who(directory, "anna@third.example")[:2] == ("person:anna@third.example", "IT")


def test_a_bare_name_with_a_mail_address_joins_the_account_of_that_domain(tmp_path: Path) -> None:
    directory = load(tmp_path, HOME + "anna,anna.berg@branch.example,Legal\n", ad=TWO)
    assert who(directory, "anna@branch.example") == ("person:anna", "Legal", "user")
    assert who(directory, "anna@corp.example") == ("person:anna@corp.example", "Sales", "user")


def test_what_two_people_of_one_file_share_joins_nobody(tmp_path: Path) -> None:
    ad = AD + "dora,,team@corp.example,IT,,,\nemil,,team@corp.example,HR,,,\n"
    directory = load(tmp_path, ad=ad, hr=HR + "17,team@corp.example,Sales,\n")
    assert who(directory, "dora") == ("person:dora", "IT", "user")
    assert who(directory, "emil") == ("person:emil", "HR", "user")
    assert who(directory, "team@corp.example")[2] == "ambiguous-user"
    assert told(tmp_path, directory) == [
        "people/ad.csv:3: email team@corp.example belongs to 'dora' and to 'emil', so it identifies neither"
    ]


def test_joins_that_would_make_two_people_one_are_undone(tmp_path: Path) -> None:
    ad = AD + "dora,,d@corp.example,IT,,17,Dora\nemil,,e@corp.example,HR,,,Emil\n"
    hr = HR + "17,e@corp.example,HR,Dora\n"
    directory = load(tmp_path, ad=ad, hr=hr)
    assert {row.person for row in directory.content.people} == {"dora", "emil", "employee:17 (people/hr.csv)"}
    assert who(directory, "dora")[1] == "IT"
    assert "none of these records is joined" in told(tmp_path, directory)[0]
    assert who(directory, "e@corp.example")[2] == "ambiguous-user"


def test_an_employee_number_that_name_and_mail_contradict_is_not_believed(tmp_path: Path) -> None:
    ad = AD + "aberg,,anna@corp.example,Sales,,17,Anna Berg\n"
    directory = load(tmp_path, ad=ad, hr=HR + "17,zoe@subsidiary.example,Legal,Zoe Lind\n")
    assert who(directory, "aberg") == ("person:aberg", "Sales", "user")
    assert who(directory, "zoe@subsidiary.example") == ("person:zoe@subsidiary.example", "Legal", "user")
    (warning,) = told(tmp_path, directory)
    assert warning.startswith("people/hr.csv:2: employee number 17 is also that of 'aberg' (people/ad.csv:2)")


def test_files_that_disagree_leave_the_department_unknown_and_are_told(tmp_path: Path) -> None:
    (tmp_path / "networks.csv").write_text("network,department\n10.1.0.0/16,Sales\n")
    ad = AD + "aberg,,anna@corp.example,Sales,,,\n"
    directory = load(tmp_path, ad=ad, hr=HR + "17,anna@corp.example,Marketing,\n")
    found = directory.resolve(Who("10.1.2.3", "aberg", None), 0)
    assert (found.key, found.department, found.reason) == ("person:aberg", None, "conflicting-identity")
    (warning,) = told(tmp_path, directory)
    assert warning == (
        "people/hr.csv:2: 'aberg' is in 'Marketing' here and in 'Sales' at people/ad.csv:2, so that the department is"
        " unknown; correct one of them, or map one name to the other in [directory_spellings]"
    )
    agreed = load(tmp_path, options=DirectoryOptions(spellings={"Marketing": "Sales"}))
    assert who(agreed, "aberg") == ("person:aberg", "Sales", "user")
    assert agreed.warnings == ()


def test_a_record_with_dates_outranks_one_without(tmp_path: Path) -> None:
    home = "user,email,department,from,until\naberg,anna@corp.example,Sales,,2026-03-31\n"
    home += "aberg,,Legal,2026-04-01,2026-06-30\n"
    directory = load(tmp_path, home, ad=AD + "aberg,,anna@corp.example,Finance,,,\n")
    days = {"2026-03-31": "Sales", "2026-04-01": "Legal", "2026-07-01": "Finance"}
    assert {day: who(directory, "anna@corp.example", day)[1] for day in days} == days
    assert directory.warnings == ()
    assert not directory.roster.is_timeless("aberg")


def test_a_disabled_account_has_its_say_only_where_nobody_else_has(tmp_path: Path) -> None:
    ad = "sAMAccountName,mail,department,enabled\naberg,anna@corp.example,Sales,False\nbert,b@corp.example,IT,False\n"
    directory = load(tmp_path, ad=ad, hr=HR + "17,anna@corp.example,Marketing,\n")
    assert who(directory, "aberg")[1] == "Marketing"
    assert who(directory, "bert")[1] == "IT"
    assert directory.warnings == ()


def test_who_has_no_department_anywhere_has_that_of_the_network(tmp_path: Path) -> None:
    (tmp_path / "networks.csv").write_text("network,department\n10.1.0.0/16,Sales\n")
    directory = load(tmp_path, ad=AD + "aberg,,anna@corp.example,,,,\n")
    found = directory.resolve(Who("10.1.2.3", "aberg", None), 0)
    assert (found.key, found.department, found.reason) == ("person:aberg", "Sales", "user")
    assert directory.headcounts(None).departments["Sales"].headcount is None


def test_groups_come_from_all_records(tmp_path: Path) -> None:
    home = "user,email,department,groups\naberg,anna@corp.example,Sales,Pilots; Heads\n"
    ad = 'sAMAccountName,mail,memberOf\naberg,anna@corp.example,"CN=All,DC=corp;CN=Pilots,DC=corp"\n'
    directory = load(tmp_path, home, ad=ad)
    assert directory.resolve(Who(None, "aberg", None), None).groups == ("All", "Heads", "Pilots")


def test_people_without_an_account_of_their_own_have_other_keys(tmp_path: Path) -> None:
    hr = HR + "1,a@corp.example,Sales,\n2,,Sales,\n"
    other = HR + "1,a@corp.example,Sales,\n3,shared@corp.example,Sales,\n4,shared@corp.example,Sales,\n"
    directory = load(tmp_path, hr=hr, other=other)
    keys = {row.person for row in directory.content.people}
    assert keys == {"a@corp.example", "employee:2", "employee:3", "employee:4"}


def test_a_key_is_never_that_of_two_people(tmp_path: Path) -> None:
    one = HR + "7,a@corp.example,Sales,Ann\n"
    two = HR + "7,b@corp.example,Legal,Bob\n"
    three = HR + "8,a@corp.example,Sales,\n9,a@corp.example,Sales,\n"
    directory = load(tmp_path, one=one, two=two, three=three)
    assert {row.person for row in directory.content.people} == {
        "b@corp.example",
        "employee:7 (people/one.csv)",
        "employee:8",
        "employee:9",
    }


accounts = st.sampled_from(["anna", "bert", "cora"])
addresses = st.sampled_from(["", "a@corp.example", "b@corp.example", "a@branch.example"])
numbers = st.sampled_from(["", "1", "2"])
units = st.sampled_from(["", "CN=X,DC=corp,DC=example", "CN=X,DC=branch,DC=example"])
ad_rows = st.lists(st.tuples(accounts, addresses, addresses, units, numbers), max_size=4)
hr_rows = st.lists(st.tuples(numbers, addresses), max_size=4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(ad_rows, hr_rows, st.lists(st.tuples(accounts, addresses), max_size=3), st.randoms(use_true_random=False))
def test_no_two_people_of_one_file_ever_become_one_and_order_changes_nothing(
    tmp_path: Path,
    ad: list[tuple[str, ...]],
    hr: list[tuple[str, ...]],
    home: list[tuple[str, str]],
    shuffler: object,
) -> None:
    def texts() -> tuple[str, str, str]:
        return (
            HOME + "".join(f"{user},{mail},D\n" for user, mail in home),
            AD + "".join(f'{user},{upn},{mail},D,"{dn}",{number},\n' for user, upn, mail, dn, number in ad),
            HR + "".join(f"{number},{mail},D,\n" for number, mail in hr),
        )

    def people() -> tuple[Directory, set[frozenset[tuple[str, str]]]]:
        own, one, two = texts()
        directory = load(tmp_path, own, ad=one, hr=two)
        groups: dict[str, set[tuple[str, str]]] = {}
        for row in directory.content.people:
            names = ",".join(sorted(map(str, (*row.logins, *row.mails, row.employee or ""))))
            groups.setdefault(row.person, set()).add((row.origin.file, names))
        return directory, set(map(frozenset, groups.values()))

    first, partition = people()
    for rows in (first.roster.stays(person) for person in first.roster.persons()):
        own = {row.origin.file: set[str]() for row in rows}
        for row in rows:
            own[row.origin.file].add(_own(row.logins, row.mails, row.employee))
        assert all(len(found) == 1 for found in own.values())
    for rows in (ad, hr, home):
        shuffler.shuffle(rows)
    again, other = people()
    assert other == partition
    assert again.digest == first.digest


def _own(logins: tuple[object, ...], mails: tuple[object, ...], employee: str | None) -> str:
    """Give what tells people of one file apart: the account, else the number (HR), else the address."""
    accounts = [str(login) for login in logins if "@" not in str(login)]
    return accounts[0] if accounts else employee or str(mails[0] if mails else logins[0])
