"""Every language says everything: whole catalogues, no text past them, numbers and dates as Unicode's CLDR has them."""

from __future__ import annotations

import re
from datetime import date
from string import Formatter
from typing import TYPE_CHECKING

import openpyxl
import pytest
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent
from hypothesis import given
from hypothesis import strategies as st
from support.catalogues import TRANSLATED, messages, update
from support.hostile import Page, replaced
from support.marked import MARKED, SHOWN, greek, outside, without_laws
from support.report_world import world
from support.results import EXAMPLES

from shadowai.delivery.body import Extras, department_body, digest_body
from shadowai.delivery.mail_html import html
from shadowai.delivery.mail_text import plain_text
from shadowai.errors import UsageError
from shadowai.reports import text
from shadowai.reports.html import pages
from shadowai.reports.language import ENGLISH, speaking
from shadowai.reports.languages import catalogue, codes, language
from shadowai.reports.look import Brand, Look
from shadowai.reports.markdown import summary_markdown
from shadowai.reports.naming import is_unknown, unknown_named
from shadowai.reports.tidying import tidy
from shadowai.reports.xlsx import write_workbook
from shadowai.verdicts import UNKNOWN_DEPARTMENT

if TYPE_CHECKING:
    from pathlib import Path

    from babel.messages.catalog import Message

    from shadowai.result import Result


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_catalogue_has_every_message_and_no_other(code: str, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        update(code)
    wanted = {message.id for message in messages() if message.id}
    known = {message.id: message for message in catalogue(code) if message.id}
    assert wanted - set(known) == set(), "pytest --update-golden adds them, and a person translates them"
    assert set(known) - wanted == set(), "pytest --update-golden takes them out"
    assert [one for one, message in known.items() if message.fuzzy or not all(_said(message))] == []


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_translation_has_the_places_of_its_message(code: str) -> None:
    for message in catalogue(code):
        if message.id:
            wanted = _places(message.id if isinstance(message.id, str) else message.id[1])
            assert {_places(said) for said in _said(message)} == {wanted}, message.id


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_translation_keeps_the_white_space_and_brings_no_markup(code: str) -> None:
    for message in catalogue(code):
        for said in _said(message) if message.id else ():
            assert said == said.strip(), message.id
            assert not re.search(r"[<>]|&(?!amp;)", said), message.id


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_forms_of_a_number_are_those_of_the_language(code: str) -> None:
    said = language(code).catalogue.ngettext("{number} person", "{number} people", 0)
    one = language(code).catalogue.ngettext("{number} person", "{number} people", 1)
    assert (said == one) == (code == "fr")  # none is singular in French, and plural in German (CLDR, plural rules)


def _said(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def _places(message: str) -> frozenset[str]:
    named = re.findall(r"%\((\w+)\)s", message)
    return frozenset(named or [name for _, name, _, _ in Formatter().parse(message) if name])


def test_languages_are_found_by_any_spelling() -> None:
    assert codes()[0] == "en"
    assert {"de", "fr"} <= set(codes())
    assert language("EN_gb.UTF-8") is ENGLISH
    for spelling in ("de", "de-AT", "de_DE.UTF-8", " DE "):
        assert language(spelling).code == "de"
    with pytest.raises(UsageError, match="no language 'klingon'; there are en, de, fr"):
        language("klingon")
    with pytest.raises(UsageError, match="no language"):
        language("../de")


@pytest.mark.parametrize("code", codes())
@given(number=st.integers(0, 10**15), tenths=st.integers(0, 10**7))
def test_numbers_are_written_as_unicode_has_them(code: str, number: int, tenths: int) -> None:
    with speaking(language(code)):
        assert text.number(number) == format_decimal(number, locale=code)
        assert text.decimal(tenths / 10) == format_decimal(tenths / 10, "#,##0.0", locale=code)
        assert text.percent(float(number)) == format_percent(number / 100, locale=code)


@pytest.mark.parametrize("code", codes())
@given(day=st.dates(date(1970, 1, 1), date(2100, 1, 1)))
def test_dates_are_written_as_unicode_has_them(code: str, day: date) -> None:
    wanted = format_date(day, "long", locale="en_GB" if code == "en" else code)
    if code == "fr" and day.day == 1:
        wanted = wanted.replace("1 ", "1er ", 1)  # the ordinal of French, which CLDR leaves to the writer
    with speaking(language(code)):
        assert text.day(day) == wanted
        assert text.span(day.isoformat(), day.isoformat()) == wanted


@pytest.mark.parametrize(
    ("code", "span", "during", "longer"),
    [
        ("en", "3\u20139 November 2026", "from 3 to 9 November 2026", "28 October \u2013 1 November 2026"),
        ("de", "3.\u20139. November 2026", "vom 3. bis 9. November 2026", "28. Oktober \u2013 1. November 2026"),
        ("fr", "3\u20139 novembre 2026", "du 3 au 9 novembre 2026", "28 octobre \u2013 1er novembre 2026"),
    ],
)
def test_periods(code: str, span: str, during: str, longer: str) -> None:
    with speaking(language(code)):
        assert text.span("2026-11-03", "2026-11-09") == span
        assert text.during("2026-11-03", "2026-11-09") == during
        assert text.span("2026-10-28", "2026-11-01") == longer


def test_sizes_and_shares() -> None:
    told = {}
    for code in codes():
        with speaking(language(code)):
            told[code] = (text.size(1_234_567_890), text.size(640), text.share(1, 8), text.percent(0.04))
    assert told == {
        "en": ("1.2 GB", "640 B", "13%", "under 0.1%"),
        "de": ("1,2 GB", "640 B", "13\u00a0%", "unter 0,1\u00a0%"),
        "fr": ("1,2 Go", "640 o", "13\u00a0%", "moins de 0,1\u00a0%"),
    }


@pytest.mark.parametrize("make", [world, *EXAMPLES.values()])
def test_no_text_of_a_page_goes_past_the_catalogues(make: type[Result]) -> None:
    result = replaced(make(), greek)
    for page in pages(result, Look(MARKED)):
        seen = Page(re.sub(r"<code>.*?</code>", "", page.html))
        told = seen.text if page.path != "evidence.html" else without_laws(seen.text)
        shown = [told, *(value for name, value in seen.attributes() if name in SHOWN)]
        assert [words for told in shown for words in outside(told)] == [], page.path
    assert list(outside(summary_markdown(result, Look(MARKED)).replace("`result.json`", ""))) == []


@pytest.mark.parametrize("make", [world, *EXAMPLES.values()])
def test_no_text_of_a_mail_goes_past_the_catalogues(make: type[Result]) -> None:
    result = tidy(replaced(make(), greek))
    extras = Extras("", ["\u03b1"], "\u03b2")
    look = Look(MARKED, brand=Brand(contact="\u03b3"))
    bodies = [digest_body(result, look, extras)]
    bodies += [department_body(result, one, look, extras) for one in (*result.departments, *result.divisions)]
    for body in bodies:
        with speaking(MARKED):
            shown = " ".join(plain_text(body).split())
            assert list(outside(shown)) == []
            assert list(outside(Page(html(body)).text)) == []


@pytest.mark.parametrize("make", [world, *EXAMPLES.values()])
def test_no_heading_of_a_workbook_goes_past_the_catalogues(make: type[Result], tmp_path: Path) -> None:
    write_workbook(replaced(make(), greek), tmp_path / "report.xlsx", Look(MARKED))
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    told = [sheet.title for sheet in book.worksheets]  # cut to the 31 letters of a title
    assert [one for one in told if not one.startswith("\u27e6")] == []
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows(values_only=True) for cell in row]
    assert [words for cell in cells if isinstance(cell, str) for words in outside(cell)] == []


def test_the_department_that_nobody_knows_is_named_in_the_language() -> None:
    made = {page.path: page.html for page in pages(world(), Look(language("de")))}
    assert "Unknown department" not in "".join(made.values())
    assert "Abteilung unbekannt" in made["departments/unknown-department.html"]
    assert "in 6 Abteilungen und einer unbekannten" in made["index.html"]
    spot = world().blind_spots[0].model_copy(update={"departments": (UNKNOWN_DEPARTMENT, "Legal")})
    base = world().model_copy(update={"blind_spots": (spot,), "change": None})
    with speaking(language("fr")):
        named = unknown_named(base)
        assert [one.departments for one in named.blind_spots] == [("Unité inconnue", "Legal")]
        assert named.change is None
        assert is_unknown(named.departments[-1].name)
    assert unknown_named(base) is base
