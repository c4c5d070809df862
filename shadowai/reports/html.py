"""The HTML pages: self-contained, nothing fetched, every text escaped; the one script only sorts and filters tables."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError
from markupsafe import Markup, escape

from shadowai import resources
from shadowai.errors import UsageError
from shadowai.reports.compiled import CompiledTemplates
from shadowai.reports.department_page import department_page
from shadowai.reports.evidence_page import evidence_page
from shadowai.reports.executive_page import executive_page
from shadowai.reports.index_page import index_page
from shadowai.reports.language import speaking, translated, translated_count
from shadowai.reports.look import PLAIN, Look
from shadowai.reports.naming import unknown_named
from shadowai.reports.phrases import phrase
from shadowai.reports.relatives import Links
from shadowai.reports.script import script
from shadowai.reports.sections import names
from shadowai.reports.selection import find
from shadowai.reports.text import number
from shadowai.reports.tidying import tidy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from _typeshed import DataclassInstance

    from shadowai.result import DepartmentUse, Result

_Value = TypeVar("_Value")
DEPARTMENTS = "departments"  # the folder of the departments' pages


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a report: where it lies in the folder, and its HTML5."""

    path: str
    html: str


def render_index(result: Result, look: Look = PLAIN) -> str:
    """Render the organisation's page as HTML5."""
    return _index(_neat(result, look), look)


def render_executive(result: Result, look: Look = PLAIN) -> str:
    """Render the one sheet for the board as HTML5."""
    return _executive(_neat(result, look), look)


def render_evidence(result: Result, look: Look = PLAIN) -> str:
    """Render the evidence pack for audit and compliance as HTML5."""
    return _evidence(_neat(result, look), look)


def render_department(result: Result, department: DepartmentUse, look: Look = PLAIN) -> str:
    """Render the page of one of the result's departments or divisions as HTML5."""
    place = _everyone(result).index(department)
    neat = _neat(result, look)
    return _department(neat, _everyone(neat)[place], page_links(neat), look)


def pages(result: Result, look: Look = PLAIN) -> Iterator[Page]:
    """Render every page of a report, one after the other: all of a large organisation's at once would fill memory."""
    neat = _neat(result, look)
    yield Page("index.html", _index(neat, look))
    yield Page("executive.html", _executive(neat, look))
    yield Page("evidence.html", _evidence(neat, look))
    yield from _departments(neat, page_links(neat), look, range(len(_everyone(neat))))


def department_pages(result: Result, name: str, look: Look = PLAIN) -> Iterator[Page]:
    """Render the page of one department, or of a division and the departments below it, without a way to others.

    UsageError where there is none of that name.
    """
    yield from tidied_department_pages(result, tidy(result), name, look)


def tidied_department_pages(result: Result, neat: Result, name: str, look: Look = PLAIN) -> Iterator[Page]:
    """Do the same with a result that was tidied before, for those who write the pages of many departments apart."""
    found = find(result, name)
    own = {found.name, *found.below}
    places = [place for place, one in enumerate(_everyone(result)) if one.name in own]
    links = page_links(neat)
    kept = {_everyone(neat)[place].name for place in places}
    inside = Links(
        departments={one: page for one, page in links.departments.items() if one in kept},
        divisions={one: page for one, page in links.divisions.items() if one in kept},
    )
    yield from _departments(neat, inside, look, places)


def _neat(result: Result, look: Look) -> Result:
    with speaking(look.language):
        return unknown_named(tidy(result))


def _departments(neat: Result, links: Links, look: Look, places: Iterable[int]) -> Iterator[Page]:
    files, known = page_names(_everyone(neat)), names(neat)
    for place in places:
        with speaking(look.language):
            context = department_page(neat, _everyone(neat)[place], links, known)
            page = _render("department.html", context, look)
        yield Page(f"{DEPARTMENTS}/{files[place]}", page)


def _index(neat: Result, look: Look) -> str:
    pages = {at: f"{DEPARTMENTS}/{name}" for at, name in enumerate(page_names(_everyone(neat)))}
    with speaking(look.language):
        return _render("index.html", index_page(neat, pages), look)


def _executive(neat: Result, look: Look) -> str:
    with speaking(look.language):
        return _render("executive.html", executive_page(neat, _links_beside_index(neat)), look)


def _evidence(neat: Result, look: Look) -> str:
    with speaking(look.language):
        return _render("evidence.html", evidence_page(neat, _links_beside_index(neat), look.templates), look)


def _department(neat: Result, department: DepartmentUse, links: Links, look: Look) -> str:
    with speaking(look.language):
        return _render("department.html", department_page(neat, department, links), look)


def _everyone(result: Result) -> tuple[DepartmentUse, ...]:
    return (*result.departments, *result.divisions)


def page_links(neat: Result) -> Links:
    """Give the addresses of all pages, relative to a department's page; a division's page lies beside them."""
    files = page_names(_everyone(neat))
    departments = {one.name: name for one, name in zip(neat.departments, files, strict=False)}
    divisions = {one.name: name for one, name in zip(neat.divisions, files[len(neat.departments) :], strict=True)}
    return Links("../index.html", departments, divisions)


def _links_beside_index(neat: Result) -> Links:
    links = page_links(neat)
    return Links(
        "index.html",
        {name: f"{DEPARTMENTS}/{page}" for name, page in links.departments.items()},
        {name: f"{DEPARTMENTS}/{page}" for name, page in links.divisions.items()},
    )


def page_names(departments: Sequence[DepartmentUse]) -> list[str]:
    """Give a file name for each department's page: its slug, made harmless and unique whatever the result says."""
    taken: dict[str, int] = {}
    names = []
    for department in departments:
        stem = re.sub(r"[^a-z0-9]+", "-", department.slug.lower()).strip("-")[:80] or "department"
        name = stem
        while name in taken:  # the count goes on where it stood, for ten thousand departments of one slug
            taken[stem] += 1
            name = f"{stem}-{taken[stem]}"
        taken[name] = 1
        names.append(f"{name}.html")
    return names


@lru_cache(maxsize=8)
def environment(own: Path | None = None) -> Environment:
    """Give the Jinja environment: everything escaped, undefined names and unknown values are errors.

    Templates in the folder `own` stand in for the shipped ones of the same name.
    """
    env = Environment(
        loader=FileSystemLoader([*([own] if own else []), resources.templates()]),
        bytecode_cache=CompiledTemplates(),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_known,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        extensions=["jinja2.ext.i18n"],
    )
    env.policies["ext.i18n.trimmed"] = True
    install = getattr(env, "install_gettext_callables")  # noqa: B009  # added by the extension, out of a type checker's sight
    install(translated, translated_count, newstyle=True)
    env.filters.update(number=number, quoted=_quoted)
    env.globals.update(script=script(env))
    return env


def _render(template: str, page: DataclassInstance, look: Look) -> str:
    context = {
        **{field.name: getattr(page, field.name) for field in fields(page)},
        "language": look.language.code,
        "brand": look.brand,
    }
    try:
        return environment(look.templates).get_template(template).render(context)
    except (TemplateError, TypeError, ValueError) as error:
        if look.templates is None:
            raise
        raise UsageError(f"a template does not work: {type(error).__name__}: {error}", where=look.templates) from error


def _quoted(told: str) -> Markup:
    """Say a sentence of the document; one that nobody knows is marked as English, for whoever listens to the page."""
    said = phrase(told)
    return escape(said) if said is not None else Markup('<span lang="en">{}</span>').format(told)


def _known(value: _Value) -> _Value:
    if value is None:
        message = "an unknown value reached a template without a word for it"
        raise ValueError(message)
    return value
