"""`oa announce`: what everybody is told for a while."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from oa.cli.opening import opened
from oa.cli.options import ConfigFile, DataDir, Json
from oa.cli.output import print_record, print_records
from oa.domain.announcements import Announcement

app = typer.Typer(no_args_is_help=True, help="Tell everybody something for a while.")


@app.command()
def add(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to tell.")],
    lang: Annotated[
        str | None, typer.Option("--lang", help="Whom it concerns, by the language they work in.", show_default="all")
    ] = None,
    from_date: Annotated[
        datetime | None, typer.Option("--from", help="From when on, by the clock of UTC.", show_default="at once")
    ] = None,
    until_date: Annotated[
        datetime | None, typer.Option("--until", help="Until when, by the clock of UTC.", show_default="until ended")
    ] = None,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Announce something."""
    from oa.hub import community, moderators

    wanted = community.NewAnnouncement(text=text, lang=lang, from_date=from_date, until_date=until_date)
    with opened(data_dir, config_file) as database:
        made = database.run(lambda tx: community.announce(tx, moderators.KEEPER, wanted))
    print_record(_described(made), as_json=as_json)


@app.command("list")
def list_announcements(
    everything: Annotated[bool, typer.Option("--all", help="Also what is over or to come.")] = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Print what is told now, latest first."""
    from oa.hub import community, moderators
    from oa.hub.transactions import Transaction

    def read(tx: Transaction) -> list[Announcement]:
        return community.all_announcements(tx, moderators.KEEPER) if everything else community.announcements(tx)

    with opened(data_dir, config_file) as database:
        found = database.run(read)
    print_records([_described(one) for one in found], ["id", "from", "until", "lang", "text"], as_json=as_json)


@app.command()
def end(
    announcement_id: Annotated[UUID, typer.Argument(metavar="ID", help="Which; `oa announce list` prints the ids.")],
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Tell it no longer."""
    from oa.hub import community, moderators

    with opened(data_dir, config_file) as database:
        database.run(lambda tx: community.end_announcement(tx, moderators.KEEPER, announcement_id))
    print_record({"ended": announcement_id}, as_json=as_json)


def _described(one: Announcement) -> dict[str, object]:
    return {"id": one.id, "text": one.text, "lang": one.lang, "from": one.from_date, "until": one.until_date}
