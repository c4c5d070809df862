"""What a user agent says of its program; accounts and facts of the signature files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from shadowai import resources
from shadowai.model import Account, Client
from shadowai.signatures import Matcher, load_database
from shadowai.signatures.database import Database
from shadowai.signatures.load import read_files
from shadowai.signatures.schema import Facts

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(load_database())


@pytest.mark.parametrize(
    ("user_agent", "client"),
    [
        # As the programs' own sources write them.
        ("python-httpx/0.27.0", Client.PROGRAM),
        ("Python/3.11 aiohttp/3.9.5", Client.PROGRAM),
        ("OpenAI/Python 1.40.0", Client.PROGRAM),
        ("AsyncOpenAI/Python 1.40.0", Client.PROGRAM),
        ("OpenAI/JS 6.9.1", Client.PROGRAM),
        ("curl/8.11.0", Client.PROGRAM),
        ("axios/1.13.2", Client.PROGRAM),
        ("node", Client.PROGRAM),
        ("Go-http-client/1.1", Client.PROGRAM),
        ("Boto3/1.40.0 md/Botocore#1.40.0 ua/2.1 os/linux lang/python#3.11.7", Client.PROGRAM),
        ("okhttp/4.12.0", None),  # apps on telephones and servers alike
        ("Mozilla/5.0 (X11; Linux x86_64; nodejs.example) Firefox/140.0", Client.BROWSER),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0",
            Client.BROWSER,
        ),
        (
            "Mozilla/5.0 (Macintosh) AppleWebKit/537.36 Cursor/0.42 Chrome/124 Electron/30.0.9 Safari/537.36",
            Client.APPLICATION,
        ),
        ("claude-cli/1.0.3 (external, cli)", Client.APPLICATION),
        ("Opera/9.80", Client.BROWSER),
        ("Mozilla/5.0 (compatible; electronics shop)", Client.BROWSER),
        ("something/1.0", None),
        ("", None),
    ],
)
def test_a_user_agent_tells_the_sort_of_program(matcher: Matcher, user_agent: str, client: Client | None) -> None:
    assert matcher.client(user_agent) is client


def test_accounts_are_told_where_the_vendor_says_so(matcher: Matcher) -> None:
    found = matcher.match("chatgpt.com", "/backend-anon/conversation")
    assert found is not None
    assert (found.service, found.account) == ("chatgpt", Account.SIGNED_OUT)
    found = matcher.match("chatgpt.com", "/backend-api/conversation")
    assert found is not None
    assert found.account is None
    found = matcher.match("m365.cloud.microsoft", "/chat/")
    assert found is not None
    assert (found.service, found.account) == ("copilot-m365", Account.WORK)


def test_the_compact_form_keeps_clients_accounts_and_facts() -> None:
    database = read_files(resources.signatures()).database()
    again = Database.decode(database.encode())
    assert again == database
    assert again.clients[Client.PROGRAM]
    facts = {fact.name: fact for fact in again.services["chatgpt"].risk}
    assert facts["trains_on_customer_data"].values == ("opt-out",)
    assert all(fact.reference.startswith("https://") for service in again.services.values() for fact in service.risk)


@pytest.mark.parametrize(
    "facts",
    [
        {"sso": {"value": "perhaps", "reference": "https://example.com"}},
        {"sso": {"value": "yes"}},
        {"sso": {"value": "yes", "reference": "http://example.com"}},
        {"certifications": {"value": [], "reference": "https://example.com"}},
        {"certifications": {"value": ["SOC 3"], "reference": "https://example.com"}},
        {"ownership": {"value": "usa", "reference": "https://example.com"}},
        {"incidents": [{"date": "2023-03-20", "summary": "x"}]},
        {"colour": {"value": "blue", "reference": "https://example.com"}},
    ],
)
def test_a_fact_has_a_known_value_and_a_reference(facts: Mapping[str, object]) -> None:
    with pytest.raises(ValidationError):
        Facts.model_validate(facts)
