"""Copies of an SQLite file that are whole, whatever is written meanwhile."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

DIRECTORY = "backups"

NAME = re.compile(r"oa-\d{8}T\d{6}Z-\w+\.db")
"""Only files with such a name are ever removed."""


def back_up(file: Path, data_dir: Path, *, revision: str, now: datetime, kept: int) -> Path:
    """Copy the database into the directory `backups` and remove all but the newest `kept` copies.

    Raises:
        sqlite3.Error: it could not be copied.
        OSError: the same.
    """
    directory = data_dir / DIRECTORY
    directory.mkdir(mode=0o700, exist_ok=True)
    copy = directory / f"oa-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{revision}.db"
    unfinished = copy.with_suffix(".partial")
    try:
        _copy(file, unfinished)
        os.replace(unfinished, copy)
    finally:
        unfinished.unlink(missing_ok=True)
    _flush_names(directory)
    for old in _newest_first(directory)[kept:]:
        old.unlink()
    return copy


def _newest_first(directory: Path) -> list[Path]:
    return sorted((path for path in directory.iterdir() if NAME.fullmatch(path.name)), reverse=True)


def _copy(source: Path, target: Path) -> None:
    target.touch(mode=0o600)
    with closing(sqlite3.connect(source)) as origin, closing(sqlite3.connect(target)) as copy:
        origin.backup(copy)
    with target.open("rb+") as written:
        os.fsync(written.fileno())


def _flush_names(directory: Path) -> None:
    """Have the system write the names in a directory to the disk, where it can."""
    with suppress(PermissionError):  # Windows has no such thing
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
