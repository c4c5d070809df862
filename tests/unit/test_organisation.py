"""A made-up organisation whose truth is known: what the scan says of it is true, whatever way the files are read."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.organisation.catalogue import CANDIDATES, HIDING, ORDINARY, PLACES, SERVICES, TUNNEL
from support.organisation.clock import MINUTE
from support.organisation.compare import differences
from support.organisation.write import write

from shadowai.directory import load_directory
from shadowai.directory.options import DirectoryOptions
from shadowai.inputs import ReadOptions
from shadowai.model import Who
from shadowai.scan import ScanOptions, scan
from shadowai.signatures import Matcher, load_database

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.organisation.records import Record
    from support.organisation.truth import Truth

    from shadowai.verdicts import Attribution

PACKAGE = Path(__file__).resolve().parents[1] / "support" / "organisation"
SEEDS = (1, 2, 3, 4)
PAUSE = 3600  # seconds; between two windows of a capture there is more

Document = dict[str, Any]


@pytest.fixture(scope="module", params=SEEDS)
def truth(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Truth:
    return write(tmp_path_factory.mktemp("organisation"), request.param)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    return write(tmp_path_factory.mktemp("first"), SEEDS[0])


@pytest.fixture(scope="module")
def plain(first: Truth) -> str:
    """The first organisation's result as text, from one worker."""
    return json.dumps(scanned(first))


def scanned(truth: Truth, sources: list[str] | None = None, workers: int = 1) -> Document:
    read = ReadOptions(sources or [str(path) for path in truth.sources])
    found = scan(ScanOptions(read, directory=truth.directory, policy=truth.policy, workers=workers))
    document: Document = json.loads(found.model_dump_json(by_alias=True))
    return document


def test_the_report_is_true(truth: Truth) -> None:
    assert differences(truth, scanned(truth)) == []


@pytest.mark.usefixtures("eager")
def test_the_report_is_true_of_three_hundred_people_in_two_weeks(tmp_path: Path) -> None:
    truth = write(tmp_path, 7, "full")
    assert differences(truth, scanned(truth, workers=2)) == []


def test_nobody_is_named_for_what_another_did(truth: Truth) -> None:
    assert wrong_names(truth) == []


def test_to_trust_the_clocks_would_accuse_somebody(tmp_path: Path) -> None:
    found = [wrong_names(write(tmp_path / str(seed), seed), DirectoryOptions(drift=0)) for seed in SEEDS]
    accused = [attribution for wrong in found for attribution, _, _ in wrong if attribution.key.startswith("person:")]
    assert accused


def wrong_names(truth: Truth, options: DirectoryOptions | None = None) -> list[tuple[Attribution, object, Record]]:
    """List the detections that the directory attributes wrongly: its answer, the right ones, the record."""
    records = [one.record for one in truth.detections]
    sightings = {(one.address, one.user, one.time // MINUTE * MINUTE) for one in records if one.user}
    addresses = {one.address for one in records}
    directory = load_directory(truth.directory, options or DirectoryOptions()).learn(sightings, addresses)
    wrong: list[tuple[Attribution, object, Record]] = []
    for one in truth.detections:
        record = one.record
        found = directory.resolve_span(Who(record.address, record.user, record.device), record.time, record.time)
        # A device that nobody is known to own may be called by its first label or by its whole name.
        key = found.key.partition(".")[0] if found.key.startswith("device:") else found.key
        right = [(answer.key, answer.department, answer.is_individual) for answer in one.answers]
        if (key, found.department, found.individual) not in right:
            wrong.append((found, (right, one.why), record))
    return wrong


def test_the_organisation_has_what_makes_it_hard(truth: Truth) -> None:
    whys = Counter(one.why for one in truth.detections)
    assert whys[None] > 5 * (whys.total() - whys[None])
    assert len(whys) > 2
    named = {one.record.user for one in truth.detections}
    assert any(user and user.endswith("$") for user in named)
    assert any(user and "\\" in user for user in named)
    assert any(user and "@" in user for user in named)
    keys = {answer.key.partition(":")[0] for one in truth.detections for answer in one.answers}
    assert keys == {"person", "user", "device", "address", "shared", "server"}
    assert None in {answer.department for one in truth.detections for answer in one.answers}
    assert len({one.name for one in truth.detections if one.place}) > len(SERVICES) - 4
    assert any(one.record.denied for one in truth.detections)


def test_the_table_of_hosts_says_what_the_signatures_say() -> None:
    database = load_database()
    matcher = Matcher(database)
    for place in PLACES:
        match = matcher.match(place.host, place.path, None)
        assert match, place
        assert (match.service, match.role) == (place.service, place.role)
        # Which tenant is the organisation's own is not for the signatures to say.
        assert match.account == (None if place.account == "tenant" else place.account), place
    for service in SERVICES.values():
        facts = database.services[service.id]
        assert (facts.vendor, facts.category, facts.country) == (service.vendor, service.category, service.country)


def test_the_hosts_that_are_no_service_s_are_what_they_are_meant_to_be() -> None:
    matcher = Matcher(load_database())
    named = {host: place for host, place in HIDING.items() if host != TUNNEL}
    for host in (*CANDIDATES, *named, *ORDINARY):
        assert not matcher.match(host, "/1", None), host
    assert all(matcher.candidate(host) for host in CANDIDATES)
    for host, kind_and_name in named.items():
        place = matcher.blind_spot(host)
        assert place, host
        assert (place.kind, place.name) == kind_and_name
    assert not any(matcher.candidate(host) or matcher.blind_spot(host) for host in ORDINARY)


@pytest.mark.usefixtures("eager")
def test_two_workers_give_the_same_bytes_as_one(first: Truth, plain: str) -> None:
    assert json.dumps(scanned(first, workers=2)) == plain


def test_the_order_of_the_files_changes_nothing(first: Truth, plain: str) -> None:
    assert json.dumps(scanned(first, [str(path) for path in reversed(first.sources)])) == plain


def test_files_cut_in_two_give_the_same_result(first: Truth, plain: str, tmp_path: Path) -> None:
    parts = [str(part) for path in first.sources for part in halves(path, tmp_path)]
    assert len(parts) == 2 * len(first.sources)
    assert without_files(scanned(first, parts)) == without_files(json.loads(plain))


def halves(path: Path, folder: Path) -> list[Path]:
    """Cut a source in two: a log between two lines, a capture where nothing was under way; both keep the head."""
    data = path.read_bytes()
    head, at = pcap_cut(data) if path.suffix == ".pcap" else log_cut(data, path.name)
    found = []
    for number, part in enumerate((data[:at], head + data[at:])):
        found.append(folder / f"{number}-{path.name}")
        found[-1].write_bytes(part)
        shutil.copystat(path, found[-1])
    return found


def log_cut(data: bytes, name: str) -> tuple[bytes, int]:
    lines = {"zscaler-web.csv": 1, "works-proxy.log": 3}.get(name, 0)
    head = b"".join(data.splitlines(keepends=True)[:lines])
    return head, data.index(b"\n", len(data) // 2) + 1


def pcap_cut(data: bytes) -> tuple[bytes, int]:
    """Find the first packet after a pause that no connection outlasts."""
    at, before = 24, None
    while at < len(data):
        seconds = int.from_bytes(data[at : at + 4], "little")
        if before is not None and seconds - before > PAUSE:
            return data[:24], at
        before = seconds
        at += 16 + int.from_bytes(data[at + 8 : at + 12], "little")
    raise AssertionError("the capture has no pause")


def without_files(document: Any) -> Any:  # any part of a JSON document
    """Take out of a result what names the files that it was read from."""
    if isinstance(document, dict):
        return {key: without_files(value) for key, value in document.items() if key not in ("sources", "origins")}
    return [without_files(one) for one in document] if isinstance(document, list) else document


def test_tshark_sees_in_the_captures_what_the_truth_says(truth: Truth, require: Callable[[str], str]) -> None:
    for path in truth.sources:
        if path.suffix == ".pcap":
            kept = [one.record for one in truth.detections if one.record.source.file == path.name]
            assert tshark(require("tshark"), path) == {
                "tls": Counter((one.address, one.host, one.up, one.down) for one in kept if one.evidence == "tls"),
                "dns": Counter((one.address, one.host) for one in kept if one.evidence == "dns"),
                "tunnel": Counter(one.address for one in kept if one.evidence == TUNNEL),
            }


def tshark(program: str, path: Path) -> dict[str, Counter[Any]]:
    """Count what tshark sees: TLS connections by client, name and payload sizes; questions; tunnels by client.

    Hosts that concern AI by their paths alone are left out, for no path is seen.
    """
    fields = ("ip.src", "ip.dst", "tcp.stream", "tcp.len", "tls.handshake.extensions_server_name", "dns.qry.name")
    more = ("dns.flags.response", "wg.type")
    command = [program, "-r", str(path), "-T", "fields", *(part for name in (*fields, *more) for part in ("-e", name))]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    names: dict[str, tuple[str, str]] = {}
    sizes: Counter[tuple[str, str]] = Counter()
    found: dict[str, Counter[Any]] = {"tls": Counter(), "dns": Counter(), "tunnel": Counter()}
    for line in output.splitlines():
        client, server, stream, size, name, question, is_answer, tunnel = line.split("\t")
        if name and name not in ORDINARY:
            names[stream] = client, name
        if stream:
            sizes[stream, client] += int(size)
            sizes[stream, server] += 0
        if is_answer in ("0", "False") and question not in ORDINARY:
            found["dns"][client, question] += 1
        if tunnel == "1":
            found["tunnel"][client] += 1
    for stream, (client, name) in names.items():
        down = sum(size for (of, sender), size in sizes.items() if of == stream and sender != client)
        found["tls"][client, name, sizes[stream, client], down] += 1
    return found


def test_a_seed_writes_the_same_files_again(first: Truth, tmp_path: Path) -> None:
    again = write(tmp_path, SEEDS[0])
    for path in sorted(first.folder.rglob("*")):
        if path.is_file():
            assert (tmp_path / path.relative_to(first.folder)).read_bytes() == path.read_bytes(), path.name
    assert again.rows == first.rows
    assert {path.stat().st_mtime for path in again.sources} == {path.stat().st_mtime for path in first.sources}


def test_nothing_of_the_product_takes_part_in_the_truth() -> None:
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.split(".")[0] in ("shadowai", "sample_pcaps") for name in names), path.name


def test_a_wrong_number_is_told(first: Truth, plain: str) -> None:
    document = json.loads(plain)
    before = differences(first, document)
    row = next(one for department in document["departments"] for one in department["services"] if one["people"])
    row["people"] += 1
    row["evidence"]["dns"] += 1
    document["departments"][0]["headcount"] = 4711
    document["totals"]["people"] += 1000
    document["candidates"].pop()
    document["blind_spots"] = [one for one in document["blind_spots"] if one["kind"] != "encrypted-dns"]
    more = set(differences(first, document)) - set(before)
    told = " ".join(more)
    for word in ("people", "evidence.dns", "headcount 4711", "totals: people", "candidates", "blind spot"):
        assert word in told


def test_a_missing_row_and_one_too_many_are_told(first: Truth, plain: str) -> None:
    document = json.loads(plain)
    before = set(differences(first, document))
    pair, _ = next((pair, rows) for pair, rows in first.rows.items() if len(rows) == 1 and rows[0] and pair[0])
    one = next(department for department in document["departments"] if department["name"] == pair[0])
    gone = next(row for row in one["services"] if row["id"] == pair[1])
    one["services"] = [row for row in one["services"] if row is not gone]
    one["services"].append({**gone, "id": "nonesuch"})
    more = " ".join(set(differences(first, document)) - before)
    assert f"{pair[0]}: {pair[1]}: no row" in more
    assert "nonesuch: a row that nothing makes" in more


def test_an_unreadable_source_and_a_missing_department_are_told(first: Truth) -> None:
    document = scanned(first, [str(first.sources[0])])
    document["departments"] = document["departments"][1:]
    told = differences(replace(first, sources=first.sources[:2]), document)
    assert f"source {first.sources[1].name} is missing" in told
    assert any(line.startswith("departments: ") for line in told)
