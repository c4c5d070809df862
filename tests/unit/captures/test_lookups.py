"""The names that each client was told: its own, in their time, and none where several would do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.captures import lookups
from shadowai.captures.lookups import Asked, Lookups, Told
from shadowai.model import SECOND

ANNA, BERT, SERVER, OTHER = b"\n\0\0\1", b"\n\0\0\2", b"\xcb\0\x71\5", b"\xcb\0\x71\6"
ANNA_6, SERVER_6 = b"\x20\1" + bytes(13) + b"\1", b"\x20\1" + bytes(14)


def told(name: bytes, since: int = 100, ttl: int = 60) -> Told:
    return Told(name, since * SECOND, (since + ttl) * SECOND)


def name_of(table: Lookups, client: bytes, address: bytes, time: int | None) -> bytes | None:
    (name,) = table.names_of([Asked(client, address, None if time is None else time * SECOND)])
    return name


def test_a_name_is_the_client_s_own_and_ends_with_its_ttl() -> None:
    table = Lookups()
    table.learn(ANNA, [SERVER, OTHER], told(b"a.example"))
    table.learn(ANNA_6, [SERVER_6, SERVER], told(b"six.example"))
    assert name_of(table, ANNA, SERVER, 100) == b"a.example"
    assert name_of(table, ANNA, OTHER, 160) == b"a.example"
    assert name_of(table, ANNA, SERVER, 162) is None
    assert name_of(table, ANNA, SERVER, 90) is None
    assert name_of(table, BERT, SERVER, 100) is None
    assert name_of(table, ANNA, SERVER, None) is None
    assert name_of(table, ANNA_6, SERVER_6, 100) == b"six.example"
    asked = [Asked(ANNA_6, SERVER_6, 100 * SECOND), Asked(BERT, SERVER, 0), Asked(ANNA, SERVER, 99 * SECOND)]
    assert table.names_of(asked) == [b"six.example", None, b"a.example"]
    assert table.names_of([]) == []


def test_two_names_for_one_address_are_none() -> None:
    table = Lookups()
    table.learn(ANNA, [SERVER], told(b"a.example"))
    table.learn(ANNA, [SERVER], told(b"a.example", 110))
    assert name_of(table, ANNA, SERVER, 120) == b"a.example"
    table.learn(ANNA, [SERVER], told(b"b.example", 115))
    assert name_of(table, ANNA, SERVER, 120) is None
    assert name_of(table, ANNA, SERVER, 172) == b"b.example"


def test_the_table_is_bounded_and_what_it_lost_names_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "MAX_ROWS", 3)
    table = Lookups()
    for number in range(5):
        table.learn(ANNA, [bytes([number] * 4)], told(b"a.example", 10 * number, 90))
    assert name_of(table, ANNA, bytes(4), 25) == b"a.example"
    assert table.dropped == 2
    assert name_of(table, ANNA, bytes(4), 35) is None, "what was lost from 30 on may have been another name for it"


def test_losses_stay_losses_when_parts_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "MAX_ROWS", 1)
    lossy = Lookups()
    lossy.learn(ANNA, [SERVER], told(b"a.example", 100))
    lossy.learn(ANNA, [OTHER], told(b"a.example", 110))
    assert name_of(lossy, ANNA, SERVER, 100) == b"a.example"
    monkeypatch.setattr(lookups, "MAX_ROWS", 9)
    whole = Lookups()
    whole.merge(lossy)
    assert whole.dropped == 1
    assert [name_of(whole, ANNA, SERVER, time) for time in (108, 109)] == [b"a.example", None]


def test_what_a_client_was_told_too_often_is_not_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "MAX_TOLD", 3)
    table = Lookups()
    for since in range(3):
        table.learn(ANNA, [SERVER], told(b"a.example", since))
    assert name_of(table, ANNA, SERVER, 5) == b"a.example"
    table.learn(ANNA, [SERVER], told(b"a.example", 4))
    assert name_of(table, ANNA, SERVER, 5) is None


def test_a_name_that_is_looked_up_often_does_not_hide_another() -> None:
    table = Lookups()
    table.learn(ANNA, [SERVER], told(b"a.example", 100, 3600))
    for since in range(101, 150):
        table.learn(ANNA, [SERVER], told(b"b.example", since, 3600))
    assert name_of(table, ANNA, SERVER, 160) is None


ROWS = st.tuples(
    st.sampled_from([(ANNA, SERVER), (BERT, SERVER), (ANNA_6, SERVER_6)]),
    st.sampled_from([b"a", b"b"]),
    st.integers(0, 9),
)


@given(st.lists(ROWS, max_size=8))
def test_merging_is_learning_and_so_is_learning_many_at_once(
    rows: list[tuple[tuple[bytes, bytes], bytes, int]],
) -> None:
    whole, one, other, together = Lookups(), Lookups(), Lookups(), Lookups()
    for number, ((client, server), name, since) in enumerate(rows):
        for table in (whole, one if number % 2 else other):
            table.learn(client, [server], told(name, since, 3))
        pair = np.frombuffer(client + server, np.uint8)[None]
        times = (np.array([second * SECOND]) for second in (since, since + 3))
        together.learn_all(pair, np.array([together.number(name)]), *times)
    other.merge(one)
    for client, server in ((ANNA, SERVER), (BERT, SERVER), (ANNA_6, SERVER_6)):
        for time in range(14):
            told_then = {
                name for pair, name, since in rows if pair == (client, server) and since - 1 <= time <= since + 4
            }
            expected = told_then.pop() if len(told_then) == 1 else None
            for table in (whole, other, together):
                assert name_of(table, client, server, time) == expected
