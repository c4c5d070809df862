"""Language, templates and brand: what is taken, what is refused and why, and that a page shows it."""

from __future__ import annotations

import base64
import struct
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hostile import Page
from support.report_world import world

from shadowai import resources
from shadowai.errors import UsageError
from shadowai.reports.html import render_department, render_index
from shadowai.reports.look import MAX_LOGO, Brand, Look, checked_colour, checked_templates, contrast, logo

if TYPE_CHECKING:
    from pathlib import Path

SVG = b'<?xml version="1.0"?>\n<!-- made by hand -->\n<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "kind"), [(png(), "image/png"), (SVG, "image/svg+xml"), (b"<svg>", "image/svg+xml")]
)
def test_a_logo_is_inside_the_page(tmp_path: Path, content: bytes, kind: str) -> None:
    (tmp_path / "logo").write_bytes(content)
    head, _, data = logo(tmp_path / "logo").partition(",")
    assert head == f"data:{kind};base64"
    assert base64.b64decode(data) == content


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"GIF89a", "neither a PNG nor a plain SVG"),
        (b"", "neither a PNG nor a plain SVG"),
        (b"<!DOCTYPE svg [<!ENTITY a 'aaa'>]><svg>&a;</svg>", "neither a PNG nor a plain SVG"),
        (b"<html><svg>", "neither a PNG nor a plain SVG"),
        (b"\x89PNG\r\n\x1a\n" + bytes(MAX_LOGO), "more than 200,000 bytes"),
        (None, "cannot be read: No such file"),
    ],
)
def test_what_is_no_logo_is_refused(tmp_path: Path, content: bytes | None, problem: str) -> None:
    if content is not None:
        (tmp_path / "logo").write_bytes(content)
    with pytest.raises(UsageError, match=problem):
        logo(tmp_path / "logo")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_logo_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "logo"
    for start in (b"", b"<!--", b"<?xml", b" \n"):
        path.write_bytes(start + content)
        with suppress(UsageError):
            assert logo(path).startswith("data:image/")


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # the known grey that just fails AA
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


def test_colours_that_cannot_be_read_are_refused() -> None:
    assert checked_colour("accent", "#1F5F8B") == "#1f5f8b"
    assert checked_colour("accent_dark", "#7cc0ee") == "#7cc0ee"
    for name, value in (("accent", "#ffff00"), ("accent_dark", "#000080")):
        with pytest.raises(UsageError, match=r"contrast of \d\.\d to 1 with the (light|dark) page"):
            checked_colour(name, value)
    for value in ("red", "#fff", "#12345g", "#1f5f8b;}", ""):
        with pytest.raises(UsageError, match="is no colour; write it as #rrggbb"):
            checked_colour("accent", value)


def test_the_grounds_of_the_contrast_are_those_of_the_style_sheet() -> None:
    css = (resources.templates() / "style.css").read_text(encoding="utf-8")
    light, _, dark = css.partition("@media screen and (prefers-color-scheme: dark)")
    assert "--tint: #f5f7f9;" in light
    assert "--tint: #1b2129;" in dark


def test_a_page_shows_the_brand_and_nothing_of_it_does_anything() -> None:
    brand = Brand(
        name="<b>Harbour</b>", logo="data:image/png;base64,AAAA", contact='"><script>x</script>', accent="#123456",
        accent_dark="#abcdef",
    )  # fmt: skip
    plain, html = render_index(world()), render_index(world(), Look(brand=brand))
    page = Page(html)
    assert {tag for tag, _ in page.tags} - {tag for tag, _ in Page(plain).tags} == {"img"}
    assert [attrs["src"] for tag, attrs in page.tags if tag == "img"] == [brand.logo]
    assert [attrs["alt"] for tag, attrs in page.tags if tag == "img"] == ["<b>Harbour</b>"]
    assert '"><script>x</script>' in page.text
    assert "--accent: #123456" in html
    assert "--accent: #abcdef" in html
    assert "img" not in {tag for tag, _ in Page(plain).tags}


def test_own_templates_stand_in_for_the_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(
        '{% extends "base.html" %}{% block main %}<p>Ours: {{ headline }}</p>{% endblock %}', encoding="utf-8"
    )
    look = Look(templates=checked_templates(tmp_path))
    assert "<p>Ours: 135 people" in render_index(world(), look)
    assert render_department(world(), world().departments[0], look) == render_department(
        world(), world().departments[0]
    )


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{{ nothing }}", "UndefinedError: 'nothing' is undefined"),
        ("{% if %}", "TemplateSyntaxError"),
        ("{{ 1 + headline }}", "TypeError"),
        ('{% include "../../../etc/passwd" %}', "TemplateNotFound"),
    ],
)
def test_a_template_that_does_not_work_is_the_users_to_mend(tmp_path: Path, template: str, problem: str) -> None:
    (tmp_path / "index.html").write_text(template, encoding="utf-8")
    with pytest.raises(UsageError, match=f"a template does not work: {problem}"):
        render_index(world(), Look(templates=tmp_path))


def test_a_folder_of_templates_has_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no folder"):
        checked_templates(tmp_path / "none")
