"""Indicators that name no host: user agents, paths on any host, address ranges."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from shadowai.signatures.kinds import IndicatorKind, split_endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shadowai.signatures.lint.issue import Issue, Subject

WEAK_AGENTS = frozenset(
    """ai aiohttp android anthropic api apache-httpclient app applewebkit axios bot browser bun cfnetwork chrome
    chromium client cli cpp-httplib curl dalvik darwin dart deno desktop dotnet edg edge electron fetch firefox gecko go
    go-http-client google got grpc grpc-java grpc-node grpc-node-js grpc-python guzzlehttp http httpclient httpx hyper
    ios iphone java jakarta jersey khtml ktor ktor-client libcurl libwww-perl linux macintosh microsoft mozilla msie
    node node-fetch node.js nodejs okhttp openai opera perl php postmanruntime powershell python python-httpx
    python-requests python-urllib python-urllib3 reqwest requests rest-client restsharp ruby rust safari sdk superagent
    swift trident undici unirest urllib urllib3 ureq version vscode wget windows windowspowershell winhttp x11
    """.split()  # noqa: SIM905  # a hundred quoted words would be a hundred lines
)
"""Products that anybody's programs and browsers send; one of them, or the beginning of one, tells no service."""

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


def user_agent_is_telling(subject: Subject) -> Iterator[Issue]:
    """A user agent names one client and not a library or browser that anybody uses."""
    for service, number, indicator in subject.indicators():
        if indicator.kind is not IndicatorKind.USER_AGENT:
            continue
        value = indicator.value.lower()
        product, _, version = value.partition("/")
        begins_one = any(weak.startswith(value) for weak in WEAK_AGENTS)
        if begins_one or (product.strip() in WEAK_AGENTS and not any(map(str.isalpha, version))):
            message = f"{indicator.value} is what anybody's programs send"
            yield subject.issue(service, ("indicators", number, "value"), "user-agent", message)


def common_path_has_a_port(subject: Subject) -> Iterator[Issue]:
    """A path that ordinary applications have too is claimed with a port only."""
    for service, number, indicator in subject.indicators():
        if indicator.kind is not IndicatorKind.ENDPOINT:
            continue
        port, path = split_endpoint(indicator.value)
        if port is None and (path in COMMON_PATHS or path.count("/") == 1):
            message = f"{path} is common; name the port too, as :11434{path}"
            yield subject.issue(service, ("indicators", number, "value"), "path", message)


def address_range_is_narrow(subject: Subject) -> Iterator[Issue]:
    """An address range is no wider than a vendor's own can be, and is not trusted as a name would be."""
    for service, number, indicator in subject.indicators():
        if indicator.kind is not IndicatorKind.ADDRESS:
            continue
        network = ipaddress.ip_network(indicator.value)
        widest = WIDEST_RANGE[network.version]
        if network.prefixlen < widest:
            message = f"{indicator.value} is wider than /{widest}; no vendor's own is"
            yield subject.issue(service, ("indicators", number, "value"), "range", message)
        if indicator.certainty > HIGHEST_ADDRESS_CONFIDENCE:
            message = f"{indicator.value} is given {indicator.certainty} %; an address names no service"
            yield subject.issue(service, ("indicators", number, "confidence"), "range", message)
