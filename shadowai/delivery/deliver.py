"""One delivery: what a result is to tell whom goes into the outbox, and then out of it.

`deliver` is what a run calls. It never raises for a place that cannot be reached: everything that is not well stands in
the delivered that it gives, and stays in the outbox.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from shadowai.delivery.alerts import Alert, Readings, alert_record, find_alerts, rule_of, still_news
from shadowai.delivery.body import Extras, digest_body
from shadowai.delivery.compose import Job, Letter, alert_letter, letters, link_of
from shadowai.delivery.drain import Channel, Clock, Delivered, Drain
from shadowai.delivery.outbox import Item, Outbox
from shadowai.delivery.smtp import MailSender, enveloped
from shadowai.delivery.webhooks import Notice, WebhookSender, payload_of
from shadowai.errors import ShadowaiError
from shadowai.exports.activity import activity_records
from shadowai.exports.lines import MAX_LINES, Line, lines_of, pack, packages
from shadowai.exports.record import identity
from shadowai.exports.records import Frame, frame_of, records_of
from shadowai.exports.senders import sender_of
from shadowai.reports import text
from shadowai.reports.document import result_json
from shadowai.reports.language import ENGLISH, say_many, speaking
from shadowai.reports.look import PLAIN, Look
from shadowai.reports.tidying import tidy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from shadowai.result import Result
    from shadowai.settings.channels import Channels, MailSettings, SiemTarget, Webhook

MAIL = "mail"
PARTS = ("mail", "siem", "alerts", "webhooks")
"""What a delivery is made of; a run chooses."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is delivered. `previous` is the result before it, and `readings` what was read for the two, for alerts.

    `occasion` is what the report is called, such as `2026-W47`: its mails go out once for it, however often it is made
    anew. Without one, the result's own bytes are its name. `parts` are those of `PARTS` that are wanted. `folder` is
    where the report lies below the addresses of the settings: that of the period, where there are several.
    """

    result: Result
    look: Look = PLAIN
    previous: Result | None = None
    occasion: str | None = None
    readings: Readings | None = None
    folder: str = ""
    parts: tuple[str, ...] = PARTS

    @property
    def name(self) -> str:
        """The occasion, or the digest of the result."""
        return self.occasion or hashlib.sha256(result_json(self.result)).hexdigest()


@dataclass(slots=True)
class _Filling:
    """One filling of the outbox: everything that belongs together is put in in one step."""

    channels: Channels
    subject: Subject
    outbox: Outbox
    now: float
    problems: list[str] = field(default_factory=list)

    @property
    def frame(self) -> Frame:
        return frame_of(self.subject.result, int(self.now * 1000), self.subject.occasion)


def deliver(
    channels: Channels,
    subject: Subject,
    outbox: Outbox,
    clock: Clock | None = None,
    environment: Mapping[str, str] | None = None,
) -> Delivered:
    """Put into the outbox what a result is to tell, and send what is in it. OutboxBusyError where another run sends."""
    problems = enqueue(channels, subject, outbox, (clock or Clock()).now())
    delivered = send_waiting(channels, outbox, clock, environment)
    delivered.problems[:0] = problems
    return delivered


def enqueue(channels: Channels, subject: Subject, outbox: Outbox, now: float) -> list[str]:
    """Put into the outbox what a result is to tell; give what is not well, a sentence each."""
    filling = _Filling(channels, subject, outbox, now)
    for part in PARTS:
        if part in subject.parts:
            _FILLERS[part](filling)
    return filling.problems


def deliver_activity(
    channels: Channels, documents: Iterable[Mapping[str, object]], outbox: Outbox, clock: Clock | None = None
) -> Delivered:
    """Put activity, which comes as nested ECS documents, into the outbox for all who want it, and send what is in it.

    The documents are read once, and never held all in memory.
    """
    now = (clock or Clock()).now()
    targets = [target for target in channels.siem if "activity" in target.what]
    records = activity_records(documents if targets else (), int(now * 1000))
    while chunk := list(islice(records, MAX_LINES)):
        for target in targets:
            _put_lines(outbox, target, lines_of(chunk, target.format), now, "activity")
    return send_waiting(channels, outbox, clock)


def send_waiting(
    channels: Channels, outbox: Outbox, clock: Clock | None = None, environment: Mapping[str, str] | None = None
) -> Delivered:
    """Send what the outbox holds. OutboxBusyError where another process does."""
    given = os.environ if environment is None else environment
    return Drain(outbox, senders(channels, given), channels.delivery, clock).run()


def senders(channels: Channels, environment: Mapping[str, str]) -> dict[str, Channel | str]:
    """Make the sender of each channel, or the reason why it cannot be used."""
    found: dict[str, Channel | str] = {}
    if channels.mail:
        found[MAIL] = _usable(partial(_mail_channel, channels.mail, environment))
    for target in channels.siem:
        found[siem_channel(target)] = _usable(partial(_siem_channel, target, environment))
    for hook in channels.webhooks:
        found[webhook_channel(hook)] = _usable(partial(_webhook_channel, hook, environment))
    return found


def _mail_channel(settings: MailSettings, environment: Mapping[str, str]) -> Channel:
    return Channel(MailSender(settings, environment))


def _webhook_channel(hook: Webhook, environment: Mapping[str, str]) -> Channel:
    return Channel(WebhookSender(hook, environment))


def _siem_channel(target: SiemTarget, environment: Mapping[str, str]) -> Channel:
    return Channel(sender_of(target, environment), target.on_doubt == "repeat")


def _usable(make: Callable[[], Channel]) -> Channel | str:
    try:
        return make()
    except ShadowaiError as error:
        return str(error)


def write_letters(channels: Channels, subject: Subject, folder: Path, now: float) -> tuple[list[Path], list[str]]:
    """Write the mails as files (`.eml`) instead of sending them; give the files, and what is not well."""
    problems: list[str] = []
    written: list[Path] = []
    if channels.mail is None:
        return written, ["no mail is configured"]
    folder.mkdir(parents=True, exist_ok=True)
    job = Job(subject.result, channels.mail, subject.look, subject.name, now)
    for at, letter in enumerate(letters(job, problems), start=1):
        path = folder / f"{at:03d}-{letter.message_id[:8]}.eml"
        path.write_bytes(letter.content)
        written.append(path)
    return written, problems


def _fill_mail(filling: _Filling) -> None:
    settings, subject = filling.channels.mail, filling.subject
    if settings is None:
        return
    known = filling.outbox.knows
    job = Job(
        subject.result,
        settings,
        subject.look,
        subject.name,
        filling.now,
        is_known=lambda one: known(f"mail:{one}"),
        folder=subject.folder,
    )
    for letter in letters(job, filling.problems):
        filling.outbox.add([_mail_item(letter)], filling.now)  # each at once, and never all in memory


def _mail_item(letter: Letter) -> Item:
    title = f"{text.clean(letter.title)} to {letter.recipient}"
    return Item(f"mail:{letter.message_id}", MAIL, title, enveloped(letter.recipient, letter.content))


def _fill_siem(filling: _Filling) -> None:
    for target in filling.channels.siem:
        records = records_of(filling.subject.result, filling.frame, target.what, target.least)
        _put_lines(filling.outbox, target, lines_of(records, target.format), filling.now, "findings")


def _put_lines(outbox: Outbox, target: SiemTarget, lines: Iterable[Line], now: float, what: str) -> None:
    """Put in the records that are new or have changed since they were put in for this target."""
    channel = siem_channel(target)
    fresh = (line for line in lines if not outbox.is_marked(channel, _mark(line)))
    for package in packages(fresh):
        outbox.add([_siem_item(target, package, what)], now, [(channel, _mark(line)) for line in package])


def _siem_item(target: SiemTarget, package: tuple[Line, ...], what: str) -> Item:
    key = identity(*(_mark(line) for line in package))
    return Item(f"{siem_channel(target)}:{key}", siem_channel(target), f"{len(package)} {what}", pack(package))


def _mark(line: Line) -> str:
    return identity(line.uid, line.text)


def _fill_alerts(filling: _Filling) -> None:
    """Find alerts, leave out those in their quiet period, and put the rest in for all who want them, in one step."""
    settings, subject = filling.channels.alerts, filling.subject
    found = find_alerts(subject.result, subject.previous, settings, subject.readings)
    alerts = still_news(found, filling.outbox, filling.now)
    if not alerts:
        return
    records = list(_alert_records(filling, alerts))
    with speaking(subject.look.language):
        told = _spoken(filling, alerts)
        items = [*_alert_mails(filling, told), *records, *_alert_calls(filling, told)]
    quiet = [(one.key, filling.now + rule_of(settings, one.rule).quiet) for one in alerts]
    filling.outbox.add(items, filling.now, quiet=quiet)


def _spoken(filling: _Filling, alerts: tuple[Alert, ...]) -> tuple[Alert, ...]:
    """Say the same alerts in the language that is being written: SIEM records stay English, for rules there."""
    if filling.subject.look.language is ENGLISH:
        return alerts
    keys = {one.key for one in alerts}
    subject = filling.subject
    found = find_alerts(subject.result, subject.previous, filling.channels.alerts, subject.readings)
    return tuple(one for one in found if one.key in keys)


def _alert_mails(filling: _Filling, alerts: tuple[Alert, ...]) -> Iterator[Item]:
    mail, recipients = filling.channels.mail, filling.channels.alerts.mail_to
    if recipients and mail is None:
        filling.problems.append("alerts.mail_to names somebody, and no mail is configured")
        return
    if mail is not None:
        for recipient in recipients:
            yield _mail_item(alert_letter(mail, recipient, alerts, filling.now))


def _alert_records(filling: _Filling, alerts: tuple[Alert, ...]) -> Iterator[Item]:
    records = [alert_record(one, filling.frame) for one in alerts]
    for target in filling.channels.siem:
        if "alert" in target.what:
            for package in packages(lines_of(records, target.format)):
                yield _siem_item(target, package, "alerts")


def _alert_calls(filling: _Filling, alerts: tuple[Alert, ...]) -> Iterator[Item]:
    uid = identity(str(filling.now), *(one.key for one in alerts))
    number = say_many("{number} alert", "{number} alerts", len(alerts), number=text.number(len(alerts)))
    facts = tuple(f"{one.title}: {one.message}" for one in alerts)
    for hook in filling.channels.webhooks:
        if "alerts" in hook.sends:
            yield _call(
                hook, Notice(uid, "alerts", f"shadowai: {number}", alerts[0].title, facts, _link(filling, hook))
            )


def _fill_webhooks(filling: _Filling) -> None:
    hooks = [hook for hook in filling.channels.webhooks if "report" in hook.sends]
    uid = identity("report", filling.subject.name)
    fresh = [hook for hook in hooks if not filling.outbox.knows(_call_key(hook, uid))]
    if not fresh:
        return
    body = digest_body(tidy(filling.subject.result), filling.subject.look, Extras())
    facts = tuple(f"{one.value} {one.label}" for one in body.figures)
    for hook in fresh:
        notice = Notice(uid, "report", f"{body.title}, {body.period}", body.headline, facts, _link(filling, hook))
        with speaking(filling.subject.look.language):
            call = _call(hook, notice)
        filling.outbox.add([call], filling.now)


def _link(filling: _Filling, hook: Webhook) -> str:
    if hook.link is None or not filling.subject.folder:
        return hook.link or ""
    return link_of(hook.link, filling.subject.folder)


def _call(hook: Webhook, notice: Notice) -> Item:
    return Item(_call_key(hook, notice.uid), webhook_channel(hook), notice.title, payload_of(notice, hook.kind))


def _call_key(hook: Webhook, uid: str) -> str:
    return f"{webhook_channel(hook)}:{uid}"


def siem_channel(target: SiemTarget) -> str:
    """Give the name of the channel of a SIEM target, by which the outbox knows it."""
    return f"siem:{target.name}"


def webhook_channel(hook: Webhook) -> str:
    """Give the name of the channel of a webhook."""
    return f"webhook:{hook.name}"


_FILLERS: dict[str, Callable[[_Filling], None]] = {
    "mail": _fill_mail,
    "siem": _fill_siem,
    "alerts": _fill_alerts,
    "webhooks": _fill_webhooks,
}
