"""What people hand in: texts, labels, ballots and reactions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, bindparam, exists, select
from sqlalchemy.exc import IntegrityError

from oa.domain.emoji import Emoji
from oa.domain.tree import Message
from oa.errors import InvalidFrontendMessageId
from oa.store import dialect
from oa.store.database import Transaction
from oa.store.tables import (
    UtcDateTime,
    ballots,
    flagged_messages,
    imported_labels,
    message_emojis,
    messages,
    text_labels,
    text_warnings,
)

# --- texts -----------------------------------------------------------------------------------------------------------

INSERT_MESSAGE = messages.insert()
ADD_CHILD = (
    messages.update()
    .where(messages.c.id == bindparam("parent"))
    .values(children_count=messages.c.children_count + bindparam("more"))
)
SAME_TEXT = (
    select(messages.c.id)
    .where(
        messages.c.user_id == bindparam("user_id"),
        messages.c.created_date >= bindparam("since", type_=UtcDateTime()),
        messages.c.text == bindparam("same_text"),
        messages.c.deleted.is_(False),
    )
    .limit(1)
)
SET_DELETED = messages.update().where(messages.c.id == bindparam("message_id")).values(deleted=bindparam("new_deleted"))


def add_message(tx: Transaction, message: Message) -> None:
    """Add a message and count it with its parent.

    Raises:
        InvalidFrontendMessageId: the program has given this id to another message.
    """
    try:
        tx.execute(INSERT_MESSAGE, message_row(message))
    except IntegrityError as error:
        raise InvalidFrontendMessageId("user_message_id names another message; use one that is new") from error
    if message.parent_id is not None and not message.deleted:
        count_child(tx, message.parent_id, 1)


def message_row(message: Message) -> dict[str, Any]:
    """The columns of a message, as bulk inserts want them."""
    row: dict[str, Any] = {name: getattr(message, name) for name in message.__slots__ if name != "tree_id"}
    return row | {
        "message_tree_id": message.tree_id,
        "role": message.role.value,
        "emojis": dict(message.emojis) or None,
    }


def count_child(tx: Transaction, parent_id: UUID, more: int) -> None:
    tx.execute(ADD_CHILD, {"parent": parent_id, "more": more})


def has_sent(tx: Transaction, user_id: UUID, text: str, *, since: datetime) -> bool:
    """Whether this person has written exactly this since then."""
    values = {"user_id": user_id, "same_text": text, "since": since}
    return tx.execute(SAME_TEXT, values).first() is not None


def set_deleted(tx: Transaction, message_ids: Iterable[UUID], *, deleted: bool) -> None:
    tx.execute_many(SET_DELETED, [{"message_id": message_id, "new_deleted": deleted} for message_id in message_ids])


# --- labels ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSet:
    """One person's labels on one message, or on a text that is no message."""

    id: UUID
    user_id: UUID
    created_date: datetime
    api_client_id: UUID
    text: str
    message_id: UUID | None
    labels: Mapping[str, float]
    task_id: UUID | None


INSERT_LABELS = text_labels.insert()
REMARK_OF = select(text_labels.c.id).where(
    text_labels.c.user_id == bindparam("user_id"),
    text_labels.c.message_id == bindparam("message_id"),
    text_labels.c.task_id.is_(None),
)
REPLACE_REMARK = (
    text_labels.update().where(text_labels.c.id == bindparam("remark_id")).values(labels=bindparam("new_labels"))
)
REVIEWS_OF = select(text_labels.c.labels).where(
    text_labels.c.message_id == bindparam("message_id"), text_labels.c.task_id.is_not(None)
)
IMPORTED_MEANS = select(imported_labels.c.label, imported_labels.c.value).where(
    imported_labels.c.message_id == bindparam("message_id")
)
SAVE_REVIEW = (
    messages.update()
    .where(messages.c.id == bindparam("of_message"))
    .values(review_count=messages.c.review_count + 1, review_result=bindparam("new_result"))
)


def add_labels(tx: Transaction, labels: LabelSet) -> None:
    tx.execute(INSERT_LABELS, {name: getattr(labels, name) for name in LabelSet.__slots__})


def remark_of(tx: Transaction, user_id: UUID, message_id: UUID) -> UUID | None:
    """The labels that this person put on this message without being asked."""
    found: UUID | None = tx.execute(REMARK_OF, {"user_id": user_id, "message_id": message_id}).scalar()
    return found


def replace_remark(tx: Transaction, remark_id: UUID, labels: Mapping[str, float]) -> None:
    tx.execute(REPLACE_REMARK, {"remark_id": remark_id, "new_labels": dict(labels)})


def reviews_of(tx: Transaction, message_id: UUID) -> list[dict[str, float]]:
    """The labels of everybody who was asked to review this message."""
    return list(tx.execute(REVIEWS_OF, {"message_id": message_id}).scalars())


def imported_means(tx: Transaction, message_id: UUID) -> dict[str, float]:
    """The mean labels that an imported message came with."""
    return {row.label: row.value for row in tx.execute(IMPORTED_MEANS, {"message_id": message_id})}


def save_review(tx: Transaction, message_id: UUID, result: bool | None) -> None:
    """Count one more review of a message, with what the reviews say by now."""
    tx.execute(SAVE_REVIEW, {"of_message": message_id, "new_result": result})


# --- rankings --------------------------------------------------------------------------------------------------------

INSERT_BALLOT = ballots.insert()
COUNT_BALLOT = (
    messages.update().where(messages.c.id == bindparam("message_id")).values(ranking_count=messages.c.ranking_count + 1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CastBallot:
    """One person's order of the replies to one message, best first."""

    task_id: UUID
    user_id: UUID
    created_date: datetime
    api_client_id: UUID
    parent_id: UUID
    message_tree_id: UUID
    ranking: Sequence[UUID]
    not_rankable: bool
    first_user_id: UUID | None


def add_ballot(tx: Transaction, ballot: CastBallot) -> None:
    """Keep a ballot and count it with every reply that it places."""
    row: dict[str, Any] = {name: getattr(ballot, name) for name in CastBallot.__slots__}
    row["ranking"] = [str(reply) for reply in ballot.ranking]
    tx.execute(INSERT_BALLOT, row)
    tx.execute_many(COUNT_BALLOT, [{"message_id": reply} for reply in ballot.ranking])


# --- reactions -------------------------------------------------------------------------------------------------------

INSERT_EMOJI = message_emojis.insert()
DELETE_EMOJI = message_emojis.delete().where(
    message_emojis.c.message_id == bindparam("on_message"),
    message_emojis.c.user_id == bindparam("of_user"),
    message_emojis.c.emoji == bindparam("which"),
)
LEAVE_QUEUE = flagged_messages.delete().where(
    flagged_messages.c.message_id == bindparam("of_message"),
    flagged_messages.c.processed.is_(False),
    ~exists().where(text_warnings.c.message_id == bindparam("warned_message", type_=text_warnings.c.message_id.type)),
)
SET_EMOJIS = messages.update().where(messages.c.id == bindparam("message_id")).values(emojis=bindparam("new_emojis"))


def change_emojis(
    tx: Transaction, message: Message, user_id: UUID, *, added: Collection[Emoji], removed: Collection[Emoji]
) -> dict[str, int]:
    """Put a person's reactions on a message and take others off; the counts afterwards.

    With its last red flag a message leaves the moderators' queue, unless they have dealt with it or were warned of it.
    """
    counts = dict(message.emojis)
    for emoji in removed:
        tx.execute(DELETE_EMOJI, {"on_message": message.id, "of_user": user_id, "which": emoji.value})
        counts[emoji.value] = counts.get(emoji.value, 0) - 1
    for emoji in added:
        row = {"message_id": message.id, "user_id": user_id, "emoji": emoji.value, "created_date": tx.now}
        tx.execute(INSERT_EMOJI, row)
        counts[emoji.value] = counts.get(emoji.value, 0) + 1
    counts = {emoji: count for emoji, count in counts.items() if count > 0}
    if Emoji.RED_FLAG in removed and Emoji.RED_FLAG not in counts:
        tx.execute(LEAVE_QUEUE, {"of_message": message.id, "warned_message": message.id})
    tx.execute(SET_EMOJIS, {"message_id": message.id, "new_emojis": counts or None})
    return counts


@cache
def _flag(dialect_name: str) -> Executable:
    statement = dialect.insert(flagged_messages, dialect_name)
    return statement.on_conflict_do_update(
        index_elements=[flagged_messages.c.message_id],
        set_={
            "processed": False,
            "created_date": statement.excluded.created_date,
            **dict.fromkeys(("outcome", "processed_by", "processed_date", "note")),
        },
    )


def flag(tx: Transaction, message_id: UUID) -> None:
    """Put a message into the moderators' queue, or back into it."""
    flagged = {"message_id": message_id, "processed": False, "created_date": tx.now}
    tx.execute(_flag(tx.connection.dialect.name), flagged)
