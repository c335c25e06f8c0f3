"""`oa users`: who signs in here."""

from __future__ import annotations

import getpass
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import msgspec
import typer

from oa.cli.opening import opened
from oa.cli.options import ConfigFile, DataDir, Json
from oa.cli.output import print_note, print_record, print_records
from oa.domain.campaign import LeftMessages
from oa.domain.people import HUB_CLIENT_ID, IMPORT_CLIENT_ID, Account, AccountRole, User

if TYPE_CHECKING:
    from oa.store.database import Database, Transaction

app = typer.Typer(no_args_is_help=True, help="Add people, give them roles, shut them out, invite them, let them leave.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name somebody signs in with, or their id.")]
AnyUser = Annotated[str, typer.Argument(metavar="NAME", help="The name somebody signs in with, or the id of any user.")]
PasswordStdin = Annotated[
    bool,
    typer.Option(
        "--password-stdin", help="Read the password from standard input: one line, or typed unseen on a terminal."
    ),
]


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name to sign in with; capitals are only for show.")],
    role: Annotated[AccountRole, typer.Option(help="What they may do.")] = AccountRole.VOLUNTEER,
    password_stdin: PasswordStdin = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Add somebody and print an access token for them; it is shown this once.

    Without a password they use tokens alone.
    """
    from oa.hub import accounts, keys, passwords

    password_hash = passwords.hash_password(_read_password()) if password_stdin else None

    def use_case(tx: Transaction) -> dict[str, object]:
        account = accounts.create_account(tx, accounts.NewAccount(name, role, password_hash))
        issued = keys.issue_token(tx, account.user, keys.NewToken("oa users add"))
        return {"id": account.user.id, "token": issued.secret}

    with opened(data_dir, config_file) as database:
        print_record(database.run(use_case), as_json=as_json)


@app.command("list")
def list_users(
    everybody: Annotated[bool, typer.Option("--all", help="Also the users whom programs brought.")] = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """List who signs in here."""
    from oa.hub import accounts

    with opened(data_dir, config_file) as database:
        if everybody:
            columns = ["name", "display_name", "auth_method", "program", "role", "enabled", "last_active", "id"]
            print_records(database.run(_everybody), columns, as_json=as_json)
        else:
            columns = ["name", "display_name", "role", "enabled", "has_password", "joined", "last_active", "id"]
            rows = [_record(account) for account in database.run(accounts.all_accounts)]
            print_records(rows, columns, as_json=as_json)


@app.command()
def role(
    name: Name,
    role: Annotated[AccountRole, typer.Argument(help="What they may do from now on.")],
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Give somebody a role."""
    from oa.hub import accounts

    with opened(data_dir, config_file) as database:
        print_record(_record(database.run(lambda tx: accounts.set_role(tx, name, role))), as_json=as_json)


@app.command()
def disable(name: AnyUser, data_dir: DataDir = None, config_file: ConfigFile = None, as_json: Json = False) -> None:
    """Shut somebody out at once; what they did stays. `oa users list --all` shows the ids of programs' users."""
    from oa.hub import accounts

    with opened(data_dir, config_file) as database:
        print_record(_user(database.run(lambda tx: accounts.set_enabled(tx, name, False))), as_json=as_json)


@app.command()
def enable(name: AnyUser, data_dir: DataDir = None, config_file: ConfigFile = None, as_json: Json = False) -> None:
    """Let somebody in again; their password and tokens hold as before."""
    from oa.hub import accounts

    with opened(data_dir, config_file) as database:
        print_record(_user(database.run(lambda tx: accounts.set_enabled(tx, name, True))), as_json=as_json)


@app.command()
def password(
    name: Name,
    password_stdin: PasswordStdin = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
) -> None:
    """Give somebody a new password; their tokens hold as before."""
    if not password_stdin and not sys.stdin.isatty():
        raise typer.BadParameter("there is no terminal to type it on; send the password with --password-stdin")
    from oa.hub import accounts, passwords

    with opened(data_dir, config_file) as database:
        database.run(lambda tx: accounts.find_account(tx, name))  # before the typing
        password_hash = passwords.hash_password(_read_password())
        database.run(lambda tx: accounts.set_password(tx, name, password_hash))
        print_note(f"{name} has a new password")


@app.command()
def invite(
    role: Annotated[AccountRole, typer.Option(help="What those may do who use it.")] = AccountRole.VOLUNTEER,
    uses: Annotated[int, typer.Option(min=1, help="How many people may use it.")] = 1,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it holds.")] = 7,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Print a code with which people make their own accounts; it is shown this once."""
    from oa.hub import accounts

    with opened(data_dir, config_file) as database:
        code = database.run(lambda tx: accounts.invite(tx, role=role, uses=uses, lifetime=timedelta(days=days)))
        print_record({"code": code}, as_json=as_json)


@app.command()
def show(name: AnyUser, data_dir: DataDir = None, config_file: ConfigFile = None, as_json: Json = False) -> None:
    """Print who somebody is: what they know of themselves, and what is noted about them."""
    from oa.hub import accounts, oneself

    with opened(data_dir, config_file) as database:
        found = database.run(lambda tx: oneself.profile_of(tx, accounts.any_user(tx, name)))
    shown = _user(found.user) | {
        "auth_method": found.user.auth_method,
        "role": found.role,
        "has_password": found.has_password,
        "deleted": found.user.deleted,
        "show_on_leaderboard": found.user.show_on_leaderboard,
        "languages": found.langs,
        "terms_accepted": [one.version for one in found.accepted],
        "notes": found.user.notes,
    }
    print_record(shown, as_json=as_json)


@app.command()
def export(
    name: AnyUser,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", dir_okay=False, allow_dash=True, help="Where to; - is stdout."),
    ],
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Write everything that the hub knows about somebody into one JSON file."""
    from oa.hub import accounts

    with opened(data_dir, config_file) as database:
        user = database.run(lambda tx: accounts.any_user(tx, name))
        if str(output) == "-":
            _write_export(database, user, sys.stdout.buffer)
            return
        with open(output, "wb", opener=_only_for_oneself) as file:
            rows = _write_export(database, user, file)
    print_record({"file": output, "rows": rows}, as_json=as_json)


@app.command()
def delete(
    name: AnyUser,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    messages: Annotated[
        LeftMessages | None,
        typer.Option(help="What becomes of what they wrote.", show_default="what the campaign says"),
    ] = None,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Delete somebody's account for good: nothing in the database says any more who they were."""
    from oa.hub import accounts, leaving, moderators

    with opened(data_dir, config_file) as database:
        user = database.run(lambda tx: accounts.any_user(tx, name))
        if not yes and not typer.confirm(f"Delete {user.display_name} ({user.id}) for good?", err=True):
            raise typer.Abort
        keeper = moderators.Moderator(moderators.KEEPER)
        gone = database.run(lambda tx: leaving.remove_user(tx, keeper, user.id, messages))
        if not database.empty_log_now():
            print_note("somebody is reading: the hub erases the last traces within the hour")
    print_record({"id": gone.user_id, "messages": gone.left, "written": gone.messages}, as_json=as_json)


def _write_export(database: Database, user: User, file: BinaryIO) -> int:
    """Write the document part by part; how many rows it has."""
    from oa.hub import oneself

    count = 0
    for at, section in enumerate(oneself.SECTIONS):
        file.write(b"%s%s:[" % (b"]," if at else b"{", msgspec.json.encode(section)))
        part: oneself.ExportPart | None = oneself.ExportPart(section)
        is_first = True
        while part is not None:
            rows, part = database.run(lambda tx, here=part: oneself.export_part(tx, user.id, here))
            for row in rows:
                file.write((b"" if is_first else b",") + msgspec.json.encode(row))
                is_first = False
            count += len(rows)
    file.write(b"]}\n")
    return count


def _only_for_oneself(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _read_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().removesuffix("\n").removesuffix("\r")
    typed = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != typed:
        raise typer.BadParameter("the two passwords differ")
    return typed


def _everybody(tx: Transaction) -> list[dict[str, object]]:
    from oa.hub import accounts, keys
    from oa.store import people

    by_id = {account.user.id: account for account in accounts.all_accounts(tx)}
    programs = {key.client.id: key.client.description for key in keys.keys(tx)}
    programs |= {HUB_CLIENT_ID: "hub", IMPORT_CLIENT_ID: "import"}
    return [
        _user(user)
        | {
            "auth_method": user.auth_method,
            "program": programs.get(user.api_client_id),
            "role": by_id[user.id].role if user.id in by_id else None,
        }
        for user in people.everybody(tx)
    ]


def _user(user: User) -> dict[str, object]:
    return {
        "id": user.id,
        "name": user.username,
        "display_name": user.display_name,
        "enabled": user.enabled and not user.deleted,
        "joined": user.created_date,
        "last_active": user.last_activity_date,
    }


def _record(account: Account) -> dict[str, object]:
    return _user(account.user) | {"role": account.role, "has_password": account.password_hash is not None}
