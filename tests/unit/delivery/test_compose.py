"""Mails as their readers get them: parts, headers, words; and nothing hostile gets out of its place."""

from __future__ import annotations

import email
import email.policy
import re
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.hostile import ATTACKS, poisoned
from support.report_world import world
from support.results import EXAMPLES

from shadowai.delivery import compose
from shadowai.delivery.alerts import Alert
from shadowai.delivery.compose import Job, Letter, alert_letter, letters
from shadowai.errors import UsageError
from shadowai.exports.record import Severity
from shadowai.reports.languages import language
from shadowai.reports.look import PLAIN, Brand, Look
from shadowai.settings.channels import MailSettings, mail_address

if TYPE_CHECKING:
    from shadowai.result import Result

EVIL = 'x\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>" onload="x\u202e\x00'


def mail(**values: Any) -> MailSettings:  # settings of all types
    base = {"host": "h", "sender": "Shadow AI <shadowai@example.com>", "digest_to": ["ciso@example.com"]}
    return MailSettings.model_validate({**base, **values})


def write(result: Result, look: Look = PLAIN, **values: Any) -> tuple[list[Letter], list[str]]:  # as above
    problems: list[str] = []
    return list(letters(Job(result, mail(**values), look, "2026-11", 1_800_000_000.0), problems)), problems


def parsed(letter: Letter) -> EmailMessage:
    message = email.message_from_bytes(letter.content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def parts(message: EmailMessage) -> list[tuple[str, str | None]]:
    return [(one.get_content_type(), one.get_filename()) for one in message.walk() if not one.is_multipart()]


def part(message: EmailMessage, kind: str) -> Any:  # text or bytes
    return next(one for one in message.walk() if one.get_content_type() == kind).get_content()


def test_each_head_and_the_ciso_get_one_mail() -> None:
    found, problems = write(world())
    assert problems == []
    heads = {one.email for one in world().departments if one.email}
    assert sorted(one.recipient for one in found) == sorted([*heads, "ciso@example.com"])
    assert len({one.message_id for one in found}) == len(found)


def test_a_mail_has_text_html_chart_and_report() -> None:
    found, _ = write(world())
    message = parsed(next(one for one in found if one.recipient == "legal@example.com"))
    assert parts(message) == [
        ("text/plain", None),
        ("text/html", None),
        ("image/png", "chart.png"),
        ("text/html", "legal.html"),
    ]
    assert message["Subject"] == "AI use in Legal, 2\u201329 November 2026"
    assert str(message["From"]) == "Shadow AI <shadowai@example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    html, text = part(message, "text/html"), part(message, "text/plain")
    (image,) = (one for one in message.walk() if one.get_content_type() == "image/png")
    cid = image["Content-ID"]
    assert image.get_content_disposition() == "inline", "else some show it below the mail, too"
    assert f'src="cid:{cid.strip("<>")}"' in html
    assert part(message, "image/png").startswith(b"\x89PNG")
    for place in (html, text):
        assert "people in Legal used" in place
    assert all(len(line) <= 78 for line in text.splitlines())
    assert letter_bytes_are_seven_bit(found)


def letter_bytes_are_seven_bit(found: list[Letter]) -> bool:
    return all(max(one.content) < 128 and max(map(len, one.content.split(b"\r\n"))) <= 998 for one in found)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.names: set[str] = set()
        self.sources: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}
        self.sources += [value for name, value in attrs if name in ("src", "href", "background")]


def test_the_html_is_what_outlook_lays_out_and_fetches_nothing() -> None:
    found, _ = write(world())
    tags = _Tags()
    tags.feed(part(parsed(found[0]), "text/html"))
    assert tags.tags <= {
        "html",
        "head",
        "meta",
        "title",
        "body",
        "table",
        "tr",
        "td",
        "th",
        "h1",
        "h2",
        "p",
        "b",
        "br",
        "img",
    }
    assert "class" not in tags.names
    assert all(source is not None and source.startswith("cid:") for source in tags.sources)


def hostile(text: str) -> Result:
    result = world()
    departments = tuple(
        one.model_copy(
            update={
                "name": f"{text}{at}",
                "services": tuple(use.model_copy(update={"name": text}) for use in one.services),
            }
        )
        for at, one in enumerate(result.departments)
    )
    return result.model_copy(update={"departments": departments, "divisions": (), "change": None})


@given(st.text(max_size=40))
@settings(max_examples=8)
def test_no_text_adds_a_header_or_a_part(text: str) -> None:
    check_hostile(text)


def test_a_hostile_department_adds_no_header_and_no_tag() -> None:
    check_hostile(EVIL)


def check_hostile(text: str) -> None:
    result = hostile(text)
    narrow = result.model_copy(update={"departments": result.departments[:1]})
    found, _ = write(narrow, report="none", digest_to=[])
    (letter,) = found
    message = parsed(letter)
    assert set(message.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    }  # fmt: skip
    assert message["Bcc"] is None
    tags = _Tags()
    tags.feed(part(message, "text/html"))
    assert "script" not in tags.tags
    assert not {"onload", "onerror"} & tags.names


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_attack_in_any_field_gets_out_of_its_place(attack: str) -> None:
    result = poisoned(world(), attack)
    places = (result.departments[0].model_copy(update={"email": "head@example.com"}),)
    found, _ = write(result.model_copy(update={"departments": places, "divisions": ()}), report="attach")
    assert [one.recipient for one in found] == ["head@example.com", "ciso@example.com"]
    for letter in found:
        message = parsed(letter)
        tags = _Tags()
        tags.feed(part(message, "text/html"))
        assert not tags.tags & {"script", "iframe", "svg", "a", "style"}
        assert not [name for name in tags.names if name.startswith("on")]
        assert all(source is not None and source.startswith("cid:") for source in tags.sources)
        assert all(one.isprintable() or one in "\r\n" for one in part(message, "text/plain"))
        names = [name for kind, name in parts(message) if name]
        assert all(re.fullmatch(r"[a-z0-9-]+\.(html|png)", name) for name in names)


@pytest.mark.parametrize("address", ["a@b.example\r\nBcc: x@y.example", "nobody", "a@b@c", "<x>", "\u00e9@x.example"])
def test_an_address_that_is_none_is_told_and_the_others_get_theirs(address: str) -> None:
    result = world()
    first = result.departments[0].model_copy(update={"email": address})
    found, problems = write(result.model_copy(update={"departments": (first,), "divisions": ()}), digest_to=[])
    assert found == []
    assert "is no mail address" in problems[0]
    assert problems[0].isprintable()


def test_a_head_without_an_address_is_told_and_settings_can_name_one() -> None:
    result = EXAMPLES["one"]()
    found, problems = write(result, digest_to=[])
    assert (found, problems) == ([], ["Board: no mail address is known, in departments.csv or [mail.to]"])
    found, problems = write(result, digest_to=[], to={"Board": "chair@example.com"})
    assert ([one.recipient for one in found], problems) == (["chair@example.com"], [])


def test_a_link_in_place_of_the_report() -> None:
    found, _ = write(world(), report="link", link="https://reports.example.com/nov/")
    legal = parsed(next(one for one in found if one.recipient == "legal@example.com"))
    assert "https://reports.example.com/nov/departments/legal.html" in part(legal, "text/plain").replace("\n", "")
    assert [kind for kind, _ in parts(legal)] == ["text/plain", "text/html", "image/png"]
    assert "https://reports.example.com/nov/index.html" in part(parsed(found[-1]), "text/plain")


def test_without_the_extra_that_draws_mails_have_no_chart_which_is_told_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(*_: object) -> bytes:
        raise UsageError("charts as pictures need vl-convert")

    monkeypatch.setattr(compose, "chart_png", missing)
    found, problems = write(world(), report="none")
    assert problems == ["mails have no chart: charts as pictures need vl-convert"]
    assert "image/png" not in {kind for kind, _ in parts(parsed(found[0]))}


def test_the_same_report_to_the_same_person_is_the_same_message() -> None:
    one, two = write(EXAMPLES["small"]())[0][-1], write(EXAMPLES["small"]())[0][-1]
    assert parsed(one)["Message-ID"] == parsed(two)["Message-ID"]
    other = list(letters(Job(EXAMPLES["small"](), mail(), PLAIN, "2026-12", 1.0), []))[-1]
    assert other.message_id != one.message_id


def test_what_is_known_is_not_written_again() -> None:
    job = Job(world(), mail(), PLAIN, "2026-11", 1.0, lambda _: True)
    assert list(letters(job, [])) == []


@pytest.mark.parametrize("name", ["empty", "quiet", "unknown", "long"])
def test_odd_results_have_a_digest(name: str) -> None:
    found, _ = write(EXAMPLES[name](), departments=False)
    assert len(found) == 1
    assert letter_bytes_are_seven_bit(found)


def test_the_house_s_contact_is_named() -> None:
    found, _ = write(world(), Look(brand=Brand(contact="ext. 1234")), departments=False)
    assert "Questions: ext. 1234" in part(parsed(found[0]), "text/plain")


def test_the_digest_has_the_chart_of_the_whole_organisation() -> None:
    found, _ = write(world(), departments=False)
    message = parsed(found[0])
    assert ("image/png", "chart.png") in parts(message)
    assert part(message, "image/png").startswith(b"\x89PNG")
    assert 'alt="Sessions per day' in part(message, "text/html")


@pytest.mark.parametrize(
    ("code", "next_steps", "digest"),
    [
        ("de", "Was als Nächstes zu tun ist", "Was als Nächstes zu entscheiden ist"),
        ("fr", "Que faire ensuite", "Que décider ensuite"),
    ],
)
def test_a_mail_is_in_one_language_from_its_first_line_to_its_last(code: str, next_steps: str, digest: str) -> None:
    found, _ = write(world(), Look(language(code), brand=Brand(contact="ext. 1234")))
    legal = parsed(next(one for one in found if one.recipient == "legal@example.com"))
    for kind in ("text/plain", "text/html"):
        assert next_steps in part(legal, kind)
        assert digest in part(parsed(found[-1]), kind)
        for english in (
            "What to do",
            "Whom to ask",
            "Whose decision",
            "The full report",
            "Made from network records",
        ):
            assert english not in part(legal, kind)
            assert english not in part(parsed(found[-1]), kind)


def test_alerts_go_as_one_mail() -> None:
    alerts = [Alert("upload", ("a", "b"), Severity.HIGH, f"Upload {EVIL}", "1 GB", 1, 2), *[
        Alert("upload", ("c", "d"), Severity.HIGH, "Another", "2 GB", 1, 2)] * 2]  # fmt: skip
    letter = alert_letter(mail(), "soc@example.com", alerts, 1.0)
    message = parsed(letter)
    assert message["Bcc"] is None
    assert re.search("and 2 more alerts$", str(message["Subject"]))
    assert "Another\n  2 GB" in message.get_content().replace("\r\n", "\n")
    assert mail_address("soc@example.com").addr_spec == letter.recipient
