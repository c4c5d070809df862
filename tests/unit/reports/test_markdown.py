"""summary.md, read by another library as GitHub reads it: what it says, and that no name in it does anything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from support.hostile import ATTACKS, poisoned
from support.report_world import world
from support.results import EXAMPLES

from shadowai.reports.languages import language
from shadowai.reports.look import Look
from shadowai.reports.markdown import code, safe, summary_markdown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

GITHUB = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def tokens(markdown: str) -> Iterator[Token]:
    for token in GITHUB.parse(markdown):
        yield token
        yield from token.children or ()


def kinds(markdown: str) -> set[str]:
    return {token.type for token in tokens(markdown)}


def plain(markdown: str) -> str:
    return "".join(token.content for token in tokens(markdown) if token.type in ("text", "code_inline"))


def test_it_says_what_matters() -> None:
    told = summary_markdown(world())
    for expected in (
        "**135 people in 6 departments and an unknown one used 16 AI services from 2 to 29 November 2026;",
        "| Customer Service | 28 of 61 people | 12 | at least 103 MB |",
        "| DeepSeek | Prohibited | Critical | 2 | 31 MB | Customer Service |",
        "- `logs/firewall/paloalto-2026-11.csv`: ends inside the gzip stream after 4,096 bytes",
        "- `api.brightquill-ai.example`",
    ):
        assert expected in told
    assert len(told.splitlines()) < 70
    assert kinds(told).isdisjoint({"html_inline", "html_block", "link_open", "image", "s_open"})


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_every_result_has_a_summary(name: str) -> None:
    told = summary_markdown(EXAMPLES[name]())
    assert told.startswith("# AI use report\n")
    assert "None" not in told
    assert len(told.splitlines()) < 90


def test_what_is_left_out_is_counted() -> None:
    told = summary_markdown(EXAMPLES["forty"]())
    assert "30 more are not listed." in told


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_hostile_gets_out_of_its_text(attack: str) -> None:
    told = summary_markdown(poisoned(world(), attack))
    assert kinds(told) <= kinds(summary_markdown(world())) | {"code_inline"}
    assert [token.type for token in GITHUB.parse(told)].count("heading_open") <= 9
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", told)
    unquoted = re.sub(r"`[^`]*`", "", told)
    assert not re.search(r"@\w|https?://|www\.|(?<!#)#\d", unquoted)


@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if attack.isprintable() and "`" not in attack])
def test_the_attack_is_shown_as_the_text_it_is(attack: str) -> None:
    assert attack.replace("|", "\u00a6") in plain(summary_markdown(poisoned(world(), attack))).replace("|", "\u00a6")


@given(st.text(alphabet=st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=60))
def test_any_name_is_one_text_in_a_cell(name: str) -> None:
    table = f"| a | b |\n| --- | --- |\n| {safe(name)} | {code(name)} |\n"
    found = kinds(table) - {"text", "code_inline", "inline"}
    assert found == {
        f"{part}_{end}" for part in ("table", "thead", "tbody", "tr", "th", "td") for end in ("open", "close")
    }
    cells = [token for token in GITHUB.parse(table) if token.type == "inline"]
    assert len(cells) == 4


@given(st.text(alphabet=st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=60))
def test_any_name_is_one_text_in_a_list(name: str) -> None:
    found = kinds(f"- {safe(name)}\n") - {"text", "code_inline", "inline", "paragraph_open", "paragraph_close"}
    assert found == {"bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"}


def test_a_name_of_nothing_is_a_dash() -> None:
    assert safe(" ") == "\u2013"
    assert code("") == "`\u2013`"


def test_it_speaks_the_language_of_the_look() -> None:
    told = summary_markdown(world(), Look(language("de")))
    assert "| Customer Service | 28 von 61 Personen | 12 | mindestens 103 MB |" in told
