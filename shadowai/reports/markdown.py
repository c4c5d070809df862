"""summary.md: the findings on half a page, to be pasted into a ticket (GitHub Flavored Markdown 0.29).

Names from outside are hostile here too: they are escaped, or stand in a code span, where nothing is a link, an image,
an HTML tag or a mention of somebody.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shadowai.reports import text, words
from shadowai.reports.board import answers, board_steps
from shadowai.reports.headline import sent_unsanctioned
from shadowai.reports.index_page import lead
from shadowai.reports.language import later, say, say_many, speaking, translated
from shadowai.reports.look import PLAIN, Look
from shadowai.reports.naming import unknown_named
from shadowai.reports.phrases import worded
from shadowai.reports.sections import (
    ServiceTotal,
    measured,
    most_unsanctioned_first,
    over_departments,
    unsanctioned,
)
from shadowai.reports.tidying import tidy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from shadowai.reports.steps import Step
    from shadowai.reports.views import Fact
    from shadowai.result import DepartmentUse, Result

LISTED = 10  # departments, services, hosts; a ticket is no report

_NOTHING = "\u2013"
_INLINE = re.compile(r"[\\`*_\[\]<>|~&$!]")  # a backslash makes any of ASCII's punctuation plain (section 2.4)
_BLOCK = re.compile(r"(\d{0,9})([-+#=:.)])")  # at its beginning: a list, a heading, a ruler
_LINKING = re.compile(r"[@#`]|://|www\.|mailto:|xmpp:", re.IGNORECASE)  # extended autolinks (6.9), mentions, numbers


def summary_markdown(result: Result, look: Look = PLAIN) -> str:
    """Write the summary as Markdown, in the language of the look."""
    with speaking(look.language):
        return "\n".join(_lines(unknown_named(tidy(result)))).rstrip("\n") + "\n"


def safe(name: str) -> str:
    """Write a text from outside so that it is shown as it is, in a line and in a cell of a table."""
    if _LINKING.search(name):
        return code(name)
    escaped = _INLINE.sub(r"\\\g<0>", name.strip())
    begin = _BLOCK.match(escaped)
    return f"{begin[1]}\\{begin[2]}{escaped[begin.end() :]}" if begin else escaped or _NOTHING


def inline(name: str) -> str:
    """Write a text from outside for the middle of a line, where it can begin no list and no heading."""
    return code(name) if _LINKING.search(name) else _INLINE.sub(r"\\\g<0>", name.strip()) or _NOTHING


def code(name: str) -> str:
    """Write a host, path or other name in a code span, in which only a grave accent and a table's bar mean anything."""
    plain = name.replace("`", "\u02cb").replace("|", "\u00a6").strip()
    return f"`{plain or _NOTHING}`"


def _lines(neat: Result) -> Iterator[str]:
    title = say("AI use report")
    yield f"# {title}"
    yield ""
    yield f"**{safe(lead(neat))}**"
    yield ""
    yield say("Period: {period} (UTC).", period=inline(text.span(neat.period.start, neat.period.end)))
    steps = board_steps(neat)
    yield from _answers(answers(neat, steps)[:2])
    yield from _steps(steps)
    yield from _unread(neat)
    yield from _departments(neat.departments)
    yield from _services(over_departments(neat.departments))
    yield from _list(say("Looks like AI, not in the database"), [code(one.host) for one in neat.candidates])
    kinds = list(dict.fromkeys(words.blind_heading(spot.kind) for spot in neat.blind_spots))
    yield from _list(say("What we could not see"), list(map(safe, kinds)))
    yield from _section(say("Where this comes from"))
    version = neat.signatures.version
    yield say("Made by {generator} with signatures {version}.", generator=safe(neat.generator), version=code(version))
    yield say("Everything is in {file}.", file=code("result.json"))


def _section(title: str) -> Iterator[str]:
    yield from ("", f"## {title}", "")


def _answers(found: Sequence[Fact]) -> Iterator[str]:
    if found:
        yield ""
    yield from (f"- **{one.name}:** {inline(one.text)}" for one in found)


def _steps(steps: Sequence[Step]) -> Iterator[str]:
    yield from _section(say("What to decide next"))
    for number, step in enumerate(steps, 1):
        whom = say("Whose decision: {whom}.", whom=inline(step.whom))
        yield f"{number}. **{inline(step.title)}.** {inline(step.why)} {whom}"


def _unread(neat: Result) -> Iterator[str]:
    bad = [f"{code(one.path)}: {safe(worded(one.error))}" for one in neat.sources if one.error]
    yield from _list(say("Could not be read"), bad)


def _departments(departments: Sequence[DepartmentUse]) -> Iterator[str]:
    if not departments:
        return
    yield from _section(say("Departments"))
    yield from _head(
        later("Department"), later("People"), later("With unsanctioned services"), later("Data sent to unsanctioned")
    )
    for one in most_unsanctioned_first(departments)[:LISTED]:
        totals = one.totals
        people = text.people_of(totals.people, one.headcount)
        sent = sent_unsanctioned(totals, measured([one]))
        yield _row(safe(one.name), people, text.number(totals.people_unsanctioned), sent)
    yield from _more(len(departments))


def _services(services: Sequence[ServiceTotal]) -> Iterator[str]:
    bad = [total for total in services if unsanctioned(total.example)]
    if not bad:
        return
    yield from _section(say("Unsanctioned services in use"))
    yield from _head(
        later("Service"), later("Status"), later("Risk"), later("People"), later("Data sent"), later("Departments")
    )
    for total in bad[:LISTED]:
        one = total.example
        told = (text.number(total.people), text.data(total.bytes_up, total.measured, total.sessions))
        places = ", ".join(map(safe, total.departments[:3]))
        rest = len(total.departments) - 3
        more = say("{names} and {rest} more", names=places, rest=text.number(rest)) if rest > 0 else places
        yield _row(safe(one.name), words.status(one.status), words.risk(total.risk), *told, more)
    yield from _more(len(bad))


def _head(*messages: str) -> Iterator[str]:
    yield _row(*map(translated, messages))
    yield _row(*["---"] * len(messages))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _list(title: str, items: Iterable[str]) -> Iterator[str]:
    found = list(items)
    if not found:
        return
    yield from _section(title)
    yield from (f"- {item}" for item in found[:LISTED])
    yield from _more(len(found))


def _more(number: int) -> Iterator[str]:
    rest = number - LISTED
    if rest > 0:
        yield ""
        yield say_many("{number} more is not listed.", "{number} more are not listed.", rest, number=text.number(rest))
