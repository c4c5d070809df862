"""A real PostgreSQL server for tests, in a temporary folder, on a socket of its own, as a user without rights."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE = 30  # seconds


def find(program: str) -> str | None:
    """Find a program of PostgreSQL on PATH or where Debian keeps it."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), reverse=True)
    return shutil.which(program) or (str(places[0]) if places else None)


class Server:
    """A server that can be killed and started again; `url` is SQLAlchemy's."""

    def __init__(self, initdb: str, postgres: str, folder: Path) -> None:
        self._postgres = postgres
        self._folder = folder
        # PostgreSQL refuses to run as root.
        self._user = "nobody" if os.geteuid() == 0 else None
        if self._user:
            entry = pwd.getpwnam(self._user)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        self._call([initdb, "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-N"])
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@/postgres?host={self._folder}"

    def start(self) -> None:
        command = [self._postgres, "-D", str(self._folder / "data"), "-k", str(self._folder), "-h", "", "-F"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, user=self._user)
        until = time.monotonic() + _PATIENCE
        while not self._answers():
            if time.monotonic() > until:
                raise RuntimeError((self._folder / "log").read_text())
            time.sleep(0.1)

    def kill(self) -> None:
        """End the server at once, as a crash does."""
        if self._process:
            self._process.terminate()  # SIGTERM waits for clients; SIGINT and SIGQUIT do not
            self._process.send_signal(3)
            self._process.wait(_PATIENCE)
            self._process = None

    def _answers(self) -> bool:
        import psycopg  # an optional package

        try:
            psycopg.connect(f"host={self._folder} user=postgres dbname=postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def _call(self, command: list[str]) -> None:
        subprocess.run(command, check=True, capture_output=True, user=self._user, cwd="/")


@contextmanager
def server() -> Iterator[Server | None]:
    """Give a running server; None where PostgreSQL or its Python driver is missing."""
    initdb, postgres = find("initdb"), find("postgres")
    if initdb is None or postgres is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # the path of a socket must be short
    folder.chmod(0o755)
    found = Server(initdb, postgres, folder)
    try:
        found.start()
        yield found
    finally:
        found.kill()
        shutil.rmtree(folder, ignore_errors=True)
