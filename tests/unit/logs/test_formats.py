"""Every format on the lines of samples/<format>.yaml, whose expected values were read off the lines by hand.

A sample holds the `lines` of a file, of each observation in them the fields that are checked (`observations`), and
`rejects`: lines of the same product or a neighbour that must give no observation (audit and system records).
"""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from shadowai.logs import Reader, load_formats, read_blocks, recognise
from shadowai.logs.recognise import GENERIC
from shadowai.logs.schema import FIELD_ORDER
from shadowai.model import SECOND, Observation, Skip, Tally


def at(text: str) -> int:
    """Nanoseconds of an RFC 3339 time."""
    moment = datetime.fromisoformat(text)
    return int(moment.timestamp()) * SECOND + moment.microsecond * 1000


REFERENCE = at("2026-02-01T00:00:00+00:00")


def load_samples() -> dict[str, dict[str, list[Any]]]:
    """Load the samples by format, with times as nanoseconds."""
    documents = {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted((Path(__file__).parent / "samples").glob("*.yaml"))
    }
    for document in documents.values():
        for wanted in document["observations"]:
            if isinstance(wanted.get("time"), str):
                wanted["time"] = at(wanted["time"])
    return documents


def text_of(lines: list[str]) -> str:
    return "".join(line + "\n" for line in lines)


DOCUMENTS = load_samples()
SAMPLES: dict[str, tuple[str, list[dict[str, object]]]] = {
    name: (text_of(document["lines"]), document["observations"]) for name, document in DOCUMENTS.items()
}
REJECTS = {name: document["rejects"] for name, document in DOCUMENTS.items() if "rejects" in document}


def read(name: str, text: str | bytes) -> tuple[list[Observation], Tally]:
    data = text.encode() if isinstance(text, str) else text
    tally = Tally()
    reader = Reader(load_formats()[name], name="x.log", reference_time=REFERENCE)
    return list(read_blocks([(0, data)], reader, tally, None)), tally


def test_every_format_has_a_sample() -> None:
    assert set(SAMPLES) == set(load_formats())


@pytest.mark.parametrize("name", SAMPLES)
def test_reads_the_fields(name: str) -> None:
    text, expected = SAMPLES[name]
    found, tally = read(name, text)
    assert tally.broken == 0, tally
    assert [
        {key: getattr(seen, key) for key in wanted} for seen, wanted in zip(found, expected, strict=True)
    ] == expected
    assert {seen.dataset for seen in found} == {name}
    assert tally.records == tally.parsed + sum(tally.skipped.values())


@pytest.mark.parametrize("name", REJECTS)
def test_audit_and_system_records_are_no_use(name: str) -> None:
    found, tally = read(name, text_of([str(line) for line in REJECTS[name]]))
    assert found == []
    assert tally.records == sum(tally.skipped.values())


@pytest.mark.parametrize("name", SAMPLES)
def test_offsets_are_where_the_record_begins(name: str) -> None:
    data = SAMPLES[name][0].encode()
    for seen in read(name, data)[0]:
        assert seen.offset == 0 or data[seen.offset - 1 : seen.offset] == b"\n"


@pytest.mark.parametrize("name", SAMPLES)
def test_is_recognised_as_itself_only(name: str) -> None:
    text = SAMPLES[name][0]
    for data in (text, text.rstrip("\n"), text.replace("\n", "\r\n"), "\ufeff" + text):
        found = recognise(data.encode())
        assert found is not None
        assert found.id == name


@pytest.mark.parametrize("name", SAMPLES)
def test_formats_do_not_steal_each_others_files(name: str) -> None:
    lines = SAMPLES[name][0].encode().split(b"\n")
    related = name.partition("-")[0]
    for other, fmt in load_formats().items():
        if other.partition("-")[0] != related and fmt.priority < GENERIC:
            # A reader without a header keeps nothing of the lines that it has read.
            reader = READERS[other] if fmt.header == "none" else Reader(fmt, name="x.log")
            assert not any(isinstance(reader.parse(line, 0), Observation) for line in lines), other


READERS = {other: Reader(fmt, name="x.log") for other, fmt in load_formats().items() if fmt.header == "none"}


@pytest.mark.parametrize("name", SAMPLES)
def test_line_ends_and_marks_change_nothing(name: str) -> None:
    text = SAMPLES[name][0]
    plain = [dict_of(seen) for seen in read(name, text)[0]]
    assert [dict_of(seen) for seen in read(name, text.replace("\n", "\r\n"))[0]] == plain
    assert [dict_of(seen) for seen in read(name, "\ufeff" + text)[0]] == plain


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["windows-dns", "w3c", "zscaler-csv", "squid", "zeek-ssl"])
def test_utf16_is_read(name: str, encoding: str) -> None:
    text = SAMPLES[name][0]
    data = ("\ufeff" + text.replace("\n", "\r\n")).encode(encoding)
    plain = [dict_of(seen) for seen in read(name, text)[0]]
    found = recognise(data)
    assert found is not None
    assert found.id == name
    seen, tally = read(name, data)
    assert [dict_of(one) for one in seen] == plain
    assert tally.broken == 0
    for one in seen:
        assert data[one.offset : one.offset + 40].decode(encoding, "replace").strip()


def dict_of(seen: Observation) -> dict[str, object]:
    return {name: getattr(seen, name) for name in seen.__slots__ if name != "offset"}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_matrix_of_fields_is_true(name: str) -> None:
    # Each field that `shadowai formats` claims is filled by an observation of the sample, and no other is.
    seen = read(name, SAMPLES[name][0])[0]
    filled = {field for field in FIELD_ORDER if any(getattr(one, field) is not None for one in seen)}
    claimed = set(load_formats()[name].fields)
    assert claimed - filled == set(), "claimed, but the sample does not show it"
    assert filled - claimed - {"destination_port"} == set()  # which a URL may bring along


@pytest.mark.parametrize("name", SAMPLES)
def test_a_cut_line_is_never_read_as_another_host(name: str) -> None:
    # A log that is being written ends in the middle of a line: what is read must be a host of the sample, or none.
    text = SAMPLES[name][0]
    hosts = {seen.host for seen in read(name, text)[0]}
    whole = text.encode()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    for end in range(last, len(whole)):
        for seen in read(name, whole[:end])[0]:
            # Where nothing marks the end of a value, a name that was cut cannot be told from a shorter one.
            assert seen.host in hosts or any(str(host).startswith(str(seen.host)) for host in hosts), whole[last:end]


def test_skips_are_no_damage() -> None:
    for name, (text, _) in SAMPLES.items():
        for line in text.encode().split(b"\n"):
            result = Reader(load_formats()[name], name="x").parse(line, 0)
            assert isinstance(result, Observation | Skip)
