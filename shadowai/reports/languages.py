"""The languages that reports are written in: English, and one gettext catalogue each in the folder `locale`.

Catalogues are read as the `.po` files that translators write, so that there is no compiled file to go stale and nothing
to build; how numbers, percentages and months are written is Babel's (Unicode CLDR).
"""

from __future__ import annotations

import io
from functools import cache
from gettext import GNUTranslations
from importlib import resources
from typing import TYPE_CHECKING

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from shadowai.errors import unknown_name
from shadowai.reports.language import A4, ENGLISH, Language

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from babel.messages.catalog import Catalog


def codes() -> tuple[str, ...]:
    """List the codes of the languages, English first."""
    found = sorted(name.removesuffix(".po") for name in (one.name for one in _folder().iterdir()) if name[-3:] == ".po")
    return (ENGLISH.code, *found)


@cache
def language(code: str) -> Language:
    """Give the language of a code, such as `de`, `de-AT` or `de_DE.UTF-8`; UsageError where there is none."""
    name = code.strip().lower().replace("_", "-").partition(".")[0].partition("-")[0]
    if name == ENGLISH.code:
        return ENGLISH
    if name not in codes():
        raise unknown_name("language", code, codes(), f"there are {', '.join(codes())}")
    return _written(name, GNUTranslations(_compiled(catalogue(name))))


def catalogue(name: str) -> Catalog:
    """Read the catalogue of a language."""
    with (_folder() / f"{name}.po").open("rb") as file:
        return read_po(file, locale=name)


def _folder() -> Traversable:
    return resources.files("shadowai.reports") / "locale"


def _compiled(messages: Catalog) -> io.BytesIO:
    compiled = io.BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return compiled


def _written(name: str, messages: GNUTranslations) -> Language:
    locale = Locale.parse(name)
    symbols = locale.number_symbols["latn"]
    months = locale.months["format"]
    return Language(
        code=name,
        catalogue=messages,
        group=symbols["group"],
        decimal=symbols["decimal"],
        percent=locale.percent_formats[None].pattern.replace("#,##0", "{}"),
        months=tuple(months["wide"][month] for month in range(1, 13)),
        short_months=tuple(months["abbreviated"][month] for month in range(1, 13)),
        paper=A4,  # as Unicode's CLDR has it for their countries; English is read in both worlds
    )
