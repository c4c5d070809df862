"""Taking up a released database: fetched, its signature checked, unpacked, read as a whole, and only then used.

Nothing of what is in use is touched before the last step, which replaces one small file at once.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import urllib.error
import urllib.request
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from shadowai import resources
from shadowai.errors import SignatureError, UsageError
from shadowai.signatures import minisign
from shadowai.signatures.installed import RECORD, Release, home, records
from shadowai.signatures.load import read_files
from shadowai.signatures.release import MAX_PACKED, SIGNATURE_SUFFIX, Contents, ordered, unpack

if TYPE_CHECKING:
    import ssl
    from http.client import HTTPMessage
    from typing import IO

TIMEOUT = 60.0  # seconds
_HTTPS = "https://"


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    """Follows redirections to https alone."""

    def redirect_request(  # noqa: PLR0913, PLR0917  # urllib's own signature
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if not newurl.startswith(_HTTPS):
            raise UsageError(f"is redirected to {newurl}, which is not https", where=req.full_url)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(source: str, trust: ssl.SSLContext | None = None) -> bytes:
    """Read a file, or an https URL, of at most MAX_PACKED bytes; UsageError where that cannot be done."""
    if "://" in source and not source.startswith(_HTTPS):
        raise UsageError("is neither a file nor an https URL", where=source)
    try:
        content = _download(source, trust) if source.startswith(_HTTPS) else _beginning(Path(source))
    except (OSError, urllib.error.URLError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise UsageError(f"cannot be read: {reason}", where=source) from error
    if len(content) > MAX_PACKED:
        raise UsageError(f"is larger than {MAX_PACKED >> 20} MiB", where=source)
    return content


def _download(url: str, trust: ssl.SSLContext | None) -> bytes:
    opener = urllib.request.build_opener(_OnlyHttps, urllib.request.HTTPSHandler(context=trust))
    with opener.open(url, timeout=TIMEOUT) as answer:
        content: bytes = answer.read(MAX_PACKED + 1)
    return content


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_PACKED + 1)


def update(source: str, public_key: str | None, *, force: bool = False, trust: ssl.SSLContext | None = None) -> Release:
    """Take up the release at a path or https URL; its signature lies beside it, with the suffix `.minisig`.

    `public_key` is a key of minisign or the path of its file; without it, the key of the update in use. Without `force`
    nothing older than what is in use is taken. Raises UsageError or SignatureError, and then nothing has changed.
    """
    before = _records_if_whole(force=force)
    key = _key(public_key, before)
    packed = fetch(source, trust)
    try:
        minisign.verify(packed, minisign.as_text(fetch(source + SIGNATURE_SUFFIX, trust)), key)
        contents = unpack(packed)
    except UsageError as error:
        raise SignatureError(error.message, where=source) from error
    if not force and (older := _older_than(contents, before)):
        raise UsageError(f"is {older}; --force takes it all the same", where=source)
    release = Release(
        f"{contents.version}-{contents.digest}", contents.version, contents.date, contents.digest, str(key)
    )
    _install(contents, release)
    _record([release, *(one for one in before if one.folder != release.folder)][:2])
    return release


def roll_back() -> Release | None:
    """Go back to the update before the one in use, or to the shipped database: None."""
    _record(_records_if_whole(force=True)[1:])
    left = records()
    return left[0] if left else None


def _records_if_whole(*, force: bool) -> list[Release]:
    try:
        return records()
    except SignatureError:
        if not force:
            raise
        return []


def _older_than(contents: Contents, before: list[Release]) -> str | None:
    """Say what a release is older than: the update in use, or else the database that this program brings with it."""
    if before and ordered(contents.version) < ordered(before[0].version):
        return f"version {contents.version}, older than {before[0].version} in use"
    brought = read_files(resources.signatures()).services.values()
    newest = max(service.file.verified for service in brought)
    if date.fromisoformat(contents.date) < newest:
        return f"of {contents.date}, older than the database of {newest} that this program brings with it"
    return None


def _key(given: str | None, before: list[Release]) -> minisign.PublicKey:
    if given is None:
        if not before:
            raise UsageError("name the key that the release was signed for with --public-key; later updates know it")
        return minisign.public_key_of(before[0].key)
    return minisign.public_key_of(minisign.read_text(Path(given)) if Path(given).is_file() else given)


def _install(contents: Contents, release: Release) -> None:
    """Put the files into a folder of their own, read them as a whole, and give the folder its name."""
    if _is_whole(release):
        return
    home().mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=home()))
    try:
        for name, content in contents.files.items():
            path = draft / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        files = read_files(draft)
        if files.digest != contents.digest or not files.services:
            raise SignatureError(f"has the digest {files.digest} and not the {contents.digest} of its manifest")
        if release.path.exists():  # and is not what was installed
            release.path.replace(draft.with_name(f"{draft.name}-old"))
        draft.replace(release.path)
    finally:
        for rest in home().glob(f"{draft.name}*"):
            shutil.rmtree(rest, ignore_errors=True)


def _is_whole(release: Release) -> bool:
    try:
        return read_files(release.path).digest == release.digest
    except SignatureError:
        return False


def _record(releases: list[Release]) -> None:
    """Say which update is in use, at once, and remove those that nothing names any more."""
    home().mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, draft = tempfile.mkstemp(prefix=".record-", dir=home())
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump([release._asdict() for release in releases], file, indent=1)
    Path(draft).replace(home() / RECORD)
    kept = {release.folder for release in releases}
    for folder in home().iterdir():
        if folder.is_dir() and folder.name not in kept and not folder.name.startswith("."):
            shutil.rmtree(folder, ignore_errors=True)
