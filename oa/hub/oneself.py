"""What people do about themselves: look, change, take everything with them. How they leave is `oa.hub.leaving`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from oa.domain import badges
from oa.domain.badges import Earned
from oa.domain.oneself import Fate, Profile
from oa.domain.paging import Page, PageRequest, written
from oa.domain.people import Caller, Identity, User, working_languages
from oa.domain.views import MessageFilter
from oa.errors import ClientNotAuthorized
from oa.hub import access, campaigns, frontend_users, terms
from oa.hub.leaving import find_oneself
from oa.store import accounts, community, messages, people
from oa.store import oneself as stored
from oa.store import terms as stored_terms
from oa.store.database import Transaction

BADGES = "badges"

SECTIONS = (*stored.SECTIONS, BADGES)
"""The parts of an export, in order."""

ROWS_AT_ONCE = 500
"""That an export holds in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChanges:
    """What somebody wants to be different; None leaves it as it is."""

    display_name: str | None = None
    show_on_leaderboard: bool | None = None
    langs: tuple[str, ...] | None = None


def profile(tx: Transaction, caller: Caller, who: Identity | None) -> Profile:
    """Somebody, as they know themselves.

    Raises:
        UserNotSpecified: a program named nobody.
        UserNotFound: it named somebody who is not there.
    """
    return profile_of(tx, find_oneself(tx, caller, who))


def profile_of(tx: Transaction, user: User) -> Profile:
    campaign, account = campaigns.current(tx), accounts.account_by_id(tx, user.id)
    holds = stored_terms.current(tx)
    has_to = holds is not None and terms.is_open(tx, user)
    return Profile(
        user=user,
        role=account and account.role,
        has_password=account is not None and account.password_hash is not None,
        langs=stored.languages_of(tx, user.id),
        accepted=tuple(stored_terms.accepted_by(tx, user.id)),
        terms_to_accept=holds.version if holds is not None and has_to else None,
        must_accept=not terms.may_work(tx, user, campaign),
        left_messages=campaign.deleted_account_messages,
    )


def change_profile(tx: Transaction, caller: Caller, who: Identity | None, changes: ProfileChanges) -> Profile:
    """Change what people decide for themselves.

    Raises:
        UserNotSpecified, UserNotFound: as `profile`.
        UserDisabled: they were shut out.
        ClientNotAuthorized: the token reaches less far than its owner.
        Invalid: it cannot be a display name, or a language.
    """
    find_oneself(tx, caller, who)  # nobody is made by this
    user = access.acting_user(tx, caller, None if who is None else replace(who, display_name=None))
    if caller.is_limited:
        raise ClientNotAuthorized("this access token does not reach so far; use one with the scope `all`")
    if changes.display_name is not None:
        name = frontend_users.checked_display_name(changes.display_name.strip())
        people.rename_user(tx, user.id, name)
        user = replace(user, display_name=name)
    if changes.show_on_leaderboard is not None:
        user = replace(user, show_on_leaderboard=changes.show_on_leaderboard)
        people.change_user(tx, user)
    if changes.langs is not None:
        stored.set_languages(tx, user.id, working_languages(changes.langs))
    return profile_of(tx, user)


def fates(tx: Transaction, caller: Caller, who: Identity | None, request: PageRequest[datetime]) -> Page[Fate]:
    """A page of what somebody wrote, with what has become of it, by date; what was hidden is there too.

    Raises:
        UserNotSpecified, UserNotFound: as `profile`.
    """
    user = find_oneself(tx, caller, who)
    wanted = MessageFilter(user_id=user.id, include_deleted=True)
    found = messages.part_of_list(tx, wanted, request.part())
    page = request.page(found, lambda one: written(one.id, one.created_date), "created_date")
    states = stored.tree_states(tx, (one.tree_id for one in page.items))
    return page.of([Fate(one, states.get(one.tree_id)) for one in page.items])


# --- taking everything along -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ExportPart:
    """Where an export goes on."""

    section: str
    after: Sequence[Any] | None = None


def export_part(tx: Transaction, user_id: UUID, part: ExportPart) -> tuple[list[stored.Row], ExportPart | None]:
    """Some rows about somebody, and where the section goes on; None at its end."""
    if part.section == BADGES:
        return [_row(earned) for earned in badges.earned(community.deeds(tx, user_id))], None
    rows, last = stored.rows_about(tx, user_id, part.section, part.after, ROWS_AT_ONCE)
    return rows, None if last is None else replace(part, after=last)


def _row(earned: Earned) -> stored.Row:
    return {"name": earned.badge.name, "text": earned.badge.text, "earned_date": earned.date}
