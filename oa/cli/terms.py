"""`oa terms`: the terms of service."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oa.cli.opening import opened
from oa.cli.options import ConfigFile, DataDir, Json
from oa.cli.output import print_record
from oa.errors import BadFile

if TYPE_CHECKING:
    from oa.domain.terms import Terms

app = typer.Typer(no_args_is_help=True, help="Publish the terms of service, and look at them.")


@app.command("set")
def set_terms(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, allow_dash=True, help="The text; - is stdin.")
    ],
    from_date: Annotated[
        datetime | None,
        typer.Option("--from", help="From when on they hold, by the clock of UTC.", show_default="at once"),
    ] = None,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Publish the next version. Who has accepted an earlier one has not accepted this."""
    from oa.hub import moderators, terms

    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise BadFile(f"{file} is not text in UTF-8") from error
    with opened(data_dir, config_file) as database:
        published = database.run(lambda tx: terms.publish(tx, moderators.KEEPER, text, from_date))
        print_record({"version": published.version, "from_date": published.from_date}, as_json=as_json)


@app.command()
def show(
    version: Annotated[
        int | None, typer.Argument(metavar="[VERSION]", min=1, help="Which; else what holds now.")
    ] = None,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Print the terms of service."""
    from oa.hub import terms

    with opened(data_dir, config_file) as database:
        found: Terms = database.run(lambda tx: terms.version(tx, version) if version else terms.current(tx))
    if as_json:
        record = {"version": found.version, "from_date": found.from_date, "text": found.text}
        print_record(record, as_json=True)
    else:
        typer.echo(found.text)
