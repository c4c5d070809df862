"""Alerts and report summaries to Slack, Microsoft Teams and whoever takes JSON.

Slack: an incoming webhook takes `text` and `blocks`; `&`, `<` and `>` are escaped ("Formatting text for app surfaces").
Teams: a workflow's webhook takes a message with an Adaptive Card 1.4. JSON: one object, signed where a key is set.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shadowai.errors import UsageError
from shadowai.exports.http import Place, judged, post
from shadowai.exports.outcome import Committing, Outcome
from shadowai.exports.record import harmless
from shadowai.reports.language import say
from shadowai.settings.channels import Webhook, web_problem

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_FACTS = 20  # lines of one message; Slack takes 3,000 characters a block
MAX_BLOCK = 2900
_MARKDOWN = re.compile(r"([\\`*_\[\]()#~>|!-])")


@dataclass(frozen=True, slots=True)
class Notice:
    """What a webhook is told: its id and kind (`alerts` or `report`), a title, a sentence, and lines below it."""

    uid: str
    kind: str
    title: str
    message: str
    facts: tuple[str, ...] = ()
    link: str = ""

    def as_json(self) -> dict[str, Any]:
        """Give it as generic JSON: the documented shape."""
        return {
            "id": self.uid,
            "kind": self.kind,
            "title": self.title,
            "message": self.message,
            "facts": list(self.facts),
            "link": self.link or None,
        }


def payload_of(notice: Notice, kind: str) -> bytes:
    """Write a notice as Slack, Teams or a generic receiver takes it, in the language that is being written."""
    return json.dumps({"slack": _slack, "teams": _teams, "json": Notice.as_json}[kind](notice)).encode()


class WebhookSender:
    """Calls one webhook."""

    repeatable = False  # a message that comes twice is there twice

    def __init__(self, hook: Webhook, environment: Mapping[str, str] | None = None) -> None:
        url = hook.url.read(environment)
        if problem := web_problem(url):
            raise UsageError(f"the address of the webhook {problem}", where=f"webhooks.{hook.name}")
        self._key = hook.key.read(environment) if hook.key else ""
        self._place = Place(url, {}, hook.ca_file, hook.proxy, hook.timeout, (url, self._key))

    def send(self, content: bytes, committing: Committing, *, again: bool = False) -> Outcome:
        """Call it with a body as `payload_of` wrote it."""
        del again
        place = self._place
        if self._key:
            signature = hmac.new(self._key.encode(), content, hashlib.sha256).hexdigest()
            headers = {"X-Shadowai-Signature": f"sha256={signature}"}
            place = Place(place.url, headers, place.ca_file, place.proxy, place.timeout, place.secrets)
        answer = post(place, "", content, "application/json", committing)
        return answer if isinstance(answer, Outcome) else judged(place, answer)

    def close(self) -> None:
        """Nothing is kept open."""


def _slack(notice: Notice) -> dict[str, Any]:
    lines = [_slack_text(notice.message), *(f"\u2022 {_slack_text(one)}" for one in notice.facts[:MAX_FACTS])]
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": harmless(notice.title)[:150]}},
        {"type": "section", "text": {"type": "mrkdwn", "text": _cut("\n".join(lines))}},
    ]
    if notice.link:
        link = {"type": "button", "text": {"type": "plain_text", "text": say("Report")}, "url": notice.link}
        blocks.append({"type": "actions", "elements": [link]})
    return {"text": _slack_text(f"{notice.title}: {notice.message}"), "blocks": blocks}


def _slack_text(text: str) -> str:
    """Escape what begins a mention, a link or an entity; marks of emphasis do no harm."""
    return harmless(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str) -> str:
    """Cut at the end of a line, so that no escape is cut in two."""
    return text if len(text) <= MAX_BLOCK else text[:MAX_BLOCK].rpartition("\n")[0] or harmless(text)[:200]


def _teams(notice: Notice) -> dict[str, Any]:
    lines = [notice.message, *notice.facts[:MAX_FACTS]]
    body = [
        {"type": "TextBlock", "text": _teams_text(notice.title), "weight": "Bolder", "size": "Medium", "wrap": True},
        *({"type": "TextBlock", "text": _teams_text(one), "wrap": True, "spacing": "Small"} for one in lines),
    ]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    }
    if notice.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": say("Report"), "url": notice.link}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _teams_text(text: str) -> str:
    """Escape Markdown, which a TextBlock reads: a name is shown as it is, and is no link."""
    return _MARKDOWN.sub(r"\\\1", harmless(text))
