"""What people see of themselves."""

from __future__ import annotations

from dataclasses import dataclass

from oa.domain.campaign import LeftMessages
from oa.domain.lifecycle import TreeState
from oa.domain.people import AccountRole, User
from oa.domain.terms import Acceptance
from oa.domain.tree import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Somebody, as they know themselves."""

    user: User
    role: AccountRole | None
    """None for the users of programs."""
    has_password: bool
    langs: tuple[str, ...]
    """In which they work, the one they like best first."""
    accepted: tuple[Acceptance, ...]
    """Versions of the terms of service, oldest first."""
    terms_to_accept: int | None
    """The version that holds now, if they have not accepted it."""
    must_accept: bool
    """Without accepting it they get no tasks."""
    left_messages: LeftMessages
    """What becomes of their messages when they delete the account."""


@dataclass(frozen=True, slots=True)
class Fate:
    """A message of one's own, and what has become of it."""

    message: Message
    tree_state: TreeState | None
    """None for a message whose tree was never worked on."""
