"""Who a contact belongs to, and to which department, at that time."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowai.directory import Directory, Network, NetworkKind, load_directory
from shadowai.directory.networks import NetworkTable
from shadowai.model import SECOND, Who
from shadowai.verdicts import Attribution

if TYPE_CHECKING:
    import random
    from pathlib import Path

HOUR = 3600 * SECOND

NETWORKS = """network,department,kind
10.1.0.0/16,Sales,client
10.1.9.0/24,Finance,client
10.2.0.1/32,IT,nat
10.3.0.0/24,Library,shared
10.4.0.0/24,IT,server
2001:db8:1::/48,Sales,client
2001:db8:1:9::/64,Finance,client
::ffff:10.7.0.0/112,Legal,client
"""

PEOPLE = """user,email,department,name,device,from,until
anna,anna.berg@corp.example,Sales,Anna Berg,pc-anna,,
CORP\\bert,bert@corp.example,Finance,"Berg, Bert",10.1.5.5,,
BRANCH\\bert,bert@branch.example,Legal,,,,
cora,cora@corp.example,Sales,Cora Dahl,pc-17.corp.example,,2026-03-31
cora,cora@corp.example,Legal,Cora Dahl,,2026-04-01,2026-09-30
dora,team@corp.example,IT,Kim Lee,kiosk,,
emil,team@corp.example,IT,Kim Lee,kiosk,,
fred@upn.example,,IT,,2001:db8:1::5,,
"""


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


NOON = ns("2026-05-05T12:00:00")


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    (tmp_path / "networks.csv").write_text(NETWORKS)
    (tmp_path / "people.csv").write_text(PEOPLE)
    return load_directory(tmp_path)


def person(user: str, department: str, reason: str = "user") -> Attribution:
    return Attribution(f"person:{user}", department, individual=True, reason=reason)


@pytest.mark.parametrize(
    "spelling",
    [
        "anna",
        "ANNA",
        "CORP\\anna",
        "corp\\\\Anna",
        "ANY\\anna",
        "anna.berg@corp.example",
        "mailto:Anna.Berg@corp.example",
        "anna@corp.example",
        "anna.berg",
        "CORP\\anna.berg",
        "CN=Anna Berg,OU=Staff,DC=corp,DC=example",
        "CN=anna,DC=corp",
        "uid=anna.berg,ou=people",
    ],
)
def test_all_spellings_of_a_person_meet(directory: Directory, spelling: str) -> None:
    assert directory.resolve(Who("10.1.0.9", spelling, None), NOON) == person("anna", "Sales")


@pytest.mark.parametrize(
    ("spelling", "user", "department"),
    [
        ("CORP\\bert", "corp\\bert", "Finance"),
        ("branch\\\\BERT", "branch\\bert", "Legal"),
        ("bert@corp.example", "corp\\bert", "Finance"),
        ("bert@branch.example", "branch\\bert", "Legal"),
        ("CN=Berg\\, Bert,DC=corp", "corp\\bert", "Finance"),
        ("fred@upn.example", "fred@upn.example", "IT"),
        ("X\\fred", "fred@upn.example", "IT"),
    ],
)
def test_a_domain_tells_namesakes_apart(directory: Directory, spelling: str, user: str, department: str) -> None:
    assert directory.resolve(Who(None, spelling, None), NOON) == person(user, department)


@pytest.mark.parametrize("spelling", ["bert", "team@corp.example", "team", "CN=Kim Lee"])
def test_an_ambiguous_name_is_not_guessed(directory: Directory, spelling: str) -> None:
    found = directory.resolve(Who("10.1.0.9", spelling, None), NOON)
    name = "kim lee" if spelling.startswith("CN") else spelling
    assert found == Attribution(f"user:{name}", "Sales", individual=False, reason="ambiguous-user")


@pytest.mark.parametrize(
    ("spelling", "key"),
    [
        ("anna.berg@gmail.example", "user:anna.berg@gmail.example"),
        ("anna@gmail.example", "user:anna@gmail.example"),
        ("anna.berg@branch.example", "user:anna.berg@branch.example"),
        ("BRANCH\\anna", "user:branch\\anna"),
        ("bert@upn.example", "user:bert@upn.example"),
        ("Zoe", "user:zoe"),
        ("OTHER\\bert", "user:other\\bert"),
        ("OTHER\\\\Zoe", "user:other\\zoe"),
        ("CN=Nobody,DC=x", "user:nobody"),
    ],
)
def test_an_unknown_user_is_an_individual_of_the_network(directory: Directory, spelling: str, key: str) -> None:
    found = directory.resolve(Who("10.1.9.9", spelling, None), NOON)
    if spelling == "OTHER\\bert":
        # Neither CORP\bert nor BRANCH\bert, but their mail boxes bear the name: cautious either way.
        assert found == Attribution(key, "Finance", individual=False, reason="ambiguous-user")
        return
    assert found == Attribution(key, "Finance", individual=True, reason="unknown-user")
    assert directory.resolve(Who("192.0.2.1", spelling, None), NOON).department is None


@pytest.mark.parametrize(
    ("time", "department", "reason"),
    [
        ("2026-03-31T23:59:59", "Sales", "user"),
        ("2026-04-01T00:00:00", "Legal", "user"),
        ("2026-09-30T23:59:59", "Legal", "user"),
        ("2026-10-01T00:00:00", "Finance", "outside-period"),
        ("1969-12-31T23:00:00", "Sales", "user"),
    ],
)
def test_the_row_of_the_day_gives_the_department(directory: Directory, time: str, department: str, reason: str) -> None:
    found = directory.resolve(Who("10.1.9.1", "cora", None), ns(time))
    assert found == person("cora", department, reason)


def test_without_a_time_the_last_row_stands(directory: Directory) -> None:
    assert directory.resolve(Who(None, "cora", None), None) == person("cora", "Legal")


@pytest.mark.parametrize(
    ("address", "device", "expected"),
    [
        ("10.1.0.9", "PC-ANNA", person("anna", "Sales", "device")),
        ("10.1.0.9", "pc-anna.corp.example", person("anna", "Sales", "device")),
        ("10.1.5.5", None, person("corp\\bert", "Finance", "device")),
        (None, "10.1.5.5", person("corp\\bert", "Finance", "device")),
        ("2001:DB8:1:0::5", None, person("fred@upn.example", "IT", "device")),
        ("10.1.0.9", "kiosk", Attribution("device:kiosk", "Sales", individual=False, reason="conflicting-identity")),
        ("10.1.0.9", "PC-99", Attribution("device:pc-99", "Sales", individual=True, reason="device")),
        ("10.1.0.9", "pc-17", Attribution("device:pc-17", "Sales", individual=True, reason="device")),
        ("10.1.9.9", None, Attribution("address:10.1.9.9", "Finance", individual=True, reason="network")),
        ("10.1.8.9", None, Attribution("address:10.1.8.9", "Sales", individual=True, reason="network")),
        ("10.2.0.1", None, Attribution("shared:10.2.0.1", "IT", individual=False, reason="shared-address")),
        ("10.3.0.7", None, Attribution("shared:10.3.0.7", "Library", individual=False, reason="shared-address")),
        ("10.4.0.7", None, Attribution("server:10.4.0.7", "IT", individual=False, reason="server-address")),
        ("192.0.2.1", None, Attribution("address:192.0.2.1", None, individual=True, reason="unknown-network")),
        ("2001:db8:1:9::1", None, Attribution("address:2001:db8:1:9::1", "Finance", individual=True, reason="network")),
        ("2001:db8:1:8::1", None, Attribution("address:2001:db8:1:8::1", "Sales", individual=True, reason="network")),
        ("::ffff:10.7.0.9", None, Attribution("address:10.7.0.9", "Legal", individual=True, reason="network")),
        ("not an address", None, Attribution("unknown", None, individual=False, reason="no-client-identity")),
        (None, None, Attribution("unknown", None, individual=False, reason="no-client-identity")),
    ],
)
def test_without_a_user_the_device_or_the_address_speaks(
    directory: Directory, address: str | None, device: str | None, expected: Attribution
) -> None:
    assert directory.resolve(Who(address, None, device), NOON) == expected


def test_a_device_belongs_to_its_owner_only_while_the_row_holds(directory: Directory) -> None:
    march = directory.resolve(Who("10.1.0.9", None, "pc-17"), ns("2026-03-01T00:00:00"))
    assert march == person("cora", "Sales", "device")
    other = directory.resolve(Who("10.1.0.9", None, "pc-17.branch.example"), ns("2026-03-01T00:00:00"))
    assert other.key == "device:pc-17.branch.example"


def test_a_user_at_a_shared_address_is_still_that_person(directory: Directory) -> None:
    assert directory.resolve(Who("10.2.0.1", "anna", None), NOON) == person("anna", "Sales")
    assert directory.resolve(Who("10.4.0.1", "anna", None), NOON) == person("anna", "Sales")


def test_a_computer_account_is_a_device_and_an_address_is_no_user(directory: Directory) -> None:
    assert directory.resolve(Who("10.1.0.9", "CORP\\PC-ANNA$", None), NOON) == person("anna", "Sales", "device")
    assert directory.resolve(Who("10.1.0.9", "10.1.0.9", None), NOON).key == "address:10.1.0.9"


@pytest.mark.parametrize(
    "account",
    ["NT AUTHORITY\\SYSTEM", "NT-AUTORITÄT\\Lokaler Dienst", "nt authority\\anonymous logon", "NT SERVICE\\wuauserv"],
)
def test_accounts_that_every_windows_computer_has_are_nobody(directory: Directory, account: str) -> None:
    for address in ("10.1.0.9", "10.1.0.10"):
        assert directory.resolve(Who(address, account, None), NOON).key == f"address:{address}"
    learnt = directory.learn([("10.1.0.9", account, NOON)])
    assert learnt.resolve(Who("10.1.0.9", None, None), NOON).key == "address:10.1.0.9"


def test_the_empty_directory_keeps_names_and_addresses_apart() -> None:
    empty = Directory.empty()
    assert empty.resolve(Who("10.1.0.9", "CORP\\Anna", None), NOON).key == "user:corp\\anna"
    assert empty.resolve(Who("10.1.0.9", None, None), NOON).key == "address:10.1.0.9"
    assert empty.named == {}
    assert empty.warnings == ()


def test_headcounts_are_declared_or_counted_or_unknown(tmp_path: Path) -> None:
    (tmp_path / "networks.csv").write_text("network,department\n10.0.0.0/8,Lab\n")
    (tmp_path / "people.csv").write_text(
        "user,email,department,device\na,,IT,pc1\nA,,IT,pc2\nb,,IT,\nc,,HR,\n",
    )
    (tmp_path / "departments.csv").write_text(
        "department,parent,head,email,headcount\nHR,IT,Ida,ida@x.example,12\nIT,,,,\n"
    )
    departments = load_directory(tmp_path).headcounts(None).departments
    assert {name: found.headcount for name, found in departments.items()} == {"HR": 12, "IT": 2, "Lab": None}
    hr = departments["HR"]
    assert (hr.parent, hr.head, hr.email) == ("IT", "Ida", "ida@x.example")


ALICE, BOB = "zalice", "CORP\\zbob"


def at(hours: float) -> int:
    return NOON + int(hours * HOUR)


@pytest.mark.parametrize(
    ("seen", "hours", "key", "reason"),
    [
        ([(ALICE, 0), (ALICE, 1)], 0.5, "user:zalice", "learnt-identity"),
        ([(ALICE, 0), (ALICE, 2)], 1, "address:10.1.0.9", "network"),
        # on both sides half an hour, on one a quarter: devices without a known user take an address for minutes too
        ([(ALICE, 0)], 0.25, "user:zalice", "learnt-identity"),
        ([(ALICE, 0)], 0.26, "address:10.1.0.9", "network"),
        ([(ALICE, 2)], 1.75, "user:zalice", "learnt-identity"),
        ([(ALICE, 2)], 1.74, "address:10.1.0.9", "network"),
        ([(ALICE, 0), (ALICE, 2.01)], 1, "address:10.1.0.9", "network"),
        ([(ALICE, 0), (BOB, 30)], 0.25, "user:zalice", "learnt-identity"),
        ([(ALICE, 0), (ALICE, 0.5), (ALICE, 1), (BOB, 9)], 0.7, "user:zalice", "learnt-identity"),
        ([(ALICE, 0), (ALICE, 0.5), (ALICE, 1), (BOB, 2)], 1.5, "address:10.1.0.9", "conflicting-identity"),
        ([(ALICE, 0), (BOB, 1)], 0.5, "address:10.1.0.9", "conflicting-identity"),
        # somebody else an hour away may have come already
        ([(ALICE, 0), (BOB, 1.1)], 0.2, "address:10.1.0.9", "conflicting-identity"),
        # who was seen within three minutes was there, unless somebody else came within a quarter of an hour
        ([(ALICE, 0), (BOB, 0.5)], 179 / 3600, "user:zalice", "learnt-identity"),
        ([(ALICE, -0.5), (BOB, 0)], -179 / 3600, "user:corp\\zbob", "learnt-identity"),
        ([(ALICE, 0), (BOB, 0.5)], 181 / 3600, "address:10.1.0.9", "conflicting-identity"),
        ([(ALICE, 0), (BOB, 0.25)], 31 / 3600, "address:10.1.0.9", "conflicting-identity"),
        # and within half a minute, unless within five
        ([(ALICE, 0), (BOB, 331 / 3600)], 30 / 3600, "user:zalice", "learnt-identity"),
        ([(ALICE, 0), (BOB, 329 / 3600)], 30 / 3600, "address:10.1.0.9", "conflicting-identity"),
        ([(ALICE, 0), (BOB, 1.3)], 0.2, "user:zalice", "learnt-identity"),
        ([(ALICE, 0), (BOB, 2)], 0, "user:zalice", "learnt-identity"),
        ([(ALICE, 0), (BOB, 2), (BOB, 2.5)], 2.2, "user:corp\\zbob", "learnt-identity"),
        ([(ALICE, 1), (BOB, 1)], 1.25, "address:10.1.0.9", "conflicting-identity"),
        ([("ANNA", 0), ("anna.berg@corp.example", 0.9)], 0.5, "person:anna", "learnt-identity"),
        ([("PC-ANNA$", 0)], 1, "address:10.1.0.9", "network"),
    ],
)
def test_an_address_learns_its_user_from_both_sides(
    directory: Directory, seen: list[tuple[str, float]], hours: float, key: str, reason: str
) -> None:
    learnt = directory.learn([("10.1.0.9", user, at(hour)) for user, hour in seen], {"10.1.0.9"})
    found = learnt.resolve(Who("10.1.0.9", None, None), at(hours))
    assert (found.key, found.reason) == (key, reason)
    assert found.individual == (reason != "conflicting-identity")  # one of those who are counted by name already
    assert found.department == "Sales"


FIVE = 5 / 60


@pytest.mark.parametrize(
    ("seen", "hours", "key", "reason"),
    [
        ([(ALICE, 0)], FIVE, "user:zalice", "learnt-identity"),
        ([(ALICE, FIVE)], 0, "user:zalice", "learnt-identity"),
        ([(ALICE, 0)], FIVE + 0.001, "address:10.1.0.9", "network"),
        # somebody else may have been there in between, and have used no AI
        ([(ALICE, 0), (ALICE, 1)], 0.5, "address:10.1.0.9", "network"),
        ([(ALICE, 0), (ALICE, 2 * FIVE)], FIVE, "user:zalice", "learnt-identity"),
        ([(ALICE, 0), (BOB, FIVE)], FIVE / 2, "address:10.1.0.9", "conflicting-identity"),
    ],
)
def test_where_others_may_have_gone_unseen_a_sighting_tells_of_minutes(
    directory: Directory, seen: list[tuple[str, float]], hours: float, key: str, reason: str
) -> None:
    learnt = directory.learn([("10.1.0.9", user, at(hour)) for user, hour in seen], {"10.1.0.10"})
    found = learnt.resolve(Who("10.1.0.9", None, None), at(hours))
    assert (found.key, found.reason) == (key, reason)


@pytest.mark.parametrize(("address", "key"), [("10.3.0.9", "shared:10.3.0.9"), ("10.4.0.9", "server:10.4.0.9")])
def test_a_computer_of_many_is_not_its_owners(directory: Directory, address: str, key: str) -> None:
    found = directory.resolve(Who(address, None, "pc-anna"), NOON)
    assert (found.key, found.individual) == (key, False)
    # behind a gateway the device that a record names is one of those that share the address
    assert directory.resolve(Who("10.2.0.1", None, "pc-anna"), NOON) == person("anna", "Sales", "device")


@pytest.mark.parametrize("address", ["10.2.0.1", "10.3.0.9", "10.4.0.9"])
def test_addresses_of_many_never_learn(directory: Directory, address: str) -> None:
    learnt = directory.learn([(address, "anna", NOON)])
    assert learnt.resolve(Who(address, None, None), NOON) == directory.resolve(Who(address, None, None), NOON)


def test_unknown_networks_learn_but_unknown_times_do_not(directory: Directory) -> None:
    learnt = directory.learn([("192.0.2.1", "anna", NOON), ("garbage", "anna", NOON)])
    assert learnt.resolve(Who("192.0.2.1", None, None), NOON) == person("anna", "Sales", "learnt-identity")
    assert learnt.resolve(Who("192.0.2.1", None, None), None).key == "address:192.0.2.1"


def test_an_owner_whom_the_logs_contradict_is_not_believed(directory: Directory) -> None:
    learnt = directory.learn([("10.1.5.5", "anna", NOON)])
    found = learnt.resolve(Who("10.1.5.5", None, None), NOON)
    assert found == Attribution("address:10.1.5.5", "Sales", individual=False, reason="conflicting-identity")
    agreeing = directory.learn([("10.1.5.5", "bert@corp.example", NOON)])
    assert agreeing.resolve(Who("10.1.5.5", None, None), NOON) == person("corp\\bert", "Finance", "device")


def test_learning_adds_to_what_was_learnt_and_leaves_the_old_directory_alone(directory: Directory) -> None:
    first = directory.learn([("10.1.0.9", ALICE, at(0))], {"10.1.0.9"})
    both = first.learn([("10.1.0.9", BOB, at(0.5))])
    assert first.resolve(Who("10.1.0.9", None, None), at(0.25)).key == "user:zalice"
    assert both.resolve(Who("10.1.0.9", None, None), at(0.25)).reason == "conflicting-identity"
    assert directory.resolve(Who("10.1.0.9", None, None), at(1)).reason == "network"
    assert both.digest == directory.digest


sightings = st.lists(
    st.tuples(st.sampled_from(["10.1.0.9", "10.1.0.10"]), st.sampled_from([ALICE, BOB, "anna"]), st.integers(0, 30)),
    max_size=12,
)


@settings(max_examples=60)
@given(sightings, st.integers(0, 30), st.randoms(use_true_random=False), st.sampled_from([(), ("10.1.0.9",)]))
def test_the_order_of_sightings_does_not_matter(
    seen: list[tuple[str, str, int]], hour: int, shuffler: random.Random, searched: tuple[str, ...]
) -> None:
    timed = [(address, user, at(when)) for address, user, when in seen]
    shuffled = list(timed)
    shuffler.shuffle(shuffled)
    who = Who("10.1.0.9", None, None)
    one, other = Directory.empty().learn(timed, searched), Directory.empty().learn((), searched)
    for sighting in shuffled:
        other = other.learn([sighting])
    assert one.resolve(who, at(hour)) == other.resolve(who, at(hour))


prefixes = st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)), max_size=20)


@given(prefixes, st.integers(0, 2**32 - 1))
def test_the_longest_prefix_wins_as_in_a_linear_search(nets: list[tuple[int, int]], number: int) -> None:
    parsed = {ipaddress.IPv4Network((value >> (32 - size) << (32 - size), size)) for value, size in nets}
    table = NetworkTable(Network(net, str(net), NetworkKind.CLIENT) for net in parsed)
    address = ipaddress.IPv4Address(number)
    holding = [net for net in parsed if address in net]
    expected = max(holding, key=lambda net: net.prefixlen, default=None)
    found = table.find(str(address))
    assert (found and found.network) == expected


@given(st.text(), st.text(), st.text(), st.none() | st.integers(-(2**63), 2**63))
def test_any_identity_is_attributed(address: str, user: str, device: str, time: int | None) -> None:
    found = Directory.empty().resolve(Who(address, user, device), time)
    assert found.key
    assert found.department is None


def test_the_cache_of_identities_is_bounded(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shadowai.directory.directory._CACHE_LIMIT", 3)
    for number in range(10):
        directory.resolve(Who(f"10.1.0.{number}", None, None), NOON)
        assert len(directory._courses) <= 3
