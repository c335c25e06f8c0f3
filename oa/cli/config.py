"""`oa config`: what the hub would run with."""

from __future__ import annotations

from typing import Annotated

import typer

from oa.cli.options import ConfigFile, DataDir, Json, load_settings
from oa.cli.output import print_record, print_records
from oa.config import flatten

app = typer.Typer(no_args_is_help=True, help="Look at the settings.")


@app.callback()
def config() -> None:
    """Look at the settings."""


@app.command()
def show(
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from.")] = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Print every setting and its value; passwords are masked."""
    loaded = load_settings(data_dir, config_file)
    values = flatten(loaded.config)
    if not origin:
        print_record(values, as_json=as_json)
    elif as_json:
        print_record(
            {key: {"value": value, "origin": loaded.origins[key]} for key, value in values.items()}, as_json=True
        )
    else:
        rows = [{"setting": key, "value": value, "origin": loaded.origins[key]} for key, value in values.items()]
        print_records(rows, ["setting", "value", "origin"], as_json=False)
