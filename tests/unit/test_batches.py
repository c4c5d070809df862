"""What a detector rolls up in batches is what it rolls up one by one, and any cutting of a file comes to the same."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shadowai import detect, logs
from shadowai.activity.columns import activity_rows, columns_of
from shadowai.activity.rollup import Activity, Key, Sums
from shadowai.finder import Finder
from shadowai.logs import Needle, blocks, load_formats
from shadowai.logs.logformat import compile_logformat
from shadowai.model import SECOND, Tally
from shadowai.policy.tenants import TenantTable
from shadowai.signatures import Matcher, load_database, needles
from shadowai.sources import Source
from shadowai.sources.shards import Shard

if TYPE_CHECKING:
    from pathlib import Path

START = 1_768_471_200
HOSTS = [
    "chatgpt.com",
    "api.openai.com",
    "x.openai.com",
    "example.com",
    "github.com",
    "gemini.google.com",
    "www.notion.so",
    "brand-new.ai",
    "10.0.0.5",
    "160.79.104.10",
    "dns.google",
    "huggingface.co",
    "bad..host",
]
PATHS = ["/", "/v1/chat/completions", "/api/chat", "/gpts", "/product/ai", "/ours/model", "/copilot"]
PLACES = st.one_of(
    st.tuples(st.just("CONNECT"), st.sampled_from(HOSTS).map("{}:443".format)),
    st.tuples(st.just("POST"), st.builds("http://{}{}".format, st.sampled_from(HOSTS), st.sampled_from(PATHS))),
)
SQUID = st.builds(
    "{}.{:03} 7 {} {} {} {} {} {} HIER_DIRECT/192.0.2.7 -".format,
    st.integers(START, START + 200),
    st.integers(0, 999),
    st.sampled_from(["10.0.0.1", "10.0.0.2", "2001:DB8::1", "-", "odd"]),
    st.sampled_from(["TCP_TUNNEL/200", "TCP_DENIED/403", "TCP_DENIED/407", "NONE/000", "odd"]),
    st.sampled_from(["0", "512", "9" * 14, "-", "x"]),
    PLACES.map(lambda place: place[0]),
    PLACES.map(lambda place: place[1]),
    st.sampled_from(["ann", "ANN", "-", "bob%20x"]),
)
CSV_HEADER = "time,user,src_ip,url,sent,received,action,user_agent"
CSV = st.builds(
    '{},{},{},{},{},{},{},"{}"'.format,
    st.sampled_from(["2026-01-15T10:00:00Z", "2026-01-15T10:02:00Z", "", "x"]),
    st.sampled_from(["ann", "bob", ""]),
    st.sampled_from(["10.0.0.1", ""]),
    PLACES.map(lambda place: place[1]),
    st.sampled_from(["5", "70000", ""]),
    st.sampled_from(["5", ""]),
    st.sampled_from(["allowed", "blocked"]),
    st.sampled_from(["Mozilla/5.0 (X11) Firefox/140.0", "claude-cli/1.0", "python-httpx/0.27", ""]),
)
TENANT_FORMAT = compile_logformat("squid:%ts.%03tu %>a %ru %{ChatGPT-Allowed-Workspace-Id}>h", "tenants")
TENANTS = st.builds(
    "{}.000 10.0.0.1 {} {}".format,
    st.integers(START, START + 200),
    PLACES.map(lambda place: place[1]),
    st.sampled_from(["ours", "theirs", "ours,theirs", "-"]),
)
Rolled = tuple[dict[Key, Sums], Tally, int]


@cache
def _parts() -> tuple[Finder, tuple[Needle, ...]]:
    database = load_database()
    own = {"azure-openai": ["x.openai.com"], "huggingface": ["huggingface.co/ours"], "chatgpt": ["id:ours"]}
    tenants = TenantTable(own)
    return Finder(Matcher(database), tenants), tuple(Needle(*one) for one in needles(database))


def _rolled_up(path: Path, name: str, since: int | None, until: int | None, shards: int) -> Rolled:
    detector = detect.Detector(*_parts(), detect.Reading(), since, until)
    fmt, source = load_formats().get(name, TENANT_FORMAT), Source("x", path)
    header = (path.read_bytes().partition(b"\n")[0],) if fmt.has_header_line else ()
    size = path.stat().st_size
    starts = [size * number // shards for number in range(shards)]
    whole, tally, undated = Activity(), Tally(), 0
    for start, end in zip(starts, [*starts[1:], size], strict=True):
        outcome = detector.detect(detect.Task(0, Shard(source, start, end, header if start else ()), fmt))
        assert outcome.error is None
        whole.merge(outcome.activity)
        tally.merge(outcome.tally)
        undated += outcome.undated
    return dict(activity_rows(columns_of(whole))), tally, undated


@pytest.mark.parametrize(
    ("name", "header", "lines"),
    [("squid", [], SQUID), ("csv-web", [CSV_HEADER], CSV), ("tenants", [], TENANTS)],
)
@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_batches_and_any_cutting_come_to_the_same(
    tmp_path: Path, name: str, header: list[str], lines: st.SearchStrategy[str], data: st.DataObject
) -> None:
    drawn = data.draw(st.lists(lines, min_size=1, max_size=40))
    path = tmp_path / "log"
    path.write_text("\n".join([*header, *drawn, *drawn[:5]]) + "\n", encoding="utf-8")
    bounds = st.one_of(st.none(), st.integers(START - 1, START + 201).map(lambda second: second * SECOND))
    period = data.draw(bounds), data.draw(bounds)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logs, "read_batches", logs.read_blocks)
        alone = _rolled_up(path, name, *period, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "FEW", 1)
        assert _rolled_up(path, name, *period, 1) == alone
        assert _rolled_up(path, name, *period, data.draw(st.integers(2, 5))) == alone


def test_rows_that_came_as_columns_are_added_up(tmp_path: Path) -> None:
    line = f"{START}.5 7 10.0.0.1 TCP_TUNNEL/200 9 CONNECT api.openai.com:443 ann HIER_DIRECT/192.0.2.7 -\n"
    path = tmp_path / "log"
    path.write_text(line * 300, encoding="utf-8")
    rows, tally, _ = _rolled_up(path, "squid", None, None, 3)
    ((key, sums),) = rows.items()
    assert (key.name, key.user, sums.detections, sums.bytes_down, tally.parsed) == ("openai-api", "ann", 300, 2700, 300)
