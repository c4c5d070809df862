"""Bad input: a message that names file and place, the exit code of the contract, and the rest is still scanned."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from shadowai.cli import cli

GOOD = "1763629200.100 89 10.1.0.1 TCP_TUNNEL/200 4120 CONNECT chatgpt.com:443 ann HIER_DIRECT/203.0.113.9 -\n"

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.setenv("SHADOWAI_WORKERS", "1")
    monkeypatch.chdir(tmp_path)
    Path("good.log").write_text(GOOD)

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments)

    return invoke


def _message(result: Result) -> str:
    return result.stderr + (str(result.exception) if result.exception else "")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.log", b"", "empty.log: is empty"),
        ("noise.bin", bytes(range(256)) * 40, "noise.bin: is of no known format"),
        ("poem.txt", b"Shall I compare thee\nto a summer's day?\n", "poem.txt: is of no known format"),
        ("cut.gz", b"\x1f\x8b\x08\x00", "cut.gz: the compressed data ends too early"),
    ],
)
def test_an_unreadable_file_is_named_and_the_rest_is_scanned(run: Run, name: str, content: bytes, message: str) -> None:
    Path(name).write_bytes(content)
    done = run("scan", name, "good.log", "--json")
    assert done.exit_code == 3
    assert f"shadowai: {message}" in done.stderr
    result = json.loads(done.stdout)
    assert result["totals"]["sessions"] == 1
    (bad,) = [source for source in result["sources"] if source["path"] == name]
    assert bad["error"].startswith(message.partition(": ")[2])
    assert run("scan", name, "--quiet").exit_code == 4


def test_a_missing_file_is_named(run: Run) -> None:
    done = run("scan", "none.log", "good.log", "--quiet")
    assert done.exit_code == 3
    assert "shadowai: none.log: no such file or folder; check the path" in done.stderr


def test_broken_lines_are_counted_and_the_first_is_named(run: Run) -> None:
    Path("mixed.log").write_text(GOOD * 4 + "1763629200.100 what is this\n" + GOOD + "\x00\x01\x02\n" + GOOD)
    done = run("scan", "mixed.log", "--json")
    assert done.exit_code == 3
    (source,) = json.loads(done.stdout)["sources"]
    assert (source["records"], source["parsed"], source["broken"]) == (8, 6, 2)
    assert sum(source["skipped"].values()) == 2
    assert "shadowai: mixed.log: line 5: " in done.stderr


def test_a_cut_capture_gives_what_it_has(run: Run) -> None:
    sample = (Path(__file__).parents[3] / "sample_pcaps/branch.pcap").read_bytes()
    Path("whole.pcap").write_bytes(sample)
    Path("cut.pcap").write_bytes(sample[: len(sample) * 2 // 3])
    done = run("scan", "cut.pcap", "--json")
    assert done.exit_code == 3
    (source,) = json.loads(done.stdout)["sources"]
    whole = json.loads(run("scan", "whole.pcap", "--json").stdout)["sources"][0]
    assert 0 < source["parsed"] < whole["parsed"]
    assert source["skipped"]["truncated"] == 1
    assert f"cut.pcap: packet {source['records'] + 1}: truncated" in done.stderr or "truncated" in done.stderr


def test_an_asked_format_that_does_not_fit_fails_hard(run: Run) -> None:
    done = run("scan", "good.log", "--format", "bind", "--quiet")
    assert done.exit_code == 4
    assert "good.log: is not ISC BIND 9" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("scan", "good.log", "--format", "sqiud"), "no format 'sqiud'; did you mean squid"),
        (("scan", "good.log", "--columns", "host"), "is not FIELD=HEADER"),
        (("scan", "good.log", "--columns", "hots=Site"), "unknown fields in the column map: hots"),
        (("scan", "good.log", "--zone", "Mars/Base"), "IANA time zone"),
        (("scan", "good.log", "--tls-keylog", "none.keys"), "none.keys: no such TLS key log file"),
        (("scan", "good.log", "--since", "2026-02-02", "--until", "2026-01-01"), "--since must be before --until"),
        (("observe", "good.log", "--out", "none/seen.jsonl"), "none/seen.jsonl: cannot be written: No such file"),
        (
            ("scan", "good.log", "--config", "none.toml"),
            "none.toml: cannot be read (No such file or directory); check the path",
        ),
        (("scan", "good.log", "--policy", "none.yaml"), "none.yaml"),
        (("scan", "good.log", "--directory", "none"), "none"),
        (("scan", "good.log", "--out", "good.log"), "good.log: is a file; name a folder"),
        (("signatures", "show", "chatgtp"), "no service 'chatgtp'"),
        (("signatures", "list", "--category", "chats"), "no category chats"),
        (("formats", "sqiud"), "no format 'sqiud'"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_read(run: Run, arguments: tuple[str, ...], message: str) -> None:
    assert message in _message(run(*arguments))


def test_a_directory_with_a_wrong_network_is_told_with_its_line(run: Run) -> None:
    Path("dir").mkdir()
    Path("dir/networks.csv").write_text("network,department\n10.0.0.0/8,Sales\n10.0.0.0/99,Legal\n")
    assert "networks.csv:3: " in _message(run("scan", "good.log", "--directory", "dir"))


def test_a_policy_with_an_unknown_service_is_told_with_its_line(run: Run) -> None:
    Path("policy.yaml").write_text("default: unsanctioned\nrules:\n  - status: sanctioned\n    services: [chatgtp]\n")
    message = _message(run("scan", "good.log", "--policy", "policy.yaml"))
    assert "policy.yaml:" in message
    assert "chatgtp" in message
    assert "chatgpt" in message


def test_a_folder_that_is_no_report_is_not_replaced(run: Run) -> None:
    Path("precious").mkdir()
    Path("precious/thesis.txt").write_text("years of work")
    assert "no shadowai report" in _message(run("scan", "good.log", "--out", "precious"))
    assert Path("precious/thesis.txt").read_text() == "years of work"


def test_a_report_is_replaced_by_the_next_one(run: Run) -> None:
    assert run("scan", "good.log", "--out", "report", "--quiet").exit_code == 0
    Path("report/stale.html").write_text("old")
    assert run("scan", "good.log", "--out", "report", "--quiet").exit_code == 0
    assert not Path("report/stale.html").exists()
    assert [path.name for path in Path().iterdir() if path.name.startswith(".")] == []


def test_hostile_names_do_not_reach_the_terminal(run: Run) -> None:
    hostile = "\x1b[31mred.log"
    Path(hostile).write_text("nothing that is known\n")
    done = run("scan", hostile, "--quiet")
    assert "\x1b" not in done.stderr
    assert "\\x1b[31mred.log: is of no known format" in done.stderr


@pytest.mark.parametrize("source", ["good.log", "."])
def test_observe_never_writes_over_what_it_reads(run: Run, source: str) -> None:
    assert "good.log: is one of the sources; name another file" in _message(
        run("observe", source, "--out", "./good.log")
    )
    assert Path("good.log").read_text() == GOOD


def test_a_format_that_fits_no_record_is_no_all_clear(run: Run) -> None:
    done = run("scan", "good.log", "--format", "bind")
    assert done.exit_code == 4
    assert "No records could be read" in done.stdout
    assert "We saw no use" not in done.stdout


def test_a_map_with_a_wrong_header_is_told_with_the_headers(run: Run) -> None:
    Path("own.csv").write_text("When,Site\n2026-11-20T08:00:00Z,chatgpt.com\n")
    done = run("scan", "own.csv", "--columns", "time=When", "--columns", "host=Sight", "--quiet")
    assert done.exit_code == 4
    assert "own.csv: has no column 'Sight', which the map of csv names" in done.stderr
