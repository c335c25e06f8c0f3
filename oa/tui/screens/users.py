"""Everybody, for moderators."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from textual import work

from oa.errors import OaError
from oa.protocol.users import FrontEndUser
from oa.tui.actions import bindings
from oa.tui.language import mark, tr
from oa.tui.screens.tables import Chunk, TableScreen, dated
from oa.tui.signs import signs


class Users(TableScreen[FrontEndUser]):
    BINDINGS = bindings("order.stop", "order.ban")
    CAN_OPEN = False
    COLUMNS = (
        (mark("state"), 10),
        (mark("name"), 0),
        (mark("signs in by"), 11),
        (mark("since"), 16),
        (mark("last active"), 16),
    )

    def title_text(self) -> str:
        return tr("People")

    async def fetch(self, after: str | None) -> Chunk[FrontEndUser]:
        page = await self.session.hub.moderation.users(after=after)
        return Chunk(page.items, page.next)

    def row(self, item: FrontEndUser) -> Sequence[str]:
        state = f"{signs().done} {tr('active')}" if item.enabled else f"{signs().refused} {tr('shut out')}"
        state = f"{signs().dash} {tr('gone')}" if item.deleted else state
        name = f"{item.display_name} ({item.id})"
        return (state, name, item.auth_method, dated(item.created_date), dated(item.last_activity_date))

    def detail(self, item: FrontEndUser) -> str:
        return item.notes

    def action_stop(self) -> None:
        if (user := self.item) is not None:
            self.act("stop" if user.enabled else "enable", user.user_id)

    def action_ban(self) -> None:
        if (user := self.item) is not None:
            self.act("ban", user.user_id)

    @work(exclusive=True, group="moderate")
    async def act(self, what: str, user: UUID) -> None:
        moderation = self.session.hub.moderation
        acts = {"stop": moderation.stop_user, "enable": moderation.enable_user, "ban": moderation.ban_user}
        try:
            await self.ask(acts[what](user))
        except OaError as error:
            self.complain(error)
        else:
            self.say(tr("Done; the journal can take it back."))
            self.load()
