"""`shadowai formats`: every input format and which fields it can fill."""

from __future__ import annotations

import click
import orjson

from shadowai.captures.formats import CAPTURE_FORMATS, CaptureFormat
from shadowai.errors import unknown_name
from shadowai.logs import DNSTAP, Format, load_formats
from shadowai.logs.schema import FIELD_ORDER
from shadowai.model import Kind
from shadowai.reports.text import shorten

AnyFormat = CaptureFormat | Format

_SHORT = {"action": "verdict"}  # the words of the manual
_WIDTH = 80  # columns of a terminal


@click.command()
@click.argument("format_id", metavar="[ID]", required=False)
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="Only formats of one kind.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def formats(format_id: str | None, kind: str | None, *, as_json: bool) -> None:
    """List the input formats, and which fields each can fill.

    With ID, one format in full.

    \b
    Examples:
      shadowai formats --kind firewall
      shadowai formats squid
    """
    known: dict[str, AnyFormat] = {**load_formats(), **{fmt.id: fmt for fmt in (DNSTAP, *CAPTURE_FORMATS)}}
    if format_id is not None and format_id not in known:
        raise unknown_name("format", format_id, known, "see `shadowai formats`")
    chosen = [known[format_id]] if format_id else [fmt for _, fmt in sorted(known.items()) if kind in {None, fmt.kind}]
    if as_json:
        for fmt in chosen:
            click.echo(orjson.dumps(_document(fmt)))
    elif format_id:
        _print_one(chosen[0])
    else:
        _print_matrix(chosen)


def _document(fmt: AnyFormat) -> dict[str, object]:
    return {
        "id": fmt.id,
        "name": fmt.name,
        "kind": fmt.kind.value,
        "evidence": str(fmt.evidence),
        "document": fmt.document,
        "fields": sorted(fmt.fields),
        "joined": sorted(_joined(fmt)),
    }


def _joined(fmt: AnyFormat) -> set[str]:
    """Give the fields that other records of the same flow fill, where they are at hand."""
    return set(fmt.joined) - set(fmt.fields) if isinstance(fmt, Format) else set()


def _print_one(fmt: AnyFormat) -> None:
    for name, value in _document(fmt).items():
        if value != []:
            click.echo(f"{name + ':':<10} {', '.join(value) if isinstance(value, list) else value}")
    missing = [name for name in FIELD_ORDER if name not in {*fmt.fields, *_joined(fmt)}]
    click.echo(f"{'missing:':<10} {', '.join(missing) or 'nothing'}")


def _print_matrix(chosen: list[AnyFormat]) -> None:
    width = max((len(fmt.id) for fmt in chosen), default=0)
    room = _WIDTH - width - 2 * len(FIELD_ORDER) - len("  " * 2) + 1
    for number, field in enumerate(FIELD_ORDER):
        click.echo(f"{'':<{width}}  {'│ ' * number}┌ {_SHORT.get(field, field)}")
    for kind in Kind:
        group = [fmt for fmt in chosen if fmt.kind is kind]
        if group:
            click.echo(f"{kind.value} ({len(group)})")
        for fmt in group:
            marks = " ".join(_mark(fmt, field) for field in FIELD_ORDER)
            click.echo(f"{fmt.id:<{width}}  {marks}  {shorten(fmt.name, room)}".rstrip())
    if any(map(_joined, chosen)):
        click.echo("○ by `scan` alone, where a conn or flow record of the same folder tells it")


def _mark(fmt: AnyFormat, field: str) -> str:
    if field in fmt.fields:
        return "●"
    return "○" if field in _joined(fmt) else "·"
