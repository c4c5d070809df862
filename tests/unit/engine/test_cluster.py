"""Scans on a Dask cluster: two workers of our own, each a process, where another folder is the current one."""

from __future__ import annotations

import dataclasses
import gzip
import os
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import dask
import pytest
from click.testing import CliRunner
from distributed import LocalCluster
from support import cluster_tasks
from support.archive_writers import zipped
from support.nightly import World, lines
from support.web_server import serving

from shadowai.activity.columns import merged
from shadowai.cli import cli
from shadowai.engine import Cluster, cluster, connected, run
from shadowai.errors import UsageError, WorkerError
from shadowai.history.codec import encode
from shadowai.inputs import ReadOptions
from shadowai.reach import reaching
from shadowai.reports.document import result_json
from shadowai.scan import ScanOptions, demo_options, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LINE = "1768471200.576    111 10.1.2.3 TCP_TUNNEL/200 15851 CONNECT chatgpt.com:443 alice HIER_DIRECT/192.0.2.7 -\n"
NOBODY = "tcp://127.0.0.1:9"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="module")
def dask_cluster(elsewhere: Path) -> Iterator[LocalCluster]:
    before = Path.cwd()
    os.chdir(elsewhere)
    settings = {
        "distributed.scheduler.allowed-failures": 1,
        "distributed.comm.timeouts.connect": "5s",
    }
    try:
        with (
            dask.config.set(settings),
            LocalCluster(n_workers=2, threads_per_worker=2, dashboard_address="127.0.0.1:0", host="127.0.0.1") as found,
        ):
            os.chdir(before)
            yield found
    finally:
        os.chdir(before)


@pytest.fixture
def address(dask_cluster: LocalCluster) -> str:
    dask_cluster.wait_for_workers(2)
    return str(dask_cluster.scheduler_address)


def added(
    found: Cluster, offset: int, tasks: Sequence[int], meanwhile: Callable[[], None] | None = None
) -> list[tuple[int, int, int]]:
    return list(run(cluster_tasks.Adder(offset).add, tasks, workers=found, meanwhile=meanwhile))


def test_every_task_is_done_once_by_workers_that_were_given_the_work_once(address: str) -> None:
    with connected(address) as found:
        for offset in (100, 200):
            done = added(found, offset, range(40))
            assert sorted(value for value, _, _ in done) == [task + offset for task in range(40)]
            assert len({pid for _, pid, _ in done} - {os.getpid()}) == 2
            assert {times for _, _, times in done} == {1}


def test_no_task_is_no_outcome_and_meanwhile_is_done_once(address: str) -> None:
    calls: list[int] = []
    with connected(address) as found:
        assert added(found, 1, []) == []
        assert len(added(found, 1, range(30), lambda: calls.append(1))) == 30
    assert calls == [1]


def test_one_that_is_left_early_begins_nothing_more(address: str) -> None:
    with connected(address) as found:
        outcomes = run(cluster_tasks.slow, range(200), workers=found)
        assert next(outcomes) == 1
        outcomes.close()
        assert len(added(found, 1, range(3))) == 3


def test_the_result_is_the_same_to_the_byte(address: str, tmp_path: Path) -> None:
    here = dataclasses.replace(demo_options(tmp_path, 1), out=None)
    assert result_json(scan(here)) == result_json(scan(dataclasses.replace(here, cluster=address)))


def test_scheduled_scans_read_on_it_and_keep_the_same(address: str, tmp_path: Path) -> None:
    kept = []
    for name, cluster_ in (("here", None), ("there", address)):
        world = World(tmp_path / name)
        world.folder.mkdir()
        world.put("a.log", lines(0, 50))
        world.put("export.zip", zipped({"b.log": lines(50, 80).encode()}))
        assert world.run(cluster=cluster_).records == 80
        assert world.run(cluster=NOBODY).records == 0, "nobody is called where nothing is new"
        kept.append(encode(merged(world.history().columns(0, 40_000))))
    assert kept[0] == kept[1]


def test_what_no_worker_of_a_scheduled_scan_can_have_is_read_by_the_next(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)
    world.put("a.log.gz", gzip.compress(lines(0, 50).encode()))
    monkeypatch.setattr("shadowai.sources.unreachable", cluster_tasks.nothing_reachable)
    (source,) = world.run(cluster=address).sources
    assert "is not to be had by 2 of 2 Dask workers" in (source.error or "")
    monkeypatch.undo()
    assert world.run(cluster=address).records == 50


def test_what_lies_in_a_spool_is_had_again_by_the_workers(
    address: str, elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The spool's path leads through the current folder, which is another one there: as if on another machine.
    archive = tmp_path / "export.zip"
    archive.write_bytes(
        zipped({"a/access.log": LINE.encode() * 20, "inner.zip": zipped({"b.log": LINE.encode() * 30})})
    )
    with serving() as web:
        web.content["/proxy/c.log"] = LINE.encode() * 40
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(tempfile, "tempdir", "/proc/self/cwd")
        read = ReadOptions([str(archive), f"{web.url}/proxy/c.log"])
        here = scan(ScanOptions(read))
        before = len(web.gets)
        there = scan(ScanOptions(read, cluster=address))
        assert len(web.gets) - before > 1  # fetched here, and there
    assert [source.error for source in there.sources] == [None] * 3
    assert [source.parsed for source in there.sources] == [20, 30, 40]
    assert result_json(here) == result_json(there)
    assert [path.name for path in elsewhere.iterdir() if path.name.startswith("shadowai-")] == []


def test_an_input_that_workers_cannot_have_is_told_and_the_others_are_read(address: str, tmp_path: Path) -> None:
    path, other = tmp_path / "a.log", tmp_path / "b.log"
    path.write_text(LINE)
    other.write_text(LINE * 2)
    handle = os.open(path, os.O_RDONLY)
    os.dup2(handle, 200)
    try:
        mine = "/proc/self/fd/200"  # of this process alone
        result = scan(ScanOptions(ReadOptions([mine, str(other)]), cluster=address))
    finally:
        os.close(handle)
        os.close(200)
    bad, good = result.sources
    assert (good.parsed, good.error) == (2, None)
    assert "is not to be had by 2 of 2 Dask workers" in (bad.error or "")
    assert "No such file or directory); give files names that are the same on all machines" in (bad.error or "")


def test_a_key_log_that_workers_lack_is_wrong_usage(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    keylog = Path("keys.log")
    keylog.write_text("")
    with connected(address) as found:
        with pytest.raises(UsageError, match="cannot read the TLS key log"), reaching(found, [], tmp_path, keylog):
            pytest.fail("was reached")
        with reaching(found, [], tmp_path, keylog.absolute()):
            pass


def test_a_worker_that_dies_is_replaced(address: str, tmp_path: Path) -> None:
    with connected(address) as found:
        marks = [str(tmp_path / "mark"), *(str(tmp_path / "done") for _ in range(3))]
        Path(marks[1]).touch()
        assert list(run(cluster_tasks.die_once, marks, workers=found)) == [1] * 4


def test_a_task_that_ends_every_worker_is_told(address: str) -> None:
    with connected(address) as found, pytest.raises(WorkerError, match="ended every worker that it was given to"):
        list(run(cluster_tasks.die, [1], workers=found))


def test_another_version_there_is_wrong_usage(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "__version__", "0.0.1")
    with pytest.raises(UsageError, match=r"has shadowai .*; install shadowai"), connected(address):
        pytest.fail("was connected")


def test_none_there_is_wrong_usage(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("known_here_alone")
    exec("def version(): return ''", module.__dict__)  # noqa: S102  # a function that only this process has
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(cluster, "_version", module.__dict__["version"])
    with (
        pytest.raises(UsageError, match=r"cannot do its part: .*known_here_alone.*; install shadowai"),
        connected(address),
    ):
        pytest.fail("was connected")


def test_a_scheduler_without_workers_is_wrong_usage(elsewhere: Path) -> None:
    del elsewhere
    with (
        LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0", host="127.0.0.1") as empty,
        pytest.raises(UsageError, match="has no workers; start some"),
        connected(empty.scheduler_address),
    ):
        pytest.fail("was connected")


def test_a_cluster_that_is_lost_is_told() -> None:
    class Gone:
        def nthreads(self) -> dict[str, int]:
            return {}

        def scatter(self, *_arguments: object, **_options: object) -> None:
            raise OSError("gone")

    with pytest.raises(WorkerError, match="the cluster was lost on the way"):
        list(run(str, [1], workers=Cluster(Gone(), "tcp://x")))


def test_nobody_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster.connected.__wrapped__, "__defaults__", (0.5,))
    (tmp_path / "a.log").write_text(LINE)
    for address in (NOBODY, "nonsense", "tcp://no-port"):
        arguments = ["scan", str(tmp_path / "a.log"), "--engine", "dask", "--dask-address", address]
        with pytest.raises(UsageError, match="start one with `dask scheduler`"):
            CliRunner().invoke(cli, arguments, catch_exceptions=False, standalone_mode=False)


def test_without_dask_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"pip install 'shadowai\[dask\]'"), connected(NOBODY):
        pytest.fail("was connected")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--engine", "dask"], "--engine dask needs --dask-address"),
        (["--dask-address", NOBODY], "--dask-address goes with --engine dask"),
    ],
)
def test_options_that_do_not_fit_are_wrong_usage(tmp_path: Path, options: list[str], told: str) -> None:
    (tmp_path / "a.log").write_text(LINE)
    with pytest.raises(UsageError, match=told):
        CliRunner().invoke(cli, ["scan", str(tmp_path), *options], catch_exceptions=False, standalone_mode=False)
