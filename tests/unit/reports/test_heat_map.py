import re

from support.report_world import large, world
from support.results import EXAMPLES

from shadowai.model import Status
from shadowai.reports.heat_map import MAX_CATEGORIES, MAX_ROWS, HeatMap, heat_map, sessions_unsanctioned
from shadowai.reports.sections import split
from shadowai.result import Result, StatusCounts


def built(document: Result) -> HeatMap:
    found = heat_map([(one, "page") for one in document.departments])
    assert found is not None
    return found


def count(text: str) -> int:
    return int(re.sub(r"\D", "", text) or 0)


def test_it_adds_up() -> None:
    document = world()
    heat = built(document)
    by_name = {row.name: row for row in heat.rows}
    assert heat.columns[:2] == ("Code assistants", "Chat assistants")
    for one in document.departments:
        row = by_name[one.name]
        used = split(one.services).in_use
        assert (
            count(row.total) == sum(service.sessions for service in used) == sum(count(c.sessions) for c in row.cells)
        )
        bad = sum(s.statuses.unsanctioned + s.statuses.prohibited for s in used)
        assert sum(count(cell.unsanctioned) for cell in row.cells) == bad


def test_the_shade_is_per_head() -> None:
    heat = built(world())
    shades = {row.name: dict(zip(heat.columns, row.cells, strict=True)) for row in heat.rows}
    assert shades["Research"]["Code assistants"].per_head == "19.8"
    assert shades["Data Science"]["Code assistants"].level == "5"  # 371 sessions of 17 beat 752 of 38
    assert shades["Unknown department"]["Chat assistants"].level == "unknown"
    assert shades["Unknown department"]["Chat assistants"].per_head == ""
    empty = shades["Legal"]["Code assistants"]
    assert (empty.sessions, empty.per_head, empty.level, empty.unsanctioned) == ("", "", "0", "")
    levels = {cell.level for row in heat.rows for cell in row.cells}
    assert levels <= {"0", "1", "2", "3", "4", "5", "unknown"}


def test_rare_categories_are_merged() -> None:
    document = large(departments=3, people=300, services=40)
    services = [
        one.model_copy(update={"category_name": f"Category {at}", "sessions": 1 + at, "proven": True})
        for at, one in enumerate(document.departments[0].services[:30])
    ]
    wide = document.departments[0].model_copy(update={"services": tuple(services)})
    heat = heat_map([(wide, "")])
    assert heat is not None
    assert len(heat.columns) == MAX_CATEGORIES
    assert heat.columns[-1] == "19 other categories"
    assert heat.rows[0].total == "465"


def test_of_hundreds_of_departments_the_first_are_shown_and_the_others_counted() -> None:
    one = world().departments[0]
    heat = heat_map([(one.model_copy(update={"name": f"D{at}"}), "") for at in range(MAX_ROWS + 7)])
    assert heat is not None
    assert ([heat.rows[0].name, heat.rows[-1].name], heat.more) == (["D0", f"D{MAX_ROWS - 1}"], 7)


def test_without_use_there_is_none() -> None:
    assert heat_map([]) is None
    assert heat_map([(one, "") for one in EXAMPLES["quiet"]().departments]) is None


def test_without_any_headcount_nothing_is_shaded() -> None:
    unsized = [(one.model_copy(update={"headcount": None}), "") for one in world().departments]
    heat = heat_map(unsized)
    assert heat is not None
    assert {cell.level for row in heat.rows for cell in row.cells} == {"0", "unknown"}


def test_sessions_count_by_what_the_policy_said_of_them() -> None:
    service = next(one for one in world().departments[0].services if one.status is Status.UNSANCTIONED)
    mixed = service.model_copy(update={"statuses": StatusCounts(sanctioned=10, unsanctioned=3, prohibited=1)})
    untold = service.model_copy(update={"statuses": StatusCounts()})
    good = untold.model_copy(update={"status": Status.SANCTIONED})
    assert [sessions_unsanctioned(one) for one in (mixed, untold, good)] == [4, service.sessions, 0]
