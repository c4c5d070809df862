"""The directory seen as a whole, and why somebody is attributed as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shadowai.directory import Directory, load_directory
from shadowai.directory.clients import Reason
from shadowai.directory.explain import SENTENCES, explain
from shadowai.directory.survey import survey
from shadowai.model import SECOND

if TYPE_CHECKING:
    from pathlib import Path

NETWORKS = """network,department,kind
10.0.0.0/8,Corp,client
10.1.0.0/16,Sales,client
10.1.2.0/24,Sales,client
10.1.3.0/24,Sales,nat
10.2.0.0/16,Corp,client
2001:db8::/32,Corp,client
2001:db8:1::/48,Sales,client
"""
PEOPLE = """user,email,department,device,from,until
anna,anna@corp.example,Sales,pc-anna,,2026-03-31
anna,anna@corp.example,Legal,pc-anna,2026-04-01,
bert,,IT,00-11-22-33-44-55,,
"""
AD = """sAMAccountName,mail,department,enabled
zoe,zoe@corp.example,,True
bert,b@corp.example,IT,False
max,m@corp.example,,False
max.m,m@corp.example,,False
"""
DAY = 86400 * SECOND


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    (tmp_path / "networks.csv").write_text(NETWORKS)
    (tmp_path / "people.csv").write_text(PEOPLE)
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "ad.csv").write_text(AD)
    return load_directory(tmp_path)


def test_what_there_is_is_counted(directory: Directory) -> None:
    seen = survey(directory)
    assert (seen.people, seen.without_department, seen.disputed, seen.inactive) == (5, 3, 0, 2)
    assert (seen.devices, seen.departments, seen.networks) == (2, 4, 7)
    assert seen.files == {"people.csv": 3, "people/ad.csv": 4}
    assert seen.names["bert"] == ("bert", "b@corp.example")
    pairs = [(str(inner.network), str(outer.network)) for inner, outer in seen.overlaps]
    assert pairs == [
        ("10.1.0.0/16", "10.0.0.0/8"),
        ("10.1.3.0/24", "10.1.0.0/16"),
        ("2001:db8:1::/48", "2001:db8::/32"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ANNA", ("user", "person:anna", "Legal", Reason.USER)),
        ("10.1.2.3", ("address", "address:10.1.2.3", "Sales", Reason.NETWORK)),
        ("[2001:db8:1::1]", ("address", "address:2001:db8:1::1", "Sales", Reason.NETWORK)),
        ("pc-anna.corp.example", ("device", "person:anna", "Legal", Reason.DEVICE)),
        ("0011.2233.4455", ("device", "person:bert", "IT", Reason.DEVICE)),
        ("aa:bb:cc:dd:ee:ff", ("device", "device:aa:bb:cc:dd:ee:ff", None, Reason.DEVICE)),
        ("CORP\\PC-9$", ("device", "device:pc-9", None, Reason.DEVICE)),
        ("nobody", ("user", "user:nobody", None, Reason.UNKNOWN_USER)),
        ("", ("user", "unknown", None, Reason.NOBODY)),
    ],
)
def test_users_addresses_and_devices_are_told_apart(
    directory: Directory, text: str, expected: tuple[str, str, str | None, Reason]
) -> None:
    found = explain(directory, text, None)
    answer = found.attribution
    assert (found.kind, answer.key, answer.department, answer.reason) == expected
    assert found.sentence == SENTENCES[expected[-1]]


def test_the_records_behind_an_answer_are_named(directory: Directory) -> None:
    found = explain(directory, "anna", 20_000 * DAY)
    assert found.attribution.department == "Sales"
    assert found.records == (
        "names: anna, anna@corp.example",
        "people.csv:2: Sales, until 2026-03-31, device pc-anna",
        "people.csv:3: Legal, from 2026-04-01, device pc-anna, not at this time",
    )
    assert "people/ad.csv:3: IT, disabled" in explain(directory, "bert", None).records
    assert explain(directory, "10.1.3.4", None).records == ("network 10.1.3.0/24: Sales, nat",)


def test_who_may_be_meant_is_named_where_it_is_ambiguous(directory: Directory) -> None:
    found = explain(directory, "m@corp.example", None)
    assert found.attribution.reason == Reason.AMBIGUOUS_USER
    assert found.records == ("may be max: max, m@corp.example", "may be max.m: max.m, m@corp.example")


def test_every_reason_has_a_sentence() -> None:
    assert set(SENTENCES) == set(Reason)
