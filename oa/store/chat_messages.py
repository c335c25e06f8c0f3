"""The messages of chats as rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, exists, func, insert, select, text, update

from oa.domain.chats import ChatMessage, Report, ReportType, State
from oa.domain.tree import Role
from oa.store.chat_tables import chat_messages as messages
from oa.store.chat_tables import chat_reports as reports
from oa.store.columns import UtcDateTime
from oa.store.database import Transaction

COLUMNS = (
    messages.c.id,
    messages.c.chat_id,
    messages.c.parent_id,
    messages.c.role,
    messages.c.created_date,
    messages.c.state,
    messages.c.content,
    messages.c.error,
    messages.c.score,
    messages.c.model,
    messages.c.work,
    messages.c.begin_date,
    messages.c.end_date,
    messages.c.worker,
    messages.c.finish_reason,
    messages.c.prompt_tokens,
    messages.c.completion_tokens,
    messages.c.dropped_turns,
    messages.c.used_plugin,
    messages.c.last_event,
)
IS_UNFINISHED = text("state IN ('pending', 'in_progress')")
"""Word for word as the index has it, or else SQLite does not use that."""

ONE = select(*COLUMNS).where(messages.c.id == bindparam("message_id"))
OF_CHAT = select(*COLUMNS).where(messages.c.chat_id == bindparam("in_chat")).order_by(messages.c.number)
SIBLINGS = select(*COLUMNS).where(messages.c.parent_id == bindparam("above_id"))
HAS_CHILDREN = select(exists(messages.c.id).where(messages.c.parent_id == bindparam("above_id")))
LAST_IN_CHAT = select(func.max(messages.c.number)).where(messages.c.chat_id == bindparam("in_chat"))
BY_REQUEST_KEY = select(*COLUMNS).where(
    messages.c.user_id == bindparam("owner_id"),
    messages.c.request_key == bindparam("key"),
    messages.c.request_key.is_not(None),
)
UNFINISHED_IN_CHAT = select(messages.c.id).where(messages.c.chat_id == bindparam("in_chat"), IS_UNFINISHED)
UNFINISHED_OF = select(messages.c.id).where(messages.c.user_id == bindparam("owner_id"), IS_UNFINISHED)
UNFINISHED_ONES = select(messages.c.id).where(IS_UNFINISHED)
REPORTS_IN_CHAT = (
    select(reports.c.message_id, reports.c.id, reports.c.report_type, reports.c.reason)
    .join_from(messages, reports, reports.c.message_id == messages.c.id)
    .where(messages.c.chat_id == bindparam("in_chat"))
    .order_by(reports.c.created_date, reports.c.id)
)
REPORTS_OF = (
    select(reports.c.id, reports.c.report_type, reports.c.reason)
    .where(reports.c.message_id == bindparam("message_id"))
    .order_by(reports.c.created_date, reports.c.id)
)
COMPLETE_IN_CHAT = (
    select(messages.c.id)
    .where(
        messages.c.chat_id == bindparam("in_chat"),
        messages.c.state == State.COMPLETE.value,
        messages.c.id != bindparam("besides"),
    )
    .limit(1)
)
ADD = insert(messages)
BEGIN = (
    update(messages)
    .where(messages.c.id == bindparam("message_id"))
    .values(
        state=State.IN_PROGRESS.value,
        begin_date=bindparam("now", type_=UtcDateTime()),
        worker=bindparam("by_worker"),
        prompt_tokens=bindparam("prompt"),
        dropped_turns=bindparam("dropped"),
    )
)
FINISH = (
    update(messages)
    .where(messages.c.id == bindparam("message_id"))
    .values(
        state=bindparam("new_state"),
        content=bindparam("new_content"),
        error=bindparam("new_error"),
        end_date=bindparam("now", type_=UtcDateTime()),
        finish_reason=bindparam("reason"),
        completion_tokens=bindparam("completion"),
        used_plugin=bindparam("plugin", type_=messages.c.used_plugin.type),
        last_event=bindparam("event"),
    )
)
WAIT_AGAIN = (
    update(messages)
    .where(messages.c.id == bindparam("message_id"))
    .values(state=State.PENDING.value, error=None, end_date=None, finish_reason=None)
)
VOTE = update(messages).where(messages.c.id == bindparam("message_id")).values(score=bindparam("new_score"))


def add(tx: Transaction, message: ChatMessage, owner_id: UUID, request_key: str | None) -> None:
    tx.execute(
        ADD,
        {
            "id": message.id,
            "chat_id": message.chat_id,
            "number": count(tx, message.chat_id) + 1,
            "user_id": owner_id,
            "parent_id": message.parent_id,
            "role": message.role.value,
            "created_date": message.created_date,
            "state": message.state.value,
            "content": message.content,
            "score": message.score,
            "model": message.model,
            "work": None if message.work is None else dict(message.work),
            "dropped_turns": 0,
            "last_event": 0,
            "request_key": request_key,
        },
    )


def find(tx: Transaction, message_id: UUID) -> ChatMessage | None:
    """A message of anybody's chat, without the reports about it."""
    row = tx.execute(ONE, {"message_id": message_id}).one_or_none()
    return message_of(row) if row else None


def reports_of(tx: Transaction, message_id: UUID) -> tuple[Report, ...]:
    """The complaints about a message, oldest first."""
    rows = tx.execute(REPORTS_OF, {"message_id": message_id})
    return tuple(Report(id=row[0], report_type=ReportType(row[1]), reason=row[2]) for row in rows)


def has_complete(tx: Transaction, chat_id: UUID, besides: UUID) -> bool:
    """Whether there is a complete answer in a chat besides this one."""
    return bool(tx.execute(COMPLETE_IN_CHAT, {"in_chat": chat_id, "besides": besides}).rows)


def of_chat(tx: Transaction, chat_id: UUID) -> list[ChatMessage]:
    """The messages of a chat, oldest first, with the reports about them."""
    about: dict[UUID, list[Report]] = {}
    for message_id, report_id, kind, reason in tx.execute(REPORTS_IN_CHAT, {"in_chat": chat_id}):
        about.setdefault(message_id, []).append(Report(id=report_id, report_type=ReportType(kind), reason=reason))
    return [message_of(row, about.get(row[0], ())) for row in tx.execute(OF_CHAT, {"in_chat": chat_id})]


def children(tx: Transaction, message_id: UUID) -> list[ChatMessage]:
    return [message_of(row) for row in tx.execute(SIBLINGS, {"above_id": message_id})]


def has_children(tx: Transaction, message_id: UUID) -> bool:
    return bool(tx.execute(HAS_CHILDREN, {"above_id": message_id}).scalar_one())


def count(tx: Transaction, chat_id: UUID) -> int:
    """How many messages a chat has."""
    return tx.execute(LAST_IN_CHAT, {"in_chat": chat_id}).scalar() or 0


def by_request_key(tx: Transaction, owner_id: UUID, key: str) -> ChatMessage | None:
    row = tx.execute(BY_REQUEST_KEY, {"owner_id": owner_id, "key": key}).one_or_none()
    return message_of(row) if row else None


def unfinished_in(tx: Transaction, chat_id: UUID) -> list[UUID]:
    """The answers in a chat that wait or are being written."""
    return list(tx.execute(UNFINISHED_IN_CHAT, {"in_chat": chat_id}).scalars())


def unfinished_of(tx: Transaction, owner_id: UUID) -> list[UUID]:
    """Those of one person."""
    return list(tx.execute(UNFINISHED_OF, {"owner_id": owner_id}).scalars())


def unfinished(tx: Transaction) -> list[UUID]:
    """Those of everybody."""
    return list(tx.execute(UNFINISHED_ONES).scalars())


def begin(tx: Transaction, message_id: UUID, *, worker: str | None, prompt_tokens: int, dropped_turns: int) -> None:
    facts = {"by_worker": worker, "prompt": prompt_tokens, "dropped": dropped_turns}
    tx.execute(BEGIN, {"message_id": message_id, "now": tx.now, **facts})


def finish(tx: Transaction, message: ChatMessage) -> None:
    """Keep how an answer has ended."""
    plugin = message.used_plugin
    tx.execute(
        FINISH,
        {
            "message_id": message.id,
            "new_state": message.state.value,
            "new_content": message.content,
            "new_error": message.error,
            "now": tx.now,
            "reason": message.finish_reason,
            "completion": message.completion_tokens,
            "plugin": None if plugin is None else dict(plugin),
            "event": message.last_event,
        },
    )


def wait_again(tx: Transaction, message_id: UUID) -> None:
    """An answer is to be continued; its text stays."""
    tx.execute(WAIT_AGAIN, {"message_id": message_id})


def vote(tx: Transaction, message_id: UUID, score: int) -> None:
    tx.execute(VOTE, {"message_id": message_id, "new_score": score})


def message_of(row: Iterable[Any], about: Iterable[Report] = ()) -> ChatMessage:
    message_id, chat_id, parent_id, role, created, state, *others = row
    names = (column.name for column in COLUMNS[6:])
    return ChatMessage(
        id=message_id,
        chat_id=chat_id,
        parent_id=parent_id,
        role=Role(role),
        created_date=created,
        state=State(state),
        reports=tuple(about),
        **dict(zip(names, others, strict=True)),
    )
