"""Figures for the board: is AI use decided upon, how fast, and which decisions are about to lapse.

Nothing is guessed: what the document does not tell (no policy, rules without a start date) is said to be unknown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from shadowai.model import Status
from shadowai.reports import sections, text, views
from shadowai.reports.language import say, say_many
from shadowai.reports.naming import is_unknown
from shadowai.reports.phrases import worded_rule
from shadowai.result import DepartmentUse, PolicyException, PolicyReport, Result, RuleReport, ServiceUse

MAX_ROWS = 25  # exceptions, and rules; more are counted


@dataclass(frozen=True, slots=True)
class StatusShare:
    """Sessions of one status: their part of all, in percent for drawing and in words."""

    mark: views.Mark
    left: float
    width: float
    share: str
    sessions: str


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """A rule that ends soon or has ended: `past` says which, `when` how soon; `key` sorts by days left.

    `owner` and `reason` are empty where the rule names none.
    """

    rule: str
    mark: views.Mark
    what: str
    whom: str
    when: str
    past: bool
    owner: str
    reason: str
    sessions: str
    key: int


@dataclass(frozen=True, slots=True)
class Governance:
    """The board's figures, what they mean, the use by status, and the exceptions that end; `more` are not listed."""

    figures: tuple[views.Figure, ...]
    statuses: tuple[StatusShare, ...]
    sentences: tuple[str, ...]
    exceptions: tuple[ExceptionRow, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Decisions:
    """How the services in use are decided upon, by service id.

    `open` are under review, `default` have no rule; `days` is, for each decided service whose rule has a start date,
    how long after it was first seen the rule began: 0 where the rule is older.
    """

    decided: frozenset[str]
    open: frozenset[str]
    default: frozenset[str]
    days: tuple[int, ...]

    @property
    def all(self) -> int:
        """Count the services in use."""
        return len(self.decided | self.open | self.default)


Used = Sequence[tuple[DepartmentUse, Sequence[ServiceUse]]]


def governance(result: Result) -> Governance | None:
    """Lay out the board's figures; None where nothing was in use."""
    used = in_use(result)
    if not any(services for _, services in used):
        return None
    found = decisions(used, result.policy)
    rows = tuple(exceptions(result.policy))
    return Governance(
        figures=tuple(_figures(used, found)),
        statuses=statuses(used),
        sentences=tuple(_sentences(found)),
        exceptions=rows[:MAX_ROWS],
        more=max(0, len(rows) - MAX_ROWS),
    )


def in_use(result: Result) -> Used:
    """Give each department with its services in use."""
    return [(one, sections.used(one.services)) for one in result.departments]


def decisions(used: Used, policy: PolicyReport | None) -> Decisions | None:
    """Sort the services in use by how far they are decided upon; None where the document tells no policy.

    A service counts as its least decided use: without a rule somewhere, else under review somewhere, else decided.
    """
    if policy is None:
        return None
    rules = {rule.number: rule for rule in policy.rules}
    rows: dict[str, list[ServiceUse]] = {}
    for service in (service for _, services in used for service in services):
        rows.setdefault(service.id, []).append(service)
    default = {name for name, found in rows.items() if any(one.rule is None for one in found)}
    under_review = {name for name, found in rows.items() if any(one.status is Status.UNDER_REVIEW for one in found)}
    decided = rows.keys() - default - under_review
    days = [_days_to_decide(rows[name], rules) for name in sorted(decided)]
    known = tuple(one for one in days if one is not None)
    return Decisions(frozenset(decided), frozenset(under_review - default), frozenset(default), known)


def statuses(used: Used) -> tuple[StatusShare, ...]:
    """Lay out the sessions by what the policy said of them when they began."""
    counts = dict.fromkeys(Status, 0)
    for service in (service for _, services in used for service in services):
        told = {status: getattr(service.statuses, status.name.lower()) for status in Status}
        if any(told.values()):
            for status, number in told.items():
                counts[status] += number
        else:
            counts[service.status] += service.sessions
    whole = sum(counts.values())
    left, shown = 0.0, []
    for status, number in counts.items():
        if number:
            width = round(100 * number / whole, 2)
            share = text.share(number, whole) or ""
            shown.append(StatusShare(views.mark(status), round(left, 2), width, share, text.sessions(number)))
            left += width
    return tuple(shown)


def exceptions(policy: PolicyReport | None) -> Iterator[ExceptionRow]:
    """Lay out the rules that have ended or end soon, those that ended first."""
    if policy is None:
        return
    rules = {rule.number: rule for rule in policy.rules}
    for one in sorted(policy.exceptions, key=lambda one: (one.days_left, one.rule)):
        if one.rule in rules:
            yield _exception(one, rules[one.rule])


def days(number: int) -> str:
    """Write a number of days."""
    return say_many("{number} day", "{number} days", number, number=text.number(number))


def _days_to_decide(rows: Sequence[ServiceUse], rules: dict[int, RuleReport]) -> int | None:
    """Count from the first contact to the start of the last of the rules; None where one has no start date."""
    seen = [day for day in (text.parse_day(one.first_seen) for one in rows) if day is not None]
    starts = []
    for one in rows:
        start = text.parse_day(rules[one.rule].starts) if one.rule in rules else None
        if start is None:
            return None
        starts.append(start)
    return max(0, (max(starts) - min(seen)).days) if seen else None


def _figures(used: Used, found: Decisions | None) -> Iterator[views.Figure]:
    shares = {one.mark.name: one for one in statuses(used)}
    good = shares.get(Status.SANCTIONED.value)
    label = say("of AI sessions were sanctioned")
    yield views.Figure(good.share if good else text.percent(0), label, good.sessions if good else "")
    if found is None:
        yield views.Figure(say("unknown"), say("services decided by a rule"), say("the document tells no policy"))
        return
    decided = _part(len(found.decided), found.all)
    waiting = found.open | found.default
    note = say("{none} without a rule, {open} under review", none=text.number(len(found.default)),
               open=text.number(len(found.open))) if waiting else ""  # fmt: skip
    yield views.Figure(decided, say("services in use are decided by a rule"), note, alarming=bool(waiting))
    yield _time_to_decide(found)
    yield _departments(used)


def _time_to_decide(found: Decisions) -> views.Figure:
    late = [one for one in found.days if one > 0]
    if late:
        note = say("{part} decided services whose rules have a start date; the others were decided before",
                   part=_part(len(late), len(found.days)))  # fmt: skip
        return views.Figure(days(round(median(late))), say("from first seen to decided (median)"), note)
    if found.days:
        note = say("as far as rules have a start date")
        return views.Figure(_part(0, len(found.days)), say("were seen in use before they were decided"), note)
    return views.Figure(say("unknown"), say("from first seen to decided"),
                        say("no rule that decides a service has a start date"))  # fmt: skip


def _departments(used: Used) -> views.Figure:
    with_use = [services for one, services in used if services and not is_unknown(one.name)]
    decided = sum(1 for services in with_use if all(_is_decided(one) for one in services))
    label = say("departments that use AI have a decision on every service they use")
    return views.Figure(_part(decided, len(with_use)), label, text.share(decided, len(with_use)) or "")


def _part(part: int, whole: int) -> str:
    return say("{part} of {whole}", part=text.number(part), whole=text.number(whole))


def _is_decided(service: ServiceUse) -> bool:
    return service.rule is not None and service.status is not Status.UNDER_REVIEW


def _sentences(found: Decisions | None) -> Iterator[str]:
    if found is None:
        return
    yield say(
        "A service is decided where a rule of the policy covers all of its use, and not only as under review. "
        "The policy's default is no decision."
    )
    if found.days:
        yield say(
            "The time to a decision begins with the first contact in this period: earlier use is not in its records."
        )


def _exception(one: PolicyException, rule: RuleReport) -> ExceptionRow:
    until = text.day(rule.until)
    if one.days_left < 0:
        when = say("ended on {day}, {days} before the period's end", day=until, days=days(-one.days_left))
    else:
        when = say("ends on {day}, {days} after the period's end", day=until, days=days(one.days_left))
    return ExceptionRow(
        rule=say("Rule {number}", number=rule.number),
        mark=views.mark(rule.status),
        what=worded_rule(rule.what),
        whom=worded_rule(rule.whom),
        when=when,
        past=one.days_left < 0,
        owner=rule.owner or "",
        reason=rule.reason or "",
        sessions=text.number(rule.sessions),
        key=one.days_left,
    )
