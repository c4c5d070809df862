"""HTTP against real servers that take, refuse in part, stall and reset."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from support.sending import LINES, TOKEN, Told, sender
from support.servers import Authority, Reply, Request, authority, web_server

from shadowai.errors import UsageError
from shadowai.exports.http import Answer, Place, judged
from shadowai.exports.lines import pack, unpack
from shadowai.exports.outcome import Fate, Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from shadowai.exports.senders import Sender


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("tls"))


# --- HTTP


def splunk(url: str, **values: Any) -> Sender:  # settings of all types
    return sender(to="splunk", url=url, token={"env": "TOKEN"}, index="main", **values)


def elastic(url: str, **values: Any) -> Sender:  # as above
    return sender(to="elastic", url=url, api_key={"env": "TOKEN"}, **values)


def objects(body: bytes) -> list[Any]:
    """Take JSON objects apart that follow each other."""
    decoder, text, found = json.JSONDecoder(), body.decode().strip(), []
    while text:
        one, end = decoder.raw_decode(text)
        found.append(one)
        text = text[end:].lstrip()
    return found


def test_splunk_takes_a_package() -> None:
    with web_server(lambda _: Reply(body=b'{"text":"Success","code":0}')) as web:
        outcome = splunk(web.url).send(pack(LINES), Told())
    assert outcome.fate is Fate.SENT
    (request,) = web.requests
    assert request.path == "/services/collector/event"
    assert request.headers["Authorization"] == f"Splunk {TOKEN}"
    first = objects(request.body)[0]
    assert first == {
        "time": "1700000000.123",
        "source": "shadowai",
        "sourcetype": "shadowai",
        "event": {"a": 1},
        "fields": {"uid": "u1"},
        "index": "main",
    }
    assert len(objects(request.body)) == 3


def test_splunk_refuses_one_event_and_the_rest_goes_again() -> None:
    with web_server(lambda _: Reply(400, b'{"text":"Invalid data format","code":6,"invalid-event-number":1}')) as web:
        outcome = splunk(web.url).send(pack(LINES), Told())
        assert (outcome.fate, outcome.refused) == (Fate.LATER, 1)
        assert unpack(outcome.rest or b"") == LINES[2:]
        last = splunk(web.url).send(pack(LINES[:2]), Told())
        assert (last.fate, last.refused) == (Fate.SENT, 1)


@pytest.mark.parametrize(
    ("reply", "fate", "wait"),
    [
        (Reply(503, b'{"text":"Server is busy","code":9}'), Fate.LATER, None),
        (Reply(429, b"", (("Retry-After", "7"),)), Fate.LATER, 7.0),
        (Reply(429, b"", (("Retry-After", "soon"),)), Fate.LATER, None),
        (Reply(503, b"", (("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"),)), Fate.LATER, 0.0),
        (Reply(503, b"", (("Retry-After", "9" * 9),)), Fate.LATER, 86_400.0),
        (Reply(403, b'{"text":"Invalid token","code":4}'), Fate.LATER, None),
        (Reply(400, b'{"text":"Incorrect index","code":7,"invalid-event-number":1}'), Fate.LATER, None),
        (Reply(400, b"[[[["), Fate.LATER, None),
        (Reply(413, b"too large"), Fate.REFUSED, None),
        (Reply(302, b"", (("Location", "http://evil.example/"),)), Fate.REFUSED, None),
        (Reply(cut=True), Fate.DOUBT, None),
    ],
)
def test_what_a_server_answers(reply: Reply, fate: Fate, wait: float | None) -> None:
    with web_server(lambda _: reply) as web:
        outcome = splunk(web.url).send(pack(LINES), Told())
    assert (outcome.fate, outcome.wait) == (fate, wait)
    assert len(web.requests) == 1


def test_a_secret_is_in_no_message() -> None:
    with web_server(
        lambda request: Reply(401, f"bad token {request.headers['Authorization']}\r\n\x1b[2J".encode())
    ) as web:
        outcome = splunk(web.url).send(pack(LINES), Told())
    assert TOKEN not in outcome.why
    assert "***" in outcome.why
    assert outcome.why.isprintable()


def test_https_is_checked(tls: Authority, tmp_path: Path) -> None:
    with web_server(lambda _: Reply(), tls.context()) as web:
        assert splunk(web.url, ca_file=tls.ca).send(pack(LINES), Told()).fate is Fate.SENT
        told = Told()
        bad = splunk(web.url, ca_file=authority(tmp_path / "x").ca).send(pack(LINES), told)
        assert (bad.fate, told.times) == (Fate.LATER, 0)
    with pytest.raises(UsageError, match="cannot be used for TLS"):
        splunk(web.url, ca_file=tmp_path / "none.pem").send(pack(LINES), Told())


def test_a_proxy_gets_the_whole_address() -> None:
    with web_server(lambda _: Reply()) as web:
        outcome = splunk("http://splunk.example.com:8088", proxy=web.url).send(pack(LINES), Told())
    assert outcome.fate is Fate.SENT
    assert web.requests[0].path == "http://splunk.example.com:8088/services/collector/event"


def test_a_proxy_that_opens_no_tunnel_is_told() -> None:
    with web_server(lambda _: Reply()) as web:
        told = Told()
        outcome = splunk("https://splunk.example.com", proxy=web.url).send(pack(LINES), told)
    assert (outcome.fate, told.times) == (Fate.LATER, 0)
    assert "Tunnel connection failed: 501" in outcome.why


def test_a_key_with_a_password_is_refused_and_not_asked_for(tls: Authority, tmp_path: Path) -> None:
    key = serialization.load_pem_private_key(tls.key.read_bytes(), None)
    locked = tmp_path / "locked.key"
    sealed = serialization.BestAvailableEncryption(b"x" * 8)
    locked.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealed))
    with pytest.raises(UsageError, match="asks for a password"):
        sender(to="syslog", host="h", certificate=tls.certificate, key=locked)


def test_a_stalling_server_leaves_a_doubt() -> None:
    held = threading.Event()

    def stall(_: Request) -> Reply:
        held.wait(5)
        return Reply()

    with web_server(stall) as web:
        outcome = splunk(web.url, timeout=1).send(pack(LINES), Told())
        held.set()
    assert outcome.fate is Fate.DOUBT
    assert "timed out" in outcome.why


def test_elastic_takes_a_package_and_says_what_became_of_each() -> None:
    def answer(request: Request) -> Reply:
        rows = [json.loads(line) for line in request.body.splitlines()]
        assert list(rows[1::2]) == [{"a": 1}, {"b": 2}, {"c": 3}]
        items = [{"create": {"status": status}} for status in (201, 409, 201)]
        return Reply(body=json.dumps({"errors": True, "items": items}).encode())

    with web_server(answer) as web:
        elk = elastic(web.url + "/es/", index="shadow-ai")
        assert elk.repeatable
        assert elk.send(pack(LINES), Told()).fate is Fate.SENT
    (request,) = web.requests
    assert request.path == "/es/shadow-ai/_bulk"
    assert request.headers["Authorization"] == f"ApiKey {TOKEN}"
    assert request.headers["Content-Type"] == "application/x-ndjson"
    assert request.body.endswith(b"\n")


def test_elastic_partial_failure() -> None:
    error = {"type": "mapper_parsing_exception", "reason": "failed to parse"}
    items = [{"index": {"status": 201}}, {"index": {"status": 400, "error": error}}, {"index": {"status": 429}}]
    with web_server(lambda _: Reply(body=json.dumps({"errors": True, "items": items}).encode())) as web:
        outcome = elastic(web.url, action="index").send(pack(LINES), Told())
    assert (outcome.fate, outcome.refused) == (Fate.LATER, 1)
    assert unpack(outcome.rest or b"") == LINES[2:]
    assert "mapper_parsing_exception: failed to parse" in outcome.why
    with web_server(lambda _: Reply(body=json.dumps({"items": [items[0], items[1], items[0]]}).encode())) as web:
        outcome = elastic(web.url).send(pack(LINES), Told())
    assert (outcome.fate, outcome.refused) == (Fate.SENT, 1)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"items":[1,2]}', b'{"items":{}}', b"\xff", b"[" * 100_000])
def test_elastic_with_an_answer_that_is_none(body: bytes) -> None:
    with web_server(lambda _: Reply(body=body)) as web:
        assert elastic(web.url).send(pack(LINES), Told()).fate is Fate.LATER


def test_elastic_items_of_another_shape_are_tried_again() -> None:
    with web_server(lambda _: Reply(body=b'{"items":[1,{"create":7},{"create":{"status":"x"}}]}')) as web:
        outcome = elastic(web.url).send(pack(LINES), Told())
    assert unpack(outcome.rest or b"") == LINES


def test_a_changed_finding_is_a_new_document_where_documents_are_created() -> None:
    ids = []

    def answer(request: Request) -> Reply:
        action = json.loads(request.body.splitlines()[0])
        ids.append(next(iter(action.values()))["_id"])
        return Reply(body=b'{"items":[{"create":{"status":201}}]}')

    with web_server(answer) as web:
        for action in ("create", "index"):
            for line in (LINES[0], LINES[0]._replace(text='{"a":2}')):
                elastic(web.url, action=action).send(pack([line]), Told())
    assert ids[0] != ids[1]
    assert ids[2:] == ["u1", "u1"]


def test_elastic_with_a_user() -> None:
    with web_server(lambda _: Reply(401)) as web:
        elk = sender(to="elastic", url=web.url, user="ann", password={"env": "TOKEN"})
        assert elk.send(pack(LINES), Told()).fate is Fate.LATER
    assert web.requests[0].headers["Authorization"].startswith("Basic ")
    with web_server(lambda _: Reply(500)) as web:
        assert sender(to="elastic", url=web.url).send(pack(LINES), Told()).fate is Fate.LATER
    assert "Authorization" not in web.requests[0].headers


def test_an_address_of_a_webhook_is_no_part_of_a_message() -> None:
    place = Place("https://hooks.example.com/services/T0/B0/secret")
    assert judged(place, Answer(404, b"no")) == Outcome(
        Fate.LATER, "hooks.example.com: status 404: no", None, down=True
    )
