"""`shadowai directory`: check the files of people and networks, say who somebody is, read people from LDAP."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from shadowai.cli.common import settings
from shadowai.cli.from_settings import directory_options_of
from shadowai.cli.options import FILE, Moment, with_config
from shadowai.directory import Directory, load_directory
from shadowai.directory.explain import explain as explain_who
from shadowai.directory.ldap import FILTER, LdapServer, import_people
from shadowai.directory.survey import Survey, survey
from shadowai.errors import UsageError, unreadable
from shadowai.reports.text import clean, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SHOWN = 20  # examples of a list; --json has all
MAX_PASSWORD = 4096  # bytes of a password file

_zone = click.option("--zone", help="IANA time zone of lease times that name none, as for the scan [default: UTC].")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, with everything in it.")
_folder = click.argument("folder", type=FILE, required=False, metavar="[DIR]")


@click.group()
def directory() -> None:
    """Check the lists of people and networks, say who somebody is.

    \b
    Examples:
      shadowai directory check directory
      shadowai directory explain 10.1.2.3 --at 2026-11-20T08:00 directory
      shadowai directory import ldap --url ldaps://dc.example.com \\
        --base DC=example,DC=com --bind-dn reader@example.com \\
        --password-file /etc/shadowai/ldap --out directory/people/ldap.csv
    """


@directory.command()
@_folder
@_zone
@with_config
@_json
def check(folder: Path | None, *, zone: str | None, config: Path | None, as_json: bool) -> None:
    """Check a directory: each problem with its line and a remedy.

    Problems (exit 2) make the directory unusable; warnings do not. Then counts,
    who has several names, and networks that lie in one of another department.

    \b
    Example:
      shadowai directory check directory
    """
    found = _load(folder, zone, config)
    seen = survey(found)
    if as_json:
        click.echo(orjson.dumps(_document(seen, found.warnings), option=orjson.OPT_INDENT_2))
        return
    for warning in found.warnings:
        click.echo(clean(warning), err=True)
    for line in _told(seen):
        click.echo(clean(line))


def _told(seen: Survey) -> Iterator[str]:
    for file, count in sorted(seen.files.items()):
        yield f"{file}: {plural(count, 'record')}"
    yield f"people: {seen.people:,}"
    for text, count in (
        ("whose department no file names", seen.without_department),
        ("whose department the files dispute", seen.disputed),
        ("with disabled accounts only", seen.inactive),
    ):
        if count:
            yield f"  {text}: {count:,}"
    yield f"devices: {seen.devices:,}, departments: {seen.departments:,}, networks: {seen.networks:,}"
    yield from _some("with several names", [f"{person}: {', '.join(names)}" for person, names in seen.names.items()])
    yield from _some(
        "networks inside one of another department or kind (the smaller one decides)",
        [f"{inner.network} ({inner.says}) in {outer.network} ({outer.says})" for inner, outer in seen.overlaps],
    )


def _some(title: str, lines: list[str]) -> Iterator[str]:
    if not lines:
        return
    yield f"{title}: {len(lines):,}"
    yield from (f"  {line}" for line in lines[:SHOWN])
    if len(lines) > SHOWN:
        yield f"  and {len(lines) - SHOWN:,} more (--json names all)"


def _document(seen: Survey, warnings: Iterable[str]) -> dict[str, Any]:
    return {
        "files": seen.files,
        "people": seen.people,
        "without_department": seen.without_department,
        "disputed": seen.disputed,
        "inactive": seen.inactive,
        "devices": seen.devices,
        "departments": seen.departments,
        "networks": seen.networks,
        "names": seen.names,
        "overlaps": [{"network": str(inner.network), "in": str(outer.network)} for inner, outer in seen.overlaps],
        "warnings": list(warnings),
    }


@directory.command()
@click.argument("who")
@_folder
@click.option("--at", type=Moment(), help="The time that is asked about [default: the latest the files know].")
@_zone
@with_config
@_json
def explain(  # noqa: PLR0913  # click hands each option over by name
    who: str, folder: Path | None, *, at: int | None, zone: str | None, config: Path | None, as_json: bool
) -> None:
    """Say who a user name, an address or a device is, and why.

    \b
    Examples:
      shadowai directory explain 'CORP\\anna' directory
      shadowai directory explain 10.1.2.3 --at 2026-03-31T17:00 directory
    """
    found = explain_who(_load(folder, zone, config), who, at)
    answer = found.attribution
    if as_json:
        document = {
            "who": who,
            "kind": found.kind,
            "key": answer.key,
            "department": answer.department,
            "groups": answer.groups,
            "individual": answer.individual,
            "reason": str(answer.reason),
            "records": found.records,
        }
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))
        return
    click.echo(clean(f"{found.kind} {who}: {answer.key}, {answer.department or 'department unknown'}"))
    click.echo(clean(f"because {found.sentence} ({answer.reason})"))
    if answer.groups:
        click.echo(clean(f"groups: {', '.join(answer.groups)}"))
    for line in found.records:
        click.echo(clean(f"  {line}"))


def _load(folder: Path | None, zone: str | None, config: Path | None) -> Directory:
    chosen = settings(config=config, directory=folder, zone=zone)
    if chosen.directory is None:
        raise UsageError("name the directory's folder, or set `directory` in shadowai.toml")
    return load_directory(chosen.directory, directory_options_of(chosen))


@directory.group("import")
def import_() -> None:
    """Read people from another system into the directory.

    \b
    Example:
      shadowai directory import ldap --url ldaps://dc.example.com ...
    """


@import_.command()
@click.option("--url", required=True, help="The server: ldaps://host[:port], or ldap://host with --starttls.")
@click.option("--base", required=True, metavar="DN", help="Below which entry people are looked for.")
@click.option("--bind-dn", required=True, metavar="NAME", help="Who logs on: a DN, or user@domain.")
@click.option("--password-file", type=FILE, help="File whose first line is the password.")
@click.option("--password-env", metavar="NAME", help="Environment variable that holds the password.")
@click.option("--starttls", is_flag=True, help="Encrypt an ldap:// connection before anything is sent.")
@click.option("--ca", type=FILE, help="CA certificates (PEM) [default: the system's].")
@click.option("--filter", "filter_", metavar="FILTER", help=f"Who is read [default: {FILTER}].")
@click.option("--out", required=True, type=FILE, help="File to write, such as directory/people/ldap.csv.")
def ldap(**options: Any) -> None:  # noqa: ANN401  # click hands the options over by name
    """Read everybody from Active Directory or another LDAP server.

    They are written into one file. The certificate is verified. The password is read from a file or a variable,
    never from the command line, which every user of the machine can see.

    \b
    Example:
      shadowai directory import ldap --url ldaps://dc.example.com \\
        --base DC=example,DC=com --bind-dn reader@example.com \\
        --password-env LDAP_PASSWORD --out directory/people/ldap.csv
    """
    server = LdapServer.at(
        options["url"],
        start_tls=options["starttls"],
        base=options["base"],
        bind_dn=options["bind_dn"],
        password=_password(options["password_file"], options["password_env"]),
        ca=options["ca"],
        filter=options["filter_"],
    )
    done = import_people(server, options["out"])
    for reason, count in sorted(done.left_out.items()):
        click.echo(f"shadowai: left out, entries that {reason}: {count:,}", err=True)
    if done.without_department:
        click.echo(f"shadowai: people without a department: {done.without_department:,}", err=True)
    click.echo(clean(f"{options['out']}: {done.people:,} people"))


def _password(file: Path | None, variable: str | None) -> str:
    if (file is None) == (variable is None):
        raise UsageError("name the password's place with either --password-file or --password-env")
    if variable is not None:
        password = os.environ.get(variable)
        if password is None:
            raise UsageError(f"--password-env: there is no variable {variable!r}")
        return password
    try:
        with Path(str(file)).open(encoding="utf-8") as opened:
            return opened.readline(MAX_PASSWORD).rstrip("\r\n")
    except OSError as error:
        raise unreadable(error, Path(str(file))) from error
    except UnicodeDecodeError as error:
        raise UsageError("is not UTF-8", where=file) from error
