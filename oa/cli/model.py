"""`oa model`: which models this hub has."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oa.cli.answering import BUILT_IN, built_in_entry, find_entry
from oa.cli.options import ConfigFile, DataDir, Json, load_settings
from oa.cli.output import print_note, print_record, print_records

if TYPE_CHECKING:
    from oa.inference.inspection import Found
    from oa.inference.models import Entry, Registry
    from oa.inference.pulling import RemoteFile

app = typer.Typer(no_args_is_help=True, help="Look at the models, fetch and add them, and say which one answers.")

Name = Annotated[
    str | None, typer.Option("--name", help="What to call it.", show_default="after its file or directory")
]
Template = Annotated[
    str | None,
    typer.Option(
        "--template",
        help="A chat template instead of the model's own: a built-in one, such as chatml, or a file.",
    ),
]
Context = Annotated[
    int | None,
    typer.Option("--context", min=1, help="Tokens of context to run it with.", show_default="what memory allows"),
]

COLUMNS = ("name", "default", "engine", "architecture", "parameters", "context", "size_bytes", "path")


@app.command("list")
def list_models(data_dir: DataDir = None, config_file: ConfigFile = None, as_json: Json = False) -> None:
    """List the models."""
    from oa.inference.models import read_registry

    registry = read_registry(load_settings(data_dir, config_file).config.data_dir)
    default = registry.default_entry()
    entries = list(registry.entries) or ([entry] if (entry := built_in_entry()) else [])
    print_records(
        [_facts(entry) | {"default": entry == (default or entries[0])} for entry in entries], COLUMNS, as_json=as_json
    )


@app.command()
def add(
    path: Annotated[
        str, typer.Argument(metavar="PATH|URL", help="A GGUF file, a directory, or the address of a server (…/v1).")
    ],
    name: Name = None,
    adapter: Annotated[Path | None, typer.Option("--adapter", help="A LoRA adapter to put on top of it.")] = None,
    base: Annotated[
        Path | None, typer.Option("--base", help="The model that the adapter at PATH belongs on.", show_default=False)
    ] = None,
    template: Template = None,
    context: Context = None,
    upstream_model: Annotated[
        str | None, typer.Option("--upstream-model", help="What the server calls the model.", show_default="the name")
    ] = None,
    key_variable: Annotated[
        str | None, typer.Option("--key-variable", help="The environment variable that holds the server's key.")
    ] = None,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Add a model that is on this machine, or on a server that speaks the OpenAI API.

    Files stay where they are. GGUF files, EXL2, Hugging Face and PEFT directories are recognised.
    """
    import msgspec

    directory = load_settings(data_dir, config_file).config.data_dir
    if path.startswith(("http://", "https://")):
        entry = _server_entry(path, name or upstream_model, upstream_model, key_variable)
    else:
        entry = _file_entry(Path(path), name, adapter, base)
    changes = {"template": _checked_template(template), "context_length": context}
    entry = msgspec.structs.replace(entry, **{key: value for key, value in changes.items() if value is not None})
    _enter(directory, entry)
    print_record(_facts(entry), as_json=as_json)


@app.command()
def pull(
    repository: Annotated[str, typer.Argument(help="A repository on the Hugging Face hub, such as owner/name.")],
    file: Annotated[
        str | None, typer.Option("--file", help="Which files of it, such as '*Q4_K_M.gguf'.", show_default="the model")
    ] = None,
    revision: Annotated[str | None, typer.Option("--revision", help="A branch, tag or commit.")] = None,
    name: Name = None,
    template: Template = None,
    context: Context = None,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Fetch a model and add it.

    What a broken attempt has fetched is kept: the same command goes on where it stopped. HF_TOKEN opens repositories
    that want it, HF_ENDPOINT names another hub.
    """
    import msgspec

    from oa.inference import pulling
    from oa.inference.inspection import entry_of, inspect, name_of

    directory = load_settings(data_dir, config_file).config.data_dir
    _show_progress(sys.stderr.isatty())
    source = pulling.Source(repository, revision, file, os.environ.get("HF_ENDPOINT"))
    pulled = pulling.pull(source, directory / "models" / repository.replace("/", "--"), _tell)
    found = inspect(pulled.path)
    called = name or name_of(pulled.path if pulled.path.is_file() else Path(repository))
    entry = msgspec.structs.replace(
        entry_of(found, called, int(time.time())),
        source=f"{repository}@{pulled.commit}",
        template=_checked_template(template),
        context_length=context,
    )
    _enter(directory, entry, replacing_source=repository)
    print_record(_facts(entry), as_json=as_json)


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="A name that `oa model list` shows.")],
    files: Annotated[
        bool, typer.Option("--files", help="Delete its files too, if `oa model pull` has fetched them.")
    ] = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
) -> None:
    """Take a model off the list. Its files stay unless --files is given."""
    from oa.inference.models import read_registry, write_registry

    directory = load_settings(data_dir, config_file).config.data_dir
    registry = read_registry(directory)
    entry = registry.find(name)
    left = registry.removed(name)
    write_registry(directory, left)
    if files:
        _delete_files(directory, entry, left)


@app.command()
def info(
    model: Annotated[str, typer.Argument(metavar="NAME|PATH", help="A model of the list, or a file or directory.")],
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Say what a model is, which engine can run it here, and why the others cannot."""
    from oa.inference.inspection import inspect
    from oa.inference.models import read_registry

    directory = load_settings(data_dir, config_file).config.data_dir
    known = {entry.name: entry for entry in [*filter(None, [built_in_entry()]), *read_registry(directory).entries]}
    path = Path(model).expanduser()
    entry = known.get(model) or (None if path.exists() else find_entry(directory, model))
    if entry is not None and entry.path is None:
        print_record(_facts(entry) | {"url": entry.url}, as_json=as_json)
        return
    found = inspect(Path(entry.path) if entry is not None and entry.path is not None else path)
    print_record((_facts(entry) if entry is not None else {}) | _found(found), as_json=as_json)


@app.command()
def default(
    name: Annotated[str | None, typer.Argument(help="A name that `oa model list` shows.")] = None,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Say which model answers when nobody names one; without a name, tell which it is now."""
    from oa.inference.models import read_registry, write_registry

    directory = load_settings(data_dir, config_file).config.data_dir
    registry = read_registry(directory)
    if name is not None:
        registry = registry.with_default(name)
        write_registry(directory, registry)
    entry = registry.default_entry() or built_in_entry()
    print_record({"name": entry.name if entry is not None else None}, as_json=as_json)


def _file_entry(path: Path, name: str | None, adapter: Path | None, base: Path | None) -> Entry:
    import msgspec

    from oa.errors import BadModel
    from oa.inference.inspection import ModelKind, entry_of, inspect, name_of, see_that_adapter_fits

    found = inspect(path)
    if found.kind is ModelKind.PEFT:
        base = base or (Path(found.base) if found.base is not None and Path(found.base).is_dir() else None)
        if base is None:
            raise BadModel(
                f"{path} is an adapter for {found.base or 'an unnamed model'}: name its directory with --base"
            )
        name, adapter, found = name or name_of(path), path, inspect(base)
    if adapter is not None:
        if found.kind is ModelKind.HUGGING_FACE:
            see_that_adapter_fits(adapter, found.path)
        elif found.kind is not ModelKind.GGUF or adapter.suffix != ".gguf":
            raise BadModel(f"{adapter} cannot be put on {found.path}: a GGUF model takes adapters that are GGUF files")
    entry = entry_of(found, name or name_of(found.path), int(time.time()))
    return entry if adapter is None else msgspec.structs.replace(entry, adapter=str(adapter.absolute()))


def _server_entry(url: str, name: str | None, upstream_model: str | None, key_variable: str | None) -> Entry:
    from oa.errors import BadModel
    from oa.inference.models import EngineKind, Entry

    if name is None:
        raise BadModel("say what the server calls the model, with --upstream-model")
    return Entry(
        name=name,
        engine=EngineKind.OPENAI,
        url=url,
        created_s=int(time.time()),
        embeddings=True,
        tools=True,
        upstream_model=upstream_model,
        key_variable=key_variable,
    )


def _checked_template(template: str | None) -> str | None:
    """The name of a built-in one, or the full path of a file that can be read as a template."""
    if template is None:
        return None
    from oa.inference import prompt
    from oa.inference.engine import Capabilities
    from oa.inference.local import template_source

    name, source = template_source(template, Capabilities(context_length=0, parallel=1))
    prompt.ChatTemplate(source, {}, frozenset())
    return name if name in prompt.BUILT_IN else str(Path(name).absolute())


def _enter(directory: Path, entry: Entry, *, replacing_source: str | None = None) -> None:
    """Put it into the registry; a model that was pulled from the same place before is replaced."""
    from oa.inference.models import Registry, read_registry, write_registry

    registry = read_registry(directory)
    old = next((other for other in registry.entries if other.name == entry.name), None)
    if old is not None and replacing_source is not None and (old.source or "").startswith(f"{replacing_source}@"):
        kept = tuple(entry if other is old else other for other in registry.entries)
        write_registry(directory, Registry(kept, registry.default))
    else:
        write_registry(directory, registry.added(entry))
    print_note(f"{entry.name} is there; a hub that runs sees it when it starts again")


def _delete_files(directory: Path, entry: Entry, left: Registry) -> None:
    """Only what lies in the data directory, and what no other model uses."""
    import shutil

    own = (directory / "models").absolute()
    path = Path(entry.path).absolute() if entry.path is not None else own
    if own not in path.parents:
        print_note(f"its files stay: they are not in {own}")
        return
    if any(other.path == entry.path for other in left.entries):
        print_note("its files stay: another model uses them")
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _show_progress(is_wanted: bool) -> None:
    from huggingface_hub.utils import disable_progress_bars, enable_progress_bars

    (enable_progress_bars if is_wanted else disable_progress_bars)()


def _tell(files: Sequence[RemoteFile]) -> None:
    size = sum(file.size_bytes or 0 for file in files)
    print_note(f"fetching {len(files)} files, {size / 1e6:,.1f} MB: {', '.join(file.name for file in files)}")


def _facts(entry: Entry) -> dict[str, object]:
    return {
        "name": entry.name,
        "engine": entry.engine,
        "path": entry.path or entry.url,
        "source": entry.source,
        "architecture": entry.architecture,
        "parameters": entry.parameters,
        "context": entry.context_length or entry.trained_context,
        "size_bytes": entry.size_bytes,
        "template": entry.template or "its own",
        "adapter": entry.adapter,
        "built_in": entry.name == BUILT_IN and entry == built_in_entry(),
    }


def _found(found: Found) -> dict[str, object]:
    verdicts = {verdict.engine: verdict.obstacle or "can run it" for verdict in found.verdicts}
    return {
        "path": found.path,
        "kind": found.kind,
        "architecture": found.architecture,
        "parameters": found.parameters,
        "context": found.trained_context,
        "size_bytes": found.size_bytes,
        "has_template": found.template is not None,
        "knows_tools": found.knows_tools,
        "base": found.base,
        **{str(engine): verdict for engine, verdict in verdicts.items()},
    }
