from collections.abc import Callable

import pytest

ABSENT = "no-such-program-anywhere"
Golden = Callable[[str, bytes | str], None]


def test_a_missing_program_skips(require: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHADOWAI_REQUIRE", raising=False)
    with pytest.raises(pytest.skip.Exception):
        require(ABSENT)


def test_a_missing_program_that_is_required_fails(
    require: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHADOWAI_REQUIRE", f"tshark, {ABSENT}")
    with pytest.raises(pytest.fail.Exception, match=ABSENT):
        require(ABSENT)


def test_a_program_that_is_there_gives_its_path(require: Callable[[str], str]) -> None:
    assert require("sh").endswith("/sh")


def test_a_missing_golden_file_says_how_to_make_it(golden: Golden, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        pytest.skip("golden files are being written")
    with pytest.raises(AssertionError, match="--update-golden"):
        golden("no-such-file.txt", "x")
