"""Sentences of the document in other languages: all that the program writes are known, their figures are read back."""

from __future__ import annotations

import ast
import gzip
import itertools
import re
import time
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING

import openpyxl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support.hostile import ATTACKS, Page, replaced
from support.marked import MARKED, SHOWN, greek, outside, without_laws

from shadowai import resources
from shadowai.activity import blind_spots, candidates, change, uses
from shadowai.activity.risk import Exposure, department_score, person_score, scored
from shadowai.captures.counting import REASONS
from shadowai.inputs import ReadOptions
from shadowai.logs import REMEDIES, load_formats
from shadowai.model import Status, Use
from shadowai.policy.risk import DEFAULT_WEIGHTS, TRUSTED, assess_service
from shadowai.reports import phrase_book
from shadowai.reports.html import _quoted, pages
from shadowai.reports.language import speaking
from shadowai.reports.languages import language
from shadowai.reports.look import Look
from shadowai.reports.markdown import summary_markdown
from shadowai.reports.phrases import LONGEST, phrase, worded, worded_all, worded_rule
from shadowai.reports.scores import score_view
from shadowai.reports.xlsx import write_workbook
from shadowai.result import Score, ScorePart
from shadowai.rules import load_rules
from shadowai.scan import ScanOptions, scan
from shadowai.verdicts import Sensitivity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shadowai.result import Result

CODE = Path(str(resources.__file__)).parent
BY_PROGRAM = frozenset(
    ("risk_reasons", "says", "missing", "reasons", "detail", "use_reasons", "account_reasons", "recognition", "error")
) | {"warnings", "skipped", "what", "whom", "category_name", "notes"}
"""Fields of the document whose texts the program writes; the others hold what other people named."""
ADD = "shadowai/reports/phrase_book.py takes it in, pytest --update-golden brings it into the catalogues"


def unknown(told: Iterable[str]) -> set[str]:
    with speaking(MARKED):
        return {one for one in told if phrase(one) is None}


def said(code: str, told: str) -> str:
    with speaking(language(code)):
        return worded(told)


def exposures() -> Iterator[Exposure]:
    some = itertools.product(Status, (None, 0, 1_000_000, 10_000_000, 100_000_000), ((), (Use.API,), (Use.AGENT,)))
    for at, (status, sent, kinds) in enumerate(some):
        for people, heads, risk, sensitivity in ((1, 9, None, Sensitivity.LOW), (3, 4, 7.5, Sensitivity.HIGH),
                                                 (1200, None, 5.0, Sensitivity.NORMAL)):  # fmt: skip
            yield Exposure(status, at % 2 == 0, people, sent, risk, kinds, at % 3 == 0, heads, sensitivity)


def test_every_part_of_every_score_is_known() -> None:
    scores = [scored(one) for one in exposures()]
    some = scores[0]
    scores += [department_score(None, None, None), department_score(some, 0.29, 0.4), department_score(some, 1.0, 61.5)]
    scores += [person_score(40, 0), person_score(40, 3)]
    parts = [part for score in scores for part in score.parts]
    assert unknown(part.says for part in parts) == set(), ADD
    assert unknown(part.name for part in parts) == set(), ADD


def test_every_fact_of_every_service_is_known() -> None:
    rules = load_rules(None, None)
    parts = [part for one in rules.facts.values() for part in assess_service(one, DEFAULT_WEIGHTS, TRUSTED).parts]
    assert len(parts) > 9000
    assert unknown(part.says for part in parts) == set(), ADD
    score = score_view(Score(points=1, of=10, parts=tuple(parts), missing=tuple(DEFAULT_WEIGHTS)))
    assert score is not None
    assert not any("_" in row.name for row in score.parts)
    assert "_" not in score.missing


def test_every_reason_of_kinds_accounts_candidates_and_blind_spots_is_known() -> None:
    told = [f"{use}: {why}" for use, why in uses.REASONS.items()]
    told += [f"{account}: {why}" for account, why in uses.ACCOUNT_REASONS.items()]
    told += [says for _, _, says in candidates._PEOPLE]
    told += ["under .ai", "has the word gpt", "its name begins with api", "1 MB or more was sent there"]
    told += ["seen on 12 days", *blind_spots._DETAILS.values(), *texts_in("activity/blind_spots.py", "_nameless")]
    told += texts_in("activity/blind_spots.py", "_unparsed")
    names = {name for _, name in blind_spots._HIDDEN.values()}
    told += names - {"DNS over TLS", "DNS over QUIC", "WireGuard", "OpenVPN", "IPsec", "Tor"}  # named so everywhere
    assert unknown(told) == set(), ADD


def texts_in(file: str, function: str) -> list[str]:
    """Give the sentences and titles that stand in a function."""
    tree = ast.parse((CODE / file).read_text(encoding="utf-8"))
    body = next(one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and one.name == function)
    found = [one.value for one in ast.walk(body) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return [one for one in found if " " in one]


def test_every_sentence_about_a_change_is_known() -> None:
    told = [change._sentence("ChatGPT", kind, "use") for kind in change._SENTENCES]
    told += [change._sentence("Le Chat", kind, "coverage") for kind in change._SENTENCES]
    told += [change._sentence("ChatGPT", "new", "signatures"), *texts_in("activity/change.py", "_notes"), *change.KINDS]
    assert unknown(told) == set(), ADD


def test_every_category_and_every_reason_to_set_a_record_aside_is_known() -> None:
    listed = yaml.safe_load((resources.signatures() / "categories.yaml").read_text(encoding="utf-8"))
    assert unknown(one["name"] for one in listed.values()) == set(), ADD
    reasons = {rule.reason for one in load_formats().values() for rule in one.ignore}
    assert unknown({*reasons, *REASONS.values(), *REMEDIES, *REMEDIES.values()}) == set(), ADD
    files = [*(CODE / "captures").glob("*.py"), *(CODE / "logs").glob("*.py")]
    given_ = {text for file in files for text in skips(ast.parse(file.read_text(encoding="utf-8")))}
    assert {"bad-time", "truncated"} <= given_
    assert unknown(given_) == set(), ADD


def skips(tree: ast.Module) -> Iterator[str]:
    """Give the reasons that stand in calls of `Skip`."""
    for call in (one for one in ast.walk(tree) if isinstance(one, ast.Call)):
        if isinstance(call.func, ast.Name) and call.func.id == "Skip" and call.args:
            found = ast.walk(call.args[0])
            yield from (one.value for one in found if isinstance(one, ast.Constant) and isinstance(one.value, str))


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Give the result of a real scan: the shipped samples, and inputs that cannot be read, or not wholly."""
    folder = tmp_path_factory.mktemp("inputs")
    samples = resources.samples()
    (folder / "empty.log").touch()
    (folder / "words.txt").write_text("nothing that is a log\n" * 9, encoding="utf-8")
    (folder / "cut.pcap").write_bytes((samples / "branch.pcap").read_bytes()[:5000])
    (folder / "short.log.gz").write_bytes(gzip.compress(b"1763370001.5 1 10.0.0.1 TCP_MISS/200 5\n" * 900)[:60])
    (folder / "copy.pcap").write_bytes((folder / "cut.pcap").read_bytes())
    squid = gzip.decompress((samples / "squid-access.log.gz").read_bytes())
    (folder / "torn.log").write_bytes(squid + b"9999999999999999999.1 torn chatgpt.com record\n" * 3)
    (folder / "policy.yaml").write_text(
        "default: unsanctioned\nrules:\n"
        "  - {status: tolerated, categories: [chat], kinds: [chat, code], until: 2026-12-31}\n"
        "  - {status: prohibited, risk: 6, people: [anna], accounts: [personal], owner: a@b.example, reason: x}\n",
        encoding="utf-8",
    )
    logs = [samples / name for name in ("squid-access.log.gz", "zscaler-web.csv", "office.pcapng", "bind-queries.log")]
    paths = [*logs, folder / "missing.log", *sorted(one for one in folder.glob("*.*") if one.suffix != ".yaml")]
    read = ReadOptions([str(path) for path in paths])
    return scan(ScanOptions(read=read, directory=samples, policy=folder / "policy.yaml"))


def shown(scanned: Result) -> Result:
    return replaced(scanned, lambda name, told: told if name in BY_PROGRAM else greek(name, told))


def test_no_sentence_of_a_scan_goes_past_the_catalogues(scanned: Result) -> None:
    assert sum(1 for one in scanned.sources if one.error) >= 4
    for page in pages(shown(scanned), Look(MARKED)):
        seen = Page(re.sub(r"<code>.*?</code>", "", page.html))
        told = seen.text if page.path != "evidence.html" else without_laws(seen.text)
        texts = [told, *(value for name, value in seen.attributes() if name in SHOWN)]
        assert [words for text in texts for words in outside(text)] == [], page.path


def test_no_sentence_of_a_scan_is_english_in_a_workbook_or_a_ticket(scanned: Result, tmp_path: Path) -> None:
    result = shown(scanned)
    assert list(outside(summary_markdown(result, Look(MARKED)).replace("`result.json`", ""))) == []
    write_workbook(result, tmp_path / "report.xlsx", Look(MARKED))
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows(values_only=True) for cell in row]
    assert [words for cell in cells if isinstance(cell, str) for words in outside(cell)] == []


@pytest.mark.parametrize(
    ("told", "german", "french"),
    [
        ("the service's own risk is 4.5 of 10", "das Risiko des Dienstes selbst ist 4,5 von 10",
         "le risque du service lui-m\u00eame est de 4,5 sur 10"),
        ("29% of the people use what is not approved", "29\u00a0% der Personen nutzen nicht Freigegebenes",
         "29\u00a0% des personnes utilisent des services non approuv\u00e9s"),
        ("Not approved", "Nicht freigegeben", "Non approuv\u00e9"),
        ("line 512: bad-time (first of 1204, byte 90)",
         "Zeile 512: mit ung\u00fcltiger Zeit (erste von 1.204, Byte 90)",
         "ligne 512\u00a0: \u00e0 heure invalide (premi\u00e8re de 1\u202f204, octet 90)"),
        ("100% of 200 lines; next bind-responses 99%", "100\u00a0% von 200 Zeilen; danach bind-responses 99\u00a0%",
         "100\u00a0% de 200 lignes\u202f; ensuite bind-responses 99\u00a0%"),
        ("cannot be read: Permission denied", "kann nicht gelesen werden: Permission denied",
         "ne peut pas \u00eatre lu\u00a0: Permission denied"),
        ("Public texts only", "Public texts only", "Public texts only"),
    ],
)  # fmt: skip
def test_sentences_are_said_with_their_figures(told: str, german: str, french: str) -> None:
    assert (said("en", told), said("de", told), said("fr", told)) == (told, german, french)


def test_whether_a_sentence_is_known_is_told() -> None:
    with speaking(language("de")):
        assert (phrase("not approved"), phrase("nobody wrote this")) == ("nicht freigegeben", None)
        assert worded_all("has the word gpt; seen on 2 days") == "hat das Wort gpt; an 2 Tagen gesehen"
        assert worded_all("odd; seen on 2 days") == "odd; seen on 2 days"
        assert worded_all("the compressed data ends too early; the file is truncated").startswith("die komprimierten")
    assert phrase("nobody wrote this") == "nobody wrote this"  # English stays as it is


@pytest.mark.parametrize(
    ("told", "german"),
    [
        ("category meetings, country CN", "Kategorie meetings, Land CN"),
        ("categories chat, search and 4 more, risk of 6.5 or more",
         "Kategorien chat, search und 4 weitere, Risiko von 6,5 oder mehr"),
        ("every service", "jeder Dienst"),
        ("everyone account personal", "alle, Konto: privat"),
        ("2 named people, departments R&D, Legal accounts signed-out, work kinds chat, upload",
         "2 genannte Personen, Abteilungen R&D, Legal, Konten: nicht angemeldet, work, Arten: Chat, Hochladen"),
        ("group Board kind agent", "Gruppe Board, Art: Agent"),
        ("what a later version writes", "what a later version writes"),
        ("", ""),
    ],
)  # fmt: skip
def test_rules_are_said_clause_by_clause(told: str, german: str) -> None:
    assert worded_rule(told) == told
    with speaking(language("de")):
        assert worded_rule(told) == german


WORDS = st.text("abc /.-", min_size=1, max_size=12).map(str.strip).filter(bool)
VALUES = {"number": "1,204", "whole": "7", "percent": "12%", "next": "3%", "reason": "bad-time"}


@pytest.mark.parametrize("code", ["de", "fr"])
@given(data=st.data())
def test_every_message_is_found_again_with_its_values(code: str, data: st.DataObject) -> None:
    message = data.draw(st.sampled_from(phrase_book.MESSAGES))
    places = [name for _, name, _, _ in Formatter().parse(message) if name]
    values = {name: VALUES.get(name) or data.draw(WORDS) for name in places}
    told = message.format(**values)
    with speaking(language(code)):
        again = phrase(told)
    assert again is not None
    assert all(value in again for name, value in values.items() if name not in VALUES)


@given(told=st.text(max_size=300))
def test_no_text_breaks_the_phrase_book(told: str) -> None:
    with speaking(language("fr")):
        assert isinstance(worded(told), str)
        assert isinstance(worded_all(told), str)
        assert isinstance(worded_rule(told), str)


def test_a_hostile_text_costs_no_time() -> None:
    worst = (": employee number ", " belongs to , to ", ": ", "category a, ", "1", " and 1 more", "a; ", ": and 1 more")
    started = time.process_time()
    with speaking(language("de")):
        for one in worst:
            worded((one * LONGEST)[:LONGEST])
            worded_all(one * 2000)
            worded_rule(one * 2000)
    assert time.process_time() - started < 3


def test_sentences_that_nobody_knows_are_marked_as_english(scanned: Result) -> None:
    odd = scanned.model_copy(update={"warnings": ("policy.yaml:3: <b>brand new words</b>",)})
    html = next(iter(pages(odd, Look(language("de"))))).html
    assert '<html lang="de">' in html
    assert '<li><span lang="en">policy.yaml:3: &lt;b&gt;brand new words&lt;/b&gt;</span></li>' in html
    assert "<li>Verschl" not in html
    part = ScorePart(name="odd name", points=1, of=2, says="odd words")
    view = score_view(Score(points=1, of=2, parts=(part,)))
    assert view is not None
    assert (view.parts[0].name, view.parts[0].says) == ("Odd name", "odd words")


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_hostile_in_a_sentence_stays_text_in_its_translation(attack: str) -> None:
    with speaking(language("de")):
        for told in (attack, f"cannot be read: {attack}", f"has the word {attack}"):
            html = str(_quoted(told))
            assert Page(html).text == worded(told)
            assert [name for name, _ in Page(html).tags] in ([], ["span"])
