"""How a report looks and speaks: its language, the house's own templates, and its brand."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shadowai.errors import UsageError
from shadowai.reports.language import ENGLISH, Language

if TYPE_CHECKING:
    from pathlib import Path

MAX_LOGO = 200_000  # bytes; it is inside every page, which are sent by mail
LEAST_CONTRAST = 4.5  # to one, WCAG 2.2 success criterion 1.4.3

_GROUNDS = {"accent": ("#f5f7f9", "the light page"), "accent_dark": ("#1b2129", "the dark page")}  # tints in style.css
_COLOUR = re.compile(r"#[0-9a-f]{6}", re.ASCII)
_PNG = b"\x89PNG\r\n\x1a\n"
_SVG = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*|<!--(?:(?!-->).)*-->\s*|<!DOCTYPE[^>\[]*>\s*)*<svg[\s>]", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Brand:
    """What makes a report the house's own; an empty text where nothing is set.

    `logo` is a data URI. `accent` and `accent_dark` are colours (`#rrggbb`) of links and headings on the light and on
    the dark page. `contact` says whom to ask.
    """

    name: str = ""
    logo: str = ""
    contact: str = ""
    accent: str = ""
    accent_dark: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """A language, a folder whose templates stand in for the shipped ones of the same name, and a brand."""

    language: Language = ENGLISH
    templates: Path | None = None
    brand: Brand = field(default_factory=Brand)


PLAIN = Look()
"""English, as shipped."""


def checked_templates(folder: Path) -> Path:
    """Give a folder of templates; UsageError where it is none or holds nothing that could stand in."""
    if not folder.is_dir():
        raise UsageError("is no folder; --templates names one with templates of your own", where=folder)
    return folder


def checked_colour(name: str, value: str) -> str:
    """Give a colour in lower case; UsageError where it is none, or cannot be read on its page."""
    colour = value.lower()
    if not _COLOUR.fullmatch(colour):
        raise UsageError(f"{value!r} is no colour; write it as #rrggbb", where=f"branding.{name}")
    ground, page = _GROUNDS[name]
    ratio = contrast(colour, ground)
    if ratio < LEAST_CONTRAST:
        problem = (
            f"{value} has a contrast of {ratio:.1f} to 1 with {page}; text needs {LEAST_CONTRAST} to 1 (WCAG 1.4.3)"
        )
        raise UsageError(problem, where=f"branding.{name}")
    return colour


def logo(path: Path) -> str:
    """Give a PNG or SVG as a data URI; UsageError where it is neither, or too large.

    It is shown by an `img` element, in which an SVG neither runs scripts nor fetches anything (SVG Integration,
    section 3.2, "secure static mode").
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_LOGO + 1)
    except OSError as error:
        raise UsageError(f"the logo cannot be read: {error.strerror or error}", where=path) from error
    if len(content) > MAX_LOGO:
        raise UsageError(f"the logo has more than {MAX_LOGO:,} bytes; it is inside every page", where=path)
    if not content.startswith(_PNG) and not _SVG.match(content):
        raise UsageError("the logo is neither a PNG nor a plain SVG", where=path)
    kind = "image/png" if content.startswith(_PNG) else "image/svg+xml"
    return f"data:{kind};base64,{b64encode(content).decode()}"


def contrast(one: str, other: str) -> float:
    """Give the contrast ratio of two colours (WCAG 2.2, "contrast ratio"), from 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    """Undo the gamma of sRGB, by the constants of WCAG's "relative luminance"."""
    near_black = 0.04045
    return part / 12.92 if part <= near_black else ((part + 0.055) / 1.055) ** 2.4
