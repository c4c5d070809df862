"""The ways in which products write `key=value`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.logs.engines import splitter_of
from shadowai.logs.pairs import pairs_in, told_separator
from shadowai.logs.schema import Pairs


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ('a=1 b="x, y" c=3', "blank"),
        ('a=1,b="2 3",c=4', "comma"),
        ("a=1, b=2", "comma"),
        ("a=1;b=2", "semicolon"),
        ('a="1 2"|b=2', "pipe"),
        ("a=1\tb=2 3", "tab"),
        ('"a=1","b=2"', "cells"),
        ("a=x;y b=1", "blank"),
        ("no pairs", "blank"),
        ("a=1", "blank"),
    ],
)
def test_the_record_tells_its_separator(text: str, separator: str) -> None:
    assert told_separator(text) == separator


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a=1 b="x \\"y\\" z" c=""', {"a": "1", "b": 'x "y" z', "c": ""}),
        ('b="x ""y"" z" c=1', {"b": 'x "y" z', "c": "1"}),
        # Zscaler's feeds nest the quotes.
        (
            'refererURL=""www.example.com/"" useragent=""Mozilla (X; y) z"" x="" y=""',
            {"refererURL": "www.example.com/", "useragent": "Mozilla (X; y) z", "x": "", "y": ""},
        ),
        ('a=1,b="2,3",c="",d=4', {"a": "1", "b": "2,3", "c": "", "d": "4"}),
        ('a="1;2";b=x y ; c=3', {"a": "1;2", "b": "x y", "c": "3"}),
        ("a=x y|b=1", {"a": "x y", "b": "1"}),
        ('\ta=1\t"b="x y"\tnoise', {"a": "1", "b": "x y"}),
        ('"a=1","b=say ""x"""', {"a": "1", "b": 'say "x"'}),
        ("a=1 a=2", {"a": "1"}),
        ("url=https://x.example/?q=1&r=2 z=3", {"url": "https://x.example/?q=1&r=2", "z": "3"}),
        ('a="open', {"a": "open"}),
        ("", {}),
    ],
)
def test_pairs(text: str, expected: dict[str, str]) -> None:
    assert pairs_in(text) == expected


def test_check_point_writes_colons() -> None:
    text = r'[action:"Accept"; sys_message::"x"; dst:"192.0.2.7"; n:12; s_port:"443"; rule:"a\]b"]'
    assert pairs_in(text, "semicolon", ":") == {
        "action": "Accept", "sys_message": "x", "dst": "192.0.2.7", "n": "12", "s_port": "443", "rule": "a]b",
    }  # fmt: skip


def test_cisco_firepower_writes_colons_and_commas() -> None:
    text = "%FTD-6-430003: EventPriority: Low, Prefilter Policy: A, B, URL: http://x.example/a,b, User: alice"
    assert pairs_in(text, "comma", ":") == {
        "EventPriority": "Low", "Prefilter Policy": "A, B", "URL": "http://x.example/a,b", "User": "alice",
    }  # fmt: skip


def test_values_may_run_on_to_the_next_key() -> None:
    split = splitter_of(Pairs(engine="pairs", separator="spaced"), ["ua", "b", "c"])
    assert split("a=1 ua=Mozilla/5.0 (X; y) b=2") == ["Mozilla/5.0 (X; y)", "2", ""]


@pytest.mark.parametrize(
    ("text", "lead"),
    [
        ("RT_FLOW - RT_CREATE [junos a=1 b=2", "RT_FLOW - RT_CREATE [junos"),
        ("2026-01-15 10:00:00\treason=Allowed\tb=1", "2026-01-15 10:00:00"),
        ("2026-01-15 10:00:00,reason=Allowed,b=1", "2026-01-15 10:00:00"),
        ("a=1 b=2", ""),
        ("%%01POLICY/6/POLICYDENY(l):vsys=public, protocol=6", "%%01POLICY/6/POLICYDENY(l):"),
        ("Block: type=FWD|proto=TCP", "Block:"),
        ('Thu Jan 15 10:00:00 2026,"reason=Allowed","b=1"', "Thu Jan 15 10:00:00 2026"),
    ],
)
def test_the_text_before_the_first_key_is_the_lead(text: str, lead: str) -> None:
    split = splitter_of(Pairs(engine="pairs", lead="lead"), ["lead"])
    assert split(text) == [lead]


def test_a_text_without_pairs_is_no_record() -> None:
    assert splitter_of(Pairs(engine="pairs"), ["a"])("nothing here") is None


@given(st.text(max_size=300), st.sampled_from(["auto", "blank", "comma", "tab", "semicolon", "pipe"]))
def test_any_text_is_read(text: str, separator: str) -> None:
    for equals in "=:":
        assert isinstance(pairs_in(text, separator, equals), dict)


def test_long_hostile_texts_take_no_time() -> None:
    for text in ('a="' * 100_000, "a=" * 100_000, 'a=""' * 100_000, ", a b" * 50_000, "a" * 300_000):
        for separator in ("auto", "blank", "comma", "semicolon", "pipe"):
            pairs_in(text, separator)
            pairs_in(text, separator, ":")
