"""Watching answers over a real connection: cut off, resumed, side by side, in silence, and after a stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from loopback import serving
from scripted_answering import MODEL, ScriptedAnswering
from talk import Talk, Watch, said

from oa.config import Chat, Config
from oa.domain.people import AccountRole
from oa.hub import accounts, keys
from oa.hub.accounts import NewAccount
from oa.hub.keys import NewToken
from oa.inference.answering import Queued
from oa.server.app import create_app
from oa.store.database import Database, Transaction


def make_token(tx: Transaction) -> str:
    account = accounts.create_account(tx, NewAccount("eve", AccountRole.VOLUNTEER))
    return keys.issue_token(tx, account.user, NewToken("test")).secret


class Live:
    """A hub on a port, what its model will say, and somebody who chats."""

    def __init__(self, app: Any, answering: ScriptedAnswering, eve: Talk) -> None:
        self.app = app
        self.answering = answering
        self.eve = eve

    async def question(self) -> tuple[str, str]:
        """A chat and a prompt in it."""
        chat = await self.eve.begin()
        return chat, await self.eve.write(chat, "Go on")


@pytest.fixture
async def live(database: Database) -> AsyncIterator[Live]:
    answering = ScriptedAnswering(MODEL)
    app = create_app(database, Config(chat=Chat(heartbeat_s=1)), answering)
    token = await database.write(make_token)
    async with serving(app) as address, httpx.AsyncClient(base_url=address, timeout=20) as http:
        yield Live(app, answering, Talk(http, token))


async def until_said(watch: Watch, text: str) -> None:
    """Read until so much has been told."""
    told = ""
    while told != text:
        event = await watch.next()
        assert event is not None
        told += event.get("text", "")
        assert text.startswith(told)


async def test_a_connection_that_breaks_in_mid_answer_goes_on_where_it_broke(live: Live) -> None:
    silence = asyncio.Event()
    live.answering.will("One", ", two", silence, ", three", ", four.")
    chat, prompt = await live.question()
    message = await live.eve.ask(chat, prompt)
    async with live.eve.watching(chat, message) as watch:
        await until_said(watch, "One, two")
        seen = watch.last_id
    silence.set()  # the answer goes on while nobody watches
    async with live.eve.watching(chat, message, after=seen) as watch:
        events = await watch.rest()
    assert "One, two" + said(events) == "One, two, three, four."
    assert events[-1]["message"]["content"] == "One, two, three, four."
    assert live.answering.cancelled == []


async def test_every_client_is_told_all_of_it_whenever_it_comes(live: Live) -> None:
    first_silence, second_silence = asyncio.Event(), asyncio.Event()
    live.answering.will("A", first_silence, "B", second_silence, "C")
    chat, prompt = await live.question()
    message = await live.eve.ask(chat, prompt)
    async with AsyncExitStack() as stack:
        early = await stack.enter_async_context(live.eve.watching(chat, message))
        await until_said(early, "A")
        first_silence.set()
        await until_said(early, "B")
        late = await stack.enter_async_context(live.eve.watching(chat, message))
        await until_said(late, "AB")
        second_silence.set()
        assert [said(await watch.rest()) for watch in (early, late)] == ["C", "C"]


async def test_who_waits_is_told_the_place_in_the_queue_and_then_the_answer(live: Live) -> None:
    live.answering.will(Queued(3, 9), Queued(0, 9), silence := asyncio.Event(), "Done")
    chat, prompt = await live.question()
    message = await live.eve.ask(chat, prompt)
    async with live.eve.watching(chat, message) as watch:
        assert await watch.next() == {"event_type": "pending", "queue_position": 0, "queue_size": 9}
        silence.set()
        events = await watch.rest()
    assert (said(events), events[-1]["event_type"]) == ("Done", "message")


async def test_silence_is_announced(live: Live) -> None:
    live.answering.will("So", silence := asyncio.Event(), " long")
    chat, prompt = await live.question()
    message = await live.eve.ask(chat, prompt)
    async with live.eve.watching(chat, message) as watch:
        await until_said(watch, "So")
        await watch.heartbeat()
        silence.set()
        assert said(await watch.rest()) == " long"


async def test_whoever_watches_an_answer_that_is_stopped_is_told(live: Live) -> None:
    live.answering.will("Never", asyncio.Event())
    chat, prompt = await live.question()
    message = await live.eve.ask(chat, prompt)
    async with live.eve.watching(chat, message) as watch:
        await until_said(watch, "Never")
        await live.eve.post(f"/chats/{chat}/messages/{message}/stop")
        (last,) = await watch.rest()
    assert (last["event_type"], last["message"]["state"], last["message"]["content"]) == (
        "message",
        "cancelled",
        "Never",
    )


async def test_whoever_watches_an_answer_in_a_chat_that_is_deleted_is_let_go(live: Live) -> None:
    live.answering.will("Gone", asyncio.Event())
    chat, prompt = await live.question()
    message = await live.eve.ask(chat, prompt)
    async with live.eve.watching(chat, message) as watch:
        await until_said(watch, "Gone")
        await live.eve.send("DELETE", f"/chats/{chat}")
        (last,) = await watch.rest()
    assert last["event_type"] == "error"


async def test_a_hub_that_stops_ends_answers_with_what_there_is_of_them(live: Live) -> None:
    live.answering.will("So far", asyncio.Event())
    chat, prompt = await live.question()
    message = await live.eve.ask(chat, prompt)
    async with live.eve.watching(chat, message) as watch:
        await until_said(watch, "So far")
        await live.app.state.generations.close()
        (last,) = await watch.rest()
    assert (last["message"]["state"], last["message"]["content"]) == ("aborted_by_worker", "So far")


async def test_a_client_that_leaves_at_once_loses_nothing(live: Live) -> None:
    live.answering.will("Still", silence := asyncio.Event(), " written")
    chat, prompt = await live.question()
    message = await live.eve.ask(chat, prompt)
    async with live.eve.watching(chat, message):
        pass
    silence.set()
    assert said(await live.eve.events(chat, message)) == "Still written"


@pytest.mark.parametrize("place", ["x", "-1", "1e3", "9" * 19])
async def test_a_place_that_is_none_is_refused(live: Live, place: str) -> None:
    chat, prompt = await live.question()
    message = await live.eve.ask(chat, prompt)
    answer = await live.eve.send("GET", f"/chats/{chat}/messages/{message}/events", headers={"last-event-id": place})
    assert answer.status_code == 400
