"""`shadowai match`: what is asked on the line and on standard input, in text and in JSON."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from shadowai.cli import cli
from shadowai.cli.match import _json_line, _lines
from shadowai.signatures import Answer


def _run(*arguments: str, stdin: str | bytes = "") -> Result:
    return CliRunner().invoke(cli, ["match", *arguments], input=stdin)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("http://10.0.0.5:11434/api/chat", "ollama (self-hosted)  api by endpoint :11434/api  75 %"),
        ("160.79.104.10", "anthropic-api (model-api)  api by address 160.79.104.0/23  40 %"),
        ("protocol: mcp", "mcp-server (mcp)  api by protocol mcp  85 %"),
        ("1.1.1.1", "no AI service known"),
        ("a b", "is no host or URL"),
    ],
)
def test_it_answers_in_words(question: str, answer: str) -> None:
    assert _run(question).stdout == f"{question}  {answer}\n"


def test_it_answers_in_json() -> None:
    lines = _run("--json", "http://10.0.0.5:11434/api/chat", 'x"<\u00e9').stdout.splitlines()
    assert json.loads(lines[0]) == {
        "input": "http://10.0.0.5:11434/api/chat",
        "service": "ollama",
        "category": "self-hosted",
        "indicator": ":11434/api",
        "role": "api",
        "confidence": 75,
    }
    assert json.loads(lines[1]) == {**dict.fromkeys(json.loads(lines[0])), "input": 'x"<\u00e9'}


@given(st.text(max_size=60))
def test_any_question_is_one_line_of_json(question: str) -> None:
    answer = Answer(question, None)
    line = _json_line(answer)
    assert line.endswith("\n")
    assert "\n" not in line[:-1]
    assert json.loads(line) == answer.as_json()


@given(st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), max_size=20), st.booleans())
def test_every_line_is_asked_once_and_in_order(lines: list[bytes], ends: bool) -> None:  # noqa: FBT001  # drawn
    data = b"\n".join(lines) + (b"\n" if ends and lines else b"")
    expected = [line.decode("utf-8", "replace").rstrip("\r") for line in io.BytesIO(data)]
    assert [line for some in _lines(io.BytesIO(data)) for line in some] == [line.rstrip("\r\n") for line in expected]


def test_lines_that_are_longer_than_a_block_stay_whole() -> None:
    data = b"a" * 700_000 + b"\n" + b"b" * 10
    assert [len(line) for some in _lines(io.BytesIO(data)) for line in some] == [700_000, 10]


def test_a_line_of_many_blocks_is_put_together_once() -> None:
    class Dribble(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            return super().read1(min(size or 0, 1024))

    data = b"a" * (64 << 20)  # adding block to block would copy two terabytes
    assert [len(line) for some in _lines(Dribble(data)) for line in some] == [64 << 20]


def test_a_pipe_that_dribbles_is_answered_at_once() -> None:
    command = [sys.executable, "-c", "from shadowai.cli import main; main()", "match", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"chatgpt.com\n")
        process.stdin.flush()
        assert process.stdout.readline().startswith(b"chatgpt.com  chatgpt (chat)")
        process.stdin.close()
        assert process.wait(10) == 0


def test_it_starts_within_half_a_second_of_cpu() -> None:
    command = [sys.executable, "-c", "from shadowai.cli import main; main()", "match", "chatgpt.com"]
    subprocess.run(command, check=True, capture_output=True)  # leaves a cache
    spent = []
    for _ in range(3):
        before = os.times()
        subprocess.run(command, check=True, capture_output=True)
        after = os.times()
        spent.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(spent) < 0.5


def test_it_keeps_pace() -> None:
    hosts = "".join(f"www{number}.alpha-{number % 977}.example\n" for number in range(100_000)).encode()
    begin = time.process_time()
    done = _run("-", stdin=hosts)
    assert done.stdout.count("\n") == 100_000
    assert time.process_time() - begin < 2, "50,000 hosts a second even on a busy machine; 200,000 on an idle one"
