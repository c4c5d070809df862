"""Block lists and rules: what they list, what they spare, and that their own programs take them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import dns.rdatatype
import dns.zone
import pytest
import yaml
from sigma.collection import SigmaCollection

from shadowai.exports import rule_texts
from shadowai.exports.blocking import Entry, Plan, above, plan_of
from shadowai.exports.name_lists import (
    dnsmasq,
    hosts_file,
    pan_allow_list,
    pan_url_list,
    response_policy_zone,
    squid_acl,
)
from shadowai.exports.rule_texts import FIRST_SID, SIDS, sigma_rules, suricata_rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def entry(service: str, kind: str, value: str, role: str = "dedicated") -> Entry:
    return Entry(service, service.title(), kind, value, role, "prohibited")


ENTRIES = (
    entry("bad", "domain", "bad.example"),
    entry("bad", "host", "api.bad.example"),
    entry("bad", "host", "auth.bad.example", "auth"),
    entry("bad", "domain", "office.example", "embedded"),
    entry("bad", "host", "bad.cloud.example"),
    entry("bad", "pattern", "bad-<region>.cloud.example"),
    entry("bad", "pattern", "x.<region>.cloud.example"),
    entry("bad", "url", "www.example/bad?x=1"),
    entry("bad", "address", "192.0.2.0/24"),
    entry("bad", "user-agent", "Bad/"),
    entry("good", "domain", "good.bad.example"),
    entry("good", "host", "one.bad.example"),
    entry("bad", "host", "deep.good.bad.example"),
    entry("bad", "domain", "both.example"),
    entry("good", "domain", "both.example"),
)
PLAN = plan_of(ENTRIES, ["bad"], ["left out: maybe"], "v1")


def test_only_what_proves_the_service_is_listed() -> None:
    listed = {one.value for one in PLAN.listed}
    assert "auth.bad.example" not in listed
    assert "office.example" not in listed
    assert "Bad/" not in listed
    assert "both.example" not in listed  # it is another's too
    assert {"bad.example", "api.bad.example", "192.0.2.0/24"} <= listed
    assert [one.value for one in PLAN.spared] == ["good.bad.example", "one.bad.example"]
    assert PLAN.notes == ("left out: maybe", "left out, since others use it too: both.example (bad)")


def test_a_name_below_a_listed_domain_is_listed_once_unless_it_is_below_a_spared_one() -> None:
    names = [one.value for one in PLAN.outermost()]
    assert sorted(names) == ["bad.cloud.example", "bad.example", "deep.good.bad.example"]
    assert above("a.b.c") == {"b.c", "c"}


def body(text: str, mark: str = "#") -> list[str]:
    return [line for line in text.splitlines() if not line.startswith(mark)]


def test_hosts_file() -> None:
    lines = body(hosts_file(PLAN))
    assert "0.0.0.0 bad.example" in lines
    assert "0.0.0.0 www.bad.example" in lines
    assert not any("good" in line and "deep" not in line for line in lines)
    assert "not in this format: 2 of kind pattern" in hosts_file(PLAN)


def test_dnsmasq_takes_its_lines_and_answers_by_them(require: Callable[[str], str], tmp_path: Path) -> None:
    tool = require("dnsmasq")
    path = tmp_path / "ai.conf"
    path.write_text(dnsmasq(PLAN))
    tested = subprocess.run([tool, "--test", "-C", path], capture_output=True, text=True, check=False)
    assert "syntax check OK" in tested.stderr
    assert "address=/bad.example/" in path.read_text()
    assert "server=/good.bad.example/#" in path.read_text()


def zone_of(plan: Plan) -> dns.zone.Zone:
    return dns.zone.from_text(response_policy_zone(plan, serial=20_400), relativize=True)


def policy_of(zone: dns.zone.Zone, name: str) -> str:
    return str(zone.find_rdataset(name, dns.rdatatype.CNAME)[0].target)


def test_the_zone_says_nxdomain_and_passthru() -> None:
    zone = zone_of(PLAN)
    for name in ("bad.example", "*.bad.example", "bad.cloud.example"):
        assert policy_of(zone, name) == "."  # NXDOMAIN: a CNAME to the root
    for name in ("good.bad.example", "*.good.bad.example", "one.bad.example"):
        assert policy_of(zone, name) == "rpz-passthru."
    assert "*.one.bad.example" not in {str(name) for name in zone}
    assert zone.find_rdataset("@", dns.rdatatype.SOA)[0].serial == 20_400


def test_a_name_that_is_too_long_for_the_zone_is_told() -> None:
    long = ".".join(["a" * 60] * 4)
    plan = plan_of([entry("bad", "domain", long), entry("bad", "host", "b.example")], ["bad"])
    assert f"too long for this zone: {long}" in response_policy_zone(plan)
    assert policy_of(zone_of(plan), "b.example") == "."


def test_squid() -> None:
    lines = body(squid_acl(PLAN))
    assert "acl shadowai_names dstdomain .bad.example" in lines
    assert "acl shadowai_spared dstdomain .good.bad.example" in lines
    assert r"acl shadowai_patterns dstdom_regex ^bad-[a-z0-9_-]+\.cloud\.example$" in lines
    assert r"acl shadowai_urls url_regex -i ^https?://www\.example(:[0-9]+)?/bad\?x=1" in lines
    assert lines[-3:] == [
        "http_access deny shadowai_names !shadowai_spared",
        "http_access deny shadowai_patterns !shadowai_spared",
        "http_access deny shadowai_urls !shadowai_spared",
    ]


def test_pan() -> None:
    text = pan_url_list(PLAN)
    assert {"bad.example/", "*.bad.example/", "x.*.cloud.example/", "www.example/bad?x=1"} <= set(body(text))
    assert "# not in this format: bad-<region>.cloud.example" in text
    assert "# not in this format: 1 of kind address" in text
    assert body(pan_allow_list(PLAN)) == ["good.bad.example/", "*.good.bad.example/", "one.bad.example/"]


def test_suricata_rules_have_numbers_of_their_own_that_stay() -> None:
    rules = body(suricata_rules(PLAN))
    numbers = [int(rule.partition("sid:")[2].partition(";")[0]) for rule in rules]
    assert len(set(numbers)) == len(numbers)
    assert all(FIRST_SID <= number < FIRST_SID + SIDS for number in numbers)
    fewer = body(suricata_rules(plan_of(ENTRIES[:3], ["bad"])))
    assert set(fewer) <= set(rules)


def test_suricata_matches_a_domain_and_what_is_below_it_only() -> None:
    rules = body(suricata_rules(PLAN))
    assert any('dns.query; dotprefix; content:".bad.example"; endswith; nocase;' in rule for rule in rules)
    assert any('tls.sni; content:"api.bad.example"; startswith; endswith; nocase;' in rule for rule in rules)
    assert not any("http.host" in rule and "nocase" in rule for rule in rules)  # Suricata refuses it there
    assert [rule.split()[0] for rule in rules][:6] == ["pass"] * 6


def test_numbers_that_come_upon_each_other_move_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_texts, "SIDS", 12)
    plan = plan_of([entry("bad", "host", f"{name}.example") for name in "abcd"], ["bad"])
    numbers = {rule.partition("sid:")[2].partition(";")[0] for rule in body(suricata_rules(plan))}
    assert len(numbers) == 12


def test_hostile_names_stay_inside_a_rule() -> None:
    evil = Entry(
        "bad", 'x"; sid:1; rev:1;)\nalert ip any any -> any any (msg:"', "host", "a.example", "api", "prohibited"
    )
    (first, *_) = body(suricata_rules(plan_of([evil], ["bad"])))
    assert first.count('msg:"') == 1
    assert first.count("sid:") == 1
    assert len(body(suricata_rules(plan_of([evil], ["bad"])))) == 3
    assert yaml.safe_load_all(sigma_rules(plan_of([evil], ["bad"])))


def test_sigma_takes_the_rules() -> None:
    rules = SigmaCollection.from_yaml(sigma_rules(PLAN))
    assert [str(error) for rule in rules for error in rule.errors] == []
    assert len(rules) == 2
    dns_rule = next(yaml.safe_load_all(sigma_rules(PLAN)))
    assert dns_rule["detection"]["condition"] == "(names or below) and not spared"
    assert dns_rule["detection"]["below"] == {"query|endswith": [".bad.example"]}
    assert dns_rule["level"] == "high"


def test_sigma_without_domains_is_plain() -> None:
    plan = plan_of([entry("bad", "host", "a.example"), entry("good", "host", "b.example")], ["bad"])
    assert next(yaml.safe_load_all(sigma_rules(plan)))["detection"] == {
        "names": {"query": ["a.example"]},
        "condition": "names",
    }


@pytest.mark.parametrize(
    "write",
    [hosts_file, dnsmasq, response_policy_zone, squid_acl, pan_url_list, pan_allow_list, suricata_rules, sigma_rules],
)
def test_an_empty_plan_is_an_empty_list(write: Callable[[Plan], str]) -> None:
    text = write(plan_of([], []))
    assert not [line for line in text.splitlines() if "deny" in line or "alert" in line or "CNAME" in line]
    assert text.endswith("\n")
