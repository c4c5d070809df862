"""Checks over the whole signature database, beyond the schema of one file; each is a small function over all of it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shadowai.signatures.lookup import look_up
from shadowai.signatures.matcher import Matcher
from shadowai.signatures.schema import PLACEHOLDER, Indicator, IndicatorKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from shadowai.signatures.load import Database, Service

WIDE_DOMAINS = frozenset(
    {
        "akamai.net",
        "akamaihd.net",
        "amazon.com",
        "amazonaws.com",
        "apple.com",
        "azure.com",
        "azureedge.net",
        "bing.com",
        "cloudflare.com",
        "cloudfront.net",
        "fastly.net",
        "firebaseio.com",
        "github.com",
        "githubusercontent.com",
        "google.com",
        "googleapis.com",
        "gstatic.com",
        "intercom.io",
        "live.com",
        "microsoft.com",
        "netlify.app",
        "office.com",
        "sentry.io",
        "statsig.com",
        "stripe.com",
        "vercel.app",
        "windows.net",
        "workers.dev",
    }
)
"""Domains of many services: an indicator of kind domain on one of them would accuse everybody."""

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong: in which file, by which rule, and what."""

    path: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.rule}: {self.message}"


def lint(database: Database, today: date) -> list[Finding]:
    """Run every check; an empty list means that all is well."""
    matcher = Matcher(database)
    findings: list[Finding] = []
    for service in database.services.values():
        findings.extend(_check_place(service, database))
        findings.extend(_check_dates(service, today))
        findings.extend(_check_width(service))
        findings.extend(_check_examples(service, matcher))
        findings.extend(_check_reach(service, matcher))
    findings.extend(_check_duplicates(database))
    findings.extend(_check_blind_spots(database, matcher))
    return sorted(findings)


def _check_place(service: Service, database: Database) -> Iterator[Finding]:
    path = str(service.path)
    if not _ID.fullmatch(service.id):
        yield Finding(path, "id", "the file's stem is not lower case words joined by hyphens")
    if service.category not in database.categories:
        yield Finding(path, "category", f"{service.category} is not in categories.yaml")


def _check_dates(service: Service, today: date) -> Iterator[Finding]:
    if service.file.verified > today:
        yield Finding(str(service.path), "verified", f"{service.file.verified} lies in the future")


def _check_width(service: Service) -> Iterator[Finding]:
    for indicator in service.indicators:
        if indicator.kind is IndicatorKind.DOMAIN and indicator.value in WIDE_DOMAINS:
            yield Finding(str(service.path), "width", f"{indicator.value} serves many things; name a host below it")


def _check_examples(service: Service, matcher: Matcher) -> Iterator[Finding]:
    path = str(service.path)
    for example in service.file.examples.match:
        match = look_up(matcher, example).match
        if match is None or match.service != service.id:
            yield Finding(path, "match", f"{example} matches {match.service if match else 'nothing'}")
    for example in service.file.examples.no_match:
        match = look_up(matcher, example).match
        if match is not None and match.service == service.id:
            yield Finding(path, "no_match", f"{example} matches by {match.indicator}")


def _check_reach(service: Service, matcher: Matcher) -> Iterator[Finding]:
    for indicator in service.indicators:
        match = look_up(matcher, _instance(indicator)).match
        if match is None or match.service != service.id:
            yield Finding(str(service.path), "reach", f"{indicator.value} can never match; another indicator is closer")


def _instance(indicator: Indicator) -> str:
    if indicator.kind is IndicatorKind.USER_AGENT:
        return f"user-agent: {indicator.value}"
    return PLACEHOLDER.sub("x1", indicator.value)


def _check_duplicates(database: Database) -> Iterator[Finding]:
    places: dict[tuple[IndicatorKind, str], list[str]] = {}
    for service in database.services.values():
        for indicator in service.indicators:
            places.setdefault((indicator.kind, indicator.value.lower()), []).append(str(service.path))
    for (kind, value), paths in places.items():
        for path in paths[1:]:
            yield Finding(path, "duplicate", f"{kind} {value} stands also in {paths[0]}")


def _check_blind_spots(database: Database, matcher: Matcher) -> Iterator[Finding]:
    for name, count in Counter(entry.id for entry in database.blind_spots).items():
        if count > 1:
            yield Finding("blind-spots.yaml", "duplicate", f"the id {name} stands {count} times")
    for entry in database.blind_spots:
        for domain in entry.domains:
            if match := matcher.match(domain):
                yield Finding("blind-spots.yaml", "overlap", f"{domain} of {entry.id} matches {match.service}")
