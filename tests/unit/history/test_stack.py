"""Parts put behind each other are what joining them gives."""

from __future__ import annotations

import pytest
from support.activity_world import Seen, rolled_up

from shadowai.activity.columns import activity_rows, columns_of, joined
from shadowai.history.stack import Stack


def test_parts_of_other_names_are_one_as_joining_makes_it() -> None:
    parts = [
        columns_of(rolled_up(seen))
        for seen in (
            [Seen(0, "eve", "poe"), Seen(5, "ann", up=5)],
            [Seen(9, "bob", "claude"), Seen(None, "10.0.0.1", "poe")],
            [],
        )
    ]
    stack = Stack(9)
    for part in parts:
        stack.add(part)
    assert list(activity_rows(stack.columns())) == list(activity_rows(joined(parts)))
    assert stack.columns().texts["name"].distinct == ("chatgpt", "claude", "poe")


def test_more_rows_than_were_announced_are_refused() -> None:
    with pytest.raises(IndexError, match="announced"):
        Stack(0).add(columns_of(rolled_up([Seen(0, "ann")])))


def test_numbers_and_names_have_room_however_many_come() -> None:
    many = [Seen(at, f"user{at:05}", up=at * 300 % 40_000, path="/c") for at in range(300)]
    parts = [columns_of(rolled_up(many[start:end])) for start, end in ((0, 100), (100, 140), (140, 300))]
    stack = Stack(300)
    for part in parts:
        stack.add(part)
    assert list(activity_rows(stack.columns())) == list(activity_rows(joined(parts)))
