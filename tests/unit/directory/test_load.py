"""The user's CSV files: what is tolerated, and how everything wrong is told with its line."""

from __future__ import annotations

import csv
import gc
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shadowai.directory import DirectoryOptions, load, load_directory
from shadowai.directory.survey import survey
from shadowai.errors import UsageError
from shadowai.model import Who

if TYPE_CHECKING:
    from pathlib import Path

GOOD_NETWORKS = "network,department,kind\n10.1.0.0/16,Sales,\n10.2.0.0/16,IT,nat\n"
GOOD_PEOPLE = "user,email,department\nanna,anna@corp.example,Sales\n"


def write(folder: Path, **files: str | bytes) -> Path:
    folder.mkdir(exist_ok=True)
    for stem, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (folder / f"{stem}.csv").write_bytes(data)
    return folder


def problems_of(folder: Path) -> list[str]:
    with pytest.raises(UsageError) as caught:
        load_directory(folder)
    return [line.removeprefix(f"{folder}/") for line in str(caught.value).splitlines()]


def test_each_file_may_be_absent_but_not_all(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds none of networks\.csv, people\.csv, departments\.csv"):
        load_directory(tmp_path)
    assert list(load_directory(write(tmp_path, departments="department\nSales\n")).named) == ["Sales"]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + GOOD_NETWORKS.encode(),
        GOOD_NETWORKS.replace("\n", "\r\n").encode(),
        GOOD_NETWORKS.replace("\n", "\r").encode(),
        GOOD_NETWORKS.replace(",", ";").encode(),
        GOOD_NETWORKS.replace(",", "\t").encode(),
        GOOD_NETWORKS.replace("network,department,kind", "Network , DEPARTMENT,Kind").encode(),
        GOOD_NETWORKS.replace("\n", "\n\n,,\n").encode(),
        GOOD_NETWORKS.encode("utf-16"),
        GOOD_NETWORKS.rstrip("\n").encode(),
        b"kind,network,department\n,10.1.0.0/16,Sales\nNAT,10.2.0.0/16, IT \n",
        b'network,department,kind\n"10.1.0.0/16","Sales"\n10.2.0.0/16,"IT",nat,,\n',
    ],
)
def test_spreadsheet_habits_are_tolerated(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "odd").mkdir()
    plain = load_directory(write(tmp_path / "plain", networks=GOOD_NETWORKS))
    odd = load_directory(write(tmp_path / "odd", networks=content))
    assert odd.content == plain.content
    assert odd.digest == plain.digest


def test_every_problem_of_every_file_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    write(
        tmp_path,
        networks=(
            "network,department,kind\n"
            "10.1.0.0/33,Sales,client\n"
            "10.1.2.3/24,Sales,client\n"
            "\n"
            "10.3.0.0/16,,cliemt\n"
            "10.4.0.0/16,Sales,clinet\n"
            "10.5.0.0/16,Sales,xyz\n"
            "10.6.0.0/16,Sales,nat\n"
            "10.6.0.0/16,IT,nat\n"
        ),
        people=(
            "user,email,department,name,from,until\n"
            "anna,@corp.example,Sales,,,\n"
            "bert,not-a-mail,Sales,,,\n"
            ",,Sales,,,\n"
            "dora,,Sales,,31.01.2026,\n"
            "emil,,Sales,,2026-02-01,2026-01-01\n"
            'finn,,Sales,"Two\nlines",,2026-02-30\n'
            "gina,,Sales,Berg, Gina,2026-01-01,2026-02-01\n"
            "hugo,,Sales,,,2026-07-01\n"
            "hugo,,IT,,2026-06-30,\n"
            "ines,,IT,,20260101,\n"
        ),
        departments=("department,parent,headcount\nSales,ITT,\n,,\nIT,IT,many\nIT,,3\n,Sales,5\nLaw,Tax,\nTax,Law,\n"),
    )
    found = problems_of(tmp_path)
    places = [":".join(line.split(":")[:2]) for line in found]
    assert places == [
        "departments.csv:2",
        "departments.csv:4",
        "departments.csv:4",
        "departments.csv:5",
        "departments.csv:6",
        "departments.csv:7",
        "networks.csv:2",
        "networks.csv:3",
        "networks.csv:5",
        "networks.csv:6",
        "networks.csv:7",
        "networks.csv:9",
        "people.csv:2",
        "people.csv:3",
        "people.csv:4",
        "people.csv:5",
        "people.csv:6",
        "people.csv:7",
        "people.csv:9",
        "people.csv:11",
        "people.csv:12",
    ]
    text = "\n".join(found)
    for remedy in [
        "write 10.1.2.0/24",
        "in CIDR notation",
        "did you mean client?",
        "use one of client, nat, shared, server",
        "already on line 8",
        "write it as YYYY-MM-DD",
        "swap the two dates",
        "quote values that hold the delimiter",
        "user 'hugo' is in 'IT' here and in 'Sales' on line 10",
        "its own ancestor",
        "write digits only",
    ]:
        assert remedy in text


def test_a_missing_or_double_column_is_told_by_name(tmp_path: Path) -> None:
    write(tmp_path, networks="\n\nnetwork;dept\n", people="user,email,department,user\n", departments="")
    found = problems_of(tmp_path)
    assert found[0].startswith("departments.csv:1: column 'department' is missing; the file is empty")
    assert found[1].startswith("networks.csv:3: column 'department' is missing")
    assert found[2].startswith("people.csv:1: column 'user' is there twice")


def test_headers_of_another_language_are_refused_with_the_remedy(tmp_path: Path) -> None:
    texts = {"people": "Benutzer;E-Mail;Abteilung\n", "networks": "Netz;Abteilung\n", "departments": "Abteilung\n"}
    found = problems_of(write(tmp_path, **texts))
    for told, name in zip(found, sorted(texts), strict=True):
        assert f"name yours in [directory_columns.{name}] of shadowai.toml, such as" in told
    assert "columns 'user', 'email', 'department' are missing" in found[2]
    assert "such as network = 'netz'" in found[1]
    maps = {name: {} for name in texts} | {"people": {"user": "Benutzer", "email": "E-Mail", "department": "Abteilung"}}
    maps |= {"networks": {"network": "netz", "department": "Abteilung"}, "departments": {"department": "Abteilung"}}
    assert load_directory(tmp_path, DirectoryOptions(columns=maps)).warnings == ()


@pytest.mark.parametrize("header", ["user,email,department\n,", "email,department\n"])
def test_who_has_only_a_mail_address_is_known_by_it(tmp_path: Path, header: str) -> None:
    directory = load_directory(write(tmp_path, people=f"{header}Anna.Berg@Corp.example,Sales\n"))
    for name in ("anna.berg@corp.example", "ANNA.BERG", "CORP\\anna.berg"):
        found = directory.resolve(Who(None, name, None), None)
        assert (found.key, found.department) == ("person:anna.berg@corp.example", "Sales")
    assert directory.resolve(Who(None, "anna.berg@gmail.com", None), None).department is None


def test_a_network_need_not_be_a_departments(tmp_path: Path) -> None:
    text = "network,department,kind\n10.0.0.0/8,Sales,\n10.1.0.0/16,,\n10.2.0.1,,nat\n10.3.0.0/16,,server\n"
    directory = load_directory(write(tmp_path, networks=text))
    found = [directory.resolve(Who(address, None, None), None) for address in ("10.1.0.5", "10.2.0.1", "10.3.0.9")]
    assert [(one.key, one.department, one.individual) for one in found] == [
        ("address:10.1.0.5", None, True),
        ("shared:10.2.0.1", None, False),
        ("server:10.3.0.9", None, False),
    ]
    assert list(directory.named) == ["Sales"]
    assert directory.warnings == (
        f"{tmp_path}/networks.csv:3: names no department: what is not a known person's there is of none",
    )


def test_unknown_columns_are_ignored_with_a_warning(tmp_path: Path) -> None:
    directory = load_directory(write(tmp_path, networks="network,department,comment\n10.1.0.0/16,Sales,\n"))
    assert directory.warnings == (f"{tmp_path}/networks.csv:1: column 'comment' is not known and is ignored",)


def test_which_departments_have_a_report_together_with_those_below(tmp_path: Path) -> None:
    text = "department,parent,together\nGroup,,\nSales,Group,No\nField,Sales,yes\n"
    directory = load_directory(write(tmp_path / "with", departments=text))
    assert {name: one.together for name, one in directory.headcounts(None).departments.items()} == {
        "Field": True,
        "Group": True,
        "Sales": False,
    }
    plain = [
        load_directory(write(tmp_path / name, departments=text))
        for name, text in (
            ("given", "department,together\nSales,yes\n"),
            ("left", "department\nSales\n"),
            ("not", "department,together\nSales,no\n"),
        )
    ]
    assert plain[0].digest == plain[1].digest != plain[2].digest
    with pytest.raises(UsageError, match=r"departments\.csv:2: together 'perhaps' is neither yes nor no"):
        load_directory(write(tmp_path / "wrong", departments="department,together\nSales,perhaps\n"))


def test_departments_that_look_like_typing_errors_are_warned_of(tmp_path: Path) -> None:
    write(tmp_path, networks=GOOD_NETWORKS, people="user,email,department\na,,sales\n", departments="department\nIT\n")
    warnings = "\n".join(load_directory(tmp_path).warnings)
    assert "'Sales' and 'sales' differ only in case" in warnings
    assert "department 'Sales' of the other files is not listed here" in warnings


def test_a_mail_address_of_two_users_is_warned_of(tmp_path: Path) -> None:
    people = "user,email,department\na,x@corp.example,IT\nb,X@corp.example,IT\n"
    (warning,) = load_directory(write(tmp_path, people=people)).warnings
    assert warning.endswith("people.csv:3: email x@corp.example belongs to 'a' and to 'b', so it identifies neither")


def test_bytes_that_are_not_utf_8_are_located(tmp_path: Path) -> None:
    write(tmp_path, people="user,email,department\na,,IT\nb,,Müller\n".encode("cp1252"), networks=b"\xff\xfe\x00")
    found = problems_of(tmp_path)
    assert found[0].startswith("networks.csv:1: is not UTF-8")
    assert found[1].startswith("people.csv:3: is not UTF-8; save the file as 'CSV UTF-8'")


def test_an_open_quotation_mark_is_located_where_it_begins(tmp_path: Path) -> None:
    write(tmp_path, people='user,email,department\na,,IT\n"b,,IT\nc,,IT\n')
    (problem,) = problems_of(tmp_path)
    assert problem.startswith("people.csv:3: this record cannot be read")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "networks.csv").mkdir()
    write(tmp_path, people=GOOD_PEOPLE)
    (problem,) = problems_of(tmp_path)
    assert problem.startswith("networks.csv: cannot be read")


def test_a_later_row_that_overlaps_a_long_earlier_one_is_found(tmp_path: Path) -> None:
    rows = ["a,,IT,2026-01-01,2026-12-31", "a,,IT,2026-02-01,2026-02-28", "a,,HR,2026-06-01,"]
    people = "\n".join(["user,email,department,from,until", *rows])
    (problem,) = problems_of(write(tmp_path, people=people))
    assert problem.startswith("people.csv:4: user 'a' is in 'HR' here and in 'IT' on line 2")


def test_a_long_chain_of_parents_costs_no_more_than_its_length(tmp_path: Path) -> None:
    lines = "".join(f"d{number},d{number + 1}\n" for number in range(20_000))
    directory = load_directory(write(tmp_path, departments=f"department,parent\n{lines}d20000,\n"))
    assert len(directory.headcounts(None).departments) == 20_001


def test_the_digest_does_not_depend_on_the_order_of_lines_but_on_what_they_say(tmp_path: Path) -> None:
    def digest(networks: str) -> str:
        return load_directory(write(tmp_path, networks=networks)).digest

    one = digest("network,department\n10.1.0.0/16,Sales\n10.2.0.0/16,IT\n")
    assert one == digest("department,network\nIT,10.2.0.0/16\nSales,10.1.0.0/16\n")
    assert one != digest("network,department\n10.1.0.0/16,Sales\n10.2.0.0/16,HR\n")
    assert len(one) == 64


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_directory_or_a_located_error(tmp_path: Path, data: bytes) -> None:
    for stem, header in [("networks", "network,department"), ("people", "user,email,department"), ("departments", "")]:
        write(tmp_path, **{stem: header.encode() + b"\n" + data})
    try:
        load_directory(tmp_path)
    except UsageError as error:
        told = str(error)
    else:
        told = f"{tmp_path}/networks.csv"
    assert told.startswith(str(tmp_path))


names = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.dictionaries(names.map(str.lower), names, max_size=5))
def test_what_is_written_is_what_is_read(tmp_path: Path, people: dict[str, str]) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["user", "email", "department"])
    writer.writerows([user, "", department] for user, department in people.items())
    directory = load_directory(write(tmp_path, people=buffer.getvalue()))
    assert sorted(row.department for row in directory.content.people) == sorted(people.values())


def test_sensitivity_is_read_and_unknown_ones_are_told(tmp_path: Path) -> None:
    good = "department,sensitivity\nLegal,HIGH\nIT,\nCanteen,low\n"
    found = load_directory(write(tmp_path, departments=good)).headcounts(None).departments
    assert {name: str(department.sensitivity) for name, department in found.items()} == {
        "Legal": "high",
        "IT": "normal",
        "Canteen": "low",
    }
    bad = "department,sensitivity\nLegal,hihg\nIT,secret\n"
    assert problems_of(write(tmp_path, departments=bad)) == [
        "departments.csv:2: sensitivity 'hihg' is unknown; did you mean high?",
        "departments.csv:3: sensitivity 'secret' is unknown; use one of low, normal, high",
    ]


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\x9b"])
def test_control_characters_are_located(tmp_path: Path, character: str) -> None:
    people = f"user,email,department\na,,IT\nb{character},,IT\n"
    (problem,) = problems_of(write(tmp_path, people=people))
    assert problem == "people.csv:3: holds control characters; remove them"


def test_formulas_are_text_and_numbers_kept_as_text_are_numbers(tmp_path: Path) -> None:
    people = 'user,email,department\n=cmd|\' /C calc\'!A0,,IT\n"=""0042""",,IT\n'
    rows = load_directory(write(tmp_path, people=people)).content.people
    assert [row.person for row in rows] == ["=cmd|' /c calc'!a0", "0042"]


def test_a_cell_of_ten_megabytes_is_located(tmp_path: Path) -> None:
    (problem,) = problems_of(write(tmp_path, people="user,email,department\na,,IT\n" + "b" * 10_000_000 + ",,IT\n"))
    assert problem.startswith("people.csv:3: this record cannot be read (field larger than field limit")


def test_a_file_full_of_problems_tells_a_thousand_and_counts_the_rest(tmp_path: Path) -> None:
    lines = ",,IT\n" * 3000
    found = problems_of(write(tmp_path, people=f"user,email,department\n{lines}"))
    assert len(found) == 1001
    assert found[-1] == "people.csv: and 2000 more like these"


def test_a_file_larger_than_any_list_of_people_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shadowai.directory.tables.MAX_BYTES", 10)
    (problem,) = problems_of(write(tmp_path, people=GOOD_PEOPLE))
    assert problem == "people.csv: is larger than 0 MiB; no list of people is"


def test_groups_are_separated_by_semicolons_and_a_backslash_keeps_one(tmp_path: Path) -> None:
    people = 'user,email,department,groups\na,,IT,"Pilots; R\\;D ;;"\n'
    assert load_directory(write(tmp_path, people=people)).content.people[0].groups == ("Pilots", "R;D")


def test_devices_of_one_cell_are_separated_by_semicolons(tmp_path: Path) -> None:
    people = "user,email,department,device\na,,IT,PC-1; AA-BB-CC-00-00-01 ;;10.0.0.6\n"
    directory = load_directory(write(tmp_path, people=people))
    for device in ("pc-1", "aa:bb:cc:00:00:01", "10.0.0.6"):
        assert directory.resolve(Who(None, None, device), None).key == "person:a"
    counts = survey(directory)
    assert (counts.devices, counts.files) == (3, {"people.csv": 1})


def test_the_digest_knows_every_column(tmp_path: Path) -> None:
    def digest(row: str) -> str:
        return load_directory(write(tmp_path, people=f"user,email,department,groups,device,until\n{row}\n")).digest

    rows = ["a,,IT,,,", "a,,IT,g,,", "a,,IT,,g,", "a,,IT,,,2026-01-01", "a,x@y.example,IT,,,", "b,,IT,,,", "a,,HR,,,"]
    assert len(set(map(digest, rows))) == len(rows)
    assert digest(rows[0]) == digest(rows[0].upper().replace("IT", "IT"))


@pytest.mark.parametrize(("many", "enabled", "frozen"), [(-1, True, True), (10**9, True, False), (-1, False, False)])
def test_large_directories_are_kept_from_the_collector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int, *, enabled: bool, frozen: bool
) -> None:
    (tmp_path / "people.csv").write_text("user,email,department\nann,,Sales\n")
    monkeypatch.setattr(load, "MANY", many)
    gc.unfreeze()
    before = gc.get_freeze_count()
    (gc.enable if enabled else gc.disable)()
    try:
        load_directory(tmp_path)
        assert gc.isenabled() is enabled
        assert (gc.get_freeze_count() > before) is frozen
    finally:
        gc.enable()
        gc.unfreeze()
