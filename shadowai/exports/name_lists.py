"""Block lists of names: hosts files, dnsmasq, response policy zones, Squid, and PAN-OS external dynamic lists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.zone

from shadowai.exports.blocking import NAMES, Plan
from shadowai.hosts import MAX_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TTL = 300  # seconds
_PLACEHOLDER = re.compile(r"<[a-z]+>")


def hosts_file(plan: Plan) -> str:
    """Write a hosts file (hosts(5)): exact names only, with `www.` for domains, since it knows no names below."""
    names = [name for one in plan.of(*NAMES) for name in _hosts_of(one.kind, one.value)]
    spared = {one.value for one in plan.spared}
    extra = "a hosts file cannot block the names below a domain; dnsmasq and RPZ can"
    lines = [f"0.0.0.0 {name}" for name in dict.fromkeys(names) if name not in spared]
    return _text("#", (*plan.header(NAMES), extra), lines)


def _hosts_of(kind: str, value: str) -> tuple[str, ...]:
    return (value, f"www.{value}") if kind == "domain" else (value,)


def dnsmasq(plan: Plan) -> str:
    """Write dnsmasq.conf lines (dnsmasq(8)): names do not exist; those that are spared are asked for as usual."""
    names = plan.outermost()
    lines = [f"address=/{one.value}/" for one in names if one.kind == "domain"]
    lines += [f"host-record={one.value},0.0.0.0,::" for one in names if one.kind == "host"]
    lines += [f"server=/{one.value}/#" for one in plan.spared]
    return _text("#", plan.header(NAMES), lines)


def response_policy_zone(plan: Plan, origin: str = "rpz.shadowai.invalid", serial: int = 1) -> str:
    """Write a response policy zone (draft-vixie-dnsop-dns-rpz-00): NXDOMAIN, and PASSTHRU for what is spared.

    `serial` is that of the zone: one that grows, such as the day, makes secondaries fetch it.
    """
    zone_name = dns.name.from_text(origin)
    room = MAX_NAME - len(origin) - len("*.") - 1
    zone = dns.zone.Zone(zone_name)
    soa = f"localhost. hostmaster.localhost. {serial} 3600 600 604800 {_TTL}"
    _put(zone, dns.name.empty, dns.rdatatype.SOA, soa)
    _put(zone, dns.name.empty, dns.rdatatype.NS, "localhost.")
    policies = list(_policies(plan))
    for name, target in policies:
        if len(name) > room:
            continue
        _put(zone, dns.name.from_text(name, None), dns.rdatatype.CNAME, target)
    body: str = zone.to_text(sorted=True, relativize=True, nl="\n", want_origin=True)
    long = (f"too long for this zone: {name}" for name, _ in policies if len(name) > room)
    return _text(";", (*plan.header(NAMES), *long), body.splitlines())


def _policies(plan: Plan) -> Iterator[tuple[str, str]]:
    for one in plan.outermost():
        yield one.value, "."
        if one.kind == "domain":
            yield f"*.{one.value}", "."
    for one in plan.spared:
        yield one.value, "rpz-passthru."
        if one.kind == "domain":
            yield f"*.{one.value}", "rpz-passthru."


def _put(zone: dns.zone.Zone, name: dns.name.Name, kind: dns.rdatatype.RdataType, text: str) -> None:
    rdata = dns.rdata.from_text(dns.rdataclass.IN, kind, text, relativize=False)
    zone.find_rdataset(name, kind, create=True).add(rdata, _TTL)


def squid_acl(plan: Plan) -> str:
    """Write squid.conf lines: one acl that denies, and one before it for what is spared."""
    names = ("domain", "host", "pattern", "url")
    lines = [f"acl shadowai_spared dstdomain {_dotted(one.kind, one.value)}" for one in plan.spared]
    outermost = plan.outermost()
    lines += [f"acl shadowai_names dstdomain {_dotted(one.kind, one.value)}" for one in outermost]
    lines += [f"acl shadowai_patterns dstdom_regex ^{_pattern(one.value)}$" for one in plan.of("pattern")]
    lines += [f"acl shadowai_urls url_regex -i ^https?://{_url(one.value)}" for one in plan.of("url")]
    denials = {
        "shadowai_names": plan.of(*NAMES),
        "shadowai_patterns": plan.of("pattern"),
        "shadowai_urls": plan.of("url"),
    }
    spared = " !shadowai_spared" if plan.spared else ""
    lines += [f"http_access deny {acl}{spared}" for acl, entries in denials.items() if entries]
    extra = "urls match only where Squid sees them: http, or https that it decrypts"
    return _text("#", (*plan.header(names), extra), lines)


def _dotted(kind: str, value: str) -> str:
    return f".{value}" if kind == "domain" else value


def _pattern(value: str) -> str:
    """Make a regular expression (POSIX) of a pattern, in which each placeholder stands for part of one label."""
    return "[a-z0-9_-]+".join(map(_plain, _PLACEHOLDER.split(value)))


def _plain(text: str) -> str:
    return re.sub(r"[][\\.^$*+?(){}|]", r"\\\g<0>", text)


def _url(value: str) -> str:
    host, _, path = value.partition("/")
    return f"{_plain(host)}(:[0-9]+)?/{_plain(path)}"


def pan_url_list(plan: Plan) -> str:
    """Write a PAN-OS external dynamic list of URLs ("Formatting Guidelines for an External Dynamic List").

    The slash at the end keeps `example.com` from matching `example.com.evil.example`. A list cannot spare anything:
    those names go into an allow list of their own (`pan_allow_list`), which stands in a rule before it.
    """
    lines = [line for one in plan.outermost() for line in _pan(one.kind, one.value)]
    lines += [one.value for one in plan.of("url")]
    lines += [found for one in plan.of("pattern") if (found := _starred(one.value))]
    odd = [one.value for one in plan.of("pattern") if not _starred(one.value)]
    extra = (f"not in this format: {value}" for value in odd)
    return _text("#", (*plan.header(("domain", "host", "pattern", "url")), *extra), lines)


def pan_allow_list(plan: Plan) -> str:
    """Write the list of what is spared below the names of `pan_url_list`."""
    lines = [line for one in plan.spared for line in _pan(one.kind, one.value)]
    return _text("#", ("spared below the blocked names: use it in a rule before the one that blocks",), lines)


def _pan(kind: str, value: str) -> tuple[str, ...]:
    return (f"{value}/", f"*.{value}/") if kind == "domain" else (f"{value}/",)


def _starred(value: str) -> str | None:
    """Put a wildcard for a label that is a placeholder; None where one is only part of a label."""
    labels = ["*" if _PLACEHOLDER.fullmatch(label) else label for label in value.split(".")]
    return None if any("<" in label for label in labels) else ".".join(labels) + "/"


def _text(mark: str, header: Iterable[str], lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in (*(f"{mark} {one}" for one in header), *lines))
