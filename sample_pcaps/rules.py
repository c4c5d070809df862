"""What the organisation's policy says, and the AI hosts that the morning's script uses."""

from __future__ import annotations

POLICY = """# What Harbour Works allows. The most specific rule that fits stands; what no rule names is unsanctioned.
default: unsanctioned
rules:
  - status: prohibited
    countries: [CN]
    owner: dpo@harbour.example
    reason: No data protection agreement
  - status: prohibited
    categories: [meetings]
    departments: [Legal]
    owner: dpo@harbour.example
    reason: Conversations with clients are privileged
  - status: sanctioned
    services: [github-copilot]
    departments: [Engineering]
    from: 2026-01-01
    until: 2026-12-31
    owner: ciso@harbour.example
    reason: Enterprise contract 2026
  - status: sanctioned
    services: [copilot-m365]
    owner: ciso@harbour.example
    reason: Part of the office contract
  - status: sanctioned
    services: [perplexity]
    departments: [Marketing]
    until: 2026-10-31
    owner: ciso@harbour.example
    reason: Trial, ended in October
  - status: tolerated
    categories: [translation]
    owner: ciso@harbour.example
    reason: Public texts only
  - status: under-review
    services: [claude]
    departments: [Legal, Engineering]
    owner: ciso@harbour.example
    reason: Contract is being negotiated
  - status: prohibited
    countries: [CN]
    categories: [translation]
    owner: dpo@harbour.example
    reason: Texts leave for a country without a data protection agreement
alternatives:
  chat: copilot-m365
  search: copilot-m365
  code: github-copilot
"""

PROHIBITED_EVERYWHERE = {"deepseek"}
SANCTIONED_EVERYWHERE = {"copilot-m365"}
TOLERATED_EVERYWHERE = {"deepl"}
BY_DEPARTMENT = {
    ("otter", "Legal"): "prohibited",
    ("github-copilot", "Engineering"): "sanctioned",
    ("claude", "Legal"): "under-review",
    ("claude", "Engineering"): "under-review",
}

# Host, or host and path, as the signature files name them: service and role.
AI_HOSTS = {
    "chatgpt.com": ("chatgpt", "dedicated"),
    "chatgpt.com/share": ("chatgpt", "docs"),
    "auth.openai.com": ("chatgpt", "auth"),
    "files.oaiusercontent.com": ("chatgpt", "dedicated"),
    "persistent.oaistatic.com": ("chatgpt", "download"),
    "cdn.oaistatic.com": ("chatgpt", "cdn"),
    "api.openai.com": ("openai-api", "api"),
    "openai.com": ("openai-api", "docs"),
    "claude.ai": ("claude", "dedicated"),
    "gemini.google.com": ("gemini", "dedicated"),
    "gemini.gstatic.com": ("gemini", "cdn"),
    "proxy.business.githubcopilot.com": ("github-copilot", "api"),
    "copilot-telemetry.githubusercontent.com": ("github-copilot", "telemetry"),
    "www.deepl.com": ("deepl", "dedicated"),
    "www.midjourney.com": ("midjourney", "dedicated"),
    "www.perplexity.ai": ("perplexity", "dedicated"),
    "huggingface.co": ("huggingface", "shared"),
    "chat.deepseek.com": ("deepseek", "dedicated"),
    "app.grammarly.com": ("grammarly", "dedicated"),
    "m365.cloud.microsoft/chat": ("copilot-m365", "dedicated"),
    "copilot.cloud.microsoft": ("copilot-m365", "dedicated"),
    "api2.cursor.sh": ("cursor", "api"),
    "otter.ai": ("otter", "dedicated"),
}

# Reserved names (RFC 2606) that look like AI and are in no signature.
CANDIDATES = ("app.quillbird-gpt.example", "openai.com.evil.test")
ENCRYPTED_DNS = {"cloudflare-dns.com": "Cloudflare DNS"}


def status_of(service: str, department: str | None) -> str:
    """Status of a service for a department on the morning of the samples, read off the policy by hand."""
    if service in PROHIBITED_EVERYWHERE:
        return "prohibited"
    if service in SANCTIONED_EVERYWHERE:
        return "sanctioned"
    if service in TOLERATED_EVERYWHERE:
        return "tolerated"
    return BY_DEPARTMENT.get((service, department or ""), "unsanctioned")
