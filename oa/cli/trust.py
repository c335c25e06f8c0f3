"""`oa moderate signs` and `oa moderate agreement`: whom to trust."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from oa.cli.opening import opened
from oa.cli.options import ConfigFile, DataDir, Json
from oa.cli.output import print_record, print_records
from oa.domain.signs import KnownSign, SignFilter, SignKind, SignStatus, explain

if TYPE_CHECKING:
    from oa.domain.agreement import Agreement
    from oa.store.database import Database, Transaction


def signs(
    status: Annotated[SignStatus, typer.Option(help="Which of them.")] = SignStatus.OPEN,
    kind: Annotated[SignKind | None, typer.Option(help="Only those of one kind.")] = None,
    look: Annotated[bool, typer.Option("--look", help="Look at everybody now; the hub does so every hour.")] = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """List what looks like abuse, the newest first. It is for a human to judge: nothing follows from it by itself."""
    wanted = SignFilter(status=status, kind=kind)
    with opened(data_dir, config_file) as database:
        rows = asyncio.run(_signs(database, wanted, look=look))
    print_records(rows, ["name", "other", "kind", "since", "sentence", "id"], as_json=as_json)


def agreement(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The name somebody signs in with, or the id of any user.")
    ],
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Show how far somebody agrees with the others, in the last 30 days."""
    from oa.hub import trust

    with opened(data_dir, config_file) as database:
        found = database.run(lambda tx: trust.agreement_by_name(tx, name))
    if as_json:
        print_record(_whole(found), as_json=True)
    else:
        columns = ["kind", "lang", "of", "compared", "agreeing", "distance", "alpha", "tau"]
        print_records([*_rows(found), _summary(found)], columns, as_json=False)


async def _signs(database: Database, wanted: SignFilter, *, look: bool) -> list[dict[str, object]]:
    from oa.hub import trust

    try:
        if look:
            await trust.look_for_signs(database)
        return await database.read(lambda tx: _named(tx, trust.all_signs(tx, wanted)))
    finally:
        await database.close()  # here, since its readers belong to this event loop


def _named(tx: Transaction, found: list[KnownSign]) -> list[dict[str, object]]:
    from oa.store import people

    names = {user.id: user.username for user in people.everybody(tx)}

    def name(user_id: UUID | None) -> str | None:
        return None if user_id is None else names.get(user_id)

    return [
        {
            "id": sign.id,
            "kind": sign.kind,
            "user_id": sign.user_id,
            "name": name(sign.user_id),
            "other_user_id": sign.other_user_id,
            "other": name(sign.other_user_id),
            "sentence": explain(sign.kind, sign.evidence),
            "evidence": dict(sign.evidence),
            "since": sign.since,
            "created_date": sign.created_date,
            "status": sign.status,
            "decided_by": name(sign.decided_by),
            "decided_date": sign.decided_date,
            "note": sign.note,
        }
        for sign in found
    ]


def _whole(found: Agreement) -> dict[str, object]:
    return {
        "user_id": found.user_id,
        "since": found.since,
        "reviews": found.reviews,
        "rankings": found.rankings,
        "alpha": found.alpha,
        "tau": found.tau,
        "impression": found.impression,
        "details": _rows(found),
    }


def _rows(found: Agreement) -> list[dict[str, object]]:
    labels: list[dict[str, object]] = [
        {
            "kind": row.kind,
            "lang": row.lang,
            "of": row.label,
            "compared": row.compared,
            "agreeing": _short(row.agreeing),
            "distance": _short(row.distance),
            "alpha": _short(row.alpha),
            "tau": None,
        }
        for row in found.by_label
    ]
    return labels + [
        {
            "kind": row.kind,
            "lang": row.lang,
            "of": "ranking",
            "compared": row.compared,
            "agreeing": None,
            "distance": None,
            "alpha": _short(row.alpha),
            "tau": _short(row.tau),
        }
        for row in found.by_ranking
    ]


def _summary(found: Agreement) -> dict[str, object]:
    return {
        "kind": "all",
        "of": found.impression,
        "compared": found.reviews + found.rankings,
        "alpha": _short(found.alpha),
        "tau": _short(found.tau),
    }


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
