import re

import pytest
from support.report_world import large, world
from support.results import small

from shadowai.model import Status
from shadowai.reports import services
from shadowai.reports.department_page import MAX_BRIEF, MAX_SERVICES, DepartmentPage, department_page
from shadowai.reports.html import page_links, render_department
from shadowai.reports.persons import MAX_PERSONS, persons
from shadowai.reports.relatives import Links, above
from shadowai.reports.tidying import tidy
from shadowai.result import DepartmentUse, Result, StatusCounts


def page(name: str, result: Result | None = None) -> DepartmentPage:
    neat = tidy(result or world())
    department = next(one for one in neat.departments if one.name == name)
    return department_page(neat, department, page_links(neat))


def division(name: str) -> DepartmentPage:
    neat = tidy(world())
    return department_page(neat, next(one for one in neat.divisions if one.name == name), page_links(neat))


def test_the_first_screen_answers_what_how_bad_how_sure_and_what_to_do() -> None:
    shown = page("Customer Service")
    assert shown.headline == (
        "28 of 61 people in Customer Service used 5 AI services from 2 to 29 November 2026; "
        "4 of them are unsanctioned, used by 12 people, and at least 103 MB was sent there."
    )
    assert shown.change == "Since the period before: DeepSeek is new."
    assert [(fact.name, fact.text) for fact in shown.answers] == [
        (
            "How bad",
            "Critical risk at worst: DeepSeek is prohibited. The department scores 55.5 of 100; higher is worse.",
        ),
        (
            "How sure",
            (
                "Confidence is high for 4 and fair for 1 of the 5 services in use. "
                "12.4% of the traffic looked at closely could hide AI use."
            ),
        ),
        ("What to do first", "Move from DeepSeek and ChatGPT to Microsoft 365 Copilot"),
    ]
    assert len(shown.figures) == 4


def test_without_records_there_are_no_answers() -> None:
    result = world()
    quiet = result.departments[5].model_copy(update={"services": ()})
    nothing = result.model_copy(
        update={
            "departments": (quiet,),
            "sources": (),
            "totals": result.totals.model_copy(update={"services": 0}),
        }
    )
    shown = department_page(nothing, quiet)
    assert (shown.answers, shown.figures) == ((), ())
    assert shown.headline.startswith("No records could be read")


def test_a_quiet_department_has_answers_too() -> None:
    result = world()
    legal = result.departments[5].model_copy(update={"services": (), "hidden": None})
    shown = department_page(result, legal)
    assert [fact.text for fact in shown.answers][:2] == [
        "No risk from use that we saw.",
        "No use seen is no proof that there was none. How much of the traffic could hide AI use, we cannot tell.",
    ]
    scoreless = result.departments[0].model_copy(update={"score": None})
    assert department_page(result, scoreless).answers[0].text == "High risk at worst: ChatGPT is unsanctioned."


def test_a_service_can_be_opened_to_every_part_of_its_risk() -> None:
    deepseek = page("Customer Service").services[0]
    assert deepseek.score is not None
    assert deepseek.service_risk is not None
    assert (deepseek.score.worth, deepseek.service_risk.worth) == ("70.9 of 100", "9.3 of 10")
    assert [part.worth for part in deepseek.score.parts] == ["40 of 40", "27.9 of 30", "1 of 20", "2 of 10"]
    assert deepseek.service_risk.missing == "Not known: how long data is kept and certifications."
    reference = deepseek.service_risk.parts[0].reference
    assert reference is not None
    assert (reference.text, reference.address) == ("https://trust.example/deepseek", "https://trust.example/deepseek")
    assert deepseek.service_risk.parts[1].reference is None


def test_accounts_and_kinds_of_use_are_said() -> None:
    rows = {row.name: row for row in page("Customer Service").services}
    assert rows["ChatGPT"].account == "Personal in 71 of 122"
    assert rows["Microsoft 365 Copilot"].account == "Company account in 66 of 133"
    facts = {fact.name: fact for fact in rows["ChatGPT"].facts}
    assert facts["Used for"].text == "122 sessions of chat and 15 of them sent much at once"
    assert facts["Accounts"].text == (
        "71 sessions with a personal account, 12 sessions without signing in, 6 sessions with some organisation's "
        "account, perhaps ours and 33 sessions with an account we could not tell"
    )


def test_what_is_forbidden_is_the_first_thing_to_do_whatever_scores_higher() -> None:
    shown = page("Research")
    assert [(row.name, row.mark.name) for row in shown.services[:2]] == [
        ("Cursor", "unsanctioned"), ("Manus", "prohibited"),
    ]  # fmt: skip
    assert [step.title for step in shown.steps[:2]] == ["Stop the use of Manus", "Move from Cursor to GitHub Copilot"]


def test_where_no_department_is_known_the_first_step_is_to_find_out_whose_use_it_is() -> None:
    shown = page("Unknown department")
    assert shown.steps[0].title == "Find out whose use this is"
    assert shown.steps[0].why == "The directory names no department for 5 people, so nobody answers for this use."
    assert shown.answers[2].text == shown.steps[0].title
    assert len(shown.steps) == 3
    assert page("Legal").steps[0].title != shown.steps[0].title


def test_statuses_that_changed_are_told_beside_the_gravest() -> None:
    result = world()
    service = result.departments[0].services[0]
    mixed = service.model_copy(update={"statuses": StatusCounts(sanctioned=60, unsanctioned=4)})
    changed = result.departments[0].model_copy(update={"services": (mixed,)})
    shown = department_page(result, changed)
    facts = {fact.name: fact.text for fact in shown.services[0].facts}
    assert facts["Statuses"] == "60 sessions sanctioned and 4 sessions unsanctioned"
    assert not any("gravest" in aside for aside in shown.asides)  # the chart draws each session under its own status
    assert "Statuses" not in {fact.name for fact in page("Operations").services[0].facts}


@pytest.mark.parametrize(
    ("status", "expected"),
    [(Status.UNSANCTIONED, "No alternative named yet"), (Status.TOLERATED, "Accepted for now")],
)
def test_what_to_use_instead_where_nothing_is_named(status: Status, expected: str) -> None:
    service = small().departments[0].services[0].model_copy(update={"status": status, "alternative": None})
    assert services._instead(service, {}) == expected


def test_a_group_of_fewer_than_five_is_told_as_a_number() -> None:
    shown = page("Legal").persons
    assert shown is not None
    assert (shown.rows, shown.more) == ((), "")
    assert shown.sentence.startswith("3 people used AI services. Fewer than 5 are not listed one by one")
    html = render_department(world(), world().departments[5])
    assert not [person.label for person in world().departments[5].persons if person.label in html]


def test_people_are_listed_as_the_document_names_them_and_the_rest_is_counted() -> None:
    department = world().departments[2]
    shown = page("Customer Service").persons
    assert shown is not None
    assert [row.label for row in shown.rows] == [one.label for one in department.persons[:MAX_PERSONS]]
    assert shown.more == f"{28 - MAX_PERSONS} more people are not listed here."
    assert shown.sentence == ""
    unmeasured = department.persons[0].model_copy(update={"bytes_up": None, "last_seen": None})
    five = persons(department.model_copy(update={"persons": (unmeasured, *department.persons[1:5])}))
    assert five is not None
    assert (len(five.rows), five.more) == (5, "")
    assert (five.rows[0].data, five.rows[0].keys["data"], five.rows[0].keys["last"]) == ("not measured", -1, -1)
    assert persons(department.model_copy(update={"persons": ()})) is None


def test_what_is_hidden_is_a_sentence_and_a_bar() -> None:
    hidden = page("Customer Service").hidden
    assert hidden is not None
    assert (hidden.percent, hidden.share, hidden.rest) == (12, "12.4%", "87.6%")
    assert [(part.name, part.kind, part.extent) for part in hidden.parts] == [
        ("dns.google", "Encrypted name look-ups", "1,204 requests by 3 people, 9.4 MB"),
        ("Mullvad VPN", "VPN services", "37 requests by 1 person, 140 MB"),
    ]
    unknown = page("Unknown department").hidden
    assert unknown is not None
    assert (unknown.percent, unknown.sentence) == (None, "How much of the traffic could hide AI use, we cannot tell.")
    none = page("Logistics").hidden
    assert none is not None
    assert (none.percent, none.sentence) == (0, "We saw nothing in this traffic in which AI use could hide.")


def test_hidden_shares_of_requests_and_beyond_reason() -> None:
    result = world()
    share = result.departments[2].hidden
    assert share is not None
    odd = share.model_copy(update={"percent": 250.0, "measure": "requests"})
    hidden = department_page(result, result.departments[2].model_copy(update={"hidden": odd})).hidden
    assert hidden is not None
    assert (hidden.percent, hidden.rest) == (100, "0%")
    assert "of the requests looked at closely" in hidden.sentence


def test_silent_hours_are_a_blind_spot() -> None:
    groups = {group.heading: group for group in page("Legal").blind}
    (place,) = groups["Hours without records"].places
    assert (place.name, place.text) == (
        "logs/squid-access.log.1.gz",
        "12 November 2026, 00:00 \u2013 14 November 2026, 00:00",
    )


def test_every_figure_has_its_origin() -> None:
    rows = {row.name: row for row in page("Logistics").origins}
    deepl = rows["DeepL Translate"]
    assert deepl.rule.startswith("rule 2: tolerated, Translation, for Logistics")
    assert deepl.signature == "deepl @ 5f2c9a41d07e"
    assert [(one.path, one.format) for one in deepl.seen] == [
        ("logs/squid-access.log.1.gz", "Squid access log"),
        ("logs/dns/queries.log", "BIND query log"),
        ("captures/branch-office.pcapng", "Packet capture (pcapng)"),
    ]
    assert rows["Otter.ai"].rule == "no rule fits: the policy's default, unsanctioned"


def test_origins_of_documents_that_tell_less() -> None:
    result = world()
    many = tuple(
        origin.model_copy(update={"source": f"log-{number}"})
        for number in range(3)
        for origin in result.departments[0].services[0].origins
    )
    service = result.departments[0].services[0].model_copy(update={"origins": many, "rule": 77})
    base = result.departments[0].model_copy(update={"services": (service,)})
    (row,) = department_page(result, base).origins
    assert (row.rule, row.more) == ("rule 77", "and 5 more in result.json")
    bare = department_page(result.model_copy(update={"policy": None}), result.departments[0])
    assert bare.origins[0].rule == "not told by this document"
    assert bare.origin.policy == ""


def test_a_division_has_the_same_page_and_links_its_departments() -> None:
    shown = division("Operations")
    assert shown.title == "AI use in Operations and the departments below it"
    assert [(row.name, row.page) for row in shown.below] == [
        ("Operations", "operations.html"),
        ("Logistics", "logistics.html"),
        ("Customer Service", "customer-service.html"),
    ]
    assert shown.above == ()
    assert shown.headline.startswith("82 of 199 people in Operations and the departments below it used 8 AI services")
    assert "Addresses shared by several people" in [group.heading for group in shown.blind]


def test_a_department_names_the_division_above_it() -> None:
    (parent,) = page("Logistics").above
    assert (parent.name, parent.page) == ("Operations and the departments below it", "operations-division.html")
    assert page("Legal").above == ()
    unlinked = department_page(world(), world().departments[1])
    assert (unlinked.above[0].page, unlinked.index) == ("", "")
    assert 'class="trail"' in render_department(world(), world().departments[1])


def test_a_ring_of_parents_ends() -> None:
    result = world()
    ring = tuple(
        one.model_copy(update={"parent": {"Operations": "Logistics", "Logistics": "Operations"}.get(one.name)})
        for one in result.departments
    )
    odd = result.model_copy(update={"departments": ring})
    assert len(above(odd, ring[1], Links())) == 1


def test_of_many_services_the_worst_are_opened_the_next_are_lines_the_rest_is_counted() -> None:
    result = large(2, 100, 300)
    shown = department_page(result, result.departments[0])
    assert (len(shown.services), len(shown.brief)) == (MAX_SERVICES, MAX_BRIEF)
    assert shown.more == "60 more services are in usage.csv."
    assert department_page(result, result.departments[1]).more == ""


def test_a_reference_is_a_link_only_where_it_is_a_plain_web_address() -> None:
    result = world()
    links = {}
    for attack in (
        "javascript:alert(1)",
        'https://a.example/x" onclick=',
        "http://a.example",
        "https://a.example/x?y=1",
    ):
        department = _with_reference(result.departments[0], attack)
        html = render_department(result.model_copy(update={"departments": (department,)}), department)
        links[attack] = re.findall(r'class="reference"><a href="([^"]*)"', html)
    assert list(links.values()) == [[], [], [], ["https://a.example/x?y=1"]]


def _with_reference(department: DepartmentUse, reference: str) -> DepartmentUse:
    service = department.services[0]
    assert service.service_risk is not None
    part = service.service_risk.parts[0].model_copy(update={"reference": reference})
    risk = service.service_risk.model_copy(update={"parts": (part,)})
    return department.model_copy(update={"services": (service.model_copy(update={"service_risk": risk}),)})


@pytest.mark.parametrize("department", range(7))
def test_rendering_twice_gives_the_same_bytes(department: int) -> None:
    assert render_department(world(), world().departments[department]) == render_department(
        world(), world().departments[department]
    )
