"""`shadowai export` and `shadowai send` as a user calls them."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support.report_world import world

from shadowai.cli.export import export
from shadowai.cli.policy import policy
from shadowai.cli.send import OUTBOX, send
from shadowai.delivery.outbox import Item, Outbox, State
from shadowai.errors import UsageError
from shadowai.reports.document import result_json

CHECKOUT = Path(__file__).resolve().parents[3]
POLICY = CHECKOUT / "sample_pcaps" / "policy.yaml"


def call(command: Any, *arguments: object) -> Result:  # a click group
    made = CliRunner().invoke(command, list(map(str, arguments)))
    if made.exception and not isinstance(made.exception, SystemExit):
        raise made.exception
    return made


@pytest.fixture
def report(tmp_path: Path) -> Path:
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "result.json").write_bytes(result_json(world()))
    return folder


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "shadowai.toml"
    path.write_text(f"""
[history]
state = "{tmp_path / "state"}"
[mail]
host = "127.0.0.1"
port = 9
security = "none"
sender = "shadowai@example.com"
digest_to = ["ciso@example.com"]
departments = false
report = "none"
[[siem]]
name = "archive"
to = "file"
path = "out.jsonl"
[delivery]
patience = 0
""")
    return path


def test_findings_as_lines(report: Path, tmp_path: Path) -> None:
    lines = call(export, "findings", report).stdout.splitlines()
    kinds = {json.loads(line)["event"]["dataset"] for line in lines}
    assert "shadowai.use" in kinds
    assert "shadowai.person" not in kinds
    out = tmp_path / "out.cef"
    call(export, "findings", report, "--format", "cef", "--kind", "use", "--least", "prohibited", "--out", out)
    assert out.read_text().count("CEF:0|") == sum(
        use.status == "prohibited" for one in world().departments for use in one.services
    )
    with pytest.raises(UsageError, match="cannot be written"):
        call(export, "findings", report, "--out", tmp_path / "no" / "such" / "folder")


@pytest.mark.parametrize(
    ("form", "holds"),
    [
        ("hosts", "0.0.0.0 "),
        ("dnsmasq", "address=/"),
        ("rpz", "CNAME ."),
        ("squid", "http_access deny"),
        ("pan", "*."),
        ("pan-allow", "# "),
        ("suricata", "alert dns"),
        ("sigma", "logsource:"),
    ],
)
def test_lists(form: str, holds: str) -> None:
    made = call(export, "list", "--as", form, "--policy", POLICY, "--at", "2026-11-20")
    assert holds in made.stdout
    assert "copilot.microsoft.com" not in made.stdout
    assert "githubcopilot" not in made.stdout


def test_a_zone_s_serial_is_the_day() -> None:
    made = call(export, "list", "--as", "rpz", "--policy", POLICY, "--at", "2026-11-20")
    assert "hostmaster.localhost. 20777 " in made.stdout  # days since 1970-01-01


def test_a_list_needs_a_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHADOWAI_POLICY", raising=False)
    monkeypatch.delenv("SHADOWAI_CONFIG", raising=False)
    with pytest.raises(UsageError, match="no policy is given"):
        call(export, "list", "--as", "squid")


def test_the_settings_say_how_the_directory_is_read_for_a_list_and_a_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were passed over there, so that a directory with other headers could be scanned with and not asked."""
    (tmp_path / "people").mkdir()
    (tmp_path / "people/staff.csv").write_text("Login,Cost centre\nann,Sales\n")
    settings = tmp_path / "shadowai.toml"
    settings.write_text('[directory_columns.people]\nuser = "Login"\ndepartment = "Cost centre"\n')
    monkeypatch.setenv("SHADOWAI_CONFIG", str(settings))
    (tmp_path / "policy.yaml").write_text("default: prohibited\n")
    given = ("--directory", tmp_path, "--policy", tmp_path / "policy.yaml")
    assert "acl" in call(export, "list", "--as", "squid", "--department", "Sales", *given).stdout
    assert "asked    Sales" in call(policy, "explain", "chatgpt", "--department", "sales", *given).stdout


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_file_is_written_to_and_not_replaced(report: Path, tmp_path: Path, kind: str) -> None:
    """As root, `--out /dev/null` put a file in the place of the device."""
    out = tmp_path / "out"
    if kind == "pipe":
        os.mkfifo(out)
        reader = os.open(out, os.O_RDONLY | os.O_NONBLOCK)
        assert call(export, "findings", report, "--kind", "exception", "--out", out).exit_code == 0
        assert os.read(reader, 1 << 16).startswith(b"{")
        os.close(reader)
    else:
        out.symlink_to(os.devnull)
        assert call(export, "findings", report, "--out", out).exit_code == 0
        assert out.resolve() == Path(os.devnull)
    assert not out.is_file()
    assert {one.name for one in tmp_path.iterdir()} == {"out", "report"}


def test_a_dry_run_writes_mails_and_sends_nothing(report: Path, config: Path, tmp_path: Path) -> None:
    made = call(send, "report", report, "--config", config, "--dry-run", tmp_path / "mails")
    assert (made.exit_code, made.stdout) == (0, f"1 mail written into {tmp_path / 'mails'}\n")
    assert not (tmp_path / "state").exists()


def test_what_is_not_sent_is_told_and_waits(report: Path, config: Path, tmp_path: Path) -> None:
    made = call(send, "report", report, "--config", config, "--previous", report, "--occasion", "2026-11")
    assert made.exit_code == 3
    assert "1 waiting" in made.stdout
    assert "is still to be sent" in made.stderr
    assert (tmp_path / "out.jsonl").read_text().count("\n") > 40
    again = call(send, "waiting", "--config", config)
    assert (again.exit_code, "1 waiting" in again.stdout) == (3, True)
    listed = call(send, "status", "--config", config, "--json")
    (row,) = map(json.loads, listed.stdout.splitlines())
    assert (row["channel"], row["state"]) == ("mail", "queued")
    everything = call(send, "status", "--config", config, "--all").stdout
    assert "sent, 1 attempt:" in everything
    assert "queued" in everything


def test_a_part_alone(report: Path, config: Path) -> None:
    made = call(send, "report", report, "--config", config, "--only", "siem")
    assert (made.exit_code, made.stdout) == (0, "1 sent\n")


def test_a_person_can_send_again(config: Path, tmp_path: Path) -> None:
    with Outbox(tmp_path / "state" / OUTBOX) as outbox:
        outbox.add([Item("mail:abc", "mail", "t", b"x")], time.time())
        outbox.settle("mail:abc", State.DOUBT, "cut off", time.time())
    assert "mail:abc  doubt" in call(send, "status", "--config", config).stdout
    with pytest.raises(UsageError, match="no item 'siem'"):
        call(send, "again", "siem", "--config", config)
    assert "1 item will be sent" in call(send, "again", "mail:a", "--config", config).stdout
    with Outbox(tmp_path / "state" / OUTBOX) as outbox:
        assert outbox.rows()[0].state is State.QUEUED
