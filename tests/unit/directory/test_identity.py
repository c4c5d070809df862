"""Spellings of users and devices. Expected values: Microsoft "User Name Formats", RFC 4514, RFC 6068."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowai.directory.identity import Form, Login, normalise_device, parse_login, short_name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("anna", Login(Form.BARE, "anna")),
        ("  ANNA ", Login(Form.BARE, "anna")),
        ("CORP\\Anna", Login(Form.LOGON, "anna", "corp")),
        ("CORP\\\\Anna", Login(Form.LOGON, "anna", "corp")),
        ("\\Anna", Login(Form.BARE, "anna")),
        (".\\Anna", Login(Form.BARE, "anna")),
        ("CORP%5Canna", Login(Form.LOGON, "anna", "corp")),
        ("Anna.Berg@Corp.Example", Login(Form.MAIL, "anna.berg", "corp.example")),
        ("anna.berg%40corp.example", Login(Form.MAIL, "anna.berg", "corp.example")),
        ("CORP\\anna@corp.example.", Login(Form.MAIL, "anna", "corp.example")),
        ("MAILTO:anna@corp.example?subject=x", Login(Form.MAIL, "anna", "corp.example")),
        ("CN=Anna Berg,OU=Staff,DC=corp,DC=example", Login(Form.LDAP, "anna berg")),
        ("cn = Berg\\, Anna , ou=x", Login(Form.LDAP, "berg, anna")),
        ("CN=Lu\\C4\\8Di\\C4\\87", Login(Form.LDAP, "lučić")),  # RFC 4514 section 4, last example
        ("uid=anna+ou=x,dc=example", Login(Form.LDAP, "anna")),
        ("anna@", Login(Form.BARE, "anna@")),
        ("@corp.example", Login(Form.BARE, "@corp.example")),
        ("", None),
        ("   ", None),
        ("CORP\\", None),
        ("CN=", None),
        ("x" * 2000, None),
        (None, None),
    ],
)
def test_user_spellings(text: str | None, expected: Login | None) -> None:
    assert parse_login(text) == expected


def test_composed_and_decomposed_letters_are_one_name() -> None:
    assert parse_login("Zo\u0065\u0308") == parse_login("zo\u00eb")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PC-17", "pc-17"),
        ("pc-17.corp.example.", "pc-17.corp.example"),
        ("PC-17$", "pc-17"),
        ("\\\\PC-17", "pc-17"),
        ("10.1.2.3", "10.1.2.3"),
        ("2001:DB8::0001", "2001:db8::1"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("AA:BB:CC:DD:EE:FF", "aa:bb:cc:dd:ee:ff"),
        ("aa-bb-cc-dd-ee-ff", "aa:bb:cc:dd:ee:ff"),
        ("AABBCCDDEEFF", "aa:bb:cc:dd:ee:ff"),
        ("aabb.ccdd.eeff", "aa:bb:cc:dd:ee:ff"),
        ("AABB-CCDD-EEFF", "aa:bb:cc:dd:ee:ff"),
        ("aa:bb:cc-dd-ee-ff", "aa:bb:cc-dd-ee-ff"),
        ("aa-bb-cc-dd-ee-fg", "aa-bb-cc-dd-ee-fg"),
        ("aabb.ccdd", "aabb.ccdd"),
        ("PC-AABBCCDDEEFF", "pc-aabbccddeeff"),
        ("aabbccddeeff.corp.example", "aabbccddeeff.corp.example"),
        ("decade-0001", "decade-0001"),
        (" ", None),
        (None, None),
        ("d" * 2000, None),
    ],
)
def test_device_spellings(text: str | None, expected: str | None) -> None:
    assert normalise_device(text) == expected


def test_the_short_name_is_the_first_label_of_a_host_name_only() -> None:
    assert short_name("pc-17.corp.example") == "pc-17"
    assert short_name("pc-17") is None
    assert short_name("10.1.2.3") is None


def test_a_computer_account_names_its_computer() -> None:
    login = parse_login("CORP\\PC-17$")
    assert login is not None
    assert login.computer == "pc-17"
    assert Login(Form.BARE, "$").computer is None


@given(st.text())
def test_any_text_is_a_login_or_none_and_its_spelling_is_stable(text: str) -> None:
    login = parse_login(text)
    if login is None or login.form is Form.LDAP:
        return
    again = parse_login(str(login))
    assert login.local
    assert again is None or str(again) == str(parse_login(str(again)))


@given(st.text())
def test_any_text_is_a_device_or_none(text: str) -> None:
    device = normalise_device(text)
    assert device is None or device


@given(st.text(alphabet="aB0._+-@%\\ =:", min_size=1, max_size=12))
def test_plain_names_are_read_as_those_that_need_a_closer_look(text: str) -> None:
    assert parse_login(text) == parse_login(f" {text} ")
