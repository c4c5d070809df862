"""The pipeline as a whole: the merge law end to end, and how one bad shard is kept apart."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from shadowai import captures, detect, resources, sources
from shadowai.inputs import ReadOptions
from shadowai.model import Tally
from shadowai.scan import ScanOptions, demo_options, scan
from shadowai.second_look import NOT_AGAIN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shadowai.logs import Batch
    from shadowai.model import Observation


def _sample_options(workers: int = 1) -> ScanOptions:
    folder = resources.samples()
    names = ("bind-queries.log", "squid-access.log.gz", "zscaler-web.csv")
    return ScanOptions(
        ReadOptions([str(folder / name) for name in names]),
        directory=folder,
        policy=folder / "policy.yaml",
        workers=workers,
    )


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(("size", "workers"), [(3_000, 1), (17_001, 2), (64_000, 2)])
def test_any_cut_and_any_number_of_workers_give_the_same_result(
    monkeypatch: pytest.MonkeyPatch, size: int, workers: int
) -> None:
    whole = scan(_sample_options())
    monkeypatch.setattr(sources, "cut", partial(sources.cut, size=size))
    calls: list[tuple[int, int]] = []
    cut = scan(_sample_options(workers), lambda done, total: calls.append((done, total)))
    assert cut == whole
    done, total = calls[-1]
    assert done == total > 3


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    ("name", "size", "workers"), [("branch.pcap", 3_000, 1), ("branch.pcap", 9_001, 2), ("office.pcapng", 40_000, 1)]
)
def test_captures_in_parts_give_the_same_result(
    monkeypatch: pytest.MonkeyPatch, name: str, size: int, workers: int
) -> None:
    options = ScanOptions(ReadOptions([str(resources.samples() / name)]), directory=resources.samples())
    whole = scan(options)
    cut = captures.cut
    made: list[captures.Part] = []

    def finely(path: Path) -> list[captures.Part]:
        made[:] = cut(path, size)
        return made.copy()

    monkeypatch.setattr(captures, "cut", finely)
    assert scan(replace(options, workers=workers)) == whole
    assert len(made) > 1


def test_parts_that_do_not_meet_are_read_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    options = ScanOptions(ReadOptions([str(resources.samples() / "branch.pcap")]), directory=resources.samples())
    whole = scan(options)
    wrong = [captures.Part(0, 1_000), captures.Part(1_001)]
    monkeypatch.setattr(captures, "cut", lambda _: wrong)
    assert scan(options) == whole


@pytest.mark.usefixtures("eager")
def test_the_demo_is_the_same_with_two_workers(tmp_path: Path) -> None:
    one = scan(demo_options(tmp_path / "one", 1))
    two = scan(demo_options(tmp_path / "two", 2))
    assert one == two


def test_no_worker_is_started_for_little(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("shadowai.engine.pool.ProcessPoolExecutor", None)
    scan(demo_options(tmp_path / "little", 2))
    monkeypatch.setattr("shadowai.gathering.LITTLE", 0)
    with pytest.raises(TypeError, match="not callable"):
        scan(demo_options(tmp_path / "much", 2))


def test_a_fault_in_one_shard_is_its_sources_error_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    real = detect.contacts

    def faulty(task: detect.Task, *rest: object) -> Iterator[Observation | Batch]:
        if "zscaler" in task.shard.source.name:
            raise ZeroDivisionError("by a hostile line")
        return real(task, *rest)

    monkeypatch.setattr(detect, "contacts", faulty)
    result = scan(_sample_options())
    errors = {one.path.rpartition("/")[2]: one.error for one in result.sources}
    assert errors["zscaler-web.csv"] == "internal error (ZeroDivisionError: by a hostile line); please report it"
    assert errors["bind-queries.log"] is None
    assert result.totals.people > 0


@pytest.mark.parametrize("step", ["recognise", "tasks", "contacts"])
def test_a_file_that_goes_away_meanwhile_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    (tmp_path / "gone.csv").write_bytes((resources.samples() / "zscaler-web.csv").read_bytes() + b"broken line\n")
    real = getattr(detect, step)

    def then_gone(*said: object, **more: object) -> object:
        tasks = [one.shard.source for one in said if isinstance(one, detect.Task)]
        source = next(one for one in (*tasks, *said) if isinstance(one, sources.Source))
        found = real(*said, **more)
        if step == "contacts":
            found = list(found)
        if source.name.endswith("gone.csv"):
            source.path.unlink()
        return found

    monkeypatch.setattr(detect, step, then_gone)
    options = ReadOptions([str(tmp_path / "gone.csv"), str(resources.samples() / "bind-queries.log")])
    result = scan(ScanOptions(options))
    gone, there = sorted(result.sources, key=lambda one: one.format or "", reverse=True)
    assert there.error is None
    if step == "contacts":
        assert gone.error is None
        assert gone.warnings == ("byte 239036: bad-record (first of 1)", NOT_AGAIN)
    else:
        assert gone.error == "cannot be read: No such file or directory"


def test_what_was_read_before_a_file_broke_off_counts(tmp_path: Path) -> None:
    packed = (resources.samples() / "squid-access.log.gz").read_bytes()
    (tmp_path / "cut.gz").write_bytes(packed[: len(packed) * 3 // 4])
    result = scan(ScanOptions(ReadOptions([str(tmp_path / "cut.gz")])))
    (source,) = result.sources
    assert source.error is not None
    assert "truncated" in source.error
    assert source.parsed > 100
    assert result.totals.sessions > 0


def test_a_detector_keeps_to_its_period() -> None:
    whole = scan(_sample_options())
    assert whole.period.start is not None
    middle = 1_763_370_000_000_000_000
    options = _sample_options()
    before = scan(replace(options, until=middle))
    after = scan(replace(options, since=middle))
    blocked = [one.totals.blocked for one in (before, after, whole)]
    assert blocked[0] + blocked[1] == blocked[2]


def test_an_empty_tally_is_no_error() -> None:
    assert Tally().broken == 0


def test_the_period_is_the_part_that_was_looked_at() -> None:
    whole = scan(_sample_options()).period
    assert whole.start is not None
    assert whole.end is not None
    nine, ten = 1_794_906_000_000_000_000, 1_794_909_600_000_000_000  # date -u -d 2026-11-17T09:00 +%s
    part = scan(replace(_sample_options(), since=nine, until=ten)).period
    assert (part.start, part.end) == ("2026-11-17T09:00:00.000000Z", "2026-11-17T09:59:59.999999Z")
    assert scan(replace(_sample_options(), since=0, until=2 * nine)).period == whole
    outside = scan(replace(_sample_options(), until=1)).period
    assert (outside.start, outside.end) == (None, None)


def test_records_without_a_time_are_told_where_a_period_leaves_them_out(tmp_path: Path) -> None:
    log = tmp_path / "export.csv"
    log.write_text("Site,Who\nclaude.ai,ann\nclaude.ai,bob\n")
    read = ReadOptions([str(log)], columns={"csv": {"host": "Site", "user": "Who"}})
    assert scan(ScanOptions(read)).totals.people == 2
    bounded = scan(ScanOptions(read, since=1))
    assert bounded.totals.people == 0
    assert bounded.sources[0].warnings == ("records without a time, which the period leaves out: 2",)


def test_departments_have_the_people_of_the_period(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text(
        "1772359200.000 9 10.1.2.3 TCP_TUNNEL/200 900 CONNECT chatgpt.com:443 ann HIER_DIRECT/203.0.113.9 -\n"
        "1774951200.000 9 10.1.2.3 TCP_TUNNEL/200 900 CONNECT chatgpt.com:443 ann HIER_DIRECT/203.0.113.9 -\n"
    )  # 2026-03-01 and 2026-03-31, both at ten
    (tmp_path / "departments.csv").write_text("department,parent\nFirm,\nSales,Firm\nLaw,Firm\nTax,Firm\n")
    (tmp_path / "people.csv").write_text(
        "user,email,department,from,until\nann,,Sales,,2026-03-14\nann,,Law,2026-03-15,\n"
        "bob,,Sales,,2026-02-28\neve,,Tax,2026-04-01,\nkim,,Law,,\n"
    )
    options = ScanOptions(ReadOptions([str(log)]), directory=tmp_path)
    result = scan(options)
    found = {one.name: (one.headcount, one.people) for one in result.departments}
    assert found == {"Firm": (None, 0), "Sales": (1, 1), "Law": (2, 1), "Tax": (None, 0)}
    (firm,) = result.divisions
    assert (firm.headcount, firm.people) == (2, 1)
    later = scan(replace(options, since=1_774_900_000_000_000_000))
    assert {one.name: one.headcount for one in later.departments} == {
        "Firm": None,
        "Sales": None,
        "Law": 2,
        "Tax": None,
    }
    nothing = scan(replace(options, since=1_900_000_000_000_000_000))
    assert {one.name: one.headcount for one in nothing.departments} == {"Firm": None, "Sales": 2, "Law": 2, "Tax": 1}
