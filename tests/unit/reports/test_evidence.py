import re
from pathlib import Path

import pytest
import yaml
from support.report_world import large, world
from support.results import EXAMPLES

from shadowai import resources
from shadowai.countries import EEA
from shadowai.errors import UsageError
from shadowai.reports.duties import FILE, duties, messages
from shadowai.reports.evidence_page import MAX_FULL, MAX_ROWS, evidence_page
from shadowai.reports.findings import findings, keys
from shadowai.reports.html import render_evidence
from shadowai.reports.relatives import Links
from shadowai.result import AccountCounts, Result, StatusCounts, UseCounts

REFERENCES = {
    "eu-ai-act": r"Article \d+(\(\d+\))?",
    "nist-ai-rmf": r"(GOVERN|MAP|MEASURE|MANAGE) \d\.\d+",
    "iso-42001": r"A\.\d+(\.\d+){1,2} [A-Z].+",
    "gdpr": r"Articles? \d+(\(\d+\))?(\([a-z]\))?( to \d+)?",
    "hipaa": r"45 CFR 164\.\d+[^ ]*((, | and | to )164\.\d+[^ ]*)*",
}
# What no page may claim: whether a duty is met is for others to say.
CLAIMS = re.compile(
    r"\b(non-?)?complian(t|ce with)|\bcomplies\b|\bviolat|\bbreaches of (the )?(act|gdpr|hipaa)|\billegal"
)


def by_key(document: Result) -> dict[str, str]:
    return {one.key: one.extent for one in findings(document)}


def test_the_mapping_covers_every_finding_and_nothing_else() -> None:
    assert tuple(duties().findings) == keys()
    assert all(duties().findings.values())


def test_every_duty_has_a_reference_of_its_kind() -> None:
    rows = [duty for found in duties().findings.values() for duty in found]
    assert {duty.framework for duty in rows} == set(duties().frameworks)
    for duty in rows:
        assert re.fullmatch(REFERENCES[duty.framework], duty.reference), duty.reference


def test_no_finding_names_one_duty_twice() -> None:
    for found in duties().findings.values():
        named = [(duty.framework, duty.reference) for duty in found]
        assert len(set(named)) == len(named)


def test_nothing_claims_that_a_duty_is_met_or_broken() -> None:
    for text in (*messages(), render_evidence(world())):
        assert not CLAIMS.search(text.lower()), text[:200]


def test_messages_are_all_that_a_page_translates() -> None:
    text = (resources.templates() / FILE).read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    wanted = {one["about"] for one in data["frameworks"].values()}
    wanted |= {duty[name] for found in data["findings"].values() for duty in found for name in ("duty", "touches")}
    assert set(messages()) == wanted


def test_the_findings_of_the_world_are_its_figures() -> None:
    found = by_key(world())
    assert tuple(found) == keys()
    assert found["use"] == "135 people used 16 services in 2,138 sessions."
    assert found["unsanctioned"] == "45 people, 486 sessions; data sent: at least 1.3 GB."
    assert found["prohibited"] == "11 sessions got through, 96 requests were blocked."
    assert found["undecided"] == "7 services without a rule, 2 under review."
    assert found["personal-accounts"] == "107 sessions with a personal account."
    assert found["third-countries"] == "US: 13 services, CN: 1 service and SG: 1 service."
    assert found["sensitive"].startswith("19 people there")
    assert found["exceptions"] == "1 ended, 1 soon."
    assert found["candidates"] == "2 hosts: api.brightquill-ai.example and llm-gateway.partner.example."


def test_where_and_what_are_told() -> None:
    found = {one.key: one for one in findings(world())}
    assert (found["prohibited"].places, found["prohibited"].services) == (
        "Customer Service and Research",
        "DeepSeek and Manus",
    )
    assert found["unseen"].places == "Customer Service, Logistics and Research"
    assert "logs/squid-access.log.1.gz" in found["unseen"].extent


def test_a_quiet_document_has_no_finding_about_use() -> None:
    assert by_key(EXAMPLES["empty"]()) == {}
    assert set(by_key(EXAMPLES["quiet"]())) == {"unseen"}
    assert evidence_page(EXAMPLES["empty"]()).findings == ()


def test_one_sanctioned_service_is_still_in_the_inventory() -> None:
    assert set(by_key(EXAMPLES["one"]())) == {"use", "third-countries"}


def test_a_vendor_at_home_is_no_transfer() -> None:
    assert {"DE", "FR", "NO"} <= set(EEA)
    assert len(set(EEA)) == 30
    document = world()
    legal = next(one for one in document.departments if one.name == "Legal")
    home = legal.model_copy(update={"services": tuple(use for use in legal.services if use.country == "DE")})
    assert "third-countries" not in by_key(document.model_copy(update={"departments": (home,)}))
    lost = home.model_copy(update={"services": (home.services[0].model_copy(update={"country": ""}),)})
    assert by_key(document.model_copy(update={"departments": (lost,)}))["third-countries"] == "unknown: 1 service."


def test_without_counts_of_sessions_the_row_counts() -> None:
    document = world()
    plain = [
        one.model_copy(update={"services": tuple(
            use.model_copy(update={"statuses": StatusCounts(), "account": AccountCounts(), "uses": UseCounts()})
            for use in one.services)})
        for one in document.departments
    ]  # fmt: skip
    found = by_key(document.model_copy(update={"departments": tuple(plain), "candidates": (), "blind_spots": ()}))
    assert found["prohibited"] == "11 sessions got through, 96 requests were blocked."
    assert not {"personal-accounts", "uploads", "agents", "candidates"} & set(found)
    assert found["unseen"].startswith("2 inputs are missing")


def test_hiding_places_without_a_department_are_everywhere() -> None:
    document = world()
    spots = tuple(one.model_copy(update={"departments": ()}) for one in document.blind_spots)
    good = tuple(one for one in document.sources if not one.error and not one.silent)
    found = findings(document.model_copy(update={"blind_spots": spots, "sources": good}))
    unseen = next(one for one in found if one.key == "unseen")
    assert unseen.places == "everywhere"
    assert unseen.extent.startswith("Blind spots: ")


def test_the_register_lists_every_service_in_use_with_its_rules() -> None:
    page = evidence_page(world(), Links("index.html"))
    assert page.index == "index.html"
    assert len(page.register) == 16
    rules = {row.name: row.rules for row in page.register}
    assert rules["DeepSeek"] == "5"
    assert rules["ChatGPT"] == "no rule"
    assert [row.span for row in page.rules] == [
        "1 January 2026 \u2013 31 December 2026".replace(" 2026 \u2013", " \u2013"), "until 20 December 2026",
        "from 1 November 2026", "until 15 November 2026", "without end",
    ]  # fmt: skip
    assert page.default is not None
    assert page.default.name == "unsanctioned"


def test_a_large_register_is_cut_and_counted() -> None:
    page = evidence_page(large(departments=2, people=200, services=MAX_ROWS + 30))
    assert (len(page.register), len(page.brief_register), page.more_register) == (MAX_FULL, MAX_ROWS - MAX_FULL, 30)
    silent = evidence_page(world().model_copy(update={"policy": None}))
    assert (silent.rules, silent.default) == ((), None)


def test_its_first_screen_says_how_bad_how_sure_and_what_to_do() -> None:
    answers = evidence_page(world()).answers
    assert [one.name for one in answers] == ["How bad", "How sure", "What to do first"]
    assert answers[0].text.startswith("6 services of high or critical risk")
    assert answers[2].text.startswith("Take each finding to whoever answers for its duties")
    assert evidence_page(EXAMPLES["empty"]()).answers == ()
    nothing = EXAMPLES["quiet"]().model_copy(update={"blind_spots": (), "candidates": ()})
    assert evidence_page(nothing).findings == ()
    assert evidence_page(nothing).answers[2].text == "Read what limits this evidence before you rely on it."


def test_each_framework_names_the_findings_that_touch_it() -> None:
    page = evidence_page(world())
    touched = {row.name: row.findings for row in page.frameworks}
    assert touched["HIPAA"] == "9 and 10"
    assert {row.findings for row in evidence_page(EXAMPLES["empty"]()).frameworks} == {"none"}


def test_a_house_may_bring_its_own_mapping(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(
        "frameworks: {house: {name: House rules, about: Ours, link: 'https://intranet.example/ai'}}\n"
        "findings: {use: [{framework: house, reference: '7', duty: Ask first, touches: Nobody asked}]}\n"
    )
    page = evidence_page(world(), own=tmp_path)
    assert [duty.framework for duty in page.findings[0].duties] == ["House rules"]
    assert page.findings[1].duties == ()
    assert evidence_page(world(), own=tmp_path / "none").findings[1].duties


@pytest.mark.parametrize(
    "content",
    [
        "frameworks: [",
        "frameworks: {}\nfindings: {use: [{framework: 'none', reference: a, duty: b, touches: c}]}",
        "frameworks: {a: {name: A, about: B, link: 'javascript:alert(1)'}}\nfindings: {}",
        "frameworks: {}\nfindings: {}\nmore: 1",
        "[" * 3000,
    ],
)
def test_a_broken_mapping_is_told_with_its_file(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(UsageError, match=re.escape(str(tmp_path / FILE))):
        duties(tmp_path)


def test_a_mapping_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="does not work"):
        duties(tmp_path)
