"""`oa standing`: who has earned what, and proof that it was counted right."""

from __future__ import annotations

from typing import Annotated

import typer

from oa.cli.opening import opened
from oa.cli.options import ConfigFile, DataDir, Json
from oa.cli.output import print_note, print_record, print_records
from oa.domain.boards import Standing
from oa.domain.people import AccountRole, Caller
from oa.domain.standing import LEADER_COUNTERS, TROLL_POINTS, TimeFrame, level

app = typer.Typer(no_args_is_help=True, help="Look at the leaderboards, and count them anew.")


@app.command()
def show(
    frame: Annotated[TimeFrame, typer.Argument(metavar="[FRAME]", help="day, week, month or total.")] = TimeFrame.TOTAL,
    trolls: Annotated[bool, typer.Option("--trolls", help="Whose messages others object to most, instead.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many people at most.")] = 20,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Print the leaderboard, best first, or the trollboard, worst first."""
    from oa.hub import access, boards, standing
    from oa.hub.transactions import Transaction

    caller = Caller(access.HUB, role=AccountRole.ADMIN)

    def read(tx: Transaction) -> list[dict[str, object]]:
        standing.roll(tx)
        if trolls:
            board = boards.trollboard(tx, caller, None, frame, limit, enabled=None)
            return [_troll(place) for place in board.places]
        return [_leader(place) for place in boards.leaderboard(tx, caller, None, frame, limit).places]

    columns = ["rank", "name", "score", *(["enabled"] if trolls else ["level", "streak_days"])]
    with opened(data_dir, config_file) as database:
        print_records(database.run(read), columns, as_json=as_json)


@app.command()
def recount(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; say what a recount would change.")] = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Count everything anew from what people wrote, reviewed and ranked.

    It is never needed: what is kept follows every change. With --check, what differs is printed, and the exit code is 1
    if anything does.
    """
    from oa.hub import standing

    with opened(data_dir, config_file) as database:
        differences = database.run(standing.check)
        if differences and not check:
            database.run(standing.recount)
    print_record({"differences": len(differences), "mended": bool(differences) and not check}, as_json=as_json)
    for difference in differences:
        print_note(difference)
    if differences and check:
        raise typer.Exit(1)


def _leader(place: Standing) -> dict[str, object]:
    counters = {name: place.counters.get(name, 0) for name in LEADER_COUNTERS}
    return _person(place) | {"level": level(place.score).number, "streak_days": place.streak_days, **counters}


def _troll(place: Standing) -> dict[str, object]:
    counters = {name: place.counters.get(name, 0) for name in (*TROLL_POINTS, "spam")}
    return _person(place) | {"enabled": place.user.enabled, **counters}


def _person(place: Standing) -> dict[str, object]:
    user = place.user
    return {
        "rank": place.rank,
        "name": user.display_name,
        "user": f"{user.auth_method}:{user.username}",
        "user_id": user.id,
        "score": place.score,
    }
