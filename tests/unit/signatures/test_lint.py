"""Each rule of lint finds its fault, at its line, and lets what is right pass."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from support.signature_folders import FILE, Write, service_text, signature_folder

from shadowai import resources
from shadowai.errors import SignatureError, UsageError
from shadowai.signatures import Problem, read_files, read_leniently
from shadowai.signatures.lint import Issue, Level, lint
from shadowai.signatures.lint.issue import Subject
from shadowai.signatures.lint.run import lint_paths
from shadowai.signatures.lint.schema import schema_holds
from shadowai.signatures.lint.spelling import misspellings

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 6, 1)
ALPHA = "kind: domain, value: alpha.test, role: dedicated"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return signature_folder(tmp_path / "database")


def _issues(folder: Path) -> list[Issue]:
    files, problems = read_leniently(folder)
    return lint(files, TODAY, problems)


def _rules(folder: Path) -> set[str]:
    return {issue.rule for issue in _issues(folder)}


def test_each_rule_over_whole_files_finds_its_fault(write: Write) -> None:
    folder = write("chat/alpha.yaml")
    assert _rules(folder) == set()
    write("chat/beta.yaml")
    assert "duplicate" in _rules(folder)
    write("chat/beta.yaml", FILE.replace("value: alpha.test", "value: beta.test"))
    assert "match" in _rules(folder)
    write("chat/beta.yaml", FILE.replace("alpha.test", "beta.test").replace("x.test", "www.beta.test"))
    assert "no_match" in _rules(folder)
    write("chat/beta.yaml", FILE.replace("alpha.test", "beta.test").replace("2026-01-01", "2027-01-01"))
    assert "verified" in _rules(folder)
    write(
        "chat/beta.yaml",
        FILE.replace("alpha.test", "beta.test").replace("references", "retired: 2026-07-01\nreferences"),
    )
    assert "retired" in _rules(folder)
    write("chat/beta.yaml", FILE.replace("alpha.test", "beta.test"))
    write("strange/Gamma.yaml", FILE.replace("alpha.test", "gamma.test"))
    assert {"category", "id"} <= _rules(folder)
    (folder / "blind-spots.yaml").write_text(
        "- {id: d, name: D, kind: vpn, domains: [www.alpha.test], references: ['https://example.com']}\n"
        "- {id: d, name: D, kind: vpn, domains: [vpn.test], references: ['https://example.com']}\n"
    )
    assert {"overlap", "duplicate"} <= _rules(folder)


def test_an_issue_names_file_line_and_rule(write: Write) -> None:
    folder = write("chat/alpha.yaml", service_text(ALPHA, "kind: domain, value: github.com, role: api"))
    (issue,) = _issues(folder)
    path = folder / "chat/alpha.yaml"
    assert str(issue) == f"{path}:8: shared-platform: github.com serves many things; name a host below it, or a URL"
    assert issue.as_json() == {
        "path": str(path),
        "line": 8,
        "rule": "shared-platform",
        "level": "error",
        "message": "github.com serves many things; name a host below it, or a URL",
    }


def test_what_was_verified_more_than_a_year_ago_is_a_warning(write: Write) -> None:
    folder = write("chat/alpha.yaml", FILE.replace("2026-01-01", "2025-05-30"))
    (issue,) = _issues(folder)
    assert (issue.rule, issue.level, issue.line) == ("stale", Level.WARNING, 4)
    write("chat/alpha.yaml", FILE.replace("2026-01-01", "2025-06-01"))
    assert _issues(folder) == []
    write("chat/alpha.yaml", FILE.replace("2026-01-01", "2020-01-01\nretired: 2020-02-01"))
    assert _issues(folder) == []


def test_a_page_listed_twice_is_a_warning(write: Write) -> None:
    folder = write("chat/alpha.yaml", FILE.replace("[https://example.com/]", "[https://a.test/, https://a.test/]"))
    (issue,) = _issues(folder)
    assert (issue.rule, issue.level) == ("reference", Level.WARNING)


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
        # The schema's refusals by their own names.
        ("kind: domain, value: Beta.test", {"upper-case"}),
        ("kind: host, value: 'https://beta.test'", {"path-in-host"}),
        ("kind: domain, value: beta.test/chat", {"path-in-host"}),
        ("kind: host, value: 'beta.test:443'", {"path-in-host"}),
        ("kind: domain, value: '*.beta.test'", {"wildcard"}),
        ("kind: domain, value: bücher.test", {"idn"}),
        ("kind: url, value: Beta.test/chat", {"upper-case"}),
        ("kind: domain, value: xn--bcher-kva.test", set()),
        ("kind: pattern, value: a.<x>.test", {"anchor"}),
        ("kind: pattern, value: beta.test", {"schema"}),
        ("kind: domain, value: beta.test, reference: 'http://a.test'", {"reference"}),
        # Names that many share: public suffixes of both parts of the list, and our own list.
        ("kind: domain, value: co.uk", {"public-suffix"}),
        ("kind: domain, value: vercel.app", {"public-suffix"}),
        ("kind: domain, value: azure.com", {"shared-platform"}),
        ("kind: domain, value: openai.azure.com", set()),
        ("kind: host, value: github.com", set()),
        ("kind: domain, value: hf.space", {"public-suffix", "shared-platform"}),
        ("kind: domain, value: hubspot.com", {"shared-platform"}),
        ("kind: domain, value: oaiusercontent.com", set()),
        ("kind: pattern, value: '<x>.vercel.app'", {"anchor"}),
        ("kind: pattern, value: 'a-<x>.vercel.app'", {"anchor"}),
        ("kind: pattern, value: 'beta-<x>.vercel.app'", set()),
        ("kind: pattern, value: 'q.<region>.amazonaws.com'", set()),
        ("kind: pattern, value: '<region>.amazonaws.com'", {"anchor"}),
        ("kind: pattern, value: '<x>.co.uk'", {"anchor"}),
        ("kind: pattern, value: '<x>.beta.test'", set()),
        # User agents.
        ("kind: user-agent, value: python-requests/", {"user-agent"}),
        ("kind: user-agent, value: Mozilla/5.0", {"user-agent"}),
        ("kind: user-agent, value: pyth", {"user-agent"}),
        ("kind: user-agent, value: okhttp", {"user-agent"}),
        ("kind: user-agent, value: curl/8", {"user-agent"}),
        ("kind: user-agent, value: claude-cli/", set()),
        ("kind: user-agent, value: OpenAI/Python", set()),
    ],
)
def test_the_rules_of_one_indicator(write: Write, indicator: str, rules: set[str]) -> None:
    folder = write("chat/alpha.yaml", service_text(ALPHA, f"{indicator}, role: api"))
    issues = _issues(folder)
    assert {issue.rule for issue in issues} == rules
    assert all(issue.line == 8 for issue in issues)


@pytest.mark.parametrize("value", ["hf.space", "hubspot.com"])
def test_a_role_that_proves_nothing_may_stand_on_a_product_or_ai_hosting(write: Write, value: str) -> None:
    folder = write("chat/alpha.yaml", service_text(ALPHA, f"kind: domain, value: {value}, role: shared"))
    assert _issues(folder) == []


def test_a_domain_swallows_no_other_vendors_host(write: Write) -> None:
    write("chat/alpha.yaml")
    beta = service_text("kind: host, value: www.alpha.test, role: api", match="www.alpha.test")
    folder = write("chat/beta.yaml", beta)
    assert _rules(folder) == set()  # of one vendor that is the plan: the narrower wins
    write("chat/beta.yaml", beta.replace("vendor: V", "vendor: W"))
    (issue,) = _issues(folder)
    assert issue.rule == "swallow"
    assert issue.message == "www.alpha.test of W lies below alpha.test of alpha (V)"
    pattern = service_text("kind: pattern, value: api-<x>.alpha.test, role: api", match="api-1.alpha.test")
    write("chat/beta.yaml", pattern.replace("vendor: V", "vendor: W"))
    assert _rules(folder) == {"swallow"}


def test_a_shadowed_indicator_is_found(write: Write) -> None:
    folder = write("chat/alpha.yaml", FILE.replace("kind: domain", "kind: host"))
    domain = FILE.replace("examples: {match: [alpha.test]", "examples: {match: [www.alpha.test]")
    write("chat/beta.yaml", domain)
    assert _rules(folder) == {"reach"}


def test_two_services_may_not_share_an_endpoint_or_a_range(write: Write) -> None:
    more = ("kind: endpoint, value: ':1/a', role: api", "kind: address, value: 160.0.0.0/12, role: api")
    write("chat/alpha.yaml", service_text(ALPHA, *more))
    folder = write("chat/beta.yaml", service_text(ALPHA, *more).replace("alpha", "beta"))
    found = [issue.message.split()[0] for issue in _issues(folder) if issue.rule == "duplicate"]
    assert sorted(found) == ["address", "endpoint"]


def test_a_value_may_not_stand_twice_in_one_file(write: Write) -> None:
    folder = write("chat/alpha.yaml", service_text(ALPHA, ALPHA))
    assert [(issue.rule, issue.line) for issue in _issues(folder)] == [("duplicate", 8)]


def test_addresses_of_blind_spots_are_checked(write: Write) -> None:
    folder = write("chat/alpha.yaml", service_text(ALPHA, "kind: address, value: 160.0.0.0/12, role: api"))
    entry = (
        "- {{id: d, name: D, kind: encrypted-dns, domains: [d.test], addresses: [{}], references: ['https://a.b']}}\n"
    )
    (folder / "blind-spots.yaml").write_text(entry.format("160.0.0.1"))
    assert _rules(folder) == {"overlap"}
    for wrong in ("10.0.0.1", "1.2.3.4/24", "d.test", "'2A00::1'"):
        (folder / "blind-spots.yaml").write_text(entry.format(wrong))
        with pytest.raises(SignatureError, match=r"addresses\.0"):
            read_files(folder)


def test_one_bad_file_does_not_hide_the_next(write: Write) -> None:
    write("chat/alpha.yaml", FILE.replace("name: N", "name: N\nkolor: red"))
    write("chat/beta.yaml", "name: [")
    write("chat/gamma.yaml", FILE.replace("references: [https://example.com/]\n", ""))
    write("chat/delta.yaml", "indicators: 5\n")
    write("code/omega.yaml", FILE.replace("alpha", "omega"))
    folder = write("chat/omega.yaml", FILE.replace("alpha", "omega2"))
    found = {(issue.path.rpartition("/")[2], issue.line, issue.rule) for issue in _issues(folder)}
    assert {
        ("alpha.yaml", 2, "schema"),
        ("beta.yaml", 2, "schema"),
        ("gamma.yaml", 1, "reference"),
        ("delta.yaml", 1, "schema"),
        ("omega.yaml", 1, "duplicate"),
    } <= found


def test_paths_narrow_down_what_is_shown(write: Write) -> None:
    write("chat/alpha.yaml", FILE.replace("alpha.test]", "nothing.test]"))
    folder = write("code/beta.yaml", FILE.replace("alpha.test", "beta.test"))
    (folder / "blind-spots.yaml").write_text(
        "- {id: d, name: D, kind: vpn, domains: [www.beta.test], references: ['https://example.com']}\n"
    )
    names = ("match", "category", "overlap")

    def shown(*paths: Path) -> list[str]:
        found = {issue.rule for issue in lint_paths(paths, folder, TODAY).issues}
        return [name for name in names if name in found]

    assert shown() == ["match", "category", "overlap"]
    assert shown(folder) == ["match", "category", "overlap"]
    assert shown(folder / "chat") == ["match"]
    assert shown(folder / "code" / "beta.yaml") == ["category"]
    assert shown(folder / "chat", folder / "code") == ["match", "category"]
    assert shown(folder / "blind-spots.yaml") == []
    with pytest.raises(UsageError, match="neither a file nor a folder"):
        shown(folder / "none")


def test_an_overlay_is_checked_as_laid_over_the_database(write: Write, tmp_path: Path) -> None:
    folder = write("chat/alpha.yaml")
    overlay = tmp_path / "own"
    (overlay / "chat").mkdir(parents=True)
    own = overlay / "chat" / "gamma.yaml"
    own.write_text(service_text("kind: host, value: www.alpha.test, role: api", match="y.test").replace("V", "W"))
    for path in (overlay, overlay / "chat", own):
        done = lint_paths([path], folder, TODAY)
        assert (done.services, {issue.rule for issue in done.issues}) == (1, {"match", "swallow"})
    assert lint_paths([overlay, folder], folder, TODAY).services == 2


def test_a_whole_database_elsewhere_stands_for_itself(write: Write) -> None:
    folder = write("chat/alpha.yaml")
    done = lint_paths([folder], resources.signatures(), TODAY)
    assert done == (1, 1, [])


def test_a_file_that_changes_meanwhile_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "alpha.yaml"
    problem = Problem(path, 3, ("indicators", 0, "value"), "wrong")
    for text in (None, "[", "[]", "indicators: 5", "indicators: []", "indicators: [5]"):
        if text:
            path.write_text(text)
        assert [(issue.line, issue.rule) for issue in schema_holds([problem])] == [(3, "schema")]
    subject = Subject(read_files(), TODAY)
    assert subject.line(tmp_path / "gone.yaml", "name") == 1


@pytest.mark.parametrize(("kind", "value"), [(None, "A"), ("domain", 5), ("user-agent", "Mozilla/5.0"), (["x"], "B")])
def test_what_is_no_host_is_not_spelt(kind: object, value: object) -> None:
    assert misspellings(kind, value) == []


def test_a_broken_international_label_is_told() -> None:
    assert [one.rule for one in misspellings("domain", "xn--a.test")] == ["idn"]
    assert [one.rule for one in misspellings("domain", "xn--abc-.test")] == ["idn"]
    assert [one.rule for one in misspellings("domain", "xn--\u0661.test")] == ["idn"]
