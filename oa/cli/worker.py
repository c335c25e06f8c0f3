"""`oa worker`: this machine answers for a hub elsewhere."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from oa.cli.answering import find_entry
from oa.cli.options import ConfigFile, DataDir, load_settings
from oa.cli.output import print_note

if TYPE_CHECKING:
    from oa.config import Config
    from oa.inference.local import LocalModel
    from oa.inference.models import Entry
    from oa.inference.worker import Worker


def worker(
    hub: Annotated[str, typer.Option(envvar="OA_HUB", metavar="URL", help="Where the hub is.")],
    key: Annotated[
        str,
        typer.Option(envvar="OA_KEY", metavar="KEY", help="This worker's key: `oa workers add NAME` makes one."),
    ],
    model: Annotated[
        str, typer.Option(metavar="MODEL", help="The model to run: a name that `oa model list` shows here, or a path.")
    ],
    name: Annotated[
        str | None,
        typer.Option(
            help="What the hub calls the model; workers of one name share its questions.",
            show_default="the model's name",
        ),
    ] = None,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
) -> None:
    """Answer for a hub elsewhere: connect out to it, and run a model here.

    Nothing needs to reach this machine. A lost connection is made again. Ctrl-C ends what was begun and stops; a second
    one stops at once.
    """
    from oa.inference.worker import HubAddress, Worker  # the websocket library, for this command only

    logging.basicConfig(format="%(asctime)s %(message)s", stream=sys.stderr, level=logging.WARNING)
    logging.getLogger("oa").setLevel(logging.INFO)
    settings = load_settings(data_dir, config_file).config
    entry = find_entry(settings.data_dir, model)
    address = HubAddress(hub, key)
    _ = address.websocket_url  # before anything is loaded
    local = _local_model(entry, settings)
    asyncio.run(_work(local, Worker(address, local, name=name or entry.name)))


def _local_model(entry: Entry, settings: Config) -> LocalModel:
    from oa.inference.engines.build import build_engine
    from oa.inference.local import LocalModel
    from oa.inference.residence import Residence, Resident

    engine = build_engine(entry, settings.data_dir, os.environ)
    resident = Resident(name=entry.name, engine=engine, needs_bytes=entry.size_bytes)
    return LocalModel(entry, resident, Residence(room_bytes=entry.size_bytes, idle_s=0))


async def _work(local: LocalModel, worker: Worker) -> None:
    loop = asyncio.get_running_loop()
    leaving: set[asyncio.Task[None]] = set()

    def leave() -> None:
        leaving.add(loop.create_task(worker.leave()))

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, leave)
    await local.engine.load()
    print_note("oa: the model is loaded; Ctrl-C ends what was begun and stops")
    try:
        await worker.run()
    finally:
        await asyncio.gather(*leaving, return_exceptions=True)
        await local.engine.unload()
