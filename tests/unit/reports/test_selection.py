"""A report about one department: its own page and figures, and nothing of another department."""

from __future__ import annotations

import re

import pytest
from support.report_world import world

from shadowai.errors import UsageError
from shadowai.reports.html import department_pages, render_department
from shadowai.reports.markdown import summary_markdown
from shadowai.reports.selection import only
from shadowai.reports.tables import csv_files


def test_the_figures_are_those_of_the_department() -> None:
    legal = only(world(), "  LEGAL ")
    assert [one.name for one in legal.departments] == ["Legal"]
    assert legal.totals == next(one.totals for one in world().departments if one.name == "Legal")
    assert (legal.divisions, legal.candidates, legal.policy, legal.warnings) == ((), (), None, ())
    assert {one.kind for one in legal.blind_spots} == {"no-client-identity", "unparsed-records"}  # those of everybody
    assert legal.change is not None
    assert legal.change.services == ()


def test_a_division_brings_the_departments_below_it() -> None:
    research = only(world(), "Research")
    assert [one.name for one in research.departments] == ["Research", "Data Science"]
    assert [one.name for one in research.divisions] == ["Research"]
    assert research.totals == research.divisions[0].totals
    assert [(one.host, one.departments) for one in research.candidates] == [
        ("llm-gateway.partner.example", ("Research", "Data Science"))
    ]
    (spot,) = [one for one in research.blind_spots if one.kind == "encrypted-dns"]
    assert spot.departments == ("Research",)
    assert research.change is not None
    assert {one.department for one in research.change.services} == {"Research"}


def test_a_result_without_an_earlier_one_has_no_change() -> None:
    assert only(world().model_copy(update={"change": None}), "Legal").change is None


def test_nothing_written_names_another_department() -> None:
    others = {one.name for one in world().departments} - {"Data Science", "Research"}
    ruled = world().model_copy(update={"policy": None})  # its rules say whom they are for, which may be others
    written = [page.html for page in department_pages(ruled, "Data Science")]
    narrowed = only(world(), "Data Science")
    written += [summary_markdown(narrowed), *(content for _, content in csv_files(narrowed))]
    for content in written:
        assert not [
            name for name in others if f"{name}," in content or f">{name}<" in content or f"| {name}" in content
        ]
    assert len(written) == 11


def test_pages_are_those_of_the_whole_report_but_for_the_ways_to_others() -> None:
    (page,) = department_pages(world(), "legal")
    assert page.path == "departments/legal.html"
    assert "index.html" not in page.html
    whole = render_department(world(), next(one for one in world().departments if one.name == "Legal"))
    assert _without_nav(page.html) == _without_nav(whole)
    paths = [page.path for page in department_pages(world(), "Operations")]
    assert paths == [
        "departments/operations.html",
        "departments/logistics.html",
        "departments/customer-service.html",
        "departments/operations-division.html",
    ]


def _without_nav(html: str) -> str:
    return re.sub(r"\s*<nav.*?</nav>", "", html, flags=re.DOTALL)


def test_no_such_department() -> None:
    with pytest.raises(UsageError, match="no department 'Lega'; did you mean Legal"):
        only(world(), "Lega")
