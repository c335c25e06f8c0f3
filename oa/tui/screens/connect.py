"""Which hub, and who one is there."""

from __future__ import annotations

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from oa.client.hub import Hub
from oa.errors import OaError
from oa.protocol.accounts import Login, Registration
from oa.tui.actions import bindings
from oa.tui.hubs import KnownHub, read_hubs
from oa.tui.language import mark, tr
from oa.tui.screens.frame import Frame
from oa.tui.session import PATIENCE, open_session
from oa.tui.signs import plain

FIELDS = (
    ("hub", mark("Address of the hub"), False),
    ("name", mark("Your name there"), False),
    ("password", mark("Password"), True),
    ("token", mark("or an access token"), True),
    ("invitation", mark("New? Invitation code"), False),
)

USUAL_ADDRESS = "http://127.0.0.1:8080"

DEVICE = "oa tui"


class Connect(Frame[None]):
    """The first thing that somebody sees who has signed in nowhere."""

    BINDINGS = bindings("write.submit")

    def __init__(self, address: str = "", problem: str = "") -> None:
        super().__init__()
        self._address = address
        self._problem = problem

    def body(self) -> ComposeResult:
        with VerticalScroll(id="form", can_focus=False):
            yield Static(tr("Welcome. Which hub do you want to work at?"), classes="heading", markup=False)
            for name, text, is_secret in FIELDS:
                field = Input(self._address or USUAL_ADDRESS if name == "hub" else "", password=is_secret, id=name)
                field.cursor_blink = False
                with Horizontal(classes="field"):
                    yield Static(tr(text), markup=False)
                    yield field
            yield Static(
                tr("Enter goes on to the next field, and from the last one to the hub; so does ^s from anywhere.")
                + " "
                + tr("Who is new chooses a name and a password; some hubs ask for an invitation code as well."),
                markup=False,
                classes="hint",
            )
            yield Static(plain(self._problem), id="problem", markup=False)
            known = read_hubs(self.oa.places.config).hubs
            if known:
                yield Static(tr("Hubs you know:"), markup=False)
                yield OptionList(
                    *(Option(f"{hub.address}  {hub.username}", id=hub.address) for hub in known), markup=False
                )

    def on_mount(self) -> None:
        self.head("OA", "")
        self.query_one("#name" if self._address else "#hub", Input).focus()

    def action_back(self) -> None:
        if self.oa.has_session:
            self.dismiss(None)

    @on(Input.Submitted)
    def _next(self, event: Input.Submitted) -> None:
        names = [name for name, _, _ in FIELDS]
        at = names.index(event.input.id or "hub")
        token, password = (self.query_one(f"#{name}", Input).value for name in ("token", "password"))
        if (names[at] == "password" and password) or (names[at] == "token" and token) or at == len(names) - 1:
            self.action_submit()
        else:
            self.query_one(f"#{names[at + 1]}", Input).focus()

    @on(OptionList.OptionSelected)
    def _known(self, event: OptionList.OptionSelected) -> None:
        known = read_hubs(self.oa.places.config).find(event.option_id or "")
        if known is not None:
            self.go(known)

    def action_submit(self) -> None:
        self.sign_in({name: self.query_one(f"#{name}", Input).value.strip() for name, _, _ in FIELDS})

    @work(exclusive=True, group="connect")
    async def sign_in(self, typed: dict[str, str]) -> None:
        self._say(tr("One moment"))
        if not typed["token"] and not (typed["name"] and typed["password"]):
            self._say(tr("A name and a password are needed, or an access token."))
            return
        try:
            token = typed["token"] or await self.ask(self._token(typed))
            known = KnownHub(address=typed["hub"], username=typed["name"], token=token)
            session = await self.ask(open_session(known, self.oa.places, self.oa.start.now, self.oa.start.transport))
        except OaError as error:
            self._say(str(error))
        else:
            self.oa.welcome(session)

    async def _token(self, typed: dict[str, str]) -> str:
        async with Hub(typed["hub"], patience=PATIENCE, transport=self.oa.start.transport) as hub:
            if typed["invitation"]:
                code = None if typed["invitation"] == "-" else typed["invitation"]
                wish = Registration(username=typed["name"], password=typed["password"], invitation=code, device=DEVICE)
                return (await hub.accounts.register(wish)).token
            login = Login(username=typed["name"], password=typed["password"], device=DEVICE)
            return (await hub.accounts.sign_in(login)).token

    @work(exclusive=True, group="connect")
    async def go(self, known: KnownHub) -> None:
        """To a hub where one is known."""
        try:
            session = await self.ask(open_session(known, self.oa.places, self.oa.start.now, self.oa.start.transport))
        except OaError as error:
            self._say(str(error))
        else:
            self.oa.welcome(session)

    def _say(self, text: str) -> None:
        self.query_one("#problem", Static).update(plain(text))
