"""Settings of what leaves the house: what they take, what they refuse, and that no secret is ever shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shadowai.config import load_settings
from shadowai.errors import UsageError
from shadowai.settings.channels import Channels, Duration, mail_address
from shadowai.settings.credentials import MAX_SECRET, Secret, scrub

if TYPE_CHECKING:
    from pathlib import Path

MAIL = {"host": "smtp.example.com", "sender": "s@example.com"}
EVERYTHING = """
[mail]
host = "smtp.example.com"
user = "shadowai"
password = {file = "smtp.password"}
sender = "Shadow AI <shadowai@example.com>"
digest_to = ["ciso@example.com"]
ca_file = "ca.pem"

[mail.to]
Sales = "head.of.sales@example.com"

[[siem]]
name = "archive"
to = "file"
path = "out/findings.jsonl"

[[siem]]
name = "syslog"
to = "syslog"
host = "siem.example.com"
format = "cef"

[[webhooks]]
name = "soc"
kind = "slack"
url = {env = "SLACK_URL"}

[alerts.upload]
bytes = 1_000_000
quiet = "3 days"

[metrics]
path = "/var/lib/node_exporter/shadowai.prom"

[delivery]
patience = "5 min"
"""


def test_a_whole_configuration(tmp_path: Path) -> None:
    file = tmp_path / "shadowai.toml"
    file.write_text(EVERYTHING)
    found = load_settings(file, {}).channels
    assert found.mail is not None
    assert found.mail.actual_port == 587
    assert found.mail.password == Secret(file=tmp_path / "smtp.password")
    assert found.mail.ca_file == tmp_path / "ca.pem"
    assert getattr(found.siem[0], "path") == tmp_path / "out" / "findings.jsonl"  # noqa: B009  # one of several types
    assert getattr(found.siem[1], "actual_port") == 6514  # noqa: B009  # as above
    assert (found.alerts.upload.bytes, found.alerts.upload.quiet) == (1_000_000, 3 * 86_400)
    assert found.delivery.patience == 300
    assert found.metrics is not None


def problem(**values: Any) -> str:  # settings of all types
    with pytest.raises(ValidationError) as caught:
        Channels.model_validate(values)
    return str(caught.value)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"mail": {**MAIL, "password": "hunter2!"}}, "a secret does not stand in this file"),
        ({"mail": {**MAIL, "password": {"env": "A", "file": "b"}, "user": "u"}}, "name either env or file"),
        ({"mail": {**MAIL, "user": "u"}}, "user and password go together"),
        ({"mail": {**MAIL, "user": "u", "password": {"env": "A"}, "security": "none"}}, "in clear"),
        ({"mail": {**MAIL, "report": "link"}}, "needs link"),
        ({"mail": {**MAIL, "sender": "nobody"}}, "is no mail address"),
        ({"mail": {**MAIL, "timeout": "soon"}}, "is no length of time"),
        ({"mail": {**MAIL, "hots": 1}}, "Extra inputs"),
        ({"siem": [{"name": "a", "to": "file", "path": "x"}] * 2}, "two of them have the name 'a'"),
        ({"siem": [{"name": "a", "to": "elastic", "url": "https://e.example", "format": "cef"}]}, "takes JSON"),
        ({"siem": [{"name": "a", "to": "elastic", "url": "https://e.example", "user": "u"}]}, "user and password"),
        ({"siem": [{"name": "a", "to": "elastic", "url": "ftp://e.example"}]}, "is no web address"),
        ({"siem": [{"name": "a", "to": "elastic", "url": "https://u:hunter2!@e.example"}]}, "holds a password"),
        ({"siem": [{"name": "a", "to": "elastic", "url": "https://e.example:99999"}]}, "is no web address"),
        ({"siem": [{"name": "a", "to": "elastic", "url": "https://e.example/a b"}]}, "blanks"),
        ({"siem": [{"name": "a", "to": "pigeon"}]}, "pigeon"),
        ({"metrics": {"path": "x.txt"}}, "end in .prom"),
    ],
)
def test_what_is_wrong_is_said_and_no_secret_is(values: dict[str, Any], says: str) -> None:
    told = problem(**values)
    assert says in told
    assert "hunter2" not in told


def test_the_usual_ports() -> None:
    for security, port in (("starttls", 587), ("tls", 465), ("none", 25)):
        found = Channels.model_validate({"mail": {**MAIL, "security": security}}).mail
        assert found is not None
        assert found.actual_port == port
    for protocol, port in (("udp", 514), ("tcp", 601), ("tls", 6514)):
        target = {"name": "a", "to": "syslog", "host": "h", "protocol": protocol}
        assert getattr(Channels.model_validate({"siem": [target]}).siem[0], "actual_port") == port  # noqa: B009  # one of several types


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90 s", 90),
        ("15min", 900),
        ("12 h", 43_200),
        ("1 day", 86_400),
        ("2 weeks", 1_209_600),
        ("2 hours", 7200),
        (7, 7),
    ],
)
def test_durations(text: str | int, seconds: int) -> None:
    assert TypeAdapter(Duration).validate_python(text) == seconds


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("a@b.example", "", "a@b.example"),
        ("Ann Doe <a.doe@B.Example>", "Ann Doe", "a.doe@b.example"),
        ('"Doe, Ann" <a@b.example>', "Doe, Ann", "a@b.example"),
        ("Zoë <z@bücher.example>", "Zoë", "z@xn--bcher-kva.example"),
    ],
)
def test_addresses(text: str, name: str, address: str) -> None:
    found = mail_address(text)
    assert (found.display_name, found.addr_spec) == (name, address)


@given(st.text(max_size=80))
def test_whatever_is_taken_for_an_address_has_no_line_break(text: str) -> None:
    try:
        found = mail_address(text)
    except ValueError:
        return
    assert str(found).isprintable()
    assert found.addr_spec.isascii()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a@b",
        "a@b.example\r\nBcc: c@d.example",
        "a b@c.example",
        "x\ny <a@b.example>",
        ".a@b.example",
        "é@b.example",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="is no mail address"):
        mail_address(text)


def test_a_secret_is_read_where_it_is(tmp_path: Path) -> None:
    file = tmp_path / "s"
    file.write_text("pass word\n")
    assert Secret(file=file).read() == "pass word"
    assert Secret(env="X").read({"X": "y"}) == "y"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"two\nlines\n", "several lines"),
        (b"\xff\xfe", "no UTF-8"),
        (b"x" * (MAX_SECRET + 1), "too long"),
    ],
)
def test_a_secret_that_is_none_is_named_and_not_shown(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "s"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=says) as caught:
        Secret(file=file).read()
    assert str(file) in str(caught.value)
    assert "lines\n" not in str(caught.value)


def test_a_secret_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        Secret(file=tmp_path / "none").read()
    with pytest.raises(UsageError, match="the variable X"):
        Secret(env="X").read({})


def test_scrubbing() -> None:
    assert scrub("say topsecret twice: topsecret, not abc", ["topsecret", "abc", ""]) == "say *** twice: ***, not abc"


def test_a_wrong_table_is_named_with_its_file_and_key_and_without_its_value(tmp_path: Path) -> None:
    file = tmp_path / "shadowai.toml"
    file.write_text('[mail]\nhost = "h"\nsender = "a@b.example"\nuser = "u"\npassword = "hunter2!"\nwrong = 1\n')
    chosen = load_settings(file, {})  # a scan, which sends nothing, is not stopped by it
    with pytest.raises(UsageError) as caught:
        _ = chosen.channels
    told = str(caught.value).splitlines()
    assert told[0].startswith(f"{file}: mail.password: a secret does not stand in this file")
    assert told[1] == f"{file}: mail.wrong: no such key"
    assert "hunter2" not in str(caught.value)
    assert load_settings(None, {}).channels == Channels()
