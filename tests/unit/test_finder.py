"""What a finder says of a contact, and that what it keeps between contacts changes nothing of it."""

from __future__ import annotations

import pickle
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from shadowai import finder
from shadowai.activity.rollup import Finding, Subject
from shadowai.finder import Finder
from shadowai.model import Account, Client, Evidence, Hidden, Kind, Observation
from shadowai.policy.tenants import TenantTable
from shadowai.signatures import Matcher, load_database


@cache
def _matcher() -> Matcher:
    return Matcher(load_database())


OURS = Account.SANCTIONED_TENANT
HOSTS = st.sampled_from(
    [None, "chatgpt.com", "api.openai.com", "example.com", "github.com", "10.0.0.5", "x.openai.com", "brand-new.ai",
     "gemini.google.com", "www.notion.so", "160.79.104.10", "dns.google"]
)  # fmt: skip
SEEN = st.builds(
    Observation,
    evidence=st.sampled_from([Evidence.PROXY, Evidence.DNS, Evidence.TLS, Evidence.ADDRESS]),
    kind=st.just(Kind.PROXY),
    dataset=st.just("x"),
    file=st.just("x"),
    host=HOSTS,
    path=st.sampled_from([None, "/", "/v1/chat/completions", "/api/chat", "/gpts", "/product/ai"]),
    destination_port=st.sampled_from([None, 443, 853, 11434]),
    destination_ip=st.sampled_from([None, "8.8.8.8", "160.79.104.10"]),
    user_agent=st.sampled_from([None, "claude-cli/1.0", "curl"]),
    protocol=st.sampled_from([None, "mcp"]),
    hidden=st.sampled_from([None, Hidden.ECH]),
)


@given(st.lists(SEEN, max_size=30))
@settings(max_examples=200)
def test_a_finding_depends_on_the_observation_alone(seen: list[Observation]) -> None:
    kept = Finder(_matcher())
    for one in seen:
        expected = Finder(_matcher()).find(one)
        assert kept.find(one) == kept.find(one) == expected


def test_a_host_that_tells_nothing_does_not_silence_what_else_a_contact_shows() -> None:
    kept = Finder(_matcher())
    plain = Observation(Evidence.TLS, Kind.CAPTURE, "pcap", "f", host="example.com", destination_port=443)
    assert [kept.find(plain), kept.find(plain)] == [None, None]
    resolver = Observation(
        Evidence.TLS, Kind.CAPTURE, "pcap", "f", host="example.com", destination_port=443, destination_ip="8.8.8.8"
    )
    assert kept.find(resolver) == Finding(Subject.BLIND_SPOT, "google-dns")
    local = Observation(
        Evidence.HTTP, Kind.CAPTURE, "pcap", "f", host="example.com", destination_port=11434, path="/api/chat"
    )
    assert (found := kept.find(local)) is not None
    assert (found.subject, found.name) == (Subject.SERVICE, "ollama")
    agent = Observation(Evidence.PROXY, Kind.PROXY, "squid", "f", host="example.com", user_agent="claude-cli/1.0")
    assert kept.find(agent) == Finder(_matcher()).find(agent)
    assert kept.find(agent) is not None


def test_hosts_without_end_are_not_kept() -> None:
    kept = Finder(_matcher())
    for name in ("openai.com", "example.com"):
        for number in range(finder.MAX_SETTLED + 10):
            kept.find(Observation(Evidence.DNS, Kind.DNS, "x", "x", host=f"h{number}.{name}"))
        assert 0 < len(kept._settled) <= finder.MAX_SETTLED


def _accounts(of: Finder, *seen: Observation) -> list[tuple[str, Account | None]]:
    found = map(of.find, seen)
    return [(one.name, one.account) for one in found if one is not None]


def _request(host: str, path: str | None = None, **more: str | None) -> Observation:
    return Observation(Evidence.PROXY, Kind.PROXY, "squid", "f", host=host, path=path, **more)


def test_the_organisations_own_account_is_told_by_host_and_by_path() -> None:
    tenants = TenantTable({"azure-openai": ["ours.openai.azure.com"], "huggingface": ["huggingface.co/ours"]})
    kept = pickle.loads(pickle.dumps(Finder(_matcher(), tenants)))  # noqa: S301  # our own
    seen = ("ours.openai.azure.com", "theirs.openai.azure.com", "ours.openai.azure.com")
    assert [account for _, account in _accounts(kept, *map(_request, seen))] == [OURS, None, OURS]
    paths = [_request("huggingface.co", "/theirs/model"), _request("huggingface.co", "/ours/model")]
    assert [account for _, account in _accounts(kept, *paths)] == [None, OURS]
    # The same host, asked for again without a path: what was settled for it is not the account of the path.
    assert [account for _, account in _accounts(kept, _request("huggingface.co"))] == [None]


def test_a_tenant_of_another_service_proves_nothing() -> None:
    tenants = TenantTable({"claude": ["ours.openai.azure.com"], "*": ["all.openai.azure.com"]})
    kept = Finder(_matcher(), tenants)
    assert _accounts(kept, _request("ours.openai.azure.com")) == [("azure-openai", None)]
    assert _accounts(kept, _request("all.openai.azure.com")) == [("azure-openai", OURS)]


def test_the_organisations_own_account_is_told_by_the_id_that_a_record_names() -> None:
    kept = Finder(_matcher(), TenantTable({"chatgpt": ["id:ws-1"], "*": ["id:example.com"]}))
    named = ("ws-1", "ws-1, WS-1", None, "ws-2", "ws-1,ws-2", "example.com")
    seen = [_request("chatgpt.com", tenant=tenant) for tenant in named]
    assert [account for _, account in _accounts(kept, *seen)] == [OURS, OURS, None, None, None, OURS]
    assert _accounts(kept, _request("claude.ai", tenant="ws-1")) == [("claude", None)]
    assert not Finder(_matcher()).knows_tenant("ws-1")


def test_the_program_is_told_by_its_user_agent_and_long_ones_are_cut() -> None:
    kept = Finder(_matcher())
    assert kept.client(None) is None
    assert kept.client("python-httpx/0.27") is Client.PROGRAM
    assert kept.client("x" * 5000 + " python-httpx/0.27") is None
    assert all(len(agent) <= finder.MAX_USER_AGENT for agent in kept._clients)
    for number in range(finder.MAX_SETTLED + 10):
        kept.client(f"agent {number}")
    assert len(kept._clients) <= finder.MAX_SETTLED
