"""The terms of service: read, and accepted once."""

from __future__ import annotations

from textual import work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Markdown

from oa.errors import NotFound, OaError
from oa.tui.actions import bindings
from oa.tui.language import tr
from oa.tui.screens.frame import Frame
from oa.tui.signs import plain


class TermsOfService(Frame[None]):
    BINDINGS = bindings("write.submit")

    def __init__(self) -> None:
        super().__init__()
        self._version: int | None = None

    def body(self) -> ComposeResult:
        with VerticalScroll(id="page"):
            yield Markdown(open_links=False)

    def on_mount(self) -> None:
        self.head(tr("Terms of service"), "")
        self.query_one("#page").focus()
        self.load()

    @work(exclusive=True, group="load")
    async def load(self) -> None:
        try:
            found = await self.ask(self.session.hub.me.terms())
        except NotFound:
            await self.ask(self.query_one(Markdown).update(tr("This hub has no terms of service.")))
            return
        except OaError as error:
            self.complain(error)
            return
        if self.session.profile.terms_to_accept is not None:
            self._version = found.version
            self.head(tr("Terms of service"), tr("^s accepts them, esc leaves them open"))
        await self.ask(self.query_one(Markdown).update(plain(found.text)))

    def action_submit(self) -> None:
        if self._version is not None:
            self.accept(self._version)

    @work(exclusive=True, group="accept")
    async def accept(self, version: int) -> None:
        try:
            await self.ask(self.session.hub.me.accept_terms(version))
            self.session.profile = await self.ask(self.session.hub.me.profile())
        except OaError as error:
            self.complain(error)
        else:
            self.oa.deliver()
            self.dismiss(None)
