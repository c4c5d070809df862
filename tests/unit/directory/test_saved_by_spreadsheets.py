"""Lists of people and networks as spreadsheets save them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from shadowai.cli import cli

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("mark", ["sep=,", "sep=;", "SEP=\t", "sep=; "])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_line_that_tells_excel_the_delimiter_is_no_header(
    tmp_path: Path, mark: str, end: str, encoding: str
) -> None:
    """Every column was "missing"."""
    rows = [mark, "user,email,department".replace(",", mark[4]), "ann,ann@example.com,Sales".replace(",", mark[4])]
    (tmp_path / "people.csv").write_bytes(end.join([*rows, ""]).encode(encoding))
    done = CliRunner().invoke(cli, ["directory", "check", str(tmp_path)])
    assert (done.exit_code, done.exception) == (0, None)
    assert "people.csv: 1 record" in done.output
