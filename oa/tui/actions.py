"""Everything that a key can do, named once: bindings, palette, footer, help and keymap file all read this list.

A name is stable, since keymap files use it. Only keys that arrive over SSH are used: no ctrl+m, ctrl+i, ctrl+h (they
arrive as enter, tab, backspace) and nothing that needs shift+enter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from textual.binding import Binding, BindingType

from oa.tui.language import mark


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do."""

    name: str
    """Where it holds, a dot, and what it is."""
    keys: str
    """Comma-separated."""
    does: str
    """The method `action_…` of the screen or widget, in Textual's notation."""
    text: str
    """A word or two for the footer."""
    help: str = ""
    """A sentence for the help; the text where it says enough."""
    in_footer: bool = True
    first: bool = False
    """It goes before what has the focus: an editor would take the key as text."""

    @property
    def group(self) -> str:
        return self.name.partition(".")[0]


GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "everywhere": mark("Everywhere"),
        "home": mark("Home"),
        "task": mark("Every task"),
        "label": mark("Reviewing"),
        "rank": mark("Ranking"),
        "write": mark("Writing"),
        "list": mark("Lists"),
        "tree": mark("Trees"),
        "order": mark("Keeping order"),
    }
)

ACTIONS = (
    # everywhere
    Action(
        "everywhere.palette", "ctrl+p", "command_palette", mark("all"), mark("Find any action or place by its name")
    ),
    Action("everywhere.help", "f1", "help", mark("help"), mark("What the keys do here"), in_footer=False),
    Action("everywhere.back", "escape", "back", mark("back"), mark("Go back; nothing is lost"), in_footer=False),
    Action("everywhere.quit", "ctrl+q", "quit", mark("quit"), in_footer=False),
    Action("everywhere.redraw", "ctrl+l", "redraw", mark("redraw"), mark("Draw the screen anew"), in_footer=False),
    # home
    Action("home.start", "enter", "start", mark("start")),
    Action("home.up", "up,k", "move(-1)", mark("up"), in_footer=False),
    Action("home.down", "down,j", "move(1)", mark("down"), in_footer=False),
    Action("home.review", "1", "begin('review')", mark("review replies"), in_footer=False),
    Action("home.rank", "2", "begin('rank')", mark("rank replies"), in_footer=False),
    Action("home.assist", "3", "begin('assist')", mark("answer as the assistant"), in_footer=False),
    Action("home.prompt", "4", "begin('prompt')", mark("go on as the prompter"), in_footer=False),
    Action("home.first", "5", "begin('first')", mark("write a first prompt"), in_footer=False),
    Action("home.any", "6", "begin('any')", mark("surprise me"), in_footer=False),
    Action("home.leaders", "l", "go('leaders')", mark("leaderboard")),
    Action("home.messages", "m", "go('messages')", mark("my messages")),
    Action("home.browse", "t", "go('browse')", mark("trees")),
    Action("home.statistics", "i", "go('statistics')", mark("my statistics"), in_footer=False),
    Action("home.outbox", "o", "go('outbox')", mark("waiting"), mark("Drafts and unsent answers"), in_footer=False),
    Action("home.account", "a", "go('account')", mark("account"), in_footer=False),
    Action("home.settings", "comma", "go('settings')", mark("settings")),
    Action("home.language", "g", "languages", mark("languages"), mark("The languages you work in"), in_footer=False),
    Action("home.refresh", "r", "refresh", mark("refresh"), in_footer=False),
    Action("home.help", "question_mark", "help", mark("help")),
    # every task
    Action("task.submit", "enter", "screen.submit", mark("hand in"), mark("Hand in and take the next one")),
    Action("task.skip", "s", "screen.skip", mark("skip"), mark("Give it back; you need not say why")),
    Action("task.because", "S", "screen.skip_because", mark("skip, saying why"), in_footer=False),
    Action("task.undo", "u", "screen.undo", mark("undo"), mark("Take the last answer back, within ten seconds")),
    Action(
        "task.report", "exclamation_mark", "screen.report", mark("report"), mark("Report a message to the moderators")
    ),
    Action("task.guide", "question_mark", "screen.guide", mark("guideline"), mark("What is wanted here")),
    Action("task.read", "space", "screen.read", mark("read whole"), mark("Read the conversation on the whole screen")),
    Action("task.pageup", "pageup", "screen.scroll(-1)", mark("conversation up"), in_footer=False),
    Action("task.pagedown", "pagedown", "screen.scroll(1)", mark("conversation down"), in_footer=False),
    # reviewing
    Action("label.yes", "y", "answer(1.0)", mark("yes"), mark("Yes, and on to the next question")),
    Action("label.no", "n", "answer(0.0)", mark("no"), mark("No, and on to the next question")),
    Action("label.unsure", "minus,0", "clear", mark("cannot say"), mark("Leave it open: it is not sent")),
    Action("label.scale1", "1", "scale(0)", mark("left end"), mark("The left end of the scale"), in_footer=False),
    Action("label.scale2", "2", "scale(1)", mark("rather left"), in_footer=False),
    Action("label.scale3", "3", "scale(2)", mark("in the middle"), in_footer=False),
    Action("label.scale4", "4", "scale(3)", mark("rather right"), in_footer=False),
    Action("label.scale5", "5", "scale(4)", mark("right end"), mark("The right end of the scale"), in_footer=False),
    Action("label.up", "up,k", "move(-1)", mark("question before"), in_footer=False),
    Action("label.down", "down,j", "move(1)", mark("next question"), in_footer=False),
    # ranking
    Action("rank.up", "up,k", "move(-1)", mark("reply above"), in_footer=False),
    Action("rank.down", "down,j", "move(1)", mark("reply below"), in_footer=False),
    Action("rank.lower", "J,shift+down", "carry(1)", mark("lower"), mark("Move the reply down")),
    Action("rank.higher", "K,shift+up", "carry(-1)", mark("higher"), mark("Move the reply up")),
    *(
        Action(f"rank.place{place}", str(place), f"place({place})", mark("put at this place"), in_footer=False)
        for place in range(1, 10)
    ),
    Action("rank.none", "x", "none", mark("none is acceptable"), mark("Say that none of them is acceptable")),
    Action("rank.diff", "d", "screen.diff", mark("diff"), mark("How it differs from the one above"), in_footer=False),
    Action("rank.side", "v", "screen.side", mark("side by side"), mark("Beside the one above"), in_footer=False),
    # writing
    Action(
        "write.submit", "ctrl+s", "screen.submit", mark("hand in"), mark("Hand in and take the next one"), first=True
    ),
    Action("write.line", "ctrl+j", "screen.line", mark("new line"), in_footer=False, first=True),
    Action(
        "write.editor",
        "ctrl+g",
        "screen.editor",
        mark("$EDITOR"),
        mark("Write in the editor of your choice"),
        first=True,
    ),
    Action("write.preview", "ctrl+r", "screen.preview", mark("preview"), first=True),
    Action("write.skip", "f3", "screen.skip", mark("skip"), mark("Give it back; you need not say why"), first=True),
    Action(
        "write.undo",
        "f4",
        "screen.undo_now",
        mark("undo"),
        mark("Take the last answer back, within ten seconds"),
        first=True,
    ),
    Action("write.report", "f6", "screen.report", mark("report"), in_footer=False, first=True),
    Action("write.read", "f2", "screen.read", mark("read whole"), in_footer=False, first=True),
    # lists
    Action("list.open", "enter", "screen.open", mark("open")),
    Action("list.frame", "d", "frame", mark("day, week, month, all"), mark("Another time frame")),
    Action("list.search", "slash", "search", mark("search")),
    Action("list.more", "space", "more", mark("more"), mark("Fetch the next page")),
    Action("list.refresh", "r", "refresh", mark("refresh"), in_footer=False),
    Action("list.remove", "delete,x", "remove", mark("remove")),
    # trees
    Action("tree.read", "enter", "screen.read", mark("read")),
    Action("tree.up", "plus", "react('+1')", mark("good"), mark("A good message; again takes it back")),
    Action("tree.down", "minus", "react('-1')", mark("bad"), mark("A bad message; again takes it back")),
    Action("tree.react", "e", "emoji", mark("react"), mark("Any other reaction")),
    Action("tree.report", "exclamation_mark", "report", mark("report"), mark("Report a message to the moderators")),
    Action("tree.copy", "y", "copy", mark("copy"), mark("Send the text to your terminal's clipboard")),
    # keeping order
    Action("order.halt", "h", "halt", mark("halt"), mark("Stop all work on the tree, or let it go on")),
    Action("order.delete", "D", "delete", mark("hide"), mark("Hide the message with its replies, or show it again")),
    Action("order.edit", "E", "edit", mark("edit"), mark("Give the message another text"), in_footer=False),
    Action("order.history", "H", "history", mark("history"), mark("The texts that it has had"), in_footer=False),
    Action("order.dismiss", "x", "unfounded", mark("dismiss"), mark("The report is unfounded")),
    Action("order.stop", "s", "stop", mark("stop"), mark("Shut this person out, or let them in again")),
    Action("order.ban", "B", "ban", mark("ban"), mark("Shut this person out for good")),
    Action("order.undo", "u", "undo", mark("undo"), mark("Take this act of moderation back")),
)

BY_NAME: Mapping[str, Action] = MappingProxyType({action.name: action for action in ACTIONS})


def bindings(*names: str) -> list[BindingType]:
    """The bindings of some actions, by name, or of a whole group as `label.*`."""
    chosen: list[Action] = []
    for name in names:
        group, _, rest = name.partition(".")
        chosen += [action for action in ACTIONS if action.group == group] if rest == "*" else [BY_NAME[name]]
    return [
        Binding(action.keys, action.does, action.text, show=action.in_footer, priority=action.first, id=action.name)
        for action in chosen
    ]
