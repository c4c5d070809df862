"""The help of every command: it fits a terminal, says its purpose whole, and shows how the command is called."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from shadowai.cli import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str, ...]


def _commands(group: click.Group, path: Path = ()) -> Iterator[tuple[Path, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))


COMMANDS = dict(_commands(cli))
CALLED = [path for path, command in COMMANDS.items() if not isinstance(command, click.Group)]
WIDTH = 78  # of a terminal of 80 columns; click leaves two free
HELP = {path: CliRunner().invoke(cli, [*path, "--help"], terminal_width=WIDTH).stdout for path in [(), *COMMANDS]}


@pytest.mark.parametrize("path", HELP, ids=" ".join)
def test_help_fits_eighty_columns(path: Path) -> None:
    assert not [line for line in HELP[path].splitlines() if len(line) > 80]


@pytest.mark.parametrize("path", [path for path in HELP if path not in CALLED], ids=" ".join)
def test_lists_of_commands_cut_no_sentence(path: Path) -> None:
    listed = HELP[path].partition("\nCommands:\n")[2]
    assert listed
    assert "..." not in listed


@pytest.mark.parametrize("path", CALLED, ids=" ".join)
def test_each_command_has_an_example_with_options_that_it_has(path: Path) -> None:
    text = HELP[path].replace("\\\n", "")
    call = rf"^ {{4}}(?:.*?\| |sudo )?shadowai {' '.join(path)}(?: (.*?))?(?: \|.*)?$"
    examples = re.findall(call, text, re.MULTILINE)
    assert examples
    known = {name for option in COMMANDS[path].params for name in option.opts}
    for example in examples:
        assert {word for word in shlex.split(example) if re.match(r"--?[a-z]", word)} <= known
