"""Made-up result documents for the reports' tests: figures add up, because they are built from the same rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from shadowai.model import Role, Status
from shadowai.provenance import Period, SignatureVersion, SourceReport
from shadowai.result import (
    AccountCounts,
    BlindSpot,
    Candidate,
    DayUse,
    DepartmentUse,
    EvidenceCounts,
    Result,
    RiskLevel,
    ServiceUse,
    Totals,
)

S = Status
BAD = (S.UNSANCTIONED, S.PROHIBITED)
WEEKS = tuple(f"2026-11-{day:02d}" for day in range(2, 16))
WORKDAYS = tuple(day for at, day in enumerate(WEEKS) if at % 7 < 5)

# id -> name, vendor, country, category, category name, summary, risk, reasons
CATALOGUE: Mapping[str, tuple[str, str, str, str, str, str, RiskLevel, tuple[str, ...]]] = {
    "chatgpt": ("ChatGPT", "OpenAI", "US", "chat", "Chat assistants", "General-purpose chat assistant", "high",
                ("Takes free text and files of any kind", "Consumer accounts may be used for training")),
    "claude": ("Claude", "Anthropic", "US", "chat", "Chat assistants", "General-purpose chat assistant", "medium",
               ("Takes free text and files of any kind",)),
    "deepseek": ("DeepSeek", "DeepSeek", "CN", "chat", "Chat assistants", "General-purpose chat assistant", "critical",
                 ("Takes free text and files of any kind", "Run from a country without an adequacy decision")),
    "copilot-m365": ("Microsoft 365 Copilot", "Microsoft", "US", "chat", "Chat assistants",
                     "Assistant inside Microsoft 365", "low", ("Covered by the company's tenant",)),
    "github-copilot": ("GitHub Copilot", "GitHub", "US", "code", "Code assistants", "Code completion in the editor",
                       "low", ("Sees source code of open files",)),
    "cursor": ("Cursor", "Anysphere", "US", "code", "Code assistants", "Code editor with built-in assistant", "high",
               ("Sends parts of the repository to the vendor",)),
    "deepl": ("DeepL Translate", "DeepL", "DE", "translation", "Translation", "Machine translation of texts and files",
              "medium", ("The free version may keep texts",)),
    "midjourney": ("Midjourney", "Midjourney", "US", "image", "Image generation", "Makes pictures from text", "medium",
                   ("Pictures are public unless paid for",)),
    "grammarly": ("Grammarly", "Superhuman", "US", "writing", "Writing", "Corrects and rewrites text in any field",
                  "high", ("Reads every text field it is switched on for",)),
    "otter": ("Otter.ai", "Otter.ai", "US", "meetings", "Meeting assistants", "Records and transcribes meetings",
              "high", ("Records the voices of people who did not agree",)),
    "perplexity": ("Perplexity", "Perplexity AI", "US", "search", "Search", "Answers questions from the web", "medium",
                   ("Takes free text",)),
    "elevenlabs": ("ElevenLabs", "ElevenLabs", "US", "audio", "Audio and voice", "Makes speech from text", "medium",
                   ("Can imitate a voice",)),
    "notion-ai": ("Notion AI", "Notion Labs", "US", "embedded", "AI inside other products", "Assistant inside Notion",
                  "medium", ("Reads the workspace it is used in",)),
    "canva-ai": ("Canva Magic Studio", "Canva", "AU", "embedded", "AI inside other products",
                 "AI functions inside Canva", "low", ("Works on uploaded pictures",)),
    "huggingface": ("Hugging Face", "Hugging Face", "US", "self-hosted", "Models to run yourself",
                    "Downloads of models and data sets", "low", ("Downloads foreign model files",)),
    "character-ai": ("Character.AI", "Character Technologies", "US", "companions", "Companions",
                     "Chat with made-up characters", "high", ("No use at work is apparent",)),
    "copilot-studio": ("Copilot Studio", "Microsoft", "US", "agents", "Agents and automation",
                       "Builds agents from company data", "medium", ("Agents act on their own",)),
    "openai-api": ("OpenAI API", "OpenAI", "US", "model-apis", "Model APIs", "Models for own programs", "medium",
                   ("Takes whatever a program sends",)),
    "gamma": ("Gamma", "Gamma Tech", "US", "office", "Documents and slides", "Makes slides from text", "medium",
              ("Keeps what is uploaded",)),
    "manus": ("Manus", "Butterfly Effect", "SG", "agents", "Agents and automation", "Agent that works on its own",
              "high", ("Acts on its own with what it is given",)),
}  # fmt: skip
ALTERNATIVES = {"chat": "copilot-m365", "code": "github-copilot", "search": "copilot-m365"}


@dataclass(frozen=True)
class Row:
    """What is told of one department's use of one service; the rest follows."""

    service: str
    status: Status
    people: int = 0
    sessions: int = 0
    sent: int | None = 0
    measured: int | None = None
    looked_up: int = 0
    blocked: int = 0
    proven: bool = True
    confidence: int = 95
    personal: int = 0
    until: str | None = None


def service_use(row: Row, days: Sequence[str] = WORKDAYS) -> ServiceUse:
    """Build one service's use; its sessions are dealt out over the days."""
    name, vendor, country, category, category_name, summary, risk, reasons = CATALOGUE[row.service]
    measured = row.sessions if row.measured is None else row.measured
    tls = row.sessions // 3
    used = row.sessions > 0
    return ServiceUse(
        id=row.service, name=name, vendor=vendor, country=country, category=category, category_name=category_name,
        summary=summary, status=row.status,
        status_reason="Enterprise contract 2026" if row.status is S.SANCTIONED else None,
        status_owner="ciso@example.com" if row.status in (S.SANCTIONED, S.UNDER_REVIEW) else None,
        status_until=row.until, alternative=ALTERNATIVES.get(category) if row.status in BAD else None,
        risk=risk, risk_reasons=reasons, proven=row.proven, people=row.people, people_dns_only=row.looked_up,
        sessions=row.sessions, sessions_with_bytes_up=0 if row.sent is None else measured, blocked=row.blocked,
        bytes_up=row.sent if used else None, bytes_down=row.sent * 14 if row.sent is not None and used else None,
        first_seen=f"{days[0]}T08:12:44.000000Z", last_seen=f"{days[-1]}T16:40:02.500000Z",
        roles=(Role.DEDICATED,) if row.proven else (Role.SHARED,),
        evidence=EvidenceCounts(dns=row.sessions * 4 + row.looked_up * 2, tls=tls, proxy=row.sessions * 9 - tls),
        account=AccountCounts(personal=row.personal, unknown=row.sessions - row.personal),
        confidence=row.confidence, days=deal(row, days),
    )  # fmt: skip


def deal(row: Row, days: Sequence[str]) -> tuple[DayUse, ...]:
    """Deal the sessions out over the days, unevenly but always in the same way."""
    counts = [0] * len(days)
    seed = sum(map(ord, row.service))
    for session in range(row.sessions):
        counts[(session * session + session * seed) % 97 % len(days)] += 1
    dealt = zip(days, counts, strict=True)
    return tuple(DayUse(day=day, people=min(n, row.people), sessions=n, bytes_up=None) for day, n in dealt if n)


def totals(services: Sequence[ServiceUse], people: int, people_bad: int) -> Totals:
    """Add up the headline of a department from its services and the given numbers of people."""
    use = [one for one in services if one.proven and one.sessions]
    bad = [one for one in use if one.status in BAD]
    return Totals(
        people=people, services=len({one.id for one in use}), sessions=sum(one.sessions for one in use),
        bytes_up=known_sum(use), people_unsanctioned=people_bad, services_unsanctioned=len({one.id for one in bad}),
        sessions_unsanctioned=sum(one.sessions for one in bad), bytes_up_unsanctioned=known_sum(bad),
        people_dns_only=sum(one.people_dns_only for one in services), blocked=sum(one.blocked for one in services),
    )  # fmt: skip


def known_sum(services: Sequence[ServiceUse]) -> int | None:
    """Add the bytes that are known; None where none is."""
    known = [one.bytes_up for one in services if one.bytes_up is not None]
    return sum(known) if known else None


def department(
    name: str, headcount: int | None, people: tuple[int, int], rows: Sequence[Row], days: Sequence[str] = WORKDAYS
) -> DepartmentUse:
    """Build one department; `people` are those who used AI, and those of them who used an unsanctioned service."""
    services = tuple(service_use(row, days) for row in rows)
    slug = "".join(letter if letter.isalnum() else "-" for letter in name.lower())
    return DepartmentUse(name=name, slug=slug, headcount=headcount, people=people[0],
                         totals=totals(services, *people), services=services)  # fmt: skip


def result(
    departments: Sequence[DepartmentUse],
    *,
    candidates: Sequence[Candidate] = (),
    blind_spots: Sequence[BlindSpot] = (),
    sources: Sequence[SourceReport] = (),
    period: Period | None = None,
) -> Result:
    """Build the document; people are in one department each."""
    services = [one for department in departments for one in department.services]
    people = sum(one.totals.people for one in departments)
    return Result(
        generator="shadowai 0.1.0",
        period=period or Period(start="2026-11-02T06:00:11.000000Z", end="2026-11-15T23:59:58.000000Z"),
        signatures=SignatureVersion(version="5f2c9a41d07e", services=412, indicators=1630),
        totals=totals(services, people, sum(one.totals.people_unsanctioned for one in departments)),
        departments=tuple(departments), candidates=tuple(candidates), blind_spots=tuple(blind_spots),
        sources=tuple(sources),
    )  # fmt: skip


SOURCES = (
    SourceReport(path="logs/squid-access.log.1.gz", format="squid", format_name="Squid access log", kind="proxy",
                 records=1_284_016, parsed=9_312, skipped={"authentication-challenge": 1_410, "bad-time": 3}, broken=3,
                 first="2026-11-02T06:00:11.000000Z", last="2026-11-15T23:59:58.000000Z"),
    SourceReport(path="logs/dns/queries.log", format="bind", format_name="BIND query log", kind="dns",
                 records=4_031_882, parsed=31_004, skipped={"response": 1_002_113}, broken=0,
                 first="2026-11-02T06:00:12.000000Z", last="2026-11-15T23:58:01.000000Z"),
    SourceReport(path="captures/branch-office.pcapng", format="pcapng", format_name="Packet capture (pcapng)",
                 kind="capture", records=2_040_551, parsed=18_220, skipped={"truncated-packet": 12}, broken=12,
                 first="2026-11-09T07:30:00.000000Z", last="2026-11-09T18:30:00.000000Z",
                 warnings=("The capture starts in the middle of 14 connections.",)),
)  # fmt: skip
UNREAD = SourceReport(path="logs/firewall/paloalto-2026-11.csv", format=None, records=0, parsed=0, skipped={},
                      first=None, last=None, error="ends inside the gzip stream after 4,096 bytes")  # fmt: skip
CANDIDATES = (
    Candidate(host="api.brightquill-ai.example", reason="name ends in -ai, large uploads", people=4, detections=212,
              departments=("Marketing",), first_seen="2026-11-03T09:11:00Z", last_seen="2026-11-13T15:00:00Z"),
    Candidate(host="llm-gateway.partner.example", reason="path /v1/chat/completions", people=2, detections=48,
              departments=("Engineering", "Sales"), first_seen="2026-11-10T10:00:00Z",
              last_seen="2026-11-12T12:00:00Z"),
)  # fmt: skip
BLIND_SPOTS = (
    BlindSpot(kind="encrypted-dns", name="dns.google", detail="DNS over HTTPS to Google Public DNS", count=1204,
              unit="requests", people=9, departments=("Engineering",)),
    BlindSpot(kind="vpn", name="Mullvad VPN", detail="", count=37, unit="connections", people=2,
              departments=("Engineering",)),
    BlindSpot(kind="no-client-identity", name="logs/dns/queries.log", count=1880, unit="records",
              detail="The forwarder at 10.0.0.53 asks for all clients behind it."),
    BlindSpot(kind="shared-address", name="10.20.0.1", count=412, unit="records", departments=("Sales",),
              detail="A NAT address of the branch office."),
)  # fmt: skip


def small() -> Result:
    """Build a company of five departments, two weeks of it."""
    departments = (
        department("Engineering", 86, (61, 14), [
            Row("deepseek", S.PROHIBITED, 3, 11, 48_300_000, looked_up=2, blocked=210),
            Row("cursor", S.UNSANCTIONED, 8, 142, 612_000_000, 120),
            Row("chatgpt", S.UNSANCTIONED, 9, 77, 91_400_000, personal=40),
            Row("claude", S.UNDER_REVIEW, 12, 160, 203_000_000),
            Row("huggingface", S.TOLERATED, 6, 21, 1_900_000, confidence=85),
            Row("github-copilot", S.SANCTIONED, 52, 830, 1_120_000_000, until="2026-12-31"),
            Row("copilot-m365", S.SANCTIONED, 20, 95, 40_000_000, personal=4),
            Row("notion-ai", S.UNSANCTIONED, 5, 18, 2_000_000, proven=False, confidence=30),
            Row("perplexity", S.UNSANCTIONED, looked_up=4),
            Row("character-ai", S.PROHIBITED, blocked=3),
        ]),
        department("Marketing", 24, (19, 13), [
            Row("midjourney", S.UNSANCTIONED, 6, 48, 8_400_000),
            Row("chatgpt", S.UNSANCTIONED, 11, 133, 77_000_000),
            Row("elevenlabs", S.UNSANCTIONED, 1, 2, None, confidence=55),
            Row("copilot-m365", S.SANCTIONED, 15, 120, 31_000_000),
            Row("canva-ai", S.TOLERATED, 9, 44, 6_100_000, proven=False, confidence=30),
        ]),
        department("Sales", 41, (22, 6), [
            Row("otter", S.UNSANCTIONED, 4, 19, 240_000_000, 11),
            Row("chatgpt", S.UNSANCTIONED, 3, 9, 1_240_000),
            Row("deepl", S.TOLERATED, 8, 36, 2_300_000, until="2026-12-01"),
            Row("copilot-m365", S.SANCTIONED, 18, 101, 22_000_000),
        ]),
        department("Legal", 7, (3, 0), [
            Row("deepl", S.SANCTIONED, 3, 28, 3_900_000),
            Row("grammarly", S.UNSANCTIONED, looked_up=2),
        ]),
        department("Unknown department", None, (5, 2), [
            Row("chatgpt", S.UNSANCTIONED, 2, 7, None, confidence=75),
            Row("copilot-m365", S.SANCTIONED, 4, 9, None),
        ]),
    )  # fmt: skip
    whole = result(departments, candidates=CANDIDATES, blind_spots=BLIND_SPOTS, sources=(*SOURCES, UNREAD))
    warnings = ("people.csv:12: the same user is in two departments", "policy.yaml: rule 3 names no known service")
    return whole.model_copy(update={"warnings": warnings})


def empty() -> Result:
    """Build a scan that read nothing."""
    return result((), period=Period(start=None, end=None))


def one() -> Result:
    """Build one small department that did nothing wrong, on one day."""
    rows = [Row("copilot-m365", S.SANCTIONED, 1, 3, 120_000)]
    day = Period(start="2026-11-09T07:00:00Z", end="2026-11-09T18:00:00Z")
    return result((department("Board", 4, (1, 0), rows, WEEKS[7:8]),), sources=SOURCES[:1], period=day)


def quiet() -> Result:
    """Build a department without any use: look-ups, blocked requests and a blind spot only."""
    rows = [Row("chatgpt", S.UNSANCTIONED, looked_up=3), Row("deepseek", S.PROHIBITED, blocked=12)]
    return result((department("Legal", 12, (0, 0), rows),), sources=SOURCES, blind_spots=BLIND_SPOTS[2:])


def unknown() -> Result:
    """Build a department of unknown size whose sources told no bytes."""
    rows = [
        Row("chatgpt", S.UNSANCTIONED, 4, 12, None, confidence=75),
        Row("deepl", S.TOLERATED, 2, 5, None, confidence=45),
    ]
    return result((department("Field Service", None, (5, 4), rows),), sources=SOURCES[1:2])


def forty() -> Result:
    """Build forty departments over three months, every service somewhere."""
    names = list(CATALOGUE)
    days = [f"2026-{month:02d}-{day:02d}" for month in (9, 10, 11) for day in range(1, 29)]
    departments = []
    for at in range(40):
        rows = [
            Row(names[(at * 3 + step * 5) % len(names)], list(Status)[(at + step) % 5], 1 + (at * step) % 17,
                5 + (at * 37 * step) % 300, 1000 * (1 + at) ** 3)
            for step in range(1 + at % 8)
        ]  # fmt: skip
        rows = list({row.service: row for row in rows}.values())
        bad = sum(row.people for row in rows if row.status in BAD)
        departments.append(department(f"Department {at + 1:02d}", 3 + at * 4, (2 + at, min(bad, 2 + at)), rows, days))
    whole = Period(start="2026-09-01T00:00:00Z", end="2026-11-28T23:00:00Z")
    return result(departments, sources=SOURCES * 4, blind_spots=BLIND_SPOTS, period=whole)


def sixty() -> Result:
    """Build one department with sixty services."""
    names = list(CATALOGUE)
    services = []
    for at in range(60):
        row = Row(names[at % 16], list(Status)[at % 5], 60 - at, 600 - 9 * at, 10 ** (at % 11))
        number = f"-{at // 16}" if at >= 16 else ""
        use = service_use(row)
        services.append(use.model_copy(update={"id": use.id + number, "name": use.name + number.replace("-", " ")}))
    base = department("Research and Development", 210, (150, 60), ())
    full = base.model_copy(update={"services": tuple(services), "totals": totals(services, 150, 60)})
    return result((full,), sources=SOURCES, blind_spots=BLIND_SPOTS)


def long() -> Result:
    """Build names too long for any column, without a place to break them."""
    endless = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3
    host = "a" * 63 + "." + "b" * 63 + "." + "c" * 63 + ".example"
    base = small()
    first = base.departments[0]
    services = tuple(
        use.model_copy(update={"name": endless, "vendor": endless, "alternative": endless}) for use in first.services
    )
    named = first.model_copy(update={"name": endless, "slug": endless.lower(), "services": services})
    return base.model_copy(
        update={
            "departments": (named, *base.departments[1:]),
            "candidates": tuple(found.model_copy(update={"host": host}) for found in base.candidates),
            "blind_spots": tuple(spot.model_copy(update={"name": host, "departments": ()}) for spot in BLIND_SPOTS),
            "sources": tuple(source.model_copy(update={"path": "/" + "very-long-folder" * 20}) for source in SOURCES),
        }
    )


EXAMPLES: Mapping[str, Callable[[], Result]] = {
    "small": small,
    "empty": empty,
    "one": one,
    "quiet": quiet,
    "unknown": unknown,
    "forty": forty,
    "sixty": sixty,
    "long": long,
}
