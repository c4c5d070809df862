"""Every observation of the sources, AI or not, written as ECS records: JSON Lines, CSV or Parquet."""

from __future__ import annotations

import csv
import io
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import orjson

from shadowai import detect
from shadowai.captures import Part
from shadowai.errors import ShadowaiError, UsageError
from shadowai.inputs import ReadOptions, list_inputs, rings_of, source_reports, tasks_of
from shadowai.model import ECS_FIELDS, Observation
from shadowai.reports.text import csv_cell

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from shadowai.captures import Ledger
    from shadowai.inputs import Input
    from shadowai.provenance import SourceReport

FORMATS = ("jsonl", "csv", "parquet")
_BATCH = 10_000  # records of a Parquet row group; bounds memory


class RecordWriter(Protocol):
    """Takes observations one by one and writes them somewhere."""

    def write(self, seen: Observation) -> None:
        """Write one observation."""

    def close(self) -> None:
        """Write what is still held back."""


def observe(options: ReadOptions, records: str, out: Path | None = None) -> tuple[SourceReport, ...]:
    """Write every observation of the sources, in order, and say what was read of each source.

    `records` is one of `FORMATS`, `out` the file to write, None for standard output. UsageError where that cannot be
    written, or is itself a source.
    """
    reading = options.reading()
    with tempfile.TemporaryDirectory(prefix="shadowai-") as spool:
        inputs = list_inputs(options, reading, Path(spool))
        with _opened(out, inputs) as stream:
            writer = open_writer(records, stream)
            for seen in _all_observations(inputs, reading):
                writer.write(seen)
            writer.close()
        return source_reports(inputs)


def _all_observations(inputs: Sequence[Input], reading: detect.Reading) -> Iterator[Observation]:
    """Give the observations of all inputs, a ring of captures at the place of its first file."""
    rings = rings_of(inputs) if reading.keylog is None else []
    parts: dict[int, detect.Task] = {}
    for task in tasks_of(inputs, rings=rings):
        if task.part is None:
            yield from _told(inputs[task.number], detect.observations(task, reading, inputs[task.number].tally))
        else:
            parts[task.number] = task
    for ring in rings:
        yield from _ring_observations(inputs, [parts[number] for number in ring if number in parts])


def _ring_observations(inputs: Sequence[Input], ring: Iterable[detect.Task]) -> Iterator[Observation]:
    """Give the observations of the files of a ring in order, then those that need whole flows."""
    whole: Ledger | None = None
    for task in ring:
        one = inputs[task.number]
        ledger = yield from _told(one, detect.part_observations(task, task.part or Part(), one.tally))
        if whole is not None and ledger is not None:
            whole.join(ledger)
        whole = whole or ledger
    if whole is not None:
        yield from whole.settle()


def _told(
    one: Input, found: Generator[Observation, None, Ledger | None]
) -> Generator[Observation, None, Ledger | None]:
    """Pass observations on; where reading breaks off, the input tells why."""
    try:
        return (yield from found)
    except ShadowaiError as error:
        one.error = error.message
        return None


def _opened(out: Path | None, inputs: Iterable[Input]) -> AbstractContextManager[BinaryIO]:
    if out is None:
        return nullcontext(sys.stdout.buffer)
    if out.resolve() in {one.source.path.resolve() for one in inputs if one.source}:
        raise UsageError("is one of the sources; name another file", where=out)
    try:
        return out.open("wb")
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", where=out) from error


def open_writer(name: str, out: BinaryIO) -> RecordWriter:
    """Make the writer of a format of `FORMATS`; UsageError where Parquet's library is not installed."""
    if name == "csv":
        return CsvWriter(out)
    return ParquetWriter(out) if name == "parquet" else JsonWriter(out)


class JsonWriter:
    """One nested ECS document a line; unknown values are absent."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out

    def write(self, seen: Observation) -> None:
        """Write one observation."""
        self._out.write(orjson.dumps(seen.to_ecs(), option=orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        """Hold nothing back."""
        self._out.flush()


class CsvWriter:
    """One line an observation under dotted ECS names; formulas are made harmless, unknown values are empty."""

    def __init__(self, out: BinaryIO) -> None:
        self._text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
        self._rows = csv.writer(self._text)
        self._rows.writerow(ECS_FIELDS)

    def write(self, seen: Observation) -> None:
        """Write one observation."""
        flat = dict(seen.ecs_fields())
        self._rows.writerow(csv_cell(flat.get(name)) for name in ECS_FIELDS)

    def close(self) -> None:
        """Leave the stream open to its owner."""
        self._text.flush()
        self._text.detach()


class ParquetWriter:
    """A Parquet file with one column a dotted ECS name; needs the extra `parquet`."""

    def __init__(self, out: BinaryIO) -> None:
        try:
            import pyarrow as pa  # noqa: PLC0415  # an optional extra
            import pyarrow.parquet as pq  # noqa: PLC0415  # the same
        except ImportError as error:
            raise UsageError("Parquet needs pyarrow: pip install 'shadowai[parquet]'") from error
        numbers = {name for name in ECS_FIELDS if name.endswith(("port", "bytes", "offset", "packet"))}
        types = [(name, pa.int64() if name in numbers else pa.string()) for name in ECS_FIELDS]
        self._schema = pa.schema(types)
        self._table = pa.Table
        self._writer = pq.ParquetWriter(out, self._schema)
        self._rows: list[dict[str, Any]] = []

    def write(self, seen: Observation) -> None:
        """Write one observation."""
        self._rows.append(dict(seen.ecs_fields()))
        if len(self._rows) >= _BATCH:
            self._flush()

    def close(self) -> None:
        """Write the last rows and the file's footer."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(self._table.from_pylist(self._rows, schema=self._schema))
            self._rows = []
