"""The risk of a service, 0 to 10: a sum of parts, each with its points, its reason and its source.

Every part has a weight. The weights are scaled so that they add up to 10 and rounded to tenths: so many points the part
can cost. Of these it costs a share in percent, which the fact decides (docs/policy.md lists them), again rounded to a
tenth. A fact that is missing costs more than a good one and less than the worst: what nobody knows is a risk, and no
proof. The score is the sum of the rounded points, so that a reader can add them up. A better fact never raises it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from shadowai.countries import EEA, EU
from shadowai.result import Score, ScorePart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from shadowai.verdicts import RiskFact, ServiceFacts

HIGHEST = 10
"""The highest risk that a service can have."""

DEFAULT_WEIGHTS = {
    "trains_on_customer_data": 2.5,
    "retention": 1.0,
    "enterprise_tier": 1.0,
    "sso": 0.5,
    "certifications": 1.5,
    "data_residency": 0.5,
    "country": 1.0,
    "ownership": 1.0,
    "incidents": 1.0,
}
"""The weights of the parts, in their order; docs/policy.md gives the reasons."""

# Adequacy decisions under article 45 of the GDPR, as the supervisory authorities list them; for the United States they
# cover companies certified under the Data Privacy Framework.
_ADEQUATE = ("AD", "AR", "CA", "CH", "FO", "GB", "GG", "IL", "IM", "JE", "JP", "KR", "NZ", "US", "UY")
TRUSTED = ("EU", *EEA, *_ADEQUATE)
"""Countries that raise no risk where the policy names none: the European Economic Area, and those it deems adequate."""


class Judged(NamedTuple):
    """What a fact costs: its share in percent, and why; `known` is False for one that is missing or not understood."""

    share: int
    says: str
    known: bool = True


def assess_service(service: ServiceFacts, weights: Mapping[str, float], trusted: Iterable[str]) -> Score:
    """Work out the risk of a service in tenths; `trusted` are countries (ISO 3166-1, `EU`) that raise none.

    A part of which the weight is 0, or too small to cost a tenth, is left out.
    """
    accepted = frozenset(trusted)
    accepted |= frozenset(EU) if "EU" in accepted else frozenset()
    facts = _facts_by_name(service)
    parts, missing, total = [], [], 0
    for name, most in _tenths(weights).items():
        reference, judged = _judge(name, facts.get(name, ()), accepted)
        points = (most * judged.share + 50) // 100
        total += points
        parts.append(ScorePart(name=name, points=points / 10, of=most / 10, says=judged.says, reference=reference))
        if not judged.known:
            missing.append(name)
    return Score(points=total / 10, of=HIGHEST, parts=tuple(parts), missing=tuple(missing))


def _facts_by_name(service: ServiceFacts) -> dict[str, list[tuple[str, str | None]]]:
    facts: dict[str, list[tuple[str, str | None]]] = {}
    for fact in service.risk:
        facts.setdefault(fact.name, []).extend((value, fact.reference) for value in _known_values(fact))
    if service.country != "unknown":
        facts["country"] = [(service.country, None)]
    return facts


def _known_values(fact: RiskFact) -> list[str]:
    return [value.strip() for value in fact.values if value.strip() and value.strip().casefold() != "unknown"]


def _tenths(weights: Mapping[str, float]) -> dict[str, int]:
    """Share 100 tenths out by weight: each has the rounded sum so far less the one before, so that none is lost."""
    whole, so_far, given = sum(weights.values()), 0.0, 0
    shares: dict[str, int] = {}
    for name, weight in weights.items():
        so_far += weight
        upto = round(10 * HIGHEST * so_far / whole)
        shares[name], given = upto - given, upto
    return {name: share for name, share in shares.items() if share > 0}


def _judge(name: str, values: Sequence[tuple[str, str | None]], trusted: frozenset[str]) -> tuple[str | None, Judged]:
    """Judge one part; where a fact stands twice with different values, the worse one counts."""
    missing = Judged(_MISSING[name], _UNKNOWN[name], known=False)
    if not values:
        return None, missing
    if name in _TOGETHER:
        return values[0][1], _TOGETHER[name]([value for value, _ in values], trusted)
    read = [(_SINGLE[name](value, trusted) or _unread(name, value), reference) for value, reference in values]
    judged, reference = max(read, key=lambda one: one[0].share)
    return reference, judged


def _unread(name: str, value: str) -> Judged:
    return Judged(_MISSING[name], f"{value!r:.80} is not understood, and counts as missing", known=False)


_MISSING = {
    "trains_on_customer_data": 70,
    "retention": 70,
    "enterprise_tier": 60,
    "sso": 60,
    "certifications": 70,
    "data_residency": 60,
    "country": 60,
    "ownership": 60,
    "incidents": 30,
}
_UNKNOWN = {
    "trains_on_customer_data": "whether it trains on customers' data is not known",
    "retention": "how long it keeps data is not known",
    "enterprise_tier": "whether there is an offer for organisations is not known",
    "sso": "whether it takes part in single sign-on is not known",
    "certifications": "no certification is known",
    "data_residency": "where data is kept is not known",
    "country": "the vendor's country is not known",
    "ownership": "who owns the vendor is not known",
    "incidents": "no incident is on record, which proves none",
}
_ANSWERS = {
    "trains_on_customer_data": {
        "no": Judged(0, "does not train on customers' data"),
        "opt-in": Judged(20, "trains on customers' data where they agree"),
        "opt-out": Judged(80, "trains on customers' data unless they object"),
        "yes": Judged(100, "trains on customers' data"),
    },
    "enterprise_tier": {
        "yes": Judged(0, "has an offer for organisations"),
        "no": Judged(100, "has no offer for organisations"),
    },
    "sso": {
        "yes": Judged(0, "takes part in single sign-on"),
        "no": Judged(100, "takes no part in single sign-on"),
    },
}


def _answer(name: str) -> Callable[[str, frozenset[str]], Judged | None]:
    return lambda value, _trusted: _ANSWERS[name].get(value.casefold())


_DAYS = {"hour": 1 / 24, "day": 1, "week": 7, "month": 30, "year": 365}
_NUMBERS = {"one": 1, "two": 2, "three": 3, "six": 6, "twelve": 12}
_SPAN = re.compile(
    rf"(?<![0-9.a-z])([0-9]{{1,5}}|{'|'.join(_NUMBERS)})[ -]{{0,2}}({'|'.join(_DAYS)})s?\b", re.ASCII | re.IGNORECASE
)
_KEPT_SHARES = ((0, 0), (1, 10), (30, 30), (90, 45), (180, 60), (365, 70), (730, 80))
_KEPT_LONGER = 90
_NOTHING_KEPT = ("none", "not kept", "not retained", "no retention", "zero data retention", "zero retention")
# The first of these that the text holds decides: "until deleted, none in backups" is until deleted.
_KEPT_WORDS = (
    *((word, 100) for word in ("indefinite", "forever", "unlimited", "no limit", "without limit")),
    *((word, 80) for word in ("until", "as long as", "as needed", "necessary", "kept unless", "retained unless")),
    *((word, 20) for word in (*_NOTHING_KEPT, "zero")),  # with a condition: alone it costs nothing
)


def _retention(value: str, _trusted: frozenset[str]) -> Judged | None:
    """Judge how long data is kept; of several spans the longest counts."""
    text = value.casefold()
    says = f"keeps data: {value:.80}"
    if text in _NOTHING_KEPT:
        return Judged(0, says)
    shares = [share for word, share in _KEPT_WORDS if word in text][:1]
    spans = [
        (_NUMBERS.get(number.lower()) or int(number)) * _DAYS[unit.lower()] for number, unit in _SPAN.findall(text)
    ]
    if spans:
        longest = max(spans)
        shares.append(next((share for days, share in _KEPT_SHARES if longest <= days), _KEPT_LONGER))
    return Judged(max(shares), says) if shares else None


def _country(value: str, trusted: frozenset[str]) -> Judged | None:
    if value in trusted:
        return Judged(0, f"{value} is a trusted country")
    return Judged(100, f"{value:.20} is not among the trusted countries")


_CREDITS = {
    "soc2": 35,
    "iso27001": 35,
    "fedramp": 35,
    "c5": 35,
    "iso42001": 20,
    "iso27701": 15,
    "hipaa": 15,
    "pcidss": 5,
}
_NOISE = re.compile(r"[^a-z0-9]|iec")


def _certifications(values: Sequence[str], _trusted: frozenset[str]) -> Judged:
    """Judge the audits: those of information security count most, two of them nearly all."""
    names = [_NOISE.sub("", value.casefold()) for value in values]
    credit = sum(points for known, points in _CREDITS.items() if any(name.startswith(known) for name in names))
    listed = ", ".join(sorted(set(values)))[:120]
    return Judged(max(0, 100 - credit), f"{'certified' if credit else 'no certification that counts'}: {listed}")


def _residency(values: Sequence[str], trusted: frozenset[str]) -> Judged:
    choice = ", ".join(sorted(set(values)))[:80]
    if any(value in trusted for value in values):
        return Judged(0, f"data can be kept in {choice}")
    return Judged(80, f"data can be kept in {choice} only, none of which is trusted")


def _incidents(values: Sequence[str], _trusted: frozenset[str]) -> Judged:
    known = [value for value in values if value.casefold() not in ("none", "no", "0")]
    if not known:
        return Judged(0, "was looked for, and no incident is known")
    count = f"{len(known)} incidents are" if len(known) > 1 else "an incident is"
    return Judged(min(100, 30 + 30 * len(known)), f"{count} known, such as: {max(known):.100}")


_SINGLE: dict[str, Callable[[str, frozenset[str]], Judged | None]] = {
    **{name: _answer(name) for name in _ANSWERS},
    "retention": _retention,
    "country": _country,
    "ownership": _country,
}
_TOGETHER: dict[str, Callable[[Sequence[str], frozenset[str]], Judged]] = {
    "certifications": _certifications,
    "data_residency": _residency,
    "incidents": _incidents,
}
