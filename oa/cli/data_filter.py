"""`oa data filter`: what of a data set is kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from oa.cli.data_refine import phrases_in
from oa.cli.data_selection import one_of, share, user_named, wanted_state
from oa.cli.data_work import STDIO, Files, From, NoCard, Output, To, Work, check_json
from oa.cli.options import Json
from oa.errors import BadFile, InvalidSetting

if TYPE_CHECKING:
    from oa.data.filters import Edit, Privacy
    from oa.domain.selection import Selection


def filter_(
    files: Files,
    output: Output = STDIO,
    lang: Annotated[list[str] | None, typer.Option(help="Only this language; several, or with commas.")] = None,
    min_chars: Annotated[int, typer.Option(min=0, help="Characters that every text has at least.")] = 0,
    max_chars: Annotated[int | None, typer.Option(min=1, help="Characters that every text has at most.")] = None,
    min_turns: Annotated[int, typer.Option(min=0, help="Turns of a sample at least.")] = 0,
    max_turns: Annotated[int | None, typer.Option(min=1, help="Turns of a sample at most.")] = None,
    label: Annotated[
        list[str] | None, typer.Option(metavar="LABEL>=MEAN", help="Only where reviewers said so; <= as well.")
    ] = None,
    no_refusals: Annotated[
        bool, typer.Option("--no-refusals", help="No answers that decline or name a maker.")
    ] = False,
    phrases: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Nothing with a phrase of this file, one a line.")
    ] = None,
    pii: Annotated[
        str, typer.Option(help="Personal data and secrets: keep, redact, or drop what holds them.")
    ] = "keep",
    clean: Annotated[bool, typer.Option("--clean", help="Take out footnote marks and escaped asterisks.")] = False,
    states: Annotated[
        str | None, typer.Option("--state", metavar="STATE", help="Trees: only those in this state; all for any.")
    ] = None,
    include_deleted: Annotated[bool, typer.Option("--include-deleted", help="Trees: deleted messages too.")] = False,
    deleted_only: Annotated[bool, typer.Option("--deleted-only", help="Trees: deleted messages alone.")] = False,
    include_spam: Annotated[bool, typer.Option("--include-spam", help="Trees: messages not accepted, too.")] = False,
    spam_only: Annotated[bool, typer.Option("--spam-only", help="Trees: rejected messages alone.")] = False,
    include_synthetic: Annotated[
        bool, typer.Option("--include-synthetic", "--allow-synth", help="Trees: those that machines wrote in, too.")
    ] = False,
    synthetic_only: Annotated[
        bool, typer.Option("--synthetic-only", help="Trees: those that machines wrote in alone.")
    ] = False,
    prompts_only: Annotated[bool, typer.Option("--prompts-only", help="Trees: prompts alone.")] = False,
    user: Annotated[
        str | None, typer.Option(metavar="ID", help="Trees: what this person wrote, from any state.")
    ] = None,
    edits: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Trees: what to do to messages (JSONL: message_id with delete, text, or find)."
        ),
    ] = None,
    to: To = None,
    form: From = None,
    no_card: NoCard = False,
    as_json: Json = False,
) -> None:
    """Keep what is in a language, of a length, well judged, free of certain words and of personal data.

    Of a tree, a message goes with everything that answers it. Trees are taken as an export takes them: finished,
    accepted, not deleted and not by machines, as far as the file says so and the options do not say otherwise.
    """
    from oa.data.filters import Filter, Rules, threshold
    from oa.domain.samples import kind_of

    check_json(output, as_json)
    choice = _Choice(include_deleted, deleted_only, include_spam, spam_only, include_synthetic, synthetic_only)
    rules = Rules(
        langs=frozenset(one.strip() for text in lang or () for one in text.split(",")) or None,
        fewest_characters=min_chars,
        most_characters=max_chars,
        fewest_turns=min_turns,
        most_turns=max_turns,
        labels=tuple(map(threshold, label or ())),
        refusals=not no_refusals,
        phrases=phrases_in(phrases),
        privacy=_privacy(pii),
        clean=clean,
        selection=choice.selection(states, user, prompts_only=prompts_only),
        edits=_edits(edits),
    )
    work, found = Work(files, form), Filter(rules)
    is_for_trees = choice != _Choice(*[False] * 6) or bool(states or user or prompts_only or edits)
    is_loose = choice.is_loose or user is not None
    with work.writing(output, to or ("oasst-messages" if is_loose else None)) as put:
        for sample in work.samples():
            if is_for_trees and kind_of(sample) != "tree":
                raise InvalidSetting("some of these options choose among trees, and the files hold no trees")
            for one in found.kept(sample):
                put(one)
    figures = {
        "read": work.read,
        "written": work.written,
        "dropped": dict(found.dropped),
        "changed": dict(found.changed),
    }
    if not no_card:
        work.card(output, figures)
    work.finish(figures, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Choice:
    """What was said of messages that are left out by default."""

    include_deleted: bool
    deleted_only: bool
    include_spam: bool
    spam_only: bool
    include_synthetic: bool
    synthetic_only: bool

    @property
    def is_loose(self) -> bool:
        """Messages are taken out of their trees."""
        return self.deleted_only or self.spam_only

    def selection(self, state: str | None, user: str | None, *, prompts_only: bool) -> Selection:
        from oa.domain.selection import Selection

        return Selection(
            state=wanted_state(state, user),
            deleted=share(self.include_deleted, self.deleted_only),
            spam=share(self.include_spam, self.spam_only),
            synthetic=share(self.include_synthetic, self.synthetic_only),
            user_id=None if user is None else user_named(user),
            prompts_only=prompts_only,
        )


def _privacy(text: str) -> Privacy:
    from oa.data.filters import Privacy

    return Privacy(one_of("--pii", text, list(Privacy)))


class _EditRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    message_id: str
    delete: bool = False
    text: str | None = None
    find: str | None = None
    replace: str = ""


def _edits(path: Path | None) -> dict[str, Edit]:
    """What a file of edits says, by the id of the message.

    Raises:
        BadFile: a line of it says something else.
    """
    from oa.data.filters import Edit
    from oa.domain.records import canonical_id

    found: dict[str, Edit] = {}
    lines = [] if path is None else path.read_bytes().splitlines()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = msgspec.json.decode(line, type=_EditRow)
        except msgspec.DecodeError as error:
            raise BadFile(f"{path}, line {number}: {error}") from None
        name = canonical_id(row.message_id)
        if name is None:
            raise BadFile(f"{path}, line {number}: {row.message_id} is no id of a message")
        found[name] = Edit(row.delete, row.text, row.find, row.replace)
    return found
