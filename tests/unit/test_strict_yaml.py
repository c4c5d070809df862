from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from shadowai import strict_yaml
from shadowai.errors import UsageError


def test_a_key_that_stands_twice_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("name: x\nsize: 1\nname: y\n")
    with pytest.raises(UsageError, match=r"a\.yaml:3: .*'name' stands twice"):
        strict_yaml.load(path)


@pytest.mark.parametrize("text", ["a: [1", "\x00", "a: !!python/object:os.system x", "? [1]\n: 2"])
def test_what_is_no_plain_yaml_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match="is not valid YAML"):
        strict_yaml.load(path)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_deep_nesting_is_an_error_not_a_crash(tmp_path: Path, opening: str) -> None:
    path = tmp_path / "deep.yaml"
    path.write_text(opening * 1_000_000)
    with pytest.raises(UsageError, match=r"deep\.yaml:1: .*nested more than 100 deep"):
        strict_yaml.load(path)


def test_mappings_can_be_merged_but_not_without_end(tmp_path: Path) -> None:
    path = tmp_path / "merged.yaml"
    path.write_text("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: {<<: [*a, {z: 4}]}\n")
    document = strict_yaml.load(path)
    assert document == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}, "c": {"x": 1, "y": 2, "z": 4}}
    levels = (f"m{n}: &m{n}\n  <<: [{', '.join([f'*m{n - 1}'] * 9)}]\n" for n in range(1, 12))
    path.write_text("m0: &m0 {a: 1}\n" + "".join(levels))  # nine to the power of eleven
    with pytest.raises(UsageError, match=r"merged\.yaml:\d+: is not valid YAML: merges more than 100,000 keys"):
        strict_yaml.load(path)
    path.write_text("a: &a {<<: *a}\n")
    with pytest.raises(UsageError, match="is not valid YAML"):
        strict_yaml.load(path)


@pytest.mark.skipif(not Path("/dev/zero").is_char_device(), reason="there are no such devices here")
def test_a_file_that_never_ends_is_refused() -> None:
    with pytest.raises(UsageError, match="larger than 8 MiB"):
        strict_yaml.load(Path("/dev/zero"))


def test_a_long_flat_file_is_fine_and_a_huge_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "long.yaml"
    path.write_text("- [1]\n" * 5_000)
    assert strict_yaml.load(path) == [[1]] * 5_000
    path.write_bytes(b"#" * (strict_yaml.MAX_SIZE + 1))
    with pytest.raises(UsageError, match="larger than 8 MiB"):
        strict_yaml.load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.yaml: cannot be read \(No such file or directory\); check"):
        strict_yaml.load(tmp_path / "none.yaml")


def test_every_place_has_its_line_and_one_that_is_missing_that_of_its_parent() -> None:
    root = yaml.compose("rows:\n  - name: a\n    size: 1\n  - name: b\n    size: big\n    extra: 1\n  - size: 2\n")
    places = (("rows", 1, "size"), ("rows", 1, "extra"), ("rows", 2, "name"), ("rows", 9), ())
    assert [strict_yaml.line_of(root, place) for place in places] == [5, 6, 7, 2, 1]
    assert strict_yaml.line_of(None, ("rows",)) == 1


def test_merge_keys_still_work(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("base: &b {x: 1}\nuse:\n  <<: *b\n  y: 2\n")
    assert strict_yaml.load(path) == {"base": {"x": 1}, "use": {"x": 1, "y": 2}}


@pytest.mark.parametrize("text", ["2026-13-01", "2026-02-30", "2026-00-10"])
def test_what_only_looks_like_a_date_stays_text(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"from: {text}\nuntil: 2026-01-02\n", encoding="utf-8")
    assert strict_yaml.load(path) == {"from": text, "until": date(2026, 1, 2)}


@pytest.mark.parametrize("content", ["a: 1\nb: Büro\n".encode("cp1252"), b"a: 1\nPK\x03\x04\n"])
def test_what_is_no_text_in_utf_8_is_told_in_one_line_with_its_own(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.yaml").write_bytes(content)
    with pytest.raises(UsageError) as caught:
        strict_yaml.load(tmp_path / "a.yaml")
    assert str(caught.value) == f"{tmp_path}/a.yaml:2: is not valid YAML: it is not text in UTF-8; save it as UTF-8"
