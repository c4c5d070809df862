"""Zip and tar archives, written by the standard library."""

from __future__ import annotations

import io
import tarfile
import zipfile

WHEN = 1_700_000_000  # seconds since the epoch, of each member of a tar


def tarred(files: dict[str, bytes], dialect: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=dialect) as writer:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), WHEN
            writer.addfile(info, io.BytesIO(content))
    return out.getvalue()


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as writer:
        for name, content in files.items():
            writer.writestr(zipfile.ZipInfo(name, (2026, 1, 15, 10, 0, 0)), content, method)
    return out.getvalue()
