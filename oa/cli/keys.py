"""`oa keys`: the programs that may use the hub."""

from __future__ import annotations

from typing import Annotated

import typer

from oa.cli.opening import opened
from oa.cli.options import ConfigFile, DataDir, Json
from oa.cli.output import print_record, print_records
from oa.domain.people import ApiKey, Client

app = typer.Typer(no_args_is_help=True, help="Make and revoke API keys for programs: bots, other front ends.")


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the program is called.")],
    trusted: Annotated[
        bool, typer.Option("--trusted", help="It may moderate, and sees what other programs' users did.")
    ] = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Make a key for a program and print it; it is shown this once."""
    from oa.hub import keys

    with opened(data_dir, config_file) as database:
        wanted = keys.NewClient(description=name, trusted=trusted)
        issued = database.run(lambda tx: keys.create_client(tx, wanted))
        print_record({"id": issued.client.id, "key": issued.secret}, as_json=as_json)


@app.command("list")
def list_keys(data_dir: DataDir = None, config_file: ConfigFile = None, as_json: Json = False) -> None:
    """List the programs and how their keys begin."""
    from oa.hub import keys

    with opened(data_dir, config_file) as database:
        rows = [_key(key) for key in database.run(keys.keys)]
        columns = ["name", "begins", "trusted", "enabled", "created", "last_used", "id"]
        print_records(rows, columns, as_json=as_json)


@app.command()
def revoke(
    which: Annotated[str, typer.Argument(metavar="KEY", help="The program's name or id, or how its key begins.")],
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Make a key worthless at once; what came through it stays."""
    from oa.hub import keys

    with opened(data_dir, config_file) as database:
        print_record(_client(database.run(lambda tx: keys.revoke_key(tx, which))), as_json=as_json)


def _client(client: Client) -> dict[str, object]:
    return {"id": client.id, "name": client.description, "trusted": client.trusted, "enabled": client.enabled}


def _key(key: ApiKey) -> dict[str, object]:
    dates = {"created": key.created_date, "last_used": key.last_used_date}
    return _client(key.client) | {"begins": key.hint} | dates
