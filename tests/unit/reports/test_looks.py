"""Colours keep the contrast of WCAG 2.2 AA in both themes: 1.4.3 for text, 1.4.11 for what is drawn."""

import re

import pytest

from shadowai import resources

STATUSES = ("sanctioned", "tolerated", "under-review", "unsanctioned", "prohibited")
TEXT, DRAWN = 4.5, 3.0


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def colours(theme: str) -> dict[str, str]:
    css = (resources.templates() / "style.css").read_text(encoding="utf-8")
    light, _, rest = css.partition("@media screen and (prefers-color-scheme: dark)")
    block = light if theme == "light" else rest.partition("* {")[0]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read(theme: str) -> None:
    colour = colours(theme)
    for name in ("ink", "soft", "accent"):
        assert contrast(colour[name], colour["ground"]) >= TEXT
        assert contrast(colour[name], colour["tint"]) >= TEXT
    for status in STATUSES:
        assert contrast(colour[status], colour[f"{status}-tint"]) >= TEXT
    for shade in "abcde":
        assert contrast(colour["ink"], colour[f"heat-{shade}"]) >= TEXT


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_drawn_can_be_seen(theme: str) -> None:
    colour = colours(theme)
    for status in STATUSES:
        assert contrast(colour[f"{status}-fill"], colour["ground"]) >= DRAWN
        assert contrast(colour[f"{status}-fill"], colour["on-fill"]) >= DRAWN
    assert contrast(colour["edge"], colour["ground"]) >= DRAWN


def test_both_themes_name_the_same_colours() -> None:
    assert set(colours("light")) == set(colours("dark"))
    css = (resources.templates() / "style.css").read_text(encoding="utf-8")
    named = set(re.findall(r"var\(--([a-z-]+)\)", css))
    assert named <= set(colours("light")) | {"mono"}
