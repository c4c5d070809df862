"""CEF, LEEF, ECS and OCSF: what a reader of each gets back is what went in, whatever the texts hold."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
from support.report_world import world
from support.results import EXAMPLES

from shadowai.exports.activity import activity_records
from shadowai.exports.lines import FORMATS, MAX_LINES, Line, lines_of, pack, packages, unpack
from shadowai.exports.ocsf import ocsf_event
from shadowai.exports.record import Record, Severity, harmless, known, milliseconds, rfc3339
from shadowai.exports.records import KINDS, Frame, frame_of, records_of
from shadowai.logs.cef import read_cef, read_leef
from shadowai.model import Evidence, Kind, Observation, Status

if TYPE_CHECKING:
    from shadowai.result import Result

MADE = 1_700_000_000_000
HOSTILE = 'a|b=c\\d"e]f\n<script>\tg\u202eh\r\nCEF:0|x|y|z|1|n|9|cs1=\u2028\ud800 =HYPERLINK("x") %s {0} \x00\x1b[31m'


@cache
def records() -> tuple[Record, ...]:
    result = world()
    return tuple(records_of(result, frame_of(result, MADE)))


def hostile_world(text: str = HOSTILE) -> Result:
    """Give a document in which every text from outside is hostile."""
    result = world()
    departments = tuple(
        one.model_copy(
            update={
                "name": f"{one.name} {text}",
                "services": tuple(
                    use.model_copy(
                        update={"name": text, "vendor": text, "status_reason": text, "risk_reasons": (text,)}
                    )
                    for use in one.services
                ),
                "persons": tuple(person.model_copy(update={"label": text}) for person in one.persons),
            }
        )
        for one in result.departments
    )
    return result.model_copy(
        update={
            "departments": departments,
            "candidates": tuple(one.model_copy(update={"host": text, "reason": text}) for one in result.candidates),
            "blind_spots": tuple(one.model_copy(update={"name": text, "detail": text}) for one in result.blind_spots),
            "sources": tuple(one.model_copy(update={"path": text, "error": text}) for one in result.sources),
        }
    )


def observation(evidence: Evidence, **values: Any) -> dict[str, Any]:  # fields of all types
    base: dict[str, Any] = {"kind": Kind.PROXY, "dataset": "squid", "file": "a.log", "time": 10**18}
    return Observation(evidence=evidence, **{**base, **values}).to_ecs()


ACTIVITY = (
    observation(Evidence.DNS, host="chatgpt.com", source_ip="10.0.0.1"),
    observation(Evidence.PROXY, host="chatgpt.com", path="/c/1?x=2", method="POST", source_ip="10.0.0.1", bytes_up=9),
    observation(Evidence.PROXY, host="chatgpt.com", user="ann", user_agent="x", bytes_down=0),
    observation(Evidence.TLS, host="api.openai.com", destination_ip="192.0.2.1", destination_port=443),
    observation(Evidence.ADDRESS, destination_ip="not an address"),
)


@cache
def schema_of(class_uid: int) -> jsonschema.Draft202012Validator:
    schemas = OcsfJsonSchemaEmbedded(get_ocsf_schema(version="1.5.0"))
    schema = schemas.get_class_schema(schemas.lookup_class_name_from_uid(class_uid=class_uid))
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("make", [world, hostile_world, *EXAMPLES.values()], ids=lambda make: make.__name__)
def test_ocsf_events_fit_the_published_schema(make: Any) -> None:  # a function of the examples
    result = make()
    for record in records_of(result, frame_of(result, MADE)):
        event = ocsf_event(record)
        errors = [error.message for error in schema_of(event["class_uid"]).iter_errors(event)]
        assert errors == []


@pytest.mark.parametrize(("document", "class_uid"), list(zip(ACTIVITY, (4003, 4002, 4002, 4001, 4001), strict=True)))
def test_ocsf_activity_fits_the_published_schema(document: dict[str, Any], class_uid: int) -> None:
    (record,) = activity_records([document], MADE)
    event = ocsf_event(record)
    assert event["class_uid"] == class_uid
    assert [error.message for error in schema_of(class_uid).iter_errors(event)] == []


def test_activity_is_the_same_record_whenever_it_comes() -> None:
    one, two = activity_records([ACTIVITY[0], ACTIVITY[0]], MADE)
    assert one == two
    assert one.fields["@timestamp"] == "2001-09-09T01:46:40.000Z"
    assert one.fields["event"]["dataset"] == "shadowai.activity"
    (undated,) = activity_records([{"shadowai": {"service": {"id": "chatgpt"}}}], MADE)
    assert (undated.time, undated.title) == (MADE, "Contact with chatgpt")


def test_every_kind_of_finding_has_records() -> None:
    assert {record.kind for record in records()} == set(KINDS)
    uids = [record.uid for record in records()]
    assert len(uids) == len(set(uids))


@pytest.mark.parametrize("form", FORMATS)
def test_a_record_is_one_line(form: str) -> None:
    result = hostile_world()
    for line in lines_of(records_of(result, frame_of(result, MADE)), form):
        assert len(line.text.splitlines()) == 1
        assert line.text.encode()
        assert "\x1b" not in line.text


def test_json_lines_are_ascii_and_whole() -> None:
    for form in ("ecs", "ocsf"):
        for line in lines_of(records(), form):
            assert line.text.isascii()
            assert isinstance(json.loads(line.text), dict)


@given(st.text(max_size=60))
@settings(max_examples=60)
def test_cef_comes_back_as_it_was(text: str) -> None:
    record = with_text(text)
    read = read_cef(FORMATS["cef"](record))
    assert read is not None
    shown = harmless(text)
    assert read["name"] == " ".join(f"Use of {shown}".splitlines()).strip()
    assert read["cs1"] == shown.strip()
    assert read["severity"] == "8"
    assert read["externalId"] == "u1"


@given(st.text(max_size=60))
@settings(max_examples=60)
def test_leef_comes_back_with_nothing_moved_to_another_attribute(text: str) -> None:
    record = with_text(text)
    line = FORMATS["leef"](record)
    read = read_leef(line)
    assert read is not None
    assert read["findingId"] == "u1"
    attributes = dict(one.partition("=")[::2] for one in line.split("|", 6)[6].split("\t"))
    assert set(attributes) == {"devTime", "sev", "cat", "name", "findingId", "msg", "department"}
    assert attributes["department"] == (harmless(text) or " ")


def with_text(text: str) -> Record:
    fields = {
        "event": {"id": "u1", "dataset": "shadowai.use"},
        "message": "m",
        "observer": {"version": "1"},
        "shadowai": {"department": {"name": harmless(text) or " "}},
    }
    title = f"Use of {harmless(text)}"
    return Record("use", "u1", MADE, Severity.HIGH, title, "m", fields)


def test_cef_escapes_as_its_guide_says() -> None:
    line = FORMATS["cef"](with_text("a|b\\c=d"))
    assert line.startswith("CEF:0|shadowai|shadowai|1|shadowai.use|Use of a\\|b\\\\c=d|8|rt=1700000000000 ")
    assert line.endswith("cs1Label=Department cs1=a|b\\\\c\\=d")


def test_leef_declares_its_separator() -> None:
    assert FORMATS["leef"](with_text("x")).startswith(
        "LEEF:2.0|shadowai|shadowai|1|shadowai.use|x09|devTime=1700000000000\tsev=8\t"
    )


def test_only_proven_use_is_called_use() -> None:
    result = EXAMPLES["quiet"]()
    titles = [one.title for one in records_of(result, frame_of(result, MADE), ("use",))]
    assert titles == ["AI service looked up: ChatGPT in Legal", "AI service blocked: DeepSeek in Legal"]
    assert {one.severity for one in records_of(result, frame_of(result, MADE), ("use",))} == {Severity.INFORMATIONAL}
    unproven = [one for one in records() if one.title.startswith("AI-capable service contacted")]
    assert unproven
    assert {one.fields["event"]["kind"] for one in unproven} == {"state"}


def test_one_of_something_is_told_as_one() -> None:
    result = world()
    use = result.departments[0].services[0].model_copy(update={"people": 1, "sessions": 1, "blocked": 1})
    one = result.model_copy(
        update={"departments": (result.departments[0].model_copy(update={"services": (use,), "persons": ()}),)}
    )
    (found,) = records_of(one, frame_of(one, MADE), ("use",))
    assert ": 1 person, 1 session, status " in found.message
    assert found.message.endswith(", 1 request blocked")
    assert " people" in next(one.message for one in records_of(result, frame_of(result, MADE), ("candidate",)))


def test_what_is_unknown_is_absent() -> None:
    result = EXAMPLES["unknown"]()
    found = [one.fields for one in records_of(result, frame_of(result, MADE), ("use",))]
    assert all("source" not in one and "destination" not in one for one in found)
    assert all("headcount" not in one["shadowai"]["department"] for one in found)


def test_least_leaves_out_what_is_allowed() -> None:
    result = world()
    found = list(records_of(result, frame_of(result, MADE), KINDS, Status.PROHIBITED))
    assert {one.fields["shadowai"]["status"] for one in found if one.kind == "use"} == {"prohibited"}
    assert {one.kind for one in found} == set(KINDS)


def test_an_occasion_keeps_ids_while_the_period_grows() -> None:
    one = Frame(MADE, "a", "b", "2026-11")
    two = Frame(MADE, "a", "c", "2026-11")
    result = world()
    ids = [[record.uid for record in records_of(result, frame)] for frame in (one, two, Frame(MADE, "a", "c"))]
    assert ids[0] == ids[1] != ids[2]


def test_an_empty_result_has_no_records() -> None:
    result = EXAMPLES["empty"]()
    assert list(records_of(result, frame_of(result, MADE))) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:01Z", 1000),
        ("1970-01-01T00:00:01.5Z", 1500),
        ("1970-01-01T01:00:00.123456789+01:00", 123),
        ("1969-12-31T23:59:59.900Z", -100),
        ("2026-02-30T00:00:00Z", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_times(text: str | None, expected: int | None) -> None:
    assert milliseconds(text) == expected
    if text and expected is not None and text.endswith("00Z"):
        assert milliseconds(rfc3339(expected)) == expected


def test_texts_and_lists_are_bounded() -> None:
    nested: Any = "x"
    for _ in range(3000):
        nested = [nested]
    found = known({"a": "x" * 10_000, "b": list(range(1000)), "c": nested, "d": None, "e": object(), 1: {"f": ()}})
    assert len(found["a"]) == 1024
    assert len(found["b"]) == 20
    assert set(found) == {"a", "b", "c"}
    assert len(json.dumps(found)) < 2000


def test_packages_are_bounded_and_come_back() -> None:
    lines = [Line(str(at), at, 1, "x" * (at % 7)) for at in range(1201)]
    found = list(packages(lines))
    assert [len(one) for one in found] == [MAX_LINES, MAX_LINES, 201]
    assert [one for package in found for one in unpack(pack(package))] == lines
    assert [len(one) for one in packages([Line("a", 0, 1, "x" * 900_000)] * 3)] == [1, 1, 1]
    assert list(packages([])) == []
