"""Whether the names of the database still exist, asked of the one resolver that the user names."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from shadowai.errors import UsageError
from shadowai.hosts import is_address, split_target
from shadowai.signatures.kinds import IndicatorKind
from shadowai.signatures.lint.issue import Issue, Level, Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from shadowai.signatures.files import Service, SignatureFiles

DNS_PORT = 53
TIMEOUT = 5.0  # seconds
_WITH_NAME = frozenset({IndicatorKind.DOMAIN, IndicatorKind.HOST, IndicatorKind.URL})


class Resolver(NamedTuple):
    """A resolver by address, and how many questions a second it is asked at most."""

    address: str
    port: int = DNS_PORT
    per_second: float = 20.0
    timeout: float = TIMEOUT


def resolver_of(text: str, per_second: float) -> Resolver:
    """Read a resolver's address, with a port or without; UsageError for a name, which would need a resolver."""
    target = split_target(text if text.count(":") < 2 or "[" in text else f"[{text}]")  # noqa: PLR2004  # an IPv6 address
    if target is None or not is_address(target.host) or target.path:
        raise UsageError(
            f"--resolve {text!r} is not the address of a resolver, such as 192.0.2.53 or [2001:db8::53]:53"
        )
    return Resolver(target.host, target.port or DNS_PORT, per_second)


def check_names(
    files: SignatureFiles, resolver: Resolver, today: date, advance: Callable[[int, int], None] | None = None
) -> list[Issue]:
    """Ask for every name of every service that is not retired; `advance(done, total)` is called after each.

    A name that does not exist (NXDOMAIN, RFC 1035 and RFC 8020) is an error; one that the resolver could not tell of is
    a warning. A name without addresses exists: names below it may have some.
    """
    subject = Subject(files, today)
    names = _names(files)
    issues = []
    for done, (name, (service, number)) in enumerate(names.items(), 1):
        began = time.monotonic()
        if problem := _problem(name, resolver):
            level, message = problem
            line = subject.line(service.path, "indicators", number, "value")
            issues.append(Issue(str(service.path), line, "resolve", message, level))
        if advance:
            advance(done, len(names))
        if done < len(names):
            time.sleep(max(0.0, began + 1 / resolver.per_second - time.monotonic()))
    return sorted(issues)


def _names(files: SignatureFiles) -> dict[str, tuple[Service, int]]:
    """Give each name with the first place that it stands at."""
    return dict(reversed(list(_all_names(files))))


def _all_names(files: SignatureFiles) -> Iterator[tuple[str, tuple[Service, int]]]:
    for service in files.services.values():
        if service.file.retired is not None:
            continue
        for number, indicator in enumerate(service.indicators):
            if indicator.kind in _WITH_NAME:
                yield indicator.value.partition("/")[0], (service, number)


def _problem(name: str, resolver: Resolver) -> tuple[Level, str] | None:
    question = dns.message.make_query(name, dns.rdatatype.A)
    try:
        answer, _ = dns.query.udp_with_fallback(question, resolver.address, resolver.timeout, resolver.port)
    except (dns.exception.DNSException, OSError) as error:
        return Level.WARNING, f"{name} could not be asked for: {str(error) or type(error).__name__}"
    code = answer.rcode()
    if code == dns.rcode.NXDOMAIN:
        return Level.ERROR, f"{name} does not exist any more"
    if code != dns.rcode.NOERROR:
        return Level.WARNING, f"{name} could not be asked for: the resolver says {dns.rcode.to_text(code)}"
    return None
