"""Compiled templates are kept between runs, and never in the place of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jinja2 import Environment, FileSystemLoader

from shadowai.reports.compiled import CompiledTemplates

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder in which they are kept, still empty."""
    monkeypatch.setenv("SHADOWAI_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Give the place of a template."""
    (tmp_path / "templates").mkdir()
    return tmp_path / "templates" / "page.html"


def rendered(page: Path) -> str:
    env = Environment(loader=FileSystemLoader(page.parent), autoescape=True, bytecode_cache=CompiledTemplates())
    return env.get_template(page.name).render(name="<A&D>")


def test_a_second_run_compiles_nothing(page: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page.write_text("Hello {{ name }}", encoding="utf-8")
    first = rendered(page)
    assert [path.name.partition("-")[0] for path in kept.iterdir()] == ["template"]
    monkeypatch.delattr(Environment, "_generate")
    assert rendered(page) == first == "Hello &lt;A&amp;D&gt;"


def test_a_template_that_was_edited_is_compiled_anew(page: Path) -> None:
    page.write_text("Hello {{ name }}", encoding="utf-8")
    rendered(page)
    page.write_text("Bye {{ name }}", encoding="utf-8")
    assert rendered(page) == "Bye &lt;A&amp;D&gt;"


def test_another_version_compiles_anew(page: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page.write_text("Hello {{ name }}", encoding="utf-8")
    rendered(page)
    monkeypatch.setattr("shadowai.reports.compiled.__version__", "999")
    rendered(page)
    assert len(list(kept.iterdir())) == 2


@pytest.mark.parametrize("content", [b"", b"shadowai-cache 1 nonsense", b"\x00" * 100])
def test_what_is_damaged_is_made_anew(page: Path, kept: Path, content: bytes) -> None:
    page.write_text("Hello {{ name }}", encoding="utf-8")
    rendered(page)
    for path in kept.iterdir():
        path.write_bytes(content)
    assert rendered(page) == "Hello &lt;A&amp;D&gt;"


def test_without_a_cache_folder_pages_are_rendered_all_the_same(page: Path, kept: Path) -> None:
    kept.write_text("a file where the folder should be", encoding="utf-8")
    page.write_text("Hello {{ name }}", encoding="utf-8")
    assert rendered(page) == "Hello &lt;A&amp;D&gt;"
