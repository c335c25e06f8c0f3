"""`oa stats`: how the community is doing."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from oa.cli.opening import opened
from oa.cli.options import ConfigFile, DataDir, Json
from oa.cli.output import print_record
from oa.domain.statistics import Overview

if TYPE_CHECKING:
    from rich.console import Group

    from oa.store.database import Database

DAYS = 30
BARS = "▁▂▃▄▅▆▇█"
COLUMN_WIDTH, NUMBER_WIDTH = 22, 7
"""Characters; two columns with what is around them fit into 80."""

AROUND_BARS = 46
"""Characters beside the bars of the last days."""

LANGUAGES_SHOWN = 4
"""By name."""


def stats(
    watch: Annotated[bool, typer.Option("--watch", help="Keep the figures on the screen, and up to date.")] = False,
    every: Annotated[float, typer.Option(min=0.5, help="With --watch: seconds between two looks.")] = 5.0,
    days: Annotated[int, typer.Option(min=1, max=365, help="How many days of activity to show.")] = DAYS,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Show messages, trees, open work, people, reports, and what was done on each of the last days."""
    if watch and as_json:
        raise typer.BadParameter("--watch is for people; a program asks again for --json")
    if watch and not sys.stdout.isatty():
        raise typer.BadParameter("--watch needs a terminal")
    with opened(data_dir, config_file) as database:
        if watch:
            _watch(database, every, days)
        elif sys.stdout.isatty() and not as_json:
            from rich.console import Console

            console = Console()
            console.print(picture(_look(database, days), console.width))
        else:
            print_record(_record(_look(database, days), as_json=as_json), as_json=as_json)


def _look(database: Database, days: int) -> Overview:
    from oa.hub import statistics

    return database.run(partial(statistics.overview, days=days))


def _watch(database: Database, every_s: float, days: int) -> None:
    from rich.live import Live

    with Live(screen=True, auto_refresh=False) as live:
        while True:
            live.update(picture(_look(database, days), live.console.width), refresh=True)
            time.sleep(every_s)


def _record(found: Overview, *, as_json: bool) -> dict[str, object]:
    if as_json:
        return asdict(found)
    return {
        **{name: value for name, value in _figures(found)},
        **{f"trees {state}": count for state, count in sorted(found.trees_by_state.items())},
        **{f"open {kind}": count for kind, count in sorted(found.open_work.items())},
        **{f"messages in {lang}": count for lang, count in found.system.active_by_lang.items()},
        **{name: ", ".join(map(str, counts)) for name, counts in _activity(found)},
    }


def _figures(found: Overview) -> list[tuple[str, int]]:
    return [
        ("messages", found.system.active),
        ("deleted", found.system.deleted),
        ("trees", found.system.message_trees),
        ("people", found.users),
        ("active this week", found.active_users),
        ("open reports", found.open_reports),
    ]


def _activity(found: Overview) -> list[tuple[str, list[int]]]:
    return [
        ("messages a day", [day.messages for day in found.activity]),
        ("labels a day", [day.labels for day in found.activity]),
        ("rankings a day", [day.rankings for day in found.activity]),
    ]


def sparkline(counts: Sequence[int]) -> str:
    """One bar for each count, the highest for the most; a count of nothing is a space."""
    most = max(counts, default=0)
    return "".join(BARS[(count * (len(BARS) - 1) + most // 2) // most] if count else " " for count in counts)


def _languages(found: Overview) -> list[tuple[str, int]]:
    """Those with the most messages, and all others together."""
    by_size = sorted(found.system.active_by_lang.items(), key=lambda item: -item[1])
    shown, others = by_size[:LANGUAGES_SHOWN], by_size[LANGUAGES_SHOWN:]
    return [*shown, (f"{len(others)} others", sum(count for _, count in others))] if others else shown


def picture(found: Overview, width: int) -> Group:
    """Two columns and what was done lately; even with every state and kind of work there is, 80x24 shows it all."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    def table(title: str, rows: Sequence[tuple[str, int]]) -> Table:
        made = Table(title=title, title_justify="left", box=None, show_header=False)
        made.add_column(min_width=COLUMN_WIDTH)
        made.add_column(justify="right", min_width=NUMBER_WIDTH)
        for name, count in rows:
            made.add_row(name.replace("_", " "), f"{count:,}")
        return made

    work = table("Open work", sorted(found.open_work.items()) or [("nothing", 0)])
    sides = Table.grid(padding=(0, 3))
    sides.add_row(
        Group(table("Community", _figures(found)), "", work),
        Group(table("Trees", sorted(found.trees_by_state.items())), "", table("Languages", _languages(found))),
    )
    shown = min(len(found.activity), max(1, width - AROUND_BARS))
    days = Table(title=f"The last {shown} days", title_justify="left", box=None, show_header=False)
    for name, counts in _activity(found):
        bars = Text(sparkline(counts[-shown:]), no_wrap=True)
        days.add_row(name, bars, f"today {counts[-1]:,}", f"most {max(counts[-shown:]):,}")
    return Group(sides, "", days)
