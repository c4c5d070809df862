from __future__ import annotations

from typing import TYPE_CHECKING

from support.signature_folders import service_text, signature_folder

from shadowai.overlaid import overlaid
from shadowai.rules import load_rules
from shadowai.signatures import load_database

if TYPE_CHECKING:
    from pathlib import Path


def _told(folder: Path, name: str, *indicators: str, match: str) -> tuple[str, ...]:
    put = signature_folder(folder / "base")
    put("chat/alpha.yaml", service_text("kind: domain, value: alpha.test, role: dedicated"))
    base = put("chat/beta.yaml", service_text("kind: host, value: b.test, role: dedicated", match="b.test"))
    (folder / "own" / "chat").mkdir(parents=True)
    (folder / "own" / "chat" / name).write_text(service_text(*indicators, match=match))
    return overlaid(load_database(base), load_database(base, [folder / "own"]))


def test_services_beside_the_database_need_no_words(tmp_path: Path) -> None:
    assert _told(tmp_path, "own.yaml", "kind: domain, value: own.test, role: dedicated", match="own.test") == ()


def test_a_name_that_means_another_service_now_is_told(tmp_path: Path) -> None:
    told = _told(tmp_path, "own.yaml", "kind: host, value: alpha.test, role: dedicated", match="alpha.test")
    assert told == ("signatures of your own take from services of the database: alpha.test from alpha (it is own now)",)


def test_a_service_that_is_replaced_is_told_with_the_names_that_mean_nothing_now(tmp_path: Path) -> None:
    told = _told(tmp_path, "alpha.yaml", "kind: domain, value: gamma.test, role: dedicated", match="gamma.test")
    assert told == (
        "signatures of your own replace what the database knows of alpha",
        "signatures of your own take from services of the database: alpha.test from alpha (it is nothing now)",
    )


def test_of_many_some_are_named(tmp_path: Path) -> None:
    (tmp_path / "chat").mkdir()
    names = sorted(one.indicator for one in load_database().indicators if one.kind == "domain")[:9]
    hosts = [f"kind: host, value: {name}, role: dedicated" for name in names]
    (tmp_path / "chat" / "own.yaml").write_text(service_text(*hosts, match=names[0]))
    (told,) = load_rules(None, None, tmp_path).notes
    assert told.endswith(" and 4 more")
    assert load_rules(None, None).notes == ()
