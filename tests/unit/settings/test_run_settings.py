"""Settings of scheduled scans: lengths of time, database URLs, paths, locks; what watching does when a pass fails."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from shadowai.cli import cli
from shadowai.cli import watch as watching
from shadowai.cli.run_options import database_url
from shadowai.config import Settings, load_settings
from shadowai.errors import UsageError
from shadowai.nightly.lock import locked
from shadowai.settings.check import line_of, problems_of
from shadowai.settings.nightly import HistorySettings, SourceSettings, default_state, rooted
from shadowai.settings.spans import seconds_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("60 s", 60),
        ("15min", 900),
        ("12 hours", 43_200),
        ("400 days", 34_560_000),
        ("1 day", 86_400),
        ("2 weeks", 1_209_600),
    ],
)
def test_lengths_of_time_have_units(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds
    assert HistorySettings.model_validate({"keep": text}).keep == seconds


@pytest.mark.parametrize("wrong", ["soon", "5 weeks ago", "-1 day", -1, "9" * 30 + " s", "5 parsecs"])
def test_what_is_no_length_of_time_is_refused(wrong: object) -> None:
    with pytest.raises(ValidationError):
        HistorySettings.model_validate({"keep": wrong})


def test_paths_begin_in_the_folder_of_the_file_and_urls_stay(tmp_path: Path) -> None:
    values = {
        "history": {"state": "state"},
        "reports": "wrong",
        "sources": [{"paths": ["a", "s3://bucket/x", 5]}, {"paths": "b"}, {"paths": 7}, "wrong"],
    }
    rooted(values, tmp_path)
    assert values["history"] == {"state": tmp_path / "state"}
    assert values["sources"][:2] == [
        {"paths": [str(tmp_path / "a"), "s3://bucket/x", 5]},
        {"paths": [str(tmp_path / "b")]},
    ]
    rooted({"sources": 5}, tmp_path)
    assert SourceSettings.model_validate({"name": "a", "paths": "b"}).paths == ("b",)


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_state_lies_where_the_system_keeps_it(system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shadowai.settings.nightly.sys.platform", system)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "Local"))
    expected = {"linux": ".local/state", "darwin": "Library/Application Support", "win32": "Local"}[system]
    assert default_state() == tmp_path / expected / "shadowai"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    assert default_state() == tmp_path / "xdg" / "shadowai"


def test_a_url_with_a_password_comes_from_a_file_or_a_variable(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql://x\n")

    def url(environment: dict[str, str], **history: object) -> str | None:
        return database_url(Settings.model_validate({"history": history}), environment)

    assert url({}, url_file=secret) == "postgresql://x"
    assert url({"DB": "postgresql://y"}, url_env="DB") == "postgresql://y"
    assert url({}) is None
    with pytest.raises(UsageError, match="url_file"):
        url({}, url_file=tmp_path / "none")
    with pytest.raises(UsageError, match="DB is not set"):
        url({}, url_env="DB")


def test_a_lock_waits_for_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "a.lock"
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with locked(path):
            held.set()
            let_go.wait(5)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(5)
    threading.Timer(0.3, let_go.set).start()
    with locked(path, wait=5):
        pass
    holder.join()
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be made"), locked(tmp_path / "file" / "a.lock"):
        pass


def test_lines_of_keys_are_found() -> None:
    text = "a = 1\n[t]\nb = 2\n[[s]]\nc = 1\n[[s]]\nc = 2\n[x.y]\nd = 1\n"
    assert [line_of(text, place) for place in (["a"], ["t", "b"], ["s", "1", "c"], ["s", "0"], ["x", "y", "d"])] == [
        1,
        3,
        7,
        4,
        9,
    ]
    assert line_of(text, ["none"]) is None


def test_settings_that_cannot_be_read_or_lack_all_are_told(tmp_path: Path) -> None:
    assert "none.toml" in problems_of(tmp_path / "none.toml", {}, ())[0]
    file = tmp_path / "a.toml"
    file.write_text("")
    told = " ".join(problems_of(file, {}, ()))
    assert "no [[sources]]" in told
    assert "no `out`" in told
    file.write_text('[[sources]]\nname="a"\npaths=""\n[[sources]]\nname="a"\npaths="x"\n')
    assert "two [[sources]] have the name" in " ".join(problems_of(file, {}, ()))
    assert len(load_settings(file, {}).feeds) == 2


def test_watching_tells_what_fails_and_tries_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.toml"
    file.write_text('[[sources]]\nname="a"\npaths="none"\n[history]\nurl = "nonsense"\n')
    monkeypatch.setattr(watching, "_waited", lambda _stop, _seconds: False)
    done = CliRunner().invoke(cli, ["watch", "--config", str(file), "--passes", "2"])
    assert done.exit_code == 4
    assert done.stderr.count("no database URL") == 2
    file.write_text("")
    assert "shadowai init" in str(CliRunner().invoke(cli, ["watch", "--config", str(file)]).exception)


MENDED = """\
zoen = "UTC"
[[sources]]
name = "proxy"
path = "logs/*"
[history]
kep = "3 days"
keep = "3 fortnights"
"""


def test_each_typing_error_is_told_with_its_line_and_what_was_meant(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text(MENDED)
    told = [problem.removeprefix(f"{file}:") for problem in problems_of(file, {}, ())]
    assert "1: zoen: no such key; did you mean zone?" in told
    assert "4: sources.0.path: no such key; did you mean paths?" in told
    assert "6: history.kep: no such key; did you mean keep?" in told
    assert any(problem.startswith("7: history.keep: '3 fortnights' is no length of time") for problem in told)


CHANNELS = """\
[[sources]]
name = "proxy"
paths = "."
[reports]
out = "out"
[[siem]]
name = "ok"
to = "file"
path = "y"
[[siem]]
name = "s"
to = "file"
paht = "x"
format = "xml"
[alerts.upload]
bytes = 5
[alerts.first_use]
people = 0
zzz = 1
"""


def test_what_leaves_the_house_is_checked_too_and_each_problem_at_its_own_line(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text(CHANNELS)
    (tmp_path / "x.log").write_text("x")
    told = [problem.removeprefix(f"{file}:") for problem in problems_of(file, {}, ())]
    assert [problem.partition(": ")[0] for problem in told] == ["14", "10", "13", "18", "19"]
    assert told[2] == "13: siem.1.file.paht: no such key; did you mean path?"
    assert told[4] == "19: alerts.first_use.zzz: no such key; there are enabled, least, people, quiet"


SENDING = """[[sources]]
name = "a"
paths = "x.log"
[reports]
out = "out"
[mail]
host = "smtp.example.com"
sender = "s@example.com"
user = "robot"
password = {env = "SMTP_PASSWORD"}
[[siem]]
name = "file"
to = "file"
path = "siem.jsonl"
[[siem]]
name = "splunk"
to = "splunk"
url = "https://splunk.example.com:8088"
token = {file = "token"}
[[webhooks]]
name = "soc"
url = {env = "HOOK"}
ca_file = "ca.pem"
"""


def test_secrets_and_certificates_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    """They were found out in the night."""
    file = tmp_path / "shadowai.toml"
    file.write_text(SENDING)
    (tmp_path / "x.log").write_text("x")
    told = [problem.removeprefix(f"{file}:") for problem in problems_of(file, {"HOOK": "ftp://secret"}, ())]
    assert [problem.partition(": ")[0] for problem in told] == ["6", "15", "20"]
    assert "the variable SMTP_PASSWORD: is not set" in told[0]
    assert f"{tmp_path / 'token'}: No such file" in told[1]
    assert "is no web address" in told[2]
    assert "secret" not in told[2]
    (tmp_path / "token").write_text("t")
    environment = {"HOOK": "https://h.example.com/x", "SMTP_PASSWORD": "p"}
    assert ["ca.pem" in problem for problem in problems_of(file, environment, ())] == [True]


def test_a_report_that_is_to_be_sent_and_is_never_written_is_told(tmp_path: Path) -> None:
    file = tmp_path / "shadowai.toml"
    (tmp_path / "x.log").write_text("x")
    text = SENDING.partition("[[siem]]")[0].replace('out = "out"', 'out = "out"\nperiods = ["day"]')
    file.write_text(text)
    (told,) = problems_of(file, {"SMTP_PASSWORD": "p"}, ())
    assert f"{file}:4: reports.send names week and month, and none of these is in `periods`" in told
    file.write_text(text.replace('["day"]', '["day"]\nsend = ["day"]'))
    assert problems_of(file, {"SMTP_PASSWORD": "p"}, ()) == []


def test_a_workspace_whose_settings_are_wrong_stops_no_other(tmp_path: Path) -> None:
    good = '[[sources]]\nname = "a"\npaths = "none-*"\n[history]\nstate = "{0}"\n[reports]\nout = "{0}-out"\n'
    for name in ("a", "c"):
        (tmp_path / f"{name}.toml").write_text(good.format(name))
    (tmp_path / "b.toml").write_text("[history]\nkep = 1\n")
    (tmp_path / "d.toml").write_text('[[siem]]\nname = "s"\nto = "fax"\n')
    done = CliRunner().invoke(cli, ["run", "--all", str(tmp_path)])
    assert done.exit_code == 2
    assert [line[:14] for line in done.stdout.splitlines()] == ["a: nothing new", "c: nothing new", "4 workspaces, "]
    assert [line[:2] for line in done.stderr.splitlines()] == ["b:", "d:"]
    assert "history.kep" in done.stderr
