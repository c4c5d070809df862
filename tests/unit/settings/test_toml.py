from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.errors import UsageError
from shadowai.settings.toml import MAX_PARTS, MAX_SIZE, read_toml

if TYPE_CHECKING:
    from pathlib import Path


def _read(folder: Path, text: str | bytes) -> dict[str, object]:
    path = folder / "shadowai.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_toml(path)


def test_a_file_is_read(tmp_path: Path) -> None:
    text = 'a.b."c d" = 1\r\n# ' + "." * 300 + "\r\n[[t]]\r\nx = '" + "." * 300 + "'\r\n"
    assert _read(tmp_path, text) == {"a": {"b": {"c d": 1}}, "t": [{"x": "." * 300}]}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a = " + "[" * 50_000 + "]" * 50_000, "is nested too deep"),
        ("\n" + "a." * 50_000 + "b = 1", f"shadowai.toml:2: a key has more than {MAX_PARTS} parts"),
        ("[" + "'a' . " * 50_000 + "b]", f"shadowai.toml:1: a key has more than {MAX_PARTS} parts"),
        ("a = 9" + "9" * 100_000, "Exceeds the limit"),
        (b"\xff", "save it as UTF-8"),
        ("a = 1\na = 2", "Cannot overwrite a value"),
        ("#" * (MAX_SIZE + 1), "is larger than 512 KiB"),
    ],
)
def test_what_cannot_be_read_is_told_and_takes_no_memory(tmp_path: Path, text: str | bytes, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        _read(tmp_path, text)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml: cannot be read \(No such file"):
        read_toml(tmp_path / "none.toml")


@given(st.text(alphabet="ab.=[]{}\"'\\\n #,1-", max_size=60) | st.text(max_size=60))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    try:
        assert isinstance(_read(tmp_path_factory.getbasetemp(), text.encode("utf-8", "surrogatepass")), dict)
    except UsageError:
        return


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_that_notepad_saved_is_read(tmp_path: Path, encoding: str) -> None:
    """It was "Invalid statement (at line 1, column 1)"."""
    (tmp_path / "a.toml").write_bytes('zone = "Europe/Zürich"\r\n'.encode(encoding))
    assert read_toml(tmp_path / "a.toml") == {"zone": "Europe/Zürich"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('zone = "Zürich"'.encode("cp1252"), "is not UTF-8; save it as UTF-8"),
        (b'zone = "C:\\Users\\x"', "write a Windows path in single quotes: 'C:\\logs'"),
        (b'zone = "\\\\server\\logs"', "write a Windows path in single quotes: 'C:\\logs'"),
        ("zone = \u201cUTC\u201d".encode(), "typographic quotes"),
        ("zone\u00a0= 'UTC'".encode(), "typographic quotes or blanks"),
    ],
)
def test_what_editors_and_windows_bring_is_told_with_its_remedy(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "a.toml").write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_toml(tmp_path / "a.toml")
    assert told in str(caught.value)
