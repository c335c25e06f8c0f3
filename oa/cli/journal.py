"""`oa journal`: what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import msgspec
import typer

from oa.cli.opening import opened
from oa.cli.options import ConfigFile, DataDir, Json
from oa.cli.output import print_records
from oa.domain.moderation import Act, Event, EventFilter

if TYPE_CHECKING:
    from oa.store.database import Transaction


def journal(
    acts: Annotated[bool, typer.Option("--acts", help="Only what moderators did.")] = False,
    kind: Annotated[list[str] | None, typer.Option("--type", help="Only events of this type; may be repeated.")] = None,
    user: Annotated[UUID | None, typer.Option(help="Only what this user did.")] = None,
    message: Annotated[UUID | None, typer.Option(help="Only what is about this message.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many events at most.")] = 50,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """List what happened, the latest first; `oa moderate undo ID` takes acts of moderation back."""
    from oa.hub import moderators, undoing

    types = (*(kind or ()), *(map(str, Act) if acts else ()))
    wanted = EventFilter(event_types=types, user_id=user, message_id=message)

    def read(tx: Transaction) -> list[Event]:
        return undoing.events(tx, moderators.KEEPER, wanted, limit)

    with opened(data_dir, config_file) as database:
        records = [_record(event, as_json=as_json) for event in database.run(read)]
    print_records(records, ["id", "date", "event", "by", "about", "why", "details"], as_json=as_json)


def _record(event: Event, *, as_json: bool) -> dict[str, object]:
    facts = {name: value for name, value in event.facts.items() if name != "why" and value not in ({}, [], None)}
    return {
        "id": event.id,
        "date": event.date,
        "event": event.kind,
        "by": None if event.user_id is None else str(event.user_id),
        "about": None if event.message_id is None else str(event.message_id),
        "why": event.facts.get("why"),
        "undoes": event.undoes,
        "details": facts if as_json else msgspec.json.encode(facts).decode(),
    }
