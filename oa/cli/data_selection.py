"""The options by which trees are chosen, as an export and a filter have them."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING
from uuid import UUID

from oa.errors import InvalidSetting

if TYPE_CHECKING:
    from oa.domain.lifecycle import TreeState
    from oa.domain.selection import Share


def share(include: bool, only: bool) -> Share:
    """What becomes of messages that are left out by default."""
    from oa.domain.selection import Share

    if only:
        return Share.ONLY
    return Share.ALSO if include else Share.NONE


def wanted_state(given: str | None, user: str | None) -> TreeState | None:
    """The state that trees must be in; None for any.

    Raises:
        InvalidSetting: there is no such state, or one person's messages are asked for as well.
    """
    from oa.domain.lifecycle import TreeState

    if user is not None:
        if given is not None:
            raise InvalidSetting("--state and --user do not go together: a person's messages come from any tree")
        return None
    if given in ("all", "any"):
        return None
    return TreeState.READY_FOR_EXPORT if given is None else state_named(given)


def state_named(given: str) -> TreeState:
    """
    Raises:
        InvalidSetting: there is no such state.
    """
    from oa.domain.lifecycle import TreeState

    return TreeState(one_of("--state", given, list(TreeState)))


def one_of(option: str, given: str, known: list[str]) -> str:
    """The value that was given to an option.

    Raises:
        InvalidSetting: it is none of those that there are.
    """
    if given not in known:
        nearest = difflib.get_close_matches(given, known, n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else f"there are {', '.join(known)}"
        raise InvalidSetting(f"{option} cannot be {given!r}: {hint}")
    return given


def user_named(given: str) -> UUID:
    """A person's id.

    Raises:
        InvalidSetting: it is none.
    """
    from oa.domain.records import canonical_id, user_uuid

    if (canonical := canonical_id(given)) is None:
        raise InvalidSetting(f"--user takes the id of a user, not {given!r}; `oa users list` shows them")
    return user_uuid(canonical)
