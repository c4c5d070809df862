"""`shadowai signatures fmt|new|check`: what those need who write signatures."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from shadowai import resources
from shadowai.cli.exits import Exit
from shadowai.cli.options import FILE, asking
from shadowai.errors import UsageError
from shadowai.model import Role
from shadowai.reports.text import clean, plural
from shadowai.signatures import is_database, read_files
from shadowai.signatures.kinds import IndicatorKind

if TYPE_CHECKING:
    from pathlib import Path

_folder = click.option("--folder", type=FILE, help="Another signature folder than the shipped one.")


@click.command()
@click.argument("paths", nargs=-1, type=FILE, metavar="[PATH ...]")
@click.option("--check", is_flag=True, help="Change nothing; exit 2 where a file is not in canonical form.")
@_folder
def fmt(paths: tuple[Path, ...], folder: Path | None, *, check: bool) -> None:
    """Write services' files, or these, in canonical form.

    That is the order of keys, quotes and line breaks.

    \b
    Examples:
      shadowai signatures fmt signatures/chat/chatgpt.yaml
      shadowai signatures fmt --check signatures
    """
    from shadowai.signatures.canonical import canonical_text, rewrite  # brings a validator

    changed = 0
    files = [file for path in paths or (folder or resources.signatures(),) for file in _service_files(path)]
    for file in files:
        text = canonical_text(file)
        if text.encode() == file.read_bytes():
            continue
        changed += 1
        click.echo(clean(f"{file}: {'is not in canonical form' if check else 'rewritten'}"))
        if not check:
            rewrite(file, text)
    click.echo(f"{plural(len(files), 'file')}, {changed or 'none'} {'to be ' if check else ''}rewritten", err=True)
    sys.exit(Exit.USAGE if check and changed else Exit.DONE)


def _service_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UsageError("is neither a file nor a folder", where=path)
    return sorted(path.glob("*/*.yaml")) or sorted(path.glob("*.yaml"))


@click.command()
@_folder
def new(folder: Path | None) -> None:
    """Ask about a new service, and write its file if it lints.

    A folder without the lists of a database is taken for an overlay of your own, and made where there is none.

    \b
    Example:
      shadowai signatures new --folder my-signatures
    """
    from shadowai.signatures.draft import draft, id_of  # brings a validator

    home = (folder or resources.signatures()).resolve()
    files = read_files(home) if is_database(home) else read_files(None, [home] if home.exists() else [])
    with asking("start it on a terminal"):
        name = click.prompt("Name of the service")
        id_ = click.prompt("Id, which policies and reports name it by", default=id_of(name))
        category = click.prompt("Category", type=click.Choice(sorted(files.categories)))
        answers = {"name": name, **_ask_facts()}
    made = draft(files, home / category / f"{id_}.yaml", answers, datetime.now(UTC).date())
    for issue in made.issues:
        click.echo(clean(str(issue)), err=True)
    if any(issue.level == "error" for issue in made.issues):
        raise UsageError("nothing was written; mend what lint says and answer anew")
    made.save()
    click.echo(f"{made.path} is written")


def _ask_facts() -> dict[str, Any]:
    from shadowai.signatures.draft import examples_for  # brings a validator

    facts: dict[str, Any] = {
        "vendor": click.prompt("Vendor, the company behind it"),
        "country": click.prompt("Country of the vendor (ISO 3166-1, two letters)", default="unknown"),
        "summary": click.prompt("What it does, in one line"),
        "references": _ask_list("Page of the vendor that names its hosts (https://...)"),
        "indicators": _ask_indicators(),
    }
    usual = examples_for(facts["indicators"])
    match = _ask_list("Another example that must match", at_least=0)
    no_match = _ask_list("Another example that must not match", at_least=0)
    facts["examples"] = {"match": usual["match"] + match, "no_match": usual["no_match"] + no_match}
    return facts


def _ask_list(question: str, at_least: int = 1) -> list[str]:
    given: list[str] = []
    while True:
        answer = click.prompt(
            f"{question}; empty ends" if len(given) >= at_least else question, default="", show_default=False
        )
        if answer:
            given.append(answer)
        elif len(given) >= at_least:
            return given


def _ask_indicators() -> list[dict[str, str]]:
    from shadowai.signatures.draft import problem_of  # brings a validator

    given: list[dict[str, str]] = []
    while True:
        value = click.prompt(
            "Host, URL or user agent that betrays it" + ("; empty ends" if given else ""),
            default="",
            show_default=False,
        )
        if not value:
            if given:
                return given
            continue
        kind = click.prompt(
            "  Kind", type=click.Choice([kind.value for kind in IndicatorKind]), default=IndicatorKind.DOMAIN.value
        )
        role = click.prompt("  Role", type=click.Choice([role.value for role in Role]), default=Role.DEDICATED.value)
        indicator = {"kind": kind, "value": value, "role": role}
        if problem := problem_of(**indicator):
            click.echo(f"  {clean(problem)}", err=True)
        else:
            given.append(indicator)


@click.command()
@click.option("--resolve", required=True, metavar="SERVER", help="Address of the resolver to ask.")
@click.option("--rate", type=click.FloatRange(0.1, 1000), default=20.0, show_default=True, help="Names a second.")
@_folder
def check(resolve: str, rate: float, folder: Path | None) -> None:
    """Ask a resolver which names of the database no longer exist.

    Exit 2 where one does not. Nobody is asked but the resolver that is named.

    \b
    Example:
      shadowai signatures check --resolve 192.0.2.53
    """
    from shadowai.signatures.resolving import check_names, resolver_of  # brings dnspython

    resolver = resolver_of(resolve, rate)
    issues = check_names(read_files(folder), resolver, datetime.now(UTC).date())
    for issue in issues:
        click.echo(clean(str(issue)))
    sys.exit(Exit.USAGE if any(issue.level == "error" for issue in issues) else Exit.DONE)


TOOLS: tuple[click.Command, ...] = (fmt, new, check)
"""Commands that `shadowai signatures` takes up."""
