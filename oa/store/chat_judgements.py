"""What people think of answers: which of several they chose, and complaints. Votes stand in the messages."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, insert, select

from oa.domain.chats import ChatMessage, Report
from oa.store.chat_tables import chat_evaluations as evaluations
from oa.store.chat_tables import chat_reports as reports
from oa.store.database import Transaction

ADD_EVALUATION = insert(evaluations)
ADD_REPORT = insert(reports)
EVALUATIONS_IN_CHAT = (
    select(evaluations.c.selected_message_id, evaluations.c.inferior_message_ids)
    .where(evaluations.c.chat_id == bindparam("in_chat"))
    .order_by(evaluations.c.created_date, evaluations.c.id)
)


def add_choice(tx: Transaction, person_id: UUID, selected: ChatMessage, inferior: Sequence[ChatMessage]) -> None:
    tx.execute(
        ADD_EVALUATION,
        {
            "id": tx.new_id(),
            "chat_id": selected.chat_id,
            "user_id": person_id,
            "selected_message_id": selected.id,
            "inferior_message_ids": [str(message.id) for message in inferior],
            "created_date": tx.now,
        },
    )


def choices(tx: Transaction, chat_id: UUID) -> list[tuple[UUID, tuple[UUID, ...]]]:
    """Each choice in a chat, oldest first: the chosen answer, and those that it was better than."""
    rows = tx.execute(EVALUATIONS_IN_CHAT, {"in_chat": chat_id})
    return [(selected, tuple(map(UUID, inferior))) for selected, inferior in rows]


def add_report(tx: Transaction, person_id: UUID, message_id: UUID, report: Report) -> None:
    tx.execute(
        ADD_REPORT,
        {
            "id": report.id,
            "message_id": message_id,
            "user_id": person_id,
            "report_type": report.report_type.value,
            "reason": report.reason,
            "created_date": tx.now,
        },
    )
