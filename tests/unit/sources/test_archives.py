"""Archives among the inputs: what becomes of their members, and of bombs, locks and damage."""

from __future__ import annotations

import bz2
import gzip
import io
import struct
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.archive_writers import WHEN, zipped
from support.archive_writers import tarred as archive

from shadowai.errors import SourceError
from shadowai.inputs import ReadOptions
from shadowai.observe import observe
from shadowai.sources import Source, archives, modified, open_stream, read_head, unpack_archives

if TYPE_CHECKING:
    from pathlib import Path

LOG = b"1768471200.576    111 10.1.2.3 TCP_TUNNEL/200 15851 CONNECT chatgpt.com:443 alice HIER_DIRECT/192.0.2.7 -\n"


def opened(folder: Path, data: bytes) -> tuple[dict[str, bytes], list[str]]:
    path = folder / "export"
    path.write_bytes(data)
    spool = folder / "spool"
    spool.mkdir(exist_ok=True)
    found = unpack_archives([Source("export", path)], spool)
    content = {}
    for source in found.files:
        with open_stream(source) as stream:
            content[source.name] = stream.read()
    return content, [str(error) for error in found.errors]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_each_member_of_a_zip_is_a_source(tmp_path: Path, method: int) -> None:
    files = {"inner/access.log": LOG * 5000, "b.log": b"b\n"}
    content, errors = opened(tmp_path, zipped(files, method))
    assert content == {f"export:{name}": data for name, data in files.items()}
    assert errors == []


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_each_member_of_a_tar_is_a_source(tmp_path: Path, pack: type[bytes]) -> None:
    content, errors = opened(tmp_path, pack(archive({"./a.log": LOG, "x/b.log.gz": gzip.compress(LOG)})))
    assert (content, errors) == ({"export:a.log": LOG, "export:x/b.log.gz": LOG}, [])


def test_an_archive_in_an_archive_is_opened_and_one_in_that_is_told(tmp_path: Path) -> None:
    inner = zipped({"c.log": LOG, "third.zip": zipped({"d": b"d"})})
    content, errors = opened(tmp_path, zipped({"b.zip": inner, "e.tgz": gzip.compress(archive({"f.log": LOG}))}))
    third = content.pop("export:b.zip:third.zip")
    assert content == {"export:b.zip:c.log": LOG, "export:e.tgz:f.log": LOG}
    assert errors == []
    (tmp_path / "third").write_bytes(third)
    with pytest.raises(SourceError, match="zip archive; unpack it"):
        read_head(Source("third", tmp_path / "third"))
    (tmp_path / "third").write_bytes(archive({"a": b"a"}))
    with pytest.raises(SourceError, match="tar archive; unpack it"):
        read_head(Source("third", tmp_path / "third"))


def test_members_keep_their_time_and_their_folders(tmp_path: Path) -> None:
    for data, time in ((archive({"x/a": b"a", "x/b": b"b", "c": b"c"}), WHEN), (zipped({"a": b"a"}), 1768471200)):
        path = tmp_path / "export"
        path.write_bytes(data)
        files = unpack_archives([Source("export", path)], tmp_path).files
        assert {modified(one) for one in files} == {time * 10**9}
        if len(files) > 1:
            assert files[0].path.parent == files[1].path.parent != files[2].path.parent


@pytest.mark.parametrize("date", [(1980, 1, 1, 0, 0, 0), (2026, 15, 40, 0, 0, 0)])
def test_without_a_time_of_its_own_a_member_has_that_of_the_archive(
    tmp_path: Path, date: tuple[int, int, int, int, int, int]
) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as writer:
        writer.writestr(zipfile.ZipInfo("a", date), b"a")
    path = tmp_path / "export"
    path.write_bytes(out.getvalue())
    source = Source("export", path)
    assert modified(unpack_archives([source], tmp_path).files[0]) == pytest.approx(modified(source), abs=1e6)


def test_links_folders_and_hidden_files_are_passed_over(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as writer:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        writer.writestr(link, "/etc/passwd")
        writer.mkdir("folder")
        for name in (".git/x", "__MACOSX/._a.log", "x/.DS_Store", "../../etc/cron.d/a", "/etc/b", "a\x1b[31m"):
            writer.writestr(name, b"x")
    content, errors = opened(tmp_path, out.getvalue())
    assert sorted(content) == ["export:../../etc/cron.d/a", "export:/etc/b", "export:a\\x1b[31m"]
    assert errors == []
    assert {path.name for path in tmp_path.iterdir()} == {"export", "spool"}


def test_locked_members_are_told_and_the_others_are_read(tmp_path: Path) -> None:
    data = bytearray(zipped({"a": b"a", "b": b"b"}))
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + at] |= 1
    content, errors = opened(tmp_path, bytes(data))
    assert content == {"export:b": b"b"}
    assert errors == ["export:a: is encrypted; unpack it and name the files inside"]


def test_many_locked_members_are_summed_up(tmp_path: Path) -> None:
    data = bytearray(zipped({f"{number:03}": b"" for number in range(100)}))
    at = -1
    while (at := data.find(b"PK\x01\x02", at + 1)) >= 0:
        data[at + 8] |= 1
    _, errors = opened(tmp_path, bytes(data))
    assert len(errors) == 21
    assert errors[-1] == "export: and 80 more files in it that cannot be read"


def test_a_packing_that_is_not_known_is_told(tmp_path: Path) -> None:
    data = bytearray(zipped({"a": b"a" * 99}))
    for magic, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        start = data.index(magic) + at
        data[start : start + 2] = struct.pack("<H", 9)  # Deflate64, which Windows writes of files above 2 GB
    content, errors = opened(tmp_path, bytes(data))
    assert content == {}
    assert "export:a: cannot be read: is packed in a way that is not known here" in errors[0]


def test_a_bomb_is_defused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "ALLOWANCE", 1 << 20)
    content, errors = opened(tmp_path, zipped({"a": b"fine\n", "bomb": bytes(8 << 20), "c": b"never reached"}))
    assert content == {"export:a": b"fine\n"}
    assert errors == [
        "export: unpacks to more than 100,000 files or 300 times its size; unpack it and name the files inside"
    ]
    nested = zipped({f"{number}.zip": zipped({"x": bytes(900 << 10)}) for number in range(5)})
    content, errors = opened(tmp_path, nested)
    assert len(content) == 1
    assert all("times its size" in error for error in errors)
    assert sum(path.stat().st_size for path in (tmp_path / "spool").rglob("*") if path.is_file()) < 2 << 20


def test_too_many_members_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_MEMBERS", 10)
    monkeypatch.setattr(archives.Budget.__init__, "__defaults__", (10,))
    content, errors = opened(tmp_path, archive({str(number): b"x" for number in range(20)}))
    assert len(content) == 10
    assert "more than 10 files" in errors[0]


def test_a_long_list_of_members_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_LONGEST_LIST", 1000)
    content, errors = opened(tmp_path, zipped({str(number): b"" for number in range(50)}))
    assert content == {}
    assert errors == ["export: cannot be read: the archive is damaged (its list of files is too long)"]


def test_truncation_is_told_from_damage(tmp_path: Path) -> None:
    data = zipped({"a": LOG * 100, "b": LOG * 100})
    assert opened(tmp_path, data[:-30])[1] == ["export: the compressed data ends too early; the file is truncated"]
    assert "ends too early" in opened(tmp_path, data[: len(data) // 2])[1][0]
    content, errors = opened(tmp_path, archive({"a": b"x" * 5000})[:3000])
    assert content == {"export:a": b"x" * (3000 - 512)}
    assert all("ends too early" in error for error in errors)


def test_what_came_before_the_damage_is_read_and_the_damage_told(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.log": LOG * 4000, "b.log": LOG}, zipfile.ZIP_STORED))
    data[data.index(b"chatgpt") - 1] = ord("x")
    path = tmp_path / "export.zip"
    path.write_bytes(bytes(data))
    first, second = observe(ReadOptions([str(path)]), "jsonl", tmp_path / "out")
    assert first.path == f"{path}:a.log"
    assert first.parsed > 3000
    assert "Bad CRC-32" in (first.error or "")
    assert (second.path, second.parsed, second.error) == (f"{path}:b.log", 1, None)


def test_empty_archives_and_office_documents_are_told(tmp_path: Path) -> None:
    assert opened(tmp_path, zipped({}))[1] == ["export: the archive holds no files"]
    assert opened(tmp_path, bytes(10240)) == ({"export": bytes(10240)}, [])  # nothing says that it is a tar
    office = zipped({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"})
    assert opened(tmp_path, office)[1] == ["export: is an Office document; save it as CSV"]


def test_what_has_gone_is_left_to_its_reader(tmp_path: Path) -> None:
    gone = Source("gone", tmp_path / "gone")
    found = unpack_archives([gone], tmp_path)
    assert (found.files, found.errors) == ([gone], [])


@settings(max_examples=60)
@given(at=st.integers(0, 10_000), noise=st.binary(min_size=1, max_size=40))
def test_damage_anywhere_stops_nothing(tmp_path_factory: pytest.TempPathFactory, at: int, noise: bytes) -> None:
    for data in (zipped({"a": LOG, "b": LOG * 3}), archive({"a": LOG, "b": LOG * 3})):
        at %= len(data)
        opened(tmp_path_factory.mktemp("x"), data[:at] + noise + data[at + len(noise) :])


def test_a_time_that_no_file_can_have_is_that_of_the_archive(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as writer:
        info = tarfile.TarInfo("a")
        info.mtime = 2**64
        writer.addfile(info)
    path = tmp_path / "export"
    path.write_bytes(out.getvalue())
    source = Source("export", path)
    assert modified(unpack_archives([source], tmp_path).files[0]) == pytest.approx(modified(source), abs=1e6)


def test_a_sparse_member_is_told(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", pax_headers={"GNU.sparse.major": "1"}) as writer:
        writer.addfile(tarfile.TarInfo("a"))
        writer.addfile(tarfile.TarInfo("b"))
    content, errors = opened(tmp_path, out.getvalue())
    assert content == {}
    assert errors == [f"export:{name}: is a sparse file; unpack it and name the files inside" for name in "ab"]


def test_a_damaged_header_is_told_and_what_came_before_is_read(tmp_path: Path) -> None:
    data = bytearray(archive({"a": LOG, "b": LOG}))
    data[1024:1100] = b"z" * 76
    content, errors = opened(tmp_path, bytes(data))
    assert content == {"export:a": LOG}
    assert errors == ["export: cannot be read: a header of the tar archive is damaged"]


def test_one_that_another_worker_unpacked_meanwhile_is_left_to_it(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"a": b"a"}))
    source = Source("a.zip", tmp_path / "a.zip")
    folder = tmp_path / "folder"
    for _ in range(2):
        archives.unpack(source, folder)
        assert (folder / "0" / "1").read_bytes() == b"a"
    (tmp_path / "file").write_bytes(b"in the way")
    with pytest.raises(SourceError, match=r"a\.zip: cannot be read: Not a directory"):
        archives.unpack(source, tmp_path / "file")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "file", "folder"]


@pytest.mark.parametrize("names", [["[Content_Types].xml", "xl/workbook.xml"], ["mimetype", "content.xml", "meta.xml"]])
def test_documents_of_office_programs_are_not_unpacked(tmp_path: Path, names: list[str]) -> None:
    content, errors = opened(tmp_path, zipped(dict.fromkeys(names, b"x")))
    assert (content, errors) == ({}, ["export: is an Office document; save it as CSV"])


def test_what_windows_leaves_in_folders_is_passed_over_in_archives(tmp_path: Path) -> None:
    content, errors = opened(tmp_path, zipped({"a.log": LOG, "Thumbs.db": b"x", "logs/Desktop.ini": b"x"}))
    assert (list(content), errors) == (["export:a.log"], [])
