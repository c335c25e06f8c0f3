"""What was found in texts, and the index by which texts like one are found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import bindparam, select, union_all

from oa.domain.checks import Check, Finding
from oa.store.database import Transaction
from oa.store.messages import LARGEST_IN
from oa.store.tables import messages, text_sketches, text_warnings

# --- warnings --------------------------------------------------------------------------------------------------------

ADD_WARNING = text_warnings.insert()
FORGET_WARNINGS = text_warnings.delete().where(text_warnings.c.message_id == bindparam("of_message"))
WARNINGS_ABOUT = (
    select(text_warnings.c.message_id, text_warnings.c.check, text_warnings.c.what)
    .where(text_warnings.c.message_id.in_(bindparam("message_ids", expanding=True)))
    .order_by(text_warnings.c.message_id, text_warnings.c.check, text_warnings.c.what)
)
WARNINGS_OF = (
    select(text_warnings.c.check, text_warnings.c.what)
    .join(messages, messages.c.id == text_warnings.c.message_id)
    .where(
        messages.c.api_client_id == bindparam("client_id"),
        messages.c.frontend_message_id == bindparam("frontend_id"),
    )
    .order_by(text_warnings.c.check, text_warnings.c.what)
)


def add_warnings(tx: Transaction, message_id: UUID, warnings: Iterable[Finding]) -> None:
    rows = [{"message_id": message_id, "check": one.check.value, "what": one.what} for one in warnings]
    tx.execute_many(ADD_WARNING, rows)


def forget_warnings(tx: Transaction, message_id: UUID) -> None:
    tx.execute(FORGET_WARNINGS, {"of_message": message_id})


def warnings_of(tx: Transaction, client_id: UUID, frontend_message_id: str) -> tuple[Finding, ...]:
    """What was found in the text that a program calls so."""
    values = {"client_id": client_id, "frontend_id": frontend_message_id}
    return tuple(Finding(Check(row.check), row.what) for row in tx.execute(WARNINGS_OF, values))


def warnings_about(tx: Transaction, message_ids: Sequence[UUID]) -> dict[UUID, list[Finding]]:
    """What was found in each of these texts; those in which nothing was are left out."""
    found: dict[UUID, list[Finding]] = {}
    for start in range(0, len(message_ids), LARGEST_IN):
        for row in tx.execute(WARNINGS_ABOUT, {"message_ids": message_ids[start : start + LARGEST_IN]}):
            found.setdefault(row.message_id, []).append(Finding(Check(row.check), row.what))
    return found


# --- sketches --------------------------------------------------------------------------------------------------------

_MARKS = tuple(column for column in text_sketches.columns if column.name != "message_id")

ADD_SKETCH = text_sketches.insert()
FORGET_SKETCH = text_sketches.delete().where(text_sketches.c.message_id == bindparam("of_message"))
FORGET_SKETCHES = text_sketches.delete()
MOST_WITH_A_MARK = 12
"""Messages with one mark that are counted: what more have is how many people begin or end, and tells little."""

MOST_ALIKE = 3
"""Messages that are compared word for word: those with the most marks in common."""

ALIKE = union_all(
    *(
        select(
            select(text_sketches.c.message_id).where(mark == bindparam(mark.name)).limit(MOST_WITH_A_MARK).subquery()
        )
        for mark in _MARKS
    )
)
TEXTS = select(messages.c.id, messages.c.text).where(
    messages.c.id.in_(bindparam("message_ids", expanding=True)), messages.c.deleted.is_(False)
)
WITHOUT_SKETCH = (
    select(messages.c.id, messages.c.text)
    .outerjoin(text_sketches, text_sketches.c.message_id == messages.c.id)
    .where(messages.c.id > bindparam("after_id"), text_sketches.c.message_id.is_(None))
    .order_by(messages.c.id)
    .limit(bindparam("most"))
)

Sketch = tuple[int, ...]


def _by_name(sketch: Sketch) -> dict[str, int]:
    return {mark.name: value for mark, value in zip(_MARKS, sketch, strict=True)}


def add_sketches(tx: Transaction, sketches: Iterable[tuple[UUID, Sketch]]) -> None:
    tx.execute_many(ADD_SKETCH, [{"message_id": message_id, **_by_name(made)} for message_id, made in sketches])


def forget_sketch(tx: Transaction, message_id: UUID) -> None:
    tx.execute(FORGET_SKETCH, {"of_message": message_id})


def forget_sketches(tx: Transaction) -> None:
    tx.execute(FORGET_SKETCHES)


def texts_alike(tx: Transaction, sketch: Sketch, *, but: UUID | None) -> list[str]:
    """Texts of messages that may be like the one with this sketch; what was deleted is left out."""
    shared = Counter(message_id for message_id in tx.execute(ALIKE, _by_name(sketch)).scalars() if message_id != but)
    ids = [message_id for message_id, _ in shared.most_common(MOST_ALIKE)]
    return [row.text for row in tx.execute(TEXTS, {"message_ids": ids})] if ids else []


def without_sketch(tx: Transaction, after: UUID, most: int) -> list[tuple[UUID, str]]:
    """Some of the messages without a sketch, by id, from one on."""
    return [(row.id, row.text) for row in tx.execute(WITHOUT_SKETCH, {"after_id": after, "most": most})]
