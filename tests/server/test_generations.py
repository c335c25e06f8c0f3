"""What becomes of answers when the disk is full, the database is lost, or the model does what no model should."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import pytest
from scripted_answering import MODEL
from talk import Talk, said, told

from oa.errors import StoreUnavailable
from oa.inference.answering import Model
from oa.store.database import Transaction

T = TypeVar("T")


@pytest.fixture
def eve(hub: Any, token: str) -> Talk:
    return Talk(hub.http, token)


class FullDisk:
    """Stands before a database and refuses to write while it is told to."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self.is_full = False
        self.refused = asyncio.Event()

    async def write(self, use_case: Callable[[Transaction], T]) -> T:
        if self.is_full:
            self.refused.set()
            raise StoreUnavailable("the database cannot be written now: its disk is full")
        return await self._database.write(use_case)

    async def read(self, query: Callable[[Transaction], T]) -> T:
        return await self._database.read(query)


@pytest.fixture
def disk(hub: Any) -> FullDisk:
    """The disk of those who write answers; the rest of the hub has another."""
    generations = hub.app.state.generations
    generations.database = FullDisk(generations.database)
    generations.sleep = lambda _: asyncio.sleep(0)
    return generations.database


async def test_a_disk_that_is_full_ends_the_answer_with_a_sentence_and_its_text_is_kept_once_there_is_room(
    eve: Talk, hub: Any, disk: FullDisk
) -> None:
    hub.answering.will("Kept", silence := asyncio.Event(), " and lost?", asyncio.Event())
    chat = await eve.begin()
    prompt = await eve.write(chat, "Hello")
    message = await eve.ask(chat, prompt)
    generation = hub.app.state.generations.find(UUID(message))
    watching = asyncio.create_task(_watch(generation))
    disk.is_full = True
    silence.set()
    await disk.refused.wait()
    last = (await watching)[-1]
    assert (last["event_type"], last["error"]) == ("error", "the database cannot be written now: its disk is full")
    assert hub.answering.cancelled == [message]
    disk.is_full = False
    await generation.task
    found = await eve.message(chat, message)
    assert (found["state"], found["content"]) == ("aborted_by_worker", "Kept and lost?")
    assert "disk is full" in found["error"]
    assert said(await eve.events(chat, message)) == "Kept and lost?"
    assert (await eve.answer(chat, prompt))["state"] == "complete"


async def _watch(generation: Any) -> list[dict[str, Any]]:
    return told(b"".join([piece async for piece in generation.watch(0, 10)]).decode())


async def test_a_fault_of_the_model_is_told_without_its_words_and_the_chat_goes_on(
    eve: Talk, hub: Any, caplog: pytest.LogCaptureFixture
) -> None:
    hub.answering.will("So", RuntimeError("a secret of the machine"))
    chat = await eve.begin()
    prompt = await eve.write(chat, "Hello")
    answer = await eve.answer(chat, prompt)
    assert (answer["state"], answer["content"]) == ("aborted_by_worker", "So")
    assert "secret" not in answer["error"]
    assert "a secret of the machine" in caplog.text
    assert (await eve.answer(chat, prompt))["state"] == "complete"


async def test_a_model_that_never_says_the_end_is_a_failure(eve: Talk, hub: Any) -> None:
    class Endless(type(hub.answering)):  # type: ignore[misc]
        async def answer(self, question: Any) -> Any:
            async for piece in super().answer(question):
                if type(piece).__name__ != "End":
                    yield piece

    hub.answering.__class__ = Endless
    chat = await eve.begin()
    answer = await eve.turn(chat, "Hello")
    assert (answer["state"], answer["content"]) == ("aborted_by_worker", "Hello")


# --- titles -----------------------------------------------------------------------------------------------------------

LARGE = Model(
    name="echo",
    description="",
    context_length=4096,
    created_s=MODEL.created_s,
    is_default=True,
    engine="scripted",
)


async def titled(eve: Talk, hub: Any, chat: str) -> str:
    """What the chat is called once nobody looks for a title any more."""
    await asyncio.gather(*hub.app.state.generations.naming)
    return (await eve.get(f"/chats/{chat}"))["title"]


async def test_the_model_gives_the_chat_a_title_after_its_first_answer(eve: Talk, hub: Any) -> None:
    hub.answering.all_models = (LARGE,)
    hub.answering.will("It scatters blue light most.")
    hub.answering.will('Title: "The blue sky"\nMore')
    chat = await eve.begin()
    answer = await eve.turn(chat, "Why is the sky blue?")
    assert await titled(eve, hub, chat) == "The blue sky"
    asked = hub.answering.asked[-1]
    assert "Why is the sky blue?" in asked.turns[0].content
    assert asked.max_tokens == 24
    await eve.turn(chat, "And red?", answer["id"])
    assert len(hub.answering.asked) == 3


async def test_a_small_model_is_not_asked_for_a_title(eve: Talk, hub: Any) -> None:
    chat = await eve.begin()
    await eve.turn(chat, "Why is the sky blue?")
    assert await titled(eve, hub, chat) == "Why is the sky blue?"
    assert len(hub.answering.asked) == 1


async def test_a_title_that_is_none_or_comes_too_late_changes_nothing(eve: Talk, hub: Any) -> None:
    hub.answering.all_models = (LARGE,)
    hub.answering.will("Because.")
    hub.answering.will("I am a language model and I cannot do that, sorry, because it is not possible for me to.")
    chat = await eve.begin()
    await eve.turn(chat, "Why?")
    assert await titled(eve, hub, chat) == "Why?"
    hub.answering.will("Because.")
    hub.answering.will(late := asyncio.Event(), "Too late")
    chat = await eve.begin()
    await eve.turn(chat, "Why?")
    await eve.send("PUT", f"/chats/{chat}", {"title": "Mine"})
    late.set()
    assert await titled(eve, hub, chat) == "Mine"
