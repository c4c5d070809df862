"""The mails of one report: one for each department head, and the digest, as RFC 5322 messages.

A message goes to one recipient, and its Message-ID is made of the report and the recipient: sent twice, it would be the
same message. Headers are built from parsed addresses and cleaned text, in which no line can end.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from shadowai.delivery.body import Body, Extras, department_body, digest_body, subject
from shadowai.delivery.mail_html import html
from shadowai.delivery.mail_text import plain_text
from shadowai.errors import ShadowaiError
from shadowai.reports import text
from shadowai.reports.charts_png import chart_png, chart_words
from shadowai.reports.html import page_names, render_executive, tidied_department_pages
from shadowai.reports.language import say_many, speaking
from shadowai.reports.tidying import tidy
from shadowai.settings.channels import MailSettings, mail_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from email.headerregistry import Address

    from shadowai.delivery.alerts import Alert
    from shadowai.reports.look import Look
    from shadowai.result import DepartmentUse, Result

_POLICY = SMTP.clone(cte_type="7bit")  # any server takes it, with 8BITMIME or without
MAX_SUBJECT = 120  # characters


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail: to whom, what it is about, and the whole message."""

    recipient: str
    title: str
    message_id: str
    content: bytes


def _nothing_is_known(_identity: str) -> bool:
    return False


@dataclass(frozen=True)
class Job:
    """What the mails of one report share. `report` is its name or digest, `made` the time in their Date header.

    `is_known` says of a mail's id that it was put into the outbox before: then it is not even written. `folder` is
    where the report lies below the address in the settings.
    """

    result: Result
    settings: MailSettings
    look: Look
    report: str
    made: float
    is_known: Callable[[str], bool] = _nothing_is_known
    folder: str = ""

    @cached_property
    def neat(self) -> Result:
        """The result with its texts made ready to be shown: once for all mails, since it takes seconds for big ones."""
        return tidy(self.result)


class _Address(NamedTuple):
    """To whom a mail goes, and the id by which it is known."""

    to: Address
    identity: str


@dataclass(frozen=True, slots=True)
class _Enclosed:
    """What goes into a message beside its body."""

    picture: bytes | None = None
    files: tuple[tuple[str, str], ...] = ()


def letters(job: Job, problems: list[str]) -> Iterator[Letter]:
    """Write the mails of a report; a sentence is added to `problems` for each head who gets none, and why."""
    if job.settings.departments:
        for department in _heads(job.result):
            yield from _to_head(job, department, problems)
    for recipient in job.settings.digest_to:
        address = _Address(mail_address(recipient), _identity(job, recipient, ""))
        if not job.is_known(address.identity):
            yield _digest(job, address, problems)


def _heads(result: Result) -> Iterator[DepartmentUse]:
    """Give whose heads get a mail: divisions, and departments that are not themselves the top of one."""
    divisions = {one.name for one in result.divisions}
    yield from (*result.divisions, *(one for one in result.departments if one.name not in divisions))


def _to_head(job: Job, department: DepartmentUse, problems: list[str]) -> Iterator[Letter]:
    named = job.settings.to.get(department.name) or department.email
    if not named:
        if department.head or department.headcount is not None:  # one that the directory knows
            problems.append(f"{department.name}: no mail address is known, in departments.csv or [mail.to]")
        return
    try:
        address = _Address(mail_address(named), _identity(job, named, department.name))
    except ValueError as error:
        problems.append(f"{department.name}: {text.clean(named)!r} {error}")
        return
    if job.is_known(address.identity):
        return
    picture = _picture(job, department, problems)
    place = (*job.result.departments, *job.result.divisions).index(department)
    own = (*job.neat.departments, *job.neat.divisions)[place]
    pages = _pages(job, department)
    with speaking(job.look.language):
        words = chart_words(job.result, department) if picture else ""
    body = department_body(
        job.neat, own, job.look, Extras(words, [name for name, _ in pages], _link(job, _page_of(job, place)))
    )
    yield _letter(job, address, body, _Enclosed(picture, pages))


def _digest(job: Job, address: _Address, problems: list[str]) -> Letter:
    attached = job.settings.report == "attach"
    pages = (("executive.html", render_executive(job.result, job.look)),) if attached else ()
    link = _link(job, "index.html")
    picture = _picture(job, None, problems)
    with speaking(job.look.language):
        words = chart_words(job.result) if picture else ""
    body = digest_body(job.neat, job.look, Extras(words, [name for name, _ in pages], link))
    return _letter(job, address, body, _Enclosed(picture, pages))


def _picture(job: Job, department: DepartmentUse | None, problems: list[str]) -> bytes | None:
    """Draw the chart; without the extra that draws it, mails go without, which is told once."""
    try:
        with speaking(job.look.language):
            return chart_png(job.result, department)
    except ShadowaiError as error:
        told = f"mails have no chart: {error}"
        if told not in problems:
            problems.append(told)
        return None


def _pages(job: Job, department: DepartmentUse) -> tuple[tuple[str, str], ...]:
    if job.settings.report != "attach":
        return ()
    pages = tidied_department_pages(job.result, job.neat, department.name, job.look)
    return tuple((page.path.rpartition("/")[2], page.html) for page in pages)


def _link(job: Job, page: str) -> str:
    if job.settings.report != "link" or job.settings.link is None:
        return ""
    return f"{link_of(job.settings.link, job.folder)}{page}"


def _page_of(job: Job, place: int) -> str:
    return f"departments/{page_names((*job.result.departments, *job.result.divisions))[place]}"


def link_of(address: str, folder: str) -> str:
    """Give the address of a report's folder: that of the settings, or a folder below it."""
    return f"{address.rstrip('/')}/{folder}/" if folder else f"{address.rstrip('/')}/"


def _letter(job: Job, address: _Address, body: Body, enclosed: _Enclosed) -> Letter:
    message = _headed(job.settings, address, subject(body), job.made)
    picture = f"chart.{address.identity}@{mail_address(job.settings.sender).domain}" if enclosed.picture else ""
    with speaking(job.look.language):
        message.set_content(plain_text(body))
        message.add_alternative(html(body, picture), subtype="html")
    if enclosed.picture:
        part = next(one for one in message.iter_parts() if one.get_content_type() == "text/html")
        part.add_related(
            enclosed.picture, "image", "png", cid=f"<{picture}>", filename="chart.png", disposition="inline"
        )
    for name, page in enclosed.files:
        message.add_attachment(page, subtype="html", filename=name)
    return Letter(address.to.addr_spec, body.title, address.identity, message.as_bytes())


def alert_letter(settings: MailSettings, recipient: str, alerts: Sequence[Alert], made: float) -> Letter:
    """Write the mail about some alerts, in plain text and in the language that is being written."""
    to = mail_address(recipient)
    said = "\0".join([to.addr_spec, str(made), *(one.key for one in alerts)])
    address = _Address(to, hashlib.sha256(said.encode()).hexdigest()[:32])
    first = alerts[0].title
    rest = len(alerts) - 1
    more = say_many(
        "{title} and {number} more alert",
        "{title} and {number} more alerts",
        rest,
        title=first,
        number=text.number(rest),
    )
    title = more if rest else first
    message = _headed(settings, address, title, made)
    message.set_content("\n\n".join(f"{one.title}\n  {one.message}" for one in alerts) + "\n")
    return Letter(to.addr_spec, title, address.identity, message.as_bytes())


def _headed(settings: MailSettings, address: _Address, about: str, made: float) -> EmailMessage:
    sender = mail_address(settings.sender)
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = address.to
    if settings.reply_to:
        message["Reply-To"] = mail_address(settings.reply_to)
    message["Subject"] = text.shorten(text.clean(about), MAX_SUBJECT)
    message["Date"] = format_datetime(datetime.fromtimestamp(int(made), UTC))
    message["Message-ID"] = f"<{address.identity}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine replies
    return message


def _identity(job: Job, recipient: str, department: str) -> str:
    """Give the id of a report's mail to somebody about a department, or about all where that is empty."""
    said = f"{job.report}\x00{mail_address(recipient).addr_spec}\x00{department}"
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:32]
