"""One person at work at one hub: fetching tasks ahead, handing in, taking back. It knows no widgets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import httpx

from oa.client.hub import Hub, Patience
from oa.client.outbox import Answer, Declined, Delivery, Labelled, Outbox, Ranked, Written
from oa.domain.tasks import RANKINGS, REVIEWS, TaskKind
from oa.errors import OaError, TaskNotAnswered
from oa.protocol.oneself import Profile
from oa.protocol.tasks import (
    LabelAssistantReplyTask,
    LabelInitialPromptTask,
    LabelPrompterReplyTask,
    RankAssistantRepliesTask,
    RankPrompterRepliesTask,
    ReviewTask,
    TaskRequestType,
)
from oa.tui.drafts import NOTHING_YET, Doable, Draft, Drafts, Progress, kind_of
from oa.tui.hubs import KnownHub
from oa.tui.places import Places

UNDO_WITHIN = timedelta(seconds=10)

UNTOUCHED_FOR = timedelta(minutes=30)
"""How long a task waits that was fetched and not begun."""

PATIENCE = Patience(attempts=2, first_wait_s=0.2, longest_wait_s=2.0)
"""For calls that somebody waits for; what is handed in waits in the outbox instead."""

REVIEW_TASKS = (LabelInitialPromptTask, LabelPrompterReplyTask, LabelAssistantReplyTask)
RANKING_TASKS = (RankPrompterRepliesTask, RankAssistantRepliesTask)


@dataclass(frozen=True, slots=True)
class Wish:
    """Work that somebody wants."""

    kinds: tuple[TaskKind, ...]
    """Tried in this order; empty for any."""
    lang: str

    def covers(self, draft: Draft) -> bool:
        return draft.lang == self.lang and (not self.kinds or kind_of(draft.task) in self.kinds)


WORK: dict[str, tuple[TaskKind, ...]] = {
    "review": (TaskKind.LABEL_ASSISTANT_REPLY, TaskKind.LABEL_PROMPTER_REPLY, TaskKind.LABEL_INITIAL_PROMPT),
    "rank": (TaskKind.RANK_ASSISTANT_REPLIES, TaskKind.RANK_PROMPTER_REPLIES),
    "assist": (TaskKind.ASSISTANT_REPLY,),
    "prompt": (TaskKind.PROMPTER_REPLY,),
    "first": (TaskKind.INITIAL_PROMPT,),
    "any": (),
}
"""What home offers, by the kinds of tasks behind it."""


@dataclass(frozen=True, slots=True)
class Handed:
    """An answer that can still be taken back."""

    draft: Draft
    at: datetime
    was_skip: bool = False


@dataclass(slots=True)
class Session:
    """What the screens share about one person at one hub."""

    hub: Hub
    known: KnownHub
    profile: Profile
    outbox: Outbox
    drafts: Drafts
    now: Callable[[], datetime]
    lang: str
    message_limit: int = 2000
    """Characters, as the hub says."""
    new_id: Callable[[], UUID] = uuid4
    ahead: Draft | None = None
    """A task that was fetched before it is needed."""
    last: Handed | None = None
    done_today: int = 0
    """Answers handed in since the program began."""
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def is_moderator(self) -> bool:
        return self.profile.role in ("moderator", "admin")

    # --- getting work ------------------------------------------------------------------------------------------------

    async def next(self, wish: Wish) -> Draft:
        """What to do: a draft that fits, else what was fetched ahead, else a new task.

        Raises:
            TaskTypeNotAvailable: there is nothing of it.
            OaError: the hub does not give any.
        """
        answered = {entry.task_id for entry in self.outbox.waiting()}
        for draft in self.drafts.all():
            if draft.progress == NOTHING_YET and self.now() - draft.saved > UNTOUCHED_FOR:
                self.drafts.drop(draft.task.id)  # others may have done it by now
            elif wish.covers(draft) and draft.task.id not in answered:
                self.ahead = None if self.ahead and self.ahead.task.id == draft.task.id else self.ahead
                return draft
        return await self._request(wish)

    async def look_ahead(self, wish: Wish, now_at: Draft) -> None:
        """Fetch the next task while somebody is at work on one; what cannot be had is not missed."""
        held = self.drafts.all()
        if any(wish.covers(draft) and draft.task.id != now_at.task.id for draft in held):
            return
        try:
            draft = await self._request(wish)
        except OaError:
            return
        if draft.task.id != now_at.task.id:
            self.ahead = draft

    async def _request(self, wish: Wish) -> Draft:
        failed: OaError | None = None
        for kind in wish.kinds or (None,):
            try:
                task = await self.hub.tasks.request(kind, lang=wish.lang)
            except OaError as error:
                failed = failed or error
                continue
            if isinstance(task, Doable):
                return self.drafts.keep(task, wish.lang, NOTHING_YET)
        assert failed is not None
        raise failed

    # --- handing in --------------------------------------------------------------------------------------------------

    def hand_in(self, draft: Draft) -> None:
        """Put an answer in the line to the hub; on disk when this returns."""
        self.outbox.put(draft.task.id, self._answer(draft))
        self.drafts.drop(draft.task.id)
        self.last = Handed(draft, self.now())
        self.done_today += 1

    def skip(self, draft: Draft, reason: str | None = None) -> None:
        """Give a task back; what was written stays until it can no longer be taken up again."""
        self.outbox.put(draft.task.id, Declined(reason=reason))
        self.drafts.drop(draft.task.id)
        self.last = Handed(draft, self.now(), was_skip=True)

    def _answer(self, draft: Draft) -> Answer:
        task, progress = draft.task, draft.progress
        if isinstance(task, REVIEW_TASKS):
            return Labelled(task=task, labels=progress.labels)
        if isinstance(task, RANKING_TASKS):
            order = progress.order or list(range(len(task.reply_messages)))
            return Ranked(order=order, not_rankable=progress.not_rankable)
        return Written(text=progress.text, name=f"text-{self.new_id()}")

    async def deliver(self) -> Delivery:
        """Send what waits."""
        async with self.sending:
            return await self.outbox.deliver(self.hub.tasks)

    def can_undo(self) -> bool:
        return self.last is not None and self.now() - self.last.at <= UNDO_WITHIN

    async def undo(self) -> Draft | None:
        """Take the last answer back; the draft as it was, or None when the ten seconds are over.

        Raises:
            OaError: others have built on it, or the hub cannot be reached.
        """
        if self.last is None or not self.can_undo():
            return None
        draft, was_skip = self.last.draft, self.last.was_skip
        async with self.sending:
            if self.outbox.take_back(draft.task.id) is None:
                with contextlib.suppress(TaskNotAnswered):  # a first attempt to take it back has arrived
                    await self.hub.tasks.undo(draft.task.id)
        self.last = None
        self.done_today = max(0, self.done_today - (0 if was_skip else 1))
        return self.drafts.keep(draft.task, draft.lang, draft.progress)

    def keep(self, draft: Draft, progress: Progress) -> Draft:
        """Write down how far somebody has come."""
        return self.drafts.keep(draft.task, draft.lang, progress)

    # --- what there is ------------------------------------------------------------------------------------------------

    async def counts(self) -> dict[str, int]:
        """How much there is of each kind of work that home offers."""
        open_tasks = await self.hub.tasks.availability(self.lang)
        return {name: sum(open_tasks.get(TaskRequestType(kind), 0) for kind in kinds) for name, kinds in WORK.items()}


async def open_session(
    known: KnownHub,
    places: Places,
    now: Callable[[], datetime],
    transport: httpx.AsyncBaseTransport | None = None,
) -> Session:
    """Go to a hub with a token.

    Raises:
        OaError: the hub cannot be reached, or does not know the token.
    """
    hub = Hub(known.address, token=known.token, patience=PATIENCE, transport=transport)
    try:
        profile = await hub.me.profile()
        settings = await hub.standings.settings()
    except OaError:
        await hub.close()
        raise
    at = places.of_hub(known.address, profile.username)
    return Session(
        hub=hub,
        known=KnownHub(address=known.address, username=profile.username, token=known.token),
        profile=profile,
        outbox=Outbox(at / "outbox", now=now),
        drafts=Drafts(at / "drafts", now=now),
        now=now,
        lang=next(iter(profile.languages), "en"),
        message_limit=settings.MESSAGE_SIZE_LIMIT,
    )


def is_review(task: Doable) -> bool:
    return kind_of(task) in REVIEWS


def is_ranking(task: Doable) -> bool:
    return kind_of(task) in RANKINGS


def reviewed(task: Doable) -> ReviewTask | None:
    return task if isinstance(task, REVIEW_TASKS) else None
