"""The HTML pages: self-contained, no script, nothing fetched, every text escaped."""

import re
from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from typing import TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from shadowai import resources
from shadowai.reports.department_page import DepartmentPage, department_page
from shadowai.reports.index_page import IndexPage, index_page
from shadowai.reports.text import tidy
from shadowai.result import DepartmentUse, Result

_Value = TypeVar("_Value")


def render_index(result: Result) -> str:
    """Render the organisation's page as HTML5."""
    return index_html(tidy(result), page_names(result.departments))


def render_department(result: Result, department: DepartmentUse) -> str:
    """Render one department's page as HTML5. `department` is one of the result's."""
    place = result.departments.index(department)
    neat = tidy(result)
    return department_html(neat, neat.departments[place])


def index_html(neat: Result, names: Sequence[str]) -> str:
    """Render the organisation's page from a tidied result; `names` are the file names of its departments' pages."""
    return _render("index.html", index_page(neat, {at: f"departments/{name}" for at, name in enumerate(names)}))


def department_html(neat: Result, department: DepartmentUse) -> str:
    """Render one department's page from a tidied result and a department of it."""
    return _render("department.html", department_page(neat, department))


def page_names(departments: Sequence[DepartmentUse]) -> list[str]:
    """Give a file name for each department's page: its slug, made harmless and unique whatever the result says."""
    taken: set[str] = set()
    names = []
    for department in departments:
        stem = re.sub(r"[^a-z0-9]+", "-", department.slug.lower()).strip("-")[:80] or "department"
        name, number = stem, 1
        while name in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name)
        names.append(f"{name}.html")
    return names


@cache
def environment() -> Environment:
    """Give the Jinja environment: everything escaped, undefined names and unknown values are errors."""
    return Environment(
        loader=FileSystemLoader(resources.templates()),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_known,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _render(template: str, page: IndexPage | DepartmentPage) -> str:
    context = {field.name: getattr(page, field.name) for field in fields(page)}
    return environment().get_template(template).render(context)


def _known(value: _Value) -> _Value:
    if value is None:
        message = "an unknown value reached a template without a word for it"
        raise ValueError(message)
    return value
