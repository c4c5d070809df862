"""Tar archives, as Python's tarfile and GNU tar write them, and as attackers do."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.archive_writers import tarred as archive

from shadowai.sources.tar import Member, TarError, TarReader, is_tar

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
_NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=90).filter(
    lambda name: not name.endswith("/")
)


def read(data: bytes) -> dict[str, bytes]:
    reader = TarReader(io.BytesIO(data).read)
    return {member.name: b"".join(reader.content()) for member in reader}


@pytest.mark.parametrize("dialect", FORMATS)
def test_every_dialect_is_read(dialect: int) -> None:
    files = {"a.log": b"one\n", "deep/" + "n" * 90 + "/b.log": b"x" * 1300, "empty": b"", "z": b"y" * 512}
    assert read(archive(files, dialect)) == files


@given(st.dictionaries(_NAMES, st.binary(max_size=1500), max_size=5), st.sampled_from(FORMATS[1:]))
def test_what_tarfile_writes_is_read_back(files: dict[str, bytes], dialect: int) -> None:
    assert read(archive(files, dialect)) == files


@given(st.binary(max_size=2000), st.integers(0, 3000), st.integers(0, 255))
def test_hostile_bytes_end_in_an_error_that_is_told(noise: bytes, at: int, byte: int) -> None:
    damaged = bytearray(archive({"a": noise, "b" * 200: noise}))
    damaged[at % len(damaged)] = byte
    for data in (noise, bytes(damaged), bytes(damaged[:at])):
        try:
            read(data)
        except (TarError, EOFError):
            continue


def test_times_and_names_of_files_are_told_and_links_are_passed_over() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as writer:
        for name, kind in (("dir", tarfile.DIRTYPE), ("link", tarfile.SYMTYPE), ("hard", tarfile.LNKTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "a"
            writer.addfile(info)
        info = tarfile.TarInfo("a")
        info.mtime = -5
        writer.addfile(info)
    assert list(TarReader(io.BytesIO(out.getvalue()).read)) == [Member("a", 0, -5)]


def test_content_that_nobody_reads_is_passed_over() -> None:
    reader = TarReader(io.BytesIO(archive({"a": b"x" * 5000, "b": b"y"})).read)
    assert [member.name for member in reader] == ["a", "b"]


def test_a_header_that_claims_gigabytes_is_not_believed() -> None:
    data = bytearray(archive({"n" * 300: b""}, tarfile.GNU_FORMAT))
    data[124:136] = b"77777777777\0"
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    with pytest.raises(TarError, match="claims"):
        read(bytes(data))


@pytest.mark.parametrize("size", ["-5", "1e9", "", "9" * 30])
def test_a_size_that_is_none_is_damage(size: str) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", pax_headers={"size": size}) as writer:
        writer.addfile(tarfile.TarInfo("a"))
    with pytest.raises(TarError, match="no number"):
        read(out.getvalue())


@pytest.mark.parametrize("records", [b"9 path=a\nxxxx", b"x path=a\n", b"5 aaa\n"])
def test_broken_extended_headers_are_damage(records: bytes) -> None:
    data = archive({"n" * 300: b""})
    at = data.index(b" path=") - 3
    broken = bytearray(data)
    broken[at : at + len(records)] = records
    with pytest.raises(TarError, match="extended header"):
        read(bytes(broken))


def test_an_archive_without_its_end_is_truncated() -> None:
    data = archive({"a": b"x" * 600})
    for size in (700, 1536):
        with pytest.raises(EOFError):
            read(data[:size])


def test_it_is_told_by_its_magic_and_checksum() -> None:
    data = archive({"a": b"x"})
    assert is_tar(data[:512])
    assert not is_tar(b"ustar" + data[5:512])
    assert not is_tar(bytes(257) + b"ustar" + bytes(250))
    assert not is_tar(bytes(148) + b"zzzzzzzz" + bytes(101) + b"ustar" + bytes(250))


def test_sparse_files_of_gnu_tar_are_told(tmp_path: Path) -> None:
    if shutil.which("tar") is None:
        pytest.skip("no tar")
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 20)
        file.seek(0, 2)
        file.write(b"end\n")
    for dialect in ("gnu", "posix"):
        done = subprocess.run(
            ["tar", "-C", str(tmp_path), f"--format={dialect}", "-Scf", "-", "sparse"], capture_output=True, check=False
        )
        if b"GNU.sparse" not in done.stdout and dialect == "posix":
            pytest.skip("this tar writes no sparse files")
        (member,) = TarReader(io.BytesIO(done.stdout).read)
        assert (member.name, member.is_sparse) == ("sparse", True)
