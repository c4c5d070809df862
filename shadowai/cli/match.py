"""`shadowai match`: which service a host, URL or user agent belongs to."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
import orjson

from shadowai.reports.text import clean
from shadowai.signatures import Matcher, load_database, look_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shadowai.signatures import Answer


@click.command()
@click.argument("questions", nargs=-1, metavar="[HOST|URL ...| -]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def match(questions: tuple[str, ...], *, as_json: bool) -> None:
    """Say which AI service each host or URL belongs to, by which indicator, and what that proves.

    `-` reads one question a line from standard input; `user-agent: ...` asks about a user agent.

    \b
    Examples:
      shadowai match chat.openai.com https://www.bing.com/chat
      cut -d' ' -f3 hosts.txt | shadowai match --json -
    """
    if not questions:
        raise click.UsageError("name a host or URL, or - to read them from standard input")
    matcher = Matcher(load_database())
    for question in _all_questions(questions):
        answer = look_up(matcher, question)
        sys.stdout.write(_as_json(answer) if as_json else f"{_as_text(answer)}\n")


def _all_questions(questions: tuple[str, ...]) -> Iterator[str]:
    for question in questions:
        if question == "-":
            yield from (line.decode("utf-8", "replace").rstrip("\r\n") for line in sys.stdin.buffer)
        else:
            yield question


def _as_json(answer: Answer) -> str:
    return orjson.dumps(answer.as_json(), option=orjson.OPT_APPEND_NEWLINE).decode()


def _as_text(answer: Answer) -> str:
    found = answer.match
    if found is None:
        return f"{clean(answer.question)}  {'no AI service known' if answer.valid else 'is no host or URL'}"
    what = f"{found.service} ({found.category})  {found.role} by {found.kind} {found.indicator}"
    return f"{clean(answer.question)}  {what}  {found.confidence} %"
