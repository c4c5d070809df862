"""Inputs behind URLs: object storage in memory, and a web server that behaves as web servers do."""

from __future__ import annotations

import importlib
import sys
import zipfile
from typing import TYPE_CHECKING

import fsspec
import pytest
from support.archive_writers import WHEN, zipped
from support.web_server import Web, serving

from shadowai.inputs import ReadOptions
from shadowai.observe import observe
from shadowai.sources import find_sources, modified, remote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fsspec import AbstractFileSystem

LOG = b"1768471200.576    111 10.1.2.3 TCP_TUNNEL/200 15851 CONNECT chatgpt.com:443 alice HIER_DIRECT/192.0.2.7 -\n"
BIG = LOG * 100_000


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(remote, "PAUSE", 0.01)
    with serving() as found:
        yield found


@pytest.fixture
def store() -> Iterator[AbstractFileSystem]:
    files = fsspec.filesystem("memory")
    files.store.clear()
    yield files
    files.store.clear()


def fetched(spool: Path, *urls: str) -> tuple[dict[str, bytes], list[str]]:
    found, errors = find_sources(urls, spool)
    return {source.name: source.path.read_bytes() for source in found}, [str(error) for error in errors]


def test_files_patterns_and_folders_of_a_store(tmp_path: Path, store: AbstractFileSystem) -> None:
    for name in ("logs/a.log", "logs/b.log", "logs/deep/c.log", "logs/.hidden", "logs/deep/.git/x"):
        store.pipe(f"/{name}", name.encode())
    assert fetched(tmp_path, "memory://logs/a.log") == ({"memory://logs/a.log": b"logs/a.log"}, [])
    content, errors = fetched(tmp_path, "memory://logs/[ab].log", "memory://logs/[ab].log")
    assert (sorted(content.values()), errors) == ([b"logs/a.log", b"logs/b.log"], [])
    content, errors = fetched(tmp_path, "memory://logs")
    assert (sorted(content.values()), errors) == ([b"logs/a.log", b"logs/b.log", b"logs/deep/c.log"], [])


def test_files_of_one_folder_come_into_one_folder(tmp_path: Path, store: AbstractFileSystem) -> None:
    for name in ("zeek/conn.log", "zeek/ssl.log", "zeek2/conn.log"):
        store.pipe(f"/{name}", b"x")
    found, _ = find_sources(["memory://zeek*/*.log"], tmp_path)
    one, two, three = (source.path.parent for source in found)
    assert one == two != three


def test_what_is_missing_stops_no_other(tmp_path: Path, store: AbstractFileSystem) -> None:
    store.pipe("/logs/a.log", b"a")
    store.mkdir("/empty")
    urls = ("memory://logs/none", "memory://logs/*.pcap", "memory://empty", "nonsense://x/y", "memory://logs/a.log")
    content, errors = fetched(tmp_path, *urls)
    assert content == {"memory://logs/a.log": b"a"}
    assert errors == [
        "memory://logs/none: no such file there; check the URL",
        "memory://logs/*.pcap: no file matches this pattern",
        "memory://empty: the folder holds no files",
        "nonsense://x/y: fsspec knows no such protocol; it knows s3, gs, abfs, https and others",
    ]
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size != 1] == []


def test_too_many_files_are_a_mistake(
    tmp_path: Path, store: AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "MOST_FILES", 2)
    for number in range(3):
        store.pipe(f"/logs/{number}", b"x")
    assert fetched(tmp_path, "memory://logs") == ({}, ["memory://logs: more than 2 files; name fewer"])


def test_a_file_url_is_a_file_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)  # needs no package
    (tmp_path / "a b.log").write_bytes(b"1")
    (tmp_path / "c%20d.log").write_bytes(b"2")
    found, errors = find_sources([f"file://{tmp_path}/a%20b.log", f"file://{tmp_path}/c%20d.log"], tmp_path)
    assert [source.path.name for source in found] == ["a b.log", "c%20d.log"]
    assert errors == []


def test_without_its_package_a_url_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("s3fs") is None:
        (error,) = fetched(tmp_path, "s3://key:secret@bucket/a.log")[1]
        assert error == "s3://bucket/a.log: needs a package that is not installed: Install s3fs to access S3"
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    assert "pip install 'shadowai[remote]'" in fetched(tmp_path, "https://example.com/a")[1][0]
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    (error,) = fetched(tmp_path, "memory://logs/a.log")[1]
    assert error == "memory://logs/a.log: reading URLs needs fsspec: pip install 'shadowai[remote]'"


def test_a_web_server_gives_a_file_in_parts(tmp_path: Path, web: Web) -> None:
    web.content["/a.log"] = BIG
    found, errors = find_sources([f"{web.url}/a.log"], tmp_path)
    assert errors == []
    assert found[0].path.read_bytes() == BIG
    assert modified(found[0]) == WHEN * 10**9
    assert len(web.gets) > 1


@pytest.mark.parametrize("tells_size", [True, False])
def test_a_web_server_without_parts_gives_all_of_it(tmp_path: Path, web: Web, *, tells_size: bool) -> None:
    web.content["/a.log"] = BIG
    web.has_ranges, web.tells_size = False, tells_size
    assert fetched(tmp_path, f"{web.url}/a.log") == ({f"{web.url}/a.log": BIG}, [])


def test_an_empty_file_is_fetched(tmp_path: Path, web: Web) -> None:
    web.content["/a.log"] = b""
    assert fetched(tmp_path, f"{web.url}/a.log") == ({f"{web.url}/a.log": b""}, [])


def test_what_breaks_off_is_tried_again(tmp_path: Path, web: Web) -> None:
    web.content["/a.log"] = BIG
    web.breaks, web.refusals = 1, [503, 429]
    assert fetched(tmp_path, f"{web.url}/a.log") == ({f"{web.url}/a.log": BIG}, [])


def test_it_goes_on_where_it_broke_off(tmp_path: Path, web: Web) -> None:
    web.content["/a.log"] = BIG
    web.on_get = lambda: web.refusals.append(500) if len(web.gets) == 1 else None
    assert fetched(tmp_path, f"{web.url}/a.log")[0] == {f"{web.url}/a.log": BIG}
    assert [asked.partition("-")[0] for asked in web.gets].count("bytes=0") == 1


def test_what_is_replaced_meanwhile_is_read_anew(tmp_path: Path, web: Web) -> None:
    web.content["/a.log"] = BIG

    def replace() -> None:
        if len(web.gets) == 1:
            web.content["/a.log"], web.etag = bytes(len(BIG)), "2"

    web.on_get = replace
    assert fetched(tmp_path, f"{web.url}/a.log")[0] == {f"{web.url}/a.log": bytes(len(BIG))}


def test_what_breaks_off_for_good_is_an_error_and_leaves_nothing(tmp_path: Path, web: Web) -> None:
    web.content.update({"/a.log": BIG, "/b.log": LOG})
    web.refusals = [500] * remote.TRIES
    content, errors = fetched(tmp_path, f"{web.url}/a.log", f"{web.url}/b.log")
    assert content == {f"{web.url}/b.log": LOG}
    assert errors == [f"{web.url}/a.log: cannot be fetched: the server says 500"]
    assert [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()] == [LOG]


def test_what_a_web_server_does_not_have_is_asked_for_once(tmp_path: Path, web: Web) -> None:
    assert fetched(tmp_path, f"{web.url}/none.log")[1] == [f"{web.url}/none.log: no such file there; check the URL"]
    assert len(web.gets) == 1


def test_nobody_listens(tmp_path: Path, web: Web) -> None:
    del web
    (error,) = fetched(tmp_path, "http://u:secret123@127.0.0.1:1/a.log?sig=abcdef")[1]
    assert error.startswith("http://127.0.0.1:1/a.log: cannot be fetched: Cannot connect to host")


def test_a_pattern_of_links_on_a_page(tmp_path: Path, web: Web) -> None:
    web.content.update({"/x/": b"<a href='a.log'>a</a> <a href='b.txt'>b</a>", "/x/a.log": LOG})
    assert fetched(tmp_path, f"{web.url}/x/*.log") == ({f"{web.url}/x/a.log": LOG}, [])


def test_credentials_are_used_and_never_told(tmp_path: Path, web: Web, capfd: pytest.CaptureFixture[str]) -> None:
    web.content["/a.log"] = LOG
    web.user = "bob:hunter22"
    good, bad = (
        web.url.replace("://", f"://{user}@") + "/a.log?sig=abcdef99" for user in ("bob:hunter22", "bob:wrong77")
    )
    content, errors = fetched(tmp_path, good, bad)
    assert content == {f"{web.url}/a.log": LOG}
    assert errors == [f"{web.url}/a.log: cannot be fetched: the server says 401; are the credentials right?"]
    found, _ = find_sources([good], tmp_path)
    told = repr(found) + "".join(capfd.readouterr())
    for secret in ("hunter22", "abcdef99", "wrong77"):
        assert secret not in told


def test_a_zip_behind_a_url_is_opened(tmp_path: Path, store: AbstractFileSystem) -> None:
    store.pipe("/logs/export.zip", zipped({"in/access.log": LOG * 3}, zipfile.ZIP_STORED))
    (found,) = observe(ReadOptions(["memory://logs/export.zip"]), "jsonl", tmp_path / "out")
    assert (found.path, found.format, found.parsed) == ("memory://logs/export.zip:in/access.log", "squid", 3)


def test_a_full_disk_is_told_at_once(
    tmp_path: Path, store: AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.pipe("/logs/a.log", b"a")
    calls = []

    def copy(*_arguments: object) -> None:
        calls.append(1)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(remote._Download, "_copy", copy)
    assert fetched(tmp_path, "memory://logs/a.log")[1] == [
        "memory://logs/a.log: cannot be fetched: No space left on device"
    ]
    assert len(calls) == 1


def test_one_that_ends_too_early_says_so(
    tmp_path: Path, store: AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.pipe("/logs/a.log", b"abcdef")
    monkeypatch.setattr(remote, "PAUSE", 0)
    monkeypatch.setattr(remote._Download, "_copy", lambda self, _files: self.target.write_bytes(b"abc"))
    assert fetched(tmp_path, "memory://logs/a.log")[1] == [
        "memory://logs/a.log: cannot be fetched: ends after 3 of 6 bytes"
    ]


@pytest.mark.parametrize(
    ("info", "time"),
    [
        ({"mtime": 5.5}, 5.5),
        ({"LastModified": "2023-11-14T22:13:20+00:00"}, WHEN),
        ({"updated": "2023-11-14T22:13:20"}, WHEN),
        ({"Last-Modified": "Tue, 14 Nov 2023 22:13:20 GMT"}, WHEN),
        ({"created": "soon"}, None),
        ({}, None),
    ],
)
def test_stores_tell_times_in_many_ways(info: dict[str, object], time: float | None) -> None:
    assert remote._modified(info) == time
