"""Ways to choose the next token, by name: those that OA brings, and those of whoever runs the hub."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from oa.domain.sampling import Sampling
from oa.errors import BadFile

FILE_NAME = "presets.toml"

SETTINGS = frozenset({field.name for field in fields(Sampling)} - {"seed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    name: str
    description: str = ""
    sampling: Sampling
    max_tokens: int | None = 1024


def load(data_dir: Path | None = None) -> tuple[Preset, ...]:
    """The presets that OA brings, and those of `presets.toml` in the data directory, which go before by name.

    Raises:
        BadFile: the file is not TOML, or says what no preset has.
    """
    found = _read(files("oa.inference").joinpath(FILE_NAME).read_text("utf-8"), FILE_NAME)
    own = None if data_dir is None else data_dir / FILE_NAME
    if own is not None and own.exists():
        found |= _read(own.read_text("utf-8"), str(own))
    return tuple(found.values())


def _read(text: str, where: str) -> dict[str, Preset]:
    try:
        tables: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadFile(f"{where} is not valid TOML: {error}") from error
    return {name: _preset(name, table, where) for name, table in tables.items()}


def _preset(name: str, table: Any, where: str) -> Preset:
    if not isinstance(table, dict):
        raise BadFile(f"{where}: write [{name}] and its settings below")
    settings: dict[str, Any] = dict(table)  # pyright: ignore[reportUnknownArgumentType]
    description, max_tokens = settings.pop("description", ""), settings.pop("max_new_tokens", 1024)
    for key, value in settings.items():
        if key not in SETTINGS:
            raise BadFile(f"{where}: {name} has no setting {key}; there are {', '.join(sorted(SETTINGS))}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadFile(f"{where}: {key} of {name} must be a number")
    return Preset(name=name, description=str(description), sampling=Sampling(**settings), max_tokens=max_tokens)
