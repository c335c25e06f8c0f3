"""Chatting through the client: the same hub, the same words, and connections that break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import httpx
import pytest
from loopback import serving
from scripted_answering import ScriptedAnswering

from oa.client.events import ServerSentEvent, parse
from oa.client.hub import Hub, Patience
from oa.config import Config
from oa.domain.chats import ReportType
from oa.errors import CannotAnswer, ChatNotFound, ModelFailed, Unavailable
from oa.hub import accounts, keys
from oa.hub.accounts import NewAccount
from oa.hub.keys import NewToken
from oa.protocol.chat_events import ChatEvent, ErrorEvent, MessageEvent, TokenEvent
from oa.protocol.chats import ChatUpdateRequest, CreateAssistantMessageRequest, MessageRead
from oa.server.app import create_app
from oa.store.database import Database, Transaction


class Unsteady(httpx.AsyncHTTPTransport):
    """Breaks streams off, as often as it is told to, after a little of them has come."""

    breaks = 0
    is_away = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.is_away:
            raise httpx.ConnectError("nobody there")
        response = await super().handle_async_request(request)
        if self.breaks and request.url.path.endswith("/events"):
            self.breaks -= 1
            response.stream = Breaking(response.stream)  # type: ignore[arg-type]
        return response


class Breaking(httpx.AsyncByteStream):
    def __init__(self, whole: httpx.AsyncByteStream) -> None:
        self._whole = whole

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._whole:
            yield piece
            if b"token" in piece:
                raise httpx.ReadError("broken")

    async def aclose(self) -> None:
        await self._whole.aclose()


@pytest.fixture
def answering() -> ScriptedAnswering:
    return ScriptedAnswering()


@pytest.fixture
def transport() -> Unsteady:
    return Unsteady()


@pytest.fixture
async def eve(database: Database, answering: ScriptedAnswering, transport: Unsteady) -> AsyncIterator[Hub]:
    def make(tx: Transaction) -> str:
        account = accounts.create_account(tx, NewAccount("eve"))
        return keys.issue_token(tx, account.user, NewToken("test")).secret

    token = await database.write(make)
    patience = Patience(attempts=4, first_wait_s=0.001)
    async with (
        serving(create_app(database, Config(), answering)) as address,
        Hub(address, token=token, patience=patience, transport=transport) as hub,
    ):
        yield hub


async def ask(eve: Hub, text: str) -> MessageRead:
    chat = await eve.chats.create()
    prompt = await eve.chat_messages.write(chat.id, text)
    wanted = CreateAssistantMessageRequest(parent_id=prompt.id, model_config_name="echo")
    return await eve.chat_messages.ask(chat.id, wanted)


async def watched(eve: Hub, answer: MessageRead, after: int = 0) -> list[ChatEvent]:
    async with aclosing(eve.chat_messages.watch(answer.chat_id, answer.id, after)) as events:
        return [event async for event in events]


def said(events: list[ChatEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TokenEvent))


async def test_an_answer_is_watched_to_its_end(eve: Hub) -> None:
    answer = await ask(eve, "Hello from the client")
    events = await watched(eve, answer)
    assert said(events) == "Hello from the client"
    assert isinstance(events[-1], MessageEvent)
    assert events[-1].message == await eve.chat_messages.get(answer.chat_id, answer.id)


async def test_a_connection_that_breaks_again_and_again_costs_no_word_and_repeats_none(
    eve: Hub, answering: ScriptedAnswering, transport: Unsteady
) -> None:
    silences = [asyncio.Event() for _ in range(3)]
    answering.will("one", silences[0], " two", silences[1], " three", silences[2], " four")
    answer = await ask(eve, "Count")
    transport.breaks = 3
    events: list[ChatEvent] = []
    async with aclosing(eve.chat_messages.watch(answer.chat_id, answer.id)) as stream:
        async for event in stream:
            events.append(event)
            if isinstance(event, TokenEvent) and silences:
                silences.pop(0).set()
    assert said(events) == "one two three four"
    assert transport.breaks == 0


async def test_a_hub_that_stays_away_is_given_up(eve: Hub, answering: ScriptedAnswering, transport: Unsteady) -> None:
    answering.will("one", asyncio.Event())
    answer = await ask(eve, "Count")
    transport.is_away = True
    with pytest.raises(Unavailable):
        await watched(eve, answer)


async def test_what_fails_is_continued(eve: Hub, answering: ScriptedAnswering) -> None:
    answering.will("Half", ModelFailed("it died"))
    answer = await ask(eve, "Go")
    events = await watched(eve, answer)
    assert isinstance(events[-1], ErrorEvent)
    assert (events[-1].error, said(events)) == ("it died", "Half")
    answering.will(" and half")
    await eve.chat_messages.resume(answer.chat_id, answer.id)
    assert said(await watched(eve, answer)) == "Half and half"
    with pytest.raises(CannotAnswer):
        await eve.chat_messages.resume(answer.chat_id, answer.id)


async def test_chats_are_listed_changed_and_removed(eve: Hub) -> None:
    made = {(await eve.chats.create()).id for _ in range(3)}
    assert {chat.id async for chat in eve.chats.walk()} == made
    first, second, third = made
    await eve.chats.change(first, ChatUpdateRequest(title="Named", hidden=True))
    assert (await eve.chats.get(first)).title == "Named"
    assert {chat.id for chat in (await eve.chats.page()).chats} == {second, third}
    await eve.chats.hide_all()
    assert len((await eve.chats.page(only_hidden=True)).chats) == 3
    await eve.chats.delete(second)
    with pytest.raises(ChatNotFound):
        await eve.chats.get(second)


async def test_answers_are_judged_found_taken_along_and_shared(eve: Hub) -> None:
    answer = await ask(eve, "A needle in a haystack")
    await watched(eve, answer)
    chat = answer.chat_id
    await eve.chat_messages.vote(chat, answer.id, 1)
    await eve.chat_messages.choose(chat, answer.id, [])
    await eve.chat_messages.report(chat, answer.id, ReportType.FEEDBACK, "good")
    assert (await eve.chat_messages.get(chat, answer.id)).score == 1
    assert len((await eve.chats.search("needle")).items) == 2
    assert "A needle in a haystack" in await eve.chat_copies.markdown(chat)
    assert len((await eve.chat_copies.whole(chat)).messages) == 2
    share = await eve.chat_copies.share(chat)
    assert [one.id for one in await eve.chat_copies.shares(chat)] == [share.id]
    await eve.chat_copies.revoke(chat, share.id)
    assert await eve.chat_copies.shares(chat) == []
    assert [model.name for model in await eve.chats.models()] == ["echo"]
    assert await eve.chats.plugins() is not None


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        pytest.param(["data: a", ""], [("message", "a", None)], id="plain"),
        pytest.param(["data:a", "data: b", ""], [("message", "a\nb", None)], id="several lines"),
        pytest.param([": hello", "", "data: a", ""], [("message", "a", None)], id="a comment"),
        pytest.param(["event: ping", "data: x", ""], [("ping", "x", None)], id="another kind"),
        pytest.param(["id: 7", "data: a", ""], [("message", "a", "7")], id="numbered"),
        pytest.param(["retry: 10", "data: a", "", "data: b"], [("message", "a", None)], id="an unfinished tail"),
        pytest.param(["data", "", "nonsense", "", ""], [("message", "", None)], id="empty data"),
    ],
)
async def test_a_stream_is_read_as_the_standard_says(
    lines: list[str], found: list[tuple[str, str, str | None]]
) -> None:
    async def come() -> AsyncIterator[str]:
        for line in lines:
            yield line

    assert [event async for event in parse(come())] == [ServerSentEvent(*one) for one in found]
