"""`shadowai signatures pack|update`: the database as a signed file, and taking one up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from shadowai.cli.options import FILE
from shadowai.errors import UsageError
from shadowai.reports.text import clean

if TYPE_CHECKING:
    from datetime import datetime


@click.command()
@click.option("--key", type=FILE, required=True, help="Secret key of minisign, made with `minisign -G -W`.")
@click.option("--out", type=FILE, default=Path("signatures.tar.zst"), show_default=True, help="The file to write.")
@click.option("--release", metavar="VERSION", help="Its version, such as 2026.11.21 [default: the date].")
@click.option("--date", type=click.DateTime(["%Y-%m-%d"]), help="Its date [default: the latest `verified`].")
@click.option("--folder", type=FILE, help="Another signature folder than the shipped one.")
def pack(key: Path, out: Path, release: str | None, date: datetime | None, folder: Path | None) -> None:
    """Make a release of the database: one file, signed.

    The signature stands beside it (.minisig).

    \b
    Example:
      shadowai signatures pack --key release.key --out signatures.tar.zst
    """
    from shadowai.signatures import minisign  # brings cryptography, which nothing else here needs
    from shadowai.signatures.release import SIGNATURE_SUFFIX  # the same
    from shadowai.signatures.release import pack as make  # the same

    secret = minisign.read_secret_key(key)
    contents, packed = make(folder, release, date.date() if date else None)
    comment = f"version:{contents.version}\tdate:{contents.date}\tdigest:{contents.digest}\thashed"
    out.write_bytes(packed)
    signature = out.with_name(out.name + SIGNATURE_SUFFIX)
    signature.write_text(minisign.sign(packed, secret, comment), encoding="utf-8")
    click.echo(f"{out}: version {contents.version}, {len(contents.files)} files, {len(packed)} bytes")
    click.echo(f"{signature}: public key {secret.public}")


@click.command()
@click.option("--from", "source", metavar="FILE|URL", help="The release; its signature lies beside it (.minisig).")
@click.option("--public-key", metavar="KEY|FILE", help="Key of minisign [default: that of the update in use].")
@click.option("--force", is_flag=True, help="Take an older version than the one in use.")
@click.option("--rollback", is_flag=True, help="Go back to the update before, or to the shipped database.")
def update(source: str | None, public_key: str | None, *, force: bool, rollback: bool) -> None:
    """Take up a released database, if its signature is right.

    Nothing changes before all of it is checked.

    \b
    Examples:
      shadowai signatures update --from signatures.tar.zst \\
        --public-key release.pub
      shadowai signatures update --from https://example.com/signatures.tar.zst
      shadowai signatures update --rollback
    """
    from shadowai.signatures.update import roll_back  # brings cryptography, as above
    from shadowai.signatures.update import update as take_up  # the same

    if (source is None) is not rollback:
        raise UsageError("say --from FILE or URL, or --rollback")
    release = roll_back() if source is None else take_up(source, public_key, force=force)
    if release is None:
        click.echo("the shipped database is in use")
    else:
        click.echo(clean(f"version {release.version} of {release.date} is in use ({release.digest})"))


RELEASES: tuple[click.Command, ...] = (pack, update)
"""Commands that `shadowai signatures` takes up."""
