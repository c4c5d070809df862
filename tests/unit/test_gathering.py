from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.detect import Task
from shadowai.gathering import Measure
from shadowai.sources import Shard, Source


def tasks(folder: Path, sizes: list[tuple[int, int]]) -> list[Task]:
    """Make files of some sizes, each cut into some tasks."""
    found = []
    for number, (size, parts) in enumerate(sizes):
        path = folder / f"{number}.log"
        path.write_bytes(b"x" * size)
        found += [Task(number, Shard(Source(path.name, path)), None)] * parts
    return found


@given(sizes=st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 7)), min_size=1, max_size=5), data=st.data())
def test_in_whatever_order_all_bytes_are_done_at_the_end_and_not_before(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[tuple[int, int]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("sizes")
    work = tasks(folder, sizes)
    measure = Measure(work)
    assert measure.total == sum(max(size, parts) for size, parts in sizes)
    order = data.draw(st.permutations([task.number for task in work]))
    seen = [measure.finish(number) for number in order]
    assert seen == sorted(seen)
    assert seen[-1] == measure.total
    assert all(done < measure.total for done in seen[:-1])


def test_what_has_gone_counts_a_byte_a_task(tmp_path: Path) -> None:
    gone = Source("gone.log", tmp_path / "gone.log")
    measure = Measure([Task(0, Shard(gone), None), Task(0, Shard(gone), None)])
    assert (measure.total, measure.finish(0), measure.finish(0), measure.finish(0)) == (2, 1, 2, 2)
