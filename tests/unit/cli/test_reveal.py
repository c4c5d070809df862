"""`shadowai reveal`: from a label on a page back to the person, and into the log."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from shadowai.cli import cli

if TYPE_CHECKING:
    from pathlib import Path

KEY = b"sixteen bytes or more"
REASON = "incident 2026-117"


def label_of(who: str) -> str:
    """As the manual says: HMAC-SHA-256 of the person's key, the first ten hex digits."""
    return "P-" + hmac.digest(KEY, who.encode(), hashlib.sha256).hex()[:10].upper()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "people").mkdir()
    (tmp_path / "people/people.csv").write_text(
        "user,email,department\nann,ann@example.com,Engineering\nbob,bob@example.com,Legal\n"
    )
    (tmp_path / "people/networks.csv").write_text(
        "network,department,kind\n192.0.2.0/24,Engineering,client\n198.51.100.0/24,Legal,nat\n2001:db8::/64,Legal,client\n"
    )
    (tmp_path / "key").write_bytes(KEY + b"\n")
    return tmp_path


def reveal(folder: Path, *arguments: str, stdin: str = "", reason: str = REASON) -> Result:
    where = ("--key-file", f"{folder}/key", "--directory", f"{folder}/people", "--log", f"{folder}/state/reveals.jsonl")
    return CliRunner().invoke(cli, ["reveal", *arguments, *where, "--reason", reason], input=stdin)


def logged(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "state/reveals.jsonl").read_text().splitlines()]


def test_a_label_of_a_report_leads_back_to_the_person(folder: Path) -> None:
    log = folder / "access.log"
    log.write_text(
        "1763629200.000 90 192.0.2.7 TCP_MISS/200 900 GET https://chatgpt.com/ ann DIRECT/1.2.3.4 text/html\n"
    )
    scan = ["scan", str(log), "--directory", f"{folder}/people", "--key-file", f"{folder}/key", "--json"]
    departments = json.loads(CliRunner().invoke(cli, scan).stdout)["departments"]
    (label,) = (person["label"] for department in departments for person in department["persons"])
    told = reveal(folder, label)
    assert (told.exit_code, told.stdout) == (0, f"{label}: person:ann\n")


def test_who_asked_when_and_why_is_written_down_without_the_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "carol")
    reveal(folder, label_of("person:ann"))
    reveal(folder, label_of("person:nobody"), reason=f"  {REASON}  ")
    first, second = logged(folder)
    assert first["event"] == {"action": "reveal", "reason": REASON} == second["event"]
    assert first["user"] == {"name": "carol"}
    assert first["shadowai"] == {"revealed": [{"label": label_of("person:ann"), "found": True}]}
    assert second["shadowai"] == {"revealed": [{"label": label_of("person:nobody"), "found": False}]}
    assert "ann" not in (folder / "state/reveals.jsonl").read_text()
    assert (folder / "state/reveals.jsonl").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("who", "named", "stdin"),
    [
        ("address:192.0.2.200", (), ""),
        ("user:dan", ("--among", "-"), "eve\ndan\n\n"),
        ("device:laptop-9", ("--among", "-"), "LAPTOP-9\n"),
        ("address:2001:db8::1", ("--among", "-"), "2001:DB8:0::1\n"),
    ],
)
def test_addresses_of_client_networks_and_whoever_is_named_are_tried(
    folder: Path, who: str, named: tuple[str, ...], stdin: str
) -> None:
    assert reveal(folder, label_of(who), *named, stdin=stdin).stdout == f"{label_of(who)}: {who}\n"


def test_nobody_found_is_told_with_what_was_not_tried(folder: Path) -> None:
    lost, found = label_of("address:2001:db8::1"), label_of("person:bob")
    told = reveal(folder, lost, found)
    assert told.exit_code == 1
    assert told.stdout.splitlines() == [
        f"{lost}: nobody of those who were tried; name more with --directory or --among",
        f"{found}: person:bob",
    ]
    assert "2001:db8::/64" in told.stderr
    assert json.loads(reveal(folder, found, "--json").stdout) == [{"label": found, "keys": ["person:bob"]}]


@pytest.mark.parametrize(
    ("label", "reason", "message"),
    [("Person 3", REASON, "no pseudonym"), ("p-0a1b2c3d4e", REASON, "no pseudonym"), (None, "  because  ", "reason")],
)
def test_without_a_pseudonym_or_a_reason_nothing_is_told(
    folder: Path, label: str | None, reason: str, message: str
) -> None:
    told = reveal(folder, label or label_of("person:ann"), reason=reason)
    assert told.exit_code != 0
    assert message in str(told.exception)
    assert told.stdout == ""
    assert not (folder / "state").exists()


def test_what_cannot_be_written_down_is_not_told(folder: Path) -> None:
    (folder / "state").write_text("a file where the folder should be")
    told = reveal(folder, label_of("person:ann"))
    assert "nobody is revealed" in str(told.exception)
    assert told.stdout == ""


def test_a_key_is_needed(folder: Path) -> None:
    asked = ["reveal", label_of("person:ann"), "--reason", REASON, "--log", str(folder / "log")]
    assert "--key-file" in str(CliRunner().invoke(cli, asked).exception)
