"""What the commands of `oa train` share: a recipe from a file, a dial and what was typed; and how it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oa.cli.output import print_records

if TYPE_CHECKING:
    from oa.train.recipe import LoadedRecipe
    from oa.train.sizes import Stage

RecipeFile = Annotated[
    Path | None, typer.Argument(metavar="[RECIPE]", help="A recipe (TOML), or a run's directory.", exists=True)
]
Typed = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A value of the recipe, such as training.epochs=2."),
]
SizeDial = Annotated[
    str | None, typer.Option("--size", metavar="SIZE", help="tiny, small, medium or full: sets what is not said.")
]
Data = Annotated[
    list[str] | None, typer.Option("--data", metavar="FILE", help="What to learn from, in place of the recipe's.")
]
Base = Annotated[str | None, typer.Option("--model", metavar="MODEL", help="The base: a directory, or a name.")]


def loaded(
    stage: Stage,
    file: Path | None,
    typed: Sequence[str] | None,
    *,
    size: str | None = None,
    data: Sequence[str] | None = None,
    base: str | None = None,
    output: Path | None = None,
) -> LoadedRecipe:
    """The recipe of everything that was said.

    Raises:
        InvalidSetting: as `oa.train.recipe.load`.
    """
    from oa.train.recipe import load

    flags: dict[str, object] = {
        "size": size,
        "data": [{"path": path} for path in data] if data else None,
        "model.base": base,
        "output": None if output is None else str(output),
    }
    return load(stage, file, typed or (), flags)


def print_recipe(found: LoadedRecipe, *, as_json: bool) -> None:
    """Every value, and where it came from."""
    from oa.train.recipe import flatten

    values = flatten(found.recipe)
    records = [{"value": key, "is": _shown(values[key]), "from": origin} for key, origin in found.origins.items()]
    if as_json:
        records = [{"value": key, "is": values[key], "from": origin} for key, origin in found.origins.items()]
    print_records(records, ["value", "is", "from"], as_json=as_json)


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value)) or "none"  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - of plain types
    if isinstance(value, dict):
        return " ".join(f"{name}={one}" for name, one in value.items())  # pyright: ignore[reportUnknownVariableType] - of plain types
    return "unset" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
