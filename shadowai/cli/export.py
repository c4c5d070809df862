"""`shadowai export`: findings as SIEM records, and block lists and detection rules by policy."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from shadowai.block_lists import plan_for
from shadowai.cli.common import settings
from shadowai.cli.from_settings import rules_of
from shadowai.cli.options import FILE, Moment, with_config
from shadowai.errors import UsageError
from shadowai.exports import name_lists, rule_texts
from shadowai.exports.lines import FORMATS, lines_of
from shadowai.exports.records import KINDS, frame_of, records_of
from shadowai.model import DAY, Status
from shadowai.reports.document import read_result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from shadowai.exports.blocking import Plan

_STATUS = click.Choice([status.value for status in Status])
_LISTS: dict[str, Callable[[Plan], str]] = {
    "hosts": name_lists.hosts_file,
    "dnsmasq": name_lists.dnsmasq,
    "rpz": name_lists.response_policy_zone,
    "squid": name_lists.squid_acl,
    "pan": name_lists.pan_url_list,
    "pan-allow": name_lists.pan_allow_list,
    "suricata": rule_texts.suricata_rules,
    "sigma": rule_texts.sigma_rules,
}


@click.group()
def export() -> None:
    """Write findings for a SIEM, and block lists by policy.

    \b
    Examples:
      shadowai export findings report --format cef --out findings.cef
      shadowai export list --as rpz --policy policy.yaml --out ai.rpz
    """


@export.command()
@click.argument("source", type=FILE, metavar="RESULT")
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="ecs", show_default=True, help="Format.")
@click.option("--kind", "kinds", type=click.Choice(KINDS), multiple=True, help="Only these kinds of records.")
@click.option("--least", type=_STATUS, default="sanctioned", show_default=True, help="Only uses this grave.")
@click.option("--out", type=FILE, help="Write into this file [default: standard output].")
def findings(source: Path, form: str, kinds: tuple[str, ...], least: str, out: Path | None) -> None:
    """Write the findings of a report, one a line.

    RESULT is a result.json, or the folder of a report. Persons are left out unless --kind asks for them.

    \b
    Examples:
      shadowai export findings report --format ocsf
      shadowai export findings report/result.json --format leef \\
        --kind use --least unsanctioned
    """
    result = read_result(source)
    frame = frame_of(result, time.time_ns() // 1_000_000)
    wanted = kinds or tuple(kind for kind in KINDS if kind != "person")
    records = records_of(result, frame, wanted, Status(least))
    _write((f"{line.text}\n" for line in lines_of(records, form)), out)


@export.command("list")
@click.option("--as", "form", type=click.Choice(list(_LISTS)), required=True, help="What it is for.")
@click.option("--least", type=_STATUS, default="prohibited", show_default=True, help="This status or graver.")
@click.option("--department", metavar="NAME", help="What holds for this department [default: for everyone].")
@click.option("--policy", type=FILE, help="YAML file that says what is sanctioned, and where.")
@click.option("--directory", type=FILE, help="Folder that says who is of which department.")
@click.option("--signatures", type=FILE, metavar="DIR", help="Services of your own.")
@click.option("--at", type=Moment(), help="The day that is asked about [default: now].")
@with_config
@click.option("--out", type=FILE, help="Write into this file [default: standard output].")
def list_(form: str, least: str, at: int | None, out: Path | None, **options: Any) -> None:  # noqa: ANN401  # click's names
    """Write a block list, or detection rules, by the policy.

    It is about the services whose status is --least or graver. Only hosts that serve nothing else are listed, and a
    service that somebody may use is left out; the list's first lines say what, and why.

    \b
    Examples:
      shadowai export list --as squid --policy policy.yaml
      shadowai export list --as suricata --least unsanctioned \\
        --policy policy.yaml --out ai.rules
    """
    department = options.pop("department")
    chosen = settings(**options)
    if chosen.policy is None:
        raise UsageError("no policy is given; name its file with --policy, or set SHADOWAI_POLICY")
    rules = rules_of(chosen)
    moment = time.time_ns() if at is None else at
    plan = plan_for(rules, Status(least), moment, department)
    # A zone's serial has to grow from day to day (RFC 1912 section 2.2).
    text = name_lists.response_policy_zone(plan, serial=moment // DAY) if form == "rpz" else _LISTS[form](plan)
    _write([text], out)


def _write(parts: Iterable[str], out: Path | None) -> None:
    if out is None:
        for part in parts:
            sys.stdout.buffer.write(part.encode())
        return
    is_special = out.exists() and not out.is_file()  # a pipe or device, in whose place a file would stand
    draft = out if is_special else out.with_name(f".{out.name}.tmp")
    try:
        with draft.open("wb") as file:
            file.writelines(part.encode() for part in parts)
        if not is_special:
            draft.replace(out)
    except OSError as error:
        if not is_special:
            draft.unlink(missing_ok=True)
        raise UsageError(f"cannot be written: {error.strerror or error}", where=out) from error
