import pytest
from support.report_world import CHANGE

from shadowai.model import Status
from shadowai.reports import trends
from shadowai.result import Change, ServiceChange


def changes(department: str = "Sales", *rows: tuple[str, str]) -> trends.Changes:
    found = tuple(row(number, kind, cause) for number, (kind, cause) in enumerate(rows))
    return trends.changes_in(CHANGE.model_copy(update={"services": found}), [department])


def row(number: int, kind: str, cause: str, department: str = "Sales") -> ServiceChange:
    return ServiceChange.model_validate(
        {
            "department": department, "service": f"s{number}", "name": f"Service {number}", "status": Status.TOLERATED,
            "change": kind, "cause": cause, "before": 1.25, "now": 3, "people_before": 1, "people_now": 4, "says": "",
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "cause", "name", "word"),
    [
        ("new", "use", "new", "New"),
        ("grown", "use", "up", "More"),
        ("shrunk", "use", "down", "Less"),
        ("stopped", "use", "down", "Stopped"),
        ("new", "signatures", "unclear", "Newly recognised"),
        ("grown", "signatures", "unclear", "Recognised differently"),
        ("shrunk", "coverage", "unclear", "Not comparable"),
        ("new", "coverage", "unclear", "Not comparable"),
    ],
)
def test_a_change_of_our_looking_is_no_trend(kind: str, cause: str, name: str, word: str) -> None:
    found = trends.trend(changes("Sales", (kind, cause)), "s0")
    assert (found.name, found.word) == (name, word)
    assert found.note


def test_steady_and_without_a_period_before() -> None:
    assert trends.trend(changes(), "s0") == trends.Trend("same", "Steady", "")
    alone = trends.changes_in(None, ["Sales"])
    assert trends.trend(alone, "s0") is None
    assert (trends.in_words(alone), trends.stopped(alone), trends.not_comparable(alone)) == ("", "", "")


def test_figures_of_a_trend() -> None:
    assert trends.trend(changes("Sales", ("grown", "use")), "s0").note == (
        "1.2 sessions a day before, 3 now; 1 person before, 4 now"
    )


def test_changes_in_words() -> None:
    found = changes("Sales", ("new", "use"), ("new", "use"), ("grown", "use"), ("shrunk", "use"), ("stopped", "use"))
    assert trends.in_words(found) == (
        "Since the period before: Service 0 and Service 1 are new; Service 2 is used more; Service 3 is used less; "
        "Service 4 is no longer seen."
    )
    assert trends.stopped(found).startswith("Not seen in this period: Service 4 (")
    assert trends.in_words(changes()) == "We saw no change since the period before."


def test_what_our_looking_changed_is_never_said_to_be_no_change() -> None:
    found = changes("Sales", ("shrunk", "coverage"))
    assert trends.in_words(found) == "Whether the use has changed since the period before, we cannot tell."
    assert trends.not_comparable(found).startswith("Not to be taken for a change of use: Service 0 (what the sources")


def test_trends_of_a_division() -> None:
    def over(*rows: ServiceChange) -> trends.Trend:
        change: Change = CHANGE.model_copy(update={"services": rows})
        return trends.trend(trends.changes_in(change, ["Sales", "Shop"]), "s0")

    assert over(row(0, "new", "use")).word == "New in part"
    assert over(row(0, "new", "use"), row(0, "new", "use", "Shop")).note.startswith("Sales: 1.2 sessions")
    assert over(row(0, "new", "use"), row(0, "shrunk", "use", "Shop")).word == "Differs below"
