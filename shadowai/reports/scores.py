"""Scores opened to their parts: what is judged, with how many points of how many, why, and where that stands."""

import re
from dataclasses import dataclass

from shadowai.reports import text
from shadowai.reports.language import later, say, translated
from shadowai.reports.phrases import worded
from shadowai.result import Score

# The facts that the risk of a service is judged by, as a reader calls them; parts of other scores have names already.
_FACTS = {
    "trains_on_customer_data": later("training on customers' data"),
    "retention": later("how long data is kept"),
    "enterprise_tier": later("offer for organisations"),
    "sso": later("single sign-on"),
    "certifications": later("certifications"),
    "data_residency": later("where data is kept"),
    "country": later("country of the vendor"),
    "ownership": later("owner of the vendor"),
    "incidents": later("known incidents"),
}
# What a browser may open: other schemes run code, and nothing else in a reference needs to be a link.
_ADDRESS = re.compile(r"https://[a-z0-9][a-z0-9.-]*(:\d+)?(/[\w./?&=%+~#,;:@-]*)?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reference:
    """Where something stands: a text, and the address behind it or nothing."""

    text: str
    address: str


@dataclass(frozen=True, slots=True)
class PartRow:
    """One part of a score: how many points of how many, and why."""

    name: str
    worth: str
    says: str
    reference: Reference | None


@dataclass(frozen=True, slots=True)
class ScoreView:
    """A score with its parts; `worth` is its points of how many, `missing` a sentence about unknown facts, or empty."""

    points: str
    worth: str
    parts: tuple[PartRow, ...]
    missing: str


def score_view(score: Score | None) -> ScoreView | None:
    """Lay out a score; None stays None."""
    if score is None:
        return None
    facts = list(map(_fact, score.missing))
    missing = say("Not known: {facts}.", facts=text.listing(facts, len(_FACTS))) if facts else ""
    parts = tuple(
        PartRow(text.capital(_fact(part.name)), _worth(part.points, part.of), part.says, _reference(part.reference))
        for part in score.parts
    )
    return ScoreView(text.points(score.points), _worth(score.points, score.of), parts, missing)


def _fact(name: str) -> str:
    return translated(_FACTS[name]) if name in _FACTS else worded(name)


def _worth(points: float, of: float) -> str:
    return say("{points} of {of}", points=text.points(points), of=text.points(of))


def _reference(reference: str | None) -> Reference | None:
    if not reference:
        return None
    return Reference(reference, reference if _ADDRESS.fullmatch(reference) else "")
