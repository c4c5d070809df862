"""The templates' documentation names what the code gives, and the templates use all of it and nothing else."""

import re
import types
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import get_args, get_type_hints

import pytest
from jinja2 import Environment, meta

from shadowai import resources
from shadowai.reports.html import environment

NOT_CONTEXT = {"parts", "own"}  # imported macros; the environment's own globals are left out too


def page_types() -> dict[str, type]:
    """Find the context of every page: `DepartmentPage` of department_page.py for department.html, and so on."""
    found = {}
    for path in sorted(resources.templates().glob("*.html")):
        if '{% extends "base.html" %}' in path.read_text(encoding="utf-8"):
            name = f"{path.stem.title()}Page"
            homes = [
                import_module(f"shadowai.reports.{path.stem}_{end}")
                for end in ("page", "pack")
                if exists(path.stem, end)
            ]
            found[path.name] = getattr(homes[0], name)
    return found


def exists(stem: str, end: str) -> bool:
    return (resources.templates().parents[1] / "shadowai" / "reports" / f"{stem}_{end}.py").is_file()


def inside(hint: object) -> Iterator[type]:
    """Give the dataclasses that a type is made of, those inside them too."""
    if isinstance(hint, type) and is_dataclass(hint):
        yield hint
        for found in get_type_hints(hint).values():
            yield from inside(found)
    for part in get_args(hint) if not isinstance(hint, types.EllipsisType) else ():
        yield from inside(part)


PAGES = page_types()
VIEWS = {view.__name__: view for page in PAGES.values() for view in inside(page)}


def documented() -> dict[str, list[str]]:
    """Give the keys of each heading of README.md."""
    found: dict[str, list[str]] = {}
    heading = ""
    for line in (resources.templates() / "README.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            heading = line.rpartition(" ")[2].strip("`")
            found[heading] = []
        elif key := re.match(r"\| `(\w+)` \| \S", line):
            found[heading].append(key[1])
    return found


@pytest.mark.parametrize("name", VIEWS)
def test_documented_keys_are_the_real_keys(name: str) -> None:
    assert documented().get(name) == [field.name for field in fields(VIEWS[name])]


def test_nothing_else_is_documented() -> None:
    assert set(documented()) == set(VIEWS)


@pytest.mark.parametrize("template", PAGES)
def test_templates_use_their_whole_context_and_nothing_else(template: str) -> None:
    env: Environment = environment()
    sources = [(resources.templates() / name).read_text(encoding="utf-8") for name in (template, "base.html")]
    used = set().union(*(meta.find_undeclared_variables(env.parse(source)) for source in sources))
    given = {field.name for field in fields(PAGES[template])}
    assert given <= used
    rendered = {"language", "brand", "_", "gettext", "ngettext"}
    assert used - given <= NOT_CONTEXT | rendered | set(env.globals)


@pytest.mark.parametrize("name", VIEWS)
def test_templates_show_every_field_of_a_view(name: str) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(resources.templates().glob("*.html")))
    unused = [field.name for field in fields(VIEWS[name]) if not re.search(rf"\.{field.name}\b|\b{field.name}\b", text)]
    assert not unused
