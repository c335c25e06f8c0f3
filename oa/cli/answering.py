"""The models that a command asks, by the settings and by what was added to the data directory."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from oa.config import Config
from oa.demo import model
from oa.demo.model import NAME as BUILT_IN

if TYPE_CHECKING:
    from oa.inference.models import Entry
    from oa.inference.service import LocalAnswering


def open_answering(config: Config) -> LocalAnswering:
    """Every model of the data directory, with the one that the settings name in front. Nothing is loaded yet.

    Raises:
        UnknownModel: the named model is neither a model nor a path.
        BadModel: it cannot be run.
        BadFile: models.toml cannot be read.
    """
    from oa.inference.scheduler import Limits
    from oa.inference.service import LocalAnswering, ServiceSettings

    inference = config.inference
    limits = Limits(
        queue_size=inference.queue_size,
        per_person=inference.per_person,
        per_person_per_minute=inference.per_person_per_minute,
        wait_s=inference.wait_s,
        run_s=inference.run_s,
    )
    settings = ServiceSettings(
        data_dir=config.data_dir,
        limits=limits,
        memory_bytes=inference.memory_bytes,
        idle_s=inference.idle_unload_s,
        environment=os.environ,
    )
    return LocalAnswering(chosen_entries(config.data_dir, inference.model), settings)


def chosen_entries(data_dir: Path, wanted: str | None) -> list[Entry]:
    """The models of the data directory, the default first.

    Args:
        wanted: the name or the path of another default.

    Raises:
        UnknownModel, BadModel, BadFile: as `open_answering`.
    """
    from oa.inference.models import read_registry

    registry = read_registry(data_dir)
    first = (registry.default_entry() or built_in_entry()) if wanted is None else find_entry(data_dir, wanted)
    if first is None:
        return []
    return [first, *(entry for entry in registry.entries if entry.name != first.name)]


def find_entry(data_dir: Path, wanted: str) -> Entry:
    """A model by its name, or one that lies at a path.

    Raises:
        UnknownModel, BadModel, BadFile: as `open_answering`.
    """
    from oa.inference.inspection import entry_of, inspect, name_of
    from oa.inference.models import read_registry

    registry = read_registry(data_dir)
    path = Path(wanted).expanduser()
    if wanted in [entry.name for entry in registry.entries]:
        return registry.find(wanted)
    if wanted == BUILT_IN and (built_in := built_in_entry()) is not None:
        return built_in
    if not path.exists():
        return registry.find(wanted)
    found = inspect(path)
    return entry_of(found, name_of(found.path), int(time.time()))


def built_in_entry() -> Entry | None:
    """The demonstration model that comes with OA; None where it was left out of the installation."""
    import msgspec

    from oa.inference.inspection import entry_of, inspect

    file = model.path()
    if not file.is_file():
        return None
    entry = entry_of(inspect(file), BUILT_IN, int(file.stat().st_mtime))
    return msgspec.structs.replace(entry, description="A small demonstration: it knows next to nothing.")
