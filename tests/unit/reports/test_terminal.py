import io

import pytest
from rich.console import Console
from support.report_world import large, world
from support.results import EXAMPLES

from shadowai.reports.terminal import MAX_ROWS, summary
from shadowai.result import Result


def shown(document: Result, width: int = 80) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(summary(document))
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", EXAMPLES)
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    assert max(map(len, shown(EXAMPLES[name](), width))) <= width


def test_a_line_tells_how_many_services_are_unsanctioned() -> None:
    line = next(line for line in shown(world(), 120) if line.startswith("Customer Service"))
    assert line.split()[2:8] == ["28", "of", "61", "5", "(4!)", "295"]


def test_notes_say_what_the_figures_do_not() -> None:
    text = " ".join(shown(world()))
    for note in (
        "1 of 4 inputs could not be read: logs/firewall/paloalto-2026-11.csv.",
        "New since the period before: DeepSeek. Used more: ChatGPT.",
        "Hours without records: logs/squid-access.log.1.gz.",
        "1 rule of the policy has ended.",
        "What to do first: Stop the use of DeepSeek and Manus.",
    ):
        assert note in text


def test_of_many_departments_the_worst_are_shown() -> None:
    lines = shown(large(departments=60, people=1200, services=40), 120)
    assert sum(line.startswith("Department 0") for line in lines) == MAX_ROWS
    assert "and 20 more departments" in lines


def test_nothing_read_is_said() -> None:
    assert shown(EXAMPLES["empty"]()) == [
        "No records could be read, so we cannot say whether AI services were used in the ",
        "organisation.",
    ]
