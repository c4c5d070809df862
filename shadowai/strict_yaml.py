"""YAML that people write by hand: duplicate keys refused, every problem located by file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import yaml

from shadowai.errors import UsageError
from shadowai.user_files import read_bounded

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from pathlib import Path

_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_SIZE = 8 << 20  # bytes
MAX_DEPTH = 100
MAX_MERGED = 100_000  # keys
_MERGE_KEY = "tag:yaml.org,2002:merge"


class _UniqueKeys(_Loader):  # type: ignore[misc,valid-type]  # the C loader is chosen at run time
    """The safe loader, which would let the last of two equal keys win, made to refuse them.

    It copies what is merged (`<<`): eleven lines that each merge the one before nine times would fill any memory.
    """

    _merged = 0

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        for key, value in node.value:
            if key.tag == _MERGE_KEY:
                for one in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    if isinstance(one, yaml.MappingNode):
                        self.flatten_mapping(one)
                        self._merged += 1 + len(one.value)
                    if self._merged > MAX_MERGED:
                        message = f"merges more than {MAX_MERGED:,} keys"
                        raise yaml.constructor.ConstructorError(None, None, message, key.start_mark)
        super().flatten_mapping(node)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002  # PyYAML's own signature
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            if key_node.tag == _MERGE_KEY:
                continue
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                message = f"the key {key!r} stands twice"
                raise yaml.constructor.ConstructorError(None, None, message, key_node.start_mark)
            seen.add(key)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return mapping


def _date(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> object:
    """Read a date; what only looks like one stays text, so that whoever expects a date there says what is wrong."""
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError:
        return node.value


_UniqueKeys.add_constructor("tag:yaml.org,2002:timestamp", _date)


def load(path: Path) -> object:
    """Read one YAML document.

    Raises UsageError with file and line for a file that cannot be read, is not YAML, or has a key twice.
    """
    content = read_bounded(path, MAX_SIZE, "no file of rules is")
    try:
        _check_depth(content)
        return yaml.load(content, Loader=_UniqueKeys)  # noqa: S506  # a subclass of the safe loader
    except yaml.reader.ReaderError as error:
        line = content.count(b"\n", 0, error.position) + 1
        reason = "it is not text in UTF-8; save it as UTF-8"
        raise UsageError(f"is not valid YAML: {reason}", where=path, record=line) from error
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or str(error)
        raise UsageError(f"is not valid YAML: {reason}", where=path, record=mark and mark.line + 1) from error


def _check_depth(content: bytes) -> None:
    """Refuse nesting that would end the process: the C library builds nodes by recursion."""
    if sum(map(content.count, (b"[", b"{", b"- ", b"? "))) < MAX_DEPTH:
        return
    depth = 0
    for event in yaml.parse(content, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            message = f"is nested more than {MAX_DEPTH} deep"
            raise yaml.constructor.ConstructorError(None, None, message, cast("yaml.Mark", event.start_mark))


def line_of(node: yaml.Node | None, location: Sequence[str | int]) -> int:
    """Find the line (from 1) of the deepest part of `location` that the document has."""
    line = 1
    for step in location:
        if node is None:
            break
        line = node.start_mark.line + 1
        node = _child(node, step)
    return node.start_mark.line + 1 if node is not None else line


def _child(node: yaml.Node, step: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        found: yaml.Node = node.value[step]
        return found
    return None
