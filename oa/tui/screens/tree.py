"""A whole tree: read, react, report; moderators halt it, hide and edit messages."""

from __future__ import annotations

from uuid import UUID

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.widgets import Static, Tree
from textual.widgets.tree import TreeNode

from oa.domain.emoji import Emoji
from oa.errors import OaError
from oa.protocol.messages import Message, MessageTreeStateResponse
from oa.tui.actions import ACTIONS, bindings
from oa.tui.language import ntr, tr
from oa.tui.screens.dialogs import Choose, Complaint, EditText, Read, Report
from oa.tui.screens.frame import Frame
from oa.tui.signs import cut, pad, plain, signs
from oa.tui.widgets.conversation import role_name
from oa.tui.words import word

WITHOUT_READ = tuple(action.name for action in ACTIONS if action.group == "tree" and action.name != "tree.read")

OFFERED = (
    Emoji.THUMBS_UP,
    Emoji.THUMBS_DOWN,
    Emoji.HUNDRED,
    Emoji.ROFL,
    Emoji.CLAP,
    Emoji.DIAMOND,
    Emoji.HEART_EYES,
    Emoji.DISAPPOINTED,
    Emoji.POOP,
    Emoji.SKULL,
)


class MessageTree(Tree[Message]):
    BINDINGS = bindings("tree.read")


class TreeScreen(Frame[None]):
    """The tree that a message is in, with the cursor on the message."""

    BINDINGS = bindings(*WITHOUT_READ, "list.refresh", "order.halt", "order.delete", "order.edit", "order.history")

    def __init__(self, message: UUID) -> None:
        super().__init__()
        self._message = message
        self._state: MessageTreeStateResponse | None = None

    def body(self) -> ComposeResult:
        tree = MessageTree("", id="tree")
        tree.show_root = False
        tree.guide_depth = 2
        yield tree
        yield Static(id="detail", markup=False)

    def on_mount(self) -> None:
        self.head(tr("Tree"))
        self.tree_widget.focus()
        self.load()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("halt", "delete", "edit", "history"):
            return self.oa.has_session and self.session.is_moderator
        return True

    @property
    def tree_widget(self) -> Tree[Message]:
        return self.query_one(MessageTree)

    @property
    def message(self) -> Message | None:
        node = self.tree_widget.cursor_node
        return None if node is None else node.data

    @work(exclusive=True, group="load")
    async def load(self) -> None:
        hub = self.session.hub
        try:
            found = await self.ask(hub.trees.get(self._message, include_deleted=self.session.is_moderator))
        except OaError as error:
            self.complain(error)
            self.query_one("#detail", Static).update(plain(str(error)))
            return
        try:
            self._state = await self.ask(hub.trees.state(self._message))
        except OaError:
            self._state = None  # nobody ever worked on it, or only moderators may know
        self.fill(found.messages)

    def fill(self, messages: list[Message]) -> None:
        """Show the messages; one whose parent is missing stands at the top."""
        tree = self.tree_widget
        tree.clear()
        nodes: dict[UUID | None, TreeNode[Message]] = {}
        replies = _replies(messages)
        waiting = [(tree.root, message) for message in reversed(replies.get(None, []))]
        while waiting:
            above, message = waiting.pop()
            below, label = replies.get(message.id, []), self._label(message)
            node = above.add(label, message, expand=True) if below else above.add_leaf(label, message)
            nodes[message.id] = node
            waiting += [(node, reply) for reply in reversed(below)]
        tree.root.expand()
        here = nodes.get(self._message)
        if here is not None:
            self.call_after_refresh(tree.move_cursor, here)
        self._head(messages)

    def _head(self, messages: list[Message]) -> None:
        state = ""
        if self._state is not None:
            count = sum(not message.deleted for message in messages)
            state = f"{word(self._state.state)} {signs().dot} {count}/{self._state.goal_tree_size}"
        first = messages[0].text if messages else ""
        self.head(f"{tr('Tree')} {signs().dot} {cut(first, 40)}", state)

    def _label(self, message: Message) -> Text:
        return Text(f"{pad(role_name(message), 10)} {pad(message.text, 44)} {verdict(message)}", no_wrap=True)

    def on_tree_node_highlighted(self, event: Tree.NodeHighlighted[Message]) -> None:
        message = event.node.data
        self.query_one("#detail", Static).update("" if message is None else _about(message))

    # --- keys ---------------------------------------------------------------------------------------------------------

    def action_read(self) -> None:
        if (message := self.message) is not None:
            self.oa.push_screen(Read(role_name(message), message.text))

    def on_tree_node_selected(self, event: Tree.NodeSelected[Message]) -> None:
        event.stop()
        self.action_read()

    def action_refresh(self) -> None:
        self.load()

    def action_copy(self) -> None:
        if (message := self.message) is not None:
            self.oa.send_to_clipboard(message.text)

    def action_react(self, emoji: str) -> None:
        self.react(Emoji(emoji))

    def action_emoji(self) -> None:
        def react(name: str | None) -> None:
            if name is not None:
                self.react(Emoji(name))

        self.oa.push_screen(Choose(tr("React"), [(emoji.value, emoji.value) for emoji in OFFERED]), react)

    @work(exclusive=True, group="react")
    async def react(self, emoji: Emoji) -> None:
        node, message = self.tree_widget.cursor_node, self.message
        if node is None or message is None or message.id is None:
            return
        if message.user_is_author and emoji in (Emoji.THUMBS_UP, Emoji.THUMBS_DOWN):
            self.say(tr("One does not vote on one's own messages."))
            return
        try:
            now = await self.ask(self.session.hub.messages.react(message.id, emoji))
        except OaError as error:
            self.complain(error)
        else:
            node.data = now
            node.set_label(self._label(now))
            self.query_one("#detail", Static).update(_about(now))

    def action_report(self) -> None:
        message = self.message
        if message is None or message.id is None:
            return
        message_id = message.id

        def send(complaint: Complaint | None) -> None:
            if complaint is not None:
                self.oa.send_report(message_id, complaint)

        self.oa.push_screen(Report(), send)

    # --- keeping order ------------------------------------------------------------------------------------------------

    def action_halt(self) -> None:
        self.moderate("halt")

    def action_delete(self) -> None:
        self.moderate("delete")

    @work(exclusive=True, group="moderate")
    async def moderate(self, what: str) -> None:
        """Halt or resume the tree; hide or show a message."""
        message, acts = self.message, self.session.hub.moderation
        if message is None or message.id is None:
            return
        try:
            if what == "halt":
                is_halted = self._state is not None and self._state.state == "halted_by_moderator"
                await self.ask(acts.resume(message.id) if is_halted else acts.halt(message.id))
            else:
                await self.ask(acts.restore(message.id) if message.deleted else acts.delete(message.id))
        except OaError as error:
            self.complain(error)
        else:
            self.say(tr("Done; the journal can take it back."))
            self.load()

    def action_edit(self) -> None:
        message = self.message
        if message is None or message.id is None:
            return
        message_id = message.id

        def edit(text: str | None) -> None:
            if text is not None:
                self.edit(message_id, text)

        self.oa.push_screen(EditText(tr("Another text for this message"), plain(message.text)), edit)

    @work(exclusive=True, group="moderate")
    async def edit(self, message_id: UUID, text: str) -> None:
        try:
            await self.ask(self.session.hub.moderation.edit(message_id, text))
        except OaError as error:
            self.complain(error)
        else:
            self.load()

    @work(exclusive=True, group="history")
    async def action_history(self) -> None:
        message = self.message
        if message is None or message.id is None:
            return
        try:
            texts = await self.ask(self.session.hub.moderation.history(message.id))
        except OaError as error:
            self.complain(error)
            return
        parts = [f"**{one.created_date:%Y-%m-%d %H:%M}**\n\n{one.text}" for one in texts if one.created_date]
        self.oa.push_screen(Read(tr("The texts that it has had"), "\n\n".join(parts) or message.text))


def _replies(messages: list[Message]) -> dict[UUID | None, list[Message]]:
    """The messages by what they answer, as they came; those whose parent is missing answer nothing (None)."""
    known = {message.id for message in messages}
    found: dict[UUID | None, list[Message]] = {}
    for message in messages:
        found.setdefault(message.parent_id if message.parent_id in known else None, []).append(message)
    return found


def verdict(message: Message) -> str:
    """How a message fares, sign first."""
    if message.deleted:
        return f"{signs().refused} {tr('removed')}"
    if message.review_result is False:
        return f"{signs().refused} {tr('not accepted')}"
    if message.rank is not None:
        return f"{signs().done} {tr('rank {rank}').format(rank=message.rank + 1)}"
    if message.review_result:
        return signs().done
    return f"{signs().more} {ntr('{count} review', '{count} reviews', message.review_count or 0)}"


def _about(message: Message) -> str:
    votes = message.emojis or {}
    mine = set(message.user_emojis or [])
    shown = "  ".join(
        f"{signs().chosen if name in mine else ''}{name} {count}"
        for name, count in sorted(votes.items())
        if name[0] != "_"
    )
    return "\n".join(filter(None, (plain(message.text[:400]), shown)))
