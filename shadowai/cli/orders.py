"""The options that order a report: its formats, its language, its templates; and the order that the settings make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from shadowai.cli.options import FILE
from shadowai.reports.language import ENGLISH, Language
from shadowai.reports.look import Brand, Look, checked_colour, checked_templates, logo
from shadowai.reports.order import FORMATS, STANDARD, Order
from shadowai.reports.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from shadowai.config import Branding, Settings


class Formats(click.ParamType[tuple[str, ...]]):
    """Formats as one option, with commas between them."""

    name = "formats"

    def convert(
        self,
        value: Any,  # noqa: ANN401  # click's own signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, ...]:
        """Read the option's text."""
        names = tuple(dict.fromkeys(part.strip().lower() for part in value.split(",") if part.strip()))
        unknown = [name for name in names if name not in FORMATS]
        if unknown or not names:
            self.fail(f"{', '.join(unknown) or 'nothing'} is no format; there are {', '.join(FORMATS)}", param, ctx)
        return names


def orders(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options; their values are in its settings (see `ordered`)."""
    for add in (
        click.option("--templates", type=FILE, help="Folder of report templates of your own."),
        click.option("--lang", "language", metavar="CODE", help="Language of the report: en, de, fr [default: en]."),
        click.option(
            "--formats",
            type=Formats(),
            metavar="LIST",
            help=f"Of {','.join(FORMATS)} [default: {','.join(STANDARD)}].",
        ),
    ):
        command = add(command)
    return command


def ordered(chosen: Settings, department: str | None = None) -> Order:
    """Make the order of the settings; UsageError for what could not be written, before any work is done."""
    standard = tuple(name for name in STANDARD if department is None or name != "json")
    formats = tuple(chosen.formats) if chosen.formats else standard
    look = Look(
        language=_language(chosen.language),
        templates=checked_templates(chosen.templates) if chosen.templates else None,
        brand=_brand(chosen.branding),
    )
    return Order(formats, look, department).checked()


def _language(code: str) -> Language:
    if code == ENGLISH.code:
        return ENGLISH
    from shadowai.reports.languages import language  # brings Babel, which English never needs

    return language(code)


def _brand(branding: Branding) -> Brand:
    return Brand(
        name=clean(branding.name),
        logo=logo(branding.logo) if branding.logo else "",
        contact=clean(branding.contact),
        accent=checked_colour("accent", branding.accent) if branding.accent else "",
        accent_dark=checked_colour("accent_dark", branding.accent_dark) if branding.accent_dark else "",
    )
