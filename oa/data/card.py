"""The card of a data set: what is in it, what it was made from, and how; in the form of Hugging Face."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from oa.data.lines import STANDARD_STREAM


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """How a file came to be."""

    output: Path
    format: str
    command: str
    inputs: Sequence[Path]
    figures: Mapping[str, object]
    """Counts, and what went why."""
    langs: Sequence[str]
    when: datetime
    version: str


def card_path(output: Path) -> Path:
    """Where the card of a file stands: beside it."""
    return output.with_name(f"{output.name.split('.')[0]}.card.md")


def card(made: Made) -> str:
    """The card; digests are those of the files as they are now."""
    lines = ["---", f"pretty_name: {made.output.name.split('.')[0]}"]
    if made.langs:
        lines += ["language:", *(f"- {lang}" for lang in made.langs)]
    lines += ["configs:", "- config_name: default", f"  data_files: {made.output.name}", "---", ""]
    lines += [f"# {made.output.name}", "", f"Format `{made.format}`, made {made.when.isoformat(timespec='seconds')}"]
    lines[-1] += f" by OA {made.version}:"
    lines += ["", "```sh", made.command, "```", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {_shown(value)} |" for name, value in made.figures.items()]
    lines += [f"| bytes | {made.output.stat().st_size} |", f"| SHA-256 | `{digest(made.output)}` |", ""]
    lines += ["## Made from", "", "| file | bytes | SHA-256 |", "|---|---|---|"]
    for path in made.inputs:
        if path == STANDARD_STREAM:
            lines.append("| standard input | | |")
        else:
            lines.append(f"| {path.name} | {path.stat().st_size} | `{digest(path)}` |")
    lines += ["", "The licence is that of what it was made from.", ""]
    return "\n".join(lines)


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {count}" for name, count in value.items()) or "none"  # pyright: ignore[reportUnknownVariableType] - of plain types
    return str(value)


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
