"""Which captures of earlier runs are read again with new ones, and what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shadowai.activity.rollup import Activity, Finding, Subject
from shadowai.inputs import Input
from shadowai.model import Evidence, Kind, Observation
from shadowai.nightly.continued import Rings

if TYPE_CHECKING:
    import pytest

NEW, OLD = [Input("b"), Input("c")], [Input("a")]


def rings(monkeypatch: pytest.MonkeyPatch, *answers: list[tuple[int, ...]]) -> Rings:
    given = iter(answers)
    monkeypatch.setattr("shadowai.nightly.continued.rings_of", lambda _: next(given))
    return Rings.of(NEW, OLD)


def names(found: Rings) -> list[list[str]]:
    return [[found.inputs[number].name for number in ring] for ring in found.rings]


def test_new_files_alone_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    found = rings(monkeypatch, [(0, 1)])
    assert (names(found), found.behind, len(found.inputs)) == ([["b", "c"]], {}, 2)


def test_what_new_files_go_on_from_is_read_with_them_and_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    found = rings(monkeypatch, [(2, 0, 1)])
    assert (names(found), found.behind) == ([["a", "b", "c"]], {0: ((2,), (3,))})
    assert found.spoilt_with([1]) == {0}


def test_a_file_that_lies_between_new_ones_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    found = rings(monkeypatch, [(0, 2, 1)], [(0, 1)])
    assert (names(found), found.behind) == ([["b", "c"]], {})
    assert names(rings(monkeypatch, [(0, 2)])) == []


def seen(size: int) -> Activity:
    activity = Activity()
    contact = Observation(Evidence.TLS, Kind.CAPTURE, "pcap", "tap", host="x.example", time=7, bytes_up=size)
    activity.add(contact, Finding(Subject.CANDIDATE, "x.example"))
    return activity


def test_only_what_is_more_counts_and_nothing_where_a_file_could_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for error, expected in ((None, [30]), ("is gone", [])):
        found = rings(monkeypatch, [(2, 0, 1)])
        found.inputs[2].error = error
        activities = {0: Activity(), 2: seen(130), 3: seen(100)}
        found.settle(activities)
        assert [sums.bytes_up for sums in activities[0].rows.values()] == expected
        assert set(activities) == {0}
    same = {0: Activity(), 2: seen(5), 3: seen(5)}
    rings(monkeypatch, [(2, 0, 1)]).settle(same)
    assert not same[0].rows
