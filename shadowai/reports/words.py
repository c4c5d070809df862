"""The reports' vocabulary: how the words of the design are said to a reader who is no security person."""

from shadowai.model import Status
from shadowai.reports import text
from shadowai.result import BlindSpot, EvidenceCounts, ServiceUse

STATUS = {
    Status.SANCTIONED: "Sanctioned",
    Status.TOLERATED: "Tolerated",
    Status.UNDER_REVIEW: "Under review",
    Status.UNSANCTIONED: "Unsanctioned",
    Status.PROHIBITED: "Prohibited",
}

STATUS_MEANING = {
    Status.SANCTIONED: "approved by the company for this department",
    Status.TOLERATED: "not approved, but accepted for now",
    Status.UNDER_REVIEW: "a decision is being prepared",
    Status.UNSANCTIONED: "not approved by the company",
    Status.PROHIBITED: "forbidden by the company",
}

RISK = {"low": "Low", "medium": "Medium", "high": "High", "critical": "Critical"}
RISK_ORDER = tuple(RISK)

# one, many
EVIDENCE = {
    "dns": ("name look-up (DNS)", "name look-ups (DNS)"),
    "tls": ("encrypted connection naming it (TLS)", "encrypted connections naming it (TLS)"),
    "quic": ("encrypted connection naming it (QUIC)", "encrypted connections naming it (QUIC)"),
    "http": ("unencrypted web request", "unencrypted web requests"),
    "proxy": ("web proxy record", "web proxy records"),
    "firewall": ("firewall record", "firewall records"),
    "address": ("connection known by address only", "connections known by address only"),
}

ACCOUNT = {
    "sanctioned_tenant": "with the company account",
    "personal": "with a personal account",
    "signed_out": "without signing in",
    "unknown": "with an account we could not tell",
}

# kind of blind spot -> (heading, what it means for the reader)
BLIND = {
    "encrypted-dns": ("Encrypted name look-ups", "We cannot see which services were looked up there."),
    "vpn": ("VPN services", "We cannot see what was used inside the VPN."),
    "tunnel": ("Tunnels", "We cannot see what was used inside the tunnel."),
    "ech": ("Hidden server names (ECH)", "We cannot see which services these connections went to."),
    "no-name": ("Encrypted connections without a name", "We cannot see which services these connections went to."),
    "unknown-quic": ("Connections of an unknown protocol version", "We cannot see where these connections went to."),
    "no-client-identity": (
        "Records that do not say who",
        "We cannot tell whose use this was, so it may be missing from the number of people.",
    ),
    "unknown-department": (
        "People or devices without a department",
        "We cannot tell which department this use belongs to.",
    ),
    "shared-address": (
        "Addresses shared by several people",
        "We cannot tell these people apart, so the number of people may be too low.",
    ),
    "conflicting-identity": (
        "Records that disagree about who",
        "We cannot be sure whose use this was.",
    ),
    "unparsed-records": ("Records that could not be read", "We cannot see use that only these records show."),
}

_CONFIDENCE = (
    (90, "High", "what was seen belongs to this service alone (90% and more)"),
    (70, "Good", "what was seen belongs to the service, but need not be a person using it (70% to 89%)"),
    (50, "Fair", "what was seen points to the service without proving its use (50% to 69%)"),
    (0, "Low", "what was seen has other explanations that are as likely (below 50%)"),
)


def confidence(percent: int) -> str:
    """Say a confidence of 0 to 100 percent in a word."""
    return next(word for least, word, _ in _CONFIDENCE if percent >= least)


def confidence_scale() -> tuple[tuple[str, str], ...]:
    """Give the words of confidence and what each stands for, surest first."""
    return tuple((word, meaning) for _, word, meaning in _CONFIDENCE)


def evidence(counts: EvidenceCounts) -> str:
    """Say how a service was seen: `12 web proxy records, 3 name look-ups (DNS)`; most frequent first."""
    seen = sorted(((count, kind) for kind, count in counts if count), key=lambda item: (-item[0], item[1]))
    return ", ".join(text.plural(count, *EVIDENCE[kind]) for count, kind in seen) or "nothing"


def accounts(service: ServiceUse) -> str | None:
    """Say with which accounts the sessions were made; None where no session's account is known."""
    known = [(kind, count) for kind, count in service.account if count]
    if not any(kind != "unknown" for kind, _ in known):
        return None
    return ", ".join(f"{text.plural(count, 'session')} {ACCOUNT[kind]}" for kind, count in known)


def blind_heading(kind: str) -> str:
    """Give the heading for a kind of blind spot; a kind of a later version keeps its own name."""
    return BLIND[kind][0] if kind in BLIND else kind


def blind_meaning(kind: str) -> str:
    """Say what a kind of blind spot means for the figures."""
    return BLIND[kind][1] if kind in BLIND else "We cannot see into this."


def blind_extent(spot: BlindSpot) -> str:
    """Say how large a blind spot is: `1,204 requests by 3 people`."""
    unit = spot.unit.removesuffix("s") if spot.count == 1 else spot.unit
    extent = f"{text.number(spot.count)} {unit}"
    if spot.people:
        extent = f"{extent} by {text.people(spot.people)}"
    return f"{extent}, {text.size(spot.bytes_up)} sent" if spot.bytes_up else extent
