"""`shadowai match`: which service a host, URL, address or user agent belongs to."""

from __future__ import annotations

import json
import sys
from functools import cache
from typing import TYPE_CHECKING

import click

from shadowai.cli.options import overlays_of, with_signatures
from shadowai.reports.text import clean
from shadowai.signatures import Matcher, load_database, look_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from shadowai.signatures import Answer, Match

_QUOTE = json.JSONEncoder(ensure_ascii=False).encode
_BLOCK = 1 << 18  # bytes read at once, where so many are there


@click.command()
@click.argument("questions", nargs=-1, metavar="[HOST|URL|ADDRESS ...| -]")
@with_signatures
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def match(questions: tuple[str, ...], signatures: Path | None, *, as_json: bool) -> None:
    """Say which AI service a host, URL or address belongs to.

    Tells by which indicator too, and what that proves. `-` reads one question a line from standard input; `user-agent:
    ...` asks about a user agent.

    \b
    Examples:
      shadowai match chat.openai.com https://www.bing.com/chat
      shadowai match http://10.0.0.5:11434/api/chat 160.79.104.10
      cut -d' ' -f3 hosts.txt | shadowai match --json -
    """
    if not questions:
        raise click.UsageError("name a host or URL, or - to read them from standard input")
    matcher = Matcher(load_database(overlays=overlays_of(signatures)))
    write = _json_line if as_json else _text_line
    for some in _all_questions(questions):
        sys.stdout.write("".join([write(look_up(matcher, question)) for question in some]))
        sys.stdout.flush()


def _all_questions(questions: Sequence[str]) -> Iterator[Sequence[str]]:
    for question in questions:
        if question == "-":
            yield from _lines(sys.stdin.buffer)
        else:
            yield (question,)


def _lines(stream: BinaryIO) -> Iterator[Sequence[str]]:
    """Give the lines of a stream as they come: a pipe that dribbles is answered at once, a file by the block."""
    rest: list[bytes] = []  # pieces of a line that has not ended; joined once, for a line may be all of the input
    while block := stream.read1(_BLOCK) if hasattr(stream, "read1") else stream.read(_BLOCK):
        whole, newline, tail = block.rpartition(b"\n")
        if not newline:
            rest.append(block)
            continue
        yield [line.rstrip("\r") for line in b"".join([*rest, whole]).decode("utf-8", "replace").split("\n")]
        rest = [tail]
    if last := b"".join(rest):
        yield [last.decode("utf-8", "replace").rstrip("\r")]


def _json_line(answer: Answer) -> str:
    return f'{{"input":{_QUOTE(answer.question)},{_json_end(answer.match)}'


@cache
def _json_end(found: Match | None) -> str:
    """Write what follows the input; the same few hundred texts again and again."""
    names = ("service", "category", "indicator", "role", "confidence")
    parts = {name: getattr(found, name, None) for name in names}
    return json.dumps(parts, separators=(",", ":"), ensure_ascii=False)[1:] + "\n"


def _text_line(answer: Answer) -> str:
    question = answer.question
    shown = question if question.isascii() and question.isprintable() else clean(question)
    if answer.match is None:
        return f"{shown}  {'no AI service known' if answer.valid else 'is no host or URL'}\n"
    return f"{shown}{_text_end(answer.match)}"


@cache
def _text_end(found: Match) -> str:
    what = f"{found.service} ({found.category})  {found.role} by {found.kind} {found.indicator}"
    return f"  {what}  {found.confidence} %\n"
