"""The canonical form: the same service, written in one way only."""

from __future__ import annotations

import stat
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.signature_folders import FILE

from shadowai import resources
from shadowai.errors import SignatureError
from shadowai.signatures.canonical import WIDTH, _scalar, canonical_text, rewrite, write_service
from shadowai.signatures.reading import read_one
from shadowai.signatures.schema import ServiceFile

if TYPE_CHECKING:
    from pathlib import Path

FORM = """name: N
vendor: V
summary: S
verified: 2026-01-01
references:
  - https://example.com/
indicators:
  - kind: domain
    value: alpha.test
    role: dedicated
examples:
  match: [alpha.test]
  no_match: [x.test]
"""


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "alpha.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_keys_stand_in_the_schemas_order_and_lists_in_lines(tmp_path: Path) -> None:
    assert canonical_text(_file(tmp_path, FILE)) == FORM
    upside_down = "".join(
        reversed(
            FILE.replace("indicators:\n  - {", "indicators: [{").replace("}\nex", "}]\nex").splitlines(keepends=True)
        )
    )
    assert canonical_text(_file(tmp_path, upside_down)) == FORM
    assert canonical_text(_file(tmp_path, FORM)) == FORM


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a plain text", "a plain text"),
        ("the vendor's own", "the vendor's own"),
        ("yes", '"yes"'),
        ("1.5", '"1.5"'),
        ("2026-01-01", '"2026-01-01"'),
        ("0x1F", '"0x1F"'),
        ("a: b", '"a: b"'),
        ("a #b", '"a #b"'),
        ('say "x"', '"say \\"x\\""'),
        ("back\\slash", '"back\\\\slash"'),
        ("bell\a", '"bell\\x07"'),
        ("line\u2028end", '"line\\u2028end"'),
        ("tag\U000e0001", '"tag\\U000e0001"'),
        ("Ein Buch über KI", "Ein Buch über KI"),
        ("- x", '"- x"'),
        ("null", '"null"'),
    ],
)
def test_texts_are_quoted_where_yaml_would_read_something_else(tmp_path: Path, value: str, written: str) -> None:
    path = _file(tmp_path, FORM)
    file = read_one(path).file.model_copy(update={"summary": value})
    path.write_text(write_service(file), encoding="utf-8")
    assert f"summary: {written}\n" in path.read_text(encoding="utf-8")
    assert read_one(path).file.summary == value


def test_what_is_no_text_is_written_as_yaml_has_it() -> None:
    values = (True, False, 5, date(2026, 1, 2), "2026-01-02")
    assert [_scalar(value) for value in values] == ["true", "false", "5", "2026-01-02", '"2026-01-02"']


def test_a_long_list_has_a_line_for_each(tmp_path: Path) -> None:
    hosts = [f"host-number-{number}.alpha.test" for number in range(10)]
    text = canonical_text(_file(tmp_path, FILE.replace("match: [alpha.test]", f"match: [{', '.join(hosts)}]", 1)))
    assert "  match:\n    - host-number-0.alpha.test\n" in text
    assert max(map(len, text.splitlines())) <= WIDTH


def test_comments_at_the_head_stay_and_others_are_refused(tmp_path: Path) -> None:
    head = "# Who looks after this: the red team\n# and nobody else\n"
    path = _file(tmp_path, head + FILE)
    assert canonical_text(path) == head + FORM
    for inside in (FILE.replace("vendor: V", "vendor: V  # really"), FILE + "# the end\n"):
        with pytest.raises(SignatureError, match="comment would be lost"):
            canonical_text(_file(tmp_path, inside))
    canonical_text(_file(tmp_path, FILE.replace("summary: S", 'summary: "S #1"')))


def test_what_breaks_the_schema_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match="kolor"):
        canonical_text(_file(tmp_path, FILE + "kolor: red\n"))


def test_a_file_is_rewritten_at_once_with_its_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _file(tmp_path, FILE)
    path.chmod(0o640)
    rewrite(path, FORM)
    assert path.read_text() == FORM
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        rewrite(path, "x")
    assert [one.name for one in tmp_path.iterdir()] == ["alpha.yaml"]


def test_every_shipped_file_stays_the_same_service(tmp_path: Path) -> None:
    for path in sorted(resources.signatures().glob("*/*.yaml"))[::10]:
        copy = tmp_path / path.name
        copy.write_text(canonical_text(path), encoding="utf-8")
        assert read_one(copy).file == read_one(path).file
        assert canonical_text(copy) == copy.read_text(encoding="utf-8")


_LINES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).filter(
    lambda text: text.strip() and "\n" not in text.strip()
)
_FILES = st.fixed_dictionaries(
    {
        "name": _LINES,
        "vendor": _LINES,
        "summary": _LINES,
        "verified": st.dates(),
        "references": st.lists(_LINES.map(lambda text: f"https://{text}".strip()), min_size=1, max_size=3),
        "indicators": st.lists(
            st.fixed_dictionaries(
                {"kind": st.just("domain"), "value": st.sampled_from(["a.test", "b.test"]), "role": st.just("api")},
                optional={"confidence": st.integers(0, 100), "note": _LINES},
            ),
            min_size=1,
            max_size=3,
        ),
        "examples": st.fixed_dictionaries(
            {"match": st.lists(_LINES, min_size=1, max_size=9), "no_match": st.lists(_LINES, min_size=1, max_size=2)}
        ),
    },
    optional={"country": st.sampled_from(["NO", "DE", "unknown"]), "retired": st.dates() | st.none()},
)


@settings(deadline=None)  # each writes and reads a file
@given(_FILES)
def test_any_service_comes_back_equal_and_stays_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, facts: Any
) -> None:  # whatever the schema takes
    file = ServiceFile.model_validate(facts)
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    text = write_service(file)
    path.write_text(text, encoding="utf-8", newline="\n")
    again = read_one(path).file
    assert again == file
    assert canonical_text(path) == text
    assert isinstance(again.verified, date)
