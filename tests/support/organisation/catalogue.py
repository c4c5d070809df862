"""The hosts that the organisation's people meet, and what each of them proves: written down by hand.

A test checks the table against `shadowai match`; nothing here is taken from it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Service:
    """An AI service: who sells it, of which category, from which country."""

    id: str
    vendor: str
    category: str
    country: str = "US"


@dataclass(frozen=True)
class Place:
    """A host, or a host with a path, and what a contact with it proves of which service.

    `account` is whose account it is used with, where the name tells it: personal, work, signed-out or tenant (the
    organisation's). `weight` is how often people go there.
    """

    url: str
    service: str
    role: str
    account: str | None = None
    weight: int = 1

    @property
    def host(self) -> str:
        """The name that is looked up."""
        return self.url.partition("/")[0]

    @property
    def path(self) -> str:
        """What follows the host; a slash alone where the table names a host."""
        _, slash, rest = self.url.partition("/")
        return f"{slash}{rest}" if slash else "/"


SERVICES = {
    one.id: one
    for one in (
        Service("chatgpt", "OpenAI", "chat"),
        Service("claude", "Anthropic", "chat"),
        Service("copilot", "Microsoft", "chat"),
        Service("copilot-m365", "Microsoft", "chat"),
        Service("gemini", "Google", "chat"),
        Service("deepseek", "DeepSeek", "chat", "CN"),
        Service("deepseek-api", "DeepSeek", "model-api", "CN"),
        Service("mistral", "Mistral AI", "chat", "FR"),
        Service("poe", "Quora", "chat"),
        Service("perplexity", "Perplexity AI", "search"),
        Service("github-copilot", "GitHub (Microsoft)", "code"),
        Service("cursor", "Anysphere", "code"),
        Service("openai-api", "OpenAI", "model-api"),
        Service("anthropic-api", "Anthropic", "model-api"),
        Service("groq", "Groq", "model-api"),
        Service("azure-openai", "Microsoft", "cloud-ai"),
        Service("amazon-bedrock", "Amazon Web Services", "cloud-ai"),
        Service("vertex-ai", "Google", "cloud-ai"),
        Service("huggingface", "Hugging Face", "model-hub"),
        Service("otter", "Otter.ai", "meetings"),
        Service("fireflies", "Fireflies.ai", "meetings"),
        Service("deepl", "DeepL", "translation", "DE"),
        Service("grammarly", "Grammarly", "writing"),
        Service("midjourney", "Midjourney", "image"),
        Service("elevenlabs", "ElevenLabs", "audio"),
        Service("notion-ai", "Notion Labs", "embedded"),
        Service("canva-ai", "Canva", "embedded", "AU"),
    )
}

OWN_TENANT = "harbour.openai.azure.com"

PLACES = (
    Place("chatgpt.com", "chatgpt", "dedicated", weight=12),
    Place("chatgpt.com/share", "chatgpt", "docs"),
    Place("chatgpt.com/backend-anon", "chatgpt", "dedicated", "signed-out", weight=2),
    Place("auth.openai.com", "chatgpt", "auth"),
    Place("cdn.oaistatic.com", "chatgpt", "cdn", weight=2),
    Place("claude.ai", "claude", "dedicated", weight=6),
    Place("copilot.microsoft.com", "copilot", "dedicated", weight=3),
    Place("copilot.cloud.microsoft", "copilot-m365", "dedicated", "work", weight=4),
    Place("m365.cloud.microsoft", "copilot-m365", "embedded"),
    Place("m365.cloud.microsoft/chat", "copilot-m365", "dedicated", "work"),
    Place("gemini.google.com", "gemini", "dedicated", weight=4),
    Place("gemini.gstatic.com", "gemini", "cdn"),
    Place("chat.deepseek.com", "deepseek", "dedicated", weight=2),
    Place("api.deepseek.com", "deepseek-api", "api"),
    Place("chat.mistral.ai", "mistral", "dedicated"),
    Place("poe.com", "poe", "dedicated"),
    Place("www.perplexity.ai", "perplexity", "dedicated", weight=3),
    Place("api.business.githubcopilot.com", "github-copilot", "api", "work", weight=4),
    Place("api.individual.githubcopilot.com", "github-copilot", "api", "personal"),
    Place("copilot-telemetry.githubusercontent.com", "github-copilot", "telemetry", weight=2),
    Place("api2.cursor.sh", "cursor", "api", weight=2),
    Place("marketplace.cursorapi.com", "cursor", "download"),
    Place("api.openai.com", "openai-api", "api", weight=2),
    Place("api.anthropic.com", "anthropic-api", "api"),
    Place("statsig.anthropic.com", "anthropic-api", "telemetry"),
    Place("api.groq.com", "groq", "api"),
    Place(OWN_TENANT, "azure-openai", "api", "tenant", weight=2),
    Place("elsewhere.openai.azure.com", "azure-openai", "api"),
    Place("bedrock-runtime.eu-central-1.amazonaws.com", "amazon-bedrock", "api"),
    Place("europe-west1-aiplatform.googleapis.com", "vertex-ai", "api"),
    Place("huggingface.co", "huggingface", "shared", weight=2),
    Place("otter.ai", "otter", "dedicated"),
    Place("app.fireflies.ai", "fireflies", "dedicated"),
    Place("www.deepl.com", "deepl", "dedicated", weight=3),
    Place("app.grammarly.com", "grammarly", "dedicated"),
    Place("www.midjourney.com", "midjourney", "dedicated"),
    Place("api.elevenlabs.io", "elevenlabs", "api"),
    Place("www.notion.so", "notion-ai", "embedded"),
    Place("www.notion.so/api/v3/runInferenceTranscript", "notion-ai", "dedicated"),
    Place("www.canva.com", "canva-ai", "embedded", weight=2),
)

CANDIDATES = ("tidewrite.ai", "harborloom.ai", "app.corvid-gpt.example")
"""Hosts that look like AI and are in no list."""

TUNNEL = "wireguard"
"""Stands for the host of a tunnel, which has no name."""

HIDING = {
    TUNNEL: ("vpn", "WireGuard"),
    "dns.google": ("encrypted-dns", "Google Public DNS"),
    "cloudflare-dns.com": ("encrypted-dns", "Cloudflare DNS"),
    "nordvpn.com": ("vpn", "NordVPN"),
}
"""What AI use could hide behind: kind and name of the blind spot."""

ORDINARY = (
    "www.bbc.co.uk",
    "en.wikipedia.org",
    "www.gov.uk",
    "outlook.office365.com",
    "teams.microsoft.com",
    "www.youtube.com",
    "github.com",
    "pypi.org",
    "www.openstreetmap.org",
    "weather.example",
    "intranet.harbour.example",
    "www.office.com",
    "www.trello.com",
)
"""Hosts that concern no AI service."""

NOISE = frozenset({"telemetry", "cdn"})
PROVING = frozenset({"dedicated", "api", "auth", "download"})

_BY_URL = {place.url: place for place in PLACES}


def place_of(host: str, path: str | None) -> Place | None:
    """Find what a contact proves: the longest entry that its host and path begin with, by whole segments."""
    if path:
        segments = path.partition("?")[0].strip("/").split("/")
        for length in range(len(segments), 0, -1):
            found = _BY_URL.get("/".join((host, *segments[:length])))
            if found is not None:
                return found
    return _BY_URL.get(host)
