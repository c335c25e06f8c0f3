"""The hub's data, opened for one command. It may run beside the hub: both keep to the database's locks."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from oa.cli.options import load_settings

if TYPE_CHECKING:
    from oa.config import Config
    from oa.store.database import Database


def open_configured(config: Config) -> Database:
    """The database that the settings name, made where there is none.

    Raises:
        InvalidSetting, BadFile, StoreTooNew, StoreUnavailable: as `oa.store.opening.open_database`.
    """
    from oa.store.opening import open_database  # the database libraries, for commands that need them only

    store = config.store
    return open_database(config.data_dir, url=store.url, readers=store.readers, backups_kept=store.backups_kept)


@contextmanager
def opened(data_dir: Path | None, config_file: Path | None) -> Generator[Database]:
    """The database of the hub that these options and the environment name, made where there is none.

    Raises:
        InvalidSetting, BadFile, StoreTooNew, StoreUnavailable: as `oa.store.opening.open_database`.
    """
    database = open_configured(load_settings(data_dir, config_file).config)
    try:
        yield database
    finally:
        database.shut()
