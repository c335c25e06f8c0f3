"""`oa serve`: the hub."""

from __future__ import annotations

import gc
from typing import Annotated

import typer

from oa.cli.answering import open_answering
from oa.cli.opening import open_configured
from oa.cli.options import ConfigFile, DataDir, load_settings
from oa.config import Config


def serve(
    host: Annotated[
        str | None, typer.Option(help="The address to listen on.", show_default=Config().server.host)
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="The port to listen on.", show_default=str(Config().server.port))
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="The model that answers when nobody names one: a name that `oa model list` shows, or a path.",
            show_default="the default of `oa model list`",
        ),
    ] = None,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
) -> None:
    """Start the hub.

    An empty data directory is all that it needs. The first start prints a link that makes its administrator.
    """
    flags = {"server.host": host, "server.port": port, "inference.model": model}
    settings = load_settings(data_dir, config_file, flags)
    gc.disable()  # while the hub loads, nothing is garbage; `run` switches it on again
    from oa.server.run import run  # the web framework and the database, for this command only

    run(settings.config, open_configured, open_answering(settings.config))
