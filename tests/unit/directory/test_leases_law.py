"""Who held an address: the law of `shadowai.directory.leases.spans`, case by case, in minutes for readability."""

from __future__ import annotations

import time as clock
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowai.directory.leases.records import FOREVER, OPEN, Lessee, Proof, Records, Sign
from shadowai.directory.leases.spans import MANY, Timeline
from shadowai.directory.leases.table import LeaseTable
from shadowai.model import MINUTE

if TYPE_CHECKING:
    import random

A = Lessee(None, "aa:aa:aa:aa:aa:aa", "pc-a")
B = Lessee(None, "bb:bb:bb:bb:bb:bb", "pc-b")
C = Lessee(None, "cc:cc:cc:cc:cc:cc", None)
ANNA, BERT = Lessee("anna"), Lessee("bert")
HELD, GRANT, FRESH, LEFT, OVER = Sign
ADDRESS = "10.1.0.5"

Record = tuple[Lessee | None, Sign, int, int | None, str]


def rec(lessee: Lessee | None, sign: Sign, time: int, until: int | None = None, session: str = "") -> Record:
    return lessee, sign, time, until, session


def table(records: list[Record]) -> LeaseTable:
    found = Records()
    for lessee, sign, time, until, session in records:
        end = OPEN if until is None and sign < LEFT else FOREVER if until is None else until * MINUTE
        found.add(ADDRESS, lessee, Proof(sign, time * MINUTE, end), session)
    return LeaseTable(found)


def line(records: list[Record]) -> tuple[LeaseTable, Timeline]:
    leases = table(records)
    found = leases.timeline(ADDRESS)
    assert found is not None
    return leases, found


def spans(records: list[Record]) -> list[tuple[int, int, set[Lessee]]]:
    """Every time at which somebody held the address, in minutes, with everybody who did."""
    leases, found = line(records)
    edges = zip(found.bounds, found.bounds[1:], found.lessees[1:], strict=False)
    assert found.lessees[-1] == ()
    return [(start // MINUTE, end // MINUTE, {leases.lessees[n] for n in who}) for start, end, who in edges if who]


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([rec(A, GRANT, 60, 120)], [(60, 120, {A})]),
        # renewals join, and the last one says when the lease ends
        ([rec(A, GRANT, 60, 120), rec(A, GRANT, 90, 150)], [(60, 150, {A})]),
        ([rec(A, GRANT, 60, 120), rec(A, HELD, 90, 100)], [(60, 100, {A})]),
        ([rec(A, GRANT, 60, 120), rec(A, GRANT, 130, 150)], [(60, 120, {A}), (130, 150, {A})]),
        # releases and expiries end, and what is given back may be taken again in the same second
        ([rec(A, GRANT, 60, 120), rec(A, LEFT, 80)], [(60, 80, {A})]),
        ([rec(A, GRANT, 60, 120), rec(A, OVER, 80)], [(60, 80, {A})]),
        ([rec(A, GRANT, 60, 120), rec(None, OVER, 80)], [(60, 80, {A})]),
        ([rec(A, GRANT, 60, 120), rec(A, LEFT, 80), rec(A, FRESH, 80, 140)], [(60, 140, {A})]),
        ([rec(A, GRANT, 60, 120), rec(A, OVER, 60)], [(60, 120, {A})]),
        ([rec(A, OVER, 60)], []),
        ([rec(A, OVER, 600, None, "s"), rec(A, LEFT, 600, None, "s")], [(540, 600, {A})]),
        # a later lease of somebody else ends the earlier one
        ([rec(A, GRANT, 60, 120), rec(B, GRANT, 90, 150)], [(60, 90, {A}), (90, 150, {B})]),
        ([rec(A, GRANT, 60, 120), rec(B, GRANT, 120, 150)], [(60, 120, {A}), (120, 150, {B})]),
        (
            [rec(A, FRESH, 60, 120), rec(B, FRESH, 70, 150), rec(A, FRESH, 80, 140)],
            [(60, 70, {A}), (70, 80, {B}), (80, 140, {A})],
        ),
        # two that both go on cannot both be right
        (
            [rec(A, GRANT, 60, 180), rec(B, GRANT, 90, 150), rec(A, HELD, 120, 240)],
            [(60, 90, {A}), (90, 120, {A, B}), (120, 240, {A})],
        ),
        ([rec(A, GRANT, 60, 120), rec(B, GRANT, 60, 120)], [(60, 120, {A, B})]),
        (
            [rec(A, GRANT, 60, 120), rec(B, GRANT, 90, 150), rec(A, LEFT, 100)],
            [(60, 90, {A}), (90, 100, {A, B}), (100, 150, {B})],
        ),
        # a strange device on the address ends the lease of whoever had it
        ([rec(A, GRANT, 60, 120), rec(None, OVER, 70), rec(A, HELD, 80, 140)], [(60, 140, {A})]),
        # what begins untold is believed for an hour before its first sign, but not into what was ended
        ([rec(A, HELD, 600, 660)], [(540, 660, {A})]),
        ([rec(A, LEFT, 600)], [(540, 600, {A})]),
        ([rec(A, LEFT, 570), rec(A, HELD, 600, 660)], [(510, 660, {A})]),
        ([rec(A, GRANT, 500, 590), rec(A, HELD, 600, 660)], [(500, 660, {A})]),
        ([rec(A, GRANT, 500, 590), rec(A, LEFT, 600)], [(500, 600, {A})]),
        # a session without an end is believed for twelve hours after its last sign
        ([rec(ANNA, FRESH, 60, None, "s")], [(60, 780, {ANNA})]),
        ([rec(ANNA, FRESH, 60, None, "s"), rec(ANNA, HELD, 600, None, "s")], [(60, 1320, {ANNA})]),
        ([rec(ANNA, FRESH, 60, None, "s"), rec(ANNA, LEFT, 2000, None, "s")], [(60, 2000, {ANNA})]),
        ([rec(ANNA, FRESH, 60), rec(ANNA, LEFT, 2000)], [(60, 2000, {ANNA})]),
        ([rec(ANNA, FRESH, 60, None, "s"), rec(BERT, FRESH, 90, None, "t")], [(60, 90, {ANNA}), (90, 810, {BERT})]),
        # the late end of an old session does not end the new one, nor does a late report revive an old one
        (
            [
                rec(ANNA, FRESH, 60, None, "s"),
                rec(ANNA, FRESH, 90, None, "t"),
                rec(ANNA, LEFT, 91, None, "s"),
                rec(ANNA, LEFT, 120, None, "t"),
            ],
            [(60, 120, {ANNA})],
        ),
        (
            [rec(ANNA, FRESH, 60, None, "s"), rec(ANNA, LEFT, 90, None, "s"), rec(ANNA, HELD, 95, None, "s")],
            [(60, 90, {ANNA})],
        ),
        ([rec(ANNA, FRESH, 60, None, "s"), rec(ANNA, LEFT, 60, None, "s")], []),
        ([rec(ANNA, FRESH, 60), rec(ANNA, LEFT, 60)], []),
        ([rec(ANNA, FRESH, 60), rec(ANNA, HELD, 90), rec(ANNA, LEFT, 90)], [(60, 90, {ANNA})]),
        # a user and a device hold an address together
        (
            [rec(A, GRANT, 60, 180), rec(ANNA, FRESH, 90, None, "s"), rec(ANNA, LEFT, 120, None, "s")],
            [(60, 90, {A}), (90, 120, {A, ANNA}), (120, 180, {A})],
        ),
        # a device that changes its name is the same device
        (
            [rec(A, GRANT, 60, 120), rec(A._replace(host="new"), HELD, 90, 150)],
            [(60, 90, {A}), (90, 150, {A._replace(host="new")})],
        ),
        ([rec(A, GRANT, 60, None)], [(60, 780, {A})]),
    ],
)
def test_the_law(records: list[Record], expected: list[tuple[int, int, set[Lessee]]]) -> None:
    assert spans(records) == expected
    assert spans(records[::-1]) == expected


def test_an_endless_lease_never_ends() -> None:
    assert spans([rec(A, GRANT, 60, FOREVER // MINUTE)])[0][:2] == (60, FOREVER // MINUTE)


def test_nobody_is_told_of_an_address_without_records() -> None:
    assert table([rec(A, GRANT, 60, 120)]).timeline("10.9.9.9") is None
    assert len(table([])) == 0
    assert table([]).timeline(ADDRESS) is None


def test_a_window_holds_everybody_within_the_drift() -> None:
    leases, found = line([rec(A, GRANT, 60, 120), rec(B, GRANT, 121, 150)])
    a, b = leases.lessees.index(A), leases.lessees.index(B)
    assert found.window(90 * MINUTE, MINUTE) == ((a,), 1)
    assert set(found.window(120 * MINUTE, MINUTE).lessees) == {a, b}
    assert found.window(120 * MINUTE, 0) == ((), 2)
    assert found.window(59 * MINUTE, MINUTE) == ((a,), 1)  # the clock of the lease may be ahead
    assert found.window(58 * MINUTE, MINUTE) == ((), 0)
    assert found.window(151 * MINUTE - 1, MINUTE) == ((b,), 3)
    assert found.place(90 * MINUTE, MINUTE) == 1
    assert found.place(121 * MINUTE - 1, MINUTE) is None
    assert found.place(59 * MINUTE, MINUTE) == 1


def test_too_many_lessees_or_changes_at_once_are_nobody() -> None:
    crowd = [Lessee(None, f"aa:aa:aa:aa:aa:{n:02x}") for n in range(20)]
    _, found = line([rec(one, GRANT, 60, 120) for one in crowd])
    assert found.window(90 * MINUTE, 0).lessees == MANY
    quick = Records()
    for n in range(400):
        quick.add(ADDRESS, crowd[n % 2], Proof(FRESH, 1000 + n, 2000))
    swift = LeaseTable(quick).timeline(ADDRESS)
    assert swift is not None
    assert swift.window(1200, MINUTE).lessees == MANY
    assert swift.place(1200, MINUTE) is None


lessees = st.sampled_from([A, A._replace(host="other"), B, C, ANNA, BERT, None])
any_records = st.lists(
    st.tuples(
        lessees, st.sampled_from(Sign), st.integers(1, 90), st.none() | st.integers(90, 150), st.sampled_from(["", "s"])
    ),
    max_size=14,
)


@settings(max_examples=300)
@given(any_records, st.randoms(use_true_random=False))
def test_the_order_of_records_changes_nothing(records: list[Record], shuffler: random.Random) -> None:
    records = [rec(None, OVER, one[2]) if one[0] is None else one for one in records]
    shuffled = list(records)
    shuffler.shuffle(shuffled)
    if records:
        assert spans(shuffled) == spans(records)


@given(any_records)
def test_a_timeline_is_well_formed(records: list[Record]) -> None:
    records = [rec(None, OVER, one[2]) if one[0] is None else one for one in records]
    if not records:
        return
    _, found = line(records)
    assert list(found.bounds) == sorted(set(found.bounds))
    assert len(found.lessees) == len(found.bounds) + 1
    assert found.lessees[0] == ()
    assert all(one != other for one, other in zip(found.lessees, found.lessees[1:], strict=False))


simple = st.lists(st.tuples(st.sampled_from([A, B, C]), st.integers(1, 500), st.integers(1, 60)), max_size=10)


@given(simple)
def test_leases_that_do_not_overlap_are_given_back_as_they_are(parts: list[tuple[Lessee, int, int]]) -> None:
    records, expected, now = [], [], 1
    for who, gap, length in parts:
        start, now = now + gap, now + gap + length
        records.append(rec(who, GRANT, start, now))
        expected.append((start, now, {who}))
    if records:
        assert spans(records) == expected


@given(
    st.lists(
        st.tuples(st.sampled_from([A, B, C]), st.integers(1, 200)), min_size=1, max_size=20, unique_by=lambda p: p[1]
    )
)
def test_new_leases_follow_one_another(parts: list[tuple[Lessee, int]]) -> None:
    """An independent reading of rule 2: with nothing but new leases, the latest one that runs is right."""
    found = spans([rec(who, FRESH, start, start + 50) for who, start in parts])
    for minute in range(260):
        begun = [(start, who) for who, start in parts if start <= minute]
        start, who = max(begun, key=lambda one: one[0], default=(0, None))
        expected = {who} if who is not None and minute < start + 50 else set()
        told = [names for begin, end, names in found if begin <= minute < end]
        assert (told[0] if told else set()) == expected


def test_fifty_thousand_overlapping_leases_are_quick() -> None:
    records = Records()
    for n in range(50_000):
        lessee = Lessee(None, f"aa:aa:aa:{n >> 16:02x}:{n >> 8 & 255:02x}:{n & 255:02x}")
        records.add(ADDRESS, lessee, Proof(GRANT, 1 + n, 10**9 - n))
        records.add(ADDRESS, lessee, Proof(HELD, 10**8 + n, 10**9 - n))
    begun = clock.process_time()
    found = LeaseTable(records).timeline(ADDRESS)
    assert clock.process_time() - begun < 10
    assert found is not None
    assert found.window(10**7, 0).lessees == MANY


def test_names_of_devices() -> None:
    found = Records()
    common = [Lessee(None, f"aa:aa:aa:aa:00:{n:02x}", "iphone") for n in range(5)]
    named = Lessee(None, "bb:bb:bb:bb:bb:bb", "pc-b"), Lessee(None, "bb:bb:bb:bb:bb:bb", "pc-b.corp.example")
    renamed = Lessee(None, "cc:cc:cc:cc:cc:cc", "old"), Lessee(None, "cc:cc:cc:cc:cc:cc", "new")
    bare, host = Lessee(None, "bb:bb:bb:bb:bb:bb"), Lessee(None, None, "printer")
    for one in (*common, *named, *renamed, bare, host):
        found.add(ADDRESS, one, Proof(GRANT, 1, 2))
    leases = LeaseTable(found)
    assert leases.name(common[0]) == "aa:aa:aa:aa:00:00"
    assert leases.hosts(common[0]) == frozenset()
    assert {leases.name(one) for one in (*named, bare)} == {"pc-b"}
    assert leases.hosts(bare) == {"pc-b", "pc-b.corp.example"}
    assert leases.hosts(named[0]) == {"pc-b"}
    assert {leases.name(one) for one in renamed} == {"cc:cc:cc:cc:cc:cc"}
    assert leases.name(host) == "printer"
