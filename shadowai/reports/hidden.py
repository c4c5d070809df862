"""What of a department's traffic could hide AI use: a sentence, a bar, and what it is made of."""

from collections.abc import Sequence
from dataclasses import dataclass

from shadowai.reports import text, words
from shadowai.reports.charts import bar_percent
from shadowai.reports.language import say
from shadowai.reports.phrases import worded
from shadowai.result import BlindSpot, HiddenPart, HiddenShare, Result


@dataclass(frozen=True, slots=True)
class HiddenRow:
    """One way in which traffic hides: its name, what kind it is, and how much of it there was."""

    name: str
    kind: str
    extent: str


@dataclass(frozen=True, slots=True)
class Hidden:
    """The share: `percent` is the length of the bar from 0 to 100, none where nothing was measured; `share` says it."""

    sentence: str
    percent: int | None
    share: str
    rest: str
    parts: tuple[HiddenRow, ...]


def hidden(share: HiddenShare | None) -> Hidden | None:
    """Lay out the share; None where the document has none."""
    if share is None:
        return None
    parts = tuple(map(_row, share.parts))
    if share.percent is None:
        return Hidden(hidden_sentence(share), None, "", "", parts)
    whole = min(100.0, max(0.0, share.percent))
    length = bar_percent(round(10 * whole), 1000)
    return Hidden(hidden_sentence(share), length, text.percent(whole), text.percent(100 - whole), parts)


def hidden_sentence(share: HiddenShare | None) -> str:
    """Say how much could hide AI use, in the language that is being written."""
    if share is None or share.percent is None:
        return say("How much of the traffic could hide AI use, we cannot tell.")
    if not share.percent:
        return say("We saw nothing in this traffic in which AI use could hide.")
    if share.measure == "requests":
        return say("{share} of the requests looked at closely could hide AI use.", share=text.percent(share.percent))
    return say("{share} of the traffic looked at closely could hide AI use.", share=text.percent(share.percent))


def spots_of(result: Result, names: Sequence[str]) -> list[BlindSpot]:
    """Pick the blind spots that concern some departments, or everyone."""
    own = set(names)
    return [spot for spot in result.blind_spots if not spot.departments or own.intersection(spot.departments)]


def _row(part: HiddenPart) -> HiddenRow:
    requests, people, data = text.requests(part.requests), text.people(part.people), text.size(part.bytes)
    extent = say("{requests} by {people}, {data}", requests=requests, people=people, data=data)
    return HiddenRow(worded(part.name), words.blind_heading(part.kind), extent)
