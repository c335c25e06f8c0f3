"""`oa moderate …`: every act of moderation, by whoever has the hub's machine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple
from uuid import UUID

import typer

from oa.cli.opening import opened
from oa.cli.options import ConfigFile, DataDir, Json
from oa.cli.output import print_note, print_record, print_records
from oa.domain.moderation import Outcome

if TYPE_CHECKING:
    from oa.domain.moderation import Effect
    from oa.hub.moderators import Moderator
    from oa.hub.purging import Purged
    from oa.store.database import Transaction

MessageId = Annotated[UUID, typer.Argument(metavar="MESSAGE", help="The id of a message.")]
AnyUser = Annotated[str, typer.Argument(metavar="USER", help="The id of any user, or a name somebody signs in with.")]
Preview = Annotated[bool, typer.Option("--preview", "--dry-run", help="Say what would happen, and let nothing happen.")]
Why = Annotated[str | None, typer.Option(metavar="TEXT", help="The reason, for the journal.")]
Sure = Annotated[bool, typer.Option("--yes", help="Do not ask whether you are sure.")]


class Hub(NamedTuple):
    """Which hub, and how to tell what came of it."""

    data_dir: Path | None
    config_file: Path | None
    as_json: bool
    preview: bool = False
    why: str | None = None


def halt(
    message: MessageId,
    why: Why = None,
    preview: Preview = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Stop all work on the tree of a message."""
    from oa.hub import halting

    act = Hub(data_dir, config_file, as_json, preview, why)
    _carry_out(act, lambda tx, moderator: halting.halt(tx, moderator, message))


def resume(
    message: MessageId,
    why: Why = None,
    preview: Preview = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Let the tree of a message go on."""
    from oa.hub import halting

    act = Hub(data_dir, config_file, as_json, preview, why)
    _carry_out(act, lambda tx, moderator: halting.resume(tx, moderator, message))


def delete(
    message: MessageId,
    why: Why = None,
    preview: Preview = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Hide a message with everything under it."""
    from oa.hub import editing

    act = Hub(data_dir, config_file, as_json, preview, why)
    _carry_out(act, lambda tx, moderator: editing.delete(tx, moderator, message))


def restore(
    message: MessageId,
    descendants: Annotated[bool, typer.Option("--descendants", help="Also what was deleted with it.")] = False,
    why: Why = None,
    preview: Preview = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Show a deleted message again, with those above it."""
    from oa.hub import editing

    act = Hub(data_dir, config_file, as_json, preview, why)
    _carry_out(act, lambda tx, moderator: editing.restore(tx, moderator, message, descendants=descendants))


def edit(
    message: MessageId,
    text: Annotated[str | None, typer.Argument(help="The new text; read from standard input without it.")] = None,
    why: Why = None,
    preview: Preview = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Give a message another text; the earlier ones stay in its history."""
    from oa.hub import editing

    wanted = typer.get_text_stream("stdin").read().strip() if text is None else text
    act = Hub(data_dir, config_file, as_json, preview, why)
    _carry_out(act, lambda tx, moderator: editing.edit(tx, moderator, message, wanted))


def stop(
    user: AnyUser,
    why: Why = None,
    preview: Preview = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Shut somebody out for now; what they did stays."""
    from oa.hub import accounts, banning

    act = Hub(data_dir, config_file, as_json, preview, why)
    _carry_out(act, lambda tx, moderator: banning.stop(tx, moderator, accounts.any_user(tx, user).id))


def enable(
    user: AnyUser,
    why: Why = None,
    preview: Preview = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Let somebody in again who was stopped or banned."""
    from oa.hub import accounts, banning

    act = Hub(data_dir, config_file, as_json, preview, why)
    _carry_out(act, lambda tx, moderator: banning.enable(tx, moderator, accounts.any_user(tx, user).id))


def ban(
    user: AnyUser,
    why: Why = None,
    preview: Preview = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Shut somebody out for good; what they did stays (`purge` removes it)."""
    from oa.hub import accounts, banning

    act = Hub(data_dir, config_file, as_json, preview, why)
    _carry_out(act, lambda tx, moderator: banning.ban(tx, moderator, accounts.any_user(tx, user).id))


def purge(
    user: AnyUser,
    messages_only: Annotated[bool, typer.Option("--messages", help="Nothing but messages, and no ban.")] = False,
    prompts: Annotated[bool, typer.Option(help="With --messages: prompts and their trees, too.")] = False,
    since: Annotated[datetime | None, typer.Option(help="With --messages: not before this date (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option(help="With --messages: not after this date (UTC).")] = None,
    may_stay: Annotated[bool, typer.Option("--no-ban", help="Do not shut them out.")] = False,
    why: Why = None,
    preview: Preview = False,
    sure: Sure = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Remove for good what somebody wrote, with all replies to it, and ban them. It cannot be undone."""
    from oa.domain.paging import in_utc
    from oa.hub import accounts, purging

    if (prompts or since or until) and not messages_only:
        raise typer.BadParameter("--prompts, --since and --until go with --messages")

    def act(tx: Transaction, moderator: Moderator) -> Purged:
        user_id = accounts.any_user(tx, user).id
        if not messages_only:
            return purging.purge_user(tx, moderator, user_id, ban=not may_stay)
        wanted = purging.Wanted(prompts=prompts, min_date=since and in_utc(since), max_date=until and in_utc(until))
        return purging.purge_messages(tx, moderator, user_id, wanted)

    _finally(Hub(data_dir, config_file, as_json, preview, why), act, sure=sure)


def merge(
    destination: Annotated[str, typer.Argument(metavar="DESTINATION", help="Who stays: an id, or a name.")],
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Who are the same person.")],
    why: Why = None,
    preview: Preview = False,
    sure: Sure = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Give everything that some users did to another, and remove them. It cannot be undone."""
    from oa.hub import accounts, merging

    def act(tx: Transaction, moderator: Moderator) -> Effect:
        found = [accounts.any_user(tx, source).id for source in sources]
        return merging.merge(tx, moderator, accounts.any_user(tx, destination).id, found)

    _finally(Hub(data_dir, config_file, as_json, preview, why), act, sure=sure)


def undo(
    entry: Annotated[int, typer.Argument(metavar="ID", help="The number of an entry of `oa journal`.")],
    why: Why = None,
    preview: Preview = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Take an act of moderation back; purges and merges cannot be."""
    from oa.hub import undoing

    act = Hub(data_dir, config_file, as_json, preview, why)
    _carry_out(act, lambda tx, moderator: undoing.undo(tx, moderator, entry))


def reports(
    message: Annotated[UUID | None, typer.Argument(metavar="[MESSAGE]", help="Process the reports about it.")] = None,
    outcome: Annotated[Outcome | None, typer.Option(help="What came of them.")] = None,
    note: Annotated[str | None, typer.Option(help="A note about it.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that were processed.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 100,
    preview: Preview = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """List the reports that wait, the oldest first; or, with a message, say what came of those about it."""
    from oa.hub import moderators
    from oa.hub import reports as queue

    if message is None and (outcome or note):
        raise typer.BadParameter("--outcome and --note need the MESSAGE whose reports they are about")
    with opened(data_dir, config_file) as database:
        if message is not None:
            keeper = moderators.Moderator(moderators.KEEPER)
            done = database.run(
                lambda tx: moderators.rehearse(
                    tx, lambda tx: queue.process(tx, keeper, message, outcome, note), preview=preview
                )
            )
            print_record(_report(done), as_json=as_json)
            return
        wanted = None if everything else False
        found = database.run(lambda tx: queue.queue(tx, moderators.KEEPER, limit, processed=wanted))
        columns = ["message", "reported", "by", "words", "labels", "warnings", "outcome"]
        print_records([_report(one) for one in found], columns, as_json=as_json)


def _report(one: Any) -> dict[str, object]:
    return {
        "message": str(one.message_id),
        "reported": one.created_date,
        "by": [report.username for report in one.reports],
        "words": [report.text for report in one.reports if report.text],
        "labels": sorted({label for report in one.reports for label, value in report.labels.items() if value}),
        "warnings": [warning.what for warning in one.warnings],
        "processed": one.processed,
        "outcome": one.outcome,
        "note": one.note,
    }


def _carry_out(hub: Hub, act: Callable[[Transaction, Moderator], Effect]) -> None:
    effect = _run(hub, act)
    if not effect.changed:
        print_note("nothing to do: it is so already")
    elif hub.preview:
        print_note("this is what would happen; nothing has been changed")
    for warning in effect.warnings:
        print_note(f"look at the new text once more: it has {warning.what}")
    print_record(_shown(effect), as_json=hub.as_json)


def _finally(hub: Hub, act: Callable[[Transaction, Moderator], Any], *, sure: bool) -> None:
    """Carry out what cannot be undone, after a question."""
    tried = _run(hub._replace(preview=True), act)
    if hub.preview:
        print_note("this is what would happen; nothing has been changed")
        print_record(_shown(tried), as_json=hub.as_json)
        return
    if not sure:
        print_record(_shown(tried), as_json=False)
        typer.confirm("This cannot be undone. Do it?", abort=True, err=True)
    print_record(_shown(_run(hub, act)), as_json=hub.as_json)


def _run(hub: Hub, act: Callable[[Transaction, Moderator], Any]) -> Any:
    from oa.hub import moderators

    keeper = moderators.Moderator(moderators.KEEPER, None, hub.why)
    with opened(hub.data_dir, hub.config_file) as database:
        return database.run(lambda tx: moderators.rehearse(tx, lambda tx: act(tx, keeper), preview=hub.preview))


def _shown(effect: Any) -> dict[str, object]:
    from dataclasses import asdict

    shown = {name: value for name, value in asdict(effect).items() if value is not None}
    for name in ("messages", "users"):
        if isinstance(shown.get(name), tuple):
            shown[name] = [str(one) for one in shown[name]]
    return {name: str(value) if isinstance(value, UUID) else value for name, value in shown.items()}
