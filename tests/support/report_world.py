"""A made-up organisation for the reports' tests: one fixed document that has everything, and one of any size.

Figures add up: sessions by status, kind and account are those of the service, those of the persons those of the
department, and points of parts those of the score.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import accumulate, pairwise
from typing import TypeVar

from support.results import ALTERNATIVES, CATALOGUE, Row, known_sum, service_use, totals
from support.risks import full_risk

from shadowai.model import Status
from shadowai.provenance import DayCount, Origin, Part, Period, SignatureVersion, SourceReport
from shadowai.result import (
    AccountCounts,
    BlindSpot,
    Candidate,
    Change,
    CoverageChange,
    DepartmentUse,
    HiddenPart,
    HiddenShare,
    PersonUse,
    PolicyException,
    PolicyReport,
    Result,
    RuleReport,
    Score,
    ScorePart,
    ServiceChange,
    ServiceUse,
    StatusCounts,
    UseCounts,
)
from shadowai.verdicts import UNKNOWN_DEPARTMENT, Sensitivity

S = Status
DAYS = tuple(f"2026-11-{day:02d}" for day in range(2, 30))
WORKDAYS = tuple(day for at, day in enumerate(DAYS) if at % 7 < 5)
PERIOD = Period(start="2026-11-02T06:00:11.000000Z", end="2026-11-29T23:59:58.000000Z")
BEFORE = Period(start="2026-10-05T06:00:03.000000Z", end="2026-11-01T23:59:41.000000Z")
KIND = {"code": "code", "model-apis": "api", "agents": "agent", "self-hosted": "download", "embedded": "unknown"}
STATUS_POINTS = dict(zip(S, (0, 5, 10, 25, 40), strict=True))
COUNTED = ("evidence", "account", "uses", "statuses")
Counts = TypeVar("Counts", bound=Part)
RISK_POINTS = {"low": 3.1, "medium": 5.2, "high": 7.4, "critical": 9.3}
SQUID, BIND, BRANCH = "logs/squid-access.log.1.gz", "logs/dns/queries.log", "captures/branch-office.pcapng"


@dataclass(frozen=True)
class Place:
    """What is told of one department; the rest follows. `people` used AI, `bad` of them an unsanctioned service."""

    name: str
    headcount: int | None
    people: int
    bad: int
    rows: tuple[Row, ...]
    parent: str | None = None
    hidden: float | None = None
    sensitivity: Sensitivity = Sensitivity.NORMAL


def world() -> Result:
    """Build the fixed document: seven departments, two divisions, 20 services, and every kind of finding."""
    departments = tuple(map(department, PLACES))
    services = [one for place in departments for one in place.services]
    bad = sum(place.bad for place in PLACES)
    people = sum(place.people for place in PLACES)
    whole = Result(
        generator="shadowai 0.1.0",
        period=PERIOD,
        signatures=SignatureVersion(version="5f2c9a41d07e", services=len(CATALOGUE), indicators=1630,
                                    ids=tuple(sorted(CATALOGUE))),
        totals=totals(services, people, bad),
        departments=departments,
        candidates=CANDIDATES,
        blind_spots=BLIND_SPOTS,
        sources=SOURCES,
        warnings=("people.csv:12: the same user is in two departments", "policy.yaml: rule 9 has no owner"),
        divisions=(division(departments, "Operations"), division(departments, "Research")),
        policy=POLICY,
        change=CHANGE,
    )  # fmt: skip
    return Result.model_validate(whole.model_dump(by_alias=True))


def large(departments: int = 200, people: int = 50_000, services: int = 500) -> Result:
    """Build a big organisation: every department uses about 40 services over four weeks; the first uses all."""
    names = list(CATALOGUE)
    each = people // departments
    places = []
    for at in range(departments):
        wanted = range(services) if at == 0 else {(at * 7 + step * 13) % services for step in range(40)}
        uses = []
        for number in wanted:
            row = Row(names[number % len(names)], list(S)[(number + at) % 5], 1 + number % 23, 3 + (number * at) % 90,
                      (1 + number) ** 3 * 50)  # fmt: skip
            use = enriched(row, WORKDAYS)
            told = {"id": f"{use.id}-{number}", "name": f"{use.name} {number}", "service_risk": full_risk(use.id)}
            uses.append(use.model_copy(update=told))
        place = Place(f"Department {at + 1:03d}", each + at % 9, each, each // 3, ())
        places.append(_department(place, tuple(uses)))
    every = [one for place in places for one in place.services]
    base = world()
    counted = totals(every, each * departments, each // 3 * departments)
    return base.model_copy(update={"departments": tuple(places), "divisions": (), "totals": counted})


def department(place: Place) -> DepartmentUse:
    """Build one department with its persons, its score and what of its traffic is hidden."""
    return _department(place, tuple(enriched(row) for row in place.rows))


def _department(place: Place, services: tuple[ServiceUse, ...]) -> DepartmentUse:
    summed = totals(services, place.people, place.bad)
    top = max((one.score.points for one in services if one.score), default=0.0)
    known = place.name != UNKNOWN_DEPARTMENT
    slug = place.name.lower().replace(" ", "-")
    parts = (
        ScorePart(name="worst use", points=round(top * 0.7, 1), of=70, says="70% of the highest score of its services"),
        ScorePart(name="people", points=round(30 * place.bad / max(1, place.headcount or place.people), 1), of=30,
                  says=f"{place.bad} of {place.headcount or place.people} people used an unsanctioned service"),
    )  # fmt: skip
    return DepartmentUse(
        name=place.name, slug=slug, headcount=place.headcount, people=place.people, totals=summed, services=services,
        head=f"Head of {place.name}" if known else None, email=f"{slug}@example.com" if known else None,
        parent=place.parent, sensitivity=place.sensitivity, score=_score(100, parts), hidden=_hidden(place),
        persons=tuple(_persons(place, summed.sessions, summed.bytes_up)),
    )  # fmt: skip


def division(departments: Sequence[DepartmentUse], name: str) -> DepartmentUse:
    """Build a department together with those below it: each service once, its figures added up."""
    parts = [one for one in departments if name in (one.name, one.parent)]
    by_id: dict[str, list[ServiceUse]] = {}
    for part in parts:
        for one in part.services:
            by_id.setdefault(one.id, []).append(one)
    services = tuple(map(_merged, by_id.values()))
    own = parts[0]
    people = sum(part.people for part in parts)
    bad = sum(part.totals.people_unsanctioned for part in parts)
    changes = {
        "slug": f"{own.slug}-division", "headcount": sum(part.headcount or 0 for part in parts), "people": people,
        "totals": totals(services, people, bad), "services": services,
        "below": tuple(part.name for part in parts if part is not own),
        "persons": tuple(sorted((one for part in parts for one in part.persons), key=lambda one: -one.score.points)),
    }  # fmt: skip
    return own.model_copy(update=changes)


def _merged(rows: Sequence[ServiceUse]) -> ServiceUse:
    worst = max(rows, key=lambda one: one.status.gravity)
    days: dict[str, list[int]] = {}
    for day in (day for row in rows for day in row.days):
        sums = days.setdefault(day.day, [0, 0])
        sums[0] += day.people
        sums[1] += day.sessions
    added = {
        name: sum(getattr(row, name) for row in rows)
        for name in ("people", "people_dns_only", "sessions", "sessions_with_bytes_up", "blocked")
    }
    counted = {name: _added([getattr(row, name) for row in rows]) for name in COUNTED}
    like = worst.days[0] if worst.days else None
    dealt = [
        like.model_copy(update={"day": day, "people": sums[0], "sessions": sums[1]})
        for day, sums in sorted(days.items())
        if like
    ]
    return worst.model_copy(update={**added, **counted, "days": tuple(dealt), "bytes_up": known_sum(rows)})


def _added(counts: Sequence[Counts]) -> Counts:
    """Add up counts of one kind, whichever they are."""
    keys = type(counts[0]).model_fields
    return type(counts[0])(**{key: sum(getattr(one, key) for one in counts) for key in keys})


def enriched(row: Row, days: Sequence[str] = WORKDAYS) -> ServiceUse:
    """Build one service's use with kinds, statuses, accounts, scores and origins."""
    use = service_use(row, days)
    kind = KIND.get(use.category, "chat")
    tenant = (row.sessions - row.personal) // 2 if row.status is S.SANCTIONED else 0
    signed_out = row.sessions // 10 if use.category == "chat" and row.status is not S.SANCTIONED else 0
    work = row.sessions // 20
    rest = row.sessions - row.personal - tenant - signed_out
    account = AccountCounts(sanctioned_tenant=tenant, personal=row.personal, signed_out=signed_out, unknown=rest,
                            work=min(work, rest))  # fmt: skip
    upload = row.sessions // 8 if row.sent and row.sent > 10_000_000 else 0
    changes = {
        "rule": None if row.status is S.UNSANCTIONED else 1 + list(S).index(row.status),
        "statuses": StatusCounts(**{row.status.value.replace("-", "_"): row.sessions}),
        "uses": UseCounts(**{kind: row.sessions}, upload=upload, background=row.sessions // 5),
        "use_reasons": (f"{kind}: told by paths and programs",) if row.sessions else (),
        "account": account,
        "account_reasons": ("personal: the address of the account's own pages was met",) if row.personal else (),
        "alternative": ALTERNATIVES.get(use.category) if row.status in (S.UNSANCTIONED, S.PROHIBITED) else None,
        "score": _use_score(use, row),
        "service_risk": _service_risk(use),
        "origins": (Origin(source=SQUID, evidence="proxy", detections=use.evidence.proxy),
                    Origin(source=BRANCH, evidence="tls", detections=use.evidence.tls),
                    Origin(source=BIND, evidence="dns", detections=use.evidence.dns)),
    }  # fmt: skip
    return use.model_copy(update=changes)


def _score(of: float, parts: Sequence[ScorePart], missing: Sequence[str] = ()) -> Score:
    return Score(points=round(sum(part.points for part in parts), 1), of=of, parts=tuple(parts), missing=tuple(missing))


def _use_score(use: ServiceUse, row: Row) -> Score:
    sent = 0.0 if row.sent is None else min(20.0, round(row.sent / 30_000_000, 1))
    told = "not measured" if row.sent is None else f"{row.sent:,} bytes were sent"
    return _score(100, (
        ScorePart(name="status", points=STATUS_POINTS[use.status], of=40, says=f"it is {use.status.value}"),
        ScorePart(name="service", points=round(3 * RISK_POINTS[use.risk], 1), of=30, says="the risk of the service"),
        ScorePart(name="data sent", points=sent, of=20, says=told),
        ScorePart(name="people", points=min(10, row.people), of=10, says=f"{row.people} people used it"),
    ), () if row.sent is not None else ("data sent",))  # fmt: skip


def _service_risk(use: ServiceUse) -> Score:
    points = RISK_POINTS[use.risk]
    page = f"https://trust.example/{use.id}"
    return _score(10, (
        ScorePart(name="training on customer data", points=round(points * 0.6, 1), of=6, says="opt-out only",
                  reference=page),
        ScorePart(name="country", points=round(points - round(points * 0.6, 1), 1), of=4,
                  says=f"its owner sits in {use.country}", reference=None),
    ), ("retention", "certifications") if use.risk in ("high", "critical") else ())  # fmt: skip


def _persons(place: Place, sessions: int, sent: int | None) -> list[PersonUse]:
    found = []
    weights = [(number % 9) + 1 for number in range(place.people)]
    whole = sum(weights)
    ends = [0, *accumulate(weights)]
    shares = [sessions * after // whole - sessions * before // whole for before, after in pairwise(ends)]
    for number, (weight, dealt) in enumerate(zip(weights, shares, strict=True)):
        bad = 1 + number % 2 if number < place.bad else 0
        points = min(100.0, 55.0 + weight * 3) if bad else 2.0 * weight
        parts = (
            ScorePart(name="worst use", points=points - weight, of=91, says="its score, whoever it is"),
            ScorePart(name="sessions", points=weight, of=9, says=f"{dealt:,} sessions"),
        )
        label = f"person {sha256(f'{place.name}{number}'.encode()).hexdigest()[:6]}"
        found.append(
            PersonUse(label=label, services=1 + bad + number % 3, services_unsanctioned=bad,
                      sessions=dealt, bytes_up=None if sent is None else sent * weight // whole,
                      last_seen=f"{WORKDAYS[-1 - number % 5]}T1{number % 8}:20:00.000000Z", score=_score(100, parts))
        )  # fmt: skip
    return sorted(found, key=lambda one: (-one.score.points, one.label))


def _hidden(place: Place) -> HiddenShare:
    if place.hidden is None:
        return HiddenShare(
            percent=None, measure="requests", sentence="None of this department's traffic was looked at."
        )
    parts = (
        HiddenPart(kind="encrypted-dns", name="dns.google", requests=1204, people=3, bytes=9_400_000),
        HiddenPart(kind="vpn", name="Mullvad VPN", requests=37, people=1, bytes=140_000_000),
    ) if place.hidden else ()  # fmt: skip
    says = f"{place.hidden:g}% of this department's traffic could hide AI use."
    return HiddenShare(percent=place.hidden, measure="bytes", sentence=says, parts=parts)


PLACES = (
    Place("Operations", 42, 23, 9, (
        Row("chatgpt", S.UNSANCTIONED, 7, 64, 81_000_000, personal=30),
        Row("gamma", S.UNSANCTIONED, 3, 12, 22_000_000),
        Row("copilot-m365", S.SANCTIONED, 19, 140, 36_000_000, personal=6),
        Row("canva-ai", S.TOLERATED, 5, 21, 2_100_000, proven=False, confidence=30),
        Row("perplexity", S.UNSANCTIONED, looked_up=3),
    ), hidden=3.2),
    Place("Logistics", 96, 31, 4, (
        Row("deepl", S.TOLERATED, 14, 55, 3_100_000, until="2026-12-20"),
        Row("otter", S.UNSANCTIONED, 4, 17, 190_000_000, 9),
        Row("copilot-m365", S.SANCTIONED, 22, 96, 18_000_000),
    ), parent="Operations", hidden=0),
    Place("Customer Service", 61, 28, 12, (
        Row("deepseek", S.PROHIBITED, 2, 8, 31_000_000, blocked=96),
        Row("chatgpt", S.UNSANCTIONED, 11, 122, 64_000_000, personal=71),
        Row("grammarly", S.UNSANCTIONED, 3, 30, 8_200_000),
        Row("elevenlabs", S.UNSANCTIONED, 1, 2, None, confidence=55),
        Row("copilot-m365", S.SANCTIONED, 20, 133, 29_000_000),
        Row("character-ai", S.PROHIBITED, blocked=5),
    ), parent="Operations", hidden=12.4, sensitivity=Sensitivity.HIGH),
    Place("Research", 38, 30, 11, (
        Row("cursor", S.UNSANCTIONED, 8, 142, 612_000_000, 120),
        Row("claude", S.UNDER_REVIEW, 12, 160, 203_000_000),
        Row("github-copilot", S.SANCTIONED, 26, 610, 820_000_000, until="2026-12-31"),
        Row("huggingface", S.TOLERATED, 6, 21, 1_900_000, confidence=85),
        Row("notion-ai", S.UNSANCTIONED, 5, 18, 2_000_000, proven=False, confidence=30),
        Row("manus", S.PROHIBITED, 1, 3, 14_000_000),
    ), hidden=6.1),
    Place("Data Science", 17, 15, 6, (
        Row("openai-api", S.UNDER_REVIEW, 9, 88, 1_310_000_000),
        Row("copilot-studio", S.TOLERATED, 4, 12, 7_000_000),
        Row("cursor", S.UNSANCTIONED, 6, 71, 240_000_000),
        Row("midjourney", S.UNSANCTIONED, 2, 6, 1_200_000),
        Row("github-copilot", S.SANCTIONED, 13, 300, 410_000_000),
    ), parent="Research", hidden=0.4, sensitivity=Sensitivity.HIGH),
    Place("Legal", 4, 3, 1, (
        Row("deepl", S.SANCTIONED, 3, 28, 3_900_000),
        Row("chatgpt", S.UNSANCTIONED, 1, 2, 310_000),
        Row("grammarly", S.UNSANCTIONED, looked_up=2),
    ), hidden=1.5, sensitivity=Sensitivity.HIGH),
    Place(UNKNOWN_DEPARTMENT, None, 5, 2, (
        Row("chatgpt", S.UNSANCTIONED, 2, 7, None, confidence=75),
        Row("copilot-m365", S.SANCTIONED, 4, 9, None),
    )),
)  # fmt: skip

_QUIET_DAYS = ("2026-11-12", "2026-11-13")
SOURCES = (
    SourceReport(path=SQUID, format="squid", format_name="Squid access log", kind="proxy",
                 recognition="98% of the lines looked at; next was Apache combined with 2%",
                 records=1_284_016, parsed=19_312, skipped={"authentication-challenge": 1_410, "bad-time": 3}, broken=3,
                 first=PERIOD.start, last=PERIOD.end,
                 days=tuple(DayCount(day=day, parsed=0 if day in _QUIET_DAYS else 690, hours=0 if day in _QUIET_DAYS
                                     else 24) for day in DAYS),
                 silent=(Period(start="2026-11-12T00:00:00.000000Z", end="2026-11-14T00:00:00.000000Z"),)),
    SourceReport(path=BIND, format="bind", format_name="BIND query log", kind="dns",
                 records=4_031_882, parsed=31_004, skipped={"response": 1_002_113}, broken=0,
                 first=PERIOD.start, last=PERIOD.end,
                 days=tuple(DayCount(day=day, parsed=1107, hours=24) for day in DAYS)),
    SourceReport(path=BRANCH, format="pcapng", format_name="Packet capture (pcapng)",
                 kind="capture", records=2_040_551, parsed=18_220, skipped={"truncated-packet": 12}, broken=12,
                 first="2026-11-09T07:30:00.000000Z", last="2026-11-09T18:30:00.000000Z",
                 warnings=("The capture starts in the middle of 14 connections.",),
                 days=(DayCount(day="2026-11-09", parsed=18_220, hours=12),)),
    SourceReport(path="logs/firewall/paloalto-2026-11.csv", format=None, records=0, parsed=0, skipped={},
                 first=None, last=None, error="ends inside the gzip stream after 4,096 bytes"),
)  # fmt: skip
CANDIDATES = (
    Candidate(host="api.brightquill-ai.example", reason="name ends in -ai, large uploads", people=4, detections=212,
              departments=("Operations",), first_seen="2026-11-03T09:11:00Z", last_seen="2026-11-13T15:00:00Z",
              score=82, reasons=("its name says so", "four people sent much more than they received")),
    Candidate(host="llm-gateway.partner.example", reason="path /v1/chat/completions", people=2, detections=48,
              departments=("Research", "Data Science"), first_seen="2026-11-10T10:00:00Z",
              last_seen="2026-11-12T12:00:00Z", score=64, reasons=("a path of a chat interface was asked for",)),
)  # fmt: skip
BLIND_SPOTS = (
    BlindSpot(kind="encrypted-dns", name="dns.google", detail="DNS over HTTPS to Google Public DNS", count=1204,
              unit="requests", people=9, departments=("Customer Service", "Research"), servers=("8.8.8.8", "8.8.4.4"),
              bytes_up=9_400_000, bytes_down=11_000_000),
    BlindSpot(kind="vpn", name="Mullvad VPN", detail="", count=37, unit="connections", people=2,
              departments=("Customer Service",), bytes_up=140_000_000),
    BlindSpot(kind="no-client-identity", name=BIND, count=1880, unit="records",
              detail="The forwarder at 10.0.0.53 asks for all clients behind it."),
    BlindSpot(kind="shared-address", name="10.20.0.1", count=412, unit="records", departments=("Logistics",),
              detail="A NAT address of the branch office."),
    BlindSpot(kind="unparsed-records", name=SQUID, count=3, unit="records", detail="bad time"),
)  # fmt: skip
POLICY = PolicyReport(
    digest="c0ffee5eed01", default=S.UNSANCTIONED,
    rules=(
        RuleReport(number=1, status=S.SANCTIONED, what="GitHub Copilot, Microsoft 365 Copilot", whom="everyone",
                   starts="2026-01-01", until="2026-12-31", owner="ciso@example.com", reason="Enterprise contract 2026",
                   sessions=1288),
        RuleReport(number=2, status=S.TOLERATED, what="Translation", whom="Logistics", until="2026-12-20",
                   owner="cio@example.com", reason="Until the contract is signed", sessions=88),
        RuleReport(number=3, status=S.UNDER_REVIEW, what="Claude, OpenAI API", whom="Research and below",
                   starts="2026-11-01", owner="ciso@example.com", reason="Trial of the autumn", sessions=248),
        RuleReport(number=4, status=S.UNSANCTIONED, what="Meeting assistants", whom="everyone",
                   until="2026-11-15", owner="works-council@example.com", reason="Consent is open", sessions=17),
        RuleReport(number=5, status=S.PROHIBITED, what="services from CN and SG", whom="everyone",
                   owner="ciso@example.com", reason="No adequacy decision", sessions=11),
    ),
    exceptions=(PolicyException(rule=4, days_left=-14), PolicyException(rule=2, days_left=21)),
)  # fmt: skip
CHANGE = Change(
    period=BEFORE, people_before=118, people_now=135,
    services=(
        ServiceChange(department="Customer Service", service="deepseek", name="DeepSeek", status=S.PROHIBITED,
                      change="new", cause="use", before=0, now=0.3, people_before=0, people_now=2,
                      says="new in this period: 2 people"),
        ServiceChange(department="Operations", service="chatgpt", name="ChatGPT", status=S.UNSANCTIONED,
                      change="grown", cause="use", before=1.1, now=2.3, people_before=5, people_now=7,
                      says="sessions a day grew from 1.1 to 2.3"),
        ServiceChange(department="Research", service="manus", name="Manus", status=S.PROHIBITED, change="new",
                      cause="signatures", before=0, now=0.1, people_before=0, people_now=1,
                      says="could not be told before: the signatures know it since this period"),
        ServiceChange(department="Logistics", service="otter", name="Otter.ai", status=S.UNSANCTIONED, change="shrunk",
                      cause="coverage", before=2.4, now=0.6, people_before=7, people_now=4,
                      says="the proxy log was silent for two days"),
        ServiceChange(department="Research", service="perplexity", name="Perplexity", status=S.UNSANCTIONED,
                      change="stopped", cause="use", before=0.9, now=0, people_before=3, people_now=0,
                      says="not seen any more; 3 people before"),
    ),
    coverage=(CoverageChange(kind="proxy", before=48_200, now=45_857, says="5% fewer proxy records a day"),),
    notes=("The signatures changed between the two periods.",),
)  # fmt: skip
