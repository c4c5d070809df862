"""Checks over the whole signature database, beyond the schema of one file; each is a small function over all of it."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shadowai.signatures.kinds import PLACEHOLDER, IndicatorKind, split_endpoint
from shadowai.signatures.lookup import look_up
from shadowai.signatures.matcher import Matcher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from shadowai.signatures.load import Service, SignatureFiles
    from shadowai.signatures.schema import Indicator

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

COMMON_PATHS = frozenset(
    {
        "/api/chat",
        "/api/embeddings",
        "/api/generate",
        "/api/models",
        "/api/ps",
        "/api/show",
        "/api/tags",
        "/api/v1",
        "/api/v1/chat",
        "/api/v1/generate",
        "/api/v1/models",
        "/api/version",
        "/queue/join",
        "/v1/batches",
        "/v1/files",
        "/v1/images",
        "/v1/models",
        "/v1/responses",
    }
)
"""Paths that ordinary applications use too: as an endpoint only with the port of the software that is meant."""

WIDEST_RANGE = {4: 12, 6: 28}
"""Shortest prefix length (bits) of an address range, by IP version; no AI vendor has more addresses of its own."""

HIGHEST_ADDRESS_CONFIDENCE = 50  # percent; an address names no service

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong: in which file, by which rule, and what."""

    path: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.rule}: {self.message}"


def lint(files: SignatureFiles, today: date) -> list[Finding]:
    """Run every check; an empty list means that all is well."""
    matcher = Matcher(files.database())
    findings: list[Finding] = []
    for service in files.services.values():
        findings.extend(_check_place(service, files))
        findings.extend(_check_dates(service, today))
        findings.extend(_check_width(service))
        findings.extend(_check_endpoints(service))
        findings.extend(_check_addresses(service))
        findings.extend(_check_examples(service, matcher))
        findings.extend(_check_reach(service, matcher))
    findings.extend(_check_duplicates(files))
    findings.extend(_check_blind_spots(files, matcher))
    return sorted(findings)


def _check_place(service: Service, files: SignatureFiles) -> Iterator[Finding]:
    path = str(service.path)
    if not _ID.fullmatch(service.id):
        yield Finding(path, "id", "the file's stem is not lower case words joined by hyphens")
    if service.category not in files.categories:
        yield Finding(path, "category", f"{service.category} is not in categories.yaml")


def _check_dates(service: Service, today: date) -> Iterator[Finding]:
    if service.file.verified > today:
        yield Finding(str(service.path), "verified", f"{service.file.verified} lies in the future")


def _check_width(service: Service) -> Iterator[Finding]:
    for indicator in service.indicators:
        if indicator.kind is IndicatorKind.DOMAIN and indicator.value in WIDE_DOMAINS:
            yield Finding(str(service.path), "width", f"{indicator.value} serves many things; name a host below it")


def _check_endpoints(service: Service) -> Iterator[Finding]:
    for indicator in service.indicators:
        if indicator.kind is not IndicatorKind.ENDPOINT:
            continue
        port, path = split_endpoint(indicator.value)
        if port is None and (path in COMMON_PATHS or path.count("/") == 1):
            yield Finding(str(service.path), "path", f"{path} is common; name the port too, as :11434{path}")


def _check_addresses(service: Service) -> Iterator[Finding]:
    for indicator in service.indicators:
        if indicator.kind is not IndicatorKind.ADDRESS:
            continue
        network = ipaddress.ip_network(indicator.value)
        if network.prefixlen < WIDEST_RANGE[network.version]:
            widest = WIDEST_RANGE[network.version]
            yield Finding(str(service.path), "range", f"{indicator.value} is wider than /{widest}; no vendor's own is")
        if indicator.certainty > HIGHEST_ADDRESS_CONFIDENCE:
            message = f"{indicator.value} is given {indicator.certainty} %; an address names no service"
            yield Finding(str(service.path), "range", message)


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
    if indicator.kind is IndicatorKind.PROTOCOL:
        return f"protocol: {indicator.value}"
    if indicator.kind is IndicatorKind.ENDPOINT:
        return f"http://nowhere.invalid{indicator.value}"
    if indicator.kind is IndicatorKind.ADDRESS:
        return str(ipaddress.ip_network(indicator.value).network_address)
    return PLACEHOLDER.sub("x1", indicator.value)


def _check_duplicates(files: SignatureFiles) -> Iterator[Finding]:
    places: dict[tuple[IndicatorKind, str], list[str]] = {}
    for service in files.services.values():
        for indicator in service.indicators:
            places.setdefault((indicator.kind, indicator.value.lower()), []).append(str(service.path))
    for (kind, value), paths in places.items():
        for path in paths[1:]:
            yield Finding(path, "duplicate", f"{kind} {value} stands also in {paths[0]}")


def _check_blind_spots(files: SignatureFiles, matcher: Matcher) -> Iterator[Finding]:
    for name, count in Counter(entry.id for entry in files.blind_spots).items():
        if count > 1:
            yield Finding("blind-spots.yaml", "duplicate", f"the id {name} stands {count} times")
    for entry in files.blind_spots:
        for name in (*entry.domains, *entry.addresses):
            if match := matcher.match(name.partition("/")[0]):
                yield Finding("blind-spots.yaml", "overlap", f"{name} of {entry.id} matches {match.service}")
