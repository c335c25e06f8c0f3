"""How answers are kept while they are written, and what is left of them after a crash or a long time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from oa.domain.chat_work import Work
from oa.domain.chats import Event, EventKind, State
from oa.domain.people import User
from oa.errors import CannotAnswer, ChatFull, ChatMessageNotFound
from oa.hub import accounts, chat_messages, chats, generating
from oa.hub.accounts import NewAccount
from oa.hub.chat_messages import ChatLimits, NewAnswer, NewPrompt
from oa.hub.generating import Begun, Ending, Progress
from oa.store.database import Database

LIMITS = ChatLimits(max_messages=4)


@dataclass
class World:
    """A person, a chat of theirs, and an answer that waits."""

    database: Database
    person: User
    chat_id: UUID
    answer_id: UUID

    def begin(self, *tokens: str) -> None:
        events = [Event(number, EventKind.TOKEN, text) for number, text in enumerate(tokens, 1)]
        progress = Progress([Begun(self.answer_id, 3, 0, None)], {self.answer_id: events})
        self.database.run(lambda tx: generating.record(tx, progress))

    def finish(self, **facts: Any) -> None:
        plain = {"state": State.COMPLETE, "text": "", "last_event": 9}
        ending = Ending(message_id=self.answer_id, **{**plain, **facts})
        self.database.run(lambda tx: generating.finish(tx, ending))

    def message(self) -> Any:
        return self.database.run(lambda tx: chat_messages.find(tx, self.person, self.chat_id, self.answer_id))

    def told(self, after: int = 0) -> list[str]:
        return [
            event.text for event in self.database.run(lambda tx: generating.events_after(tx, self.answer_id, after))
        ]

    def proceed(self) -> Any:
        return self.database.run(
            lambda tx: chat_messages.continue_answer(tx, self.person, self.chat_id, self.answer_id)
        )


@pytest.fixture
def world(database: Database) -> World:
    def make(tx: Any) -> World:
        person = accounts.create_account(tx, NewAccount("ada")).user
        chat = chats.create(tx, person)
        prompt = chat_messages.write_prompt(
            tx, person, NewPrompt(chat_id=chat.id, parent_id=None, content="Hi"), LIMITS
        )
        new = NewAnswer(chat_id=chat.id, parent_id=prompt.id, work=Work(model="m"))
        planned = chat_messages.plan(tx, person, new, LIMITS)
        answer = chat_messages.ask(tx, person, planned, None, LIMITS)
        return World(database, person, chat.id, answer.id)

    return database.run(make)


def test_what_a_killed_hub_was_writing_ends_with_all_that_was_kept(world: World) -> None:
    world.begin(" One", ", two")
    assert world.database.run(generating.abort_leftovers) == 1
    message = world.message()
    assert (message.state, message.content, message.last_event) == (State.ABORTED, "One, two", 3)
    assert world.database.run(generating.abort_leftovers) == 0


def test_what_had_not_begun_ends_without_a_text(world: World) -> None:
    world.database.run(generating.abort_leftovers)
    assert (world.message().state, world.message().content) == (State.ABORTED, None)


def test_a_continued_answer_that_a_killed_hub_was_writing_has_both_parts(world: World) -> None:
    world.begin("One")
    world.database.run(generating.abort_leftovers)
    world.proceed()
    more = Progress([], {world.answer_id: [Event(4, EventKind.TOKEN, ", two")]})
    world.database.run(lambda tx: generating.record(tx, more))
    world.database.run(generating.abort_leftovers)
    assert world.message().content == "One, two"


def test_the_space_around_a_complete_answer_goes_and_that_after_a_cut_one_stays(world: World) -> None:
    world.begin()
    world.finish(text=" cut ", state=State.CANCELLED)
    assert world.message().content == "cut "
    world.proceed()
    world.begin()
    world.finish(text="and done \n")
    assert world.message().content == "cut and done"


def test_events_are_forgotten_a_day_after_the_end_and_the_text_stays(world: World, clock: Any) -> None:
    world.begin("One", ", two")
    world.finish(text="One, two", finish_reason="length")
    assert world.told() == ["One", ", two"]
    clock.advance(timedelta(hours=23))
    assert world.database.run(generating.forget_events) == 0
    clock.advance(timedelta(hours=2))
    assert world.database.run(generating.forget_events) == 1
    assert world.database.run(generating.forget_events) == 0
    assert (world.told(), world.message().content) == ([], "One, two")


def test_who_reads_a_continued_answer_from_the_beginning_finds_what_was_forgotten(world: World, clock: Any) -> None:
    world.begin("One", ", two")
    world.finish(text="One, two", finish_reason="length", last_event=3)
    clock.advance(timedelta(days=2))
    world.database.run(generating.forget_events)
    world.proceed()
    assert (world.told(), world.told(after=3)) == (["One, two"], [])


def test_the_end_of_an_answer_in_a_chat_that_is_gone_is_kept_by_nobody(world: World) -> None:
    world.begin("One")
    world.database.run(lambda tx: chats.delete(tx, world.person, world.chat_id))
    with pytest.raises(ChatMessageNotFound):
        world.finish(text="One")


def test_a_chat_takes_no_more_messages_than_it_may_have(world: World) -> None:
    world.begin("x")
    world.finish(text="x")
    new = NewPrompt(chat_id=world.chat_id, parent_id=None, content="Again")
    for _ in range(2):
        world.database.run(lambda tx: chat_messages.write_prompt(tx, world.person, new, LIMITS))
    with pytest.raises(ChatFull):
        world.database.run(lambda tx: chat_messages.write_prompt(tx, world.person, new, LIMITS))


def test_an_answer_that_is_being_written_is_not_continued(world: World) -> None:
    world.begin("One")
    with pytest.raises(CannotAnswer):
        world.proceed()
