"""`oa token`: the access tokens of people."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from oa.cli.opening import opened
from oa.cli.options import ConfigFile, DataDir, Json
from oa.cli.output import print_record, print_records
from oa.domain.people import AccessToken, TokenScope

app = typer.Typer(no_args_is_help=True, help="Make and revoke access tokens for people.")

Owner = Annotated[str, typer.Argument(metavar="NAME", help="Whose: the name they sign in with, or their id.")]


@app.command()
def add(
    owner: Owner,
    name: Annotated[str, typer.Option("--name", help="What it is for, to tell it from others.")] = "oa token add",
    scope: Annotated[
        TokenScope,
        typer.Option(
            help="How far it reaches: read sees what a volunteer sees, collect also does their work, all is everything"
            " that the owner's role allows."
        ),
    ] = TokenScope.ALL,
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="How long it holds.", show_default="until it is revoked")
    ] = None,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Make a token for somebody and print it; it is shown this once."""
    from oa.hub import accounts, keys
    from oa.store.database import Transaction

    lifetime = None if days is None else timedelta(days=days)
    wanted = keys.NewToken(name, (scope,), lifetime)

    def use_case(tx: Transaction) -> keys.IssuedToken:
        return keys.issue_token(tx, accounts.find_account(tx, owner).user, wanted)

    with opened(data_dir, config_file) as database:
        issued = database.run(use_case)
        print_record({"id": issued.token.id, "token": issued.secret}, as_json=as_json)


@app.command("list")
def list_tokens(owner: Owner, data_dir: DataDir = None, config_file: ConfigFile = None, as_json: Json = False) -> None:
    """List somebody's tokens and how they begin."""
    from oa.hub import accounts, keys

    with opened(data_dir, config_file) as database:
        found = database.run(lambda tx: keys.tokens_of(tx, accounts.find_account(tx, owner).user))
        columns = ["name", "begins", "scopes", "created", "expires", "last_used", "id"]
        print_records([_record(token) for token in found], columns, as_json=as_json)


@app.command()
def revoke(
    owner: Owner,
    which: Annotated[str, typer.Argument(metavar="TOKEN", help="The token's name or id, or how it begins.")],
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Make a token worthless at once."""
    from oa.hub import accounts, keys

    with opened(data_dir, config_file) as database:
        revoked = database.run(lambda tx: keys.revoke_token(tx, accounts.find_account(tx, owner).user, which))
        print_record(_record(revoked), as_json=as_json)


def _record(token: AccessToken) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "begins": token.hint,
        "scopes": token.scopes,
        "created": token.created_date,
        "expires": token.expiry_date,
        "last_used": token.last_used_date,
    }
