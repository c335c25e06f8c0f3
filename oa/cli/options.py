"""The options that many commands share, and the settings that follow from them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from oa import config

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        file_okay=False,
        help="The directory that holds the hub's data; OA_DATA_DIR names it as well.",
        show_default=str(config.Config().data_dir),
    ),
]

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        dir_okay=False,
        help="The settings file (TOML); OA_CONFIG names it as well.",
        show_default=f"{config.FILE_NAME} in the data directory, if there",
    ),
]

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def load_settings(
    data_dir: Path | None, config_file: Path | None = None, flags: Mapping[str, object] | None = None
) -> config.Loaded:
    """The settings of this process.

    Args:
        data_dir: what `--data-dir` said.
        config_file: what `--config` said.
        flags: what further flags said, by dotted key; None stands for a flag that was not typed.

    Raises:
        InvalidSetting: as `oa.config.load`.
    """
    return config.load(os.environ, {**(flags or {}), "data_dir": data_dir}, config_file)
