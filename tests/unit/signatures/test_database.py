"""The shipped database: its promises in numbers, its lint, its published schema."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import jsonschema
import pytest
import yaml

from shadowai import resources
from shadowai.errors import SignatureError
from shadowai.signatures import Matcher, load_database, look_up, read_files
from shadowai.signatures.lint import lint
from shadowai.signatures.schema import ServiceFile
from shadowai.signatures.statistics import statistics

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SCHEMA = "schema.json"


@pytest.fixture(scope="module")
def folder() -> Path:
    return resources.signatures()


def test_it_is_large_and_without_findings(folder: Path) -> None:
    files = read_files(folder)
    assert lint(files, date.fromisoformat("2026-11-30")) == []
    numbers = statistics(files)
    assert numbers["services"] >= 120
    assert numbers["indicators"] >= numbers["services"]
    assert sum(numbers["by_category"].values()) == numbers["services"]


def test_the_published_schema_is_the_models(folder: Path, request: pytest.FixtureRequest) -> None:
    schema = json.dumps(ServiceFile.model_json_schema(), indent=2, sort_keys=True) + "\n"
    if request.config.getoption("--update-golden"):
        (folder / SCHEMA).write_text(schema, encoding="utf-8")
    assert (folder / SCHEMA).read_text(encoding="utf-8") == schema, "renew it with pytest --update-golden"


def test_every_file_fits_the_published_schema(folder: Path) -> None:
    validator = jsonschema.Draft202012Validator(json.loads((folder / SCHEMA).read_text(encoding="utf-8")))
    for path in folder.glob("*/*.yaml"):
        text = json.loads(json.dumps(yaml.safe_load(path.read_text(encoding="utf-8")), default=str))
        assert list(validator.iter_errors(text)) == [], path


@pytest.mark.parametrize(
    ("question", "service"),
    [
        # From the vendors' own network pages and API references.
        ("chatgpt.com", "chatgpt"),
        ("https://chat.openai.com/c/1", "chatgpt"),
        ("api.openai.com", "openai-api"),
        ("https://api.anthropic.com/v1/messages", "anthropic-api"),
        ("claude.ai", "claude"),
        ("gemini.google.com", "gemini"),
        ("generativelanguage.googleapis.com", "gemini-api"),
        ("bedrock-runtime.eu-central-1.amazonaws.com", "amazon-bedrock"),
        ("europe-west4-aiplatform.googleapis.com", "vertex-ai"),
        ("contoso.openai.azure.com", "azure-openai"),
        ("https://github.com/copilot", "github-copilot"),
        ("copilot-proxy.githubusercontent.com", "github-copilot"),
        ("https://www.bing.com/chat", "copilot"),
        ("copilot.microsoft.com", "copilot"),
        # Decoys and hosts with other uses.
        ("notopenai.com", None),
        ("openai.com.evil.test", None),
        ("github.com", None),
        ("www.bing.com", None),
        ("storage.googleapis.com", None),
        ("s3.amazonaws.com", None),
        ("www.google.com", None),
        ("https://www.google.com/search?q=chatgpt.com", None),
        # Paths, addresses and protocols, from the runtimes' own documentation and the vendor's address page.
        ("http://10.0.0.5:11434/api/chat", "ollama"),
        ("http://10.0.0.5:1234/v1/chat/completions", "lm-studio"),
        ("http://10.0.0.5:8188/prompt", "comfyui"),
        ("http://10.0.0.5:4321/v1/chat/completions", "openai-compatible-api"),
        ("https://api.openai.com/v1/chat/completions", "openai-api"),
        ("160.79.104.10", "anthropic-api"),
        ("160.79.105.255", "anthropic-api"),
        ("160.79.106.0", None),
        ("[2607:6bc0::10]:443", "anthropic-api"),
        ("34.162.46.92", None),
        ("protocol: mcp", "mcp-server"),
        ("http://10.0.0.5/api/chat", None),
        ("http://10.0.0.5/prompt", None),
        ("http://10.0.0.5:11434/", None),
    ],
)
def test_well_known_hosts_are_told_right(question: str, service: str | None) -> None:
    match = look_up(Matcher(load_database()), question).match
    assert (match.service if match else None) == service


FILE = """name: N
vendor: V
summary: S
verified: 2026-01-01
references: [https://example.com/]
indicators:
  - {kind: domain, value: alpha.test, role: dedicated}
examples: {match: [alpha.test], no_match: [x.test]}
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    (tmp_path / "categories.yaml").write_text("chat: {name: Chat, data_at_risk: Text}\n")
    (tmp_path / "candidates.yaml").write_text("{suffixes: [], words: []}\n")
    (tmp_path / "blind-spots.yaml").write_text("[]\n")

    def put(name: str, text: str = FILE) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return tmp_path

    return put


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: N", "name: N\nname: M", "'name' stands twice"),
        ("name: N", "name: N\nkolor: red", "kolor: Extra inputs"),
        ("references: [https://example.com/]", "references: []", "references"),
        ("https://example.com/", "http://example.com/", "https URL"),
        ("verified: 2026-01-01", "", "verified: Field required"),
        ("value: alpha.test", "value: Alpha.test", "lower case"),
        ("value: alpha.test", "value: alpha", "host name"),
        ("value: alpha.test", "value: 10.0.0.1", "host name"),
        ("kind: domain", "kind: pattern", "no <placeholder>"),
        ("kind: domain, value: alpha.test", "kind: pattern, value: alpha.<x>", "last two labels"),
        ("kind: domain", "kind: url", "host/path"),
        ("kind: domain, value: alpha.test", "kind: user-agent, value: abc", "too short"),
        ("role: dedicated", "role: evil", "role"),
        ("match: [alpha.test]", "match: []", "examples.match"),
        ("kind: domain, value: alpha.test", "kind: endpoint, value: v1", "no path"),
        ("kind: domain, value: alpha.test", "kind: endpoint, value: ':11434'", "no path"),
        ("kind: domain, value: alpha.test", "kind: endpoint, value: ':011434/api'", "no path"),
        ("kind: domain, value: alpha.test", "kind: endpoint, value: ':65536/api'", "above 65535"),
        ("kind: domain, value: alpha.test", "kind: endpoint, value: '/a//b'", "no path"),
        ("kind: domain, value: alpha.test", "kind: protocol, value: gopher", "none of mcp"),
        ("kind: domain, value: alpha.test", "kind: address, value: 1.2.3.4", "write 1.2.3.4/32"),
        ("kind: domain, value: alpha.test", "kind: address, value: 1.2.3.4/24", "host bits set"),
        ("kind: domain, value: alpha.test", "kind: address, value: '2A00::/32'", "write 2a00::/32"),
        ("kind: domain, value: alpha.test", "kind: address, value: 10.0.0.0/8", "not on the public Internet"),
        ("kind: domain, value: alpha.test", "kind: address, value: 'fd00::/64'", "not on the public Internet"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(write: Callable[..., Path], old: str, new: str, message: str) -> None:
    folder = write("chat/alpha.yaml", FILE.replace(old, new, 1))
    with pytest.raises(SignatureError) as caught:
        load_database(folder)
    assert message in str(caught.value)
    assert f"{folder / 'chat/alpha.yaml'}:" in str(caught.value)


def _rules(folder: Path) -> set[str]:
    return {finding.rule for finding in lint(read_files(folder), date(2026, 6, 1))}


def test_each_lint_finds_its_fault(write: Callable[..., Path]) -> None:
    folder = write("chat/alpha.yaml")
    assert _rules(folder) == set()
    write("chat/beta.yaml")
    assert "duplicate" in _rules(folder)
    write(
        "chat/beta.yaml",
        FILE.replace("value: alpha.test", "value: github.com").replace("match: [alpha", "match: [github"),
    )
    assert "width" in _rules(folder)
    write("chat/beta.yaml", FILE.replace("value: alpha.test", "value: beta.test"))
    assert "match" in _rules(folder)
    write("chat/beta.yaml", FILE.replace("alpha.test", "beta.test").replace("x.test", "www.beta.test"))
    assert "no_match" in _rules(folder)
    write("chat/beta.yaml", FILE.replace("alpha.test", "beta.test").replace("2026-01-01", "2027-01-01"))
    assert "verified" in _rules(folder)
    write("chat/beta.yaml", FILE.replace("alpha.test", "beta.test"))
    write("strange/Gamma.yaml", FILE.replace("alpha.test", "gamma.test"))
    assert {"category", "id"} <= _rules(folder)
    (folder / "blind-spots.yaml").write_text(
        "- {id: d, name: D, kind: vpn, domains: [www.alpha.test], references: ['https://example.com']}\n"
        "- {id: d, name: D, kind: vpn, domains: [vpn.test], references: ['https://example.com']}\n"
    )
    assert {"overlap", "duplicate"} <= _rules(folder)


def test_a_shadowed_indicator_is_found(write: Callable[..., Path]) -> None:
    folder = write("chat/alpha.yaml", FILE.replace("kind: domain", "kind: host"))
    domain = FILE.replace("examples: {match: [alpha.test]", "examples: {match: [www.alpha.test]")
    write("chat/beta.yaml", domain)
    assert _rules(folder) == {"reach"}


@pytest.mark.parametrize(
    ("indicator", "rules"),
    [
        ("kind: endpoint, value: ':11434/api/chat'", set()),
        ("kind: endpoint, value: /v9/chat/completions", set()),
        ("kind: endpoint, value: /api/chat", {"path"}),
        ("kind: endpoint, value: /prompt", {"path"}),
        ("kind: address, value: 160.0.0.0/12", set()),
        ("kind: address, value: 160.0.0.0/11", {"range"}),
        ("kind: address, value: '2607:6bc0::/28'", set()),
        ("kind: address, value: '2607:6b00::/24'", {"range"}),
        ("kind: address, confidence: 51, value: 160.0.0.0/12", {"range"}),
        ("kind: protocol, value: mcp", set()),
    ],
)
def test_the_lints_of_what_is_no_name(write: Callable[..., Path], indicator: str, rules: set[str]) -> None:
    more = f"\n  - {{{indicator}, role: api}}"
    folder = write("chat/alpha.yaml", FILE.replace("role: dedicated}", "role: dedicated}" + more))
    assert _rules(folder) == rules


def test_two_services_may_not_share_an_endpoint_or_a_range(write: Callable[..., Path]) -> None:
    more = "\n  - {kind: endpoint, value: ':1/a', role: api}\n  - {kind: address, value: 160.0.0.0/12, role: api}"
    write("chat/alpha.yaml", FILE.replace("role: dedicated}", "role: dedicated}" + more))
    folder = write(
        "chat/beta.yaml", FILE.replace("alpha", "beta").replace("role: dedicated}", "role: dedicated}" + more)
    )
    findings = lint(read_files(folder), date(2026, 6, 1))
    assert [finding.message.split()[0] for finding in findings if finding.rule == "duplicate"] == [
        "address",
        "endpoint",
    ]


def test_addresses_of_blind_spots_are_checked(write: Callable[..., Path]) -> None:
    address = "\n  - {kind: address, value: 160.0.0.0/12, role: api}"
    folder = write("chat/alpha.yaml", FILE.replace("role: dedicated}", "role: dedicated}" + address))
    entry = (
        "- {{id: d, name: D, kind: encrypted-dns, domains: [d.test], addresses: [{}], references: ['https://a.b']}}\n"
    )
    (folder / "blind-spots.yaml").write_text(entry.format("160.0.0.1"))
    assert _rules(folder) == {"overlap"}
    for wrong in ("10.0.0.1", "1.2.3.4/24", "d.test", "'2A00::1'"):
        (folder / "blind-spots.yaml").write_text(entry.format(wrong))
        with pytest.raises(SignatureError, match=r"addresses\.0"):
            read_files(folder)


def test_the_same_id_in_two_categories_is_refused(write: Callable[..., Path]) -> None:
    write("chat/alpha.yaml")
    folder = write("code/alpha.yaml", FILE.replace("alpha.test", "beta.test"))
    with pytest.raises(SignatureError, match="the id alpha stands also in"):
        load_database(folder)


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match="no folder of signatures"):
        load_database(tmp_path / "none")
