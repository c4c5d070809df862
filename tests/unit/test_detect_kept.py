"""What a detector keeps between observations and shards changes nothing of what it finds."""

from __future__ import annotations

import pickle
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

from shadowai import detect
from shadowai.activity.rollup import Activity
from shadowai.finder import Finder
from shadowai.logs import Needle, load_formats
from shadowai.signatures import Matcher, load_database, needles
from shadowai.sources import Source
from shadowai.sources.shards import Shard

if TYPE_CHECKING:
    from pathlib import Path


@cache
def _detector() -> detect.Detector:
    database = load_database()
    return detect.Detector(Finder(Matcher(database)), [Needle(*one) for one in needles(database)], detect.Reading())


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
