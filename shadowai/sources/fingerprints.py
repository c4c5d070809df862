"""Fingerprints of files, taken in a thread while workers read them: half a second a gigabyte that nobody waits for."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from shadowai.sources.streams import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from shadowai.sources.find import Source


class Fingerprints:
    """Takes fingerprints one after the other in the background; as a context manager it leaves none half done."""

    def __init__(self, of: Iterable[Source]) -> None:
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(1, "fingerprints")
        self._coming: dict[Source, Future[tuple[int, str]]] = {
            source: self._pool.submit(fingerprint, source, self._stop.is_set) for source in of
        }

    def __enter__(self) -> Self:
        """Give this."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop where it is: hashing lets go of the interpreter, and an interrupted scan must not wait for it."""
        self._stop.set()
        self._pool.shutdown(cancel_futures=True)

    def take(self, source: Source) -> tuple[int, str]:
        """Give size and SHA-256 of a file, as `fingerprint` does, when it has them."""
        coming = self._coming.get(source)
        return fingerprint(source) if coming is None else coming.result()
