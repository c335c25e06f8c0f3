"""What is taken away of somebody who leaves, so that neither their name nor, if wanted, their texts stay anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import String, bindparam, cast, delete, or_, select, update

from oa.domain.people import DELETED_USER, User, left_name
from oa.domain.privacy import without_names
from oa.store import chat_index, people, search_index, tables
from oa.store.database import Transaction

messages, journal, tasks, users = tables.messages, tables.journal, tables.tasks, tables.users

NAMELESS_EVENTS = ("text_reply_to_message", "message_ranking")
"""Most of the journal; they hold nothing in anybody's words."""

NAMED_BY_THEIR_OWNER = ("token_created", "token_revoked")
"""Events that hold what somebody has called a thing of theirs."""

WRITTEN_BY = (
    select(messages.c.id, messages.c.message_tree_id, messages.c.deleted)
    .where(messages.c.user_id == bindparam("user_id"))
    .order_by(messages.c.depth, messages.c.created_date, messages.c.id)
)
BLANK_REMARKS_BY = (
    update(tables.text_labels)
    .where(tables.text_labels.c.user_id == bindparam("owner_id"), tables.text_labels.c.text != "")
    .values(text="")
)
BLANK_TASKS_OF = (
    update(tasks).where(tasks.c.user_id == bindparam("owner_id")).values(skip_reason=None, place_until=None)
)
PLACES_OF = (
    select(tasks.c.message_tree_id)
    .where(tasks.c.user_id == bindparam("user_id"), tasks.c.place_until.is_not(None))
    .distinct()
)
FORGET = tuple(
    delete(table).where(table.c.user_id == bindparam("owner_id"))
    for table in (
        tables.tokens,
        tables.accounts,
        tables.user_languages,
        tables.terms_acceptances,
        tables.abuse_signs,
        tables.former_names,
    )
)
FORGET_CHATS = tuple(
    delete(table).where(table.c.user_id == bindparam("owner_id")) for table in (tables.chats, tables.refresh_tokens)
)
FORGET_SIGNS_BESIDE = delete(tables.abuse_signs).where(tables.abuse_signs.c.other_user_id == bindparam("owner_id"))
ANONYMISE = (
    update(users)
    .where(users.c.id == bindparam("owner_id"))
    .values(
        username=bindparam("new_name"),
        display_name=DELETED_USER,
        notes="",
        deleted=True,
        show_on_leaderboard=False,
        streak_last_day_date=None,
        streak_days=None,
        last_activity_date=None,
        tos_acceptance_date=None,
    )
)
REWRITE_EVENT = update(journal).where(journal.c.id == bindparam("event_id")).values(event_payload=bindparam("facts"))


@dataclass(frozen=True, slots=True)
class Written:
    """A message of somebody."""

    id: UUID
    tree_id: UUID
    deleted: bool


def written_by(tx: Transaction, user_id: UUID) -> list[Written]:
    """Everything that somebody wrote, hidden or not; of each tree the topmost first."""
    return [Written(*row) for row in tx.execute(WRITTEN_BY, {"user_id": user_id})]


def trees_with_places_of(tx: Transaction, user_id: UUID) -> list[UUID]:
    """The trees in which tasks of somebody keep a place."""
    return list(tx.execute(PLACES_OF, {"user_id": user_id}).scalars())


def remove_texts(tx: Transaction, user_id: UUID) -> None:
    """Take away what somebody wrote, wherever it stands; their messages stay as empty places."""
    theirs = select(messages.c.id).where(messages.c.user_id == user_id)
    tables_of_texts = (tables.revisions, tables.imported_events, tables.text_warnings, tables.text_sketches)
    for table in tables_of_texts:
        tx.connection.execute(delete(table).where(table.c.message_id.in_(theirs)))
    of_theirs = tables.text_labels.c.message_id.in_(theirs) & (tables.text_labels.c.text != "")
    tx.connection.execute(update(tables.text_labels).where(of_theirs).values(text=""))
    flagged = tables.flagged_messages
    tx.connection.execute(update(flagged).where(flagged.c.message_id.in_(theirs)).values(note=None))
    tx.connection.execute(update(messages).where(messages.c.user_id == user_id).values(text=""))
    search_index.forget(tx.connection)


def forget_person(tx: Transaction, user: User) -> None:
    """Take away everything that says who somebody was; what they did stays, by nobody in particular."""
    _forget_names(tx, user)
    for statement in (*FORGET, *FORGET_CHATS, FORGET_SIGNS_BESIDE, BLANK_REMARKS_BY, BLANK_TASKS_OF):
        tx.execute(statement, {"owner_id": user.id})
    tx.execute(ANONYMISE, {"owner_id": user.id, "new_name": left_name(user.id)})
    people.forget_users(tx)
    chat_index.forget(tx.connection)


def _forget_names(tx: Transaction, user: User) -> None:
    names = {user.username, user.display_name, *people.former_names_of(tx, user.id)}
    for event_id, kind, facts in _events_with(tx, user.id):
        cleaned = without_names(facts, names)
        if kind in NAMED_BY_THEIR_OWNER:
            cleaned = {**cleaned, "name": ""}
        if cleaned != facts:
            tx.execute(REWRITE_EVENT, {"event_id": event_id, "facts": cleaned})


def _events_with(tx: Transaction, user_id: UUID) -> Sequence[Any]:
    """What the journal tells by somebody, of them or of what they wrote."""
    theirs = select(messages.c.id).where(messages.c.user_id == user_id)
    told = or_(
        journal.c.user_id == user_id,
        journal.c.message_id.in_(theirs),
        cast(journal.c.event_payload, String).contains(str(user_id)),
    )
    statement = select(journal.c.id, journal.c.event_type, journal.c.event_payload)
    return tx.connection.execute(statement.where(journal.c.event_type.not_in(NAMELESS_EVENTS), told)).all()
