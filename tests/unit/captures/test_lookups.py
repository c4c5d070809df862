"""The names that each client was told: its own, in their time, and none where several would do."""

from hypothesis import given
from hypothesis import strategies as st

from shadowai.captures import lookups
from shadowai.captures.lookups import Lookups, Told
from shadowai.model import SECOND

ANNA, BERT, SERVER, OTHER = b"\n\0\0\1", b"\n\0\0\2", b"\xcb\0\x71\5", b"\xcb\0\x71\6"


def told(name: bytes, since: int = 100, ttl: int = 60) -> Told:
    return Told(name, since * SECOND, (since + ttl) * SECOND)


def test_a_name_is_the_client_s_own_and_ends_with_its_ttl() -> None:
    table = Lookups()
    table.learn(ANNA, [SERVER, OTHER], told(b"a.example"))
    assert table.name_of(ANNA, SERVER, 100 * SECOND) == b"a.example"
    assert table.name_of(ANNA, OTHER, 160 * SECOND) == b"a.example"
    assert table.name_of(ANNA, SERVER, 162 * SECOND) is None
    assert table.name_of(ANNA, SERVER, 90 * SECOND) is None
    assert table.name_of(BERT, SERVER, 100 * SECOND) is None
    assert table.name_of(ANNA, SERVER, None) is None


def test_two_names_for_one_address_are_none() -> None:
    table = Lookups()
    table.learn(ANNA, [SERVER], told(b"a.example"))
    table.learn(ANNA, [SERVER], told(b"a.example", 110))
    assert table.name_of(ANNA, SERVER, 120 * SECOND) == b"a.example"
    table.learn(ANNA, [SERVER], told(b"b.example", 115))
    assert table.name_of(ANNA, SERVER, 120 * SECOND) is None
    assert table.name_of(ANNA, SERVER, 172 * SECOND) == b"b.example"


def test_the_table_is_bounded(monkeypatch: object) -> None:
    assert hasattr(monkeypatch, "setattr")
    monkeypatch.setattr(lookups, "MAX_PAIRS", 3)
    table = Lookups()
    for number in range(5):
        table.learn(ANNA, [bytes([number] * 4)], told(b"a.example"))
    assert table.dropped == 2
    for number in range(50):
        table.learn(ANNA, [bytes(4)], told(b"x%d.example" % number, number))
    assert table.name_of(ANNA, bytes(4), 105 * SECOND) is None


def test_a_name_that_is_looked_up_often_does_not_hide_another() -> None:
    table = Lookups()
    table.learn(ANNA, [SERVER], told(b"a.example", 100, 3600))
    for since in range(101, 150):
        table.learn(ANNA, [SERVER], told(b"b.example", since, 3600))
    assert table.name_of(ANNA, SERVER, 160 * SECOND) is None


@given(st.lists(st.tuples(st.sampled_from([ANNA, BERT]), st.sampled_from([b"a", b"b"]), st.integers(0, 9)), max_size=8))
def test_merging_is_learning(rows: list[tuple[bytes, bytes, int]]) -> None:
    whole, one, other = Lookups(), Lookups(), Lookups()
    for number, (client, name, since) in enumerate(rows):
        for table in (whole, one if number % 2 else other):
            table.learn(client, [SERVER], told(name, since, 3))
    other.merge(one)
    for client in (ANNA, BERT):
        for time in range(14):
            assert whole.name_of(client, SERVER, time * SECOND) == other.name_of(client, SERVER, time * SECOND)


@given(st.lists(st.tuples(st.sampled_from([b"a", b"b"]), st.integers(0, 3)), max_size=24))
def test_asking_again_and_again_is_kept_as_if_it_were_sorted(rows: list[tuple[bytes, int]]) -> None:
    table, expected, since = Lookups(), set[Told](), 0
    for name, later in rows:
        since += later
        table.learn(ANNA, [SERVER], told(name, since))
        expected = set(lookups._latest({*expected, told(name, since)}))
    assert set(table._told.get(ANNA + SERVER, ())) == expected
    assert list(table._told.get(ANNA + SERVER, ())) == sorted(expected, key=lambda one: (one.since, one))
