"""What is kept between runs: never stale, never trusted when it is odd, never needed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai import cache, resources
from shadowai.errors import SignatureError
from shadowai.signatures import load, load_database, read_files
from shadowai.signatures.database import Database

if TYPE_CHECKING:
    from pathlib import Path

FILE = """name: N
vendor: V
summary: S
verified: 2026-01-01
references: [https://example.com/]
indicators:
  - {kind: domain, value: alpha.test, role: dedicated}
  - {kind: endpoint, value: /v1/alpha/chat, role: api}
examples: {match: [alpha.test], no_match: [x.test]}
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "kept" / "here"))
    return tmp_path / "kept" / "here"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "signatures"
    (made / "chat").mkdir(parents=True)
    (made / "chat" / "alpha.yaml").write_text(FILE)
    (made / "categories.yaml").write_text("chat: {name: Chat, data_at_risk: Text}\n")
    (made / "candidates.yaml").write_text("{suffixes: [ai], words: [gpt], ignore: []}\n")
    (made / "blind-spots.yaml").write_text(
        "- {id: d, name: D, kind: vpn, domains: [d.test], addresses: [1.2.3.4], references: ['https://a.b']}\n"
    )
    return made


def _entries(place: Path) -> list[Path]:
    return sorted(place.iterdir()) if place.is_dir() else []


def test_what_is_stored_is_loaded(place: Path) -> None:
    assert cache.load("kind", "key") is None
    assert cache.store("kind", "key", b"payload")
    assert cache.load("kind", "key") == b"payload"
    assert cache.load("other", "key") is None
    assert cache.load("kind", "other") is None
    assert [path.name for path in _entries(place)] == ["kind-key"]
    assert place.stat().st_mode & 0o777 == 0o700
    assert _entries(place)[0].stat().st_mode & 0o777 == 0o600


def test_an_entry_is_replaced_whole() -> None:
    cache.store("kind", "key", b"old")
    cache.store("kind", "key", b"new")
    assert cache.load("kind", "key") == b"new"


def test_each_damage_is_noticed(place: Path) -> None:
    cache.store("kind", "key", b"payload")
    (entry,) = _entries(place)
    whole = entry.read_bytes()
    for at in range(len(whole)):
        entry.write_bytes(whole[:at])
        assert cache.load("kind", "key") is None
        entry.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert cache.load("kind", "key") is None
    entry.write_bytes(whole + b"x")
    assert cache.load("kind", "key") is None
    entry.write_bytes(whole)
    entry.rename(entry.with_name("kind-other"))
    assert cache.load("kind", "other") is None, "an entry under another's name"


def test_what_others_may_have_written_is_not_trusted(place: Path) -> None:
    cache.store("kind", "key", b"payload")
    (entry,) = _entries(place)
    for mode in (0o620, 0o602):
        entry.chmod(mode)
        assert cache.load("kind", "key") is None
    entry.chmod(0o600)
    assert cache.load("kind", "key") == b"payload"


def test_another_user_s_entry_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.store("kind", "key", b"payload")
    owner = os.getuid()
    if owner == 0:
        monkeypatch.setattr(cache.os, "getuid", lambda: 1000)
        assert cache.load("kind", "key") == b"payload", "the administrator's entries are trusted"
        return
    monkeypatch.setattr(cache.os, "getuid", lambda: owner + 1)
    assert cache.load("kind", "key") is None


def test_a_folder_or_a_huge_file_in_the_place_is_passed_over(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "kind-key").mkdir(parents=True)
    assert cache.load("kind", "key") is None
    assert not cache.store("kind", "key", b"payload")
    assert [path.name for path in _entries(place)] == ["kind-key"], "no draft stays behind"
    cache.store("kind", "big", b"payload")
    monkeypatch.setattr(cache, "MAX_SIZE", 10)
    assert cache.load("kind", "big") is None
    assert not cache.store("kind", "more", b"payload")


def test_a_place_that_cannot_be_written_costs_only_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "file" / "below"))
    assert not cache.store("kind", "key", b"payload")
    assert cache.load("kind", "key") is None


def test_only_the_newest_entries_of_a_kind_stay(place: Path) -> None:
    cache.store("other", "key", b"payload")
    for number in range(cache.KEPT + 3):
        cache.store("kind", str(number), b"payload")
        os.utime(place / f"kind-{number}", ns=(number, number))
    names = {path.name for path in _entries(place)}
    assert "other-key" in names
    assert len(names) == cache.KEPT + 1
    assert f"kind-{cache.KEPT + 2}" in names


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({cache.VARIABLE: "/named", "XDG_CACHE_HOME": "/xdg"}, "/named"),
        ({cache.VARIABLE: "relative", "XDG_CACHE_HOME": "/xdg"}, "/xdg/shadowai"),
        ({cache.VARIABLE: "", "XDG_CACHE_HOME": "/xdg"}, "/xdg/shadowai"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/home/a"}, "/home/a/.cache/shadowai"),
        ({"HOME": "/home/a"}, "/home/a/.cache/shadowai"),
    ],
)
def test_the_place_is_the_specification_s(
    variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (cache.VARIABLE, "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(cache.sys, "platform", "linux")
    assert str(cache._folder()) == expected
    monkeypatch.setattr(cache.sys, "platform", "darwin")
    assert str(cache._folder()) == expected.replace(".cache", "Library/Caches")


def test_without_any_home_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ((cache.VARIABLE, ""), ("XDG_CACHE_HOME", ""), ("HOME", "relative")):
        monkeypatch.setenv(name, value)
    assert not cache.store("kind", "key", b"payload")
    assert cache.load("kind", "key") is None


def test_where_files_have_no_owners_all_are_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.store("kind", "key", b"payload")
    monkeypatch.delattr(cache.os, "getuid")
    assert cache.load("kind", "key") == b"payload"


def test_a_key_tells_its_parts_apart() -> None:
    assert cache.key_of(b"ab", b"c") != cache.key_of(b"a", b"bc")
    assert cache.key_of(b"a") != cache.key_of(b"a", b"")


def test_the_database_comes_back_equal(folder: Path, place: Path) -> None:
    made = load_database(folder)
    (entry,) = _entries(place)
    written = entry.stat().st_mtime_ns
    assert load_database(folder) == made == read_files(folder).database()
    assert entry.stat().st_mtime_ns == written
    shipped = read_files().database()
    assert Database.decode(shipped.encode()) == shipped


def _reads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Load with nothing but the cache at hand."""
    with monkeypatch.context() as patch:
        patch.setattr(load, "read_files", lambda _folder: pytest.fail("the files were read in full"))
        return load_database(folder)


def test_every_edit_is_seen_even_with_the_old_time_and_size(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "chat" / "alpha.yaml"
    before = path.stat()
    first = load_database(folder)
    assert _reads(folder, monkeypatch) == first
    path.write_text(FILE.replace("alpha.test", "omega.test"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    edited = load_database(folder)
    assert {match.indicator for match in edited.indicators} == {"omega.test", "/v1/alpha/chat"}
    assert edited.digest != first.digest
    path.rename(folder / "chat" / "beta.yaml")
    assert set(load_database(folder).services) == {"beta"}
    shutil.copy(folder / "chat" / "beta.yaml", path)
    assert set(load_database(folder).services) == {"alpha", "beta"}
    path.unlink()
    (folder / "candidates.yaml").write_text("{suffixes: [], words: [], ignore: []}\n")
    assert load_database(folder).candidates.words == ()


def test_an_edit_that_breaks_a_file_is_an_error_as_before(folder: Path) -> None:
    load_database(folder)
    (folder / "chat" / "alpha.yaml").write_text(FILE + "kolor: red\n")
    for _ in range(2):
        with pytest.raises(SignatureError, match="kolor"):
            load_database(folder)


def test_new_code_makes_it_anew(folder: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_database(folder)
    monkeypatch.setattr(load, "_HERE", folder)
    load_database(folder)
    monkeypatch.setattr(load, "__version__", "9")
    load_database(folder)
    assert len(_entries(place)) == 3


def test_an_entry_of_another_shape_is_made_anew(folder: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = load_database(folder)
    (entry,) = _entries(place)
    key = entry.name.partition("-")[2]
    for odd in (b"", b"\xff", b"[]", b"{}", b"null", b'{"digest":1,"services":[[1]]}', b"[" * 100_000):
        cache.store("signatures", key, odd)
        assert load_database(folder) == made
    assert _reads(folder, monkeypatch) == made


def test_files_that_change_while_they_are_read_are_not_kept(
    folder: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = iter(["a" * 64, "b" * 64])
    monkeypatch.setattr(load, "_digest", lambda _folder: next(digests))
    load_database(folder)
    assert _entries(place) == []


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_refused(content: bytes) -> None:
    try:
        Database.decode(content)
    except ValueError:
        return
    pytest.fail("no random bytes are a database")


def test_a_file_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "chat" / "gone.yaml").symlink_to(folder / "nowhere.yaml")
    with pytest.raises(SignatureError, match=r"gone\.yaml"):
        load_database(folder)


def test_many_processes_at_once_do_no_harm(folder: Path, place: Path) -> None:
    code = (
        f"from pathlib import Path; from shadowai.signatures import load_database as d; print(d(Path({str(folder)!r})))"
    )
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    printed = {process.communicate()[0] for process in running}
    assert {process.returncode for process in running} == {0}
    assert len(printed) == 1
    assert len(_entries(place)) == 1


def test_matching_imports_no_validator_and_no_reader_of_yaml() -> None:
    code = (
        "import json, sys; from shadowai.cli import cli\n"
        "try: cli.main(['match', 'chatgpt.com'], standalone_mode=False)\n"
        "finally: print(json.dumps(sorted(sys.modules)))"
    )
    load_database()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    answer, modules = done.stdout.splitlines()
    assert answer.startswith("chatgpt.com  chatgpt (chat)")
    heavy = {"pydantic", "yaml", "numpy", "pandas", "scapy", "jinja2", "rich", "hyperscan", "dns", "cryptography"}
    assert heavy.isdisjoint(json.loads(modules))
    assert not any(name.startswith(("shadowai.captures", "shadowai.logs")) for name in json.loads(modules))


def test_the_digest_is_what_it_was(folder: Path) -> None:
    digest = hashlib.sha256()
    for name in ("blind-spots.yaml", "candidates.yaml", "categories.yaml", "chat/alpha.yaml"):
        content = (folder / name).read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    assert load_database(folder).digest == digest.hexdigest()[:16]


def test_the_shipped_folder_is_the_default() -> None:
    assert load_database() == load_database(resources.signatures())
