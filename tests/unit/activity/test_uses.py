"""Kinds of use and accounts: each rule with what fails without it."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import pytest
from support.activity_world import Seen, report, rolled_up

from shadowai.model import Account, Client, Evidence, Kind, Role
from shadowai.result import AccountCounts, UseCounts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shadowai.result import ServiceUse


UNEVEN = (0, 2, 30, 31, 60, 62, 90, 119, 120, 149, 178, 207, 236, 241)


def _use(seen: Iterable[Seen]) -> ServiceUse:
    (use,) = next(one for one in report(rolled_up(seen)).departments if one.name == "Sales").services
    return use


def _every(step: int, minutes: int, **options: object) -> list[Seen]:
    return [Seen(at, "ann", **options) for at in range(0, minutes, step)]


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        ([Seen(0, "ann")], "chat"),
        ([Seen(0, "ann", client=Client.BROWSER)], "chat"),
        ([Seen(0, "ann", role=Role.API, client=Client.BROWSER)], "chat"),
        ([Seen(0, "ann", role=Role.API, client=Client.APPLICATION)], "chat"),
        ([Seen(0, "ann", role=Role.API)], "api"),
        ([Seen(0, "ann", client=Client.PROGRAM)], "api"),
        ([Seen(0, "ann", role=Role.API), Seen(1, "ann")], "chat"),
        ([Seen(0, "ann", "cursor")], "code"),
        ([Seen(0, "ann", "cursor", role=Role.API)], "code"),
        ([Seen(0, "ann", "cursor", role=Role.API, client=Client.PROGRAM)], "api"),
        ([Seen(0, "ann", role=Role.DOWNLOAD)], "download"),
        ([Seen(0, "ann", role=Role.DOWNLOAD), Seen(1, "ann")], "chat"),
        ([Seen(0, "ann", role=Role.AUTH)], "unknown"),
        ([Seen(0, "ann", role=Role.SHARED)], "unknown"),
        # of what is not proven nobody knows what it was, whatever asked
        ([Seen(0, "ann", role=Role.SHARED, client=Client.BROWSER)], "unknown"),
        ([Seen(0, "ann", role=Role.DOCS, client=Client.BROWSER)], "unknown"),
        ([Seen(0, "ann", role=Role.EMBEDDED, client=Client.PROGRAM)], "unknown"),
        (_every(10, 241, role=Role.SHARED, client=Client.PROGRAM), "unknown"),
        ([Seen(0, "ann", "cursor", role=Role.SHARED)], "unknown"),
        ([Seen(0, "ann", role=Role.SHARED), Seen(1, "ann", role=Role.API)], "api"),
    ],
)
def test_a_session_has_one_kind(seen: list[Seen], kind: str) -> None:
    use = _use(seen)
    assert use.uses == UseCounts(**{kind: 1})
    assert [reason.partition(":")[0] for reason in use.use_reasons] == [kind]


def test_look_ups_are_no_session_and_have_no_kind() -> None:
    use = _use([Seen(0, "ann", evidence=Evidence.DNS, kind=Kind.DNS)])
    assert (use.uses, use.use_reasons, use.people_dns_only) == (UseCounts(), (), 1)


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        (_every(10, 241, role=Role.API), "agent"),  # as even as a clock, for four hours
        (_every(10, 231, role=Role.API), "api"),  # not long enough
        (_every(10, 241, client=Client.BROWSER, up=90_000, down=9), "chat"),  # somebody sits before it
        (
            [Seen(at, "ann", role=Role.API) for at in (0, 2, 30, 31, 60, 62, 90, 119, 120, 149, 178, 207, 236, 241)],
            "api",
        ),
        ([Seen(at, "ann", role=Role.API) for at in range(300) if at % 7 not in (2, 3)], "agent"),  # dense
    ],
)
def test_an_agent_is_a_program_that_does_not_tire(seen: list[Seen], kind: str) -> None:
    assert _use(seen).uses == UseCounts(**{kind: 1, "upload": int(any(one.up for one in seen))})


def test_keep_alives_are_background_and_never_use() -> None:
    quiet = _every(10, 61, up=400, down=900)
    (department,) = [one for one in report(rolled_up(quiet)).departments if one.name == "Sales"]
    assert (department.people, department.totals.sessions, department.services) == (0, 0, ())
    beside = _use([*quiet, Seen(600, "ann", up=400, down=900)])
    assert (beside.uses, beside.sessions, beside.people) == (UseCounts(chat=1, background=1), 1, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"up": 2_100, "down": 900},  # a question
        {"up": 400, "down": 2_100},  # an answer
        {"up": None, "down": 900},  # nobody knows
        {"up": 400, "down": None},
    ],
)
def test_what_may_be_a_question_is_no_keep_alive(changes: dict[str, int | None]) -> None:
    assert _use(_every(10, 61, **changes)).uses.background == 0


@pytest.mark.parametrize(("gaps", "background"), [((9, 11), 1), ((7, 13), 0)])
def test_an_open_page_asks_as_evenly_as_a_clock(gaps: tuple[int, int], background: int) -> None:
    times = [0, *accumulate(gaps * 4)]  # they differ from their mean by a tenth of it, and by three tenths
    assert _use([*(Seen(at, "ann", up=1, down=1) for at in times), Seen(600, "ann")]).uses.background == background


def test_uneven_or_short_runs_are_no_keep_alive() -> None:
    assert _use(_every(10, 51, up=1, down=1)).uses.background == 0
    uneven = [Seen(at, "ann", up=1, down=1) for at in (0, 1, 20, 22, 45, 60, 70)]
    assert _use(uneven).uses.background == 0


@pytest.mark.parametrize(
    ("seen", "uploads"),
    [
        ([Seen(0, "ann", up=100_000, path="/v1/files")], 1),
        ([Seen(0, "ann", up=99_999, path="/v1/files")], 0),
        ([Seen(0, "ann", up=100_000)], 0),  # a whole connection: many requests may be in it
        ([Seen(0, "ann", up=1_000_000)], 1),
        ([Seen(0, "ann", up=600_000), Seen(5, "ann", up=400_000)], 1),
        ([Seen(0, "ann", up=600_000), Seen(0, "ann", up=600_000, evidence=Evidence.TLS, kind=Kind.CAPTURE)], 0),
        ([Seen(0, "ann")], 0),
    ],
)
def test_an_upload_follows_the_precision_of_the_source(seen: list[Seen], uploads: int) -> None:
    assert _use(seen).uses == UseCounts(chat=1, upload=uploads)


@pytest.mark.parametrize(
    ("accounts", "counts"),
    [
        ([None], AccountCounts(unknown=1)),
        ([Account.PERSONAL, None], AccountCounts(personal=1)),
        ([Account.SANCTIONED_TENANT], AccountCounts(sanctioned_tenant=1)),
        ([Account.SANCTIONED_TENANT, None], AccountCounts(unknown=1)),  # somebody else's may be beside it
        ([Account.SANCTIONED_TENANT, Account.WORK], AccountCounts(unknown=1, work=1)),
        ([Account.SIGNED_OUT], AccountCounts(signed_out=1)),
        ([Account.SANCTIONED_TENANT, Account.PERSONAL], AccountCounts(personal=1)),
        ([Account.SIGNED_OUT, Account.PERSONAL], AccountCounts(personal=1)),
        ([Account.WORK], AccountCounts(unknown=1, work=1)),  # some organisation's: perhaps not ours
    ],
)
def test_the_account_of_a_session(accounts: list[Account | None], counts: AccountCounts) -> None:
    use = _use([Seen(at, "ann", account=account) for at, account in enumerate(accounts)])
    assert use.account == counts
    assert len(use.account_reasons) == (counts.personal + counts.signed_out + counts.sanctioned_tenant + counts.work)


def test_signing_in_beside_it_leaves_a_session_the_organisations() -> None:
    use = _use([Seen(0, "ann", role=Role.AUTH), Seen(1, "ann", account=Account.SANCTIONED_TENANT)])
    assert use.account == AccountCounts(sanctioned_tenant=1)
