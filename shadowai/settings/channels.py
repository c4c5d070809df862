"""Settings of what leaves the house: `[mail]`, `[[siem]]`, `[[webhooks]]`, `[alerts]`, `[metrics]`, `[delivery]`.

They lie below the packages that use them, so that `shadowai.config` can hold them. Paths are relative to the
configuration's folder where it is validated with `context={"folder": ...}`. Durations are text such as `90 s`,
`15 min`, `12 h` or `7 days`, and become seconds.
"""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.headerregistry import Address
from typing import TYPE_CHECKING, Annotated, Literal, Protocol, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from shadowai.hosts import normalise_host
from shadowai.model import Status
from shadowai.settings.credentials import PlacedPath, Secret, Strict
from shadowai.settings.spans import DAY, seconds_of

if TYPE_CHECKING:
    from pathlib import Path

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = re.compile(rf"(?=.{{1,64}}@){_ATOM}(?:\.{_ATOM})*@[^@\s<>,;:\"\\]{{1,253}}")
_TITLED = re.compile(r"([^<>]{0,200})<([^<>]{1,320})>\s*")
MEGABYTE = 1_000_000  # bytes


class _HasName(Protocol):
    @property
    def name(self) -> str: ...


_Named = TypeVar("_Named", bound=_HasName)


def mail_address(text: str) -> Address:
    """Read `name@host` or `Name <name@host>` (RFC 5322 section 3.4.1); ValueError for anything else.

    The part before the @ is a dot-atom in ASCII and the host becomes its A-label form: mail systems take these
    everywhere. No line break, quote or comment gets into a header.
    """
    named = _TITLED.fullmatch(text.strip())
    title, bare = (named[1].strip().strip('"'), named[2].strip()) if named else ("", text.strip())
    user, _, host = bare.rpartition("@")
    normal = normalise_host(host) if _ADDRESS.fullmatch(bare) else None
    if normal is None or "." not in normal or not title.isprintable():
        message = "is no mail address such as ciso@example.com"
        raise ValueError(message)
    try:
        return Address(title, user, normal)
    except (HeaderParseError, ValueError, IndexError) as error:
        message = "is no mail address such as ciso@example.com"
        raise ValueError(message) from error


def _checked_address(text: str) -> str:
    mail_address(text)
    return text


def _web(value: str) -> str:
    problem = web_problem(value)
    if problem:
        raise ValueError(problem)
    return value


def _prom(path: Path) -> Path:
    if path.suffix != ".prom":
        message = "the collector reads only names that end in .prom"
        raise ValueError(message)
    return path


def _named_apart(values: tuple[_Named, ...]) -> tuple[_Named, ...]:
    names = [one.name for one in values]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        message = f"two of them have the name {twice[0]!r}; the outbox knows them by it"
        raise ValueError(message)
    return values


def web_problem(value: str) -> str | None:
    """Say what is wrong with a web address that things are sent to; None where nothing is. It is not in the text."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return "is no web address"
    host = normalise_host(parts.hostname or "")
    if parts.scheme not in ("https", "http") or host is None or port == 0 or not value.isascii():
        return "is no web address such as https://siem.example.com:8088"
    if parts.username or parts.password:
        return "holds a password; there is a key for it"
    return None if value.isprintable() and " " not in value else "holds blanks or control characters"


MailAddress = Annotated[str, AfterValidator(_checked_address)]
Duration = Annotated[int, BeforeValidator(seconds_of), Field(ge=0, le=10 * 366 * DAY)]
WebAddress = Annotated[str, AfterValidator(_web), StringConstraints(max_length=2000)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Kinds = Literal["use", "person", "candidate", "blind-spot", "exception", "source", "alert", "activity"]


class MailSettings(Strict):
    """How mail is sent, to whom, and with what.

    `security` is `starttls` (port 587), `tls` (port 465) or `none` (port 25; then there is no password). `to` gives a
    department's address where the directory has another or none. `report` says whether a department's page is attached
    or linked: `link` is the address of the folder that holds the report. `timeout` is for each answer of the server.
    """

    host: str = Field(min_length=1, max_length=253)
    port: Port | None = None
    security: Literal["starttls", "tls", "none"] = "starttls"
    ca_file: PlacedPath | None = None
    user: str | None = None
    password: Secret | None = None
    sender: MailAddress
    reply_to: MailAddress | None = None
    departments: bool = True
    to: dict[str, MailAddress] = Field(default_factory=dict)
    digest_to: tuple[MailAddress, ...] = ()
    report: Literal["attach", "link", "none"] = "attach"
    link: WebAddress | None = None
    timeout: Duration = Field(default=30, ge=1, le=600)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.user is None) != (self.password is None):
            message = "user and password go together"
            raise ValueError(message)
        if self.password and self.security == "none":
            message = "a password would go over the line in clear; use security starttls or tls"
            raise ValueError(message)
        if self.report == "link" and self.link is None:
            message = "report = link needs link, the address of the folder that holds the report"
            raise ValueError(message)
        return self

    @property
    def actual_port(self) -> int:
        """The port, the usual one of the kind of security where none is named (RFC 6409, RFC 8314)."""
        return self.port or {"starttls": 587, "tls": 465, "none": 25}[self.security]


class _Target(Strict):
    """What every target has: its name, the format, which kinds of records, and what is done where a fate is unknown.

    `on_doubt`: a connection that broke before the answer leaves open whether the records arrived. `hold` keeps them
    and says so, `repeat` sends them again.
    """

    name: Slug
    format: Literal["ecs", "ocsf", "cef", "leef"] = "ecs"
    what: tuple[Kinds, ...] = ("use", "candidate", "blind-spot", "exception", "source", "alert")
    least: Status = Status.SANCTIONED
    on_doubt: Literal["hold", "repeat"] = "hold"


class FileTarget(_Target):
    """A file that lines are added to; whoever reads it may rotate it."""

    to: Literal["file"]
    path: PlacedPath


class SyslogTarget(_Target):
    """A syslog server (RFC 5424). TLS is RFC 5425; `framing` (RFC 6587) is for TCP alone.

    `max_bytes` bounds a UDP message: RFC 5426 wants at least 2,048 taken. `enterprise` is the number in the name of
    our structured data; 32473 is the one for examples (RFC 5612), put your own there. `bom` marks UTF-8 as RFC 5424
    section 6.4 wants it.
    """

    to: Literal["syslog"]
    host: str = Field(min_length=1, max_length=253)
    port: Port | None = None
    protocol: Literal["udp", "tcp", "tls"] = "tls"
    framing: Literal["octet-counting", "lines"] = "octet-counting"
    facility: int = Field(default=13, ge=0, le=23)
    hostname: str | None = Field(default=None, pattern=r"^[!-~]{1,255}$")
    enterprise: int = Field(default=32473, ge=1, le=2**31)
    bom: bool = True
    max_bytes: int = Field(default=8192, ge=480, le=65_507)
    ca_file: PlacedPath | None = None
    certificate: PlacedPath | None = None
    key: PlacedPath | None = None
    timeout: Duration = Field(default=30, ge=1, le=600)

    @property
    def actual_port(self) -> int:
        """The port, the registered one where none is named (RFC 5426, RFC 5425; 601 is RFC 6587's)."""
        return self.port or {"udp": 514, "tcp": 601, "tls": 6514}[self.protocol]


class _WebTarget(_Target):
    url: WebAddress
    ca_file: PlacedPath | None = None
    proxy: WebAddress | None = None
    timeout: Duration = Field(default=30, ge=1, le=600)


class SplunkTarget(_WebTarget):
    """A Splunk HTTP Event Collector; `url` is that of the server, such as https://splunk.example.com:8088."""

    to: Literal["splunk"]
    token: Secret
    index: str | None = None
    sourcetype: str = "shadowai"
    source: str = "shadowai"


class ElasticTarget(_WebTarget):
    """An Elasticsearch or OpenSearch cluster, by its bulk interface.

    `action` is `create` (data streams: a document that is there already stays) or `index` (an index: a newer version of
    a finding takes the place of the older).
    """

    to: Literal["elastic"]
    index: str = Field(default="shadowai-findings", pattern=r"^[a-z0-9][a-z0-9._-]{0,200}$")
    action: Literal["create", "index"] = "create"
    api_key: Secret | None = None
    user: str | None = None
    password: Secret | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.format not in ("ecs", "ocsf"):
            message = "Elasticsearch takes JSON: format ecs or ocsf"
            raise ValueError(message)
        if (self.user is None) != (self.password is None) or (self.api_key and self.user):
            message = "give api_key, or user and password"
            raise ValueError(message)
        return self


SiemTarget = Annotated[FileTarget | SyslogTarget | SplunkTarget | ElasticTarget, Field(discriminator="to")]
SiemTargets = Annotated[tuple[SiemTarget, ...], AfterValidator(_named_apart)]


class Webhook(Strict):
    """An address that is called. It is a secret: who knows it can write there.

    `key` signs generic JSON: header X-Shadowai-Signature is `sha256=` and the HMAC-SHA-256 of the body in hex.
    """

    name: Slug
    kind: Literal["slack", "teams", "json"] = "json"
    url: Secret
    sends: tuple[Literal["alerts", "report"], ...] = ("alerts",)
    link: WebAddress | None = None
    key: Secret | None = None
    ca_file: PlacedPath | None = None
    proxy: WebAddress | None = None
    timeout: Duration = Field(default=30, ge=1, le=600)


Webhooks = Annotated[tuple[Webhook, ...], AfterValidator(_named_apart)]


class AlertRule(Strict):
    """Whether an alert is given, and how long it then stays quiet about the same thing."""

    enabled: bool = True
    quiet: Duration = 7 * DAY


class FirstUse(AlertRule):
    """A service that a department did not use before, by `people` or more, of a status of `least` or graver."""

    people: int = Field(default=1, ge=1)
    least: Status = Status.UNSANCTIONED
    quiet: Duration = 30 * DAY


class Prohibited(AlertRule):
    """Sessions with a prohibited service, `sessions` or more."""

    sessions: int = Field(default=1, ge=1)
    quiet: Duration = DAY


class Upload(AlertRule):
    """A department's upload to one service of `bytes` or more, of a status of `least` or graver."""

    bytes: int = Field(default=500 * MEGABYTE, ge=1)
    least: Status = Status.UNSANCTIONED
    quiet: Duration = 7 * DAY


class Expired(AlertRule):
    """A rule of the policy that ended, `days` or more before the period's end; below 0: that will end."""

    days: int = Field(default=1, ge=-366, le=3660)
    quiet: Duration = 30 * DAY


class Silent(AlertRule):
    """A source without a record for `hours` although it usually has some, or that is gone since the period before."""

    hours: int = Field(default=6, ge=1)
    quiet: Duration = DAY


class Skipped(AlertRule):
    """A format of which `points` percentage points more were skipped than before, of `records` or more looked at."""

    points: float = Field(default=5, gt=0, le=100)
    records: int = Field(default=1000, ge=1)
    quiet: Duration = DAY


class AlertSettings(Strict):
    """Which alerts are given. `mail_to` get each as a mail; webhooks and SIEM targets say themselves what they take."""

    first_use: FirstUse = FirstUse()
    prohibited: Prohibited = Prohibited()
    upload: Upload = Upload()
    expired: Expired = Expired()
    silent: Silent = Silent()
    skipped: Skipped = Skipped()
    mail_to: tuple[MailAddress, ...] = ()


class MetricsSettings(Strict):
    """A file for the textfile collector of Prometheus' node exporter; its name ends in `.prom`."""

    path: Annotated[PlacedPath, AfterValidator(_prom)]


class DeliverySettings(Strict):
    """How long a run tries: `patience` within one pass, `give_up` over all of them; `keep` what was sent is known."""

    patience: Duration = 120
    give_up: Duration = 3 * DAY
    keep: Duration = 400 * DAY


class Channels(Strict):
    """Everything that leaves the house, as one part of the settings."""

    mail: MailSettings | None = None
    siem: SiemTargets = ()
    webhooks: Webhooks = ()
    alerts: AlertSettings = AlertSettings()
    metrics: MetricsSettings | None = None
    delivery: DeliverySettings = DeliverySettings()
