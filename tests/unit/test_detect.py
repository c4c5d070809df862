"""The prefilter loses nothing: what the matcher would find stands in a line that hits, in every spelling of logs."""

from __future__ import annotations

import ipaddress
import itertools
import json
from typing import TYPE_CHECKING

import pytest

from shadowai.hosts import split_target
from shadowai.logs import Needle, Prefilter
from shadowai.signatures import load_database, look_up, needles, read_files
from shadowai.signatures.kinds import PLACEHOLDER, IndicatorKind
from shadowai.signatures.lookup import AGENT_PREFIX
from shadowai.signatures.matcher import Matcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from shadowai.signatures import Match

DATABASE = load_database()
LITERALS = [Needle(*literal) for literal in needles(DATABASE)]
PLAIN = Prefilter(LITERALS)
LABELS = Prefilter(LITERALS, "dns-labels")


def _questions() -> list[str]:
    """List something to ask for every indicator that a log can hold as text, and every such example."""
    asked = [example for service in read_files().services.values() for example in service.file.examples.match]
    asked += [question for match in DATABASE.indicators for question in _asking(match)]
    matcher = Matcher(DATABASE)
    matched = {question: look_up(matcher, question).match for question in asked}
    return [question for question, match in matched.items() if match and match.kind is not IndicatorKind.PROTOCOL]


def _asking(match: Match) -> list[str]:
    value = PLACEHOLDER.sub("eu-west-1", match.indicator)
    if match.kind is IndicatorKind.USER_AGENT:
        return [f"{AGENT_PREFIX} {value}"]
    if match.kind is IndicatorKind.ENDPOINT:
        return [f"http://10.0.0.5{value}"]
    if match.kind is IndicatorKind.ADDRESS:
        return [str(address) for address in itertools.islice(ipaddress.ip_network(value), 0, 1000, 37)]
    return [value, f"some.name.below.{value}"] if match.kind is IndicatorKind.DOMAIN else [value]


QUESTIONS = _questions()


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(
            "1763629200.1 9 10.0.0.1 TCP_MISS/200 9 GET https://{} - HIER_DIRECT/192.0.2.1 -".format, id="squid"
        ),
        pytest.param("10.0.0.1 TCP_TUNNEL CONNECT {}:443".format, id="connect"),
        pytest.param('{{"host":"{}","x":1}}'.format, id="json"),
        pytest.param(lambda text: json.dumps({"url": text}).replace("/", r"\/"), id="json with escaped slashes"),
        pytest.param("QUERY {}. IN A".format, id="trailing dot"),
        pytest.param(lambda text: f"GET {text.upper()}", id="upper case"),
        pytest.param("{}".format, id="nothing around"),
    ],
)
def test_every_indicator_hits_in_every_spelling(write: Callable[[str], str]) -> None:
    missed = [question for question in QUESTIONS if not PLAIN.hits(write(question.removeprefix(AGENT_PREFIX)).encode())]
    assert missed == []


def test_every_host_hits_as_dns_labels() -> None:
    hosts = {target.host for target in map(split_target, QUESTIONS) if target}
    missed = [host for host in hosts if not LABELS.hits(_labels(host))]
    # A path is never seen in a DNS log, so the hosts of URL indicators alone need no needle there.
    matcher = Matcher(DATABASE)
    assert [host for host in missed if matcher.match(host)] == []


def _labels(host: str) -> bytes:
    return ("A      " + "".join(f"({len(label)}){label}" for label in host.split(".")) + "(0)").encode()


def test_candidates_and_blind_spots_hit_too() -> None:
    names = ["brand-new.ai", "my-gpt.example", "gpt4.example"]
    names += [domain for place in DATABASE.blind_spots for domain in place.domains]
    for name in names:
        assert PLAIN.hits(f"CONNECT {name}:443".encode()), name
        assert LABELS.hits(_labels(name)), name


def test_ordinary_hosts_do_not_hit() -> None:
    lines = ["www.example.com", "blog.common.example", "s3.amazonaws.com", "www.google.com", "mail.airline.example"]
    assert [line for line in lines if PLAIN.hits(f"CONNECT {line}:443".encode())] == []


def test_the_questions_are_real_ones() -> None:
    matcher = Matcher(DATABASE)
    assert len(QUESTIONS) > 1000
    assert all(look_up(matcher, question).match for question in QUESTIONS)
