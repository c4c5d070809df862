"""Publishing a report folder in one step: a run that dies leaves the old folder whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from shadowai.errors import UsageError
from shadowai.provenance import InputRecord, Manifest
from shadowai.reports.order import STANDARD_ORDER, Order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shadowai.result import Result

MANIFEST = "manifest.json"


def check_folder(out: Path) -> None:
    """Refuse a target that is no earlier report and not empty, before any work is done: it would be replaced whole."""
    if not out.exists():
        _check_parent(out)
        return
    if not out.is_dir():
        raise UsageError("is a file; name a folder for the report", where=out)
    if any(out.iterdir()) and not (out / MANIFEST).is_file():
        raise UsageError("holds files that are no shadowai report; name a new or empty folder", where=out)
    _check_parent(out.resolve())


def _check_parent(out: Path) -> None:
    """Refuse a place where no folder can be made: a scan may take an hour, and its end is too late to learn that."""
    parent = next(folder for folder in out.absolute().parents if folder.exists())
    if not parent.is_dir():
        raise UsageError(f"the report cannot be written: {parent} is a file", where=out)
    if not os.access(parent, os.W_OK | os.X_OK):
        raise UsageError(f"the report cannot be written: no permission in {parent}", where=out)


def publish(result: Result, manifest: Manifest, out: Path, order: Order = STANDARD_ORDER) -> None:
    """Write what is ordered beside `out`, then put it in the place of what was there; UsageError where it cannot."""
    from shadowai.reports.files import write  # noqa: PLC0415  # brings a template engine, for the end of a scan alone

    check_folder(out)
    out = out.resolve()  # a link stays one, and what it points to is replaced
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with _folder_beside(out) as fresh:
            write(result, fresh, order)
            (fresh / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
            _replace(out, fresh)
    except OSError as error:
        raise UsageError(f"the report cannot be written: {error.strerror or error}", where=out) from error


def manifest_of(source: Path, result: Result) -> Manifest:
    """Give the manifest beside a result.json, or one of what the result itself tells of its inputs."""
    beside = (source if source.is_dir() else source.parent) / MANIFEST
    try:
        return Manifest.model_validate_json(beside.read_bytes())
    except (OSError, ValidationError):
        return Manifest(
            generator=result.generator,
            inputs=inputs_of(result),
            signatures=result.signatures.version,
            policy=result.policy.digest if result.policy else None,
            directory=None,
        )


def inputs_of(result: Result) -> tuple[InputRecord, ...]:
    """List a result's inputs as a manifest does, for one that was made without looking at the files."""
    return tuple(
        InputRecord(path=one.path, size=None, sha256=None, format=one.format, records=one.records)
        for one in result.sources
    )


@contextmanager
def _folder_beside(out: Path) -> Iterator[Path]:
    fresh = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        fresh.chmod(0o755)
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _replace(out: Path, fresh: Path) -> None:
    old = fresh.with_name(fresh.name + "-old")
    if out.exists():
        out.rename(old)
    try:
        fresh.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)
