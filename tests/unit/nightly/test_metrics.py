"""Metrics as Prometheus' own parser reads them; the file appears at once, and keeps the last success."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.report_world import world
from support.results import EXAMPLES

from shadowai.errors import UsageError
from shadowai.nightly.metrics import MAX_SOURCES, Run, last_success, metrics_text, write_metrics

if TYPE_CHECKING:
    from pathlib import Path

    from shadowai.result import Result

EVIL = 'a"b\\c\nd}{x="1"\x00\ud800'
NAME = re.compile(r"shadowai_[a-z]+(_[a-z]+)*")


def run(result: Result | None = None, *, is_well: bool = True) -> Run:
    queue = {("mail", "sent"): 3, ("mail", "queued"): 1}
    return Run(1_800_000_000.0, 1_800_000_012.5, is_well, result, None, queue)


def read(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    found = {}
    for family in text_string_to_metric_families(text):
        assert NAME.fullmatch(family.name)
        assert family.type == "gauge"
        assert family.documentation
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


def test_the_figures_are_those_of_the_result() -> None:
    result = world()
    found = read(metrics_text(run(result), 1.0))

    def value(name: str, **labels: str) -> float:
        return found[name, frozenset(labels.items())]

    proven = [use for one in result.departments for use in one.services if use.proven and use.sessions]
    assert value("shadowai_findings", status="prohibited") == sum(use.status == "prohibited" for use in proven)
    assert value("shadowai_people") == result.totals.people
    assert value("shadowai_candidates") == len(result.candidates)
    source = result.sources[0]
    labels = {"source": source.path, "format": source.format or ""}
    assert value("shadowai_source_records", **labels) == source.records
    assert value("shadowai_source_skipped_records", **labels, reason="bad-time") == source.skipped["bad-time"]
    assert value("shadowai_source_lag_seconds", **labels) == pytest.approx(1_800_000_012.5 - 1_795_996_798, abs=2)
    assert value("shadowai_run_success") == 1
    assert value("shadowai_run_duration_seconds") == 12.5
    assert value("shadowai_last_success_timestamp_seconds") == 1
    assert value("shadowai_outbox_items", channel="mail", state="queued") == 1


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_example_is_read_by_prometheus(name: str) -> None:
    assert read(metrics_text(run(EXAMPLES[name]()), None))


def test_hostile_names_stay_inside_their_label() -> None:
    result = world()
    sources = tuple(one.model_copy(update={"path": EVIL, "skipped": {EVIL: 1}}) for one in result.sources)
    found = read(metrics_text(run(result.model_copy(update={"sources": sources})), None))
    labels = [dict(labels) for name, labels in found if name == "shadowai_source_records"]
    assert {one["source"] for one in labels} == {'a"b\\c\nd}{x="1"\ufffd\ufffd'}


def test_sources_are_bounded_and_the_rest_counted() -> None:
    result = world()
    sources = tuple(result.sources[0].model_copy(update={"path": str(at), "last": "never"}) for at in range(600))
    found = read(metrics_text(run(result.model_copy(update={"sources": sources})), None))
    assert sum(name == "shadowai_source_records" for name, _ in found) == MAX_SOURCES
    assert found["shadowai_sources_without_metrics", frozenset()] == 100
    assert not any(name == "shadowai_source_lag_seconds" for name, _ in found)


def test_a_failed_run_keeps_the_time_of_the_last_success(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "shadowai.prom"
    assert last_success(path) is None
    write_metrics(path, run(is_well=False))
    assert last_success(path) is None
    write_metrics(path, run(world()))
    write_metrics(path, run(is_well=False))
    assert last_success(path) == 1_800_000_012.5
    assert read(path.read_text())["shadowai_run_success", frozenset()] == 0
    assert path.stat().st_mode & 0o777 == 0o644
    assert [one.name for one in path.parent.iterdir()] == ["shadowai.prom"]
    write_metrics(path, Run(1.0, 2.0, is_well=False, last_success=7.0))
    assert last_success(path) == 7.0


def test_a_disk_that_refuses_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "shadowai.prom"
    path.write_text("shadowai_last_success_timestamp_seconds often\n")
    assert last_success(path) is None

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="No space left"):
        write_metrics(path, run())
    assert [one.name for one in tmp_path.iterdir()] == ["shadowai.prom"]
