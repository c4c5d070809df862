"""Inputs behind URLs: object storage and web servers, through fsspec (the extra `remote`), fetched into the spool.

fsspec brings no client of S3, Google Cloud Storage or Azure: those are packages of their own (s3fs, gcsfs, adlfs), and
where credentials come from is theirs too. Their errors are known by name, for many of them are no OSError.
"""

from __future__ import annotations

import errno
import importlib
import os
import re
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from shadowai.errors import SourceError
from shadowai.sources.names import printable, scrubbed, shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TRIES = 4
PAUSE = 0.5
"""Seconds before the second try; each one after waits twice as long as the one before."""
BLOCK = 4 << 20  # bytes asked for at once
MOST_FILES = 100_000  # behind one pattern; a mistyped one must not list a whole store
_SILENCE = 60  # seconds without a byte after which a web server is given up
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # two letters or more: one is a drive of Windows
_WEB = ("http", "https")
_VERSION = ("size", "ETag", "etag", "Last-Modified", "LastModified", "last_modified", "updated", "mtime", "generation")
_TIMES = ("LastModified", "last_modified", "updated", "mtime", "created", "Last-Modified")
_FINAL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EISDIR, errno.EACCES, errno.EPERM, errno.EFBIG})
_TRANSIENT = frozenset({408, 425, 429})  # of the statuses 400 to 499 (RFC 9110 section 15.5, RFC 8470, RFC 6585)
_STRANGERS = (
    ("aiohttp", "ClientError"),
    ("botocore.exceptions", "BotoCoreError"),
    ("botocore.exceptions", "ClientError"),
    ("gcsfs.retry", "HttpError"),
    ("google.auth.exceptions", "GoogleAuthError"),
    ("azure.core.exceptions", "AzureError"),
    ("paramiko", "SSHException"),
)
_OWN = (OSError, ValueError, RuntimeError, ImportError)


@dataclass(frozen=True, slots=True)
class Remote:
    """A file behind a URL: `url` tells the store, `path` the file in it; `name` is both, as they may be told.

    The URL may hold credentials: it goes to the workers of a cluster, and into no report and no message.
    """

    name: str
    url: str = field(repr=False)
    path: str = field(repr=False)

    @property
    def folder(self) -> str:
        """Give the path of the folder in which the file lies."""
        return self.path.rpartition("/")[0]

    @property
    def store(self) -> str:
        """Give scheme and host, or bucket."""
        return "/".join(self.name.split("/")[:3])


def is_url(argument: str) -> bool:
    """Say whether the user names a URL, other than one of a file here."""
    return _SCHEME.match(argument) is not None and not argument.startswith("file://")


def listed(url: str) -> list[Remote]:
    """List the files behind a URL: the one it names, those that match its pattern, those below the folder it is.

    SourceError where fsspec or the protocol's package is missing, or the store does not answer.
    """
    try:
        files, path = _store(url)
        places = _matches(files, path, url)
        names = {one: shown(url) if one == path else shown(str(files.unstrip_protocol(one))) for one in places}
    except _failures() as error:
        raise _told(error, url) from None
    if len(places) > MOST_FILES:
        raise SourceError(f"more than {MOST_FILES:,} files; name fewer", where=shown(url))
    return [Remote(names[one], url, one) for one in places]


def _matches(files: Any, path: str, url: str) -> list[str]:  # noqa: ANN401  # fsspec has no types
    is_web = url.partition("://")[0].lower() in _WEB
    if re.search(r"\*", path.partition("?")[0]) if is_web else re.search(r"[*?\[]", path):
        matches = files.glob(path, detail=not is_web)  # a web server tells of each one by itself
        found = sorted(one for one in matches if is_web or matches[one]["type"] != "directory")
        if not found:
            raise SourceError("no file matches this pattern", where=shown(url))
        return found
    if is_web or not files.isdir(path):
        return [path]
    found = sorted(one for one in files.find(path) if not _is_hidden(one, path))
    if not found:
        raise SourceError("the folder holds no files", where=shown(url))
    return found


def _is_hidden(one: str, below: str) -> bool:
    return "/." in one[len(below.rstrip("/")) :]


def fetch(place: Remote, target: Path) -> None:
    """Fetch a file, with bounded memory; what breaks off is tried again, from where it broke off if that can be.

    SourceError where it cannot be had; nothing is left of it then.
    """
    download = _Download(place, target)
    for number in range(TRIES):
        try:
            download.go_on()
        except _failures() as error:
            if number == TRIES - 1 or _is_final(error):
                target.unlink(missing_ok=True)
                raise _told(error, place.url, place.name) from None
            time.sleep(PAUSE * 2**number)
        else:
            return


def answers(place: Remote) -> None:
    """Ask the store for a file, without fetching it; SourceError where it cannot be had."""
    try:
        files, _ = _store(place.url)
        files.info(place.path)
    except _failures() as error:
        raise _told(error, place.url, place.name) from None


class _BrokenOffError(OSError):
    """The file came to an end too early, or was changed while it was read."""


@dataclass(slots=True)
class _Download:
    """What has come of a file so far, and of which version of it."""

    place: Remote
    target: Path
    version: tuple[object, ...] = ()
    block: int = BLOCK

    def go_on(self) -> None:
        """Fetch what is missing."""
        files, _ = _store(self.place.url)
        info = self._info(files)
        try:
            self._copy(files)
        except ValueError:  # a web server that gives no part of a file: all of it, in one piece
            if self.block == 0 or not self.place.name.lower().startswith(_WEB):
                raise
            self.block, self.version = 0, ()
            raise _BrokenOffError("the server gives no parts of files") from None
        size, got = info.get("size"), self.target.stat().st_size
        if isinstance(size, int) and got < size:
            raise _BrokenOffError(f"ends after {got:,} of {size:,} bytes")
        after = self._info(files)
        if modified := _modified(after):
            os.utime(self.target, (modified, modified))

    def _info(self, files: Any) -> Mapping[str, Any]:  # noqa: ANN401  # fsspec has no types
        """Ask for what is told of a file; what has come of another version of it is thrown away."""
        files.invalidate_cache()
        info: Mapping[str, Any] = files.info(self.place.path)
        version = tuple(str(info.get(key)) for key in _VERSION)
        if version != self.version:
            is_new = not self.version
            self.version = version
            self.target.unlink(missing_ok=True)
            if not is_new:
                raise _BrokenOffError("has changed while it was read")
        return info

    def _copy(self, files: Any) -> None:  # noqa: ANN401  # fsspec has no types
        with self.target.open("ab") as out, files.open(self.place.path, "rb", block_size=self.block) as stream:
            if self.block == 0:
                out.truncate(0)
            elif out.tell():
                stream.seek(out.tell())
            while piece := stream.read(BLOCK):
                out.write(piece)


def _store(url: str) -> tuple[Any, str]:
    """Open the store of a URL, and give the path in it."""
    try:
        fsspec = importlib.import_module("fsspec.core")
    except ImportError:
        raise SourceError("reading URLs needs fsspec: pip install 'shadowai[remote]'", where=shown(url)) from None
    scheme = url.partition("://")[0].lower()
    options = _web_options() if scheme in _WEB else {}
    files, path = fsspec.url_to_fs(scheme + url[len(scheme) :], **options)
    return files, path


def _web_options() -> dict[str, object]:
    """Heed HTTPS_PROXY and .netrc as other tools do, and let big files take their time."""
    try:
        timeout = importlib.import_module("aiohttp").ClientTimeout(total=None, sock_connect=30, sock_read=_SILENCE)
    except ImportError:
        raise ImportError("HTTP needs aiohttp: pip install 'shadowai[remote]'") from None
    return {"client_kwargs": {"trust_env": True, "timeout": timeout}}


def _failures() -> tuple[type[BaseException], ...]:
    """List the errors of fsspec and of those of the stores' packages that are in use."""
    known = ((sys.modules.get(module), name) for module, name in _STRANGERS)
    return (*_OWN, *(getattr(module, name) for module, name in known if hasattr(module, name)))


def _root(error: BaseException) -> BaseException:
    """Give what went wrong; of whatever a web server says fsspec makes a file that is not found."""
    if isinstance(error, FileNotFoundError) and error.__cause__ is not None:
        return error.__cause__
    return error


def _status(error: BaseException) -> int | None:
    status = getattr(error, "status", None)
    return status if isinstance(status, int) else None


def _is_final(error: BaseException) -> bool:
    """Say whether trying again is of no use."""
    error = _root(error)
    status = _status(error)
    if status is not None:
        return status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _TRANSIENT
    if isinstance(error, FileNotFoundError | PermissionError | ImportError | ValueError):
        return True
    return isinstance(error, OSError) and error.errno in _FINAL


def _told(error: BaseException, url: str, name: str | None = None) -> SourceError:
    """Say what went wrong, in the user's words and without credentials."""
    return SourceError(_reason(_root(error), url), where=name or shown(url))


def _reason(error: BaseException, url: str) -> str:
    status = _status(error)
    if status is not None and status != HTTPStatus.NOT_FOUND:
        remedy = "; are the credentials right?" if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) else ""
        return f"cannot be fetched: the server says {status}{remedy}"
    if status or isinstance(error, FileNotFoundError):
        return "no such file there; check the URL"
    if isinstance(error, ImportError):
        return f"needs a package that is not installed: {scrubbed(str(error), url)}"
    if isinstance(error, ValueError) and "rotocol not known" in str(error):
        return "fsspec knows no such protocol; it knows s3, gs, abfs, https and others"
    if isinstance(error, OSError) and error.errno in _FINAL and error.strerror:
        return f"cannot be fetched: {printable(error.strerror)}"
    return f"cannot be fetched: {scrubbed(str(error), url) or type(error).__name__}"


def _modified(info: Mapping[str, Any]) -> float | None:
    """Give the time of a file's last change, in seconds since the epoch; stores tell it in many ways, or not."""
    for told in filter(None, map(info.get, _TIMES)):
        if isinstance(told, int | float):
            return float(told)
        moment = told if isinstance(told, datetime) else _parsed(str(told))
        if moment is not None:
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return None


def _parsed(text: str) -> datetime | None:
    """Read a time as HTTP writes it (RFC 9110 section 5.6.7), or in ISO 8601."""
    import email.utils  # noqa: PLC0415  # brings sockets and more, and few inputs are remote

    for read in (email.utils.parsedate_to_datetime, datetime.fromisoformat):
        try:
            return read(text)
        except ValueError:
            continue
    return None
