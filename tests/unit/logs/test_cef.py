"""CEF and LEEF, by their documents' own rules and with the damage that collectors do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.logs.cef import cef_splitter, leef_splitter, read_cef, read_leef

HEAD = "CEF:0|Vendor|Product|1.0|100|Name|5|"


def test_the_header_and_the_extension_of_cef() -> None:
    found = read_cef(
        HEAD + "src=10.1.2.3 request=https://chatgpt.com/?a=b&c=d requestClientApplication=Mozilla (X; y) out=5"
    )
    assert found == {
        "deviceVendor": "Vendor", "deviceProduct": "Product", "deviceVersion": "1.0", "deviceEventClassId": "100",
        "name": "Name", "severity": "5", "src": "10.1.2.3", "request": "https://chatgpt.com/?a=b&c=d",
        "requestClientApplication": "Mozilla (X; y)", "out": "5",
    }  # fmt: skip


def test_escapes_of_cef() -> None:
    found = read_cef(
        r"CEF:0|A\|B|C\\D|1|x|n|5|request=https://x.example/?a\=b msg=one\ntwo\r suser=CORP\nancy duser=CORP\\bob"
    )
    assert found is not None
    assert (found["deviceVendor"], found["deviceProduct"]) == ("A|B", r"C\D")
    assert found["request"] == "https://x.example/?a=b"
    assert found["msg"] == "one\ntwo\r"
    assert (found["suser"], found["duser"]) == (r"CORP\nancy", r"CORP\bob")


def test_custom_fields_are_columns_by_their_label() -> None:
    text = HEAD + "cs1Label=URL Category cs1=AI Tools cn1=7 cn1Label= Risk cs2Label=Empty cs3=x"
    split = cef_splitter(["label:URL Category", "label:Risk", "label:Empty", "cs1", "severity"])
    assert split(text) == ["AI Tools", "7", "", "AI Tools", "5"]


def test_the_prefix_of_cef_may_be_lost() -> None:
    found = read_cef("0|Vendor|Product|1.0|100|Name|5|src=10.1.2.3")
    assert found is not None
    assert found["src"] == "10.1.2.3"


def test_the_first_of_equal_keys_counts() -> None:
    found = read_cef(HEAD + "suser=alice requestClientApplication=x suser=boss")
    assert found is not None
    assert found["suser"] == "alice"


@pytest.mark.parametrize("text", ["", "CEF:0|a|b", "CEF:0|a|b|c|d|e|f", "CEF:0|a|b|c|d|e\\|f|g", "text"])
def test_a_header_that_is_not_whole_is_no_record(text: str) -> None:
    assert read_cef(text) is None
    assert cef_splitter(["src"])(text) is None


LEEF_FIELDS = {"src": "10.1.2.3", "usrName": "Alice A", "url": "https://x.example/?a=b"}


@pytest.mark.parametrize(
    "text",
    [
        "LEEF:1.0|V|P|1|e|src=10.1.2.3\tusrName=Alice A\turl=https://x.example/?a=b",
        "LEEF:2.0|V|P|1|e|^|src=10.1.2.3^usrName=Alice A^url=https://x.example/?a=b",
        "LEEF:2.0|V|P|1|e|x09|src=10.1.2.3\tusrName=Alice A\turl=https://x.example/?a=b",
        "LEEF:2.0|V|P|1|e|0x7c|src=10.1.2.3|usrName=Alice A|url=https://x.example/?a=b",
        "LEEF:2.0|V|P|1|e|\\t|src=10.1.2.3\tusrName=Alice A\turl=https://x.example/?a=b",
        "LEEF:2.0|V|P|1|e||src=10.1.2.3\tusrName=Alice A\turl=https://x.example/?a=b",
        "LEEF:2.0|V|P|1|e|src=10.1.2.3\tusrName=Alice A\turl=https://x.example/?a=b",
        "LEEF:1.0|V|P|1|e|src=10.1.2.3|usrName=Alice A|url=https://x.example/?a=b",
        "LEEF:2.0|V|P|1|e| |src=10.1.2.3 usrName=Alice A url=https://x.example/?a=b",
        "1.0|V|P|1|e|src=10.1.2.3\tusrName=Alice A\turl=https://x.example/?a=b",
        # What collectors make of the tabs.
        "LEEF:1.0|V|P|1|e|src=10.1.2.3 usrName=Alice A url=https://x.example/?a=b",
        "LEEF:1.0|V|P|1|e|src=10.1.2.3#011usrName=Alice A#011url=https://x.example/?a=b",
        "LEEF:1.0|V|P|1|e|src=10.1.2.3\\tusrName=Alice A\\turl=https://x.example/?a=b",
        "LEEF:2.0|V|P|1|e|^|src=10.1.2.3 usrName=Alice A url=https://x.example/?a=b",
    ],
)
def test_leef(text: str) -> None:
    found = read_leef(text)
    assert found == {"vendor": "V", "product": "P", "version": "1", "eventId": "e", **LEEF_FIELDS}


def test_a_leef_header_that_is_not_whole_is_no_record() -> None:
    split = leef_splitter(["src", "eventId"])
    assert split("LEEF:1.0|V|P|1|e") is None
    assert split("LEEF:1.0|V|P|1|e|") == ["", "e"]


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    read_cef(HEAD + text)
    read_leef("LEEF:2.0|V|P|1|e|" + text)
    read_cef(text)
    read_leef(text)


def test_long_hostile_texts_take_no_time() -> None:
    for text in ("a=" * 200_000, "\\" * 400_001, "|" * 400_000, " a" * 200_000, "cs1Label=x " * 40_000):
        cef_splitter(["label:x"])(HEAD + text)
        read_cef("CEF:0|" + text)
        read_leef("LEEF:1.0|V|P|1|e|" + text)
