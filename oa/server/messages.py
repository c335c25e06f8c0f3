"""/api/v1/messages and /api/v1/frontend_messages: what the community wrote."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, TypeVar
from uuid import UUID

from litestar import Controller, get, post, put
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from oa.domain.lifecycle import Tree
from oa.domain.paging import Page, PageRequest, Part, Place, date_place, in_utc
from oa.domain.people import Caller
from oa.domain.views import MessageFilter, MessageView
from oa.errors import Invalid
from oa.hub import halting, moderate, trees
from oa.hub.moderators import Moderator
from oa.hub.transactions import Transaction
from oa.hub.trees import Name, Reader
from oa.protocol.conversations import Conversation
from oa.protocol.messages import Message, MessageEmojiRequest, MessagePage, MessageTree, MessageTreeStateResponse
from oa.server.auth import Call, named

T = TypeVar("T")

MaxCount = Annotated[int, QueryParameter(gt=0, le=1000, description="how many messages at most")]
Search = Annotated[
    str | None,
    QueryParameter(
        max_length=500,
        description='words that the text holds, wherever; "words in a row", and -words that it does not hold;'
        " case and accents make no difference",
    ),
]


class Asked:
    """The message that a request names, and the way to what the caller sees of it.

    A plain class, because the framework would take a dataclass apart to check it.
    """

    __slots__ = ("_call", "_name")

    def __init__(self, call: Call, name: Name) -> None:
        self._call = call
        self._name = name

    async def read(self, query: Callable[[Transaction, Reader, Name], T]) -> T:
        who = self._call.reader
        return await self._call.read(lambda tx, caller: query(tx, Reader(caller, who), self._name))


async def asked_by_id(call: NamedDependency[Call], message_id: FromPath[UUID]) -> Asked:
    return Asked(call, message_id)


async def asked_by_frontend_id(call: NamedDependency[Call], message_id: FromPath[str]) -> Asked:
    return Asked(call, message_id)


class ReadingController(Controller):
    """Everything that starts from one message, however it is named."""

    @get("/{message_id:str}")
    async def get_message(self, asked: NamedDependency[Asked]) -> Message:
        """One message, deleted or not."""
        return Message.whole(await asked.read(trees.message))

    @get("/{message_id:str}/conversation")
    async def get_conv(self, asked: NamedDependency[Asked]) -> Conversation:
        """The messages from the first of the tree down to this one."""
        return Conversation.of(await asked.read(trees.conversation))

    @get("/{message_id:str}/tree")
    async def get_tree(
        self,
        asked: NamedDependency[Asked],
        include_spam: FromQuery[bool] = True,
        include_deleted: FromQuery[bool] = False,
    ) -> MessageTree:
        """The whole tree, oldest message first. Spam is every reply that reviews have not accepted."""
        found = await asked.read(
            lambda tx, reader, name: trees.tree(
                tx, reader, name, include_spam=include_spam, include_deleted=include_deleted
            )
        )
        return MessageTree.of(found)

    @get("/{message_id:str}/children")
    async def get_children(self, asked: NamedDependency[Asked]) -> list[Message]:
        """The replies to this message, oldest first; deleted ones are left out."""
        return [Message.whole(view) for view in await asked.read(trees.children)]

    @get("/{message_id:str}/descendants")
    async def get_descendants(self, asked: NamedDependency[Asked]) -> MessageTree:
        """Everything under this message, level by level, with what was rejected or deleted."""
        return MessageTree.of(await asked.read(trees.descendants))

    @get("/{message_id:str}/longest_conversation_in_tree")
    async def get_longest_conv(self, asked: NamedDependency[Asked]) -> Conversation:
        """The longest conversation of accepted messages in the tree."""
        return Conversation.of(await asked.read(trees.longest_conversation))

    @get("/{message_id:str}/max_children_in_tree")
    async def get_max_children(self, asked: NamedDependency[Asked]) -> MessageTree:
        """The message with the most accepted replies in the tree, and those replies."""
        return MessageTree.of(await asked.read(trees.most_children))


class FrontendMessageController(ReadingController):
    """Messages by the names that the calling program gave them."""

    path = "/frontend_messages"
    tags = ("frontend_messages",)
    dependencies = {"asked": Provide(asked_by_frontend_id)}  # noqa: RUF012  # the framework declares it so


async def message_filter(
    auth_method: FromQuery[str | None] = None,
    username: FromQuery[str | None] = None,
    api_client_id: FromQuery[UUID | None] = None,
    only_roots: FromQuery[bool] = False,
    lang: FromQuery[str | None] = None,
) -> MessageFilter:
    """What both lists can be narrowed to."""
    return MessageFilter(
        auth_method=auth_method, username=username, api_client_id=api_client_id, only_roots=only_roots, lang=lang
    )


async def list_filter(wanted: NamedDependency[MessageFilter], allow_deleted: FromQuery[bool] = False) -> MessageFilter:
    """What the plain list can be narrowed to."""
    return replace(wanted, include_deleted=allow_deleted)


async def page_filter(
    wanted: NamedDependency[MessageFilter],
    user_id: FromQuery[UUID | None] = None,
    include_deleted: FromQuery[bool] = False,
    search_query: Search = None,
) -> MessageFilter:
    """What the list in pages can be narrowed to."""
    words = tuple((search_query or "").split())
    return replace(wanted, user_id=user_id, include_deleted=include_deleted, words=words)


async def dates(
    max_count: MaxCount = 10,
    start_date: FromQuery[datetime | None] = None,
    end_date: FromQuery[datetime | None] = None,
    desc: FromQuery[bool] = True,
) -> Part[datetime]:
    """A part of a list from one date to another, both included."""
    start, end = _place(start_date), _place(end_date)
    if start is not None and end is not None and start.value > end.value:
        raise Invalid("start_date lies after end_date, so that nothing is between them")
    return Part(max_count, desc, start, end)


async def page_request(
    before: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    max_count: MaxCount = 10,
    desc: FromQuery[bool] = False,
) -> PageRequest[datetime]:
    """A page of a list by date."""
    return PageRequest(max_count, date_place(before), date_place(after), desc)


def _place(date: datetime | None) -> Place[datetime] | None:
    if date is None:
        return None
    try:
        return Place(in_utc(date))
    except ValueError as error:
        raise Invalid("start_date and end_date lie between the years 1 and 9999") from error


class MessageController(ReadingController):
    """Messages by the hub's ids."""

    path = "/messages"
    tags = ("messages",)
    dependencies = {  # noqa: RUF012  # the framework declares it so
        "asked": Provide(asked_by_id),
        "wanted": Provide(message_filter),
        "listed": Provide(list_filter),
        "searched": Provide(page_filter),
        "part": Provide(dates),
        "page": Provide(page_request),
    }

    @get("/")
    async def query_messages(
        self,
        call: NamedDependency[Call],
        listed: NamedDependency[MessageFilter],
        part: NamedDependency[Part[datetime]],
    ) -> list[Message]:
        """Messages by date. Without trust, a program sees what was written through it."""
        who = call.reader
        found = await call.read(lambda tx, caller: trees.message_list(tx, Reader(caller, who), listed, part))
        return [Message.whole(view) for view in found]

    @get("/cursor")
    async def get_messages_cursor(
        self,
        call: NamedDependency[Call],
        searched: NamedDependency[MessageFilter],
        page: NamedDependency[PageRequest[datetime]],
        include_user: FromQuery[bool | None] = None,
    ) -> MessagePage:
        """Messages by date, page by page: send `next` back as `after`, or `prev` as `before`."""
        who, with_authors = call.reader, bool(include_user)

        def query(tx: Transaction, caller: Caller) -> Page[MessageView]:
            return trees.message_page(tx, Reader(caller, who), searched, page, with_authors=with_authors)

        return MessagePage.of(await call.read(query))

    @get("/{message_id:str}/tree/state")
    async def get_message_tree_state(
        self, call: NamedDependency[Call], message_id: FromPath[UUID]
    ) -> MessageTreeStateResponse:
        """Where the tree of this message stands."""
        return MessageTreeStateResponse.of(await call.read(lambda tx, _: trees.tree_state(tx, message_id)))

    @put("/{message_id:str}/tree/state")
    async def put_message_tree_state(
        self, call: NamedDependency[Call], message_id: FromPath[UUID], halt: FromQuery[bool]
    ) -> MessageTreeStateResponse:
        """Halt the tree of this message, or let it go on. For trusted programs and moderators."""
        change, who = halting.halt if halt else halting.resume, call.reader

        def run(tx: Transaction, caller: Caller) -> Tree:
            change(tx, Moderator(caller, who), message_id)
            return trees.tree_state(tx, message_id)

        return MessageTreeStateResponse.of(await call.write(run))

    @post("/{message_id:str}/emoji", status_code=202)
    async def post_message_emoji(
        self, call: NamedDependency[Call], message_id: FromPath[UUID], data: JSONBody[MessageEmojiRequest]
    ) -> Message:
        """Give this message a reaction, or take it back. One vote at most, and none on one's own message."""
        who = named(data.user)

        def run(tx: Transaction, caller: Caller) -> MessageView:
            moderate.react(tx, caller, who, message_id, data.emoji, data.op)
            return trees.message(tx, Reader(caller, who), message_id)

        return Message.whole(await call.write(run))
