"""Thousands of names that are no AI service: none may match as use, and hardly any be listed as a candidate."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from shadowai.signatures import Matcher, load_database, look_up
from shadowai.signatures.kinds import PLACEHOLDER, IndicatorKind
from shadowai.signatures.lint.width import PROVING

CORPUS = Path(__file__).resolve().parents[2] / "data" / "benign.txt"
LOOK_ALIKES = "look-alikes"  # phishers' names may well be listed as candidates: that is what candidates are for


class Name(NamedTuple):
    """One line of the corpus: the section it stands in, the name, and what is said to be known of it."""

    section: str
    host: str
    known: str


def _corpus() -> list[Name]:
    names: list[Name] = []
    section = ""
    for line in CORPUS.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            section = line.removeprefix("# ")
        elif line:
            host, _, known = line.partition(" ")
            names.append(Name(section, host, known))
    return names


NAMES = _corpus()


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(load_database())


def test_the_corpus_is_large_and_names_nothing_twice() -> None:
    hosts = [name.host for name in NAMES]
    assert len(hosts) >= 2000
    assert len(set(hosts)) == len(hosts)


def test_none_of_them_matches_as_use_and_other_matches_are_listed(matcher: Matcher) -> None:
    wrong = []
    for name in NAMES:
        answer = look_up(matcher, name.host)
        assert answer.valid, name.host
        found = f"{answer.match.role} {answer.match.service}" if answer.match else ""
        listed = name.known if name.known != "candidate" else ""
        if found != listed or (answer.match and answer.match.role in PROVING):
            wrong.append(
                f"{name.host}: {found or 'nothing'} by {answer.match and answer.match.indicator}, not {listed}"
            )
    assert wrong == [], "a signature is too wide; or, in a role that proves nothing, say so in the corpus"


def test_hardly_any_is_a_candidate(matcher: Matcher) -> None:
    unknown = (name.host for name in NAMES if LOOK_ALIKES not in name.section and not look_up(matcher, name.host).match)
    found = {host for host in unknown if matcher.candidate(host)}
    assert found == {name.host for name in NAMES if name.known == "candidate"}


def test_no_name_matches_by_its_end_or_its_beginning(matcher: Matcher) -> None:
    kinds = (IndicatorKind.DOMAIN, IndicatorKind.HOST, IndicatorKind.PATTERN)
    for indicator in load_database().indicators:
        if indicator.kind not in kinds:
            continue
        name = PLACEHOLDER.sub("x1", indicator.indicator)
        first, _, rest = name.partition(".")
        for decoy in (
            f"{name}.evil.example",
            f"{name}x",
            f"{name.replace('.', '-')}.example",
            f"{first}.{rest}.invalid",
        ):
            match = matcher.match(decoy)
            assert match is None, (decoy, match)
        if indicator.kind is not IndicatorKind.PATTERN:  # whose first part may vary
            match = matcher.match(f"not{name}")
            assert match is None or match.indicator != indicator.indicator, name
