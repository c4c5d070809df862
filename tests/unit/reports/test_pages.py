from collections.abc import Callable, Mapping

import pytest

from shadowai.reports import department_page, index_page, views, words
from shadowai.reports.html import page_names
from shadowai.reports.tidying import tidy
from shadowai.result import AccountCounts, BlindSpot, EvidenceCounts, Result

Examples = Mapping[str, Callable[[], Result]]


def department(result: Result, at: int = 0) -> department_page.DepartmentPage:
    neat = tidy(result)
    return department_page.department_page(neat, neat.departments[at])


def index(result: Result) -> index_page.IndexPage:
    names = page_names(result.departments)
    return index_page.index_page(tidy(result), dict(enumerate(names)))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "small",
            (
                "61 of 86 people in Engineering used 7 AI services from 2 to 15 November 2026; 3 of them are "
                "unsanctioned, used by 14 people, and at least 752 MB was sent there."
            ),
        ),
        ("one", "1 of 4 people in Board used 1 AI service on 9 November 2026; no unsanctioned use was seen."),
        ("quiet", "We saw no use of AI services in Legal from 2 to 15 November 2026."),
        (
            "unknown",
            (
                "5 people in Field Service used 2 AI services from 2 to 15 November 2026; 1 of them is unsanctioned, "
                "used by 4 people. How much data was sent there could not be measured."
            ),
        ),
    ],
)
def test_headline_of_a_department(examples: Examples, name: str, expected: str) -> None:
    assert department(examples[name]()).headline == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "small",
            (
                "110 people in 4 departments and an unknown one used 11 AI services from 2 to 15 November 2026; "
                "6 of them are unsanctioned, used by 35 people, and at least 1.1 GB was sent there."
            ),
        ),
        ("empty", "No records could be read, so we cannot say whether AI services were used in the organisation."),
        ("one", "1 of 4 people in Board used 1 AI service on 9 November 2026; no unsanctioned use was seen."),
    ],
)
def test_headline_of_the_organisation(examples: Examples, name: str, expected: str) -> None:
    assert index(examples[name]()).headline == expected


def test_one_unsanctioned_service_alone(examples: Examples) -> None:
    result = examples["unknown"]()
    only = result.departments[0].model_copy(
        update={"totals": result.departments[0].totals.model_copy(update={"services": 1})}
    )
    page = department(result.model_copy(update={"departments": (only,)}))
    assert "1 AI service from" in page.headline
    assert "; the service is unsanctioned, used by 4 people" in page.headline


def test_use_by_people_who_cannot_be_told_apart_is_not_that_of_nobody(examples: Examples) -> None:
    result = examples["unknown"]()
    nobody = result.departments[0].totals.model_copy(update={"people": 0, "people_unsanctioned": 0})
    unnamed = result.departments[0].model_copy(update={"totals": nobody})
    page = department(result.model_copy(update={"departments": (unnamed,)}))
    assert page.headline.startswith("An unknown number of people in Field Service used 2 AI services from")
    assert "1 of them is unsanctioned, used by an unknown number of people" in page.headline
    people, _, unsanctioned, _ = page.figures
    assert (people.value, people.label) == ("unknown", "how many people used AI")
    assert unsanctioned.note == "used by an unknown number of people"
    uses = tuple(one.model_copy(update={"people": 0}) for one in unnamed.services)
    page = department(result.model_copy(update={"departments": (unnamed.model_copy(update={"services": uses}),)}))
    assert {row.people for row in page.services} == {"unknown"}
    assert page.steps[0].why.startswith("An unknown number of people had ")


def test_four_figures(examples: Examples) -> None:
    figures = department(examples["small"]()).figures
    assert [(figure.value, figure.label, figure.note, figure.alarming) for figure in figures] == [
        ("61", "of 86 people used AI", "71% of the department", False),
        ("7", "AI services in use", "1,336 sessions", False),
        ("3", "unsanctioned services", "used by 14 people; 1 is prohibited", True),
        ("752 MB", "or more sent to unsanctioned services", "to all AI services: at least 2.1 GB", True),
    ]
    unmeasured = department(examples["unknown"]()).figures
    assert (unmeasured[0].label, unmeasured[0].note) == ("people used AI", "")
    assert (unmeasured[3].value, unmeasured[3].note) == ("not measured", "")
    assert department(examples["one"]()).figures[3].value == "none"


def test_no_figure_is_given_where_nothing_was_read(examples: Examples) -> None:
    quiet = examples["quiet"]()
    unread = tuple(source.model_copy(update={"records": 0, "error": "is empty"}) for source in quiet.sources)
    page = department(quiet.model_copy(update={"sources": unread}))
    assert page.headline == "No records could be read, so we cannot say whether AI services were used in Legal."
    assert page.figures == ()
    assert index(examples["empty"]()).figures == ()


def test_what_the_headline_leaves_out_is_said(examples: Examples) -> None:
    assert department(examples["small"]()).asides == (
        "1 of 4 inputs could not be read, so use may be missing here.",
        (
            "Not counted above: 1 service only looked up, 1 service whose use is not proven and 213 requests blocked "
            "before use."
        ),
    )
    assert index(examples["small"]()).asides == (
        (
            "Not counted above: 8 people who only looked services up, 213 requests blocked before use and 2 hosts that "
            "look like AI but are not in the database."
        ),
    )
    assert index(examples["empty"]()).asides == ()


def test_small_groups_and_wrong_headcounts_are_warned_of(examples: Examples) -> None:
    assert department(examples["one"]()).asides == (
        "With 4 people, a figure here may point at one person. Please treat this page as confidential.",
    )
    result = examples["one"]()
    shrunk = result.departments[0].model_copy(update={"headcount": 0})
    page = department(result.model_copy(update={"departments": (shrunk,)}))
    assert page.asides[0].startswith("The directory lists 0 people, fewer than were seen here")
    assert page.figures[0].label == "person used AI"


def test_rows_of_services(examples: Examples) -> None:
    rows = {row.name: row for row in department(examples["small"]()).services}
    cursor = rows["Cursor"]
    assert (cursor.what, cursor.mark.word, cursor.risk, cursor.people, cursor.sessions, cursor.data) == (
        "Code editor with built-in assistant \u00b7 Anysphere, US", "Unsanctioned", "High", "8", "142",
        "at least 612 MB",
    )  # fmt: skip
    assert (cursor.instead, cursor.account) == ("GitHub Copilot", "Cannot tell")
    assert rows["Claude"].instead == "Wait for the decision"
    assert rows["Hugging Face"].instead == "Accepted for now"
    assert rows["GitHub Copilot"].instead == "Keep using it"
    assert rows["Microsoft 365 Copilot"].instead == "Keep, but sign in with the company account"
    facts = {fact.name: fact.text for fact in rows["GitHub Copilot"].facts}
    assert (facts["Reason of the policy"], facts["Until"]) == ("Enterprise contract 2026", "31 December 2026")
    assert (facts["Decided by"], facts["Confidence"]) == ("ciso@example.com", "High, 95%")
    assert facts["Seen in"].startswith("7,194 web proxy records, 3,320 name look-ups (DNS) and 276 encrypted")
    assert "Accounts" not in facts
    deepseek = {fact.name: fact.text for fact in rows["DeepSeek"].facts}
    assert (deepseek["Only looked it up"], deepseek["Blocked before use"]) == ("2 people", "210 requests")
    marketing = {row.name: row for row in department(examples["small"](), 1).services}
    assert marketing["Midjourney"].instead == "No alternative named yet"
    assert marketing["ElevenLabs"].data == "not measured"


def test_rows_that_stay_apart(examples: Examples) -> None:
    page = department(examples["small"]())
    assert [(row.name, row.extent) for row in page.unproven] == [("Notion AI", "5 people and 18 visits")]
    assert page.unproven[0].note.startswith("Only hosts were seen that also serve other purposes.")
    assert [(row.name, row.extent) for row in page.looked_up] == [("Perplexity", "4 people")]
    assert [(row.name, row.extent, row.note[:6]) for row in page.blocked] == [
        ("DeepSeek", "210 requests", "It was"),
        ("Character.AI", "3 requests", "No use"),
    ]


def test_background_traffic_is_called_so(examples: Examples) -> None:
    service = examples["small"]().departments[0].services[0]
    idle = service.model_copy(update={"sessions": 0, "evidence": EvidenceCounts(tls=1)})
    assert views.unproven_row(idle).note == (
        "Only background traffic was seen, which runs without anyone using the service. "
        "Seen: 1 encrypted connection naming it (TLS)."
    )


def test_blind_spots_concern_the_department_or_everyone(examples: Examples) -> None:
    result = examples["small"]()
    assert [group.heading for group in department(result).blind] == [
        "Inputs that could not be read",
        "Encrypted name look-ups",
        "VPN services",
        "Records that do not say who",
    ]
    assert "Addresses shared by several people" in [group.heading for group in department(result, 2).blind]
    assert "VPN services" not in [group.heading for group in department(result, 2).blind]
    place = department(result).blind[1].places[0]
    assert (place.name, place.text) == (
        "dns.google", "1,204 requests by 9 people. DNS over HTTPS to Google Public DNS.",
    )  # fmt: skip


def test_an_unread_input_is_told_once_and_long_lists_are_cut(examples: Examples) -> None:
    result = examples["small"]()
    unread = next(source for source in result.sources if source.error)
    twice = BlindSpot(kind="unparsed-records", name=unread.path, detail="x", count=0, unit="records")
    many = [
        BlindSpot(kind="later-kind", name=f"{at}", detail="", count=1, unit="requests", people=0) for at in range(60)
    ]
    groups = views.blind_groups([twice, *many], result.sources)
    assert [(group.heading, len(group.places), group.more) for group in groups] == [
        ("Inputs that could not be read", 1, 0),
        ("later-kind", 50, 10),
    ]
    assert groups[1].places[0].text == "1 request."


def test_candidates_of_a_department(examples: Examples) -> None:
    result = examples["small"]()
    assert department(result, 1).candidates == (
        "1 host looks like AI but is not in our database, so nothing above counts it: api.brightquill-ai.example."
    )
    both = tuple(one.model_copy(update={"departments": ("Legal",)}) for one in result.candidates)
    page = department(result.model_copy(update={"candidates": both}), 3)
    assert page.candidates.startswith("2 hosts look like AI but are not in our database")
    assert department(result, 3).candidates == ""


def test_sureness(examples: Examples) -> None:
    assert department(examples["small"]()).sureness == (
        "Confidence is high for 6 and good for 1 of the 7 services in use.",
        (
            "They were seen in 11,582 web proxy records, 5,348 name look-ups (DNS) and 442 encrypted connections "
            "naming it (TLS)."
        ),
        "The data sent could be measured for 1,314 of 1,336 sessions.",
    )
    assert department(examples["one"]()).sureness[0] == "Confidence is high for every service in use."
    assert department(examples["quiet"]()).sureness[0].endswith("The blind spots above are where it could hide.")
    alone = examples["quiet"]().model_copy(update={"blind_spots": ()})
    assert department(alone).sureness[0].endswith("No blind spot was found either.")


def test_departments_compared(examples: Examples) -> None:
    compared = index(examples["small"]()).departments
    assert compared is not None
    rows = compared.rows
    assert [(row.name, row.people, row.share, row.per_head, row.few) for row in rows] == [
        ("Marketing", "19", "79%", "12.6", False),
        ("Engineering", "61", "71%", "15.5", False),
        ("Sales", "22", "54%", "4", False),
        ("Legal", "3", "43%", "4", True),
        ("Unknown department", "5", "", "unknown", False),
    ]
    assert [row.data for row in rows] == [
        "at least 85 MB",
        "at least 752 MB",
        "at least 241 MB",
        "none",
        "not measured",
    ]
    assert [row.keys["data"] for row in rows][3:] == [0, -1]
    assert (rows[4].bar, rows[4].range, rows[4].headcount) == (None, None, "Headcount unknown")
    assert rows[1].bar == 70
    assert rows[1].range is not None
    assert rows[1].range.point == 16.3  # 14 of 86


def test_inputs_that_failed_are_on_top(examples: Examples) -> None:
    page = index(examples["small"]())
    assert page.failed is not None
    assert page.failed.heading == "1 of 4 inputs could not be read"
    assert [(fact.name, fact.text) for fact in page.failed.places] == [
        ("logs/firewall/paloalto-2026-11.csv", "Ends inside the gzip stream after 4,096 bytes"),
    ]
    assert index(examples["one"]()).failed is None
    assert [row.error[:4] for row in page.origin.sources] == ["ends", "", "", ""]
    row = page.origin.sources[1]
    assert row.skipped == ("1,410 authentication-challenge", "3 bad-time", "3 of them damaged")
    assert page.origin.sources[0].format == "not recognised"


def test_thousands_of_inputs_do_not_drown_the_page(examples: Examples) -> None:
    result = examples["small"]()
    unread = next(source for source in result.sources if source.error)
    page = index(result.model_copy(update={"sources": result.sources[:1] * 900 + (unread,) * 60}))
    assert page.failed is not None
    assert (page.failed.heading, page.failed.more) == ("60 of 960 inputs could not be read", 10)
    assert (len(page.origin.sources), page.origin.more) == (100, 860)


def test_warnings_about_the_users_own_files(examples: Examples) -> None:
    page = index(examples["small"]())
    assert page.warnings[0] == "people.csv:12: the same user is in two departments"
    many = examples["one"]().model_copy(update={"warnings": ("x",) * 70})
    assert (len(index(many).warnings), index(many).more_warnings) == (50, 20)


def test_candidates_of_unknown_departments(examples: Examples) -> None:
    result = examples["small"]()
    lost = result.candidates[0].model_copy(update={"departments": ()})
    page = index(result.model_copy(update={"candidates": (lost,) * 60}))
    assert page.candidates[0].departments == "unknown"
    assert (len(page.candidates), page.more_candidates) == (50, 10)


@pytest.mark.parametrize(
    ("percent", "word"),
    [(100, "High"), (90, "High"), (89, "Good"), (70, "Good"), (50, "Fair"), (49, "Low"), (0, "Low")],
)
def test_confidence_in_words(percent: int, word: str) -> None:
    assert words.confidence(percent) == word


def test_accounts_in_words(examples: Examples) -> None:
    service = examples["small"]().departments[0].services[0]
    known = service.model_copy(update={"account": AccountCounts(sanctioned_tenant=1, personal=2, unknown=3)})
    assert words.accounts(known) == (
        "1 session with the company account, 2 sessions with a personal account "
        "and 3 sessions with an account we could not tell"
    )
    unknown = service.model_copy(update={"account": AccountCounts(unknown=3)})
    assert words.accounts(unknown) is None
    assert words.evidence(EvidenceCounts()) == "nothing"


def test_kinds_of_a_later_version_keep_their_name() -> None:
    assert words.blind_heading("satellite") == "satellite"
    assert words.blind_meaning("satellite") == "We cannot see into this."
