"""`oa train sft` and `reward`: trainings themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oa.cli.options import Json
from oa.cli.output import print_note
from oa.cli.train_options import Base, Data, RecipeFile, SizeDial, Typed, loaded, print_recipe

if TYPE_CHECKING:
    from oa.train.recipe import LoadedRecipe
    from oa.train.run import Run

Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="RUN", help="The run's directory.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print every value of the recipe, and stop.")]


def sft(
    file: RecipeFile = None,
    size: SizeDial = None,
    data: Data = None,
    base: Base = None,
    output: Output = None,
    typed: Typed = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Train a model to answer as in the data. The same command goes on with a run that was stopped.

    SIGTERM, Ctrl-C and `oa train stop RUN` save a checkpoint first.
    """
    from oa.train.sizes import Stage

    found = loaded(Stage.SFT, file, typed, size=size, data=data, base=base, output=output)
    if dry_run:
        print_recipe(found, as_json=as_json)
        return

    def work() -> Callable[[Run], bool]:
        from oa.train.sft import train

        return train

    _carry_out(found, work)


def reward(
    file: RecipeFile = None,
    size: SizeDial = None,
    data: Data = None,
    base: Base = None,
    output: Output = None,
    typed: Typed = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Train a model to score replies as people ranked them. The same command goes on with a run that was stopped.

    Takes ranked groups, pairs, and trees with ranks. Every reply of a group is computed once, whatever the pairs.
    """
    from oa.train.sizes import Stage

    found = loaded(Stage.REWARD, file, typed, size=size, data=data, base=base, output=output)
    if dry_run:
        print_recipe(found, as_json=as_json)
        return

    def work() -> Callable[[Run], bool]:
        from oa.train.reward import train

        return train

    _carry_out(found, work)


def _carry_out(found: LoadedRecipe, work: Callable[[], Callable[[Run], bool]]) -> None:
    """Make or go on with a run.

    Args:
        work: loads what trains, which takes seconds; only done once the run's directory is known to be good.
    """
    from oa.train.run import begin

    with begin(found) as run:
        was_new = run.is_new
        print_note(f"{run.directory}: {'a new run' if was_new else f'going on from {run.checkpoints()[-1].name}'}")
        is_done = work()(run)
    if is_done:
        print_note(f"finished: the model is in {run.final}")
    else:
        print_note(f"stopped: the same command goes on from {run.checkpoints()[-1].name}")
