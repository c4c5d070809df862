"""The shipped database: its promises in numbers, its lint, its published schema."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import jsonschema
import pytest
import yaml
from support.signature_folders import FILE, Write, signature_folder

from shadowai import resources
from shadowai.errors import SignatureError
from shadowai.signatures import Matcher, load_database, look_up, read_files
from shadowai.signatures.lint import lint
from shadowai.signatures.schema import ServiceFile
from shadowai.signatures.statistics import statistics

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = "schema.json"


@pytest.fixture(scope="module")
def folder() -> Path:
    return resources.signatures()


def test_it_is_large_and_without_findings(folder: Path) -> None:
    files = read_files(folder)
    assert lint(files, date.fromisoformat("2026-11-30")) == []
    numbers = statistics(files, date.fromisoformat("2026-11-30"))
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


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return signature_folder(tmp_path)


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
def test_a_wrong_file_is_refused_with_its_line(write: Write, old: str, new: str, message: str) -> None:
    folder = write("chat/alpha.yaml", FILE.replace(old, new, 1))
    with pytest.raises(SignatureError) as caught:
        load_database(folder)
    assert message in str(caught.value)
    assert f"{folder / 'chat/alpha.yaml'}:" in str(caught.value)


def test_the_same_id_in_two_categories_is_refused(write: Write) -> None:
    write("chat/alpha.yaml")
    folder = write("code/alpha.yaml", FILE.replace("alpha.test", "beta.test"))
    with pytest.raises(SignatureError, match="the id alpha stands also in"):
        load_database(folder)


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match="no folder of signatures"):
        load_database(tmp_path / "none")
