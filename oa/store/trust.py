"""What people did, as far as trust asks about it, and the signs of abuse that were found in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, bindparam, func, or_, select, tuple_

from oa.domain.deeds import Deeds, Ranking, Review, Text
from oa.domain.labels import CATALOGUE, Label, Widget
from oa.domain.paging import Part, Place
from oa.domain.signs import Key, KnownSign, SignFilter, SignKind, SignStatus
from oa.domain.tasks import TaskKind
from oa.errors import SignNotFound
from oa.store.database import Transaction
from oa.store.tables import UtcDateTime, abuse_signs, ballots, messages, tasks, text_labels, users

LARGEST_IN = 500
"""Ids in one statement."""

FLAGS = frozenset(str(label) for label in Label if CATALOGUE[label].widget is Widget.FLAG)

# --- who was there ---------------------------------------------------------------------------------------------------

ACTIVE = select(users.c.id).where(users.c.last_activity_date >= bindparam("since", type_=UtcDateTime())).order_by("id")
SHUT_OUT = select(users.c.id).where(users.c.enabled.is_(False) | users.c.deleted.is_(True))


def active_people(tx: Transaction, since: datetime) -> list[UUID]:
    """Everybody who has handed in anything since then."""
    return list(tx.execute(ACTIVE, {"since": since}).scalars())


def people_shut_out(tx: Transaction) -> frozenset[UUID]:
    """Everybody who is disabled or deleted."""
    return frozenset(tx.execute(SHUT_OUT).scalars())


# --- what they did ---------------------------------------------------------------------------------------------------

_parents = messages.alias("parents")

DONE = (tasks.c.kind, tasks.c.created_date.label("handed_out"))

TEXTS = (
    select(
        messages.c.id,
        messages.c.message_tree_id,
        messages.c.user_id,
        messages.c.task_id,
        messages.c.created_date,
        messages.c.lang,
        messages.c.text,
        func.coalesce(func.length(_parents.c.text), 0).label("read_characters"),
        *DONE,
    )
    .join(tasks, tasks.c.id == messages.c.task_id)
    .outerjoin(_parents, _parents.c.id == messages.c.parent_id)
)
REVIEWS = (
    select(
        text_labels.c.task_id,
        text_labels.c.user_id,
        text_labels.c.created_date,
        text_labels.c.message_id,
        text_labels.c.labels,
        messages.c.lang,
        func.length(messages.c.text).label("read_characters"),
        tasks.c.valid_labels,
        *DONE,
    )
    .join(tasks, tasks.c.id == text_labels.c.task_id)
    .join(messages, messages.c.id == text_labels.c.message_id)
)
RANKINGS = select(
    ballots.c.task_id,
    ballots.c.user_id,
    ballots.c.created_date,
    ballots.c.parent_id,
    ballots.c.ranking,
    ballots.c.not_rankable,
    tasks.c.lang,
    tasks.c.replies,
    *DONE,
).join(tasks, tasks.c.id == ballots.c.task_id)
LENGTHS = select(messages.c.id, func.length(messages.c.text).label("length")).where(
    messages.c.parent_id.in_(bindparam("parent_ids", expanding=True))
)


def deeds_of(tx: Transaction, user_ids: Iterable[UUID], since: datetime) -> Deeds:
    """What these people have handed in since then."""
    return Deeds.together(
        [
            Deeds(
                _texts(tx, TEXTS.where(messages.c.user_id.in_(some), messages.c.created_date >= since)),
                _reviews(tx, REVIEWS.where(text_labels.c.user_id.in_(some), text_labels.c.created_date >= since)),
                _rankings(tx, RANKINGS.where(ballots.c.user_id.in_(some), ballots.c.created_date >= since)),
            )
            for some in _slices(user_ids)
        ]
    )


def judgements_with(tx: Transaction, user_id: UUID, since: datetime, *, most: int) -> Deeds:
    """A person's reviews and rankings since then, the latest `most` of each, and those of all others on the same."""
    by_one = REVIEWS.where(text_labels.c.user_id == user_id, text_labels.c.created_date >= since)
    own_reviews = _reviews(tx, by_one.order_by(text_labels.c.created_date.desc()).limit(most))
    by_one = RANKINGS.where(ballots.c.user_id == user_id, ballots.c.created_date >= since)
    own_rankings = _rankings(tx, by_one.order_by(ballots.c.created_date.desc()).limit(most))
    reviews, rankings = own_reviews, own_rankings
    for some in _slices({review.message_id for review in own_reviews}):
        reviews += _reviews(tx, REVIEWS.where(text_labels.c.message_id.in_(some), text_labels.c.user_id != user_id))
    for some in _slices({ranking.parent_id for ranking in own_rankings}):
        rankings += _rankings(tx, RANKINGS.where(ballots.c.parent_id.in_(some), ballots.c.user_id != user_id))
    return Deeds((), reviews, rankings)


def _texts(tx: Transaction, statement: Select[*tuple[Any, ...]]) -> list[Text]:
    return [
        Text(**_deed(row, row.read_characters), message_id=row.id, tree_id=row.message_tree_id, text=row.text)
        for row in tx.connection.execute(statement)
    ]


def _reviews(tx: Transaction, statement: Select[*tuple[Any, ...]]) -> list[Review]:
    return [
        Review(
            **_deed(row, row.read_characters), message_id=row.message_id, labels=_answered(row.labels, row.valid_labels)
        )
        for row in tx.connection.execute(statement)
    ]


def _answered(labels: Mapping[str, float], offered: Sequence[str] | None) -> dict[str, float]:
    """The labels with every flag that was offered: whoever did not raise it has seen nothing wrong."""
    return dict.fromkeys(FLAGS.intersection(offered or ()), 0.0) | dict(labels)


def _rankings(tx: Transaction, statement: Select[*tuple[Any, ...]]) -> list[Ranking]:
    rows = list(tx.connection.execute(statement))
    lengths: dict[UUID, int] = {}
    for some in _slices({row.parent_id for row in rows}):
        lengths |= {row.id: row.length for row in tx.execute(LENGTHS, {"parent_ids": some})}
    return [_ranking(row, lengths) for row in rows]


def _ranking(row: Row[*tuple[Any, ...]], lengths: Mapping[UUID, int]) -> Ranking:
    order = tuple(map(UUID, row.ranking))
    return Ranking(
        **_deed(row, sum(lengths.get(reply, 0) for reply in order)),
        parent_id=row.parent_id,
        order=order,
        shown=tuple(map(UUID, row.replies or ())),
        not_rankable=row.not_rankable,
    )


def _deed(row: Row[*tuple[Any, ...]], read_characters: int) -> dict[str, Any]:
    return {
        "task_id": row.task_id,
        "user_id": row.user_id,
        "kind": TaskKind(row.kind),
        "lang": row.lang,
        "handed_out": row.handed_out,
        "date": row.created_date,
        "read_characters": read_characters,
    }


# --- signs -----------------------------------------------------------------------------------------------------------


COLUMNS = tuple(abuse_signs.c[name] for name in KnownSign.__slots__)
ALL_SIGNS = select(*COLUMNS)
FIND_SIGN = ALL_SIGNS.where(abuse_signs.c.id == bindparam("sign_id"))
OPEN_SIGNS = ALL_SIGNS.where(abuse_signs.c.status == SignStatus.OPEN.value)
LAST_DECISIONS = (
    select(
        abuse_signs.c.kind,
        abuse_signs.c.user_id,
        abuse_signs.c.other_user_id,
        func.max(abuse_signs.c.decided_date, type_=UtcDateTime()).label("until"),
    )
    .where(abuse_signs.c.decided_date >= bindparam("since", type_=UtcDateTime()))
    .group_by(abuse_signs.c.kind, abuse_signs.c.user_id, abuse_signs.c.other_user_id)
)
INSERT_SIGN = abuse_signs.insert()
RENEW_SIGN = (
    abuse_signs.update()
    .where(abuse_signs.c.id == bindparam("sign_id"))
    .values(evidence=bindparam("new_evidence"), since=bindparam("new_since"))
)
DECIDE_SIGN = (
    abuse_signs.update()
    .where(abuse_signs.c.id == bindparam("sign_id"))
    .values(
        status=bindparam("new_status"),
        decided_by=bindparam("new_decided_by"),
        decided_date=bindparam("new_decided_date"),
        note=bindparam("new_note"),
    )
)
FORGET = abuse_signs.delete().where(
    or_(abuse_signs.c.user_id == bindparam("whom"), abuse_signs.c.other_user_id == bindparam("whom"))
)


def find_sign(tx: Transaction, sign_id: UUID) -> KnownSign:
    """
    Raises:
        SignNotFound: no sign has that id.
    """
    row = tx.execute(FIND_SIGN, {"sign_id": sign_id}).one_or_none()
    if row is None:
        raise SignNotFound("there is no sign with this id; `GET /api/v1/moderation/signs` lists what there is")
    return _sign(row)


def open_signs(tx: Transaction) -> dict[Key, KnownSign]:
    """What waits for a moderator; there is one of a kind for a person or a pair."""
    return {sign.key: sign for sign in map(_sign, tx.execute(OPEN_SIGNS))}


def last_decisions(tx: Transaction, since: datetime) -> dict[Key, datetime]:
    """When a moderator last decided about what, where that was since then."""
    rows = tx.execute(LAST_DECISIONS, {"since": since})
    return {Key(SignKind(row.kind), row.user_id, row.other_user_id): row.until for row in rows}


def add_sign(tx: Transaction, sign: KnownSign) -> None:
    row = {name: getattr(sign, name) for name in KnownSign.__slots__}
    tx.execute(
        INSERT_SIGN, row | {"kind": sign.kind.value, "status": sign.status.value, "evidence": dict(sign.evidence)}
    )


def renew_sign(tx: Transaction, sign_id: UUID, evidence: Mapping[str, Any], since: datetime) -> None:
    """Let an open sign say what is seen now."""
    tx.execute(RENEW_SIGN, {"sign_id": sign_id, "new_evidence": dict(evidence), "new_since": since})


def decide_sign(tx: Transaction, sign: KnownSign) -> None:
    """Write what has been decided about a sign: its status, by whom, when, and the note."""
    changes = {f"new_{name}": getattr(sign, name) for name in ("decided_by", "decided_date", "note")}
    tx.execute(DECIDE_SIGN, {"sign_id": sign.id, "new_status": sign.status.value, **changes})


def forget(tx: Transaction, user_id: UUID) -> None:
    """Remove every sign about a person, decided or not: for whoever leaves."""
    tx.execute(FORGET, {"whom": user_id})


def part_of_list(tx: Transaction, wanted: SignFilter, part: Part[datetime]) -> list[KnownSign]:
    """A part of the list of signs, which is sorted by the date on which they were found."""
    place = (abuse_signs.c.created_date, abuse_signs.c.id)
    statement = (
        ALL_SIGNS.where(*_conditions(wanted), *_bounds(part))
        .order_by(*(column.desc() if part.descending else column.asc() for column in place))
        .limit(part.limit)
    )
    return [_sign(row) for row in tx.connection.execute(statement)]


def _conditions(wanted: SignFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.status is not None:
        yield abuse_signs.c.status == wanted.status.value
    if wanted.kind is not None:
        yield abuse_signs.c.kind == wanted.kind.value
    if wanted.user_id is not None:
        yield or_(abuse_signs.c.user_id == wanted.user_id, abuse_signs.c.other_user_id == wanted.user_id)


def _bounds(part: Part[datetime]) -> Iterator[ColumnElement[bool]]:
    date = abuse_signs.c.created_date
    place = tuple_(date, abuse_signs.c.id)
    if part.low is not None:
        yield date >= part.low.value if part.low.id is None else place > _bound(part.low)
    if part.high is not None:
        yield date <= part.high.value if part.high.id is None else place < _bound(part.high)


def _bound(place: Place[datetime]) -> ColumnElement[Any]:
    return tuple_(
        bindparam(None, place.value, type_=abuse_signs.c.created_date.type),
        bindparam(None, place.id, type_=abuse_signs.c.id.type),
    )


def _sign(row: Any) -> KnownSign:
    values: dict[str, Any] = row._asdict()
    values["kind"] = SignKind(row.kind)
    values["status"] = SignStatus(row.status)
    return KnownSign(**values)


def _slices(ids: Iterable[UUID]) -> Iterator[list[UUID]]:
    rest = iter(ids)
    while some := list(islice(rest, LARGEST_IN)):
        yield some
