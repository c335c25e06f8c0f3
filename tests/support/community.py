"""People who work on a hub through its use cases, for tests that need trees in all stages of their lives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

import pytest
from sqlalchemy import select

from oa.domain.emoji import Emoji, EmojiOperation
from oa.domain.lifecycle import Tree, TreeState
from oa.domain.people import AccountRole, Caller, Identity
from oa.domain.tasks import ANY_KIND, RANKINGS, REVIEWS, TaskKind
from oa.domain.tree import Message
from oa.domain.views import Assignment
from oa.errors import OaError, TaskTypeNotAvailable
from oa.hub import access, accounts, answers, campaigns, collect, growth, halting, keys, moderate
from oa.hub.access import Credential
from oa.hub.accounts import NewAccount
from oa.hub.answers import LabelAnswer, RankingAnswer, TextAnswer
from oa.hub.assignments import TaskRequest
from oa.hub.keys import NewClient
from oa.hub.moderators import Moderator
from oa.store import messages, people, tables, tasks, trees
from oa.store.database import Database, Transaction
from oa.store.tasks import Task

T = TypeVar("T", bound=OaError)

REVIEWERS = ("rita", "rob", "rosa")

SMALL = {"goal_tree_size": 3, "max_tree_depth": 1, "max_children_count": 2}
"""A prompt and two replies to it make a whole tree."""


def who(name: str) -> Identity:
    return Identity("local", name, name.title())


class Community:
    """The users of one program, by name; time stands still unless the test moves it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._numbers = count(1)
        self.caller = self.new_program("program")
        self.moderator = self.new_program("moderators", trusted=True)

    # --- the hub itself ----------------------------------------------------------------------------------------------

    def new_program(self, name: str, *, trusted: bool = False) -> Caller:
        def create(tx: Transaction) -> Caller:
            issued = keys.create_client(tx, NewClient(description=name, trusted=trusted))
            return access.caller(tx, Credential(issued.secret))

        return self.database.run(create)

    def new_person(self, name: str, role: AccountRole = AccountRole.VOLUNTEER) -> Caller:
        """Somebody who has signed in at this hub."""
        account = self.database.run(lambda tx: accounts.create_account(tx, NewAccount(name, role=role)))
        return Caller(access.HUB, account.user, role)

    def set(self, **settings: object) -> None:
        """Change the campaign, as `oa campaign set` does."""
        texts = {name: str(value) for name, value in settings.items()}
        self.database.run(lambda tx: campaigns.change(tx, texts))

    def disable(self, name: str) -> None:
        user_id = self.user_id(name)
        self.database.run(lambda tx: people.enable_user(tx, user_id, False))

    def tidy(self) -> Mapping[str, int]:
        return self.database.run(growth.tidy)

    def rebuild(self) -> None:
        self.database.run(growth.rebuild_open_work)

    def lose_place(self, task: Assignment) -> Assignment:
        """The task itself, which others may now have the place of."""
        self.put("task", task.id, place_until=None)
        self.rebuild()
        return task

    # --- asking ------------------------------------------------------------------------------------------------------

    def ask(
        self, name: str, *kinds: str, lang: str = "en", collective: bool = False, key: str | None = None
    ) -> Assignment:
        """Something to do of these kinds, or of any."""
        wanted = frozenset(map(TaskKind, kinds)) or ANY_KIND
        request = TaskRequest(who=who(name), kinds=wanted, lang=lang, collective=collective, key=key)
        return self.database.run(lambda tx: collect.request_task(tx, self.caller, request))

    def ack(self, task_id: UUID, frontend_id: str | None = None) -> None:
        self.database.run(lambda tx: collect.acknowledge(tx, self.caller, task_id, frontend_id or str(task_id)))

    def take(self, name: str, *kinds: str, lang: str = "en", collective: bool = False) -> Assignment:
        """A task that is acknowledged under its own id."""
        task = self.ask(name, *kinds, lang=lang, collective=collective)
        self.ack(task.id)
        return task

    def is_offered(self, name: str, *kinds: str, lang: str = "en") -> bool:
        """Whether this person would be given such a task; it is not kept."""

        def ask(tx: Transaction) -> None:
            request = TaskRequest(who=who(name), kinds=frozenset(map(TaskKind, kinds)) or ANY_KIND, lang=lang)
            collect.request_task(tx, self.caller, request)
            raise _Enough

        try:
            self.database.run(ask)
        except _Enough:
            return True
        except TaskTypeNotAvailable:
            return False
        raise AssertionError("neither given nor refused")

    def available(self, name: str | None = None, lang: str = "en") -> dict[str, int]:
        """How many tasks of each kind there are, without the zeros."""
        identity = who(name) if name else None
        found = self.database.run(lambda tx: collect.availability(tx, self.caller, identity, lang))
        return {kind.value: number for kind, number in found.items() if number}

    # --- answering ---------------------------------------------------------------------------------------------------

    def write(
        self, name: str, task: Assignment, text: str | None = None, *, lang: str | None = None, key: str | None = None
    ) -> UUID:
        """Answer with a text, one that nobody has sent if none is given; the new message."""
        number = next(self._numbers)
        frontend_id = f"text-{number}"
        answer = TextAnswer(
            frontend_message_id=str(task.id),
            user_message_id=frontend_id,
            text=f"Text number {number}" if text is None else text,
            lang=lang,
            key=key,
        )

        def send(tx: Transaction) -> UUID:
            answers.answer_text(tx, self.caller, who(name), answer)
            return messages.find_by_frontend_id(tx, self.caller.client.id, frontend_id).id

        return self.database.run(send)

    def review(
        self, name: str, task: Assignment, *, key: str | None = None, is_report: bool = False, **labels: float
    ) -> UUID:
        """Answer with labels, no spam if nothing is said; the receipt."""
        answer = LabelAnswer(
            message_id=task.conversation[-1].message.id,
            task_id=task.id,
            text="",
            labels={"spam": 0.0, **labels},
            is_report=is_report,
            key=key,
        )
        return self.database.run(lambda tx: answers.answer_labels(tx, self.caller, who(name), answer))

    def rank(
        self, name: str, task: Assignment, *best_first: UUID, not_rankable: bool = False, key: str | None = None
    ) -> UUID:
        """Answer with an order of the replies, the one shown if none is given; the receipt."""
        shown = [view.message.id for view in task.replies]
        order = tuple(shown.index(reply) for reply in best_first or shown)
        answer = RankingAnswer(frontend_message_id=str(task.id), ranking=order, not_rankable=not_rankable, key=key)
        return self.database.run(lambda tx: answers.answer_ranking(tx, self.caller, who(name), answer))

    def skip(self, name: str, task: Assignment, reason: str | None = None) -> None:
        self.database.run(lambda tx: collect.decline(tx, self.caller, who(name), task.id, reason))

    def remark(self, name: str, message_id: UUID, *, text: str = "", is_report: bool = False, **labels: float) -> None:
        """Labels that nobody asked for."""
        answer = LabelAnswer(message_id=message_id, task_id=None, text=text, labels=labels, is_report=is_report)
        self.database.run(lambda tx: answers.remark(tx, self.caller, who(name), answer))

    def react(
        self, name: str, message_id: UUID, emoji: Emoji, operation: EmojiOperation = EmojiOperation.TOGGLE
    ) -> None:
        self.database.run(lambda tx: moderate.react(tx, self.caller, who(name), message_id, emoji, operation))

    # --- moderating --------------------------------------------------------------------------------------------------

    def halt(self, message_id: UUID) -> Tree:
        self.database.run(lambda tx: halting.halt(tx, Moderator(self.moderator), message_id))
        return self.tree(message_id)

    def resume(self, message_id: UUID) -> Tree:
        self.database.run(lambda tx: halting.resume(tx, Moderator(self.moderator), message_id))
        return self.tree(message_id)

    def delete(self, message_id: UUID) -> list[UUID]:
        return self.database.run(lambda tx: moderate.delete_below(tx, messages.find(tx, message_id)))

    # --- many at once ------------------------------------------------------------------------------------------------

    def prompt(self, name: str, lang: str = "en") -> UUID:
        """A new prompt in review."""
        return self.write(name, self.take(name, "initial_prompt", lang=lang))

    def reply(self, name: str, lang: str = "en") -> UUID:
        """A reply to whatever asks for one."""
        return self.write(name, self.take(name, "assistant_reply", "prompter_reply", lang=lang))

    def review_everything(self, *names: str, lang: str = "en", **labels: float) -> None:
        """Let some people, three if none are named, review all that they are given."""
        for name in names or REVIEWERS:
            while self.is_offered(name, *REVIEWS, lang=lang):
                self.review(name, self.take(name, *REVIEWS, lang=lang), **labels)

    def rank_everything(self, *names: str, lang: str = "en") -> None:
        for name in names or REVIEWERS:
            while self.is_offered(name, *RANKINGS, lang=lang):
                self.rank(name, self.take(name, *RANKINGS, lang=lang))

    def growing(self, author: str = "ada", lang: str = "en") -> UUID:
        """A prompt that was accepted and has won its place."""
        prompt = self.prompt(author, lang)
        self.review_everything(lang=lang)
        assert self.state(prompt) == TreeState.GROWING
        return prompt

    def ranking(self, author: str = "ada", repliers: tuple[str, ...] = ("ben", "cleo")) -> tuple[UUID, list[UUID]]:
        """A small tree whose replies, one by each of the repliers, wait for ballots; under the settings of `SMALL`."""
        prompt = self.growing(author)
        replies = [self.reply(name) for name in repliers]
        self.review_everything()
        assert self.state(prompt) == TreeState.RANKING
        return prompt, replies

    def finished(self, author: str = "ada") -> tuple[UUID, list[UUID]]:
        """The same with its replies ranked."""
        prompt, replies = self.ranking(author)
        self.rank_everything()
        assert self.state(prompt) == TreeState.READY_FOR_EXPORT
        return prompt, replies

    # --- looking -----------------------------------------------------------------------------------------------------

    def message(self, message_id: UUID) -> Message:
        return self.database.run(lambda tx: messages.find(tx, message_id))

    def tree(self, message_id: UUID) -> Tree:
        return self.database.run(lambda tx: trees.find(tx, messages.find(tx, message_id).tree_id))

    def state(self, message_id: UUID) -> TreeState:
        return self.tree(message_id).state

    def task(self, task_id: UUID) -> Task:
        found = self.database.run(lambda tx: tasks.find(tx, self.caller.client.id, task_id))
        assert found is not None
        return found

    def user_id(self, name: str) -> UUID:
        user = self.database.run(lambda tx: people.user_by_identity(tx, self.caller.client.id, "local", name))
        assert user is not None
        return user.id

    def rows(self, table: str, **where: object) -> list[dict[str, Any]]:
        """The rows of a table in which some columns have these values."""
        wanted = tables.metadata.tables[table]
        statement = select(wanted).where(*(wanted.c[name] == value for name, value in where.items()))
        return self.database.run(lambda tx: [dict(row._mapping) for row in tx.connection.execute(statement)])

    def put(self, table: str, which: UUID, **values: object) -> None:
        """Write columns of a row behind the hub's back."""
        changed = tables.metadata.tables[table]
        (key,) = changed.primary_key.columns
        statement = changed.update().where(key == which).values(values)
        self.database.run(lambda tx: tx.connection.execute(statement))

    def events(self, event_type: str) -> list[dict[str, Any]]:
        return self.rows("journal", event_type=event_type)

    def everything(self) -> dict[str, list[str]]:
        """The contents of the whole database."""

        def dump(tx: Transaction) -> dict[str, list[str]]:
            return {
                name: sorted(map(repr, tx.connection.execute(select(table))))
                for name, table in tables.metadata.tables.items()
            }

        return self.database.run(dump)

    @contextmanager
    def refused(self, kind: type[T]) -> Iterator[pytest.ExceptionInfo[T]]:
        """What happens inside raises exactly this error and changes nothing in the database."""
        before = self.everything()
        with pytest.raises(kind) as raised:
            yield raised
        assert raised.type is kind
        assert self.everything() == before


class _Enough(Exception):
    """Rolls back what was tried."""
