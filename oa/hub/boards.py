"""Reading standing: leaderboards, trollboards and one person's own."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from oa.domain import standing as rules
from oa.domain.boards import Board, Standing
from oa.domain.people import Caller, Identity, User
from oa.domain.standing import TimeFrame
from oa.errors import UserNotFound, UserNotSpecified
from oa.hub import access, standing
from oa.store import people
from oa.store import standing as sums
from oa.store.database import Transaction
from oa.store.standing import Place, Ranked


def leaderboard(tx: Transaction, caller: Caller, who: Identity | None, frame: TimeFrame, most: int) -> Board:
    """Those who have earned the most.

    Raises:
        UserNotFound: the program reads for somebody whom it has not named before.
        FramesMoved
    """
    standing.check_current(tx)
    reader = access.reading_user(tx, caller, who)
    places = sums.leaders(tx, frame, most)
    return Board(frame, tx.now, [_leader(tx, frame, place, reader) for place in places])


def trollboard(
    tx: Transaction, caller: Caller, who: Identity | None, frame: TimeFrame, most: int, *, enabled: bool | None
) -> Board:
    """Those whose messages others object to most, for moderators.

    Args:
        enabled: only those who may still act, or only those who may not; everybody when None.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
        UserNotFound: the program reads for somebody whom it has not named before.
        FramesMoved
    """
    access.require_trusted(caller)
    standing.check_current(tx)
    reader = access.reading_user(tx, caller, who)
    places = sums.trolls(tx, frame, most, enabled=enabled)
    return Board(frame, tx.now, [_troll(tx, frame, place, reader) for place in places])


def check_may_update(_: Transaction, caller: Caller) -> None:
    """Boards are always up to date, so there is nothing to do for those who may ask for it.

    Raises:
        ClientNotAuthorized: the caller may not moderate.
    """
    access.require_trusted(caller)


def of_user(tx: Transaction, caller: Caller, user_id: UUID) -> dict[TimeFrame, Standing]:
    """How one person stands in every time frame.

    Raises:
        UserNotFound: nobody has this id any more.
        ClientNotAuthorized: it is somebody else, whom no leaderboard shows.
        FramesMoved
    """
    user = _user(tx, user_id)
    access.check_may_see(caller, user)
    return _in_all_frames(tx, user)


def own(tx: Transaction, caller: Caller, who: Identity | None) -> dict[TimeFrame, Standing]:
    """How the reader stands in every time frame.

    Raises:
        UserNotSpecified, UserNotFound: a program names nobody, or somebody unknown.
        FramesMoved
    """
    reader = access.reading_user(tx, caller, who)
    if reader is None:
        raise UserNotSpecified("say who asks: `x-oasst-user: auth_method:username`")
    return {frame: replace(one, is_reader=True) for frame, one in _in_all_frames(tx, reader).items()}


def _in_all_frames(tx: Transaction, user: User) -> dict[TimeFrame, Standing]:
    standing.check_current(tx)
    ranked = sums.ranked(tx, user.id)
    return {frame: _own(tx, frame, user, ranked.get(frame)) for frame in TimeFrame}


def window(
    tx: Transaction, caller: Caller, who: Identity | None, user_id: UUID, frame: TimeFrame, size: int
) -> Board | None:
    """The leaderboard around one person; None if they are not on it.

    Raises:
        UserNotFound: nobody has this id any more, or the program reads for somebody whom it has not named before.
        ClientNotAuthorized: it is somebody else, whom no leaderboard shows.
        FramesMoved
    """
    standing.check_current(tx)
    reader = access.reading_user(tx, caller, who)
    user = _user(tx, user_id)
    access.check_may_see(caller, user)
    here = sums.ranked(tx, user.id).get(frame)
    if here is None or here.rank is None or not _is_shown(user):
        return None
    wanted = rules.window(here.rank, size)
    above, below = here.rank - wanted.first, wanted.last - here.rank
    places = sums.around(tx, user.id, frame, here, above=above, below=below)
    return Board(frame, tx.now, [_leader(tx, frame, place, reader or user) for place in places])


def _user(tx: Transaction, user_id: UUID) -> User:
    user = people.user_by_id(tx, user_id)
    if user is None or user.deleted:
        raise UserNotFound("there is no user with this id")
    return user


def _is_shown(user: User) -> bool:
    return user.enabled and not user.deleted and user.show_on_leaderboard


def _own(tx: Transaction, frame: TimeFrame, user: User, ranked: Ranked | None) -> Standing:
    if ranked is None or ranked.order is None:
        return Standing(frame=frame, at=tx.now, user=user, streak_days=_streak_days(tx, user))
    return Standing(
        frame=frame,
        at=tx.now,
        user=user,
        rank=ranked.rank if _is_shown(user) else None,
        score=rules.leader_score(ranked.counters),
        counters=ranked.counters,
        streak_days=_streak_days(tx, user),
    )


def _leader(tx: Transaction, frame: TimeFrame, place: Place, reader: User | None) -> Standing:
    return Standing(
        frame=frame,
        at=tx.now,
        user=place.user,
        rank=place.rank,
        score=rules.leader_score(place.counters),
        counters=place.counters,
        streak_days=_streak_days(tx, place.user),
        is_reader=_is(place.user, reader),
    )


def _troll(tx: Transaction, frame: TimeFrame, place: Place, reader: User | None) -> Standing:
    return Standing(
        frame=frame,
        at=tx.now,
        user=place.user,
        rank=place.rank,
        score=rules.troll_score(place.counters),
        counters=place.counters,
        is_reader=_is(place.user, reader),
    )


def _streak_days(tx: Transaction, user: User) -> int:
    return rules.lasting(user.streak_days, user.streak_last_day_date, tx.now)


def _is(user: User, reader: User | None) -> bool:
    return reader is not None and user.id == reader.id
