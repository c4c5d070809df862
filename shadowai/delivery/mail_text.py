"""A mail's plain text, for readers without HTML and for those who prefer it: lines of at most 76 characters."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shadowai.delivery.body import Body

WIDTH = 76  # RFC 5322 section 2.1.1 asks for 78 with the line's end


def plain_text(body: Body) -> str:
    """Write the plain text of a mail."""
    return "\n".join(_lines(body)).rstrip("\n") + "\n"


def _lines(body: Body) -> Iterator[str]:
    yield from _wrapped(body.title)
    yield body.period
    yield ""
    yield from _wrapped(body.headline)
    if body.change:
        yield ""
        yield from _wrapped(body.change)
    yield ""
    for figure in body.figures:
        note = f" ({figure.note})" if figure.note else ""
        yield from _item(f"{figure.value} {figure.label}{note}")
    for answer in body.answers:
        yield ""
        yield from _wrapped(f"{answer.name}: {answer.text}")
    if body.rows:
        yield ""
        yield from _table(body.columns, body.rows)
    if body.more:
        yield body.more
    if body.steps:
        yield from ("", body.next)
    for step in body.steps:
        yield from _item(f"{step.name}. {step.text}")
    for sentence in (*body.links, *body.closing):
        yield ""
        yield from _wrapped(sentence)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False) or [""]


def _item(text: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent="- ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Write one line a row, `name: heading value, heading value`: columns would not fit names of any length."""
    for row in rows:
        values = ", ".join(f"{name}: {value}" for name, value in zip(columns[1:], row[1:], strict=True) if value)
        yield from _item(f"{row[0]} - {values}")
