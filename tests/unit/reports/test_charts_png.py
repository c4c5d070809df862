import re
import struct
import sys
from collections import Counter
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest
from support.report_world import world
from support.results import quiet

from shadowai import resources
from shadowai.errors import UsageError
from shadowai.reports.charts import time_chart
from shadowai.reports.charts_png import SCALE, WIDTH, chart_png, chart_svg, chart_words
from shadowai.reports.sections import split

SVG = "{http://www.w3.org/2000/svg}"
STATUSES = ("sanctioned", "tolerated", "under-review", "unsanctioned", "prohibited")
# Machado, Oliveira and Fernandes 2009, severity 1.0: what a reader without one kind of cone sees, in linear RGB.
BLINDNESS = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
    "none": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
}


def test_the_picture_is_a_png_of_the_promised_size_and_always_the_same() -> None:
    pytest.importorskip("vl_convert")
    result = world()
    picture = chart_png(result, result.departments[2])
    assert picture is not None
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", picture[16:24])
    assert (width, height) == (WIDTH * SCALE, (84 + 160 + 34) * SCALE)
    assert picture == chart_png(result, result.departments[2])
    assert len(picture) < 300_000


def test_the_picture_shows_what_the_page_shows() -> None:
    result = world()
    department = result.departments[3]
    chart = time_chart(split(department.services).in_use, result.period)
    assert chart is not None
    tree = ET.fromstring(chart_svg(chart, f"AI use in {department.name}"))  # noqa: S314  # our own
    plot = next(tree.iter(f"{SVG}g"))
    coloured = Counter(one.get("fill") for one in plot.iter(f"{SVG}rect"))
    for entry in chart.legend:
        fills = {"sanctioned": "#009e73", "prohibited": "url(#prohibited-1)"}
        assert coloured[fills.get(entry.status, f"url(#{entry.status}-0)")] == len(entry.segments)
    words = [one.text for one in tree.iter(f"{SVG}text")]
    assert words[:2] == ["AI use in Research", "Sessions per day"]
    assert {"Sanctioned 610", "Prohibited 3", "2 Nov"} <= set(words)
    stripes = {one.get("id", "").rpartition("-")[0] for one in tree.iter(f"{SVG}pattern")}
    assert stripes == set(STATUSES) - {"sanctioned"}
    assert "class=" not in chart_svg(chart, f"AI use in {department.name}")
    assert chart_words(result, department) == chart.title


def test_no_day_no_picture() -> None:
    result = quiet()
    assert chart_png(result, result.departments[0]) is None
    assert chart_words(result, result.departments[0]) == ""


@pytest.mark.parametrize("name", ["</text><script>", "\x00\x1b[31m", "\ud800", "\ufffe\uffff", "A" * 5000, "&amp;"])
def test_hostile_names_stay_text(name: str) -> None:
    pytest.importorskip("vl_convert")
    result = world()
    hostile = result.departments[2].model_copy(update={"name": name})
    assert chart_png(result, hostile) is not None


def test_without_the_library_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    result = world()
    with pytest.raises(UsageError, match=r"pip install 'shadowai\[charts\]'"):
        chart_png(result, result.departments[2])


def linear(colour: str) -> list[float]:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def lab(rgb: list[float]) -> tuple[float, float, float]:
    """CIE L*a*b* (ISO/CIE 11664-4) of linear sRGB under D65."""
    red, green, blue = (min(1.0, max(0.0, part)) for part in rgb)
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    fx, fy, fz = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("blindness", BLINDNESS)
def test_statuses_can_be_told_apart_by_everyone(theme: str, blindness: str) -> None:
    style = (resources.templates() / "style.css").read_text(encoding="utf-8")
    light, dark = style.split("@media screen and (prefers-color-scheme: dark)", 1)
    block = light if theme == "light" else dark.partition("* {")[0]
    fills = dict(re.findall(r"--([a-z-]+)-fill: (#[0-9a-f]{6});", block))
    matrix = BLINDNESS[blindness]
    seen = {
        status: lab([sum(a * b for a, b in zip(row, linear(fills[status]), strict=True)) for row in matrix])
        for status in STATUSES
    }
    for one, other in combinations(STATUSES, 2):
        distance = sum((a - b) ** 2 for a, b in zip(seen[one], seen[other], strict=True)) ** 0.5
        assert distance > 10, f"{one} and {other} look alike: {distance:.1f}"  # CIE76; 2.3 is just noticeable
