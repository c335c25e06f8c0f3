"""A run's directory: everything that is needed to see what a training did, to go on with it, and to do it again.

recipe.toml      the whole recipe, with every value
run.json         versions, the machine, data with digests, the seed
metrics.jsonl    one line a step that is logged, there at once
samples.jsonl    what the model answered on the way
checkpoints/     step-N, complete when there is a file `complete` in it
final/           the model, with a model card
stop             there while somebody wants the training to stop
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import signal
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import IO, Any

import msgspec

import oa
from oa.errors import InvalidSetting
from oa.train.recipe import RECIPE_NAME, LoadedRecipe, Recipe, flatten, load, written

PACKAGES = ("torch", "transformers", "trl", "peft", "bitsandbytes", "accelerate", "datasets", "tokenizers")

FREE_TO_CHANGE = (
    "output",
    "training.epochs",
    "training.max_steps",
    "training.log_every",
    "training.save_every",
    "training.checkpoints_kept",
    "evaluation.every",
    "evaluation.patience",
    "sampling.",
    "inspection.",
)
"""What may differ when a run goes on: none of it changes what a step does."""

COMPLETE = "complete"

Figures = Mapping[str, float | int | str | None]


@dataclass(slots=True)
class Run:
    """A run that is being made. Use it as a context: it then takes signals, and closes its files."""

    directory: Path
    recipe: Recipe
    is_new: bool
    """It has no checkpoint to go on from yet."""
    _signalled: bool = False
    _files: dict[str, IO[bytes]] = field(default_factory=dict[str, IO[bytes]])
    _encoder: msgspec.json.Encoder = field(default_factory=msgspec.json.Encoder)

    # --- what is written down ---

    def log(self, step: int, figures: Figures, *, when: datetime | None = None) -> None:
        """Add a line of metrics; it is in the file when this returns. A figure that is not finite becomes null."""
        time = (when or datetime.now(UTC)).timestamp()
        self._append("metrics.jsonl", {"step": step, "time": round(time, 3), **figures})

    def add_samples(self, step: int, samples: Sequence[Mapping[str, str]]) -> None:
        """Add what the model answered: `prompt`, `answer` and what else there is to say, as text."""
        for sample in samples:
            self._append("samples.jsonl", {"step": step, **sample})

    def _append(self, name: str, line: Mapping[str, object]) -> None:
        if name not in self._files:
            self._files[name] = (self.directory / name).open("ab")
        self._files[name].write(self._encoder.encode(line) + b"\n")
        self._files[name].flush()

    def note_data(self, files: Sequence[Mapping[str, Any]]) -> None:
        """Write down what was learned from, as `digest_of` says it of each file."""
        known = msgspec.json.decode((self.directory / "run.json").read_bytes())
        write_whole(self.directory / "run.json", _pretty({**known, "data": list(files)}))

    # --- checkpoints ---

    @property
    def final(self) -> Path:
        """Where the finished model goes."""
        return self.directory / "final"

    @contextmanager
    def checkpoint(self, step: int) -> Generator[Path]:
        """A directory for a checkpoint. It counts once the context is left without an error; then the oldest go."""
        partial = self.directory / "checkpoints" / f".step-{step}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            yield partial
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        (partial / COMPLETE).touch()
        whole = partial.with_name(f"step-{step}")
        shutil.rmtree(whole, ignore_errors=True)
        partial.rename(whole)
        for old in self.checkpoints()[: -self.recipe.training.checkpoints_kept]:
            shutil.rmtree(old)

    def checkpoints(self) -> list[Path]:
        """Those that are complete, the latest last."""
        found = (self.directory / "checkpoints").glob(f"step-*/{COMPLETE}")
        return sorted((one.parent for one in found), key=step_of)

    def go_back_to(self, checkpoint: Path) -> None:
        """Forget the metrics and samples of steps after a checkpoint: they come again."""
        self.close()
        for name in ("metrics.jsonl", "samples.jsonl"):
            path = self.directory / name
            if path.exists():
                kept = [line for line in path.read_bytes().splitlines() if _step(line) <= step_of(checkpoint)]
                write_whole(path, b"".join(line + b"\n" for line in kept))

    # --- stopping ---

    @property
    def should_stop(self) -> bool:
        """Somebody wants it to stop: by a signal, or by `oa train stop`. Save a checkpoint and leave."""
        return self._signalled or (self.directory / "stop").exists()

    def __enter__(self) -> Run:
        (self.directory / "stop").unlink(missing_ok=True)
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        return self

    def _on_signal(self, number: int, _: object) -> None:
        """The first signal asks; a second one does not wait for the checkpoint."""
        signal.signal(number, signal.SIG_DFL)
        self._signalled = True

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self.close()

    def close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()


def step_of(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


def _step(line: bytes) -> float:
    """The step of a line; infinite for one that broke off."""
    try:
        return float(msgspec.json.decode(line)["step"])
    except (msgspec.DecodeError, KeyError, TypeError, UnicodeDecodeError):
        return float("inf")


# --- beginning and stopping ------------------------------------------------------------------------------------------


def begin(loaded: LoadedRecipe, *, now: datetime | None = None) -> Run:
    """Make a run's directory, or go on in the one that the same recipe has made.

    Raises:
        InvalidSetting: the directory holds a run of another recipe, or something that is no run.
    """
    recipe = loaded.recipe
    directory = recipe.output
    if (directory / RECIPE_NAME).exists():
        _check_same(recipe, directory)
    elif directory.exists() and any(directory.iterdir()):
        raise InvalidSetting(f"{directory} holds something that is no run: choose another directory with --output")
    directory.mkdir(parents=True, exist_ok=True)
    if not (directory / "run.json").exists():
        write_whole(directory / "run.json", _pretty(_circumstances(recipe, now or datetime.now(UTC))))
    write_whole(directory / RECIPE_NAME, written(recipe).encode())
    run = Run(directory, recipe, is_new=True)
    run.is_new = not run.checkpoints()
    return run


def _check_same(recipe: Recipe, directory: Path) -> None:
    before = flatten(load(recipe.stage, directory).recipe)
    changed = [
        f"{key} was {before[key]!r}, is {value!r}"
        for key, value in flatten(recipe).items()
        if value != before[key] and not key.startswith(FREE_TO_CHANGE)
    ]
    if changed:
        raise InvalidSetting(
            f"{directory} holds a run of another recipe ({'; '.join(changed[:3])}): "
            "go on with the same one, or choose another directory with --output"
        )


def ask_to_stop(directory: Path) -> None:
    """Have the training in a directory save a checkpoint and end.

    Raises:
        InvalidSetting: there is no run.
    """
    if not (directory / RECIPE_NAME).exists():
        raise InvalidSetting(f"{directory} holds no run")
    (directory / "stop").touch()


# --- circumstances ---------------------------------------------------------------------------------------------------


def _circumstances(recipe: Recipe, now: datetime) -> dict[str, Any]:
    return {
        "stage": recipe.stage,
        "seed": recipe.seed,
        "started": now.isoformat(timespec="seconds"),
        "command": sys.argv,
        "versions": {"oa": oa.__version__, "python": platform.python_version(), **versions()},
        "machine": {"system": platform.platform(), "processors": os.cpu_count()},
        "data": [],
    }


def versions() -> dict[str, str]:
    """The versions of the libraries that decide what a step does, those that are installed."""
    found: dict[str, str] = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def digest_of(path: Path) -> dict[str, Any]:
    """A file's name, size in bytes and SHA-256."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"path": str(path), "bytes": path.stat().st_size, "sha256": digest}


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is never there in part."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


# --- the model card --------------------------------------------------------------------------------------------------


def model_card(run: Run, figures: Figures) -> str:
    """What a model is, for whoever finds it: the front matter of Hugging Face, the data with digests, the recipe.

    Args:
        figures: of the last evaluation.
    """
    known: dict[str, Any] = msgspec.json.decode((run.directory / "run.json").read_bytes())
    recipe = run.recipe
    base = recipe.model.base
    lines = ["---", "library_name: transformers", "tags:", "- oa", f"- {recipe.stage}"]
    if base is not None:
        lines.append(f"base_model: {base}")
    lines += ["---", "", f"# {run.directory.name}", "", f"Made by `oa train {recipe.stage}`"]
    lines[-1] += f" from `{base}`" if base is not None else " from nothing"
    lines[-1] += f", template `{recipe.model.template}`, seed {recipe.seed}, started {known['started']}."
    lines += ["", "## Figures", "", "| figure | value |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in figures.items()]
    lines += ["", "## Data", "", "| file | bytes | SHA-256 |", "|---|---|---|"]
    lines += [f"| {Path(one['path']).name} | {one['bytes']} | `{one['sha256']}` |" for one in known["data"]]
    lines += ["", "## Versions", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {version} |" for name, version in known["versions"].items()]
    lines += ["", "## Recipe", "", "```toml", written(recipe).rstrip(), "```", ""]
    return "\n".join(lines)
