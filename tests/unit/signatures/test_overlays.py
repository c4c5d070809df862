"""An organisation's own signatures, laid over the database."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from support.signature_folders import FILE, service_text, signature_folder

from shadowai import cache
from shadowai.cli import cli
from shadowai.errors import SignatureError
from shadowai.signatures import Matcher, load_database, read_files, service_path

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))


@pytest.fixture
def base(tmp_path: Path) -> Path:
    write = signature_folder(tmp_path / "base")
    (tmp_path / "base" / "blind-spots.yaml").write_text(
        "- {id: d, name: D, kind: vpn, domains: [vpn.test], references: ['https://a.b']}\n"
        "- {id: e, name: E, kind: vpn, domains: [other.test], references: ['https://a.b']}\n"
    )
    (tmp_path / "base" / "candidates.yaml").write_text("{suffixes: [ai], words: [gpt]}\n")
    write("chat/alpha.yaml")
    return write("chat/beta.yaml", FILE.replace("alpha", "beta"))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    (folder / "house").mkdir(parents=True)
    text = service_text("kind: domain, value: ai.corp.test, role: dedicated", match="ai.corp.test")
    (folder / "house" / "assistant.yaml").write_text(text)
    return folder


def _service(matcher: Matcher, host: str) -> str | None:
    match = matcher.match(host)
    return match.service if match else None


def test_an_overlay_adds_services_and_lists(base: Path, own: Path) -> None:
    (own / "categories.yaml").write_text("house: {name: Our own, data_at_risk: None}\n")
    (own / "blind-spots.yaml").write_text(
        "- {id: d, name: Ours, kind: vpn, domains: [vpn.corp.test], references: ['https://a.b']}\n"
    )
    (own / "candidates.yaml").write_text(
        "suffixes: [ai]\nwords: [corpbot]\nignore: [{domain: 'fine.ai', reference: 'https://a.b'}]\n"
    )
    database = load_database(base, [own])
    matcher = Matcher(database)
    assert set(database.services) == {"alpha", "beta", "assistant"}
    assert _service(matcher, "www.ai.corp.test") == "assistant"
    assert _service(matcher, "alpha.test") == "alpha"
    assert database.services["assistant"].category_name == "Our own"
    assert database.categories["chat"] == "Chat"
    assert [one.name for one in database.blind_spots] == ["E", "Ours"]
    assert database.candidates == (("ai",), ("gpt", "corpbot"), ("fine.ai",))
    assert service_path(database.services["assistant"], base, [own]).is_relative_to(own.resolve())
    assert service_path(database.services["alpha"], base, [own]).is_relative_to(base.resolve())


def test_an_overlay_replaces_a_service_of_the_same_id_whatever_its_category(base: Path, own: Path) -> None:
    (own / "house" / "alpha.yaml").write_text(FILE.replace("alpha.test", "omega.test").replace("name: N", "name: Ours"))
    matcher = Matcher(load_database(base, [own]))
    assert _service(matcher, "alpha.test") is None
    assert _service(matcher, "omega.test") == "alpha"
    assert load_database(base, [own]).services["alpha"].name == "Ours"


@pytest.mark.parametrize("value", ["kind: domain, value: beta.test", "kind: host, value: beta.test"])
def test_an_indicator_of_an_overlay_stands_before_the_same_of_the_database(base: Path, own: Path, value: str) -> None:
    (own / "house" / "assistant.yaml").write_text(service_text(f"{value}, role: shared", match="beta.test"))
    assert _service(Matcher(load_database(base, [own])), "beta.test") == "assistant"
    assert _service(Matcher(load_database(base)), "beta.test") == "beta"


def test_the_digest_is_that_of_both(base: Path, own: Path) -> None:
    alone = load_database(base).digest
    both = load_database(base, [own])
    assert both.digest != alone
    assert load_database(base, [own]) == both == read_files(base, [own]).database()
    path = own / "house" / "assistant.yaml"
    path.write_text(path.read_text().replace("name: N", "name: M"))
    assert load_database(base, [own]).digest not in (alone, both.digest)
    assert load_database(base).digest == alone


def test_an_overlay_is_checked_as_strictly(base: Path, own: Path) -> None:
    (own / "house" / "bad.yaml").write_text("name: N\n")
    with pytest.raises(SignatureError, match=r"bad\.yaml:1: vendor: Field required"):
        load_database(base, [own])
    with pytest.raises(SignatureError, match="no folder of signatures"):
        load_database(base, [own / "none"])


LOG = "1763629200.100 89 10.1.0.1 TCP_MISS/200 4120 GET http://ai.corp.test/c/1 ann HIER_NONE/- text/html\n"


def test_match_scan_and_signatures_take_overlays(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "access.log"
    log.write_text(LOG * 3)
    (tmp_path / "shadowai.toml").write_text('signatures = "own"\n')

    def run(*arguments: str, **environment: str) -> str:
        done = CliRunner(env=environment).invoke(cli, arguments)
        assert done.exit_code == 0, done.output
        return done.stdout

    assert "no AI service known" in run("match", "ai.corp.test")
    assert "assistant (house)" in run("match", "ai.corp.test", "--signatures", str(own))
    assert "assistant (house)" in run("match", "ai.corp.test", SHADOWAI_SIGNATURES=str(own))
    assert "assistant (house)" in run("match", "ai.corp.test", SHADOWAI_CONFIG=str(tmp_path / "shadowai.toml"))
    assert json.loads(run("signatures", "show", "assistant", "--signatures", str(own)))["category"] == "house"
    assert "assistant" in run("signatures", "list", "--signatures", str(own), "--json")
    alone = json.loads(run("scan", str(log), "--json"))
    both = json.loads(run("scan", str(log), "--signatures", str(own), "--json"))
    assert alone["departments"] == []
    (department,) = both["departments"]
    assert [use["id"] for use in department["services"]] == ["assistant"]
    assert both["signatures"]["version"] != alone["signatures"]["version"]
    assert both["signatures"]["services"] == alone["signatures"]["services"] + 1
    numbers = json.loads(run("signatures", "stats", "--signatures", str(own), "--json"))
    assert numbers["version"] == both["signatures"]["version"]
    monkeypatch.chdir(tmp_path)
    assert (
        json.loads(run("scan", "access.log", "--config", "shadowai.toml", "--json"))["signatures"] == both["signatures"]
    )
