"""A Chromium that prints pages, driven through a pair of pipes by the Chrome DevTools Protocol.

One browser prints all pages of a report: starting it takes longer than printing a page. It is given each page as text,
sees no file and no network, and runs no script.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shadowai.errors import UsageError
from shadowai.reports.language import LETTER

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 120  # seconds for one answer; a page of 2 MB takes some 5 s
NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
    "brave-browser",
)
_MAC = ("Google Chrome", "Chromium", "Microsoft Edge")
_THEIR_IN, _THEIR_OUT = 3, 4  # the descriptors that --remote-debugging-pipe reads and writes
_FREE = 10  # descriptors from here on are not among those
_SWITCHES = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # 64 MB in containers
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--log-level=3",
)


def find_browser() -> str:
    """Give the path of a browser of the Chromium family; UsageError with the remedy where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found:
        return found
    for name in _MAC:
        program = Path(f"/Applications/{name}.app/Contents/MacOS/{name}")
        if program.is_file():
            return str(program)
    raise UsageError(
        "a PDF is printed by Chromium, Chrome or Edge, and none is on PATH; install one (Debian: apt-get install "
        "chromium), or leave pdf out of --formats and print the pages yourself"
    )


class Browser:
    """A running browser with one empty page; UsageError where it does not answer.

    `requests` and `answers` are the descriptors of the pipes to it and from it.
    """

    def __init__(self, requests: int, answers: int) -> None:
        self._requests = requests
        self._answers = answers
        self._buffer = bytearray()
        self._number = 0
        self._session: str | None = None
        self._loaded = False
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._call("Emulation.setScriptExecutionDisabled", value=True)
        self._call("Page.enable")
        self._frame = self._call("Page.getFrameTree")["frameTree"]["frame"]["id"]

    def pdf(self, html: str, paper: tuple[float, float] = LETTER) -> bytes:
        """Print a page as a tagged PDF with an outline, on paper of this size in inches unless its style names one."""
        self._loaded = False
        self._call("Page.setDocumentContent", frameId=self._frame, html=html)
        while not self._loaded:
            self._note(self._read())
        printed = self._call(
            "Page.printToPDF",
            paperWidth=paper[0],
            paperHeight=paper[1],
            printBackground=True,
            preferCSSPageSize=True,
            generateTaggedPDF=True,
            generateDocumentOutline=True,
        )
        return base64.b64decode(printed["data"])

    def _call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Ask for something and give the answer to it, whatever else the browser tells in between."""
        self._number += 1
        request = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            request["sessionId"] = self._session
        self._send(json.dumps(request).encode() + b"\0")
        while (answer := self._read()).get("id") != self._number:
            self._note(answer)
        if "error" in answer:
            raise UsageError(f"the browser cannot print: {method}: {answer['error'].get('message')}")
        result: dict[str, Any] = answer["result"]
        return result

    def _note(self, told: dict[str, Any]) -> None:
        self._loaded = self._loaded or told.get("method") == "Page.loadEventFired"

    def _send(self, message: bytes) -> None:
        rest = memoryview(message)
        try:
            while rest:
                rest = rest[os.write(self._requests, rest) :]
        except BrokenPipeError as error:
            raise UsageError("the browser that prints has ended") from error

    def _read(self) -> dict[str, Any]:
        """Read one message, which ends with a zero byte."""
        until = time.monotonic() + PATIENCE
        while (end := self._buffer.find(0)) < 0:
            if not select.select([self._answers], [], [], max(0.0, until - time.monotonic()))[0]:
                raise UsageError(f"the browser that prints has not answered for {PATIENCE} seconds")
            chunk = os.read(self._answers, 1 << 20)
            if not chunk:
                raise UsageError("the browser that prints has ended")
            self._buffer += chunk
        message = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        try:
            told: dict[str, Any] = json.loads(message)
        except ValueError as error:
            raise UsageError("the browser that prints says what is no answer") from error
        return told


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Start a browser with a profile of its own, and end it; UsageError with what it said where it does not work."""
    program = find_browser()
    with tempfile.TemporaryDirectory(prefix="shadowai-browser-", ignore_cleanup_errors=True) as profile:
        log = Path(profile) / "shadowai.log"
        process, requests, answers = _start(program, profile, log)
        try:
            yield Browser(requests, answers)
        except UsageError as error:
            raise UsageError(f"{error.message}{_said(log)}", where=program) from error
        finally:
            os.close(requests)
            os.close(answers)
            _end(process)


def _start(program: str, profile: str, log: Path) -> tuple[int, int, int]:
    """Start the browser and give its process number, and our ends of the pipes to it and from it."""
    their_in, requests = os.pipe()
    answers, their_out = os.pipe()
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _FREE) for end in (their_in, their_out)]
    os.close(their_in)
    os.close(their_out)
    # Chromium's sandbox refuses to run as root, and containers have no other user.
    switches = [*_SWITCHES, f"--user-data-dir={profile}", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, str(log), os.O_WRONLY | os.O_CREAT, 0o600),
        (os.POSIX_SPAWN_DUP2, ends[0], _THEIR_IN),
        (os.POSIX_SPAWN_DUP2, ends[1], _THEIR_OUT),
    ]
    try:
        process = os.posix_spawn(program, [program, *switches], os.environ, file_actions=actions, setpgroup=0)
    except OSError as error:
        os.close(requests)
        os.close(answers)
        raise UsageError(f"the browser cannot be started: {error.strerror or error}", where=program) from error
    finally:
        for end in ends:
            os.close(end)
    return process, requests, answers


def _end(process: int) -> None:
    """End the browser and all processes that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)


def _said(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    told = [line for line in map(str.strip, lines) if line]
    return f"; it said: {told[-1][:300]}" if told else ""
