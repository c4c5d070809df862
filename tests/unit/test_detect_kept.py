"""What a detector keeps between observations and shards changes nothing of what it finds."""

from __future__ import annotations

import pickle
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from shadowai import detect
from shadowai.activity.rollup import Activity
from shadowai.logs import Needle, load_formats
from shadowai.model import Account, Client, Evidence, Kind, Observation
from shadowai.policy.tenants import TenantTable
from shadowai.signatures import Matcher, load_database, needles
from shadowai.sources import Source
from shadowai.sources.shards import Shard

if TYPE_CHECKING:
    from pathlib import Path


@cache
def _detector() -> detect.Detector:
    database = load_database()
    return detect.Detector(Matcher(database), [Needle(*one) for one in needles(database)], detect.Reading())


HOSTS = st.sampled_from(
    [None, "chatgpt.com", "api.openai.com", "example.com", "github.com", "10.0.0.5", "x.openai.com", "brand-new.ai",
     "gemini.google.com", "www.notion.so", "160.79.104.10"]
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
)


@given(st.lists(SEEN, max_size=30))
@settings(max_examples=200)
def test_a_finding_depends_on_the_observation_alone(seen: list[Observation]) -> None:
    kept = _detector()
    for one in seen:
        assert kept._find(one) == kept._match(one)
        assert kept._find(one) == kept._match(one)


def test_hosts_without_end_are_not_kept() -> None:
    detector = pickle.loads(pickle.dumps(_detector()))  # noqa: S301  # our own
    for number in range(detect.MAX_SETTLED + 10):
        host = f"h{number}.openai.com"
        detector._find(Observation(Evidence.DNS, Kind.DNS, "x", "x", host=host))
    assert 0 < len(detector._settled) <= detect.MAX_SETTLED


def test_shards_of_one_file_share_a_reader_and_others_do_not(tmp_path: Path) -> None:
    line = b"1763629200.1 9 10.0.0.1 TCP_TUNNEL/200 9 CONNECT chatgpt.com:443 - HIER_DIRECT/192.0.2.1 -\n"
    detector = pickle.loads(pickle.dumps(_detector()))  # noqa: S301  # our own
    files = []
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(line * 3)
        files.append(Source(name, tmp_path / name))
    tasks = [
        detect.Task(number, Shard(source, start, start + len(line)), load_formats()["squid"])
        for number, source in enumerate(files)
        for start in (0, len(line), 2 * len(line))
    ]
    whole = Activity()
    for task in tasks:
        outcome = detector.detect(task)
        assert outcome.error is None
        assert outcome.tally.records == outcome.tally.parsed == 1
        whole.merge(outcome.activity)
    assert [sums.detections for sums in whole.rows.values()] == [3, 3]  # a row a file
    seen = [one.file for task in tasks for one in detect.observations(task, detector.reading, outcome.tally)]
    assert seen == ["one"] * 3 + ["two"] * 3
    assert pickle.dumps(detector)  # what is kept stays here


def test_reading_logs_imports_nothing_of_captures() -> None:
    program = (
        "import sys, shadowai.scan; print([name for name in sys.modules if name.startswith('shadowai.captures.')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def _rows(detector: detect.Detector, *seen: Observation) -> list[tuple[str, Account | None, Client | None]]:
    activity = Activity()
    for one in seen:
        detector.take(one, activity)
    return [(key.name, key.account, key.client) for key in activity.rows]


def _request(host: str, path: str | None = None, user_agent: str | None = None) -> Observation:
    return Observation(Evidence.PROXY, Kind.PROXY, "squid", "f", host=host, path=path, user_agent=user_agent)


def test_the_organisations_own_account_is_told_by_host_and_by_path() -> None:
    tenants = TenantTable({"azure-openai": ["ours.openai.azure.com"], "huggingface": ["huggingface.co/ours"]})
    made = detect.Detector(Matcher(load_database()), (), detect.Reading(), tenants=tenants)
    detector = pickle.loads(pickle.dumps(made))  # noqa: S301  # our own
    seen = ("ours.openai.azure.com", "theirs.openai.azure.com", "ours.openai.azure.com")
    rows = _rows(detector, *map(_request, seen))
    assert rows == [("azure-openai", Account.SANCTIONED_TENANT, None), ("azure-openai", None, None)]
    paths = [_request("huggingface.co", "/theirs/model"), _request("huggingface.co", "/ours/model")]
    assert [account for _, account, _ in _rows(detector, *paths)] == [None, Account.SANCTIONED_TENANT]
    # The same host, asked for again without a path: what was settled for it is not the account of the path.
    assert [account for _, account, _ in _rows(detector, _request("huggingface.co"))] == [None]


def test_a_tenant_of_another_service_proves_nothing() -> None:
    tenants = TenantTable({"claude": ["ours.openai.azure.com"], "*": ["all.openai.azure.com"]})
    detector = detect.Detector(Matcher(load_database()), (), detect.Reading(), tenants=tenants)
    assert _rows(detector, _request("ours.openai.azure.com")) == [("azure-openai", None, None)]
    assert _rows(detector, _request("all.openai.azure.com")) == [("azure-openai", Account.SANCTIONED_TENANT, None)]


def test_the_program_is_told_by_its_user_agent_and_long_ones_are_cut() -> None:
    detector = _detector()
    assert _rows(detector, _request("api.openai.com", "/v1/x", "python-httpx/0.27"))[0][2] is Client.PROGRAM
    assert _rows(detector, _request("api.openai.com", "/v1/x", "x" * 5000 + " python-httpx/0.27"))[0][2] is None
    assert all(len(agent) <= detect.MAX_USER_AGENT for agent in detector._clients)
    for number in range(detect.MAX_SETTLED + 10):
        detector._client(f"agent {number}")
    assert len(detector._clients) <= detect.MAX_SETTLED
