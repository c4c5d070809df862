"""The kinds of indicators and how sure each makes us. Apart from the schema, so that matching needs no validator."""

from __future__ import annotations

import re
from enum import StrEnum

from shadowai.model import Role

PLACEHOLDER = re.compile(r"<[a-z]+>")


class IndicatorKind(StrEnum):
    """What an indicator's value is compared with."""

    DOMAIN = "domain"  # the name itself and every name below it
    HOST = "host"  # exactly this name
    PATTERN = "pattern"  # a name with <placeholders>, each standing for part of one label
    URL = "url"  # host and path prefix
    USER_AGENT = "user-agent"  # a prefix of the user agent, or of a product in it
    ENDPOINT = "endpoint"  # a path on any host, with or without a port: `:11434/api/chat`
    PROTOCOL = "protocol"  # what is spoken above HTTP, whatever the host
    ADDRESS = "address"  # a range of server addresses in CIDR form


DEFAULT_CONFIDENCE = {
    Role.DEDICATED: 95,
    Role.API: 95,
    Role.DOWNLOAD: 85,
    Role.AUTH: 80,
    Role.TELEMETRY: 60,
    Role.DOCS: 60,
    Role.SHARED: 40,
    Role.CDN: 40,
    Role.EMBEDDED: 30,
}
"""Confidence in percent that a role usually gives, where a name betrays the service."""

HIGHEST_CONFIDENCE = {IndicatorKind.PROTOCOL: 85, IndicatorKind.ENDPOINT: 75, IndicatorKind.ADDRESS: 40}
"""Confidence in percent that no indicator of a weaker kind exceeds: none of them names the service."""


def certainty(kind: IndicatorKind, role: Role, given: int | None) -> int:
    """Give an indicator's confidence in percent: the file's, else the role's usual one as far as its kind allows."""
    if given is not None:
        return given
    usual = DEFAULT_CONFIDENCE[role]
    return min(usual, HIGHEST_CONFIDENCE.get(kind, usual))


def split_endpoint(value: str) -> tuple[int | None, str]:
    """Take an endpoint's value apart into port and path: `:11434/api/chat`, or `/v1/chat/completions` on any port.

    ValueError where the text before the path is not a colon and a number.
    """
    port, slash, path = value.partition("/")
    return (int(port.removeprefix(":")) if port else None), slash + path
