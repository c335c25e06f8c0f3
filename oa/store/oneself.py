"""What belongs to one person: their languages, the fate of their messages, and all rows that are about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, String, Table, bindparam, cast, delete, insert, or_, select, tuple_

from oa.domain.lifecycle import TreeState
from oa.store import tables
from oa.store.database import Transaction

languages = tables.user_languages

LANGUAGES_OF = select(languages.c.lang).where(languages.c.user_id == bindparam("user_id")).order_by(languages.c.place)
FORGET_LANGUAGES = delete(languages).where(languages.c.user_id == bindparam("owner_id"))
ADD_LANGUAGE = insert(languages)
STATES = select(tables.trees.c.message_tree_id, tables.trees.c.state).where(
    tables.trees.c.message_tree_id.in_(bindparam("tree_ids", expanding=True))
)

Row = Mapping[str, Any]


def languages_of(tx: Transaction, user_id: UUID) -> tuple[str, ...]:
    """The languages that somebody works in, the one they like best first."""
    return tuple(tx.execute(LANGUAGES_OF, {"user_id": user_id}).scalars())


def set_languages(tx: Transaction, user_id: UUID, langs: Sequence[str]) -> None:
    tx.execute(FORGET_LANGUAGES, {"owner_id": user_id})
    tx.execute_many(ADD_LANGUAGE, [{"user_id": user_id, "lang": lang, "place": at} for at, lang in enumerate(langs)])


def tree_states(tx: Transaction, tree_ids: Iterable[UUID]) -> dict[UUID, TreeState]:
    """Where these trees stand; those without a state are left out."""
    rows = tx.execute(STATES, {"tree_ids": sorted(set(tree_ids))})
    return {tree_id: TreeState(state) for tree_id, state in rows}


# --- everything about one person -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of one table that are about somebody."""

    table: Table
    hidden: frozenset[str] = frozenset()
    """Columns that are secret, or about somebody else."""
    owner: str = "user_id"
    """The column that says whose the row is."""


SECTIONS: Mapping[str, Section] = {
    "user": Section(tables.users, owner="id"),
    "account": Section(tables.accounts, frozenset({"password_hash"})),
    "tokens": Section(tables.tokens, frozenset({"token_hash"})),
    "former_names": Section(tables.former_names),
    "working_languages": Section(tables.user_languages),
    "terms_accepted": Section(tables.terms_acceptances),
    "messages": Section(tables.messages),
    "text_warnings": Section(tables.text_warnings),
    "message_history": Section(tables.revisions, frozenset({"user_id"})),
    "labels": Section(tables.text_labels),
    "ballots": Section(tables.ballots, frozenset({"first_user_id"})),
    "emojis": Section(tables.message_emojis),
    "tasks": Section(tables.tasks),
    "standing": Section(tables.standing, frozenset({"leader_order", "troll_order"})),
    "signs_of_abuse": Section(tables.abuse_signs, frozenset({"other_user_id", "evidence", "decided_by", "note"})),
    "chats": Section(tables.chats, frozenset({"request_key"})),
    "chat_messages": Section(tables.chat_messages, frozenset({"request_key"})),
    "chat_choices": Section(tables.chat_evaluations),
    "chat_reports": Section(tables.chat_reports),
    "chat_shares": Section(tables.chat_shares, frozenset({"token_hash"})),
    "refresh_tokens": Section(tables.refresh_tokens, frozenset({"token_hash"})),
    "journal_by": Section(tables.journal),
    "journal_about": Section(tables.journal, frozenset({"user_id"})),
}
"""What is exported of somebody, in this order."""

NOT_EXPORTED: Mapping[str, str] = {
    "announcement": "what is told to everybody; that somebody wrote it is in the journal",
    "ballot.first_user_id": "somebody else's ballot, which must stay secret to be honest",
    "barred_from_work": "derived from messages, labels, ballots and tasks",
    "flagged_message": "about a message; that somebody dealt with it is in the journal",
    "terms": "the same for everybody; that somebody published them is in the journal",
    "waiting_prompt": "derived from messages",
}
"""Tables that name people and have no section, and why."""


def rows_about(
    tx: Transaction, user_id: UUID, name: str, after: Sequence[Any] | None, limit: int
) -> tuple[list[Row], Sequence[Any] | None]:
    """Some rows of a section, and where the next begin; None when there are no more.

    Args:
        name: of the section.
        after: what the call before gave.
    """
    section = SECTIONS[name]
    key = list(section.table.primary_key.columns)
    statement = select(section.table).where(_is_about(name, section, user_id)).order_by(*key).limit(limit)
    if after is not None:
        place = (bindparam(None, value, type_=column.type) for value, column in zip(after, key, strict=True))
        statement = statement.where(tuple_(*key) > tuple_(*place))
    found = [dict(row) for row in tx.connection.execute(statement).mappings()]
    last = [found[-1][column.name] for column in key] if len(found) == limit else None
    return [{name: value for name, value in row.items() if name not in section.hidden} for row in found], last


def _is_about(name: str, section: Section, user_id: UUID) -> ColumnElement[bool]:
    theirs = select(tables.messages.c.id).where(tables.messages.c.user_id == user_id)
    if name == "text_warnings":
        return section.table.c.message_id.in_(theirs)
    if name == "message_history":
        return or_(section.table.c.user_id == user_id, section.table.c.message_id.in_(theirs))
    if name == "journal_about":
        journal = section.table
        told = cast(journal.c.event_payload, String).contains(str(user_id))
        by_others = journal.c.user_id.is_(None) | (journal.c.user_id != user_id)
        return by_others & or_(journal.c.message_id.in_(theirs), told)
    return section.table.c[section.owner] == user_id
