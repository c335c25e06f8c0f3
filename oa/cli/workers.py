"""`oa workers`: the machines that answer for the hub."""

from __future__ import annotations

from typing import Annotated

import typer

from oa.cli.opening import opened
from oa.cli.options import ConfigFile, DataDir, Json
from oa.cli.output import print_record, print_records
from oa.domain.workers import Worker

app = typer.Typer(
    invoke_without_command=True,
    help="List the machines that may answer for the hub; give them keys, or take them away.",
)

COLUMNS = ["name", "begins", "connected", "last_seen", "model", "trusted", "created", "id"]


@app.callback()
def list_workers(
    context: typer.Context, data_dir: DataDir = None, config_file: ConfigFile = None, as_json: Json = False
) -> None:
    """List the machines that may answer for the hub; give them keys, or take them away."""
    if context.invoked_subcommand is not None:
        return
    from oa.hub import workers

    with opened(data_dir, config_file) as database:
        print_records([_record(worker) for worker in database.run(workers.every)], COLUMNS, as_json=as_json)


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the machine is called.")],
    trusted: Annotated[
        bool, typer.Option("--trusted", help="Noted for programs that ask; nothing depends on it.")
    ] = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Make a key for a machine and print it; it is shown this once. `oa worker --key KEY` uses it."""
    from oa.hub import workers

    with opened(data_dir, config_file) as database:
        issued = database.run(lambda tx: workers.add(tx, name, trusted=trusted))
        print_record({"id": issued.worker.id, "key": issued.secret}, as_json=as_json)


@app.command()
def remove(
    which: Annotated[str, typer.Argument(metavar="WORKER", help="Its name or id, or how its key begins.")],
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Make a machine's key worthless; a running hub sends it away within half a minute."""
    from oa.hub import workers

    with opened(data_dir, config_file) as database:
        print_record(_record(database.run(lambda tx: workers.remove(tx, which))), as_json=as_json)


def _record(worker: Worker) -> dict[str, object]:
    return {
        "name": worker.name,
        "begins": worker.hint,
        "connected": worker.connected_date,
        "last_seen": worker.last_seen_date,
        "model": worker.model,
        "trusted": worker.trusted,
        "created": worker.created_date,
        "id": worker.id,
    }
