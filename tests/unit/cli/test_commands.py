"""The other commands: match, observe, formats, signatures, demo, and the process's outer boundary."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from shadowai.cli import cli
from shadowai.model import ECS_FIELDS

SQUID = "1763629200.100 89 10.1.0.1 TCP_DENIED/403 4120 GET http://chatgpt.com/c/1 ann HIER_NONE/- text/html\n"
PLAIN = "1763629201.000 89 10.1.0.2 TCP_MISS/200 10 GET http://www.example.com/=x - HIER_DIRECT/192.0.2.4 -\n"


def _run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, arguments, input=stdin)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "access.log"
    path.write_text(SQUID + PLAIN)
    return path


def test_match_answers_in_order_one_object_a_line() -> None:
    done = _run("match", "--json", "-", "claude.ai", stdin="api.openai.com\r\nhttps://www.example.com/\n\n<script>\n")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["input"], one["service"]) for one in answers] == [
        ("api.openai.com", "openai-api"),
        ("https://www.example.com/", None),
        ("", None),
        ("<script>", None),
        ("claude.ai", "claude"),
    ]
    assert set(answers[0]) == {"input", "service", "category", "indicator", "role", "confidence"}
    assert answers[0]["role"] == "api"


def test_match_speaks_to_people_too() -> None:
    done = _run("match", "claude.ai", "www.example.com", "a b")
    assert [line.split("  ")[1] for line in done.stdout.splitlines()] == [
        "claude (chat)",
        "no AI service known",
        "is no host or URL",
    ]
    assert _run("match").exit_code == 2


def test_observe_writes_every_observation(log: Path) -> None:
    done = _run("observe", str(log))
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert first["url"] == {"domain": "chatgpt.com", "path": "/c/1"}
    assert first["event"] == {"dataset": "squid", "type": "denied"}
    assert first["destination"]["bytes"] == 4120
    assert "bytes" not in first["source"]
    assert first["user"]["name"] == "ann"
    assert second["log"] == {"file": {"path": str(log)}, "offset": len(SQUID)}
    assert "user" not in second


def test_observe_writes_csv_without_formulas(log: Path, tmp_path: Path) -> None:
    log.write_text(SQUID.replace(" ann ", " =cmd|x "))
    out = tmp_path / "seen.csv"
    assert _run("observe", str(log), "-f", "csv", "--out", str(out)).exit_code == 0
    (row,) = csv.DictReader(io.StringIO(out.read_text()))
    assert tuple(row) == ECS_FIELDS
    assert row["user.name"] == "'=cmd|x"
    assert row["source.bytes"] == ""


def test_observe_writes_parquet(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "seen.parquet"
    assert _run("observe", str(log), "-f", "parquet", "--out", str(out)).exit_code == 0
    rows = pq.read_table(out).to_pylist()
    assert [row["url.domain"] for row in rows] == ["chatgpt.com", "www.example.com"]
    assert rows[0]["destination.bytes"] == 4120
    assert rows[0]["source.bytes"] is None


def test_observe_has_the_exit_codes_of_scan(log: Path, tmp_path: Path) -> None:
    (tmp_path / "poem.txt").write_text("Shall I compare thee\n")
    assert _run("observe", str(log)).exit_code == 0
    assert _run("observe", str(log), str(tmp_path / "poem.txt")).exit_code == 3
    assert _run("observe", str(tmp_path / "poem.txt")).exit_code == 4


def test_formats_is_a_matrix_and_each_format_a_page() -> None:
    matrix = _run("formats").stdout
    for name in ("squid", "bind", "zeek-dns", "suricata", "fortigate", "pan-os", "w3c", "windows-dns", "unbound"):
        assert f"\n{name} " in matrix
    assert "\npcapng " in matrix
    assert max(map(len, matrix.splitlines())) <= 80
    assert "\ndnstap " in matrix
    only = _run("formats", "--kind", "firewall").stdout
    assert "\nfortigate " in only
    assert "\nsquid " not in only
    page = _run("formats", "squid").stdout
    assert "bytes_down" in page
    assert "bytes_up" in page.partition("missing:")[2]
    documents = [json.loads(line) for line in _run("formats", "--json").stdout.splitlines()]
    assert all(one["document"].startswith("https://") for one in documents)


def test_signatures_can_be_looked_into() -> None:
    listed = [json.loads(line) for line in _run("signatures", "list", "--json").stdout.splitlines()]
    assert len(listed) >= 120
    assert {"id": "chatgpt", "name": "ChatGPT", "vendor": "OpenAI", "category": "chat"} in listed
    only = _run("signatures", "list", "--category", "translation").stdout
    assert "deepl" in only
    assert "chatgpt" not in only
    shown = json.loads(_run("signatures", "show", "chatgpt").stdout)
    assert shown["indicators"][0]["confidence"] > 0
    assert json.loads(_run("signatures", "show", "chatgpt", "--json").stdout) == shown
    numbers = json.loads(_run("signatures", "stats", "--json").stdout)
    assert numbers["services"] == len(listed)
    assert f"services: {len(listed)}" in _run("signatures", "stats").stdout
    assert _run("signatures", "lint").exit_code == 0


def test_the_matrix_tells_own_bytes_from_those_of_other_records() -> None:
    lines = {line.split()[0]: line for line in _run("formats", "--kind", "sensor").stdout.splitlines()}
    assert [lines[name].count("○") for name in ("zeek-ssl", "zeek-quic", "zeek-dns", "zeek-conn", "suricata")] == [
        2,
        2,
        0,
        0,
        0,
    ]
    assert "conn or flow record" in lines["○"]
    assert "○" not in _run("formats", "--kind", "proxy").stdout
    page = _run("formats", "zeek-ssl").stdout
    assert "joined:    bytes_down, bytes_up" in page
    assert "bytes_up" not in page.partition("missing:")[2]
    assert "joined" not in _run("formats", "zeek-conn").stdout


def test_a_list_that_is_not_read_on_a_terminal_has_one_line_a_service() -> None:
    lines = _run("signatures", "list").stdout.splitlines()
    services = _run("signatures", "list", "--json").stdout.splitlines()
    assert len(lines) == len(services) + 1
    words = ["copilot-studio", "Microsoft", "Copilot", "Studio", "Microsoft", "agents"]
    assert words in [line.split() for line in lines]


def test_lint_fails_on_findings(tmp_path: Path) -> None:
    (tmp_path / "categories.yaml").write_text("{}")
    (tmp_path / "candidates.yaml").write_text("{suffixes: [], words: []}")
    (tmp_path / "blind-spots.yaml").write_text("[]")
    (tmp_path / "chat").mkdir()
    (tmp_path / "chat/x.yaml").write_text(
        "name: X\nvendor: V\nsummary: S\nverified: 2026-01-01\nreferences: [https://example.com/]\n"
        "indicators: [{kind: domain, value: x.test, role: dedicated}]\n"
        "examples: {match: [y.test], no_match: [z.test]}\n"
    )
    done = _run("signatures", "lint", "--folder", str(tmp_path))
    assert done.exit_code == 2
    assert "match: y.test matches nothing" in done.stdout
    assert "category: chat is not in categories.yaml" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("scan", "x.log", "--zone", "Mars/Base"), 2, "shadowai: --zone: 'Mars/Base' is no IANA"),
        (("scan",), 2, "Missing argument 'SOURCE...'"),
        (("signatures", "show", "nothing"), 2, "shadowai: no service 'nothing'"),
        (("--version",), 0, ""),
    ],
)
def test_the_process_ends_with_a_message_and_never_a_traceback(
    tmp_path: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    program = (sys.executable, "-c", "from shadowai.cli import main; main()", *arguments)
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("arguments", [("formats",), ("observe", "access.log"), ("scan", "access.log", "--json")])
def test_a_full_disk_is_told_as_such(log: Path, arguments: tuple[str, ...]) -> None:
    program = (sys.executable, "-c", "from shadowai.cli import main; main()", *arguments)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(program, cwd=log.parent, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "shadowai: cannot write: No space left on device\n")


@pytest.mark.parametrize(
    ("closing", "code", "message"),
    [
        ("scan - <&-", 4, "shadowai: -: is empty\n"),
        ("match - <&-", 0, ""),
        ("match chatgpt.com >&-", 0, ""),
        ("match --nonsense 2>&-", 2, ""),
    ],
)
def test_a_standard_stream_that_is_closed_is_no_internal_error(closing: str, code: int, message: str) -> None:
    program = f"{sys.executable} -c 'from shadowai.cli import main; main()' {closing}"
    done = subprocess.run(["sh", "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, message)


def test_what_a_terminal_cannot_show_is_written_in_another_way() -> None:
    program = (sys.executable, "-c", "from shadowai.cli import main; main()", "match", "b\u00fccher.example")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "b\\xfccher.example  no AI service known\n"


def test_a_lack_of_memory_is_told_with_a_remedy() -> None:
    program = "from shadowai import cli; cli.cli.main = lambda **_: bytearray(1 << 62); cli.main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 70
    assert done.stderr == "shadowai: out of memory; try again with --workers 1, or with fewer inputs at once\n"


def test_a_closed_pipe_ends_quietly(log: Path) -> None:
    log.write_text(PLAIN * 20_000)
    program = f"{sys.executable} -c 'from shadowai.cli import main; main()' observe {log} | head -1"
    done = subprocess.run(["sh", "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_workers_start_whatever_the_length_of_the_temporary_folder(tmp_path: Path) -> None:
    log = tmp_path / "big.log"
    log.write_text(PLAIN * 700_000)  # more than one shard
    folder = tmp_path / ("long" * 20)
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", "from shadowai.cli import main; main()", "scan", str(log), "--workers", "2", "--quiet"],
        env=os.environ | {"TMPDIR": str(folder)},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_scan_that_is_ended_leaves_no_worker_behind(tmp_path: Path) -> None:
    log = tmp_path / "big.log"
    log.write_text(PLAIN * 1_400_000)
    program = (sys.executable, "-c", "from shadowai.cli import main; main()", "scan", str(log), "--out", "report")
    environment = os.environ | {"TMPDIR": str(tmp_path / "tmp"), "SHADOWAI_WORKERS": "2"}
    (tmp_path / "tmp").mkdir()
    with subprocess.Popen(program, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as scan:
        while len(list((tmp_path / "tmp").glob("shadowai-*"))) < 2 and scan.poll() is None:
            time.sleep(0.01)
        scan.terminate()
        _, said = scan.communicate(timeout=60)  # comes to its end only when no worker holds the pipe any more
    assert (scan.returncode, said) == (143, "shadowai: ended; no unfinished report was left\n")
    assert list((tmp_path / "tmp").iterdir()) == []


# A suite that runs in a shell's background is deaf to interrupts, and so are the programs it starts.
HEEDFUL = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_interrupted_scan_says_so_and_leaves_nothing(tmp_path: Path, workers: str) -> None:
    log = tmp_path / "big.log"
    log.write_text(PLAIN * 700_000)
    program = (
        sys.executable,
        "-c",
        f"{HEEDFUL}; from shadowai.cli import main; main()",
        "scan",
        str(log),
        "--out",
        "report",
    )
    environment = os.environ | {"TMPDIR": str(tmp_path / "tmp"), "SHADOWAI_WORKERS": workers}
    (tmp_path / "tmp").mkdir()
    with subprocess.Popen(
        program, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as scan:
        while len(list((tmp_path / "tmp").glob("shadowai-*"))) < int(workers) and scan.poll() is None:
            time.sleep(0.01)  # the second temporary file is what the workers are prepared from
        os.killpg(scan.pid, signal.SIGINT)  # as a terminal does: to the workers too
        _, said = scan.communicate(timeout=60)
    assert (scan.returncode, said.lstrip()) == (130, "shadowai: interrupted; no unfinished report was left\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["big.log", "tmp"]
    assert list((tmp_path / "tmp").iterdir()) == []
