"""`oa campaign goals`: how many samples a community wants."""

from __future__ import annotations

from typing import Annotated

import typer

from oa.cli.opening import opened
from oa.cli.options import ConfigFile, DataDir, Json
from oa.cli.output import print_record, print_records
from oa.domain.goals import Goal
from oa.domain.standing import Sample

app = typer.Typer(no_args_is_help=True, help="Say how many samples are wanted, and see how many there are.")

Kind = Annotated[Sample, typer.Argument(metavar="KIND", help=f"{', '.join(Sample)}.")]
Lang = Annotated[str, typer.Argument(metavar="LANG", help="A language, such as en.")]


@app.command()
def show(data_dir: DataDir = None, config_file: ConfigFile = None, as_json: Json = False) -> None:
    """Print the goals and how far they are reached."""
    from oa.hub import community

    with opened(data_dir, config_file) as database:
        goals = database.run(community.goals)
    columns = ["lang", "kind", "collected", "wanted", "progress"]
    print_records([_described(goal) for goal in goals], columns, as_json=as_json)


@app.command("set")
def set_goal(
    kind: Kind,
    lang: Lang,
    wanted: Annotated[int, typer.Argument(metavar="WANTED", min=1, help="How many samples.")],
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Set a goal, or change it."""
    from oa.hub import community, moderators

    with opened(data_dir, config_file) as database:
        goal = database.run(lambda tx: community.set_goal(tx, moderators.KEEPER, kind, lang, wanted))
    print_record(_described(goal), as_json=as_json)


@app.command()
def remove(
    kind: Kind, lang: Lang, data_dir: DataDir = None, config_file: ConfigFile = None, as_json: Json = False
) -> None:
    """Give a goal up."""
    from oa.hub import community, moderators

    with opened(data_dir, config_file) as database:
        database.run(lambda tx: community.remove_goal(tx, moderators.KEEPER, kind, lang))
    print_record({"removed": kind.value, "lang": lang}, as_json=as_json)


def _described(goal: Goal) -> dict[str, object]:
    return {
        "lang": goal.lang,
        "kind": goal.kind.value,
        "collected": goal.collected,
        "wanted": goal.wanted,
        "progress": round(goal.progress, 4),
    }
