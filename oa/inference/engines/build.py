"""The engine that an entry of the registry names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from oa.errors import BadModel
from oa.inference.engine import Engine
from oa.inference.models import EngineKind, Entry

SOCKET_DIR = "run"
"""In the data directory."""


def build_engine(entry: Entry, data_dir: Path, environment: Mapping[str, str]) -> Engine:
    """An engine with nothing loaded. Its library is imported when it loads.

    Raises:
        BadModel: the entry lacks what its engine needs.
    """
    match entry.engine:
        case EngineKind.LLAMACPP:
            return _llamacpp(entry, data_dir)
        case _:
            raise BadModel(f"{entry.name}: the engine {entry.engine} is not there")


def _llamacpp(entry: Entry, data_dir: Path) -> Engine:
    from oa.inference.engines.llamacpp import LlamaCppEngine
    from oa.inference.engines.llamacpp_native import LlamaCppSettings

    return LlamaCppEngine(
        LlamaCppSettings(
            path=_path(entry),
            socket_dir=data_dir / SOCKET_DIR,
            context_length=entry.context_length,
            parallel=entry.parallel,
            threads=entry.threads,
            gpu_layers=entry.gpu_layers,
            adapters=() if entry.adapter is None else (Path(entry.adapter),),
        )
    )


def _path(entry: Entry) -> Path:
    if entry.path is None:
        raise BadModel(f"{entry.name}: models.toml names no path for it")
    return Path(entry.path)
