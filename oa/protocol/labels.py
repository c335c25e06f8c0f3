"""Labels on the wire: what may be given, and what was given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated
from uuid import UUID

import msgspec

from oa.domain.labels import CATALOGUE
from oa.protocol.users import User

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class LabelDescription(msgspec.Struct, frozen=True, kw_only=True):
    """What a reviewer is shown for one label."""

    name: str
    widget: str
    """`yes_no`, `flag` or `likert`."""
    display_text: str
    help_text: str | None = None


class ValidLabels(msgspec.Struct, frozen=True, kw_only=True):
    """Labels that may be given, in the order in which to ask for them."""

    valid_labels: list[LabelDescription]


class TextLabels(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="text_labels"):
    """One person's labels on one message: the answer to a task where there is a `task_id`, else a remark."""

    user: User | None = None
    """Needed from a program; a person's token says who it is."""
    text: str
    labels: dict[str, Share]
    """A label that is not answered is left out."""
    message_id: UUID
    task_id: UUID | None = None
    is_report: bool | None = None
    """Also raise a red flag, so that a moderator looks."""


_DESCRIPTIONS: Mapping[str, LabelDescription] = {
    label: LabelDescription(name=label, widget=entry.widget, display_text=entry.display_text, help_text=entry.help_text)
    for label, entry in CATALOGUE.items()
}


def describe(labels: Iterable[str]) -> list[LabelDescription]:
    """The descriptions of some labels, in their order."""
    return [_DESCRIPTIONS[label] for label in labels]
