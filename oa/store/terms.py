"""Versions of the terms of service, and who has accepted which."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, exists, insert, select

from oa.domain.terms import Acceptance, Terms
from oa.store import dialect, tables
from oa.store.database import Transaction

terms = tables.terms
acceptances = tables.terms_acceptances

LAST = select(terms.c.version, terms.c.text, terms.c.from_date).order_by(terms.c.version.desc()).limit(1)
CURRENT = LAST.where(terms.c.from_date <= bindparam("now", type_=terms.c.from_date.type))
FIND = select(terms.c.version, terms.c.text, terms.c.from_date).where(terms.c.version == bindparam("wanted"))
CURRENT_ACCEPTED = (
    select(
        terms.c.version,
        exists(acceptances.c.version).where(
            acceptances.c.version == terms.c.version, acceptances.c.user_id == bindparam("user_id")
        ),
    )
    .where(terms.c.from_date <= bindparam("now", type_=terms.c.from_date.type))
    .order_by(terms.c.version.desc())
    .limit(1)
)
ACCEPTED_BY = (
    select(acceptances.c.version, acceptances.c.accepted_date)
    .where(acceptances.c.user_id == bindparam("user_id"))
    .order_by(acceptances.c.version)
)
ADD = insert(terms)


def last(tx: Transaction) -> Terms | None:
    """The newest version, which may hold only from some later day on."""
    return _terms(tx.execute(LAST).one_or_none())


def current(tx: Transaction) -> Terms | None:
    """The version that holds now."""
    return _terms(tx.execute(CURRENT, {"now": tx.now}).one_or_none())


def find(tx: Transaction, version: int) -> Terms | None:
    return _terms(tx.execute(FIND, {"wanted": version}).one_or_none())


def has_accepted_current(tx: Transaction, user_id: UUID) -> bool | None:
    """Whether somebody has accepted the version that holds now; None where there is none."""
    row = tx.execute(CURRENT_ACCEPTED, {"now": tx.now, "user_id": user_id}).one_or_none()
    return None if row is None else bool(row[1])


def add(tx: Transaction, new: Terms, created_by: UUID | None) -> None:
    values = {"version": new.version, "text": new.text, "from_date": new.from_date}
    tx.execute(ADD, {**values, "created_date": tx.now, "created_by": created_by})


def accept(tx: Transaction, user_id: UUID, version: int) -> bool:
    """Write that somebody accepts a version now; False, and nothing changed, where they did before."""
    values = {"user_id": user_id, "version": version, "accepted_date": tx.now}
    return tx.execute(dialect.insert_or_ignore(tx.connection, acceptances), values).rowcount == 1


def accepted_by(tx: Transaction, user_id: UUID) -> list[Acceptance]:
    """What somebody has accepted, oldest version first."""
    return [Acceptance(row.version, row.accepted_date) for row in tx.execute(ACCEPTED_BY, {"user_id": user_id})]


def _terms(row: Any) -> Terms | None:
    return None if row is None else Terms(row.version, row.text, row.from_date)
