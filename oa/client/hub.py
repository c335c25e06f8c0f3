"""A hub, as a program sees it.

::

    async with Hub("http://127.0.0.1:8080", key=key) as hub:
        ada = hub.as_user(Identity("local", "ada"))
        task = await ada.tasks.request(lang="en")
        await ada.tasks.acknowledge(task.id, frontend_message_id)

What goes wrong is raised as the same leaf of `oa.errors` that the hub raised, and a hub that cannot be reached as
`Unavailable`.
"""

from __future__ import annotations

import dataclasses
from types import TracebackType
from typing import Self

import httpx

from oa.client.accounts import Accounts
from oa.client.chats import ChatCopies, ChatMessages, Chats
from oa.client.connection import PREFIX, USUAL_PATIENCE, Connection, Patience
from oa.client.labels import Labels
from oa.client.me import Me
from oa.client.messages import Messages, Trees
from oa.client.moderation import Moderation
from oa.client.standing import Standings
from oa.client.tasks import Tasks
from oa.client.users import Users
from oa.domain.people import Identity
from oa.errors import Invalid

TIMEOUT_S = 30.0

__all__ = ["Hub", "Patience"]


class Hub:
    """Everything that a hub offers, in groups. A program acts for users that it names; a person has a token."""

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        token: str | None = None,
        patience: Patience = USUAL_PATIENCE,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """
        Args:
            url: where the hub is, for example http://127.0.0.1:8080.
            key: a program's API key.
            token: a person's access token.
            transport: another way there than the network.

        Raises:
            Invalid: `url` is no address of this kind.
        """
        http = httpx.AsyncClient(base_url=_address(url), transport=transport, timeout=TIMEOUT_S)
        self._use(Connection(http=http, key=key, token=token, patience=patience))

    def _use(self, connection: Connection) -> None:
        self._connection = connection
        self.tasks = Tasks(connection)
        self.labels = Labels(connection)
        self.messages = Messages(connection)
        self.trees = Trees(connection)
        self.users = Users(connection)
        self.accounts = Accounts(connection)
        self.chats = Chats(connection)
        self.chat_messages = ChatMessages(connection)
        self.chat_copies = ChatCopies(connection)
        self.me = Me(connection)
        self.standings = Standings(connection)
        self.moderation = Moderation(connection)

    def as_user(self, who: Identity) -> Hub:
        """The same hub and program, on behalf of somebody; shares the connections of this one, which closes them."""
        return self._like(dataclasses.replace(self._connection, identity=who))

    def with_token(self, token: str) -> Hub:
        """The same hub for somebody who has signed in; shares the connections of this one, which closes them."""
        return self._like(dataclasses.replace(self._connection, key=None, identity=None, token=token))

    async def close(self) -> None:
        await self._connection.http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _like(self, connection: Connection) -> Hub:
        hub = object.__new__(type(self))
        hub._use(connection)
        return hub


def _address(url: str) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        address = httpx.URL("")
    if address.scheme not in ("http", "https") or not address.host:
        raise Invalid(f"{url!r} is not the address of a hub; write it like http://127.0.0.1:8080")
    return address.copy_with(path=address.path.rstrip("/") + PREFIX)
