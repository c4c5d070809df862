import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowai import resources
from shadowai.reports import render_department, render_index
from shadowai.reports.html import _known, environment, page_names
from shadowai.result import Result

Examples = Mapping[str, Callable[[], Result]]
NAMES = ["small", "empty", "one", "quiet", "unknown", "forty", "sixty", "long"]
VOID = {"meta", "link", "br", "hr", "img", "input"}
ATTACKS = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "' autofocus onfocus=alert(1) x='",
    "javascript:alert(1)",
    "</title></style></svg><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "<!--",
    "]]><iframe src=//evil.example>",
    "\x00\x1b]0;owned\x07\u202e",
    "&lt;b&gt;",
]


class Page(HTMLParser):
    """A page as a browser's tokenizer sees it: tags in order, their attributes, the text outside of style."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.stack: list[str] = []
        self.comments: list[str] = []
        self.text = ""
        self.unbalanced: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if self.stack and self.stack[-1] == tag:
            self.stack.pop()
        else:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if "style" not in self.stack:
            self.text += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def attributes(self) -> Iterator[tuple[str, str]]:
        """Every attribute of every tag."""
        for _, attrs in self.tags:
            yield from ((name, value or "") for name, value in attrs.items())


def pages(result: Result) -> list[str]:
    return [render_index(result), *(render_department(result, one) for one in result.departments)]


def poison(value: object, attack: str, key: str = "") -> object:
    """Put an attack into every text that the model leaves free."""
    if isinstance(value, dict):
        return {name: poison(item, attack, name) for name, item in value.items()}
    if isinstance(value, list):
        return [poison(item, attack) for item in value]
    if isinstance(value, str) and key not in ("status", "risk", "roles"):
        return attack
    return value


def poisoned(result: Result, attack: str) -> Result:
    document = result.model_dump(by_alias=True, mode="json")
    bad = poison(document, attack)
    assert isinstance(bad, dict)
    for department, old in zip(bad["departments"], document["departments"], strict=True):
        for service, before in zip(department["services"], old["services"], strict=True):
            service["roles"] = before["roles"]
            service["id"] = attack + str(before["id"])
            service["days"] = [*service["days"], *before["days"]]
    for source in bad["sources"]:
        source["skipped"] = {attack: 3}
        source["warnings"] = [attack]
        source["error"] = attack
    return Result.model_validate(bad)


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_hostile_gets_out_of_its_text(examples: Examples, attack: str) -> None:
    clean, bad = examples["small"](), poisoned(examples["small"](), attack)
    known = {tag for html in pages(clean) for tag, _ in Page(html).tags}
    for html in pages(bad):
        page = Page(html)
        assert {tag for tag, _ in page.tags} <= known
        assert not {"script", "iframe", "img", "object", "embed", "form", "base"} & known
        assert not [name for name, _ in page.attributes() if name.startswith("on") or name == "autofocus"]
        assert not page.comments
        assert not page.unbalanced
        assert not page.stack
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", html)


@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if attack.isprintable()])
def test_the_attack_is_shown_as_the_text_it_is(examples: Examples, attack: str) -> None:
    for html in pages(poisoned(examples["small"](), attack)):
        assert attack in Page(html).text


@settings(max_examples=15, deadline=None)
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
                assert re.fullmatch(r"data:,|#[a-z-]+|departments/[a-z0-9-]+\.html", value)
        assert "@import" not in html
        assert "url(" not in html.replace("url(#stripes)", "")


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
        drawings = [attrs for tag, attrs in page.tags if tag == "svg"]
        assert all(attrs.get("aria-hidden") == "true" or attrs.get("role") == "img" for attrs in drawings)


def test_content_security_policy(examples: Examples) -> None:
    metas = [attrs for tag, attrs in Page(render_index(examples["empty"]())).tags if tag == "meta"]
    policies = [attrs["content"] for attrs in metas if attrs.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


def test_index_links_to_every_department(examples: Examples) -> None:
    result = examples["forty"]()
    links = {value for name, value in Page(render_index(result)).attributes() if name == "href" and value[0] == "d"}
    expected = {f"departments/{one.slug}.html" for one in result.departments}
    assert links - {"data:,"} == expected


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


def test_colours_keep_the_contrast_of_wcag_aa() -> None:
    css = (resources.templates() / "style.css").read_text(encoding="utf-8")
    colour = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", css))
    for name in ("ink", "soft", "accent"):
        assert contrast(colour[name], colour["ground"]) >= 4.5
        assert contrast(colour[name], colour["tint"]) >= 4.5
    for status in ("sanctioned", "tolerated", "under-review", "unsanctioned", "prohibited"):
        assert contrast(colour[status], colour[f"{status}-tint"]) >= 4.5
        assert contrast(colour[f"{status}-fill" if f"{status}-fill" in colour else status], colour["ground"]) >= 3
    shades = re.findall(r"\.heat-[1-5] \{ background: (#[0-9a-f]{6})", css)
    assert len(shades) == 5
    assert all(contrast(colour["ink"], shade) >= 4.5 for shade in shades)


def test_templates_escape_and_refuse_what_is_unknown() -> None:
    with pytest.raises(ValueError, match="unknown value"):
        _known(None)
    assert environment().from_string("{{ x }}").render(x="<") == "&lt;"
