import pytest
from support.report_world import world
from support.results import EXAMPLES

from shadowai.model import Status
from shadowai.reports.board import STEPS, answers, board_steps, how_sure
from shadowai.result import Result, ServiceUse, StatusCounts


def without(document: Result, *names: str) -> Result:
    """Take parts out of a document, so that the next step comes forward."""
    changes: dict[str, object] = {}
    if "use" in names:
        kept = [one.model_copy(update={"services": ()}) for one in document.departments]
        changes["departments"] = tuple(kept)
    for name in ("candidates", "blind_spots"):
        if name in names:
            changes[name] = ()
    if "policy" in names:
        changes["policy"] = None
    if "sources" in names:
        changes["sources"] = tuple(one for one in document.sources if not one.error and not one.silent)
    return document.model_copy(update=changes)


def titles(document: Result) -> list[str]:
    return [step.title for step in board_steps(document)]


def test_the_most_urgent_decisions_of_the_world() -> None:
    steps = board_steps(world())
    assert [(step.title, step.whom) for step in steps] == [
        ("Stop the use of DeepSeek and Manus", "ciso@example.com"),
        ("Decide on ChatGPT, Cursor, Otter.ai and 4 more", "ciso@example.com"),
        ("Renew or end Rule 4: Meeting assistants", "works-council@example.com"),
    ]
    assert steps[0].why == "Prohibited, and still used in Customer Service and Research: 11 sessions got through."


def test_only_the_departments_where_it_is_prohibited_are_accused() -> None:
    document = world()
    tolerated = [one.model_copy(update={"services": tuple(allowed(use) for use in one.services)})
                 for one in document.departments if one.name == "Research"]  # fmt: skip
    renamed = tolerated[0].model_copy(update={"name": "Laboratory"})
    (first, *_) = board_steps(document.model_copy(update={"departments": (*document.departments, renamed)}))
    assert first.why == "Prohibited, and still used in Customer Service and Research: 11 sessions got through."


def allowed(use: ServiceUse) -> ServiceUse:
    counts = StatusCounts(tolerated=use.sessions)
    return use.model_copy(update={"status": Status.TOLERATED, "statuses": counts})


def test_every_kind_of_step_has_its_turn() -> None:
    seen = []
    document = without(world(), "policy")
    seen += titles(document)
    seen += titles(without(world(), "policy", "sources"))
    seen += titles(without(world(), "use", "policy"))
    seen += titles(without(world(), "use", "policy", "sources"))
    seen += titles(without(world(), "use", "policy", "sources", "blind_spots", "candidates"))
    silent = world().model_copy(update={"sources": tuple(one for one in world().sources if not one.error)})
    seen += titles(without(silent, "use", "policy"))
    assert list(dict.fromkeys(seen)) == [
        "Stop the use of DeepSeek and Manus",
        "Decide on ChatGPT, Cursor, Otter.ai and 4 more",
        "Restore the input logs/firewall/paloalto-2026-11.csv",
        "Offer a company account for ChatGPT and Microsoft 365 Copilot",
        "Decide whether Mullvad VPN is allowed",
        "Check api.brightquill-ai.example and llm-gateway.partner.example",
        "Tell people what is allowed, and how to ask",
        "Find out why logs/squid-access.log.1.gz fell silent",
    ]


def test_an_open_review_is_a_step() -> None:
    document = world()
    rows = []
    for one in document.departments:
        kept = [use.model_copy(update={"account": use.account.model_copy(update={"personal": 0})})
                for use in one.services if use.status.value in ("under-review", "sanctioned")]  # fmt: skip
        rows.append(one.model_copy(update={"services": tuple(kept)}))
    document = without(document.model_copy(update={"departments": tuple(rows)}), "sources")
    assert titles(document)[1] == "Close the review of OpenAI API and Claude"


@pytest.mark.parametrize("name", EXAMPLES)
def test_there_are_one_to_three_steps(name: str) -> None:
    assert len(board_steps(EXAMPLES[name]())) <= STEPS


def test_nothing_read_claims_nothing() -> None:
    empty = EXAMPLES["empty"]()
    assert titles(empty) == ["Give the scan inputs that it can read"]
    assert answers(empty, ()) == ()
    failed = empty.model_copy(update={"sources": world().sources[3:]})
    assert titles(failed) == ["Restore the input logs/firewall/paloalto-2026-11.csv"]


def test_without_a_policy_what_is_unsanctioned_wants_a_decision() -> None:
    (first, *_) = board_steps(EXAMPLES["unknown"]())
    assert (first.title, first.why) == ("Decide on ChatGPT", "Used without approval. Most used: ChatGPT, by 4 people.")


def told(document: Result) -> dict[str, str]:
    return {fact.name: fact.text for fact in answers(document, board_steps(document))}


def test_the_first_screen_answers() -> None:
    found = told(world())
    assert list(found) == ["How bad", "How sure", "What to do first"]
    assert found["How bad"].startswith("6 services of high or critical risk are used without approval: DeepSeek, ")
    assert found["How sure"].startswith("3 of 4 inputs were read. 1 has hours without records. The figures are a lower")
    assert found["How sure"].endswith("use can hide in VPNs and encrypted name look-ups.")
    assert found["What to do first"] == "Stop the use of DeepSeek and Manus"


def test_how_bad_says_no_more_than_was_seen() -> None:
    assert told(EXAMPLES["one"]())["How bad"] == (
        "No unsanctioned use was seen. Low risk at worst: Microsoft 365 Copilot."
    )
    assert told(EXAMPLES["quiet"]())["How bad"] == "No risk from use that we saw."
    mild = [use for one in world().departments for use in one.services if use.id in ("gamma", "midjourney")]
    one = world().departments[0].model_copy(update={"services": tuple(mild)})
    document = world().model_copy(update={"departments": (one,)})
    assert (
        told(document)["How bad"] == "None of the services used without approval is of high risk: Gamma and Midjourney."
    )


def test_without_hiding_places_the_figures_stay_a_lower_bound() -> None:
    assert how_sure(without(world(), "blind_spots", "sources")) == (
        "2 of 2 inputs were read. The figures are a lower bound: we see only what these records cover."
    )
