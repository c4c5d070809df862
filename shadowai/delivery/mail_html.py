"""A mail's HTML: tables and inline styles only, since Outlook lays mail out as Word does; nothing is fetched.

Every text is escaped here, in one place (`_text`). Widths are in pixels and attributes stand beside the styles that
Word passes over. Colours and type are those of the report's light page.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shadowai.delivery.body import Body

WIDTH = 640  # pixels
_FONT = "font-family:'Segoe UI',Arial,sans-serif"
_INK, _SOFT, _LINE, _TINT, _ALARM = "#1b2430", "#54606e", "#dfe4ea", "#f5f7f9", "#a34700"
_CELL = f"{_FONT};font-size:14px;line-height:20px;color:{_INK}"
_TABLE = 'role="presentation" border="0" cellpadding="0" cellspacing="0"'


def html(body: Body, picture: str = "") -> str:
    """Write the HTML of a mail; `picture` is the Content-ID of the chart, without brackets."""
    parts = (
        "<!DOCTYPE html>",
        f'<html lang="{_text(body.language)}"><head>',
        '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">',
        f'<meta name="viewport" content="width=device-width"><title>{_text(body.title)}</title></head>',
        f'<body style="margin:0;padding:0;background-color:{_TINT}" bgcolor="{_TINT}">',
        f'<table {_TABLE} width="100%" bgcolor="{_TINT}"><tr><td align="center" style="padding:16px 8px">',
        f'<!--[if mso]><table {_TABLE} width="{WIDTH}"><tr><td><![endif]-->',  # Word knows no max-width
        f'<table {_TABLE} width="100%" bgcolor="#ffffff" style="max-width:{WIDTH}px;border:1px solid {_LINE}">',
        *(
            f'<tr><td style="padding:{top}px 16px 0 16px">{content}</td></tr>'
            for top, content in _sections(body, picture)
        ),
        '<tr><td style="padding:0 16px 24px 16px"></td></tr></table>',
        "<!--[if mso]></td></tr></table><![endif]-->",
        "</td></tr></table></body></html>",
    )
    return "\n".join(parts) + "\n"


def _sections(body: Body, picture: str) -> Iterator[tuple[int, str]]:
    yield 24, f'<h1 style="{_FONT};font-size:22px;line-height:28px;color:{_INK};margin:0">{_text(body.title)}</h1>'
    yield 2, _paragraph(body.period, _SOFT)
    yield 14, _paragraph(body.headline, _INK, "font-size:16px;line-height:23px;font-weight:bold")
    if body.change:
        yield 8, _paragraph(body.change)
    if body.figures:
        yield 16, _figures(body)
    for answer in body.answers:
        yield 10, _pair(answer.name, answer.text)
    if picture and body.chart:
        image = f'<img src="cid:{_text(picture)}" alt="{_text(body.chart)}" width="{WIDTH - 32}"'
        yield 18, f'{image} border="0" style="display:block;width:100%;max-width:{WIDTH - 32}px;height:auto">'
    yield from _details(body)


def _details(body: Body) -> Iterator[tuple[int, str]]:
    if body.rows:
        yield 18, _table(body.columns, body.rows)
    if body.more:
        yield 6, _paragraph(body.more, _SOFT)
    if body.steps:
        yield 18, f'<h2 style="{_FONT};font-size:17px;line-height:24px;color:{_INK};margin:0">{_text(body.next)}</h2>'
    for step in body.steps:
        yield 8, _pair(step.name, step.text)
    for sentence in body.links:
        yield 18, _paragraph(sentence)
    for sentence in body.closing:
        yield 10, _paragraph(sentence, _SOFT, "font-size:12px;line-height:17px")


def _text(value: str) -> str:
    return escape(value, quote=True)


def _paragraph(text: str, colour: str = _INK, more: str = "") -> str:
    return f'<p style="{_CELL};color:{colour};margin:0;{more}">{_text(text)}</p>'


def _pair(name: str, text: str) -> str:
    return f'<p style="{_CELL};margin:0"><b>{_text(name)}</b><br>{_text(text)}</p>'


def _figures(body: Body) -> str:
    share = 100 // len(body.figures)
    cells = []
    for one in body.figures:
        colour = _ALARM if one.alarming else _INK
        cells.append(
            f'<td width="{share}%" valign="top" style="padding:0 8px 0 0">'
            f'<p style="{_FONT};font-size:24px;line-height:30px;color:{colour};margin:0"><b>{_text(one.value)}</b></p>'
            f'<p style="{_CELL};font-size:12px;line-height:16px;margin:0">{_text(one.label)}</p>'
            f'<p style="{_CELL};font-size:12px;line-height:16px;color:{_SOFT};margin:0">{_text(one.note)}</p></td>'
        )
    return f'<table {_TABLE} width="100%"><tr>{"".join(cells)}</tr></table>'


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(_cell("th", name, at, f"color:{_SOFT};font-weight:bold") for at, name in enumerate(columns))
    lines = (
        "<tr>"
        + "".join(_cell("td", value, at, f"border-top:1px solid {_LINE}") for at, value in enumerate(row))
        + "</tr>"
        for row in rows
    )
    return f'<table border="0" cellpadding="0" cellspacing="0" width="100%"><tr>{head}</tr>{"".join(lines)}</table>'


def _cell(tag: str, value: str, at: int, more: str) -> str:
    side = "left" if at == 0 else "right"
    scope = ' scope="col"' if tag == "th" else ""
    style = f"{_CELL};font-size:13px;line-height:18px;padding:5px 0 5px {6 if at else 0}px;{more}"
    return f'<{tag}{scope} align="{side}" valign="top" style="{style}">{_text(value)}</{tag}>'
