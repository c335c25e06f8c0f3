"""Taking answers back, and what the database is then."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from community import Community, who
from sqlalchemy import select

from oa.domain.views import Assignment
from oa.hub import second_thoughts
from oa.hub.answers import LabelAnswer, RankingAnswer, TextAnswer
from oa.hub.second_thoughts import Answer
from oa.store import tables
from oa.store.database import Transaction

LEFT_TO_CHANCE = {"journal", "standing_frame"}
"""What is history, and what moves by time alone."""

CHANCE = {"open_work": {"id", "random_key"}, "barred_from_work": {"work_id"}}


def contents(community: Community) -> dict[str, list[Any]]:
    """The whole database, but for the journal and what chance decides."""

    def dump(tx: Transaction) -> dict[str, list[Any]]:
        slots = {row.id: (row.message_id, row.kind) for row in tx.connection.execute(select(tables.open_work))}
        found: dict[str, list[Any]] = {}
        for name, table in tables.metadata.tables.items():
            if name in LEFT_TO_CHANCE:
                continue
            rows = [dict(row._mapping) for row in tx.connection.execute(select(table))]
            for row in rows:
                if name == "barred_from_work":
                    row["slot"] = slots[row["work_id"]]
                for column in CHANCE.get(name, ()):
                    del row[column]
            found[name] = sorted(repr(sorted(row.items())) for row in rows)
        return found

    return community.database.run(dump)


def undo(community: Community, name: str, task: Assignment) -> Assignment:
    return community.database.run(lambda tx: second_thoughts.undo(tx, community.caller, who(name), task.id))


def instead(community: Community, name: str, task: Assignment, answer: Answer) -> UUID:
    return community.database.run(
        lambda tx: second_thoughts.replace_answer(tx, community.caller, who(name), task.id, answer)
    )


def text(task: Assignment, words: str = "On second thoughts", **more: Any) -> TextAnswer:
    return TextAnswer(frontend_message_id=str(task.id), user_message_id=f"again-{task.id}", text=words, **more)


def labels(task: Assignment, **more: Any) -> LabelAnswer:
    wanted: dict[str, Any] = {"task_id": task.id, "labels": {"spam": 1.0}}
    return LabelAnswer(message_id=task.conversation[-1].message.id, text="", **wanted | more)


def order(task: Assignment, **more: Any) -> RankingAnswer:
    places = tuple(reversed(range(len(task.replies))))
    return RankingAnswer(frontend_message_id=str(task.id), ranking=places, **more)
