"""Finding messages by their words, with the index of the database (`oa.store.search_index`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import reduce
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    false,
    func,
    literal,
    literal_column,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

from oa.domain.search import SearchQuery, Term
from oa.domain.search_page import LabelBound, MessageState, SearchFilter
from oa.domain.tree import Role
from oa.store import dialect
from oa.store.database import Transaction
from oa.store.search_index import NAME, fts
from oa.store.tables import imported_labels, messages, text_labels, trees, users

AnySelect = Select[*tuple[Any, ...]]

MOST_RANKED = 300
"""Messages that are ranked at most, the newest that match: ranking every message with a frequent word takes long, and
among those the order means little."""

MOST_SCORED = 10_000
"""Messages that a word may stand in and still count for the score of SQLite, which counts all of them each time: a word
in more of them tells little, and its messages are found all the same."""

FEW = 1000
"""Up to so many matches are looked up one by one; where there are more, a list by date soon comes upon some, and each
of its messages is looked for among all that match."""

MANY = 10_000
"""From so many matches on, a list comes upon some so soon that gathering all of them costs more than asking the index
about each message on the way."""

SHORT_SPAN = 20_000
"""Messages between two dates, up to which it pays to find out where in the index they stand."""

_NUMBER: ColumnElement[int] = literal_column("message.rowid")
"""SQLite's own number of a message, by which its index knows it; it grows with each message that comes."""

_VECTOR: ColumnElement[Any] = literal_column(f"message.{NAME}", TSVECTOR)
"""PostgreSQL's column of words."""

_SCORE: ColumnElement[float] = -func.bm25(literal_column(NAME), 1.0, 0.0)
"""SQLite's score, the better the higher; by the weights of the columns, only the words count."""

NEWEST_NUMBER = select(func.max(_NUMBER)).select_from(messages)
AUTHORS_NAMED = select(users.c.id).where(
    users.c.username == bindparam("name"), users.c.auth_method == bindparam("method")
)


# --- lists -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """What the index of SQLite knows of messages besides their words. It may take some for alike that are not, so that
    whoever uses it asks the rows as well."""

    role: Role | None = None
    lang: str | None = None
    api_client_id: UUID | None = None
    user_ids: Sequence[UUID] | None = None


NO_FACETS = Facets()


def holding(tx: Transaction, query: SearchQuery, facets: Facets = NO_FACETS) -> ColumnElement[bool]:
    """The condition on messages that their text answers the query, for a list by date.

    Args:
        facets: what the list is narrowed to anyhow.
    """
    if query.is_empty:
        return false()
    if not dialect.is_sqlite(tx.connection):
        return _VECTOR.bool_op("@@")(postgres_query(query))
    found = select(fts.c.rowid).where(_matching(query, facets))
    some = select(func.count()).select_from(found.limit(MANY + 1).subquery())
    count = tx.connection.execute(some).scalar_one()
    if count > MANY:
        return found.where(fts.c.rowid == _NUMBER).exists()
    # With an operator around it, the number leads to no row: the list is walked by date.
    return (_NUMBER if count <= FEW else _NUMBER + 0).in_(found)


# --- ranking ---------------------------------------------------------------------------------------------------------


def newest(tx: Transaction) -> int:
    """What tells the messages that are there now from those that come later."""
    if dialect.is_sqlite(tx.connection):
        return tx.execute(NEWEST_NUMBER).scalar() or 0
    return round(tx.now.timestamp() * 1_000_000)


def ranked(tx: Transaction, query: SearchQuery, wanted: SearchFilter, as_of: int) -> list[tuple[UUID, float]]:
    """The newest `MOST_RANKED` messages that answer the query, best first, each with its score.

    Args:
        as_of: what `newest` said; later messages are not looked at.
    """
    telling = _telling(tx, query)
    best_first = statement(tx, query, wanted, as_of, is_scored=telling is None)
    if best_first is None:
        return []
    found: list[tuple[UUID, float, int]] = [tuple(row) for row in tx.connection.execute(best_first)]
    if telling is None:
        return [(message_id, float(score)) for message_id, score, _ in found]
    scores = _scores(tx, telling, [place for *_, place in found])
    scored = [(scores.get(place, 0.0), place, message_id) for message_id, _, place in found]
    return [(message_id, score) for score, _, message_id in sorted(scored, reverse=True)]


def _telling(tx: Transaction, query: SearchQuery) -> Sequence[Term] | None:
    """The wanted terms that tell a message from others, if they alone are to be scored; None where all terms are."""
    if not dialect.is_sqlite(tx.connection):
        return None
    frequent = {term for term in (*query.wanted, *query.excluded) if _is_in_many(tx, term)}
    return [term for term in query.wanted if term not in frequent] if frequent else None


def _is_in_many(tx: Transaction, term: Term) -> bool:
    """Whether each word of a term stands in many messages: how often they stand in a row costs too much to count."""

    def count(word: str) -> int:
        some = select(fts.c.rowid).where(_matching(SearchQuery(((word,),)), NO_FACETS)).limit(MOST_SCORED + 1)
        found: int = tx.connection.execute(select(func.count()).select_from(some.subquery())).scalar_one()
        return found

    return all(count(word) > MOST_SCORED for word in term)


def _scores(tx: Transaction, terms: Sequence[Term], numbers: Sequence[int]) -> dict[int, float]:
    """How well these messages answer some of the terms that they hold."""
    if not terms or not numbers:
        return {}
    statement = select(fts.c.rowid, _SCORE).where(
        _matching(SearchQuery(tuple(terms)), NO_FACETS),
        fts.c.rowid >= min(numbers),
        # With an operator around it, the number leads to no row: the index is walked once.
        (fts.c.rowid + 0).in_(numbers),
    )
    return {number: float(score) for number, score in tx.connection.execute(statement)}


def statement(
    tx: Transaction, query: SearchQuery, wanted: SearchFilter, as_of: int, *, is_scored: bool = True
) -> AnySelect | None:
    """What `ranked` asks the database; None where nothing can be found."""
    authors = _authors(tx, wanted)
    if query.is_empty or (authors is not None and not authors):
        return None
    on_sqlite = dialect.is_sqlite(tx.connection)
    candidates = _on_sqlite(tx, query, wanted, authors, as_of) if on_sqlite else _on_postgres(query, as_of)
    if on_sqlite:
        candidates = candidates.add_columns((_SCORE if query.wanted and is_scored else literal(0.0)).label("score"))
    narrowed = candidates.where(*_conditions(wanted, authors)).limit(MOST_RANKED).subquery()
    return select(narrowed.c.id, narrowed.c.score, narrowed.c.place).order_by(
        narrowed.c.score.desc(), narrowed.c.place.desc()
    )


def _on_sqlite(
    tx: Transaction, query: SearchQuery, wanted: SearchFilter, authors: Sequence[UUID] | None, as_of: int
) -> AnySelect:
    facets = _rare_ones(
        tx, Facets(role=wanted.role, lang=wanted.lang, api_client_id=wanted.api_client_id, user_ids=authors)
    )
    first, last = _span(tx, wanted)
    return (
        select(messages.c.id, fts.c.rowid.label("place"))
        .select_from(fts.join(messages, fts.c.rowid == _NUMBER))
        .where(_matching(query, facets), fts.c.rowid >= first, fts.c.rowid <= min(last, as_of))
        .order_by(fts.c.rowid.desc())
    )


def _rare_ones(tx: Transaction, facets: Facets) -> Facets:
    """Those that narrow a search much; SQLite counts every message with the others for a score that needs them not."""

    def is_rare(one: Facets) -> bool:
        some = select(fts.c.rowid).where(_matching(SearchQuery(), one)).limit(SHORT_SPAN + 1).subquery()
        return tx.connection.execute(select(func.count()).select_from(some)).scalar_one() <= SHORT_SPAN

    given = {field.name: getattr(facets, field.name) for field in fields(facets)}
    return Facets(**{name: value for name, value in given.items() if value and is_rare(Facets(**{name: value}))})


def _on_postgres(query: SearchQuery, as_of: int) -> AnySelect:
    by_length = 1  # divides by the logarithm of the length
    score = func.ts_rank(_VECTOR, postgres_query(query), by_length) if query.wanted else literal(0.0)
    return (
        select(messages.c.id, score.label("score"), messages.c.created_date.label("place"))
        .where(
            _VECTOR.bool_op("@@")(postgres_query(query)),
            messages.c.created_date <= datetime.fromtimestamp(as_of / 1_000_000, UTC),
        )
        .order_by(messages.c.created_date.desc(), messages.c.id.desc())
    )


def _span(tx: Transaction, wanted: SearchFilter) -> tuple[int, int]:
    """Between which numbers the messages of a short time lie; as wide as can be for a long one."""
    everything = 0, 2**63 - 1
    if wanted.min_date is None and wanted.max_date is None:
        return everything
    part = select(_NUMBER.label("number")).select_from(messages).where(*_between(messages.c.created_date, wanted))
    within = part.limit(SHORT_SPAN + 1).subquery()
    bounds = select(func.count(), func.min(within.c.number), func.max(within.c.number))
    count, first, last = tx.connection.execute(bounds).one()
    if not count:
        return 1, 0
    return (first, last) if count <= SHORT_SPAN else everything


def _authors(tx: Transaction, wanted: SearchFilter) -> Sequence[UUID] | None:
    """Who may have written what is looked for; None when it does not matter."""
    found = None if wanted.user_id is None else [wanted.user_id]
    if wanted.username:
        named = tx.execute(AUTHORS_NAMED, {"name": wanted.username, "method": wanted.auth_method}).scalars().all()
        found = [user_id for user_id in named if found is None or user_id in found]
    return found


# --- conditions ------------------------------------------------------------------------------------------------------


def _conditions(wanted: SearchFilter, authors: Sequence[UUID] | None) -> Iterator[ColumnElement[bool]]:
    """What the rows must be like. None of it may lead the database away from the index of words."""
    if authors is not None:
        yield _unindexed(messages.c.user_id).in_(authors)
    if wanted.api_client_id is not None:
        yield _unindexed(messages.c.api_client_id) == wanted.api_client_id
    if wanted.lang:
        yield messages.c.lang == wanted.lang
    if wanted.role is not None:
        yield messages.c.role == wanted.role.value
    if wanted.only_roots:
        yield messages.c.parent_id.is_(None)
    if not wanted.sees_deleted:
        yield messages.c.deleted == false()
    if wanted.state is not None:
        yield _in_state(wanted.state)
    if wanted.tree_state is not None:
        state = select(trees.c.state).where(trees.c.message_tree_id == messages.c.message_tree_id)
        yield state.correlate(messages).scalar_subquery() == wanted.tree_state.value
    yield from _between(_unindexed(messages.c.created_date), wanted)
    for bound in wanted.labels:
        yield _labelled(bound)


def _in_state(state: MessageState) -> ColumnElement[bool]:
    match state:
        case MessageState.ACCEPTED:
            return messages.c.review_result.is_(True)
        case MessageState.REJECTED:
            return messages.c.review_result.is_(False)
        case MessageState.UNDECIDED:
            return messages.c.review_result.is_(None)
        case MessageState.SPAM:
            return and_(messages.c.parent_id.is_not(None), messages.c.review_result.is_not(True))
        case MessageState.DELETED:
            return messages.c.deleted == true()


def _between(date: ColumnElement[Any], wanted: SearchFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.min_date is not None:
        yield date >= wanted.min_date
    if wanted.max_date is not None:
        yield date <= wanted.max_date


def _labelled(bound: LabelBound) -> ColumnElement[bool]:
    """Whether the mean of a label is as it should be: over the votes of this hub and those that a message came with."""
    vote = text_labels.c.labels[bound.label.value].as_float()
    votes = select(vote.label("total"), case((vote.is_(None), 0), else_=1).label("voters")).where(
        text_labels.c.message_id == messages.c.id
    )
    brought = select(imported_labels.c.value * imported_labels.c.count, imported_labels.c["count"]).where(
        imported_labels.c.message_id == messages.c.id, imported_labels.c.label == bound.label.value
    )
    all_votes = union_all(votes.correlate(messages), brought.correlate(messages)).subquery()
    total, voters = func.sum(all_votes.c.total), func.sum(all_votes.c.voters)
    mean = select(total / func.nullif(voters, 0)).scalar_subquery()
    match bound.operator:
        case ">=":
            return mean >= bound.value
        case "<=":
            return mean <= bound.value
        case ">":
            return mean > bound.value
        case _:
            return mean < bound.value


def _unindexed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The same value in a form that no index is made for."""
    return func.nullif(column, null(), type_=column.type)


# --- queries in the databases' own languages -------------------------------------------------------------------------


def _matching(query: SearchQuery, facets: Facets) -> ColumnElement[bool]:
    return literal_column(NAME).bool_op("MATCH")(_sqlite_query(query, facets))


def _sqlite_query(query: SearchQuery, facets: Facets) -> str:
    """A query as FTS5 reads it. Words hold neither quotes nor anything else that FTS5 knows: they are all letters."""
    wanted = [f'words : "{" ".join(term)}"' for term in query.wanted]
    wanted += [" OR ".join(f'facets : "{_quoted(token)}"' for token in tokens) for tokens in _tokens(facets)]
    if not wanted:  # FTS5 can leave out of something only
        wanted = [" OR ".join(f'facets : "r{role}"' for role in Role)]
    all_wanted = " AND ".join(f"({part})" for part in wanted)
    excluded = " OR ".join(f'words : "{" ".join(term)}"' for term in query.excluded)
    return f"({all_wanted}) NOT ({excluded})" if excluded else all_wanted


def _tokens(facets: Facets) -> Iterator[list[str]]:
    """What stands in the column of facets, one of each list."""
    if facets.role is not None:
        yield [f"r{facets.role}"]
    if facets.lang:
        yield [f"l{facets.lang}"]
    if facets.api_client_id is not None:
        yield [f"c{facets.api_client_id.hex}"]
    if facets.user_ids:
        yield [f"u{user_id.hex}" for user_id in facets.user_ids]


def _quoted(text: str) -> str:
    return text.replace('"', '""').replace("\0", " ")


def postgres_query(query: SearchQuery) -> ColumnElement[Any]:
    parts = [_postgres_term(term) for term in query.wanted]
    if query.excluded:
        refused = [_postgres_term(term) for term in query.excluded]
        parts.append(reduce(lambda one, other: one.op("||")(other), refused).self_group())
        parts[-1] = func.tsquery_not(parts[-1], type_=TSQUERY)
    return reduce(lambda one, other: one.op("&&")(other), parts)


def _postgres_term(term: Term) -> ColumnElement[Any]:
    return func.message_search_term(" ".join(term), type_=TSQUERY)
