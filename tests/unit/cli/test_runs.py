"""The commands of scheduled scans: run, watch, history, schedule, config check, init."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result
from support.nightly import bind, lines

from shadowai.cli import cli
from shadowai.nightly.timers import Timer, cron, systemd, windows_task, with_line

if TYPE_CHECKING:
    from pathlib import Path

OLD = time.time() - 7200


def run(*arguments: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, [str(one) for one in arguments], input=stdin)


def put(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    os.utime(path, (OLD, OLD))
    return path


def settings(folder: Path, more: str = "") -> Path:
    return put(
        folder,
        "shadowai.toml",
        f'formats = ["json"]\nworkers = 1\n{more}\n[[sources]]\nname = "proxy"\npaths = "logs/*"\n'
        '[history]\nstate = "state"\nkeep = "36500 days"\n[reports]\nout = "out"\n',
    )


@pytest.fixture
def config(tmp_path: Path) -> Path:
    put(tmp_path, "logs/access.log", lines(0, 20))
    return settings(tmp_path)


def test_a_run_says_what_it_did(config: Path) -> None:
    done = run("run", "--config", config)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "20 new records in 1 file; 0 files unchanged",
        "report: month 2026-11",
        "report: week 2026-W47",
        "report: day 2026-11-17",
    ]
    again = run("run", "--config", config)
    assert (again.exit_code, again.stdout) == (0, "nothing new; 1 file unchanged\n")
    assert run("run", "--config", config, "--quiet", "--since", "2026-11-01").exit_code == 0
    assert run("history", "list", "--config", config).stdout.split()[:4] == ["day", "rows", "parts", "MB"]


def test_a_run_with_something_unread_says_so_with_its_exit_code(config: Path) -> None:
    put(config.parent, "logs/odd.log", "what is this\n" * 9)
    done = run("run", "--config", config)
    assert done.exit_code == 3
    assert "odd.log: is of no known format" in done.stderr
    again = run("run", "--config", config)
    assert again.exit_code == 3
    assert "odd.log" in again.stderr


MAIL = """
[mail]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "s@example.com"
digest_to = ["ciso@example.com"]
[delivery]
patience = 0
[metrics]
path = "shadowai.prom"
"""


def test_a_run_that_cannot_send_says_so_with_its_exit_code_and_to_the_monitor(tmp_path: Path) -> None:
    """It ended with 0, and the metrics told of the outbox as it was before."""
    put(tmp_path, "logs/access.log", lines(0, 20, at=int(time.time()) - 8 * 86_400))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        config = settings(tmp_path)
        config.write_text(config.read_text() + MAIL.format(port=taken.getsockname()[1]))
        for _ in range(2):
            done = run("run", "--config", config)
            assert done.exit_code == 3, done.output
            assert "is still to be sent" in done.stderr
            told = (tmp_path / "shadowai.prom").read_text()
            assert 'shadowai_outbox_items{channel="mail",state="queued"} 1' in told
            assert "shadowai_run_success 1" in told


def test_a_run_without_sources_or_settings_says_what_to_do(tmp_path: Path) -> None:
    for arguments in ((), ("--config", put(tmp_path, "a.toml", ""))):
        done = run("run", *arguments)
        assert "shadowai init" in str(done.exception)


def test_two_sources_of_one_name_are_refused(config: Path) -> None:
    config.write_text(config.read_text() + '[[sources]]\nname = "proxy"\npaths = "x"\n')
    assert "each needs its own" in str(run("run", "--config", config).exception)


def test_all_workspaces_run_and_nothing_crosses(tmp_path: Path) -> None:
    for name, count in (("anna", 5), ("bert", 9)):
        put(tmp_path, f"{name}/logs/access.log", lines(0, count))
        settings(tmp_path / name)
    done = run("run", "--all", tmp_path)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "anna: 5 new records in 1 file; 0 files unchanged; 3 reports",
        "bert: 9 new records in 1 file; 0 files unchanged; 3 reports",
        "2 workspaces, all well: 14 new records, 6 reports",
    ]
    results = [json.loads((tmp_path / name / "out/month/2026-11/result.json").read_text()) for name in ("anna", "bert")]
    assert [one["sources"][0]["records"] for one in results] == [5, 9]
    (tmp_path / "bert" / "shadowai.toml").write_text(
        '[[sources]]\nname="x"\npaths="gone"\n[history]\nstate = "state"\n'
    )
    done = run("run", "--all", tmp_path)
    assert done.exit_code == 4
    assert done.stdout.splitlines()[-1] == "2 workspaces, 1 of them not well (bert): 0 new records, 0 reports"


def test_a_workspace_in_the_current_folder_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "anna/logs/access.log", lines(0, 5))
    settings(tmp_path / "anna")
    monkeypatch.chdir(tmp_path / "anna")
    assert run("run", "--all", ".").stdout.startswith("anna: 5 new records")


def test_workspaces_that_would_share_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        put(tmp_path, f"{name}.toml", '[[sources]]\nname="x"\npaths="x"\n[history]\nstate="same"\n')
    assert "same [history] state" in str(run("run", "--all", tmp_path).exception)
    assert "no settings" in str(run("run", "--all", tmp_path / "none").exception)
    assert "--all goes with" in str(run("run", "--all", tmp_path, "--config", tmp_path / "a.toml").exception)


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ('key_file="key"', "the same key_file"),
        ('[metrics]\npath="shared.prom"', "the same [metrics] path"),
        ("", "the same [history] database and workspace"),
    ],
)
def test_what_would_cross_between_workspaces_is_refused(tmp_path: Path, more: str, what: str) -> None:
    """Two on one database without a `workspace` of their own had each other's records in their reports."""
    url = "" if more else 'url="postgresql+psycopg://nowhere.example/x"\n'
    for name in ("a", "b"):
        history = f'[[sources]]\nname="x"\npaths="x"\n[history]\nstate="{name}"\n{url}'
        put(tmp_path, f"{name}.toml", f"{more}\n{history}" if more.startswith("key") else f"{history}{more}\n")
    assert what in str(run("run", "--all", tmp_path).exception)


def test_the_history_is_listed_checked_copied_and_compacted(config: Path, tmp_path: Path) -> None:
    run("run", "--config", config)
    listed = run("history", "list", "--config", config).stdout
    assert "2026-11-17" in listed
    assert "run of" in listed
    assert run("history", "check", "--config", config).stdout == "the history is whole\n"
    assert run("history", "compact", "--days", "0", "--config", config).exit_code == 0
    assert run("history", "backup", tmp_path / "copy.db", "--config", config).exit_code == 0
    (tmp_path / "state" / "history.db").unlink()
    assert run("history", "restore", tmp_path / "copy.db", "--config", config).exit_code == 0
    assert "2026-11-17" in run("history", "list", "--config", config).stdout
    assert run("run", "--config", config).stdout.startswith("nothing new")


def test_a_damaged_history_is_told(config: Path) -> None:
    run("run", "--config", config)
    with sqlite3.connect(config.parent / "state" / "history.db") as link:
        link.execute("UPDATE activity SET content = substr(content, 1, 40)")
    link.close()
    done = run("history", "check", "--config", config)
    assert done.exit_code == 4
    assert "damaged" in done.stderr
    put(config.parent, "logs/more.log", lines(20, 25, user="bob"))
    told = str(run("run", "--config", config).exception)
    assert "2026-11-17" in told, "an error names its place"
    assert "history check" in told


def test_a_person_is_forgotten_under_every_name_and_the_reports_follow(tmp_path: Path) -> None:
    put(
        tmp_path,
        "directory/people.csv",
        "user,email,department,device\nann,ann@x.example,Sales,pc-1\nbob,bob@x.example,Sales,\n",
    )
    own = put(tmp_path, "logs/dns.log", "".join(bind(number) for number in range(5)))
    assert own.is_file()
    put(
        tmp_path,
        "logs/access.log",
        lines(0, 20) + lines(30, 40, user="bob", host="claude.ai").replace("10.1.0.1", "10.1.0.2"),
    )
    config = settings(tmp_path, 'directory = "directory"\nnames = true')
    run("run", "--config", config)
    before = (tmp_path / "out/month/2026-11/result.json").read_text()
    assert '"ann"' in before
    done = run("history", "forget", "ann@x.example", "--reason", "request 4711 of 2026-11-20", "--config", config)
    assert done.exit_code == 0, done.output
    assert run("run", "--config", config).exit_code == 0
    after = (tmp_path / "out/month/2026-11/result.json").read_text()
    assert '"ann"' not in after
    assert '"bob"' in after
    assert json.loads(after)["totals"]["people"] == 1
    listed = run("history", "list", "--config", config).stdout
    assert "request 4711" in listed
    assert "ann" not in listed
    assert "characters or more" in str(run("history", "forget", "ann", "--reason", "x", "--config", config).exception)


def test_who_was_forgotten_is_not_left_in_free_pages(config: Path) -> None:
    put(config.parent, "logs/access.log", lines(0, 20) + lines(20, 40, user="bob"))
    run("run", "--config", config)
    database = config.parent / "state" / "history.db"
    with sqlite3.connect(database) as link:
        (content,) = link.execute("SELECT content FROM activity").fetchone()
    link.close()
    assert content[30:] in database.read_bytes()
    assert run("history", "forget", "ann", "--reason", "request of 2026", "--config", config).exit_code == 0
    assert content[30:] not in database.read_bytes()


def test_the_past_is_judged_again_on_purpose_and_shown_as_such(config: Path) -> None:
    """A new policy reached only periods in which something new came in."""
    run("run", "--config", config)
    config.write_text('policy = "policy.yaml"\n' + config.read_text())
    put(config.parent, "policy.yaml", "rules:\n  - status: prohibited\n    services: [chatgpt]\n")
    assert run("run", "--config", config).stdout == "nothing new; 1 file unchanged\n"
    told = run("history", "rejudge", "--since", "2026-11-01", "--reason", "policy of 2027", "--config", config)
    assert told.stdout == "1 day will be judged again by the next run\n"
    assert "rejudge: policy of 2027 (2026-11-01 on, by the policy " in run("history", "list", "--config", config).stdout
    assert "report: month 2026-11" in run("run", "--config", config).stdout
    result = json.loads((config.parent / "out/month/2026-11/result.json").read_text())
    assert [use["status"] for one in result["departments"] for use in one["services"]] == ["prohibited"]
    assert any("judged again on 20" in one and "policy of 2027" in one for one in result["warnings"])
    assert run("history", "rejudge", "--since", "2027-01-01", "--config", config).stdout.startswith("0 days")
    put(config.parent, "logs/later.log", lines(20, 25))
    run("run", "--config", config)
    warnings = json.loads((config.parent / "out/month/2026-11/result.json").read_text())["warnings"]
    assert sum("judged again" in one for one in warnings) == 1, "of days behind the report's nothing is said"


def test_watching_ends_after_its_passes_and_on_a_signal(config: Path) -> None:
    done = run("watch", "--config", config, "--passes", "1")
    assert done.exit_code == 0
    assert "20 new records" in done.stdout
    code = "from shadowai.cli import main; main()"
    program = subprocess.Popen(
        [sys.executable, "-c", code, "watch", "--config", str(config)], stdout=subprocess.PIPE, text=True
    )
    assert program.stdout
    assert program.stdout.readline() == "nothing new; 1 file unchanged\n"
    time.sleep(0.5)
    program.send_signal(signal.SIGTERM)
    assert program.wait(10) == 0
    program.stdout.close()


def test_settings_are_checked_with_line_and_remedy(config: Path) -> None:
    assert run("config", "check", config).output == f"{config}: no problems found\n"
    config.write_text(
        'zone = "Nowhere"\n[[sources]]\nname = "a"\npaths = []\n[[sources]]\nname = "b"\npaths = "x"\nfromat = 1\n'
        '[history]\nkeep = "soon"\n'
    )
    told = run("config", "check", config)
    assert told.exit_code == 2
    lines_told = [line.removeprefix(f"shadowai: {config}:") for line in told.stderr.splitlines()]
    assert [line.partition(": ")[0] for line in lines_told] == ["1", "4", "8", "10"]


def test_what_settings_name_is_checked_and_secrets_stay_secret(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB", "postgresql+psycopg://me:hunter2@db/x")
    config.write_text(
        'policy = "none.yaml"\n[[sources]]\nname = "a"\npaths = "gone/*"\nformat = "squib"\n'
        '[history]\nurl = "postgresql+psycopg://me:hunter2@db/x"\nurl_env = "DB"\n'
    )
    told = run("config", "check", config).stderr
    assert "did you mean squid" in told
    assert "gone/*" in told
    assert "holds a password" in told
    assert "url and url_env" in told
    assert "none.yaml" in told
    assert "hunter2" not in told
    assert "SHADOWAI_CONFIG" in str(run("config", "check").exception)


def test_a_timer_of_systemd_is_printed_and_written(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shadowai.cli.schedule.unit_folder", lambda **_: tmp_path / "units")
    shown = run("schedule", "install", "--systemd", "--config", config, "--print").stdout
    assert not (tmp_path / "units").exists()
    assert "OnCalendar=*-*-* 02:30:00" in shown
    assert run("schedule", "install", "--systemd", "--config", config).exit_code == 0
    service = (tmp_path / "units" / "shadowai.service").read_text()
    assert f"run --config {config}" in service
    assert "say which timer" in str(run("schedule", "install", "--config", config).exception)
    assert "letters" in str(run("schedule", "install", "--cron", "--config", config, "--name", "a b").exception)


def test_a_line_of_cron_is_put_in_once(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tab = tmp_path / "tab"
    tab.write_text("5 4 * * * backup\n")
    fake = tmp_path / "bin" / "crontab"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\nif [ "$1" = -l ]; then cat {tab}; else cat > {tab}.new && mv {tab}.new {tab}; fi\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    for _ in range(2):
        assert run("schedule", "install", "--cron", "--config", config).exit_code == 0
    first, second = tab.read_text().splitlines()
    assert first == "5 4 * * * backup"
    assert second.startswith("30 2 * * * ")
    monkeypatch.setenv("PATH", "/nowhere")
    assert "crontab is not on PATH" in str(run("schedule", "install", "--cron", "--config", config).exception)


def test_timers_quote_what_their_systems_would_read_otherwise() -> None:
    command = ["/opt/shadow ai/bin/shadowai", "run", "--config", "/etc/50%/$x.toml"]
    unit = systemd(Timer(command, every=900))["shadowai.service"]
    assert 'ExecStart="/opt/shadow ai/bin/shadowai" run --config "/etc/50%%/$$x.toml"' in unit
    assert "OnUnitActiveSec=15min" in systemd(Timer(command, every=900))["shadowai.timer"]
    line = cron(Timer(command, every=900))
    assert line.startswith("*/15 * * * * '/opt/shadow ai/bin/shadowai' run --config '/etc/50\\%/$x.toml' --quiet")
    assert cron(Timer(command, every=4 * 3600)).startswith("0 */4 * * *")
    assert with_line("", Timer(["x"])).count("\n") == 1
    for timer in (Timer(["x & y", "a b"]), Timer(["x"], every=60)):
        root = ET.fromstring(windows_task(timer).partition("\n")[2])  # noqa: S314  # our own text
        names = {element.tag.partition("}")[2] for element in root.iter()}
        assert {"Command", "StartBoundary"} <= names
        assert ("Interval" in names) == (timer.every is not None)


def test_systemd_takes_the_units(tmp_path: Path, require: object) -> None:
    program = require("systemd-analyze")
    for name, content in systemd(Timer([sys.executable, "run"])).items():
        (tmp_path / name).write_text(content)
    done = subprocess.run(
        [program, "verify", "--man=no", str(tmp_path / "shadowai.timer")], capture_output=True, text=True, check=False
    )
    assert "shadowai" not in done.stderr, done.stderr


def test_the_installed_timer_shows_the_windows_task(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("schedule", "install", "--windows-task", "--config", config)
    assert done.exit_code == 0
    assert "schtasks /create" in done.stdout
    assert "<Task" in (tmp_path / "shadowai.xml").read_text(encoding="utf-16")
