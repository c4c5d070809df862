"""Columns by name: any case will do, unless columns differ in nothing else."""

import pytest

from shadowai.logs import Reader, load_formats
from shadowai.logs.columns import Columns
from shadowai.logs.schema import Format
from shadowai.model import Observation

PLAIN = load_formats()["nextdns"]


@pytest.mark.parametrize(
    ("names", "wanted", "expected"),
    [
        (["Host", "host"], "host", "second"),
        (["Host", "host"], "Host", "first"),
        (["Host", "host"], "HOST", "first"),
        (["host", "host"], "host", "first"),
        ([" Host ", "user"], "host", "first"),
        (["user", "path"], "host", ""),
    ],
)
def test_which_column_a_name_means(names: list[str], wanted: str, expected: str) -> None:
    assert Columns(names, PLAIN).raw(wanted)(["first", "second", ""]) == expected


def test_keys_of_json_that_differ_in_case_are_two() -> None:
    definition = {
        "id": "cased",
        "vendor": "x",
        "product": "y",
        "kind": "proxy",
        "evidence": "proxy",
        "document": "https://www.rfc-editor.org/rfc/rfc8259",
        "syntax": {"engine": "json"},
        "map": {"user": "Name", "host": "name", "source_ip": "ip"},
    }
    reader = Reader(Format.model_validate(definition), name="x")
    seen = reader.parse(b'{"Name": "alice", "name": "chatgpt.com", "ip": "10.1.2.3"}', 0)
    assert isinstance(seen, Observation)
    assert (seen.user, seen.host) == ("alice", "chatgpt.com")
