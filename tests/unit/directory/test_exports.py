"""Lists of people as other systems export them: recognised by their columns, read as their vendors document them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.people_exports import AD, CSVDE, ENTRA, EXPORTS, WORKDAY

from shadowai.directory import Directory, load_directory
from shadowai.directory.options import DirectoryOptions
from shadowai.errors import UsageError
from shadowai.model import Who

if TYPE_CHECKING:
    from pathlib import Path


def load(folder: Path, options: DirectoryOptions | None = None, **files: str | bytes) -> Directory:
    (folder / "people").mkdir(exist_ok=True)
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        place = folder if name == "people_csv" else folder / "people"
        (place / name.replace("_", ".")).write_bytes(data)
    return load_directory(folder, options or DirectoryOptions())


def who(directory: Directory, user: str) -> tuple[str, str | None, str]:
    found = directory.resolve(Who(None, user, None), None)
    return found.key, found.department, found.reason


@pytest.mark.parametrize("name", EXPORTS)
def test_every_kind_is_recognised_by_its_columns_not_its_name(tmp_path: Path, name: str) -> None:
    plain = load(tmp_path, export_dat=EXPORTS[name])
    key, department, reason = who(plain, "anna.berg@corp.example")
    assert (department, reason) == ("Sales", "user")
    assert who(plain, "bert@corp.example")[1:] == (None, "user")
    assert who(plain, "anna.berg@corp.example")[0] == key
    assert len(list(plain.roster.persons())) == 2
    assert [row.active for row in plain.content.people] == [True, False]
    assert plain.headcounts(None).departments["Sales"].headcount == 1


@pytest.mark.parametrize("name", ["ad.csv", "entra.csv", "google.csv", "okta.json", "workday.csv"])
def test_encodings_and_line_ends_of_windows_change_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / "other").mkdir()
    plain = load(tmp_path, export_dat=EXPORTS[name])
    wide = load(tmp_path / "other", export_dat=EXPORTS[name].replace("\n", "\r\n").encode("utf-16"))
    assert [row[:-1] for row in wide.content.people] == [row[:-1] for row in plain.content.people]


def test_a_list_of_devices_alone_gives_their_owners(tmp_path: Path) -> None:
    devices = "user,device\naberg,PC-1;10.0.0.6\nnobody.else,pc-3\n"
    directory = load(tmp_path, ad_csv=AD, devices_csv=devices)
    for device in ("pc-1", "10.0.0.6"):
        assert directory.resolve(Who(None, None, device), None).department == "Sales"
    assert directory.resolve(Who(None, None, "pc-3"), None).department is None


@pytest.mark.parametrize("name", ["ad.csv", "csvde.csv"])
def test_active_directory_knows_accounts_domains_and_groups(tmp_path: Path, name: str) -> None:
    directory = load(tmp_path, export_dat=EXPORTS[name])
    for spelling in ("aberg", "CORP\\aberg", "corp.example\\aberg", "ABERG@CORP.EXAMPLE"):
        assert who(directory, spelling) == ("person:aberg", "Sales", "user"), spelling
    assert directory.resolve(Who(None, "aberg", None), None).groups == ("AI Pilots", "All")
    (warning,) = directory.warnings
    count = {"ad.csv": 1, "csvde.csv": 2}[name]
    assert f": {count} records are of computers, groups or other things, and are left out; the first is line" in warning


def test_aliases_identify_and_teach_domains_but_private_addresses_only_identify(tmp_path: Path) -> None:
    directory = load(tmp_path, graph_json=EXPORTS["graph.json"])
    assert who(directory, "anna@corp.example")[0] == "person:aberg"
    assert who(directory, "anna@gmail.com")[0] == "person:aberg"
    assert who(directory, "aberg@gmail.com") == ("user:aberg@gmail.com", None, "unknown-user")
    assert who(directory, "bert@gmail.com")[2] == "unknown-user"
    assert who(directory, "/o=corp")[2] == "unknown-user"


@pytest.mark.parametrize(
    ("name", "units"),
    [
        ("csvde.csv", {"ou=legal,ou=staff,dc=corp,dc=example": "Law"}),
        ("csvde.csv", {"OU=Legal, OU=Staff": "Law", "OU=Staff": "Staff"}),
        ("google.csv", {"/Staff": "Staff", "/Staff/Legal/": "Law"}),
        ("google.json", {"/staff/legal": "Law"}),
    ],
)
def test_units_give_departments_only_by_the_map(tmp_path: Path, name: str, units: dict[str, str]) -> None:
    directory = load(tmp_path, DirectoryOptions(units=units), export_dat=EXPORTS[name])
    assert who(directory, "bert@corp.example")[1] == "Law"
    assert who(directory, "anna.berg@corp.example")[1] == "Sales"


@pytest.mark.parametrize(
    ("groups", "department"),
    [
        ({"ai pilots": "Innovation"}, "Innovation"),
        ({"CN=AI Pilots,OU=Groups,DC=corp,DC=example": "Innovation"}, "Innovation"),
        ({"AI Pilots": "Innovation", "All": "Innovation"}, "Innovation"),
        ({"AI Pilots": "Innovation", "All": "Everybody"}, None),
        ({"Others": "Innovation"}, None),
    ],
)
def test_groups_give_departments_only_by_the_map(
    tmp_path: Path, groups: dict[str, str], department: str | None
) -> None:
    text = CSVDE.replace(",Sales,", ",,")
    directory = load(tmp_path, DirectoryOptions(groups=groups), export_dat=text)
    assert who(directory, "aberg")[1] == department
    told = any("groups of several; it counts as unknown" in warning for warning in directory.warnings)
    assert told == (len(set(groups.values())) > 1)


@pytest.mark.parametrize(
    ("unit", "department"),
    [
        (r"CN=X,OU=B\C3\BCro\, Nord,DC=corp", "North"),
        (r"CN=X,OU=Team,OU=B\c3\bcro\2c Nord,DC=corp", "North"),
        ("CN=X,OU=Büro,DC=corp", None),
        ("OU=Büro\\, Nord,DC=corp", None),
        ("CN=X,OU=Team+L=Rome,DC=corp", None),
        ("no name = at all, x", None),
        ("", None),
    ],
)
def test_distinguished_names_are_unescaped(tmp_path: Path, unit: str, department: str | None) -> None:
    options = DirectoryOptions(units={"OU=Büro\\, Nord,DC=corp": "North"})
    text = f'sAMAccountName,distinguishedName\na,"{unit}"\n'
    assert load(tmp_path, options, ad_csv=text).content.people[0].department == department


def test_spellings_of_a_department_become_one(tmp_path: Path) -> None:
    directory = load(tmp_path, DirectoryOptions(spellings={"Sales": "Vertrieb"}), export_dat=ENTRA)
    assert list(directory.headcounts(None).departments) == ["Vertrieb"]


def test_a_column_map_reads_what_is_not_known(tmp_path: Path) -> None:
    text = "Kennung|Anschrift|Kostenstelle|Rechner\nanna|a@corp.example|Sales|PC-1\n"
    options = DirectoryOptions(
        columns={"people": {"user": "Kennung", "email": "Anschrift", "department": "Kostenstelle", "device": "RECHNER"}}
    )
    directory = load(tmp_path, options, export_csv=text)
    assert who(directory, "anna") == ("person:anna", "Sales", "user")
    assert directory.resolve(Who(None, None, "pc-1"), None).key == "person:anna"
    with pytest.raises(
        UsageError, match=r"export\.csv: is no export of people that is known .*directory_columns\.people"
    ):
        load(tmp_path)


def test_a_column_map_renames_headers_of_the_own_files(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("Login;E-Mail;Bereich\nanna;;Sales\n")
    (tmp_path / "networks.csv").write_text("Subnet,Bereich\n10.1.0.0/16,Sales\n")
    (tmp_path / "departments.csv").write_text("Bereich,Kopf\nSales,Ann\n")
    columns = {
        "people": {"user": "login", "email": "E-Mail", "department": "Bereich"},
        "networks": {"network": "Subnet", "department": "Bereich"},
        "departments": {"department": "Bereich", "head": "Kopf"},
    }
    directory = load_directory(tmp_path, DirectoryOptions(columns=columns))
    assert who(directory, "anna")[1] == "Sales"
    assert directory.headcounts(None).departments["Sales"].head == "Ann"
    with pytest.raises(
        UsageError, match="columns 'Subnetz', 'department' are missing; the first line must be: Subnetz,"
    ):
        load_directory(tmp_path, DirectoryOptions(columns={"networks": {"network": "Subnetz"}}))
    with pytest.raises(
        UsageError, match=r"directory_columns\.networks: 'net' is no column of ours; there are network,"
    ):
        load_directory(tmp_path, DirectoryOptions(columns={"networks": {"net": "Subnet"}}))


HISTORY = """Employee ID,Work Email,Department,Effective Date
17,anna@corp.example,Legal,2026-04-01
17,anna@corp.example,Sales,2025-01-01
17,anna@corp.example,Finance,2026-09-01
"""


@pytest.mark.parametrize(
    ("day", "department", "reason"),
    [
        ("2024-12-31", None, "outside-period"),
        ("2025-01-01", "Sales", "user"),
        ("2026-03-31", "Sales", "user"),
        ("2026-04-01", "Legal", "user"),
        ("2026-08-31", "Legal", "user"),
        ("2030-01-01", "Finance", "user"),
    ],
)
def test_effective_dates_end_the_stay_before(tmp_path: Path, day: str, department: str | None, reason: str) -> None:
    directory = load(tmp_path, hr_csv=HISTORY)
    found = directory.resolve(Who(None, "anna@corp.example", None), at(day))
    assert (found.key, found.department, found.reason) == ("person:anna@corp.example", department, reason)
    assert directory.warnings == ()


def at(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 10**9


def test_who_is_not_yet_or_no_longer_employed_is_outside_the_period(tmp_path: Path) -> None:
    text = WORKDAY.replace("2020-02-01,,Active", "2020-02-01,2026-06-30,Active")
    directory = load(tmp_path, hr_csv=text, ad_csv=AD)
    for day, reason in (("2020-01-31", "outside-period"), ("2026-06-30", "user"), ("2026-07-01", "outside-period")):
        found = directory.resolve(Who(None, "aberg", None), at(day))
        assert (found.key, found.reason) == ("person:aberg", reason)
        assert found.department == ("Sales" if reason == "user" else None)


@pytest.mark.parametrize(
    ("dates", "day_first", "days"),
    [
        (["31/12/2025", "05/06/2026"], None, ["2025-12-31", "2026-06-05"]),
        (["12/31/2025", "05/06/2026"], None, ["2025-12-31", "2026-05-06"]),
        (["05/06/2026"], True, ["2026-06-05"]),
        (["05/06/2026"], False, ["2026-05-06"]),
        (["05/05/2026"], None, ["2026-05-05"]),
        (["5.6.2026", "2026-06-05T00:00:00Z", "5-Jun-2026", "Jun 5, 2026", "20260605"], None, ["2026-06-05"] * 5),
    ],
)
def test_dates_are_read_as_they_show_themselves(
    tmp_path: Path, dates: list[str], days: list[str], *, day_first: bool | None
) -> None:
    lines = "".join(f'{number},p{number}@corp.example,Sales,"{text}"\n' for number, text in enumerate(dates, start=1))
    text = "Employee ID,Work Email,Department,Hire Date\n" + lines
    directory = load(tmp_path, DirectoryOptions(day_first=day_first), hr_csv=text)
    assert [row.employed.first for row in directory.content.people] == [at(day) // (86400 * 10**9) for day in days]


def test_a_date_that_may_be_two_days_is_asked_about(tmp_path: Path) -> None:
    text = "Employee ID,Work Email,Department,Hire Date\n1,a@corp.example,Sales,05/06/2026\n"
    with pytest.raises(UsageError, match=r"hr\.csv: nothing tells whether the date 05/06/2026 .*set date_order"):
        load(tmp_path, hr_csv=text)


def test_odd_records_are_left_out_counted_and_located(tmp_path: Path) -> None:
    text = (
        "Employee ID,Work Email,Department,Hire Date\n"
        "1,a@corp.example,Sales,2020-01-01\n"
        ",,Sales,2020-01-01\n"
        "2,b@corp.example,Sales,soon\n"
        "3,no address,Sales,9999-12-31\n"
        "4,c@corp.example,Sales,2020-01-01,surplus\n"
        "5,d@corp\x00.example,Sales,2020-01-01\n"
        ",,,\n"
        ",-,Sales,\n"
    )
    directory = load(tmp_path, hr_csv=text)
    assert [row.employee for row in directory.content.people] == ["1", "3"]
    assert [warning.removeprefix(f"{tmp_path}/people/") for warning in directory.warnings] == [
        (
            "hr.csv:3: 2 records name nobody (no account, no address, no employee number), and are left out;"
            " the first is line 3"
        ),
        "hr.csv:4: 1 records have a date that cannot be read, and are left out; the first is line 4",
        "hr.csv:5: 1 records have an email that is no address; the first is line 5",
        (
            "hr.csv:6: has more cells than the header has columns (4); quote values that hold the delimiter;"
            " this record is left out"
        ),
        "hr.csv:7: holds control characters; remove them; this record is left out",
    ]


def test_type_names_of_powershell_are_no_groups(tmp_path: Path) -> None:
    text = "SamAccountName,memberOf\naberg,Microsoft.ActiveDirectory.Management.ADPropertyValueCollection\n"
    directory = load(tmp_path, ad_csv=text)
    assert directory.resolve(Who(None, "aberg", None), None).groups == ()
    assert "join the values with ; when exporting" in directory.warnings[0]


def test_spreadsheets_number_texts_lose_their_formula(tmp_path: Path) -> None:
    text = 'Employee ID,Work Email,Department\n"=""00042""",a@corp.example,Sales\n'
    assert load(tmp_path, hr_csv=text).content.people[0].employee == "42"


def test_json_that_holds_control_characters_or_no_people(tmp_path: Path) -> None:
    people = [{"userPrincipalName": "a@corp.example"}, {"userPrincipalName": "b\x1b@corp.example"}, "text", 3]
    directory = load(tmp_path, graph_json=json.dumps({"value": people}))
    assert [row.person for row in directory.content.people] == ["a@corp.example"]
    assert directory.warnings == (f"{tmp_path}/people/graph.json:2: holds control characters; this record is left out",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no export of people that is known"),
        (b"a,b\n1,2\n", "is no export of people that is known"),
        (b"[]", "is no export of people that is known"),
        (b'{"a": 1}', "is no export of people that is known"),
        (b'[{"userPrincipalName": ', "is no valid JSON"),
        (b"[" * 100_000, "is no valid JSON"),
        (b"sAMAccountName,mail,mail\nx,,\n", "column 'mail' is there twice"),
        (b"sAMAccountName\n\xe4\n", "is not UTF-8"),
        (b'sAMAccountName\n"a\n', "this record cannot be read"),
        (b"sAMAccountName\n" + b"a" * 10_000_000, "this record cannot be read"),
    ],
)
def test_files_that_are_useless_are_problems(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, x_csv=content)
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path}/people/x.csv")


def test_a_line_of_ten_megabytes_of_cells_is_one_record_left_out(tmp_path: Path) -> None:
    directory = load(tmp_path, x_csv=b"sAMAccountName,mail\na,\nb," + b"c," * 5_000_000 + b"\nd,\n")
    assert [row.person for row in directory.content.people] == ["a", "d"]


def test_hidden_files_and_empty_folders_are_no_exports(tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / ".DS_Store").write_bytes(b"\0")
    (tmp_path / "people" / "~$people.csv").write_bytes(b"\0")
    assert load_directory(tmp_path).content.people == ()
    (tmp_path / "people" / "ad.csv").write_text("sAMAccountName\n")
    (warning,) = load_directory(tmp_path).warnings
    assert warning.endswith("ad.csv: is an export of Active Directory (Get-ADUser, csvde), and names nobody")


headers = st.sampled_from(
    [
        "sAMAccountName,userPrincipalName,mail,proxyAddresses,memberOf,distinguishedName,userAccountControl",
        "userPrincipalName,mail,department,employeeHireDate",
        "Email Address [Required],Org Unit Path [Required],Status [READ ONLY]",
        "Employee ID,Department,Work Email,Hire Date,Termination Date,Effective Date",
        "login,email,department,status",
        "user,email,department,from,until",
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(headers, st.binary(max_size=300))
def test_any_bytes_below_a_header_give_people_or_a_located_problem(tmp_path: Path, header: str, data: bytes) -> None:
    options = DirectoryOptions(units={"ou=a": "A", "/b": "B"}, groups={"g": "G"})
    told, people = str(tmp_path), ()
    try:
        people = (directory := load(tmp_path, options, x_csv=header.encode() + b"\n" + data)).content.people
    except UsageError as error:
        told = str(error)
    assert told.startswith(str(tmp_path))
    for row in people:
        directory.resolve(Who(None, str((*row.logins, *row.mails, row.name)[0]), None), 0)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(st.lists(st.dictionaries(st.sampled_from(["mail", "department", "proxyAddresses", "x"]), values), max_size=5))
def test_any_json_gives_people_or_a_located_problem(tmp_path: Path, people: list[dict[str, object]]) -> None:
    directory = load(tmp_path, x_json=json.dumps([{"userPrincipalName": "a@b.example"}, *people]))
    assert directory.content.people[0].person == "a@b.example"
