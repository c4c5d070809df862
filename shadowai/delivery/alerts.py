"""Alerts: what somebody should know now, found in one result and the one before it.

Each has a threshold and a quiet period (`shadowai.settings.channels.AlertSettings`), in which the same thing is not
said again. What a report does not prove raises none: look-ups, blocked requests and services whose use is not proven
are no use.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from shadowai.activity.change import change_since
from shadowai.exports.record import SEVERITY_OF_RISK, Severity, identity, milliseconds
from shadowai.exports.records import Draft, finish
from shadowai.model import Status
from shadowai.reports import text, words
from shadowai.reports.language import later, say
from shadowai.reports.phrases import worded, worded_rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shadowai.delivery.outbox import Outbox
    from shadowai.exports.record import Record
    from shadowai.exports.records import Frame
    from shadowai.provenance import SourceReport
    from shadowai.result import Change, DepartmentUse, Result, ServiceUse
    from shadowai.settings.channels import AlertRule, AlertSettings

_ENDED = later("Rule {number} of the policy has ended")
_ENDING = later("Rule {number} of the policy ends soon")
_HOUR = 3_600_000  # milliseconds


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert: its rule (a name in `AlertSettings`), what it is about, how grave, and what happened, in a sentence.

    `value` is what reached the threshold `limit`.
    """

    rule: str
    about: tuple[str, ...]
    severity: Severity
    title: str
    message: str
    value: float
    limit: float
    department: str | None = None
    service: str | None = None
    status: Status | None = None

    @property
    def key(self) -> str:
        """What the quiet period goes by: the rule and what it is about, whatever the figures."""
        return f"alert:{self.rule}:{identity(*self.about)}"


Shares = Mapping[str, tuple[int, int]]
"""By format how many records were skipped, and of how many that were looked at closely."""


class Readings(NamedTuple):
    """What was read since an earlier time, and what was read up to then.

    What is skipped has no time, so that results do not tell on which day of a file it was; who read it night by night
    knows.
    """

    before: Shares
    now: Shares


@dataclass(frozen=True, slots=True)
class _Seen:
    """Two results, what changed between them, and what was read for them, where that is known."""

    now: Result
    before: Result | None
    change: Change | None
    settings: AlertSettings
    readings: Readings | None

    def uses(self) -> Iterator[tuple[DepartmentUse, ServiceUse]]:
        """Give every proven use."""
        for department in self.now.departments:
            for use in department.services:
                if use.proven and use.sessions:
                    yield department, use


def find_alerts(
    result: Result, previous: Result | None, settings: AlertSettings, readings: Readings | None = None
) -> tuple[Alert, ...]:
    """Find the alerts of a result; without an earlier one, nothing is new, gone or risen."""
    change = result.change or (change_since(previous, result) if previous else None)
    seen = _Seen(result, previous, change, settings, readings)
    return tuple(alert for name, find in _RULES.items() if rule_of(settings, name).enabled for alert in find(seen))


def rule_of(settings: AlertSettings, name: str) -> AlertRule:
    """Give the settings of a rule."""
    rule: AlertRule = getattr(settings, name)
    return rule


def still_news(alerts: Iterable[Alert], outbox: Outbox, now: float) -> tuple[Alert, ...]:
    """Leave out what was said within its quiet period; `now` is in seconds since 1970-01-01 UTC."""
    return tuple(one for one in alerts if (outbox.quiet_until(one.key) or 0.0) <= now)


def alert_record(alert: Alert, frame: Frame) -> Record:
    """Make the SIEM record of an alert."""
    event = {"kind": "alert", "action": alert.rule, "reason": alert.message}
    fields = {
        "top": {"rule": {"name": alert.rule.replace("_", "-"), "category": "alert"}},
        "department": {"name": alert.department},
        "service": {"id": alert.service},
        "status": alert.status.value if alert.status else None,
        "alert": {"rule": alert.rule, "value": alert.value, "limit": alert.limit},
    }
    about = (alert.rule, *alert.about, str(frame.made))
    return finish(Draft("alert", about, alert.severity, alert.title, alert.message, event, fields), frame)


def _first_use(seen: _Seen) -> Iterator[Alert]:
    rule = seen.settings.first_use
    names = {(department.name, use.id): use for department, use in seen.uses()}
    for one in seen.change.services if seen.change else ():
        use = names.get((one.department, one.service))
        if one.change != "new" or one.cause != "use" or use is None:  # what only our looking made new is no first use
            continue
        if one.people_now < rule.people or one.status.gravity < rule.least.gravity:
            continue
        extent = text.listing([text.people(one.people_now), text.sessions(use.sessions)])
        status = words.status_inside(one.status)
        says = text.clean(worded(one.says))
        message = say("{extent}, status {status}. {says}", extent=extent, status=status, says=says)
        measure = _Measure("first_use", later("First use: {service} in {department}"), one.people_now, rule.people)
        yield _about_use(measure, one.department, use, message)


def _prohibited(seen: _Seen) -> Iterator[Alert]:
    rule = seen.settings.prohibited
    for department, use in seen.uses():
        sessions = use.statuses.prohibited or (use.sessions if use.status is Status.PROHIBITED else 0)
        if sessions >= rule.sessions:
            count, people = text.sessions(sessions), text.people(use.people)
            message = say("{sessions} with a prohibited service, by at most {people}", sessions=count, people=people)
            title = later("Prohibited service: {service} in {department}")
            measure = _Measure("prohibited", title, sessions, rule.sessions)
            yield _about_use(measure, department.name, use, message)


def _upload(seen: _Seen) -> Iterator[Alert]:
    rule = seen.settings.upload
    for department, use in seen.uses():
        if use.bytes_up is not None and use.bytes_up >= rule.bytes and use.status.gravity >= rule.least.gravity:
            message = say(
                "{data} sent in {sessions}, limit {limit}",
                data=text.size(use.bytes_up),
                sessions=text.sessions(use.sessions),
                limit=text.size(rule.bytes),
            )
            title = later("Large upload: {service} in {department}")
            measure = _Measure("upload", title, use.bytes_up, rule.bytes)
            yield _about_use(measure, department.name, use, message)


class _Measure(NamedTuple):
    """Which rule found something, the message that is its title, what was measured, and its threshold."""

    rule: str
    title: str
    value: float
    limit: float


def _about_use(measure: _Measure, department: str, use: ServiceUse, message: str) -> Alert:
    return Alert(
        rule=measure.rule,
        about=(department, use.id),
        severity=max(SEVERITY_OF_RISK[use.risk], Severity.MEDIUM),
        title=say(measure.title, service=text.clean(use.name), department=text.clean(department)),
        message=message,
        value=measure.value,
        limit=measure.limit,
        department=department,
        service=use.id,
        status=use.status,
    )


def _expired(seen: _Seen) -> Iterator[Alert]:
    policy, least = seen.now.policy, seen.settings.expired.days
    rules = {rule.number: rule for rule in policy.rules} if policy else {}
    for one in policy.exceptions if policy else ():
        rule = rules.get(one.rule)
        if rule is None or -one.days_left < least:
            continue
        title = _ENDED if one.days_left < 0 else _ENDING
        message = say(
            "{what} for {whom} ({status}), until {day}; owner: {owner}",
            what=text.clean(worded_rule(rule.what)),
            whom=text.clean(worded_rule(rule.whom)),
            status=words.status_inside(rule.status),
            day=text.day(rule.until),
            owner=text.clean(rule.owner) if rule.owner else say("unknown"),
        )
        # A rule is told from another by what it says: numbers change when a rule is put in above it.
        about = (rule.status.value, rule.what, rule.whom, rule.until or "")
        yield Alert("expired", about, Severity.MEDIUM, say(title, number=one.rule), message, -one.days_left, least)


def _silent(seen: _Seen) -> Iterator[Alert]:
    hours = seen.settings.silent.hours
    for source in seen.now.sources:
        silence, since = _silence(source, milliseconds(seen.now.period.end))
        if silence >= hours:
            lasted = text.number(round(silence))
            message = say("no record for {hours} hours, since {since} UTC", hours=lasted, since=text.moment(since))
            measure = _Measure("silent", later("Source silent: {source}"), round(silence, 1), hours)
            yield _about_source(measure, source.path, message)
    here = {source.path for source in seen.now.sources}
    for source in seen.before.sources if seen.before else ():
        if source.records and source.path not in here:
            gave = words.amount(source.records, "records")
            message = say("it gave {records} in the period before, and is not there now", records=gave)
            yield _about_source(_Measure("silent", later("Source gone: {source}"), 0, hours), source.path, message)


def _silence(source: SourceReport, end: int | None) -> tuple[float, str]:
    """Give the longest time in hours for which a source was silent although it should not have been, and its start."""
    spans = [(milliseconds(one.start), milliseconds(one.end), one.start) for one in source.silent]
    found = [((last - first) / _HOUR, since or "") for first, last, since in spans if first and last]
    last = milliseconds(source.last)
    if last is not None and end is not None:
        found.append(((end - last) / _HOUR, source.last or ""))
    return max(found, default=(0.0, ""))


def _skipped(seen: _Seen) -> Iterator[Alert]:
    rule = seen.settings.skipped
    before, shares = seen.readings or (_shares(seen.before.sources) if seen.before else {}, _shares(seen.now.sources))
    for name, (skipped, looked_at) in sorted(shares.items()):
        earlier = before.get(name)
        if looked_at < rule.records or earlier is None or not earlier[1]:
            continue
        now, then = 100 * skipped / looked_at, 100 * earlier[0] / earlier[1]
        if now - then >= rule.points:
            message = say(
                "{now} of {records} looked at were skipped, {then} in the period before",
                now=text.percent(now),
                records=words.amount(looked_at, "records"),
                then=text.percent(then),
            )
            title = later("More records skipped: {source}")
            measure = _Measure("skipped", title, round(now - then, 1), rule.points)
            yield _about_source(measure, name, message)


def _shares(sources: Iterable[SourceReport]) -> Shares:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for source in sources:
        if source.format:
            skipped = sum(source.skipped.values())
            sums[source.format][0] += skipped
            sums[source.format][1] += skipped + source.parsed
    return {name: (skipped, looked_at) for name, (skipped, looked_at) in sums.items()}


def _about_source(measure: _Measure, name: str, message: str) -> Alert:
    title = say(measure.title, source=text.shorten(text.clean(name)))
    return Alert(measure.rule, (name,), Severity.MEDIUM, title, message, measure.value, measure.limit)


_RULES = {
    "first_use": _first_use,
    "prohibited": _prohibited,
    "upload": _upload,
    "expired": _expired,
    "silent": _silent,
    "skipped": _skipped,
}
