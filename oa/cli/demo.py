"""`oa demo`: a simulated community works on a hub."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from oa.cli.options import Json
from oa.cli.output import print_note, print_record, print_records
from oa.demo.volunteers import Abuse

if TYPE_CHECKING:
    from rich.table import Table

    from oa.demo.community import Community, Tally, Target

EXIT_NOT_REACHED = 1


def demo(
    key: Annotated[
        str, typer.Option(envvar="OA_KEY", metavar="KEY", help="An API key of the hub: `oa keys add demo` makes one.")
    ],
    hub: Annotated[
        str, typer.Option(envvar="OA_HUB", metavar="URL", help="Where the hub is.")
    ] = "http://127.0.0.1:8080",
    volunteers: Annotated[int, typer.Option(min=1, help="How many people, trolls included.")] = 20,
    trolls: Annotated[int, typer.Option(min=0, help="How many of them are trolls.")] = 2,
    abuser: Annotated[
        list[Abuse] | None,
        typer.Option(help="Somebody, or a ring, who cheats in this way; more than one may be given."),
    ] = None,
    lang: Annotated[list[str] | None, typer.Option(help="A language they work in; more than one may be given.")] = None,
    seed: Annotated[int, typer.Option(help="Decides who they are and what they do.")] = 1,
    trees: Annotated[int | None, typer.Option(min=1, help="Stop when so many trees are ready for export.")] = None,
    rounds: Annotated[
        int, typer.Option(min=1, help="Stop after so many rounds, in which nearly everybody works.")
    ] = 500,
    as_json: Json = False,
) -> None:
    """Let a simulated community work on a hub: people who write, review and rank, and a few trolls.

    It uses the hub as any program does. Everybody answers at once, which the hub may find suspicious. Use it to see how
    a campaign runs, on a hub whose data you do not need.
    """
    from oa.client.hub import Hub  # the HTTP client, for this command only
    from oa.demo.community import Community, Target
    from oa.demo.texts import vocabulary
    from oa.demo.volunteers import recruit, recruit_abusers

    languages = list(dict.fromkeys(lang or ["en"]))
    for one in languages:
        vocabulary(one)
    people = recruit(volunteers, trolls=trolls, languages=languages, seed=seed)
    people += recruit_abusers(abuser or [], languages=languages, seed=seed)
    target = Target(rounds=rounds, finished_trees=trees)

    async def run() -> Tally:
        async with Hub(hub, key=key) as program:
            community = Community(lambda volunteer: program.as_user(volunteer.identity), people, seed=seed)
            return await _watch(community, target)

    tally = asyncio.run(run())
    if as_json:
        print_record(_summary(tally), as_json=True)
    else:
        print_records(_rows(tally), ["what", "how many"], as_json=False)
    if trees is not None and not target.is_reached(tally):
        print_note(
            f"oa: the community stopped before {trees} trees were ready for export; give it more --rounds or people"
        )
        raise typer.Exit(EXIT_NOT_REACHED)


async def _watch(community: Community, target: Target) -> Tally:
    """Let the community work; on a terminal, show on stderr how far it is."""
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    if not console.is_terminal:
        return await community.work(target)
    with Live(_table(community.tally), console=console, transient=True, refresh_per_second=4) as live:
        return await community.work(target, lambda tally: live.update(_table(tally)))


def _table(tally: Tally) -> Table:
    from rich import box
    from rich.table import Table

    table = Table("what", "how many", box=box.SIMPLE_HEAD)
    table.columns[1].justify = "right"
    for row in _rows(tally):
        table.add_row(*(str(value) for value in row.values()))
    return table


def _rows(tally: Tally) -> list[dict[str, object]]:
    """The summary for people: every count on a line."""
    flat: dict[str, int] = {}
    for name, value in _summary(tally).items():
        flat |= (
            {f"{name}: {part}": count for part, count in value.items()} if isinstance(value, dict) else {name: value}
        )
    return [{"what": name, "how many": count} for name, count in flat.items()]


def _summary(tally: Tally) -> dict[str, int | dict[str, int]]:
    return {
        "rounds": tally.rounds,
        "answers": dict(sorted(tally.done.items())),
        "given back": tally.declined,
        "nothing to do": tally.idle,
        "refused": dict(sorted(tally.refused.items())),
        "trees": dict(sorted(Counter(str(state) for state in tally.trees.values()).items())),
    }
