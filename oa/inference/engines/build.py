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
        case EngineKind.TRANSFORMERS:
            return _transformers(entry)
        case EngineKind.OPENAI:
            return _openai(entry, environment)
        case EngineKind.EXLLAMAV2:
            raise BadModel(f"{entry.name}: this version of OA does not run exllamav2")


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


def _transformers(entry: Entry) -> Engine:
    from oa.inference.engines.transformers import TransformersEngine, TransformersSettings

    return TransformersEngine(
        TransformersSettings(
            path=_path(entry),
            adapter=None if entry.adapter is None else Path(entry.adapter),
            context_length=entry.context_length,
            parallel=entry.parallel,
            threads=entry.threads,
        )
    )


def _openai(entry: Entry, environment: Mapping[str, str]) -> Engine:
    from oa.inference.engines.openai import DEFAULT_PARALLEL, UpstreamEngine, UpstreamSettings

    if entry.url is None:
        raise BadModel(f"{entry.name}: models.toml names no url for it")
    key = environment.get(entry.key_variable) if entry.key_variable else None
    if entry.key_variable and not key:
        raise BadModel(f"{entry.name}: the environment variable {entry.key_variable}, which holds its key, is not set")
    settings = UpstreamSettings(
        url=entry.url,
        model=entry.upstream_model or entry.name,
        key=key,
        context_length=entry.context_length,
        parallel=entry.parallel or DEFAULT_PARALLEL,
    )
    return UpstreamEngine(settings)


def _path(entry: Entry) -> Path:
    if entry.path is None:
        raise BadModel(f"{entry.name}: models.toml names no path for it")
    return Path(entry.path)
