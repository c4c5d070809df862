"""Who was at an address whose contacts name nobody: all users' lines are looked at, so that nobody is accused."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowai import detect, logs, second_look
from shadowai.directory.learnt import Learnt, merge_sightings
from shadowai.inputs import ReadOptions
from shadowai.model import MINUTE, SECOND
from shadowai.scan import ScanOptions, scan
from shadowai.second_look import FRUITLESS, Needles, Runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from shadowai.result import Result

DAY = int(datetime(2026, 11, 17, tzinfo=UTC).timestamp())
PLACE = "10.1.0.9"
PEOPLE = "user,email,department\nanna,,Sales\nbert,,Legal\n"


def at(hour: int, minute: int = 0, second: int = 0) -> int:
    return DAY + hour * 3600 + minute * 60 + second


def squid(time: float, user: str, host: str = "intranet.example.org", address: str = PLACE) -> str:
    return f"{time:.3f}    120 {address} TCP_TUNNEL/200 4200 CONNECT {host}:443 {user} HIER_DIRECT/203.0.113.9 -\n"


def asked(time: int, host: str = "claude.ai", address: str = PLACE) -> str:
    stamp = datetime.fromtimestamp(time, UTC).strftime("%d-%b-%Y %H:%M:%S.000")
    client = f"client @0x0254dbf2e264 {address}#49951 ({host})"
    return f"{stamp} queries: info: {client}: query: {host} IN A +E(0)K (10.0.0.2)\n"


def scanned(folder: Path, files: dict[str, str | bytes], workers: int = 1) -> Result:
    (folder / "directory").mkdir(exist_ok=True)
    (folder / "directory" / "people.csv").write_text(PEOPLE)
    for name, text in files.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    read = ReadOptions([str(folder / name) for name in files])
    return scan(ScanOptions(read, directory=folder / "directory", workers=workers))


def look_ups(result: Result) -> dict[str, int]:
    """Count the people who only looked a name up, by department."""
    return {one.name: one.totals.people_dns_only for one in result.departments if one.totals.people_dns_only}


def test_a_look_up_is_that_of_the_user_who_came_after_and_used_no_ai(tmp_path: Path) -> None:
    proxy = squid(at(9), "anna", "chatgpt.com") + squid(at(9, 58), "bert") + squid(at(10, 2), "bert")
    result = scanned(tmp_path, {"access.log": proxy, "queries.log": asked(at(10))})
    assert look_ups(result) == {"Legal": 1}
    (sales,) = (one for one in result.departments if one.name == "Sales")
    assert [(one.id, one.people_dns_only) for one in sales.services] == [("chatgpt", 0)]


def test_between_two_users_nobody_is_named(tmp_path: Path) -> None:
    proxy = squid(at(9, 50), "anna", "chatgpt.com") + squid(at(10, 10), "bert")
    result = scanned(tmp_path, {"access.log": proxy, "queries.log": asked(at(10))})
    assert look_ups(result) == {}  # one of the two, who are counted by name
    (spot,) = (one for one in result.blind_spots if one.kind == "conflicting-identity")
    assert (spot.count, spot.people) == (1, None)


def test_who_was_one_of_two_is_not_counted_beside_both(tmp_path: Path) -> None:
    leases = tmp_path / "directory" / "leases"
    leases.mkdir(parents=True)
    stays = ((9, 12, "anna"), (11, 14, "bert"))
    rows = [f"{at(begin)},{at(end)},{user},{PLACE},\n" for begin, end, user in stays]
    (leases / "vpn.csv").write_text("start,end,user,address,device\n" + "".join(rows))
    log = "".join(squid(at(hour), "-", "chatgpt.com") for hour in (10, 11, 13))
    totals = scanned(tmp_path, {"access.log": log}).totals
    assert (totals.people, totals.sessions) == (2, 3)


def test_who_used_no_ai_over_the_proxy_is_known_by_other_lines(tmp_path: Path) -> None:
    proxy = squid(at(9, 59), "anna") + squid(at(10, 1), "anna")
    assert look_ups(scanned(tmp_path, {"access.log": proxy, "queries.log": asked(at(10))})) == {"Sales": 1}


def test_a_line_of_a_proxy_without_a_user_makes_nobody_look_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_look.Searcher, "search", lambda *_: pytest.fail("looked again"))
    proxy = squid(at(9), "anna") + squid(at(9, 30), "-", "chatgpt.com") + squid(at(10), "anna")
    departments = scanned(tmp_path, {"access.log": proxy}).departments
    assert {one.name: one.totals.people for one in departments if one.totals.people} == {"Unknown department": 1}


def test_the_number_of_workers_changes_nothing(tmp_path: Path) -> None:
    names = ("anna", "bert")
    proxies = {
        f"access-{part}.log": "".join(squid(at(9 + part, minute), names[minute // 20 % 2]) for minute in range(60))
        for part in range(4)
    }
    queries = "".join(asked(at(9 + minute // 60, minute % 60, 30)) for minute in range(0, 240, 7))
    files: dict[str, Any] = {**proxies, "queries.log": queries}
    one, two = (scanned(tmp_path, files, workers).model_dump_json() for workers in (1, 2))
    assert one == two


def test_a_log_that_cannot_be_read_twice_leaves_others_unnamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: second_look.Searcher, task: detect.Task) -> second_look.Found:
        return second_look.Found(task.number, error="cannot be read: No such file or directory")

    monkeypatch.setattr(second_look.Searcher, "search", gone)
    proxy = squid(at(9), "anna", "chatgpt.com") + squid(at(10), "bert")
    result = scanned(tmp_path, {"access.log": proxy, "queries.log": asked(at(9, 2)) + asked(at(9, 50), "grok.com")})
    services = {(one.name, use.id): use.people_dns_only for one in result.departments for use in one.services}
    assert services == {("Sales", "chatgpt"): 0, ("Sales", "claude"): 1, ("Unknown department", "grok"): 1}
    assert second_look.NOT_AGAIN in result.sources[0].warnings


def _json_lines(users: Iterable[tuple[int, str]]) -> str:
    rows = [
        {
            "@timestamp": datetime.fromtimestamp(time, UTC).isoformat(),
            "ecs": {"version": "8.11.0"},
            "event": {"dataset": "some.proxy", "category": ["web"], "type": ["access"]},
            "source": {"ip": PLACE},
            "user": {"name": user},
            "url": {"domain": "intranet.example.org", "full": "https://intranet.example.org/a"},
        }
        for time, user in users
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)


def _w3c(users: Sequence[tuple[int, str]]) -> str:
    """Write a log of ProxySG whose columns change in its middle."""
    heads = (
        "#Software: SGOS 7.3\n#Fields: date time c-ip cs-username cs-host cs-method sc-status\n",
        "#Fields: date time cs-username c-ip sc-status cs-host cs-method\n",
    )
    lines = []
    for number, (time, user) in enumerate(users):
        stamp = datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S")
        host = "intranet.example.org"
        first = f"{stamp} {PLACE} {user} {host} GET 200\n"
        lines.append(first if number < len(users) // 2 else f"{stamp} {user} {PLACE} 200 {host} GET\n")
    middle = len(users) // 2
    return heads[0] + "".join(lines[:middle]) + heads[1] + "".join(lines[middle:])


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda users: "".join(squid(*one) for one in users).encode(), id="squid"),
        pytest.param(lambda users: "".join(squid(*one) for one in users).encode("utf-16"), id="utf-16"),
        pytest.param(lambda users: _json_lines(users).encode(), id="json-lines"),
        pytest.param(
            lambda users: json.dumps([json.loads(one) for one in _json_lines(users).splitlines()], indent=1).encode(),
            id="json-array",
        ),
        pytest.param(
            lambda users: _json_lines([(time, f"CORP\\{user}") for time, user in users]).encode(), id="domain"
        ),
        pytest.param(lambda users: _w3c(users).encode(), id="columns-that-change"),
    ],
)
def test_every_way_to_write_a_log_shows_its_users(tmp_path: Path, write: Any) -> None:
    users = [(at(9, minute), "anna") for minute in range(30)] + [(at(9, minute), "bert") for minute in range(30, 60)]
    queries = asked(at(9, 15, 30)) + asked(at(9, 45, 30), "grok.com")
    result = scanned(tmp_path, {"proxy.log": write(users), "queries.log": queries})
    assert [one.error for one in result.sources] == [None, None]
    services = {(one.name, use.id): use.people_dns_only for one in result.departments for use in one.services}
    assert services == {("Sales", "claude"): 1, ("Legal", "grok"): 1}


def test_an_address_of_version_6_is_found_in_both_spellings(tmp_path: Path) -> None:
    place = "2001:db8::17"
    proxy = squid(at(9, 59), "anna", address="2001:0DB8:0000:0000:0000:0000:0000:0017") + squid(
        at(10, 1), "anna", address=place
    )
    result = scanned(tmp_path, {"access.log": proxy, "queries.log": asked(at(10), address=place)})
    assert look_ups(result) == {"Sales": 1}


def test_an_address_is_no_part_of_a_longer_one() -> None:
    block = b"10.1.0.90 x\n110.1.0.9 x\n10.1.0.9.4 x\n10.1.0.9. x\n(10.1.0.9) 10.1.0.9\nno\n10.1.0.9"
    assert [block[start:end] for start, end, _ in Needles(["10.1.0.9"]).lines(block)] == [
        b"10.1.0.9. x",
        b"(10.1.0.9) 10.1.0.9",
        b"10.1.0.9",
    ]


class Counting:
    """A reader that counts what it is asked to read."""

    def __init__(self) -> None:
        fmt = logs.load_formats()["squid"]
        self._inner = logs.open_reader(fmt, name="a.log")
        self.format = fmt
        self.read = 0

    def parse(self, line: bytes, offset: int) -> Any:
        self.read += 1
        return self._inner.parse(line, offset)


def runs_of(text: str, reader: Counting | None = None) -> list[tuple[str, int]]:
    """Give the sightings that a second look at a log gives."""
    runs = Runs(reader or Counting(), Needles([PLACE, "10.1.0.7"]))
    found = runs.read([(0, text.encode())], at_start=False)
    return [(seen.user or "", seen.time or 0) for seen in found if seen.source_ip == PLACE]


def test_of_a_run_of_lines_two_are_read() -> None:
    reader = Counting()
    text = "".join(squid(at(9, 0, second), "anna") for second in range(50)) + squid(at(9, 1), "bert")
    assert runs_of(text, reader) == [
        ("anna", at(9) * SECOND),
        ("anna", at(9, 0, 49) * SECOND),
        ("bert", at(9, 1) * SECOND),
    ]
    assert reader.read == 5  # two of them for how much time they tell of


def test_lines_that_tell_of_much_time_are_all_read() -> None:
    text = "".join(squid(at(9, minute), "anna") for minute in range(50))
    assert runs_of(text) == [("anna", at(9, minute) * SECOND) for minute in range(50)]


def test_over_blocks_a_run_is_read_three_times_an_hour() -> None:
    blocks = ["".join(squid(at(9, minute, second), "anna") for second in range(0, 60, 9)) for minute in range(100)]
    offsets = [sum(map(len, blocks[:number])) for number in range(100)]
    runs = Runs(Counting(), Needles([PLACE]))
    pieces = zip(offsets, (one.encode() for one in blocks), strict=True)
    found = [seen.time for seen in runs.read(pieces, at_start=False) if seen.time]
    assert found == sorted(found)
    assert found[0] == at(9) * SECOND
    assert found[-1] == at(9, 99, 54) * SECOND
    assert max(after - before for before, after in itertools.pairwise(found)) <= 21 * MINUTE
    assert len(found) < 16


@pytest.mark.parametrize("user", ["120", "CONNECT", "10.1.0", "HIER_DIRECT/203.0.113.9"])
def test_a_name_that_stands_elsewhere_in_the_line_too_hides_nobody(user: str) -> None:
    text = squid(at(9), user) + squid(at(9, 1), "bert") + squid(at(9, 2), user)
    assert ("bert", at(9, 1) * SECOND) in runs_of(text)


def test_a_log_that_names_no_user_is_given_up_soon() -> None:
    reader = Counting()
    runs_of(squid(at(9), "-") * (FRUITLESS + 1000), reader)
    assert reader.read == FRUITLESS + 2


def test_lines_without_a_user_end_no_run() -> None:
    reader = Counting()
    text = squid(at(9), "anna") + squid(at(9, 1), "-") + squid(at(9, 2), "anna")
    assert runs_of(text, reader) == [("anna", at(9) * SECOND), ("anna", at(9, 2) * SECOND)]


visits = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.sampled_from(["anna", "bert", "-", "o'neill", "120"]),
        st.sampled_from([PLACE, "10.1.0.7"]),
    ),
    max_size=25,
)


@settings(max_examples=150)
@given(visits, st.lists(st.integers(0, 410 * 60), max_size=12))
def test_two_lines_of_a_run_tell_as_much_as_all_of_them(
    visited: list[tuple[int, str, str]], moments: list[int]
) -> None:
    lines = sorted(visited, key=lambda one: one[0])
    text = "".join(squid(at(0) + 60 * minute, user, address=address) for minute, user, address in lines)
    every = [
        (user, (at(0) + 60 * minute) * SECOND) for minute, user, address in lines if address == PLACE and user != "-"
    ]
    full, short = (
        Learnt(merge_sightings({}, [(PLACE, user, [time]) for user, time in seen]), searched=[PLACE])
        for seen in (every, runs_of(text))
    )
    for moment in moments:
        time = at(0) * SECOND + moment * SECOND
        assert full.keys_at(PLACE, time) == short.keys_at(PLACE, time)


def test_times_of_a_minute_are_kept_as_its_first_and_last() -> None:
    times: second_look.Times = {}
    second_look.merge_times(
        times, [((PLACE, "anna", 7), (7 * MINUTE + second, 7 * MINUTE + second)) for second in (5, 1, 9)]
    )
    assert times == {(PLACE, "anna", 7): (7 * MINUTE + 1, 7 * MINUTE + 9)}
