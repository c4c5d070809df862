"""The chart of a department as a picture for mail, whose readers show no inline SVG.

It is the page's own chart (`charts.time_chart`) with its own colours, those of style.css, drawn once more with its
words inside, and rasterised by vl-convert, which brings its own fonts, so that every machine makes the same picture.
"""

import re
from collections.abc import Iterator
from functools import cache
from html import escape
from importlib import import_module
from typing import Protocol, cast

from shadowai import resources
from shadowai.errors import UsageError
from shadowai.reports import text
from shadowai.reports.charts import TimeChart, time_chart
from shadowai.reports.language import say
from shadowai.reports.sections import used
from shadowai.reports.tidying import tidy
from shadowai.result import DepartmentUse, Result

WIDTH = 760  # CSS pixels: what mail programs show without shrinking
SCALE = 2  # for dense screens
TOP, LEFT, RIGHT, BOTTOM = 84, 52, 16, 34  # around the plot
TITLE = 70  # characters of the heading that fit
_FONT = 'font-family="Liberation Sans, Arial, sans-serif" font-size="12"'
KEY = 7.2  # pixels of one character of the legend, at most


class _Rasteriser(Protocol):
    def svg_to_png(self, svg: str, *, scale: float) -> bytes:
        """Draw an SVG."""


def chart_png(document: Result, department: DepartmentUse | None = None) -> bytes | None:
    """Draw sessions over time by status as a PNG (RFC 2083): a department's, or everybody's without one.

    None where no session has a day.

    UsageError where vl-convert is not installed: it is the extra `charts`.
    """
    chart = _chart(document, department)
    if chart is None:
        return None
    return _rasteriser().svg_to_png(chart_svg(chart, _heading(department)), scale=SCALE)


def chart_words(document: Result, department: DepartmentUse | None = None) -> str:
    """Say the same chart in a sentence, for the picture's text alternative; empty where there is no chart."""
    chart = _chart(document, department)
    return "" if chart is None else chart.title


def _heading(department: DepartmentUse | None) -> str:
    if department is None:
        return say("AI use in the organisation")
    return say("AI use in {department}", department=text.shorten(tidy(department).name, TITLE))


def chart_svg(chart: TimeChart, heading: str) -> str:
    """Draw a chart as an SVG 1.1 document of its own, on a light ground."""
    height = TOP + chart.height + BOTTOM
    parts = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" {_FONT}>',
        _patterns(),
        f'<rect width="{WIDTH}" height="{height}" fill="{_colour("ground")}"/>',
        _text(16, 26, heading, f'fill="{_colour("ink")}" font-size="17" font-weight="600"'),
        _text(16, 46, chart.heading, f'fill="{_colour("soft")}"'),
        *_legend(chart),
        f'<g transform="translate({LEFT} {TOP})">',
        *_grid(chart),
        *_bars(chart),
        *_time_axis(chart),
        "</g></svg>",
    )
    return "".join(parts)


def _chart(document: Result, department: DepartmentUse | None) -> TimeChart | None:
    drawn = document.departments if department is None else (department,)
    return time_chart((one for place in drawn for one in used(place.services)), document.period)


def _rasteriser() -> _Rasteriser:
    try:
        return cast("_Rasteriser", import_module("vl_convert"))
    except ImportError as error:
        raise UsageError("charts as pictures need vl-convert: pip install 'shadowai[charts]'") from error


@cache
def _colours() -> dict[str, str]:
    style = (resources.templates() / "style.css").read_text(encoding="utf-8")
    light = style.partition("}")[0]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))


def _colour(name: str) -> str:
    return _colours()[name]


@cache
def _stripes() -> dict[str, tuple[str, ...]]:
    """Give the patterns of the statuses: the stripes of parts.html as tiles, which are drawn 500 times as fast here."""
    template = (resources.templates() / "parts.html").read_text(encoding="utf-8")
    groups = re.findall(r'<g id="stripes-([a-z-]+)">(.*?)</g>', template)
    return {status: tuple(map(_tile, re.findall(r"<path ([^>]*)/>", paths))) for status, paths in groups}


def _tile(path: str) -> str:
    stripe, gap = map(float, re.findall(r'stroke-dasharray="([\d.]+) ([\d.]+)"', path)[0])
    side = stripe + gap
    turned = re.search(r'transform="([^"]*)"', path)
    lying = 'd="M0-' in path  # a line downwards is cut into stripes that lie
    width, height = (side, stripe) if lying else (stripe, side)
    place = f'width="{side:g}" height="{side:g}" patternUnits="userSpaceOnUse"'
    turn = f' patternTransform="{turned[1]}"' if turned else ""
    shape = f'<rect width="{width:g}" height="{height:g}" fill="{_colour("on-fill")}"/>'
    return f"{place}{turn}>{shape}</pattern>"


def _patterns() -> str:
    tiles = (
        f'<pattern id="{status}-{number}" {tile}'
        for status, all_of in _stripes().items()
        for number, tile in enumerate(all_of)
    )
    return f"<defs>{''.join(tiles)}</defs>"


def _filled(status: str, place: str) -> str:
    """Draw a rectangle in a status's colour, with its stripes over it."""
    fills = [_colour(f"{status}-fill"), *(f"url(#{status}-{number})" for number in range(len(_stripes()[status])))]
    return "".join(f'<rect {place} fill="{fill}"/>' for fill in fills)


def _legend(chart: TimeChart) -> Iterator[str]:
    left = 16.0
    for entry in chart.legend:
        words = f"{entry.word} {text.number(entry.count)}"
        yield _filled(entry.status, f'x="{left}" y="57" width="12" height="12"')
        yield _text(left + 18, 67, words, f'fill="{_colour("ink")}"')
        left += 18 + KEY * len(words) + 14


def _grid(chart: TimeChart) -> Iterator[str]:
    for tick in chart.ticks:
        top = tick.top * chart.height / 100
        line = f'<line x1="0" x2="{_plot()}" y1="{top}" y2="{top}" stroke="{_colour("line")}"/>'
        yield line + _text(-8, top + 4, tick.label, f'fill="{_colour("soft")}" text-anchor="end"')


def _bars(chart: TimeChart) -> Iterator[str]:
    width = chart.bar_width * _plot() / 100
    for entry in chart.legend:
        for part in entry.segments:
            left = part.left * _plot() / 100
            place = f'x="{left:.2f}" y="{part.top}" width="{width:.2f}" height="{part.height}"'
            yield _filled(entry.status, place)


def _time_axis(chart: TimeChart) -> Iterator[str]:
    for label in chart.labels:
        style = f'fill="{_colour("soft")}" text-anchor="middle"'
        yield _text(label.left * _plot() / 100, chart.height + 18, label.label, style)


def _plot() -> int:
    return WIDTH - LEFT - RIGHT


def _text(left: float, top: float, words: str, style: str) -> str:
    return f'<text x="{left:.1f}" y="{top:.1f}" {style}>{escape(words)}</text>'
