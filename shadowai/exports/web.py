"""Records to Splunk's HTTP Event Collector and to the bulk interface of Elasticsearch and OpenSearch.

Both may take a part of a package: what they refuse for good is counted and told, what they could not take now is sent
again alone.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from shadowai.exports.http import Answer, Place, basic, judged, post
from shadowai.exports.lines import Line, pack, unpack
from shadowai.exports.outcome import SENT, SUCCESS, Committing, Fate, Outcome
from shadowai.exports.record import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shadowai.settings.channels import ElasticTarget, SplunkTarget

_THERE = 409  # a document that is to be created and is there already
_BAD_REQUEST = 400
_BAD_FORMAT = 6  # of the collector's own codes
_TOO_MANY = 429
_SERVER = 500
_SHOWN = 200  # characters of a reason


class SplunkSender:
    """Sends packages to a Splunk HTTP Event Collector ("Format events for HTTP Event Collector")."""

    repeatable = False  # the collector knows no ids

    def __init__(self, target: SplunkTarget, environment: Mapping[str, str] | None = None) -> None:
        token = target.token.read(environment)
        headers = {"Authorization": f"Splunk {token}"}
        self._target = target
        self._place = Place(target.url, headers, target.ca_file, target.proxy, target.timeout, (token,))

    def send(self, content: bytes, committing: Committing, *, again: bool = False) -> Outcome:
        """Send a package."""
        del again
        lines = unpack(content)
        body = b"".join(self._event(line) for line in lines)
        answer = post(self._place, "/services/collector/event", body, "application/json", committing)
        if isinstance(answer, Outcome):
            return answer
        return self._without_refused(lines, answer) or judged(self._place, answer)

    def close(self) -> None:
        """Nothing is kept open."""

    def _event(self, line: Line) -> bytes:
        target = self._target
        event: dict[str, Any] = {
            "time": f"{line.time // 1000}.{line.time % 1000:03d}",
            "source": target.source,
            "sourcetype": target.sourcetype,
            "event": json.loads(line.text) if target.format in ("ecs", "ocsf") else line.text,
            "fields": {"uid": line.uid},
        }
        if target.index:
            event["index"] = target.index
        return json.dumps(event, separators=(",", ":")).encode() + b"\n"

    def _without_refused(self, lines: tuple[Line, ...], answer: Answer) -> Outcome | None:
        """Leave out the event that the collector names as invalid: it takes those before it and none after.

        What it says of a whole package, such as that the index is wrong, somebody will put right: it is kept.
        """
        told = _object(answer.body)
        bad = told.get("invalid-event-number")
        if answer.status != _BAD_REQUEST:
            return None
        if told.get("code") != _BAD_FORMAT or not isinstance(bad, int) or not 0 <= bad < len(lines):
            return Outcome(Fate.LATER, judged(self._place, answer).why, down=True)
        why = judged(self._place, answer).why
        rest = lines[bad + 1 :]
        if not rest:
            return Outcome(Fate.SENT, why, refused=1)
        return Outcome(Fate.LATER, why, 0.0, pack(rest), 1)


class ElasticSender:
    """Sends packages to the bulk interface. Documents have ids, so that one which is sent twice is there once."""

    repeatable = True

    def __init__(self, target: ElasticTarget, environment: Mapping[str, str] | None = None) -> None:
        secret = target.api_key or target.password
        told = secret.read(environment) if secret else ""
        headers = {}
        if target.api_key:
            headers["Authorization"] = f"ApiKey {told}"
        elif target.user:
            headers["Authorization"] = basic(target.user, told)
        self._target = target
        secrets = (told, headers["Authorization"].partition(" ")[2]) if headers else ()
        self._place = Place(target.url, headers, target.ca_file, target.proxy, target.timeout, secrets)

    def send(self, content: bytes, committing: Committing, *, again: bool = False) -> Outcome:
        """Send a package."""
        del again
        lines = unpack(content)
        body = "".join(f"{self._action(line)}\n{line.text}\n" for line in lines).encode()
        path = f"/{quote(self._target.index, safe='')}/_bulk"
        answer = post(self._place, path, body, "application/x-ndjson", committing)
        if isinstance(answer, Outcome):
            return answer
        outcome = judged(self._place, answer)
        return outcome if outcome.fate is not Fate.SENT else self._judge_items(lines, answer)

    def close(self) -> None:
        """Nothing is kept open."""

    def _action(self, line: Line) -> str:
        """Name the document: where documents are created, a finding that has changed since is one of its own."""
        uid = line.uid
        if self._target.action == "create":
            uid = f"{uid}-{hashlib.sha256(line.text.encode()).hexdigest()[:8]}"
        return json.dumps({self._target.action: {"_id": uid}}, separators=(",", ":"))

    def _judge_items(self, lines: tuple[Line, ...], answer: Answer) -> Outcome:
        """Sort the documents by what became of each ("Bulk API", response body)."""
        answered = _object(answer.body)
        items = answered.get("items")
        if not isinstance(items, list) or len(items) != len(lines):
            return Outcome(Fate.LATER, "the answer does not say what became of each document")
        later: list[Line] = []
        reasons: list[str] = []
        for line, item in zip(lines, items, strict=True):
            status, reason = _item(item)
            if status == _TOO_MANY or status >= _SERVER:
                later.append(line)
            elif status not in SUCCESS and status != _THERE:
                reasons.append(reason)
        why = f"{len(reasons)} of {len(lines)} documents refused: {reasons[0]}" if reasons else ""
        if later:
            busy = f"{len(later)} of {len(lines)} documents could not be taken now"
            return Outcome(Fate.LATER, "; ".join(filter(None, (why, busy))), answer.wait, pack(later), len(reasons))
        return Outcome(Fate.SENT, why, refused=len(reasons)) if reasons else SENT


def _item(item: Any) -> tuple[int, str]:  # noqa: ANN401  # whatever the server sends
    """Give status and reason of one document; an answer that is none counts as the server's error."""
    inner = next(iter(item.values()), None) if isinstance(item, dict) else None
    if not isinstance(inner, dict) or not isinstance(inner.get("status"), int):
        return _SERVER, ""
    error = inner.get("error")
    parts: Iterable[Any] = (error.get("type"), error.get("reason")) if isinstance(error, dict) else (error,)
    reason = harmless(": ".join(str(part) for part in parts if part))[:_SHOWN]
    return inner["status"], f"status {inner['status']} {reason}"


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
