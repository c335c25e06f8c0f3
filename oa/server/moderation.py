"""/api/v1/moderation, and what moderators do under /api/v1/messages and /api/v1/admin."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, delete, get, post, put
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from oa.domain import moderation
from oa.domain.moderation import EventFilter, Outcome
from oa.domain.paging import PageRequest, date_place, in_utc
from oa.domain.people import Caller, Identity
from oa.errors import Invalid
from oa.hub import banning, editing, halting, merging, moderators, purging, reports, undoing
from oa.hub.moderators import Moderator
from oa.hub.purging import Purged, Wanted
from oa.hub.transactions import Transaction
from oa.protocol.moderation import (
    Effect,
    FlaggedMessagePage,
    FlaggedMessageResponse,
    JournalEvent,
    MergeUsersRequest,
    MessageEditRequest,
    MessageRevision,
    PurgeResultModel,
)
from oa.protocol.stats import SystemStats
from oa.server.auth import Call, named

Why = Annotated[str | None, QueryParameter(max_length=1000, description="the reason, for the journal")]
Preview = Annotated[bool, QueryParameter(description="say what would happen, and let nothing happen")]
Count = Annotated[int, QueryParameter(gt=0, le=1000)]
OneAct = Callable[[Transaction, Moderator], moderation.Effect]


async def carry_out(
    call: Call, act: OneAct, *, why: str | None = None, preview: bool = False, who: Identity | None = None
) -> Effect:
    """Carry out an act of moderation for whoever calls, or try it."""
    who = who or call.reader

    def run(tx: Transaction, caller: Caller) -> moderation.Effect:
        moderator = Moderator(caller, who, why)
        return moderators.rehearse(tx, lambda tx: act(tx, moderator), preview=preview)

    return Effect.of(await call.write(run), preview=preview)


class MessageModerationController(Controller):
    """What moderators do to one message."""

    path = "/messages"
    tags = ("messages",)

    @delete("/{message_id:str}", status_code=204)
    async def mark_message_deleted(
        self, call: NamedDependency[Call], message_id: FromPath[UUID], why: Why = None
    ) -> None:
        """Hide this message with everything under it. For trusted programs and moderators."""
        await carry_out(call, lambda tx, moderator: editing.delete(tx, moderator, message_id), why=why)

    @put("/{message_id:str}/undelete", status_code=202)
    async def undelete_message(
        self,
        call: NamedDependency[Call],
        message_id: FromPath[UUID],
        descendants: FromQuery[bool] = False,
        why: Why = None,
    ) -> Effect:
        """Show this message again, with those above it and, if asked, what was deleted together with it.

        For trusted programs and moderators.
        """
        return await carry_out(
            call,
            lambda tx, moderator: editing.restore(tx, moderator, message_id, descendants=descendants),
            why=why,
        )

    @post("/{message_id:str}/edit", status_code=200)
    async def edit_message(
        self,
        call: NamedDependency[Call],
        message_id: FromPath[UUID],
        data: JSONBody[MessageEditRequest],
        preview: Preview = False,
    ) -> None:
        """Give this message another text. For trusted programs and moderators; a preview only checks."""
        await carry_out(
            call,
            lambda tx, moderator: editing.edit(tx, moderator, message_id, data.new_content),
            why=data.why,
            preview=preview,
            who=named(data.user),
        )

    @get("/{message_id:str}/history")
    async def get_revision_history(
        self, call: NamedDependency[Call], message_id: FromPath[UUID]
    ) -> list[MessageRevision]:
        """Every text that this message has had, oldest first; none if it was never edited.

        For trusted programs and moderators.
        """
        message, texts = await call.read(lambda tx, caller: editing.history(tx, caller, message_id))
        return [MessageRevision.of(text, message) for text in texts]


async def queue_page(
    before: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    max_count: Count = 10,
    desc: FromQuery[bool] = False,
) -> PageRequest[datetime]:
    """A page of the moderators' queue."""
    return PageRequest(max_count, date_place(before), date_place(after), desc)


class ModerationAdminController(Controller):
    """Reports, purges and merges, at Open-Assistant's addresses. For trusted programs and moderators."""

    path = "/admin"
    tags = ("admin",)
    dependencies = {"page": Provide(queue_page)}  # noqa: RUF012  # the framework declares it so

    @get("/flagged_messages")
    async def get_flagged_messages(
        self, call: NamedDependency[Call], max_count: Count, processed: FromQuery[bool | None] = None
    ) -> list[FlaggedMessageResponse]:
        """Reported messages, the one that has waited longest first, with who reported them and why."""
        found = await call.read(lambda tx, caller: reports.queue(tx, caller, max_count, processed=processed))
        return [FlaggedMessageResponse.of(one) for one in found]

    @get("/flagged_messages/cursor")
    async def get_flagged_messages_cursor(
        self,
        call: NamedDependency[Call],
        page: NamedDependency[PageRequest[datetime]],
        processed: FromQuery[bool | None] = None,
    ) -> FlaggedMessagePage:
        """The same page by page: send `next` back as `after`, or `prev` as `before`."""
        found = await call.read(lambda tx, caller: reports.queue_page(tx, caller, page, processed=processed))
        return FlaggedMessagePage.of(found)

    @post("/flagged_messages/{message_id:str}/processed", status_code=200)
    async def process_flagged_messages(
        self,
        call: NamedDependency[Call],
        message_id: FromPath[UUID],
        outcome: FromQuery[Outcome | None] = None,
        note: Annotated[str | None, QueryParameter(max_length=1000)] = None,
        preview: Preview = False,
    ) -> FlaggedMessageResponse:
        """Say that the reports about this message were dealt with, and what came of them."""
        who = call.reader

        def run(tx: Transaction, caller: Caller) -> moderation.Flagged:
            moderator = Moderator(caller, who)
            return moderators.rehearse(
                tx, lambda tx: reports.process(tx, moderator, message_id, outcome, note), preview=preview
            )

        return FlaggedMessageResponse.of(await call.write(run))

    @post("/purge_user/{user_id:str}", status_code=200)
    async def purge_user(
        self,
        call: NamedDependency[Call],
        user_id: FromPath[UUID],
        preview: Preview = True,
        ban: FromQuery[bool] = True,
        why: Why = None,
    ) -> PurgeResultModel:
        """Remove for good what this user wrote, with all replies to it, and their ballots, reactions and tasks."""

        def purge(tx: Transaction, moderator: Moderator) -> Purged:
            return purging.purge_user(tx, moderator, user_id, ban=ban)

        return await _purge(call, purge, why=why, preview=preview)

    @post("/purge_user/{user_id:str}/messages", status_code=200)
    async def purge_user_messages(
        self,
        call: NamedDependency[Call],
        user_id: FromPath[UUID],
        purge_initial_prompts: FromQuery[bool] = False,
        min_date: FromQuery[datetime | None] = None,
        max_date: FromQuery[datetime | None] = None,
        preview: Preview = True,
        why: Why = None,
    ) -> PurgeResultModel:
        """Remove for good what this user wrote between two dates, with all replies to it."""
        wanted = Wanted(prompts=purge_initial_prompts, min_date=_moment(min_date), max_date=_moment(max_date))

        def purge(tx: Transaction, moderator: Moderator) -> Purged:
            return purging.purge_messages(tx, moderator, user_id, wanted)

        return await _purge(call, purge, why=why, preview=preview)

    @post("/merge_users", status_code=204)
    async def merge_users(self, call: NamedDependency[Call], data: JSONBody[MergeUsersRequest]) -> None:
        """Give everything that some users did to another, and remove them. It cannot be undone."""
        await carry_out(call, _merger(data), why=data.why)


def _merger(data: MergeUsersRequest) -> OneAct:
    return lambda tx, moderator: merging.merge(tx, moderator, data.destination_user_id, data.source_user_ids)


def _moment(date: datetime | None) -> datetime | None:
    try:
        return None if date is None else in_utc(date)
    except ValueError as error:
        raise Invalid("min_date and max_date lie between the years 1 and 9999") from error


async def _purge(
    call: Call, purge: Callable[[Transaction, Moderator], Purged], *, why: str | None, preview: bool
) -> PurgeResultModel:
    who = call.reader

    def run(tx: Transaction, caller: Caller) -> tuple[Purged, float]:
        begun = time.perf_counter()
        moderator = Moderator(caller, who, why)
        purged = moderators.rehearse(tx, lambda tx: purge(tx, moderator), preview=preview)
        return purged, time.perf_counter() - begun

    purged, duration_s = await call.write(run)
    return PurgeResultModel(
        before=SystemStats.of(purged.before),
        after=SystemStats.of(purged.after),
        preview=preview,
        duration=duration_s,
        messages=purged.messages,
        trees=purged.trees,
        ballots=purged.ballots,
        reactions=purged.reactions,
        tasks=purged.tasks,
    )


class ModerationController(Controller):
    """Every act of moderation with its preview, and the journal. For trusted programs and moderators."""

    path = "/moderation"
    tags = ("moderation",)

    @post("/messages/{message_id:str}/halt", status_code=200)
    async def halt(
        self, call: NamedDependency[Call], message_id: FromPath[UUID], why: Why = None, preview: Preview = False
    ) -> Effect:
        """Stop all work on the tree of this message."""
        return await carry_out(call, lambda tx, who: halting.halt(tx, who, message_id), why=why, preview=preview)

    @post("/messages/{message_id:str}/resume", status_code=200)
    async def resume(
        self, call: NamedDependency[Call], message_id: FromPath[UUID], why: Why = None, preview: Preview = False
    ) -> Effect:
        """Let the tree of this message go on."""
        return await carry_out(call, lambda tx, who: halting.resume(tx, who, message_id), why=why, preview=preview)

    @post("/messages/{message_id:str}/delete", status_code=200)
    async def delete(
        self, call: NamedDependency[Call], message_id: FromPath[UUID], why: Why = None, preview: Preview = False
    ) -> Effect:
        """Hide this message with everything under it."""
        return await carry_out(call, lambda tx, who: editing.delete(tx, who, message_id), why=why, preview=preview)

    @post("/messages/{message_id:str}/restore", status_code=200)
    async def restore(
        self,
        call: NamedDependency[Call],
        message_id: FromPath[UUID],
        descendants: FromQuery[bool] = False,
        why: Why = None,
        preview: Preview = False,
    ) -> Effect:
        """Show this message again, with those above it and, if asked, what was deleted together with it."""
        return await carry_out(
            call,
            lambda tx, who: editing.restore(tx, who, message_id, descendants=descendants),
            why=why,
            preview=preview,
        )

    @post("/users/{user_id:str}/stop", status_code=200)
    async def stop(
        self, call: NamedDependency[Call], user_id: FromPath[UUID], why: Why = None, preview: Preview = False
    ) -> Effect:
        """Shut this user out for now."""
        return await carry_out(call, lambda tx, who: banning.stop(tx, who, user_id), why=why, preview=preview)

    @post("/users/{user_id:str}/enable", status_code=200)
    async def enable(
        self, call: NamedDependency[Call], user_id: FromPath[UUID], why: Why = None, preview: Preview = False
    ) -> Effect:
        """Let this user in again who was stopped or banned."""
        return await carry_out(call, lambda tx, who: banning.enable(tx, who, user_id), why=why, preview=preview)

    @post("/users/{user_id:str}/ban", status_code=200)
    async def ban(
        self, call: NamedDependency[Call], user_id: FromPath[UUID], why: Why = None, preview: Preview = False
    ) -> Effect:
        """Shut this user out for good; what they did stays. `/admin/purge_user` removes that as well."""
        return await carry_out(call, lambda tx, who: banning.ban(tx, who, user_id), why=why, preview=preview)

    @post("/merge", status_code=200)
    async def merge(
        self, call: NamedDependency[Call], data: JSONBody[MergeUsersRequest], preview: Preview = False
    ) -> Effect:
        """Give everything that some users did to another, and remove them. It cannot be undone."""
        return await carry_out(call, _merger(data), why=data.why, preview=preview)


class JournalController(Controller):
    """What happened, and taking it back. For trusted programs and moderators."""

    path = "/moderation/journal"
    tags = ("moderation",)

    @get("/")
    async def get_journal(
        self,
        call: NamedDependency[Call],
        event_type: FromQuery[list[str] | None] = None,
        user_id: FromQuery[UUID | None] = None,
        message_id: FromQuery[UUID | None] = None,
        before: FromQuery[int | None] = None,
        max_count: Count = 50,
    ) -> list[JournalEvent]:
        """What happened, the latest first; `before` is the number of the last entry of the page before."""
        wanted = EventFilter(event_types=tuple(event_type or ()), user_id=user_id, message_id=message_id, before=before)
        found = await call.read(lambda tx, caller: undoing.events(tx, caller, wanted, max_count))
        return [JournalEvent.of(event) for event in found]

    @post("/{event_id:int}/undo", status_code=200)
    async def undo(
        self, call: NamedDependency[Call], event_id: FromPath[int], why: Why = None, preview: Preview = False
    ) -> Effect:
        """Take one act of moderation back. Purges and merges cannot be."""
        return await carry_out(call, lambda tx, who: undoing.undo(tx, who, event_id), why=why, preview=preview)


HANDLERS: tuple[Any, ...] = (
    MessageModerationController,
    ModerationAdminController,
    ModerationController,
    JournalController,
)
