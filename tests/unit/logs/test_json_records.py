"""JSON records: paths, lists, numbers, and records that hold several contacts."""

import pytest

from shadowai.logs.json_records import each_splitter, json_splitter, load_object


def columns(text: str, *names: str) -> list[str] | None:
    return json_splitter(names)(text)


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ('{"a":{"b":"x"}}', "a.b", "x"),
        ('{"a.b":"flat","a":{"b":"deep"}}', "a.b", "flat"),
        ('{"a":["x","y"]}', "a", "x"),
        ('{"a":[]}', "a", ""),
        ('{"a":[["x"]]}', "a", ""),
        ('{"a":[{"b":1},{"b":2}]}', "a.b", "1"),
        ('{"a":[{"b":1},{"b":2}]}', "a.1.b", "2"),
        ('{"a":[{"b":1}]}', "a.7.b", ""),
        ('{"a":[]}', "a.b", ""),
        ('{"a":"x"}', "a.b", ""),
        ('{"a":[{"name":"x","value":1},7,{"name":"URL","value":2}]}', "a.[URL].value", "2"),
        ('{"a":[{"@Name":"URL","#text":"t"}]}', "a.[URL].#text", "t"),
        ('{"a":[{"key":"x","value":1}]}', "a.[URL].value", ""),
        ('{"a":true}', "a", "true"),
        ('{"a":false}', "a", "false"),
        ('{"a":null}', "a", ""),
        ('{"a":{"b":1}}', "a", ""),
        ('{"a":1768471200.0}', "a", "1768471200"),
        ('{"a":1768471200.5}', "a", "1768471200.5"),
        ('{"a":1768471200123456789}', "a", "1768471200123456789"),
    ],
)
def test_paths(text: str, name: str, expected: str) -> None:
    assert columns(text, name) == [expected]


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '"x"', "nothing"])
def test_what_is_no_object_is_no_record(text: str) -> None:
    assert columns(text, "a") is None
    assert load_object(text) is None
    assert each_splitter(["a"], "a.*")(text) is None


FLOWS = """{"rule_set": "s", "properties": {"flows": [
 {"rule": "out", "flows": [{"mac": "A", "flowTuples": ["1,10.0.0.1,192.0.2.7", "2,10.0.0.2,192.0.2.8"]}]},
 {"rule": "deny", "flows": [{"mac": "B", "flowTuples": ["3,10.0.0.3,192.0.2.9"]}, {"mac": "C", "flowTuples": []}]}]}}"""


def test_a_record_may_hold_several() -> None:
    wanted = ["rule_set", "properties.flows.rule", "properties.flows.flows.mac", "1", "2", "3", "4", "0"]
    split = each_splitter(wanted, "properties.flows.*.flows.*.flowTuples.*")
    assert split(FLOWS) == [
        ["s", "out", "A", "1", "10.0.0.1", "192.0.2.7", "", ""],
        ["s", "out", "A", "2", "10.0.0.2", "192.0.2.8", "", ""],
        ["s", "deny", "B", "3", "10.0.0.3", "192.0.2.9", "", ""],
    ]
    assert split('{"properties": {"flows": "odd"}}') == []
    assert split('{"properties": 7}') == []


def test_items_may_be_objects() -> None:
    split = each_splitter(["day", "hits.host"], "hits.*")
    assert split('{"day":"x","hits":[{"host":"a"},{"host":"b"}]}') == [["x", "a"], ["x", "b"]]
