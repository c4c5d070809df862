from support.report_world import CHANGE, world

from shadowai.reports.whats_new import MAX_ROWS, in_short, news
from shadowai.result import Change, ServiceChange


def changed(*services: ServiceChange) -> Change:
    return CHANGE.model_copy(update={"services": services})


def test_a_change_of_our_looking_is_never_one_of_the_use() -> None:
    found = news(CHANGE, {"Research": "departments/research.html"})
    assert found is not None
    assert [(row.name, row.shape, row.word) for row in found.rows] == [
        ("DeepSeek", "new", "New"),
        ("ChatGPT", "up", "Used more"),
        ("Perplexity", "down", "Not seen any more"),
    ]
    assert [(row.name, row.shape) for row in found.apart] == [("Manus", "unclear"), ("Otter.ai", "unclear")]
    assert all(row.why for row in found.apart)
    assert not any(row.why for row in found.rows)
    assert found.rows[2].page == "departments/research.html"
    assert found.rows[0].page == ""
    assert (found.more, found.more_apart) == (0, 0)


def test_before_and_now_are_told() -> None:
    found = news(CHANGE, {})
    assert found is not None
    row = found.rows[1]
    assert (row.people, row.sessions, row.key) == ("5 before, 7 now", "1.1 before, 2.3 now", 1.2)
    assert found.sentence == "135 people used AI services; 118 did from 5 October to 1 November 2026."
    assert found.coverage == ("Inputs of the kind proxy: 48,200 records a day before, 45,857 now.",)
    assert found.notes == ("The signatures changed between the two periods.",)


def test_the_short_sentence_names_new_and_growing_services_only() -> None:
    new, grown, *_ = CHANGE.services
    assert in_short(CHANGE) == "New since the period before: DeepSeek. Used more: ChatGPT."
    assert in_short(changed(new)) == "New since the period before: DeepSeek."
    assert in_short(changed(grown)) == "Used more than in the period before: ChatGPT."
    assert in_short(changed(new.model_copy(update={"cause": "signatures"}))) == (
        "No service is new or used more since the period before."
    )
    assert in_short(None) == ""
    assert news(None, {}) is None


def test_many_changes_are_counted() -> None:
    new = CHANGE.services[0]
    many = [new.model_copy(update={"service": f"s{at}", "people_now": at}) for at in range(70)]
    looked = [one.model_copy(update={"cause": "coverage"}) for one in many]
    found = news(changed(*many, *looked), {})
    assert found is not None
    assert (len(found.rows), found.more, len(found.apart), found.more_apart) == (MAX_ROWS, 20, MAX_ROWS, 20)
    assert found.rows[0].people == "0 before, 69 now"
    assert world().change == CHANGE
