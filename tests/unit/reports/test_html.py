import base64
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.hostile import ATTACKS, Page, poisoned
from support.report_world import world

from shadowai import resources
from shadowai.reports.duties import duties
from shadowai.reports.html import _known, environment, page_names, render_evidence, render_executive, render_index
from shadowai.reports.html import pages as all_pages
from shadowai.result import Result

LINK = r"data:,|#[a-z0-9-]+|(\.\./)?(index|executive|evidence)\.html|(departments/)?[a-z0-9-]+\.html"
Examples = Mapping[str, Callable[[], Result]]
NAMES = ["small", "empty", "one", "quiet", "unknown", "forty", "sixty", "long"]


def laws() -> set[str]:
    """Give the addresses of laws and standards, which a reader may follow: the only ones that leave a report."""
    return {framework.link for framework in duties().frameworks.values()}


def pages(result: Result) -> list[str]:
    return [page.html for page in all_pages(result)]


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_hostile_gets_out_of_its_text(attack: str) -> None:
    clean, bad = world(), poisoned(world(), attack)
    known = {tag for html in pages(clean) for tag, _ in Page(html).tags}
    assert not {"iframe", "img", "object", "embed", "form", "base"} & known
    for html in pages(bad):
        page = Page(html)
        assert {tag for tag, _ in page.tags} <= known
        assert [tag for tag, _ in page.tags].count("script") == 1
        assert not [name for name, _ in page.attributes() if name.startswith("on") or name == "autofocus"]
        assert not page.comments
        assert not page.unbalanced
        assert not page.stack
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", html)


@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if attack.isprintable()])
def test_the_attack_is_shown_as_the_text_it_is(attack: str) -> None:
    for html in pages(poisoned(world(), attack)):
        assert attack in Page(html).text


@settings(max_examples=15)
@given(st.text(max_size=300))
def test_any_text_renders(examples: Examples, raw: str) -> None:
    for html in pages(poisoned(examples["quiet"](), raw)):
        assert html.encode()
        page = Page(html)
        assert not page.stack
        assert not page.unbalanced


@pytest.mark.parametrize("name", NAMES)
def test_pages_are_sound_and_self_contained(examples: Examples, name: str) -> None:
    for html in pages(examples[name]()):
        assert html.startswith('<!DOCTYPE html>\n<html lang="en">')
        page = Page(html)
        assert not page.unbalanced
        assert not page.stack
        assert "None" not in page.text.replace("None was seen", "")
        for attribute, value in page.attributes():
            if attribute in ("src", "href", "action", "srcset", "poster", "data", "xlink:href"):
                assert re.fullmatch(LINK, value) or ("evidence" in html and value in laws())
        assert "@import" not in html
        assert set(re.findall(r"url\(([^)]*)\)", html)) <= {
            "#" + pattern for pattern in re.findall(r'id="([^"]+)"', html)
        }


@pytest.mark.parametrize("name", NAMES)
def test_pages_can_be_read_by_everyone(examples: Examples, name: str) -> None:
    for html in pages(examples[name]()):
        page = Page(html)
        count = Counter(tag for tag, _ in page.tags)
        assert (count["h1"], count["main"], count["header"], count["footer"], count["title"] >= 1) == (1, 1, 1, 1, True)
        levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
        assert all(after - before <= 1 for before, after in pairwise(levels))
        assert all("scope" in attrs for tag, attrs in page.tags if tag == "th")
        assert count["table"] == count["caption"]
        ids = [value for attribute, value in page.attributes() if attribute == "id"]
        assert len(ids) == len(set(ids))
        named = [value for attribute, value in page.attributes() if attribute in ("aria-labelledby", "for")]
        assert set(named) <= set(ids)
        assert all(attrs.get("aria-hidden") == "true" or attrs.get("role") == "img" for attrs in page.drawings)


def test_content_security_policy(examples: Examples) -> None:
    for html in pages(examples["small"]()):
        page = Page(html)
        metas = [attrs for tag, attrs in page.tags if tag == "meta"]
        (policy,) = [attrs["content"] for attrs in metas if attrs.get("http-equiv") == "Content-Security-Policy"]
        assert policy is not None
        told = dict(one.strip().split(" ", 1) for one in policy.split(";"))
        digest = base64.b64encode(hashlib.sha256("".join(page.scripts).encode()).digest()).decode()
        assert told == {
            "default-src": "'none'",
            "style-src": "'unsafe-inline'",
            "script-src": f"'sha256-{digest}'",
            "img-src": "data:",
            "base-uri": "'none'",
            "form-action": "'none'",
        }


def test_index_links_to_every_department(examples: Examples) -> None:
    result = examples["forty"]()
    links = {value for name, value in Page(render_index(result)).attributes() if name == "href" and "/" in value}
    expected = {f"departments/{one.slug}.html" for one in result.departments}
    assert links == expected


def test_file_names_of_departments_are_harmless_and_unique(examples: Examples) -> None:
    base = examples["one"]().departments[0]
    slugs = ["../../etc/passwd", "Sales", "sales", "", "\u0130\x00", "..", "a" * 500, "sales-2", "sales"]
    names = page_names([base.model_copy(update={"slug": slug}) for slug in slugs])
    assert names[:6] == [
        "etc-passwd.html",
        "sales.html",
        "sales-2.html",
        "department.html",
        "i.html",
        "department-2.html",
    ]
    assert len(names[6]) < 100
    assert names[7:] == ["sales-2-2.html", "sales-3.html"]


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_colours_keep_the_contrast_of_wcag_aa(dark: bool) -> None:  # noqa: FBT001  # a case of the test
    css = (resources.templates() / "style.css").read_text(encoding="utf-8")
    themes = css.split("@media screen and (prefers-color-scheme: dark)")
    colour = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", themes[dark].partition("}")[0]))
    for name in ("ink", "soft", "accent"):
        assert contrast(colour[name], colour["ground"]) >= 4.5
        assert contrast(colour[name], colour["tint"]) >= 4.5
    for status in ("sanctioned", "tolerated", "under-review", "unsanctioned", "prohibited"):
        assert contrast(colour[status], colour[f"{status}-tint"]) >= 4.5
        assert contrast(colour[f"{status}-fill"], colour["ground"]) >= 3
    for shade in "abcde":
        assert contrast(colour["ink"], colour[f"heat-{shade}"]) >= 4.5


def test_a_slug_of_ten_thousand_departments_takes_no_quadratic_time(examples: Examples) -> None:
    base = examples["one"]().departments[0]
    names = page_names([base] * 10_000)
    assert len(set(names)) == 10_000
    assert names[-1] == "board-10000.html"


def test_templates_escape_and_refuse_what_is_unknown() -> None:
    with pytest.raises(ValueError, match="unknown value"):
        _known(None)
    assert environment().from_string("{{ x }}").render(x="<") == "&lt;"


def test_a_period_that_nobody_knows_is_not_shown(examples: Mapping[str, Callable[[], Result]]) -> None:
    for render in (render_index, render_executive, render_evidence):
        html = render(examples["empty"]())
        assert 'class="period"' not in html
        assert re.search(r"<title>[^<\u2013]+</title>", html)
