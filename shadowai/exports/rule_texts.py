"""Detection rules: Suricata 7 rules and one Sigma rule a service, out of the same plan as block lists."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING, Any

import yaml

from shadowai.exports.blocking import NAMES, Entry, Plan, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

FIRST_SID, SIDS = 1_000_000, 1_000_000  # the range for local rules
_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "shadowai:sigma")
_PRIORITY = {"prohibited": 1, "unsanctioned": 2}
_LEVEL = {"prohibited": "high", "unsanctioned": "medium"}
_PROTOCOLS = (("dns", "dns.query"), ("tls", "tls.sni"), ("http", "http.host"))
_BROKEN = str.maketrans(dict.fromkeys('";\\|:', " "))  # what ends or changes an option's value


def suricata_rules(plan: Plan) -> str:
    """Write Suricata rules on DNS queries, TLS server names and HTTP hosts, and pass rules for what is spared."""
    numbers = _numbers([*plan.listed, *plan.spared])
    lines = [f"# {one}" for one in plan.header(NAMES)]
    for entry in plan.spared:
        lines += [_rule("pass", entry, at, numbers) for at in range(len(_PROTOCOLS))]
    for entry in plan.of(*NAMES):
        lines += [_rule("alert", entry, at, numbers) for at in range(len(_PROTOCOLS))]
    return "\n".join(lines) + "\n"


def _rule(action: str, entry: Entry, at: int, numbers: dict[tuple[str, str, int], int]) -> str:
    protocol, buffer = _PROTOCOLS[at]
    words = one_line(f"shadowai {entry.status} AI service {entry.name} ({protocol})").translate(_BROKEN)
    # dotprefix puts a dot before the name, so that a domain matches itself and what is below it, and nothing else.
    match = f'dotprefix; content:".{entry.value}"; endswith;'
    if entry.kind == "host":
        match = f'content:"{entry.value}"; startswith; endswith;'
    case = (
        "" if buffer == "http.host" else " nocase;"
    )  # Suricata has made that one lower-case itself, and refuses nocase
    options = (
        f'msg:"{words}"; flow:to_server; {buffer}; {match}{case}'
        f" classtype:policy-violation; priority:{_PRIORITY.get(entry.status, 3)};"
        f" metadata:service {entry.service}, status {entry.status}; sid:{numbers[entry.kind, entry.value, at]}; rev:1;"
    )
    return f"{action} {protocol} $HOME_NET any -> any any ({options})"


def _numbers(entries: Iterable[Entry]) -> dict[tuple[str, str, int], int]:
    """Give each rule a number of its own that stays the same as long as no other rule comes upon it."""
    keys = sorted({(one.kind, one.value, at) for one in entries for at in range(len(_PROTOCOLS))})
    taken: dict[int, tuple[str, str, int]] = {}
    for key in keys:
        number = int.from_bytes(hashlib.sha256(repr(key).encode()).digest()[:6]) % SIDS
        while number in taken:
            number = (number + 1) % SIDS
        taken[number] = key
    return {key: FIRST_SID + number for number, key in taken.items()}


def sigma_rules(plan: Plan) -> str:
    """Write Sigma rules (specification 2.0.0), one a service for DNS queries and one for proxies, as YAML documents."""
    by_service: dict[str, list[Entry]] = {}
    for entry in plan.of(*NAMES):
        by_service.setdefault(entry.service, []).append(entry)
    documents = [
        _sigma(entries, plan, category, field)
        for _, entries in sorted(by_service.items())
        for category, field in (("dns", "query"), ("proxy", "cs-host"))
    ]
    header = "".join(f"# {line}\n" for line in plan.header(NAMES))
    return header + yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True, explicit_start=True, width=120)


def _sigma(entries: list[Entry], plan: Plan, category: str, field: str) -> dict[str, Any]:
    first = entries[0]
    detection: dict[str, Any] = {
        "names": {field: [one.value for one in entries]},
    }
    below = [f".{one.value}" for one in entries if one.kind == "domain"]
    if below:
        detection["below"] = {f"{field}|endswith": below}
    spared = [one for one in plan.spared if any(one.value.endswith(end) for end in below)]
    if spared:
        detection["spared"] = [
            {field: [one.value for one in spared]},
            {f"{field}|endswith": [f".{one.value}" for one in spared if one.kind == "domain"]},
        ]
        detection["spared"] = [one for one in detection["spared"] if all(one.values())]
    seen = "(names or below)" if below else "names"
    detection["condition"] = f"{seen} and not spared" if spared else seen
    return {
        "title": one_line(f"{first.status.capitalize()} AI service: {first.name} ({category})"),
        "id": str(uuid.uuid5(_SPACE, f"{first.service}:{category}")),
        "status": "stable",
        "description": f"Contact with {one_line(first.name)}, which the policy calls {first.status}.",
        "author": "shadowai",
        "tags": ["attack.exfiltration", "attack.t1567"],
        "logsource": {"category": category},
        "detection": detection,
        "falsepositives": ["Look-ups that no person made"],
        "level": _LEVEL.get(first.status, "low"),
    }
