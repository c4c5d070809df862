"""A released database: made, signed, taken up, refused, rolled back."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import tarfile
from datetime import date
from typing import TYPE_CHECKING

import pytest
import zstandard
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from support.signature_folders import FILE, signature_folder

from shadowai import cache, resources
from shadowai.cli import cli
from shadowai.errors import SignatureError, UsageError
from shadowai.signatures import installed, load_database, minisign, release, update
from shadowai.signatures.release import MANIFEST, Contents, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

SEED = bytes(range(32))
NUMBER = b"shadowai"
KEY = minisign.SecretKey(NUMBER, SEED)
PUBLIC = str(KEY.public)


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv(installed.VARIABLE, str(tmp_path / "data"))
    return tmp_path / "data" / "signatures"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Write a secret key as minisign does (its README, section "Signature format")."""
    pair = SEED + Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
    checksum = hashlib.blake2b(b"Ed" + NUMBER + pair, digest_size=32).digest()
    content = b"Ed" + b"\0\0" + b"B2" + bytes(48) + NUMBER + pair + checksum
    path = tmp_path / "release.key"
    path.write_text(f"untrusted comment: minisign secret key\n{base64.b64encode(content).decode()}\n")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return signature_folder(tmp_path / "database")("chat/alpha.yaml")


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["signatures", *map(str, arguments)])


def _put(path: Path, packed: bytes) -> str:
    path.write_bytes(packed)
    path.with_name(path.name + ".minisig").write_text(minisign.sign(packed, KEY, "c"))
    return str(path)


@pytest.fixture
def make(tmp_path: Path, folder: Path) -> Callable[..., str]:
    """Give a function that releases the small database under a version and signs it."""

    def made(version: str, name: str = "N", day: date = date(2099, 1, 2)) -> str:
        (folder / "chat" / "alpha.yaml").write_text(FILE.replace("name: N", f"name: {name}"))
        return _put(tmp_path / f"{version}.tar.zst", pack(folder, version, day)[1])

    return made


def test_the_same_database_gives_the_same_bytes(folder: Path, key: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        os.utime(folder / "chat" / "alpha.yaml", (1, len(name)))
        done = _run("pack", "--folder", folder, "--key", key, "--out", tmp_path / name)
        assert done.exit_code == 0, done.output
        assert f"public key {PUBLIC}" in done.stdout
        assert "version 2026.1.1, 5 files" in done.stdout
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert (tmp_path / "one.minisig").read_text() == (tmp_path / "two.minisig").read_text()
    contents = unpack((tmp_path / "one").read_bytes())
    assert (contents.version, contents.date, contents.digest) == (
        "2026.1.1",
        "2026-01-01",
        load_database(folder).digest,
    )


def test_the_shipped_database_can_be_released() -> None:
    contents, packed = pack(None, None, date(2026, 11, 30))
    assert contents.version == "2026.11.30"
    assert unpack(packed) == contents
    assert len(packed) < release.MAX_PACKED


def test_an_update_is_used_told_and_rolled_back(make: Callable[..., str], data: Path) -> None:
    shipped = load_database()
    assert shipped == load_database(resources.signatures())
    first = _run("update", "--from", make("2026.2"), "--public-key", PUBLIC)
    assert first.exit_code == 0, first.output
    assert first.stdout.startswith("version 2026.2 of 2099-01-02 is in use")
    found = load_database()
    assert set(found.services) == {"alpha"}
    assert found.digest.startswith("2026.2+")
    assert load_database() == found  # from the cache
    assert json.loads(_run("signatures", "stats", "--json").stdout or "{}") == {}
    assert json.loads(_run("stats", "--json").stdout)["version"] == found.digest
    assert _run("update", "--from", make("2026.10", "M")).exit_code == 0  # the key is known by now
    assert load_database().services["alpha"].name == "M"
    assert _run("update", "--rollback").stdout.startswith("version 2026.2 ")
    assert load_database() == found
    assert _run("update", "--rollback").stdout == "the shipped database is in use\n"
    assert load_database() == shipped
    assert [path.name for path in data.iterdir()] == ["current.json"]


def test_an_older_version_is_refused_without_force(make: Callable[..., str]) -> None:
    old, new = make("2026.9"), make("2026.10", "M")
    update.update(new, PUBLIC)
    with pytest.raises(UsageError, match=r"2026\.9, older than 2026\.10"):
        update.update(old, PUBLIC)
    assert load_database().services["alpha"].name == "M"
    update.update(old, PUBLIC, force=True)
    assert load_database().services["alpha"].name == "N"
    update.update(old, PUBLIC)  # the same once more is no harm


def test_nothing_older_than_the_shipped_database_is_taken_without_force(make: Callable[..., str]) -> None:
    old = make("2026.2", day=date(2026, 1, 1))
    with pytest.raises(UsageError, match=r"older than the database of 20.* that this program brings"):
        update.update(old, PUBLIC)
    assert load_database() == load_database(resources.signatures())
    update.update(old, PUBLIC, force=True)
    assert set(load_database().services) == {"alpha"}


def test_what_was_changed_since_is_noticed_and_mended(make: Callable[..., str]) -> None:
    source = make("2026.2")
    taken = update.update(source, PUBLIC)
    (taken.path / "chat" / "alpha.yaml").write_text(FILE.replace("alpha.test", "evil.test"))
    with pytest.raises(SignatureError, match="has been changed since it was installed"):
        load_database()
    update.update(source, PUBLIC)
    assert set(load_database().services) == {"alpha"}


def test_another_programs_update_is_passed_over(make: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    update.update(make("2026.2"), PUBLIC)
    monkeypatch.setattr(installed, "__version__", "99")
    assert load_database() == load_database(resources.signatures())


@pytest.mark.parametrize("text", ["", "[", "{}", "[1]", "[{}]", '[{"folder": 1}]', "[" * 100_000])
def test_a_damaged_record_is_told(make: Callable[..., str], data: Path, text: str) -> None:
    update.update(make("2026.2"), PUBLIC)
    (data / "current.json").write_text(text)
    if text == "{}":
        assert load_database().services
        return
    with pytest.raises(SignatureError, match="damaged"):
        load_database()
    with pytest.raises(SignatureError, match="damaged"):
        update.update(make("2026.2"), PUBLIC)
    update.roll_back()
    assert load_database() == load_database(resources.signatures())


@pytest.mark.parametrize("folder_", ["../../etc", "", "a/b", ".."])
def test_a_record_names_no_other_place(make: Callable[..., str], data: Path, folder_: str) -> None:
    taken = update.update(make("2026.2"), PUBLIC)
    (data / "current.json").write_text(json.dumps([taken._replace(folder=folder_)._asdict()]))
    with pytest.raises(SignatureError, match="damaged"):
        load_database()


def test_a_wrong_signature_or_key_changes_nothing(make: Callable[..., str], tmp_path: Path, data: Path) -> None:
    source = make("2026.2")
    with pytest.raises(UsageError, match="name the key"):
        update.update(source, None)
    other = str(minisign.SecretKey(NUMBER, bytes(32)).public)
    with pytest.raises(SignatureError, match="does not fit"):
        update.update(source, other)
    with pytest.raises(SignatureError, match="another key"):
        update.update(source, str(minisign.SecretKey(b"12345678", SEED).public))
    packed = bytearray((tmp_path / "2026.2.tar.zst").read_bytes())
    packed[-1] ^= 1
    (tmp_path / "2026.2.tar.zst").write_bytes(packed)
    with pytest.raises(SignatureError, match="does not fit"):
        update.update(source, PUBLIC)
    (tmp_path / "2026.2.tar.zst.minisig").unlink()
    with pytest.raises(UsageError, match="cannot be read"):
        update.update(source, PUBLIC)
    assert not data.exists()
    assert isinstance(_run("update").exception, UsageError)
    assert isinstance(_run("update", "--rollback", "--from", source).exception, UsageError)


def _archive(members: Mapping[str, bytes], *odd: tarfile.TarInfo) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for member in odd:
            tar.addfile(member)
    return zstandard.ZstdCompressor().compress(written.getvalue())


def _odd(name: str, kind: bytes, target: str = "", **headers: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.pax_headers = kind, target, headers
    return member


@pytest.mark.parametrize(
    "odd",
    [
        _odd("../evil.yaml", tarfile.REGTYPE),
        _odd("/etc/evil.yaml", tarfile.REGTYPE),
        _odd("chat/../../evil.yaml", tarfile.REGTYPE),
        _odd("chat/evil.py", tarfile.REGTYPE),
        _odd("a/b/c.yaml", tarfile.REGTYPE),
        _odd("chat", tarfile.DIRTYPE),
        _odd("chat/link.yaml", tarfile.SYMTYPE, "/etc/passwd"),
        _odd("chat/hard.yaml", tarfile.LNKTYPE, "chat/alpha.yaml"),
        _odd("chat/fifo.yaml", tarfile.FIFOTYPE),
        _odd("chat/alpha.yaml", tarfile.REGTYPE),
        _odd(
            "chat/bomb.yaml",
            tarfile.REGTYPE,
            **{"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(1 << 50)},
        ),
    ],
    ids=lambda member: f"{member.name}-{member.type!r}",
)
def test_an_archive_with_anything_but_plain_files_is_refused(folder: Path, odd: tarfile.TarInfo) -> None:
    contents, _ = pack(folder, "1", None)
    manifest = json.dumps({**contents._asdict(), "files": {}}).encode()
    with pytest.raises(SignatureError):
        unpack(_archive({MANIFEST: manifest, "chat/alpha.yaml": b""}, odd))


def test_a_bomb_is_refused() -> None:
    with pytest.raises(SignatureError, match="larger than 64 MiB"):
        unpack(zstandard.ZstdCompressor().compress(bytes(release.MAX_SIZE + 1)))


def test_a_window_beyond_all_measure_is_refused() -> None:
    settings = zstandard.ZstdCompressionParameters.from_level(1, window_log=28)
    packed = zstandard.ZstdCompressor(compression_params=settings).compressobj().compress(bytes(1 << 20))
    with pytest.raises(SignatureError, match=r"cannot be unpacked"):
        unpack(packed)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": "new"}, "no version"),
        ({"version": 5}, "manifest"),
        ({"date": "soon"}, "manifest"),
        ({"digest": "x"}, "no digest"),
        ({"digest": None}, "no digest"),
        ({"files": {}}, "not those of its manifest"),
        ({"files": []}, "manifest"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(folder: Path, change: Mapping[str, object], message: str) -> None:
    contents, _ = pack(folder, "1", None)
    entries = {
        name: {"size": len(text), "sha256": hashlib.sha256(text).hexdigest()} for name, text in contents.files.items()
    }
    manifest = {**contents._asdict(), "files": entries, **change}
    with pytest.raises(SignatureError, match=message):
        unpack(_archive({MANIFEST: json.dumps(manifest).encode(), **contents.files}))
    with pytest.raises(SignatureError, match="manifest is missing"):
        unpack(_archive(contents.files))


def test_a_release_that_is_no_database_is_not_taken_up(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def released(files: dict[str, bytes], digest: str) -> str:
        contents = Contents("1", "2099-01-01", digest, files)
        return _put(tmp_path / "odd", zstandard.ZstdCompressor().compress(release._tar(contents)))

    with pytest.raises(SignatureError, match="categories"):
        update.update(released({"chat/alpha.yaml": FILE.encode()}, "0" * 16), PUBLIC)
    whole = {
        name: path.read_bytes()
        for path in signature_folder(tmp_path / "d")("chat/a.yaml").rglob("*.yaml")
        for name in [path.relative_to(tmp_path / "d").as_posix()]
    }
    with pytest.raises(SignatureError, match="has the digest"):
        update.update(released(whole, "0" * 16), PUBLIC)
    assert list(data.iterdir()) == []
    monkeypatch.setattr(release, "MAX_FILES", 3)
    with pytest.raises(SignatureError, match="too many files"):
        update.update(released(whole, "0" * 16), PUBLIC)


def test_what_cannot_be_released_is_told(tmp_path: Path) -> None:
    write = signature_folder(tmp_path / "d")
    folder = tmp_path / "d"
    with pytest.raises(SignatureError, match="no services"):
        pack(folder, None, None)
    write("chat/alpha.yaml")
    with pytest.raises(UsageError, match="no version"):
        pack(folder, "v1", None)
    write("chat/Beta_1.yaml", FILE.replace("alpha", "beta"))
    with pytest.raises(SignatureError, match="no release can hold"):
        pack(folder, None, None)


@settings(deadline=None)  # unpacks twice
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(content: bytes) -> None:
    for packed in (content, zstandard.ZstdCompressor().compress(content)):
        with pytest.raises(SignatureError):
            unpack(packed)


@pytest.mark.parametrize(
    ("older", "newer"), [("2026.9", "2026.10"), ("2026.1.31", "2026.2.1"), ("1.0.1", "1.1"), ("9", "10")]
)
def test_versions_are_compared_as_numbers(older: str, newer: str) -> None:
    assert release.ordered(older) < release.ordered(newer)
    assert release.ordered("1.0") == release.ordered("1")


def test_the_data_folder_follows_xdg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(installed.VARIABLE, "relative")
    monkeypatch.setenv("XDG_DATA_HOME", "/data/home")
    assert str(installed.home()) == "/data/home/shadowai/signatures"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.setattr("sys.platform", "linux")
    assert str(installed.home()) == "/home/ann/.local/share/shadowai/signatures"
    monkeypatch.setattr("sys.platform", "darwin")
    assert str(installed.home()) == "/home/ann/Library/Application Support/shadowai/signatures"


def test_a_record_that_cannot_be_read_is_told(data: Path) -> None:
    (data / "current.json").mkdir(parents=True)
    with pytest.raises(SignatureError, match=r"current\.json"):
        load_database()
