"""A small catalogue, a tree of departments and policies in short, for tests of the policy."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from shadowai.errors import UsageError
from shadowai.model import SECOND
from shadowai.policy import KnownNames, Policy, load_policy
from shadowai.verdicts import Department, Question, ServiceFacts

if TYPE_CHECKING:
    from pathlib import Path

    from shadowai.model import Account, Use


def service(name: str, title: str, vendor: str, country: str, category: str) -> ServiceFacts:
    return ServiceFacts(name, title, vendor, country, category, category.title(), "Assistant")


CHATGPT = service("chatgpt", "ChatGPT", "OpenAI", "US", "chat")
OPENAI_API = service("openai-api", "OpenAI API", "OpenAI", "US", "model-api")
COPILOT = service("github-copilot", "GitHub Copilot", "GitHub", "US", "code")
M365 = service("copilot-m365", "Microsoft 365 Copilot", "Microsoft", "US", "chat")
DEEPSEEK = service("deepseek", "DeepSeek", "DeepSeek", "CN", "chat")
CLAUDE = service("claude", "Claude", "Anthropic", "US", "chat")
SERVICES = {one.id: one for one in (CHATGPT, OPENAI_API, COPILOT, M365, DEEPSEEK, CLAUDE)}

PARENTS = {
    "Head office": None,
    "Sales": "Head office",
    "Field sales": "Sales",
    "Legal": "Head office",
    "Engineering": None,
}
LINEAGES = {
    "Head office": ("Head office",),
    "Sales": ("Sales", "Head office"),
    "Field sales": ("Field sales", "Sales", "Head office"),
    "Legal": ("Legal", "Head office"),
    "Engineering": ("Engineering",),
}
KNOWN = KnownNames(
    services=SERVICES,
    categories={"chat", "code", "model-api"},
    departments={name: Department(name, parent) for name, parent in PARENTS.items()},
    groups={"pilots", "contractors"},
    person=lambda name: {"anna@example.com": "person:anna"}.get(name.casefold()),
    hosts={"chatgpt.com", "api.openai.com", "<resource>.openai.azure.com", "www.bing.com/chat"},
)


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


def ask(  # noqa: PLR0913  # all that a question is made of, each by name
    facts: ServiceFacts = CHATGPT,
    department: str | None = None,
    at: str | None = None,
    *,
    person: str | None = None,
    groups: tuple[str, ...] = (),
    account: Account | None = None,
    use: Use | None = None,
) -> Question:
    departments = LINEAGES.get(department, (department,)) if department else ()
    return Question(facts, departments, ns(at) if at else None, person, groups, account, use)


def load(folder: Path, text: str | bytes, known: KnownNames = KNOWN) -> Policy:
    path = folder / "policy.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_policy(path, known)


def load_rules(folder: Path, *rules: str, known: KnownNames = KNOWN) -> Policy:
    """Read a policy of rules in YAML's flow style, without braces: `status: tolerated, services: [chatgpt]`."""
    return load(folder, "rules:\n" + "".join(f"- {{{rule}}}\n" for rule in rules), known)


def problems_of(folder: Path, text: str | bytes, known: KnownNames = KNOWN) -> list[str]:
    with pytest.raises(UsageError) as caught:
        load(folder, text, known)
    return [line.removeprefix(f"{folder}/") for line in str(caught.value).splitlines()]
