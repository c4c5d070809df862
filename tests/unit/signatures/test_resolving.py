"""Names that no longer exist, asked of a little resolver of our own."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

import dns.message
import dns.rcode
import pytest
from support.signature_folders import service_text, signature_folder

from shadowai.errors import UsageError
from shadowai.signatures import read_files
from shadowai.signatures.resolving import Resolver, check_names, resolver_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TODAY = date(2026, 6, 1)


@contextmanager
def resolver(**codes: dns.rcode.Rcode | None) -> Iterator[tuple[int, list[str]]]:
    """Answer each name by its first label: with a code, with nothing at all (None), and NOERROR for all others."""
    asked: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.05)
        stop = threading.Event()

        def serve() -> None:
            while not stop.is_set():
                try:
                    query, peer = server.recvfrom(4096)
                except TimeoutError:
                    continue
                question = dns.message.from_wire(query)
                name = question.question[0].name.to_text().rstrip(".")
                asked.append(name)
                code = codes.get(name.partition(".")[0], dns.rcode.NOERROR)
                if code is not None:
                    answer = dns.message.make_response(question)
                    answer.set_rcode(code)
                    server.sendto(answer.to_wire(), peer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1], asked
        finally:
            stop.set()
            thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write = signature_folder(tmp_path)
    indicators = [
        *(f"kind: host, value: {name}.alpha.test, role: api" for name in ("gone", "fine", "broken", "silent")),
        "kind: url, value: shared.test/chat, role: api",
        "kind: url, value: shared.test/other, role: api",
        "kind: pattern, value: <x>.beta.test, role: api",
        "kind: user-agent, value: alpha-cli/, role: api",
    ]
    write("chat/alpha.yaml", service_text(*indicators))
    retired = service_text("kind: domain, value: old.test, role: api").replace(
        "references", "retired: 2026-01-01\nreferences"
    )
    return write("chat/old.yaml", retired)


def test_each_name_is_asked_for_once_and_the_dead_are_told(folder: Path) -> None:
    seen: list[tuple[int, int]] = []
    with resolver(gone=dns.rcode.NXDOMAIN, broken=dns.rcode.SERVFAIL, silent=None) as (port, asked):
        server = Resolver("127.0.0.1", port, per_second=1000, timeout=1.5)
        issues = check_names(read_files(folder), server, TODAY, lambda done, total: seen.append((done, total)))
    assert sorted(asked) == [
        "broken.alpha.test",
        "fine.alpha.test",
        "gone.alpha.test",
        "shared.test",
        "silent.alpha.test",
    ]
    assert [(issue.line, issue.level.value) for issue in issues] == [(7, "error"), (9, "warning"), (10, "warning")]
    assert [issue.message.partition(" could")[0] for issue in issues] == [
        "gone.alpha.test does not exist any more",
        "broken.alpha.test",
        "silent.alpha.test",
    ]
    assert "SERVFAIL" in issues[1].message
    assert seen == [(number, 5) for number in range(1, 6)]


def test_no_more_is_asked_in_a_second_than_was_said(folder: Path) -> None:
    with resolver() as (port, asked):
        began = time.monotonic()
        assert check_names(read_files(folder), Resolver("127.0.0.1", port, per_second=20), TODAY) == []
        assert time.monotonic() - began >= 4 / 20
    assert len(asked) == 5


@pytest.mark.parametrize(
    ("text", "address", "port"),
    [
        ("192.0.2.53", "192.0.2.53", 53),
        ("192.0.2.53:5353", "192.0.2.53", 5353),
        ("2001:db8::53", "2001:db8::53", 53),
        ("[2001:db8::53]:5353", "2001:db8::53", 5353),
    ],
)
def test_a_resolver_is_named_by_address(text: str, address: str, port: int) -> None:
    found = resolver_of(text, 5)
    assert (found.address, found.port, found.per_second) == (address, port, 5)


@pytest.mark.parametrize("text", ["", "dns.example", "192.0.2.53/dns-query", "1.2.3"])
def test_a_resolver_is_no_name(text: str) -> None:
    with pytest.raises(UsageError, match="is not the address of a resolver"):
        resolver_of(text, 5)
