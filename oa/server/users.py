"""/api/v1/frontend_users and /api/v1/users: the users that programs speak for, and what they wrote."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Controller, delete, get, post, put
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from oa.domain.paging import Page, PageRequest, Part, Place, name_place
from oa.domain.people import Caller, Identity
from oa.domain.views import MessageFilter, MessageView, UserFilter, UserSortKey
from oa.errors import Invalid, SortKeyUnsupported
from oa.hub import frontend_users, leaving, user_lists
from oa.hub.frontend_users import UserChanges
from oa.hub.moderators import Moderator
from oa.hub.transactions import Transaction
from oa.hub.trees import Reader
from oa.hub.user_lists import Author
from oa.protocol.messages import Message, MessagePage
from oa.protocol.users import CreateFrontendUserRequest, FrontEndUser, FrontEndUserPage
from oa.server.auth import Call
from oa.server.messages import dates, page_request

MaxCount = Annotated[int, QueryParameter(gt=0, le=10_000, description="how many users at most")]
SearchText = Annotated[
    str | None,
    QueryParameter(max_length=256, description="stands in the name; capitals of A to Z make no difference"),
]
Name = Annotated[str | None, QueryParameter(max_length=256)]
Notes = Annotated[str | None, QueryParameter(max_length=1024)]


class AuthorMessages:
    """What one user wrote, and the way to it. A plain class, as `oa.server.messages.Asked`."""

    __slots__ = ("_author", "_call")

    def __init__(self, call: Call, author: Author) -> None:
        self._call = call
        self._author = author

    async def part(self, wanted: MessageFilter, part: Part[datetime]) -> list[Message]:
        who, author = self._call.reader, self._author
        found = await self._call.read(
            lambda tx, caller: user_lists.message_list(tx, Reader(caller, who), author, wanted, part)
        )
        return [Message.whole(view) for view in found]

    async def page(self, wanted: MessageFilter, page: PageRequest[datetime]) -> MessagePage:
        who, author = self._call.reader, self._author

        def query(tx: Transaction, caller: Caller) -> Page[MessageView]:
            return user_lists.message_page(tx, Reader(caller, who), author, wanted, page)

        return MessagePage.of(await self._call.read(query))

    async def delete(self) -> None:
        who, author = self._call.reader, self._author
        await self._call.write(lambda tx, caller: user_lists.delete_messages(tx, Moderator(caller, who), author))


async def messages_of_named(
    call: NamedDependency[Call],
    auth_method: FromPath[str],
    username: FromPath[str],
    api_client_id: FromQuery[UUID | None] = None,
) -> AuthorMessages:
    return AuthorMessages(call, Author(Identity(auth_method, username), api_client_id))


async def messages_of_known(
    call: NamedDependency[Call], user_id: FromPath[UUID], api_client_id: FromQuery[UUID | None] = None
) -> AuthorMessages:
    return AuthorMessages(call, Author(user_id, api_client_id))


async def of_author_filter(
    only_roots: FromQuery[bool] = False,
    include_deleted: FromQuery[bool] = False,
    lang: FromQuery[str | None] = None,
) -> MessageFilter:
    """What the lists of somebody's messages can be narrowed to."""
    return MessageFilter(only_roots=only_roots, include_deleted=include_deleted, lang=lang)


async def user_filter(
    api_client_id: FromQuery[UUID | None] = None,
    auth_method: FromQuery[str | None] = None,
    search_text: SearchText = None,
) -> UserFilter:
    """What lists of users can be narrowed to."""
    return UserFilter(api_client_id=api_client_id, auth_method=auth_method, search_text=search_text)


async def by_username(
    max_count: MaxCount = 100,
    gte_username: Name = None,
    gt_id: FromQuery[UUID | None] = None,
    lte_username: Name = None,
    lt_id: FromQuery[UUID | None] = None,
) -> Part[str]:
    """A part of the list by user name, from one place to another."""
    return _part("username", max_count, (gte_username, gt_id), (lte_username, lt_id))


async def by_display_name(
    max_count: MaxCount = 100,
    gte_display_name: Name = None,
    gt_id: FromQuery[UUID | None] = None,
    lte_display_name: Name = None,
    lt_id: FromQuery[UUID | None] = None,
) -> Part[str]:
    """The same by display name."""
    return _part("display_name", max_count, (gte_display_name, gt_id), (lte_display_name, lt_id))


Bound = tuple[str | None, UUID | None]


def _part(key: str, max_count: int, low: Bound, high: Bound) -> Part[str]:
    for bound, (name, place_id) in (("g", low), ("l", high)):
        if place_id is not None and name is None:
            raise Invalid(f"{bound}t_id says where among equal names to go on, so it needs {bound}te_{key} beside it")
    if low[0] is not None and high[0] is not None and low[0] > high[0]:
        raise Invalid(f"gte_{key} comes after lte_{key}, so that nobody is between them")
    places = (None if name is None else Place(name, place_id) for name, place_id in (low, high))
    return Part(max_count, False, *places)


def _turned(part: Part[str], desc: bool) -> Part[str]:
    return Part(part.limit, desc, part.low, part.high)


class FrontendUserController(Controller):
    """Users by the names that programs gave them."""

    path = "/frontend_users"
    tags = ("frontend_users",)
    dependencies = {  # noqa: RUF012  # the framework declares it so
        "written": Provide(messages_of_named),
        "narrowed": Provide(of_author_filter),
        "wanted": Provide(user_filter),
        "named": Provide(by_username),
        "part": Provide(dates),
        "page": Provide(page_request),
    }

    @get("/", deprecated=True)
    async def get_users_ordered_by_username_deprecated(
        self, call: NamedDependency[Call], wanted: NamedDependency[UserFilter], named: NamedDependency[Part[str]]
    ) -> list[FrontEndUser]:
        """Users by user name: /users/by_username by its old address."""
        found = await call.read(lambda tx, caller: user_lists.users(tx, caller, wanted, UserSortKey.USERNAME, named))
        return [FrontEndUser.of(user) for user in found]

    @post("/", status_code=200)
    async def create_frontend_user(
        self, call: NamedDependency[Call], data: JSONBody[CreateFrontendUserRequest]
    ) -> FrontEndUser:
        """Make a user known, or rename them. To change anything else about one needs a trusted program.

        What is left out stays as it is: a disabled user is enabled by nothing but `"enabled": true`.
        """
        changes = UserChanges(
            enabled=data.enabled,
            show_on_leaderboard=data.show_on_leaderboard,
            accepts_terms=bool(data.tos_acceptance),
            notes=data.notes,
        )
        who = data.identity()
        return FrontEndUser.of(await call.write(lambda tx, caller: frontend_users.make_known(tx, caller, who, changes)))

    @get("/{auth_method:str}/{username:str}")
    async def query_frontend_user(
        self,
        call: NamedDependency[Call],
        auth_method: FromPath[str],
        username: FromPath[str],
        api_client_id: FromQuery[UUID | None] = None,
    ) -> FrontEndUser:
        """The user of this name, of the calling program unless another is named."""
        who = Identity(auth_method, username)
        return FrontEndUser.of(
            await call.read(lambda tx, caller: frontend_users.by_name(tx, caller, who, api_client_id))
        )

    @get("/{auth_method:str}/{username:str}/messages")
    async def query_frontend_user_messages(
        self,
        written: NamedDependency[AuthorMessages],
        narrowed: NamedDependency[MessageFilter],
        part: NamedDependency[Part[datetime]],
    ) -> list[Message]:
        """What this user wrote, by date."""
        return await written.part(narrowed, part)

    @get("/{auth_method:str}/{username:str}/messages/cursor")
    async def query_frontend_user_messages_cursor(
        self,
        written: NamedDependency[AuthorMessages],
        narrowed: NamedDependency[MessageFilter],
        page: NamedDependency[PageRequest[datetime]],
    ) -> MessagePage:
        """The same page by page: send `next` back as `after`, or `prev` as `before`."""
        return await written.page(narrowed, page)

    @delete("/{auth_method:str}/{username:str}/messages")
    async def mark_frontend_user_messages_deleted(self, written: NamedDependency[AuthorMessages]) -> None:
        """Hide all that this user wrote, with the replies to it. For trusted programs and moderators."""
        await written.delete()


class UserController(Controller):
    """Users by the hub's ids."""

    path = "/users"
    tags = ("users",)
    dependencies = {  # noqa: RUF012  # the framework declares it so
        "written": Provide(messages_of_known),
        "narrowed": Provide(of_author_filter),
        "wanted": Provide(user_filter),
        "named": Provide(by_username),
        "called": Provide(by_display_name),
        "part": Provide(dates),
        "page": Provide(page_request),
    }

    @get("/by_username")
    async def get_users_ordered_by_username(
        self,
        call: NamedDependency[Call],
        wanted: NamedDependency[UserFilter],
        named: NamedDependency[Part[str]],
        desc: FromQuery[bool] = False,
    ) -> list[FrontEndUser]:
        """Users by user name. Without trust, a program sees its own."""
        part = _turned(named, desc)
        found = await call.read(lambda tx, caller: user_lists.users(tx, caller, wanted, UserSortKey.USERNAME, part))
        return [FrontEndUser.of(user) for user in found]

    @get("/by_display_name")
    async def get_users_ordered_by_display_name(
        self,
        call: NamedDependency[Call],
        wanted: NamedDependency[UserFilter],
        called: NamedDependency[Part[str]],
        desc: FromQuery[bool] = False,
    ) -> list[FrontEndUser]:
        """Users by display name. Without trust, a program sees its own."""
        part = _turned(called, desc)
        found = await call.read(lambda tx, caller: user_lists.users(tx, caller, wanted, UserSortKey.DISPLAY_NAME, part))
        return [FrontEndUser.of(user) for user in found]

    @get("/cursor")
    async def get_users_cursor(
        self,
        call: NamedDependency[Call],
        wanted: NamedDependency[UserFilter],
        before: FromQuery[str | None] = None,
        after: FromQuery[str | None] = None,
        sort_key: FromQuery[str] = "username",
        max_count: MaxCount = 100,
    ) -> FrontEndUserPage:
        """Users by `username` or `display_name`, page by page: send `next` back as `after`, or `prev` as `before`."""
        if sort_key not in frozenset(UserSortKey):
            raise SortKeyUnsupported(f"users are sorted by {' or '.join(UserSortKey)}, not by {sort_key[:40]!r}")
        key, request = UserSortKey(sort_key), PageRequest(max_count, name_place(before), name_place(after))
        return FrontEndUserPage.of(
            await call.read(lambda tx, caller: user_lists.user_page(tx, caller, wanted, key, request))
        )

    @get("/{user_id:str}")
    async def get_user(
        self, call: NamedDependency[Call], user_id: FromPath[UUID], api_client_id: FromQuery[UUID | None] = None
    ) -> FrontEndUser:
        """One user. Without trust, a program sees its own."""
        return FrontEndUser.of(
            await call.read(lambda tx, caller: frontend_users.by_id(tx, caller, user_id, api_client_id))
        )

    @put("/{user_id:str}", status_code=204)
    async def update_user(
        self,
        call: NamedDependency[Call],
        user_id: FromPath[UUID],
        display_name: Name = None,
        enabled: FromQuery[bool | None] = None,
        notes: Notes = None,
        show_on_leaderboard: FromQuery[bool | None] = None,
        tos_acceptance: FromQuery[bool | None] = None,
    ) -> None:
        """Change a user; what is left out stays as it is. For trusted programs and moderators."""
        who = call.reader
        changes = UserChanges(
            enabled=enabled,
            show_on_leaderboard=show_on_leaderboard,
            accepts_terms=bool(tos_acceptance),
            notes=notes,
        )
        await call.write(
            lambda tx, caller: frontend_users.change(tx, Moderator(caller, who), user_id, changes, display_name)
        )

    @delete("/{user_id:str}")
    async def delete_user(self, call: NamedDependency[Call], user_id: FromPath[UUID]) -> None:
        """Delete somebody's account: nothing says any more who they were. For trusted programs and moderators.

        What they wrote is kept under no name or removed, as the campaign says.
        """
        who = call.reader
        await call.write(lambda tx, caller: leaving.remove_user(tx, Moderator(caller, who), user_id))
        await call.hub.database.empty_log()

    @get("/{user_id:str}/messages")
    async def query_user_messages(
        self,
        written: NamedDependency[AuthorMessages],
        narrowed: NamedDependency[MessageFilter],
        part: NamedDependency[Part[datetime]],
    ) -> list[Message]:
        """What this user wrote, by date."""
        return await written.part(narrowed, part)

    @get("/{user_id:str}/messages/cursor")
    async def query_user_messages_cursor(
        self,
        written: NamedDependency[AuthorMessages],
        narrowed: NamedDependency[MessageFilter],
        page: NamedDependency[PageRequest[datetime]],
    ) -> MessagePage:
        """The same page by page: send `next` back as `after`, or `prev` as `before`."""
        return await written.page(narrowed, page)

    @delete("/{user_id:str}/messages")
    async def mark_user_messages_deleted(self, written: NamedDependency[AuthorMessages]) -> None:
        """Hide all that this user wrote, with the replies to it. For trusted programs and moderators."""
        await written.delete()
