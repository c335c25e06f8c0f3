"""Chatting with a hub: chats, what is said in them, and what becomes of it.

::

    chat = await hub.chats.create()
    prompt = await hub.chat_messages.write(chat.id, "Why is the sky blue?")
    answer = await hub.chat_messages.ask(chat.id, CreateAssistantMessageRequest(parent_id=prompt.id, ...))
    async with aclosing(hub.chat_messages.watch(chat.id, answer.id)) as events:
        async for event in events:
            match event:
                case TokenEvent(text): ...
                case MessageEvent(message=message): ...
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from uuid import UUID

from oa.client import events
from oa.client.connection import Connection, Parameter, Repeat, Request
from oa.domain.chats import ReportType
from oa.protocol.chat_configs import ModelConfigInfo
from oa.protocol.chat_events import ChatEvent
from oa.protocol.chat_sharing import ChatExport, ChatSearchPage, ShareRead, ShareRequest
from oa.protocol.chats import (
    ChatListRead,
    ChatRead,
    ChatUpdateRequest,
    CreateAssistantMessageRequest,
    CreateChatRequest,
    CreatePrompterMessageRequest,
    ListChatsResponse,
    MessageEvalRequest,
    MessageRead,
    ReportRequest,
    VoteRequest,
)
from oa.protocol.plugins import PluginEntry


class Chats:
    """One's chats as a whole. Needs a person's token, or a program that names its user."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def models(self) -> list[ModelConfigInfo]:
        """The models that answer now, the default first."""
        return await self._connection.call(self._read("/configs/model_configs"), list[ModelConfigInfo])

    async def plugins(self) -> list[PluginEntry]:
        """The plugins that the hub brings."""
        return await self._connection.call(self._read("/configs/builtin_plugins"), list[PluginEntry])

    async def page(
        self,
        *,
        size: int = 20,
        after: str | None = None,
        before: str | None = None,
        include_hidden: bool = False,
        only_hidden: bool = False,
    ) -> ListChatsResponse:
        """A page of one's chats, the newest first; `next` and `prev` of a page are `after` and `before` of others."""
        query: dict[str, Parameter] = {"limit": size, "after": after, "before": before}
        query |= {"include_hidden": include_hidden, "only_hidden": only_hidden}
        return await self._connection.call(self._read("/chats", query), ListChatsResponse)

    async def walk(self, *, include_hidden: bool = False) -> AsyncIterator[ChatListRead]:
        """All of one's chats, fetched page by page as they are needed."""
        after: str | None = None
        while True:
            page = await self.page(size=100, after=after, include_hidden=include_hidden)
            for chat in page.chats:
                yield chat
            if page.next is None:
                return
            after = page.next

    async def search(self, query: str, *, size: int = 20, after: str | None = None) -> ChatSearchPage:
        """What was said with these words in it (`oa.domain.search.parse`), the newest first."""
        parameters: dict[str, Parameter] = {"query": query, "limit": size, "after": after}
        return await self._connection.call(self._read("/chats/search", parameters), ChatSearchPage)

    async def create(self) -> ChatListRead:
        request = self._write("POST", "/chats", CreateChatRequest(), Repeat.WITH_KEY)
        return await self._connection.call(request, ChatListRead)

    async def get(self, chat: UUID) -> ChatRead:
        """A chat with all its messages."""
        return await self._connection.call(self._read(f"/chats/{chat}"), ChatRead)

    async def change(self, chat: UUID, changes: ChatUpdateRequest) -> None:
        """Rename it, hide it or show it, say whether it may be used for training, or choose its branch."""
        await self._connection.call(self._write("PUT", f"/chats/{chat}", changes), type(None))

    async def hide_all(self) -> None:
        await self._connection.call(self._write("PUT", "/chats/hide_all"), type(None))

    async def delete(self, chat: UUID) -> None:
        """For good, with everything in it."""
        await self._connection.call(self._write("DELETE", f"/chats/{chat}", repeat=Repeat.NEVER), type(None))

    def _read(self, path: str, query: Mapping[str, Parameter] | None = None) -> Request:
        return _read(self._connection, path, query)

    def _write(self, method: str, path: str, body: object = None, repeat: Repeat = Repeat.ALWAYS) -> Request:
        return _write(self._connection, method, path, body, repeat)


class ChatMessages:
    """What is said in one's chats."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self, chat: UUID, message: UUID) -> MessageRead:
        return await self._connection.call(_read(self._connection, _path(chat, message)), MessageRead)

    async def write(self, chat: UUID, content: str, parent: UUID | None = None) -> MessageRead:
        """Write a prompt below an answer; beside another prompt (with the same parent), that is to edit it."""
        body = CreatePrompterMessageRequest(parent_id=parent, content=content)
        return await self._say(f"/chats/{chat}/prompter_message", body, Repeat.WITH_KEY)

    async def ask(self, chat: UUID, wanted: CreateAssistantMessageRequest) -> MessageRead:
        """Have a prompt answered; once more, to have another answer beside the first. `watch` shows it come."""
        return await self._say(f"/chats/{chat}/assistant_message", wanted, Repeat.WITH_KEY)

    async def stop(self, chat: UUID, message: UUID) -> MessageRead:
        """End an answer with what there is of it."""
        return await self._say(f"{_path(chat, message)}/stop", None, Repeat.ALWAYS)

    async def resume(self, chat: UUID, message: UUID) -> MessageRead:
        """Have an answer written on that was stopped, cut off or failed. `watch` shows the rest come."""
        return await self._say(f"{_path(chat, message)}/continue", None, Repeat.NEVER)

    def watch(self, chat: UUID, message: UUID, after: int = 0) -> AsyncGenerator[ChatEvent, None]:
        """What happens to an answer, to its end, however often the connection breaks; close it to stop watching.

        Args:
            after: the number of the last event that is known; 0 tells all of it.

        Raises:
            OaError: the hub refuses, or stays away for too long.
        """
        return events.watch(self._connection, self._connection.at_root(f"{_path(chat, message)}/events"), after)

    async def vote(self, chat: UUID, message: UUID, score: int) -> None:
        """1, -1, or 0 to take it back."""
        await self._judge(f"{_path(chat, message)}/votes", VoteRequest(score=score), Repeat.ALWAYS)

    async def choose(self, chat: UUID, message: UUID, inferior: Sequence[UUID]) -> None:
        """Choose one of several answers to the same prompt; the chat goes on from it."""
        body = MessageEvalRequest(inferior_message_ids=list(inferior))
        await self._judge(f"{_path(chat, message)}/message_evals", body, Repeat.NEVER)

    async def report(self, chat: UUID, message: UUID, kind: ReportType, reason: str) -> None:
        """Complain of an answer to those who run the hub."""
        body = ReportRequest(report_type=kind, reason=reason)
        await self._judge(f"{_path(chat, message)}/reports", body, Repeat.NEVER)

    async def _say(self, path: str, body: object, repeat: Repeat) -> MessageRead:
        return await self._connection.call(_write(self._connection, "POST", path, body, repeat), MessageRead)

    async def _judge(self, path: str, body: object, repeat: Repeat) -> None:
        await self._connection.call(_write(self._connection, "POST", path, body, repeat), type(None))


class ChatCopies:
    """Taking chats along, and sharing them with anybody by a link."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def markdown(self, chat: UUID, leaf: UUID | None = None) -> str:
        """One thread as a document; the one that was looked at last, unless `leaf` ends another."""
        request = _read(self._connection, f"/chats/{chat}/export", {"message_id": leaf})
        return await self._connection.text(request)

    async def whole(self, chat: UUID) -> ChatExport:
        """Everything in a chat."""
        request = _read(self._connection, f"/chats/{chat}/export", {"format": "json"})
        return await self._connection.call(request, ChatExport)

    async def share(self, chat: UUID, leaf: UUID | None = None) -> ShareRead:
        """Make a link by which anybody may read a thread as it stands; `url` is told this once."""
        request = _write(self._connection, "POST", f"/chats/{chat}/shares", ShareRequest(message_id=leaf), Repeat.NEVER)
        return await self._connection.call(request, ShareRead)

    async def shares(self, chat: UUID) -> list[ShareRead]:
        """The links to a chat that hold."""
        return await self._connection.call(_read(self._connection, f"/chats/{chat}/shares"), list[ShareRead])

    async def revoke(self, chat: UUID, share: UUID) -> None:
        """Make a link worthless."""
        path = f"/chats/{chat}/shares/{share}"
        await self._connection.call(_write(self._connection, "DELETE", path, None, Repeat.NEVER), type(None))


def _path(chat: UUID, message: UUID) -> str:
    return f"/chats/{chat}/messages/{message}"


def _read(connection: Connection, path: str, query: Mapping[str, Parameter] | None = None) -> Request:
    return Request(method="GET", path=connection.at_root(path), query=query or {}, repeat=Repeat.ALWAYS)


def _write(connection: Connection, method: str, path: str, body: object, repeat: Repeat) -> Request:
    return Request(method=method, path=connection.at_root(path), body=body, repeat=repeat)
