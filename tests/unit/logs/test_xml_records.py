"""XML records: Windows events (the schema of Get-WinEvent) and what must never be expanded."""

from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.logs.xml_records import MAX_DEPTH, MAX_ELEMENTS, read_xml, xml_splitter

EVENT = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><EventID Qualifiers='0'>22</EventID>"
    "<TimeCreated SystemTime='2026-01-15T10:00:00.5Z'/><Computer>pc1.corp.example</Computer></System>"
    "<EventData><Data Name='QueryName'>chatgpt.com</Data><Data Name='User'>CORP\\a &amp; b</Data></EventData></Event>"
)


def test_columns_are_paths() -> None:
    wanted = [
        "System.EventID", "System.EventID.@Qualifiers", "System.TimeCreated.@SystemTime", "System.Computer",
        "EventData.QueryName", "EventData.User", "EventData.Missing",
    ]  # fmt: skip
    assert xml_splitter(wanted)(EVENT) == [
        "22", "0", "2026-01-15T10:00:00.5Z", "pc1.corp.example", "chatgpt.com", "CORP\\a & b", "",
    ]  # fmt: skip


def test_attributes_of_the_record_and_prefixes() -> None:
    found = read_xml("<x:entry id='7' xmlns:x='u'><x:host> a.example </x:host><x:host>b.example</x:host></x:entry>")
    assert found is not None
    assert (found["@id"], found["host"]) == ("7", "a.example")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text",
        "<a><b></a>",
        "<a/><b/>",
        "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        "<a>&undefined;</a>",
        "<a>" * (MAX_DEPTH + 1) + "</a>" * (MAX_DEPTH + 1),
        "<a>" + "<b/>" * MAX_ELEMENTS + "</a>",
        EVENT[:-1],
    ],
)
def test_what_is_no_record(text: str) -> None:
    assert read_xml(text) is None
    assert xml_splitter(["a"])(text) is None


NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=0xD7FF), max_size=30)


@given(st.dictionaries(NAMES, TEXTS, max_size=6))
def test_event_data_comes_back(data: dict[str, str]) -> None:
    inner = "".join(f"<Data Name={quoteattr(name)}>{escape(text)}</Data>" for name, text in data.items())
    found = read_xml(f"<Event><EventData>{inner}</EventData></Event>")
    assert found is not None
    for name, text in data.items():
        assert found.get(f"EventData.{name}", "") == text.strip()


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    read_xml(text)
    read_xml(f"<a>{text}</a>")
