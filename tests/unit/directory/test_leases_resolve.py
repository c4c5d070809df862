"""Whose a contact was, where leases, sightings and the record itself have a say."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shadowai.directory import Directory, load_directory
from shadowai.directory.explain import explain
from shadowai.directory.options import DirectoryOptions
from shadowai.errors import UsageError
from shadowai.model import MINUTE, SECOND, Who, iso_time
from shadowai.verdicts import Attribution

if TYPE_CHECKING:
    from pathlib import Path


HOUR = 60 * MINUTE
PEOPLE = """user,email,department,device,from,until
anna,anna@corp.example,Sales,pc-anna,,
bert,bert@corp.example,Legal,02-00-00-00-00-0B,,
cora,cora@corp.example,Finance,,,2026-05-05
cora,cora@corp.example,Legal,,2026-05-06,
dora,,IT,kiosk,,
emil,,IT,kiosk,,
fred,,IT,10.1.0.77,,
gina,,IT,pc-gina,,
gina,,IT,02:00:00:00:00:1f,,
hugo,,IT,pc-hugo,,2026-05-05
"""
NETWORKS = """network,department,kind
10.1.0.0/16,Office,client
10.2.0.0/24,Gate,nat
10.3.0.0/24,Library,shared
"""
LEASES = """start,end,user,address,device
{8},{10},,10.1.0.5,pc-anna
{10},{12},,10.1.0.5,02:00:00:00:00:0b
{8},{10},,10.1.0.6,pc-nobody
{10},{12},,10.1.0.6,pc-stranger
{8},{12},,10.1.0.7,kiosk
{8},{12},cora,10.1.0.8,
{8},{12},zoe,10.1.0.9,
{8},{12},cora,10.1.0.10,02:00:00:00:00:01
{8},{12},,10.1.0.10,02:00:00:00:00:02
{8},{12},anna,10.1.0.11,
{8},{12},,10.1.0.11,pc-anna.corp.example
{8},{12},bert,10.1.0.12,
{8},{12},,10.1.0.12,pc-anna
{8},{10},,10.1.0.13,pc-gina
{10},{12},,10.1.0.13,02:00:00:00:00:1f
{8},{12},anna,10.2.0.1,
{8},{12},,10.3.0.1,pc-anna
{8},{12},,10.1.0.77,pc-nobody
{8},{12},,10.1.0.78,pc-one
{9},{12},,10.1.0.78,pc-two
{8},{40},,10.1.0.14,pc-hugo
{22},{26},cora,10.1.0.15,
""" + "".join(f"{{8}},{{12}},,10.1.0.79,pc-{number}\n" for number in range(9))


def at(hour: float, minute: float = 0) -> int:
    midnight = int(datetime(2026, 5, 5, tzinfo=UTC).timestamp()) * SECOND
    return midnight + int(hour * HOUR) + int(minute * MINUTE)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Directory:
    folder = tmp_path_factory.mktemp("directory")
    hours = {str(hour): at(hour) // SECOND for hour in range(50)}
    filled = LEASES
    for hour, seconds in hours.items():
        filled = filled.replace(f"{{{hour}}}", str(seconds))
    (folder / "leases").mkdir()
    (folder / "leases" / "sessions.csv").write_text(filled)
    (folder / "people.csv").write_text(PEOPLE)
    (folder / "networks.csv").write_text(NETWORKS)
    return load_directory(folder)


def told(found: Attribution) -> tuple[str, str | None, str]:
    return found.key, found.department, found.reason


@pytest.mark.parametrize(
    ("address", "device", "hour", "expected"),
    [
        # the owner of the host name, then of the MAC address, that held it at the time
        ("10.1.0.5", None, 9, ("person:anna", "Sales", "lease")),
        ("10.1.0.5", None, 11, ("person:bert", "Legal", "lease")),
        ("10.1.0.5", None, 7, ("address:10.1.0.5", "Office", "network")),
        ("10.1.0.5", None, 12.5, ("address:10.1.0.5", "Office", "network")),
        # a device without an owner is an individual of its network
        ("10.1.0.6", None, 9, ("device:pc-nobody", "Office", "lease")),
        ("10.1.0.6", None, 11, ("device:pc-stranger", "Office", "lease")),
        # one that two people own is nobody's
        ("10.1.0.7", None, 9, ("address:10.1.0.7", "Office", "conflicting-identity")),
        # users of sessions, known and unknown
        ("10.1.0.8", None, 9, ("person:cora", "Finance", "lease")),
        ("10.1.0.9", None, 9, ("user:zoe", "Office", "lease")),
        # a session and a lease that agree, and others that contradict each other
        ("10.1.0.11", None, 9, ("person:anna", "Sales", "lease")),
        ("10.1.0.10", None, 9, ("address:10.1.0.10", "Office", "conflicting-identity")),
        ("10.1.0.12", None, 9, ("address:10.1.0.12", "Office", "conflicting-identity")),
        # what the record says of its device stands above the lease
        ("10.1.0.5", "pc-gina", 9, ("person:gina", "IT", "device")),
        ("10.1.0.5", "pc-other", 11, ("device:pc-other", "Office", "device")),
        ("10.1.0.6", "other.corp.example", 9, ("device:other.corp.example", "Office", "device")),
        ("10.1.0.5", "pc-other", 9, ("device:pc-other", "Office", "device")),
        ("10.1.0.5", "PC-ANNA.corp.example", 9, ("person:anna", "Sales", "device")),
        ("10.1.0.6", "pc-nobody", 9, ("device:pc-nobody", "Office", "lease")),
        ("10.1.0.6", "pc-nobody.corp.example", 9, ("device:pc-nobody", "Office", "lease")),
        ("10.1.0.8", "pc-other", 9, ("person:cora", "Finance", "lease")),
        ("10.1.0.5", "02:00:00:00:00:0b", 9, ("person:bert", "Legal", "device")),
        # many stand behind these addresses, whatever a session says
        ("10.2.0.1", None, 9, ("shared:10.2.0.1", "Gate", "shared-address")),
        ("10.3.0.1", None, 9, ("shared:10.3.0.1", "Library", "shared-address")),
        # an address that people.csv gives to somebody, and a lease that does not contradict it
        ("10.1.0.77", None, 9, ("person:fred", "IT", "device")),
        # two at once
        ("10.1.0.78", None, 8.5, ("device:pc-one", "Office", "lease")),
        ("10.1.0.79", None, 9, ("address:10.1.0.79", "Office", "conflicting-identity")),
        ("10.1.0.78", None, 9.5, ("address:10.1.0.78", "Office", "conflicting-identity")),
        # an owner only while the record of the person holds
        ("10.1.0.14", None, 23, ("person:hugo", "IT", "lease")),
        ("10.1.0.14", None, 25, ("device:pc-hugo", "Office", "lease")),
        # the department of the day
        ("10.1.0.15", None, 23, ("person:cora", "Finance", "lease")),
        ("10.1.0.15", None, 25, ("person:cora", "Legal", "lease")),
        # without a time nobody can be found in a lease
        ("10.1.0.5", None, None, ("address:10.1.0.5", "Office", "network")),
    ],
)
def test_the_holder_of_the_address_at_that_time(
    directory: Directory, address: str, device: str | None, hour: float | None, expected: tuple[str, str, str]
) -> None:
    time = None if hour is None else at(hour)
    assert told(directory.resolve(Who(address, None, device), time)) == expected


def test_a_user_in_the_record_stands_above_everything(directory: Directory) -> None:
    found = directory.resolve(Who("10.1.0.5", "gina", "pc-anna"), at(9))
    assert told(found) == ("person:gina", "IT", "user")


@pytest.mark.parametrize(
    ("seconds", "key"),
    [
        (-61, "person:anna"),
        (-59, "address:10.1.0.5"),
        (0, "address:10.1.0.5"),
        (59, "address:10.1.0.5"),
        (60, "person:bert"),
    ],
)
def test_near_a_change_of_holder_clocks_may_differ(directory: Directory, seconds: int, key: str) -> None:
    found = directory.resolve(Who("10.1.0.5", None, None), at(10) + seconds * SECOND)
    assert found.key == key
    assert (found.reason == "conflicting-identity") == key.startswith("address")


def test_near_a_change_from_one_device_of_a_person_to_another_there_is_no_doubt(directory: Directory) -> None:
    assert directory.resolve(Who("10.1.0.13", None, None), at(10)).key == "person:gina"


def test_next_to_a_lease_without_a_neighbour_the_lease_counts(directory: Directory) -> None:
    who = Who("10.1.0.5", None, None)
    assert directory.resolve(who, at(8) - 60 * SECOND).key == "person:anna"
    assert directory.resolve(who, at(8) - 61 * SECOND).reason == "network"
    strict = Directory(replace(directory.content, options=DirectoryOptions(drift=0)))
    assert strict.resolve(who, at(8) - 1).reason == "network"
    assert strict.resolve(who, at(10) - 1).key == "person:anna"
    assert strict.resolve(who, at(10)).key == "person:bert"


@pytest.mark.parametrize(
    ("address", "seen", "hour", "expected"),
    [
        # a user seen at a device without an owner has it as long as the lease runs, and no longer
        ("10.1.0.6", [("anna", 8.5)], 9.9, ("person:anna", "Sales", "learnt-identity")),
        ("10.1.0.6", [("anna", 9.5)], 8.5, ("person:anna", "Sales", "learnt-identity")),
        ("10.1.0.6", [("anna", 9.5)], 10.5, ("device:pc-stranger", "Office", "lease")),
        ("10.1.0.6", [("anna", 9.5), ("anna", 11.5)], 10.1, ("person:anna", "Sales", "learnt-identity")),
        ("10.1.0.6", [("anna", 9.5), ("bert", 10.5)], 9.7, ("person:anna", "Sales", "learnt-identity")),
        ("10.1.0.6", [("anna", 8.5), ("bert", 9.5)], 9, ("address:10.1.0.6", "Office", "conflicting-identity")),
        # whoever is seen in the minute in which the holder changes may be either of them
        ("10.1.0.6", [("anna", 10.01)], 11, ("device:pc-stranger", "Office", "lease")),
        # a holder whom the logs contradict is not believed
        ("10.1.0.5", [("bert", 9)], 9, ("address:10.1.0.5", "Office", "conflicting-identity")),
        ("10.1.0.5", [("anna", 9)], 9.1, ("person:anna", "Sales", "lease")),
        ("10.1.0.8", [("anna", 9)], 9, ("address:10.1.0.8", "Office", "conflicting-identity")),
        # outside of all leases, one side is worth a quarter of an hour, and the other side of a lease nothing
        ("10.1.0.5", [("gina", 12.5)], 12.7, ("person:gina", "IT", "learnt-identity")),
        ("10.1.0.5", [("gina", 12.5)], 12.8, ("address:10.1.0.5", "Office", "network")),
        ("10.1.0.5", [("gina", 7.5), ("gina", 12.5)], 9, ("person:anna", "Sales", "lease")),
        ("10.1.0.5", [("gina", 6), ("gina", 12.5)], 7.5, ("address:10.1.0.5", "Office", "network")),
        ("10.1.0.5", [("gina", 7.1), ("gina", 7.9)], 7.5, ("person:gina", "IT", "learnt-identity")),
        ("10.1.0.78", [("anna", 9.5)], 9.5, ("address:10.1.0.78", "Office", "conflicting-identity")),
    ],
)
def test_sightings_count_within_the_lease(
    directory: Directory, address: str, seen: list[tuple[str, float]], hour: float, expected: tuple[str, str, str]
) -> None:
    taught = directory.learn([(address, user, at(when)) for user, when in seen], {address})
    assert told(taught.resolve(Who(address, None, None), at(hour))) == expected


def test_the_device_of_a_record_stands_above_the_session_of_its_address(directory: Directory) -> None:
    assert told(directory.resolve(Who("10.1.0.8", None, None), at(9)))[0] == "person:cora"
    found = directory.resolve(Who("10.1.0.8", None, "pc-anna"), at(9))
    assert told(found) == ("person:anna", "Sales", "device")


def test_a_span_has_one_answer_or_is_a_conflict(directory: Directory) -> None:
    who = Who("10.1.0.5", None, None)
    assert told(directory.resolve_span(who, at(9), at(9, 1))) == ("person:anna", "Sales", "lease")
    conflict = ("address:10.1.0.5", "Office", "conflicting-identity")
    assert told(directory.resolve_span(who, at(9), at(11))) == conflict
    assert told(directory.resolve_span(who, at(11), at(9))) == conflict
    assert told(directory.resolve_span(who, at(7), at(9))) == conflict
    assert told(directory.resolve_span(who, at(9, 58), at(9, 59.5))) == conflict
    assert told(directory.resolve_span(who, at(13), at(30))) == ("address:10.1.0.5", "Office", "network")
    assert told(directory.resolve_span(Who("10.1.0.5", "anna", None), at(9), at(11))) == (
        "person:anna",
        "Sales",
        "user",
    )
    assert told(directory.resolve_span(who, None, at(9))) == ("address:10.1.0.5", "Office", "network")
    gap = Who("10.1.0.13", None, None)
    assert directory.resolve_span(gap, at(8, 5), at(11)).key == "person:gina"


def test_a_person_who_changes_department_within_the_span_is_that_person_of_no_certain_department(
    directory: Directory,
) -> None:
    found = directory.resolve_span(Who("10.1.0.1", "cora", None), at(23), at(25))
    assert told(found) == ("person:cora", "Office", "conflicting-identity")
    assert directory.resolve_span(Who("10.1.0.1", "cora", None), at(25), at(26)).department == "Legal"


def test_a_span_with_too_many_changes_is_a_conflict(directory: Directory) -> None:
    found = directory.resolve_span(Who("10.1.0.1", "cora", None), at(0), at(24 * 365))
    assert found.reason == "conflicting-identity"


def test_what_time_cannot_change_is_told_without_it(directory: Directory) -> None:
    assert directory.timeless(Who("10.1.0.5", "anna", None)) == Attribution(
        "person:anna", "Sales", individual=True, reason="user"
    )
    assert directory.timeless(Who("10.1.0.5", "zoe", None)) is not None
    assert directory.timeless(Who("10.1.0.200", None, None)) is not None
    assert directory.timeless(Who("10.2.0.1", None, None)) is not None
    assert directory.timeless(Who(None, None, None)) is not None
    assert directory.timeless(Who("10.1.0.200", None, "pc-gina")) is not None
    assert directory.timeless(Who("10.1.0.5", "cora", None)) is None  # has dates
    assert directory.timeless(Who("10.1.0.200", None, "pc-hugo")) is None
    assert directory.timeless(Who("10.1.0.5", None, None)) is None  # has leases
    taught = directory.learn([("10.1.0.200", "anna", at(9))])
    assert taught.timeless(Who("10.1.0.200", None, None)) is None
    assert directory.timeless(Who("10.1.0.200", None, None)) is not None


identities = st.builds(
    Who,
    st.none() | st.sampled_from([f"10.1.0.{n}" for n in (5, 6, 7, 8, 10, 12, 13, 14, 15, 77, 78)] + ["10.2.0.1"]),
    st.none() | st.sampled_from(["anna", "cora", "zoe"]),
    st.none() | st.sampled_from(["pc-anna", "pc-hugo", "pc-nobody", "other"]),
)
seen_lists = st.lists(
    st.tuples(
        st.sampled_from(["10.1.0.5", "10.1.0.6", "10.1.0.8"]),
        st.sampled_from(["anna", "bert", "zoe"]),
        st.integers(0, 30 * 60),
    ),
    max_size=6,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(identities, seen_lists, st.lists(st.integers(0, 30 * 3600), min_size=1, max_size=8))
def test_what_is_remembered_is_what_is_found(
    directory: Directory, who: Who, seen: list[tuple[str, str, int]], seconds: list[int]
) -> None:
    """Answers kept for a part of time equal those worked out anew for each moment, and spans follow from moments."""
    sightings = [(address, user, at(0, minute)) for address, user, minute in seen]
    searched = {address for address, _, minute in seen if minute % 2}
    taught, twin = directory.learn(sightings, searched), directory.learn(sightings, searched)
    client = twin._identify(who)
    times = sorted(at(0) + second * SECOND for second in seconds)
    answers = [client.stranger or twin._judge(client, time) for time in times]
    assert [taught.resolve(who, time) for time in times] == answers
    assert taught.timeless(who) in (None, *answers)
    span = taught.resolve_span(who, times[0], times[-1])
    assert span.reason == "conflicting-identity" or (span == answers[0] == answers[-1])


def test_an_answer_out_of_leases_names_them(directory: Directory) -> None:
    def held(address: str, time: int | None) -> list[str]:
        return [line for line in explain(directory, address, time).records if line.startswith("held")]

    (whole,) = held("10.1.0.5", at(9))
    assert whole.startswith(f"held from {iso_time(at(8))} to {iso_time(at(10))}: ")
    assert "pc-anna" in whole
    both = held("10.1.0.5", at(10))
    assert len(both) == 2  # next to the change of holder both count
    assert both[0] == whole
    assert held("10.1.0.5", None)[0] == whole
    assert held("10.1.0.200", at(9)) == []


def test_lineage_goes_up_the_tree(tmp_path: Path) -> None:
    (tmp_path / "departments.csv").write_text("department,parent\nGroup,\nSales,Group\nInside,Sales\n")
    directory = load_directory(tmp_path)
    assert directory.lineage("Inside") == ("Inside", "Sales", "Group")
    assert directory.lineage("Group") == ("Group",)
    assert directory.lineage("Elsewhere") == ()


def test_the_digest_holds_the_leases_and_how_they_are_read(tmp_path: Path) -> None:
    (tmp_path / "networks.csv").write_text(NETWORKS)
    without = load_directory(tmp_path).digest
    (tmp_path / "leases").mkdir()
    (tmp_path / "leases" / "a.csv").write_text("start,end,user,address\n2026-05-05 08:00,,anna,10.1.0.5\n")
    utc, berlin = (load_directory(tmp_path, DirectoryOptions(zone=zone)).digest for zone in ("UTC", "Europe/Berlin"))
    assert len({without, utc, berlin}) == 3
    (tmp_path / "leases" / "a.csv").rename(tmp_path / "leases" / "b.log")
    assert load_directory(tmp_path).digest == utc


def test_leases_alone_make_a_directory_and_their_problems_refuse_it(tmp_path: Path) -> None:
    (tmp_path / "leases").mkdir()
    line = {"ts": 1777968000.0, "mac": "02:00:00:00:00:0a", "assigned_addr": "10.1.0.5", "lease_time": 60.0}
    (tmp_path / "leases" / "dhcp.log").write_text(json.dumps(line | {"msg_types": ["ACK"]}) + "\nx\n")
    directory = load_directory(tmp_path)
    found = directory.resolve(Who("10.1.0.5", None, None), 1_777_968_030 * SECOND)
    assert told(found) == ("device:02:00:00:00:00:0a", None, "lease")
    assert [warning.removeprefix(f"{tmp_path}/") for warning in directory.warnings] == [
        "leases/dhcp.log:2: is left out: conversation whose time or addresses cannot be read"
    ]
    (tmp_path / "leases" / "note.txt").write_text("hello\n")
    with pytest.raises(UsageError, match=r"note\.txt: is no lease file of a known kind"):
        load_directory(tmp_path)
