"""`oa campaign`: the settings of data collection."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any

import typer

from oa.cli import goals
from oa.cli.opening import opened
from oa.cli.options import ConfigFile, DataDir, Json
from oa.cli.output import print_record, print_records
from oa.domain.campaign import LARGEST, Campaign, as_text, canonical_name
from oa.errors import InvalidSetting

app = typer.Typer(no_args_is_help=True, help="Look at the settings of data collection, and change them.")
app.add_typer(goals.app, name="goals")

FIELDS = {field.name: field for field in dataclasses.fields(Campaign)}
DEFAULTS = Campaign()


@app.command()
def show(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY]...", help="Which settings.", show_default="all")
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print what there is to set as a table for a manual, whatever is set.")
    ] = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Print the settings: their values, their defaults and what they do."""
    wanted = [canonical_name(name, FIELDS) for name in names or FIELDS]
    if markdown:
        typer.echo(manual(wanted), nl=False)
        return
    from oa.hub import campaigns

    with opened(data_dir, config_file) as database:
        campaign = database.run(campaigns.current)
    if as_json:
        print_record({name: _described(name, campaign) for name in wanted}, as_json=True)
    else:
        rows = [{"setting": name} | _as_texts(_described(name, campaign)) for name in wanted]
        print_records(rows, ["setting", "value", "default", "help"], as_json=False)


@app.command("set")
def set_values(
    assignments: Annotated[
        list[str], typer.Argument(metavar="KEY=VALUE...", help="Settings and their new values; lists with commas.")
    ],
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Change settings, all of them or none. The hub keeps to them at once; no restart is needed.

    A key may be written in any case and with Open-Assistant's TREE_MANAGER__ before it.
    """
    given = _parse(assignments)
    from oa.hub import campaigns, checks

    with opened(data_dir, config_file) as database:
        campaign = database.run(lambda tx: campaigns.change(tx, given))
        checks.index_all(database)
        _print_values(given, campaign, as_json=as_json)


@app.command()
def reset(
    names: Annotated[list[str], typer.Argument(metavar="KEY...", help="Which settings.")],
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Give settings their defaults back."""
    from oa.hub import campaigns

    with opened(data_dir, config_file) as database:
        _print_values(names, database.run(lambda tx: campaigns.reset(tx, names)), as_json=as_json)


def manual(names: Iterable[str] = tuple(FIELDS)) -> str:
    """The settings as a table in Markdown."""
    lines = ["| setting | default | values | |", "|---|---|---|---|"]
    for name in names:
        default = as_text(getattr(DEFAULTS, name))
        shown = f"`{default}`" if default else ""
        lines.append(f"| `{name}` | {shown} | {_values(name)} | {FIELDS[name].metadata['help']} |")
    return "\n".join(lines) + "\n"


def _values(name: str) -> str:
    default, bounds = getattr(DEFAULTS, name), FIELDS[name].metadata
    if isinstance(default, bool):
        return "true, false"
    if isinstance(default, StrEnum):
        return ", ".join(type(default))
    if isinstance(default, tuple):
        kinds = {"labels": "labels", "limits": "limits of languages", "words": "words", "domains": "domains"}
        return next((kind for part, kind in kinds.items() if part in name), "languages")
    most = "or more" if bounds["most"] == LARGEST else f"to {bounds['most']}"
    return f"{bounds['least']} {most}"


def _described(name: str, campaign: Campaign) -> dict[str, Any]:
    help = FIELDS[name].metadata["help"]
    return {"value": getattr(campaign, name), "default": getattr(DEFAULTS, name), "help": help}


def _as_texts(described: dict[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else as_text(value) for name, value in described.items()}


def _parse(assignments: Iterable[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise typer.BadParameter(f"{assignment} is no assignment; write it as {assignment}=VALUE")
        if name in given:
            raise InvalidSetting(f"{name} is set twice", setting=name)
        given[name] = value
    return given


def _print_values(names: Iterable[str], campaign: Campaign, *, as_json: bool) -> None:
    wanted = [canonical_name(name, FIELDS) for name in names]
    values = {name: getattr(campaign, name) for name in wanted}
    print_record(values if as_json else {name: as_text(value) for name, value in values.items()}, as_json=as_json)
