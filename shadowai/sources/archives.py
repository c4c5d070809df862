"""Zip and tar archives among the inputs: each file inside is an input of its own, `export.zip:inner/access.log`.

Members are unpacked into the spool, under names of our own making, so that big ones are cut and read by several
workers as other files are. Kinds are told from content. An archive in an archive is unpacked too, one in that is not.
What is unpacked is bounded (`Budget`), since a few kilobytes can hold terabytes.
"""

from __future__ import annotations

import io
import os
import shutil
import stat
import struct
import tempfile
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from shadowai.errors import SourceError
from shadowai.sources.find import Source
from shadowai.sources.names import is_hidden, printable
from shadowai.sources.places import read_first
from shadowai.sources.streams import READ_ERRORS, ChunkReader, is_compressed, open_stream, read_error, size
from shadowai.sources.tar import BLOCK, TarError, TarReader, is_tar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ALLOWANCE = 256 << 20
"""Bytes that any archive may unpack to, however small it is."""
RATIO = 300
"""Times its own size that a larger one may unpack to: logs shrink to a twentieth or so, dull ones to a hundredth."""
MOST_BYTES = 64 << 30
MOST_MEMBERS = 100_000
DEPTH = 2  # an archive, and the archives in it
_LONGEST_LIST = 16 << 20  # bytes of a zip archive's list of members, some 150,000 of them
_PIECE = 64 << 10  # the last one is lost where a member's checksum does not fit
_SMALL_PIECE = 4096  # zipfile unpacks as much as it has read of bzip2 and LZMA, and 4 KiB may become 80 MiB
_MOST_ERRORS = 20  # of one archive that are told one by one
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # the second: there is nothing in it (APPNOTE.TXT 4.3.16)
_OFFICE = "[Content_Types].xml"  # part of every Office Open XML file (ECMA-376 part 2, 10.1.2.2)
_OPEN_DOCUMENT = {"mimetype", "content.xml"}  # OpenDocument 1.3 part 2, 3.1 and 3.3
_ENCRYPTED = 0x41  # flags: encrypted, and strongly so (APPNOTE.TXT 4.4.4)
_NO_DATE = 1980  # the first year that zip can tell stands for none
_BY_HAND = "unpack it and name the files inside"
_DAMAGE = (*READ_ERRORS, zipfile.BadZipFile, struct.error, ValueError, RuntimeError, MemoryError, OverflowError)


class Exceeded(Exception):  # noqa: N818  # no error yet: it becomes that of the archive
    """More would be unpacked than the budget has."""


@dataclass(slots=True)
class Budget:
    """Bytes and members that may still be unpacked of one archive and of those in it."""

    size: int
    members: int = MOST_MEMBERS

    def spend(self, size: int, members: int = 0) -> None:
        """Take off what is unpacked; Exceeded where that is more than there is."""
        self.size -= size
        self.members -= members
        if self.size < 0 or self.members < 0:
            raise Exceeded


@dataclass(slots=True)
class Unpacked:
    """What came of archives: files, and errors; a file that is damaged is in both, under one name."""

    files: list[Source] = field(default_factory=list)
    errors: list[SourceError] = field(default_factory=list)


@dataclass(slots=True)
class _Kept:
    """Puts the members of one archive into a folder, those of one folder inside it into one folder.

    The places depend on the archive alone: a worker elsewhere that unpacks it again finds all under the same names.
    """

    archive: Source
    folder: Path
    budget: Budget
    count: int = 0
    found: Unpacked = field(default_factory=Unpacked)
    folders: dict[str, Path] = field(default_factory=dict)

    def keep(self, name: str, modified: float, pieces: Iterator[bytes]) -> None:
        """Write a member; what could be had of a damaged one stays. Exceeded where it is too much."""
        if _is_hidden(name):
            return
        self.budget.spend(0, members=1)
        path = self._place(name)
        error: SourceError | None = None
        with path.open("wb") as out:
            try:
                for piece in pieces:
                    self.budget.spend(len(piece))
                    out.write(piece)
            except _DAMAGE as damage:
                error = self._error(damage, name)
            except Exceeded:
                path.unlink()
                raise
        self._date(path, modified)
        if error:
            self.found.errors.append(error)
        if error is None or path.stat().st_size:
            self.found.files.append(Source(self._name(name), path, self.archive))

    def refuse(self, name: str, reason: str) -> None:
        """Tell of a member that cannot be read."""
        if not _is_hidden(name):
            self.budget.spend(0, members=1)
            self.found.errors.append(SourceError(reason, where=self._name(name)))

    def _name(self, name: str) -> str:
        return f"{self.archive.name}:{printable(str(PurePosixPath(name)))}"

    def _place(self, name: str) -> Path:
        inside = name.rpartition("/")[0]
        if inside not in self.folders:
            self.folders[inside] = self.folder / f"{len(self.folders)}"
            self.folders[inside].mkdir(mode=0o700, parents=True)
        self.count += 1
        return self.folders[inside] / f"{self.count}"

    def _date(self, path: Path, modified: float) -> None:
        """Give a file the time of its member: from it the year of log times that name none is taken."""
        try:
            os.utime(path, (modified, modified))
        except (OSError, OverflowError, ValueError):
            shutil.copystat(self.archive.path, path)

    def _error(self, damage: BaseException, name: str) -> SourceError:
        told = read_error(Source(self._name(name), self.archive.path), _plain_error(damage))
        return SourceError(told.message, where=told.where)


def unpack_archives(found: Sequence[Source], spool: Path) -> Unpacked:
    """Put the files inside archives in the place of the archives; other files stay as they are."""
    whole = Unpacked()
    for one in found:
        try:
            kind = _kind(one)
        except SourceError:  # whoever reads it tells
            kind = None
        if kind is None:
            whole.files.append(one)
            continue
        folder = Path(tempfile.mkdtemp(prefix="archive-", dir=spool))
        inside = _unpacked(one, kind, folder, _budget(one), DEPTH)
        whole.files += inside.files
        whole.errors += _few(inside.errors, one)
    return whole


def unpack(archive: Source, folder: Path) -> None:
    """Unpack one archive again, elsewhere, into a folder that is not there yet. SourceError where it cannot be."""
    parts = Path(tempfile.mkdtemp(prefix="unpacking-", dir=folder.parent))
    try:
        _unpacked(archive, _kind(archive), parts, _budget(archive), 1)
        parts.rename(folder)
    except OSError as error:
        shutil.rmtree(parts, ignore_errors=True)
        if not folder.is_dir():  # else another worker was quicker
            raise read_error(archive, error) from error


def _unpacked(archive: Source, kind: str | None, folder: Path, budget: Budget, depth: int) -> Unpacked:
    kept = _Kept(archive, folder, budget)
    try:
        (_unpack_zip if kind == "zip" else _unpack_tar)(kept)
    except Exceeded:
        reason = f"unpacks to more than {MOST_MEMBERS:,} files or {RATIO} times its size; {_BY_HAND}"
        kept.found.errors.append(SourceError(reason, where=archive.name))
    except SourceError as error:
        kept.found.errors.append(error)
    except _DAMAGE as damage:
        kept.found.errors.append(read_error(archive, _plain_error(damage)))
    if not kept.found.files and not kept.found.errors:
        kept.found.errors.append(SourceError("the archive holds no files", where=archive.name))
    if depth > 1:
        return _with_inner(kept, depth)
    return kept.found


def _with_inner(kept: _Kept, depth: int) -> Unpacked:
    whole = Unpacked(errors=kept.found.errors)
    for one in kept.found.files:
        kind = _kind(one)
        if kind is None:
            whole.files.append(one)
            continue
        inside = _unpacked(one, kind, one.path.with_name(f"{one.path.name}.d"), kept.budget, depth - 1)
        whole.files += inside.files
        whole.errors += inside.errors
    return whole


def _kind(source: Source) -> str | None:
    """Say which kind of archive a file is, if any; of compressed ones only tar is unpacked."""
    head = read_first(source, BLOCK)
    if head.startswith(_ZIP) and not is_compressed(source):
        return "zip"
    return "tar" if is_tar(head) else None


def _budget(archive: Source) -> Budget:
    return Budget(min(max(ALLOWANCE, RATIO * size(archive)), MOST_BYTES))


def _few(errors: list[SourceError], archive: Source) -> Iterable[SourceError]:
    yield from errors[:_MOST_ERRORS]
    if len(errors) > _MOST_ERRORS:
        more = len(errors) - _MOST_ERRORS
        yield SourceError(f"and {more:,} more files in it that cannot be read", where=archive.name)


def _plain_error(damage: BaseException) -> Exception:
    """Make of what zipfile and tar raise what `read_error` has words for."""
    if isinstance(damage, EOFError):
        return EOFError()
    if isinstance(damage, OSError):
        return damage
    if isinstance(damage, NotImplementedError):
        return OSError(f"is packed in a way that is not known here ({damage}); {_BY_HAND}")
    if isinstance(damage, TarError):
        return damage
    return OSError(f"the archive is damaged ({damage})")


def _is_hidden(name: str) -> bool:
    """Say whether a member is hidden, as files in folders are, or a Mac's notes on other files."""
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts[:1] or any(is_hidden(part) and part != ".." for part in parts)


class _Careful(io.FileIO):
    """A file that gives no piece so large that only a hostile list of members asks for it."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _LONGEST_LIST:
            raise zipfile.BadZipFile("its list of files is too long")
        return super().read(-1 if size is None else size) or b""


def _unpack_zip(kept: _Kept) -> None:
    with _Careful(kept.archive.path) as file:
        if not _has_end(file):
            raise EOFError
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if _is_office([member.filename for member in members]):
                raise SourceError("is an Office document; save it as CSV", where=kept.archive.name)
            for member in members:
                _keep_zipped(kept, archive, member)


def _is_office(names: Sequence[str]) -> bool:
    return names[:1] == [_OFFICE] or (names[:1] == ["mimetype"] and _OPEN_DOCUMENT.issubset(names))


def _has_end(file: io.FileIO) -> bool:
    """Say whether a zip archive has the record that ends it (APPNOTE.TXT 4.3.16), behind which is a comment at most."""
    end = file.seek(0, io.SEEK_END)
    file.seek(max(0, end - (1 << 16) - 22))
    return b"PK\x05\x06" in file.read()


def _keep_zipped(kept: _Kept, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    if member.is_dir() or stat.S_ISLNK(member.external_attr >> 16):  # a Unix mode (APPNOTE.TXT 4.4.15)
        return
    if member.flag_bits & _ENCRYPTED:
        kept.refuse(member.filename, f"is encrypted; {_BY_HAND}")
        return
    kept.keep(member.filename, _zip_time(member, kept.archive), _zipped(archive, member))


def _zipped(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    is_bounded = member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    with archive.open(member) as stream:
        while piece := stream.read(_PIECE if is_bounded else _SMALL_PIECE):
            yield piece


def _zip_time(member: zipfile.ZipInfo, archive: Source) -> float:
    """Give a member's time, which names no zone; the archive's where it has none."""
    try:
        moment = datetime(*member.date_time, tzinfo=UTC)
    except ValueError:
        return archive.path.stat().st_mtime
    return moment.timestamp() if moment.year > _NO_DATE else archive.path.stat().st_mtime


def _unpack_tar(kept: _Kept) -> None:
    with open_stream(kept.archive) as stream:
        reader = TarReader(ChunkReader(stream).read)
        for member in reader:
            if member.is_sparse:
                kept.refuse(member.name, f"is a sparse file; {_BY_HAND}")
            else:
                modified = member.modified or kept.archive.path.stat().st_mtime
                kept.keep(member.name, modified, reader.content())
