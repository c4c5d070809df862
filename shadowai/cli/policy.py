"""`shadowai policy`: check the policy, and say which rule decides and why."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import click
import orjson

from shadowai.cli.common import settings
from shadowai.cli.exits import Exit, end_check
from shadowai.cli.from_settings import rules_of
from shadowai.cli.options import FILE, Moment, overlays_of, with_signatures
from shadowai.errors import UsageError, unknown_name
from shadowai.model import SECOND, Account, Who
from shadowai.policy import Explanation, Issue, check_policy, refused
from shadowai.policy import explain as explain_question
from shadowai.policy.schema import RULED_USES
from shadowai.reports.text import clean, plural
from shadowai.signatures import read_service, service_path
from shadowai.verdicts import Question, ServiceFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from shadowai.policy import OtherRule, Policy
    from shadowai.rules import Rules

_at = click.option("--at", type=Moment(), help="The day or time that is asked about [default: now].")
_directory = click.option("--directory", type=FILE, help="Folder that says who is of which department.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def policy() -> None:
    """Check the policy, and say which rule decides and why.

    \b
    Examples:
      shadowai policy check policy.yaml
      shadowai policy explain chatgpt --department Legal
    """


@policy.command()
@click.argument("file", required=False, type=FILE, metavar="[FILE]")
@_directory
@with_signatures
@_at
@_json
def check(file: Path | None, *, at: int | None, as_json: bool, **options: Any) -> None:  # noqa: ANN401  # click's names
    """Check a policy: one line an issue, with its line in the file.

    \b
    Errors (exit 2): what is not in the schema, names that do not exist, rules
    that tie, rules without owner or reason.
    Warnings (exit 0): rules that have ended or soon will, that never win, that
    are graver and lose, that cover no service; retired services.

    \b
    Examples:
      shadowai policy check policy.yaml --directory directory
      shadowai policy check policy.yaml --at 2027-01-01 --json
    """
    try:
        path, rules = _rules(file, **options)
    except UsageError as error:
        named = _named(file, **options)
        found = refused(named, error) if as_json and named else []
        if not found or named is None:
            raise
        _print_issues(named, found, as_json=True)
        sys.exit(Exit.USAGE)
    retired = _retired(rules, overlays_of(options["signatures"]))
    issues = check_policy(rules.policy, _day(_time(at)), retired)
    _print_issues(path, issues, as_json=as_json)
    end_check(plural(len(rules.policy.rules), "rule"), (issue.level for issue in issues))


@policy.command()
@click.argument("service")
@click.option("--policy", "file", type=FILE, help="The policy [default: that of the settings].")
@_directory
@with_signatures
@click.option("--department", metavar="NAME", help="Of which department somebody is.")
@click.option("--person", metavar="USER", help="Who it is; the directory knows department and groups.")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="A group that somebody is in.")
@click.option("--account", type=click.Choice([one.value for one in Account]), help="Whose account it is.")
@click.option("--kind", type=click.Choice([one.value for one in RULED_USES]), help="Which kind of use it is.")
@_at
@_json
def explain(service: str, **options: Any) -> None:  # noqa: ANN401  # click hands the options over by name
    """Say which rule decides about a service, and why.

    Names the other rules about the service too: those that fit and are less
    specific, and those that do not fit; and the service's risk with its parts.
    What is not given is taken for unknown, and no rule that names it fits.

    \b
    Examples:
      shadowai policy explain chatgpt --policy policy.yaml
      shadowai policy explain github-copilot --department Engineering \\
        --at 2026-05-01 --directory directory --policy policy.yaml
      shadowai policy explain claude --person ann --account personal --json
    """
    names = ("directory", "signatures")
    path, rules = _rules(options["file"], **{name: options[name] for name in names})
    question = _question(rules, _service(rules, service), options)
    found = explain_question(rules.policy, question)
    if options["as_json"]:
        click.echo(orjson.dumps({"file": str(path), **_document(question, found)}, option=orjson.OPT_INDENT_2))
        return
    for line in _page(path, rules.policy, question, found):
        click.echo(clean(line))


def _print_issues(path: Path, issues: Iterable[Issue], *, as_json: bool) -> None:
    for issue in issues:
        place = f"{path}:{issue.line}" if issue.line else str(path)
        text = f"{place}: {issue.level}: {issue.message} [{issue.rule}]"
        click.echo(orjson.dumps({"file": str(path), **issue._asdict()}) if as_json else clean(text))


def _named(file: Path | None, *, directory: Path | None, signatures: Path | None) -> Path | None:
    return settings(policy=file, directory=directory, signatures=signatures).policy


def _rules(file: Path | None, *, directory: Path | None, signatures: Path | None) -> tuple[Path, Rules]:
    chosen = settings(policy=file, directory=directory, signatures=signatures)
    if chosen.policy is None:
        raise UsageError("no policy is given; name its file, or set SHADOWAI_POLICY")
    return chosen.policy, rules_of(chosen)


def _time(at: int | None) -> int:
    return int(datetime.now(UTC).timestamp()) * SECOND if at is None else at


def _day(time: int) -> date:
    return datetime.fromtimestamp(time // SECOND, UTC).date()


def _retired(rules: Rules, overlays: tuple[Path, ...]) -> Mapping[str, date]:
    """Ask the files of the services that the policy is about, since no other command needs to know."""
    file = rules.policy.file
    named = {
        name for scope in rules.policy.scopes if scope.rule.services or scope.rule.vendors for name in scope.services
    }
    days = {
        name: read_service(service_path(rules.facts[name], None, overlays)).file.retired
        for name in sorted(named | set(file.alternatives.values()))
    }
    return {name: day for name, day in days.items() if day is not None}


def _service(rules: Rules, name: str) -> ServiceFacts:
    found = rules.facts.get(name) or rules.facts.get(name.lower())
    if found is None:
        raise unknown_name("service", name, rules.facts, "all are listed by `shadowai signatures list`")
    return found


def _question(rules: Rules, service: ServiceFacts, options: Mapping[str, Any]) -> Question:
    """Ask as a scan would: what is not said of a person, the directory says."""
    time = _time(options["at"])
    person, department, groups = options["person"], options["department"], options["groups"]
    if person is not None:
        known = rules.directory.resolve(Who(None, person, None), time)
        person, department, groups = known.key, department or known.department, groups or known.groups
    if department is not None and rules.directory.named:
        department = rules.department(department)
    return Question(
        service,
        (rules.directory.lineage(department) or (department,)) if department else (),
        time,
        person,
        tuple(groups),
        Account(options["account"]) if options["account"] else None,
        next((one for one in RULED_USES if one == options["kind"]), None),
    )


def _document(question: Question, found: Explanation) -> dict[str, Any]:
    verdict = found.verdict
    return {
        "service": question.service.id,
        "departments": question.departments,
        "person": question.person,
        "groups": question.groups,
        "account": question.account,
        "kind": question.use,
        "at": None if question.time is None else _day(question.time),
        "status": verdict.status,
        "rule": verdict.rule,
        "line": verdict.line,
        "scope": found.scope,
        "owner": verdict.owner,
        "reason": verdict.reason,
        "until": verdict.until,
        "why": found.why,
        "lost": [asdict(one) for one in found.lost],
        "misfits": [asdict(one) for one in found.misfits],
        "risk": found.risk.model_dump(),
    }


def _page(path: Path, policy: Policy, question: Question, found: Explanation) -> Iterator[str]:
    service, verdict = question.service, found.verdict
    yield f"{service.name} ({service.id}): {service.vendor}, category {service.category}, country {service.country}"
    yield f"asked    {_asked(question)}"
    by = f"rule {verdict.rule} ({path}:{verdict.line})" if verdict.rule else "the policy's default"
    yield f"status   {verdict.status}, by {by}: {found.why}"
    facts = {"covers": found.scope, "owner": verdict.owner, "reason": verdict.reason}
    facts["instead"] = policy.alternative_for(service.id, service.category)
    yield from (f"{name:<8} {value}" for name, value in facts.items() if value)
    yield from _others("less specific", found.lost)
    yield from _others("do not fit", found.misfits)
    yield ""
    yield f"risk     {found.risk.points} of 10"
    for part in found.risk.parts:
        yield f"  {part.points:>4} of {part.of:<4} {part.name}: {part.says}"
        if part.reference:
            yield f"               {part.reference}"


def _asked(question: Question) -> str:
    people = [question.person, " < ".join(question.departments), ", ".join(question.groups)]
    day = None if question.time is None else f"on {_day(question.time)}"
    return ", ".join(part for part in (*people, question.account, question.use, day) if part)


def _others(title: str, rules: Iterable[OtherRule]) -> Iterator[str]:
    for at, one in enumerate(rules):
        yield from ["", title] if at == 0 else []
        yield f"  rule {one.number}, line {one.line}: {one.status}: {one.scope}"
        yield f"    {one.why}"
