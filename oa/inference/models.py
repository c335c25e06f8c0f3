"""Which models there are: the registry in the data directory.

`models.toml` is written by `oa model` and may be edited by hand; a hub reads it when it starts.
"""

from __future__ import annotations

import json
import os
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

import msgspec

from oa.errors import BadFile, Conflict, UnknownModel

FILE_NAME = "models.toml"

HEADER = "# The models of this hub, as `oa model` keeps them. Comments are not kept.\n"


class EngineKind(StrEnum):
    """What runs a model."""

    LLAMACPP = "llamacpp"
    TRANSFORMERS = "transformers"
    EXLLAMAV2 = "exllamav2"
    OPENAI = "openai"


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A model and how it is run. What is not said is chosen by the engine."""

    name: str
    engine: EngineKind
    path: str | None = None
    """The file or directory; none for a model on another server."""
    description: str = ""
    created_s: int = 0
    """Unix time at which it was added."""
    source: str | None = None
    """Where it was fetched from."""
    architecture: str | None = None
    parameters: int | None = None
    size_bytes: int = 0
    trained_context: int | None = None
    """Tokens of context that the model was made for."""
    embeddings: bool = False
    tools: bool = False
    """Its template has a form of its own for tool calls."""

    template: str | None = None
    """A chat template instead of the model's own: the name of a built-in one, or a file."""
    context_length: int | None = None
    parallel: int | None = None
    threads: int | None = None
    gpu_layers: int | None = None
    """llamacpp: how many layers go to the GPU; -1 is all of them."""
    adapter: str | None = None
    """A LoRA adapter on top: a PEFT directory, or a GGUF file."""
    cache_bits: int | None = None
    """exllamav2: bits of a number in the cache of keys and values: 4, 6, 8 or 16."""
    url: str | None = None
    """openai: the address of the server, with its /v1."""
    upstream_model: str | None = None
    """openai: what the server calls the model; by default its name here."""
    key_variable: str | None = None
    """openai: the environment variable that holds the server's key."""


@dataclass(frozen=True, slots=True)
class Registry:
    """The models that were added, and which of them is asked when nobody names one."""

    entries: tuple[Entry, ...] = ()
    default: str | None = None

    def find(self, name: str) -> Entry:
        """Raises: UnknownModel, naming those that there are."""
        for entry in self.entries:
            if entry.name == name:
                return entry
        known = ", ".join(entry.name for entry in self.entries) or "none yet; `oa model add` adds one"
        raise UnknownModel(f"there is no model {name!r}; there is: {known}")

    def default_entry(self) -> Entry | None:
        """The default, or the first model."""
        chosen = [entry for entry in self.entries if entry.name == self.default]
        return (chosen or [*self.entries, None])[0]

    def added(self, entry: Entry) -> Registry:
        """Raises: Conflict: the name is taken."""
        if any(other.name == entry.name for other in self.entries):
            raise Conflict(f"there is a model {entry.name!r} already; name this one with --name, or remove the other")
        return Registry((*self.entries, entry), self.default or entry.name)

    def removed(self, name: str) -> Registry:
        """Raises: UnknownModel"""
        gone = self.find(name)
        left = tuple(entry for entry in self.entries if entry is not gone)
        default = self.default if self.default != name else (left[0].name if left else None)
        return Registry(left, default)

    def with_default(self, name: str) -> Registry:
        """Raises: UnknownModel"""
        return Registry(self.entries, self.find(name).name)


def read_registry(data_dir: Path) -> Registry:
    """The registry of this data directory; an empty one where nobody added a model.

    Raises:
        BadFile: the file cannot be read; the message names the line or the field.
    """
    file = data_dir / FILE_NAME
    try:
        tree = tomllib.loads(file.read_text("utf-8-sig"))
    except FileNotFoundError:
        return Registry()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadFile(f"{file} cannot be read: {error}") from error
    models = tree.get("models", {})
    if not isinstance(models, dict) or set(tree) - {"models", "default"}:
        raise BadFile(f"{file} may hold `default` and tables such as [models.NAME], nothing else")
    entries = tuple(_entry(file, name, facts) for name, facts in cast(dict[str, Any], models).items())
    default = tree.get("default")
    if default is not None and default not in [entry.name for entry in entries]:
        raise BadFile(f"{file}: the default {default!r} is none of its models")
    return Registry(entries, default)


def write_registry(data_dir: Path, registry: Registry) -> None:
    """Write the file whole or not at all."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = [HEADER]
    if registry.default is not None:
        lines.append(f"default = {_toml(registry.default)}\n")
    for entry in registry.entries:
        facts = cast(dict[str, Any], msgspec.to_builtins(entry))
        lines.append(f"\n[models.{_toml(facts.pop('name'))}]\n")
        lines += [f"{name} = {_toml(value)}\n" for name, value in facts.items()]
    with tempfile.NamedTemporaryFile("w", dir=data_dir, encoding="utf-8", delete=False) as file:
        file.write("".join(lines))
    os.replace(file.name, data_dir / FILE_NAME)


def _entry(file: Path, name: str, facts: Mapping[str, Any]) -> Entry:
    try:
        return msgspec.convert({**facts, "name": name}, Entry)
    except (msgspec.ValidationError, TypeError) as error:
        raise BadFile(f"{file}, model {name!r}: {error}") from error


def _toml(value: str | int | bool) -> str:
    """JSON texts, whole numbers and truth values are TOML as well; only the letter DEL must be spelled out."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
