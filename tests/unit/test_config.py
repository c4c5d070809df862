from __future__ import annotations

from pathlib import Path

import pytest

from shadowai.config import load_settings
from shadowai.errors import UsageError


def test_the_command_line_stands_above_the_environment_above_the_file(tmp_path: Path) -> None:
    file = tmp_path / "shadowai.toml"
    file.write_text('directory = "people"\npolicy = "p.yaml"\nworkers = 3\nzone = "Europe/Berlin"\n')
    environment = {"SHADOWAI_WORKERS": "5", "SHADOWAI_POLICY": "/etc/p.yaml"}
    settings = load_settings(file, environment, policy=Path("mine.yaml"), workers=None)
    assert settings.directory == tmp_path / "people"
    assert settings.workers == 5
    assert settings.policy == Path("mine.yaml")
    assert settings.zone == "Europe/Berlin"


def test_the_environment_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text('[columns.our-proxy]\ntime = "When"\nhost = "Site"\n')
    settings = load_settings(None, {"SHADOWAI_CONFIG": str(file)})
    assert settings.columns == {"our-proxy": {"time": "When", "host": "Site"}}


def test_without_anything_the_defaults_stand() -> None:
    settings = load_settings(None, {})
    assert settings.workers >= 1
    assert settings.zone == "UTC"
    assert settings.directory is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('zone = "Mars/Base"', "IANA time zone"),
        ('zone = "../../etc/passwd"', "IANA time zone"),
        ("workers = 0", "workers"),
        ("wrokers = 2", "wrokers"),
        ("workers = ", "not valid TOML"),
    ],
)
def test_a_wrong_file_is_named_with_its_key(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "s.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=message) as caught:
        load_settings(file, {})
    assert str(file) in str(caught.value)


def test_each_problem_says_where_its_value_came_from(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text('wrokers = 1\nzone = "Mars"\n')
    with pytest.raises(UsageError) as caught:
        load_settings(file, {"SHADOWAI_WORKERS": "many"}, policy=7)
    lines = str(caught.value).splitlines()
    assert {line.partition(": ")[0] for line in lines} == {"--policy", "SHADOWAI_WORKERS", str(file)}
    assert any("zone: 'Mars' is no IANA time zone" in line for line in lines)
    assert any("wrokers: no such key; there are directory, policy" in line for line in lines)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        load_settings(tmp_path / "none.toml", {})
