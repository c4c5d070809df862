"""`shadowai scan` as a user meets it: exit codes, messages, files written, and the same bytes every time."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from shadowai.cli import cli
from shadowai.cli.options import Moment

if TYPE_CHECKING:
    from pathlib import Path

SQUID = "1763629200.100     89 10.1.0.{host} TCP_TUNNEL/200 4120 CONNECT {name}:443 {user} HIER_DIRECT/203.0.113.9 -\n"
BIND = "20-Nov-2025 09:00:00.100 client @0x7f 10.1.0.5#5353 (claude.ai): query: claude.ai IN A + (10.0.0.1)\n"
TABLES = ("departments", "services", "people", "candidates", "blind_spots", "sources", "changes", "policy")

Scan = Callable[..., Result]


@pytest.fixture
def scan(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Scan:
    for name in ("SHADOWAI_CONFIG", "SHADOWAI_DIRECTORY", "SHADOWAI_POLICY", "SHADOWAI_ZONE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SHADOWAI_WORKERS", "1")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> Result:
        return CliRunner().invoke(cli, ["scan", *map(str, arguments)], terminal_width=80)

    return run


def _squid(path: Path, lines: int = 3, name: str = "chatgpt.com") -> Path:
    path.write_text(
        "".join(SQUID.format(host=number, name=name, user=f"user{number}") for number in range(1, lines + 1))
    )
    return path


def _directory(folder: Path) -> Path:
    folder.mkdir()
    (folder / "networks.csv").write_text("network,department\n10.1.0.0/16,Sales\n")
    return folder


def test_a_scan_writes_the_report_and_says_where(scan: Scan, tmp_path: Path) -> None:
    log = _squid(tmp_path / "a.log")
    done = scan(log, "--directory", _directory(tmp_path / "dir"), "--out", "report")
    assert done.exit_code == 0, done.output
    written = {str(path.relative_to(tmp_path / "report")) for path in (tmp_path / "report").rglob("*.*")}
    tables = {"usage.csv", *(f"tables/{one}.csv" for one in TABLES)}
    pages = {"index.html", "executive.html", "evidence.html", "departments/sales.html"}
    assert written == {*pages, *tables, "report.xlsx", "summary.md", "result.json", "manifest.json"}
    assert "Sales" in done.stdout
    assert "index.html" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    result = json.loads((tmp_path / "report/result.json").read_text())
    (sales,) = result["departments"]
    (use,) = sales["services"]
    assert (use["id"], use["people"], use["sessions"], use["bytes_up"], use["bytes_down"]) == (
        "chatgpt",
        3,
        3,
        None,
        12360,
    )
    (one,) = result["sources"]
    assert (one["format"], one["records"], one["parsed"], one["skipped"]) == ("squid", 3, 3, {})


def test_the_manifest_names_inputs_and_digests(scan: Scan, tmp_path: Path) -> None:
    log = _squid(tmp_path / "a.log")
    scan(log, "--out", tmp_path / "report")
    manifest = json.loads((tmp_path / "report/manifest.json").read_text())
    (one,) = manifest["inputs"]
    assert one["size"] == log.stat().st_size
    assert (one["format"], one["records"]) == ("squid", 3)
    assert len(one["sha256"]) == 64
    assert manifest["signatures"]


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_two_runs_write_the_same_bytes(scan: Scan, tmp_path: Path, workers: str) -> None:
    inputs = [_squid(tmp_path / "a.log"), _squid(tmp_path / "b.log", 5, "claude.ai")]
    first, second = tmp_path / "one", tmp_path / "two"
    scan(*inputs, "--out", first)
    scan(*reversed(inputs), "--out", second, "--workers", workers)
    for path in first.rglob("*.*"):
        assert (second / path.relative_to(first)).read_bytes() == path.read_bytes(), path.name


def test_json_is_the_result_document(scan: Scan, tmp_path: Path) -> None:
    done = scan(_squid(tmp_path / "a.log"), "--json")
    assert json.loads(done.stdout)["schema"] == 1


def test_quiet_says_nothing(scan: Scan, tmp_path: Path) -> None:
    assert scan(_squid(tmp_path / "a.log"), "--quiet").output == ""


def test_compression_and_names_do_not_matter(scan: Scan, tmp_path: Path) -> None:
    log = _squid(tmp_path / "a.log")
    packed = tmp_path / "dns.pcap"
    packed.write_bytes(gzip.compress(log.read_bytes()))
    result = json.loads(scan(packed, "--json").stdout)
    assert result["sources"][0]["format"] == "squid"
    assert result["totals"]["sessions"] == 3


@pytest.mark.parametrize(
    ("status", "code"), [("prohibited", 0), ("unsanctioned", 1), ("under-review", 1), ("sanctioned", 1)]
)
def test_fail_on_is_met_by_use_that_grave(scan: Scan, tmp_path: Path, status: str, code: int) -> None:
    assert scan(_squid(tmp_path / "a.log"), "--quiet", "--fail-on", status).exit_code == code


def test_look_ups_alone_do_not_meet_fail_on(scan: Scan, tmp_path: Path) -> None:
    log = tmp_path / "named.log"
    log.write_text(BIND)
    assert scan(log, "--quiet", "--fail-on", "sanctioned").exit_code == 0


def test_the_period_bounds_what_counts(scan: Scan, tmp_path: Path) -> None:
    log = _squid(tmp_path / "a.log")
    for option, moment, sessions in (
        ("--since", "2025-11-20T09:00:00Z", 3),
        ("--since", "2025-11-20T09:00:01Z", 0),
        ("--until", "2025-11-20T09:00:00", 0),
        ("--until", "2025-11-21", 3),
    ):
        result = json.loads(scan(log, "--json", option, moment).stdout)
        assert result["totals"]["sessions"] == sessions, (option, moment)


def test_a_csv_of_ones_own(scan: Scan, tmp_path: Path) -> None:
    log = tmp_path / "export.csv"
    log.write_text("When;Who;Site;Sent\n2025-11-20T09:00:00Z;ann@example.com;claude.ai;77\n")
    columns = ("time=When", "user=Who", "host=Site", "bytes_up=Sent")
    done = scan(log, "--json", *(part for column in columns for part in ("--columns", column)))
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert result["sources"][0]["format"] == "csv"
    assert result["departments"][0]["services"][0]["bytes_up"] == 77


def test_a_csv_of_ones_own_by_configuration(scan: Scan, tmp_path: Path) -> None:
    config = tmp_path / "shadowai.toml"
    config.write_text('[columns.our-proxy]\ntime = "When"\nhost = "Site"\n')
    log = tmp_path / "export.csv"
    log.write_text("When,Site\n2025-11-20T09:00:00Z,claude.ai\n")
    result = json.loads(scan(log, "--json", "--config", config).stdout)
    assert result["sources"][0]["format"] == "our-proxy"


def test_since_is_exact_to_the_microsecond() -> None:
    moment = Moment().convert("2026-11-20T08:00:00.600001+01:00", None, None)
    assert moment == 1_795_158_000_600_001_000  # date -u -d 2026-11-20T07:00:00 +%s
    assert Moment().convert("2026-11-20", None, None) == 1_795_132_800_000_000_000


def test_a_log_that_is_there_twice_counts_once(scan: Scan, tmp_path: Path) -> None:
    log = _squid(tmp_path / "a.log")
    (tmp_path / "b.log").write_bytes(log.read_bytes())
    done = scan("b.log", "a.log", "--json")
    assert done.exit_code == 0
    assert "shadowai: b.log: has the same content as a.log and was read once" in done.stderr
    result = json.loads(done.stdout)
    assert (result["totals"]["sessions"], result["departments"][0]["services"][0]["bytes_down"]) == (3, 12360)
    assert [one["records"] for one in result["sources"]] == [3, 0]


@pytest.mark.parametrize("size", ["9223372036854775807", "5000000000000000000", "9" * 19])
def test_a_size_that_no_transfer_has_is_unknown(scan: Scan, tmp_path: Path, size: str) -> None:
    log = _squid(tmp_path / "a.log")
    log.write_text(log.read_text().replace(" 4120 ", f" {size} "))
    done = scan(log, "--json")
    assert done.exit_code == 0, done.output
    (use,) = json.loads(done.stdout)["departments"][0]["services"]
    assert (use["sessions"], use["bytes_down"]) == (3, None)
